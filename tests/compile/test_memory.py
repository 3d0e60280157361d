"""Random programs that copy, fill, view and write in place: replays give the bits that the function gives.

PLAINGRAD_PROGRAMS says how many, beginning with the first.
"""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import compile
from autograd.transforms.compile import session
from autograd.transforms.compile.memory import trim
from autograd.transforms.compile.recycled import RECYCLED
from tests.compile.agreement import differs

PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", "200"))
Step = Callable[[Any, Any, int], Any]  # of two arrays and a number; returns a new array, or writes to the first


def added(a: Any, b: Any, k: int) -> Any:
    return a + b if a.shape == b.shape else a * 2


def filled(a: Any, b: Any, k: int) -> Any:
    made = np.zeros(len(a) + k) if k else np.ones(len(a))
    made[k:] = a
    return made


def multiplied_in_place(a: Any, b: Any, k: int) -> None:
    a *= b.copy() if a.shape == b.shape else 2


def shifted_in_place(a: Any, b: Any, k: int) -> None:
    a += 0.25


def begun_anew(a: Any, b: Any, k: int) -> None:
    a[:1] = k


def ended_anew(a: Any, b: Any, k: int) -> None:
    end = a[-1:]
    end[...] = b[:1]


def halved(a: Any, b: Any, k: int) -> None:
    np.multiply(a, 0.5, out=a)


STEPS: list[Step] = [
    lambda a, b, k: a.copy(),
    lambda a, b, k: a.astype(np.float64),
    lambda a, b, k: np.tanh(a),
    lambda a, b, k: a * 0.5 - 1,
    lambda a, b, k: np.power(a, 2) + np.fmax(a, 1),
    lambda a, b, k: a[k:] if len(a) > 3 else a[:],
    lambda a, b, k: a * a.sum(),
    lambda a, b, k: np.concatenate([a, b])[: len(a)],
    added, filled, multiplied_in_place, shifted_in_place, begun_anew, ended_anew, halved,
]  # fmt: skip


def program(draw: random.Random) -> Callable[[Any], Any]:
    """Return a function that takes random steps on what it has computed so far, and returns some of that."""
    steps = [(draw.choice(STEPS), draw.random(), draw.random(), draw.randrange(3)) for _ in range(draw.randint(3, 9))]
    returned = [draw.random() for _ in range(draw.randint(1, 3))]

    def function(x: Any) -> Any:
        made = [np.exp(x)]
        for step, first, second, k in steps:
            found = step(made[int(first * len(made))], made[int(second * len(made))], k)
            if found is not None:
                made.append(found)
        return tuple(made[int(place * len(made))] for place in returned)

    return function


@pytest.mark.one_in(2)
@pytest.mark.parametrize("part", range(4))
def test_replays_give_the_bits_of_the_function(part: int) -> None:
    for seed in range(part, PROGRAMS, 4):
        draw, rng = random.Random(seed), np.random.default_rng(seed)
        size = RECYCLED // 8 if draw.random() < 0.1 else 5
        function, results = program(draw), []
        compiled = compile(function)
        with np.errstate(all="ignore"):
            for x in rng.normal(size=(4, size)):
                results.append((function(x.copy()), compiled(x.copy())))
        for expected, found in results:  # those of earlier calls are not changed by later ones either
            assert not differs(expected, found), f"program {seed}: {differs(expected, found)}"


COPIES: dict[str, Any] = {
    "copy.copy": copy.copy,
    "copy.deepcopy": lambda x: copy.deepcopy([x, x])[0],
    "method": lambda x: x.copy(),
    "method, K": lambda x: x.copy("K"),
    "numpy.copy": np.copy,
    "numpy.array": lambda x: np.array(x),  # found by name, as within a function
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_copies_lie_in_memory_as_those_of_numpy(name: str, order: Any) -> None:
    """What reads a copy in the order of memory has to read the same numbers."""

    def read(x: Any) -> Any:
        inner = np.asarray(x * 2.0, order=order)
        return COPIES[name](inner).ravel("K")

    x = np.arange(6.0).reshape(2, 3)
    compiled = compile(read)
    for step in range(3):
        assert np.array_equal(compiled(x + step), read(x + step))


def test_memory_is_given_back_after_a_large_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted() -> None:
        trim()
        asked.append(1)

    monkeypatch.setattr(session, "trim", counted)
    for size, count in ((10, 0), (10, 0), (2_500_000, 1), (2_500_000, 1), (10, 1)):
        np.testing.assert_array_equal(doubled_sine(np.ones(size)), np.sin(np.ones(size)) * 2)
        assert len(asked) == count


doubled_sine = compile(lambda x: np.sin(x) * 2)
