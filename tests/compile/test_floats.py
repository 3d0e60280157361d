"""Python floats among the arguments: inputs of a program, which Python may ask for, and never a wrong number.

`PLAINGRAD_PROGRAMS=2000 pytest tests/compile/test_floats.py` tries more, from the seed `PLAINGRAD_SEED` on.
"""

import collections.abc
import copy
import math
import numbers
import os
import pickle
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nn
from autograd import CompileError, grad, hessian, jvp, tensor, vmap
from autograd import compile as compiled
from autograd.transforms.compile.fused.loops import load_llvm

from .agreement import assert_same, differs

PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", "60"))
SEED = int(os.environ.get("PLAINGRAD_SEED", "0"))

Function = Callable[..., Any]
X, Z = np.array([0.5, -1.25, 2.0]), np.array([1.5, 0.25, -0.75], np.float32)
EDGES = (0.1, 0.25, -0.0, 0.0, math.nan, math.inf, -math.inf, 1e300, 5e-324, 3.0)


@dataclass
class Rates:
    first: float
    second: float = 0.5


def agree(function: Function, *calls: tuple[Any, ...], **options: Any) -> Any:
    """Compare a compiled function with the function itself at each of its arguments, errors too."""
    recorded = compiled(function, **options)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for i, args in enumerate(calls):
            expected, found = outcome(function, args), outcome(recorded, args)
            assert not differs(expected, found), (i, args)
    return recorded


def outcome(function: Function, args: tuple[Any, ...]) -> Any:
    try:
        return function(*copy.deepcopy(args))
    except (ArithmeticError, ValueError, TypeError, RuntimeError) as error:
        return type(error)


INPUTS: dict[str, Function] = {
    "a factor": lambda x, a: x * a,
    "on the left": lambda x, a: a / (a - x) ** 2 + a // x + a % x,
    "arithmetic": lambda x, a: x * (1 - a) + 2 * a**2 - abs(-a) + (a + 1) / 4,
    "NumPy's functions of it": lambda x, a: np.exp(-a) * x + np.float32(2) * a,
    "as a result": lambda x, a: (x + a, a, 1 - a, {"a": a}),
    "arrays of it": lambda x, a: np.array([a, 1.0]) * np.full(2, a) + np.stack([np.asarray(a), x[0]]),
    "choices": lambda x, a: np.where(x > a, a, x) + np.clip(x, -a, a) + np.maximum(x, a),
    "written": lambda x, a: [y := x.copy(), y.__setitem__(0, a), y][2],
    "of a tensor": lambda x, a: (tensor(x) * a + a**0.5).sum(),
    "grad": grad(lambda x, a: np.sum(np.sin(x * a) ** 2)),
    "grad with respect to it": grad(lambda x, a: np.sum(np.sin(x * a)), (0, 1)),
    "hessian": hessian(lambda x, a: np.sum(np.tanh(x * a) * x)),
    "jvp": lambda x, a: jvp(lambda y: np.sum(y * y * a), (x,), (x * a,)),
    "vmap": vmap(lambda y, a: np.sin(y) * a + (1 - a), in_axes=(0, None)),
    "functions of nn": lambda x, a: nn.functional.leaky_relu(tensor(x), a) + nn.functional.elu(tensor(x), 1 + a),
    "inside a comprehension": lambda x, a: sum(x * a * i for i in range(3)),
}  # fmt: skip
ASKED: dict[str, Function] = {
    "if": lambda x, a: x * 2 if a > 0.1 else x * a,
    "math": lambda x, a: x * math.exp(-abs(a)),
    "bool": lambda x, a: x * (a or 0.5),
    "in": lambda x, a: x * 2 if a in (0.1, 0.25) else x,
    "range": lambda x, a: sum(x for _ in range(int(max(min(a, 4.0), 1.0)))),
    "round": lambda x, a: x * round(a, 1),
    "floor and ceil": lambda x, a: x * (math.floor(a) + math.ceil(a)),
    "text": lambda x, a: x * len(f"{a:.3f}" + str(a) + repr(a) + "%.2g" % a),  # noqa: UP031 - the operator asks
    "float": lambda x, a: x * float(a),
    "a key": lambda x, a: x * {0.1: 2.0, 0.0: 3.0}.get(a, 1.0),
    "is_integer": lambda x, a: x if a.is_integer() else -x,
    "NumPy's answer": lambda x, a: x if np.isclose(a, 0.1) or np.isnan(np.sqrt(a)) else -x,
    "an error that is caught": lambda x, a: x * inverse(a),
    "a complex power": lambda x, a: x * abs(a**0.5),
    "pickle": lambda x, a: x * pickle.loads(pickle.dumps(a)),
    "sorted": lambda x, a: x * sorted([a, 0.2, 0.15])[0],
    "divmod": lambda x, a: x * divmod(a, 0.3)[1],
    "a long way": lambda x, a: x * newton(a),
    "a sum of ints": lambda x, a: x * math.fsum([a, 1.0]),
    "the layout": lambda x, a: x * np.arange(0.0, 1.0, 0.5 if a != a else min(max(abs(a), 0.2), 1.0)).sum(),
    "a linear space": lambda x, a: x * np.linspace(0.0, a, 3),
    "dtypes": lambda x, a: x * (np.min_scalar_type(a).itemsize + np.result_type(x, a).itemsize),
}  # fmt: skip


def inverse(a: float) -> float:
    try:
        return 1 / a
    except ZeroDivisionError:
        return 7.0


def newton(a: float) -> float:
    y = 1.0
    for _ in range(40):
        y = 0.5 * (y + (abs(a) + 1) / y)
    return y


@pytest.mark.one_in(3)
@pytest.mark.parametrize("values", [X, Z], ids=["float64", "float32"])
@pytest.mark.parametrize("name", INPUTS)
def test_an_input(name: str, values: Any) -> None:
    function = INPUTS[name]
    asks = {"of a tensor", "functions of nn"}  # a power that may be complex, a slope that may be negative
    recorded = agree(function, *((values, a) for a in EDGES))
    if name not in asks:
        assert len(recorded.programs) == 1
    recorded = agree(function, (values, 0.3), (values, 0.4), (values * 2, 0.7), (values, 0.6))
    assert len(recorded.programs) == 1
    assert not recorded.programs[0].diverged


@pytest.mark.one_in(3)
@pytest.mark.parametrize("values", [X, Z], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ASKED)
def test_what_python_asks(name: str, values: Any) -> None:
    for some in (EDGES[:5], (0.3, *EDGES[7:]) if name == "a long way" else EDGES[5:]):  # the sign of a nan varies
        agree(ASKED[name], *((values, a) for _ in range(2) for a in some))


def test_questions_choose_the_program() -> None:
    recorded = agree(ASKED["if"], *((X, a) for a in (0.05, 0.2, 0.3, 0.01, 0.1, 0.4)))
    assert len(recorded.programs) == 2


def test_containers_keywords_and_defaults() -> None:
    def function(x: Any, rates: Any, *more: float, scale: float = 0.5, **named: float) -> Any:
        return x * rates["a"][0] + rates["b"].first * more[0] - rates["b"].second * scale + named["c"]

    recorded = compiled(function)
    for a in (0.1, 0.2, -0.0, math.nan):
        given = {"a": (a, "text"), "b": Rates(a + 1, a)}
        assert not differs(function(X, given, a, c=2 * a), recorded(X, given, a, c=2 * a))
    assert len(recorded.programs) == 1
    for a in (0.1, 0.2):
        assert not differs(function(X, given, a, c=1.0, scale=a), recorded(X, given, a, c=1.0, scale=a))
    assert len(recorded.programs) == 2


def test_other_numbers_are_other_kinds_of_arguments() -> None:
    recorded = agree(lambda x, a: (x * a, a), *((Z, a) for a in (0.5, np.float64(0.5), np.float32(0.5), 1, True, 1.0)))
    assert len(recorded.programs) == 5


def test_it_is_a_float() -> None:
    kinds = (float, numbers.Real, collections.abc.Iterable, collections.abc.Sized, np.ndarray, np.generic, int)
    names = ("shape", "dtype", "ndim", "__len__", "__iter__", "__getitem__", "T", "item", "astype", "_node", "real")

    def function(x: Any, a: Any) -> Any:
        found = [isinstance(a, kind) for kind in kinds] + [hasattr(a, name) for name in names]
        return x * copy.deepcopy(a) * copy.copy(a).conjugate(), found

    agree(function, (X, 0.1), (X, 0.2))


def test_a_question_of_the_type_is_answered_with_the_value() -> None:
    def function(x: Any, a: Any) -> Any:
        return x * a if type(a) is float else x

    assert len(agree(function, (X, 0.1), (X, 0.2), (X, 0.1)).programs) == 2


def test_what_the_function_sets_is_set_at_each_call() -> None:
    class Last:
        rate = 0.1

    last = Last()

    def function(x: Any, a: float) -> Any:
        last.rate = a
        return x * a

    recorded = compiled(function, fallback="eager")
    for a in (0.1, 0.1, 0.2, 0.3):
        assert not differs(X * a, recorded(X, a))
        assert type(last.rate) is float
        assert last.rate == a


def test_a_tensor_that_goes_on() -> None:
    """A compiled call is one node; its derivative needs the float of its own call."""
    w = tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    recorded = compiled(lambda x, a: (w * x) ** 2 * a + np.sin(w * a))
    for a, b in ((0.1, 0.2), (0.3, 0.4), (0.5, -0.0)):
        gradients: list[Any] = []
        for f in (recorded.__wrapped__, recorded):
            w.grad = None
            (f(X, a).sum() * f(X, b).sum()).backward()
            gradients.append(w.grad)
        np.testing.assert_allclose(gradients[1].numpy(), gradients[0].numpy(), rtol=1e-14)  # added in another order
    assert len(recorded.programs) == 1


def test_a_step_with_its_rate() -> None:
    def states(compile: bool) -> Any:
        nn.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))

        def step(x: Any, rate: float) -> Any:
            model.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            for p in model.parameters():
                p.data -= rate * p.grad.data
            return loss

        stepped: Any = compiled(step) if compile else step
        losses = [stepped(Z[None], 0.1 / (1 + i)).item() for i in range(12)]
        return losses, [p.numpy() for p in model.parameters()], len(stepped.programs) if compile else 1

    assert not differs(states(False), states(True))


def optimized() -> tuple[Any, Any]:
    w = tensor(np.ones(3), requires_grad=True)
    return w, nn.optim.SGD([w], lr=0.1, momentum=0.5)


def test_options_of_an_optimizer_are_compared() -> None:
    """Whoever reads its rate gets the one of now, whoever sets it does so outside."""
    _, optimizer = optimized()
    schedule = nn.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    reads: list[Function] = [
        lambda x: x * optimizer.param_groups[0]["lr"],
        lambda x: x * schedule.get_last_lr()[0],
        lambda x: x * schedule.last_epoch,
        lambda x: x * schedule.state_dict()["last_epoch"],
        lambda x: x * optimizer.state_dict()["param_groups"][0]["lr"],
    ]
    recorded = [compiled(read) for read in reads]
    for _ in range(3):
        for read, replayed in zip(reads, recorded, strict=True):
            for _ in range(2):
                assert not differs(read(X), replayed(X))
        optimizer.step()
        schedule.step()


def test_an_option_that_the_function_sets() -> None:
    w, optimizer = optimized()

    def step(x: Any, rate: float) -> Any:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    with pytest.raises(CompileError, match=r"a change of optimizer.param_groups\[0\].*make it outside"):
        compiled(step)(X, 0.2)
    recorded = compiled(step, fallback="eager")
    for rate in (0.1, 0.1, 0.2, 0.3, 0.1):
        recorded(X, rate)
        assert type(optimizer.param_groups[0]["lr"]) is float
        assert optimizer.param_groups[0]["lr"] == rate


@pytest.mark.parametrize("make", [pd.Series, pd.DataFrame, lambda x: pd.Series(x, dtype="Float64")])
@pytest.mark.parametrize("function", [np.sum, lambda x: x * 2, lambda x: tensor(2.0) * x, lambda x: tensor(x)])
def test_tables_are_refused_by_name(make: Function, function: Function) -> None:
    table = make(X)
    name = type(table).__name__
    with pytest.raises(CompileError, match=rf"a pandas {name} as an argument, in .*: pass its numbers, \.to_numpy\(\)"):
        compiled(lambda x: function(x))(table)
    recorded = compiled(lambda x: function(x), fallback="eager")
    for _ in range(2):
        for expected, found in [(function(table), recorded(table))]:
            assert type(expected) is type(found)
            assert np.array_equal(np.asarray(expected), np.asarray(found))
        table.iloc[0] += 1.0


def test_a_list_of_numbers_is_an_input() -> None:
    recorded = assert_same(
        lambda x, y: x * np.array(y) + tensor(y).data, *((X, [a, 2 * a, 1.0]) for a in (0.5, 0.25, -0.0))
    )
    assert len(recorded.programs) == 1


# Integers, which are inputs from their second value on

INTEGERS: dict[str, Function] = {
    "a factor": lambda x, n: x * n + n,
    "in place": lambda x, n: [y := x.copy(), y.__imul__(n), y.__iadd__(1 + n)][0],
    "a rate": lambda x, n: x * (0.9**n / (1 + n)) - (1 - 0.5 ** (n + 1)) * x / 2**-n,
    "as a result": lambda x, n: (x / (n + 1), n, n + 1, n / 2, -n, n // 2, n % 3, n & 5, 3 | n, ~n, n << 2, {"n": n}),
    "more than 64 bits": lambda x, n: x * (n * 10**20) + (n << 80),
    "of a tensor": lambda x, n: (tensor(x) * n + n).sum() / (2 + n),
    "grad": grad(lambda x, n: np.sum(np.sin(x * n) ** 2) / (n + 1)),
    "hessian": hessian(lambda x, n: np.sum(np.tanh(x * n) * x)),
    "vmap": vmap(lambda y, n: np.sin(y) * n + (1 - n), in_axes=(0, None)),
    "a loop": lambda x, n: sum(x * n / (i + n + 1) for i in range(3)),
}  # fmt: skip
DECIDING: dict[str, Function] = {
    "if": lambda x, n: x * 2 if n % 10 == 0 else x * n,
    "bool": lambda x, n: x * (n or 7),
    "range": lambda x, n: sum(x * i for i in range(n % 4 + 1)),
    "an index": lambda x, n: x[n % 3] * x[: n % 2 + 1].sum(),
    "written there": lambda x, n: [y := x.copy(), y.__setitem__(n % 3, n), y][2],
    "a shape": lambda x, n: (np.zeros(n), x.reshape(-1, 1 + 2 * (n % 2)), np.arange(n), x.shape == (n,)),
    "a dtype": lambda x, n: (np.arange(3) * n, np.full((2, n % 3), n), np.array([n, 1]), np.where(x > 0, n, n)),
    "small dtypes": lambda x, n: (x.astype(np.float16) * n, np.arange(3, dtype=np.int8) * n),
    "a chosen dtype": lambda x, n: (np.add(x, n, dtype=np.float32), np.multiply(x, n, where=x > 0, out=np.zeros(3))),
    "an axis": lambda x, n: np.sum(x[None], axis=n % 2),
    "a power": lambda x, n: (x**n, tensor(x) ** (n % 3), 2**n * x),
    "a comparison": lambda x, n: x * (np.arange(3) < n),
    "NumPy's functions": lambda x, n: np.maximum(x, n) + np.sqrt(n) + np.roll(x, n) + np.clip(x, -n, n),
    "a list": lambda x, n: x * len([0] * n) + [1.0, 2.0, 3.0][n % 3],
    "text": lambda x, n: x * len(f"{n:3d}" + str(n) + repr(n)),
    "type": lambda x, n: x if type(n) is int else -x,
    "int": lambda x, n: x * (isinstance(n, int) + 2 * isinstance(n, float)) * n.bit_length() * float(n),
    "a key": lambda x, n: x * {1: 2.0, 3: 0.5}.get(n, 1.0),
    "a copy": lambda x, n: (x * copy.deepcopy(n), type(pickle.loads(pickle.dumps(n))) is int),
    "a number of NumPy": lambda x, n: (x * np.int64(n), n * x[0], np.float32(2) * n, x[0] / (n + 1)),
}  # fmt: skip
VALUES = (0, 1, 2, 3, 5, 10, 20, 21, 7, 3, 0, 1, -2, 1)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("values", [X, Z], ids=["float64", "float32"])
@pytest.mark.parametrize("name", INTEGERS)
def test_an_integer_is_an_input_at_its_second_value(name: str, values: Any) -> None:
    recorded = agree(INTEGERS[name], *((values, n) for n in VALUES if n >= 0))
    assert len(recorded.programs) == 1
    assert not recorded.fallbacks


@pytest.mark.one_in(2)
@pytest.mark.parametrize("values", [X, Z], ids=["float64", "float32"])
@pytest.mark.parametrize("name", DECIDING)
def test_what_an_integer_decides_is_decided_by_its_value(name: str, values: Any) -> None:
    agree(DECIDING[name], *((values, n) for n in VALUES))


def test_a_condition_on_a_counter_makes_two_programs() -> None:
    recorded = agree(DECIDING["if"], *((X, n) for n in range(25)))
    assert len(recorded.programs) == 2
    assert not recorded.fallbacks


def test_integers_and_truth_are_different_inputs() -> None:
    recorded = agree(
        lambda x, n, flag: (x * n, n, flag), *((X, n, flag) for n in (1, 2, True, 0) for flag in (True, False))
    )
    assert len(recorded.programs) == 4


def test_random_numbers_of_a_shape_that_an_integer_decides() -> None:
    def noisy(x: Any, n: int) -> Any:
        return nn.functional.dropout(tensor(np.ones((2, n)) * n), 0.5, training=True) * x.sum()

    def drawn(function: Function) -> list[Any]:
        nn.manual_seed(0)
        return [function(X, n) for n in (1, 2, 3, 2, 4)]

    assert not differs(drawn(noisy), drawn(compiled(noisy)))


def test_a_graph_goes_on_from_a_call_with_an_integer() -> None:
    w = tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    recorded = compiled(lambda x, n: (w * x) ** 2 * n + np.sin(w / (n + 1)))
    for n in (1, 2, 3, 1):
        gradients: list[Any] = []
        for f in (recorded.__wrapped__, recorded):
            w.grad = None
            (f(X, n).sum() * f(X, n + 4).sum()).backward()
            gradients.append(w.grad)
        np.testing.assert_allclose(gradients[1].numpy(), gradients[0].numpy(), rtol=1e-14)
    assert len(recorded.programs) == 1


# Random functions of an array and three floats


class Grower:
    """Writes a random function: floats, arrays, and what Python asks of floats."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def number(self, depth: int = 3) -> str:
        r = self.random
        if not depth or r.random() < 0.25:
            return r.choice(["a", "b", "c[0]", "c[0]", "0.5", "2", "1.25", "True", "s"])
        x, y = self.number(depth - 1), self.number(depth - 1)
        return r.choice([
            f"({x} + {y})", f"({x} - {y})", f"({x} * {y})", f"({x} / ({y} + 3))", f"-({x})", f"abs({x})", f"({x}) ** 2",
            f"(abs({x}) + 0.5) ** ({y})", f"({x} if {y} > 0.7 else {y})", f"max({x}, {y})", f"math.tanh({x})",
            f"round({x}, 1)", f"float({x})", f"np.sin({x})", f"np.float32({x})", f"int({x})", f"({x} // 0.3)",
            f"({x}) % 0.7", f"np.multiply({x}, {y})", f"np.minimum({x}, {y})", f"({x} or {y})",
        ])  # fmt: skip

    def array(self, depth: int = 3) -> str:
        r = self.random
        if not depth or r.random() < 0.2:
            return "x"
        x, n = self.array(depth - 1), self.number(2)
        return r.choice([
            f"({x} + {self.array(depth - 1)})", f"({x} * {n})", f"({n} - {x})", f"np.tanh({x} * {n})", f"np.sin({x})",
            f"np.where({x} > {n}, {x}, {n})", f"np.clip({x}, -1.0, {n})", f"np.maximum({x}, {n})",
            f"({x} / (abs({n}) + 1))", f"np.full_like(x, {n}) * {x}", f"(np.abs({x}) + 1) ** {n}",
            f"({x} if {n} < 1 else -{x})", f"np.dot({x}, {n})", f"np.sum({x}) * {n} + {x}",
            f"np.exp(-np.abs({x})) * {n}",
        ])  # fmt: skip

    def function(self) -> tuple[str, Function]:
        text = (
            f"def f(x, a, b, c, s):\n    y = {self.array()}\n    n = {self.number()}\n"
            f"    return y * {self.number(1)} + n\n"
        )
        scope: dict[str, Any] = {"np": np, "math": math}
        exec(text, scope)
        return text, scope["f"]


def examine(seed: int, **options: Any) -> str:
    """Say what is wrong with what becomes of a random function of floats."""
    grower = Grower(seed)
    text, function = grower.function()
    r = grower.random
    edges = (0.0, -0.0, math.nan, math.inf, 1.0, 0.7)
    total = lambda x, a, b, c, s: np.sum(function(x, a, b, c, s))  # noqa: E731
    ways: dict[str, Function] = {
        "values": function,
        "grad": grad(total),
        "grad of floats": grad(total, (0, 1)),
        "second": grad(lambda *args: np.sum(grad(total)(*args) ** 2)),
    }
    for way, f in ways.items():
        recorded = compiled(f, fallback="eager", **options)
        for i in range(6):
            numbers = [r.choice(edges) if r.random() < 0.15 else r.uniform(-1.5, 1.5) for _ in range(3)]
            given = (X if seed % 2 else Z, numbers[0], numbers[1], [numbers[2]], 0.5 if i % 2 else np.float64(0.25))
            expected, found = outcome(f, given), outcome(recorded, given)
            if isinstance(expected, type) or isinstance(found, type):
                said = "" if expected is found else f"{found} in place of {expected}"
            elif options:
                said = "" if alike(expected, found) else f"{found} in place of {expected}"
            else:
                said = differs(expected, found)
            if said:
                return f"{text}# seed {seed}, {way}, call {i}, {given}: {said}"
    return ""


def alike(expected: Any, found: Any) -> bool:
    if isinstance(expected, tuple):
        return all(map(alike, expected, found))
    x, y = np.asarray(expected), np.asarray(found)
    close = 1e-4  # float32 may be promoted at the end
    return x.dtype == y.dtype and x.shape == y.shape and np.allclose(x, y, rtol=close, atol=close, equal_nan=True)


@pytest.mark.one_in(8)
@pytest.mark.parametrize("part", range(8))
def test_random_functions(part: int) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        faults = [fault for seed in range(SEED + part, SEED + PROGRAMS, 8) if (fault := examine(seed))]
    assert not faults, "\n\n".join(faults[:5])


def test_loops_take_floats() -> None:
    load_llvm("this test")

    def function(x: Any, a: float, b: float) -> Any:
        y = np.tanh(x * a) * (1 - b) + np.exp(-x * x) * b
        return np.where(y > a, y * b, y + a), np.sqrt(x * x + a * a)

    for values in (np.linspace(-1, 1, 600), np.linspace(-1, 1, 600, dtype=np.float32)):
        recorded = compiled(function, backend="numba")
        for a, b in ((0.1, 0.2), (0.3, -0.4), (-0.0, 0.5)):
            assert alike(function(values, a, b), recorded(values, a, b))
        assert len(recorded.programs) == 1
        assert " fused(" in recorded.source()


def test_a_program_for_each_rate_no_more() -> None:
    recorded = assert_same(lambda x, rate: x - rate * x, *((X, 0.1 * 0.9**i) for i in range(20)))
    assert "leaves[1]" in recorded.source()


def test_the_ninth_program_says_who_asked() -> None:
    recorded = compiled(lambda x, rate: x * math.exp(rate))
    for i in range(8):
        recorded(X, i / 10)
    with pytest.warns(RuntimeWarning, match=r"test_floats.py:\d+ asks for the value of a float"):
        recorded(X, 0.9)
