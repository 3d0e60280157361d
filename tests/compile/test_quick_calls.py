"""The short way from a call with arrays alone to the program that fitted last: it is left where anything differs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest

from autograd import compile as compiled
from autograd import detect_anomaly, enable_grad, grad, no_grad, tensor, vmap
from autograd.transforms.compile.quick_calls import MISSED

from .agreement import differs

X, Y = np.array([[0.5, -1.25, 2.0]] * 3), np.array([[-3.0, 0.25, 1.0]] * 3)
HELD = np.arange(9.0).reshape(3, 3)
whole = np.arange(18.0).reshape(6, 3)


def function(x: Any, y: Any) -> Any:
    """Write to the first argument between two reads of the second, so that it is seen whether memory is shared."""
    before = np.exp(y)
    x *= 2
    return x * y + before * np.exp(y) + HELD


ARGUMENTS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "the same": lambda: (X.copy(), Y.copy()),
    "views": lambda: (np.array([X])[0], np.array([Y])[0]),
    "another shape": lambda: (X[:1].copy(), Y[:1].copy()),
    "other strides": lambda: (X.T.copy().T, Y.copy()),
    "other strides of the second": lambda: (X.copy(), Y.copy()[::-1]),
    "another dtype": lambda: (X.astype(np.float32), Y.astype(np.float32)),
    "another byte order": lambda: (X.astype(">f8"), Y.astype(">f8")),
    "a subclass": lambda: (np.ma.masked_array(X.copy()), Y.copy()),
    "a scalar": lambda: (X.copy(), np.float64(2)),
    "a number": lambda: (X.copy(), 2.0),
    "a list": lambda: (X.copy(), Y.tolist()),
    "a constant tensor": lambda: (tensor(X), tensor(Y)),
    "the same array twice": lambda: (each := X.copy(), each),
    "overlapping arrays": lambda: ((each := whole.copy())[1:4], each[2:5]),
    "arrays apart in one": lambda: ((each := whole.copy())[:3], each[3:]),
    "the array that it reads": lambda: (X.copy(), HELD),
    "a view of the array that it reads": lambda: (X.copy(), HELD[:]),
    "one argument less": lambda: (X.copy(),),
    "one argument more": lambda: (X.copy(), Y.copy(), Y.copy()),
    "no argument": lambda: (),
}


def outcome(g: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    try:
        return g(*args), args
    except TypeError as error:
        return str(error).replace("'Traced'", "'numpy.ndarray'")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name: str) -> None:
    """What is called is what fits, also if another call came before it."""
    recorded = compiled(function, fallback="eager")
    for each in (name, "the same"):
        for _ in range(3):
            recorded(*ARGUMENTS["the same"]())
        assert recorded._quick(ARGUMENTS["the same"]()) is not MISSED
        for _ in range(3):
            expected, found = outcome(function, ARGUMENTS[each]()), outcome(recorded, ARGUMENTS[each]())
            if isinstance(expected, str):
                assert expected == found
            else:
                assert not differs(expected, found)


def test_an_argument_by_name_is_not_left_out() -> None:
    def scaled(x: Any, scale: float = 1.0) -> Any:
        return x * scale

    recorded = compiled(scaled)
    for scale in (None, None, 2.0, None, 3.0):
        given = {} if scale is None else {"scale": scale}
        assert not differs(scaled(X, **given), recorded(X, **given))


BLOCKS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "no_grad": no_grad,
    "enable_grad": enable_grad,
    "detect_anomaly": detect_anomaly,
    "errstate": lambda: np.errstate(over="raise"),
    "nothing": nullcontext,
}


@pytest.mark.parametrize("name", BLOCKS)
def test_modes(name: str) -> None:
    recorded = compiled(lambda x: np.exp(x) * 2)
    for _ in range(3):
        recorded(X)
    with BLOCKS[name]():
        missed = recorded._quick((X,)) is MISSED
        assert missed is (name not in ("nothing", "enable_grad"))
        assert not differs(np.exp(X) * 2, recorded(X))
        if name == "errstate":
            with pytest.raises(FloatingPointError):
                recorded(X * 1e6)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        recorded(X * 1e6)
    assert [str(each.message).partition(" in ")[0] for each in seen] == ["overflow encountered"]


def test_within_transforms() -> None:
    recorded = compiled(lambda x: (x**3).sum())
    for _ in range(3):
        recorded(X)
    assert not differs(3 * X**2, grad(recorded)(X))
    assert not differs((X**3).sum(1), vmap(recorded)(X))
    assert not differs(6.0 * X, grad(lambda x: grad(recorded)(x).sum())(X))
    other = compiled(lambda x: recorded(x) * 2)
    for _ in range(3):
        assert not differs((X**3).sum() * 2, other(X))


def test_what_it_reads() -> None:
    scale, array = [2.0], [np.ones(3)]
    changes: list[Callable[[], None]] = [
        lambda: scale.__setitem__(0, 3.0),
        lambda: array.__setitem__(0, np.ones(3)),
        lambda: array[0].fill(7.0),
        lambda: scale.__setitem__(0, float("3")),
    ]

    def scaled(x: Any) -> Any:
        return x * scale[0] + array[0]

    recorded = compiled(scaled)
    for change in changes:
        for _ in range(3):
            assert not differs(scaled(X), recorded(X))
        assert recorded._quick((X,)) is not MISSED
        change()
        for _ in range(3):
            assert not differs(scaled(X), recorded(X))
        assert not differs(scaled(array[0]), recorded(array[0])), "the argument is what it reads"


def test_a_program_that_turns_out_not_to_fit_runs_once() -> None:
    def slope(x: Any) -> Any:
        return grad(lambda y: np.sum(np.sqrt(y)))(x)

    recorded = compiled(slope)
    for _ in range(3):
        recorded(np.ones(2))
    with pytest.warns(RuntimeWarning, match="inf"):
        recorded(np.zeros(2))
    assert recorded.programs[0].diverged == 1
