"""What skips nan: values and warnings are NumPy's, and a nan has the gradient 0, whatever surrounds it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import GraphError, UnsupportedError, grad, hessian, tensor
from autograd.testing import check_operation, special_values

from .agreement import Array, Function, agree

FUNCTIONS: list[Function] = [
    np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian,
]  # fmt: skip
ACCUMULATIONS: list[Function] = [np.nancumsum, np.nancumprod]
X = np.array([[1.0, np.nan, 3.0, 4.0], [np.nan, np.nan, np.nan, np.nan], [2.0, 7.0, np.nan, 5.0]])


@st.composite
def samples(draw: st.DrawFn) -> Array:
    """Draw numbers of all kinds, with nan among them where there are any."""
    dtype = draw(st.sampled_from([np.float64, np.float32, np.float16, np.complex128, np.complex64, np.int8, np.bool_]))
    shape = draw(numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    x: Array = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(-3, 3))).astype(dtype)
    if x.dtype.kind not in "fc":
        return x
    special = draw(numpy_strategies.arrays(np.float32, shape, elements=special_values(np.float32), fill=st.just(1.0)))
    with np.errstate(over="ignore"):
        return np.where(draw(numpy_strategies.arrays(bool, shape)), special.astype(dtype), x)


@given(data=st.data())
@pytest.mark.parametrize("function", FUNCTIONS)
def test_reductions_are_numpys(function: Function, data: st.DataObject) -> None:
    x = data.draw(samples())
    axes = st.none() | st.integers(-x.ndim, x.ndim - 1) | st.just(tuple(range(x.ndim)))
    optional: dict[str, st.SearchStrategy[Any]] = {"axis": axes, "keepdims": st.booleans()}
    masks = numpy_strategies.arrays(bool, x.shape)
    if function in (np.nanvar, np.nanstd):
        optional |= {"ddof": st.sampled_from([0, 1, 0.5]), "where": masks}
    elif function is np.nanmean:
        optional |= {"where": masks, "dtype": st.sampled_from([None, np.float64 if x.dtype.kind != "c" else complex])}
    elif function in (np.nanmax, np.nanmin):
        optional |= {"initial": st.just(True if x.dtype == bool else 2)}
    elif function is not np.nanmedian:
        optional |= {"initial": st.just(2), "where": masks, "dtype": st.sampled_from([None, complex])}
    options = data.draw(st.fixed_dictionaries({}, optional=optional))
    agree(function, x, **options)


@given(data=st.data())
@pytest.mark.parametrize("function", ACCUMULATIONS)
def test_accumulations_are_numpys(function: Function, data: st.DataObject) -> None:
    x = data.draw(samples())
    options: dict[str, Any] = {"axis": st.none() | st.integers(-x.ndim, x.ndim - 1), "dtype": st.just(complex)}
    agree(function, x, **data.draw(st.fixed_dictionaries({}, optional=options)))


@pytest.mark.parametrize("function", [*FUNCTIONS, *ACCUMULATIONS])
@pytest.mark.filterwarnings("ignore:.*(slice|Degrees of freedom):RuntimeWarning")
def test_nan_has_gradient_zero(function: Function) -> None:
    """Also in a row of nan, whose result is nan; no rule warns, and no second derivative is nan."""
    for dtype in (np.float64, np.float32):
        x = X.astype(dtype)
        found = grad(lambda x: np.nansum(function(x, axis=1)))(x)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found[np.isnan(x)], 0)
        assert np.isfinite(found).all()
        assert np.any(found[2])
    curvature = hessian(lambda x: np.nansum(function(x, axis=1)))(X)
    assert np.isfinite(curvature).all()
    absent = np.isnan(X).ravel()
    assert not np.any(curvature.reshape(12, 12)[absent])


@pytest.mark.parametrize("function", [np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian])
@pytest.mark.filterwarnings("ignore:.*(slice|Degrees of freedom):RuntimeWarning")
def test_a_row_of_nan_has_gradient_zero_even_for_a_cotangent_of_one(function: Function) -> None:
    leaf = tensor(X, requires_grad=True)
    function(leaf, axis=1).backward(np.ones(3))
    np.testing.assert_array_equal(leaf.grad.data[1], np.zeros(4))
    assert np.isfinite(leaf.grad.data).all()


def test_gradients_of_what_is_left() -> None:
    x = np.array([2.0, np.nan, 3.0, 7.0])
    np.testing.assert_array_equal(grad(np.nansum)(x), [1, 0, 1, 1])
    np.testing.assert_array_equal(grad(np.nanprod)(x), [21, 0, 14, 6])
    np.testing.assert_allclose(grad(np.nanmean)(x), [1 / 3, 0, 1 / 3, 1 / 3])
    np.testing.assert_allclose(grad(np.nanvar)(x), np.array([-4, 0, -2, 6]) / 3)
    np.testing.assert_array_equal(grad(np.nanmedian)(x), [0, 0, 1, 0])
    np.testing.assert_array_equal(grad(np.nanmax)(x), [0, 0, 0, 1])


def test_ties_share_evenly() -> None:
    x = np.array([[2.0, np.nan, 2.0, 1.0], [1.0, 1.0, np.nan, 1.0]])
    np.testing.assert_array_equal(
        grad(lambda x: np.nanmax(x, 1).sum())(x), [[0.5, 0, 0.5, 0], [1 / 3, 1 / 3, 0, 1 / 3]]
    )
    np.testing.assert_array_equal(grad(lambda x: -np.nanmin(-x))(x), [[0.5, 0, 0.5, 0], [0, 0, 0, 0]])


def test_std_of_constants_has_gradient_zero() -> None:
    x = np.array([[0.1, np.nan, 0.1, 0.1], [-3.7, -3.7, np.nan, -3.7]])
    for dtype in (np.float64, np.float32):
        np.testing.assert_array_equal(grad(lambda x: np.nanstd(x, 1).sum())(x.astype(dtype)), np.zeros((2, 4)))


@pytest.mark.parametrize("function", [np.nanargmax, np.nanargmin])
def test_places_are_plain(function: Function) -> None:
    x = np.array([[1.0, np.nan, 3.0], [5.0, 2.0, np.nan]])
    result = function(tensor(x, requires_grad=True), axis=1)
    assert isinstance(result, np.ndarray)
    np.testing.assert_array_equal(result, function(x, axis=1))


@pytest.mark.parametrize("function", [*FUNCTIONS, *ACCUMULATIONS])
def test_out_is_refused(function: Function) -> None:
    with pytest.raises(GraphError, match="out="):
        function(tensor([1.0, 2.0], requires_grad=True), out=np.zeros(()))


def test_moments_about_a_given_mean() -> None:
    x = np.array([[1.0, np.nan, 3.0], [2.0, 5.0, 7.0]])
    mean = np.nanmean(x, 1, keepdims=True)
    for function in (np.nanvar, np.nanstd):
        agree(function, x, axis=1, mean=mean)
        agree(function, x, axis=1, mean=mean, correction=1)
        at_the_mean = grad(lambda mean, f=function: f(tensor(x), axis=1, mean=mean).sum())(mean)
        np.testing.assert_allclose(at_the_mean, np.zeros((2, 1)), atol=1e-15)
    with pytest.raises(UnsupportedError, match="complex mean"):
        np.nanvar(tensor(x), axis=1, mean=mean + 1j)


@pytest.mark.parametrize("function", [*FUNCTIONS, *ACCUMULATIONS])
def test_complex_numbers(function: Function) -> None:
    """One of which a part is nan is a nan."""
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 4)) + 1j * random.normal(size=(3, 4))
    x[0, 1], x[2, 3] = np.nan, complex(np.nan, 1)
    check_operation(lambda x: function(x, axis=1), x)
