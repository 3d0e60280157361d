"""Machine code of a loop whose body is arithmetic on single numbers: an intrinsic for numba, as for fused loops.

Carried numbers are phi nodes, so that they stay in registers; what is the same in each iteration is computed before the
first. A batch is a loop around the loop, in which several elements are computed side by side, in vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..loops.loop import Loop
from .arithmetic import BIT, INDEX, OWN, Arithmetic, memory_of
from .bits import apart, cgutils, intrinsic, together
from .elements import Elements, dtype_of
from .values import BOOL

from llvmlite import ir  # isort: skip - after numba was found
from numba.core import types  # isort: skip
from numba.np.numpy_support import from_dtype  # isort: skip

ABREAST = 8  # elements of a batch
FIRST_FIELD = object.__basicsize__  # of an array: where its elements are


def kernel_of(elements: Elements, batched: Sequence[bool] | None, in_table: bool = False) -> Callable[..., bool]:
    """Return an intrinsic that runs a loop, and tells whether all checks held.

    It is given a tuple of the arrays, or of a table of them, of the count, and of the size of a batch.
    """
    dtypes = dtypes_of(elements.loop)

    def kernel(context: Any, given: Any) -> Any:
        if not in_table:
            check_types(given, dtypes)

        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0], len(given))
            numbers = 1 if batched is None else 2
            arrays = arrays_in(context, builder, values[:-numbers], given)
            writer = LoopWriter(context, builder, elements, values[-numbers], batched)
            writer.take_table(arrays[0].data) if in_table else writer.take(arrays)
            writer.write() if batched is None else writer.write_batch(values[-1])
            return builder.load(writer.held)

        return types.boolean(given), generate

    return intrinsic(kernel)


def dtypes_of(loop: Loop) -> list[np.dtype[Any]]:
    """Return the dtypes of all arrays that a loop is given, those for its results after the arguments."""
    return [dtype_of(x) for x in (*loop.arguments, *loop.finals, *(x for x, _ in loop.stacked))]


def check_types(given: Sequence[types.Array], dtypes: Sequence[np.dtype[Any]]) -> None:
    """Raise unless a loop is given arrays of these dtypes, without gaps."""
    for kind, dtype in zip(given, dtypes, strict=False):
        if kind.layout != "C" or kind.dtype != from_dtype(dtype):
            raise TypeError(f"a loop that is compiled for a contiguous array of {dtype} is given {kind}")


def arrays_in(
    context: Any, builder: ir.IRBuilder, values: Sequence[ir.Value], given: Sequence[types.Array]
) -> list[Any]:
    """Return the arrays among what an intrinsic is given, which are the first."""
    return [context.make_array(kind)(context, builder, value) for value, kind in zip(values, given, strict=False)]


class LoopWriter:
    """Writes the instructions of one loop.

    Attributes
    ----------
    here
        The values that are there, in registers.
    width, lane
        How many elements of a batch are computed side by side, and which is the first.
    pointers, sizes
        Where arrays are, those of results after the arguments, and how many numbers each has for one element of a
        batch; None if it is the same for all.
    """

    def __init__(self, context: Any, builder: ir.IRBuilder, elements: Elements, count: Any, batched: Any) -> None:
        self.context, self.builder, self.elements = context, builder, elements
        self.count, self.batched = count, batched
        self.arithmetic = Arithmetic(context, builder)
        self.width, self.lane = 1, None
        self.here: dict[int, Any] = {}
        self.held = cgutils.alloca_once_value(builder, ir.Constant(BIT, 1))
        domain = builder.module.add_metadata(["loop"])
        self.read, self.written = (
            builder.module.add_metadata([builder.module.add_metadata([name, domain])]) for name in ("read", "written")
        )
        self.given, self.dtypes = len(elements.loop.arguments), dtypes_of(elements.loop)
        self.pointers: list[Any] = []
        self.sizes: list[Any] = []

    def take(self, arrays: list[Any]) -> None:
        """Take numba's arrays."""
        for place, array in enumerate(arrays):
            size: Any = None
            if self._is_batched(place):
                size = ir.Constant(INDEX, 1)
                for n in cgutils.unpack_tuple(self.builder, array.shape)[1:]:
                    size = self.builder.mul(size, n)
            self.pointers.append(array.data)
            self.sizes.append(size)

    def take_table(self, table: Any) -> None:
        """Take arrays by the addresses of their objects; after those, in a batch, come their sizes."""
        builder, count = self.builder, len(self.dtypes)

        def entry(at: int) -> Any:
            return builder.load(builder.gep(table, [ir.Constant(INDEX, at)]))

        for place, dtype in enumerate(self.dtypes):
            field = builder.add(entry(place), ir.Constant(INDEX, FIRST_FIELD))
            pointer = builder.load(builder.inttoptr(field, memory_of(dtype).as_pointer().as_pointer()))
            self.pointers.append(pointer)
            self.sizes.append(entry(count + place) if self._is_batched(place) else None)

    def _is_batched(self, place: int) -> bool:
        return self.batched is not None and (place >= self.given or self.batched[place])

    def write_batch(self, size: Any) -> None:
        """Run the loop for all elements of a batch: several at a time, then what is left."""
        builder = self.builder
        whole = builder.sub(size, builder.srem(size, ir.Constant(INDEX, ABREAST)))
        for self.width, first, last in ((ABREAST, ir.Constant(INDEX, 0), whole), (1, whole, size)):
            step = ir.Constant(INDEX, self.width)
            with cgutils.for_range_slice(builder, first, last, step) as (self.lane, _):
                self.here = {}
                self.write()

    def write(self) -> None:
        """Run the loop."""
        builder, elements = self.builder, self.elements
        loads = self._before()
        states = [k for k in range(len(elements.states)) if k in loads]
        firsts = {k: self._load(*elements.states[k]) for k in states}
        start = builder.basic_block
        held = self.arithmetic.constant(True, BOOL, self.width)
        loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        zero, one = ir.Constant(INDEX, 0), ir.Constant(INDEX, 1)
        builder.cbranch(builder.icmp_signed(">", self.count, zero), loop, after)
        builder.position_at_end(loop)
        self.index = builder.phi(INDEX)
        holds = builder.phi(held.type)
        phis = {k: builder.phi(firsts[k].type) for k in states}
        for v in elements.order:
            name, *operands = elements.values.operations[v]
            if name == "state" and v not in self.here:
                self.here[v] = phis[operands[0]]
        self._compute_all()
        for number, (ids, (_, backwards)) in enumerate(zip(elements.stacked, elements.loop.stacked, strict=True)):
            place = self.given + len(elements.finals) + number
            first = builder.mul(self._row(backwards), ir.Constant(INDEX, ids.size))
            for p, v in enumerate(ids.flat):
                self._store(place, builder.add(first, ir.Constant(INDEX, p)), self.here[int(v)])
        all_held: Any = holds
        for v in dict.fromkeys(elements.checks):
            all_held = builder.and_(all_held, self.here[v])
        following, end = builder.add(self.index, one), builder.basic_block
        self.index.add_incoming(zero, start)
        self.index.add_incoming(following, end)
        holds.add_incoming(held, start)
        holds.add_incoming(all_held, end)
        for k in states:
            phis[k].add_incoming(firsts[k], start)
            phis[k].add_incoming(self.here[elements.ends[k]], end)
        builder.cbranch(builder.icmp_signed("<", following, self.count), loop, after)
        builder.position_at_end(after)
        self._finish(start, end, held, all_held, firsts)

    def _before(self) -> set[int]:
        """Compute what is the same in each iteration; return the states that are not."""
        elements, states = self.elements, set()
        for v in elements.order:
            name, *operands = elements.values.operations[v]
            if name == "state":
                if elements.ends[operands[0]] != v:
                    states.add(operands[0])
                    continue
                self.here[v] = self._load(*elements.states[operands[0]])
            elif not (name == "load" and operands[2]) and all(o in self.here for o in elements.values.needs(v)):
                self.here[v] = self._compute(v)
        return states

    def _finish(self, start: Any, end: Any, held: Any, all_held: Any, firsts: dict[int, Any]) -> None:
        """Store the final values: without an iteration those with which the loop begins."""
        builder, elements = self.builder, self.elements
        phi = builder.phi(held.type)
        phi.add_incoming(held, start)
        phi.add_incoming(all_held, end)
        finals = []
        begins = {elements.ends[k]: firsts[k] for k in firsts}
        for number, ids in enumerate(elements.finals):
            for p, v in enumerate(map(int, ids.flat)):
                value = self.here[v]
                name, *operands = elements.values.operations[v]
                first = firsts.get(operands[0]) if name == "state" else begins.get(v)
                final = builder.phi(value.type)
                final.add_incoming(ir.Constant(value.type, None) if first is None else first, start)
                final.add_incoming(value, end)
                finals.append((self.given + number, p, final))
        for place, p, final in finals:
            self._store(place, ir.Constant(INDEX, p), final)
        for bit in apart(self.builder, phi):
            builder.store(builder.and_(builder.load(self.held), bit), self.held)

    # Memory

    def _row(self, backwards: bool) -> Any:
        builder = self.builder
        last = builder.sub(self.count, ir.Constant(INDEX, 1))
        return builder.sub(last, self.index) if backwards else self.index

    def _load(self, place: int, position: int, step: int = 0, backwards: bool = False) -> Any:
        """Return an element of an argument; with a step that of this iteration."""
        builder, at = self.builder, ir.Constant(INDEX, position)
        if step:
            at = builder.add(at, builder.mul(self._row(backwards), ir.Constant(INDEX, step)))
        return self._from(place, [at] * (1 if self.sizes[place] is None else self.width))

    def _gather(self, place: int, position: int, step: int, length: int, index: int) -> Any:
        """Return the element at a computed index: the first one where it is out of bounds, of which a check tells."""
        builder, zero = self.builder, ir.Constant(INDEX, 0)
        steps = []
        for i in apart(self.builder, self.here[index]):
            at = builder.add(ir.Constant(INDEX, position), builder.mul(i, ir.Constant(INDEX, step)))
            inside = builder.icmp_unsigned("<", at, ir.Constant(INDEX, length))
            steps.append(builder.select(inside, at, zero))
        return self._from(place, steps)

    def _from(self, place: int, positions: list[Any]) -> Any:
        """Return elements of an argument, one for each lane or the same for all."""
        builder, found = self.builder, []
        for w, at in enumerate(positions):
            loaded = builder.load(builder.gep(self.pointers[place], [self._of_lane(place, at, w)]))
            loaded.set_metadata("alias.scope", self.read)
            loaded.set_metadata("noalias", self.written)
            found.append(self.arithmetic.read(loaded))
        return together(self.builder, found * (self.width // len(found)))

    def _store(self, place: int, at: Any, value: ir.Value) -> None:
        builder = self.builder
        for w, part in enumerate(apart(self.builder, value)):
            pointer = builder.gep(self.pointers[place], [self._of_lane(place, at, w)])
            stored = builder.store(self.arithmetic.stored(part), pointer)
            stored.set_metadata("alias.scope", self.written)
            stored.set_metadata("noalias", self.read)

    def _of_lane(self, place: int, at: Any, w: int) -> Any:
        builder, size = self.builder, self.sizes[place]
        if size is None:
            return at
        return builder.add(at, builder.mul(builder.add(self.lane, ir.Constant(INDEX, w)), size))

    # Operations

    def _compute_all(self) -> None:
        """Compute what is not there yet: of functions such as exp several at once, where none waits for another."""
        values = self.elements.values
        depths: dict[int, int] = {}  # how many such functions come before, one after the other
        groups: dict[Any, list[int]] = {}
        for v in self.elements.order:
            name, dtype = values.operations[v][0], values.dtypes[v]
            if v in self.here or name in ("load", "number"):
                depths[v] = 0
                continue
            depths[v] = max(depths[o] for o in values.needs(v)) + (name in OWN)
            if name in OWN and self.width == 1:
                groups.setdefault((name, dtype, depths[v]), []).append(v)
        waiting = [v for v in self.elements.order if v not in self.here]
        for v in sorted(waiting, key=lambda v: (depths[v], values.operations[v][0] not in OWN)):
            name, dtype = values.operations[v][0], values.dtypes[v]
            if v in self.here:
                continue
            if (name, dtype, depths[v]) not in groups:
                self.here[v] = self._compute(v)
                continue
            group = groups[name, dtype, depths[v]]
            for some in (group[i : i + ABREAST] for i in range(0, len(group), ABREAST)):
                given = [self.here[values.operations[v][1]] for v in some]
                self.here.update(zip(some, self.arithmetic.compute_together(name, dtype, given), strict=True))

    def _compute(self, v: int) -> Any:
        values = self.elements.values
        (name, *operands), dtype = values.operations[v], values.dtypes[v]
        if name == "number":
            return self.arithmetic.constant(operands[0], dtype, self.width)
        if name == "load":
            return self._load(*operands)
        if name == "gather":
            return self._gather(*operands)
        given = [self.here[o] for o in operands]
        return self.arithmetic.cast(given[0], dtype) if name == "cast" else self.arithmetic.compute(name, dtype, given)
