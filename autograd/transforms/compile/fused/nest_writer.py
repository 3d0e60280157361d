"""The instructions of each kind of step, in vectors of a few elements."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from .arithmetic import memory_of
from .bits import INDEX, Number, apart, together, variable
from .loops import machine_loop
from .nest_memory import Writer, halved, table_of
from .nest_products import write_product
from .nest_steps import Buffer, Gather, Nest, Product, Reduction, Scatter, Step, View, in_order

from llvmlite import ir  # isort: skip - after numba was found

LANES = 8  # elements that are computed side by side
BLOCK = 128  # terms of a sum that NumPy adds up in eight places
COLUMNS = 128  # bytes of numbers side by side, to which those below are added


class StepWriter(Writer):
    """Writes the instructions of one step."""

    def write(self, step: Step) -> None:
        """Write a function's body."""
        if isinstance(step, Nest):
            self._nest(step)
        elif isinstance(step, Reduction):
            self._reduction(step)
        elif isinstance(step, Product):
            write_product(self, step)
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
        places = [(v.buffer, _offset(v.buffer, x), x.strides) for v, x in zip(views, laid_out, strict=True)]
        of_loads = dict(zip(loads, places, strict=False))
        *outer, n = laid_out[0].shape
        lanes = min(LANES, 1 << (n.bit_length() - 1))

        def compute(index: list[Any], lanes: int) -> None:
            here: dict[int, Any] = {}
            for v in order:
                name, *operands = operations[v]
                if name == "load":
                    here[v] = self._load_lanes(*of_loads[v], index, lanes)
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

    def _load_lanes(
        self, buffer: Buffer, offset: int, strides: Sequence[int], index: Sequence[ir.Value], lanes: int
    ) -> Any:
        """Return elements along the last axis, side by side."""
        pointer = self.at(buffer, offset, strides, index)
        if lanes == 1 or not strides[-1]:
            return together(self.builder, [self.load(pointer)] * lanes)
        step = strides[-1] // buffer.array.itemsize
        if step == 1 and buffer.array.dtype.kind == "b":
            found = self.load_vector(pointer, lanes)
            return self.builder.icmp_unsigned("!=", found, ir.Constant(found.type, None))
        return self.load_lanes(pointer, step, lanes)

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
        writer, first, n = Writer(builder, {}), function.args[0], Number(builder, function.args[1])

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


def _offset(buffer: Buffer, array: Any) -> int:
    return View(buffer, array).offset
