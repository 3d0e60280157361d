"""Machine code of loops over arrays.

Each step of the body is a function of its own, given pointers to memory that does not overlap, so that LLVM vectorizes
its loops; steps that do the same are one function. Around them is the loop, which moves the pointers: carried arrays
are not copied, and results are written to where they belong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ..loops.loop import Carried, Part
from .arithmetic import memory_of
from .bits import BIT, BYTE, INDEX, variable
from .loop_code import units_of
from .loops import machine_loop
from .nest_steps import Buffer, Held, Step
from .nest_tiles import Tile
from .nest_writer import StepWriter, table_of
from .nests import Nests

from llvmlite import ir  # isort: skip - after LLVM was found

ALIGNED = 64  # bytes


class Memory:
    """Where in scratch memory buffers lie: one after another what stays, and the rest where others are no longer used.

    Attributes
    ----------
    places
        The offset of each buffer, by its identity; of one that is carried on the first of several.
    size
        The number of bytes.
    """

    def __init__(self, body: Nests) -> None:
        self.places: dict[int, int] = {}
        self.size = 0
        ends = {id(buffer) for buffer in body.results()}
        spans: dict[int, list[int]] = {}
        for k, step in enumerate(body.steps):
            for view in (*step.reads, *step.writes):
                spans.setdefault(id(view.buffer), [k, k])[1] = k
        passing: list[tuple[list[int], Buffer]] = []
        for buffer in body.buffers:
            role = buffer.role[0]
            if role == "scratch" and not buffer.fixed and id(buffer) not in ends and id(buffer) in spans:
                passing.append((spans[id(buffer)], buffer))
            elif role in ("scratch", "next"):
                self.places[id(buffer)] = self.size
                self.size += bytes_of(buffer) * (buffer.role[1] + 1 if role == "next" else 1)
        first = self.size
        placed: list[tuple[int, int, int]] = []  # begin, end, last step
        for (start, last), buffer in sorted(passing, key=lambda item: item[0][0]):
            placed = [other for other in placed if other[2] >= start]
            place, size = first, bytes_of(buffer)
            for low, high, _ in sorted(placed):
                if place + size <= low:
                    break
                place = max(place, high)
            placed.append((place, place + size, last))
            self.places[id(buffer)] = place
            self.size = max(self.size, place + size)


def bytes_of(buffer: Buffer) -> int:
    """Return how much memory a buffer takes."""
    return -(-buffer.array.nbytes // ALIGNED) * ALIGNED


class NestWriter:
    """Writes the loop around the steps, and the functions that these are."""

    def __init__(
        self, builder: ir.IRBuilder, body: Nests, pointers: list[Any], count: Any, batched: Sequence[bool], steps: Any
    ) -> None:
        self.builder, self.body, self.memory, self.count = builder, body, Memory(body), count
        *self.arrays, scratch = pointers
        self.batched = batched
        address = builder.ptrtoint(scratch, INDEX)
        address = builder.add(address, ir.Constant(INDEX, ALIGNED - 1))
        self.scratch = builder.inttoptr(builder.and_(address, ir.Constant(INDEX, -ALIGNED)), BYTE.as_pointer())
        self.held = variable(builder, ir.Constant(BIT, 1))
        self.functions: dict[str, Any] = steps  # of the steps, by their text
        self.pointers: dict[int, Any] = {}  # to buffers
        self.apart: dict[int, Any] = {}  # by array: how many rows, those of other elements of a batch, are between two

    def write_batch(self, size: ir.Value) -> None:
        """Run the loop for each element of a batch, on what arrays have for it."""
        builder, loop, arrays = self.builder, self.body.loop, self.arrays
        units = units_of(loop, self.batched)
        rows = {x.argument for x in loop.inputs if isinstance(x, Part)}
        rows.update(range(len(loop.arguments) + len(loop.finals), len(arrays)))
        self.apart = {k: size for k in rows if units[k]}
        with machine_loop(builder, size) as element:
            starts = (builder.mul(element, ir.Constant(INDEX, unit)) for unit in units)
            self.arrays = [builder.gep(array, [start]) for array, start in zip(arrays, starts, strict=True)]
            self.write()

    def write(self) -> None:
        """Run the loop."""
        builder, body, loop, arrays = self.builder, self.body, self.body.loop, self.arrays
        self.pointers = {}
        for buffer in body.buffers:
            self._place(buffer)
        carried = {
            k: variable(builder, arrays[x.argument]) for k, x in enumerate(loop.inputs) if isinstance(x, Carried)
        }
        rotating = {id(buffer): self._areas(buffer) for buffer in body.buffers if buffer.role[0] == "next"}
        firsts = [body.first_of(x) for x in loop.finals[: len(body.finals)]]
        own = arrays[len(loop.arguments) :]
        finals = [variable(builder, own[i] if k is None else arrays[k]) for i, k in enumerate(firsts)]
        with builder.if_then(builder.icmp_signed(">", self.count, ir.Constant(INDEX, 0))):
            self._steps(body.before)
            with machine_loop(builder, self.count) as index:
                self._advance(index, carried, rotating)
                self._steps(body.steps)
                ends = {k: self.pointers[id(view.buffer)] for k, view in body.after.items()}
                for place, view in zip(finals, body.finals, strict=True):
                    builder.store(self.pointers[id(view.buffer)], place)
                for k, pointer in ends.items():
                    builder.store(pointer, carried[k])
                for areas in rotating.values():
                    now = [builder.load(area) for area in areas]
                    for area, pointer in zip(areas, [*now[1:], now[0]], strict=True):
                        builder.store(pointer, area)
        copy = builder.module.declare_intrinsic("llvm.memcpy", [BYTE.as_pointer(), BYTE.as_pointer(), INDEX])
        for number, (place, view) in enumerate(zip(finals, body.finals, strict=True)):
            if view.array.size:
                both = (builder.bitcast(x, BYTE.as_pointer()) for x in (own[number], builder.load(place)))
                builder.call(copy, [*both, ir.Constant(INDEX, view.array.nbytes), ir.Constant(BIT, 0)])

    def _place(self, buffer: Buffer) -> None:
        """Note where a buffer is that stays where it is."""
        role, kind = buffer.role, memory_of(buffer.array.dtype)
        if role[0] == "argument":
            self.pointers[id(buffer)] = self.arrays[role[1]]
        elif role[0] == "final":
            self.pointers[id(buffer)] = self.arrays[len(self.body.loop.arguments) + role[1]]
        elif role[0] == "scratch" and id(buffer) in self.memory.places:
            self.pointers[id(buffer)] = self._area(buffer, 0)
        elif role[0] == "constant":
            values = [x.item() for x in role[1].ravel()]
            self.pointers[id(buffer)] = table_of(self.builder, values, kind)

    def _area(self, buffer: Buffer, number: int) -> Any:
        place = self.memory.places[id(buffer)] + number * bytes_of(buffer)
        start = self.builder.gep(self.scratch, [ir.Constant(INDEX, place)])
        return self.builder.bitcast(start, memory_of(buffer.array.dtype).as_pointer())

    def _areas(self, buffer: Buffer) -> list[Any]:
        return [variable(self.builder, self._area(buffer, number)) for number in range(buffer.role[1] + 1)]

    def _advance(self, index: Any, carried: dict[int, Any], rotating: dict[int, list[Any]]) -> None:
        """Move the pointers to where this iteration reads and writes."""
        builder, loop = self.builder, self.body.loop
        last = builder.sub(builder.sub(self.count, ir.Constant(INDEX, 1)), index)
        for buffer in self.body.buffers:
            role = buffer.role
            if role[0] == "carried":
                pointer = builder.load(carried[role[1]])
            elif role[0] == "next":
                pointer = builder.load(rotating[id(buffer)][0])
            elif role[0] == "part":
                part: Any = loop.inputs[role[1]]
                place = self._row(part.argument, last if part.backwards else index, part.step)
                place = builder.add(place, ir.Constant(INDEX, self.body.parts[role[1]]))
                pointer = builder.gep(self.arrays[part.argument], [place])
            elif role[0] == "row":
                number = len(loop.arguments) + len(loop.finals) + role[1]
                row = last if loop.stacked[role[1]][1] else index
                pointer = builder.gep(self.arrays[number], [self._row(number, row, buffer.array.size)])
            else:
                continue
            self.pointers[id(buffer)] = pointer

    def _row(self, array: int, row: Any, size: int) -> Any:
        row = self.builder.mul(row, self.apart[array]) if array in self.apart else row
        return self.builder.mul(row, ir.Constant(INDEX, size))

    # Steps

    def _steps(self, steps: list[Step]) -> None:
        builder = self.builder
        for step in steps:
            if isinstance(step, Tile):
                self._tiles(step)
                continue
            if isinstance(step, Held):
                found = builder.load(self.pointers[id(step.reads[0].buffer)])
                held = builder.and_(builder.load(self.held), builder.trunc(found, BIT))
                builder.store(held, self.held)
                continue
            buffers = list({id(v.buffer): v.buffer for v in (*step.reads, *step.writes)}.values())
            builder.call(self._function(step, buffers), [self.pointers[id(buffer)] for buffer in buffers])

    def _tiles(self, tile: Tile) -> None:
        pointers, builder = self.pointers, self.builder
        with machine_loop(builder, tile.count) as number:
            self.pointers = dict(pointers)
            for key, elements in tile.advances.items():
                place = builder.mul(number, ir.Constant(INDEX, elements))
                self.pointers[key] = builder.gep(pointers[key], [place])
            self._steps(tile.steps)
        self.pointers = pointers

    def _function(self, step: Step, buffers: list[Buffer]) -> Any:
        text = step.text({id(buffer): f"p{i}" for i, buffer in enumerate(buffers)})
        if text not in self.functions:
            kinds = [memory_of(buffer.array.dtype).as_pointer() for buffer in buffers]
            name = f"plaingrad_step_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            kind = ir.FunctionType(ir.VoidType(), kinds)
            function = self.functions[text] = ir.Function(self.builder.module, kind, name)
            function.linkage = "internal"
            function.attributes.add("noinline")
            function.attributes.add("nounwind")
            for argument in function.args:
                argument.add_attribute("noalias")
            pointers = {id(buffer): argument for buffer, argument in zip(buffers, function.args, strict=True)}
            StepWriter(ir.IRBuilder(function.append_basic_block("entry")), pointers).write(step)
        return self.functions[text]
