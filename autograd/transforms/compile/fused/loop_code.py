"""Machine code of a loop whose body is arithmetic on single numbers: an intrinsic for numba, as for fused loops.

Carried numbers are phi nodes, so that they stay in registers; what is the same in each iteration is computed before the
first. A batch is a loop around the loop, in which several elements are computed side by side, in vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .bits import intrinsic
from .elements import Elements, dtype_of
from .mathematics import FUNCTIONS
from .values import BOOL, DOUBLE, INTEGER, SINGLE

import llvmlite.ir  # isort: skip - after numba was found
import numba.core.cgutils  # isort: skip
from numba.core import types  # isort: skip

ABREAST = 8  # elements of a batch
ir: Any = llvmlite.ir
cgutils: Any = numba.core.cgutils
_BIT, _BYTE, _INDEX, _LANE = ir.IntType(1), ir.IntType(8), ir.IntType(64), ir.IntType(32)
_TYPES: dict[Any, Any] = {SINGLE: ir.FloatType(), DOUBLE: ir.DoubleType(), BOOL: _BIT, INTEGER: _INDEX}
_NUMBA: dict[Any, Any] = {SINGLE: types.float32, DOUBLE: types.float64}


def kernel_of(elements: Elements, batched: Sequence[bool] | None) -> Callable[..., bool]:
    """Return an intrinsic that runs a loop on a tuple of its arrays, and tells whether all checks held."""

    def kernel(context: Any, given: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0], len(given))
            numbers = 1 if batched is None else 2
            arrays = [
                context.make_array(kind)(context, builder, value)
                for value, kind in zip(values[:-numbers], given, strict=False)
            ]
            writer = _Writer(context, builder, elements, arrays, values[-numbers], batched)
            if batched is None:
                writer.write()
            else:
                writer.write_batch(values[-1])
            return builder.load(writer.held)

        return types.boolean(given), generate

    return intrinsic(kernel)


class _Writer:
    """Writes the instructions of one loop.

    Attributes
    ----------
    here
        The values that are there, in registers.
    width, lane
        How many elements of a batch are computed side by side, and which is the first.
    """

    def __init__(self, context: Any, builder: Any, elements: Elements, arrays: Any, count: Any, batched: Any) -> None:
        self.context, self.builder, self.elements, self.arrays = context, builder, elements, arrays
        self.count, self.batched = count, batched
        self.width, self.lane = 1, None
        self.here: dict[int, Any] = {}
        self.held = cgutils.alloca_once_value(builder, ir.Constant(_BIT, 1))
        domain = builder.module.add_metadata(["loop"])
        self.read, self.written = (
            builder.module.add_metadata([builder.module.add_metadata([name, domain])]) for name in ("read", "written")
        )
        # of which results have one more axis for a batch, and each array how many numbers for an element of it
        self.dtypes = [dtype_of(x) for x in elements.loop.arguments]
        self.sizes = [self._size(i) for i in range(len(arrays))]

    def write_batch(self, size: Any) -> None:
        """Run the loop for all elements of a batch: several at a time, then what is left."""
        builder = self.builder
        whole = builder.sub(size, builder.srem(size, ir.Constant(_INDEX, ABREAST)))
        for self.width, first, last in ((ABREAST, ir.Constant(_INDEX, 0), whole), (1, whole, size)):
            step = ir.Constant(_INDEX, self.width)
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
        held = ir.Constant(self._kind(BOOL), 1 if self.width == 1 else [ir.Constant(_BIT, 1)] * self.width)
        loop, after = builder.append_basic_block("loop"), builder.append_basic_block("after")
        zero, one = ir.Constant(_INDEX, 0), ir.Constant(_INDEX, 1)
        builder.cbranch(builder.icmp_signed(">", self.count, zero), loop, after)
        builder.position_at_end(loop)
        self.index = builder.phi(_INDEX)
        holds = builder.phi(held.type)
        phis = {k: builder.phi(firsts[k].type) for k in states}
        for v in elements.order:
            name, *operands = elements.values.operations[v]
            if name == "state" and v not in self.here:
                self.here[v] = phis[operands[0]]
        for v in elements.order:
            if v not in self.here:
                self.here[v] = self._compute(v)
        for number, (ids, (_, backwards)) in enumerate(zip(elements.stacked, elements.loop.stacked, strict=True)):
            place = len(self.dtypes) + len(elements.finals) + number
            first = builder.mul(self._row(backwards), ir.Constant(_INDEX, ids.size))
            for p, v in enumerate(ids.flat):
                self._store(place, builder.add(first, ir.Constant(_INDEX, p)), self.here[int(v)])
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
            elif name == "number" or (name == "load" and not operands[2]):
                self.here[v] = self._compute(v)
            elif name != "load" and all(o in self.here for o in operands):
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
                finals.append((len(self.dtypes) + number, p, final))
        for place, p, final in finals:
            self._store(place, ir.Constant(_INDEX, p), final)
        for bit in self._apart(phi):
            builder.store(builder.and_(builder.load(self.held), bit), self.held)

    # Memory

    def _size(self, place: int) -> Any:
        """Return how many numbers an array has for one element of a batch."""
        if self.batched is None or (place < len(self.batched) and not self.batched[place]):
            return None
        builder, size = self.builder, ir.Constant(_INDEX, 1)
        for n in cgutils.unpack_tuple(builder, self.arrays[place].shape)[1:]:
            size = builder.mul(size, n)
        return size

    def _row(self, backwards: bool) -> Any:
        builder = self.builder
        last = builder.sub(self.count, ir.Constant(_INDEX, 1))
        return builder.sub(last, self.index) if backwards else self.index

    def _load(self, place: int, position: int, step: int = 0, backwards: bool = False) -> Any:
        """Return an element of an argument; with a step that of this iteration."""
        builder, at = self.builder, ir.Constant(_INDEX, position)
        if step:
            at = builder.add(at, builder.mul(self._row(backwards), ir.Constant(_INDEX, step)))
        found = []
        for w in range(1 if self.sizes[place] is None else self.width):
            loaded = builder.load(builder.gep(self.arrays[place].data, [self._of_lane(place, at, w)]))
            loaded.set_metadata("alias.scope", self.read)
            loaded.set_metadata("noalias", self.written)
            if self.dtypes[place] == BOOL:
                loaded = builder.icmp_unsigned("!=", loaded, ir.Constant(_BYTE, 0))
            found.append(loaded)
        return self._together(found * (self.width // len(found)))

    def _store(self, place: int, at: Any, value: Any) -> None:
        builder = self.builder
        for w, part in enumerate(self._apart(value)):
            part = builder.zext(part, _BYTE) if part.type == _BIT else part
            stored = builder.store(part, builder.gep(self.arrays[place].data, [self._of_lane(place, at, w)]))
            stored.set_metadata("alias.scope", self.written)
            stored.set_metadata("noalias", self.read)

    def _of_lane(self, place: int, at: Any, w: int) -> Any:
        builder, size = self.builder, self.sizes[place]
        if size is None:
            return at
        return builder.add(at, builder.mul(builder.add(self.lane, ir.Constant(_INDEX, w)), size))

    # Lanes

    def _kind(self, dtype: Any) -> Any:
        return _TYPES[dtype] if self.width == 1 else ir.VectorType(_TYPES[dtype], self.width)

    def _together(self, parts: list[Any]) -> Any:
        if self.width == 1:
            return parts[0]
        vector: Any = ir.Constant(ir.VectorType(parts[0].type, self.width), ir.Undefined)
        for w, part in enumerate(parts):
            vector = self.builder.insert_element(vector, part, ir.Constant(_LANE, w))
        return vector

    def _apart(self, value: Any) -> list[Any]:
        if self.width == 1:
            return [value]
        return [self.builder.extract_element(value, ir.Constant(_LANE, w)) for w in range(self.width)]

    def _number(self, number: Any, dtype: Any) -> Any:
        kind = _TYPES[dtype]
        number = float(number) if dtype.kind == "f" else int(number)
        return ir.Constant(self._kind(dtype), number if self.width == 1 else [ir.Constant(kind, number)] * self.width)

    # Operations

    def _compute(self, v: int) -> Any:
        builder, values = self.builder, self.elements.values
        (name, *operands), dtype = values.operations[v], values.dtypes[v]
        if name == "number":
            return self._number(operands[0], dtype)
        if name == "load":
            return self._load(*operands)
        given = [self.here[o] for o in operands]
        if name == "where":
            return builder.select(*given)
        kind = values.dtypes[operands[0]]
        if name == "cast":
            return self._cast(given[0], kind, dtype)
        if name in _COMPARED:
            if kind.kind == "f":
                return (builder.fcmp_unordered if name == "!=" else builder.fcmp_ordered)(name, *given)
            return (builder.icmp_signed if kind == INTEGER else builder.icmp_unsigned)(name, *given)
        if name in _BITWISE:
            return getattr(builder, _BITWISE[name])(*given)
        if kind == INTEGER:
            return self._of_integers(name, given)
        return self._of_floats(name, kind, given)

    def _cast(self, x: Any, old: Any, new: Any) -> Any:
        """Return a number as one of another dtype, as NumPy casts it."""
        builder, kind = self.builder, self._kind(new)
        if new == BOOL:
            zero = self._number(0, old)
            return builder.fcmp_unordered("!=", x, zero) if old.kind == "f" else builder.icmp_signed("!=", x, zero)
        if old == BOOL:
            return builder.zext(x, kind) if new == INTEGER else builder.uitofp(x, kind)
        if old == INTEGER:
            return builder.sitofp(x, kind)
        if new == INTEGER:
            return builder.fptosi(x, kind)
        return builder.fpext(x, kind) if new == DOUBLE else builder.fptrunc(x, kind)

    def _of_integers(self, name: str, given: list[Any]) -> Any:
        builder, x = self.builder, given[0]
        zero = self._number(0, INTEGER)
        if name == "negative":
            return builder.sub(zero, x)
        if name == "absolute":
            return builder.select(builder.icmp_signed("<", x, zero), builder.sub(zero, x), x)
        if name in ("maximum", "minimum"):
            return builder.select(builder.icmp_signed(">" if name == "maximum" else "<", *given), *given)
        return getattr(builder, {"add": "add", "subtract": "sub", "multiply": "mul"}[name])(*given)

    def _of_floats(self, name: str, dtype: Any, given: list[Any]) -> Any:
        builder, x = self.builder, given[0]
        if name in _BY_BUILDER:
            return getattr(builder, _BY_BUILDER[name])(*given)
        if name == "isnan":
            return builder.fcmp_unordered("uno", x, x)
        if name == "isfinite":
            return builder.fcmp_ordered("<", self._llvm("fabs", given), self._number(np.inf, dtype))
        if name in ("maximum", "minimum"):  # nan if either is
            larger = builder.select(builder.fcmp_ordered(">" if name == "maximum" else "<", *given), *given)
            return builder.select(builder.fcmp_unordered("uno", x, x), x, larger)
        if name in _BY_LLVM:
            return self._llvm(_BY_LLVM[name], given)
        parts = zip(*map(self._apart, given), strict=True)
        width, self.width = self.width, 1
        found = [self._scalar(name, dtype, list(several)) for several in parts]
        self.width = width
        return self._together(found)

    def _scalar(self, name: str, dtype: Any, given: list[Any]) -> Any:
        """Compute a function that is called for each lane: one of ours, one of LLVM, or of the C library."""
        if (name, dtype.type) in FUNCTIONS:
            return self._own(name, dtype, given[0])
        if name in _FROM_LIBRARY:
            return self._llvm(_FROM_LIBRARY[name], given)
        kind, module = given[0].type, self.builder.module
        function = cgutils.get_or_insert_function(
            module, ir.FunctionType(kind, [kind] * len(given)), name + ("f" if dtype == SINGLE else "")
        )
        return self.builder.call(function, given)

    def _llvm(self, name: str, given: list[Any]) -> Any:
        kind = given[0].type
        suffix = ("" if self.width == 1 else f"v{self.width}") + ("f32" if "float" in str(kind) else "f64")
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * len(given)), f"llvm.{name}.{suffix}"
        )
        return self.builder.call(function, given)

    def _own(self, name: str, dtype: Any, x: Any) -> Any:
        function: Any = FUNCTIONS[name, dtype.type]
        kind = _NUMBA[dtype]
        compiled = function.get_compile_result(kind(kind))
        self.context.active_code_library.add_linking_library(compiled.library)
        declared = self.context.declare_function(self.builder.module, compiled.fndesc)
        _, result = self.context.call_conv.call_function(self.builder, declared, kind, (kind,), (x,))
        return result


_COMPARED = frozenset((">", ">=", "<", "<=", "==", "!="))
_BITWISE = {"and": "and_", "or": "or_", "xor": "xor", "not": "not_"}
_BY_BUILDER = {
    "add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "negative": "fneg", "fmod": "frem",
}  # fmt: skip
_BY_LLVM = {
    "sqrt": "sqrt", "absolute": "fabs", "copysign": "copysign", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "rint": "nearbyint",
}  # fmt: skip
_FROM_LIBRARY = {"sin": "sin", "cos": "cos", "power": "pow", "exp2": "exp2", "log2": "log2", "log10": "log10"}
