"""Products of small matrices: blocks of rows and columns whose sums stay in registers.

The lanes of a vector are neighbouring columns, or rows, whichever lie side by side in memory; where neither does, they
are neighbouring terms of one sum. Multiplications and additions are one instruction where the processor has it: the
last bits may differ from BLAS, and from one processor to another.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import reduce
from typing import Any

from .arithmetic import memory_of
from .bits import INDEX, Number, apart, multiply_add, parts_of, together, variable
from .nest_memory import Writer, halved
from .nest_steps import Product

from llvmlite import ir  # isort: skip - after LLVM was found

BYTES = 64  # of a vector
ROWS, SUMS = 4, 4  # rows of a block, and vectors where there is one row


def write_product(writer: Writer, step: Product) -> None:
    """Write the loops of a product, around them those of a stack."""
    with ExitStack() as stack:
        target = step.target.array
        index = writer.loops(stack, target.shape[:-2])
        (m, n), k = target.shape[-2:], step.a.array.shape[-1]
        size = target.itemsize
        (cm, cn), (am, ak), (bk, bn) = (
            [s // size for s in view.array.strides[-2:]] for view in (step.target, step.a, step.b)
        )
        c, a, b = (
            writer.at(view.buffer, view.offset, view.array.strides[:-2], index)
            for view in (step.target, step.a, step.b)
        )
        block = _Block(writer, memory_of(target.dtype), size)
        if (m > 1 and am == 1 and bn != 1) or (n == 1 and m > 1 and ak != 1):  # the other way round
            block.columns((c, cn, cm), (b, bn, bk), (a, ak, am), n, m, k)
        elif (n > 1 and bn == 1) or ak != 1 or (bk != 1 and k > 1) or k < 4:
            block.columns((c, cm, cn), (a, am, ak), (b, bk, bn), m, n, k)
        else:
            block.terms((c, cm, cn), (a, am), (b, bn), m, n, k)


class _Block:
    """Writes the loops of one product of matrices."""

    def __init__(self, writer: Writer, kind: Any, size: int) -> None:
        self.writer, self.builder, self.kind, self.lanes = writer, writer.builder, kind, BYTES // size

    def columns(self, c: Any, a: Any, b: Any, m: int, n: int, k: int) -> None:
        """Write a product in whose vectors are neighbouring columns."""
        most = ROWS if m > 1 else 1
        for first, count, rows in ((0, m // most, most), (m - m % most, 1, m % most)):
            if not rows or not count:
                continue
            with ExitStack() as stack:
                (i,) = self._loops(stack, [count])
                self._row_of_blocks(c, a, b, i * rows + first, rows, n, k)

    def _row_of_blocks(self, c: Any, a: Any, b: Any, row: Any, rows: int, n: int, k: int) -> None:
        column, lanes = 0, self.lanes
        for vectors in (SUMS if rows == 1 else 1, 1):
            width = vectors * lanes
            count = (n - column) // width
            if count:
                with ExitStack() as stack:
                    (j,) = self._loops(stack, [count])
                    wide = [(w * lanes, lanes) for w in range(vectors)]
                    self._block(c, a, b, row, j * width + column, rows, wide, k)
                column += count * width
        widths, offset = [], 0
        while lanes > 1 and column + offset < n:
            lanes //= 2
            if column + offset + lanes <= n:
                widths.append((offset, lanes))
                offset += lanes
        if widths:
            self._block(c, a, b, row, Number(self.builder, ir.Constant(INDEX, column)), rows, widths, k)

    def _block(self, c: Any, a: Any, b: Any, row: Any, column: Any, rows: int, vectors: list[Any], k: int) -> None:
        """Write the sums of a few rows and vectors of columns."""
        builder = self.builder
        sums = [[self._variable(lanes) for _, lanes in vectors] for _ in range(rows)]
        (a, am, ak), (b, bk, bn) = a, b
        with ExitStack() as stack:
            (t,) = self._loops(stack, [k])
            of_b = t * bk + column * bn
            columns = [self._vector(b, of_b + at * bn, bn, lanes) for at, lanes in vectors]
            for r in range(rows):
                factor = self._vector(a, (row + r) * am + t * ak, 1, 1)
                for place, vector in zip(sums[r], columns, strict=True):
                    self._add_product(place, together(builder, [factor] * parts_of(vector.type)[1]), vector)
        (c, cm, cn) = c
        for r in range(rows):
            for (at, _), place in zip(vectors, sums[r], strict=True):
                to = builder.gep(c, [((row + r) * cm + (column + at) * cn).value])
                self.writer.store_lanes(builder.load(place), to, cn)

    def terms(self, c: Any, a: Any, b: Any, m: int, n: int, k: int) -> None:
        """Write a product in whose vectors are neighbouring terms."""
        builder, (a, am), (b, bn), (c, cm, cn) = self.builder, a, b, c
        lanes = self.lanes
        while lanes > k:
            lanes //= 2
        columns = min(n, ROWS)
        for first, count, several in ((0, n // columns, columns), (n - n % columns, 1, n % columns)):
            if not several or not count:
                continue
            with ExitStack() as stack:
                row, j = self._loops(stack, [m, count])
                column = j * several + first
                starts = [(column + s) * bn for s in range(several)]
                for s, total in enumerate(self._sums(a, row * am, b, starts, k, lanes)):
                    builder.store(total, builder.gep(c, [(row * cm + (column + s) * cn).value]), align=1)

    def _sums(self, a: Any, of_a: Number, b: Any, starts: list[Number], k: int, lanes: int) -> list[Any]:
        """Write several sums, of a row of the first matrix with columns of the second; of one alone in four parts."""
        builder = self.builder
        several = SUMS if len(starts) == 1 and k >= 2 * SUMS * lanes else 1
        variables = [[self._variable(lanes) for _ in range(several)] for _ in starts]
        whole = k - k % (several * lanes)
        with ExitStack() as stack:
            (t,) = self._loops(stack, [whole // (several * lanes)])
            for part in range(several):
                at = t * (several * lanes) + part * lanes
                factor = self._vector(a, of_a + at, 1, lanes)
                for start, parts in zip(starts, variables, strict=True):
                    self._add_product(parts[part], factor, self._vector(b, start + at, 1, lanes))
        totals = []
        for start, parts in zip(starts, variables, strict=True):
            vector = reduce(builder.fadd, map(builder.load, parts))
            total = Number(builder, halved(builder, apart(builder, vector)))
            for i in range(whole, k):
                x, y = (Number(builder, self._vector(p, s + i, 1, 1)) for p, s in ((a, of_a), (b, start)))
                total = multiply_add(x, y, total)
            totals.append(total.value)
        return totals

    # Numbers

    def _variable(self, lanes: int) -> Any:
        kind = self.kind if lanes == 1 else ir.VectorType(self.kind, lanes)
        return variable(self.builder, ir.Constant(kind, None))

    def _loops(self, stack: ExitStack, shape: list[int]) -> list[Number]:
        return [Number(self.builder, index) for index in self.writer.loops(stack, shape)]

    def _add_product(self, place: Any, x: ir.Value, y: ir.Value) -> None:
        """Add what two numbers, or vectors, give to what is in memory."""
        x, y, total = (Number(self.builder, z) for z in (x, y, self.builder.load(place)))
        self.builder.store(multiply_add(x, y, total).value, place)

    def _vector(self, pointer: ir.Value, place: Number, stride: int, lanes: int) -> Any:
        return self.writer.load_lanes(self.builder.gep(pointer, [place.value]), stride, lanes)
