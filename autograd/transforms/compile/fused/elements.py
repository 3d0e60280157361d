"""Elements: the steps of a body spelled out as arithmetic on single numbers, for bodies on small arrays.

Each number of a buffer is a value number, see `values`: what a step writes to a buffer shows in all views of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from ..loops.loop import Carried, Unsuitable
from ..loops.parts import all_positions
from ..types import Array
from .body import Body
from .equations import Equations
from .nest_steps import Buffer, Gather, Held, Nest, Product, Reduction, Scatter, Spelled, View
from .reductions import folded
from .values import INTEGER, Values, dtype_of

Keys: TypeAlias = tuple[int | slice | None, ...]

MOST = 3_000  # operations of a loop


class Elements:
    """The arithmetic of one loop.

    Attributes
    ----------
    values
        All that its body computes. The operands of a ``"load"`` are the number of an argument, the position of the
        element in it, how much further it is in each iteration, and whether that is counted from the last; of a
        ``"gather"`` an argument, a position, a step, the length of the argument, and the value that tells how many
        steps it is further; of a ``"state"`` its position in `states`.
    states, ends
        The carried numbers: the argument, and the position there, that has the first, and the value that is carried on.
    finals, stacked
        The value numbers of the results.
    checks
        Values that have to hold in each iteration.
    """

    def __init__(self, body: Body) -> None:
        if body.changed:
            raise Unsuitable("it writes to an argument")
        self.body, self.loop, self.values = body, body.loop, Values()
        self.states: list[tuple[int, int]] = []
        self.checks: list[int] = []
        self._first_states: dict[int, int] = {}
        self._memory: dict[int, Array] = {}  # the value numbers of each buffer; -1 of what was not needed until now
        carried = [(number, given) for number, given in enumerate(self.loop.inputs) if isinstance(given, Carried)]
        for number, given in carried:
            size = np.size(given.variable.value)
            if size > MOST:
                raise Unsuitable(f"it has an array of {size:,} numbers")
            self._first_states[number] = len(self.states)
            self.states += [(given.argument, p) for p in range(size)]
        for step in (*body.before, *body.steps):
            try:
                _SPELLED[type(step)](self, step)
            except Unsuitable as error:
                raise Unsuitable(f"{error} (line {step.line})") from None
        self.ends = [int(v) for _, given in carried for v in self._ids_of(given.after).flat]
        self.finals = [self._ids_of(x) for x in self.loop.finals]
        self.stacked = [self._ids_of(x) for x, _ in self.loop.stacked]
        self.order = self._needed()
        if len(self.order) > MOST:
            raise Unsuitable(f"it has {len(self.order):,} operations on single numbers, more than {MOST:,}")

    def _needed(self) -> list[int]:
        """Return the values that the results need, in order."""
        pending = [int(v) for ids in (*self.finals, *self.stacked) for v in ids.flat] + self.checks
        found: set[int] = set()
        while pending:
            v = pending.pop()
            if v in found:
                continue
            found.add(v)
            name, *operands = self.values.operations[v]
            pending += [self.ends[operands[0]]] if name == "state" else self.values.needs(v)
        return sorted(found)

    def text(self, batched: Sequence[bool] | None) -> str:
        """Return all that machine code depends on as text."""
        loop, (operations, dtypes) = self.loop, (self.values.operations, self.values.dtypes)
        lines: list[Any] = [*map(dtype_of, loop.arguments), batched and [*batched]]
        lines += [(v, *operations[v], dtypes[v].name) for v in self.order]
        lines += [*zip(self.states, self.ends, strict=True), self.checks]
        lines += [ids.tolist() for ids in self.finals]
        lines += [(ids.tolist(), backwards) for ids, (_, backwards) in zip(self.stacked, loop.stacked, strict=True)]
        return "\n".join(map(str, lines))

    # Memory

    def ids(self, view: View) -> Array:
        """Return the value numbers of an array now."""
        return self.at(view.buffer, _places(view))

    def put(self, view: View, ids: Array) -> None:
        """Let an array have these value numbers from now on."""
        self.put_at(view.buffer, _places(view), ids)

    def at(self, buffer: Buffer, positions: Array) -> Array:
        """Return the value numbers at some positions of a buffer."""
        if id(buffer) not in self._memory:
            known = self.values.number(0, buffer.array.dtype) if buffer.role == ("scratch",) else -1
            self._memory[id(buffer)] = np.full(buffer.array.size, known, np.int64)
        memory = self._memory[id(buffer)]
        found = memory[positions]
        if (found >= 0).all():
            return found
        missing = np.unique(positions[found < 0])
        if missing.size > MOST:
            raise Unsuitable(f"it has an array of {missing.size:,} numbers")
        memory[missing] = [self._given(buffer, p) for p in missing.tolist()]
        return memory[positions]

    def put_at(self, buffer: Buffer, positions: Array, ids: Array) -> None:
        """Let positions of a buffer have these value numbers from now on."""
        self.at(buffer, positions)
        self._memory[id(buffer)][positions] = self.values.cast(np.asarray(ids), buffer.array.dtype)

    def _given(self, buffer: Buffer, p: int) -> int:
        """Return the value of an element that the body is given."""
        (role, which), dtype = buffer.role, buffer.array.dtype
        if role == "constant":
            return self.values.number(which.flat[p], dtype)
        if role == "argument":
            return self.values.value("load", dtype, which, p, 0, False)
        if role == "carried":
            return self.values.value("state", dtype, self._first_states[which] + p)
        given: Any = self.loop.inputs[which]
        return self.values.value("load", dtype, given.argument, self.body.parts[which] + p, given.step, given.backwards)

    def _ids_of(self, x: Any) -> Array:
        return self.ids(self.body.view(x))

    # Steps

    def _nest(self, nest: Nest) -> None:
        values, of = self.values, nest.values
        here: dict[int, Array] = {}
        for v in nest.order():
            name, *operands = of.operations[v]
            if name == "load":
                here[v] = self.ids(nest.loads[operands[0]])
            elif name == "number":
                here[v] = np.asarray(values.number(operands[0], of.dtypes[v]))
            elif name == "cast":
                here[v] = values.cast(here[operands[0]], of.dtypes[v])
            elif name == "where":
                condition, a, b = (here[o] for o in operands)
                here[v] = values.where(condition, a, b, of.dtypes[v])
            else:
                here[v] = values.each(name, of.dtypes[operands[0]], *(here[o] for o in operands))
        for view, value in nest.stores:
            self.put(view, here[value])

    def _reduction(self, step: Reduction) -> None:
        source, axes = step.source.array, step.axes
        kept = tuple(0 if a in axes else slice(None) for a in range(source.ndim))
        made = folded(self.values, step.operation, step.start, self.ids(step.source), axes, source.strides)
        self.put(step.target[(*kept, ...)], made)

    def _product(self, step: Product) -> None:
        made = Equations(self.values, step.target.array.dtype).product(self.ids(step.a), self.ids(step.b))
        self.put(step.target, made)

    def _gather(self, step: Gather) -> None:
        self.put(step.target, self.at(step.source, step.places // step.source.array.itemsize))

    def _scatter(self, step: Scatter) -> None:
        buffer, dtype = step.target.buffer, step.target.array.dtype
        for p, v in zip((step.places // dtype.itemsize).flat, self.ids(step.values).flat, strict=True):
            at, ids = np.array([p]), np.array([v])
            if step.ufunc is not None:
                ids = self.values.ufunc(step.ufunc, [self.at(buffer, at), ids], [dtype, dtype])
            self.put_at(buffer, at, ids)

    def _held(self, step: Held) -> None:
        self.checks.append(int(self.ids(step.reads[0])))

    def _spelled(self, step: Spelled) -> None:
        made = step.compute(self, *map(self.ids, step.reads))
        several = made if isinstance(made, tuple) else (made,)
        for view, ids in zip(step.targets, several, strict=True):
            self.put(view, ids)

    # Indices that are computed

    def taken(self, whole: Array, index: Array, before: Keys, after: Keys, dtype: np.dtype[Any]) -> Array:
        """Return elements, or parts, of an array at computed positions along one axis."""
        n = whole.shape[len(before)]
        positions, parts = self._positions(index, n), [whole[(*before, i, *after)] for i in range(n)]
        if positions.ndim and (before or after or any(np.ndim(part) == 0 and whole.ndim > 1 for part in parts)):
            raise Unsuitable("it has an index of several arrays")
        made = [self._chosen(v, parts, dtype) for v in positions.flat]
        return np.stack(made).reshape(positions.shape + np.shape(parts[0])) if made else np.empty(0, np.int64)

    def written(
        self, whole: Array, index: Array, given: Array, before: Keys, after: Keys, dtype: np.dtype[Any]
    ) -> Array:
        """Return an array with what is written at a computed position along one axis."""
        n = whole.shape[len(before)]
        (position,) = self._positions(index, n).reshape(1)
        for i in range(n):
            part = whole[(*before, i, *after)]
            whole[(*before, i, *after)] = self.values.where(self._is(position, i), given, part, dtype)
        return whole

    def _positions(self, ids: Array, n: int) -> Array:
        """Return positions, counted from the first; that they are within bounds is a check."""
        values = self.values
        zero, length = values.numbers(0, INTEGER), values.numbers(n, INTEGER)
        further = values.each("add", INTEGER, ids, length)
        moved = values.where(values.each("<", INTEGER, ids, zero), further, ids, INTEGER)
        for name, bound in ((">=", zero), ("<", length)):
            self.checks += [int(v) for v in values.each(name, INTEGER, moved, bound).flat]
        return moved

    def _is(self, index: Any, i: int) -> Array:
        return self.values.each("==", INTEGER, np.asarray(index), self.values.numbers(i, INTEGER))

    def _chosen(self, index: Any, parts: list[Any], dtype: Any) -> Array:
        """Return the part with a computed number, from memory if they lie there one after the other."""
        first, *rest = (np.asarray(part) for part in parts)
        loads = [[self.values.operations[v] for v in part.flat] for part in (first, *rest)]
        if len(parts) > 4 and all(o[0] == "load" and not o[3] for part in loads for o in part):
            steps = {b[2] - a[2] for one, other in pairwise(loads) for a, b in zip(one, other, strict=True)}
            if len(steps) == 1 and len({o[1] for part in loads for o in part}) == 1:
                (step,) = steps
                length = np.size(self.loop.arguments[loads[0][0][1]].value)
                made = [self.values.value("gather", dtype, o[1], o[2], step, length, int(index)) for o in loads[0]]
                return np.array(made, np.int64).reshape(first.shape)
        found = first
        for i, part in enumerate(rest, 1):
            found = self.values.where(self._is(index, i), part, found, dtype)
        return found


def _places(view: View) -> Array:
    """Return where the elements of an array are in its buffer, counted in elements."""
    x = view.array
    return all_positions(view.offset if x.size else 0, x.shape, x.strides) // x.itemsize


_SPELLED: dict[type, Callable[[Elements, Any], None]] = {
    Nest: Elements._nest, Reduction: Elements._reduction, Product: Elements._product, Gather: Elements._gather,
    Scatter: Elements._scatter, Held: Elements._held, Spelled: Elements._spelled,
}  # fmt: skip
