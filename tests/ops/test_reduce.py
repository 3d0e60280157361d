"""What is special to reductions: axes, ties, empty arrays, constants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, grad, logsumexp, tensor

Function = Callable[..., Any]

X = np.arange(24.0).reshape(2, 3, 4) ** 2 % 7
AXES = [None, 0, 2, -1, -3, (0, 2), (-1, 0), (0, 1, 2), ()]
REDUCTIONS: list[Function] = [np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std, np.ptp]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("function", REDUCTIONS)
def test_values_are_numpys(function: Function, axis: Any, keepdims: bool) -> None:
    for x in (X, X.astype(np.float32), np.asfortranarray(X), X[:, ::-1]):
        expected = np.asarray(function(x, axis=axis, keepdims=keepdims))
        np.testing.assert_array_equal(function(tensor(x), axis=axis, keepdims=keepdims).data, expected, strict=True)
        method = getattr(tensor(x), function.__name__)
        np.testing.assert_array_equal(method(axis, keepdims=keepdims).data, expected, strict=True)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("function", [np.argmax, np.argmin, np.any, np.all, np.count_nonzero])
def test_what_has_no_derivative_is_plain(function: Function, axis: Any) -> None:
    result = function(tensor(X, requires_grad=True), axis=axis)
    assert isinstance(result, np.ndarray | np.generic | int)
    np.testing.assert_array_equal(result, function(X, axis=axis))
    np.testing.assert_array_equal(getattr(tensor(X), function.__name__)(axis=axis), function(X, axis=axis))


def test_positional_arguments_are_numpys() -> None:
    x = np.ones((2, 3), np.float32)
    total = tensor(x).sum(0, np.float64, None, True)
    assert total.shape == (1, 3)
    assert total.dtype == np.float64
    assert tensor(x).max(1, None, True).shape == (2, 1)
    assert tensor(x).var(1, None, None, 1, True).shape == (2, 1)


@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, np.prod, np.cumsum, np.var, np.std])
def test_out_is_refused(function: Function) -> None:
    with pytest.raises(GraphError, match="out="):
        function(tensor([1.0, 2.0], requires_grad=True), out=np.zeros(()))


def test_axis_that_does_not_exist_names_operation_and_shape() -> None:
    with pytest.raises(ValueError, match=r"'sum' of a tensor of shape \(2, 3, 4\) .* axis 3 is out of bounds"):
        tensor(X).sum(3)


@pytest.mark.parametrize("name", ["initial_value", "axes"])
def test_unknown_argument_names_what_is_taken(name: str) -> None:
    with pytest.raises(TypeError, match=r"'mean' takes \(x, axis, dtype, out, keepdims, where\)"):
        tensor(X).mean(**{name: 1})


def test_where_leaves_the_others_out() -> None:
    where = X < 5
    for function in (np.sum, np.mean, np.prod):
        np.testing.assert_array_equal(function(tensor(X), 1, where=where).data, function(X, 1, where=where))
    np.testing.assert_array_equal(grad(lambda x: np.sum(x, where=where))(X), where)
    np.testing.assert_allclose(grad(lambda x: np.mean(x, where=where))(X), where / where.sum())


def test_initial_takes_the_gradient_where_it_is_the_extreme() -> None:
    x = np.array([[1.0, 2.0], [5.0, 4.0]])
    np.testing.assert_array_equal(np.max(tensor(x), 1, initial=3).data, [3, 5])
    np.testing.assert_array_equal(grad(lambda x: np.max(x, 1, initial=3).sum())(x), [[0, 0], [1, 0]])
    where = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(grad(lambda x: np.min(x, initial=9, where=where))(x), [[1, 0], [0, 0]])


# Ties, constants, empty arrays


def test_ties_of_extremes_share_evenly() -> None:
    x = np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]])
    expected = [[0, 0.5, 0.5, 0], [0.25] * 4]
    np.testing.assert_array_equal(grad(lambda x: x.max(1).sum())(x), expected)
    np.testing.assert_array_equal(grad(lambda x: (-x).min(1).sum())(x), np.negative(expected))
    np.testing.assert_allclose(grad(lambda x: x.max())(np.zeros((3, 1))), np.full((3, 1), 1 / 3))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e8 + 0.1, -3.7])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_std_of_constants_has_gradient_zero(value: float, axis: Any) -> None:
    """A mean that rounds leaves a deviation, which a division by itself would make large."""
    for dtype in (np.float64, np.float32):
        x = np.full((3, 7), value, dtype)
        np.testing.assert_array_equal(grad(lambda x: x.std(axis).sum())(x), np.zeros((3, 7)))


@pytest.mark.parametrize("function", [np.var, np.std])
def test_correction_is_ddof(function: Function) -> None:
    for ddof in (0, 1, 0.5):
        expected = function(X, ddof=ddof)
        assert function(tensor(X), ddof=ddof).item() == expected
        assert function(tensor(X), correction=ddof).item() == expected
        np.testing.assert_array_equal(
            grad(lambda x, d=ddof: function(x, correction=d))(X), grad(lambda x, d=ddof: function(x, ddof=d))(X)
        )
    with pytest.raises(ValueError, match="ddof and correction"):
        function(tensor(X), ddof=1, correction=1)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays_have_empty_gradients(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    functions: list[Function] = [np.sum, np.prod, np.cumsum, np.cumprod, logsumexp]
    for function in functions:
        assert grad(lambda x, f=function: f(x).sum())(x).shape == shape
    assert np.sum(tensor(x)).item() == 0
    assert np.prod(tensor(x)).item() == 1
    assert logsumexp(tensor(x)).item() == -np.inf
    with pytest.raises(ValueError, match=r"'max' of a tensor of shape .* no identity"):
        np.max(tensor(x))


def test_zero_dimensional_arrays_reduce_to_themselves() -> None:
    for function in REDUCTIONS:
        x = tensor(3.0, requires_grad=True)
        y = function(x)
        assert (y.shape, y.item()) == ((), function(3.0))
        y.backward()
        assert x.grad.item() == (0 if function in (np.var, np.std, np.ptp) else 1)


def test_integers_reduce_as_in_numpy() -> None:
    for function in REDUCTIONS:
        for dtype in (np.int8, np.int64, np.bool_):
            if dtype is np.bool_ and function is np.ptp:
                continue
            x = np.array([[3, 0], [5, 4]]).astype(dtype)
            np.testing.assert_array_equal(function(tensor(x), 0).data, function(x, 0), strict=True)


def test_methods_of_ufuncs_reduce_the_first_axis() -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    for ufunc in (np.add, np.multiply, np.maximum, np.minimum):
        np.testing.assert_array_equal(ufunc.reduce(tensor(x)).data, ufunc.reduce(x))
        np.testing.assert_array_equal(ufunc.reduce(tensor(x), 1, keepdims=True).data, ufunc.reduce(x, 1, keepdims=True))
        assert grad(lambda x, u=ufunc: u.reduce(x).sum())(x).any()
    for ufunc in (np.add, np.multiply):
        np.testing.assert_array_equal(ufunc.accumulate(tensor(x)).data, ufunc.accumulate(x))
        np.testing.assert_array_equal(ufunc.accumulate(tensor(x), 1).data, ufunc.accumulate(x, 1))


# logsumexp


def test_logsumexp_neither_overflows_nor_vanishes() -> None:
    x = np.array([[1000.0, 1000.0], [-1000.0, -1000.0], [0.0, -800.0]])
    found = logsumexp(tensor(x), 1).data
    np.testing.assert_allclose(found, np.logaddexp.reduce(x, 1), rtol=1e-15)
    np.testing.assert_array_equal(grad(lambda x: logsumexp(x, 1).sum())(x), [[0.5, 0.5], [0.5, 0.5], [1, 0]])
    single = x.astype(np.float32)
    np.testing.assert_array_equal(grad(lambda x: logsumexp(x, 1).sum())(single), [[0.5, 0.5], [0.5, 0.5], [1, 0]])


def test_logsumexp_of_rows_of_minus_infinity() -> None:
    x = np.array([[-np.inf, -np.inf], [-np.inf, 2.0]])
    np.testing.assert_array_equal(logsumexp(tensor(x), 1).data, [-np.inf, 2])
    np.testing.assert_array_equal(grad(lambda x: logsumexp(x, axis=1).sum())(x), [[0, 0], [0, 1]])


@pytest.mark.parametrize("axis", AXES[:-1], ids=str)
def test_logsumexp_takes_axes_as_sum_does(axis: Any) -> None:
    for keepdims in (False, True):
        expected = np.log(np.sum(np.exp(X), axis, keepdims=keepdims))
        np.testing.assert_allclose(tensor(X).logsumexp(axis, keepdims=keepdims).data, expected)
    assert logsumexp(tensor(X.astype(np.float32)), axis).dtype == np.float32
    assert isinstance(logsumexp([1, 2, 3]), float)
