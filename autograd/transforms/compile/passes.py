"""Passes: what makes a recorded program shorter without changing what it computes."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...arrays.powers import power_call
from ...arrays.traced import Traced, Variable
from .numpy_calls import WRITERS
from .program import ARGUMENT, CONSTANT, HELD, MADE, Call, Check, Effect, Fetch, Memory, Outside, Program, traced_in

_COPIES = frozenset((np.ndarray.copy, np.copy, np.array, np.ndarray.flatten, np.ndarray.astype))


def simplify(program: Program) -> None:
    """Fold constants, share common subexpressions, and drop what nothing needs."""
    _powers(program)
    _fold_constants(program)
    _share(program)
    _skip_copies(program)
    _drop_dead(program)


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
    constant = {id(x.memory): False for x in traced_in((program.outputs, handed_out)) if x.memory.kind == MADE}
    while True:  # until no more memory turns out to depend on something
        before = len(constant)
        for call in calls:
            inputs = call.reads()
            depends = isinstance(call, Outside) or any(_varies(x.memory, constant) for x in inputs)
            if depends:
                for memory in _made_or_written(call):
                    constant.setdefault(id(memory), False)
        if len(constant) == before:
            break
    # What is written to has to be complete before something else reads it.
    read: set[int] = set()
    for call in calls:
        folds = not isinstance(call, Check | Effect | Outside) and not any(
            id(m) in constant for m in _made_or_written(call)
        )
        if folds and call.writes is not None and id(call.writes) in read:
            constant[id(call.writes)] = False
            _fold_constants_again(calls, constant)
        if not folds:
            read.update(id(x.memory) for x in call.reads())
    kept: list[Call] = []
    known: set[int] = set()
    for call in calls:
        memories = _made_or_written(call)
        if isinstance(call, Check):
            (x,) = call.args
            if not _varies(x.memory, constant):
                continue
        if isinstance(call, Check | Effect | Outside) or any(id(m) in constant for m in memories):
            kept.append(call)
            for x in call.reads():
                _source(program, x, constant, known)
        else:
            for memory in memories:
                memory.written = False
    for x in traced_in(program.outputs):
        if isinstance(x.value, np.ndarray):
            x.value = x.value.copy("K") if x.memory.kind == MADE and not _varies(x.memory, constant) else x.value
        _source(program, x, constant, known)
    program.calls = kept


def _fold_constants_again(calls: list[Call], constant: dict[int, bool]) -> None:
    while True:
        before = len(constant)
        for call in calls:
            if any(_varies(x.memory, constant) for x in call.reads()):
                for memory in _made_or_written(call):
                    constant.setdefault(id(memory), False)
        if len(constant) == before:
            return


def _varies(memory: Memory, constant: dict[int, bool]) -> bool:
    return memory.kind in (ARGUMENT, HELD) or id(memory) in constant


def _made_or_written(call: Call) -> list[Memory]:
    memories = [x.memory for x in traced_in(call.result)]
    if call.writes is not None:
        memories.append(call.writes)
    return memories


def _source(program: Program, x: Traced, constant: dict[int, bool], known: set[int]) -> None:
    """Note a constant that is read, as it is now."""
    if x.memory.kind == MADE and not _varies(x.memory, constant) and id(x) not in known:
        known.add(id(x))
        value = x.value
        program.sources.append((x, lambda leaves: value))


def _share(program: Program) -> None:
    """Compute once what is computed twice from the same values, where nobody writes to either."""
    written = {id(call.writes) for call in program.calls if call.writes is not None}
    held_by_effects = {
        id(x.memory) for call in program.calls if isinstance(call, Effect | Outside) for x in call.reads()
    }
    outputs = {id(x.memory) for x in traced_in(program.outputs)}
    same: dict[int, Traced] = {}
    moved: dict[int, Memory] = {}
    seen: dict[Any, Traced] = {}
    version: dict[int, int] = {}
    kept: list[Call] = []
    for call in program.calls:
        call.args, call.kwargs = replaced(same, call.args), replaced(same, call.kwargs)
        _move(call.result, moved)
        if isinstance(call, Outside):
            version = {key: number + 1 for key, number in version.items()}
            seen.clear()
        if call.writes is not None:
            version[id(call.writes)] = version.get(id(call.writes), 0) + 1
        if isinstance(call, Check):
            checked = "check", call.function, _key(call.args, version)
            if checked not in seen:
                seen[checked] = call.args[0]
                kept.append(call)
            continue
        result = call.result
        free = (
            type(call) is Call
            and isinstance(result, Traced)
            and call.writes is None
            and call.function not in WRITERS
            and call.function not in (np.empty, np.empty_like)
        )
        if (free and id(result.memory) not in written | outputs | held_by_effects) or (free and call.view):
            key = _key((call.function, call.args, call.kwargs, str(call.errors)), version)
            if key is not None:
                found = seen.get(key)
                if found is not None and (not call.view or id(result.memory) not in outputs):
                    same[id(result)] = found
                    moved[id(result.memory)] = found.memory
                    continue
                seen[key] = result
        kept.append(call)
    program.calls = kept
    program.outputs = replaced(same, program.outputs)


def _skip_copies(program: Program) -> None:
    """Use an array itself for a copy of it where nobody writes to either, or needs it, and nobody is given both."""
    written = {id(call.writes) for call in program.calls if call.writes is not None}
    steps = any(isinstance(call, Outside) for call in program.calls)
    given = [id(x.memory) for x in traced_in(program.outputs)]
    given += [id(x.memory) for call in program.calls if isinstance(call, Effect | Outside) for x in call.reads()]
    same: dict[int, Traced] = {}
    moved: dict[int, Memory] = {}
    last = _last_uses(program)
    computed = {
        id(y.memory) for call in program.calls if type(call) is Call and not call.view for y in traced_in(call.result)
    }
    kept: list[Call] = []
    for k, call in enumerate(program.calls):
        call.args, call.kwargs = replaced(same, call.args), replaced(same, call.kwargs)
        _move(call.result, moved)
        if call.writes is not None:
            call.writes = moved.get(id(call.writes), call.writes)
        x = call.args[0] if call.args else None
        copy = call.result
        if type(call) is Call and isinstance(x, Traced) and isinstance(copy, Traced):
            alike = x.shape == copy.shape and x.dtype == copy.dtype and isinstance(copy.value, np.ndarray)
            if call.view and alike and call.function is operator.getitem and call.args[1] == ():
                same[id(copy)] = x
                continue
            own, source = id(copy.memory), id(x.memory)
            if (
                alike
                and not call.view
                and call.function in _COPIES
                and not any(isinstance(part, Traced) for part in call.args[1:])
                and x.strides == copy.strides
                and (
                    not {own, source} & written
                    or (x is x.memory.whole and last[source] == k and source in computed and source not in given)
                )
                and (x.memory.kind in (MADE, ARGUMENT) or not steps)
                and (own not in given or (x.memory.kind == MADE and source not in given and given.count(own) == 1))
                and x.memory.kind != CONSTANT
            ):
                same[id(copy)] = x
                moved[own] = x.memory
                last[source] = max(last[source], last[own])
                if own in written:
                    written.add(source)
                given = [source if key == own else key for key in given]
                continue
        kept.append(call)
    program.calls = kept
    program.outputs = replaced(same, program.outputs)


def _last_uses(program: Program) -> dict[int, int]:
    """Return the last call that reads, makes or writes to each memory."""
    last = {}
    for k, call in enumerate(program.calls):
        memories = [x.memory for x in (*call.reads(), *traced_in(call.result))]
        for memory in memories if call.writes is None else [*memories, call.writes]:
            last[id(memory)] = k
    return last


def _move(results: Any, moved: dict[int, Memory]) -> None:
    """Let views of an array lie in the memory of the one that stands for it."""
    for view in traced_in(results):
        view.memory = moved.get(id(view.memory), view.memory)


def replaced(same: Mapping[int, Variable], tree: Any) -> Any:
    """Return arguments with other variables in place of some, by their identity."""
    if isinstance(tree, Variable):
        return same.get(id(tree), tree)
    if type(tree) in (tuple, list):
        return type(tree)([replaced(same, part) for part in tree])
    if type(tree) is dict:
        return {key: replaced(same, part) for key, part in tree.items()}
    if type(tree) is slice:
        return slice(*(replaced(same, part) for part in (tree.start, tree.stop, tree.step)))
    return tree


def _key(x: Any, version: dict[int, int]) -> Any:
    """Return what two equal calls have in common; None if a part cannot be compared."""
    kind = type(x)
    if issubclass(kind, Variable):
        return "array", id(x), version.get(id(x.memory), 0)
    if kind in (tuple, list):
        parts = [_key(part, version) for part in x]
        return None if None in parts else (kind, *parts)
    if kind is dict:
        return _key(tuple(sorted(x.items(), key=operator.itemgetter(0))), version)
    if kind is slice:
        return _key(("slice", x.start, x.stop, x.step), version)
    if x is None:
        return "None"
    if kind is float:
        return "float", repr(x)
    if kind in (int, bool, str):
        return kind, x
    return "object", id(x)


def _drop_dead(program: Program) -> None:
    """Drop calls whose results nothing uses."""
    live = {id(x.memory) for x in traced_in(program.outputs)}
    kept: list[Call] = []
    for call in reversed(program.calls):
        memories = _made_or_written(call)
        if (
            (isinstance(call, Check | Effect | Outside) and not isinstance(call, Fetch))
            or any(id(m) in live for m in memories)
            or any(m.kind in (HELD, ARGUMENT) for m in ([call.writes] if call.writes is not None else []))
        ):
            live.update(id(x.memory) for x in call.reads())
            kept.append(call)
    program.calls = kept[::-1]
    used = {id(x) for call in program.calls for x in call.reads()} | {id(x) for x in traced_in(program.outputs)}
    program.sources = [source for source in program.sources if id(source[0]) in used]
