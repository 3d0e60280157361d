"""What is special to products: vectors, broadcasting, which product a spelling means."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, gradcheck, gradgradcheck, tensor

RANDOM = np.random.default_rng(0)
SCALAR, VECTOR, MATRIX, BATCH = (), (3,), (3, 3), (2, 3, 3)

Product = Callable[[Any, Any], Any]
vecdot_along: Any = np.linalg.vecdot  # whose annotations are those of numpy.vecdot


def live(x: Any) -> Any:
    return tensor(x, requires_grad=True)


def drawn(shape: tuple[int, ...]) -> Any:
    return RANDOM.normal(size=shape)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("right", [SCALAR, VECTOR, MATRIX, BATCH, (4, 1, 3, 3)], ids=str)
@pytest.mark.parametrize("left", [SCALAR, VECTOR, MATRIX, BATCH], ids=str)
@pytest.mark.parametrize("product", [np.matmul, np.dot, np.inner, np.outer, np.kron])
def test_products_are_numpys_from_both_sides(product: Product, left: Any, right: Any) -> None:
    x, y = drawn(left), drawn(right)
    if product is np.matmul and SCALAR in (left, right):
        with pytest.raises(ValueError, match="'matmul' cannot combine"):
            product(tensor(x), y)
        return
    if product is np.outer and max(x.ndim, y.ndim) > 2:
        return
    expected = product(x, y)
    for a, b in ((tensor(x), tensor(y)), (tensor(x), y), (x, tensor(y)), (tensor(x, requires_grad=True), y.tolist())):
        result = product(a, b)
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-14, strict=True)


@pytest.mark.parametrize("right", [VECTOR, MATRIX, BATCH, (4, 1, 3, 3)], ids=str)
@pytest.mark.parametrize("left", [VECTOR, MATRIX, BATCH], ids=str)
@pytest.mark.parametrize("product", [np.matmul, np.dot, np.inner])
def test_gradients_are_those_of_the_written_out_sum(product: Product, left: Any, right: Any) -> None:
    """A product is linear in each factor, so its gradient is found exactly by setting one element at a time."""
    x, y = drawn(left), drawn(right)
    weights = drawn(np.shape(product(x, y)))
    t, u = live(x), live(y)
    (product(t, u) * weights).sum().backward()
    for factor, place in ((t, 0), (u, 1)):
        units = np.eye(factor.size).reshape(factor.size, *factor.shape)
        results = [product(x, unit) if place else product(unit, y) for unit in units]
        expected = [np.sum(result * weights) for result in results]
        np.testing.assert_allclose(factor.grad.data.ravel(), expected, rtol=1e-12, atol=1e-12)


def test_matmul_operator_takes_lists_and_arrays_on_both_sides() -> None:
    x = tensor([[1.0, 2.0]], requires_grad=True)
    for result in (x @ [[3.0], [4.0]], [[5.0]] @ x, np.array([[5.0]]) @ x):
        assert isinstance(result, Tensor)
        assert result.requires_grad
        result.sum().backward()
    np.testing.assert_array_equal(x.grad.data, [[13, 14]])


def test_matmul_of_float32_stays_float32() -> None:
    x, w = (tensor(np.ones((2, 2)), dtype="float32", requires_grad=True) for _ in range(2))
    y = x @ w
    y.sum().backward()
    assert y.dtype == x.grad.dtype == w.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("left", "right", "axes"),
    [
        ((2, 3), (4, 5), 0), ((2, 3, 4), (4, 2), 1), ((2, 3, 4), (3, 4, 2), 2), ((2, 3, 4), (5, 3), (1, 1)),
        ((2, 3, 4), (5, 3), (-2, -1)), ((2, 3, 4), (4, 3, 5), ([1, 2], [1, 0])), ((2, 3), (2, 3), ([0, 1], [0, 1])),
    ],
    ids=str,
)  # fmt: skip
def test_tensordot_is_numpys(left: Any, right: Any, axes: Any) -> None:
    x, y = drawn(left), drawn(right)
    expected = np.tensordot(x, y, axes)
    results: list[Any] = [np.tensordot(live(x), y, axes), np.linalg.tensordot(x, live(y), axes=axes)]
    for result in results:
        np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-14, strict=True)


def test_tensordot_names_axes_of_different_lengths() -> None:
    with pytest.raises(ValueError, match=r"axes \[1\] of shape \(2, 3\) and axes \[0\] of shape \(4, 5\) differ"):
        np.tensordot(tensor(np.ones((2, 3))), np.ones((4, 5)), 1)


def test_vdot_flattens() -> None:
    x, y = drawn((2, 3)), drawn((3, 2))
    np.testing.assert_allclose(np.vdot(tensor(x), y).item(), np.vdot(x, y))
    np.testing.assert_allclose(grad(lambda x: np.vdot(x, y))(x), y.reshape(2, 3))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="new in NumPy 2.2")
def test_products_of_matrices_and_vectors_broadcast() -> None:
    a, x = drawn((4, 1, 2, 3)), drawn((5, 3))
    np.testing.assert_allclose(np.matvec(live(a), x).data, np.matvec(a, x), strict=True)
    np.testing.assert_allclose(grad(lambda x: np.matvec(a, x).sum())(x), np.broadcast_to(a.sum((0, 1, 2)), x.shape))
    b = drawn((4, 1, 3, 2))
    np.testing.assert_allclose(np.vecmat(live(x), b).data, np.vecmat(x, b), strict=True)


def test_vecdot_broadcasts() -> None:
    x, y = drawn((4, 1, 3)), drawn((2, 3))
    np.testing.assert_allclose(np.vecdot(live(x), y).data, np.vecdot(x, y), strict=True)
    np.testing.assert_allclose(grad(lambda x: np.vecdot(x, y).sum())(x), np.broadcast_to(y.sum(0), x.shape))


@pytest.mark.parametrize(
    ("function", "shapes"),
    [(np.dot, [(2, 3), (3,)]), (np.outer, [(2,), (3,)]), (np.kron, [(2,), (3,)]), (np.tensordot, [(2, 3, 4), (3, 4)]),
     (np.cross, [(2, 3), (3,)])],
)  # fmt: skip
def test_factors_are_taken_by_name(function: Any, shapes: Any) -> None:
    x, y = map(drawn, shapes)
    expected = function(x, y)
    for found in (function(a=live(x), b=y), function(x, b=live(y)), function(a=live(x), b=live(y))):
        np.testing.assert_allclose(found.data, expected, strict=True)
    for option in ("out",) if function in (np.dot, np.outer) else ():
        with pytest.raises(GraphError, match="out="):
            function(live(x), y, **{option: np.empty(expected.shape)})


@pytest.mark.parametrize("axes", [{}, {"axis": 0}, {"axisa": 0, "axisb": 1, "axisc": 0}, {"axisc": 1}, {"axis": -2}])
def test_cross_is_numpys(axes: dict[str, int]) -> None:
    for dtypes in ((float, float), (complex, float), (np.float32, complex), (np.int64, np.float32)):
        x, y = ((drawn((3, 3, 3)) * 4).astype(dtype) for dtype in dtypes)
        expected = np.cross(x, y, **axes)
        for found in (np.cross(tensor(x), y, **axes), np.cross(x, tensor(y), **axes)):
            assert isinstance(found, Tensor)
            np.testing.assert_array_equal(found.data, expected, strict=True)


@pytest.mark.parametrize(("left", "right"), [(2, 2), (2, 3), (3, 2)])
def test_cross_of_vectors_in_the_plane(left: int, right: int) -> None:
    x, y = drawn((4, 1, left)), drawn((5, right))
    if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 5):
        with pytest.raises(ValueError, match="3-dimensional"):
            np.cross(live(x), y)
        return
    with pytest.warns(DeprecationWarning, match="2-dimensional vectors"):
        expected = np.cross(x, y)
    with pytest.warns(DeprecationWarning, match="2-dimensional vectors"):
        np.testing.assert_array_equal(np.cross(live(x), live(y)).data, expected, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert gradcheck(np.cross, [x, y], fast_mode=True)
        assert gradgradcheck(np.cross, [x, y], fast_mode=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.cross(x, np.ones(4)), lambda x: np.cross(x, 1.0), lambda x: np.cross(x, x, axis=2),
        lambda x: np.cross(x, np.ones((4, 3))), lambda x: np.linalg.cross(x, x, axis=0),
        lambda x: np.linalg.outer(x, x[0]), lambda x: np.linalg.vecdot(x, x[0, :2]),
        lambda x: np.tensordot(x, x, 3), lambda x: np.vdot(x, x[0]),
        lambda x: vecdot_along(x, x, axis=2),
    ],
)  # fmt: skip
def test_what_numpy_refuses_is_refused(call: Callable[[Any], Any]) -> None:
    for x in (np.ones((2, 3)), live(np.ones((2, 3)))):
        with pytest.raises((ValueError, IndexError)):
            call(x)


@pytest.mark.parametrize("product", [np.vecdot, np.linalg.vecdot, np.vdot])
def test_the_first_factor_is_conjugated(product: Product) -> None:
    x, y = drawn((3,)) + 1j * drawn((3,)), drawn((3,)) + 1j * drawn((3,))
    for a, b in ((live(x), live(y)), (live(x), y), (x, live(y)), (live(x.real), y), (x, live(y.real))):
        found = product(a, b)
        assert isinstance(found, Tensor)
        expected = product(*(z.data if isinstance(z, Tensor) else z for z in (a, b)))
        np.testing.assert_allclose(found.data, expected)
    assert grad(lambda x: product(x, x).real)(x) == pytest.approx(2 * x)
    assert grad(lambda x: product(x, y).real)(x) == pytest.approx(y)
    assert grad(lambda y: product(x, y).real)(y) == pytest.approx(x)
    assert grad(lambda x: product(x, y).imag)(x) == pytest.approx(-1j * y)
