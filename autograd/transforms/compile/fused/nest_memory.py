"""What the instructions of all steps need: memory, loops, and numbers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from .arithmetic import BYTE, INDEX, Arithmetic
from .bits import apart, cgutils, together
from .nest_steps import Buffer

from llvmlite import ir  # isort: skip - after numba was found


def table_of(builder: ir.IRBuilder, values: list[float], kind: ir.Type) -> ir.Value:
    """Return a pointer to constants."""
    array = ir.Constant(
        ir.ArrayType(kind, len(values)), [ir.Constant(kind, int(value) if kind == BYTE else value) for value in values]
    )
    table = cgutils.global_constant(builder, "plaingrad_table", array)
    return builder.bitcast(table, kind.as_pointer())


def halved(builder: ir.IRBuilder, parts: list[ir.Value]) -> ir.Value:
    """Return the sum of numbers, added up in pairs."""
    while len(parts) > 1:
        parts = [builder.fadd(*parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


class Writer:
    """Writes instructions where `builder` stands, on buffers of which it has pointers, by their identity."""

    def __init__(self, builder: ir.IRBuilder, pointers: dict[int, ir.Value]) -> None:
        self.builder, self.pointers = builder, pointers
        self.arithmetic = Arithmetic(builder)

    def at(self, buffer: Buffer, offset: int, strides: Sequence[int], index: Sequence[ir.Value]) -> ir.Value:
        """Return a pointer to an element: offset and strides are in bytes, the indices are LLVM's values."""
        builder, size = self.builder, buffer.array.itemsize
        place: ir.Value = ir.Constant(INDEX, offset // size)
        for stride, i in zip(strides, index, strict=True):
            if stride:
                place = builder.add(place, builder.mul(i, ir.Constant(INDEX, stride // size)))
        return builder.gep(self.pointers[id(buffer)], [place])

    def load(self, pointer: ir.Value) -> ir.Value:
        """Return a value in memory."""
        return self.arithmetic.read(self.builder.load(pointer, align=1))

    def store(self, value: ir.Value, pointer: ir.Value) -> None:
        """Put a value into memory."""
        self.builder.store(self.arithmetic.stored(value), pointer, align=1)

    def loops(self, stack: ExitStack, shape: Sequence[int]) -> list[ir.Value]:
        """Begin a loop for each axis; return the indices."""
        return [ir.Constant(INDEX, 0) if n == 1 else stack.enter_context(self._loop(n)) for n in shape]

    @contextmanager
    def _loop(self, count: int) -> Iterator[ir.Value]:
        """Write a loop, which LLVM leaves as it is: it would take long to unroll what is written in vectors already."""
        builder, module = self.builder, self.builder.module
        before, loop = builder.basic_block, builder.append_basic_block("loop")
        builder.branch(loop)
        builder.position_at_end(loop)
        index = builder.phi(INDEX)
        index.add_incoming(ir.Constant(INDEX, 0), before)
        yield index
        following = builder.add(index, ir.Constant(INDEX, 1))
        index.add_incoming(following, builder.basic_block)
        after = builder.append_basic_block("after")
        again = builder.icmp_unsigned("<", following, ir.Constant(INDEX, count))
        branch = builder.cbranch(again, loop, after)
        mark = module.add_metadata([module.add_metadata(["llvm.loop.unroll.disable"]), f"{len(module.metadata)}"])
        mark.operands = (mark, mark.operands[0])  # as LLVM wants it: the first is the loop itself
        branch.set_metadata("llvm.loop", mark)
        builder.position_at_end(after)

    def load_vector(self, pointer: ir.Value, lanes: int) -> ir.Value:
        """Return numbers that lie side by side in memory."""
        kind = ir.VectorType(pointer.type.pointee, lanes)
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=1)

    def load_lanes(self, pointer: ir.Value, stride: int, lanes: int) -> ir.Value:
        """Return several numbers of a row."""
        if stride == 1 and lanes > 1 and pointer.type.pointee != BYTE:
            return self.load_vector(pointer, lanes)
        places = [self.builder.gep(pointer, [ir.Constant(INDEX, w * stride)]) for w in range(lanes)]
        return together(self.builder, [self.load(place) for place in places])

    def store_lanes(self, value: ir.Value, pointer: ir.Value, stride: int) -> None:
        """Put several numbers into a row."""
        if isinstance(value.type, ir.VectorType) and stride == 1:
            value = self.arithmetic.stored(value)
            self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=1)
            return
        for w, part in enumerate(apart(self.builder, value)):
            self.store(part, self.builder.gep(pointer, [ir.Constant(INDEX, w * stride)]))
