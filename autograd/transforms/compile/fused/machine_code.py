"""Machine code of a plan: an intrinsic for numba, which generates the instructions and keeps them on disk.

The loops are written in LLVM's instructions rather than in Python: numba would infer the types of a thousand
operations for seconds. Additions and multiplications are rounded one by one, as in NumPy; only the terms of a sum over
a row are added in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .arithmetic import BYTE, FLOATS, INDEX, OWN, Arithmetic
from .bits import cgutils, intrinsic
from .plan import COLUMN, FULL, NUMBER, ROW, Plan, Value

from llvmlite import ir  # isort: skip - after numba was found
from numba.core import types  # isort: skip

ABREAST = 8  # elements: they are computed side by side
FEW = 64  # elements: loops through fewer call functions, which takes less time to compile


def kernel_of(plan: Plan) -> Callable[..., None]:
    """Return an intrinsic that runs the loops of a plan on a tuple of its inputs and outputs."""

    def kernel(context: Any, arrays: Any) -> Any:
        def generate(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0], len(arrays))
            _Generator(context, builder, plan).generate(values, arrays)
            return context.get_dummy_value()

        return types.none(arrays), generate

    return intrinsic(kernel)


class _Generator:
    """Generates the loops of one plan."""

    def __init__(self, context: Any, builder: ir.IRBuilder, plan: Plan) -> None:
        self.context, self.builder, self.plan = context, builder, plan
        self.pointers: list[Any] = []  # of inputs and outputs; None for numbers that are no arrays
        self.numbers: list[Any] = []
        self.scopes: list[tuple[Any, Any]] = []  # for each array its own, and those of all others
        self.here: dict[int, Any] = {}  # values in registers, by identity
        self.rows: dict[int, Any] = {}  # where values of a row are kept for later passes
        self.stored = {id(value): place for value, place in plan.outputs}
        self.arithmetic = Arithmetic(context, builder, inlines=plan.rows * plan.width > FEW)

    def generate(self, values: list[Any], kinds: Any) -> None:
        builder, plan = self.builder, self.plan
        for value, kind in zip(values, kinds, strict=True):
            array = isinstance(kind, types.Array)
            self.pointers.append(self.context.make_array(kind)(self.context, builder, value).data if array else None)
            self.numbers.append(None if array else (value, kind))
        self._make_scopes()
        for value in [*plan.inputs, *plan.constants.values()]:
            if value.kind == NUMBER:
                self.here[id(value)] = self._number(value)
        self._keep_rows()
        passes = list(plan.passes())
        flat = len(passes) == 1 and not passes[0][1] and not passes[0][2] and not plan.before()
        if flat and all(value.kind in (FULL, NUMBER) for value in plan.inputs):
            if plan.rows * plan.width <= ABREAST:
                self._abreast(passes[0][0], plan.rows * plan.width)
                return
            with self._loop(plan.rows * plan.width) as index:
                self._elements(passes[0][0], index, index)
            return
        with self._loop(plan.rows) as row:
            first = builder.mul(row, ir.Constant(INDEX, plan.width))
            outside = dict(self.here)
            for value in plan.inputs:
                if value.kind == COLUMN:
                    self.here[id(value)] = self._load(value.number, row)
            for value in plan.before():
                self._column(value, row)
            for full, reductions, columns in passes:
                self._pass(full, reductions, first)
                for value in reductions:
                    self._store_output(value, row)
                for value in columns:
                    self._column(value, row)
            self.here = outside

    def _make_scopes(self) -> None:
        """Tell that no output shares memory with another array."""
        module = self.builder.module
        domain = module.add_metadata(["plaingrad"])
        written = {place for _, place in self.plan.outputs}
        read = module.add_metadata(["what is read", domain])
        own = [module.add_metadata([f"array {i}", domain]) if i in written else read for i in range(len(self.pointers))]
        for scope in own:
            others = [other for other in dict.fromkeys(own) if other is not scope]
            self.scopes.append((module.add_metadata([scope]), module.add_metadata(others) if others else None))

    def _number(self, value: Value) -> Any:
        if value.operation == "constant":
            return self.arithmetic.constant(value.number, value.dtype)
        if self.pointers[value.number] is not None:
            return self._load(value.number, ir.Constant(INDEX, 0))
        number, kind = self.numbers[value.number]
        wanted = types.boolean if value.dtype == np.bool_ else FLOATS[value.dtype.name][1]
        return self.context.cast(self.builder, number, kind, wanted)

    def _keep_rows(self) -> None:
        """Reserve a row for each value that a later pass reads and no array stores."""
        for value in self.plan.kept():
            if id(value) not in self.stored:
                kind = BYTE if value.dtype == np.bool_ else FLOATS[value.dtype.name][0]
                size = ir.Constant(INDEX, self.plan.width)
                self.rows[id(value)] = cgutils.alloca_once(self.builder, kind, size=size)

    @contextmanager
    def _loop(self, count: int) -> Iterator[ir.Value]:
        with cgutils.for_range(self.builder, ir.Constant(INDEX, count)) as loop:
            yield loop.index

    def _pass(self, full: list[Value], reductions: list[Value], first: ir.Value) -> None:
        builder = self.builder
        if not full and not reductions:
            return
        totals = []
        for value in reductions:
            total = cgutils.alloca_once(builder, FLOATS[value.dtype.name][0])
            start = 0.0 if value.operation == "sum" else -np.inf
            builder.store(ir.Constant(FLOATS[value.dtype.name][0], start), total)
            totals.append(total)
        kept = dict(self.here)
        with self._loop(self.plan.width) as column:
            index = builder.add(first, column)
            for value in reductions:  # before anything is stored over it
                self._value(value.operands[0], index, column)
            self._elements(full, index, column)
            for value, total in zip(reductions, totals, strict=True):
                term, so_far = self._value(value.operands[0], index, column), builder.load(total)
                if value.operation == "sum":
                    builder.store(builder.fadd(so_far, term, flags=("reassoc",)), total)
                else:
                    builder.store(self.arithmetic.compute("maximum", value.dtype, [so_far, term]), total)
        self.here = kept
        for value, total in zip(reductions, totals, strict=True):
            self.here[id(value)] = builder.load(total)

    def _elements(self, full: list[Value], index: Any, column: Any) -> None:
        """Compute the values of one element, loading all before anything is stored."""
        for value in full:
            for operand in value.operands:
                self._value(operand, index, column)
        for value in full:
            self.here[id(value)] = self._compute(value, [self._value(v, index, column) for v in value.operands])
        for value in full:
            place = self.stored.get(id(value))
            if place is not None:
                self._store(place, index, self.here[id(value)])
            if id(value) in self.rows:
                self._store_at(self.rows[id(value)], column, self.here[id(value)])

    def _abreast(self, full: list[Value], count: int) -> None:
        """Compute the values of few elements side by side: the processor computes what does not wait for each other."""
        numbers = self.here
        elements = [(ir.Constant(INDEX, i), dict(numbers)) for i in range(count)]
        for value in full:
            for index, self.here in elements:
                for operand in value.operands:
                    self._value(operand, index, index)
        for value in full:
            if value.operation in OWN:
                operands = [here[id(value.operands[0])] for _, here in elements]
                results = self.arithmetic.compute_together(value.operation, value.dtype, operands)
                for (_, here), result in zip(elements, results, strict=True):
                    here[id(value)] = result
                continue
            for index, self.here in elements:
                self.here[id(value)] = self._compute(value, [self._value(v, index, index) for v in value.operands])
        for value in full:
            if id(value) in self.stored:
                for index, self.here in elements:
                    self._store(self.stored[id(value)], index, self.here[id(value)])
        self.here = numbers

    def _value(self, value: Value, index: Any, column: Any) -> Any:
        found = self.here.get(id(value))
        if found is not None:
            return found
        if value.operation == "input":
            found = self._load(value.number, column if value.kind == ROW else index)
        elif id(value) in self.rows:
            found = self._load_at(self.rows[id(value)], column)
        elif id(value) in self.stored:
            found = self._load(self.stored[id(value)], index)
        else:
            return None  # of this pass, not computed yet
        self.here[id(value)] = found
        return found

    def _column(self, value: Value, row: Any) -> None:
        self.here[id(value)] = self._compute(value, [self.here[id(v)] for v in value.operands])
        self._store_output(value, row)

    def _store_output(self, value: Value, row: Any) -> None:
        if id(value) in self.stored:
            self._store(self.stored[id(value)], row, self.here[id(value)])

    def _compute(self, value: Value, operands: list[Any]) -> Any:
        return self.arithmetic.compute(value.operation, value.dtype, operands)

    # Memory

    def _marked(self, instruction: Any, place: int) -> Any:
        scope, others = self.scopes[place]
        instruction.set_metadata("alias.scope", scope)
        if others is not None:
            instruction.set_metadata("noalias", others)
        return instruction

    def _load(self, place: int, index: Any) -> Any:
        pointer = self.builder.gep(self.pointers[place], [index])
        return self.arithmetic.read(self._marked(self.builder.load(pointer, align=1), place))

    def _store(self, place: int, index: Any, value: ir.Value) -> None:
        value = self.arithmetic.stored(value)
        self._marked(self.builder.store(value, self.builder.gep(self.pointers[place], [index]), align=1), place)

    def _load_at(self, pointer: ir.Value, index: Any) -> Any:
        return self.arithmetic.read(self.builder.load(self.builder.gep(pointer, [index])))

    def _store_at(self, pointer: ir.Value, index: Any, value: ir.Value) -> None:
        self.builder.store(self.arithmetic.stored(value), self.builder.gep(pointer, [index]))
