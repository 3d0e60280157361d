"""What users import to test their own operations."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import find, given
from hypothesis import strategies as st
from scipy import special

import autograd as ag
from autograd import GradientCheckError, Tensor
from autograd.testing import (
    LAYOUTS,
    arrays,
    axes,
    broadcastable_arrays,
    check_operation,
    keywords,
    layouts,
    shapes,
    special_values,
    tensors,
)
from nn.functional import softmax, tanhshrink

Array = np.ndarray[Any, Any]
X = np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]])


@given(arrays(between=(0.5, 2.0), dtype=st.sampled_from([np.float32, np.float64])))
def test_arrays_keep_within_limits(x: Array) -> None:
    assert x.dtype in (np.float32, np.float64)
    assert np.all((x > 0.5) & (x < 2.0))


@given(arrays((3, 5), distinct=True))
def test_distinct_elements_are_apart(x: Array) -> None:
    assert np.min(np.diff(np.sort(x, axis=None))) > 0.05


@given(broadcastable_arrays((-2.0, 2.0), (-2.0, 2.0), (-2.0, 2.0)))
def test_broadcastable_arrays_broadcast_and_do_not_tie(inputs: tuple[Array, ...]) -> None:
    np.broadcast_shapes(*(x.shape for x in inputs))
    values = [set(x.ravel()) for x in inputs]
    assert not any(a & b for i, a in enumerate(values) for b in values[:i])


@given(arrays(between=(0.0, np.inf), dtype=st.sampled_from([np.float32, np.float64, np.complex64]), special=True))
def test_special_numbers_keep_within_limits(x: Array) -> None:
    assert np.all((x.real > 0) & np.isfinite(x))


@pytest.mark.parametrize(
    "wanted",
    [
        lambda x: x.size > 1 and not x.any(),
        lambda x: np.any(np.signbit(x) & (x == 0)),
        lambda x: len(set(x.flat)) < x.size and np.all(x != 0),
        lambda x: np.any(np.abs(x) > 1e300),
        lambda x: np.any((np.abs(x) > 0) & (np.abs(x) < 1e-300)),
        lambda x: np.any((np.abs(x) > 0.1) & (np.abs(x) < 3) & ~np.isin(np.abs(x), [0.5, 1, 2])),
    ],
    ids=["zeros", "-0.0", "ties", "huge", "tiny", "ordinary"],
)
def test_every_kind_of_special_number_is_drawn(wanted: Any) -> None:
    assert wanted(find(arrays((3,), between=(-np.inf, np.inf), special=True), wanted))


def test_numbers_next_to_the_limits_are_drawn() -> None:
    x = find(arrays((), between=(0.25, 0.75), special=True), lambda x: x == np.nextafter(0.75, 0))
    assert x < 0.75


@given(broadcastable_arrays((0.5, 2.0), signature="(m, n),(n)->(m)"))
def test_a_signature_says_which_axes_agree(inputs: tuple[Array, ...]) -> None:
    a, b = inputs
    assert (a.ndim, b.ndim) == (2, 1)
    assert (a @ b).shape == a.shape[:1]
    assert a.size == 0 or a.min() > 0.5


def test_axes_of_a_batch_are_drawn_where_the_signature_has_them() -> None:
    a, b = find(broadcastable_arrays(signature="(...,m,n),(...,n,p)"), lambda pair: pair[0].ndim == 4 != pair[1].ndim)
    assert (a @ b).ndim == 4


@pytest.mark.parametrize("ndim", [0, 1, 3])
@given(data=st.data())
def test_axes_are_those_of_an_array(ndim: int, data: st.DataObject) -> None:
    np.sum(np.ones((2,) * ndim), axis=data.draw(axes(ndim)))


@pytest.mark.parametrize("wanted", [None, -2, (1, 0), (), (0, -1)])
def test_every_kind_of_axes_is_drawn(wanted: Any) -> None:
    assert find(axes(2), lambda axis: axis == wanted and type(axis) is type(wanted)) == wanted


@pytest.mark.parametrize("wanted", [{"axis": (1, 0), "keepdims": True}, {"axis": 0, "keepdims": 1}])
def test_other_ways_to_say_the_same_are_drawn(wanted: dict[str, Any]) -> None:
    drawn = find(keywords(axis=[0, (0, 1)], keepdims=[True]), lambda each: repr(each) == repr(wanted))
    assert drawn == wanted


@pytest.mark.parametrize("wanted", [(), (0,), (1,), (2, 3), (1, 0, 2)])
def test_every_kind_of_shape_is_drawn(wanted: tuple[int, ...]) -> None:
    assert find(shapes(), lambda shape: shape == wanted) == wanted


@given(arrays(), st.sampled_from(sorted(LAYOUTS)))
def test_layouts_hold_the_same_values(x: Array, name: str) -> None:
    laid_out = LAYOUTS[name](x)
    assert np.array_equal(laid_out, x)
    assert (laid_out.shape, laid_out.dtype) == (x.shape, x.dtype)
    assert not np.shares_memory(laid_out, x)


def test_layouts_are_what_they_are_called() -> None:
    assert LAYOUTS["Fortran"](X).flags.f_contiguous
    assert LAYOUTS["negative strides"](X).strides == (-24, -8)
    assert LAYOUTS["a slice"](X).strides == (48, 16)
    assert not LAYOUTS["read-only"](X).flags.writeable
    assert find(layouts(X), lambda x: not x.flags.writeable) is not None


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, np.finfo(np.float32).tiny, -np.inf])
def test_special_values_are_drawn(value: float) -> None:
    assert find(special_values(np.float32), lambda x: x == value) == value


@given(tensors((2,), requires_grad=True))
def test_tensors_require_a_gradient(x: Tensor) -> None:
    assert x.requires_grad
    assert x.shape == (2,)


def rule_of_square(g: Any, x: Any) -> Any:
    return g * (x + x)


def test_check_operation_finds_an_input_that_is_written_to() -> None:
    def doubled(x: Array) -> Array:
        x += x
        return x.copy()

    with pytest.raises(GradientCheckError, match="input 0 was written to"):
        check_operation(ag.elementwise(doubled, lambda g: g + g), X.copy())


def test_check_operation_takes_arrays() -> None:
    with pytest.raises(TypeError, match="takes an array for each input, but input 1 is a list"):
        check_operation(np.multiply, X, [X])  # type: ignore[arg-type]  # the mistake


def test_check_operation_finds_a_wrong_kind() -> None:
    """Forward mode would apply the function to the tangent."""
    square = ag.linear(lambda x: x * x, rule_of_square, name="square")
    with pytest.raises(GradientCheckError, match="forward mode gives"):
        check_operation(square, X)


def test_check_operation_finds_values_of_tensors_that_differ() -> None:
    with pytest.raises(GradientCheckError, match="the values on tensors and on arrays differ"):
        check_operation(lambda x: x * (2 if isinstance(x, Tensor) else 3), X)
    with pytest.raises(GradientCheckError, match=r"float64 \(3,\), on arrays float64 \(2,\)"):
        check_operation(lambda x: x.sum(0 if isinstance(x, Tensor) else 1), X)


def test_check_operation_finds_a_rule_that_is_wrong_in_float32_alone() -> None:
    def rule(g: Any, x: Any) -> Any:
        return rule_of_square(g, x) * (1.01 if x.dtype == np.float32 else 1)

    square = ag.elementwise(lambda x: x * x, rule, name="square")
    for x in (X, X.astype(np.float32)):
        with pytest.raises(GradientCheckError, match="in float32, but"):
            check_operation(square, x)


def test_check_operation_finds_small_errors_by_a_complex_step() -> None:
    """An error of one in 10**9 passes differences."""
    almost = ag.elementwise(lambda x: x * x, lambda g, x: rule_of_square(g, x) * (1 + 1e-9), name="square")
    check_operation(almost, X)
    with pytest.raises(GradientCheckError, match="by a complex step"):
        check_operation(almost, X, analytic=True)


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("function", "inputs", "order"),
    [
        (lambda x: np.modf(x)[0], [-196875.0], 1),  # jumps at each whole number: numbers as large move by such
        (lambda x: np.modf(x)[1], [-196875.0], 1),
        (np.floor_divide, [-595312.5, 0.000517578125], 1),  # a staircase of 1e9 steps looks straight
        (lambda x, y: np.divmod(x, y)[1], [-595312.5, 0.000517578125], 2),
        (np.fmod, [-595312.5, 0.000517578125], 2),
        (lambda x: softmax(x, axis=-1), [[180.0, -242.0, 242.0]], 2),  # gradients of 1e-27 are rounded to 0
        (special.rel_entr, [0.0, -0.0], 2),  # a corner of the domain
        (lambda x: np.exp(-x * x), [1e3], 1),  # squares overflow in half precision
        (np.exp2, [-1054.65], 1),  # numbers of few digits
        (np.copysign, [0.0, 0.0], 1),
        (tanhshrink, [-3e-12], 1),
        (special.betaincinv, [0.05, 0.06, 2e-5], 1),  # values are too small for single precision
    ],
)
def test_check_operation_accepts_right_functions(function: Any, inputs: list[Any], order: int) -> None:
    check_operation(function, *map(np.array, inputs), order=order)


def test_importing_the_library_does_not_load_hypothesis() -> None:
    code = "import autograd, sys; assert 'hypothesis' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
