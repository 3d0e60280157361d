"""Rearranging elements: rotations, grids, blocks, insertions, deletions, sliding windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..arrays.door import agreed, batches
from ..errors import DtypeError
from ..primitives.declare import composed, general, linear
from ..tensors.tensor import TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, Shape
from .index import scatter
from .join import concatenate, tile
from .shape import along, broadcast_arrays, flip, length, moveaxis, operand, ravel, reshape, swapaxes
from .shape import copy as copied

# Axes


@composed(np.rot90, method=False)
def rot90(m: ArrayOrTensor, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """Rotate the plane of two axes by `k` right angles, from the first axis towards the second."""
    axes = tuple(axes)
    if len(axes) != 2 or (length(m, axes[0]) == length(m, axes[1]) and (axes[0] - axes[1]) % m.ndim == 0):
        raise ValueError(f"a rotation needs two different axes, not {axes}")
    turns = k % 4
    if turns == 0:
        return m[...]
    if turns == 2:
        return flip(m, axes)
    return flip(swapaxes(m, *axes), axes[turns // 2])


@composed(np.rollaxis, method=False)
def rollaxis(a: ArrayOrTensor, axis: int, start: int = 0) -> Any:
    """Move one axis until it lies before the one that is now at `start`."""
    length(a, axis)
    before = start + a.ndim if start < 0 else start
    if not 0 <= before <= a.ndim:
        raise np.exceptions.AxisError(start, a.ndim)
    place = axis % a.ndim
    return moveaxis(a, place, before - (place < before))


# Grids


@composed(np.meshgrid, method=False)
def meshgrid(*xi: TensorLike, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Return, for each vector of coordinates, its values at all points of the grid that the vectors span."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"the indexing of a grid is 'xy' or 'ij', not {indexing!r}")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    open_grid = [reshape(operand(x), [-1 if i == axis else 1 for i in axes]) for axis, x in enumerate(xi)]
    grid = tuple(open_grid) if sparse else broadcast_arrays(*open_grid)
    return tuple([copied(x) for x in grid]) if copy else grid


@composed(np.ix_, method=False)
def ix_(*args: TensorLike) -> tuple[Any, ...]:
    """Return the vectors, each along its own axis; as an index they select all combinations."""
    vectors = [operand(x) if np.size(x) or hasattr(x, "dtype") else np.zeros(0, np.intp) for x in args]
    for axis, x in enumerate(vectors):
        if x.ndim != 1:
            raise ValueError(f"an open grid is made of vectors, but its part {axis} has shape {x.shape}")
        if x.dtype == bool:
            vectors[axis] = np.flatnonzero(x)
    return tuple([reshape(x, [-1 if i == axis else 1 for i in range(len(args))]) for axis, x in enumerate(vectors)])


# Blocks


def _depth(blocks: Any) -> int:
    """Return how deeply the lists are nested."""
    if type(blocks) is tuple:
        raise TypeError("blocks are nested in lists; a tuple among them is neither an array nor a list")
    if type(blocks) is not list:
        return 0
    depths = {_depth(block) for block in blocks}
    if len(depths) != 1:
        what = "an empty list" if not depths else "blocks at different depths"
        raise ValueError(f"the lists of blocks must be equally deep and not empty, but there is {what}")
    return depths.pop() + 1


def _leaves(blocks: Any) -> list[Any]:
    return [leaf for block in blocks for leaf in _leaves(block)] if type(blocks) is list else [blocks]


def _assembled(blocks: Any, depth: int, ndim: int) -> Any:
    if not depth:
        x = operand(blocks)
        return reshape(x, (1,) * (ndim - x.ndim) + x.shape)
    return concatenate([_assembled(block, depth - 1, ndim) for block in blocks], -depth)


@composed(np.block, method=False)
def block(arrays: TensorLike | Sequence[TensorLike]) -> Any:
    """Assemble nested lists of blocks: the innermost along the last axis, outer ones along the axes before."""
    depth = _depth(arrays)
    if not depth:
        return copied(arrays)
    return _assembled(arrays, depth, max(depth, *map(np.ndim, _leaves(arrays))))


# Insertion and deletion


def _origins(shape: Shape, values_shape: Shape, obj: Any, axis: int | None) -> Any:
    """Return where each element of the result comes from: its index in the array, or, if negative, in the values."""
    places = np.arange(math.prod(shape)).reshape(shape)
    new = np.arange(-math.prod(values_shape), 0).reshape(values_shape)
    return np.insert(places, obj, new, axis)


def _insert_rule(g: Any, arr_shape: Shape, values_shape: Shape, obj: Any, axis: int | None) -> Any:
    return g[_origins(arr_shape, values_shape, obj, axis) >= 0].reshape(arr_shape)


def _insert_values_rule(g: Any, arr_shape: Shape, values_shape: Shape, obj: Any, axis: int | None) -> Any:
    origins = _origins(arr_shape, values_shape, obj, axis)
    new, count = origins < 0, math.prod(values_shape)
    return scatter(g[new], origins[new] + count, (count,)).reshape(values_shape)


def _inserted(arr: Any, values: Any, obj: Any, axis: int | None) -> Any:
    if not batches(arr) and not batches(values):
        return np.insert(arr, obj, values, axis)
    together = np.concatenate([arr.reshape(-1), values.reshape(-1).astype(arr.dtype)])
    return together[_origins(arr.shape, values.shape, obj, axis)]


_insert = general(_inserted, _insert_rule, _insert_values_rule, name="insert")


@composed(np.insert, method=False)
def insert(arr: TensorLike, obj: int | slice | TensorLike, values: TensorLike, axis: int | None = None) -> Any:
    """Insert `values` along `axis` before the indices in `obj`; without an axis, into the flattened array."""
    arr, values = operand(arr), operand(values)
    if values.dtype.kind == "c" != arr.dtype.kind:
        raise DtypeError(f"complex values cannot be inserted in an array of dtype {arr.dtype}: use astype(complex)")
    return _insert(arr, values, unwrap(obj), axis)


@composed(np.delete, method=False)
def delete(arr: TensorLike, obj: int | slice | TensorLike, axis: int | None = None) -> Any:
    """Remove the elements that `obj` selects along `axis`; without an axis, from the flattened array."""
    arr = operand(arr)
    if axis is None:
        arr, axis = ravel(arr), 0
    places = np.arange(length(arr, axis))
    kept = np.zeros(places.shape, bool)
    kept[np.delete(places, unwrap(obj))] = True
    return arr[along(axis, arr.ndim, kept)]


@composed(np.trim_zeros, method=False)
def trim_zeros(filt: ArrayOrTensor, trim: str = "fb", axis: int | Sequence[int] | None = None) -> Any:
    """Trim the zeros at the front and the back of each axis, or of some axes."""
    if trim.lower() not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim is 'f' for the front, 'b' for the back or both, not {trim!r}")
    axes = range(filt.ndim) if axis is None else normalize_axis_tuple(axis, filt.ndim)
    if not axes:
        return filt
    present = unwrap(filt) != 0
    index = [slice(None)] * filt.ndim
    for along_axis in axes:
        n = filt.shape[along_axis]
        if n:
            here = present.any(tuple([a for a in range(filt.ndim) if a != along_axis]))
            front = here.argmax() if "f" in trim.lower() else 0
            back = here[::-1].argmax() if "b" in trim.lower() else 0
            end = np.where(here.any(), n - back, 0)  # of zeros alone nothing is left
            index[along_axis] = slice(agreed(front, "zeros at the front"), agreed(end, "zeros at the back"))
    return filt[tuple(index)]


@composed(np.resize, method=False)  # the method of arrays resizes in place, which a graph cannot follow
def resize(a: ArrayOrTensor, new_shape: int | Sequence[int]) -> Any:
    """Return an array of `new_shape`, filled with the elements repeatedly; with zeros if there are none."""
    shape = tuple(np.atleast_1d(unwrap(new_shape)).tolist())
    if min(shape, default=0) < 0:
        raise ValueError(f"no axis of an array has a negative length, but {shape} is asked for")
    flat, size = ravel(a), math.prod(shape)
    if not flat.size or not size:
        return reshape(scatter(flat[:0], slice(0, 0), (size,)), shape)
    return reshape(tile(flat, -(-size // flat.size))[:size], shape)


# Windows


def _fold_windows(x: Any, window_shape: int | Sequence[int], axis: int | Sequence[int] | None, shape: Shape) -> Any:
    """Add up windows into an array of `shape`: transpose `sliding_window_view`."""
    sides = np.atleast_1d(window_shape).tolist()
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis).tolist()
    out = np.zeros(shape, x.dtype, like=x)
    for offsets in np.ndindex(*sides):
        starts = [0] * len(shape)
        for along_axis, offset in zip(axes, offsets, strict=True):
            starts[along_axis] += offset  # an axis may be cut more than once
        seen = tuple([slice(start, start + n) for start, n in zip(starts, x.shape, strict=False)])
        out[seen] += x[(..., *offsets)]
    return out


# Each is the transpose of the other.
fold_windows: Any = linear(
    _fold_windows, lambda g, window_shape, axis: sliding_window_view(g, window_shape, axis), name="fold_windows"
)
sliding_window_view: Any = linear(
    np.lib.stride_tricks.sliding_window_view,
    lambda g, window_shape, axis, x_shape: fold_windows(g, window_shape, axis, x_shape),
    forward=lambda x, window_shape, axis=None, subok=False, writeable=False: np.lib.stride_tricks.sliding_window_view(
        x, window_shape, axis, subok=subok, writeable=writeable
    ),
)
