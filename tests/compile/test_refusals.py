"""What cannot be recorded: an error that names the line and the remedy, or the function runs as it is.

Each function is called with ``fallback="raise"``, ``"warn"`` and ``"eager"``: with the latter two everything is as
without `compile`, also the changes that the function makes.
"""

import datetime
import decimal
import json
import math
import os
import random
import re
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, GraphError, detect_anomaly, grad, saved_tensors_hooks, tensor
from autograd import compile as compiled

from .agreement import differs

X, Y = np.array([0.5, -1.25, 2.0]), np.array([-3.0, 0.25, 1.0])
Function = Callable[[Any], Any]


class State:
    """What functions write to, made anew for each comparison."""

    def __init__(self) -> None:
        self.count, self.total = 0, np.zeros(3)
        self.losses: list[Any] = []
        self.table: dict[str, Any] = {"a": np.ones(3)}
        self.cell = tensor(np.ones(3))


state = State()
generator = np.random.default_rng(0)
numbers = iter(range(10**6))
DEPENDS = "depends on its values"
REMEDY = r"numpy.where\(c(ondition)?, a, b\)"


def branch(x: Any) -> Any:
    return x * 2 if x.sum() > 0 else x * 3


def loop(x: Any) -> Any:
    while (x > 0.1).any():
        x = x - 1
    return x


def printed(x: Any) -> Any:
    print(x)
    return x * 2


def printed_text(x: Any) -> Any:
    print("computing")
    return x * 2


def warned(x: Any) -> Any:
    warnings.warn("computing", stacklevel=1)
    return x * 2


def counted(x: Any) -> Any:
    state.count += 1
    return x * 2


def kept(x: Any) -> Any:
    state.total = x * 2
    return x


def kept_anew(x: Any) -> Any:
    state.last = x * 2  # type: ignore[attr-defined]
    return x


def kept_tensor(x: Any) -> Any:
    state.cell = tensor(x) * 2
    return x


def appended(x: Any) -> Any:
    state.losses.append(x.sum())
    return x


def entered(x: Any) -> Any:
    state.table["a"] = x * 3
    return x


def entered_anew(x: Any) -> Any:
    state.table["b"] = x * 3
    return x


def caught(x: Any) -> Any:
    try:
        return x * float(x[0])
    except Exception:  # noqa: BLE001  # as users write it
        return x * 0


def caught_inverse(x: Any) -> Any:
    try:
        return np.linalg.inv(np.outer(x, x) * 0)
    except np.linalg.LinAlgError:
        return x * 0


def generated(x: Any) -> Any:
    yield x * 2


# The function, what the message says, and what the remedy is.
REFUSED: dict[str, tuple[Function, str, str]] = {
    "if": (branch, rf"bool\(\) of an array .*{DEPENDS}", REMEDY),
    "while": (loop, rf"bool\(\) of an array .*{DEPENDS}", REMEDY),
    "and": (lambda x: x.sum() and x, r"bool\(\)", REMEDY),
    "in": (lambda x: 0.5 in x, r"bool\(\)", REMEDY),
    "sorted": (lambda x: sorted([x, x * 2], key=lambda a: a.sum())[0], r"bool\(\)", REMEDY),
    "max": (lambda x: max(x), r"bool\(\)", REMEDY),
    "float": (lambda x: x * float(x[0]), r"float\(\)", "return the array"),
    "int": (lambda x: x[int(x[0] > 0)], r"int\(\)", "return the array"),
    "item": (lambda x: x * x[0].item(), r"item\(\)", "return the array"),
    "item of a tensor": (lambda x: x * tensor(x).sum().item(), r"(item|float)\(\)", "return the array"),
    "tolist": (lambda x: x.tolist(), r"tolist\(\)", "return the array"),
    "tobytes": (lambda x: x.tobytes(), r"tobytes\(\)", "return the array"),
    "index of a list": (lambda x: [1, 2, 3][np.argmax(x)] * x, "an index or a length", "return the array"),
    "range": (lambda x: list(range(np.argmax(x) + 1)), "an index or a length", "return the array"),
    "math.sin": (
        lambda x: math.sin(x[0]) * x,
        r"float\(\)",
        r"write numpy.sin\(x\) for math.sin\(x\), or return the array",
    ),
    "math.sin of a tensor": (lambda x: math.sin(tensor(x)[0]) * x, r"float\(\)", "return the array"),
    "print": (printed, r"print\(\)", "print what the compiled function returns"),
    "print of text": (printed_text, r"print\(\)", "print what the compiled function returns"),
    "warn": (warned, r"warnings.warn\(\)", "warn outside"),
    "f-string": (lambda x: f"{x}", "the text of an array", "return the array"),
    "f-string with a format": (lambda x: f"{x.sum():.3f}", "the text of an array", "return the array"),
    "%": (lambda x: "%.3f" % x.sum(), r"float\(\)", "return the array"),  # noqa: UP031  # as users write it
    "str": (lambda x: str(x), "the text of an array", "return the array"),
    "repr of a tensor": (lambda x: repr(tensor(x)), "the text of an array", "return the array"),
    "numpy.random": (lambda x: x * np.random.rand(3), "comes from outside|a draw from numpy.random", "outside"),
    "a number of numpy.random": (lambda x: x * np.random.rand(), "a draw from numpy.random", "nn.random"),
    "a generator": (lambda x: x * generator.random(), "a draw from generator", "nn.random"),
    "a new generator": (lambda x: x * np.random.default_rng(0).random(), "default_rng", "as an argument"),
    "random": (lambda x: x * random.random(), "a draw from random", "nn.random"),
    "time": (lambda x: x * (time.time() > 0), "time, which gives something else", "as an argument"),
    "datetime": (lambda x: x * (datetime.datetime.now().year > 0), "datetime", "as an argument"),
    "os.urandom": (lambda x: x * len(os.urandom(3)), "urandom", "as an argument"),
    "an iterator": (lambda x: x * (next(numbers) >= 0), "numbers, which gives something else", "as an argument"),
    "another library's array": (lambda x: x * np.frombuffer(bytes(24)), "comes from outside", "as an argument"),
    "a count": (counted, "a change of state.count", "return the new value"),
    "an attribute": (kept, "a change of state.total", "return the new value"),
    "a new attribute": (kept_anew, "a change of state.last", "return the new value"),
    "a tensor in an attribute": (kept_tensor, "a change of state.cell", "return the new value"),
    "append": (appended, "a change of state.losses", "return the new value"),
    "an entry": (entered, "a change of state.table", "return the new value"),
    "a new entry": (entered_anew, "a change of state.table", "return the new value"),
    "a caught error": (caught, r"float\(\)", "return the array"),
    "a caught error of NumPy": (caught_inverse, "an operation that fails", REMEDY),
    "a number of Python": (lambda x: x * (1j * x[0]), "mul, which gives complex", r"numpy.multiply\(a, b\)"),
    "text": (lambda x: np.array_str(x), "array_str, which gives str", "call it outside"),
    "two arrays for results": (
        lambda x: np.modf(x, out=(np.empty_like(x), np.empty_like(x)))[0],
        "modf with several arrays",
        "that it returns",
    ),
    "a set": (lambda x: {1, 2}, "a result of type set", "return arrays"),
    "a generator function": (generated, "a result of type generator", "return arrays"),
    "a function": (lambda x: lambda: x, "a result of type function", "return arrays"),
}
refused = pytest.mark.parametrize("name", REFUSED)


@refused
def test_the_error_names_the_line_and_the_remedy(name: str) -> None:
    function, what, remedy = REFUSED[name]
    recorded = compiled(function)
    for _ in range(2):
        with pytest.raises(CompileError, match=what) as caught:
            recorded(X)
        message = str(caught.value)
        assert f"{os.path.basename(__file__)}:" in message
        first = function.__code__.co_firstlineno
        line = int(message.split(f"{os.path.basename(__file__)}:")[1].split(",")[0].split(")")[0])
        assert first <= line <= first + 6
        assert ",," not in message
        assert re.search(remedy, message)
    assert not recorded.programs


def outcome(function: Function, name: str) -> tuple[Any, dict[str, Any]]:
    """Return what some calls return, and the state that they leave."""
    global state
    state = State()
    random.seed(1)
    np.random.seed(1)
    generator.bit_generator.state = np.random.PCG64(1).state
    found = [function(x) for x in (X, -X, Y)]
    if name in ("a generator function", "a function"):
        found = [np.asarray(next(each) if name == "a generator function" else each()) for each in found]
    return found if name != "a set" else [sorted(each) for each in found], vars(state)


@pytest.mark.one_in(4)
@refused
@pytest.mark.parametrize("fallback", ["warn", "eager"])
def test_the_function_runs_as_it_is(name: str, fallback: Any) -> None:
    function, what, _ = REFUSED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = outcome(function, name)
    recorded = compiled(function, fallback=fallback)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = outcome(recorded, name)
    assert not differs(expected, found)
    said = [str(each.message) for each in seen if str(each.message) != "computing"]
    assert len(said) == (fallback == "warn")
    for message in said:
        assert re.search(what, message)
        assert message.endswith("; the function runs as it is")


class OwnUpdates(nn.optim.SGD):
    """An optimizer that may keep what nobody knows of."""


def of_a_step(kind: type[nn.optim.Optimizer] = OwnUpdates, begun: bool = False) -> Function:
    net = nn.Linear(3, 1)
    updates = kind(net.parameters(), lr=0.1)  # type: ignore[call-arg]  # as all of them
    if begun:
        net(X).sum().backward()

    def step(x: Any) -> Any:
        net(x).sum().backward()
        updates.step()
        return x[x > 0]

    return step


def of_a_shared_gradient() -> Function:
    leaves = [tensor(X, requires_grad=True), tensor(X, requires_grad=True)]
    leaves[1].grad = leaves[0].detach()
    return lambda x: leaves[0].data + x * leaves[1].grad.data


def of_a_computed_view() -> Function:
    held = np.arange(6.0)

    def shifted(x: Any) -> Any:
        rest = held[np.argmax(x) :]
        held[...] += 1
        return rest.sum() + x[x > 0]

    return shifted


def of_a_recorded_gradient() -> Function:
    weight = tensor(X, requires_grad=True)

    def backward(x: Any) -> Any:
        ((weight * x) ** 2).sum().backward(create_graph=True)
        return x * 2

    return backward


def written_before_a_check(x: Any) -> Any:
    x[0] = 1.0
    return x[x > 0]


def written_result(x: Any) -> Any:
    x.data[...] = 1.0
    return x.sum()


def within(block: Callable[[], Any]) -> Function:
    def packed(x: Any) -> Any:
        with block():
            return np.sum(np.sin(x) * x)

    return grad(packed)


# What makes the function, its argument, what the message says, and what the remedy is.
OF_TENSORS: dict[str, tuple[Callable[[], Function], Any, str, str]] = {
    "a check after a step": (of_a_step, X, "after a step of an optimizer", "each on its own"),
    "a check after a step that reads sums of gradients": (
        lambda: of_a_step(nn.optim.SGD, begun=True), X, "after a step of an optimizer", "each on its own",
    ),
    "a gradient in the memory of another": (of_a_shared_gradient, X, "a gradient that shares memory", "set a copy"),
    "a view of what is written": (of_a_computed_view, X, "a view of what the function writes to", "copy it"),
    "a gradient with a graph": (of_a_recorded_gradient, X, "a gradient that is recorded", r"grad\(\) of grad"),
    "a write before a check": (lambda: written_before_a_check, X, "a write to an argument .*after which", "a copy"),
    "a write to a result": (
        lambda: written_result, tensor(X, requires_grad=True) * 2, "a write to an argument that is a result", "a copy",
    ),
    "a leaf of its own": (
        lambda: lambda x: (tensor(X, requires_grad=True) * x).sum(), X, "a tensor made in the function", "detach",
    ),
    "saved tensors that are packed": (
        lambda: within(lambda: saved_tensors_hooks(np.copy, np.copy)), X, "within saved_tensors_hooks", "around",
    ),
    "a search for anomalies": (lambda: within(detect_anomaly), X, "within detect_anomaly", "around the call"),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TENSORS)
def test_what_is_refused_of_tensors(name: str) -> None:
    make, given, what, remedy = OF_TENSORS[name]

    def run(function: Function) -> Any:
        return function(given.copy() if isinstance(given, np.ndarray) else given)

    with pytest.raises(CompileError, match=f"{what}.*: .*{remedy}.* fallback='warn'"):
        run(compiled(make()))
    assert not differs(run(make()), run(compiled(make(), fallback="eager")))


def test_a_second_derivative_of_what_cannot_be_evaluated_again() -> None:
    x = tensor(X, requires_grad=True)
    recorded = compiled(lambda x: (x * nn.functional.dropout(x, 0.5)).sum())
    with pytest.raises(CompileError, match="this program has not run yet"):
        recorded(x), recorded.programs[0].calls
    with pytest.raises(GraphError, match=r"a derivative of its derivative .* draws random numbers"):
        recorded(x).backward(create_graph=True)


def test_what_can_be_recorded() -> None:
    """Loops over shapes, elements and tensors, shapes that depend on values, and a forgotten return."""

    def forgotten(x: Any) -> None:
        x * 2  # and no return

    for function in (
        lambda x: sum(a * a for a in x),
        lambda x: sum(a * a for a in tensor(x)),
        lambda x: list(x),
        lambda x: [x[i] * i for i in range(len(x))],
        lambda x: x * x.shape[0] + x.ndim,
        lambda x: x[x > 0],
        lambda x: x[np.argmax(x)],
        lambda x: np.where(x > 0, x * 2, x * 3),
        forgotten,
    ):
        recorded = compiled(function)
        for x in (X, Y, -X, X + 0):
            assert not differs(function(x), recorded(x))
        assert len(recorded.programs) == 1


class Shown:
    """An object that NumPy asks for an array."""

    def __init__(self, x: Any) -> None:
        self.x = x

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.x


NEEDS: dict[str, tuple[Callable[[Any, float], Any], str]] = {
    "memory": (lambda x, k: x * len(memoryview(x)), "ndarray"),
    "an object's array": (lambda x, k: np.add(Shown(x), 1), "ndarray"),
    "a decimal": (lambda x, k: x * float(decimal.Decimal(k)), "float"),
    "a line of JSON": (lambda x, k: x * len(json.dumps({"k": k})), "float"),
    "digits": (lambda x, k: x * float.fromhex(float.hex(k)), "float"),
    "a mean": (lambda x, k: x * statistics.mean([k, 1.0]), "float"),
}


@pytest.mark.parametrize("name", NEEDS)
def test_functions_of_others_that_need_the_value_itself(name: str) -> None:
    function, kind = NEEDS[name]
    with pytest.raises(CompileError, match=rf"test_refusals.py:\d+ cannot be recorded, for it needs the {kind} itself"):
        compiled(function)(X, 1.5)


def test_functions_of_numba_need_the_array_itself() -> None:
    twice = pytest.importorskip("numba").njit(lambda x: x * 2)
    with pytest.raises(CompileError, match=r"needs the ndarray itself .*: make it outside"):
        compiled(lambda x: twice(x) + 1)(X)


def test_objects_of_numpy_that_are_called_and_have_no_hash() -> None:
    line = np.poly1d([2.0, 1.0])
    recorded = compiled(lambda x: np.polyval(line, x) * 2)
    for x in (X, Y):
        assert not differs(np.polyval(line, x) * 2, recorded(x))
