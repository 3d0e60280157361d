"""Manipulation functions: reshape, permute, join, repeat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant, wrapped


def broadcast_arrays(*arrays: ArrayOrTensor) -> tuple[Tensor, ...]:
    """Broadcast the arrays to their common shape."""
    return tuple(map(wrapped, np.broadcast_arrays(*map(as_array, arrays)))) if arrays else ()


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which arrays of these shapes broadcast."""
    return np.broadcast_shapes(*shapes)


def broadcast_to(x: ArrayOrTensor, /, shape: int | Sequence[int]) -> Tensor:
    """Broadcast `x` to `shape`."""
    return wrapped(np.broadcast_to(as_array(x), shape))


def concat(arrays: Sequence[ArrayOrTensor], /, *, axis: int | None = 0) -> Tensor:
    """Join arrays along an axis; with None, flatten them first."""
    return wrapped(np.concatenate([as_array(x) for x in arrays], axis))


def expand_dims(x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] = 0) -> Tensor:
    """Return `x` with new axes of length 1."""
    return wrapped(np.expand_dims(as_array(x), axis))


def flip(x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Reverse the order along some axes, or all."""
    return wrapped(np.flip(as_array(x), axis))


def moveaxis(x: ArrayOrTensor, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Tensor:
    """Move axes to other positions; the others keep their order."""
    return wrapped(np.moveaxis(as_array(x), source, destination))


def permute_dims(x: ArrayOrTensor, /, axes: tuple[int, ...]) -> Tensor:
    """Return `x` with its axes in the order given."""
    return wrapped(np.transpose(as_array(x), axes))


def repeat(x: ArrayOrTensor, repeats: TensorLike, /, *, axis: int | None = None) -> Tensor:
    """Repeat each element along `axis`, with one count for all or one for each."""
    counts = np.asarray(constant(repeats))
    # NumPy casts counts only safely, which excludes uint64; counts that fit into memory fit into an int64.
    return wrapped(np.repeat(as_array(x), counts.astype(np.int64) if counts.dtype == np.uint64 else counts, axis))


def reshape(x: ArrayOrTensor, /, shape: int | Sequence[int], *, copy: bool | None = None) -> Tensor:
    """Return the elements in another shape, copied always, never, or if needed.

    Raises
    ------
    ValueError
        If the elements do not fill the shape, or `copy` is False and a copy cannot be avoided.
    """
    x = as_array(x)
    if copy is False:
        np.reshape(x.data, shape, copy=False)
    shaped = np.reshape(x, shape)
    return wrapped(np.copy(shaped) if copy else shaped)


def roll(x: ArrayOrTensor, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Shift the elements along axes; those beyond one end reappear at the other."""
    return wrapped(np.roll(as_array(x), shift, axis))


def squeeze(x: ArrayOrTensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """Return `x` without axes of length 1."""
    return wrapped(np.squeeze(as_array(x), axis))


def stack(arrays: Sequence[ArrayOrTensor], /, *, axis: int = 0) -> Tensor:
    """Join arrays of one shape along a new axis."""
    return wrapped(np.stack([as_array(x) for x in arrays], axis))


def tile(x: ArrayOrTensor, repetitions: tuple[int, ...], /) -> Tensor:
    """Repeat the array along each axis, `repetitions` times."""
    return wrapped(np.tile(as_array(x), repetitions))


def unstack(x: ArrayOrTensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Return the slices along `axis`."""
    return tuple(map(wrapped, np.unstack(as_array(x), axis=axis)))
