"""Sparse matrices: products with tensors and solutions of systems are those of dense ones, and so are derivatives."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import autograd
from autograd import ShapeError, Tensor, UnsupportedError, grad, jvp, tensor, vmap
from autograd.scipy import sparse
from autograd.testing import check_operation

from .helpers import Draw, check_batches

Array = np.ndarray[Any, Any]
drawn = Draw()
ROW, COL = np.array([0, 2, 1, 2, 0, 1, 2]), np.array([0, 1, 1, 2, 2, 3, 1])  # one place twice
SHAPE = (3, 4)


def of(data: Any) -> Any:
    return sparse.SparseArray(data, ROW, COL, SHAPE)


def square(data: Any) -> Any:
    """Return a regular sparse matrix with these elements beside its diagonal."""
    band = sparse.SparseArray(np.concatenate([data, data[:2]]), [0, 1, 2, 0, 1], [0, 1, 2, 1, 2], (3, 3))
    return band + 4 * scipy.sparse.eye_array(3)


CASES: dict[str, tuple[Callable[..., Any], tuple[Array, ...]]] = {
    "vector": (lambda data, x: of(data) @ x, (drawn((7,)), drawn((4,)))),
    "matrix": (lambda data, x: of(data) @ x, (drawn((7,)), drawn((4, 2)))),
    "stack": (lambda data, x: of(data).dot(x), (drawn((7,)), drawn((2, 4, 2)))),
    "from the left": (lambda data, x: x @ of(data), (drawn((7,)), drawn((2, 3)))),
    "vector from the left": (lambda data, x: x @ of(data), (drawn((7,)), drawn((3,)))),
    "toarray": (lambda data: of(data).toarray(), (drawn((7,)),)),
    "arithmetic": (
        lambda data, s: (s * of(data) - of(data * data).multiply(np.ones(4)) / s).T.transpose().toarray(),
        (drawn((7,)), 2 + drawn(())),
    ),
    "diagonal": (lambda data: of(data).diagonal(), (drawn((7,)),)),
    "spsolve": (lambda data, b: sparse.linalg.spsolve(square(data), b), (drawn((3,)), drawn((3,)))),
    "spsolve of columns": (lambda data, b: sparse.linalg.spsolve(square(data), b), (drawn((3,)), drawn((3, 2)))),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_and_batches(name: str) -> None:
    function, inputs = CASES[name]
    check_operation(function, *inputs)
    check_batches(function, *inputs)


def test_values_are_those_of_scipy() -> None:
    data, x = drawn((7,)), drawn((4, 2))
    a = scipy.sparse.coo_array((data, (ROW, COL)), shape=SHAPE)
    made = of(tensor(data))
    np.testing.assert_array_equal(made.detach().toarray(), a.toarray())
    np.testing.assert_allclose((made @ x).data, a @ x)
    np.testing.assert_array_equal(sparse.matmul(a, x), a @ x)
    np.testing.assert_array_equal(sparse.matmul(x.T, a.T), x.T @ a.T)
    for kind in ("csr_array", "csc_array"):
        b = getattr(scipy.sparse, kind)(a)
        parts = (b.data, b.indices, b.indptr)
        ours = getattr(sparse, kind)((tensor(parts[0]), *parts[1:]), shape=SHAPE)
        np.testing.assert_array_equal(ours.toarray().data, a.toarray())
        assert getattr(sparse, kind)((tensor(parts[0]), *parts[1:])).shape == SHAPE
        assert scipy.sparse.issparse(getattr(sparse, kind)(parts))
        assert (ours.nnz, ours.dtype) == (6, np.float64)
    b = square(np.arange(3.0))
    np.testing.assert_allclose(sparse.linalg.spsolve(b.detach(), np.ones(3)), np.linalg.solve(b.toarray(), np.ones(3)))
    assert sparse.linalg.spsolve(square(tensor(np.arange(3.0))), np.ones((3, 1))).shape == (3,)


def test_products_of_scipys_matrices_with_tensors() -> None:
    a = scipy.sparse.csr_array(drawn((3, 4)) * (drawn((3, 4)) > 0))
    v, w = drawn((4,)), drawn((2, 3))
    for function, x in (
        (lambda x: sparse.matmul(a, x), v), (lambda x: sparse.matmul(x, a), w), (lambda x: a @ x, v),
        (lambda x: a @ x, drawn((4, 2))), (lambda x: a.dot(x), v), (lambda x: x @ a, w), (lambda x: a.tocsc() @ x, v),
        (lambda x: scipy.sparse.coo_matrix(a) @ x, v), (lambda x: x[0] @ a, w), (lambda x: a * 2 @ x, v),
    ):  # fmt: skip
        found, slope = jvp(function, (x,), (x,))
        np.testing.assert_allclose(found, function(x))
        np.testing.assert_allclose(slope, function(x))
        assert isinstance(function(tensor(x, requires_grad=True)), Tensor)
        check_batches(function, x)
        weights = drawn(found.shape)
        gradient = grad(lambda x, f=function, w=weights: np.sum(w * f(x)))(x)
        np.testing.assert_allclose(np.sum(gradient * x), np.sum(weights * found))
    t, changed = tensor(v, requires_grad=True), a.copy()
    product = changed @ t
    changed.data[:] = 0
    product.sum().backward()
    np.testing.assert_allclose(t.grad, tensor(a.sum(0)))
    shared = vmap(grad(lambda x: np.sum((a @ x) ** 2)))(drawn((2, 4)))
    assert shared.shape == (2, 4)


def test_a_product_with_scipys_matrix_is_linear_in_memory() -> None:
    """A dense matrix of this size would take 80 GB."""
    n = 100_000
    laplacian = scipy.sparse.diags_array(
        [np.full(n, 2.0), np.full(n - 1, -1.0), np.full(n - 1, -1.0)], offsets=[0, 1, -1]
    )
    found = grad(lambda x: x @ sparse.matmul(laplacian, x))(np.ones(n))
    assert found[0] == 2
    assert not found[1:-1].any()


def test_what_is_refused_says_what_to_do() -> None:
    t = tensor(np.ones(7), requires_grad=True)
    a = of(t)
    with pytest.raises(UnsupportedError, match=r"t\[row, col\]"):
        sparse.csr_array(tensor(np.eye(2)))
    with pytest.raises(UnsupportedError, match="one after the other"):
        a @ a.T
    for call, message in (
        (lambda: a @ np.ones(3), "cannot be multiplied"),
        (lambda: a * np.ones(3), "with @ or multiply"),
        (lambda: a + scipy.sparse.eye_array(2), "cannot be added"),
        (lambda: sparse.coo_array((t, (ROW, COL)), shape=(2, 4)), "no row 2"),
        (lambda: sparse.coo_array((t[:3], (ROW, COL))), "of one length"),
        (lambda: sparse.linalg.spsolve(a, np.ones(3)), "takes a square matrix"),
        (lambda: sparse.diags_array([t, t], offsets=[0, 1]), "has 6 elements, not 7"),
        (lambda: sparse.diags_array([t], offsets=[0, 1]), "an offset for each"),
    ):
        with pytest.raises(ShapeError, match=message):
            call()
    with pytest.raises(TypeError, match="has to be a sparse matrix"):
        sparse.matmul(t, np.ones(7))
    with pytest.raises(TypeError, match="dense right-hand side"):
        sparse.linalg.spsolve(sparse.diags_array([t]), scipy.sparse.eye_array(7).tocsc())
    with pytest.warns(scipy.sparse.linalg.MatrixRankWarning):
        assert np.isnan(sparse.linalg.spsolve(sparse.diags_array([t * 0]), np.ones(7)).data).all()


@pytest.mark.parametrize("kind", ["csr_array", "csr_matrix", "coo_array", "dia_array", "lil_array"])
def test_products_with_constant_matrices_compile(kind: str) -> None:
    a = getattr(scipy.sparse, kind)(np.diag([1.0, 2.0, 3.0]))

    def after(x: Any) -> Any:
        return np.sum((a @ x) ** 2) + np.sum(x.T @ a)

    def before(x: Any) -> Any:
        return x @ a * 2

    for function in (grad(after), vmap(grad(after)), before):
        recorded = autograd.compile(function)
        for _ in range(3):
            x = drawn((3, 3)) if function is not before else drawn((3,))
            np.testing.assert_array_equal(recorded(x), function(x))
        if kind != "lil_array":
            a.data *= 2
        np.testing.assert_array_equal(recorded(x), function(x))
    assert recorded.programs


EXPRESSIONS = ["a @ t", "t.T @ a", "a @ t.detach()", "vmap(lambda x: a @ x)(t.data.T)"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_first_product_with_a_sparse_matrix_loads_its_module(expression: str) -> None:
    program = f"""
import numpy as np, scipy.sparse
from autograd import Tensor, tensor, vmap
t, a = tensor(np.ones((3, 2)), requires_grad=True), scipy.sparse.csr_array(np.arange(9.0).reshape(3, 3))
found = {expression}
a = a.toarray()
expected = {expression}
assert type(found) is type(expected)
np.testing.assert_array_equal(*[x.data if isinstance(x, Tensor) else x for x in (found, expected)])
if isinstance(found, Tensor) and found.requires_grad:
    found.sum().backward()
    assert t.grad.data.any()
"""
    subprocess.run([sys.executable, "-c", program], check=True)
