"""Long programs: recording, simplifying and printing take work in proportion to the calls, and so does their text."""

import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, grad, jvp, tensor, value_and_grad
from autograd.errors import CompileError
from autograd.transforms.compile import printer, recorder
from autograd.transforms.compile.loops import chain

from .test_quoting import BACKENDS

Program = Callable[[int], Callable[..., Any]]
X = np.array([0.5, -0.25, 0.75, 1.25])


def pendulum(steps: int) -> Callable[..., Any]:
    def slope(y: Any) -> Any:
        return np.stack([y[1], -9.81 * np.sin(y[0])])

    def energy(y: Any) -> Any:
        for _ in range(steps // 4):
            first = slope(y)
            y = y + 0.01 * slope(y + 0.005 * first)
        return np.sum(y * y)

    return lambda x: value_and_grad(energy)(x[:2])


def slices(steps: int) -> Callable[..., Any]:
    def total(s: Any) -> Any:
        for _ in range(steps):
            s = s + 0.01 * np.concatenate([s[2:], -s[:2]])
        return np.sum(s * s)

    return grad(total)


def constants_written(steps: int) -> Callable[..., Any]:
    def total(x: Any) -> Any:
        for i in range(steps):
            space = np.zeros(4)
            x = x + space
            space[0] = i
            x = x * space
        return x

    return total


def copies(steps: int) -> Callable[..., Any]:
    def several(x: Any) -> Any:
        kept = []
        for _ in range(steps):
            x = np.sin(x).copy()
            kept.append(x.copy())
        return kept

    return several


def rows(steps: int) -> Callable[..., Any]:
    def total(x: Any) -> Any:
        xs = np.broadcast_to(x, (steps, 4)) * 1.5
        for i in range(steps):
            x = x + xs[i]
        return x

    return total


def layouts(steps: int) -> Callable[..., Any]:
    def total(x: Any) -> Any:
        for _ in range(steps):
            x = np.sin(x)[np.argsort(x)]
            x = x[x > -9]
        return x

    return total


def asked_of_floats(steps: int) -> Callable[..., Any]:
    def total(x: Any, rate: float = 0.5) -> Any:
        for i in range(steps):
            x = np.sin(x) if np.multiply(rate, i) > 5 else np.cos(x)
        return x

    return total


def tangents_of_floats(steps: int) -> Callable[..., Any]:
    def total(rate: float) -> Any:
        for _ in range(steps):
            rate = rate + 0.1 * np.sin(rate)
        return rate

    return lambda x, rate: jvp(total, rate, 1.0)


def errors(steps: int) -> Callable[..., Any]:
    def total(x: Any) -> Any:
        for _ in range(steps):
            with np.errstate(divide="ignore"):
                x = x / np.maximum(x, 0.5)
            x = x * 2
        return x

    return total


PROGRAMS: list[Program] = [
    pendulum, slices, constants_written, copies, rows, layouts, asked_of_floats, errors, tangents_of_floats,
]  # fmt: skip


def lines_run(function: Callable[[], object]) -> int:
    """Return how many lines of `compile` run within a call, each pass of a loop included."""
    count, home = 0, str(printer.__file__).removesuffix("printer.py")

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: line if frame.f_code.co_filename.startswith(home) else None)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.one_in(3)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_work_is_in_proportion_to_the_steps(program: Program, backend: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(chain, "MOST", 0)  # more calls in a row than that are other work

    def work(steps: int) -> int:
        function, args = compile(program(steps), backend=backend), (X, 0.5) if "of_floats" in program.__name__ else (X,)
        return lines_run(lambda: (function(*args), function(*args)))

    work(3)
    few = backend == "numpy"  # loops of fewer steps are no loops to numba
    first, second, third = map(work, (10, 25, 40) if few else (40, 100, 160))
    assert third - second < 1.03 * (second - first)


# Texts of several functions


@pytest.fixture(params=[1, 3, 10])
def short_parts(request: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(printer, "LONGEST", request.param)


@pytest.mark.usefixtures("short_parts")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_text_of_several_functions(program: Program) -> None:
    function = program(15)
    compiled = compile(function, backend="numpy")
    rest = (0.5,) if program is tangents_of_floats else ()
    for x in (X, X + 0.125, X * 0.5):
        found, expected = compiled(x, *rest), function(x, *rest)
        pairs = zip(found, expected, strict=True) if isinstance(found, list | tuple) else [(found, expected)]
        assert all(np.array_equal(a, b) for a, b in pairs)
    assert not compiled.fallbacks
    (made,) = compiled.programs
    assert made.source.count("_part(leaves, v)") == made.source.count("_part(leaves, v):") * 2 > 0


@pytest.mark.usefixtures("short_parts")
def test_training_in_several_functions() -> None:
    def run(wrap: Callable[..., Any]) -> list[Any]:
        nn.manual_seed(3)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.BatchNorm1d(8), nn.Linear(8, 1))
        optimizer = nn.optim.Adam(model.parameters(), lr=0.01)

        def step(x: Any) -> Any:
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        step = wrap(step)
        xs = np.random.default_rng(0).normal(size=(4, 6, 4))
        losses = [step(tensor(x)).data for x in xs]
        assert not getattr(step, "fallbacks", ())
        return [*losses, *(parameter.data for parameter in model.parameters())]

    assert all(map(np.array_equal, run(compile), run(lambda step: step)))


@pytest.mark.usefixtures("short_parts")
def test_a_value_that_another_part_finds_changed() -> None:
    def chosen(x: Any) -> Any:
        y = np.sin(x) * 2 + 1
        order = np.argsort(y)
        return y[order[y > 1]]

    compiled = compile(chosen)
    for x in (X, X + 0.125, -X, X):
        assert np.array_equal(compiled(x), chosen(x))
    assert [each.count for each in compiled.fallbacks] == [1]


# What takes long is said


def test_a_long_recording_is_said_once_with_the_line_of_the_loop(monkeypatch: Any) -> None:
    monkeypatch.setattr(recorder, "PATIENCE", 0.0)
    monkeypatch.setattr(recorder, "BETWEEN_LOOKS", 50)

    def total(x: Any) -> Any:
        for _ in range(60):
            x = np.sin(x)  # the loop
        return np.sum(x)

    line = f"{__file__}:{total.__code__.co_firstlineno + 2}"
    with pytest.warns(RuntimeWarning, match="takes longer than 0 s") as caught:
        compile(grad(total))(X)
    (said,) = caught
    assert f"most of them at {line}. autograd.scan(step, state, xs)" in str(said.message)
    assert said.filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(copies(10))(X)  # few calls, although patience has ended


def test_a_recording_that_would_not_end_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(recorder, "MOST_CALLS", 100)
    monkeypatch.setattr(recorder, "BETWEEN_LOOKS", 50)

    def total(x: Any, steps: Any) -> Any:
        for _ in steps:
            x = np.sin(x)
        return np.sum(x)

    compile(total)(X, list(range(90)))
    line = f"{__file__}:{total.__code__.co_firstlineno + 2}"
    with pytest.raises(CompileError, match="a loop of more than 100 calls") as raised:
        compile(total)(X, list(range(100)))
    assert line in str(raised.value)
    assert "autograd.scan(step, state, xs)" in str(raised.value)
    eager = compile(total, fallback="eager")
    assert eager(X, list(range(200))) == total(X, list(range(200)))
    assert [(each.line, each.count) for each in eager.fallbacks] == [(line, 1)]


FILLED: dict[str, Callable[[Any], Any]] = {
    "zeros": lambda x: np.zeros(x.shape),
    "zeros_like": lambda x: np.zeros_like(x),
    "ones": lambda x: np.ones(x.shape),
    "ones_like": lambda x: np.ones_like(x),
}


@pytest.mark.parametrize("fill", FILLED)
def test_memory_that_is_filled_again_and_again(fill: str) -> None:
    """What is filled is written to, read and filled anew: memory for it is used by something else in between."""

    def several(x: Any) -> Any:
        for _ in range(3):
            space = FILLED[fill](x)
            space += x  # so that it is filled at each call
            x = np.sin(x * space)
        return x

    compiled = compile(several)
    for x in (X, X + 0.125, X * 0.5):
        assert np.array_equal(compiled(x), several(x))
