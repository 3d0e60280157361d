"""Loops of Python in compiled functions, which become loops in the program."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, grad, value_and_grad
from autograd.transforms.compile import session
from autograd.transforms.compile.loops import running

from ...thorough import THOROUGH
from .random_loops import TABLE, TRANSFORMS, compared, difference, run_by_python

pytest.importorskip("llvmlite")

X = np.array([0.3, 0.5, 0.2])
A = np.array([[0.9, 0.1, 0.0], [-0.2, 0.8, 0.1], [0.1, 0.0, 0.7]])


@pytest.fixture(autouse=True)
def every_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll short loops, too."""
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", 0)


@pytest.fixture
def without_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by Python what could be machine code, which takes long to make."""
    run_by_python(monkeypatch.setattr)


def rolled(function: Callable[..., Any], *args: Any, loops: int, close: float = 1e-13) -> Any:
    """Compare a function with itself compiled, at the arguments and others, and assert how many loops it has."""
    compiled = compile(function)
    others = tuple(np.asarray(x * 0.8) for x in args)
    for given in (args, args, others, others):
        assert difference(compiled(*given), function(*given)) <= close
    (program,) = compiled.programs
    assert not compiled.fallbacks
    assert not program.diverged
    assert len(program.program.loops) == loops, program.notes
    return program


def steps(step: Callable[[Any, int], Any], count: int = 26) -> Callable[[Any], Any]:
    """Return a function of a state that many steps move on, as one number."""

    def function(x: Any) -> Any:
        for t in range(count):
            x = step(x, t)
        return np.sum(x * x)

    return function


@pytest.mark.usefixtures("without_machine_code")
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_random_loops(transform: str) -> None:
    found, seeds = 0, range(list(TRANSFORMS).index(transform), 40 if THOROUGH else 20, len(TRANSFORMS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in seeds:
            off, compiled, loop = compared(seed, transform)
            assert off < 1e-9, (seed, loop.words)
            assert compiled.programs
            assert not compiled.fallbacks, (seed, loop.words)
            assert not any(program.diverged for program in compiled.programs), (seed, loop.words)
            found += bool(compiled.programs[0].program.loops)
    assert found >= len(seeds) * 3 // 8


@pytest.mark.one_in(80)
@pytest.mark.usefixtures("without_machine_code")
@pytest.mark.parametrize("first", range(1000, 1400, 5))
def test_more_random_loops(first: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(first, first + 5):
            off, compiled, loop = compared(seed, list(TRANSFORMS)[seed % len(TRANSFORMS)])
            assert off < 1e-9
            assert compiled.programs
            assert not compiled.fallbacks, (seed, loop.words)


# By machine code


def pendulum(x: Any) -> Any:
    def slope(s: Any) -> Any:
        return np.stack([s[1], -np.sin(s[0]) - 0.1 * s[1], s[0] * s[2]])

    for _ in range(20):
        k = slope(x)
        x = x + 0.05 * slope(x + 0.025 * k)
    return np.sum(x * x)


def forced(x: Any, us: Any) -> Any:
    for t in range(20):
        x = x + 0.1 * np.stack([x[1], -x[0] + us[t], np.cos(2.0 * (t * 0.1)) * us[t + 1]])
    return np.sum(x * x)


def adam(x: Any, rate: Any) -> Any:
    m = v = np.zeros(3)
    for t in range(20):
        g = A @ x - 1.0
        m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
        x = x - rate * (m / (1 - 0.9 ** (t + 1))) / (np.sqrt(v / (1 - 0.99 ** (t + 1))) + 1e-8)
    return np.sum(x * x)


@pytest.mark.parametrize(
    ("function", "args"), [(pendulum, (X,)), (forced, (X, np.linspace(0, 1, 21))), (adam, (X, np.array(0.1)))]
)
def test_simulations_and_optimizers_forward_and_backward(function: Any, args: Any) -> None:
    program = rolled(value_and_grad(function, argnums=tuple(range(len(args)))), *args, loops=2)
    assert "which runs as machine code" in program.source
    assert "for j in range(" in program.source


def test_checks_within_a_loop_hold_in_each_iteration() -> None:
    def inner(w: Any) -> Any:
        return np.sum(np.log(w) ** 2)

    def function(w: Any) -> Any:
        for _ in range(10):
            w = w - 0.01 * grad(inner)(w)  # which asks whether the gradient is finite
        return np.sum(w)

    compiled = compile(function)
    start = np.array([0.5, 1.5])
    compiled(start)
    assert compiled(start * 1.1) == pytest.approx(function(start * 1.1), rel=1e-14)
    assert compiled.programs[0].program.loops
    assert not compiled.programs[0].diverged
    with pytest.warns(RuntimeWarning):
        assert np.isnan(compiled(np.array([0.0, 1.0])))
    assert compiled.programs[0].diverged == 1
    assert "a gradient that is not finite" in str(compiled.fallbacks[0])
    assert "test_roll.py" in compiled.fallbacks[0].line


def test_what_was_written_before_a_loop_that_does_not_fit_is_put_back() -> None:
    count = np.zeros(2)

    def function(w: Any) -> Any:
        count[...] = count + 1.0
        for _ in range(10):
            w = w - 0.01 * grad(lambda w: np.sum(np.log(w) ** 2))(w)
        return np.sum(w)

    compiled = compile(function)
    compiled(np.array([0.5, 1.5]))
    with pytest.warns(RuntimeWarning):
        compiled(np.array([0.0, 1.0]))
    assert compiled.programs[0].program.loops
    assert compiled.programs[0].diverged == 1
    assert count.tolist() == [2.0, 2.0]


# What iterations read


@pytest.mark.usefixtures("without_machine_code")
@pytest.mark.parametrize(
    ("step", "loops"),
    [
        (lambda x, t: np.sin(x) if t % 2 else np.cos(x) * 1.1, 2),
        (lambda x, t: x + TABLE[2 * t] * x[::-1] + TABLE[2 * t + 1], 2),
        (lambda x, t: x + TABLE[t * t % 50] * np.cos(x), 2),
        (lambda x, t: x * (1 - 0.1**t) + 0.01 * t, 2),
        (lambda x, t: np.sin(x) + np.sum(x) * t * 0.01, 2),
        (lambda x, t: np.tanh(x) * 0.9 + 0.1 if t < 25 else np.exp(x), 2),
        (lambda x, t: np.where(x > 0.5, x * 0.9, x * 1.2) + np.maximum(x, 0.3) * 0.01, 2),
        (lambda x, t: x @ A + np.array([t * 0.1, 1.0, 0.5**t]), 2),
        (lambda x, t: (np.outer(x, x).T @ x)[::-1].reshape(3, 1).T[0] * 0.5 + x * 0.1, 2),
    ],
)
def test_what_differs_between_steps(step: Any, loops: int) -> None:
    rolled(value_and_grad(steps(step)), X, loops=loops)


@pytest.mark.usefixtures("without_machine_code")
@pytest.mark.parametrize("when", [lambda t: t % 2, lambda t: t in (3, 9, 12), lambda t: t == 7, lambda t: t != 7])
@pytest.mark.parametrize(
    "step",
    [
        lambda x, h, n: n * x + h * np.sin(x),
        lambda x, h, n: np.where(x > 0, h, n) * x + np.clip(x, h - 1.0, n),
        lambda x, h, n: np.sin(x * n) + np.sum(x) * (n - h),
    ],
)
def test_a_variable_in_the_place_of_a_number(step: Any, when: Callable[[int], bool]) -> None:
    def function(x: Any, h: Any) -> Any:
        for number in (0.5, np.float64(0.5)):
            for t in range(14):
                x = step(x, h, number + 0.01 * t) if when(t) else step(x, number + 0.01 * t, h)
        return np.sum(x)

    differentiated = value_and_grad(function)
    compiled = compile(differentiated)
    for h in (0.5, 0.25, np.array(0.25)):
        assert difference(compiled(X, h), differentiated(X, h)) < 1e-13


@pytest.mark.usefixtures("without_machine_code")
def test_recurrences_of_two_steps_and_swaps() -> None:
    def lags(a: Any, b: Any) -> Any:
        for _ in range(12):
            a, b = b, 0.5 * b + 0.3 * np.sin(a)
        return np.sum(a * b)

    rolled(value_and_grad(lags, argnums=(0, 1)), X, X[::-1].copy(), loops=2)


@pytest.mark.usefixtures("without_machine_code")
def test_the_same_calls_on_other_operands_are_no_loop() -> None:
    def crossed(x: Any) -> Any:
        kept = [x := np.sin(x) + 0.2 for _ in range(12)]
        return np.sum(sum(kept[i] * x * 0.9**i for i in (3, 1, 4, 1, 5, 9, 2, 6, 5, 3)))

    rolled(value_and_grad(crossed), X, loops=1)


@pytest.mark.usefixtures("without_machine_code")
@pytest.mark.parametrize(("fewest", "noted"), [(24, True), (25, False), (40, False)])
def test_a_note_is_of_as_many_calls_as_a_loop_that_pays_has(
    fewest: int, noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", fewest)

    def tree(x: Any) -> Any:
        for function in (np.cos, np.exp, np.sinh, np.tanh, np.sqrt, np.cbrt, np.cosh, np.log1p, np.square):
            x = function(x)
        states = [x]
        for earlier in (0, 0, 1, 0, 2, 1, 4, 3, 2, 7, 5, 1):
            states.append(np.sin(states[earlier] + 0.1 * len(states)))
        return np.sum(sum(states))

    notes = rolled(tree, X, loops=0).notes
    assert ["12 iterations of 2 calls" in note and "another does not in the same way" in note for note in notes] == (
        [True] if noted else []
    )


@pytest.mark.usefixtures("without_machine_code")
def test_rows_are_taken_from_what_a_loop_stacks_and_gradients_of_rows_are_stacked() -> None:
    def path(x: Any, us: Any) -> Any:
        found = []
        for t in range(12):
            x = np.tanh(x) + us[t] * us[t + 1]
            found.append(x)
        return np.sum(np.stack(found) ** 2)

    program = rolled(value_and_grad(path, argnums=(0, 1)), X, np.linspace(0, 1, 45).reshape(15, 3), loops=2)
    assert program.calls < 60
    assert program.source.count("zeros") <= 3


@pytest.mark.usefixtures("without_machine_code")
def test_parts_of_an_array_that_each_step_writes_to() -> None:
    def rows(x: Any) -> Any:
        out = np.zeros((12, 3))
        for t in range(12):
            x = np.sin(x) + TABLE[t]
            out[11 - t] = x
            x -= 0.1
        return out, x

    rolled(rows, X, loops=1)

    def reads_them(x: Any) -> Any:
        out = np.ones(14)
        for t in range(12):
            out[t + 1] = out[t] * 0.9 + np.sum(x) * 0.1
        return out

    rolled(reads_them, X, loops=1)

    def reads_all(x: Any) -> Any:
        out = np.ones(14)
        for t in range(12):
            out[t + 1] = np.sum(out) * 0.1 + np.sum(x) * 0.1
        return out

    program = rolled(reads_all, X, loops=0)
    assert "it writes to an array from outside" in program.notes[0]
    assert program.source.startswith("# not rolled: ")


@pytest.mark.usefixtures("without_machine_code")
def test_arrays_that_each_step_changes_in_place() -> None:
    def swings(x: Any) -> Any:
        x, v = x.copy(), np.zeros(3)
        for _ in range(12):
            v -= 0.1 * x
            x += 0.1 * v
            x[0] *= 0.9
        return x, v

    rolled(swings, X, loops=1)


@pytest.mark.usefixtures("without_machine_code")
def test_nested_loops_and_loops_that_follow() -> None:
    def nested(x: Any) -> Any:
        for _ in range(5):
            for j in range(6):
                x = x + 0.01 * np.sin(x) * j
            x = x * 0.9
        for t in range(9):
            x = np.cos(x) * TABLE[t] + 0.1
        return np.sum(x)

    rolled(value_and_grad(nested), X, loops=4)


@pytest.mark.usefixtures("without_machine_code")
def test_views_of_what_a_loop_makes_share_its_memory() -> None:
    def views(x: Any) -> Any:
        for _ in range(10):
            m = np.outer(x, x) * 0.5
            x = m.T[0] + m[1] * 0.1
        m[0, 1] = 7.0
        return m, m.T, x

    program = rolled(views, X, loops=1)
    m, t, _ = program.run([X], (X,), {})
    assert np.shares_memory(m, t)
    assert t[1, 0] == 7.0


@pytest.mark.usefixtures("without_machine_code")
def test_results_of_iterations_have_memory_of_their_own() -> None:
    def listed(x: Any) -> Any:
        return [x := np.sin(x) * 1.1 + 0.1 for _ in range(12)]

    program = rolled(listed, X, loops=1)
    first = program.run([X], (X,), {})
    first[3][...] = 99.0
    assert difference(program.run([X], (X,), {}), listed(X)) == 0
    assert first[2].max() < 2


@pytest.mark.usefixtures("without_machine_code")
def test_float32_stays_float32() -> None:
    def rate(x: Any, rate: float) -> Any:
        for t in range(12):
            x = x - rate * 0.9**t * np.sin(x) * t
        return np.sum(x)

    compiled, f = compile(value_and_grad(rate)), value_and_grad(rate)
    x = X.astype(np.float32)
    for r in (0.01, 0.02):
        found = compiled(x, r)
        assert found[1].dtype == np.float32
        assert difference(found, f(x, r)) < 1e-6
    assert len(compiled.programs[0].program.loops) == 2
    assert not compiled.fallbacks


# What is not rolled


def test_large_arrays_are_left_to_numpy_and_a_note_says_so() -> None:
    x = np.linspace(0, 1, 50_000)
    program = rolled(steps(lambda x, t: np.sin(x) + 0.1), x, loops=0)
    (note,) = program.notes
    assert "26 iterations of 2 calls" in note
    assert "for which NumPy is as fast" in note
    assert program.source.startswith("# not rolled: ")


@pytest.mark.parametrize("shape", [(64, 32), (20_000,)])
def test_large_arrays_of_several_calls_are_no_cliff(shape: tuple[int, ...]) -> None:
    w = np.cos(np.outer(np.arange(32.0), np.arange(32.0))) / 6

    def step(x: Any, t: int) -> Any:
        return np.tanh(x @ w) * 0.5 + 0.5 * x if x.ndim == 2 else x + 0.01 * (x * (1 - x) - 0.1 * np.cos(x))

    rolled(value_and_grad(steps(step, 8)), np.linspace(0, 1, int(np.prod(shape))).reshape(shape), loops=2, close=1e-12)


@pytest.mark.usefixtures("without_machine_code")
def test_what_cannot_be_rolled_leaves_other_loops_alone() -> None:
    order = [*range(27), 40, 33, 50]  # positions that are even for most steps: the others are left outside first

    def function(x: Any) -> Any:
        for t in range(30):
            x = np.sort(np.sin(x)) * TABLE[order[t]]
        for _ in range(30):
            x = np.cos(x) * 0.9
        return x

    program = rolled(function, X, loops=1)
    (note,) = program.notes
    assert "it calls sort" in note


def test_an_llvm_that_cannot_be_loaded_leaves_loops_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(what: str) -> Any:
        raise ImportError("x needs llvmlite, which is too old")

    monkeypatch.setattr(running, "load", broken)
    program = rolled(steps(lambda x, t: np.sin(x) * 0.9), X, loops=0)
    assert "x needs llvmlite, which is too old" in program.notes[0]


def test_draws_are_made_one_by_one() -> None:
    def walk(x: Any) -> Any:
        for _ in range(12):
            x = nn.functional.dropout(np.sin(x), 0.5) + 0.1
        return np.asarray(x)

    compiled = compile(walk)
    nn.manual_seed(1)
    compiled(X)
    nn.manual_seed(2)
    found = compiled(X)
    nn.manual_seed(2)
    assert difference(found, walk(X)) == 0
    assert not compiled.programs[0].program.loops
    assert "draws" in compiled.programs[0].notes[0]


def test_errors_that_numpy_is_asked_to_raise_are_raised() -> None:
    f = steps(lambda x, t: x * x + 0.1 * x)
    compiled = compile(f)
    with np.errstate(over="raise"):
        compiled(X)
        assert not compiled.programs[0].program.loops
        with pytest.raises(FloatingPointError):
            compiled(X * 1e200)


def test_memory_of_another_iteration_is_not_written_to() -> None:
    def late(x: Any) -> Any:
        kept: list[Any] = []
        for t in range(14):
            x = np.sin(x) + 0.1
            kept.append(x)
            if t > 2:
                kept[t - 2][0] = 5.0
        return sum(kept)

    rolled(late, X, loops=0)


def test_numpy_alone_gives_the_bits_of_the_function() -> None:
    compiled, f = compile(value_and_grad(pendulum), backend="numpy"), value_and_grad(pendulum)
    compiled(X)
    assert difference(compiled(X * 0.7), f(X * 0.7)) == 0
    assert not compiled.programs[0].program.loops


def test_llvm_is_loaded_for_loops_that_pay_alone() -> None:
    code = """
import sys, numpy as np
from autograd import compile, grad
def f(x, n):
    for _ in range(n):
        x = np.sin(x) * 1.1
    return np.sum(x)
g = compile(grad(f))
for n, loaded in ((20, False), (100, True)):
    g(np.ones(3), n); g(np.ones(3), n)
    assert ("llvmlite" in sys.modules) is loaded, n
    assert "numba" not in sys.modules
    assert bool(g.programs[-1].program.loops) is loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True)
