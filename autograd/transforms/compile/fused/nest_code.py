"""Machine code of loops over small arrays: an intrinsic for numba, as for fused loops.

Each step of the body is a function of its own, given pointers to memory that does not overlap, so that LLVM vectorizes
its loops; steps that do the same are one function. Around them is the loop, which moves the pointers: carried arrays
are not copied, and results are written to where they belong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ..loops.loop import Carried, Loop, Same
from .arithmetic import BIT, BYTE, FLOATS, INDEX, Arithmetic
from .bits import intrinsic
from .fuse import function_of
from .nest_products import apart, halved, together, write_product
from .nest_steps import Buffer, Gather, Held, Nest, Product, Reduction, Step, View, in_order
from .nests import Body

import llvmlite.ir  # isort: skip - after numba was found
import numba.core.cgutils  # isort: skip
from numba.core import types  # isort: skip

ir: Any = llvmlite.ir
cgutils: Any = numba.core.cgutils
ALIGNED = 64  # bytes
LANES = 8  # elements that are computed side by side
BLOCK = 128  # terms of a sum that NumPy adds up in eight places
_VOID = ir.VoidType()


def machine_code(loop: Loop, batched: Sequence[bool] | None = None) -> Callable[..., bool]:
    """Return a function that runs a loop over arrays, as `loop_machine.machine_code` does, or raise `Unsuitable`."""
    body = Body(loop)
    memory = Memory(body)
    numbers = ["count"] if batched is None else ["count", "size"]
    arrays = [f"a{i}" for i in range(len(loop.arguments) + len(loop.finals) + len(loop.stacked))]
    text = f"batched {batched}\n{body.text()}"
    compiled = function_of(text, [*arrays, *numbers, "scratch"], lambda: _kernel_of(body, memory, batched))
    size = memory.size + ALIGNED
    return lambda *given: compiled(*given, np.empty(size, np.uint8))


class Memory:
    """Where in scratch memory buffers lie: one after another what stays, and the rest where others are no longer used.

    Attributes
    ----------
    places
        The offset of each buffer, by its identity; of one that is carried on the first of several.
    size
        The number of bytes.
    """

    def __init__(self, body: Body) -> None:
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


def _kernel_of(body: Body, memory: Memory, batched: Sequence[bool] | None) -> Callable[..., bool]:
    """Return an intrinsic that runs a loop on a tuple of its arrays, and tells whether all checks held."""

    def kernel(context: Any, given: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0], len(given))
            count = len(body.loop.arguments) + len(body.loop.finals) + len(body.loop.stacked)
            arrays = [
                context.make_array(kind)(context, builder, value)
                for value, kind in zip(values[:count], given, strict=False)
            ]
            scratch = context.make_array(given[-1])(context, builder, values[-1]).data
            writer = _LoopWriter(context, builder, body, memory, scratch, values[count])
            if batched is None:
                writer.write([array.data for array in arrays])
            else:
                with cgutils.for_range(builder, values[count + 1]) as element:
                    writer.write(
                        [
                            _of_element(builder, array, element.index)
                            if k >= len(batched) or batched[k]
                            else array.data
                            for k, array in enumerate(arrays)
                        ]
                    )
            return builder.load(writer.held)

        return types.boolean(given), generate

    return intrinsic(kernel)


def _of_element(builder: Any, array: Any, element: Any) -> Any:
    """Return where the part of a batched array for one element begins."""
    stride = cgutils.unpack_tuple(builder, array.strides)[0]
    start = builder.gep(builder.bitcast(array.data, BYTE.as_pointer()), [builder.mul(element, stride)])
    return builder.bitcast(start, array.data.type)


class _LoopWriter:
    """Writes the loop around the steps, and the functions that these are."""

    def __init__(self, context: Any, builder: Any, body: Body, memory: Memory, scratch: Any, count: Any) -> None:
        self.context, self.builder, self.body, self.memory, self.count = context, builder, body, memory, count
        address = builder.ptrtoint(scratch, INDEX)
        address = builder.add(address, ir.Constant(INDEX, ALIGNED - 1))
        self.scratch = builder.inttoptr(builder.and_(address, ir.Constant(INDEX, -ALIGNED)), BYTE.as_pointer())
        self.held = cgutils.alloca_once_value(builder, ir.Constant(BIT, 1))
        self.functions: dict[str, Any] = {}
        self.pointers: dict[int, Any] = {}  # to buffers

    def write(self, arrays: list[Any]) -> None:
        """Run the loop on arrays of which these are the pointers."""
        builder, body, loop = self.builder, self.body, self.body.loop
        self.arrays, self.pointers = arrays, {}
        for buffer in body.buffers:
            self._place(buffer)
        carried = {
            k: self._variable(arrays[given.first]) for k, given in enumerate(loop.inputs) if isinstance(given, Carried)
        }
        rotating = {id(buffer): self._areas(buffer) for buffer in body.buffers if buffer.role[0] == "next"}
        finals = [self._variable(self._first(x)) for x in loop.finals]
        with builder.if_then(builder.icmp_signed(">", self.count, ir.Constant(INDEX, 0))):
            self._steps(body.before)
            with cgutils.for_range(builder, self.count) as each:
                self._advance(each.index, carried, rotating)
                self._steps(body.steps)
                ends = {k: self.pointers[id(view.buffer)] for k, view in body.after.items()}
                for variable, view in zip(finals, body.finals, strict=True):
                    builder.store(self.pointers[id(view.buffer)], variable)
                for k, pointer in ends.items():
                    builder.store(pointer, carried[k])
                for areas in rotating.values():
                    now = [builder.load(area) for area in areas]
                    for area, pointer in zip(areas, [*now[1:], now[0]], strict=True):
                        builder.store(pointer, area)
        for number, (variable, view) in enumerate(zip(finals, body.finals, strict=True)):
            if view.array.size:
                size = ir.Constant(INDEX, view.array.size)
                target = arrays[len(loop.arguments) + number]
                cgutils.raw_memcpy(builder, target, builder.load(variable), size, view.array.dtype.itemsize)

    def _variable(self, pointer: Any) -> Any:
        variable = cgutils.alloca_once(self.builder, pointer.type)
        self.builder.store(pointer, variable)
        return variable

    def _first(self, x: Any) -> Any:
        """Return where a final value is if there is no iteration: that which is carried to the first."""
        loop = self.body.loop
        carried = [given for given in loop.inputs if isinstance(given, Carried)]
        firsts = [given.first for given in carried if given.after is x]
        firsts += [given.first for given in carried if given.variable is x]
        firsts += [given.argument for given in loop.inputs if isinstance(given, Same) and given.variable is x]
        own = len(loop.arguments) + next(i for i, y in enumerate(loop.finals) if y is x)
        return self.arrays[firsts[0] if firsts else own]

    def _place(self, buffer: Buffer) -> None:
        """Note where a buffer is that stays where it is."""
        role, kind = buffer.role, _memory(buffer.array.dtype)
        if role[0] == "argument":
            self.pointers[id(buffer)] = self.arrays[role[1]]
        elif role[0] == "scratch" and id(buffer) in self.memory.places:
            self.pointers[id(buffer)] = self._area(buffer, 0)
        elif role[0] == "constant":
            values = [x.item() for x in role[1].ravel()]
            self.pointers[id(buffer)] = _table(self.builder, values, kind)

    def _area(self, buffer: Buffer, number: int) -> Any:
        place = self.memory.places[id(buffer)] + number * bytes_of(buffer)
        start = self.builder.gep(self.scratch, [ir.Constant(INDEX, place)])
        return self.builder.bitcast(start, _memory(buffer.array.dtype).as_pointer())

    def _areas(self, buffer: Buffer) -> list[Any]:
        return [self._variable(self._area(buffer, number)) for number in range(buffer.role[1] + 1)]

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
                place = builder.mul(last if part.backwards else index, ir.Constant(INDEX, part.step))
                place = builder.add(place, ir.Constant(INDEX, self.body.parts[role[1]]))
                pointer = builder.gep(self.arrays[part.argument], [place])
            elif role[0] == "row":
                number = len(loop.arguments) + len(loop.finals) + role[1]
                row = last if loop.stacked[role[1]][1] else index
                size = ir.Constant(INDEX, buffer.array.size)
                pointer = builder.gep(self.arrays[number], [builder.mul(row, size)])
            else:
                continue
            self.pointers[id(buffer)] = pointer

    # Steps

    def _steps(self, steps: list[Step]) -> None:
        builder = self.builder
        for step in steps:
            buffers = list({id(v.buffer): v.buffer for v in (*step.reads, *step.writes)}.values())
            found = builder.call(self._function(step, buffers), [self.pointers[id(buffer)] for buffer in buffers])
            if isinstance(step, Held):
                builder.store(builder.and_(builder.load(self.held), found), self.held)

    def _function(self, step: Step, buffers: list[Buffer]) -> Any:
        text = step.text({id(buffer): f"p{i}" for i, buffer in enumerate(buffers)})
        if text not in self.functions:
            kinds = [_memory(buffer.array.dtype).as_pointer() for buffer in buffers]
            kind = ir.FunctionType(BIT if isinstance(step, Held) else _VOID, kinds)
            name = f"plaingrad_step_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
            function = self.functions[text] = ir.Function(self.builder.module, kind, name)
            function.linkage = "internal"
            function.attributes.add("noinline")
            function.attributes.add("nounwind")
            for argument in function.args:
                argument.add_attribute("noalias")
            pointers = {id(buffer): argument for buffer, argument in zip(buffers, function.args, strict=True)}
            StepWriter(self.context, ir.IRBuilder(function.append_basic_block("entry")), pointers).write(step)
        return self.functions[text]


def _memory(dtype: Any) -> Any:
    """Return the type of a number in memory."""
    return FLOATS[dtype.name][0] if dtype.kind == "f" else INDEX if dtype.kind == "i" else BYTE


def _table(builder: Any, values: list[Any], kind: Any) -> Any:
    """Return a pointer to constants."""
    array = ir.Constant(
        ir.ArrayType(kind, len(values)), [ir.Constant(kind, int(value) if kind == BYTE else value) for value in values]
    )
    table = cgutils.global_constant(builder, "plaingrad_table", array)
    return builder.bitcast(table, kind.as_pointer())


class StepWriter:
    """Writes the instructions of one step."""

    def __init__(self, context: Any, builder: Any, pointers: dict[int, Any]) -> None:
        self.builder, self.pointers = builder, pointers
        self.arithmetic = Arithmetic(context, builder)

    def write(self, step: Step) -> None:
        """Write a function's body."""
        if isinstance(step, Held):
            self.builder.ret(self._held(step))
            return
        if isinstance(step, Nest):
            self._nest(step)
        elif isinstance(step, Reduction):
            self._reduction(step)
        elif isinstance(step, Product):
            write_product(self, step)
        elif isinstance(step, Gather):
            self._gather(step)
        self.builder.ret_void()

    # Memory

    def at(self, buffer: Buffer, offset: int, strides: Sequence[int], index: Sequence[Any]) -> Any:
        """Return a pointer to an element: offset and strides are in bytes, the indices are LLVM's values."""
        builder, size = self.builder, buffer.array.itemsize
        place: Any = ir.Constant(INDEX, offset // size)
        for stride, i in zip(strides, index, strict=True):
            if stride:
                place = builder.add(place, builder.mul(i, ir.Constant(INDEX, stride // size)))
        return builder.gep(self.pointers[id(buffer)], [place])

    def load(self, pointer: Any) -> Any:
        """Return a value in memory."""
        return self.arithmetic.read(self.builder.load(pointer, align=1))

    def store(self, value: Any, pointer: Any) -> None:
        """Put a value into memory."""
        self.builder.store(self.arithmetic.stored(value), pointer, align=1)

    def loops(self, stack: ExitStack, shape: Sequence[int]) -> list[Any]:
        """Begin a loop for each axis; return the indices."""
        return [ir.Constant(INDEX, 0) if n == 1 else stack.enter_context(self._loop(n)) for n in shape]

    @contextmanager
    def _loop(self, count: int) -> Iterator[Any]:
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

    # Kinds of steps

    def _nest(self, nest: Nest) -> None:
        order, operations, dtypes = nest.order(), nest.values.operations, nest.values.dtypes
        loads = {v: nest.loads[operations[v][1]] for v in order if operations[v][0] == "load"}
        views = [*loads.values(), *(view for view, _ in nest.stores)]
        # in the order in which NumPy would go through them, with axes that follow each other as one
        laid_out = np.nditer([np.atleast_1d(view.array) for view in views], ["external_loop"]).itviews
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
                self._store_lanes(here[value], *place, index)

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

    def _load_lanes(self, buffer: Buffer, offset: int, strides: Sequence[int], index: Sequence[Any], lanes: int) -> Any:
        """Return elements along the last axis, side by side."""
        pointer = self.at(buffer, offset, strides, index)
        if lanes == 1 or not strides[-1]:
            return together(self.builder, [self.load(pointer)] * lanes)
        step = strides[-1] // buffer.array.itemsize
        if step == 1:
            found = self.load_vector(pointer, lanes)
            bits = buffer.array.dtype.kind == "b"
            return self.builder.icmp_unsigned("!=", found, ir.Constant(found.type, None)) if bits else found
        places = [self.builder.gep(pointer, [ir.Constant(INDEX, w * step)]) for w in range(lanes)]
        return together(self.builder, [self.load(place) for place in places])

    def _store_lanes(
        self, value: Any, buffer: Buffer, offset: int, strides: Sequence[int], index: Sequence[Any]
    ) -> None:
        pointer = self.at(buffer, offset, strides, index)
        step = strides[-1] // buffer.array.itemsize
        if isinstance(value.type, ir.VectorType) and step == 1:
            value = (
                self.builder.zext(value, ir.VectorType(BYTE, value.type.count)) if value.type.element == BIT else value
            )
            self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer()), align=1)
            return
        for w, part in enumerate(apart(self.builder, value)):
            self.store(part, self.builder.gep(pointer, [ir.Constant(INDEX, w * step)]))

    def _reduction(self, step: Reduction) -> None:
        shape, to, of = in_order(step.source.array.shape, step.target.array.strides, step.source.array.strides)
        target = step.target.buffer, step.target.offset, to
        source = step.source.buffer, step.source.offset, of
        dtype = step.source.array.dtype
        start, inner = self.arithmetic.constant(step.start, dtype), not to[-1]
        alone = inner and all(to[:-1])  # each result is of one row
        if not alone:
            with ExitStack() as stack:
                kept = [n if stride else 1 for n, stride in zip(shape, to, strict=True)]
                self.store(start, self.at(*target, self.loops(stack, kept)))
        with ExitStack() as stack:
            index = self.loops(stack, shape[:-1] if inner else shape)
            place, first = ((self.at(*x[:2], x[2][: len(index)], index)) for x in (target, source))
            so_far = start if alone else self.load(place)
            stride = of[-1] // dtype.itemsize
            term = self._row(step.operation, first, shape[-1], stride, dtype) if inner else self.load(first)
            self.store(self.arithmetic.compute(step.operation, dtype, [so_far, term]), place)

    def _row(self, operation: str, first: Any, n: int, stride: int, dtype: Any) -> Any:
        """Return the sum, or the like, of numbers in a row: sums in NumPy's order."""
        builder, arithmetic = self.builder, self.arithmetic
        if operation == "add" and dtype.kind == "f" and n >= 8:
            return builder.call(self._pairwise(dtype), [first, ir.Constant(INDEX, n), ir.Constant(INDEX, stride)])
        lanes = 8 if n >= 16 and operation != "multiply" else 1
        total = [self._lanes(first, ir.Constant(INDEX, 0), stride, lanes)]
        if n >= 2 * lanes:
            variable = cgutils.alloca_once(builder, total[0].type)
            builder.store(total[0], variable)
            with cgutils.for_range(builder, ir.Constant(INDEX, n // lanes - 1)) as each:
                place = builder.mul(builder.add(each.index, ir.Constant(INDEX, 1)), ir.Constant(INDEX, lanes))
                following = self._lanes(first, place, stride, lanes)
                builder.store(arithmetic.compute(operation, dtype, [builder.load(variable), following]), variable)
            total = [builder.load(variable)]
        found, *rest = apart(builder, total[0])
        last = [self.load(builder.gep(first, [ir.Constant(INDEX, i * stride)])) for i in range(n - n % lanes, n)]
        for other in (*rest, *last):
            found = arithmetic.compute(operation, dtype, [found, other])
        return found

    def _lanes(self, first: Any, place: Any, stride: int, lanes: int) -> Any:
        """Return several numbers of a row side by side."""
        builder = self.builder
        if stride == 1 and lanes > 1 and first.type.pointee != BYTE:
            return self.load_vector(builder.gep(first, [place]), lanes)
        start = builder.gep(first, [builder.mul(place, ir.Constant(INDEX, stride))])
        return together(
            builder, [self.load(builder.gep(start, [ir.Constant(INDEX, w * stride)])) for w in range(lanes)]
        )

    def load_vector(self, pointer: Any, lanes: int) -> Any:
        """Return numbers that lie side by side in memory."""
        kind = ir.VectorType(pointer.type.pointee, lanes)
        return self.builder.load(self.builder.bitcast(pointer, kind.as_pointer()), align=1)

    def _pairwise(self, dtype: Any) -> Any:
        """Return NumPy's function that sums numbers in a row: eight sums side by side; of longer rows two halves."""
        kind = _memory(dtype)
        name = f"plaingrad_pairwise_{dtype.name}"
        module = self.builder.module
        if name in module.globals:
            return module.globals[name]
        function = ir.Function(module, ir.FunctionType(kind, [kind.as_pointer(), INDEX, INDEX]), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        first, n, stride = function.args
        outer, outer_arithmetic = self.builder, self.arithmetic
        self.builder = builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.arithmetic = Arithmetic(outer_arithmetic.context, builder)
        eight = ir.Constant(INDEX, 8)
        with builder.if_then(builder.icmp_signed(">", n, ir.Constant(INDEX, BLOCK))):
            half = builder.sdiv(n, ir.Constant(INDEX, 2))
            half = builder.sub(half, builder.srem(half, eight))
            rest = builder.gep(first, [builder.mul(half, stride)])
            parts = [
                builder.call(function, [first, half, stride]),
                builder.call(function, [rest, builder.sub(n, half), stride]),
            ]
            builder.ret(builder.fadd(*parts))
        whole = builder.sub(n, builder.srem(n, eight))
        variable = cgutils.alloca_once(builder, kind)
        with builder.if_else(builder.icmp_signed("==", stride, ir.Constant(INDEX, 1))) as (dense, spread):
            for branch, step in ((dense, 1), (spread, None)):
                with branch:
                    self._eight(first, whole, stride, step, kind, variable)
        with cgutils.for_range_slice(builder, whole, n, ir.Constant(INDEX, 1)) as (i, _):
            term = self.load(builder.gep(first, [builder.mul(i, stride)]))
            builder.store(builder.fadd(builder.load(variable), term), variable)
        builder.ret(builder.load(variable))
        self.builder, self.arithmetic = outer, outer_arithmetic
        return function

    def _eight(self, first: Any, whole: Any, stride: Any, step: int | None, kind: Any, result: Any) -> None:
        """Add up a row whose length is a multiple of eight."""
        builder = self.builder

        def eight(i: Any) -> Any:
            if step == 1:
                return self.load_vector(builder.gep(first, [i]), 8)
            places = [builder.mul(builder.add(i, ir.Constant(INDEX, w)), stride) for w in range(8)]
            return together(builder, [self.load(builder.gep(first, [place])) for place in places])

        sums = cgutils.alloca_once(builder, ir.VectorType(kind, 8))
        builder.store(eight(ir.Constant(INDEX, 0)), sums)
        with cgutils.for_range_slice(builder, ir.Constant(INDEX, 8), whole, ir.Constant(INDEX, 8)) as (i, _):
            builder.store(builder.fadd(builder.load(sums), eight(i)), sums)
        builder.store(halved(builder, apart(builder, builder.load(sums))), result)

    def _gather(self, step: Gather) -> None:
        builder, target = self.builder, step.target
        size = target.array.itemsize
        table = _table(builder, [int(x) // size for x in step.places.ravel()], INDEX)
        counted = np.empty(step.places.shape, np.int64)
        with ExitStack() as stack:
            index = self.loops(stack, counted.shape)
            place: Any = ir.Constant(INDEX, 0)
            for stride, i in zip(counted.strides, index, strict=True):
                place = builder.add(place, builder.mul(i, ir.Constant(INDEX, stride // 8)))
            source = builder.gep(self.pointers[id(step.source)], [builder.load(builder.gep(table, [place]))])
            to = self.at(target.buffer, target.offset, target.array.strides, index)
            builder.store(builder.load(source, align=1), to, align=1)

    def _held(self, step: Held) -> Any:
        builder, view = self.builder, step.view
        found: Any = ir.Constant(BIT, 1)
        if not view.array.size:
            return found
        values = [x.item() for x in step.expected.ravel()]
        table = _table(builder, values, _memory(view.array.dtype))
        held = cgutils.alloca_once_value(builder, found)
        counted = np.empty(view.array.shape, np.int64)
        with ExitStack() as stack:
            index = self.loops(stack, view.array.shape)
            place: Any = ir.Constant(INDEX, 0)
            for stride, i in zip(counted.strides, index, strict=True):
                place = builder.add(place, builder.mul(i, ir.Constant(INDEX, stride // 8)))
            x = self.load(self.at(view.buffer, view.offset, view.array.strides, index))
            wanted = self.load(builder.gep(table, [place]))
            same = self.arithmetic.compute("==", np.dtype(bool), [x, wanted])
            builder.store(builder.and_(builder.load(held), same), held)
        return builder.load(held)


def _offset(buffer: Buffer, array: Any) -> int:
    return View(buffer, array).offset
