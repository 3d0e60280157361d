"""Aligned memory: arrays that start at a cache line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

Array = np.ndarray[Any, Any]
_LINE = 64  # bytes of a cache line


def aligned_empty(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an uninitialized array that starts at a cache line.

    NumPy's own arrays start anywhere. Sums and products of unaligned arrays that fit into the caches take twice as
    long, because each vector load touches two lines, and products of small matrices take a third longer.
    """
    return _aligned(np.empty, shape, dtype)


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array of zeros that starts at a cache line."""
    return _aligned(np.zeros, shape, dtype)


def aligned_like(array: Array) -> Array:
    """Return a copy in C order that starts at a cache line."""
    copied = aligned_empty(array.shape, array.dtype)
    copied[...] = array
    return copied


def _aligned(make: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = make(size + _LINE, np.uint8)
    if type(memory) is not np.ndarray:  # of a program that `compile` records, which aligns all its memory
        return make(shape, dtype)  # type: ignore[no-any-return]
    first = -memory.ctypes.data % _LINE
    array: Array = memory[first : first + size].view(dtype).reshape(shape)
    return array
