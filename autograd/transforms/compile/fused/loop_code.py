"""Machine code of a loop whose body is arithmetic on single numbers.

Carried numbers are phi nodes, so that they stay in registers; what is the same in each iteration is computed before the
first. A batch is a loop around the loop, in which several elements are computed side by side, in vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..loops.loop import Loop, Part, Unsuitable
from .arithmetic import OWN, Arithmetic, memory_of
from .bits import BIT, INDEX, apart, parts_of, several, together, variable
from .elements import Elements
from .loops import machine_loop
from .values import BOOL, dtype_of

from llvmlite import ir  # isort: skip - after LLVM was found

ABREAST = 8  # elements of a batch, at most
SINES = "sin", "cos"  # of which one takes most of what is needed for the other


def dtypes_of(loop: Loop) -> list[np.dtype[Any]]:
    """Return the dtypes of all arrays that a loop is given, those for its results after the arguments."""
    return [dtype_of(x) for x in (*loop.arguments, *loop.finals, *(x for x, _ in loop.stacked))]


def units_of(loop: Loop, batched: Sequence[bool]) -> list[int]:
    """Return how many numbers each array has, or has in a row, for one element of a batch; 0 if all share them."""
    steps = {x.argument: x.step for x in loop.inputs if isinstance(x, Part)}
    units = [steps.get(i, np.size(x.value)) if batched[i] else 0 for i, x in enumerate(loop.arguments)]
    return units + [np.size(x.value) for x in (*loop.finals, *(x for x, _ in loop.stacked))]


class Batch(NamedTuple):
    """How a loop runs for each element of a batch: which arguments have an axis more, and see `LoopWriter`."""

    batched: tuple[bool, ...]
    width: int
    tables: tuple[int, ...]


class LoopWriter:
    """Writes the instructions of one loop.

    Attributes
    ----------
    here
        The values that are there, in registers.
    own
        Those that each element of a batch has for itself: several side by side. Of others there is one for all.
    size, width, lane
        How many elements a batch has, how many of them are computed side by side, and which is the first.
    pointers, units
        Where arrays are, those of results after the arguments, and how many numbers each has, or has in a row, for one
        element of a batch; 0 if it is the same for all.
    tables, tile
        The arrays that have all rows of `width` elements first, and in each row the same number of all of them side by
        side; and the first of these elements.
    """

    def __init__(
        self, builder: ir.IRBuilder, elements: Elements, pointers: list[Any], count: Any, batch: Batch | None
    ) -> None:
        self.builder, self.elements = builder, elements
        self.count, self.lane, self.size, self.tile = count, None, None, None
        self.arithmetic = Arithmetic(builder, inlines=batch is None)
        batched, self.width, self.tables = batch or Batch((), 1, ())
        self.here: dict[int, Any] = {}
        self.held = variable(builder, ir.Constant(BIT, 1))
        domain = builder.module.add_metadata(["loop"])
        self.read, self.written = (
            builder.module.add_metadata([builder.module.add_metadata([name, domain])]) for name in ("read", "written")
        )
        self.given, self.dtypes = len(elements.loop.arguments), dtypes_of(elements.loop)
        self.pointers = pointers
        self.units = units_of(elements.loop, batched) if batch else [0] * len(pointers)
        self.own = self._varying()

    def write_batch(self, size: ir.Value) -> None:
        """Run the loop for all elements of a batch, `width` at a time: some again, where the last are fewer."""
        builder, self.size = self.builder, size
        last = builder.sub(size, ir.Constant(INDEX, self.width))
        with machine_loop(builder, size, step=self.width) as lane:
            self.tile = lane
            self.lane = builder.select(builder.icmp_signed("<", lane, last), lane, last)
            self.write()

    def write(self) -> None:
        """Run the loop: what it carries on is in memory, of which LLVM makes registers."""
        builder, elements, here = self.builder, self.elements, self.here
        states = self._before()
        carried = {k: variable(builder, self._load(self._width(v), *elements.states[k])) for k, v in states.items()}
        held = variable(builder, self.arithmetic.constant(True, BOOL, self.width))
        places = {elements.ends[k]: place for k, place in carried.items()}  # of final values
        own = dict[int, Any]()
        for v in dict.fromkeys(int(v) for ids in elements.finals for v in ids.flat if int(v) not in here):
            name, k = elements.values.operations[v][:2]
            if name == "state":  # without an iteration it is the value with which the loop begins
                own[v] = variable(builder, builder.load(carried[k]))
            elif v not in places:
                own[v] = variable(builder, self.arithmetic.constant(0, elements.values.dtypes[v], self._width(v)))
        with machine_loop(builder, self.count) as self.index:
            here.update((v, builder.load(carried[k])) for k, v in states.items())
            self._compute_all()
            for number, (ids, (_, backwards)) in enumerate(zip(elements.stacked, elements.loop.stacked, strict=True)):
                place = self.given + len(elements.finals) + number
                first = self._first(place, ids.size, backwards)
                for p, v in enumerate(map(int, ids.flat)):
                    self._store(place, builder.add(first, ir.Constant(INDEX, p)), here[v])
            for v in dict.fromkeys(elements.checks):
                builder.store(builder.and_(builder.load(held), self._wide(here[v])), held)
            for v, where in (*own.items(), *((elements.ends[k], where) for k, where in carried.items())):
                builder.store(here[v], where)
        places |= own
        for place, ids in enumerate(elements.finals, self.given):
            for p, v in enumerate(map(int, ids.flat)):
                self._store(place, ir.Constant(INDEX, p), builder.load(places[v]) if v in places else here[v])
        for bit in apart(builder, builder.load(held)):
            builder.store(builder.and_(builder.load(self.held), bit), self.held)

    def _varying(self) -> set[int]:
        """Return the values that each element of a batch has for itself."""
        values, states, ends = self.elements.values, self.elements.states, self.elements.ends
        found, before = set[int](), -1
        while len(found) > before:
            before = len(found)
            for v in self.elements.order:
                name, *operands = values.operations[v]
                end = ends[operands[0]] if name == "state" else v
                place = states[operands[0]][0] if name == "state" else operands[0]
                given = name in ("state", "load", "gather") and self.units[place]
                if given or not found.isdisjoint((end, *values.needs(v))):
                    found.update((v, end))
        return found

    def _width(self, v: int) -> int:
        return self.width if v in self.own else 1

    def _wide(self, x: ir.Value) -> ir.Value:
        """Return a value for each element that is computed; it may be one for all."""
        return x if parts_of(x.type)[1] == self.width else together(self.builder, [x] * self.width)

    def _before(self) -> dict[int, int]:
        """Compute what is the same in each iteration; return the values of the states that are not."""
        elements, states = self.elements, dict[int, int]()
        for v in elements.order:
            name, *operands = elements.values.operations[v]
            if name == "state":
                if elements.ends[operands[0]] != v:
                    states[operands[0]] = v
                    continue
                self.here[v] = self._load(self._width(v), *elements.states[operands[0]])
            elif not (name == "load" and operands[2]) and all(o in self.here for o in elements.values.needs(v)):
                self.here[v] = self._compute(v)
        return states

    # Memory

    def _first(self, place: int, step: int, backwards: bool) -> Any:
        """Return where the row of this iteration begins, which has those of all elements of a batch."""
        last = self.builder.sub(self.count, ir.Constant(INDEX, 1))
        row = self.builder.sub(last, self.index) if backwards else self.index
        row = self.builder.mul(row, self.size) if self.units[place] and place not in self.tables else row
        return self.builder.mul(row, ir.Constant(INDEX, step))

    def _load(self, width: int, place: int, position: int, step: int = 0, backwards: bool = False) -> Any:
        """Return an element of an argument, as often as said; with a step that of this iteration."""
        at: Any = ir.Constant(INDEX, position)
        if step:
            at = self.builder.add(at, self._first(place, step, backwards))
        if self.units[place] == 1 or place in self.tables:
            return self._marked(
                self.builder.load(self._pointer(place, at, self.width), align=self.dtypes[place].itemsize)
            )
        return self._from(width, place, [at] * (self.width if self.units[place] else 1))

    def _gather(self, width: int, place: int, position: int, step: int, length: int, index: int) -> Any:
        """Return the element at a computed index: the first one where it is out of bounds, of which a check tells."""
        builder, zero = self.builder, ir.Constant(INDEX, 0)
        if place in self.tables:
            raise Unsuitable("it has an index that is computed")
        steps = []
        for i in apart(self.builder, self._wide(self.here[index]) if self.units[place] else self.here[index]):
            at = builder.add(ir.Constant(INDEX, position), builder.mul(i, ir.Constant(INDEX, step)))
            inside = builder.icmp_unsigned("<", at, ir.Constant(INDEX, length))
            steps.append(builder.select(inside, at, zero))
        return self._from(width, place, steps)

    def _from(self, width: int, place: int, positions: list[Any]) -> Any:
        """Return elements of an argument, one for each lane or the same for all."""
        found = [self._marked(self.builder.load(self._pointer(place, at, 1, w))) for w, at in enumerate(positions)]
        return together(self.builder, found * (width // len(found)))

    def _marked(self, loaded: ir.Value) -> Any:
        loaded.set_metadata("alias.scope", self.read)
        loaded.set_metadata("noalias", self.written)
        return self.arithmetic.read(loaded)

    def _store(self, place: int, at: Any, value: ir.Value) -> None:
        is_vector, value = self.units[place] == 1 or place in self.tables, self._wide(value)
        for w, part in enumerate([value] if is_vector else apart(self.builder, value)):
            pointer = self._pointer(place, at, self.width if is_vector else 1, w)
            stored = self.builder.store(self.arithmetic.stored(part), pointer, align=self.dtypes[place].itemsize)
            stored.set_metadata("alias.scope", self.written)
            stored.set_metadata("noalias", self.read)

    def _pointer(self, place: int, at: Any, width: int, w: int = 0) -> Any:
        """Return where one number is, or several side by side, of one element of a batch or as many."""
        builder, pointer = self.builder, self.pointers[place]
        if place in self.tables:
            before = builder.mul(builder.mul(self.tile, self.count), ir.Constant(INDEX, self.units[place]))
            at = builder.add(before, builder.mul(at, ir.Constant(INDEX, self.width)))
        elif self.units[place]:
            lane = builder.add(self.lane, ir.Constant(INDEX, w))
            at = builder.add(at, builder.mul(lane, ir.Constant(INDEX, self.units[place])))
        pointer = builder.gep(pointer, [at])
        kind = several(memory_of(self.dtypes[place]), width)
        return pointer if width == 1 else builder.bitcast(pointer, kind.as_pointer())

    # Operations

    def _compute_all(self) -> None:
        """Compute what is not there yet: of functions such as exp several at once, where none waits for another."""
        values = self.elements.values
        depths: dict[int, int] = {}  # how many such functions come before, one after the other
        groups: dict[Any, dict[int, list[int]]] = {}  # by operand: the values of one
        for v in self.elements.order:
            (name, *operands), dtype = values.operations[v], values.dtypes[v]
            if v in self.here or name in ("load", "number"):
                depths[v] = 0
                continue
            depths[v] = max(depths[o] for o in values.needs(v)) + (name in OWN)
            if name in OWN:
                key = "sines" if name in SINES else name, dtype, depths[v], self._width(v)
                groups.setdefault(key, {}).setdefault(operands[0], []).append(v)
        waiting = [v for v in self.elements.order if v not in self.here]
        for v in sorted(waiting, key=lambda v: (depths[v], values.operations[v][0] not in OWN)):
            if values.operations[v][0] not in OWN:
                self.here[v] = self._compute(v)
            elif v not in self.here:
                name, dtype = values.operations[v][0], values.dtypes[v]
                family = "sines" if name in SINES else name
                width = self._width(v)
                self._compute_group(family, dtype, width, groups[family, dtype, depths[v], width])

    def _compute_group(self, family: str, dtype: Any, width: int, group: dict[int, list[int]]) -> None:
        operands, count = [*group], ABREAST if width == 1 else 1
        for some in (operands[i : i + count] for i in range(0, len(operands), count)):
            given = [self._wide(self.here[o]) if width > 1 else self.here[o] for o in some]
            results = self.arithmetic.compute_together(family, dtype, given)
            for i, o in enumerate(some):
                for v in group[o]:
                    is_second = self.elements.values.operations[v][0] == SINES[1]
                    self.here[v] = results[i + len(some) * is_second]

    def _compute(self, v: int) -> Any:
        values = self.elements.values
        (name, *operands), dtype = values.operations[v], values.dtypes[v]
        width = self._width(v)
        if name == "number":
            return self.arithmetic.constant(operands[0], dtype, width)
        if name == "load":
            return self._load(width, *operands)
        if name == "gather":
            return self._gather(width, *operands)
        given = [self._wide(self.here[o]) if width > 1 else self.here[o] for o in operands]
        return self.arithmetic.cast(given[0], dtype) if name == "cast" else self.arithmetic.compute(name, dtype, given)
