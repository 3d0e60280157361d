"""Fusing: the pass that replaces groups of a program's calls by loops, which numba compiles."""

from __future__ import annotations

import hashlib
import operator
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..loops.loop import Unsuitable
from ..program import MADE, Call, Effect, Memory, Outside, Program, Traced, traced_in
from ..quoting import comment
from .groups import Group, shape_of_loop
from .loops import cache_folder, compiled
from .machine_code import kernel_of
from .plan import FULL, Plan, Value

_LOOPS: dict[str, Callable[..., Any]] = {}  # by name: equal loops are one
_SPACE = (np.empty, np.empty_like)
MOST, ARRAYS = 4096, 64  # operations of a loop, and arrays that it reads


def fuse(program: Program) -> None:
    """Replace groups of calls by loops, whose texts the program notes."""
    _Fuser(program).run()


class _Fuser:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.calls: list[Call] = []  # what the program becomes
        self.groups: list[Group] = []  # those that are open
        self.space: dict[int, Call] = {}  # memory that is reserved, but not used yet
        self.texts: list[str] = []
        self.now: Call | None = None
        self.readers: dict[int, set[int]] = {}  # the calls that read a memory, by identity
        self.users: dict[int, set[int]] = {}  # and those that read a variable
        for call in program.calls:
            for x in call.reads():
                self.readers.setdefault(id(x.memory), set()).add(id(call))
                self.users.setdefault(id(x), set()).add(id(call))
        self.outputs = {id(x) for x in traced_in(program.outputs)}
        self.kept = {id(x.memory) for x in traced_in(program.outputs)}

    def run(self) -> None:
        for call in self.program.calls:
            self.now = call
            if type(call) is Call and (self._writes_part(call) or self._joins(call)):
                continue
            self._keep(call)
        while self.groups:
            self._close(self.groups[0])
        self.program.calls = self.calls
        self.program.loops += dict.fromkeys(self.texts)

    def _keep(self, call: Call) -> None:
        """Let a call be what it is, after the groups that it depends on."""
        memories = {id(x.memory): x.memory for x in call.reads()}
        written = {} if call.view else {id(x.memory): x.memory for x in traced_in(call.result)}
        if call.writes is not None:
            written[id(call.writes)] = call.writes
        everything = isinstance(call, Effect | Outside)
        for group in list(self.groups):
            needed = any(group.makes(memory) for memory in (*memories.values(), *written.values()))
            if needed or everything or any(group.reads(memory) for memory in written.values()):
                self._close(group)
        if type(call) is Call and call.function in _SPACE and isinstance(call.result, Traced) and not call.reads():
            self.space[id(call.result.memory)] = call
            return
        self._reserve(*memories.values(), *written.values())
        self.calls.append(call)

    def _reserve(self, *memories: Memory) -> None:
        for memory in memories:
            waiting = self.space.pop(id(memory), None)
            if waiting is not None:
                self.calls.append(waiting)

    def _joins(self, call: Call) -> bool:
        """Make a call part of a group, if it can be part of one."""
        group = self._group_for(call)
        if group is None:
            return False
        if group.operations >= MOST or len(group.inputs) >= ARRAYS:
            self._close(group)
            group = Group(group.shape)
        for other in list(self.groups):
            if other is group:
                continue
            overwritten = call.writes is not None and (other.reads(call.writes) or other.makes(call.writes))
            if overwritten or any(other.makes(x.memory) for x in call.reads()):
                self._close(other)
        try:
            group.take(call)
        except Unsuitable:
            return False
        if group not in self.groups:
            self.groups.append(group)
        return True

    def _group_for(self, call: Call) -> Group | None:
        """Return the group that a call belongs to: an open one, or a new one."""
        for group in self.groups:
            if call.view and any(group.makes(x.memory) for x in call.reads()):
                return group
            if isinstance(call.result, Traced) and group.is_of_rows(call.result, call.args):
                return group
        shape = () if call.view else shape_of_loop(call)
        if not shape:
            return None
        return next((group for group in self.groups if group.shape == shape), None) or Group(shape)

    def _writes_part(self, call: Call) -> bool:
        """Let a loop write its result to the part of an array that it would be copied to, if that is all it is for."""
        if (
            call.function is not operator.setitem
            or type(call.args[1]) is not slice
            or not isinstance(call.args[2], Traced)
        ):
            return False
        target, _, source = call.args
        group = next((group for group in self.groups if group.suits(source)), None)
        if group is None or group.makes(target.memory) or group.reads(target.memory) or target.memory.kind != MADE:
            return False
        own = {id(inner) for inner in group.calls} | {id(call)}
        elsewhere = id(source.memory) in self.kept or not self.readers.get(id(source.memory), set()) <= own
        part = Traced(target.value[call.args[1]], source.records, target.memory)
        fits = part.shape == group.shape and part.dtype == source.dtype and part.value.flags.c_contiguous
        if elsewhere or not fits or group.current[id(source.memory)].kind != FULL or group.is_small():
            return False
        for other in list(self.groups):
            if other is not group and (other.makes(target.memory) or other.reads(target.memory)):
                self._close(other)
        self._reserve(target.memory)
        view = Call(operator.getitem, call.args[:2], {}, part, None, True, call.line, call.errors)
        self.calls.append(view)
        self._close(group, (group.current[id(source.memory)], part))
        return True

    def _close(self, group: Group, more: tuple[Value, Traced] | None = None) -> None:
        """End a group: its loop, or the calls themselves if they are too few.

        The loop writes to the arrays that something outside reads, and one of its values to one more.
        """
        self.groups.remove(group)
        if group.is_small():
            for call in group.calls:
                self._reserve(*(x.memory for x in call.reads()), *(x.memory for x in traced_in(call.result)))
                self.calls.append(call)
            return
        own = {id(call) for call in group.calls} | ({id(self.now)} if more is not None else set())
        arrays, first = self._outputs(group, own), group.calls[0]
        if more is not None:
            group.plan.outputs.append((more[0], len(arrays)))
            arrays.append(more[1])
        if not group.plan.outputs:
            return
        loop = loop_of(group.plan, len(arrays))
        self.texts.append(group.plan.text())
        written = arrays[group.plan.outputs[-1][1]].memory
        self.calls.append(Call(loop, tuple(arrays), {}, None, written, False, first.line, first.errors))
        self.calls += self._views_needed(group, own)

    def _outputs(self, group: Group, own: set[int]) -> list[Traced]:
        """Reserve memory for the results that something outside reads; return all arrays of the loop."""
        arrays, first = list(group.inputs), group.calls[0]
        made = {id(x.memory) for call in group.calls if call.writes is None for x in traced_in(call.result)}
        for key, value in group.current.items():
            if key not in self.kept and self.readers.get(key, set()) <= own:
                continue
            x = group.owners[key]
            place = next((i for i, y in enumerate(arrays) if y is x), len(arrays))
            group.plan.outputs.append((value, place))
            if place < len(arrays):
                continue  # it is written to where it was read
            arrays.append(x)
            if key in self.space:
                self._reserve(x.memory)
            elif key in made:
                space = Call(np.empty, (x.shape, x.dtype), {}, x, None, False, first.line, first.errors)
                self.calls.append(space)
        return arrays

    def _views_needed(self, group: Group, own: set[int]) -> list[Call]:
        """Return the calls of a group that make views which something outside reads, or another such view."""
        needed: set[int] = set()
        views: list[Call] = []
        for call in reversed(group.calls):
            made = set(map(id, traced_in(call.result))) if call.view else set()
            outside = any(not self.users.get(key, set()) <= own for key in made)
            if outside or not made.isdisjoint(needed) or not made.isdisjoint(self.outputs):
                needed.update(map(id, call.reads()))
                views.append(call)
        return views[::-1]


def loop_of(plan: Plan, count: int) -> Callable[..., None]:
    """Return the function that runs a plan on its arrays."""
    return function_of(plan.text(), [f"a{i}" for i in range(count)], lambda: kernel_of(plan))


def function_of(what: str, parameters: list[str], kernel: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Return a function of arrays that calls a kernel; numba keeps its machine code beside the text of what it does."""
    names = ", ".join(parameters)
    text = "".join(f"{comment(line)}\n" for line in what.splitlines())
    name = f"loop_{hashlib.sha256(f'{names}{text}'.encode()).hexdigest()[:12]}"
    text += f"def {name}({names}):\n    return kernel(({names},))\n"
    if name in _LOOPS:
        return _LOOPS[name]
    path = _written(name, text)
    scope: dict[str, Any] = {"kernel": kernel(), "__name__": __name__}  # numba imports it with the machine code
    exec(compile(text, path, "exec"), scope)
    loop: Callable[..., Any] = compiled(scope[name])
    return _LOOPS.setdefault(name, loop)


def _written(name: str, text: str) -> str:
    """Write the text of a loop to the folder of compiled loops, and return the path."""
    folder = cache_folder()
    if folder is None:
        return f"<{name}>"
    path = folder / f"{name}.py"
    if not path.exists():
        handle, part = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(part).replace(path)
    return str(path)
