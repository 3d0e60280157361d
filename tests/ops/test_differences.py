"""What is special to sequences: ends, coordinates, areas, evenly spaced and constant numbers."""

from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Tensor, grad, tensor

from .agreement import Function, assert_numpys, name

random = np.random.default_rng(13)
X = random.standard_normal((3, 4, 5))
LIVE = tensor(X, requires_grad=True)


# Differences


def test_differences_are_numpys() -> None:
    for x in (X, X.astype(np.float32), X[:, :1], X[:, :0], X + 1j):
        for n in range(4):
            assert_numpys(np.diff, x, n, 1)
            assert_numpys(np.diff, x, n=n, axis=-2, prepend=np.float32(2), append=x[:, 1:3])
            assert_numpys(np.diff, x, n, 0, np.zeros((2, *x.shape[1:])), 1)
    assert_numpys(np.diff, [1.0, 2.0, 4.0], prepend=np.array(0.5))


def test_differences_of_truth_values_tell_where_they_change() -> None:
    truths = np.array([True, True, False])
    np.testing.assert_array_equal(np.diff(Tensor(truths)), np.diff(truths), strict=True)


def test_wrong_differences_are_refused() -> None:
    with pytest.raises(ValueError, match="not -1"):
        np.diff(LIVE, -1)
    with pytest.raises(np.exceptions.AxisError):
        np.diff(LIVE, axis=3)
    with pytest.raises(np.exceptions.AxisError):
        np.diff(tensor(1.0, requires_grad=True))
    with pytest.raises(ValueError, match="concatenate"):
        np.diff(LIVE, prepend=np.ones((2, 2)))


def test_flat_differences_are_numpys() -> None:
    for x in (X, X.astype(np.float32), X[0, 0, :1], X[:0], X[0, 0, 0]):
        assert_numpys(np.ediff1d, np.asarray(x))
        assert_numpys(np.ediff1d, np.asarray(x), X[:2], [1.0])
        assert_numpys(np.ediff1d, np.asarray(x), to_begin=np.array(3.0))
    assert_numpys(np.ediff1d, [1, 2, 4], to_end=np.array([7, 8]))


def test_ends_that_do_not_fit_are_refused() -> None:
    with pytest.raises(TypeError, match="to_end is float64, which does not become int64"):
        np.ediff1d(Tensor([1, 2]), to_end=[0.5])


# Slopes

COORDINATES = np.array([0.0, 0.5, 2.0, 3.0])


@pytest.mark.parametrize("edge_order", [1, 2])
def test_slopes_are_numpys(edge_order: Any) -> None:
    for f in (X, X.astype(np.float32), X + 1j):
        assert_numpys(np.gradient, f, edge_order=edge_order)
        assert_numpys(np.gradient, f, 0.25, axis=-1, edge_order=edge_order)
        assert_numpys(np.gradient, f, np.float64(2), axis=(1, 2), edge_order=edge_order)
        assert_numpys(np.gradient, f, COORDINATES, axis=1, edge_order=edge_order, rtol=1e-5)
        assert_numpys(np.gradient, f, COORDINATES, 2.0, axis=(1, 0), edge_order=edge_order, rtol=1e-5)
        assert_numpys(np.gradient, f, np.arange(4.0) / 2, axis=1, edge_order=edge_order, rtol=1e-5)
        assert_numpys(np.gradient, f, [3, 2, 1, 0], axis=1, edge_order=edge_order, rtol=1e-5)
    assert_numpys(np.gradient, [1, 4, 9], np.array([1.0, 2.0, 4.0]), edge_order=edge_order, rtol=1e-14)


def test_slopes_along_no_axis_are_none() -> None:
    assert np.gradient(tensor(1.0)) == ()
    assert np.gradient(LIVE, axis=()) == ()


def test_evenly_spaced_coordinates_have_gradients_too() -> None:
    """The slope of 2 x at x = 0, 1, 2 changes with the places of the samples, each by its own."""
    found = grad(lambda x: np.gradient(np.array([0.0, 2.0, 4.0]), x)[1])(np.arange(3.0))
    np.testing.assert_allclose(found, [1, 0, -1], atol=1e-15)


def test_wrong_slopes_are_refused() -> None:
    order: Any = 3
    with pytest.raises(ValueError, match="edge_order is 1 or 2, not 3"):
        np.gradient(LIVE, edge_order=order)
    with pytest.raises(ValueError, match=r"need 3 samples along each axis, but the shape is \(2, 4\)"):
        np.gradient(tensor(X[0, :2, :4]), edge_order=2)
    with pytest.raises(ValueError, match=r"along axis 1 of shape \(3, 4, 5\) are a sequence of 4 numbers"):
        np.gradient(LIVE, np.ones(3), axis=1)
    with pytest.raises(TypeError, match="one spacing for each of 3 axes, not 2"):
        np.gradient(LIVE, 1.0, 2.0)
    with pytest.raises(ValueError, match="twice"):
        np.gradient(LIVE, axis=(0, -3))
    with pytest.raises(np.exceptions.AxisError):
        np.gradient(LIVE, axis=3)


def test_areas_are_numpys() -> None:
    for y in (X, X.astype(np.float32), X[:, :1], X[:, :0], X + 1j):
        assert_numpys(np.trapezoid, y, axis=1)
        assert_numpys(np.trapezoid, y, dx=np.array(0.5), axis=-2)
        assert_numpys(np.trapezoid, y, np.arange(y.shape[1]) ** 2.0, axis=1)
        assert_numpys(np.trapezoid, y, X[:, : y.shape[1]], 9.0, -2)
    assert_numpys(np.trapezoid, [1, 2, 4], np.array([0.0, 1.0, 4.0]))


# Evenly spaced numbers


@pytest.mark.parametrize("function", [np.linspace, np.logspace, np.geomspace], ids=name)
@pytest.mark.parametrize("endpoint", [True, False])
def test_spaced_numbers_are_numpys(function: Function, endpoint: bool) -> None:
    low, high = random.uniform(0.5, 1, (2, 3)), random.uniform(1, 2, 3)
    for num in (0, 1, 2, 5):
        assert_numpys(function, low, high, num, endpoint)
        assert_numpys(function, low, 3, num=num, endpoint=endpoint, axis=-1)
        assert_numpys(function, 1, high.astype(np.float32), num, endpoint, dtype=np.float32)
        assert_numpys(function, low + 1j, high, num, endpoint)
    assert_numpys(function, low, high)
    whole: Any = function(tensor(low, requires_grad=True), high, 4, dtype=int)
    np.testing.assert_array_equal(whole.data, function(low, high, 4, dtype=int), strict=True)
    assert not whole.requires_grad


def test_the_step_is_given_too() -> None:
    for num, endpoint in ((5, True), (5, False), (2, True), (1, False)):
        assert_numpys(np.linspace, X[0], X[1], num, endpoint, True)
    start, stop = grad(lambda start, stop: np.linspace(start, stop, 5, retstep=True)[1], argnums=(0, 1))(1.0, 2.0)
    assert (start, stop) == (-0.25, 0.25)
    numbers, step = np.linspace(LIVE, 1.0, 1, retstep=True)
    assert numbers.shape == (1, 3, 4, 5)
    assert np.isnan(step)


def test_the_ends_are_moved_by_themselves_alone() -> None:
    for function in (np.linspace, np.geomspace):
        first, last = grad(lambda start, stop, f=function: (f(start, stop, 4)[[0, 3]] * [1, 10]).sum(), argnums=(0, 1))(
            2.0, 7.0
        )
        np.testing.assert_allclose([first, last], [1, 10], rtol=1e-15)


def test_negative_ratios_and_bases_of_several() -> None:
    assert_numpys(np.geomspace, np.array(-1.0), -8.0, 4)
    np.testing.assert_allclose(grad(lambda x: np.geomspace(x, -8.0, 4)[1])(-1.0), 4 / 3, rtol=1e-14)
    assert_numpys(np.logspace, X[0], 2.0, 3, base=np.array([2.0, 3.0, 4.0, 5.0, 6.0]))
    assert_numpys(np.logspace, 0, 2, 3, base=np.array([2.0, 3.0]), axis=-1)


def test_other_devices_are_refused() -> None:
    device: Any = "gpu"
    with pytest.raises(ValueError, match="device='cpu' alone, not 'gpu'"):
        np.linspace(LIVE, 1.0, device=device)


# Constant sequences


def test_a_live_number_fills_an_array() -> None:
    x = tensor(2.0, requires_grad=True)
    filled: Any = np.full_like(LIVE, x)
    assert (filled.shape, filled.dtype) == (X.shape, X.dtype)
    filled.sum().backward()
    assert x.grad.data == X.size
    like: Any = Tensor(0.0)
    assert grad(lambda x: np.full((2, 3), x, like=like).sum())(2.0) == 6
    assert np.full((2,), x, np.float32, like=like).dtype == np.float32


def test_filling_with_constants_is_numpys() -> None:
    for arguments in ({}, {"dtype": np.float32}, {"shape": (2,)}, {"order": "F"}):
        np.testing.assert_array_equal(np.full_like(LIVE, 3, **arguments), np.full_like(X, 3, **arguments), strict=True)
    filled: Any = np.full_like(Tensor([1, 2]), tensor(2.5, requires_grad=True))
    np.testing.assert_array_equal(filled.data, [2, 2], strict=True)
    assert not filled.requires_grad


def test_a_live_number_that_numpy_does_not_hand_over_is_not_made_constant() -> None:
    with pytest.raises(GraphError, match="its graph"):
        np.full((2,), LIVE[0, 0, 0])
