"""Repeats: blocks of calls that follow each other in a recorded program, alike but for what advances between them.

Calls look alike that call the same function on the same shapes; of numbers that may differ from one iteration to the
next only the type is part of the look. Where looks come again after a period, the references decide: what a block
reads is made in the same iteration, some iterations before, or before the repeat begins, and each of its iterations
has to say the same. What does not is left outside: the first iterations, the last ones, or all.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ....arrays.traced import Variable
from ..program import Call, Check, traced_in
from ..types import Array

FEWEST, SHORTEST = 4, 24  # iterations of a repeat, and calls in all
LONGEST_LAG = 4  # iterations between where a value is made and where it is read
_TRIES = 40
_AHEAD = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32)
KEYED = (operator.getitem, operator.setitem)
# Functions of which an operand may be a Python number in one iteration, and another in the next.
OF_NUMBERS: frozenset[Any] = frozenset((
    np.where, np.clip, np.full, np.copyto, operator.setitem, operator.add, operator.sub, operator.mul, operator.truediv,
))  # fmt: skip
_Run: TypeAlias = tuple[int, int, int]  # from where to where, and the period
_AS_THEY_ARE = (int, bool, str, type(None), type(Ellipsis), np.dtype, bytes)


class Recorded:
    """The calls of a program in numbers: how they look, what they read, and which call makes that.

    Attributes
    ----------
    tokens
        A number for each call, the same for calls that look alike.
    variables
        Those that are read or made; `number` has the position in it by identity.
    made, results
        The position of the call that makes each variable, or -1, and which of its results it is.
    reads, reads_from
        The numbers of the variables that are read, call by call, and where those of each call begin.
    numbers, numbers_from
        The same for numbers that may differ from one iteration to the next.
    writes
        For each call the position of the call that makes the memory that it writes to: -1 for memory that no call
        makes, and -2 for calls that write to none.
    """

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.variables: list[Any] = []
        self.number: dict[int, int] = {}
        self.numbers: list[Any] = []
        self._reads: list[int] = []
        made: list[int] = []
        results: list[int] = []
        looks: dict[Any, int] = {}
        memories: dict[int, int] = {}
        tokens, writes, reads_from, numbers_from = [], [], [0], [0]
        for k, call in enumerate(calls):
            look = self._look(call)
            tokens.append(looks.setdefault(look, len(looks)))
            reads_from.append(len(self._reads))
            numbers_from.append(len(self.numbers))
            made += [-1] * (len(self.variables) - len(made))
            results += [-1] * (len(self.variables) - len(results))
            for r, x in enumerate(traced_in(call.result)):
                if id(x) not in self.number:
                    self._number(x)
                    made.append(k)
                    results.append(r)
                    memories.setdefault(id(x.memory), k)
            writes.append(-2 if call.writes is None else memories.get(id(call.writes), -1))
        self.tokens, self.writes = np.array(tokens, np.int64), np.array(writes, np.int64)
        self.made, self.results = np.array(made, np.int64), np.array(results, np.int64)
        self.reads, self.reads_from = np.array(self._reads, np.int64), np.array(reads_from, np.int64)
        self.numbers_from = np.array(numbers_from, np.int64)

    def _number(self, x: Variable) -> int:
        found = self.number.get(id(x))
        if found is None:
            found = self.number[id(x)] = len(self.variables)
            self.variables.append(x)
        return found

    def _look(self, call: Call) -> Any:
        """Return what calls have in common that look alike; note what this one reads, and its numbers."""
        function, args = call.function, call.args
        parts: list[Any] = [type(call), function_key(function), call.view, call.writes is None]
        if isinstance(call, Check):
            parts.append(repr(call.expected))
        errors: Any = call.errors
        parts.append(tuple(errors.values()) if type(errors) is dict else errors)
        keyed = function in KEYED
        free = isinstance(function, np.ufunc) or function in OF_NUMBERS
        for place, arg in enumerate(args):
            self._add(arg, parts, "key" if keyed and place == 1 else "number" if free else "")
        if call.kwargs:
            for name, arg in call.kwargs.items():
                parts.append(name)
                self._add(arg, parts, "")
        for x in traced_in(call.result):
            value = x.value
            is_array = isinstance(value, np.ndarray)
            parts.append((value.shape, value.dtype.str, value.strides) if is_array else type(value))
        return tuple(parts)

    def _add(self, x: Any, parts: list[Any], what: str) -> None:
        """Add how an argument looks to the parts of a look."""
        kind = type(x)
        if issubclass(kind, Variable):
            value = x.value  # a variable that is a number looks otherwise than a number
            parts.append((value.shape, value.dtype.str) if isinstance(value, np.ndarray) else (kind, type(value)))
            self._reads.append(self._number(x))
        elif what and (kind is int or (what == "number" and kind in (float, np.float64))):
            parts.append(kind)
            self.numbers.append(x)
        elif kind in (tuple, list):
            parts.append((kind, len(x)))
            for part in x:
                self._add(part, parts, what if what == "key" else "")
        elif kind is slice:
            parts.append(slice)
            self._add(x.start, parts, what)
            self._add(x.stop, parts, what)
            self._add(x.step, parts, "")
        elif kind is dict:
            for key, part in x.items():
                parts.append(key)
                self._add(part, parts, "")
        elif kind in (float, complex) or isinstance(x, np.generic):  # whose zeros have signs
            parts.append((kind, repr(x)))
        else:
            parts.append((kind, x) if kind in _AS_THEY_ARE else id(x))

    def block(self, start: int, period: int, count: int) -> tuple[Array, Array]:
        """Return the numbers of what each iteration reads, as rows, and which call of the block reads each."""
        begin, end = self.reads_from[[start, start + period]]
        reads = self.reads[begin : begin + count * (end - begin)].reshape(count, end - begin)
        return reads, np.repeat(np.arange(period), np.diff(self.reads_from[start : start + period + 1]))


def function_key(function: Any) -> Any:
    """Return what is equal for functions that are the same: methods of one object are made anew each time."""
    return function if getattr(function, "__self__", None) is not None else id(function)


@dataclass(eq=False)
class Repeat:
    """A block of calls that comes several times.

    Attributes
    ----------
    start, period, count
        The position of its first call, how many calls an iteration has, and how many iterations there are.
    reads, readers
        What each iteration reads, and which call of the block does: see `Recorded.block`.
    lags
        How many iterations before each of these is made; -1 for what is made before the repeat begins.
    """

    start: int
    period: int
    count: int
    reads: Array
    readers: Array
    lags: Array

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells it from others."""
        return self.start, self.period, self.count

    @property
    def end(self) -> int:
        """The position of the first call after it."""
        return self.start + self.period * self.count

    def shortened(self, first: int, last: int) -> Repeat:
        """Return the repeat of its iterations from `first` to the one before `last`."""
        start, reads = self.start + first * self.period, self.reads[first:last]
        return Repeat(start, self.period, last - first, reads, self.readers, self.lags)


def find(
    recorded: Recorded, accepts: Callable[[Repeat], bool], irregular: dict[_Run, None] | None = None
) -> list[Repeat]:
    """Return the repeats among the calls, in order, none within another, that hold and that `accepts` takes.

    Of one that is not taken, such as a loop of loops whose body is long, those within are looked for. `irregular` is
    given the runs of calls that look like a loop and refer to each other otherwise.
    """
    found: list[Repeat] = []
    tokens, fresh = recorded.tokens.copy(), -1
    tried: set[_Run] = set()
    refused: list[_Run] = []
    for _ in range(_TRIES):
        runs = _runs(tokens, tried, refused)
        if not runs:
            break
        for start, end, period in runs:
            tried.add((start, end, period))
            holding = _holding(recorded, start, end, period)
            if not holding and irregular is not None:
                irregular[start, end, period] = None
            for repeat in holding:
                if not accepts(repeat):
                    refused.append((repeat.start, repeat.end, period))
                    continue
                found.append(repeat)
                length = repeat.end - repeat.start
                tokens[repeat.start : repeat.end] = np.arange(fresh, fresh - length, -1)
                fresh -= length
    return sorted(found, key=lambda repeat: repeat.start)


def _runs(tokens: Array, tried: set[_Run], refused: list[_Run]) -> list[_Run]:
    """Return where tokens come again after a period: the longest such runs, none of which overlap."""
    runs: list[_Run] = []
    for period in _periods(tokens):
        same = np.zeros(len(tokens) - period + 2, np.int8)
        same[1:-1] = tokens[:-period] == tokens[period:]
        edges = np.flatnonzero(np.diff(same))
        starts, ends = edges[::2], edges[1::2] + period
        long = ends - starts >= max(SHORTEST, FEWEST * period)
        runs += [
            run
            for run in zip(starts[long].tolist(), ends[long].tolist(), [period] * int(long.sum()), strict=True)
            if run not in tried and not _is_refused(run, refused)
        ]
    # A run comes again at multiples of its period, too: a little shorter, or a little longer.
    runs.sort(key=lambda run: (-round(8 * math.log(run[1] - run[0])), run[2]))
    chosen: list[_Run] = []
    taken = np.zeros(len(tokens) + 1, bool)
    for start, end, period in runs:
        if not taken[start:end].any():
            chosen.append((start, end, period))
            taken[start:end] = True
    return sorted(chosen)


def _is_refused(run: _Run, refused: list[_Run]) -> bool:
    """Tell whether it is the like of a repeat that was not taken: several iterations of that as one."""
    start, end, period = run
    return any(
        period % of == 0 and min(end, last) - max(start, first) > (end - start) / 2 for first, last, of in refused
    )


def _periods(tokens: Array) -> list[int]:
    """Return the distances at which equal tokens follow each other most often, the shortest first."""
    order = np.argsort(tokens, kind="stable")
    order = order[tokens[order] >= 0]  # the others belong to repeats that are found
    there = tokens[order]
    periods: set[int] = set()
    for ahead in _AHEAD:
        gaps = (order[ahead:] - order[:-ahead])[there[ahead:] == there[:-ahead]]
        if not len(gaps):
            break
        often = np.bincount(gaps)
        top = np.argpartition(often, -6)[-6:] if len(often) > 6 else np.arange(len(often))
        periods.update(int(gap) for gap in top if often[gap] >= FEWEST - 1)
    return sorted(periods)


def _holding(recorded: Recorded, start: int, end: int, period: int) -> list[Repeat]:
    """Return the repeats in a run of calls that look alike: those whose references hold, too."""
    count = (end - start) // period
    if count < FEWEST or count * period < SHORTEST:
        return []
    begin = _best_beginning(recorded, start, period, count, (end - start) % period)
    if begin is None:
        return []
    start += begin
    count = (end - start) // period
    if count < FEWEST or count * period < SHORTEST:
        return []
    block = _Block(recorded, start, period, count)
    interval = block.interval()
    if interval is None:
        half = start + count // 2 * period
        return [*_holding(recorded, start, half, period), *_holding(recorded, half, end, period)]
    first, last = interval
    before = _holding(recorded, start, start + first * period, period)
    after = _holding(recorded, start + last * period, end, period) if last < count else []
    enough = last - first >= FEWEST and (last - first) * period >= SHORTEST
    return [*before, *([block.repeat(first, last)] if enough else []), *after]


class _Block:
    """What the iterations of a run refer to, seen from the one in the middle."""

    def __init__(self, recorded: Recorded, start: int, period: int, count: int) -> None:
        self.start, self.period, self.count = start, period, count
        self.reads, self.readers = recorded.block(start, period, count)
        self.made, self.results = recorded.made[self.reads], recorded.results[self.reads]
        self.rows = start + period * np.arange(count)
        self.distance = self.rows[:, None] + self.readers - self.made
        self.middle = middle = count // 2
        self.iteration = (self.made - start) // period  # negative for what is made before
        self.lags = middle - self.iteration[middle]
        inner = self._is_as(middle)[middle - 1] & (self.made[middle] >= start) & (self.lags <= LONGEST_LAG)
        self.lags[~inner] = -1
        self.writes = recorded.writes[start : start + period * count].reshape(count, period)

    def _is_as(self, row: int) -> Array:
        """Return which references are those of one iteration, moved on."""
        same: Array = (self.distance == self.distance[row]) & (self.results == self.results[row])
        return same

    def interval(self) -> tuple[int, int] | None:
        """Return from where to where all iterations refer as the one in the middle does; None if there is none."""
        middle, inner = self.middle, self.lags >= 0
        lags, iteration = self.lags[inner], self.iteration[:, inner]
        uniform = self._is_as(middle)[:, inner]
        # from where on each is uniform, and from where on it is not any more
        low = middle + 1 - _length(uniform[middle::-1])
        last = int(min([self.count, *(middle + _length(uniform[middle:]))]))
        within = (self.writes >= self.rows[:, None]) | (self.writes < self.start)
        own: Array = np.all(within, axis=1)
        if not own[middle]:
            return None
        last = min(last, middle + int(_length(own[middle:, None])[0]))
        first = middle + 1 - int(_length(own[middle::-1, None])[0])
        latest = self.iteration[:, ~inner].max(1, initial=-1)  # of what has to be made before the first iteration
        late = np.flatnonzero(low > 0)
        while True:
            before = first, last
            first = max(first, 1 + int(latest[first : middle + 1].max(initial=-1)))
            if first > middle:
                return None
            after = np.flatnonzero(latest[middle:last] >= first)
            last = middle + int(after[0]) if len(after) else last
            for i in late:
                first = max(first, int(low[i] - lags[i]))
                inside = np.flatnonzero(iteration[first : low[i], i] >= first)
                first = first + int(inside[-1]) + 1 if len(inside) else first
            if (first, last) == before:
                return before

    def repeat(self, first: int, last: int) -> Repeat:
        whole = Repeat(self.start, self.period, self.count, self.reads, self.readers, self.lags)
        return whole.shortened(first, last)


def _length(true: Array) -> Array:
    """Return how many values of each column are true before the first that is not."""
    false = ~true
    return np.where(false.any(0), false.argmax(0), len(true)) if len(true) else np.zeros(true.shape[1], np.int64)


def _best_beginning(recorded: Recorded, start: int, period: int, count: int, rest: int) -> int | None:
    """Return the call of a block at which an iteration best begins: where the fewest numbers are carried over.

    With one of the first calls, as many as there are at the end beyond the iterations, no iteration is lost. What is
    written to is made in the same iteration: no iteration begins between the two. None if all do.
    """
    block = _Block(recorded, start, period, count)
    carried, apart = np.zeros((2, 2 * period + 1))
    seen: dict[tuple[int, int], int] = {}
    middle = block.middle
    for i in np.flatnonzero(block.lags >= 0):
        number = int(block.reads[middle, i])
        key = int((block.readers[i] - block.distance[middle, i]) % period), number
        seen[key] = max(seen.get(key, 0), int(block.distance[middle, i]))
    for (maker, number), distance in seen.items():
        size = recorded.variables[number].size if hasattr(recorded.variables[number], "size") else 1
        _add_between(carried, maker, distance % period, 1 + size)
    for q in np.flatnonzero(block.writes[middle] != -2):
        made = int(block.writes[middle, q])
        if made < start:
            continue
        distance = int(block.rows[middle] + q - made)
        if distance >= period:
            return 0  # `interval` says so
        _add_between(apart, int((q - distance) % period), distance, 1)
    at, broken = _at_each_call(carried), _at_each_call(apart)
    at[rest + 1 :] += at.sum()
    at[broken > 0] = np.inf
    best = int(np.argmin(at))
    return None if broken[best] else best


def _at_each_call(changes: Array) -> Array:
    made: Array = np.cumsum(changes)[:-1].reshape(2, -1).sum(0)
    return made


def _add_between(carried: Array, maker: int, distance: int, size: float) -> None:
    """Note what an iteration carries over if it begins at one of the calls after the one that makes a value."""
    carried[maker + 1] += size
    carried[maker + 1 + distance] -= size
