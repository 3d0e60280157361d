"""Passes: what makes a recorded program shorter without changing what it computes."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...arrays.standin import power_call
from ...arrays.traced import Traced
from .numpy_calls import WRITERS
from .program import (
    CONSTANT,
    HELD,
    MADE,
    Call,
    Check,
    Effect,
    Fetch,
    Fixed,
    Memory,
    Outside,
    Program,
    asks,
    key_of,
    replaced,
    traced_in,
)

_NOT_SHARED: frozenset[Any] = WRITERS | {np.empty, np.empty_like}
_SMALL = 1 << 20  # bytes of a constant that others are compared with
COPIES = frozenset((np.ndarray.copy, np.copy, np.array, np.ndarray.flatten, np.ndarray.astype, np.positive))


def simplify(program: Program) -> None:
    """Fold constants, share common subexpressions, and drop what nothing needs."""
    _powers(program)
    _fold_constants(program)
    _share(program)
    skip_copies(program)
    drop_dead(program)


def _powers(program: Program) -> None:
    """Call what NumPy's operator calls, and for squares of floats no power, which does the same in more time."""
    for call in program.calls:
        if call.function in (operator.pow, np.power) and not call.kwargs and isinstance(x := call.args[0], Traced):
            if not isinstance(x.value, np.ndarray):
                continue
            if call.function is operator.pow:
                call.function, call.args = power_call(x, call.args[1])
            elif type(call.args[1]) in (int, float) and call.args[1] == 2 and x.dtype.kind == "f":
                call.function, call.args = np.square, (x,)


def _fold_constants(program: Program) -> None:
    """Take results that depend on no argument and on nothing held as constants, with the values that they had.

    What is handed out is made anew each time: its memory is the user's.
    """
    calls = program.calls
    handed_out = [c.args for c in calls if isinstance(c, Effect | Outside)]
    varying = {id(x.memory) for x in traced_in((program.outputs, handed_out)) if x.memory.kind == MADE}
    leads_to = _leads_to(calls, varying)
    _spread(varying, leads_to)
    # What is written to has to be complete before something else reads it.
    read: set[int] = set()
    for call in calls:
        if _folds(call, varying):
            if id(call.writes) in read:
                varying.add(id(call.writes))
                _spread(varying, leads_to, [id(call.writes)])
        else:
            read.update(id(x.memory) for x in call.reads())
    kept: list[Call] = []
    known: dict[int, Any] = {}  # the constant that is each one's, the first of equal ones
    equal: dict[Any, Any] = {}
    for call in calls:
        if _folds(call, varying) or (isinstance(call, Check) and not _varies(call.args[0].memory, varying)):
            continue
        kept.append(call)
        for x in call.reads():
            if not _varies(x.memory, varying) and x.memory.kind == MADE and id(x) not in known:
                known[id(x)] = first = equal.setdefault(_constant_key(x), x)
                if first is x:
                    program.sources.append((x, Fixed(x.value)))
        call.args, call.kwargs = replaced(known, call.args), replaced(known, call.kwargs)
    program.calls = kept


def _constant_key(x: Any) -> Any:
    """Return what constants of the same values in the same order have in common, if they are not large."""
    value = x.value
    small = isinstance(value, np.ndarray) and value.nbytes <= _SMALL and not value.dtype.hasobject
    return (x.dtype, x.shape, x.strides, value.tobytes()) if small else id(x)


def _leads_to(calls: list[Call], varying: set[int]) -> dict[int, list[int]]:
    """Return the memory that varies if one does; add what varies anyway, computed from arguments or outside."""
    found: dict[int, list[int]] = {}
    for call in calls:
        changed = list(map(id, _made_or_written(call)))
        for x in call.reads():
            if x.memory.is_others:
                varying.update(changed)
            else:
                found.setdefault(id(x.memory), []).extend(changed)
        if isinstance(call, Outside):
            varying.update(changed)
    return found


def _spread(varying: set[int], leads_to: dict[int, list[int]], begun: list[int] | None = None) -> None:
    """Add the memory of what is computed from memory that varies; `begun` is what has begun to, if it is not all."""
    pending = list(varying) if begun is None else begun
    for memory in pending:  # grows while it is iterated over
        new = [each for each in leads_to.pop(memory, ()) if each not in varying]
        varying.update(new)
        pending += new


def _folds(call: Call, varying: set[int]) -> bool:
    """Tell whether the results of a call are constants."""
    computes = not isinstance(call, Check | Effect | Outside)
    return computes and varying.isdisjoint(map(id, _made_or_written(call)))


def _varies(memory: Memory, varying: set[int]) -> bool:
    return memory.is_others or id(memory) in varying


def _made_or_written(call: Call) -> list[Memory]:
    memories = [x.memory for x in traced_in(call.result)]
    if call.writes is not None:
        memories.append(call.writes)
    return memories


def _share(program: Program) -> None:
    """Compute once what is computed twice from the same values, where nobody writes to either."""
    written = {id(call.writes) for call in program.calls if call.writes is not None}
    apart = written.union(program.handed_out())
    outputs = {id(x.memory) for x in traced_in(program.outputs)}
    same: dict[int, Traced] = {}
    moved: dict[int, Memory] = {}
    seen: dict[Any, Traced] = {}
    copies: dict[int, Traced] = {}  # what they are copies of, for as long as nobody writes to that
    swapped: dict[int, tuple[Any, ...]] = {}  # what two axes of are swapped in a view, and these
    version: dict[int, int] = {}
    kept: list[Call] = []

    def seen_as(x: Any) -> Any:
        return "variable", id(x), version.get(id(x.memory), 0)

    for call in _rewritten(program, same, moved):
        if isinstance(call, Outside):
            seen.clear()
            copies.clear()
        if call.writes is not None:
            version[id(call.writes)] = version.get(id(call.writes), 0) + 1
        result, checks = call.result, isinstance(call, Check)
        shared = checks or (
            type(call) is Call
            and isinstance(result, Traced)
            and call.writes is None
            and call.function not in _NOT_SHARED
            and (call.view or id(result.memory) not in apart)
        )
        if not shared:
            kept.append(call)
            continue
        if call.function is np.swapaxes and id(result.memory) not in outputs:
            swapped[id(result)] = call.args
            if swapped.get(id(call.args[0]), (None,))[1:] == call.args[1:]:
                same[id(result)] = swapped[id(call.args[0])][0]
                continue
        errors = 0 if checks else id(call.errors)  # equal ones are one
        given = replaced(copies, (call.args, call.kwargs)) if copies else (call.args, call.kwargs)
        key = type(call), call.function, errors, key_of(given, seen_as)
        if key not in seen or (call.view and id(result.memory) in outputs):
            seen[key] = result
            kept.append(call)
            if (x := _copied(call)) is not None and written.isdisjoint((id(x.memory), id(result.memory))):
                copies[id(result)] = copies.get(id(x), x)
        elif not checks:
            same[id(result)] = seen[key]
            moved[id(result.memory)] = seen[key].memory
    program.calls = kept
    program.outputs = replaced(same, program.outputs)


def skip_copies(program: Program) -> None:
    """Use an array itself for a copy of it where nobody writes to either, or needs it, and nobody is given both."""
    written = {id(call.writes) for call in program.calls if call.writes is not None}
    steps = any(isinstance(call, Outside) for call in program.calls)
    given = Counter(program.handed_out())
    same: dict[int, Traced] = {}
    moved: dict[int, Memory] = {}
    last = program.last_uses()
    computed = {
        id(y.memory) for call in program.calls if type(call) is Call and not call.view for y in traced_in(call.result)
    }
    kept: list[Call] = []
    for k, call in enumerate(_rewritten(program, same, moved)):
        kept.append(call)
        if (x := _copied(call)) is None:
            continue
        if call.view:
            same[id(call.result)] = x
            kept.pop()
            continue
        own, source, kind = id(call.result.memory), id(x.memory), x.memory.kind
        unneeded = x is x.memory.whole and last[source] == k and source in computed and source not in given
        if not (unneeded or written.isdisjoint((own, source))):
            continue
        if kind == CONSTANT or (kind == HELD and steps):  # a step of an optimizer writes to what is held
            continue
        if own in given and (kind != MADE or source in given or given[own] > 1):
            continue
        same[id(call.result)] = x
        moved[own] = x.memory
        last[source] = max(last[source], last[own])
        if own in written:
            written.add(source)
        if own in given:
            given[source] += given.pop(own)
        kept.pop()
    program.calls = kept
    program.outputs = replaced(same, program.outputs)


def _copied(call: Call) -> Traced | None:
    """Return the array that a call makes a copy of, or shows as it is, in the same order of memory."""
    x, made, function = call.args[0] if call.args else None, call.result, call.function
    if type(call) is not Call or not isinstance(x, Traced) or not isinstance(made, Traced):
        return None
    alike = x.shape == made.shape and x.dtype == made.dtype and x.strides == made.strides
    shown = call.view and function is operator.getitem and call.args[1] == ()
    copied = not call.view and function in COPIES and not traced_in(call.args[1:])
    masked = function is np.positive and call.kwargs
    return x if alike and (shown or copied) and not masked and isinstance(made.value, np.ndarray) else None


def _rewritten(program: Program, same: dict[int, Traced], moved: dict[int, Memory]) -> Iterator[Call]:
    """Yield each call with the variables and the memory that have taken the place of others until then."""
    for call in program.calls:
        if not same.keys().isdisjoint(map(id, call.reads())):
            call.args, call.kwargs = replaced(same, call.args), replaced(same, call.kwargs)
        for view in traced_in(call.result) if moved else ():
            view.memory = moved.get(id(view.memory), view.memory)
        if call.writes is not None:
            call.writes, call.result = moved.get(id(call.writes), call.writes), replaced(same, call.result)
        yield call


def drop_dead(program: Program) -> None:
    """Drop calls whose results nothing uses."""
    live = {id(x.memory) for x in traced_in(program.outputs)}
    read = {id(x) for x in traced_in(program.outputs)}
    kept: list[Call] = []
    for call in reversed(program.calls):
        memories = _made_or_written(call)
        if call.view and call.writes is None and read.isdisjoint(map(id, traced_in(call.result))):
            continue
        if (
            (asks(call) or (isinstance(call, Effect | Outside) and not isinstance(call, Fetch)))
            or any(id(m) in live for m in memories)
            or (call.writes is not None and call.writes.is_others)
        ):
            live.update(id(x.memory) for x in call.reads())
            read.update(map(id, call.reads()))
            kept.append(call)
    program.calls = kept[::-1]
    program.sources = [source for source in program.sources if id(source[0]) in read]
