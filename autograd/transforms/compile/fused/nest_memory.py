"""What the instructions of all steps need: memory, loops, and numbers side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from .arithmetic import Arithmetic
from .bits import BYTE, INDEX, apart, together
from .loops import machine_loop
from .nest_steps import Buffer

from llvmlite import ir  # isort: skip - after LLVM was found


def table_of(builder: ir.IRBuilder, values: list[float], kind: ir.Type) -> ir.Value:
    """Return a pointer to constants."""
    array = ir.Constant(
        ir.ArrayType(kind, len(values)), [ir.Constant(kind, int(value) if kind == BYTE else value) for value in values]
    )
    table = ir.GlobalVariable(builder.module, array.type, builder.module.get_unique_name("plaingrad_table"))
    table.linkage, table.global_constant, table.initializer = "internal", True, array
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
        return [ir.Constant(INDEX, 0) if n == 1 else stack.enter_context(machine_loop(self.builder, n)) for n in shape]

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
