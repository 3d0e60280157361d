"""Weighted means, covariances, medians and quantiles: NumPy's in every argument, and decided where they have kinks."""

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import GraphError, UnsupportedError, grad, hessian, tensor
from autograd.testing import arrays, check_operation

from ..operations.statistics_samples import METHODS
from .agreement import Array, Function, agree

QUANTILES: list[Function] = [np.quantile, np.percentile, np.nanquantile, np.nanpercentile]
ORDERED: list[Function] = [np.median, np.nanmedian, *QUANTILES]
SHAPES = numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


def whole(function: Function) -> float:
    return 100 if function.__name__.endswith("percentile") else 1


@st.composite
def samples(
    draw: st.DrawFn, shape: Any = SHAPES, dtypes: Any = (np.float64, np.float32, np.float16, np.int16)
) -> Array:
    """Draw numbers with many ties, and with nan and infinities where there are any."""
    x = draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(-3, 3))).astype(
        draw(st.sampled_from(dtypes))
    )
    if x.dtype.kind == "f" and draw(st.booleans()):
        special = st.sampled_from([0.5, 0.25, np.nan, np.inf, -np.inf])
        x = np.where(x == 2, draw(special), np.where(x == -2, draw(special), x)).astype(x.dtype)
    return x


def axes(x: Array) -> st.SearchStrategy[Any]:
    if not x.ndim:
        return st.none()
    one = st.integers(-x.ndim, x.ndim - 1)
    return st.none() | one | st.just(tuple(range(x.ndim))) | st.just((0, -1) if x.ndim > 1 else (0,))


# Medians and quantiles


@given(data=st.data())
@pytest.mark.parametrize("function", [np.median, np.nanmedian])
def test_medians_are_numpys(function: Function, data: st.DataObject) -> None:
    x = data.draw(samples(dtypes=(np.float64, np.float32, np.float16, np.int16, np.complex128)))
    agree(function, x, axis=data.draw(axes(x)), keepdims=data.draw(st.booleans()))


@given(data=st.data())
@pytest.mark.parametrize("function", QUANTILES)
def test_quantiles_are_numpys(function: Function, data: st.DataObject) -> None:
    x = data.draw(samples())
    q: Any = data.draw(
        st.sampled_from([0, 1, 0.5, 0.25, 0.3, [0.1, 0.5], np.array([0.0, 0.7, 1.0]), np.float32(0.4), 1.5])
    )
    q = q * int(whole(function)) if not isinstance(q, list) else [each * whole(function) for each in q]
    options: dict[str, Any] = {"axis": data.draw(axes(x)), "keepdims": data.draw(st.booleans())}
    options["method"] = data.draw(st.sampled_from([*METHODS, "nonsense"]))
    if data.draw(st.booleans()):
        options["weights"] = data.draw(numpy_strategies.arrays(np.float64, x.shape, elements=st.integers(0, 3)))
    agree(function, x, q, **options)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("function", QUANTILES)
def test_all_of_a_quantile_goes_somewhere(function: Function, method: str) -> None:
    """Shift all elements by as much, and every quantile is shifted: the gradient of each sums to 1, ties or not."""
    random = np.random.default_rng(0)
    for x in (random.normal(size=(3, 7)), np.array([[2.0, 1.0, 2.0, 2.0], [1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 3.0, 0.0]])):
        for q in (0.0, 0.2, 0.5, 0.83, 1.0):
            found = grad(lambda x, q=q: function(x, q * whole(function), axis=1, method=method).sum())(x)
            np.testing.assert_allclose(found.sum(1), np.ones(3), rtol=1e-12)
            assert np.all(found > -1e-12)
            for row, values in zip(found, x, strict=True):
                for value in values:
                    assert np.ptp(row[values == value]) < 1e-15  # ties share evenly


@pytest.mark.parametrize("function", ORDERED)
def test_ends_are_extremes(function: Function) -> None:
    x = np.array([3.0, 1.0, 3.0, 2.0])
    if function in (np.median, np.nanmedian):
        np.testing.assert_array_equal(grad(function)(x), [0.25, 0, 0.25, 0.5])
        return
    np.testing.assert_array_equal(grad(lambda x: function(x, whole(function)))(x), [0.5, 0, 0.5, 0])
    np.testing.assert_array_equal(grad(lambda x: function(x, 0))(x), [0, 1, 0, 0])


@pytest.mark.parametrize("function", ORDERED)
@pytest.mark.filterwarnings("ignore:.*All-NaN slice:RuntimeWarning")
def test_where_nan_leads_the_gradient(function: Function) -> None:
    """To the nan where it is the result; where it is skipped it has none, and a row of nan has none at all."""
    x = np.array([[1.0, np.nan, 2.0, 5.0], [np.nan, np.nan, np.nan, np.nan], [4.0, 1.0, 2.0, 3.0]])
    arguments = () if function in (np.median, np.nanmedian) else (0.5 * whole(function),)
    leaf = tensor(x, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(leaf, *arguments, axis=1)
    forward = len(caught)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(leaf, *arguments, axis=1).backward(np.ones(3))
    assert len(caught) == forward  # the rule gives none of its own
    skips = function.__name__.startswith("nan")
    expected = [[0, 0, 1, 0], [0, 0, 0, 0]] if skips else [[0, 1, 0, 0], [0.25, 0.25, 0.25, 0.25]]
    np.testing.assert_array_equal(leaf.grad.data, [*expected, [0, 0, 0.5, 0.5]])


@pytest.mark.parametrize("function", QUANTILES)
def test_derivative_of_a_quantile_by_its_place(function: Function) -> None:
    x = np.array([1.0, 7.0, 2.0])
    per = whole(function)
    slope = grad(lambda q: function(x, q))
    for place, expected in [(0.0, 2), (0.3, 2), (0.5, 10), (0.9, 10), (1.0, 10)]:
        np.testing.assert_allclose(slope(np.float64(place * per)), expected / per, rtol=1e-12)
    for method in ("lower", "nearest", "midpoint", "inverted_cdf"):
        assert grad(lambda q, m=method: function(x, q, method=m))(np.float64(0.3 * per)) == 0
    clipped = grad(lambda q: function(x, q, method="hazen"))
    assert clipped(np.float64(0.05 * per)) == clipped(np.float64(0.95 * per)) == 0
    np.testing.assert_allclose(grad(lambda q: function([1, 7, 2], q))(np.float64(0.3 * per)), 2 / per)
    twice = grad(lambda q: (function(tensor(x), q) ** 2).sum())(np.array([0.3, 0.9]) * per)
    np.testing.assert_allclose(twice, np.array([2 * 1.6 * 2, 2 * 6.0 * 10]) / per)
    if function is np.nanquantile:
        np.testing.assert_allclose(grad(lambda q: function(np.array([1, np.nan, 7, 2]), q))(np.float64(0.9)), 10)


def test_first_arguments_may_be_named_and_weights_be_tensors() -> None:
    x, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 4.0])
    leaf = tensor(x, requires_grad=True)
    assert np.quantile(a=leaf, q=0.5).item() == 2
    assert np.median(a=leaf).item() == 2
    result = np.quantile(leaf, 0.5, method="inverted_cdf", weights=tensor(weights, requires_grad=True))
    assert result.item() == np.quantile(x, 0.5, method="inverted_cdf", weights=weights)


@pytest.mark.parametrize("function", ORDERED)
def test_empty_and_single(function: Function) -> None:
    arguments = () if function in (np.median, np.nanmedian) else (0.5 * whole(function),)
    for shape in ((0,), (0, 3), (3, 0), (2, 0, 0)):
        for axis in (None, 0, -1):
            agree(function, np.zeros(shape), *arguments, axis=axis)
    for x in (np.array(3.0), np.array([3.0])):
        assert grad(lambda x: function(x, *arguments).sum())(x) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        leaf = tensor(np.zeros((3, 0)), requires_grad=True)
        try:
            result = function(leaf, *arguments, axis=1)
        except (IndexError, ValueError):
            return
        result.backward(np.ones(result.shape))
        assert leaf.grad.shape == (3, 0)


@pytest.mark.parametrize("function", ORDERED)
def test_float32_and_many_elements(function: Function) -> None:
    """More elements than a small float can count: their ranks are counted in another."""
    x = np.random.default_rng(0).permutation(3000).astype(np.float16)
    arguments = () if function in (np.median, np.nanmedian) else (0.5 * whole(function),)
    for dtype in (np.float16, np.float32):
        found = grad(lambda x: function(x, *arguments))(x.astype(dtype))
        assert found.dtype == dtype
        np.testing.assert_allclose(found.sum(dtype=float), 1, rtol=1e-2)
        places = np.flatnonzero(found)
        assert np.all(np.abs(x[places].astype(float) - 1499.5) <= 2)


@pytest.mark.parametrize("function", ORDERED)
def test_out_is_refused(function: Function) -> None:
    arguments = () if function in (np.median, np.nanmedian) else (0.5,)
    with pytest.raises(GraphError, match="out="):
        function(tensor([1.0, 2.0], requires_grad=True), *arguments, out=np.zeros(()))


@pytest.mark.parametrize("function", [*ORDERED, np.average])
def test_axes_may_be_a_list(function: Function) -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    arguments = (0.3 * whole(function),) if function in QUANTILES else ()
    check_operation(lambda x: function(x, *arguments, axis=[0, 2]), x)
    check_operation(lambda x: function(x, *arguments, axis=np.array([0, 2])), x)


def test_quantiles_in_a_matrix() -> None:
    x, q = np.arange(12.0).reshape(3, 4) ** 2, np.array([[0.2, 0.4], [0.6, 0.8]])
    agree(np.quantile, x, q, axis=0)
    for function in (np.nanquantile, np.nanpercentile):
        with pytest.raises(UnsupportedError, match=r"reshape\(-1\)"):
            function(tensor(x), q, axis=0)


# Weighted means


@given(data=st.data())
def test_averages_are_numpys(data: st.DataObject) -> None:
    x = data.draw(samples(dtypes=(np.float64, np.float32, np.int16, np.complex128)))
    axis = data.draw(axes(x))
    shapes = [x.shape, (2,)]
    if axis is not None:
        shapes.append(tuple(x.shape[a] for a in (axis if isinstance(axis, tuple) else (axis,))))
    weights = data.draw(st.none() | samples(st.sampled_from(shapes), dtypes=(np.float64, np.float32, np.int16)))
    options = data.draw(st.fixed_dictionaries({}, optional={"returned": st.booleans(), "keepdims": st.booleans()}))
    agree(np.average, x, axis=axis, weights=weights, **options)


def test_average_takes_lists_beside_tensors() -> None:
    weights = np.array([1.0, 2.0, 1.0])
    np.testing.assert_allclose(grad(lambda w: np.average([1, 2, 4], weights=w))(weights), [-5 / 16, -1 / 16, 7 / 16])
    np.testing.assert_allclose(grad(lambda x: np.average(x, weights=[1, 2, 1]))(weights), [0.25, 0.5, 0.25])
    result, total = np.average([1.0, 2.0, 4.0], weights=tensor(weights, requires_grad=True), returned=True)
    assert (result.item(), total.item()) == (2.25, 4.0)
    with pytest.raises(ZeroDivisionError):
        np.average(tensor(weights, requires_grad=True), weights=[1, -1, 0])


# Covariances


@given(data=st.data())
def test_covariances_are_numpys(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 4))
    shapes = st.sampled_from([(n,), (1, n), (3, n), (n, 2), (n, 1)])
    dtypes = (np.float64, np.float32, np.int16, np.complex128)
    x, y = (
        data.draw(arrays(shapes, offset=offset)).astype(data.draw(st.sampled_from(dtypes))) for offset in (0.2, 0.7)
    )
    rowvar = data.draw(st.booleans())
    second = data.draw(st.sampled_from([None, y]))
    with np.errstate(all="ignore"):
        agree(np.corrcoef, x, second, rowvar)
    options: dict[str, Any] = {
        "bias": st.booleans(),
        "ddof": st.sampled_from([None, 0, 1, 2]),
        "fweights": st.none() | numpy_strategies.arrays(np.int64, n, elements=st.integers(0, 3)),
        "aweights": st.none() | arrays((n,), between=(0.5, 2.0)),
    }
    agree(np.cov, x, second, rowvar, **data.draw(st.fixed_dictionaries({}, optional=options)))


@pytest.mark.parametrize(
    "options",
    [
        {"ddof": 0.5},
        {"fweights": [1.5, 1.0, 1.0]},
        {"fweights": [1, 2]},
        {"fweights": [[1, 2, 3]]},
        {"fweights": [1, -2, 3]},
        {"aweights": [1.0, 2.0]},
        {"aweights": [[1.0, 2.0, 3.0]]},
        {"aweights": [1.0, -2.0, 3.0]},
    ],
    ids=str,
)
def test_errors_of_covariances_are_numpys(options: Any) -> None:
    agree(np.cov, np.arange(6.0).reshape(2, 3) ** 2, **options)


def test_covariance_of_more_than_two_axes_names_the_shape() -> None:
    with pytest.raises(ValueError, match=r"\(2, 2, 2\)"):
        np.cov(tensor(np.zeros((2, 2, 2))))
    assert np.cov(tensor(np.zeros((0, 3)))).shape == (0, 0)


def test_weights_of_observations_have_gradients() -> None:
    random = np.random.default_rng(1)
    x, weights = random.normal(size=(2, 4)), random.random(4) + 0.5
    for options in ({}, {"bias": True}, {"fweights": [1, 2, 1, 3]}, {"ddof": 2}):
        check_operation(lambda x, w, options=options: np.cov(x, aweights=w, **options), x, weights)


def test_correlations_that_cannot_grow_have_gradient_zero() -> None:
    """Rounding takes 1 beyond itself; the derivative neither is lost by that nor gets a kink."""
    x = np.array([0.1, 0.7, 0.2, 0.9])
    found = grad(lambda x: np.corrcoef(x, 3 * x)[0, 1])(x)
    np.testing.assert_allclose(found, np.zeros(4), atol=1e-14)
    y = np.array([1.0, 3.0, 2.0, 7.0])
    curvature = hessian(lambda y: np.corrcoef(3 * x, y)[0, 1])(x)
    assert np.linalg.norm(curvature) > 0.1
    assert abs(np.corrcoef(tensor(np.stack([x, y]))).data[0, 1]) <= 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_correlation_with_a_constant_is_nan_and_the_others_are_not() -> None:
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0], [5.0, 0.0, 1.0]])
    found = grad(lambda x: np.corrcoef(x)[1, 2])(x)
    expected = grad(lambda x: np.corrcoef(x)[0, 1])(x[1:])
    np.testing.assert_allclose(found[1:], expected)
    np.testing.assert_array_equal(found[0], np.zeros(3))


def complex_normal(*shape: int, seed: int = 0) -> Array:
    random = np.random.default_rng(seed)
    return np.asarray(random.normal(size=shape) + 1j * random.normal(size=shape))


def test_statistics_of_complex_numbers() -> None:
    x, y, weights = complex_normal(3, 4), complex_normal(2, 4, seed=1), np.array([0.5, 1.0, 2.0, 0.25])
    check_operation(lambda x, w: np.average(x, 1, w), x, weights)
    check_operation(lambda x, w: np.average(x, 1, w, returned=True), x, x + 2)
    check_operation(lambda x, w: np.average(x, 1, w), x.real, x + 2)
    check_operation(lambda x, y: np.cov(x, y), x, y)
    check_operation(lambda x, y: np.cov(x, y, rowvar=False), x.T, y.real.T)
    check_operation(lambda x, w: np.cov(x, aweights=w), x, weights)
    check_operation(lambda x, y: np.corrcoef(x, y), x, y)
    check_operation(lambda x: np.median(x, 1), x)
    check_operation(lambda x: np.nanmedian(x, 0), x)
    with pytest.raises(TypeError, match="real numbers"):
        np.quantile(tensor(x, requires_grad=True), 0.5)
