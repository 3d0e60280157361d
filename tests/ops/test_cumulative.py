"""Products that stay exact with zeros, and running sums."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, grad, jacobian, jvp, tensor
from autograd.testing import check_operation

from .agreement import agree


def products_of_others(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([np.prod(np.delete(x, i)) for i in range(x.size)])


ROWS = [
    [2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0], [5.0], [0.0], [-2.0, 0.0, 3.0, 0.5],
    [1e-200, 1e-200, 1e200], [1e-320, 2.0, 3.0],
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_prod_is_exact_with_zeros(row: list[float]) -> None:
    x = np.array(row)
    np.testing.assert_allclose(grad(np.prod)(x), products_of_others(x), rtol=1e-15)


@pytest.mark.parametrize("row", ROWS[:7], ids=str)
def test_second_derivative_of_prod_is_exact_with_zeros(row: list[float]) -> None:
    x = np.array(row)
    for i in range(x.size):
        found = grad(lambda x, i=i: grad(np.prod)(x)[i])(x)
        expected = [0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(x.size)]
        np.testing.assert_allclose(found, expected, rtol=1e-15)


@pytest.mark.parametrize("row", ROWS[:7], ids=str)
def test_cumprod_is_exact_with_zeros(row: list[float]) -> None:
    x = np.array(row)
    weights = np.arange(1.0, x.size + 1)
    expected = sum(w * np.pad(products_of_others(x[: k + 1]), (0, x.size - k - 1)) for k, w in enumerate(weights))
    np.testing.assert_allclose(grad(lambda x: (np.cumprod(x) * weights).sum())(x), expected, rtol=1e-15)


@pytest.mark.parametrize("function", [np.cumprod, np.nancumprod, lambda x, axis: np.multiply.accumulate(x.reshape(-1))])
@pytest.mark.parametrize("zeros", [[], [0], [3], [5], [1, 4], [0, 1, 2, 3, 4, 5]], ids=str)
def test_cumprod_of_all_elements_in_several_axes_is_exact_with_zeros(function: Any, zeros: list[int]) -> None:
    x = np.array([2.0, -3.0, 0.5, 5.0, -1.0, 7.0])
    x[zeros] = 0
    expected = [np.pad(products_of_others(x[: k + 1]), (0, x.size - k - 1)) for k in range(x.size)]
    for shape in ((2, 3), (3, 1, 2), (1, 6)):
        found = jacobian(lambda x: function(x, axis=None))(x.reshape(shape))
        np.testing.assert_allclose(found, np.reshape(expected, (x.size, *shape)), rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_cumprod_along_each_axis_is_exact_with_zeros(axis: int) -> None:
    x = np.array([[[1.0, 0.0, 2.0], [2.0, 3.0, 0.0]], [[0.0, 0.0, 4.0], [4.0, 5.0, 6.0]]])
    weights = np.arange(1.0, 1 + x.size).reshape(x.shape)
    rows, by_row = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]), np.moveaxis(weights, axis, -1)
    expected = [
        grad(lambda x, w=w: (np.cumprod(x) * w).sum())(row)
        for row, w in zip(rows, by_row.reshape(rows.shape), strict=True)
    ]
    found = grad(lambda x: (np.cumprod(x, axis) * weights).sum())(x)
    np.testing.assert_array_equal(np.moveaxis(found, axis, -1).reshape(rows.shape), expected)


def test_prod_along_axes_with_zeros() -> None:
    x = np.array([[[1.0, 0.0], [2.0, 3.0]], [[0.0, 0.0], [4.0, 5.0]]])
    found = grad(lambda x: np.prod(x, axis=(0, 2)).sum())(x)
    expected = np.stack([products_of_others(x[:, i].ravel()).reshape(2, 2) for i in range(2)], 1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("axis", [None, 0, -1, ()])
@pytest.mark.parametrize("number", [0.0, 2.0])
def test_prod_of_a_number(number: float, axis: Any) -> None:
    check_operation(lambda x: np.prod(x, axis=axis), np.array(number))


def test_prod_with_initial_and_where() -> None:
    x, where = np.array([0.0, 3.0, 4.0]), np.array([True, True, False])
    assert np.prod(tensor(x), initial=2, where=where).item() == 0
    np.testing.assert_array_equal(grad(lambda x: np.prod(x, initial=2, where=where))(x), [6, 0, 0])


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("function", [np.cumsum, np.cumprod])
def test_running_values_are_numpys(function: Any, axis: Any) -> None:
    for x in (np.arange(6.0).reshape(2, 3), np.arange(6, dtype=np.int8).reshape(2, 3), np.array(3.0)):
        if x.ndim == 0 and axis == 1:
            continue
        expected = function(x, axis)
        np.testing.assert_array_equal(function(tensor(x), axis).data, expected, strict=True)
        np.testing.assert_array_equal(getattr(tensor(x), function.__name__)(axis).data, expected, strict=True)


def test_cumsum_gives_each_element_all_later_gradients() -> None:
    x = np.ones((2, 3))
    np.testing.assert_array_equal(grad(lambda x: np.cumsum(x, 1).sum())(x), [[3, 2, 1], [3, 2, 1]])
    np.testing.assert_array_equal(grad(lambda x: np.cumsum(x).sum())(x), [[6, 5, 4], [3, 2, 1]])


@pytest.mark.parametrize("function", [np.cumulative_sum, np.cumulative_prod])
def test_array_api_names_can_start_from_nothing(function: Any) -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    for options in ({"axis": 0}, {"axis": 1, "include_initial": True}, {"axis": -1, "include_initial": True}):
        np.testing.assert_array_equal(function(tensor(x), **options).data, function(x, **options))
    with pytest.raises(ValueError, match="an axis must be given"):
        function(tensor(x))


@pytest.mark.parametrize("function", [np.cumulative_sum, np.cumulative_prod])
def test_array_api_names_take_every_argument(function: Any) -> None:
    for x in (np.array([1.5, 2.0, 3.0]), np.array([1, 2], np.int8), np.array([1.5, 2.0], np.float32), np.array(3.0)):
        for dtype in (None, np.float64, np.complex64):
            for include in (False, True):
                agree(function, x, dtype=dtype, include_initial=include)
    with pytest.raises(GraphError, match="out="):
        function(tensor([1.0, 2.0], requires_grad=True), out=np.zeros(2))


def test_prod_of_complex_numbers_is_exact_with_zeros() -> None:
    x = np.array([1 + 2j, 0, 3 - 1j])
    value, tangent = jvp(np.prod, (x,), (np.array([0, 1, 0], complex),))
    np.testing.assert_array_equal([value, tangent], [0, (1 + 2j) * (3 - 1j)])


def test_prod_that_starts_from_zero_has_gradient_zero() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.prod(x, initial=0.0))(np.array([2.0, 3.0])), [0, 0])
    without: Any = {"initial": None}
    np.testing.assert_array_equal(grad(lambda x: np.prod(x, **without))(np.array([2.0, 0.0])), [0, 2])
