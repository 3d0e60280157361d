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
    value = as_strided(np.zeros(1, dtype), shape, dense(shape, np.dtype(dtype).itemsize))
    made = Traced(value, like.records, Memory(kind, None))
    made.memory.whole = made
    return made


def dense(shape: tuple[int, ...], size: int = 1) -> tuple[int, ...]:
    """Return the strides of an array that lies in order."""
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
    whole = as_strided(np.zeros(1, np.int8), base.shape, dense(base.shape))
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
    """What the iterations write to parts of an array, or add to what is there.

    Attributes
    ----------
    positions
        Of the elements in each iteration, counted in order.
    adds, moves
        Whether it is added, and whether not always to the same elements: then its sum is.
    is_once, backwards
        Whether no element is written twice, and whether the last iteration has the first.
    variable, result
        What has it in the loop, and what all of it is after the loop.
    """

    def __init__(self, positions: Array, dtype: Any, adds: bool) -> None:
        self.dtype, self.adds, self.moves = dtype, adds, not adds or bool((positions != positions[0]).any())
        self.positions = positions if self.moves else positions[0]
        self.is_once = len(np.unique(self.positions)) == self.positions.size
        self.backwards = self.moves and self.is_once and bool(positions[0].flat[0] > positions[-1].flat[0])
        self.variable: Any = None
        self.result: Any = None

    def follows(self, others: Sequence[Stored]) -> bool:
        """Tell whether all of it may be written after all that an iteration writes before it, and in any order."""
        for other in others:
            if self.adds and other.adds:
                continue
            first, last = self.positions.reshape(-1), other.positions.reshape(-1)[::-1]
            _, here, there = np.intersect1d(first, last, return_indices=True)
            here, there = here // self.positions[0].size, (last.size - 1 - there) // other.positions[0].size
            if len(here) and (not self.moves or not other.moves or (here < there).any()):
                return False
        return self.is_once or self.adds

    def calls(self, target: Traced, constant: Callable[[Array], Traced], first: Call) -> list[Call]:
        """Return the calls that write it to an array; `constant` makes a variable."""
        positions = self.positions[::-1] if self.backwards else self.positions
        rows, size = self.result, positions.size
        flat, line = (array_like((n,), self.dtype, target) for n in (size_of(target), size))
        flat.memory, line.memory = target.memory, rows.memory
        made = [call_like(np.ndarray.reshape, (target, (-1,)), flat, first, view=True)]
        start = int(positions.flat[0])
        where: Any = slice(start, start + size)
        if np.array_equal(positions.reshape(-1), np.arange(start, start + size)):
            made.append(call_like(np.ndarray.reshape, (rows, (-1,)), line, first, view=True))
        else:
            where, line = constant(positions), rows
        if self.adds and line is not rows:
            part, total = (array_like((size,), self.dtype, target) for _ in range(2))
            part.memory = flat.memory
            made.append(call_like(operator.getitem, (flat, where), part, first, view=True))
            made.append(call_like(np.add, (part, line), total, first))
            line = total
        function = np.add.at if self.adds and line is rows else operator.setitem
        made.append(call_like(function, (flat, where, line), None, first))
        made[-1].writes = target.memory
        return made
