"""Elements: the body of a loop as arithmetic on single numbers, for bodies on small arrays of known shapes.

Each variable is an array of value numbers; see `values`. Such arrays lie in memory as the real ones do, so that NumPy's
own functions make views of them where they make views of the real ones, and what is written to one shows in all others.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..floats import TracedFloat
from ..loops.loop import Carried, Loop, Part, Same, Unsuitable
from ..numpy_calls import WRITERS
from ..program import CONSTANT, Call, Check, Traced, Variable, traced_in
from ..program import mapped as mapped_in
from ..recorder import layout_of
from ..types import Array, Operand
from .equations import Equations
from .reductions import Reduction, reduction_of
from .values import BOOL, DTYPES, INTEGER, OPERATORS, Values, mapped, name_of

MOST = 3_000  # operations of a loop

# What moves elements, or copies them: computed by the function itself, from value numbers.
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

MAKERS = frozenset((np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray))


class Elements:
    """The arithmetic of one loop.

    Attributes
    ----------
    values
        All that its body computes. The operands of a ``"load"`` are the number of an argument, the position of the
        element in it, how much further it is in each iteration, and whether that is counted from the last; of a
        ``"gather"`` an argument, a position, a step, the length of the argument, and the value that tells how many
        steps it is further; of a ``"state"`` its position in `states`.
    states, ends
        The carried numbers: the argument, and the position there, that has the first, and the value that is carried on.
    finals, stacked
        The value numbers of the results.
    checks
        Values that have to hold in each iteration.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop, self.values = loop, Values()
        self.states: list[tuple[int, int]] = []
        self.checks: list[int] = []
        self.arrays: dict[int, Array] = {}  # the value numbers of each variable
        self.written = {id(call.writes) for call in loop.calls if call.writes is not None}
        for given in loop.inputs:
            self._take(given)
        for call in loop.calls:
            try:
                self._call(call)
            except Unsuitable as error:
                raise Unsuitable(f"{error} (line {call.line})") from None
        self.ends: list[int] = []
        for given in loop.inputs:
            if isinstance(given, Carried):
                self.ends += self._after(given)
        self.finals = [self.arrays[id(x)] for x in loop.finals]
        self.stacked = [self.arrays[id(x)] for x, _ in loop.stacked]
        self.order = self._needed()
        if len(self.order) > MOST:
            raise Unsuitable(f"it has {len(self.order):,} operations on single numbers, more than {MOST:,}")

    def _needed(self) -> list[int]:
        """Return the values that the results need, in order."""
        pending = [int(v) for ids in (*self.finals, *self.stacked) for v in ids.flat] + self.checks
        found: set[int] = set()
        while pending:
            v = pending.pop()
            if v in found:
                continue
            found.add(v)
            name, *operands = self.values.operations[v]
            pending += [self.ends[operands[0]]] if name == "state" else self.values.needs(v)
        return sorted(found)

    def text(self, batched: Sequence[bool] | None) -> str:
        """Return all that machine code depends on as text."""
        values, loop = self.values, self.loop
        names = {v: f"v{i}" for i, v in enumerate(self.order)}
        lines = [
            f"{'argument' if batched is None else f'batched {b}'} {dtype_of(x)}"
            for x, b in zip(loop.arguments, batched or [False] * len(loop.arguments), strict=True)
        ]
        for v, name in names.items():
            operation, *operands = values.operations[v]
            if operation == "state":
                operands = [*self.states[operands[0]], names[self.ends[operands[0]]]]
            elif needed := values.needs(v):
                operands = [*operands[: -len(needed)], *(names[o] for o in needed)]
            lines.append(f"{name} = {operation}({', '.join(map(str, operands))})  # {values.dtypes[v]}")
        lines += [f"final {' '.join(names[int(v)] for v in ids.flat)}" for ids in self.finals]
        for ids, (_, backwards) in zip(self.stacked, loop.stacked, strict=True):
            lines.append(f"stacked {backwards} {' '.join(names[int(v)] for v in ids.flat)}")
        return "\n".join([*lines, f"checks {' '.join(names[v] for v in self.checks)}"])

    # Inputs

    def _take(self, given: Same | Part | Carried) -> None:
        x = given.variable
        argument = given.first if isinstance(given, Carried) else given.argument
        kind = dtype_of(self.loop.arguments[argument])
        if kind not in DTYPES or kind != dtype_of(x):
            raise Unsuitable(f"it is given an array of dtype {kind}")
        shape = () if isinstance(x, TracedFloat) else x.value.shape
        if not isinstance(given, Part) and np.size(self.loop.arguments[argument].value) != math.prod(shape):
            raise Unsuitable(f"it is given another number of elements than those of shape {shape}")
        positions = np.arange(math.prod(shape)).reshape(shape)
        if isinstance(given, Carried):
            start = len(self.states)
            self.states += [(argument, int(p)) for p in positions.flat]
            ids = self._each(positions, lambda p: self.values.value("state", kind, start + p))
        elif isinstance(given, Same):
            ids = self._each(positions, lambda p: self.values.value("load", kind, argument, p, 0, False))
        else:
            step, backwards = given.step, given.backwards
            ids = self._each(given.positions, lambda p: self.values.value("load", kind, argument, p, step, backwards))
        if not isinstance(given, Carried) and id(x.memory) in self.written:
            raise Unsuitable("it writes to an argument")
        self.arrays[id(x)] = ids

    def _each(self, positions: Array, value: Callable[[int], int]) -> Array:
        if positions.size > MOST:
            raise Unsuitable(f"it has an array of {positions.size:,} numbers")
        return mapped(lambda p: value(int(p)), positions)

    def _after(self, given: Carried) -> list[int]:
        ids, first = self.arrays[id(given.after)], self.arrays[id(given.variable)]
        if ids.shape != first.shape or dtype_of(given.after) != dtype_of(given.variable):
            raise Unsuitable("what is carried changes its shape or dtype")
        return [int(v) for v in ids.flat]

    # Calls

    def _call(self, call: Call) -> None:
        if isinstance(call, Check):
            self._check(call)
        elif type(call) is not Call:
            raise Unsuitable(f"it calls {name_of(call.function)}")
        elif call.writes is not None and call.result is None:
            self._write(call.function, *call.args, **call.kwargs)
        else:
            self._keep(call, self._computed(call))

    def _keep(self, call: Call, made: Any) -> None:
        """Let the variables that a call makes, or writes to, have the numbers that were computed."""
        several = made if isinstance(call.result, tuple | list) else (made,)
        for x, ids in zip(traced_in(call.result), map(np.asarray, several), strict=True):
            if x.dtype not in DTYPES:
                raise Unsuitable(f"it calls {name_of(call.function)}, which gives dtype {x.dtype}")
            if ids.shape != x.value.shape and call.writes is None:
                raise Unsuitable(f"it calls {name_of(call.function)} in a way that is not known")
            if call.writes is not None:
                self.arrays[id(x)][...] = self.values.cast(ids, x.dtype)
            elif not call.view:
                made = np.empty_like(x.value, np.int64, subok=False)  # as dense as the real one, in the same order
                made[...] = self.values.cast(ids, x.dtype)
                self.arrays[id(x)] = made
            else:
                shares = any(np.may_share_memory(ids, self.arrays[id(y)]) for y in call.reads() if id(y) in self.arrays)
                if not shares and ids.size and id(x.memory) in self.written:
                    raise Unsuitable(f"it writes to a view that {name_of(call.function)} makes")
                self.arrays[id(x)] = ids

    def _check(self, call: Call) -> None:
        x, expected = call.args[0], call.expected  # type: ignore[attr-defined]  # of a Check
        if call.function is layout_of:
            if (x.value.shape, x.dtype) != expected:
                raise Unsuitable("it has a shape that depends on values")
            return
        dtype = np.asarray(expected).dtype
        if dtype not in DTYPES or dtype.kind == "f":
            raise Unsuitable(f"it depends on the value of an array of dtype {dtype}")
        wanted = self.values.cast(self.values.numbers(expected, dtype), x.dtype)
        self.checks += [int(v) for v in self.values.each("==", x.dtype, self.ids(x), wanted).flat]

    def _write(self, function: Any, target: Any, *args: Any, **kwargs: Any) -> None:
        """Write to an array what `copyto`, ``x[key] = y`` and the like do."""
        name, values, whole = name_of(function), self.values, self.ids(target)
        if function not in WRITERS and name != "ufunc.at":
            raise Unsuitable(f"it calls {name}")
        if name == "copyto" and not kwargs.keys() - {"where", "casting"}:
            given, condition = self._operand(args[0], target.dtype), self.ids(kwargs.get("where", True))
            whole[...] = values.where(condition, given, whole, target.dtype)
        elif name in ("setitem", "flat_setitem"):
            key, given = mapped_in(_known, args[0]), self._operand(args[1], target.dtype)
            if traced_in(key):
                self._write_computed(whole, key, given, target.dtype)
            else:
                function(whole, key, given)
        elif name == "ndarray.fill":
            whole[...] = self._operand(args[0], target.dtype)
        elif name in ("putmask", "place") and np.ndim(args[1]) == 0:
            whole[...] = values.where(self.ids(args[0]), self._operand(args[1], target.dtype), whole, target.dtype)
        elif name == "fill_diagonal" and len(args) == 1 and not kwargs:
            np.fill_diagonal(whole, self._operand(args[0], target.dtype))
        elif name == "ufunc.at" and len(args) == 2 and not traced_in(args[0]):
            self._write_at(function.__self__, whole, args[0], args[1], target.dtype)
        else:
            raise Unsuitable(f"it calls {name}")

    def _write_at(self, ufunc: np.ufunc, whole: Array, key: Any, given: Any, dtype: Any) -> None:
        """Do one operation after the other, where an element is named several times."""
        positions = np.arange(whole.size).reshape(whole.shape)[key]
        operands = np.broadcast_to(self._operand(given, dtype), positions.shape)
        flat = whole.reshape(-1).copy()
        for p, v in zip(positions.flat, operands.flat, strict=True):
            flat[p] = self.values.ufunc(ufunc, [flat[p : p + 1], np.array([v])], [dtype, dtype])[0]
        whole[...] = flat.reshape(whole.shape)

    # Indices that are computed

    def _computed_index(self, x: Any, key: Any) -> Array:
        """Return an element, or a part, of which the position along one axis is computed."""
        before, index, after = self._split(key)
        whole, n = self.ids(x), self._length(self.ids(x), before)
        positions = self._positions(index, n)
        parts = [whole[(*before, i, *after)] for i in range(n)]
        if positions.ndim and (before or after or any(np.ndim(part) == 0 and whole.ndim > 1 for part in parts)):
            raise Unsuitable("it has an index of several arrays")
        made = [self._chosen(v, parts, x.dtype) for v in positions.flat]
        return np.stack(made).reshape(positions.shape + np.shape(parts[0])) if made else np.empty(0, np.int64)

    def _chosen(self, index: Any, parts: list[Any], dtype: Any) -> Array:
        """Return the part with a computed number, from memory if they lie there one after the other."""
        first, *rest = (np.asarray(part) for part in parts)
        loads = [[self.values.operations[v] for v in part.flat] for part in (first, *rest)]
        if len(parts) > 4 and all(o[0] == "load" and not o[3] for part in loads for o in part):
            steps = {b[2] - a[2] for one, other in pairwise(loads) for a, b in zip(one, other, strict=True)}
            if len(steps) == 1 and len({o[1] for part in loads for o in part}) == 1:
                (step,) = steps
                length = self.loop.arguments[loads[0][0][1]].value.size
                made = [self.values.value("gather", dtype, o[1], o[2], step, length, int(index)) for o in loads[0]]
                return np.array(made, np.int64).reshape(first.shape)
        found = first
        for i, part in enumerate(rest, 1):
            found = self.values.where(self._is(index, i), part, found, dtype)
        return found

    def _write_computed(self, whole: Array, key: Any, given: Array, dtype: Any) -> None:
        if isinstance(key, Traced) and key.dtype == BOOL and np.ndim(given) == 0:
            mask = self.ids(key)
            mask = mask.reshape(mask.shape + (1,) * (whole.ndim - mask.ndim))
            whole[...] = self.values.where(mask, given, whole, dtype)
            return
        before, index, after = self._split(key)
        n = self._length(whole, before)
        (position,) = self._positions(index, n).reshape(-1, 1) if not self.ids(index).ndim else [None]
        if position is None:
            raise Unsuitable("it writes to an index of several positions that are computed")
        for i in range(n):
            part = whole[(*before, i, *after)]
            whole[(*before, i, *after)] = self.values.where(self._is(position[0], i), given, part, dtype)

    def _split(self, key: Any) -> tuple[Any, Any, Any]:
        """Return what comes before an integer that is computed, the integer, and what comes after it."""
        parts = key if isinstance(key, tuple) else (key,)
        places = [i for i, part in enumerate(parts) if traced_in(part)]
        if (
            len(places) != 1
            or Ellipsis in [part for part in parts if not isinstance(part, Traced)]
            or None in [part for part in parts if not isinstance(part, Traced)]
        ):
            raise Unsuitable("it has an index of several parts that are computed")
        index = parts[places[0]]
        if not isinstance(index, Traced) or index.dtype != INTEGER:
            raise Unsuitable("it has an index that is computed, and no integer of 64 bits")
        return parts[: places[0]], index, parts[places[0] + 1 :]

    def _length(self, whole: Array, before: Any) -> int:
        return int(whole.shape[len(before)])

    def _positions(self, index: Any, n: int) -> Array:
        """Return positions, counted from the first; that they are within bounds is a check."""
        values, ids = self.values, self.ids(index)
        zero, length = values.numbers(0, INTEGER), values.numbers(n, INTEGER)
        further = values.each("add", INTEGER, ids, length)
        moved = values.where(values.each("<", INTEGER, ids, zero), further, ids, INTEGER)
        for name, bound in ((">=", zero), ("<", length)):
            self.checks += [int(v) for v in values.each(name, INTEGER, moved, bound).flat]
        return moved

    def _is(self, index: Any, i: int) -> Array:
        return self.values.each("==", INTEGER, np.asarray(index), self.values.numbers(i, INTEGER))

    # What calls compute

    def ids(self, x: Operand, dtype: np.dtype[Any] | None = None) -> Array:
        """Return the value numbers of an operand; of a number of Python as one of a dtype."""
        if id(x) in self.arrays:
            return self.arrays[id(x)]
        if isinstance(x, Variable):
            raise Unsuitable("it uses an array of unknown origin")
        return self.values.numbers(x, dtype_of(x) if dtype is None else dtype)

    def _operand(self, x: Any, dtype: Any) -> Array:
        return self.values.cast(self.ids(x, dtype), dtype)

    def _computed(self, call: Call) -> Any:
        function, args, kwargs = OPERATORS.get(call.function, call.function), call.args, dict(call.kwargs)
        kwargs.pop("out", None)
        rule = _RULES.get(function)
        if not call.reads() and isinstance(call.result, Traced):  # such as numpy.zeros
            made = np.zeros(call.result.shape) if function is np.empty else function(*args, **kwargs)
            return self.values.numbers(made, call.result.dtype)
        if function is operator.getitem:
            key = mapped_in(_known, args[1])
            return self._computed_index(args[0], key) if traced_in(key) else self.ids(args[0])[key]
        if function in MOVES or type(function).__name__ == "_attribute":
            return self._moved(call, function, args, kwargs)
        if reduction_of(function) is not None:
            return Reduction(self.values, function, self.ids(args[0]), args[0].value, *args[1:], **kwargs).result()
        if name_of(function) == "ufunc.outer" and len(args) == 2 and not kwargs:
            a, b = map(self.ids, args)
            a = a.reshape(a.shape + (1,) * b.ndim)
            return self.values.ufunc(getattr(function, "__self__"), [a, b], [kind_of(x) for x in args])  # noqa: B009
        if rule is not None:
            return rule(self, call.result, *args, **kwargs)
        if isinstance(function, np.ufunc) and kwargs.keys() <= {"dtype", "casting"} and len(args) == function.nin:
            kinds = [kind_of(x) for x in args]
            found = self.values.ufunc(function, [self.ids(x) for x in args], kinds)
            if "dtype" in kwargs and any(self.values.dtypes[v] != kwargs["dtype"] for v in found.flat):
                raise Unsuitable(f"it calls {name_of(function)} with a dtype")
            return found
        raise Unsuitable(f"it calls {name_of(function)}")

    def _moved(self, call: Call, function: Any, args: Any, kwargs: Any) -> Any:
        """Let a function that moves elements do so to value numbers: 0, which it may add, is the number 0."""
        dtype = next(iter(traced_in(call.result))).dtype
        kwargs = {name: x for name, x in kwargs.items() if name not in ("dtype", "casting", "copy", "order")}
        if function is np.ndarray.astype:
            return self.ids(args[0])
        if function in MAKERS:  # whose further arguments say of which dtype
            args = args[:1]
        if function is np.pad and "constant_values" in kwargs:
            kwargs["constant_values"] = self.values.numbers(kwargs["constant_values"], dtype)
        if function is np.append:
            args = (args[0], self.ids(args[1], dtype), *args[2:])
        if traced_in((args[1:] if function is not np.append else (), kwargs)):
            raise Unsuitable(f"it calls {name_of(function)} with what is computed")
        return function(self._within(args[0], dtype), *args[1:], **kwargs)

    def _within(self, tree: Any, dtype: Any) -> Any:
        """Return the operand of a function that moves elements: an array, or a list of arrays and numbers."""
        if type(tree) in (list, tuple):
            return [self._within(part, dtype) for part in tree]
        return self.ids(tree, dtype)

    # Rules of functions, by name: each is given the result of the call, and its arguments

    def _where(self, result: Any, condition: Any, a: Any, b: Any) -> Array:
        dtype = result.dtype
        return self.values.where(self.ids(condition, BOOL), self.ids(a, dtype), self.ids(b, dtype), dtype)

    def _like(self, result: Any, x: Any, fill_value: Any = 0, **options: Any) -> Array:
        return np.broadcast_to(self.ids(fill_value, result.dtype), result.shape)

    def _ones_like(self, result: Any, x: Any, **options: Any) -> Array:
        return self._like(result, x, 1)

    def _full(self, result: Any, shape: Any, fill_value: Any, *dtype: Any, **options: Any) -> Array:
        return self._like(result, None, fill_value)

    def _clip(self, result: Any, x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Array:
        low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
        if bounds:
            raise Unsuitable("it calls clip with a dtype")
        found = self._operand(x, result.dtype)
        for name, bound in (("maximum", low), ("minimum", high)):
            if bound is not None:
                found = self.values.each(name, result.dtype, found, self.ids(bound, result.dtype))
        return found

    def _nan_to_num(self, result: Any, x: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
        found, dtype, values = self.ids(x), result.dtype, self.values
        largest = np.finfo(dtype).max if dtype.kind == "f" else 0
        found = values.where(values.each("isnan", dtype, found), self.ids(nan, dtype), found, dtype)
        for infinite, number, other in ((np.inf, posinf, largest), (-np.inf, neginf, -largest)):
            there = values.each("==", dtype, found, values.numbers(infinite, dtype))
            found = values.where(there, self.ids(other if number is None else number, dtype), found, dtype)
        return found

    def _product(
        self, result: Any, a: Any, b: Any, *, operands: Callable[[Array, Array], tuple[Array, Array]]
    ) -> Array:
        """Return a product of what `operands` makes matrices of; without axes, it is one of numbers."""
        x, y = (self._operand(z, result.dtype) for z in (a, b))
        if not x.ndim or not y.ndim:
            return self.values.each("multiply", result.dtype, x, y)
        return self._equations(result).product(*operands(x, y)).reshape(result.shape)

    def _outer(self, result: Any, a: Any, b: Any) -> Array:
        x, y = (self._operand(z, result.dtype).reshape(-1) for z in (a, b))
        return self.values.each("multiply", result.dtype, x[:, None], y)

    def _trace(self, result: Any, x: Any) -> Array:
        diagonal = self.ids(x).diagonal()
        total = self._operand(0, result.dtype)
        for k in range(diagonal.shape[-1]):
            total = self.values.each("add", result.dtype, total, diagonal[..., k])
        return total

    def _cholesky(self, result: Any, a: Any, upper: bool = False) -> Array:
        equations = self._equations(result)
        found = equations.cholesky(self._operand(a, result.dtype), upper)
        self.checks += equations.checks
        return found

    def _equations(self, result: Any) -> Equations:
        if result.dtype.kind != "f":
            raise Unsuitable(f"it has products of matrices of dtype {result.dtype}")
        return Equations(self.values, result.dtype)

    def _solved(self, result: Any, *operands: Any, name: str) -> Any:
        first = result[0] if isinstance(result, tuple | list) else result
        equations = self._equations(first)
        found = getattr(equations, name)(*(self._operand(x, first.dtype) for x in operands))
        self.checks += equations.checks
        return found


def _for_dot(x: Array, y: Array) -> tuple[Array, Array]:
    if y.ndim > 2:
        raise Unsuitable(f"it calls dot of an array of {y.ndim} axes")
    return x, y


def _rows(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


# Products of matrices, and what makes these of their operands.
_PRODUCTS: dict[str, Callable[[Array, Array], tuple[Array, Array]]] = {
    "matmul": lambda x, y: (x, y),
    "dot": _for_dot,
    "vecdot": lambda x, y: (x[..., None, :], y[..., None]),
    "vdot": lambda x, y: (x.reshape(-1), y.reshape(-1)),
    "inner": lambda x, y: (_rows(x), _rows(y).T),
    "matvec": lambda x, y: (x, y[..., None]),
    "vecmat": lambda x, y: (x[..., None, :], y),
}
_RULES: dict[Any, Callable[..., Any]] = {
    np.where: Elements._where, np.zeros_like: Elements._like, np.empty_like: Elements._like,
    np.ones_like: Elements._ones_like, np.full_like: Elements._like, np.full: Elements._full, np.clip: Elements._clip,
    np.ndarray.clip: Elements._clip, np.nan_to_num: Elements._nan_to_num, np.outer: Elements._outer,
    np.trace: Elements._trace, np.ndarray.trace: Elements._trace, np.linalg.cholesky: Elements._cholesky,
}  # fmt: skip
for _name in ("solve", "inv", "det", "slogdet"):
    _RULES[getattr(np.linalg, _name)] = partial(Elements._solved, name=_name)
for _name, _operands in _PRODUCTS.items():
    for _owner in (np, np.ndarray, operator):
        if hasattr(_owner, _name):  # NumPy has two of them from 2.2 on
            _RULES[getattr(_owner, _name)] = partial(Elements._product, operands=_operands)


def _known(x: Any) -> Any:
    """Return the array itself of a constant, as of an index."""
    return x.value if isinstance(x, Traced) and x.memory.kind == CONSTANT else x


def dtype_of(x: Operand) -> np.dtype[Any]:
    """Return the dtype of an operand, as an array."""
    kind = kind_of(x)
    return kind if isinstance(kind, np.dtype) else np.dtype(kind)


def kind_of(x: Operand) -> np.dtype[Any] | type[float]:
    """Return the dtype of an operand, or of a number that takes that of others the type of Python."""
    if type(x) is int or type(x) is float:
        return type(x)
    if isinstance(x, TracedFloat):
        return float
    if type(x) is bool:
        return BOOL
    if isinstance(x, Traced | np.generic | np.ndarray):
        return x.dtype
    raise Unsuitable(f"it computes with a {type(x).__name__}")
