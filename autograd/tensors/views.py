"""Views: finding tensors that share memory, and updating the others when one is written to.

A view and its base know each other through a list of weak references that they share (`tensor.link`). It is read only
when one of them is written to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..arrays.door import batched_at, batches, called, concrete, innermost_level, layout_alone, whole
from ..errors import UnsupportedError
from .tensor import Array, Tensor


def sharing(x: Tensor) -> list[Tensor]:
    """Return the other tensors that may share memory with `x`."""
    members = [member() for member in getattr(x, "_aliases", ())]
    return [member for member in members if member is not None and member is not x]


def overlap(of: Array, written: Array) -> tuple[Array, Array] | None:
    """Return a mask of the elements that `of` shares with `written`, and their positions in that; None for none."""
    if not np.may_share_memory(of, written) or not of.size or not written.size:
        return None
    if batches(of) or batches(written):
        if batches(of) != batches(written) or 0 in whole(of).shape:
            return None  # a tensor that has left its vmap
        first = (*[0 for level in batches(of) if not level.of_pattern], ...)  # all elements of a batch lie alike
        of, written = whole(of)[first], whole(written)[first]
    if of.dtype.itemsize != written.dtype.itemsize:
        raise UnsupportedError(
            f"writing to a tensor of dtype {written.dtype} that shares memory with one of dtype {of.dtype}: "
            f"write to a copy, or compute a new tensor"
        )
    return _shared(of, written)


@layout_alone
def _shared(of: Array, written: Array) -> tuple[Array, Array] | None:
    here, there = _addresses(of), _addresses(written)
    order = np.argsort(there)
    found = np.minimum(np.searchsorted(there, here, sorter=order), there.size - 1)
    positions = order[found]
    mask = there[positions] == here
    return (mask.reshape(of.shape), positions[mask]) if mask.any() else None


def _addresses(array: Array) -> Array:
    """Return the memory address of each element."""
    address = np.array(array.__array_interface__["data"][0])
    for n, stride in zip(array.shape, array.strides, strict=True):
        address = address[..., None] + np.arange(n) * stride
    return address.reshape(-1)


def move(members: list[Tensor]) -> None:
    """Move tensors that share memory to new shared memory, with the same values; the old memory stays as it is."""
    members = [member for member in members if whole(member._array).size]
    if not members:
        return
    level: Any = innermost_level([member._array for member in members])
    if level is not None and level.of_pattern:
        for member, array in zip(members, level.moved([member._array for member in members]), strict=True):
            member._array = array
        return
    arrays = [whole(member._array) for member in members]
    start = min(byte_bounds(concrete(array))[0] for array in arrays)
    end = max(byte_bounds(concrete(array))[1] for array in arrays)
    memory = np.empty(end - start, np.uint8)
    for member, old in zip(members, arrays, strict=True):
        offset = concrete(old).__array_interface__["data"][0] - start
        moved: Array = called(_within, memory, old.shape, old.dtype, offset, old.strides)
        moved[...] = old
        moved.flags.writeable = old.flags.writeable
        member._array = batched_at(moved, batches(member._array))


def _within(memory: Array, shape: tuple[int, ...], dtype: Any, offset: int, strides: tuple[int, ...]) -> Array:
    """Return an array that lies in memory given as bytes."""
    return np.ndarray(shape, dtype, memory, offset, strides)
