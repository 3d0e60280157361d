"""Bodies: the calls of a loop as steps on arrays.

Each array of the body lies in a buffer: of scratch memory, or an argument. Views are views of the same buffer. The
steps become loop nests, see `nests`, or are spelled out number by number, see `elements`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache, partial, reduce
from inspect import signature
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..floats import TracedFloat
from ..loops.loop import Carried, Input, Loop, Part, Same, Unsuitable
from ..numpy_calls import WRITERS
from ..passes import COPIES
from ..program import CONSTANT, Call, Check, Traced, replaced, traced_in
from ..program import mapped as mapped_in
from ..recorder import layout_of
from ..types import Array, Operand
from .equations import Equations
from .nest_steps import Held, Product, Spelled, View
from .reductions import FOLDED, accumulated, asked, first_extreme, reduction_of
from .step_maker import Ids, StepMaker, as_weak, itself, without_axes
from .values import BOOL, DTYPES, FILLS, INTEGER, OPERATORS, Values, dtype_of, kind_of, name_of, shape_of

MULTIPLICATIONS = 1 << 20  # of a product of matrices: BLAS is faster for more
STEPS = 400  # which LLVM compiles in a few seconds
TRIED = 10_000  # numbers in all arrays of a body that are spelled out to see how many operations they take

# What moves elements, or copies them: the function itself tells where they come from.
MOVES = frozenset((
    operator.getitem, np.stack, np.concatenate, np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.reshape,
    np.transpose, np.matrix_transpose, np.permute_dims, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.broadcast_arrays, np.ravel, np.flip, np.fliplr, np.flipud, np.rot90, np.roll,
    np.diagonal, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.repeat, np.tile, np.take, np.split, np.array_split,
    np.hsplit, np.vsplit, np.unstack, np.asarray, np.asanyarray, np.array, np.copy, np.ascontiguousarray,
    np.asfortranarray, np.real, np.append, np.pad, np.diag, np.diagflat, np.tril, np.triu, np.ndarray.reshape,
    np.ndarray.transpose, np.ndarray.swapaxes, np.ndarray.squeeze, np.ndarray.ravel, np.ndarray.flatten,
    np.ndarray.diagonal, np.ndarray.repeat, np.ndarray.take, np.ndarray.copy, np.ndarray.astype,
))  # fmt: skip
_MAKERS = frozenset((np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray))
_ORDERED = ("reshape", "ravel", "flatten")  # the names of functions that may read elements in another order
_COMPUTED = "it has an index that is computed"
_PADDED = frozenset(("constant", "edge", "reflect", "symmetric", "wrap"))


class Body(StepMaker):
    """The steps of a loop.

    Attributes
    ----------
    views
        The array of each variable, by its identity.
    parts
        For each input that is a part of an argument, where it begins in the first iteration, in elements.
    changed
        The arguments that it writes to.
    is_small
        Whether there are so few numbers that they may be spelled out.
    """

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop)
        self.once = loop.count == 1
        self.changed: list[View] = []
        self.parts: dict[int, int] = {}
        self.views: dict[int, View] = {}
        self.written = {id(call.writes) for call in loop.calls if call.writes is not None}
        self.is_small = sum(x.size for call in loop.calls for x in traced_in(call.result)) <= TRIED
        for number, given in enumerate(loop.inputs):
            self._take(number, given)
        for call in loop.calls:
            self.line = call.line
            try:
                self._call(call)
            except Unsuitable as error:
                raise Unsuitable(f"{error} (line {call.line})") from None
            if len(self.steps) > STEPS and not self.is_small:
                raise Unsuitable(f"it has more than {STEPS:,} steps on arrays")
        for given in loop.inputs:
            if isinstance(given, Carried):
                view = self.view(given.after)
                if view.array.shape != shape_of(given.variable) or view.array.dtype != dtype_of(given.variable):
                    raise Unsuitable("what is carried changes its shape or dtype")

    # Inputs

    def _take(self, number: int, given: Input) -> None:
        x, argument = given.variable, given.argument
        kind, shape = dtype_of(x), shape_of(x)
        if kind not in DTYPES or kind != dtype_of(self.loop.arguments[argument]):
            raise Unsuitable(f"it is given an array of dtype {kind}")
        if not isinstance(given, Part) and math.prod(shape_of(self.loop.arguments[argument])) != math.prod(shape):
            raise Unsuitable("it is given an array of another number of elements")
        if isinstance(given, Part):
            self.views[id(x)] = self._part(number, given, kind)
        else:
            role = ("argument", argument) if isinstance(given, Same) else ("carried", number)
            buffer = self.buffer(math.prod(shape), kind, role, fixed=isinstance(given, Same) and not self.once)
            self.views[id(x)] = View(buffer, buffer.array.reshape(shape))
        if isinstance(given, Carried) and id(x.memory) in self.written:  # it is a value of before, that others may have
            self.views[id(x)] = self.copied(self.views[id(x)])
        elif id(getattr(x, "memory", None)) in self.written:
            if not self.loop.fills:
                raise Unsuitable("it writes to an argument")
            self.changed.append(self.views[id(x)])

    def _part(self, number: int, given: Part, kind: np.dtype[Any]) -> View:
        shape = shape_of(given.variable)
        ends = [stride * (n - 1) for stride, n in zip(given.strides, shape, strict=True)]
        low = sum(end for end in ends if end < 0)
        self.parts[number] = given.start + low
        span = 1 + sum(map(abs, ends)) if math.prod(shape) else 0
        buffer = self.buffer(span, kind, ("part", number), fixed=given.step == 0)
        return View(buffer, as_strided(buffer.array[-low:], shape, [kind.itemsize * s for s in given.strides]))

    # Operands and results

    def view(self, x: Operand) -> View:
        """Return the array of a variable, or a constant one."""
        if id(x) in self.views:
            return self.views[id(x)]
        if isinstance(x, np.ndarray):
            return self.constant(x)
        raise Unsuitable(f"it uses a {type(x).__name__} of unknown origin")

    def _operand(self, x: Any) -> Any:
        """Return an array as what it is here, and a number as it is."""
        if isinstance(x, Traced | TracedFloat) or (isinstance(x, np.ndarray) and x.ndim):
            view = self.view(x)
            if view.array.dtype not in DTYPES:
                raise Unsuitable(f"it computes with dtype {view.array.dtype}")
            return view
        return x[()] if isinstance(x, np.ndarray) else x

    def _array(self, x: Any, dtype: np.dtype[Any] | None = None) -> View:
        """Return an operand as an array, perhaps of another dtype."""
        found = self._operand(x)
        if not isinstance(found, View):
            return self.constant(np.asarray(found, dtype_of(found) if dtype is None else dtype))
        return found if dtype is None or found.array.dtype == dtype else self.cast(found, dtype)

    def _result(self, call: Call, x: Any, *, fixed: bool) -> View:
        """Return the array that a call writes a result to: one that is there, or a new one."""
        if not isinstance(x, Traced) or x.dtype not in DTYPES:
            what = f"dtype {x.dtype}" if isinstance(x, Traced) else "several arrays"
            raise Unsuitable(f"it calls {name_of(call.function)}, which gives {what}")
        if call.writes is not None:
            out = call.kwargs.get("out", x)
            self.views[id(x)] = self.view(out[0] if type(out) is tuple else out)
        else:
            like = x.value if isinstance(x.value, np.ndarray) else None
            fixed = fixed and id(x.memory) not in self.written
            self.views[id(x)] = self.made(shape_of(x), x.dtype, like, fixed=fixed)
        return self.views[id(x)]

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
        expected, view = np.asarray(call.expected), self.view(x)
        if expected.dtype not in DTYPES or expected.dtype != view.array.dtype or expected.shape != view.array.shape:
            raise Unsuitable(f"it depends on the value of an array of dtype {expected.dtype}")
        fixed = view.buffer.fixed
        held, same = self.made((), BOOL, fixed=fixed), self.made(expected.shape, BOOL, fixed=fixed)
        self.map(same, [view, self._operand(expected)], lambda v, ids: v.each("==", view.array.dtype, *ids))
        self.fold(held, same, tuple(range(expected.ndim)), "and")
        self.step(Held(held), fixed)

    def _show(self, call: Call) -> None:
        """Make a view by NumPy itself, of the stand-in."""
        args = call.args
        if call.function is operator.getitem:
            args = (args[0], mapped_in(_known, args[1]))
            if traced_in(args[1]):
                self._element(call, *args)
                return
        views = {id(x): self.view(x) for x in call.reads()}
        arrays = {key: view.array for key, view in views.items()}
        made = _apply(call.function, replaced(arrays, args), replaced(arrays, call.kwargs))
        several = made if isinstance(made, tuple | list) else (made,)
        for x, array in zip(traced_in(call.result), several, strict=True):
            base = next((v.buffer for v in views.values() if np.may_share_memory(v.buffer.array, array)), None)
            if base is None and array.size:
                raise Unsuitable(f"it calls {name_of(call.function)}, which copies")
            if array.dtype != x.dtype or (base is not None and array.dtype != base.array.dtype):
                raise Unsuitable(f"it calls {name_of(call.function)}, which changes the dtype")
            self.views[id(x)] = self.made(array.shape, array.dtype) if base is None else View(base, array)

    # Writing

    def _write(self, call: Call) -> None:
        """Write to an array what `copyto`, ``x[key] = y`` and the like do."""
        function, (target, *rest), kwargs = call.function, call.args, call.kwargs
        name, view = name_of(function), self.view(target)
        if (function not in WRITERS and name != "ufunc.at") or not rest:
            raise Unsuitable(f"it calls {name}")
        given, alone = self._operand(rest[-1]), len(rest) == 1 and not kwargs
        if name == "copyto" and not kwargs.keys() - {"where", "casting"}:
            self._store(view, given, self._operand(kwargs.get("where", True)))
        elif name == "ndarray.fill" and alone:
            self._store(view, given)
        elif name in ("putmask", "place") and np.ndim(rest[-1]) == 0:
            self._store(view, given, self._operand(rest[0]))
        elif name in ("setitem", "flat_setitem"):
            self._write_part(view, mapped_in(_known, rest[0]), given, flat=name == "flat_setitem")
        elif name == "fill_diagonal" and alone:
            diagonal = np.zeros(view.array.shape, bool)
            np.fill_diagonal(diagonal, True)
            self.scatter(view, self.offsets(view)[diagonal], given)
        elif name == "ufunc.at" and len(rest) == 2 and not traced_in(key := mapped_in(_known, rest[0])):
            self.scatter(view, self.offsets(view)[key], given, function.__self__)  # type: ignore[attr-defined]  # of a ufunc
        else:
            raise Unsuitable(f"it calls {name}")

    def _store(self, target: View, given: Any, condition: Any = True) -> None:
        """Write to all of an array, or to where a condition holds."""
        given, condition = (without_axes(x, target.array.ndim) for x in (given, condition))
        if condition is not True:
            dtype = target.array.dtype
            self.map(
                target,
                [condition, as_weak(given, dtype), target],
                lambda v, ids: v.where(ids[0], ids[1], ids[2], dtype),
            )
        elif not isinstance(given, View) or given.buffer is not target.buffer or given.place() != target.place():
            self.map(target, [given], itself)

    def _write_part(self, view: View, key: Any, given: Any, *, flat: bool) -> None:
        if traced_in(key):
            self._write_computed(self.reshaped(view, (-1,)) if flat else view, key, given)
            return
        part = _part(view.array.reshape(-1) if flat else view.array, key)
        if part.size and not np.may_share_memory(part, view.array):
            offsets = self.offsets(view)
            self.scatter(view, (offsets.reshape(-1) if flat else offsets)[key], given)
        else:
            self._store(View(view.buffer, part), given)

    def _write_computed(self, view: View, key: Any, given: Any) -> None:
        if isinstance(key, Traced) and key.dtype == BOOL and not (isinstance(given, View) and given.array.ndim):
            self._store(view, given, self.view(key)[(..., *(None,) * (view.array.ndim - key.ndim))])
            return
        before, index, after = _split(key)
        dtype, place = view.array.dtype, self.view(index)
        if place.array.ndim:
            raise Unsuitable("it writes to an index of several positions that are computed")
        if not isinstance(given, View):
            given = self.constant(np.asarray(as_weak(given, dtype), dtype))

        def compute(elements: Any, *ids: Array) -> Array:
            return elements.written(*ids, before, after, dtype)  # type: ignore[no-any-return]

        self.step(Spelled(_COMPUTED, [view], [view, place, given], compute), view.buffer.fixed)

    # What calls compute

    def _compute(self, call: Call) -> None:
        function, args, kwargs = OPERATORS.get(call.function, call.function), call.args, dict(call.kwargs)
        kwargs.pop("out", None)
        if reduction_of(function) is not None:
            self._reduce(call, function, args, kwargs)
        elif function is operator.getitem:
            self._item(call, *args)
        elif (rule := _RULES.get(function)) is not None:
            try:
                bound = _signature(rule).bind(self, call, *args, **kwargs)
            except TypeError:
                raise Unsuitable(f"it calls {name_of(function)} in a way that is not known") from None
            rule(*bound.args, **bound.kwargs)
        elif isinstance(function, np.ufunc) and len(args) == function.nin and not kwargs.keys() - {"dtype", "casting"}:
            self._ufunc(call, function, [self._operand(x) for x in args], kwargs.get("dtype"))
        elif name_of(function) == "ufunc.outer" and len(args) == 2 and not kwargs:
            self._ufunc(call, function.__self__, _tall(*map(self._operand, args)))  # type: ignore[attr-defined]  # of a ufunc
        elif function is np.einsum and args[0] == "...i->..." and len(args) == 2 and not kwargs:
            self._reduce(call, np.add.reduce, args[1:], {"axis": -1})
        elif function in FILLS or getattr(function, "name", "") == "imag":
            self._fill(call, FILLS.get(function, 0))
        elif not call.reads():
            self._elementwise(call, [self.constant(np.asarray(function(*args, **kwargs), call.result.dtype))], itself)
        elif function in COPIES and isinstance(args[0], Traced) and shape_of(args[0]) == shape_of(call.result):
            self._elementwise(call, [self._operand(args[0])], itself)
        else:
            self._move(call, function, kwargs)

    def _elementwise(self, call: Call, operands: list[Any], compute: Callable[[Values, Ids], Any]) -> None:
        fixed = all(x.buffer.fixed for x in operands if isinstance(x, View))
        self.map(self._result(call, call.result, fixed=fixed), operands, compute)

    def _spell(self, call: Call, reads: list[View], compute: Callable[..., Any], what: str = "") -> None:
        """Let a call be what is only spelled out."""
        fixed = all(x.buffer.fixed for x in reads)
        targets = [self._result(call, x, fixed=fixed) for x in traced_in(call.result)]
        fixed = all(x.buffer.fixed for x in targets)
        why = what or f"it calls {name_of(call.function)}"
        self.step(Spelled(why, targets, reads, compute, alone=not what), fixed)

    def _ufunc(self, call: Call, function: np.ufunc, operands: list[Any], dtype: Any = None, kinds: Any = None) -> None:
        kinds = [kind_of(x) for x in call.args] if kinds is None else kinds

        def compute(values: Values, ids: Ids) -> Any:
            made = values.ufunc(function, ids, kinds)
            if dtype is not None and values.dtypes[int(made[()])] != dtype:  # which operands are cast to
                raise Unsuitable(f"it calls {name_of(function)} with a dtype")
            return made

        self._elementwise(call, operands, compute)

    def _fill(self, call: Call, number: Any) -> None:
        """Fill an array with a number, None for anything."""
        target = self._result(call, call.result, fixed=not isinstance(number, View) or number.buffer.fixed)
        if number is not None:
            self.map(target, [as_weak(number, target.array.dtype)], itself)

    def _reduce(self, call: Call, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        view = self._array(args[0])
        source, what = view.array, asked(function, view.array, args[1:], kwargs)
        name, dtype, axes = what.name, what.dtype, what.axes
        if name in ("argmax", "argmin", "cumsum", "cumprod"):
            spelled = first_extreme if name[:3] == "arg" else accumulated
            self._spell(call, [view], lambda elements, x: spelled(elements.values, what, x))
            return
        target = self._result(call, call.result, fixed=view.buffer.fixed)
        if target.array.dtype != dtype:
            raise Unsuitable(f"it calls {name_of(function)} with a dtype")
        kept = tuple(0 if a in axes else slice(None) for a in range(source.ndim))
        to = target[(*kept, ...)] if what.keepdims else target
        if name in ("max", "min") and not source.size and to.array.size:
            raise Unsuitable(f"it calls {name_of(function)} of nothing")
        count = math.prod(source.shape[a] for a in axes)
        if name in ("var", "std"):
            shape = [1 if a in axes else n for a, n in enumerate(source.shape)]
            mean = self.made(tuple(shape), dtype, fixed=view.buffer.fixed)
            self.fold(mean[(*kept, ...)], view, axes, "add")
            self.each("divide", mean, mean, dtype.type(count))
            square = self.made(source.shape, dtype, source, fixed=view.buffer.fixed)
            self.each("subtract", square, view, mean)
            self.each("square", square, square)
            view = square
        self.fold(to, view, axes, FOLDED[name])
        if name in ("mean", "var", "std"):
            self.each("divide", to, to, dtype.type(count if name == "mean" else max(count - what.ddof, 0)))
        if name == "std":
            self.each("sqrt", to, to)
        if what.initial is not None:
            self.each(FOLDED[name], to, to, as_weak(self._operand(what.initial), dtype))

    # Rules of functions: each is given the call, and its arguments

    def _norm(self, call: Call, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> None:
        """Take the root of a sum of squares."""
        view = self._array(x)
        source, dtype = view.array, view.array.dtype
        if (ord is not None and (ord != 2 or (axis is None and source.ndim > 1))) or dtype.kind != "f":
            raise Unsuitable("it calls norm in a way that is not known")
        square = self.made(source.shape, dtype, source, fixed=view.buffer.fixed)
        self.each("square", square, view)
        self._reduce(call, np.sum, (square,), {"axis": axis, "keepdims": keepdims})
        made = self.view(call.result)
        self.each("sqrt", made, made)

    def _where(self, call: Call, condition: Any, x: Any, y: Any) -> None:
        dtype = call.result.dtype
        chosen = [as_weak(self._operand(z), dtype) for z in (x, y)]
        self._elementwise(
            call, [self._operand(condition), *chosen], lambda v, ids: v.where(ids[0], ids[1], ids[2], dtype)
        )

    def _full(self, call: Call, shape: Any, fill_value: Any, *dtype: Any, **options: Any) -> None:
        self._fill(call, self._operand(fill_value))

    def _clip(
        self, call: Call, x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
    ) -> None:
        dtype = call.result.dtype
        low, high = a_min if min is None else min, a_max if max is None else max
        bounds = {name: bound for name, bound in (("maximum", low), ("minimum", high)) if bound is not None}
        kinds = [kind for kind in map(kind_of, (x, *bounds.values())) if isinstance(kind, np.dtype)]
        if any(np.result_type(dtype, kind) != dtype for kind in kinds):
            raise Unsuitable("it calls clip with another dtype")

        def compute(values: Values, ids: Ids) -> Any:
            made, *rest = ids
            for name, bound in zip(bounds, rest, strict=True):
                made = values.each(name, dtype, made, bound)
            return made

        self._elementwise(call, [as_weak(self._operand(z), dtype) for z in (x, *bounds.values())], compute)

    def _nan_to_num(
        self, call: Call, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
    ) -> None:
        dtype = call.result.dtype
        if dtype.kind != "f":
            self._elementwise(call, [self._operand(x)], itself)
            return
        largest = np.finfo(dtype).max
        numbers = nan, largest if posinf is None else posinf, -largest if neginf is None else neginf

        def compute(values: Values, ids: Ids) -> Any:
            made, of_nan, *others = ids
            made = values.where(values.each("isnan", dtype, made), of_nan, made, dtype)
            for infinite, other in zip((np.inf, -np.inf), others, strict=True):
                there = values.each("==", dtype, made, values.numbers(infinite, dtype))
                made = values.where(there, other, made, dtype)
            return made

        self._elementwise(call, [as_weak(self._operand(z), dtype) for z in (x, *numbers)], compute)

    def _outer(self, call: Call, a: Any, b: Any) -> None:
        x, y = (self.reshaped(self._array(z), (-1,)) for z in (a, b))
        self._ufunc(call, np.multiply, _tall(x, y), kinds=[x.array.dtype, y.array.dtype])

    def _trace(self, call: Call, x: Any) -> None:
        dtype = call.result.dtype

        def compute(elements: Any, ids: Array) -> Array:
            values, diagonal = elements.values, ids.diagonal()
            first = values.numbers(np.zeros(diagonal.shape[:-1]), dtype)
            return reduce(partial(values.each, "add", dtype), np.moveaxis(diagonal, -1, 0), first)

        self._spell(call, [self._array(x)], compute)

    def _item(self, call: Call, x: Any, key: Any) -> None:
        key = mapped_in(_known, key)
        if traced_in(key):
            self._element(call, x, key)
            return
        view = self._array(x)
        part = _part(view.array, key)
        if np.may_share_memory(part, view.array):
            self._elementwise(call, [View(view.buffer, part)], itself)
        else:
            self._move(call, operator.getitem, {})

    def _element(self, call: Call, x: Any, key: Any) -> None:
        """Take an element, or a part, of which the position along one axis is computed."""
        if call.view and id(call.result.memory) in self.written:
            raise Unsuitable(f"it writes to a view that {name_of(call.function)} makes")
        before, index, after = _split(key)

        def compute(elements: Any, *ids: Array) -> Array:
            return elements.taken(*ids, before, after, call.result.dtype)  # type: ignore[no-any-return]

        self._spell(call, [self._array(x), self.view(index)], compute, _COMPUTED)

    def _solved(self, call: Call, *operands: Any, name: str, **options: Any) -> None:
        dtype = traced_in(call.result)[0].dtype
        if dtype.kind != "f":
            raise Unsuitable(f"it has equations of dtype {dtype}")

        def compute(elements: Any, *ids: Array) -> Any:
            equations = Equations(elements.values, dtype)
            found = getattr(equations, name)(*ids, **options)
            elements.checks += equations.checks
            return found

        self._spell(call, [self._array(x, dtype) for x in operands], compute)

    def _product(self, call: Call, a: Any, b: Any, *, matrices: Callable[..., tuple[View, View]]) -> None:
        """Multiply what `matrices` makes of the operands; without axes, they are numbers."""
        dtype, (x, y) = call.result.dtype, map(self._operand, (a, b))
        if not all(isinstance(z, View) and z.array.ndim for z in (x, y)):
            self._elementwise(call, [x, y], lambda values, ids: values.each("multiply", dtype, *ids))
            return
        if dtype.kind != "f":
            raise Unsuitable(f"it calls {name_of(call.function)} of dtype {dtype}")
        x, y = (z if z.array.dtype == dtype else self.cast(z, dtype) for z in (x, y))
        if call.function is np.vecdot and self.fills:
            shape = np.broadcast_shapes(x.array.shape, y.array.shape)
            products, target = self.made(shape, dtype), self._result(call, call.result, fixed=False)
            self.each("multiply", products, x, y)
            self.fold(target, products, (len(shape) - 1,), "add")
            return
        rows, columns = matrices(self, x, y)
        left, right = rows.array, columns.array
        target = self._result(call, call.result, fixed=rows.buffer.fixed and columns.buffer.fixed)
        stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        shape = (*stack, left.shape[-2], right.shape[-1])
        if math.prod(shape) * left.shape[-1] > MULTIPLICATIONS:
            raise Unsuitable(f"it calls {name_of(call.function)} of large matrices, where BLAS is faster")
        if not left.shape[-1]:
            self.map(target, [dtype.type(0)], itself)
            return
        if not math.prod(shape):
            return
        whole = target
        if any(z.buffer is target.buffer for z in (rows, columns)):
            whole = self.made(target.array.shape, dtype)
        to = View(whole.buffer, whole.array.reshape(shape) if whole.array.shape != shape else whole.array)
        rows, columns = (
            View(z.buffer, np.broadcast_to(z.array, (*stack, *z.array.shape[-2:]))) for z in self._beside(rows, columns)
        )
        self.step(Product(to, rows, columns), target.buffer.fixed)
        if whole is not target:
            self.map(target, [whole], itself)

    def _beside(self, a: View, b: View) -> tuple[View, View]:
        """Lay out a matrix that stays the same, once, such that one of the matrices has neighbours side by side."""
        size = a.array.dtype.itemsize
        (m, k), n = a.array.shape[-2:], b.array.shape[-1]
        if (n > 1 and b.array.strides[-1] == size) or (m > 1 and a.array.strides[-2] == size) or k == 1:
            return a, b
        if b.buffer.fixed and n > 1:
            return a, self.copied(b)
        if a.buffer.fixed and m > 1:
            return self.copied(a.T).T, b
        return a, b

    # Moving elements

    def _move(self, call: Call, function: Any, kwargs: dict[str, Any]) -> None:
        """Move elements: the function itself says where they come from, from arrays of offsets."""
        if function not in MOVES and getattr(function, "name", "") not in ("T", "mT", "real"):
            raise Unsuitable(f"it calls {name_of(function)}")
        dropped = {"dtype", "casting", "copy", *(() if name_of(function).endswith(_ORDERED) else ("order",))}
        kwargs = {name: x for name, x in kwargs.items() if name not in dropped}
        first, *key = (call.args[0],) if function in _MAKERS else call.args
        key = mapped_in(_known, key)
        if isinstance(first, Traced):  # whose elements NumPy reads in that order if they lie in it
            order = "F" if first.value.flags.fnc else "C"
            key = [order if type(x) is str and x == "A" else x for x in key]
            kwargs = {name: order if name == "order" and x == "A" else x for name, x in kwargs.items()}
        if function is np.append:
            first, key = [first, key[0]], key[1:]
        if function is np.pad:
            kwargs.setdefault("mode", key[1] if len(key) > 1 else "constant")
            key = key[:1]
            if "reflect_type" in kwargs or type(kwargs["mode"]) is not str or kwargs["mode"] not in _PADDED:
                raise Unsuitable("it calls pad in a way that is not known")
        if traced_in(key):
            raise Unsuitable(_COMPUTED)
        sources: list[Any] = [0]  # the number with which functions fill what they do not take from an array
        first = self.tables(first, sources, self._operand)
        if "constant_values" in kwargs:
            kwargs["constant_values"] = self.tables(kwargs["constant_values"], sources, self._operand)
        if traced_in((list(kwargs.values()),)):
            raise Unsuitable(f"it calls {name_of(function)} in a way that is not known")
        made = function(*first, *key, **kwargs) if function is np.append else _apply(function, (first, *key), kwargs)
        fixed = all(x.buffer.fixed for x in sources if isinstance(x, View))
        several = made if isinstance(call.result, tuple | list) else (made,)
        for x, table in zip(traced_in(call.result), several, strict=True):
            target = self._result(call, x, fixed=fixed)
            table = np.asarray(table).astype(np.int64)
            if table.shape != target.array.shape:
                raise Unsuitable(f"it calls {name_of(function)} in a way that is not known")
            if call.writes is not None and any(isinstance(y, View) and y.meets(target) for y in sources):
                raise Unsuitable(f"it calls {name_of(function)} to memory that it reads")
            if table.size:
                self.fetch(target, table, sources)


_signature = cache(signature)


def _split(key: Any) -> tuple[Any, Any, Any]:
    """Return what comes before an integer that is computed, the integer, and what comes after it."""
    parts = key if isinstance(key, tuple) else (key,)
    places = [i for i, part in enumerate(parts) if traced_in(part)]
    if len(places) != 1 or any(part is None or part is Ellipsis for part in parts):
        raise Unsuitable("it has an index of several parts that are computed")
    index = parts[places[0]]
    if not isinstance(index, Traced) or index.dtype != INTEGER:
        raise Unsuitable(f"{_COMPUTED}, and no integer of 64 bits")
    return parts[: places[0]], index, parts[places[0] + 1 :]


def _part(array: Array, key: Any) -> Array:
    """Return part of an array, also of one element, which NumPy gives as a number."""
    part: Array = array[key]
    return part if isinstance(part, np.ndarray) else array[(*key, ...) if type(key) is tuple else (key, ...)]


def _known(x: Any) -> Any:
    """Return the array itself of a constant, as of an index."""
    return x.value if isinstance(x, Traced) and x.memory.kind == CONSTANT else x


def _apply(function: Any, args: Any, kwargs: Any) -> Any:
    if getattr(function, "__objclass__", None) is np.ndarray:
        args = (np.asarray(args[0]), *args[1:])
    return function(*args, **kwargs)


def _tall(a: Any, b: Any) -> list[Any]:
    """Return two operands, the first with an axis for each of the second after its own."""
    return [a[(..., *(None,) * (b.array.ndim if isinstance(b, View) else 0))] if isinstance(a, View) else a, b]


# Products of matrices, and what makes these of their operands.


def _matrices(body: Body, a: View, b: View) -> tuple[View, View]:
    return a[None] if a.array.ndim == 1 else a, b[:, None] if b.array.ndim == 1 else b


def _rows(body: Body, x: View) -> View:
    return body.reshaped(x, (math.prod(x.array.shape[:-1]), x.array.shape[-1]))


def _for_dot(body: Body, a: View, b: View) -> tuple[View, View]:
    if b.array.ndim > 2:
        raise Unsuitable(f"it calls dot of an array of {b.array.ndim} axes")
    return _matrices(body, a, b)


_PRODUCTS: dict[str, Callable[[Body, View, View], tuple[View, View]]] = {
    "matmul": _matrices,
    "dot": _for_dot,
    "vecdot": lambda body, a, b: (a[..., None, :], b[..., None]),
    "vdot": lambda body, a, b: (body.reshaped(a, (1, -1)), body.reshaped(b, (-1, 1))),
    "inner": lambda body, a, b: (_rows(body, a), _rows(body, b).T),
    "matvec": lambda body, a, b: (a, b[..., None]),
    "vecmat": lambda body, a, b: (a[..., None, :], b),
}
_RULES: dict[Any, Callable[..., None]] = {
    np.where: Body._where, np.full: Body._full, np.full_like: Body._full, np.clip: Body._clip,
    np.ndarray.clip: Body._clip, np.nan_to_num: Body._nan_to_num, np.outer: Body._outer, np.trace: Body._trace,
    np.ndarray.trace: Body._trace, np.linalg.norm: Body._norm,
}  # fmt: skip
for _name in ("solve", "inv", "det", "slogdet", "cholesky"):
    _RULES[getattr(np.linalg, _name)] = partial(Body._solved, name=_name)
for _name, _rule in _PRODUCTS.items():
    for _owner in (np, np.ndarray, operator):
        if hasattr(_owner, _name):  # NumPy has two of them from 2.2 on
            _RULES[getattr(_owner, _name)] = partial(Body._product, matrices=_rule)
