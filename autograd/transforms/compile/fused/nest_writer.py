"""The instructions of each kind of step, in vectors of a few elements."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce
from typing import Any

import numpy as np

from .arithmetic import Arithmetic, memory_of
from .bits import BYTE, INDEX, Number, apart, multiply_add, parts_of, together, variable
from .loops import machine_loop
from .nest_steps import Buffer, Gather, Nest, Product, Reduction, Scatter, Step, View, in_order

from llvmlite import ir  # isort: skip - after LLVM was found

LANES = 8  # elements that are computed side by side
BLOCK = 128  # terms of a sum that NumPy adds up in eight places
COLUMNS = 128  # bytes of numbers side by side, to which those below are added
BYTES = 64  # of a vector of a product
ROWS, SUMS = 4, 4  # rows of a block of it, and vectors where there is one row


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


class StepWriter:
    """Writes the instructions of one step where `builder` stands, on buffers of which it has pointers, by identity."""

    def __init__(self, builder: ir.IRBuilder, pointers: dict[int, ir.Value]) -> None:
        self.builder, self.pointers = builder, pointers
        self.arithmetic = Arithmetic(builder)

    def write(self, step: Step) -> None:
        """Write a function's body."""
        if isinstance(step, Nest):
            self._nest(step)
        elif isinstance(step, Reduction):
            self._reduction(step)
        elif isinstance(step, Product):
            _write_product(self, step)
        elif isinstance(step, Gather):
            self._gather(step)
        elif isinstance(step, Scatter):
            self._scatter(step)
        self.builder.ret_void()

    def _nest(self, nest: Nest) -> None:
        order, operations, dtypes = nest.order(), nest.values.operations, nest.values.dtypes
        loads = {v: nest.loads[operations[v][1]] for v in order if operations[v][0] == "load"}
        views = [*loads.values(), *(view for view, _ in nest.stores)]
        # in the order in which NumPy would go through them, with axes that follow each other as one
        laid_out: Any = [view.array for view in views]
        if nest.shape != (1,):  # of which there may be more than NumPy goes through
            laid_out = np.nditer([*map(np.atleast_1d, laid_out)], ["external_loop"]).itviews
        places = [(v.buffer, View(v.buffer, x).offset, x.strides) for v, x in zip(views, laid_out, strict=True)]
        of_loads = dict(zip(loads, places, strict=False))
        *outer, n = laid_out[0].shape
        lanes = min(LANES, 1 << (n.bit_length() - 1))

        def compute(index: list[Any], lanes: int) -> None:
            here: dict[int, Any] = {}
            for v in order:
                name, *operands = operations[v]
                if name == "load":
                    buffer, _, strides = of_loads[v]
                    here[v] = self.load_lanes(self.at(*of_loads[v], index), strides[-1] // buffer.array.itemsize, lanes)
                elif name == "number":
                    here[v] = self.arithmetic.constant(operands[0], dtypes[v], lanes)
                elif name == "cast":
                    here[v] = self.arithmetic.cast(here[operands[0]], dtypes[v])
                else:
                    here[v] = self.arithmetic.compute(name, dtypes[v], [here[o] for o in operands])
            for (_, value), place in zip(nest.stores, places[len(loads) :], strict=True):
                buffer, _, strides = place
                self.store_lanes(here[value], self.at(*place, index), strides[-1] // buffer.array.itemsize)

        own = {id(view.buffer) for view, _ in nest.stores}
        again = not any(id(view.buffer) in own for view in loads.values())  # elements may be computed twice
        with ExitStack() as stack:
            index = self.loops(stack, outer)
            blocks = -(-n // lanes) if again else n // lanes
            with ExitStack() as inner:
                (block,) = self.loops(inner, [blocks])
                first = self.builder.mul(block, ir.Constant(INDEX, lanes))
                if blocks * lanes > n:  # the last elements overlap with those before
                    last = ir.Constant(INDEX, n - lanes)
                    first = self.builder.select(self.builder.icmp_signed("<", first, last), first, last)
                compute([*index, first], lanes)
            if blocks * lanes < n:
                (rest,) = self.loops(stack, [n - blocks * lanes])
                compute([*index, self.builder.add(rest, ir.Constant(INDEX, blocks * lanes))], 1)

    def _reduction(self, step: Reduction) -> None:
        """Add up, or the like, rows, or what is below each other in as many columns at a time as registers hold."""
        builder, dtype = self.builder, step.source.array.dtype
        shape, to, of = in_order(step.source.array.shape, step.target.array.strides, step.source.array.strides)
        rows, (n, length) = not to[-1], (1, shape[-1]) if not to[-1] else (shape[-1], 1)
        dense = not rows and to[-1] == of[-1] == dtype.itemsize and dtype.kind != "b"
        lanes = min(COLUMNS // dtype.itemsize, 1 << (n.bit_length() - 1)) if dense else 1
        pieces = [(n // lanes, lanes), (1, n % lanes)]  # the last columns are in one with some of those before
        kept = [k if stride else 1 for k, stride in zip(shape[:-1], to, strict=False)]
        added = [k // each for k, each in zip(shape, kept, strict=False)]
        start = self.arithmetic.constant(step.start, dtype, lanes)
        total = variable(builder, start)
        for count, fresh in pieces[: 1 + bool(n % lanes)]:
            with ExitStack() as stack:
                *outer, block = self.loops(stack, [*kept, count])
                first = (Number(builder, block) * lanes).value if fresh == lanes else ir.Constant(INDEX, n - lanes)
                place = self.at(step.target.buffer, step.target.offset, to, [*outer, first])
                builder.store(self.load_lanes(place, 1, lanes) if step.goes_on else start, total)
                with ExitStack() as inner:
                    index = [builder.add(*pair) for pair in zip(outer, self.loops(inner, added), strict=True)]
                    there = self.at(step.source.buffer, step.source.offset, of, [*index, first])
                    stride = of[-1] // dtype.itemsize
                    row = self._row(step.operation, there, length, stride, dtype) if rows else None
                    term = row or self.load_lanes(there, 1, lanes)
                    found = self.arithmetic.compute(step.operation, dtype, [builder.load(total), term])
                    builder.store(found, total)
                for w, part in [*enumerate(apart(builder, builder.load(total)))][lanes - fresh :]:
                    self.store(part, builder.gep(place, [ir.Constant(INDEX, w)]))

    def _row(self, operation: str, first: ir.Value, n: int, stride: int, dtype: Any) -> Any:
        """Return the sum, or the like, of numbers in a row: sums in NumPy's order."""
        builder, arithmetic = self.builder, self.arithmetic
        if operation == "add" and dtype.kind == "f" and n >= 8:
            return builder.call(self._pairwise(dtype, stride), [first, ir.Constant(INDEX, n)])
        lanes = 8 if n >= 16 and operation != "multiply" else 1
        total = [self.load_lanes(first, stride, lanes)]
        if n >= 2 * lanes:
            so_far = variable(builder, total[0])
            with machine_loop(builder, n // lanes, 1) as block:
                place = builder.mul(block, ir.Constant(INDEX, lanes * stride))
                following = self.load_lanes(builder.gep(first, [place]), stride, lanes)
                builder.store(arithmetic.compute(operation, dtype, [builder.load(so_far), following]), so_far)
            total = [builder.load(so_far)]
        found, *rest = apart(builder, total[0])
        last = [self.load(builder.gep(first, [ir.Constant(INDEX, i * stride)])) for i in range(n - n % lanes, n)]
        for other in (*rest, *last):
            found = arithmetic.compute(operation, dtype, [found, other])
        return found

    def _pairwise(self, dtype: Any, stride: int) -> Any:
        """Return NumPy's function that sums numbers in a row: eight sums side by side; of longer rows two halves."""
        kind, module = memory_of(dtype), self.builder.module
        name = f"plaingrad_pairwise_{dtype.name}_{stride}"
        if name in module.globals:
            return module.globals[name]
        function = ir.Function(module, ir.FunctionType(kind, [kind.as_pointer(), INDEX]), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        writer, first, n = StepWriter(builder, {}), function.args[0], Number(builder, function.args[1])

        def at(i: Number) -> ir.Value:
            return builder.gep(first, [(i * stride).value])

        with builder.if_then((n > BLOCK).value):
            half = n / 2 - (n / 2 & 7)
            parts = [(first, half), (at(half), n - half)]
            builder.ret(builder.fadd(*(builder.call(function, [start, length.value]) for start, length in parts)))
        whole = n - (n & 7)
        sums = variable(builder, writer.load_lanes(first, stride, 8))
        with machine_loop(builder, whole.value, 8, 8) as i:
            more = writer.load_lanes(at(Number(builder, i)), stride, 8)
            builder.store(builder.fadd(builder.load(sums), more), sums)
        total = variable(builder, halved(builder, apart(builder, builder.load(sums))))
        with machine_loop(builder, n.value, whole.value) as i:
            builder.store(builder.fadd(builder.load(total), writer.load(at(Number(builder, i)))), total)
        builder.ret(builder.load(total))
        return function

    def _gather(self, step: Gather) -> None:
        target, entries = step.target, self._entries(step.places, step.target.array.itemsize)
        with ExitStack() as stack:
            index = self.loops(stack, step.places.shape)
            value = self.load(self.builder.gep(self.pointers[id(step.source)], [self._entry(*entries, index)]))
            self.store(value, self.at(target.buffer, target.offset, target.array.strides, index))

    def _scatter(self, step: Scatter) -> None:
        values, dtype = step.values, step.target.array.dtype
        entries = self._entries(step.places, dtype.itemsize)
        with ExitStack() as stack:
            index = self.loops(stack, step.places.shape)
            value = self.load(self.at(values.buffer, values.offset, values.array.strides, index))
            place = self.builder.gep(self.pointers[id(step.target.buffer)], [self._entry(*entries, index)])
            if step.ufunc is not None:  # which is add
                value = self.arithmetic.compute("or" if dtype.kind == "b" else "add", dtype, [self.load(place), value])
            self.store(value, place)

    def _entries(self, places: Any, size: int) -> tuple[Any, Any]:
        return table_of(self.builder, (places.ravel() // size).tolist(), INDEX), np.empty(
            places.shape, np.int64
        ).strides

    def _entry(self, table: Any, strides: Any, index: Sequence[ir.Value]) -> Any:
        """Return an entry of a table of integers."""
        place: Any = ir.Constant(INDEX, 0)
        for stride, i in zip(strides, index, strict=True):
            place = self.builder.add(place, self.builder.mul(i, ir.Constant(INDEX, stride // 8)))
        return self.builder.load(self.builder.gep(table, [place]))

    # Memory, loops, and numbers side by side

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

    def load_lanes(self, pointer: ir.Value, stride: int, lanes: int) -> ir.Value:
        """Return several numbers of a row."""
        if stride == 1 and lanes > 1:
            kind = ir.VectorType(pointer.type.pointee, lanes)
            return self.arithmetic.read(self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=1))
        if not stride:
            return together(self.builder, [self.load(pointer)] * lanes)
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


def _write_product(writer: StepWriter, step: Product) -> None:
    """Write the loops of a product, around them those of a stack.

    The lanes of a vector are neighbouring columns, or rows, whichever lie side by side in memory; where neither does,
    they are neighbouring terms of one sum. Multiplications and additions are one instruction where the processor has
    it: the last bits may differ from BLAS, and from one processor to another.
    """
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
    """Writes the loops of one product of matrices: blocks of rows and columns whose sums stay in registers."""

    def __init__(self, writer: StepWriter, kind: Any, size: int) -> None:
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
