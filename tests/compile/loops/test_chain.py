"""Chains: loops and the calls around them as one function of machine code."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile, no_grad, tensor, value_and_grad
from autograd.transforms.compile import session
from autograd.transforms.compile.loops import chain
from autograd.transforms.compile.loops.chain import Chain
from autograd.transforms.compile.printer import Diverged
from autograd.transforms.pytree import flatten

from .random_loops import run_by_python

pytest.importorskip("llvmlite")

W = np.array([[0.9, 0.1, 0.0], [-0.2, 0.8, 0.1], [0.1, 0.0, 0.7]])


@pytest.fixture(autouse=True)
def every_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll short loops, too."""
    monkeypatch.setitem(session.FEWEST_CALLS, "auto", 0)


@pytest.fixture
def by_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run by Python what would be machine code, which takes long to make."""
    run_by_python(monkeypatch.setattr)


def moved(x: Any) -> Any:
    """Return an array after a loop."""
    for _ in range(26):
        x = np.tanh(x) + 0.1 * x
    return x


def calls_of(compiled: Any) -> list[Any]:
    (program,) = compiled.programs
    return [call.function for call in program.program.calls]


def checked(function: Callable[..., Any], *args: Any, chains: int = 1) -> Any:
    """Compare a function with itself compiled: values, dtypes, strides, and that its results are new each time."""
    compiled = compile(function)
    several = [args, tuple(0.8 * x for x in args), args]
    found = [compiled(*given) for given in several]
    for given, results in zip(several, found, strict=True):
        for x, y in zip(flatten(results)[0], flatten(function(*given))[0], strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15)
            assert type(x) is type(y)
            assert (x.dtype, x.strides) == (y.dtype, y.strides)
    assert not compiled.fallbacks
    assert sum(isinstance(function, Chain) for function in calls_of(compiled)) == chains
    return compiled


def between(x: Any) -> Any:
    """Compute before, between and after two loops, with numbers, a table and what is made in other links."""
    first = np.outer(x, x) @ W + x[0]
    middle = moved(first[1])
    second = moved(np.concatenate([middle[::-1], first[:, 0]])[1:4] * 0.5)
    return np.sum(second * middle) + first[0, 0], second.max(), middle


def test_a_program_is_one_call() -> None:
    compiled = checked(value_and_grad(lambda x: between(x)[0]), np.array([0.3, 0.5, 0.2]))
    assert len(calls_of(compiled)) == 1
    text = compiled.source()
    assert text.count("def chain(leaves):") == 1
    assert text.count(" = chain(") == 1
    assert text.count(" = loop(") >= 1


class Named(np.ndarray[Any, Any]):
    """A subclass of arrays."""


def test_what_does_not_suit_machine_code_is_copied() -> None:
    def function(x: Any, y: Any) -> Any:
        return np.sum(moved(x) * y[:, 0]), moved(x) + y[1]

    x, y = np.array([0.3, 0.5, 0.2]), np.array([[0.1, 0.7, 0.4], [0.2, 0.9, 0.3], [0.8, 0.6, 0.5]])
    (made,) = [f for f in calls_of(checked(function, x, y)) if isinstance(f, Chain)]
    expected, other = function(x, y), np.dtype(np.float64).newbyteorder()
    for given in (x, np.repeat(x, 2)[::2], x.tolist(), x.view(Named), x.astype(other)):
        for table in (y, np.asarray(y, order="F"), y.view(Named), y.astype(other), y.tolist()):
            found = made(*[given if np.shape(like.value) == (3,) else table for like in made.loop.arguments])
            for one, known in zip(found, expected, strict=True):
                np.testing.assert_allclose(one, known, rtol=1e-13)


def test_what_cannot_be_written_to_is_said() -> None:
    compiled = compile(lambda x: np.exp(np.sin(x * x) + x) * x, backend="numba")
    for _ in range(3):
        compiled(np.linspace(0, 1, 1000))
    (made,) = [f for f in calls_of(compiled) if isinstance(f, Chain)]
    with pytest.raises(Diverged):
        made.entry(np.linspace(0, 1, 1000), np.empty(2000)[::2])


def test_a_chain_goes_with_its_program() -> None:
    compiled = compile(lambda x: moved(x) * 2)
    for _ in range(3):
        compiled(np.array([0.3, 0.5, 0.2]))
    (made,) = [weakref.ref(f) for f in calls_of(compiled) if isinstance(f, Chain)]
    del compiled
    gc.collect()
    assert made() is None


AT_EXIT = """
import numpy as np
from autograd import compile
from autograd.transforms.compile.fused import loops

compiled = compile(lambda x: np.exp(np.sin(x * x) + x) * x, backend="numba")
for _ in range(3):
    compiled(np.linspace(0, 1, 1000))
loops._METHODS.clear()
(chain,) = [call.function for call in compiled.programs[0].program.calls if hasattr(call.function, "entry")]
print(chain._builtin.__name__, compiled(np.zeros(1000)).sum())
"""


def test_machine_code_outlives_its_module() -> None:
    """At exit modules end before some objects, and Python reads the name of a builtin and how to call it until then."""
    environment = {**os.environ, "PYTHONMALLOC": "debug"}  # which fills what is freed
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "fused 0.0\n", "")


def test_operations_on_arrays_are_links_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.transforms.compile.fused import loop_machine
    from autograd.transforms.compile.fused.nests import Nests

    monkeypatch.setattr(loop_machine, "FEW", 0)
    monkeypatch.setattr(loop_machine, "WIDE", 0)
    compiled = checked(between, np.array([0.3, 0.5, 0.2]))
    assert sum(isinstance(form, Nests) for form, _ in calls_of(compiled)[0]._links) >= 3


ENDS: dict[str, Callable[[Any, Any], Any]] = {
    "numbers": lambda x, y: (np.sum(x), y[0, 1] + x[2, 0], np.sum(x, keepdims=True)),
    "views of one result": lambda x, y: ((z := x * 2)[0], z[1:], z.T, z),
    "views of an argument": lambda x, y: (y[1:], y.T, y[0] + x[0]),
    "transposed": lambda x, y: (x.T + y.T, (x.T * 2).ravel("K"), (y.T * x.T).flatten("A")),
    "read in memory's order": lambda x, y: (np.ravel(y.T, "K") + x.ravel(), y.T.copy("K"), x.T.copy("C")),
    "three axes": lambda x, y: np.transpose(x[None] * y[:, None], (1, 2, 0)) * 1.5,
    "broadcast": lambda x, y: (np.broadcast_to(x[0], (2, 3)) * y[:2], np.broadcast_to(x[0, 0], 3) + 1),
    "an argument": lambda x, y: (y, x),
    "twice": lambda x, y: (z := x + 1, z),
}


@pytest.mark.usefixtures("by_python")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("end", ENDS)
def test_layouts_and_views_are_those_of_the_function(end: str, order: Any) -> None:
    def function(x: Any, y: Any) -> Any:
        return ENDS[end](moved(x), y)

    x, y = np.linspace(0.1, 0.9, 9).reshape(3, 3), np.asarray(W, order=order)
    compiled = checked(function, x, y)
    kept = np.asarray(y, order=order)
    for found, expected in zip(flatten(compiled(x, kept))[0], flatten(function(x, kept))[0], strict=True):
        assert np.shares_memory(found, kept) == np.shares_memory(expected, kept)


@pytest.mark.usefixtures("by_python")
def test_results_share_memory_where_those_of_the_function_do() -> None:
    compiled = checked(lambda x: ((z := moved(x) * 2)[0], z[1:], z[0] + 1), np.ones((3, 2)))
    first, rest, other = compiled(np.ones((3, 2)))
    assert first.base is rest.base is not None
    assert not np.shares_memory(other, first.base)


@pytest.mark.usefixtures("by_python")
def test_calls_that_cannot_be_part_are_made_by_numpy() -> None:
    def function(x: Any) -> Any:
        x = np.sort(moved(x) * 3)
        return np.sum(moved(np.cos(x) + np.linalg.eigvalsh(W + W.T)))

    compiled = checked(function, np.array([0.9, 0.5, 0.2]), chains=2)
    assert {np.sort, np.linalg.eigvalsh} <= set(calls_of(compiled))


@pytest.mark.usefixtures("by_python")
@pytest.mark.parametrize("where", ["before", "between", "after"])
def test_arrays_that_are_written_to(where: str) -> None:
    def function(x: Any) -> Any:
        space = x * 2
        part = space[:2]
        if where == "before":
            space[1:] = 5.0
        y = moved(space)
        if where == "between":
            space[0] = y[1]
            part *= 2
        y = moved(y + space)
        if where == "after":
            part[1] = y[0]
        return part + 1, y, space

    checked(function, np.array([0.9, 0.5, 0.2]))


@pytest.mark.usefixtures("by_python")
def test_errors_that_raise_stay_outside() -> None:
    def function(x: Any) -> Any:
        with np.errstate(divide="raise"):
            y = 1 / x
        return moved(y)

    compiled = checked(function, np.array([0.9, 0.5, 0.2]))
    assert np.divide in calls_of(compiled)
    with pytest.raises(FloatingPointError):
        compiled(np.zeros(3))


@pytest.mark.usefixtures("by_python")
def test_long_rows_of_calls_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(x: Any) -> Any:
        y = moved(x)
        return np.cos(np.exp(np.sin(y)))

    assert len(calls_of(checked(function, np.ones(3)))) == 1
    monkeypatch.setattr(chain, "MOST", 2)
    assert calls_of(checked(function, np.ones(3)))[1:] == [np.sin, np.exp, np.cos]
    monkeypatch.setattr(chain, "MOST", 300)
    monkeypatch.setattr(chain, "LONGEST", 3)
    assert calls_of(checked(function, np.ones(3)))[1:] == [np.sin, np.exp, np.cos]


def test_the_text_is_without_views_that_are_read_after_the_chain_alone(by_python: None) -> None:
    held = tensor(np.repeat(W, 2, axis=1))

    def function(x: Any) -> Any:
        x = moved(x)
        gaps = held[:, ::2]
        return moved(x), np.fft.rfft(gaps)

    with no_grad():
        compiled = checked(function, W[0])
    assert "gaps =" not in compiled.programs[0].source.partition("def function")[0]
