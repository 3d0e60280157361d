"""Numbers that a function reads from variables are inputs from their second value on, where they are only numbers."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import CompileError, compile, grad
from autograd.transforms.compile.recorder import ProgramRecorder

from .agreement import differs

X = np.linspace(-1, 2, 5)
rate: Any = 0.5
table: dict[str, Any] = {"rate": 0.5, "name": "a", "count": 1}
several: list[Any] = [0.5, 2.0]
held = SimpleNamespace(rate=0.5)


def of_global(x: Any) -> Any:
    return np.sin(x) * rate


def of_table(x: Any) -> Any:
    return np.sin(x) * table["rate"] + x / (1 + table["count"])


def of_list(x: Any) -> Any:
    return np.sin(x) * several[0] - several[-1]


def of_attribute(x: Any) -> Any:
    return np.sin(x) * held.rate


def set_global(value: Any) -> None:
    global rate
    rate = value


def closure() -> tuple[Callable[[Any], Any], Callable[[Any], None]]:
    scale: Any = 0.5

    def change(value: Any) -> None:
        nonlocal scale
        scale = value

    return lambda x: np.sin(x) * scale, change


PLACES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "global": (of_global, set_global),
    "dict": (of_table, lambda value: table.update(rate=value, count=int(value * 7))),
    "list": (of_list, lambda value: several.__setitem__(slice(None), [value, value + 1])),
    "attribute": (of_attribute, lambda value: setattr(held, "rate", value)),
    "closure": closure(),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_number_that_changes_is_an_input(place: str) -> None:
    function, change = PLACES[place]
    recorded = compile(function)
    for value in (0.5, 1.5, -0.0, 3.25, 0.5, 1e10, 1e-300):
        change(value)
        with np.errstate(all="ignore"):
            assert not differs(function(X), recorded(X))
            assert not differs(grad(lambda x: function(x).sum())(X), grad(lambda x: recorded(x).sum())(X))
    assert len(recorded.programs) == 1
    assert not any("runs as it is" in each.reason for each in recorded.fallbacks)
    for other in (2, True, np.float32(2.5), np.float64(0.1), 1 + 2j, 0.25):  # of another type
        if place != "dict":
            change(other)
            with np.errstate(all="ignore"):
                assert not differs(function(X), recorded(X))


@given(st.lists(st.sampled_from([0, 1, 2, 0.0, -0.0, 0.5, 1.0, True, None, "a"]), min_size=2, max_size=8))
def test_whatever_a_variable_holds(values: list[Any]) -> None:
    state: dict[str, Any] = {"a": 1.0, "b": 1}

    def function(x: Any) -> Any:
        a, b = state["a"], state["b"]
        if a is None or isinstance(a, str):
            return x * b
        if a > 0.75:
            x = x[: 2 + b]
        return np.sum(x * a) + x[0] ** 2 * b, a * 2, isinstance(b, bool)

    recorded = compile(function)
    for i, value in enumerate(values):
        state["a"] = value
        if isinstance(values[-1 - i], int):
            state["b"] = values[-1 - i]
        assert not differs(function(X), recorded(X))
        assert [type(x) for x in state.values()] == [type(value), type(state["b"])]


def test_another_holder_of_a_number_is_seen() -> None:
    function = compile(of_table)
    global table
    for i in range(12):
        if i % 4 == 3:
            table = {**table}  # of the same contents, or others
        table["rate"] = float(i // 2)
        assert not differs(of_table(X), function(X))


def test_a_number_that_the_function_changes() -> None:
    def counted(x: Any) -> Any:
        y = np.sin(x) * held.rate + np.cos(x) - np.tanh(x)
        held.rate += 1.0
        return y

    results = []
    for recorded in (counted, compile(counted)):
        held.rate = 0.5
        results.append([(recorded(X), held.rate) for _ in range(6)])
    assert not differs(*results)

    def at_first(x: Any) -> Any:
        held.rate = held.rate + 1.0
        return np.sin(x) * held.rate

    refused = compile(at_first)
    for _ in range(3):
        before = held.rate
        with pytest.raises(CompileError, match=r"a change of held\.rate"):
            refused(X)
        assert held.rate == before + 1
        assert type(held.rate) is float
        held.rate += 2.5


def test_a_number_that_is_an_input_and_then_changed() -> None:
    def changes(x: Any, change: bool) -> Any:
        if change:
            held.rate += 1.0
        return np.sin(x) * held.rate

    recorded = compile(changes)
    for value in (0.5, 1.5, 2.5):
        held.rate = value
        assert not differs(changes(X, False), recorded(X, False))
    for _ in range(2):
        with pytest.raises(CompileError, match=r"a change of held\.rate"):
            recorded(X, True)
    assert held.rate == 4.5


def test_a_shape_that_a_number_decides() -> None:
    def first(x: Any) -> Any:
        return x[: table["count"]] * 2

    recorded = compile(first)
    for count in (1, 2, 3, 2, 1, 3, 4, 1):
        table["count"] = count
        assert not differs(first(X), recorded(X))
    assert len(recorded.programs) <= 5


def test_a_layer_whose_options_change_and_an_optimizer() -> None:
    def run(compiled: bool) -> Any:
        nn.manual_seed(0)
        net: Any = nn.Sequential(nn.Linear(5, 4), nn.LeakyReLU(0.1), nn.BatchNorm1d(4), nn.Linear(4, 1))
        updates = nn.optim.SGD(net.parameters(), lr=0.1)
        options = {"weight": 1.0, "step": 0}

        def step(x: Any) -> Any:
            updates.zero_grad()
            loss = (net(x) ** 2).mean() * options["weight"] + net[0].weight.sum() / (1 + options["step"])
            loss.backward()
            updates.step()
            return loss.item()

        called: Any = compile(step) if compiled else step
        found = []
        for i in range(10):
            options.update(weight=1.0 / (i + 1), step=i)
            net[1].negative_slope = 0.1 * (i + 1)
            found.append(called(np.outer(X, X + i)))
        if compiled:
            assert len(called.programs) <= 3
        return found, [p.numpy() for p in net.parameters()]

    assert not differs(run(False), run(True))


def test_other_threads_see_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    note = ProgramRecorder.note

    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        thread = threading.Thread(target=lambda: found.append(held.rate * 2 + 1))
        thread.start()
        thread.join()
        return note(self, *args, **kwargs)

    monkeypatch.setattr(ProgramRecorder, "note", noted)
    recorded = compile(of_attribute)
    for value in (0.5, 1.5, 2.5):
        held.rate = value
        assert not differs(of_attribute(X), recorded(X))
    assert found == [2.0, 2.0, 4.0, 4.0]
    assert {type(each) for each in found} == {float}
