"""What is special to reductions: axes, ties, empty arrays, constants."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import GraphError, UnsupportedError, compile, grad, jvp, logsumexp, tensor
from autograd.primitives.accurate_sum import reduced_by_columns
from autograd.testing import check_operation, special_values

from .agreement import agree

Function = Callable[..., Any]

X = np.arange(24.0).reshape(2, 3, 4) ** 2 % 7
AXES = [None, 0, 2, -1, -3, (0, 2), (-1, 0), (0, 1, 2), ()]
REDUCTIONS: list[Function] = [np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std, np.ptp]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("function", REDUCTIONS)
def test_values_are_numpys(function: Function, axis: Any, keepdims: bool) -> None:
    for x in (X, X.astype(np.float32), np.asfortranarray(X), X[:, ::-1]):
        expected = np.asarray(function(x, axis=axis, keepdims=keepdims))
        np.testing.assert_array_equal(function(tensor(x), axis=axis, keepdims=keepdims).data, expected, strict=True)
        method = getattr(tensor(x), function.__name__)
        np.testing.assert_array_equal(method(axis, keepdims=keepdims).data, expected, strict=True)


LAYOUTS: dict[str, Function] = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "three axes": lambda x: x.reshape(10, -1, x.shape[-1]),
    "turned": lambda x: x.reshape(10, -1, x.shape[-1])[::-1].swapaxes(0, 1),
    "reversed": lambda x: x[:, ::-1],
    "apart": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_many_short_rows_are_reduced_to_the_bit_as_numpy_does(layout: str, dtype: Any) -> None:
    by_columns = 0
    for count in range(1, 15):
        random = np.random.default_rng(count)
        values = random.standard_normal((130 * count, count)) * 10.0 ** random.integers(-4, 5, (130 * count, count))
        values[random.random(values.shape) < 0.1] = np.inf
        values[random.random(values.shape) < 0.1] = -np.inf
        values[random.random(values.shape) < 0.02] = np.nan
        values[::9] = -0.0
        x = LAYOUTS[layout](values.astype(dtype))
        pairs: list[tuple[Any, Function]] = [(np.add, np.sum), (np.maximum, np.max), (np.minimum, np.min)]
        for ufunc, function in pairs:
            for axis, keepdims in ((-1, False), (x.ndim - 1, True)):
                with np.errstate(invalid="ignore"):
                    expected = ufunc.reduce(x, axis, keepdims=keepdims)
                    found = function(tensor(x), axis, keepdims=keepdims).data
                    by_columns += reduced_by_columns(ufunc, x, axis, keepdims) is not None
                np.testing.assert_array_equal(found, expected, strict=True)
                np.testing.assert_array_equal(np.signbit(found[expected == 0]), np.signbit(expected[expected == 0]))
    assert by_columns == 2 * (6 + 11 + 11)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 12, 13])
@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, np.min, logsumexp])
def test_many_short_rows_are_reduced_in_programs_and_differentiated(function: Function, count: int) -> None:
    x = np.random.default_rng(0).standard_normal((130 * count, count))
    x[::5, 0] = x[::5, -1] = 2.0

    def loss(x: Any) -> Any:
        return (function(x, axis=-1) ** 2).sum()

    first, second = grad(loss)(x), grad(lambda x: (grad(loss)(x) ** 2).sum())(x)
    few = [
        np.concatenate([f(part) for part in np.split(x, 130)])
        for f in (grad(loss), lambda x: grad(lambda x: (grad(loss)(x) ** 2).sum())(x))
    ]
    np.testing.assert_allclose(first, few[0], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(second, few[1], rtol=1e-12, atol=1e-12)
    compiled = compile(grad(loss))
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x), first, strict=True)
    assert len(compiled.programs) == 1


OPTIONS: dict[Function, tuple[str, ...]] = {
    np.sum: ("dtype", "initial", "where"),
    np.prod: ("dtype", "initial", "where"),
    np.mean: ("dtype", "where"),
    np.var: ("dtype", "where", "ddof", "mean"),
    np.std: ("dtype", "where", "ddof", "mean"),
    np.max: ("initial", "where"),
    np.min: ("initial", "where"),
    np.amax: ("initial", "where"),
    np.amin: ("initial", "where"),
    np.ptp: (),
    np.cumsum: ("dtype",),
    np.cumprod: ("dtype",),
}


@pytest.mark.parametrize("function", OPTIONS)
@given(data=st.data())
def test_every_argument_is_numpys(function: Function, data: st.DataObject) -> None:
    """Values, shapes, dtypes, warnings and errors, for numbers of all kinds."""
    dtype: Any = data.draw(st.sampled_from(["f8", "f4", "f2", "c16", "c8", "i1", "u2", "?"]))
    shape = data.draw(numpy_strategies.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    x = data.draw(numpy_strategies.arrays(np.int64, shape, elements=st.integers(0, 3))).astype(dtype)
    if x.dtype.kind in "fc" and data.draw(st.booleans()):
        x = np.where(x == 2, np.array(data.draw(special_values(np.float16)), dtype), x)
    axes = st.none() | st.integers(-len(shape) - 1, len(shape))
    optional: dict[str, st.SearchStrategy[Any]] = {"axis": axes}
    if function not in (np.cumsum, np.cumprod):
        optional = {"axis": axes | st.lists(st.integers(0, 2), unique=True).map(tuple), "keepdims": st.booleans()}
    choices: dict[str, st.SearchStrategy[Any]] = {
        "dtype": st.sampled_from([None, np.float64, np.float32, complex]),
        "initial": st.sampled_from([1, 2, None]) if x.dtype.kind != "b" else st.just(True),
        "where": numpy_strategies.arrays(bool, shape) | st.just(False),
        "ddof": st.sampled_from([0, 1, 0.5, 30]),
        "mean": st.sampled_from([np.array(1.0), np.array([0.5])]),
    }
    optional |= {name: choices[name] for name in OPTIONS[function]}
    agree(function, x, **data.draw(st.fixed_dictionaries({}, optional=optional)))


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
        tensor(X).mean(**{name: 1})  # type: ignore[arg-type]  # which is refused


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


def test_what_a_sum_starts_from_has_no_tangent() -> None:
    x, direction = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [5.0, 7.0]])
    value, tangent = jvp(lambda x: np.sum(x, 1, initial=10), (x,), (direction,))
    np.testing.assert_array_equal(value, [13, 17])
    np.testing.assert_array_equal(tangent, [1, 12])


@pytest.mark.parametrize("function", [np.var, np.std])
def test_mean_that_is_known_is_an_input(function: Function) -> None:
    mean = X.mean(1, keepdims=True)
    for options in ({}, {"ddof": 1}, {"where": X < 6}):
        check_operation(lambda x, m, o=options: function(x, axis=1, mean=m, **o), X + 0.25, mean + 0.125)
    np.testing.assert_allclose(
        grad(lambda x: function(x, axis=1, mean=x.mean(1, keepdims=True)).sum())(X),
        grad(lambda x: function(x, axis=1).sum())(X),
        atol=1e-15,
    )
    with pytest.raises(UnsupportedError, match=r"x\.astype\(complex128\)"):
        function(tensor(X), mean=1j)


@pytest.mark.parametrize("function", [np.var, np.std])
@pytest.mark.filterwarnings(
    "ignore:.*Degrees of freedom:RuntimeWarning", "ignore:invalid value:RuntimeWarning", "ignore:the gradient"
)
def test_without_degrees_of_freedom_the_gradient_is_nan(function: Function) -> None:
    """So is the result; what stands beside it is not touched, nor is what is left out."""
    x, where = np.array([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]), np.array([[True, True, True], [False, True, False]])
    leaf = tensor(x, requires_grad=True)
    result = function(leaf, axis=1, ddof=1, where=where)
    np.testing.assert_array_equal(np.isnan(result.data), [False, True])
    result.backward(np.ones(2))
    np.testing.assert_array_equal(np.isnan(leaf.grad.data), [[False] * 3, [False, True, False]])
    single = tensor([3.0], requires_grad=True)
    function(single, ddof=1).backward()
    assert np.isnan(single.grad.item())


COMPLEX = X + 1j * np.roll(X, 1, 2) + np.linspace(0, 0.25, X.size).reshape(X.shape)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("axis", [None, 1, (0, 2)])
@pytest.mark.parametrize(
    "function", [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.ptp, logsumexp], ids=lambda f: f.__name__
)
def test_complex_numbers(function: Function, axis: Any) -> None:
    scale = 0.5 if function is np.prod else 1
    check_operation(lambda x: function(x * scale, axis=axis), COMPLEX)
    if function in (np.var, np.std):
        assert function(tensor(COMPLEX)).dtype == np.float64
        where = COMPLEX.real < 5
        check_operation(lambda x: function(x, axis=axis, where=where, ddof=0.5), COMPLEX)
        check_operation(lambda x, m: function(x, axis=axis, mean=m), COMPLEX, np.array(0.5 + 0.25j))


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


def test_logsumexp_of_infinities() -> None:
    x = np.array([[np.inf, 1.0, np.inf], [-np.inf, np.inf, 3.0]])
    leaf = tensor(x, requires_grad=True)
    logsumexp(leaf, 1).backward(np.ones(2))
    np.testing.assert_array_equal(leaf.grad.data, [[0.5, 0, 0.5], [0, 1, 0]])


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
