"""Nests: the body of a loop as loop nests over its arrays, for bodies too large to spell out number by number.

Each array of the body lies in a buffer: of scratch memory, or an argument, or directly in a result. Views are views of
the same buffer. Elementwise calls on arrays of one shape become one nest, whose values stay in registers. What depends
on nothing that changes is computed once, before the first iteration.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..floats import TracedFloat
from ..loops.loop import Carried, Input, Loop, Part, Same, Unsuitable
from ..loops.parts import all_positions
from ..numpy_calls import WRITERS
from ..passes import COPIES, replaced
from ..program import Call, Check, Traced, Variable, traced_in
from ..recorder import layout_of
from ..types import Array
from .elements import MAKERS, MOVES, dtype_of, kind_of
from .nest_places import cut_in, cuts_in, shape_of, strides_of
from .nest_steps import Buffer, Gather, Held, Nest, Product, Reduction, Scatter, Step, View, axes_in_order, in_order
from .nest_tiles import tiled
from .reductions import FOLDED, dtype_of_reduction, reduction_of
from .values import BOOL, CLIPS, DTYPES, FILLS, OPERATORS, Values, name_of

LARGEST = 100_000  # elements of an array: with more, NumPy's own calls are as fast
MULTIPLICATIONS = 1 << 20  # of a product of matrices: BLAS is faster for more
STEPS = 400  # which LLVM compiles in a few seconds
Ids = list[Array]

_PRODUCTS = frozenset((np.matmul, np.vecdot, np.dot, np.ndarray.dot, operator.matmul))
_PADDED = frozenset(("constant", "edge", "reflect", "symmetric", "wrap"))
_APART = 1 << 40  # between the offsets of different arrays, where elements are moved


class Body:
    """The steps of a loop.

    Attributes
    ----------
    buffers
        All memory, in order.
    before, steps
        What is computed before the first iteration, and in each.
    parts
        For each input that is a part of an argument, where it begins in the first iteration, in elements.
    after, finals, stacked
        The arrays that are carried on, by the number of the input; the results; and of what is stacked the arrays.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop, self.once = loop, loop.count == 1
        self.buffers: list[Buffer] = []
        self.changed: list[Buffer] = []  # arguments that it writes to
        self.before: list[Step] = []
        self.steps: list[Step] = []
        self.parts: dict[int, int] = {}
        self.views: dict[int, View] = {}
        self.filled: dict[int, list[tuple[View, Any]]] = {}  # of each buffer, the parts that hold one number
        self.written = {id(call.writes) for call in loop.calls if call.writes is not None}
        self.cuts = cuts_in(loop.calls)
        for number, given in enumerate(loop.inputs):
            self._take(number, given)
        for call in loop.calls:
            try:
                self._call(call)
            except Unsuitable as error:
                raise Unsuitable(f"{error} (line {call.line})") from None
            if len(self.steps) > STEPS:
                raise Unsuitable(f"it has more than {STEPS:,} steps on arrays")
        self._end()
        self._forget()

    # Inputs

    def _take(self, number: int, given: Input) -> None:
        x = given.variable
        argument = given.first if isinstance(given, Carried) else given.argument
        kind, shape = dtype_of(x), shape_of(x)
        if kind not in DTYPES or kind != dtype_of(self.loop.arguments[argument]):
            raise Unsuitable(f"it is given an array of dtype {kind}")
        if not isinstance(given, Part) and math.prod(shape_of(self.loop.arguments[argument])) != math.prod(shape):
            raise Unsuitable("it is given an array of another number of elements")
        if isinstance(given, Part):
            self.views[id(x)] = self._part(number, given, kind)
        else:
            role = ("argument", argument) if isinstance(given, Same) else ("carried", number)
            buffer = self._buffer(math.prod(shape), kind, role, fixed=isinstance(given, Same) and not self.once)
            self.views[id(x)] = View(buffer, buffer.array.reshape(shape))
        if isinstance(given, Carried) and id(x.memory) in self.written:  # it is a value of before, that others may have
            self.views[id(x)] = self._copied(self.views[id(x)])
        elif id(getattr(x, "memory", None)) in self.written:
            if not self.loop.fills:
                raise Unsuitable("it writes to an argument")
            self.changed.append(self.views[id(x)].buffer)

    def _part(self, number: int, given: Part, kind: np.dtype[Any]) -> View:
        positions = np.asarray(given.positions)
        first = self.parts[number] = int(positions.min()) if positions.size else 0
        span = int(positions.max()) - first + 1 if positions.size else 0
        buffer = self._buffer(span, kind, ("part", number))
        if given.step == 0:
            buffer.fixed = True
        offsets = (positions - first) * kind.itemsize
        strides = strides_of(offsets)
        if strides is not None:
            start = int(offsets.flat[0]) // kind.itemsize if offsets.size else 0
            return View(buffer, as_strided(buffer.array[start:], positions.shape, strides))
        target = self._made(positions.shape, kind, fixed=buffer.fixed)
        self._step(Gather(target, buffer, offsets), buffer.fixed)
        return target

    # Memory

    def _buffer(self, size: int, dtype: Any, role: tuple[Any, ...] = ("scratch",), *, fixed: bool = False) -> Buffer:
        if role == ("scratch",) and size > LARGEST and not self.loop.fills:
            raise Unsuitable(f"it has an array of {size:,} numbers, where NumPy is as fast")
        self.buffers.append(Buffer(np.empty(size, dtype), role, fixed))
        return self.buffers[-1]

    def _made(self, shape: tuple[int, ...], dtype: Any, like: Any = None, *, fixed: bool = False) -> View:
        """Return a new array: of the layout of another, if it is dense."""
        buffer = self._buffer(math.prod(shape), dtype, fixed=fixed)
        if like is None or like.flags.c_contiguous or not buffer.array.size:
            buffer.whole = buffer.array.reshape(shape)
            return View(buffer, buffer.whole)
        order = [a for a, n in enumerate(shape) if n == 1] + axes_in_order(shape, like.strides)[::-1]
        array = buffer.array.reshape([shape[a] for a in order])
        return View(buffer, array.transpose(np.argsort(order)))

    def _result(self, call: Call, *, fixed: bool) -> View:
        """Return the array that a call writes to: one that is there, or a new one."""
        x = call.result
        if not isinstance(x, Traced) or x.dtype not in DTYPES:
            raise Unsuitable(f"it calls {name_of(call.function)}, which gives {getattr(x, 'dtype', 'several arrays')}")
        if call.writes is not None:
            out = call.kwargs.get("out", x)
            self.views[id(x)] = self._view(out[0] if type(out) is tuple else out)
        else:
            like = x.value if isinstance(x.value, np.ndarray) else None
            fixed = fixed and id(x.memory) not in self.written
            self.views[id(x)] = self._made(shape_of(x), x.dtype, like, fixed=fixed)
        return self.views[id(x)]

    def _view(self, x: Any) -> View:
        if id(x) in self.views:
            return self.views[id(x)]
        if isinstance(x, np.ndarray) and x.size <= LARGEST:
            buffer = self._buffer(x.size, x.dtype, ("constant", np.ascontiguousarray(x)), fixed=True)
            return View(buffer, buffer.array.reshape(x.shape))
        raise Unsuitable(f"it uses a {type(x).__name__} of unknown origin")

    def _operand(self, x: Any) -> Any:
        """Return an array as what it is here, and a number as it is."""
        if isinstance(x, Traced | TracedFloat) or (isinstance(x, np.ndarray) and x.ndim):
            view = self._view(x)
            if view.array.dtype not in DTYPES:
                raise Unsuitable(f"it computes with dtype {view.array.dtype}")
            return view
        return x[()] if isinstance(x, np.ndarray) else x

    # Steps

    def _step(self, step: Step, fixed: bool) -> None:
        (self.before if fixed else self.steps).append(step)
        for view in step.writes:
            self._overwrite(view)

    def _map(self, target: View, operands: Sequence[Any], compute: Callable[[Values, Ids], Any]) -> None:
        """Compute each element of an array from those of others, and from numbers."""
        if not target.array.size:
            return
        shape = target.array.shape
        reads = [x.over(shape) for x in operands if isinstance(x, View)]
        if any(x.meets(target) and x.place() != target.place() for x in reads):
            between = self._made(shape, target.array.dtype)
            self._map(between, operands, compute)
            self._map(target, [between], _first)
            return
        for part in self._parts(target):
            values = [View(x.buffer, x.over(shape).array[part]) if isinstance(x, View) else x for x in operands]
            self._map_part(View(target.buffer, target.array[part]), values, compute)

    def _parts(self, target: View) -> list[Any]:
        """Return the parts in which an array is computed, as indices: those that are written alone elsewhere."""
        whole = target.buffer.whole
        cuts = self.cuts.get(whole.shape) if whole is not None else None
        box = target.box() if cuts else None
        if not cuts or box is None:
            return [(...,)]
        parts: list[Any] = [()]
        for (low, high), places in zip(box, cuts, strict=True):
            ends = [0, *(place - low for place in places if low < place < high), high - low]
            parts = [(*part, slice(*pair)) for part in parts for pair in pairwise(ends)]
        return parts

    def _map_part(self, target: View, operands: Sequence[Any], compute: Callable[[Values, Ids], Any]) -> None:
        operands = [self._number_in(x) if isinstance(x, View) else x for x in operands]
        reads, fixed = [x for x in operands if isinstance(x, View)], target.buffer.fixed
        nest = self._nest(self.before if fixed else self.steps, reads, target)
        values = nest.values
        ids = [
            np.asarray(nest.load(x) if isinstance(x, View) else values.number(x, dtype_of(x)), np.int64)
            for x in operands
        ]
        made = int(values.cast(np.asarray(compute(values, ids)), target.array.dtype)[()])
        nest.store(target, made)
        self._overwrite(target)
        if values.constant(made) is not None:
            number = target.array.dtype.type(values.constant(made))
            self.filled.setdefault(id(target.buffer), []).append((target, number))

    def _overwrite(self, target: View) -> None:
        known = self.filled.get(id(target.buffer))
        if known:
            known[:] = [(view, number) for view, number in known if not view.meets(target)]

    def _number_in(self, x: View) -> Any:
        """Return the number that each element of an array is, if that is known, else the array."""
        for view, number in self.filled.get(id(x.buffer), ()):
            if view.place() == x.place() and view.array.shape == x.array.shape:
                return number
        return x

    def _nest(self, steps: list[Step], reads: list[View], target: View) -> Nest:
        """Return the nest that an operation becomes part of: the last that it can be moved to, or a new one."""
        for step in reversed(steps):
            if isinstance(step, Nest) and step.shape == target.array.shape and step.takes(reads, target):
                return step
            if step.is_before(reads, target):
                break
        steps.append(Nest(target.array.shape))
        return steps[-1]  # type: ignore[return-value]

    def _copied(self, x: View, *, once: bool = True) -> View:
        target = self._made(x.array.shape, x.array.dtype, fixed=once and x.buffer.fixed)
        self._map(target, [x], _first)
        return target

    # Calls

    def _call(self, call: Call) -> None:
        if isinstance(call, Check):
            self._check(call)
        elif type(call) is not Call:
            raise Unsuitable(f"it calls {name_of(call.function)}")
        elif call.view:
            self._show(call)
        elif call.writes is not None and call.result is None:
            self._write(call)
        else:
            self._compute(call)

    def _check(self, call: Check) -> None:
        x = call.args[0]
        if call.function is layout_of:
            if (shape_of(x), x.dtype) != call.expected:
                raise Unsuitable("it has a shape that depends on values")
            return
        expected, view = np.asarray(call.expected), self._view(x)
        if expected.dtype not in DTYPES or expected.dtype != view.array.dtype or expected.shape != view.array.shape:
            raise Unsuitable(f"it depends on the value of an array of dtype {expected.dtype}")
        self._step(Held(view, expected), view.buffer.fixed)

    def _show(self, call: Call) -> None:
        """Make a view by NumPy itself, of the stand-in."""
        if call.function is operator.getitem and traced_in(call.args[1]):
            raise Unsuitable("it has an index that is computed")
        views = {id(x): self._view(x) for x in call.reads()}
        arrays = {key: view.array for key, view in views.items()}
        args, kwargs = replaced(arrays, call.args), replaced(arrays, call.kwargs)
        made = _apply(call.function, args, kwargs)
        several = made if isinstance(made, tuple | list) else (made,)
        for x, array in zip(traced_in(call.result), several, strict=True):
            base = next((v.buffer for v in views.values() if np.may_share_memory(v.buffer.array, array)), None)
            if base is None and array.size:
                raise Unsuitable(f"it calls {name_of(call.function)}, which copies")
            if array.dtype != x.dtype or (base is not None and array.dtype != base.array.dtype):
                raise Unsuitable(f"it calls {name_of(call.function)}, which changes the dtype")
            self.views[id(x)] = self._made(array.shape, array.dtype) if base is None else View(base, array)

    def _write(self, call: Call) -> None:
        """Write to part of an array."""
        function, (target, *rest) = call.function, call.args
        view, given = self._view(target), self._operand(rest[-1])
        at = function == np.add.at
        if function is np.copyto and not call.kwargs:
            part = view.array
        elif at or (function in WRITERS and name_of(function) in ("setitem", "flat_setitem")):
            if traced_in(rest[0]):
                raise Unsuitable("it has an index that is computed")
            flat = view.array.reshape(-1) if name_of(function) == "flat_setitem" else view.array
            part = flat[rest[0]]
            if not isinstance(part, np.ndarray):  # of one element, which NumPy gives as a number
                part = flat[(*rest[0], ...) if type(rest[0]) is tuple else (rest[0], ...)]
            if at or (part.size and not np.may_share_memory(part, view.array)):
                self._scatter(View(view.buffer, flat), rest[0], given, adds=at)
                return
        else:
            raise Unsuitable(f"it calls {name_of(function)}")
        to = View(view.buffer, part)
        if isinstance(given, View):
            given = _without_axes(given, part.ndim)
            if given.buffer is to.buffer and given.place() == to.place():
                return
        self._map(to, [given], _first)

    def _scatter(self, target: View, key: Any, given: Any, *, adds: bool) -> None:
        """Write to elements at known places, or add to them."""
        if not np.may_share_memory(target.array, target.buffer.array):
            raise Unsuitable("it writes to a copy")
        places, dtype = np.asarray(self._offsets(target)[key]), target.array.dtype
        if not places.size:
            return
        if isinstance(given, View):
            given = _without_axes(given, places.ndim)
        if not isinstance(given, View) or given.array.dtype != dtype or given.buffer is target.buffer:
            shape = given.array.shape if isinstance(given, View) else ()
            values = self._made(shape, dtype, fixed=target.buffer.fixed)
            self._map(values, [given], _first)
            given = values
        self._step(Scatter(target, places, given, adds=adds), target.buffer.fixed)

    def _compute(self, call: Call) -> None:
        function, args, kwargs = OPERATORS.get(call.function, call.function), call.args, dict(call.kwargs)
        kwargs.pop("out", None)
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if reduction_of(function) is not None:
            self._reduce(call, function, kwargs)
        elif function is np.einsum and args[0] == "...i->..." and len(args) == 2 and not kwargs:
            self._reduce(call, np.add.reduce, {"axis": -1}, args[1:])
        elif function in FILLS or function in (np.full, np.full_like):
            self._fill(call, function, kwargs)
        elif function in _PRODUCTS and not kwargs and len(args) == 2:
            self._multiply(call, function)
        elif isinstance(function, np.ufunc) and len(args) == function.nin and not kwargs.keys() - {"dtype", "casting"}:
            self._ufunc(call, function, [self._operand(x) for x in args], kwargs)
        elif (function is np.outer or (isinstance(owner, np.ufunc) and name == "outer")) and not kwargs:
            self._outer(call, owner if isinstance(owner, np.ufunc) else np.multiply, flat=function is np.outer)
        elif function is np.where and len(args) == 3:
            dtype = call.result.dtype
            self._elementwise(
                call,
                [_as(self._operand(x), dtype) if i else self._operand(x) for i, x in enumerate(args)],
                lambda v, ids: v.where(ids[0], ids[1], ids[2], dtype),
            )
        elif function in CLIPS and len(args) == 3 and not kwargs:
            self._clip(call)
        elif function in COPIES and isinstance(args[0], Traced) and shape_of(args[0]) == shape_of(call.result):
            self._elementwise(call, [self._operand(args[0])], _first)
        else:
            self._move(call, function, kwargs)

    def _elementwise(self, call: Call, operands: list[Any], compute: Callable[[Values, Ids], Any]) -> None:
        fixed = all(x.buffer.fixed for x in operands if isinstance(x, View))
        self._map(self._result(call, fixed=fixed), operands, compute)

    def _ufunc(self, call: Call, function: np.ufunc, operands: list[Any], kwargs: dict[str, Any]) -> None:
        kinds = [float if isinstance(x, TracedFloat) else _kind(y) for x, y in zip(call.args, operands, strict=True)]

        def compute(values: Values, ids: Ids) -> Any:
            made = values.ufunc(function, ids, kinds)
            if "dtype" in kwargs and values.dtypes[int(made[()])] != kwargs["dtype"]:  # which operands are cast to
                raise Unsuitable(f"it calls {name_of(function)} with a dtype")
            return made

        self._elementwise(call, operands, compute)

    def _outer(self, call: Call, function: np.ufunc, *, flat: bool) -> None:
        a, b = (self._operand(x) for x in call.args)
        if not isinstance(a, View) or not isinstance(b, View):
            raise Unsuitable(f"it calls {name_of(call.function)} of a number")
        if flat:
            a, b = (self._reshaped(x, (-1,)) for x in (a, b))
        tall = View(a.buffer, a.array.reshape(a.array.shape + (1,) * b.array.ndim))
        self._ufunc(call, function, [tall, b], {})

    def _clip(self, call: Call) -> None:
        dtype = call.result.dtype
        x, low, high = (self._operand(x) for x in call.args)
        names = [name for name, bound in (("maximum", low), ("minimum", high)) if bound is not None]
        bounds = [_as(bound, dtype) for bound in (low, high) if bound is not None]
        if not isinstance(x, View) or any(np.result_type(dtype, _kind(y)) != dtype for y in (x, *bounds)):
            raise Unsuitable("it calls clip with another dtype")

        def compute(values: Values, ids: Ids) -> Any:
            made, *rest = ids
            for name, bound in zip(names, rest, strict=True):
                made = values.each(name, dtype, made, bound)
            return made

        self._elementwise(call, [x, *bounds], compute)

    def _fill(self, call: Call, function: Any, kwargs: dict[str, Any]) -> None:
        target = self._result(call, fixed=True)
        if function in FILLS:
            number = FILLS[function]
        else:
            number = self._operand(kwargs.get("fill_value", call.args[1] if len(call.args) > 1 else None))
        if isinstance(number, View):
            target.buffer.fixed = target.buffer.fixed and number.buffer.fixed
        if number is not None:
            self._map(target, [_as(number, target.array.dtype)], _first)

    def _reduce(self, call: Call, function: Any, kwargs: dict[str, Any], args: tuple[Any, ...] | None = None) -> None:
        args = call.args if args is None else args
        view, name = self._operand(args[0]), str(reduction_of(function))
        keepdims = kwargs.pop("keepdims", False)
        first = 0 if isinstance(getattr(function, "__self__", None), np.ufunc) else None
        axis = kwargs.pop("axis", args[1] if len(args) > 1 else first)
        asked = kwargs.pop("dtype", None)
        if kwargs or len(args) > 2 or not isinstance(view, View) or name not in FOLDED:
            raise Unsuitable(f"it calls {name} with more than an axis")
        source = view.array
        dtype = dtype_of_reduction(name, source.dtype) if asked is None or name in ("any", "all") else np.dtype(asked)
        axes = tuple(range(source.ndim)) if axis is None else tuple(int(a) % source.ndim for a in np.atleast_1d(axis))
        target = self._result(call, fixed=view.buffer.fixed)
        if target.array.dtype != dtype or (dtype == BOOL and name in ("sum", "mean", "prod")):
            raise Unsuitable(f"it calls {name_of(function)} with a dtype")
        _, apart, _ = in_order(
            source.shape, [0 if a in axes else 1 << (source.ndim - a) for a in range(source.ndim)], source.strides
        )
        rows = next((k for k, stride in enumerate(reversed(apart)) if stride), len(apart))
        if source.dtype != dtype or view.buffer is target.buffer or rows > 1:  # NumPy, too, adds up a copy
            view = self._cast(view, dtype)
        if keepdims:
            kept = tuple(0 if a in axes else slice(None) for a in range(source.ndim))
            to = View(target.buffer, target.array[(*kept, ...)])
        else:
            to = target
        operation = FOLDED[name]
        start = _start(operation, dtype)
        if not source.size:
            if name in ("max", "min") and to.array.size:
                raise Unsuitable(f"it calls {name_of(function)} of nothing")
            self._map(to, [start], _first)
        else:
            self._step(Reduction(operation, to, view, axes, start.item()), to.buffer.fixed)
        if name == "mean":
            count = math.prod(source.shape[a] for a in axes)
            self._map(to, [to, dtype.type(count)], lambda values, ids: values.each("divide", dtype, *ids))

    def _cast(self, view: View, dtype: Any) -> View:
        target = self._made(view.array.shape, dtype, view.array, fixed=view.buffer.fixed)
        self._map(target, [view], _first)
        return target

    def _multiply(self, call: Call, function: Any) -> None:
        operands = [self._operand(x) for x in call.args]
        dtype = call.result.dtype
        if dtype.kind != "f" or not all(isinstance(x, View) for x in operands):
            raise Unsuitable(f"it calls {name_of(function)} of dtype {dtype}")
        a, b = (x if x.array.dtype == dtype else self._cast(x, dtype) for x in operands)
        if not a.array.ndim or not b.array.ndim:
            self._ufunc(call, np.multiply, [a, b], {})
            return
        if function is np.vecdot and self.loop.fills:
            products, target = (
                self._made(np.broadcast_shapes(a.array.shape, b.array.shape), dtype),
                self._result(call, fixed=False),
            )
            self._map(products, [a, b], lambda values, ids: values.each("multiply", dtype, *ids))
            self._step(
                Reduction("add", target, products, (products.array.ndim - 1,), _start("add", dtype).item()), False
            )
            return
        if function is np.vecdot:
            rows, columns = a.array[..., None, :], b.array[..., :, None]
        elif function not in (np.matmul, operator.matmul) and b.array.ndim > 2:
            raise Unsuitable(f"it calls {name_of(function)} of an array of {b.array.ndim} axes")
        else:
            rows = a.array[None, :] if a.array.ndim == 1 else a.array
            columns = b.array[:, None] if b.array.ndim == 1 else b.array
        fixed = a.buffer.fixed and b.buffer.fixed
        target = self._result(call, fixed=fixed)
        stack = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
        shape = (*stack, rows.shape[-2], columns.shape[-1])
        if math.prod(shape) * rows.shape[-1] > MULTIPLICATIONS:
            raise Unsuitable(f"it calls {name_of(function)} of large matrices, where BLAS is faster")
        if not rows.shape[-1]:
            self._map(target, [dtype.type(0)], _first)
            return
        if not math.prod(shape):
            return
        whole = target
        if any(x.buffer is target.buffer for x in (a, b)):
            whole = self._made(target.array.shape, dtype)
        left, right = self._in_order(View(a.buffer, rows), View(b.buffer, columns))
        to = View(whole.buffer, whole.array.reshape(shape) if whole.array.shape != shape else whole.array)
        left, right = (View(x.buffer, np.broadcast_to(x.array, (*stack, *x.array.shape[-2:]))) for x in (left, right))
        self._step(Product(to, left, right), target.buffer.fixed)
        if whole is not target:
            self._map(target, [whole], _first)

    def _in_order(self, a: View, b: View) -> tuple[View, View]:
        """Lay out a matrix that stays the same, once, such that one of the matrices has neighbours side by side."""
        size = a.array.dtype.itemsize
        (m, k), n = a.array.shape[-2:], b.array.shape[-1]
        if (n > 1 and b.array.strides[-1] == size) or (m > 1 and a.array.strides[-2] == size) or k == 1:
            return a, b
        if b.buffer.fixed and n > 1:
            return a, self._copied(b)
        if a.buffer.fixed and m > 1:
            turned = self._copied(View(a.buffer, a.array.swapaxes(-1, -2)))
            return View(turned.buffer, turned.array.swapaxes(-1, -2)), b
        return a, b

    def _reshaped(self, x: View, shape: tuple[int, ...]) -> View:
        made = x.array.reshape(shape)
        if np.may_share_memory(made, x.buffer.array) or not made.size:
            return View(x.buffer, made)
        copy = self._copied(x)
        return View(copy.buffer, copy.array.reshape(shape))

    def _move(self, call: Call, function: Any, kwargs: dict[str, Any]) -> None:
        """Move elements: the function itself says where they come from, from arrays of offsets."""
        known = function in MOVES or function is np.pad or getattr(function, "name", "") in ("T", "mT", "real")
        if not known:
            raise Unsuitable(f"it calls {name_of(function)}")
        kwargs = {name: x for name, x in kwargs.items() if name not in ("dtype", "casting", "order", "copy")}
        key = () if function in MAKERS else call.args[1:]
        if function is np.pad:
            kwargs.setdefault("mode", key[1] if len(key) > 1 else "constant")
            key = key[:1]
            if "reflect_type" in kwargs or type(kwargs["mode"]) is not str or kwargs["mode"] not in _PADDED:
                raise Unsuitable("it calls pad in a way that is not known")
            if kwargs["mode"] == "constant":
                kwargs.setdefault("constant_values", 0)
        if traced_in(key):
            raise Unsuitable("it has an index that is computed")
        sources: list[Any] = []
        first = self._sources(call.args[0], sources)
        if "constant_values" in kwargs:
            kwargs["constant_values"] = self._sources(kwargs["constant_values"], sources)
        if traced_in((list(kwargs.values()),)):
            raise Unsuitable(f"it calls {name_of(function)} in a way that is not known")
        made = _apply(function, (first, *key), kwargs)
        fixed = all(x.buffer.fixed for x in sources if isinstance(x, View))
        results = traced_in(call.result)
        several = made if isinstance(call.result, tuple | list) else (made,)
        for x, table in zip(results, several, strict=True):
            one = Call(call.function, call.args, call.kwargs, x, call.writes, False, call.line, call.errors)
            target = self._result(one, fixed=fixed)
            table = np.asarray(table).astype(np.int64)
            if table.shape != target.array.shape:
                raise Unsuitable(f"it calls {name_of(function)} in a way that is not known")
            if call.writes is not None and any(isinstance(y, View) and y.meets(target) for y in sources):
                raise Unsuitable(f"it calls {name_of(function)} to memory that it reads")
            if table.size:
                self._fetch(target, table, sources)

    def _sources(self, tree: Any, sources: list[Any]) -> Any:
        """Return arrays with the offset of each element in its buffer, those of each operand far from all others."""
        if type(tree) in (list, tuple):
            return [self._sources(part, sources) for part in tree]
        x = self._operand(tree)
        base = len(sources) * _APART
        sources.append(x)
        if isinstance(x, View):
            return self._offsets(x) + base
        if kind_of(x) not in (int, float) and dtype_of(x) not in DTYPES:
            raise Unsuitable(f"it computes with {x!r}")
        return np.asarray(base)

    def _offsets(self, x: View) -> Array:
        if x.array.size > LARGEST:
            raise Unsuitable(f"it has an array of {x.array.size:,} numbers, where NumPy is as fast")
        return all_positions(x.offset, x.array.shape, x.array.strides)

    def _fetch(self, target: View, table: Array, sources: list[Any], depth: int = 0) -> None:
        """Copy elements from where a table says: by slices where there are few, else one by one."""
        owners, offsets = np.divmod(table, _APART)
        owner, strides = sources[int(owners.flat[0])], strides_of(offsets)
        alone = (owners == owners.flat[0]).all()
        if alone and not isinstance(owner, View):
            self._map(target, [_as(owner, target.array.dtype)], _first)
        elif alone and strides is not None:
            whole = owner.buffer.array
            start = whole.view(np.uint8)[int(offsets.flat[0]) :][: whole.itemsize].view(whole.dtype)
            self._map(target, [View(owner.buffer, as_strided(start, table.shape, strides))], _first)
        elif (cut := cut_in(owners, offsets)) is not None and depth < 2 * table.ndim + 2:
            axis, places = cut
            ends = [0, *places, table.shape[axis]]
            for low, high in pairwise(ends):
                part = (slice(None),) * axis + (slice(low, high),)
                self._fetch(View(target.buffer, target.array[part]), table[part], sources, depth + 1)
        elif alone:
            if owner.array.dtype != target.array.dtype:
                raise Unsuitable("it takes elements of another dtype")
            self._step(Gather(target, owner.buffer, offsets), target.buffer.fixed)
        else:
            raise Unsuitable("it takes elements of several arrays in no order")

    # Ends

    def _end(self) -> None:
        """Give what the body makes for the next iteration, and for the results, its place."""
        loop = self.loop
        self.after: dict[int, View] = {}
        for number, given in enumerate(loop.inputs):
            if isinstance(given, Carried):
                view = self._view(given.after)
                if view.array.shape != shape_of(given.variable) or view.array.dtype != dtype_of(given.variable):
                    raise Unsuitable("what is carried changes its shape or dtype")
                self.after[number] = self._kept(view)
        self.finals = [] if self.once else [self._kept(self._view(x)) for x in loop.finals]
        for number, x in enumerate(loop.finals if self.once else ()):
            self._put(self._view(x), ("final", number))
        for number, (x, _) in enumerate(loop.stacked):
            self._put(self._view(x), ("row", number))
        for number, view in self.after.items():
            self._carry_on(number, view.buffer)

    def _put(self, view: View, role: tuple[Any, ...]) -> None:
        """Let an array lie in a result, or copy it there."""
        if view.is_whole() and view.buffer.role == ("scratch",) and not view.buffer.fixed:
            view.buffer.role = role
        else:
            buffer = self._buffer(view.array.size, view.array.dtype, role)
            self._map(View(buffer, buffer.array.reshape(view.array.shape)), [view], _first)

    def _kept(self, view: View) -> View:
        """Return an array as one that is all of its buffer, and that nothing else writes to while it is carried."""
        return view if view.is_whole() and view.buffer.role[0] != "constant" else self._copied(view, once=False)

    def _carry_on(self, number: int, buffer: Buffer, age: int = 1) -> None:
        """Note to how many iterations a buffer is carried on, by values that are carried from one input to another."""
        if buffer.fixed or buffer.role[0] not in ("scratch", "next"):
            return
        known = buffer.role[1] if buffer.role[0] == "next" else 0
        buffer.role = ("next", max(known, age))
        for other, view in self.after.items():
            if view.buffer.role == ("carried", number) and age <= len(self.after):
                self._carry_on(other, buffer, age + 1)

    def first_of(self, x: Variable) -> int | None:
        """Return the argument that a final value is if there is no iteration: what is carried to the first."""
        inputs = self.loop.inputs
        carried = [given for given in inputs if isinstance(given, Carried)]
        found = [given.first for given in carried if given.after is x]
        found += [given.first for given in carried if given.variable is x]
        found += [given.argument for given in inputs if isinstance(given, Same) and given.variable is x]
        return found[0] if found else None

    def results(self) -> list[Buffer]:
        """Return the buffers that something reads after an iteration."""
        ends = [view.buffer for view in (*self.after.values(), *self.finals)]
        return ends + self.changed + [buffer for buffer in self.buffers if buffer.role[0] in ("row", "final")]

    def _forget(self) -> None:
        """Forget what nothing needs: values that are written, steps, and buffers."""
        used = {id(buffer) for buffer in self.results()}
        results, read = set(used), dict[int, list[View]]()

        def needed(view: View) -> bool:
            key = id(view.buffer)
            return key in results or any(view.meets(other) for other in read.get(key, ()))

        for steps in (self.steps, self.before):
            kept = []
            for step in reversed(steps):
                step.forget(needed)
                if isinstance(step, Held) or step.writes:
                    kept.append(step)
                    for view in step.reads:
                        read.setdefault(id(view.buffer), []).append(view)
                    used |= {id(view.buffer) for view in (*step.reads, *step.writes)}
            steps[:] = kept[::-1]
        self.buffers = [buffer for buffer in self.buffers if id(buffer) in used]
        if self.loop.fills:
            self.steps = tiled(self.steps, self.results())

    def text(self) -> str:
        """Return all that machine code depends on as text."""
        names = {id(buffer): f"b{i}" for i, buffer in enumerate(self.buffers)}
        lines = [f"argument {dtype_of(x)}" for x in self.loop.arguments]
        for buffer in self.buffers:
            role = buffer.role if buffer.role[0] != "constant" else ("constant", buffer.role[1].tolist())
            lines.append(f"{names[id(buffer)]}: {buffer.array.size} {buffer.array.dtype} {role} {buffer.fixed}")
        for number, given in enumerate(self.loop.inputs):
            if isinstance(given, Part):
                lines.append(f"part {number}: {given.argument} {self.parts[number]} {given.step} {given.backwards}")
            elif isinstance(given, Carried):
                lines.append(f"carried {number}: {given.first} {names.get(id(self.after[number].buffer))}")
        for x, view in zip(self.loop.finals, self.finals, strict=False):
            lines.append(f"final {names.get(id(view.buffer))} {self.first_of(x)}")
        lines += [f"stacked {backwards}" for _, backwards in self.loop.stacked]
        for label, steps in (("before", self.before), ("each", self.steps)):
            lines += [f"{label}: {step.text(names)}" for step in steps]
        return "\n".join(lines)


def _without_axes(x: View, ndim: int) -> View:
    """Return an array without such first axes as NumPy drops where it writes it to one of fewer axes."""
    return View(x.buffer, x.array.reshape(x.array.shape[x.array.ndim - ndim :])) if x.array.ndim > ndim else x


def _first(values: Values, ids: Ids) -> Any:
    return ids[0]


def _as(x: Any, dtype: np.dtype[Any]) -> Any:
    """Return a number of Python as one of a dtype, which is that of the arrays it meets."""
    with np.errstate(over="ignore"):
        return dtype.type(x) if type(x) in (int, float, bool) else x


def _kind(x: Any) -> Any:
    return x.array.dtype if isinstance(x, View) else kind_of(x)


def _apply(function: Any, args: Any, kwargs: Any) -> Any:
    if getattr(function, "__objclass__", None) is np.ndarray:
        args = (np.asarray(args[0]), *args[1:])
    return function(*args, **kwargs)


def _start(operation: str, dtype: np.dtype[Any]) -> Any:
    """Return what a reduction begins with, as NumPy does: sums with 0, or in some versions with -0."""
    if operation == "add":
        return np.add.reduce(np.full(1, -0.0, dtype))
    if operation in ("multiply", "and"):
        return dtype.type(1)
    if operation == "or" or dtype == BOOL:
        return dtype.type(operation == "minimum")
    ends = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(ends[operation == "minimum"])
