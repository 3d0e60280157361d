"""Compiled functions of values: the same bits as without, and nothing that is recorded once is silently out of date."""

import ast
import gc
import math
import operator
import os
import random
import threading
import time
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import AnomalyError, DomainError, UnsupportedError, Value, detect_anomaly, no_grad, tensor
from autograd import compile as compiled
from autograd.calculus import RULES
from autograd.errors import CompileError
from autograd.scalar.functions import PRIMITIVES
from autograd.transforms.compile.scalars.expressions import Names
from nn.scalar import MLP

from ..thorough import THOROUGH

Function = Callable[..., Any]
TENSOR = tensor(2.0)
Observed = tuple[list[str], list[str], list[str], list[str]]


def observe(function: Function, at: Sequence[Any], parameters: Sequence[Value] = ()) -> Observed | tuple[type, str]:
    """Return what a call gives and what the gradients are, bit by bit; floats of `at` become values."""
    inputs = [Value(x) if type(x) is float else x for x in at]
    for parameter in parameters:
        parameter.grad = 0.0
    try:
        outputs = function(*inputs)
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)
    several = outputs if isinstance(outputs, list | tuple) else [outputs]
    live = [y for y in several if isinstance(y, Value)]
    total: Any = 0.0
    for i, y in enumerate(live):
        total = total + y * (i + 1.0)
    if isinstance(total, Value):
        total.backward()
    return (
        [repr(y.data) if isinstance(y, Value) else repr(y) for y in several],
        [repr(y.grad) for y in live],
        [repr(x.grad) for x in inputs if isinstance(x, Value)],
        [repr(p.grad) for p in parameters],
    )


def same(function: Function, *points: Sequence[Any], parameters: Sequence[Value] = (), programs: int | None = 1) -> Any:
    """Compare a function with its compiled form at each of `points`, and return the compiled form."""
    quick = compiled(function)
    for at in points:
        expected = observe(function, at, parameters)
        assert observe(quick, at, parameters) == expected
    assert programs is None or len(quick.programs) == programs
    return quick


# The same bits as without


@pytest.mark.one_in(3)
@pytest.mark.parametrize("op", [op for op in PRIMITIVES.values() if hasattr(Value, op.name)], ids=repr)
def test_every_operation(op: Any) -> None:
    method, count = getattr(Value, op.name), len(op.rules)
    points = [(0.5, 0.3), (0.7, 0.7), (0.0, 0.0), (-0.9, 2.0), (3.0, -2.0), (1.0, 1.0), (1e308, 1e308)]
    same(lambda *x: method(*x), *[at[:count] for at in points], programs=None)
    if count == 2:
        for constant in (0.5, 2.0, 3.0, -1.0, 0.0):
            same(lambda x, y=constant: method(x, y), *[at[:1] for at in points], programs=None)
            same(lambda x, y=constant: method(Value(y), x), *[at[:1] for at in points], programs=None)


UNARY = [f for f in RULES if len(RULES[f]) == 1]
BINARY = [f for f in RULES if len(RULES[f]) == 2]
SMOOTH = [np.add, np.subtract, np.multiply, np.tanh, np.exp, np.divide, Value.relu, Value.sigmoid]
NUMBERS = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -0.0]) | st.floats(-3, 3)


@st.composite
def programs(draw: st.DrawFn) -> tuple[list[Any], list[int]]:
    """Draw the steps of a program, each an operation and the positions of its operands, and those of its results."""
    steps: list[Any] = []
    size = draw(st.integers(1, 25))
    for i in range(size):
        position = st.integers(0, 5 + i)
        kind = draw(st.sampled_from(["smooth", "smooth", "unary", "binary", "constant", "power"]))
        if kind == "constant":
            steps.append((draw(st.sampled_from([np.add, np.multiply])), draw(position), draw(NUMBERS)))
        elif kind == "power":
            steps.append((np.power, draw(position), draw(st.sampled_from([2.0, 3.0, -1.0, 0.5]))))
        else:
            functions: Any = {"smooth": SMOOTH, "unary": UNARY, "binary": BINARY}[kind]
            function = draw(st.sampled_from(functions))
            count = len(RULES.get(function, [None]))
            steps.append((function, *[draw(position) for _ in range(count)]))
    results = draw(st.lists(st.integers(0, 5 + size), min_size=1, max_size=3))
    return steps, results


@settings(max_examples=int(os.environ.get("PLAINGRAD_PROGRAMS", 60 if THOROUGH else 12)), deadline=None)
@given(programs(), st.lists(st.lists(NUMBERS, min_size=6, max_size=6), min_size=2, max_size=4), st.booleans())
def test_random_programs(program: Any, points: list[list[float]], alone: bool) -> None:
    steps, results = program
    parameters = [Value(x) for x in points[0][:3]]

    def function(x: Value, y: Value, z: Value) -> Any:
        values = [x, y, z, *parameters]
        for apply, *operands in steps:
            values.append(apply(*[values[i] if isinstance(i, int) else i for i in operands]))
        return values[results[0]] if alone else [values[i] for i in results]

    quick = compiled(function)
    for at in points:
        for parameter, number in zip(parameters, at[3:], strict=True):
            parameter.data = number
        expected = observe(function, at[:3], parameters)
        assert observe(quick, at[:3], parameters) == expected


@st.composite
def float_steps(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Draw steps that compute with floats and values together: an operator and the positions of its operands."""
    symbols = st.sampled_from(["+", "-", "*", "/", "**", "%", "max", "if", "abs", "value", "data", "grad", "relu"])
    return [(draw(symbols), draw(st.integers(0, 4 + i)), draw(st.integers(0, 4 + i))) for i in range(draw(SIZES))]


SIZES = st.integers(1, 20)


def computed(symbol: str, a: Any, b: Any) -> Any:
    """Apply one step; what the one or the other cannot do is left out."""
    if symbol == "max":
        return max(a, b)
    if symbol == "if":
        return a if a > b else b * 2
    if symbol == "abs":
        return abs(a)
    if symbol == "value":
        return Value(a) if isinstance(a, float) else a
    if symbol == "data":
        return a.data if isinstance(a, Value) else a
    if symbol == "grad":
        return a.grad if isinstance(a, Value) else a
    if symbol == "relu":
        return a.relu() if isinstance(a, Value) else max(a, 0.0)
    if symbol == "**":
        return a ** (2 if isinstance(b, Value) else 3)
    return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod}[symbol](
        a, b
    )


@settings(max_examples=int(os.environ.get("PLAINGRAD_PROGRAMS", 60 if THOROUGH else 12)), deadline=None)
@given(
    float_steps(),
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=4),
    st.integers(0, 20),
    st.booleans(),
    st.sampled_from(["value", "number", "all"]),
)
def test_random_steps(program: Any, calls: Any, position: int, clears: bool, returned: str) -> None:
    def make() -> Any:
        parameters = [Value(0.7), Value(-1.3)]

        def step(x: Any, n: Any) -> Any:
            if clears:
                for p in parameters:
                    p.grad = 0.0
            found: list[Any] = [x, n, *parameters, x * n]
            for symbol, i, j in program:
                found.append(computed(symbol, found[i], found[j]))
            loss = found[-1 - position % len(found)] * parameters[0]
            loss.backward()
            result = {"value": loss, "number": loss.data, "all": (loss, *found[4:])}[returned]
            for p in parameters:
                p.data -= 0.01 * p.grad * n
            return result

        return step, parameters

    def run(quick: Any) -> list[Any]:
        step, parameters = make()
        step = compiled(step, fallback="eager") if quick else step
        seen: list[Any] = []
        for a, b, number in calls:
            parameters[1].data = b
            x = Value(a)
            try:
                result = step(x, number)
            except (ArithmeticError, ValueError) as error:
                seen.append((type(error), str(error)))
                continue
            several = result if isinstance(result, tuple) else (result,)
            shown = [(type(y), y.data, y.grad) if isinstance(y, Value) else y for y in several]
            seen.append(repr((shown, x.data, x.grad, [(p.data, p.grad) for p in parameters])))
        return seen

    assert run(quick=True) == run(quick=False)


def test_a_network_of_values_trains_as_it_does_without() -> None:
    def losses(compile_it: bool) -> list[float]:
        random.seed(3)
        model: Any = MLP(2, [4, 4, 1])
        found = []
        points = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(10)]
        if compile_it:
            model = compiled(model)
        for _ in range(15):
            scores = [model([Value(a) for a in point]) for point in points]
            kept = sum((1 + -s * (1.0 if a > b else -1.0)).relu() for s, (a, b) in zip(scores, points, strict=True))
            total = kept * (1 / 10) + 1e-4 * sum(p * p for p in model.parameters())
            model.zero_grad()
            total.backward()
            for p in model.parameters():
                p.data -= 0.1 * p.grad
            found.append(total.data)
        assert not compile_it or len(model.programs) == 1
        return found

    assert losses(True) == losses(False)


def test_floats_as_inputs_of_a_network() -> None:
    model: Any = MLP(2, [3, 1])
    quick = compiled(model)
    for at in ([0.1, 0.2], [-0.3, 0.5], [1.0, 2.0]):
        expected, found = model(at), quick(at)
        assert (type(found), found.data) == (Value, expected.data)
    assert len(quick.programs) == 1
    expected.backward()
    gradients = [p.grad for p in model.parameters()]
    quick.zero_grad()
    found.backward()
    assert [p.grad for p in model.parameters()] == gradients


def test_a_whole_loss_of_several_samples() -> None:
    model: Any = MLP(1, [3, 1])
    points = [(0.1, 0.3), (0.5, -0.2), (1.0, 0.7)]

    def loss() -> Any:
        return sum((model([x]) - y) ** 2 for x, y in points) * (1 / 3)

    quick = compiled(loss)
    for _ in range(4):
        expected = observe(loss, (), model.parameters())
        assert observe(quick, (), model.parameters()) == expected
        for p in model.parameters():
            p.data -= 0.1 * p.grad
    assert len(quick.programs) == 1


def test_results_in_containers_and_results_that_were_there() -> None:
    p = Value(2.0)

    def function(x: Value, n: float) -> Any:
        y = x * p
        return {"y": y, "rest": (y * y, [x, p, n * 2, 3, None]), "made": Value(1.5)}

    quick = compiled(function)
    quick(Value(1.0), 2.0)
    x = Value(3.0)
    found = quick(x, 4.0)
    assert list(found) == ["y", "rest", "made"]
    assert found["rest"][1][0] is x
    assert found["rest"][1][1] is p
    assert found["rest"][1][2:] == [8.0, 3, None]
    assert found["made"].data == 1.5
    (found["y"] + found["rest"][0]).backward()
    assert (x.grad, p.grad, found["y"].grad) == (2.0 + 2 * 6 * 2, 3.0 + 2 * 6 * 3, 1.0 + 2 * 6)


def test_a_value_and_its_number_are_two_results() -> None:
    def function(x: Value) -> Any:
        y = x * 2.0
        return y, y.data, x, x.data, y.data + 1, y

    quick = compiled(function)
    for at in (1.0, 2.0):
        x = Value(at)
        found = quick(x)
        assert [type(each) for each in found] == [Value, float, Value, float, float, Value]
        assert (found[0].data, *found[1:2], *found[3:5]) == (2 * at, 2 * at, at, 2 * at + 1)
        assert found[2] is x
        assert found[5] is found[0]


def test_calls_within_a_graph_of_values_that_were_computed() -> None:
    model: Any = MLP(3, [3, 2])
    quick = compiled(model)

    def function(x: Value, model: Any) -> Any:
        a, b = model([x * 2.0, x.tanh(), x])
        c, d = model([a, b * a, x * b])
        return a * c + d

    for at in (0.3, -0.4, 0.9):
        expected = observe(lambda x: function(x, model), (at,), model.parameters())
        assert observe(lambda x: function(x, quick), (at,), model.parameters()) == expected
    assert len(quick.programs) == 1


def test_gradients_accumulate_over_calls_of_backward() -> None:
    model: Any = MLP(1, [2, 1])
    quick = compiled(model)
    quick([0.5])
    found = []
    for each in (model, quick):
        model.zero_grad()
        for at in (0.1, 0.2, 0.3):
            y = each([at])
            y.backward()
            y.backward()
        found.append([p.grad for p in model.parameters()])
    assert found[0] == found[1]


def test_the_slopes_are_those_of_the_numbers_when_it_was_called() -> None:
    w = Value(2.0)
    quick = compiled(lambda x: x * w * w)
    quick(Value(1.0))
    x = Value(3.0)
    y = quick(x)
    w.data = 10.0
    y.backward()
    assert (x.grad, w.grad) == (4.0, 12.0)


# Whole steps


def steps(function: Function, parameters: Sequence[Value], count: int, *args: Any) -> list[Any]:
    """Return what each of some calls gives, and the data and gradients of the parameters after it."""
    found: list[Any] = []
    for _ in range(count):
        result = function(*args)
        grads = [y.grad for y in (result if isinstance(result, tuple) else [result]) if isinstance(y, Value)]
        result = [y.data if isinstance(y, Value) else y for y in (result if isinstance(result, tuple) else [result])]
        found.append(repr((result, grads, [(p.data, p.grad) for p in parameters])))
    return found


def step_of(make: Function) -> Any:
    """Compare some calls of a step with those of its compiled form; `make` returns it and its parameters."""
    step, parameters = make()
    expected = steps(step, parameters, 6)
    step, parameters = make()
    quick = compiled(step)
    assert steps(quick, parameters, 6) == expected
    assert len(quick.programs) == 1
    return quick


POINTS = [(0.1, 0.3), (0.5, -0.2), (1.0, 0.7)]


@pytest.mark.parametrize("kind", ["data", "value", "both", "nothing"])
def test_a_whole_training_step(kind: str) -> None:
    def make() -> Any:
        random.seed(5)
        model: Any = MLP(1, [3, 1])

        def step() -> Any:
            scores = [model([x]) for x, _ in POINTS]
            loss = sum((score - y) ** 2 for score, (_, y) in zip(scores, POINTS, strict=True)) * (1 / 3)
            model.zero_grad()
            loss.backward()
            for p in model.parameters():
                p.data -= 0.1 * p.grad
            return {"data": loss.data, "value": loss, "both": (loss, scores[0], loss.grad), "nothing": None}[kind]

        return step, model.parameters()

    assert "loss.backward()" in step_of(make).source()


def test_gradients_that_accumulate_over_steps_and_over_several_backward_passes() -> None:
    def make() -> Any:
        a, b = Value(0.3), Value(-0.7)

        def step() -> Any:
            first = (a * b).tanh() / (a + 2.0)
            first.backward()
            norm = a.grad * a.grad + b.grad * b.grad
            second = first * a + b.sqrt() if b > 0 else first * b
            second.backward()
            a.data = a.data - 0.1 * a.grad / (1 + norm)
            b.grad = b.grad * 0.5
            return first.grad, norm

        return step, [a, b]

    step_of(make)


def test_the_sign_of_a_gradient_of_zero() -> None:
    def make() -> Any:
        w = Value(0.7)

        def step() -> Any:
            divisor = w + 2.0
            loss = (1.0 % divisor) * w
            loss.backward()
            return divisor.grad, divisor, loss

        return step, [w]

    step_of(make)


def test_a_step_with_arguments_and_momentum_in_values() -> None:
    def make() -> Any:
        w, velocity = Value(1.0), Value(0.0)

        def step(x: float, y: Value) -> float:
            loss = (w * x - y) ** 2
            w.grad = 0
            loss.backward()
            velocity.data = 0.9 * velocity.data + w.grad
            w.data -= 0.05 * velocity.data
            return loss.data

        return step, [w, velocity, Value(0.5)]

    found = []
    for each in (lambda step: step, compiled):
        step, parameters = make()
        step = each(step)
        found.append([steps(step, parameters, 1, x, parameters[2]) for x in (0.5, 1.5, -1.0, 0.0)])
    assert found[0] == found[1]


def test_a_step_that_fails_changes_nothing_and_raises_the_error_of_the_function_itself() -> None:
    w = Value(4.0)

    def step(n: float) -> Any:
        w.grad = 0.0
        loss = w.sqrt() * n
        loss.backward()
        w.data = w.data - n * w.grad
        return loss.data / (n - 3.0)

    quick = compiled(step)
    quick(1.0)
    before = w.data
    with pytest.raises(ZeroDivisionError):
        quick(3.0)
    assert w.data == before - 3.0 * w.grad, "once, as the function itself does before it fails"


def test_a_refused_step_changes_nothing_before_the_fallback_runs_it() -> None:
    w = Value(1.0)

    def step() -> float:
        w.data = w.data + 1.0
        return float(w.data)

    with pytest.raises(CompileError, match="float"):
        compiled(step)()
    assert w.data == 1.0
    with pytest.warns(UserWarning, match="float"):
        assert compiled(step, fallback="warn")() == 2.0
    assert w.data == 2.0


def test_backward_into_values_that_were_computed_before_is_refused() -> None:
    a = Value(2.0)
    b = a * 3.0

    def step() -> None:
        (b * 2.0).backward()

    with pytest.raises(CompileError, match="computed before"):
        compiled(step)()
    quick = compiled(lambda x: (x * 2.0).backward())
    for x in (Value(1.0), Value(2.0)):
        quick(x)
        assert x.grad == 2.0
    with pytest.raises(CompileError, match="computed before"):
        quick(a * 1.0)


# Errors


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (lambda x: x.log(), 1.0, -1.0),
        (lambda x: 1.0 / x, 1.0, 0.0),
        (lambda x: x.exp(), 1.0, 1000.0),
        (lambda x: (x.log(), x * 2.0)[1], 1.0, -1.0),
    ],
)
def test_errors_are_those_of_the_function_itself(function: Function, good: float, bad: float) -> None:
    quick = compiled(function)
    quick(Value(good))
    with pytest.raises(DomainError) as expected:
        function(Value(bad))
    with pytest.raises(DomainError) as found:
        quick(Value(bad))
    assert (type(found.value), str(found.value)) == (type(expected.value), str(expected.value))
    assert quick(Value(good)).data == function(Value(good)).data
    assert len(quick.programs) == 1


def test_an_infinite_slope_meets_the_gradient_as_it_does_without() -> None:
    same(lambda x: x.sqrt() * 2.0, (1.0,), (0.0,))
    same(lambda x: x.sqrt() * 0.0, (1.0,), (0.0,))
    same(lambda x, y: (x.sqrt() * y, y * y), (1.0, 2.0), (0.0, 2.0), (0.0, 0.0))


# Guards: each test changes what it guards


def test_a_branch_on_a_value_is_recorded_for_each_outcome() -> None:
    def function(x: Value) -> Value:
        return x * 2.0 if x > 1.0 else x * 3.0

    quick = same(function, (0.5,), (1.5,), (0.7,), (1.0,), (math.nan,), programs=2)
    assert "if not x0 > 1.0" in quick.source() or "if x0 > 1.0" in quick.source()


def test_max_and_sorted_and_truth_of_values() -> None:
    same(lambda x, y: max(x, y) * 2.0, (1.0, 2.0), (2.0, 1.0), (1.0, 1.0), programs=2)
    same(lambda x, y: sorted([x, y])[0] * 2.0, (1.0, 2.0), (2.0, 1.0), programs=2)
    same(lambda x: x * 2.0 if x else x * 3.0, (1.0,), (0.0,), (2.0,), programs=2)
    same(lambda x: np.where(x > 0, x, -x) * 2.0, (1.0,), (-1.0,), programs=2)
    same(lambda x: x * 2.0 if np.isnan(x) else x, (1.0,), (math.nan,), (2.0,), programs=2)


def test_a_branch_on_a_parameter_and_on_the_data_of_a_value() -> None:
    w = Value(1.0)
    for function in (
        lambda x: x * w if w > 0 else x - w,
        lambda x: x * w if w.data > 0 else x - w,
        lambda x: x * (w.data * 3) + x.data,
    ):
        quick = compiled(function)
        for number in (1.0, -2.0, 3.0):
            w.data = number
            expected = observe(function, (0.5,), [w])
            assert observe(quick, (0.5,), [w]) == expected


def test_a_float_argument_is_no_constant() -> None:
    def function(x: Value, n: float) -> Value:
        scale = 2 * n * n + 1
        return x * scale + (n if n > 0 else -n) + Value(n) ** 2 + n**3 - abs(n) / 7 + n % 3

    quick = compiled(function)
    for n in (1.5, 2.5, -1.0, 0.0, -7.25):
        at = Value(0.3)
        expected = observe(lambda x, n=n: function(x, n), (0.3,))
        assert observe(lambda x, n=n: quick(x, n), (0.3,)) == expected, at
    assert len(quick.programs) == 2
    with pytest.raises(CompileError, match=r"math\.sin.*test_scalar_compile\.py:\d+: use operators"):
        compiled(lambda x, n: x * math.sin(n))(Value(1.0), 2.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, n: x * np.sin(n) + np.exp(n) ** 2,
        lambda x, n: x * np.maximum(n, 0.5),
        lambda x, n: np.multiply(n, x) + np.add(x, n),
    ],
    ids=range(3),
)
def test_functions_of_numpy_of_a_float_argument_are_numpys(function: Function) -> None:
    quick = compiled(function)
    for n in (0.1, 0.3, 0.7):
        assert quick(Value(0.2), n).data == function(Value(0.2), n).data
    assert len(quick.programs) == 1


def test_numbers_of_numpy_are_another_kind_of_call() -> None:
    quick = compiled(lambda x, n: x * (n**3))
    for n in (2.5, np.float64(1.1), np.float64(2.1), np.float32(1.1), np.float32(0.3)):
        for at in (0.3, 0.4):
            assert quick(Value(at), n).data == (Value(at) * (n**3)).data
    assert len(quick.programs) == 3


def test_values_that_only_the_function_makes() -> None:
    def function(n: float) -> Any:
        return Value(n) * 2.0

    quick = compiled(function)
    found = [quick(n) for n in (1.0, 1.0, 2.0, 3.0)]
    assert [y.data for y in found] == [2.0, 2.0, 4.0, 6.0]
    assert found[0] is not found[1]
    assert len(quick.programs) == 1
    numbers = iter([Value(1.0), Value(2.0)])
    quick = compiled(lambda x: next(x) * 2.0)
    with pytest.raises(CompileError, match="gives something else"):
        quick(numbers)


def test_a_float_is_a_float_for_isinstance() -> None:
    def function(x: Any) -> Any:
        x = x if isinstance(x, Value) else Value(x) if isinstance(x, float) else None
        return x * 2.0

    same(function, (1.0,), (2.0,))
    quick = compiled(function)
    assert [quick(at).data for at in (1.0, 2.0)] == [2.0, 4.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * float(x),
        lambda x: x * math.sin(x),
        lambda x: x * int(x),
        lambda x: x * round(float(x.data)),
        lambda x: x * len(f"{x}"),
        lambda x: x * len(repr(x)),
        lambda x: x * float(x.data),
        lambda x: x * math.floor(x),
        lambda x: x * float(x.grad),
        lambda x: x.backward(),
        lambda x: (x * 2.0).backward(create_graph=True),
        lambda x: setattr(x * 2.0, "data", 2.0),
        lambda x: setattr(x * 2.0, "grad", 2.0),
        lambda x: setattr(x, "data", "two"),
        lambda x: x * 3.0 if setattr(x, "data", x.data * 2) is None else x,  # type: ignore[func-returns-value]
        lambda x: setattr(x, "data", float(x)),
        lambda x: x * {x.data: 2.0}[1.0],
        lambda x: x * range(3)[x.data],
        lambda x: x * random.random(),
        lambda x: x * tensor(1.0, requires_grad=True).sum().item(),
        lambda x: x * TENSOR.item(),
        lambda x: x * np.random.rand(),
        lambda x: {x},
    ],
    ids=range(23),
)
def test_what_cannot_be_recorded_is_refused_with_the_line_and_leaves_everything_as_it_was(function: Function) -> None:
    x = Value(1.0)
    with pytest.raises((CompileError, TypeError), match=r"test_scalar_compile\.py:\d+|unhashable"):
        compiled(function)(x)
    assert type(x) is Value
    assert (x.data, x.grad) == (1.0, 0.0)


class Odd(Value):
    """A value of another class."""


@pytest.mark.parametrize(("given", "kind"), [(np.ones(2), "an array"), (Odd(1.0), "a value of the subclass Odd")])
def test_what_may_be_neither_value_nor_constant_is_refused_by_its_kind(given: Any, kind: str) -> None:
    with pytest.raises(CompileError, match=f"the function was given {kind}, .*test_scalar_compile"):
        compiled(lambda x, y: x * 2.0)(Value(1.0), given)


def test_a_refusal_that_the_function_catches_is_one() -> None:
    def function(x: Value) -> Value:
        try:
            return x * float(x)
        except TypeError:
            return x

    with pytest.raises(CompileError, match="float"):
        compiled(function)(Value(1.0))


def test_what_a_function_changes_itself_is_refused() -> None:
    history: list[Any] = []
    counter = types.SimpleNamespace(calls=0)

    def keeps(x: Value) -> Value:
        history.append(x)
        return x * 2.0

    def counts(x: Value) -> Value:
        counter.calls += 1
        return x * 2.0

    for function, name in ((keeps, "history"), (counts, r"counter\.calls")):
        with pytest.raises(CompileError, match=rf"{name}.*test_scalar_compile"):
            compiled(function)(Value(1.0))


def test_what_gives_something_else_each_time_is_refused() -> None:
    numbers = iter([1.0, 2.0])
    functions: dict[str, Function] = {"numbers": lambda x: x * next(numbers), "time": lambda x: x * time.time()}
    for name, function in functions.items():
        with pytest.raises(CompileError, match=f"reads {name}, which gives something else"):
            compiled(function)(Value(1.0))


def test_a_question_for_the_type_is_refused() -> None:
    with pytest.raises(CompileError, match=r"type of something at .*test_scalar_compile\.py:\d+.*use isinstance"):
        compiled(lambda x: x * 2.0 if type(x) is Value else x * 3.0)(Value(1.0))


def test_an_error_of_an_operation_that_the_function_catches_is_refused() -> None:
    def function(x: Value) -> Value:
        try:
            return x.log()
        except DomainError:
            return x * 0.0

    def of_floats(x: Value, n: float) -> Value:
        try:
            return x * (1 / n)
        except ZeroDivisionError:
            return x

    quick = compiled(function)
    assert quick(Value(1.0)).data == 0.0
    for refused, args in ((quick, (-1.0,)), (compiled(of_floats), (1.0, 0.0))):
        with pytest.raises(CompileError, match=r"caught the error of an operation at .*\.py:\d+.*compare the numbers"):
            refused(Value(args[0]), *args[1:])


def test_a_function_that_changes_its_argument_is_refused() -> None:
    with pytest.raises(CompileError, match="changed its argument, a list"):
        compiled(lambda xs: xs.append(xs[0]))([Value(1.0)])


def test_a_method() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = Value(2.0)

        @compiled
        def __call__(self, x: Value) -> Value:
            return x * self.w

    model = Model()
    for at in (1.0, 2.0):
        assert model(Value(at)).data == 2.0 * at
    model.w = Value(3.0)
    assert model(Value(1.0)).data == 3.0


def test_values_in_an_array_of_objects() -> None:
    weights = np.array([Value(2.0), Value(-1.0)], dtype=object)
    quick = compiled(lambda x: x * weights[0] if weights[1].data < 0 else x)
    for number in (-1.0, 1.0, -2.0):
        weights[1].data = number
        assert quick(Value(3.0)).data == (6.0 if number < 0 else 3.0)


def test_numbers_that_are_no_floats_are_a_part_of_the_kind_of_a_call() -> None:
    quick = compiled(lambda x, n: x * (n + 1 if isinstance(n, int | np.integer) else 7))
    for n in (1, 2, np.int64(1), True, None, "a", 1j):
        for _ in range(2):
            assert quick(Value(1.0), n).data == (7.0 if isinstance(n, str | complex | None) else float(n + 1))
    assert len(quick.programs) == 7


def test_the_fallbacks() -> None:
    def function(x: Value) -> Value:
        return x * float(x)

    with pytest.warns(UserWarning, match="float"):
        assert compiled(function, fallback="warn")(Value(2.0)).data == 4.0
    quick = compiled(function, fallback="eager")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [quick(Value(at)).data for at in (2.0, 3.0)] == [4.0, 9.0]


def test_a_python_value_that_is_read_is_guarded() -> None:
    holder = types.SimpleNamespace(scale=2.0, powers=[2, 3], table=np.array([1.0, 2.0]))
    w = [Value(1.0)]

    def function(x: Value) -> Any:
        return sum(x**p for p in holder.powers) * holder.scale * w[0] + float(holder.table[0])

    quick = compiled(function)
    changes: list[Callable[[], Any]] = [
        lambda: None,
        lambda: setattr(holder, "scale", 3.0),
        lambda: holder.powers.append(4),
        lambda: w.__setitem__(0, Value(5.0)),
        lambda: holder.table.__setitem__(0, 7.0),
        lambda: setattr(w[0], "data", 2.0),
    ]
    for change in changes:
        change()
        for at in (0.5, 0.6):
            expected = observe(function, (at,), w)
            assert observe(quick, (at,), w) == expected
    assert len(quick.programs) == 5


def test_the_kind_of_a_call_is_guarded() -> None:
    def function(x: Any, y: Any = None, *, scale: Any = 1.0) -> Any:
        parts = x if isinstance(x, list | tuple) else [x]
        return sum(part * scale for part in parts) + (0.0 if y is None else y)

    quick = compiled(function)
    x, y = Value(1.0), Value(2.0)
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        *[(args, {}) for args in ((x,), ([x],), ((x,),), ([x, y],), (x, y))],
        *[((x,), {"scale": scale}) for scale in (2, 3)],
    ]
    for _ in range(2):
        for args, kwargs in calls:
            assert quick(*args, **kwargs).data == function(*args, **kwargs).data
    assert len(quick.programs) == 7


def test_the_same_value_twice_and_a_value_that_is_also_read() -> None:
    w = Value(3.0)

    def function(x: Value, y: Value) -> Value:
        return x * y * w + x

    quick = compiled(function)
    a, b = Value(2.0), Value(5.0)
    for x, y in ((a, b), (a, a), (b, b), (w, a), (a, w), (w, w), (b, a)):
        found = []
        for each in (function, quick):
            for value in (a, b, w):
                value.grad = 0.0
            each(x, y).backward()
            found.append([a.grad, b.grad, w.grad])
        assert found[0] == found[1]
    assert len(quick.programs) == 5


def test_the_mode_is_guarded() -> None:
    quick = compiled(lambda x: x * 2.0)
    x = Value(1.0)
    quick(x)
    with no_grad():
        y = quick(x)
        again = quick(Value(3.0))
    for each in (y, again):
        each.backward()
    assert (x.grad, again.data) == (0.0, 6.0)
    assert len(quick.programs) == 2
    quick(x).backward()
    assert x.grad == 2.0


def test_no_grad_within_the_function() -> None:
    w = Value(3.0)

    def function(x: Value) -> Any:
        with no_grad():
            scale, other = x * w, w + x
        return x * scale, other

    quick = compiled(function)
    for at in (1.0, 2.0):
        expected = observe(function, (at,), [w])
        assert observe(quick, (at,), [w]) == expected

    def returns(x: Value) -> Any:
        c = Value(2.0)
        return x * c, c

    with pytest.raises(CompileError, match="is a constant, to which gradients"):
        compiled(returns)(Value(1.0))


def test_anomaly_mode_runs_the_function_itself_and_looks_at_gradients() -> None:
    quick = compiled(lambda x: x * 1e300 * 1e300)
    quick(Value(0.0))
    y = quick(Value(0.0))
    with detect_anomaly():
        with pytest.raises(AnomalyError):
            quick(Value(1.0))
        with pytest.raises(AnomalyError, match="<lambda>"):
            y.backward()


def test_values_that_were_computed_before_and_are_read() -> None:
    a = Value(2.0)
    b = a * 3.0
    quick = compiled(lambda x: x * b + a)
    for at in (1.0, 2.0):
        a.grad = 0.0
        x = Value(at)
        quick(x).backward()
        assert (x.grad, a.grad, b.grad) == (6.0, 3.0 * at + 1.0, at)


def test_second_derivatives_are_refused_with_the_remedy() -> None:
    quick = compiled(lambda x: x * x)
    quick(Value(1.0))
    with pytest.raises(UnsupportedError, match="the function itself"):
        quick(Value(1.0)).backward(create_graph=True)


def test_more_kinds_of_calls_than_can_be_kept_run_the_function_itself_with_a_warning() -> None:
    quick = compiled(lambda x, n: x * n)
    for n in range(8):
        assert quick(Value(2.0), n).data == 2.0 * n
    with pytest.warns(UserWarning, match="8 kinds"):
        assert quick(Value(2.0), 8).data == 16.0
    assert quick(Value(2.0), 9).data == 18.0
    assert len(quick.programs) == 8


def test_a_loop_over_a_whole_data_set_is_refused_with_the_remedy() -> None:
    with pytest.raises(CompileError, match=r"model = compile\(model\)"):
        compiled(lambda x: sum(x * float(i) for i in range(6000)))(Value(1.0))


def test_a_compiled_function_within_another() -> None:
    model: Any = MLP(1, [2, 1])
    quick = compiled(model)
    outer = compiled(lambda x: quick([x]) * 2.0)
    for at in (0.3, 0.6):
        expected = observe(lambda x: model([x]) * 2.0, (at,), model.parameters())
        assert observe(outer, (at,), model.parameters()) == expected
    model.layers[0].neurons[0].nonlin = False
    expected = observe(lambda x: model([x]) * 2.0, (0.5,), model.parameters())
    assert observe(outer, (0.5,), model.parameters()) == expected


def test_a_compiled_function_without_arguments_within_another() -> None:
    w = Value(2.0)
    inner = compiled(lambda: w * 3.0)
    outer = compiled(lambda x: x * inner())
    for number in (2.0, 5.0, 7.0):
        w.data = number
        assert inner().data == 3.0 * number
        with no_grad():
            assert inner().data == 3.0 * number
            assert outer(Value(1.0)).data == 3.0 * number
        y = outer(Value(1.0))
        assert y.data == 3.0 * number
        w.grad = 0.0
        y.backward()
        assert w.grad == 3.0


def test_attributes_are_those_of_the_function() -> None:
    model: Any = MLP(1, [2, 1])
    quick = compiled(model)
    assert quick.parameters() == model.parameters()
    quick.layers = model.layers[:1]
    assert len(model.layers) == 1
    assert repr(quick).startswith("compile(MLP")


def test_the_source_is_python_with_the_users_lines() -> None:
    model: Any = MLP(2, [2, 1])

    def score(x: Value, y: Value) -> Any:
        hidden = model([x, y])
        return hidden.tanh() * x

    quick = compiled(score)
    quick(Value(1.0), Value(2.0))
    text = quick.source()
    assert "test_scalar_compile.py" in text
    assert "hidden = model([x, y])" in text
    assert "tanh(" in text
    ast.parse(text)


def test_two_threads() -> None:
    model: Any = MLP(2, [4, 1])
    quick = compiled(model)
    points = [(random.uniform(-1, 1), random.uniform(-1, 1)) for _ in range(200)]
    expected = [model(list(at)).data for at in points]
    found: dict[int, list[float]] = {}

    def work(thread: int) -> None:
        found[thread] = [quick([Value(a), Value(b)]).data for a, b in points]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[i] == expected for i in range(4))
    assert len(quick.programs) == 1
    assert all(type(p) is Value for p in model.parameters())


def test_graphs_are_freed_without_the_garbage_collector() -> None:
    model: Any = MLP(2, [4, 1])
    quick = compiled(model)
    quick([Value(1.0), Value(2.0)])
    gc.collect()
    gc.disable()
    try:
        y = quick([Value(1.0) * 2.0, Value(2.0) * 3.0]) * 2.0
        y.backward()
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_long_chain_of_calls() -> None:
    quick = compiled(lambda x: x * 0.5 + 1.0)
    x = y = Value(1.0)
    for _ in range(20_000):
        y = quick(y)
    y.backward()
    assert x.grad == 0.5**20_000
    assert y.data == 2.0


def test_names_in_a_text_are_neither_its_own_nor_those_of_python_for_something_else() -> None:
    names, first, second = Names(), object(), object()
    assert names.name(first, "rate") == names.name(first, "rate") == "rate"
    assert names.name(second, "rate") == "rate_2"
    assert names.name(first, "x1") == "x1_2"  # a variable of the text
    assert names.name(float, "float") == "float"
    assert names.name(first, "max") == "max_2"
    assert names == {"rate": first, "rate_2": second, "x1_2": first, "float": float, "max_2": first}
