"""Joining: the pass that makes two loops one, of which the second reads, row for row, what the first stacks.

So are a loop and that of its tangents, which computes each step again from the state before it: as one loop, whose
machine code computes once what is equal in both, and keeps no states.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from ....arrays.traced import Variable
from ..program import Argument, Call, Program, traced_in
from .loop import Carried, Input, Loop, Part
from .parts import dense
from .running import CompiledLoop, Lanes, copies, stand_in


def join(program: Program) -> None:
    """Join pairs of loops of a program that run as machine code, until there is none left."""
    refused = set[tuple[int, int]]()
    while pair := next((pair for pair in _pairs(program.calls) if tuple(map(id, pair)) not in refused), None):
        first, second = pair
        both = _joined(program, first, second)
        if both is None:
            refused.add((id(first), id(second)))
            continue
        program.calls[program.calls.index(first)] = both
        program.calls.remove(second)
        texts = {call.function.source: both.function.source for call in pair}  # type: ignore[attr-defined]  # loops
        program.loops = [texts.get(text, text) for text in program.loops]


def lay_out(program: Program) -> None:
    """Let what a loop of a batch stacks for others alone lie in memory in the order in which they go through it."""
    calls = [call for call in program.calls if isinstance(call.function, Lanes) and call.function.is_quick]
    tables: dict[int, list[int]] = {id(call): [] for call in calls}
    given = set(program.handed_out())
    for first in calls:
        for k, x in enumerate(first.result, len(first.args)):
            readers = [call for call in program.calls if any(y.memory is x.memory for y in call.reads())]
            fits = id(x) in _tables(first) and id(x.memory) not in given
            if readers and fits and all(id(call) in tables and _reads_table(call, first, x) for call in readers):
                tables[id(first)].append(k)
                for call in readers:
                    tables[id(call)] += [i for i, y in enumerate(call.args) if y is x]
    for call in calls:
        lanes: Any = call.function
        if tables[id(call)]:
            call.function = lanes.of.lanes(lanes.batched, lanes.size, tuple(tables[id(call)]))


def _reads_table(call: Call, first: Call, x: Any) -> bool:
    """Tell whether a loop reads rows of what another has stacked, for as many elements side by side."""
    lanes, other = (cast(Lanes, of.function) for of in (call, first))
    alike = lanes.size == other.size and lanes.loop.count == other.loop.count
    alike = alike and lanes.machine.width == other.machine.width > 1
    rows = [y for y in lanes.loop.inputs if call.args[y.argument] is x]
    row = _tables(first)[id(x)][0]
    return alike and all(isinstance(y, Part) and _is_row(y, row, y.backwards) for y in rows)


def _pairs(calls: list[Call]) -> Iterator[tuple[Call, Call]]:
    loops = [(k, call) for k, call in enumerate(calls) if isinstance(call.function, CompiledLoop | Lanes)]
    loops = [(k, call) for k, call in loops if call.function.is_quick]  # type: ignore[attr-defined]  # a loop
    for n, (k, second) in enumerate(loops):
        for begin, first in loops[:n]:
            alike = _loop(first).count == _loop(second).count and _size(first) == _size(second)
            if alike and _reads_rows(first, second):
                between = calls[begin + 1 : k]
                changed = {id(x) for call in between for x in traced_in(call.result)}
                changed.update(id(call.writes) for call in between)
                if changed.isdisjoint(key for x in second.reads() for key in (id(x), id(x.memory))):
                    yield first, second


def _loop(call: Call) -> Loop:
    return call.function.loop  # type: ignore[attr-defined, no-any-return]  # a loop


def _size(call: Call) -> int | None:
    """Return of how many elements of a batch a loop is."""
    return getattr(call.function, "size", None)


def _tables(first: Call) -> dict[int, tuple[Variable, bool]]:
    """Return what a loop stacks, by the identity of the variable of the program that it becomes."""
    loop = _loop(first)
    return {id(x): of for x, of in zip(first.result[len(loop.finals) :], loop.stacked, strict=True)}


def _reads_rows(first: Call, second: Call) -> bool:
    """Tell whether a loop reads, of the results of another, the row of the same iteration, and nothing else."""
    tables, results = _tables(first), set(map(id, first.result))
    read = [(x, id(second.args[x.argument])) for x in _loop(second).inputs]
    return not results.isdisjoint(key for _, key in read) and all(
        isinstance(x, Part) and key in tables and _is_row(x, *tables[key]) for x, key in read if key in results
    )


def _is_row(x: Part, row: Any, backwards: bool) -> bool:
    shape = np.shape(row.value)
    in_order = (x.start, x.strides, x.step) == (0, dense(shape), math.prod(shape))
    alike = type(x.variable) is type(row) and np.shape(x.variable.value) == shape
    return in_order and alike and x.backwards is backwards


def _joined(program: Program, first: Call, second: Call) -> Call | None:
    """Return the call of both loops as one; None if there is no machine code of that."""
    tables, places = _tables(first), dict[int, int]()
    joined, given, results = Loop([], [], [], count=_loop(first).count), list[Any](), list[list[Any]]()
    read = {id(x) for call in program.calls if call is not second for x in call.reads()}
    read.update(id(x) for x in traced_in(program.outputs))
    known: dict[int, Any] = {}
    batched = dict[int, bool]()
    for call in (first, second):
        loop, before, known, made = _loop(call), known, {}, list[Input]()
        for x, on in zip(call.args, getattr(call.function, "batched", ()), strict=False):
            if batched.setdefault(id(x), on) is not on:  # the elements of one are shared by all in the other
                return None
        for x in loop.inputs:
            argument = call.args[x.argument]
            if call is second and id(argument) in tables:
                known[id(x.variable)] = before[id(tables[id(argument)][0])]
                continue
            if id(argument) not in places:
                places[id(argument)] = len(given)
                given.append(argument)
                joined.arguments.append(loop.arguments[x.argument])
            place = places[id(argument)]
            variable = known[id(x.variable)] = stand_in(x.variable, Argument(place))
            made.append(dataclasses.replace(x, variable=variable, argument=place))
        joined.calls += copies(loop.calls, known)
        for x in made:
            joined.inputs.append(dataclasses.replace(x, after=known[id(x.after)]) if isinstance(x, Carried) else x)
        of = len(loop.finals)
        kept = [k for k, x in enumerate(call.result[of:]) if id(x) in read]
        joined.finals += [known[id(x)] for x in loop.finals]
        joined.stacked += [(known[id(loop.stacked[k][0])], loop.stacked[k][1]) for k in kept]
        results += [list(call.result[:of]), [call.result[of + k] for k in kept]]
    result = (*results[0], *results[2], *results[1], *results[3])
    of_first: Any = first.function
    function: Any = CompiledLoop(joined, getattr(of_first, "of", of_first).__name__)
    function.compile()
    if size := _size(first):
        function = function.lanes(tuple(batched[id(x)] for x in given), size)
    if not function or not function.is_quick:
        return None
    return Call(function, tuple(given), {}, result, None, False, first.line, first.errors)
