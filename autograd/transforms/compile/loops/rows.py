"""Rows: the pass that takes what was written to a part of an array for what is read of that part later.

``u[t + 1] = f(u[t])`` reads in each step what the step before wrote. With the number itself in place of the part, the
step reads a value of the one before, as other recurrences do, and what it writes is left for after the loop. Where a
derivative is recorded, each write is to a copy of the array, and each gradient of a part is an array of zeros that is
added: copies are followed, and such sums are written as sums of the part.
"""

from __future__ import annotations

import copy
import operator
from typing import Any, NamedTuple

import numpy as np

from ....arrays.traced import Traced
from ..numpy_calls import is_basic
from ..passes import COPIES, drop_dead, skip_copies
from ..program import HELD, MADE, Call, Check, Program, replaced, traced_in
from .parts import array_like, call_like, number_like, size_of

_ARITHMETIC = (np.add, np.subtract, np.multiply, np.divide)
_ZEROS = (np.zeros, np.zeros_like)
_LONGEST = 64  # writes to one row that are looked at
_UNWRITTEN, _UNKNOWN = object(), object()  # of a part: nothing was written to it, or it is not known what
_FEW = 4  # parts of an array of zeros that is added
_SMALL = 4  # how many times as large it has to be as the parts, if these are slices alone, as in differences of these

Key = tuple[int | tuple[int, int, int], ...]  # for each axis where the part is, or from where to where and the step


class _Table:
    """What was written to an array and its copies.

    Attributes
    ----------
    root
        The variable that has what was not written to; 0 for zeros, or None if that is not known.
    axis
        An axis along which each write has one place.
    rows
        For each place on this axis the writes: the version that they make, the part, and the value if it is known.
    """

    def __init__(self, root: Any) -> None:
        self.root, self.axis, self.version = root, -1, 0
        self.rows: dict[int, list[tuple[int, Key, Any]]] = {}
        self.lost = False


class _State(NamedTuple):
    """What is in an array: what its table says up to a version; of zeros that few parts were written to, the parts."""

    table: _Table
    version: int
    parts: list[tuple[Key, Any]] | None = None


class _Shown(NamedTuple):
    """A view of a part of an array, with the variable that shows the same as long as the part holds a value."""

    variable: Any
    memory: Any
    key: Key
    value: Any


def forward(program: Program, fewest: int) -> bool:
    """Replace what is read of parts of arrays by what was written there, if that happens at least `fewest` times.

    The calls are made anew, so that those of before can take their places again. Return whether it did so.
    """
    forwarding = _Forwarding(program)
    for call in program.calls:
        forwarding.take(call)
    if forwarding.found < fewest:
        return False
    program.outputs = forwarding.outputs(program)
    program.calls = forwarding.calls
    drop_dead(program)
    skip_copies(program)
    _drop_overwritten(program)
    drop_dead(program)
    return True


def _drop_overwritten(program: Program) -> None:
    """Drop what is stored to a part that is stored to again, before anything reads the array."""
    covered: dict[int, set[Key]] = {}
    kept: list[Call] = []
    for call in reversed(program.calls):
        whole = None if call.writes is None else call.writes.whole
        stores = call.function is operator.setitem and call.args[0] is whole
        key = _key(whole, call.args[1]) if stores else None
        if key is not None:
            parts = covered.setdefault(id(call.writes), set())
            if key in parts:
                continue
            parts.add(key)
        for x in call.reads():
            if key is None or x is not whole:
                covered.pop(id(x.memory), None)
        kept.append(call)
    program.calls = kept[::-1]


class _Forwarding:
    """Goes through the calls of a program in order, and makes those that take their place."""

    def __init__(self, program: Program) -> None:
        self.calls: list[Call] = []
        self.found = 0
        self.same: dict[int, Any] = {}  # numbers, by the identity of the variable that is read
        self.shown: dict[int, _Shown] = {}
        self.rows: dict[Any, Any] = {}  # that were put together of parts
        self.views: dict[int, Key] = {}  # the parts that views are, also where nothing else shows the same
        self.states: dict[int, _State] = {}  # by the identity of the memory
        self.written = {id(call.writes) for call in program.calls if call.writes is not None}

    def take(self, given: Call) -> None:
        """Make what takes the place of a call."""
        if type(given) not in (Call, Check):
            self.calls.append(copy.copy(given))
            for x in traced_in((given.args, given.result)):
                self.states.pop(id(x.memory), None)
            return
        call = copy.copy(given)
        if call.writes is not None:
            self._write(call)
            return
        if call.view or call.function is operator.getitem:
            self._read(call)
            return
        call.args, call.kwargs = self._current(call.args), self._current(call.kwargs)
        result = call.result
        if isinstance(result, Traced) and result.memory.whole is result and result.memory.kind == MADE:
            state = self._made(call, result)
            if state is not None:
                self.states[id(result.memory)] = state
                return
        self.calls.append(call)

    def outputs(self, program: Program) -> list[Any]:
        """Return what is returned: instead of the only view of an array a copy of the value that was written there."""
        given, known = program.handed_out(), dict[int, Any](self.same)
        for x in traced_in(program.outputs):
            value = self._shows(x)
            if value is not None and given.count(id(x.memory)) == 1:
                known[id(x)] = array_like(x.shape, x.dtype, x)
                self.calls.append(call_like(np.array, (value,), known[id(x)], self.calls[-1]))
        found: list[Any] = replaced(known, program.outputs)
        return found

    # Reading

    def _current(self, tree: Any) -> Any:
        """Return arguments with what shows the same in place of views."""
        known: dict[int, Any] = {}
        for x in traced_in(tree):
            if id(x) in self.same:
                known[id(x)] = self.same[id(x)]
            elif (variable := self._shows(x)) is not None:
                known[id(x)] = variable
                self.found += 1
        return replaced(known, tree) if known else tree

    def _shows(self, x: Any) -> Any:
        """Return a variable that shows what a view shows now, if there is one."""
        shown = self.shown.get(id(x))
        if shown is not None and self._value(shown.memory, shown.key) is shown.value:
            return shown.variable
        if id(x) in self.views:  # it may have been written to since it was made
            value = self._value(x.memory, self.views[id(x)])
            return value if value is not None and _alike(x, value) else None
        return None

    def _read(self, call: Call) -> None:
        """Take a view or a number of an array."""
        base, x = call.args[0] if call.args else None, call.result
        if not isinstance(base, Traced) or not isinstance(x, Traced) or traced_in((call.args[1:], call.kwargs)):
            call.args, call.kwargs = (call.args, call.kwargs) if call.view else self._current([call.args, call.kwargs])
            self.calls.append(call)
            return
        key = _key(base, call.args[1]) if call.function is operator.getitem else None
        is_number = not isinstance(x.value, np.ndarray)
        if key is not None and base.memory.whole is base:
            self.views[id(x)] = key
            value, made = self._value(base.memory, key), None
            if value is not None and _alike(x, value):
                made = value
                self.found += is_number
            elif (root := self._root(base.memory, key)) is not None and root is not base:
                made, value = self._part(root, call) if isinstance(root, Traced) else self._zeros(x, call), None
            elif (row := self._row(base.memory, key, call)) is not None:
                made = self._part(row, call, _without(key, self.states[id(base.memory)].table.axis))
                value = None
                self.found += 1
            if made is not None and is_number:
                self.same[id(x)] = made
                return
            if made is not None:
                self.shown[id(x)] = _Shown(made, base.memory, key, value)
        elif (of := self._shows(base)) is not None:  # a view of a view
            made = self._part(of, call)
            if is_number or not call.view:
                self.same[id(x)] = made
                self.found += 1
                return
            shown = self.shown.get(id(base))
            memory, key = (shown.memory, shown.key) if shown else (base.memory, self.views[id(base)])
            self.shown[id(x)] = _Shown(made, memory, key, self._value(memory, key))
        self.calls.append(call)

    def _part(self, of: Any, call: Call, key: Key | None = None) -> Any:
        """Return what a call that takes a view or a number takes of another array, or another part of that."""
        args = call.args[1:] if key is None else (_index(key),)
        value = call.function(of.value, *args, **call.kwargs)
        made = _like(value, of, call.view)
        again = copy.copy(call)
        again.args, again.result = (of, *args), made
        self.calls.append(again)
        return made

    def _row(self, memory: Any, key: Key, like: Call) -> Any:
        """Return a row of an array of which several parts were written to, made of these; None if one is not known."""
        state, whole = self.states.get(id(memory)), memory.whole
        if state is None or state.table.lost or state.table.root is None or _looked_up(state, key) is not _UNKNOWN:
            return None
        table, axis = state.table, state.table.axis
        place = key[axis]
        writes = [w for w in table.rows.get(place, []) if w[0] <= state.version] if type(place) is int else []
        if not writes or len(writes) > _LONGEST or any(value is None for _, _, value in writes):
            return None
        known = id(table), place, writes[-1][0]
        if known in self.rows:
            return self.rows[known]
        shape = tuple(n for i, n in enumerate(whole.shape) if i != axis)
        row = array_like(shape, whole.dtype, whole)
        if isinstance(table.root, Traced):
            index = (slice(None),) * axis + (place,)
            part = _like(table.root.value[index], table.root, True)
            self.calls.append(call_like(operator.getitem, (table.root, index), part, like, view=True))
            self.calls.append(call_like(np.array, (part,), row, like))
        else:
            self.calls.append(call_like(np.zeros, (shape, whole.dtype), row, like))
        for _, part, value in writes:
            index = _index(_without(part, axis))
            self.calls.append(
                Call(operator.setitem, (row, index, value), {}, None, row.memory, False, like.line, like.errors)
            )
        self.rows[known] = row
        return row

    def _zeros(self, x: Any, like: Call) -> Any:
        """Return zeros in place of a view, or of a number."""
        zeros = array_like(np.shape(x.value), x.dtype, x)
        self.calls.append(call_like(np.zeros, (zeros.shape, x.dtype), zeros, like))
        if isinstance(x.value, np.ndarray):
            return zeros
        number = number_like(x.dtype, x)
        self.calls.append(call_like(operator.getitem, (zeros, ()), number, like))
        return number

    def _value(self, memory: Any, key: Key) -> Any:
        """Return the variable that was written to a part of memory, if it is known."""
        state = self.states.get(id(memory))
        found = _UNWRITTEN if state is None else _looked_up(state, key)
        return None if found is _UNWRITTEN or found is _UNKNOWN else found

    def _root(self, memory: Any, key: Key) -> Any:
        """Return the array that has a part of memory that was not written to, or 0; None if that is not known."""
        state = self.states.get(id(memory))
        if state is None or _looked_up(state, key) is not _UNWRITTEN:
            return None
        return state.table.root

    # Writing

    def _write(self, call: Call) -> None:
        memory, key, value = call.writes, None, None
        whole: Any = memory.whole  # type: ignore[union-attr]  # only calls that write
        if isinstance(whole, Traced) and whole.value.flags.c_contiguous:
            call = self._as_store(call, whole)
            if call.function is operator.setitem:
                key = self._place(call, whole)
                value = None if key is None else self._stored(call, whole, key)
        self.calls.append(call)
        if isinstance(whole, Traced) and whole.memory.kind == MADE:
            self.states[id(memory)] = _written(self.states.get(id(memory), _State(_Table(None), 0)), key, value)

    def _place(self, call: Call, whole: Any) -> Key | None:
        """Return the part that a call stores to, if that is known."""
        target, index = call.args[:2]
        if target is whole:
            return _key(whole, index)
        return self.views.get(id(target)) if index is Ellipsis else None

    def _as_store(self, call: Call, whole: Any) -> Call:
        """Make a ufunc that writes to a part, as ``u[t] += x`` does, one that computes and one that stores."""
        target: Any = call.kwargs.get("out")
        if call.function not in _ARITHMETIC or len(call.kwargs) != 1 or id(target) not in self.views:
            return call
        others = [x for x in call.args if isinstance(x, Traced)]
        if len(call.args) != 2 or not any(x is target for x in others) or any(x.dtype != target.dtype for x in others):
            return call
        value = array_like(target.shape, target.dtype, target)
        self.calls.append(call_like(call.function, self._current(call.args), value, call))
        index = _index(self.views[id(target)])
        return Call(operator.setitem, (whole, index, value), {}, None, call.writes, False, call.line, call.errors)

    def _stored(self, call: Call, target: Any, key: Key) -> Any:
        """Return the variable that has what is written to a part, from then on."""
        value = call.args[2]
        shape = tuple(len(range(*k)) for k in key if type(k) is tuple)
        if shape and type(value) in (int, float) and not value:
            zeros = array_like(shape, target.dtype, target)
            return self._zeros(zeros, call)
        if not isinstance(value, Traced):
            return None
        (value,) = self._current([value])
        call.args = (*call.args[:2], value)
        if np.shape(value.value) != shape or value.dtype != target.dtype:
            return None
        if not shape and isinstance(value.value, np.ndarray):
            number = number_like(value.dtype, value)
            self.calls.append(call_like(operator.getitem, (value, ()), number, call))
            call.args = (*call.args[:2], number)
            return number
        if id(value.memory) in self.written or value.memory.kind == HELD:
            made = array_like(shape, value.dtype, value)
            self.calls.append(call_like(np.array, (value,), made, call))
            call.args, value = (*call.args[:2], made), made
        return value

    # Arrays that are made

    def _made(self, call: Call, result: Any) -> _State | None:
        """Return what is in a new array, and make the calls for it, if what is known of another says so."""
        if not isinstance(result.value, np.ndarray) or not result.value.flags.c_contiguous:
            return None
        if call.function in _ZEROS:
            self.calls.append(call)
            return _State(_Table(0), 0, [])
        x = call.args[0] if call.args else None
        if call.function in COPIES and isinstance(x, Traced) and _same_layout(x, result):
            self.calls.append(call)
            return self._content(x)
        if call.function is np.add and len(call.args) == 2 and not call.kwargs:
            for x, zeros in (call.args, call.args[::-1]):
                if isinstance(x, Traced) and isinstance(zeros, Traced) and _same_layout(x, result):
                    state = self._added(call, x, zeros)
                    if state is not None:
                        self.found += 1
                        return state
        return None

    def _content(self, x: Any) -> _State:
        if id(x.memory) in self.states:
            return self.states[id(x.memory)]
        known = id(x.memory) not in self.written and x.memory.kind != HELD
        return _State(_Table(x if known else None), 0)

    def _added(self, call: Call, x: Any, zeros: Any) -> _State | None:
        """Make the sum of an array and zeros with a few parts that are none, part by part."""
        added = self.states.get(id(zeros.memory))
        if added is None or not added.parts or not _same_layout(zeros, x):
            return None
        parts = added.parts
        if added.table.lost and _SMALL * sum(size_of(part) for _, part in parts) > x.size:
            return None
        if any(_overlap(a, b) for i, (a, _) in enumerate(parts) for b, _ in parts[:i]):
            return None
        whole, state = call.result, self._content(x)

        def note(function: Any, args: Any, result: Any, writes: Any = None, view: bool = False) -> Any:
            self.calls.append(Call(function, args, {}, result, writes, view, call.line, call.errors))
            return result

        def taken(of: Any, index: Any) -> Any:
            is_view = isinstance(part.value, np.ndarray)
            return note(operator.getitem, (of, index), _like(part.value, of, is_view), view=is_view)

        note(np.ndarray.copy, (x, "K"), whole)
        for key, part in parts:
            index = _index(key)
            before = _looked_up(state, key)
            self.states[id(whole.memory)] = state
            if before is _UNKNOWN and (row := self._row(whole.memory, key, call)) is not None:
                before = taken(row, _index(_without(key, state.table.axis)))
            elif before is _UNKNOWN or before is _UNWRITTEN:
                root = whole if before is _UNKNOWN or state.table.root is None else state.table.root
                before = taken(root, index) if isinstance(root, Traced) else 0.0  # which makes 0.0 of -0.0
            total = note(np.add, (before, part), _like(part.value, part, False))
            note(operator.setitem, (whole, index, total), None, whole.memory)
            state = _written(state, key, total)
        return state


def _looked_up(state: _State, key: Key) -> Any:
    """Return what was written to a part."""
    table, axis = state.table, state.table.axis
    if table.lost:
        return _UNKNOWN
    if axis < 0:
        return _UNWRITTEN
    place = key[axis]
    if type(place) is not int:
        return _UNKNOWN
    tried = 0
    for version, other, value in reversed(table.rows.get(place, [])):
        if version > state.version:
            continue
        tried += 1
        if other == key:
            return _UNKNOWN if value is None else value
        if tried > _LONGEST or _overlap(key, other):
            return _UNKNOWN
    return _UNWRITTEN


def _written(state: _State, key: Key | None, value: Any) -> _State:
    """Return what is in an array after a write to a part; the value is None if it is not known, as the part may be."""
    table, parts = state.table, None
    if state.parts is not None and key is not None and value is not None and len(state.parts) < _FEW:
        parts = [*state.parts, (key, value)]
    if state.version != table.version:  # a copy has been written to since
        key = None
    if key is not None and table.axis < 0:
        table.axis = next((axis for axis, k in enumerate(key) if type(k) is int), -1)
    place = None if key is None or table.axis < 0 else key[table.axis]
    if type(place) is not int or key is None:
        fresh = _Table(None)
        fresh.lost = True
        return _State(fresh, 0, parts)
    table.version += 1
    table.rows.setdefault(place, []).append((table.version, key, value))
    return _State(table, table.version, parts)


def _key(base: Any, index: Any) -> Key | None:
    """Return the part of an array that a basic index is; None for other indices."""
    if not is_basic(index) or traced_in(index) or not isinstance(base.value, np.ndarray):
        return None
    parts = list(index) if type(index) is tuple else [index]
    if None in parts or any(type(part) not in (int, slice, type(Ellipsis)) for part in parts):
        return None
    if Ellipsis in parts:
        place = parts.index(Ellipsis)
        parts[place : place + 1] = [slice(None)] * (base.ndim - len(parts) + 1)
    parts += [slice(None)] * (base.ndim - len(parts))
    if len(parts) != base.ndim:
        return None
    return tuple(
        part.indices(n) if type(part) is slice else part % n for part, n in zip(parts, base.shape, strict=True)
    )


def _without(key: Key, axis: int) -> Key:
    return (*key[:axis], *key[axis + 1 :])


def _index(key: Key) -> Any:
    """Return a part as the index that takes it."""
    return tuple([slice(k[0], k[1] if k[1] >= 0 else None, k[2]) if type(k) is tuple else k for k in key])


def _overlap(a: Key, b: Key) -> bool:
    """Tell whether two parts of an array have elements in common."""
    return all(_meet(x, y) for x, y in zip(a, b, strict=True))


def _meet(a: Any, b: Any) -> bool:
    first, second = (range(*k) if type(k) is tuple else range(k, k + 1) for k in (a, b))
    if not first or not second:
        return False
    if len(second) == 1:
        return second[0] in first
    if len(first) == 1:
        return first[0] in second
    return min(first[0], first[-1]) <= max(second[0], second[-1]) and min(second[0], second[-1]) <= max(
        first[0], first[-1]
    )


def _same_layout(x: Any, y: Any) -> bool:
    return (
        isinstance(x.value, np.ndarray)
        and x.memory.whole is x
        and x.shape == y.shape
        and x.dtype == y.dtype
        and x.strides == y.strides
    )


def _alike(x: Any, value: Any) -> bool:
    """Tell whether a variable can take the place of a part of an array."""
    if not isinstance(x.value, np.ndarray) or not isinstance(value.value, np.ndarray):
        return type(x.value) is type(value.value)
    descending = list(x.strides) == sorted(x.strides, reverse=True)
    return value.shape == x.shape and value.dtype == x.dtype and value.value.flags.c_contiguous and descending


def _like(value: Any, of: Any, view: bool) -> Any:
    """Return a new variable with a value: a number, a view of another variable, or an array that lies in order."""
    if not isinstance(value, np.ndarray):
        return number_like(value.dtype, of)
    return Traced(value, of.records, of.memory) if view else array_like(value.shape, value.dtype, of)
