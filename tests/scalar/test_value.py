"""The scalar engine: every function, every order, any depth, and the faults of other scalar engines."""

import copy
import gc
import math
import operator
import pickle
import random
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    AnomalyError,
    AutogradError,
    DomainError,
    Tensor,
    UnsupportedError,
    Value,
    detect_anomaly,
    elementwise,
    no_grad,
    tensor,
)
from autograd.calculus import RULES

Function = Callable[..., Any]

# Where a function is sampled: for each input a point inside its domain, away from kinks.
POINTS: dict[Function, tuple[tuple[float, ...], ...]] = {
    np.power: ((1.7, 2.3), (0.4, -2.0)),
    np.float_power: ((1.7, 2.3),),
    np.remainder: ((7.3, 2.1), (-7.3, 2.1)),
    np.fmod: ((7.3, 2.1), (-7.3, 2.1)),
    np.arcsin: ((0.3,), (-0.8,)),
    np.arccos: ((0.3,), (-0.8,)),
    np.arctanh: ((0.3,), (-0.8,)),
    np.arccosh: ((1.4,), (3.0,)),
    np.log1p: ((-0.4,), (2.0,)),
    **dict.fromkeys((np.sqrt, np.log, np.log2, np.log10), ((0.6,), (3.1,))),
}
UNARY, BINARY = ((0.7,), (-1.3,)), ((0.7, -1.3), (2.4, 1.1))


def points(function: Function) -> tuple[tuple[float, ...], ...]:
    return POINTS.get(function, UNARY if len(RULES[function]) == 1 else BINARY)


CASES = [(function, at) for function in RULES for at in points(function)]
NAMES = [f"{function.__name__}{at}" for function, at in CASES]


def gradient(function: Function, at: Sequence[float]) -> list[float]:
    inputs = list(map(Value, at))
    function(*inputs).backward()
    return [x.grad for x in inputs]


def second_derivatives(function: Function, at: Sequence[float]) -> list[list[float]]:
    inputs = list(map(Value, at))
    function(*inputs).backward(create_graph=True)
    first = [x.grad if isinstance(x.grad, Value) else Value(0.0) for x in inputs]  # one may not have been used
    rows = []
    for derivative in first:
        for x in inputs:
            x.grad = 0.0
        derivative.backward()
        rows.append([x.grad for x in inputs])
    return rows


def differences(function: Callable[..., Any], at: Sequence[float], step: float = 1e-5) -> list[Any]:
    """Return central differences of a function of floats, which may return a list."""
    found = []
    for i in range(len(at)):
        up, down = list(at), list(at)
        up[i] += step
        down[i] -= step
        found.append((np.asarray(function(*up), float) - np.asarray(function(*down), float)) / (2 * step))
    return found


# Functions


@pytest.mark.parametrize(("function", "at"), CASES, ids=NAMES)
def test_every_function_has_the_value_and_derivatives_that_it_should(function: Function, at: tuple[float, ...]) -> None:
    result = function(*map(Value, at))
    assert type(result) is Value
    assert type(result.data) is float
    assert result.data == pytest.approx(float(function(*at)), rel=1e-14)
    assert gradient(function, at) == pytest.approx(differences(function, at), rel=1e-8, abs=1e-9)
    expected = differences(lambda *moved: gradient(function, moved), at)
    assert np.array(second_derivatives(function, at)) == pytest.approx(np.array(expected).T, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("function", RULES, ids=lambda function: function.__name__)
def test_the_method_and_the_tensor_agree_with_the_function(function: Function) -> None:
    for at in points(function):
        inputs, tensors = list(map(Value, at)), [tensor(x, requires_grad=True) for x in at]
        getattr(inputs[0], function.__name__)(*inputs[1:]).backward()
        function(*tensors).backward()
        assert [x.grad for x in inputs] == gradient(function, at)
        assert [x.grad for x in inputs] == pytest.approx(
            [t.grad.item() for t in tensors if t.grad is not None], rel=1e-13
        )


@pytest.mark.parametrize("at", [-2.0, -0.1, 0.0, 0.3, 40.0, -800.0, 800.0])
def test_relu_and_sigmoid(at: float) -> None:
    assert Value(at).relu().data == max(at, 0.0)
    assert gradient(Value.relu, [at]) == [float(at > 0)]
    probability = 1 / (1 + math.exp(-at)) if at > -700 else 0.0
    assert Value(at).sigmoid().data == pytest.approx(probability, abs=1e-16)
    assert gradient(Value.sigmoid, [at]) == pytest.approx([probability * (1 - probability)], abs=1e-16)
    slope = probability * (1 - probability)
    assert second_derivatives(Value.sigmoid, [at])[0] == pytest.approx([slope * (1 - 2 * probability)], abs=1e-16)
    assert second_derivatives(Value.relu, [at]) == [[0.0]]


def test_relu_lets_nan_through() -> None:
    assert math.isnan(Value(math.nan).relu().data)


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (np.absolute, (0.0,), [0.0]),
        (np.maximum, (2.0, 2.0), [0.5, 0.5]),
        (np.minimum, (2.0, 2.0), [0.5, 0.5]),
        (np.fmax, (2.0, math.nan), [1.0, 0.0]),
        (np.power, (0.0, 0.0), [0.0, 0.0]),
        (np.power, (0.0, 2.0), [0.0, 0.0]),
        (np.hypot, (0.0, 0.0), [0.0, 0.0]),
        (np.sqrt, (0.0,), [math.inf]),
        (np.arcsin, (1.0,), [math.inf]),
        (np.power, (1e-200, -1.0), [-math.inf, pytest.approx(1e200 * math.log(1e-200))]),
    ],
    ids=str,
)
def test_kinks_ties_and_edges(function: Function, at: tuple[float, ...], expected: list[Any]) -> None:
    assert gradient(function, at) == expected


@pytest.mark.parametrize("function", [np.add, np.multiply], ids=lambda function: function.__name__)
@pytest.mark.parametrize("other", [Value(3.5), 3.5])
def test_the_operators_spelled_out_agree_with_the_calculus(function: Function, other: Any) -> None:
    x = Value(-1.25)
    spelled, general = (
        getattr(operator, {"add": "add", "multiply": "mul"}[function.__name__])(x, other),
        function(x, other),
    )
    for slot in ("data", "grad", "op", "x", "y", "dx", "dy"):
        assert getattr(spelled, slot) == getattr(general, slot), slot
    assert general.number > spelled.number > x.number


NUMBERS: list[Any] = [
    3,
    3.0,
    True,
    np.float64(3),
    np.float32(3),
    np.int64(3),
    np.uint8(3),
    np.bool_(True),
    np.array(3.0),
]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: type(number).__name__)
@pytest.mark.parametrize("operation", OPERATORS, ids=lambda operation: operation.__name__)
def test_operators_take_numbers_on_either_side(operation: Function, number: Any) -> None:
    for left, right in ((Value(2.5), number), (number, Value(2.5))):
        result = operation(left, right)
        a, b = float(left), float(right)
        assert type(result) is Value
        assert type(result.data) is float
        assert result.data == pytest.approx(operation(a, b), rel=1e-14)
        result.backward()
        value = left if isinstance(left, Value) else right
        place = 0 if value is left else 1
        assert value.grad == pytest.approx(differences(operation, (a, b))[place], rel=1e-7)


def test_unary_operators() -> None:
    x = Value(-2.0)
    assert [(-x).data, (+x).data, abs(x).data] == [2.0, -2.0, 2.0]
    (-x + +x + 3 * abs(x)).backward()
    assert x.grad == -3.0


def test_whole_powers_of_negative_numbers() -> None:
    for exponent in (0, 1, 2, 3, 2.0, -1, np.int64(3)):
        x = Value(-1.5)
        (x**exponent).backward()
        assert x.grad == pytest.approx(float(exponent) * (-1.5) ** (float(exponent) - 1))


def test_sum_starts_from_a_number() -> None:
    values = [Value(float(i)) for i in range(4)]
    total = sum(v * v for v in values)
    assert isinstance(total, Value)
    total.backward()
    assert [v.grad for v in values] == [0.0, 2.0, 4.0, 6.0]


# As a Python number


def test_it_looks_like_a_number() -> None:
    x = Value(2)
    assert repr(x) == "Value(data=2.0, grad=0.0)"
    assert f"{x:.2f}" == "2.00"
    assert f"{x}" == repr(x)
    assert (float(x), int(x), bool(x), bool(Value(0))) == (2.0, 2, True, False)
    assert math.floor(Value(2.7)) == 2
    x.backward(create_graph=True)
    assert repr(x) == "Value(data=2.0, grad=1.0)"


def test_order_goes_by_number_and_equality_by_identity() -> None:
    x, y = Value(1.0), Value(2.0)
    assert x < y
    assert x <= 1
    assert y > 1.5
    assert max(x, 2) == 2
    assert not np.float64(3) < x
    assert sorted([y, x]) == [x, y]
    assert max(x, y) is y
    assert x != Value(1.0)
    assert len({x, y, x}) == 2


@pytest.mark.parametrize("data", ["3", None, 1j, [1.0], np.zeros(1), Value(1.0), tensor(1.0)], ids=repr)
def test_it_holds_one_real_number(data: Any) -> None:
    with pytest.raises(TypeError, match="holds one real number, not"):
        Value(data)


@pytest.mark.parametrize("operation", OPERATORS, ids=lambda operation: operation.__name__)
def test_it_does_not_mix_with_what_is_no_number(operation: Function) -> None:
    others: list[Any] = [None, [], 1j, {}]
    for other in others:
        with pytest.raises(TypeError):
            operation(Value(1.0), other)
        with pytest.raises(TypeError):
            operation(other, Value(1.0))


def test_a_method_says_what_it_takes() -> None:
    with pytest.raises(TypeError, match="'maximum' takes a number or a Value, not str 'a'"):
        Value(1.0).maximum("a")  # type: ignore[arg-type]  # that is the point


def test_copies_have_the_number_and_the_gradient_but_no_history() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    for copied in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), copy.copy(x)):
        assert (copied.data, copied.grad) == (3.0, 6.0)
    inner = copy.deepcopy(y)
    inner.backward()
    assert (inner.data, inner.grad, x.grad) == (9.0, 2.0, 6.0)


def test_a_subclass_mixes_with_values() -> None:
    class Weight(Value):
        pass

    w, v = Weight(3.0), Value(2.0)
    (w * w + v * w + w + 1.0).backward()
    assert (w.grad, v.grad) == (9.0, 3.0)


# As a citizen of NumPy


def test_arrays_of_values() -> None:
    x, y = Value(0.5), Value(2.0)
    both = np.array([x, y])
    total = (np.sin(both) * y + np.array([1.0, 3.0]) @ both).sum()
    total.backward()
    assert x.grad == pytest.approx(2.0 * math.cos(0.5) + 2 * 1.0)
    assert y.grad == pytest.approx(math.sin(0.5) + math.sin(2.0) + 2.0 * math.cos(2.0) + 2 * 3.0)


def test_a_value_is_no_place_for_a_result() -> None:
    with pytest.raises(TypeError, match="must be an array"):
        np.argmax(np.ones(3), out=Value(2.0))  # type: ignore[call-overload]  # it is none


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: np.ones(3) * x,
        lambda x: x * np.ones(3),
        lambda x: tensor([1.0, 2.0], requires_grad=True) * x,
        lambda x: x + tensor([1.0, 2.0]),
        lambda x: np.multiply(x, 2.0, dtype="f4"),
        lambda x: np.add.outer(x, x),
        lambda x: np.matmul(x, x),
        lambda x: np.mean(x),
        lambda x: np.clip(x, 0, 1),
        lambda x: np.gcd.reduce(x),
    ],
)
def test_what_has_no_meaning_for_one_number_is_refused(compute: Function) -> None:
    with pytest.raises((UnsupportedError, ValueError), match="Value"):
        compute(Value(1.0))


def test_functions_without_a_derivative_give_numbers() -> None:
    x: Any = Value(2.7)
    assert (np.isnan(x), np.greater(x, 1), np.shape(x)) == (False, True, ())


FLAT: list[Any] = [
    np.floor, np.ceil, np.trunc, np.rint, np.sign, np.spacing, np.round, np.around, round, lambda x: round(x, 1),
    lambda x: np.round(x, decimals=1), lambda x: x // 0.4, lambda x: 7.5 // x, lambda x: divmod(x, 0.4)[0],
    lambda x: divmod(7, x)[0], lambda x: np.modf(x)[1], lambda x: np.heaviside(x, 0.5),
]  # fmt: skip


@pytest.mark.parametrize("step", FLAT)
@pytest.mark.parametrize("at", [2.7, -1.3])
def test_what_is_constant_between_its_steps_gives_a_value_of_derivative_0(step: Any, at: float) -> None:
    x = Value(at)
    y = step(x)
    assert isinstance(y, Value)
    assert y.data == step(at)
    (y * x).backward()
    assert x.grad == y.data
    x = Value(at)
    (step(x) * x).backward(create_graph=True)
    first, x.grad = x.grad, 0.0
    first.backward()
    assert (first.data, x.grad) == (y.data, 0.0)


def test_remainders_and_neighbours_hand_the_gradient_on() -> None:
    assert gradient(lambda x: divmod(x, 0.4)[1], [2.7]) == [1.0]
    assert gradient(lambda x: np.modf(x)[0], [2.7]) == [1.0]
    assert gradient(lambda x: np.nextafter(x, 3.0), [2.7]) == [1.0]
    with pytest.raises(ZeroDivisionError):
        Value(1.0) // 0


def test_where_chooses() -> None:
    x: Any = Value(1.0)
    y: Any = Value(2.0)
    assert np.where(x < y, x, y) is x
    assert np.where(x > y, x, y) is y


softplus = elementwise(lambda x: np.logaddexp(x, 0), lambda g, x: g / (1 + np.exp(-x)), name="softplus")
blend = elementwise(
    lambda x, y: x * y + x, lambda g, y: g * np.where(True, y + 1, 0), lambda g, x, x_shape: g * x, name="blend"
)


def test_operations_of_ones_own_take_values() -> None:
    assert softplus(Value(1.5)).data == pytest.approx(math.log1p(math.exp(1.5)))
    assert softplus(Value(1.5)).op.name == "softplus"
    assert gradient(softplus, [1.5]) == pytest.approx(differences(lambda x: math.log1p(math.exp(x)), [1.5]))
    assert second_derivatives(softplus, [1.5])[0] == pytest.approx(differences(lambda x: 1 / (1 + math.exp(-x)), [1.5]))
    assert gradient(blend, [2.0, 3.0]) == [4.0, 2.0]
    assert second_derivatives(blend, [2.0, 3.0]) == [[0.0, 1.0], [1.0, 0.0]]
    assert blend(Value(2.0), 3).data == blend(2, Value(3.0)).data == 8.0


# Domains


@pytest.mark.parametrize(
    ("compute", "kind", "message"),
    [
        (lambda: Value(-1.0).log(), ValueError, r"log\(-1.0\) is undefined: its domain is x > 0"),
        (lambda: Value(0.0).log(), ValueError, r"log\(0.0\) is undefined"),
        (lambda: Value(-1.0).sqrt(), ValueError, "x >= 0"),
        (lambda: Value(2.0).arcsin(), ValueError, "-1 <= x <= 1"),
        (lambda: Value(math.inf).sin(), ValueError, "a finite x"),
        (
            lambda: Value(-8.0) ** (1 / 3),
            ValueError,
            r"power\(-8.0, 0.333\d*\) is undefined: its domain is x > 0, or a",
        ),
        (lambda: Value(1.0) / 0, ZeroDivisionError, r"divide\(1.0, 0.0\) divides by zero"),
        (lambda: 1 / Value(0.0), ZeroDivisionError, "divides by zero"),
        (lambda: Value(1.0) % 0, ZeroDivisionError, "divides by zero"),
        (lambda: Value(0.0) ** -1, ZeroDivisionError, "divides by zero"),
        (lambda: Value(0.0).reciprocal(), ZeroDivisionError, "divides by zero"),
        (lambda: Value(1000.0).exp(), OverflowError, r"exp\(1000.0\) is beyond the largest float"),
        (lambda: Value(10.0) ** 400, OverflowError, "beyond the largest float"),
        (lambda: Value(1000.0).cosh(), OverflowError, "beyond the largest float"),
        (
            lambda: elementwise(lambda x: np.log(x), lambda g, x: g / x, name="ln")(Value(-1.0)),
            ValueError,
            "is undefined",
        ),
    ],
)
def test_outside_its_domain_a_function_says_so(
    compute: Callable[[], Value], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        compute()
    assert isinstance(caught.value, DomainError)
    assert isinstance(caught.value, AutogradError)


def test_a_gradient_of_zero_absorbs_an_infinite_slope() -> None:
    x = Value(0.0)
    (x.sqrt() * 0.0 + 2.0 * x).backward()
    assert x.grad == 2.0
    x.grad = 0.0
    (x.sqrt() * 0.0 + 2.0 * x).backward(create_graph=True)
    assert x.grad.data == 2.0


def test_an_infinite_derivative_cannot_be_recorded() -> None:
    with pytest.raises(DomainError, match=r"the derivative of sqrt at 0\.0 is undefined"):
        Value(0.0).sqrt().backward(create_graph=True)


# Gradients


def test_the_same_value_twice() -> None:
    x = Value(3.0)
    (x * x).backward()
    assert x.grad == 6.0
    assert (x + x).x is x
    assert (x + x).y is x


def test_a_second_backward_is_not_wrong() -> None:
    x = Value(3.0)
    y = x * x
    z = 2.0 * y
    z.backward()
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)
    y.backward()
    assert (x.grad, y.grad) == (30.0, 1.0)


def test_two_results_share_a_part() -> None:
    x = Value(2.0)
    shared = x * x
    first, second = shared * 3.0, shared + x
    first.backward()
    second.backward()
    assert (x.grad, shared.grad) == (12.0 + 5.0, 1.0)


def test_a_leaf_goes_back_to_itself() -> None:
    x = Value(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_a_leaf_takes_up_new_data() -> None:
    x = Value(2.0)
    x.data -= 0.5 * 1.0
    (x * x).backward()
    assert x.grad == 3.0


def test_many_paths_cost_no_more_than_their_nodes() -> None:
    x = Value(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x**4, lambda x: (4 * x**3, 12 * x**2, 24 * x)),
        (lambda x: x * x * x * x, lambda x: (4 * x**3, 12 * x**2, 24 * x)),
        (lambda x: 1 / x, lambda x: (-1 / x**2, 2 / x**3, -6 / x**4)),
        (lambda x: 2**x, lambda x: tuple(2**x * math.log(2) ** n for n in (1, 2, 3))),
        (np.sin, lambda x: (math.cos(x), -math.sin(x), -math.cos(x))),
        (lambda x: x.log(), lambda x: (1 / x, -1 / x**2, 2 / x**3)),
        (lambda x: (3 * x).exp(), lambda x: tuple(3**n * math.exp(3 * x) for n in (1, 2, 3))),
    ],
)
def test_derivatives_of_order_three(function: Function, expected: Function) -> None:
    x = Value(1.3)
    y = function(x)
    for derivative in expected(1.3):
        x.grad = 0.0
        y.backward(create_graph=True)
        y = x.grad
        assert y.data == pytest.approx(derivative, rel=1e-12)


def test_a_product_that_is_zero_still_has_second_derivatives() -> None:
    x, y = Value(0.0), Value(0.0)
    (x * y).backward(create_graph=True)
    first, x.grad = x.grad, 0.0
    assert first.data == 0.0
    y.grad = 0.0
    first.backward()
    assert (x.grad, y.grad) == (0.0, 1.0)


def test_gradients_that_are_recorded_accumulate_too() -> None:
    x, unused = Value(3.0), Value(1.0)
    (x * x).backward()
    (x * x + unused * 0.0).backward(create_graph=True)
    assert (x.grad.data, unused.grad.data) == (12.0, 0.0)
    (x * x).backward()
    assert float(x.grad) == 18.0


STEPS: list[Function] = [
    lambda x, y: x + y,
    lambda x, y: x - 2 * y,
    lambda x, y: x * y,
    lambda x, y: 3 - x,
    lambda x, y: x / (1 + y * y),
    lambda x, y: np.float64(0.5) * x**2,
    lambda x, y: np.tanh(x) ** 3,
    lambda x, y: 2 ** np.sin(x),
    lambda x, y: (1 + x * x) ** np.tanh(y),
    lambda x, y: np.exp(np.tanh(x)) * y,
    lambda x, y: np.log1p(x * x) - y,
    lambda x, y: np.sqrt(1 + x * x),
    lambda x, y: np.hypot(1 + x * x, y),
    lambda x, y: np.arctan2(x, 2 + np.cos(y)),
    lambda x, y: np.logaddexp(x, y),
]
programs = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=7)
numbers = st.floats(-1.5, 1.5).map(lambda x: round(x, 3))


def run(program: Sequence[tuple[Function, int, int]], inputs: Sequence[Any]) -> Any:
    """Compute a number from floats or from values; each step sees what came before."""
    known = list(inputs)
    for step, i, j in program:
        known.append(np.tanh(0.5 * step(known[i % len(known)], known[j % len(known)])))
    return known[-1] + 0.1 * known[len(known) // 2]


def test_a_recorded_gradient_is_a_python_number() -> None:
    x: Any = Value(0.0)
    np.tanh(0.5 * np.hypot(1 + x * x, x)).backward(create_graph=True)
    assert type(float(x.grad)) is float


@given(program=programs, at=st.lists(numbers, min_size=3, max_size=3))
def test_any_expression_agrees_with_finite_differences(program: Any, at: list[float]) -> None:
    def function(*inputs: Any) -> Any:
        return run(program, inputs)

    assert float(function(*map(Value, at))) == pytest.approx(float(function(*at)), rel=1e-12, abs=1e-14)
    exact = gradient(function, at)
    assert exact == pytest.approx(differences(function, at), rel=1e-5, abs=1e-8)
    inputs = list(map(Value, at))
    function(*inputs).backward(create_graph=True)
    assert [float(x.grad) for x in inputs] == pytest.approx(exact, rel=1e-12, abs=1e-14)
    hessian = np.array(second_derivatives(function, at))
    expected = np.array(differences(lambda *moved: gradient(function, moved), at))
    assert hessian == pytest.approx(expected.T, rel=1e-5, abs=1e-7)
    assert hessian == pytest.approx(hessian.T, rel=1e-9, abs=1e-12)


# Modes


def test_without_recording_results_are_constants() -> None:
    x = Value(2.0)
    with no_grad():
        results = [x + x, x * 2.0, x.relu(), x.sin(), x - 1, 2 / x, np.float64(2) * x]
    for y in results:
        assert (y.x, y.y) == (None, None)
        y.backward()
    assert x.grad == 0.0


def test_recording_derivatives_works_without_recording_around_it() -> None:
    x = Value(2.0)
    y = x**3
    with no_grad():
        y.backward(create_graph=True)
    first, x.grad = x.grad, 0.0
    first.backward()
    assert x.grad == 12.0


def test_anomalies_are_found_forward_and_back() -> None:
    big = Value(1e200)
    assert (big * big).data == math.inf
    with detect_anomaly():
        with pytest.raises(AnomalyError, match=r"'multiply' gave inf for \(1e\+200, 1e\+200\)"):
            _ = big * big
        with pytest.raises(AnomalyError, match="'add' gave nan"):
            _ = big + math.nan
        with pytest.raises(AnomalyError, match=r"the derivative of 'sqrt' gave inf for the input 0.0"):
            Value(0.0).sqrt().backward()


# Size and memory


def chain(x: Value, length: int) -> Value:
    a = 0.999999
    for _ in range(length // 2):
        x = x * a
        x = x + 1e-6
    return x


def values_alive() -> int:
    return sum(type(thing) is Value for thing in gc.get_objects())


@pytest.mark.thorough
def test_a_million_operations_deep() -> None:
    x = Value(1.0)
    y = chain(x, 1_000_000)
    y.backward()
    assert x.grad == pytest.approx(0.999999**500_000)
    del y
    x.grad = 0.0
    chain(x, 20_000).backward(create_graph=True)
    assert x.grad.data == pytest.approx(0.999999**10_000)


@pytest.mark.thorough
def test_memory_of_an_operation() -> None:
    length = 200_000
    x = Value(1.0)
    tracemalloc.start()
    try:
        y = chain(x, length)
        y.backward()
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert used / length < 400


def test_reference_counting_alone_frees_a_graph() -> None:
    gc.collect()
    gc.disable()
    try:
        before = values_alive()
        x = Value(0.5)
        for _ in range(3):
            y = (x * x).tanh() + 2 ** chain(x, 1000) - x.relu() / 3
            y.backward()
        del x, y
        assert values_alive() == before
        x = Value(0.5)
        y = (x * x).tanh() + chain(x, 1000)
        y.backward(create_graph=True)
        x.grad = 0.0  # the cycle that recording a derivative makes
        y.backward()  # leaves plain gradients in inner values
        del x, y
        assert values_alive() == before
    finally:
        gc.enable()


def test_numbers_of_numpy_do_not_slow_it_down() -> None:
    """They turn into floats when they enter: arithmetic on NumPy's scalars takes several times as long."""
    random.seed(0)
    x = Value(np.float64(random.random()))
    for result in (x, x * np.float32(2), np.float64(2) + x, x - np.int64(1), x ** np.float64(2), np.exp(x)):
        assert type(result.data) is float
        result.backward()
        assert type(x.grad) is float


def test_a_tensor_is_not_taken_for_a_number() -> None:
    assert isinstance(tensor(2.0) * 2.0, Tensor)
    with pytest.raises(TypeError):
        Value(1.0).maximum(tensor(2.0))  # type: ignore[arg-type]  # that is the point
