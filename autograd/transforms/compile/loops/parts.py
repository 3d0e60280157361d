"""Parts of arrays: where they lie, counted in elements, and what the iterations of a loop write to them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ....arrays.traced import Traced
from ..numpy_calls import is_basic
from ..program import ARGUMENT, MADE, Call, Memory, traced_in
from ..types import Array

LARGEST = 10_000  # numbers that a call computes, or multiplies, on average: NumPy is as fast for more
RAISING = frozenset(("raise", "call", "print", "log"))
_PRODUCTS = (np.matmul, np.dot, np.ndarray.dot, operator.matmul)


def size_of(x: Traced | float) -> int:
    """Return how many elements a variable has."""
    return int(np.size(x.value)) if isinstance(x, Traced) else 1


def work_of(call: Call) -> float:
    """Return how many numbers a call computes, or multiplies."""
    if call.view:
        return 0
    size = max((size_of(x) for x in (*traced_in(call.result), *call.reads()[:2])), default=1)
    if call.function in _PRODUCTS:
        of = call.args[0]
        return max(size, size_of(call.result) * (of.shape[-1] if getattr(of, "ndim", 0) else 1))
    return size


def array_like(shape: tuple[int, ...], dtype: np.dtype[Any] | type, like: Traced, kind: str = MADE) -> Traced:
    """Return a new variable of an array that lies in order."""
    value = as_strided(np.zeros(1, dtype), shape, _strides(shape, np.dtype(dtype).itemsize))
    made = Traced(value, like.records, Memory(kind, None))
    made.memory.whole = made
    return made


def _strides(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    return tuple(size * int(np.prod(shape[i + 1 :], dtype=np.int64)) for i in range(len(shape)))


def number_like(dtype: np.dtype[Any] | type, like: Traced) -> Traced:
    """Return a new variable of a NumPy scalar."""
    return Traced(np.dtype(dtype).type(0), like.records, Memory(ARGUMENT, None))


def call_like(function: Any, args: tuple[Any, ...], result: Any, like: Call, view: bool = False, **kwargs: Any) -> Call:
    """Return a call at the line of another, with what NumPy does on overflow there."""
    return Call(function, args, kwargs, result, None, view, like.line, like.errors)


def positions_of(base: Array, key: Any) -> tuple[int, tuple[int, ...], tuple[int, ...]] | None:
    """Return where a part of an array of this shape begins, counted in order, and its shape and strides."""
    if not is_basic(key):
        return None
    parts = key if type(key) is tuple else (key,)
    whole = as_strided(np.zeros(1, np.int8), base.shape, _strides(base.shape, 1))
    part = whole[parts if Ellipsis in parts else (*parts, Ellipsis)]
    if not part.size:
        return None
    start = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    return start, part.shape, part.strides


def all_positions(start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Return the positions of all elements of such a part."""
    positions = np.full(shape, start, np.int64)
    for axis, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        positions += (stride * np.arange(n)).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return positions


class Stored:
    """What each iteration writes to a part of an array.

    Attributes
    ----------
    positions
        Of the elements, counted in order; if it `moves` those of all iterations, else of one, whose sum is meant.
    backwards
        Whether the last iteration has the first.
    variable, result
        What has it in the loop, and what all of it is after the loop.
    """

    def __init__(self, positions: Array, moves: bool, dtype: Any) -> None:
        self.moves, self.dtype = moves, dtype
        self.backwards = moves and bool(positions[0].flat[0] > positions[-1].flat[0])
        self.positions = positions[::-1] if self.backwards else positions
        self.variable: Any = None
        self.result: Any = None

    def apart(self, others: Sequence[Stored]) -> bool:
        """Tell whether no element is written twice, by it or by others."""
        positions = np.concatenate([part.positions.reshape(-1) for part in (self, *others)])
        return len(np.unique(positions)) == positions.size

    def calls(self, target: Traced, adds: bool, constant: Callable[[Array], Traced], first: Call) -> list[Call]:
        """Return the calls that write it to an array, or add it to what is there; `constant` makes a variable."""

        def call(function: Any, args: Any, result: Any = None, of: Any = None) -> Call:
            writes = memory if result is None else None
            if of is not None:
                result.memory = of.memory
            return Call(function, args, {}, result, writes, of is not None, first.line, first.errors)

        memory, rows, size = target.memory, self.result, self.positions.size
        flat, line, part, total = (array_like((n,), self.dtype, target) for n in (size_of(target), size, size, size))
        made = [call(np.ndarray.reshape, (target, (-1,)), flat, target)]
        start = int(self.positions.flat[0])
        if not np.array_equal(self.positions.reshape(-1), np.arange(start, start + size)):
            function = np.add.at if adds else operator.setitem
            return [*made, call(function, (flat, constant(self.positions), rows))]
        made.append(call(np.ndarray.reshape, (rows, (-1,)), line, rows))
        if adds:
            made.append(call(operator.getitem, (flat, slice(start, start + size)), part, flat))
            made.append(call(np.add, (part, line), total))
            line = total
        return [*made, call(operator.setitem, (flat, slice(start, start + size), line))]
