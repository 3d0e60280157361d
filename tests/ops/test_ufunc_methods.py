"""The methods and keywords of ufuncs: the values are NumPy's, and the gradients are right, whatever is drawn."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_strategies

from autograd import GraphError, Tensor, UnsupportedError, elementwise, grad, gradients, no_grad, tensor
from autograd.testing import arrays, check_operation

from ..operations.elementwise_samples import DOMAINS
from ..thorough import few

Array = np.ndarray[Any, Any]
UFunc = Any  # NumPy's annotations know neither tensors nor what is wrong on purpose
numpy: Any = np

# Between which numbers each ufunc can be applied again and again, with two derivatives everywhere.
FOLDED: dict[np.ufunc, tuple[float, float]] = {
    np.add: (-2, 2), np.subtract: (-2, 2), np.multiply: (-2, 2), np.divide: (0.5, 2), np.power: (0.75, 1.5),
    np.float_power: (0.75, 1.5), np.remainder: (0.5, 6), np.fmod: (0.5, 6), np.copysign: (0.5, 2), np.hypot: (0.5, 2),
    np.logaddexp: (-2, 2), np.logaddexp2: (-2, 2), np.arctan2: (0.5, 2), np.maximum: (-2, 2), np.minimum: (-2, 2),
    np.fmax: (-2, 2), np.fmin: (-2, 2),
}  # fmt: skip
REORDERABLE = {
    np.add, np.multiply, np.hypot, np.logaddexp, np.logaddexp2, np.maximum, np.minimum, np.fmax, np.fmin,
}  # fmt: skip

with_axes = numpy_strategies.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
dtypes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"dtype": st.sampled_from([None, "f8", "g"])}
)
each_ufunc = pytest.mark.parametrize("ufunc", FOLDED, ids=lambda ufunc: ufunc.__name__)


def elements(ufunc: UFunc, shape: Any = with_axes) -> st.SearchStrategy[Array]:
    return arrays(shape, between=FOLDED[ufunc], distinct=True, offset=0.375)


def smooth(ufunc: UFunc, x: Array, axis: int) -> bool:
    """Tell whether no remainder is near a jump, however many elements are folded, from whichever on."""
    if ufunc not in (np.remainder, np.fmod):
        return True
    rows = np.moveaxis(x, axis, 0)
    for start in range(len(rows)):
        for before, divisor in zip(ufunc.accumulate(rows[start:]), rows[start + 1 :], strict=False):
            quotient = before / divisor
            if np.any(np.abs(quotient - np.round(quotient)) < 1e-2):
                return False
    return True


def assert_same(result: Any, expected: Any) -> None:
    assert isinstance(result, Tensor)
    assert (result.shape, result.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    np.testing.assert_allclose(result.data, expected, rtol=4 * np.finfo(result.dtype).eps)


def check(function: Callable[..., Any], *inputs: Array) -> None:
    """Compare values in two precisions, on constants and on what wants a gradient, and derivatives of two orders."""
    for dtype in (np.float64, np.float32):
        typed = [x.astype(dtype) for x in inputs]
        expected = function(*typed)
        for requires_grad in (False, True):
            result = function(*(Tensor(x, requires_grad) for x in typed))
            assert_same(result, expected)
            assert result.requires_grad == requires_grad
    check_operation(function, *inputs)


def by_hand(ufunc: UFunc, x: Array, axis: int, keepdims: bool = False, dtype: Any = None, **options: Any) -> Array:
    """Return what `reduce` should: NumPy's own is wrong for power and arctan2 along contiguous memory."""
    rows = list(np.moveaxis(x if dtype is None else x.astype(dtype), axis, 0))
    masks = np.moveaxis(np.broadcast_to(options.get("where", True), x.shape), axis, 0)
    result = np.full_like(rows[0], options["initial"]) if "initial" in options else rows[0]
    for row, mask in zip(rows, masks, strict=True):
        if "initial" in options or row is not rows[0]:
            result = np.where(mask, ufunc(result, row), result)
    return np.expand_dims(result, axis) if keepdims else np.asarray(result)


WRONG_IN_NUMPY = {np.power, np.arctan2}


# Methods


@pytest.mark.one_in(3)
@each_ufunc
@few(2)
@given(data=st.data())
def test_reduce(ufunc: UFunc, data: st.DataObject) -> None:
    x = data.draw(elements(ufunc))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    assume(smooth(ufunc, x, axis))
    options: dict[str, Any] = {"axis": axis}
    if ufunc in REORDERABLE:
        several = st.lists(st.integers(0, x.ndim - 1), unique=True).map(tuple)
        options["axis"] = data.draw(st.none() | st.just(axis) | several)
    options |= data.draw(
        st.fixed_dictionaries({}, optional={"keepdims": st.booleans(), "dtype": st.sampled_from([None, "f8", "g"])})
    )
    if data.draw(st.booleans()) and ufunc not in (np.remainder, np.fmod):
        options["initial"] = 1.125
        if data.draw(st.booleans()):
            options["where"] = data.draw(numpy_strategies.arrays(bool, x.shape))
    reduce: Any = ufunc.reduce
    if ufunc in WRONG_IN_NUMPY:

        def reduce(x: Any, **options: Any) -> Any:
            return ufunc.reduce(x, **options) if isinstance(x, Tensor) else by_hand(ufunc, x, **options)

    check(lambda x: reduce(x, **options), x)


@pytest.mark.one_in(3)
@each_ufunc
@few(2)
@given(data=st.data())
def test_cumulative(ufunc: UFunc, data: st.DataObject) -> None:
    x = data.draw(elements(ufunc))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    assume(smooth(ufunc, x, axis))
    options = data.draw(dtypes)
    check(lambda x: ufunc.accumulate(x, axis, **options), x)


@pytest.mark.one_in(3)
@each_ufunc
@few(2)
@given(data=st.data())
def test_reduceat(ufunc: UFunc, data: st.DataObject) -> None:
    x = data.draw(elements(ufunc))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    assume(smooth(ufunc, x, axis))
    indices = data.draw(st.lists(st.integers(0, x.shape[axis] - 1), min_size=1, max_size=4))
    options = data.draw(dtypes)
    if ufunc in WRONG_IN_NUMPY:
        # of two elements NumPy's result is right
        assume(all(b <= a + 2 for a, b in zip(indices, [*indices[1:], x.shape[axis]], strict=True)))
    check(lambda x: ufunc.reduceat(x, indices, axis, **options), x)


@pytest.mark.one_in(3)
@each_ufunc
@few(2)
@given(data=st.data())
def test_outer(ufunc: UFunc, data: st.DataObject) -> None:
    shapes = numpy_strategies.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=2)
    low, high = FOLDED[ufunc]
    x, y = (data.draw(arrays(shapes, between=(low, high), offset=offset)) for offset in (0.25, 0.75))
    if ufunc in (np.remainder, np.fmod):
        quotients = np.divide.outer(x, y)
        assume(np.all(np.abs(quotients - np.round(quotients)) > 1e-2))
    options = data.draw(dtypes)
    check(lambda x, y: ufunc.outer(x, y, **options), x, y)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.fmin])
def test_complex_numbers(ufunc: UFunc) -> None:
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(3, 2)) + 1j * random.normal(size=(3, 2)) + 1 for _ in range(2))
    check_operation(lambda x: ufunc.reduce(x, axis=0), x)
    check_operation(lambda x: ufunc.accumulate(x, axis=1), x)
    check_operation(ufunc.outer, x, y[0])
    check_operation(zeros_elsewhere(ufunc, np.array([True, False])), x, y)
    assert_same(ufunc(tensor(x.real, requires_grad=True), 2, dtype=complex), ufunc(x.real, 2, dtype=complex))


def test_outer_takes_lists_and_numbers_as_numpy_does() -> None:
    x = np.array([1.0, 2.0], np.float32)
    for left, right in [(x, [1.0, 3.0]), ([1.0, 3.0], x), (x, 2.0), (2.0, x)]:
        arguments = [tensor(a, requires_grad=True) if a is x else a for a in (left, right)]
        assert_same(numpy.multiply.outer(*arguments), numpy.multiply.outer(left, right))


def test_methods_of_what_has_no_derivative_are_plain() -> None:
    x = tensor([[1.0, 2.0], [3.0, 0.0]], requires_grad=True)
    for result, expected in [
        (np.less.outer(x, x), np.less.outer(x.data, x.data)),
        (np.logical_and.reduce(x, axis=1), [True, False]),
        (np.logical_or.accumulate(x), np.logical_or.accumulate(x.data)),
    ]:
        assert isinstance(result, np.ndarray)
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("method", ["reduce", "accumulate", "reduceat"])
def test_arguments_may_be_named(method: str) -> None:
    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    options = {"array": x, "axis": 1, **({"indices": [0, 2]} if method == "reduceat" else {})}
    for ufunc in (np.add, np.subtract):
        expected = getattr(ufunc, method)(**options)
        for requires_grad in (False, True):
            result = getattr(ufunc, method)(**{**options, "array": tensor(x, requires_grad=requires_grad)})
            assert_same(result, expected)


@pytest.mark.parametrize(
    ("ufunc", "method", "arguments", "error"),
    [
        (np.subtract, "reduce", {"axis": (0, 1)}, "not reorderable"),
        (np.subtract, "reduce", {"where": np.array([True, False])}, "initial"),
        (np.subtract, "reduce", {"axis": 2}, "out of bounds"),
        (np.maximum, "reduce", {"where": np.array([True, False])}, "initial"),
        (np.exp, "reduce", {}, "binary"),
        (np.exp, "accumulate", {}, "binary"),
        (np.divmod, "reduce", {}, "single"),
        (np.subtract, "reduceat", {"indices": [5]}, "out-of-bounds|out of bounds"),
    ],
)
def test_errors_are_numpys(ufunc: UFunc, method: str, arguments: Any, error: str) -> None:
    x = np.ones((2, 2))
    for argument in (x, tensor(x, requires_grad=True)):
        with pytest.raises((ValueError, IndexError), match=error):
            getattr(ufunc, method)(argument, **arguments)


# Ties, infinities, nothing


def test_ties_of_running_extremes_share_evenly() -> None:
    x = np.array([1.0, 3.0, 3.0, 2.0, 3.0, 4.0])
    weights = np.array([1.0, 10.0, 100.0, 1000.0, 1e4, 1e5])
    found = grad(lambda x: np.sum(np.maximum.accumulate(x) * weights))(x)
    third = 1e4 / 3
    np.testing.assert_allclose(found, [1, 10 + 550 + third, 550 + third, 0, third, 1e5])
    np.testing.assert_allclose(grad(lambda x: np.sum(np.minimum.accumulate(-x) * weights))(x), -found)


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_ties_of_extremes_share_evenly(ufunc: UFunc) -> None:
    np.testing.assert_array_equal(grad(lambda x: ufunc.reduce(x))(np.full(4, 2.0)), np.full(4, 0.25))


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.fmax, np.fmin])
def test_extremes_in_less_precision_are_found_again(ufunc: UFunc) -> None:
    """0.1 is no float32, so that none of the elements is equal to the result."""
    x = np.array([0.1, 0.3, 0.2])
    place = 1 if ufunc in (np.maximum, np.fmax) else 0
    for method in (ufunc.reduce, ufunc.accumulate):
        found = grad(lambda x, m=method: m(x, dtype=np.float32).reshape(-1)[-1])(x)
        np.testing.assert_array_equal(found, np.eye(3)[place])


def test_nan_is_passed_over_by_fmax_alone() -> None:
    x = np.array([[np.nan, 1.0, 2.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(np.fmax.reduce(tensor(x), 1).data, [2, np.nan])
    np.testing.assert_array_equal(grad(lambda x: np.fmax.reduce(x, 1).sum())(x), [[0, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(grad(lambda x: np.fmax.accumulate(x, 1)[0].sum())(x), [[1, 1, 1], [0, 0, 0]])


def test_infinities_of_logaddexp() -> None:
    x = np.array([[np.inf, 1.0, np.inf], [-np.inf, -np.inf, -np.inf], [-np.inf, 1.0, -np.inf], [1e6, 1e6, 0.0]])
    expected = [[0.5, 0, 0.5], [0, 0, 0], [0, 1, 0], [0.5, 0.5, 0]]
    for ufunc in (np.logaddexp, np.logaddexp2):
        for dtype in (np.float64, np.float32):
            leaf = tensor(x.astype(dtype), requires_grad=True)
            ufunc.reduce(leaf, 1).backward(np.ones(4))
            np.testing.assert_array_equal(leaf.grad.data, np.array(expected, dtype), strict=True)


def test_length_of_zeros_has_gradient_zero() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.hypot.reduce(x, 1).sum())(np.zeros((2, 3))), np.zeros((2, 3)))


def test_reductions_of_nothing() -> None:
    x = np.zeros((0, 2))
    for ufunc in (np.add, np.multiply, np.hypot, np.logaddexp):
        leaf = tensor(x, requires_grad=True)
        result = ufunc.reduce(leaf)
        assert_same(result, ufunc.reduce(x))
        result.sum().backward()
        assert leaf.grad.shape == (0, 2)
        assert_same(ufunc.accumulate(leaf), ufunc.accumulate(x))
    full = tensor(np.ones((3, 2)), requires_grad=True)
    for reduceat in (np.add.reduceat, np.subtract.reduceat):
        assert_same(reduceat(full, np.array([], int)), np.zeros((0, 2)))
    with pytest.raises(ValueError, match="no identity"):
        np.subtract.reduce(tensor(x, requires_grad=True))
    assert_same(np.subtract.reduce(tensor(x, requires_grad=True), initial=2.0), [2.0, 2.0])
    assert_same(np.subtract.reduce(tensor(3.0, requires_grad=True)), 3.0)
    with pytest.raises(TypeError, match="goes along an axis, which a single number does not have"):
        np.subtract.accumulate(tensor(3.0, requires_grad=True))


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.maximum, np.logaddexp])
def test_start_of_a_reduction_has_a_gradient(ufunc: UFunc) -> None:
    x, where = np.array([[0.5, 2.0], [1.0, 3.0]]), np.array([[True, False], [True, True]])
    for options in ({}, {"where": where}, {"keepdims": True}):
        check_operation(
            lambda x, start, options=options: (
                ufunc.reduce(x, 0, initial=start, **options)
                if isinstance(start, Tensor)
                else ufunc.reduce(x, 0, initial=start.item(), **options)
            ),
            x,
            np.array(1.25),
        )


def test_ufunc_of_a_user_has_methods_and_keywords() -> None:
    """A ufunc that NumPy does not have: its declaration is all that there is."""
    ufunc = np.frompyfunc(lambda x, y: x * y + y, 2, 1)
    with pytest.raises(UnsupportedError):
        ufunc(tensor([1.0], requires_grad=True), 2.0)
    elementwise(ufunc, lambda g, y: g * y, lambda g, x: g * (x + 1), forward=lambda x, y: x * y + y, name="step")
    x = np.array([1.0, 2.0, 3.0])
    leaf = tensor(x, requires_grad=True)
    np.testing.assert_allclose(ufunc.outer(leaf, x).data, x[:, None] * x + x)


def test_objects_are_refused() -> None:
    for requires_grad in (False, True):
        with pytest.raises(UnsupportedError):
            np.frompyfunc(abs, 1, 1)(tensor([1.0], requires_grad=requires_grad))


# Keywords


def zeros_elsewhere(ufunc: UFunc, where: Any, **options: Any) -> Callable[..., Any]:
    """Return the call with a mask: on arrays, NumPy is given the zeros that tensors get by themselves."""

    def function(*inputs: Any) -> Any:
        if any(isinstance(x, Tensor) for x in inputs):
            return ufunc(*inputs, where=where, **options)
        shape = np.broadcast_shapes(np.shape(where), *map(np.shape, inputs))
        with np.errstate(all="ignore"):
            dtype = np.asarray(ufunc(*inputs, **options)).dtype
            return ufunc(*inputs, where=where, out=np.zeros(shape, dtype), **options)

    return function


@pytest.mark.one_in(6)
@pytest.mark.parametrize("ufunc", DOMAINS, ids=lambda ufunc: ufunc.__name__)
@few(2)
@given(data=st.data())
def test_where(ufunc: UFunc, data: st.DataObject) -> None:
    """The elements that are not selected are outside of the domain: they may neither warn nor leave a nan."""
    inputs = data.draw(DOMAINS[ufunc].samples().calls).inputs
    shape = np.broadcast_shapes(*map(np.shape, inputs))
    where = data.draw(st.booleans() | numpy_strategies.arrays(bool, shape))
    if data.draw(st.booleans()):
        where = np.stack([np.broadcast_to(where, shape)] * 2)
    function = zeros_elsewhere(ufunc, where)
    check_operation(function, *inputs)
    if shape and 0 not in shape and all(x.shape == shape for x in inputs):
        hidden = np.broadcast_to(where, np.broadcast_shapes(np.shape(where), shape)).reshape(-1, *shape).any(0)
        poisoned = [np.where(hidden, x, value) for x, value in zip(inputs, (np.nan, -0.0), strict=False)]
        leaves = [tensor(x, requires_grad=True) for x in poisoned]
        result = ufunc(*leaves, where=where)
        assert np.isfinite(result.data).all()
        for found in gradients(result, leaves, np.ones(result.shape)):
            assert found is not None
            assert not np.any(found.data[~hidden])
            assert np.isfinite(found.data).all()


@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
@pytest.mark.parametrize("ufunc", DOMAINS, ids=lambda ufunc: ufunc.__name__)
def test_dtype(ufunc: UFunc, dtype: str) -> None:
    inputs: list[Any] = [np.array([0.5, 0.75], np.float32), np.array([0.625, 0.25], np.float64)][: ufunc.nin]
    if ufunc is np.arccosh:
        inputs = [x + 1 for x in inputs]
    others = [inputs, [inputs[0], 2]] if ufunc.nin == 2 else [inputs]
    for arguments in others:
        leaves = [tensor(x, requires_grad=True) if isinstance(x, np.ndarray) else x for x in arguments]
        try:
            expected = ufunc(*arguments, dtype=dtype)
        except TypeError as error:  # float_power computes in double precision at least
            with pytest.raises(TypeError, match=str(error)[:20]):
                ufunc(*leaves, dtype=dtype)
            continue
        result = ufunc(*leaves, dtype=dtype)
        assert_same(result, expected)
        assert_same(ufunc(*(x.detach() if isinstance(x, Tensor) else x for x in leaves), dtype=dtype), expected)
        result.sum().backward()
        for leaf in leaves:
            if isinstance(leaf, Tensor):
                assert leaf.grad.dtype == leaf.dtype


def test_casting_and_signature() -> None:
    x, single = np.array([1.0, 2.0]), np.array([1.0, 2.0], np.float32)
    leaf, short = tensor(x, requires_grad=True), tensor(single, requires_grad=True)
    with pytest.raises(TypeError, match="Cannot cast ufunc 'add'"):
        np.add(leaf, 1, dtype=np.float32, casting="safe")
    with pytest.raises(TypeError, match="Cannot cast ufunc 'add'"):
        np.add(leaf, short, casting="no", dtype=np.float64)
    assert_same(np.add(leaf, short, casting="safe"), x + single)
    for signature in ("dd->d", (None, None, np.dtype("f8")), ("d", "d", "d")):
        assert_same(numpy.add(short, 1, signature=signature), numpy.add(single, 1, signature=signature))
    assert_same(np.multiply(short, 2, subok=False), single * 2)


@pytest.mark.parametrize("order", ["C", "F", "A", "K"])
def test_order_lays_out_memory(order: Any) -> None:
    for x in (np.ones((2, 3)), np.asfortranarray(np.ones((2, 3)))):
        for options in ({}, {"where": np.array([True, False, True])}):
            result = numpy.exp(tensor(x, requires_grad=True), order=order, **options)
            if order != "K" and not options:
                expected = np.exp(x, order=order).flags
                assert (result.data.flags.c_contiguous, result.data.flags.f_contiguous) == (
                    expected.c_contiguous,
                    expected.f_contiguous,
                )
            (found,) = gradients(result, result, np.ones((2, 3)))
            assert found is not None
    check_operation(lambda x: np.multiply(x, x, order=order), np.array([[0.5, 2.0], [1.0, 3.0]]))


def test_functions_of_two_results_take_keywords() -> None:
    x, where = np.array([1.5, -2.25, 3.5]), np.array([True, False, True])
    for ufunc in (np.modf, np.frexp):
        leaf = tensor(x, requires_grad=True)
        results = ufunc(leaf, where=where)
        for result, expected in zip(results, ufunc(x), strict=True):
            np.testing.assert_array_equal(result, np.where(where, expected, 0)) if isinstance(
                result, np.ndarray
            ) else assert_same(result, np.where(where, expected, 0))
        results[0].sum().backward()
        assert leaf.grad.data[1] == 0
        assert leaf.grad.data[0] != 0


def test_what_is_not_recorded_is_zero_elsewhere_too() -> None:
    x, where = np.array([1.0, -1.0]), np.array([True, False])
    leaf = tensor(x, requires_grad=True)
    with no_grad():
        assert_same(np.log(leaf, where=where), [0.0, 0.0])
    assert_same(np.log(tensor(x), where=where), [0.0, 0.0])
    assert_same(np.floor(leaf, where=where), [1.0, 0.0])


GENERALIZED: list[tuple[np.ufunc, tuple[tuple[int, ...], ...], dict[str, Any]]] = [
    (np.matmul, ((3, 2), (4, 3)), {"axes": [(1, 0), (1, 0), (0, 1)]}),
    (np.matmul, ((2, 3, 5), (3, 4, 5)), {"axes": [(0, 1), (0, 1), (0, 1)]}),
    (np.matmul, ((2, 3, 5), (3, 4, 5)), {"axes": [(0, 1), (0, 1), (2, 0)]}),
    (np.matmul, ((2, 3), (3, 4)), {"dtype": "f8", "order": "F"}),
    (np.vecdot, ((3, 2), (3, 2)), {"axis": 0}),
    (np.vecdot, ((3, 2), (3, 2)), {"axis": 0, "keepdims": True}),
    (np.vecdot, ((3, 2), (3, 2)), {"keepdims": True}),
    (np.vecdot, ((3, 2), (2, 3)), {"axes": [0, 1, ()]}),
]
if hasattr(np, "matvec"):
    GENERALIZED += [
        (np.matvec, ((3, 2), (2,)), {"dtype": "f8"}),
        (np.matvec, ((2, 3, 4), (2, 4)), {"axes": [(1, 2), (1,), (0,)]}),
        (np.vecmat, ((3, 4), (4, 2, 3)), {"axes": [(1,), (0, 1), (0,)]}),
    ]


@pytest.mark.parametrize(("ufunc", "shapes", "options"), GENERALIZED)
def test_axes_of_generalized_ufuncs(ufunc: UFunc, shapes: Any, options: Any) -> None:
    random = np.random.default_rng(0)
    check_operation(lambda x, y: ufunc(x, y, **options), *(random.normal(size=shape) for shape in shapes))


def test_generalized_ufuncs_have_no_mask() -> None:
    with pytest.raises(TypeError, match="where"):
        numpy.matmul(tensor(np.eye(2), requires_grad=True), np.eye(2), where=True)
    with pytest.raises(TypeError, match="nonsense"):
        numpy.exp(tensor([1.0], requires_grad=True), nonsense=1)


# Writing in place


def test_writing_in_place_is_refused_where_it_would_not_be_recorded() -> None:
    x, constant = tensor([1.0, 2.0], requires_grad=True), tensor([1.0, 2.0])
    with pytest.raises(GraphError, match="leaf that requires a gradient"):
        numpy.add.at(x, [0], 1.0)
    with pytest.raises(GraphError, match="leaf that requires a gradient"):
        numpy.floor(constant, out=x)
    with pytest.raises(GraphError, match=r"numpy\.add\.at on an ndarray"):
        numpy.add.at(np.zeros(2), [0], x)
    with pytest.raises(UnsupportedError, match=r"numpy\.floor_divide\.at has no derivative"):
        numpy.floor_divide.at(tensor([1.0, 2.0]), [0], x)
    calls: list[Any] = [lambda: np.add(x, 1, out=np.zeros(2)), lambda: np.subtract.reduce(x, out=np.zeros(()))]
    for call in calls:
        with pytest.raises(GraphError, match="out="):
            call()
    assert numpy.add.at(constant, [0, 0], 1.0) is None
    np.testing.assert_array_equal(constant.data, [3.0, 2.0])
    with no_grad():
        numpy.add.at(x, [1], 1.0)
    np.testing.assert_array_equal(x.data, [1.0, 3.0])
