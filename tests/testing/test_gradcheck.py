"""The checker itself: it passes right rules, and names what is wrong with others."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd as ag
from autograd import DtypeError, GradientCheckError, Tensor, Value
from autograd.testing import arrays, audit, check_operation
from autograd.testing._gradcheck import GradientCheck, gradcheck, gradgradcheck
from autograd.testing.comparisons.compare import compare_each
from autograd.testing.comparisons.point import Measure, Point
from autograd.testing.subjects.subject import Subject

X = np.array([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]])
Y = np.array([0.5, 2.0, -1.0])

both_modes = pytest.mark.parametrize("fast_mode", [False, True])


@both_modes
@given(x=arrays())
def test_right_gradients_pass(fast_mode: bool, x: np.ndarray[Any, Any]) -> None:
    assert gradcheck(np.tanh, x, fast_mode=fast_mode)
    assert gradgradcheck(np.tanh, x, fast_mode=fast_mode)


@both_modes
def test_several_inputs_and_outputs(fast_mode: bool) -> None:
    def fn(x: Tensor, y: Tensor) -> list[Tensor]:
        return [x @ y, y.exp(), x[0] * y]

    assert gradcheck(fn, (X, Y), fast_mode=fast_mode)
    assert gradgradcheck(fn, [Tensor(X), Y], fast_mode=fast_mode)


def wrong(function: Callable[..., Any], *rules: Callable[..., Any], kind: Any = ag.elementwise) -> Callable[..., Any]:
    return kind(lambda *args: function(*args), *rules, forward=function, name="wrong")  # type: ignore[no-any-return]


def total(x: Any, axis: int) -> Any:
    return np.add.reduce(x, axis)


# What people get wrong, and the worst element of it.
WRONG = {
    "sign flipped": (wrong(np.cos, lambda g, x: g * np.sin(x)), [X], (0, (1, 0))),
    "term dropped": (wrong(np.tanh, lambda g, out: g - g * out), [X], None),
    "factor forgotten": (wrong(np.square, lambda g, x: g * x), [X], (0, (1, 0))),
    "factor of the wrong input": (wrong(np.multiply, lambda g, x: g * x, lambda g, x: g * x), [X, X + 1], None),
    "second input swapped with first": (
        wrong(np.divide, lambda g, y: g / y, lambda g, x, y: -g * y / (x * x)), [X, X - 2], None,
    ),
    "wrong axis": (
        wrong(
            lambda x: total(x, 0), lambda g: np.broadcast_to(g[:, None], (3, 3)), kind=ag.general,
        ), [np.arange(9.0).reshape(3, 3)], None,
    ),
    "transpose forgotten": (
        wrong(lambda x, y: x @ y, lambda g, y: g @ y, lambda g, x: x.mT @ g, kind=ag.multilinear),
        [X[:, :2], np.array([[1.0, 2.0], [3.0, 4.0]])], None,
    ),
    "mean as a sum": (
        wrong(lambda x: x.mean(), lambda g, x_shape: np.broadcast_to(g, x_shape), kind=ag.general), [X], None,
    ),
    "zero": (wrong(np.exp, lambda g: g * 0), [X], (0, (1, 0))),
    "one element of many": (
        wrong(lambda x: x * 2, lambda g: g * np.where(np.arange(3) == 1, 2.5, 2.0)), [Y], (0, (1,)),
    ),
}  # fmt: skip


@pytest.mark.one_in(12)
@both_modes
@pytest.mark.parametrize("name", WRONG)
def test_wrong_rule_is_named(name: str, fast_mode: bool) -> None:
    fn, inputs, place = WRONG[name]
    check = gradcheck(fn, inputs, fast_mode=fast_mode, raise_exception=False)
    assert not check
    assert check.worst is not None
    assert check.worst.error > check.worst.tolerance
    assert check.worst.error == abs(check.worst.analytic - check.worst.numeric)
    if place is not None:
        assert (check.worst.input, check.worst.index) == place
    with pytest.raises(GradientCheckError) as raised:
        gradcheck(fn, inputs, fast_mode=fast_mode)
    for part in (str(check.worst.index), f"{check.worst.analytic:.8g}", f"{check.worst.numeric:.8g}"):
        assert part in str(raised.value)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", WRONG)
def test_check_operation_catches_the_same(name: str) -> None:
    fn, inputs, _ = WRONG[name]
    with pytest.raises(GradientCheckError):
        check_operation(fn, *inputs)


def test_the_worst_element_is_that_of_the_function() -> None:
    shifted = wrong(lambda x, y: x @ y, lambda g, y: g @ y.mT, lambda g, x: x.mT @ g + SPOT, kind=ag.multilinear)
    check = gradcheck(shifted, [X, np.ones((3, 2))], raise_exception=False)
    assert check.worst is not None
    assert (check.worst.input, check.worst.index) == (1, (2, 1))
    assert check.worst.analytic - check.worst.numeric == pytest.approx(1.0)


SPOT = np.zeros((3, 2))
SPOT[2, 1] = 1.0


def test_wrong_second_derivative_is_named() -> None:
    """The rule is right, but its use of the input is hidden from the graph."""
    hidden = wrong(np.sin, lambda g, x: g * np.cos(x.data if isinstance(x, Tensor) else x))
    assert gradcheck(hidden, Y, fast_mode=True)
    with pytest.raises(GradientCheckError, match=r"gradient 0 at \(\d,\) with respect to input 0 at \(\d,\) is 0 by"):
        gradgradcheck(hidden, Y)


def test_wrong_derivative_by_the_cotangent_is_named() -> None:
    hidden = wrong(np.positive, lambda g: g.detach() if isinstance(g, Tensor) else g)
    check = gradgradcheck(hidden, Y, raise_exception=False)
    assert not check
    assert "with respect to cotangent 0" in str(check)


def test_rule_that_is_not_linear_is_caught() -> None:
    squared = wrong(np.positive, lambda g: g * np.absolute(g))
    with pytest.raises(GradientCheckError, match="not linear in the cotangent"):
        check_operation(squared, Y)


def relu(at_zero: float) -> Any:
    return wrong(lambda x: np.maximum(x, 0), lambda g, x: g * np.where(x == 0, at_zero, x > 0))


@pytest.mark.one_in(2)
@both_modes
@pytest.mark.parametrize("place", [0.0, 3e-7, 1e-300])
def test_slopes_at_a_kink_may_be_those_of_either_side(fast_mode: bool, place: float) -> None:
    for at_zero in (0.0, 0.25, 1.0):
        assert gradcheck(relu(at_zero), np.array([1.0, place, -1.0]), fast_mode=fast_mode)


@both_modes
@pytest.mark.parametrize("slope", [-1.0, 1.5, np.nan])
def test_other_slopes_at_a_kink_are_wrong(fast_mode: bool, slope: float) -> None:
    check = gradcheck(relu(slope), np.array([1.0, 0.0, -1.0]), fast_mode=fast_mode, raise_exception=False)
    assert not check
    assert check.worst is not None
    assert (check.worst.index, check.worst.numeric) == ((1,), min(max(slope, 0.0), 1.0) if slope == slope else 0.5)


def test_ties_share_one_gradient() -> None:
    """Each of two largest elements may have any part of it, but together they have all."""
    largest = wrong(lambda x: np.max(x), lambda g, x, out: g * (x == out), kind=ag.general)
    assert gradcheck(largest, np.array([1.0, 3.0, 2.0]))
    with pytest.raises(GradientCheckError, match=r"is .* by the graph but"):
        gradcheck(largest, np.array([1.0, 3.0, 3.0]))
    assert gradcheck(np.max, np.array([1.0, 3.0, 3.0]))


def test_equal_numbers_whose_sides_happen_to_agree_are_no_slope() -> None:
    zeros = np.zeros((3, 3, 3))
    zeros[0, 0, 1], zeros[0, 2, ::2], zeros[2, 1, 1], zeros[2, 2, 0] = 1.9, (-0.9, -0.7), -0.7, 0.3
    zeros[1, 2] = 2.0, -1.2, 0.2
    check_operation(lambda x: np.sort(x, axis=0), zeros, order=1)


def test_values_that_are_wrong_next_to_zero_alone_cannot_tell() -> None:
    """As of SciPy's binomial coefficients, by 3e-9."""
    nearly = wrong(lambda x: 1 + np.where(np.abs(x) < 1e-11, -800 * x, 1e-3 * x), lambda g, x: g * 1e-3)
    check_operation(nearly, np.array(4e-12), order=1)
    twice = wrong(lambda x: 1 + 1e-3 * x, lambda g, x: g * np.where(np.abs(x) < 1e-11, 800.0, 1e-3))
    with pytest.raises(GradientCheckError, match="by the graph but"):
        check_operation(twice, np.array(4e-12), order=1)


def test_steps_longer_than_a_tiny_remainder_cannot_tell() -> None:
    x = np.array([[[0.0, 0.0, -1.67e-16]], [[-1.4e-17, 6.04e-15, 0.0]]])
    for function in (np.remainder, np.divmod):
        check_operation(function, x, np.array([[1.68e-17], [2.08e-15]]), order=1)


def test_parts_of_a_number_that_is_whole_however_it_changes_cannot_be_told() -> None:
    check_operation(np.modf, np.array([[0.0, 1.2e31]]), order=1)


def test_what_is_whole_everywhere_is_compared_beyond_whole_numbers() -> None:
    check_operation(np.floor, np.array(1e17), order=1)
    same = wrong(lambda x: 1.0 * x, lambda g, x: g * np.where(np.abs(x) > 1e154, 0.0, 1.0))
    with pytest.raises(GradientCheckError, match="is 0 by the graph but 1 by"):
        check_operation(same, np.array(3e155), order=1)


def test_subnormal_numbers_are_compared() -> None:
    x = np.array([4e-310, 0.5, 3e-312])
    twice = wrong(np.sin, lambda g, x: g * np.cos(x) * np.where(np.abs(x) < 1e-308, 2.0, 1.0))
    assert compare_each(Point(Subject(twice, [x])), 0, Measure()).excess > 1
    assert compare_each(Point(Subject(np.sin, [x])), 0, Measure()).excess <= 1


def test_wrong_rule_of_a_curved_function_is_not_called_a_kink() -> None:
    steep = wrong(lambda x: np.exp(10 * x), lambda g, out: g * out)
    with pytest.raises(GradientCheckError) as raised:
        gradcheck(steep, 1.0)
    assert "kink" not in str(raised.value)


def test_single_precision_is_checked_beside_double_precision() -> None:
    x = np.array([1.0, 0.3, -1.0])
    assert gradcheck(np.sin, x.astype(np.float32))
    assert gradcheck(lambda x: np.sin(np.astype(x, np.float32)), x)
    almost = wrong(np.sin, lambda g, x: g * np.cos(x) * (1 + 1e-4 * (x.dtype == np.float32)))
    with pytest.raises(GradientCheckError, match=r"in float32, but .* in float64"):
        gradcheck(almost, x)


def test_random_function_is_named() -> None:
    random = np.random.default_rng(0)
    check = gradcheck(lambda x: x * random.random(), X, raise_exception=False)
    assert not check
    assert check.worst is None
    assert "not deterministic" in check.hint


@pytest.mark.parametrize("leave", [Tensor.detach, lambda x: Tensor(x.data), lambda x: x.data])
def test_function_that_leaves_the_graph_is_named(leave: Any) -> None:
    with pytest.raises(GradientCheckError, match="No graph leads from output 0"):
        gradcheck(lambda x: np.exp(leave(x)), X)


def test_edge_of_the_domain_is_named() -> None:
    with pytest.raises(GradientCheckError, match="Differences tell nothing at this place"):
        gradcheck(np.sqrt, 0.0)
    assert "could not be told" in str(gradcheck(np.sqrt, np.array([0.0, 1.0])))


SCALES = [(np.sqrt, [1e-5, 1.0]), (lambda x: np.sin(x / 1e8) * 1e8, [1e8, -3.0]), (np.exp, [1e-12, 300.0]),
          (np.square, [1e-12, 1e12]), (np.sin, [1e12, 1e-12]), (np.reciprocal, [1e-12, -1e12])]  # fmt: skip


@pytest.mark.one_in(3)
@both_modes
@pytest.mark.parametrize(("fn", "at"), SCALES)
def test_numbers_of_any_size(fn: Any, at: list[float], fast_mode: bool) -> None:
    assert gradcheck(fn, np.array(at), fast_mode=fast_mode)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("error", [1e-6, 1e-7])
def test_small_errors_are_found(error: float) -> None:
    almost = wrong(np.square, lambda g, x: g * (2 + error) * x)
    with pytest.raises(GradientCheckError, match="by differences"):
        gradcheck(almost, X)
    with pytest.raises(GradientCheckError, match="by differences"):
        gradcheck(almost, X, fast_mode=True)


def copying(array: Any) -> Any:
    return array if array.flags.c_contiguous else array * 2


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda g, x: 2 * copying(g) * x, "depends on the layout of the cotangent"),
        (lambda g, x: 2 * g * np.asarray(copying(x)), "depends on the layout of the inputs"),
        (lambda g, x: 2 * x * np.where(np.absolute(g) > 1, 2 * g, g), "not linear in the cotangent"),
        (lambda g, x: 2 * x * np.where(np.absolute(g) > 1e160, g / 2, g), "not linear in the cotangent"),
        (lambda g, x: 2 * x * np.where(np.absolute(g) < 1e-160, 0.0, g), "not linear in the cotangent"),
        (lambda g, x: 2 * x * g * (1.0 + (g.ndim == 2 and bool(np.all(g == 1)))), "not linear in the cotangent"),
        (lambda g, x: 2 * x * g * (1.0 + (g.strides[:1] == (5 * g.itemsize,))), "cotangent: with rows apart"),
        (lambda g, x: 2 * x * g * (1.0 + (x.strides[:1] == (5 * x.itemsize,))), "inputs: with rows apart"),
        (lambda g, x: 2 * x * g * (1 + 0 * np.random.random()), "draws from NumPy's global random generator"),
    ],
)
def test_what_rules_promise_beside_numbers(rule: Any, said: str) -> None:
    square = wrong(np.square, rule)
    with pytest.raises(GradientCheckError, match=said):
        check_operation(square, X)


def test_options_of_pytorch_and_jax() -> None:
    def fn(x: Tensor, y: Tensor) -> list[Tensor]:
        return [x @ y, y.exp()]

    assert gradcheck(
        fn, (X, Y), eps=1e-6, atol=1e-5, rtol=1e-3, nondet_tol=0.0, check_undefined_grad=True, check_grad_dtypes=True,
        check_batched_grad=True, check_forward_ad=True, check_backward_ad=True, fast_mode=False, masked=False,
    )  # fmt: skip
    assert gradcheck(fn, (X, Y), order=3, modes="rev")
    with pytest.raises(ValueError, match="'fwd', 'rev'"):
        gradcheck(fn, (X, Y), modes=["forward"])
    with pytest.raises(ValueError, match="sparse"):
        gradcheck(fn, (X, Y), masked=True)
    with pytest.raises(ValueError, match="compare jvp"):
        gradcheck(fn, (X, Y), check_backward_ad=False)
    hidden = wrong(np.sin, lambda g, x: g * np.cos(x.data if isinstance(x, Tensor) else x))
    assert gradcheck(hidden, Y, eps=1e-6, rtol=1e-4)
    with pytest.raises(GradientCheckError, match="gradient 0"):
        gradcheck(hidden, Y, eps=1e-6, rtol=1e-4, order=2)


def test_what_is_no_float_is_handed_on() -> None:
    rows = np.array([2, 0, 2])
    assert gradcheck(lambda x, i: x[i] * 2, [Y, rows])
    with pytest.raises(DtypeError, match="no input holds floating-point numbers, only ndarray"):
        gradcheck(lambda i: i, rows)
    with pytest.raises(DtypeError, match="returned no floating-point numbers, only int64"):
        gradcheck(np.argmax, Y)


def test_nothing_to_compare_passes() -> None:
    assert gradcheck(np.exp, np.ones((0, 3))) == GradientCheck(ok=True)


@both_modes
def test_inputs_are_left_alone(fast_mode: bool) -> None:
    x, t = X.copy(), Tensor(Y.copy(), requires_grad=True)
    x.flags.writeable = False

    def fn(a: Tensor, b: Tensor) -> Tensor:
        a.data[...] += 0.0
        result: Tensor = a * b
        return result

    gradcheck(fn, [x, t], fast_mode=fast_mode)
    gradgradcheck(fn, [x, t], fast_mode=fast_mode)
    assert np.array_equal(x, X)
    assert np.array_equal(t.data, Y)
    assert t.grad is None


def test_transforms_can_be_checked() -> None:
    assert gradcheck(ag.grad(lambda x: np.sum(x**4)), Y)


def test_result_says_what_it_found() -> None:
    text = str(gradcheck(np.square, Y))
    assert text.startswith("the gradients agree; at worst, the derivative of output 0 at (")


def test_values() -> None:
    def neuron(w: Value, x: Value) -> Value:
        return (w * x + 1.0).tanh()

    assert gradcheck(neuron, [Value(0.5), Value(-1.0)])
    assert gradcheck(neuron, [Value(0.5), Value(-1.0)], fast_mode=True)
    check = gradcheck(lambda x: Value(x.data) * x, Value(3.0), raise_exception=False)
    assert check.worst is not None
    assert (check.worst.analytic, round(check.worst.numeric, 6)) == (3.0, 6.0)
    with pytest.raises(TypeError, match="pass numbers or arrays"):
        gradgradcheck(neuron, [Value(0.5), Value(-1.0)])


# What is wrong beside the given place.


def doubled(where: Callable[..., Any]) -> Callable[..., Any]:
    """Return a square whose gradient is twice too large where a condition on the input holds."""
    return wrong(np.square, lambda g, x: 2 * g * x * np.where(where(x), 2.0, 1.0))


def in_other_thread(x: Any) -> bool:
    return threading.current_thread() is not threading.main_thread()


def writing(x: Any) -> Any:
    result = np.square(x)
    if x.flags.writeable:
        x[...] += 1
    return result


def batched_wrongly(g: Any, x: Any) -> Any:
    return 2 * g * x * (2.0 if type(x).__name__ == "Batched" else 1.0)


def batched_alone(g: Any, x: Any) -> Any:
    return 2 * g * x * (2.0 if type(x).__name__ == "Batched" and len(x.value) == 1 else 1.0)


def square_of_rows(x: Any) -> Any:
    return np.sum(x * x, -1)


ROW = np.array([0.5, -0.25, 0.75])
HIDDEN = wrong(np.sin, lambda g, x: g * np.cos(x.data if isinstance(x, Tensor) else x))
BESIDE: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "value on arrays": (lambda x: np.square(x) * (1 + isinstance(x, np.ndarray)), [ROW], "on tensors and on arrays"),
    "writes": (wrong(writing, lambda g, x: 2 * g * x), [ROW], "was written to"),
    "second derivative": (HIDDEN, [ROW], "second derivatives"),
    "vmap": (wrong(np.square, batched_wrongly), [ROW], "under vmap"),
    "another thread": (doubled(in_other_thread), [ROW], "in another thread"),
    "0": (doubled(lambda x: np.equal(np.abs(x - 1), 1)), [ROW], r"with input 0 = \[2.\]"),
    "tiny": (doubled(lambda x: np.abs(x) < 1e-4), [ROW], r"with input 0 = \[[-+.\d]*e-(06|12)\]"),
    "large": (doubled(lambda x: np.abs(x) > 1e3), [ROW], r"with input 0 = \[-?3141592.7\]"),
    "a narrow interval": (doubled(lambda x: np.abs(x - 0.6) < 0.05), [ROW], r"with input 0 = \[0.[56]"),
    "many elements": (doubled(lambda x: x.size > 100), [ROW], "for 1101 elements"),
    "no axes": (doubled(lambda x: x.ndim == 0), [ROW], r"for arrays of shape \(\)"),
    "nan beside": (wrong(np.square, lambda g, x: 2 * g * x + 0 * x.sum()), [ROW], "with nan in the first element"),
    "broadcast": (
        wrong(np.multiply, lambda g, x, y: g * y * (1 + (x.shape == (3, 1))), lambda g, x: g * x), [ROW, ROW + 1],
        r"where input 0 has shape \(3, 1\)",
    ),
    "equal inputs": (
        wrong(np.multiply, lambda g, x, y: g * y * np.where(np.equal(x, y), 2.0, 1.0), lambda g, x: g * x),
        [ROW, ROW + 1], "with input 0 = ",
    ),
    "a power of two": (doubled(lambda x: x == 4), [ROW], r"with input 0 = \[4.\]"),
    "under 1e-30": (doubled(lambda x: (np.abs(x) < 1e-30) & (x != 0)), [ROW], r"with input 0 = \[-?1.e-40\]"),
    "lost beside a half": (
        wrong(
            lambda x: 1 / (1 + np.exp(-x)),
            lambda g, x, out: g * out * (1 - out) * np.where((np.abs(x) < 1e-30) & (x != 0), 2.0, 1.0),
        ), [ROW], r"with input 0 = \[-?1.e-40\]",
    ),
    "-0.0": (
        wrong(np.add, lambda g, x: g * np.where(np.signbit(x) & (x == 0), 2.0, 1.0), lambda g: g), [ROW, ROW + 1],
        r"with input 0 = \[-0.\]",
    ),
    "opposite inputs": (
        wrong(np.multiply, lambda g, x, y: g * y * np.where(x == -y, 2.0, 1.0), lambda g, x: g * x), [ROW, ROW + 1],
        "with input 0 = ",
    ),
    "both broadcast": (
        wrong(np.multiply, lambda g, x, y: g * y * (1.0 + (g.size > max(x.size, y.size))), lambda g, x: g * x),
        [ROW, ROW + 1], r"where input 0 has shape \(3, 1\) beside \(1, 3\)",
    ),
    "equal elements": (doubled(lambda x: x.strides == (0,)), [ROW], "for equal elements"),
    "nan in the cotangent": (
        wrong(np.square, lambda g, x: 2 * g * x + 0 * g.sum()), [ROW], "nan in the first element of the cotangent",
    ),
    "a batch of one": (wrong(np.square, batched_alone), [ROW], "in a batch of one"),
    "values in half precision": (
        lambda x: x * (1.5 if isinstance(x, Tensor) and x.dtype == np.float16 else 1.0), [ROW],
        "on tensors and on arrays",
    ),
    "some elements 0": (
        wrong(square_of_rows, lambda g, x: 2 * g[..., None] * np.where(x == 0, 1.0, x), kind=ag.general), [X],
        "with some elements 0",
    ),
    "large rows": (
        wrong(square_of_rows, lambda g, x: 2 * g[..., None] * x * (1.0 + (x.shape[-1] > 20)), kind=ag.general), [X],
        "for larger arrays",
    ),
    "three axes": (
        wrong(square_of_rows, lambda g, x: 2 * g[..., None] * x * (1.0 + (x.ndim == 3)), kind=ag.general), [X],
        "with one more axis",
    ),
}  # fmt: skip


@pytest.mark.one_in(8)
@pytest.mark.parametrize("name", BESIDE)
def test_what_is_wrong_beside_the_place_is_found(name: str) -> None:
    fn, inputs, said = BESIDE[name]
    assert gradcheck(fn, inputs, fast_mode=True)
    check = gradcheck(fn, inputs, raise_exception=False)
    assert not check
    assert check.hint
    with pytest.raises(GradientCheckError, match=said):
        gradcheck(fn, inputs)


def test_an_error_beside_the_place_can_be_reproduced() -> None:
    at_two = doubled(lambda x: x == 2)
    with pytest.raises(GradientCheckError) as raised:
        gradcheck(at_two, ROW)
    assert "to reproduce: gradcheck(at_two, [np.array([2.0])])" in str(raised.value)
    check = gradcheck(at_two, ROW, raise_exception=False)
    assert check.worst is not None
    assert (check.worst.index, check.worst.analytic) == ((0,), 8)


class OnceDifferentiable(ag.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return np.sin(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        if isinstance(g, Tensor):
            raise NotImplementedError("this has no second derivative")
        return g * np.cos(x)


def positive(x: Any) -> Any:
    if np.any(x < 0):
        raise RuntimeError("of positive numbers only")
    return np.sqrt(x)


def positive_definite(x: Any) -> Any:
    return np.linalg.cholesky(x @ x.mT + np.eye(len(x)))


def slope(x: Any) -> Any:
    return 1 + np.tanh(2.5 * x) + 2.5 * x / np.cosh(2.5 * x) ** 2


def seeded(x: Any) -> Any:
    GENERATOR.bit_generator.state = STATE
    return x * GENERATOR.random(x.shape)


def finite_alone(x: Any) -> Any:
    return np.sin(x) if np.all(np.isfinite(getattr(x, "_array", x))) else x * np.nan


GENERATOR = np.random.default_rng(0)
STATE = GENERATOR.bit_generator.state
NARROW: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "log": (np.log, [np.array([0.5, 2.0])]),
    "sqrt": (np.sqrt, [np.array([1e-5, 1.0])]),
    "arccos": (np.arccos, [np.array([0.3, -0.9])]),
    "cholesky": (positive_definite, [X[:, :2]]),
    "solve": (np.linalg.solve, [X[:, :2] + 3 * np.eye(2), Y[:2]]),
    "scaled": (lambda x: np.sin(x / 1e8) * 1e8, [np.array([1e8, -3.0])]),
    "norm": (lambda x: np.sqrt(np.sum(x**2)), [np.array([3.0])]),
    "refuses negative numbers": (wrong(positive, lambda g, out: g / (2 * out)), [np.array([0.5, 2.0])]),
    "closes over an array": (lambda x: np.sum(x * Y), [Y + 1]),
    "its rule closes over an array": (wrong(lambda x: np.sum(x * Y), lambda g: g * Y, kind=ag.general), [Y + 1]),
    "once differentiable": (OnceDifferentiable.apply, [Y]),
    "jumps": (lambda x: x * np.floor(x), [Y + 0.25]),
    "steps as short as rounding": (lambda x: x - np.floor(x * 1e11) / 1e11, [np.array([1e-3, 2e3, 1e7])]),
    "steps that are short beside large numbers": (lambda x: x * np.round(x, 5), [np.array([123456.789, -98765.4321])]),
    "naive softplus": (lambda x: np.log(1 + np.exp(x)), [Y]),
    "draws from one generator": (seeded, [Y]),
    "nan for all if one is not finite": (finite_alone, [Y]),
    "sort": (np.sort, [X]),
    "knots that ascend": (np.interp, [np.array(1.6), np.array([-1.0, 0.5, 2.0]), Y]),
    "slope lost in rounding": (wrong(lambda x: x * (1 + np.tanh(2.5 * x)), lambda g, x: g * slope(x)), [Y]),
    "a limit to steep slopes": (
        wrong(lambda x: np.log(np.abs(x)), lambda g, x: g * np.sign(x) / np.maximum(np.abs(x), 1e-20)),
        [Y],
    ),
    "clip": (np.clip, [X, X - 1, X + 1]),
    "complex results for some numbers": (np.emath.arccos, [Y / 4]),
}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", NARROW)
def test_right_functions_are_accepted_beside_the_place(name: str) -> None:
    fn, inputs = NARROW[name]
    assert gradcheck(fn, inputs)


def test_batches_are_checked_where_vmap_takes_the_function() -> None:
    def branching(x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else x * 3

    assert gradcheck(branching, Y)
    with pytest.raises(GradientCheckError, match="vmap takes no batch of the inputs"):
        gradcheck(branching, Y, check_batched_grad=True)
    assert gradcheck(wrong(np.square, batched_wrongly), Y, check_batched_grad=False)


@pytest.mark.parametrize("at", [[2.0, 3.0, 3.5, 4.0], [3.0, 2.0], [4.0, 2.0, 2.0, -1.0]])
def test_one_element_at_a_jump_of_a_rule_does_not_hide_the_others(at: list[float]) -> None:
    jump = ag.elementwise(lambda x: np.sin(x), lambda g, x: g * np.where(x > 2, 2.0, 1.0) * np.cos(x), name="jump")
    with pytest.raises(GradientCheckError, match="a factor of 2, only where input 0 > 2"):
        gradcheck(jump, np.array(at), fast_mode=True)
    x = Tensor(np.array(at), requires_grad=True)
    with pytest.raises(GradientCheckError, match="'jump'"), audit():
        np.sum(jump(x)).backward()


@pytest.mark.parametrize("function", [np.abs, np.sort, np.median, np.max, lambda x: np.maximum(x, 0)])
@pytest.mark.parametrize("at", [[0.0, 1.0, -2.0, 0.0], [2.0, 2.0, 1.0], [-1.0, 2.0, -1.0, 0.0, 2.0]])
def test_elements_at_kinks_are_no_jumps_of_a_rule(function: Any, at: list[float]) -> None:
    assert gradcheck(function, np.array(at), fast_mode=True)


@pytest.mark.parametrize("fn", [np.remainder, np.fmod], ids=["remainder", "fmod"])
def test_a_quotient_by_the_least_number_is_not_tried(fn: Any) -> None:
    assert gradcheck(fn, [np.array([1.7, -0.4, 2.2]), np.array([0.5, 1.3, -0.7])])
