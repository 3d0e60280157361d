"""Sparse Jacobians and Hessians have the numbers of the dense ones, in the same containers and dtypes."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from autograd import (
    DerivativeError,
    DtypeError,
    GraphError,
    PatternError,
    general,
    grad,
    hessian,
    jacobian,
    no_grad,
    tensor,
    tree_leaves,
    vmap,
)
from autograd.primitives.patterns.level import PatternLevel

Array = np.ndarray[Any, Any]
Function = Callable[..., Any]
MODES = ["forward", "reverse", None]
x, y = np.random.default_rng(0).normal(size=(2, 6))
z = x[:3] + 1j * x[3:]


def assert_same(sparse: Any, dense: Any, tolerance: float = 1e-12) -> None:
    """Compare blocks of matrices with blocks of arrays, in the same containers."""
    found, expected = tree_leaves(sparse), tree_leaves(dense)
    rebuilt = [type(part) for part in (sparse, dense)]
    assert rebuilt[0] is rebuilt[1] or len(found) == 1
    assert len(found) == len(expected)
    for matrix, whole in zip(found, expected, strict=True):
        assert type(matrix) is csr_array
        assert matrix.has_canonical_format
        assert matrix.dtype == np.asarray(whole).dtype
        np.testing.assert_allclose(matrix.toarray(), np.reshape(whole, matrix.shape), tolerance, tolerance)


JACOBIANS: dict[str, tuple[Function, tuple[Any, ...], Any]] = {
    "neighbours": (lambda x: x[1:] * np.sin(x[:-1]), (x,), 0),
    "two axes": (lambda x: x * x[0], (x.reshape(2, 3),), 0),
    "a number to many": (lambda x: np.sin(x) * np.arange(3.0), (2.0,), 0),
    "many to a number": (lambda x: np.sum(x**2), (x,), 0),
    "a number to a number": (lambda x: x**2, (2.0,), 0),
    "one element": (lambda x: x**2, (x[:1],), 0),
    "a dict of results": (lambda x: {"a": x**2, "b": (x[0], [np.sum(x)])}, (x,), 0),
    "a dict of inputs": (lambda p: p["a"] * p["b"][:, None], ({"a": x.reshape(2, 3), "b": x[:2]},), 0),
    "several arguments": (lambda x, y: (x * y, x + 1.0), (x, y), (0, 1)),
    "the last argument": (lambda x, y: (x * y, x + 1.0), (x, y), -1),
    "one argument as a tuple": (lambda x, y: x * y, (x, y), (1,)),
    "nothing to nothing": (lambda x: x * 2.0, (np.zeros(0),), 0),
    "nothing of some": (lambda x: x[:0] * 2.0, (x,), 0),
    "a constant": (lambda x: np.ones(3), (x,), 0),
    "a constant beside": (lambda x: (np.ones(3), x[:2] * 2.0), (x,), 0),
    "integers beside": (lambda x: (x * 2.0, np.array([1, 2])), (x,), 0),
    "itself": (lambda x: x, (x,), 0),
    "the same twice": (lambda x: (lambda y: (y, y))(x * 2.0), (x,), 0),
    "None beside": (lambda p: (p["a"] * 2.0, None), ({"a": x, "b": None},), 0),
    "an empty dict": (lambda x, p: x * 2.0, (x, {}), (0, 1)),
    "only an empty dict": (lambda p: np.ones(2), ({},), 0),
    "holomorphic": (lambda z: z[1:] * np.exp(z[:-1]), (z,), 0),
    "real of complex": (lambda z: np.abs(z) ** 2, (z,), 0),
    "complex of real": (lambda x: np.exp(1j * x), (x,), 0),
    "real and complex": (lambda z, x: (z * x[:3], np.abs(z) * x[:3], x**2), (z, x), (0, 1)),
    "a gradient": (grad(lambda x: np.sum(x[1:] ** 3 * x[:-1])), (x,), 0),
    "a batch": (vmap(lambda a: a * np.sin(a)), (x,), 0),
    "a tensor": (lambda x: x[1:] * x[:-1], (tensor(x),), 0),
    "no result": (lambda x: {}, (x,), 0),
    "in place": (lambda x: _running(x), (x,), 0),
}


def _running(x: Any) -> Any:
    y = x * 1.0
    for i in range(1, len(y)):
        y[i] = y[i] * y[i - 1]
    return y


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", JACOBIANS)
def test_jacobians_are_the_dense_ones(name: str, mode: str | None, compiled: bool) -> None:
    function, args, argnums = JACOBIANS[name]
    dense = jacobian(function, argnums, mode)(*args)
    sparse = jacobian(function, argnums, mode, sparse=True)
    if not compiled:
        assert_same(sparse(*args), dense)
        return
    prepared = sparse.prepare(*args, compile=True)
    for _ in range(2):
        assert_same(prepared(*args), dense)


HESSIANS: dict[str, tuple[Function, tuple[Any, ...], Any]] = {
    "a band": (lambda x: np.sum(x[1:] ** 2 * x[:-1]), (x,), 0),
    "an arrow": (lambda x: np.sum(x * x[0] ** 2), (x,), 0),
    "a dict": (lambda p: np.sum(p["a"] * p["b"][0] ** 2) + p["c"] ** 3, ({"a": x, "b": x[:2], "c": 2.0},), 0),
    "two arguments": (lambda a, b: np.sum(a[1:] * b[:-1] ** 2), (x, y), (0, 1)),
    "one of two": (lambda a, b: np.sum(a[1:] * b[:-1] ** 2), (x, y), 1),
    "a dict of one number": (lambda x: {"loss": np.sum(x**2)}, (x,), 0),
    "one element": (lambda x: np.sum(x**2, keepdims=True), (x,), 0),
    "a number": (lambda x: x**3, (2.0,), 0),
    "nothing": (lambda x: np.sum(x**3), (np.zeros(0),), 0),
    "linear": (np.sum, (x,), 0),
    "a constant": (lambda x: 3.0, (x,), 0),
    "squares of complex numbers": (lambda z: np.sum(np.abs(z) ** 2), (z,), 0),
    "holomorphic": (lambda z: np.sum(z[1:] ** 3 * z[:-1]), (z,), 0),
}


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("name", HESSIANS)
def test_hessians_are_the_dense_ones(name: str, compiled: bool) -> None:
    function, args, argnums = HESSIANS[name]
    prepared = hessian(function, argnums, sparse=True).prepare(*args, compile=compiled)
    for _ in range(2):
        assert_same(prepared(*args), hessian(function, argnums)(*args))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.sampled_from(MODES))
def test_random_stencils(seed: int, size: int, mode: str | None) -> None:
    """Of coefficients some of which are 0, products of neighbours, and one element that all depend on."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(size, size)) * (rng.random((size, size)) < 0.3)
    shift, hub = int(rng.integers(-3, 4)), bool(rng.integers(2))

    def function(x: Any) -> Any:
        mixed = weights @ np.tanh(x) + x * np.roll(x, shift)
        return mixed + x[0] ** 2 if hub else mixed

    def number(x: Any) -> Any:
        return np.sum(function(x) * np.roll(x, 1))

    x = rng.normal(size=size)
    assert_same(jacobian(function, mode=mode, sparse=True)(x), jacobian(function)(x))
    assert_same(hessian(number, sparse=True)(x), hessian(number)(x))


@pytest.mark.parametrize("mode", MODES)
def test_float32_stays_what_it_is(mode: str | None) -> None:
    small = x.astype(np.float32)
    assert_same(
        jacobian(lambda x: np.sin(x) * x[0], mode=mode, sparse=True)(small),
        jacobian(lambda x: np.sin(x) * x[0])(small),
        1e-6,
    )
    both = partial(jacobian, lambda x, y: (x * y, x), (0, 1), mode)
    assert_same(both(sparse=True)(small, x), both()(small, x), 1e-6)
    assert_same(
        hessian(lambda x: np.sum(x**3 * x[0]), sparse=True)(small), hessian(lambda x: np.sum(x**3 * x[0]))(small), 1e-5
    )


def test_keyword_arguments_pass() -> None:
    assert_same(jacobian(lambda x, k: x * k, sparse=True)(x, k=3.0), 3 * np.eye(6))


def test_zeros_of_the_pattern_are_kept() -> None:
    J = jacobian(lambda x: x**2, sparse=True)(np.array([0.0, 1.0]))
    assert J.nnz == 2
    assert J.data.tolist() == [0.0, 2.0]


@pytest.mark.parametrize("name", ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"])
def test_matrices_in_the_formats_of_scipy(name: Any) -> None:
    def function(x: Any) -> Any:
        return {"a": x[1:] * x[:-1], "b": np.sum(x[1:] ** 2 * x[0])}

    matrices = jacobian(function, sparse=name)(x)
    for key, dense in jacobian(function)(x).items():
        assert matrices[key].format == name
        np.testing.assert_allclose(matrices[key].toarray(), dense.reshape(-1, 6), 1e-12)
    found = hessian(lambda x: function(x)["b"], sparse=name).prepare(x)
    assert found(x).format == name
    np.testing.assert_allclose(found(x).toarray(), hessian(lambda x: function(x)["b"])(x), 1e-12, 1e-12)
    assert found.values(x).tolist() == found(x).tocsr().data.tolist() or name in ("bsr", "dia")


@pytest.mark.parametrize("transform", [jacobian, hessian])
@pytest.mark.parametrize("value", ["yes", "csr_array", 1, 0, None, [True]])
def test_other_values_of_sparse_are_refused(transform: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=r"sparse=.*: it is True, False, or one of 'bsr'"):
        transform(np.sum, sparse=value)


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("order", [1, 2])
def test_what_is_returned_beside_a_result(order: int, compiled: bool) -> None:
    def function(x: Any) -> Any:
        found = x[1:] ** 2 * x[:-1]
        return found if order == 1 else np.sum(found), {"squares": x**2, "name": "found", "none": None}

    transform: Any = jacobian if order == 1 else hessian
    prepared = transform(function, has_aux=True, sparse=True).prepare(x, compile=compiled)
    for point in (x, y, 2 * x):
        dense, beside = transform(function, has_aux=True)(point)
        np.testing.assert_array_equal(dense, transform(lambda x: function(x)[0])(point))
        for matrix, aux in (prepared(point), (dense, beside), transform(function, has_aux=True, sparse=True)(point)):
            np.testing.assert_allclose(matrix.toarray() if matrix is not dense else dense, dense, 1e-12, 1e-12)
            assert type(aux["squares"]) is np.ndarray
            np.testing.assert_array_equal(aux.pop("squares"), point**2)
            assert aux == {"name": "found", "none": None}

    def total(values: Any, x: Any) -> Any:
        entries, aux = values(x)
        return np.sum(entries**2) + np.sum(aux["squares"])

    slope = grad(partial(total, transform(function, has_aux=True)))(x)
    np.testing.assert_allclose(grad(partial(total, prepared.values))(x), slope, 1e-10)
    for options in ({}, {"sparse": True}):
        with pytest.raises(TypeError, match="with has_aux=True the function returns a result and something beside it"):
            transform(np.sum, has_aux=True, **options)(x)


def test_matrices_share_no_memory() -> None:
    prepared = jacobian(lambda x: x**2, sparse=True).prepare(x)
    first = prepared(np.zeros(6))
    first.eliminate_zeros()
    prepared.pattern.data[:] = False
    prepared.colors[:] = 7
    assert_same(prepared(x), np.diag(2 * x))


def test_an_operation_without_a_forward_rule_takes_rows() -> None:
    doubled = general(lambda x: x * 2, lambda g: np.array([2 * float(part) for part in g]), name="doubled")

    def many(x: Any) -> Any:
        return np.concatenate([doubled(x), x, x])

    prepared = jacobian(many, sparse=True).prepare(x)
    assert_same(prepared(x), jacobian(many, mode="reverse")(x))
    with pytest.raises(DerivativeError, match="forward mode"):
        jacobian(many, mode="forward", sparse=True)(x)


def test_within_no_grad() -> None:
    with no_grad():
        assert_same(jacobian(lambda x: x**2, sparse=True)(x), np.diag(2 * x))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_is_not_holomorphic_has_no_jacobian(mode: str) -> None:
    with pytest.raises(DerivativeError, match="not holomorphic"):
        jacobian(lambda z: np.conj(z) * z, mode=mode, sparse=True)(z)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: jacobian(np.sin, mode="sideways", sparse=True), ValueError, "forward"),
        (lambda: jacobian(3, sparse=True), TypeError, "should be a function"),  # type: ignore[call-overload]
        (lambda: hessian(3, sparse=True), TypeError, "should be a function"),  # type: ignore[call-overload]
        (lambda: jacobian(lambda: np.ones(2), sparse=True)(), IndexError, "called with 0 arguments"),
        (lambda: jacobian(lambda x: x * 2, sparse=True)(np.arange(3)), DtypeError, "write 1.0 for 1"),
        (lambda: jacobian(lambda x: "text", sparse=True)(x), DtypeError, "text"),
        (lambda: jacobian(lambda x: None, sparse=True)(x), DtypeError, "return missing"),
        (lambda: hessian(lambda x: x * 2.0, sparse=True)(x), GraphError, "one number, not of arrays of shapes"),
        (lambda: hessian(lambda x: (x[0], x[1]), sparse=True)(x), GraphError, "one number, not of arrays"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(call: Function, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_dense_function_is_refused_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatternLevel, "most", 10)
    with pytest.raises(
        PatternError, match=r"test_derivatives.py:\d+ is dense: more than 10 entries .*dense=True accepts that"
    ):
        jacobian(lambda x: np.cumsum(x**2), sparse=True)(x)
    dense = jacobian(lambda x: np.cumsum(x**2), sparse=True).prepare(x, dense=True)
    assert_same(dense(x), np.tril(np.tile(2 * x, (6, 1))))


def test_a_function_that_takes_many_products_says_so() -> None:
    weights = np.random.default_rng(0).normal(size=(400, 400))
    with pytest.warns(RuntimeWarning, match=r"400 x 400, takes 400 products at each call, since rows .*: 160,000"):
        jacobian(lambda x: np.tanh(weights @ x), sparse=True).prepare(np.ones(400))


def test_scipy_is_loaded_only_for_them() -> None:
    program = (
        "import sys, numpy as np; from autograd import jacobian; J = jacobian(np.sin); J(np.ones(2));"
        "assert 'scipy.sparse' not in sys.modules; jacobian(np.sin, sparse=True); assert 'scipy.sparse' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_function_that_keeps_its_name() -> None:
    def residual(x: Any) -> Any:
        """Return what is left."""
        return x**2

    derivative = jacobian(residual, sparse=True)
    assert vars(derivative)["__name__"] == "residual"
    assert vars(derivative.prepare(x))["__wrapped__"] is residual
