"""Repeats among recorded calls: where they begin and end; finding them takes time in proportion to the calls."""

import time
from typing import Any

import numpy as np
import pytest

from autograd.arrays.traced import Traced
from autograd.transforms.compile.loops.repeats import Recorded, Repeat, find
from autograd.transforms.compile.program import ARGUMENT, MADE, Call, Memory


class Calls:
    """Calls of functions of one array, or of two."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.x = self._array(ARGUMENT)

    def _array(self, kind: str = MADE) -> Any:
        memory = Memory(kind, None)
        memory.whole = Traced(np.zeros(3), None, memory)  # type: ignore[arg-type]
        return memory.whole

    def __call__(self, function: Any, *args: Any) -> Any:
        result = self._array()
        self.calls.append(Call(function, args, {}, result, None, False, "f.py:1", None))
        return result


def found(calls: Calls, accepts: Any = lambda repeat: True) -> list[tuple[int, int, int]]:
    """Return the start, the period and the count of each repeat."""
    return [repeat.key for repeat in find(Recorded(calls.calls), accepts)]


def chain(calls: Calls, x: Any, count: int, *functions: Any) -> Any:
    """Return what functions give one after the other, again and again."""
    for _ in range(count):
        for function in functions:
            x = calls(function, x)
    return x


def test_a_chain_and_what_comes_before_and_after() -> None:
    calls = Calls()
    x = chain(calls, chain(calls, calls.x, 1, np.cos, np.cosh), 12, np.sin, np.exp, np.tanh)
    chain(calls, x, 1, np.log)
    assert found(calls) == [(2, 3, 12)]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_few_iterations_are_no_loop(count: int) -> None:
    calls = Calls()
    chain(calls, calls.x, count, np.sin, np.exp, np.tanh, np.cos, np.log, np.cosh)
    assert found(calls) == ([(0, 6, count)] if count >= 4 else [])


def test_alternating_steps_have_twice_the_period() -> None:
    calls = Calls()
    chain(calls, calls.x, 9, np.sin, np.exp, np.sin, np.cos)
    assert found(calls) == [(0, 4, 9)]


def test_equal_calls_on_the_wrong_operands_end_a_repeat() -> None:
    calls = Calls()
    states = [calls.x]
    for j in range(40):
        states.append(calls(np.add, states[-1], states[-1] if j != 25 else states[3]))
    assert sorted((start, start + count) for start, _, count in found(calls)) == [(0, 25)]


def test_references_that_follow_no_rule() -> None:
    calls, random = Calls(), np.random.default_rng(0)
    states = [calls.x]
    for _ in range(200):
        states.append(calls(np.add, states[-1], states[random.integers(len(states))]))
    assert found(calls) == []


def test_an_iteration_begins_where_least_is_carried_over() -> None:
    calls, x = Calls(), None
    for j in range(10):
        x = calls.x if x is None else x
        a, b, c = calls(np.sin, x), calls(np.cos, x), calls(np.exp, x)
        x = calls(np.subtract, calls(np.add, a, b), c)
        assert j < 9 or x is not None
    assert found(calls) == [(0, 5, 10)]


def test_a_loop_that_is_not_taken_is_searched_for_shorter_ones() -> None:
    calls, x = Calls(), None
    for _ in range(6):
        x = chain(calls, chain(calls, x if x is not None else calls.x, 15, np.sin, np.cos), 1, np.exp)

    def short(repeat: Repeat) -> bool:
        return repeat.period < 10

    assert found(calls) == [(0, 31, 6)]
    inner = found(calls, short)
    assert [period for _, period, _ in inner] == [2] * 6
    assert all(count >= 14 for _, _, count in inner)


def test_the_time_is_in_proportion_to_the_calls() -> None:
    spent = []
    for count in (1_500, 12_000):
        calls = Calls()
        x = chain(calls, calls.x, count, np.sin, np.cos, np.tanh)
        states = [x]
        for _ in range(count):
            states.append(calls(np.add, calls(np.exp, states[-1]), x))
        least = np.inf
        for _ in range(2):
            start = time.process_time()
            assert len(found(calls)) == 2
            least = min(least, time.process_time() - start)
        spent.append(least)
    assert spent[1] < 24 * spent[0]
