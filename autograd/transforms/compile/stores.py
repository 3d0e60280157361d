"""Stores: an elementwise result that is only copied into a part of another array is computed there."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...arrays.traced import Traced
from .numpy_calls import ROUNDED, is_basic
from .program import Call, Effect, Outside, Program, traced_in


def store_directly(program: Program) -> None:
    """Let ``b = f(a); x[part] = b`` be ``f(a, out=x[part])`` where nothing else reads b.

    The bits are the same only of functions that are rounded correctly, wherever arrays lie.
    """
    reads = _reads(program)
    made: dict[int, int] = {}  # the call that makes each memory, by its identity
    written: dict[int, int] = {}  # the last call until now that writes to it
    outside = -1
    calls: list[list[Call]] = []
    for k, call in enumerate(program.calls):
        calls.append([call])
        source = _stored(call)
        j = -1 if source is None or reads.get(id(source.memory)) != 1 else made.get(id(source.memory), -1)
        if j >= 0 and j > outside:
            before = program.calls[j]
            apart = all(x.memory is not call.writes and written.get(id(x.memory), -1) < j for x in before.reads())
            if apart:
                calls[j], calls[k] = [], _computed_there(before, call)
        if _is_elementwise(call):
            made[id(call.result.memory)] = k
        if call.writes is not None:
            written[id(call.writes)] = k
        if isinstance(call, Outside | Effect):
            outside = k
    program.calls = [call for several in calls for call in several]


def _reads(program: Program) -> dict[int, int]:
    """Return how many calls read each memory; results of the program are read once more."""
    counts: dict[int, int] = {}
    for part in (*(call.reads() for call in program.calls), traced_in(program.outputs)):
        for key in {id(x.memory) for x in part}:
            counts[key] = counts.get(key, 0) + 1
    return counts


def _stored(call: Call) -> Traced | None:
    """Return the array that a call copies into a part of another of the same shape and dtype."""
    if type(call) is not Call or call.function is not operator.setitem:
        return None
    target, key, source = call.args
    if not isinstance(source, Traced) or not isinstance(target.value, np.ndarray) or not is_basic(key):
        return None
    part = target.value[key]
    fits = isinstance(part, np.ndarray) and part.shape == source.shape and part.dtype == source.dtype
    return source if fits else None


def _is_elementwise(call: Call) -> bool:
    result: Any = call.result
    return (
        type(call) is Call and call.function in ROUNDED and not call.kwargs and isinstance(result, Traced)
    ) and result.memory.whole is result


def _computed_there(call: Call, store: Call) -> list[Call]:
    target, key, _ = store.args
    part = Traced(target.value[key], target.records, target.memory)
    return [
        Call(operator.getitem, (target, key), {}, part, None, True, call.line, call.errors),
        Call(call.function, call.args, {"out": part}, part, store.writes, False, call.line, call.errors),
    ]
