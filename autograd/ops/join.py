"""Joining, splitting and repeating arrays."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from ..arrays.door import as_array
from ..primitives.declare import composed, linear
from ..primitives.operands import AxisError
from ..source.call_site import users_line
from ..tensors.tensor import TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, Casting, DTypeLike, Shape
from .index import take
from .shape import along, atleast_1d, atleast_2d, atleast_3d, length, operand, unshared

# Joining


class _Starts:
    """The start of each array in the last join, cached so that a backward pass computes them once, not per array."""

    last: tuple[Any, int | None, list[int]] = ((), None, [])

    def of(self, shapes: tuple[Shape, ...], axis: int | None) -> list[int]:
        """Return where each array begins, and where the last one ends."""
        known, known_axis, starts = self.last
        if known is not shapes or known_axis != axis:
            lengths = [math.prod(shape) if axis is None else shape[axis] for shape in shapes]
            starts = [0, *itertools.accumulate(lengths)]
            self.last = shapes, axis, starts
        return starts


_starts = _Starts()


def _piece(g: Any, arrays_shape: tuple[Shape, ...], axis: int | None, index: int) -> Any:
    """Cut from `g` the part that belongs to one of the joined arrays."""
    start, end = _starts.of(arrays_shape, axis)[index : index + 2]
    if axis is None:
        return g[start:end].reshape(arrays_shape[index])
    return g[along(axis, g.ndim, slice(start, end))]


def _concatenate(arrays: Any, axis: int | None = 0, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return np.concatenate(arrays, axis, dtype=dtype, casting=casting)


concatenate = linear(np.concatenate, _piece, forward=_concatenate, variadic=True)
stack = linear(
    np.stack,
    lambda g, axis, index: g[(*along(axis, g.ndim, index), ...)],
    forward=lambda arrays, axis=0, dtype=None, casting="same_kind": np.stack(
        arrays, axis, dtype=dtype, casting=casting
    ),
    variadic=True,
)


@composed(np.vstack, method=False)
def vstack(tup: Sequence[TensorLike], *, dtype: DTypeLike | None = None, casting: Casting = "same_kind") -> Any:
    """Join arrays along the first axis; vectors are rows."""
    return concatenate([atleast_2d(array) for array in tup], 0, dtype=dtype, casting=casting)


@composed(np.hstack, method=False)
def hstack(tup: Sequence[TensorLike], *, dtype: DTypeLike | None = None, casting: Casting = "same_kind") -> Any:
    """Join arrays along the second axis, vectors along their only one."""
    reached = [atleast_1d(array) for array in tup]
    axis = 0 if reached and reached[0].ndim == 1 else 1
    return concatenate(reached, axis, dtype=dtype, casting=casting)


@composed(np.dstack, method=False)
def dstack(tup: Sequence[TensorLike]) -> Any:
    """Join arrays along the third axis."""
    return concatenate([atleast_3d(array) for array in tup], 2)


@composed(np.column_stack, method=False)
def column_stack(tup: Sequence[TensorLike]) -> Any:
    """Join arrays along the second axis; vectors are columns."""
    reached = [atleast_1d(array) for array in tup]
    return concatenate([array[:, None] if array.ndim == 1 else array for array in reached], 1)


@composed(np.append, method=False)
def append(arr: TensorLike, values: TensorLike, axis: int | None = None) -> Any:
    """Join `values` to the end of `arr`; without an axis, both are flattened."""
    return concatenate([operand(arr), operand(values)], axis)


# Splitting


@composed(np.array_split, method=False)
def array_split(x: ArrayOrTensor, indices_or_sections: TensorLike, axis: int = 0) -> list[Any]:
    """Split `x` along `axis` at the given indices, or into a number of parts whose lengths differ by at most one."""
    n = length(x, axis)
    given = unwrap(indices_or_sections)
    if np.ndim(given):
        ends = [*map(index, given), n]
    else:
        sections = int(given)
        if sections <= 0:
            raise ValueError(f"an array is cut into at least one part, not {sections}")
        each, longer = divmod(n, sections)
        ends = [each * (i + 1) + min(i + 1, longer) for i in range(sections)]
    return [x[along(axis, x.ndim, slice(start, end))] for start, end in zip([0, *ends], ends, strict=False)]


@composed(np.split, method=False)
def split(x: ArrayOrTensor, indices_or_sections: TensorLike, axis: int = 0) -> list[Any]:
    """Split `x` along `axis` at the given indices, or into a number of equal parts."""
    sections = unwrap(indices_or_sections)
    if not np.ndim(sections) and sections > 0 and length(x, axis) % sections:
        raise ValueError(
            f"axis {axis} of shape {x.shape} cannot be cut into {sections} equal parts: "
            f"numpy.array_split cuts unequal ones"
        )
    return array_split(x, indices_or_sections, axis)


def _split_along(function: Callable[..., Any], axis: int, least: int) -> None:
    @composed(function, method=False)
    def split_along(x: ArrayOrTensor, indices_or_sections: TensorLike) -> Any:
        if x.ndim < least:
            raise ValueError(f"{function.__name__} needs {least} axes at least, but the shape is {x.shape}")
        return split(x, indices_or_sections, min(axis, x.ndim - 1))


_split_along(np.hsplit, 1, 1)
_split_along(np.vsplit, 0, 2)
_split_along(np.dsplit, 2, 3)


@composed(np.unstack, method=False)
def unstack(x: ArrayOrTensor, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Return the slices of `x` along `axis`."""
    return tuple([x[along(axis, x.ndim, i)] for i in range(length(x, axis))])


# Repeating


@composed(np.tile, method=False)
def tile(x: TensorLike, reps: TensorLike) -> Any:
    """Repeat `x` side by side, along each axis as often as `reps` says."""
    x = operand(x)
    counts = tuple(map(operator.index, np.atleast_1d(unwrap(reps))))
    counts = (1,) * (x.ndim - len(counts)) + counts
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    apart = x.reshape([n for whole in shape for n in (1, whole)])
    repeated = np.broadcast_to(apart, [n for pair in zip(counts, shape, strict=True) for n in pair])
    return unshared(repeated.reshape([count * n for count, n in zip(counts, shape, strict=True)]), x)


@composed(np.repeat)
def repeat(x: TensorLike, repeats: TensorLike, axis: int | None = None, *further: int) -> Any:
    """Repeat each element along `axis`: all equally often, or each by its own count."""
    x = operand(x)
    if further or (type(axis) is int is type(repeats) and x.ndim and not -x.ndim <= axis < x.ndim):
        raise AxisError(
            f"repeat of an array of shape {x.shape}, at {users_line()}, was given {(repeats, axis, *further)}: as in "
            f"NumPy, it takes a count and an axis; np.tile(t, {(repeats, axis, *further)}) is PyTorch's t.repeat"
        )
    if axis is None or not x.ndim:
        x, axis = x.reshape(-1), axis or 0
    counts = as_array(unwrap(repeats)).astype(np.intp, casting="safe")
    if counts.size != 1:
        return take(x, np.repeat(np.arange(length(x, axis)), counts), axis)
    count, n = int(counts.item()), length(x, axis)
    before, after = x.shape[: axis % x.ndim], x.shape[axis % x.ndim + 1 :]
    repeated = np.broadcast_to(x.reshape((*before, n, 1, *after)), (*before, n, count, *after))
    return unshared(repeated.reshape((*before, n * count, *after)), x)
