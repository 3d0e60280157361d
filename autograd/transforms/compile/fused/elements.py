"""Elements: the body of a loop as arithmetic on single numbers, for bodies on small arrays of known shapes.

Each variable is an array of value numbers; see `values`. Such arrays lie in memory as the real ones do, so that NumPy's
own functions make views of them where they make views of the real ones, and what is written to one shows in all others.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..floats import TracedFloat
from ..loops.loop import Carried, Loop, Part, Same, Unsuitable
from ..numpy_calls import WRITERS, arrays_in
from ..program import Call, Check, Traced, mapped, traced_in
from ..recorder import layout_of
from ..types import Array
from .reductions import REDUCTIONS, reduced
from .values import BOOL, DOUBLE, DTYPES, OPERATORS, Values

MOST = 3_000  # operations of a loop

# What moves elements, or copies them: computed by the function itself, from value numbers.
MOVES = frozenset((
    operator.getitem, np.stack, np.concatenate, np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.reshape,
    np.transpose, np.matrix_transpose, np.permute_dims, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.broadcast_arrays, np.ravel, np.flip, np.fliplr, np.flipud, np.rot90, np.roll,
    np.diagonal, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.repeat, np.tile, np.take, np.split, np.array_split,
    np.hsplit, np.vsplit, np.unstack, np.asarray, np.asanyarray, np.array, np.copy, np.ascontiguousarray,
    np.asfortranarray, np.real, np.append, np.ndarray.reshape, np.ndarray.transpose, np.ndarray.swapaxes,
    np.ndarray.squeeze, np.ndarray.ravel, np.ndarray.flatten, np.ndarray.diagonal, np.ndarray.repeat, np.ndarray.take,
    np.ndarray.copy, np.ndarray.astype, np.ndarray.item,
))  # fmt: skip
_ATTRIBUTES = frozenset(("T", "mT", "real"))
_FILLS: dict[Any, Any] = {
    np.zeros: 0, np.zeros_like: 0, np.ones: 1, np.ones_like: 1, np.empty: 0, np.empty_like: 0,
}  # fmt: skip


class Elements:
    """The arithmetic of one loop.

    Attributes
    ----------
    values
        All that its body computes. The operands of a ``"load"`` are the number of an argument, the position of the
        element in it, how much further it is in each iteration, and whether that is counted from the last; of a
        ``"state"`` its position in `states`.
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
        self.read_only: set[int] = set()  # memory of arguments
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
            if name == "state":
                pending.append(self.ends[operands[0]])
            elif name not in ("load", "number"):
                pending += operands
        return sorted(found)

    def text(self, batched: Sequence[bool] | None) -> str:
        """Return all that machine code depends on as text."""
        values, loop = self.values, self.loop
        names = {v: f"v{i}" for i, v in enumerate(self.order)}
        lines = [f"{'argument' if batched is None else f'batched {b}'} {dtype_of(x)}" for x, b in
                 zip(loop.arguments, batched or [False] * len(loop.arguments), strict=True)]
        for v, name in names.items():
            operation, *operands = values.operations[v]
            if operation == "state":
                operands = [*self.states[operands[0]], names[self.ends[operands[0]]]]
            elif operation not in ("load", "number"):
                operands = [names[o] for o in operands]
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
        positions = np.arange(math.prod(shape)).reshape(shape)
        if isinstance(given, Carried):
            start = len(self.states)
            self.states += [(argument, int(p)) for p in positions.flat]
            ids = self._each(positions, lambda p: self.values.value("state", kind, start + p))
        elif isinstance(given, Same):
            ids = self._each(positions, lambda p: self.values.value("load", kind, argument, p, 0, False))
        else:
            step, backwards = given.step, given.backwards
            ids = self._each(
                given.positions, lambda p: self.values.value("load", kind, argument, p, step, backwards)
            )
        if not isinstance(given, Carried) and id(x.memory) in self.written:
            raise Unsuitable("it writes to an argument")
        self.arrays[id(x)] = ids

    def _each(self, positions: Array, value: Callable[[int], int]) -> Array:
        if positions.size > MOST:
            raise Unsuitable(f"it has an array of {positions.size:,} numbers")
        made = np.empty(positions.shape, np.int64)
        made.flat = [value(int(p)) for p in positions.flat]
        return made

    def _after(self, given: Carried) -> list[int]:
        ids, first = self.arrays[id(given.after)], self.arrays[id(given.variable)]
        if ids.shape != first.shape or dtype_of(given.after) != dtype_of(given.variable):
            raise Unsuitable("what is carried changes its shape or dtype")
        return [int(v) for v in ids.flat]

    # Calls

    def _call(self, call: Call) -> None:
        if isinstance(call, Check):
            self._check(call)
            return
        if type(call) is not Call:
            raise Unsuitable(f"it calls {_name(call.function)}")
        if call.writes is not None and call.result is None:
            self._write(call)
            return
        made = self._computed(call)
        variables = traced_in(call.result)
        several = made if type(call.result) in (tuple, list) or isinstance(call.result, tuple) else (made,)
        for x, ids in zip(variables, several, strict=True):
            if x.dtype not in DTYPES:
                raise Unsuitable(f"it calls {_name(call.function)}, which gives dtype {x.dtype}")
            ids = np.asarray(ids)
            if ids.shape != x.value.shape:
                raise Unsuitable(f"it calls {_name(call.function)} in a way that is not known")
            if call.writes is not None:
                self.arrays[id(x)][...] = self.values.cast(ids, x.dtype)
            else:
                self.arrays[id(x)] = self._laid_out(call, x, ids)

    def _laid_out(self, call: Call, x: Any, ids: Array) -> Array:
        """Return what a call made, as it lies in memory: within that of an argument, or as dense as the real array."""
        shares = any(np.may_share_memory(ids, self.arrays[id(y)]) for y in call.reads() if id(y) in self.arrays)
        if call.view:
            if not shares and ids.size and id(x.memory) in self.written:
                raise Unsuitable(f"it writes to a view that {_name(call.function)} makes")
            return ids
        made = np.empty_like(x.value, np.int64, subok=False)
        made[...] = self.values.cast(ids, x.dtype)
        return made

    def _check(self, call: Check) -> None:
        x = call.args[0]
        if call.function is layout_of:
            if (x.value.shape, x.dtype) != call.expected:
                raise Unsuitable("it has a shape that depends on values")
            return
        expected = np.asarray(call.expected)
        if expected.dtype not in DTYPES or expected.dtype.kind == "f":
            raise Unsuitable(f"it depends on the value of an array of dtype {expected.dtype}")
        for v, wanted in zip(self.arrays[id(x)].flat, expected.flat, strict=True):
            held = self.values.one("==", expected.dtype, v, self.values.number(wanted, expected.dtype))
            self.checks.append(held)

    def _write(self, call: Call) -> None:
        function, (target, *rest) = call.function, call.args
        if function is np.copyto and not call.kwargs:
            self.arrays[id(target)][...] = self.values.cast(self._ids(rest[0], target.dtype), target.dtype)
        elif function in WRITERS and getattr(function, "__name__", "") in ("setitem", "flat_setitem"):
            key, given = rest
            ids = self.values.cast(self._ids(given, target.dtype), target.dtype)
            function(self.arrays[id(target)], self._key(key), ids)
        else:
            raise Unsuitable(f"it calls {_name(function)}")

    def _key(self, key: Any) -> Any:
        if traced_in(key):
            raise Unsuitable("it has an index that is computed")
        return key

    # Operands

    def _ids(self, x: Any, dtype: Any = None) -> Array:
        """Return the value numbers of an operand; of a number of Python as one of a dtype."""
        if id(x) in self.arrays:
            return self.arrays[id(x)]
        if isinstance(x, Traced | TracedFloat):
            raise Unsuitable("it uses an array of unknown origin")
        if isinstance(x, list | tuple):
            return np.stack([self._ids(part, dtype) for part in x]) if len(x) else np.empty(0, np.int64)
        return np.asarray(self.values.number(x, dtype if dtype is not None else dtype_of(x)))

    def _computed(self, call: Call) -> Any:
        function, args, kwargs = call.function, call.args, dict(call.kwargs)
        kwargs.pop("out", None)
        function = OPERATORS.get(function, function)
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if function in MOVES or name in _ATTRIBUTES:
            return self._moved(call, function, args, kwargs)
        if function in REDUCTIONS or (isinstance(owner, np.ufunc) and name == "reduce"):
            return reduced(self.values, function, self._ids(args[0]), args, kwargs, dtype_of(args[0]))
        if isinstance(owner, np.ufunc) and name == "outer" and not kwargs:
            a, b = map(self._ids, args)
            return self.values.ufunc(owner, [a.reshape(a.shape + (1,) * b.ndim), b], [dtype_of(x) for x in args])
        if function is np.where and len(args) == 3:
            dtype = call.result.dtype
            return self.values.where(self._ids(args[0]), *(self._ids(x, dtype) for x in args[1:]), dtype)
        if function in _FILLS:
            number = self.values.number(_FILLS[function], call.result.dtype)
            return np.full(call.result.shape, number, np.int64)
        if function in (np.full, np.full_like):
            given = kwargs.get("fill_value", args[1] if len(args) > 1 else None)
            return np.broadcast_to(self._ids(given, call.result.dtype), call.result.shape)
        if function in _PRODUCTS and not kwargs:
            return self._product(function, call)
        if isinstance(function, np.ufunc) and not kwargs.keys() - {"dtype", "casting"} and len(args) == function.nin:
            if kwargs.get("dtype", call.result.dtype) != call.result.dtype:
                raise Unsuitable(f"it calls {_name(function)} with a dtype")
            kinds = [kind_of(x) for x in args]
            return self.values.ufunc(function, [self._ids(x) for x in args], kinds)
        raise Unsuitable(f"it calls {_name(function)}")

    def _moved(self, call: Call, function: Any, args: Any, kwargs: Any) -> Any:
        first = next(iter(traced_in(call.result)))
        if function is operator.getitem:
            return np.asarray(self.arrays[id(args[0])][self._key(args[1])])
        kwargs = {name: x for name, x in kwargs.items() if name not in ("dtype", "casting")}
        if function is np.ndarray.astype:
            return self._ids(args[0])
        return function(self._ids_in(args[0], first.dtype), *args[1:], **kwargs)

    def _ids_in(self, tree: Any, dtype: Any) -> Any:
        """Return the operand of a function that moves elements: arrays, or lists of them and of numbers."""
        if type(tree) in (list, tuple):
            return [self._ids_in(part, dtype) for part in tree]
        return self._ids(tree, dtype)

    def _product(self, function: Any, call: Call) -> Array:
        """Write out the products of matrices and vectors, each sum in order."""
        dtype = call.result.dtype
        a, b = (self.values.cast(self._ids(x), dtype) for x in call.args)
        if a.ndim == 0 or b.ndim == 0:
            return self.values.each("multiply", dtype, a, b)
        if function is not np.matmul and b.ndim > 2:
            raise Unsuitable(f"it calls {_name(function)} of an array of {b.ndim} axes")
        rows, columns = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
        made = self.values.number(0, dtype) + np.zeros(rows.shape[:-1] + columns.shape[-1:], np.int64)
        for k in range(rows.shape[-1]):
            terms = self.values.each("multiply", dtype, rows[..., :, k, None], columns[..., None, k, :])
            made = self.values.each("add", dtype, made, terms) if k else terms
        made = made[..., 0, :] if a.ndim == 1 else made
        return made[..., 0] if b.ndim == 1 else made


_PRODUCTS = frozenset((np.matmul, np.dot, np.ndarray.dot, operator.matmul))


def dtype_of(x: Any) -> Any:
    """Return the dtype of an operand, as an array."""
    kind = kind_of(x)
    return kind if isinstance(kind, np.dtype) else np.dtype(kind)


def kind_of(x: Any) -> Any:
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


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or getattr(function, "__name__", function))
