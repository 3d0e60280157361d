"""Aligned memory: where arrays begin, and what the C library does with memory that was freed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["aligned_empty", "aligned_like", "aligned_zeros", "keep_freed_memory"]

Array = np.ndarray[Any, Any]
_LINE = 64  # bytes of a cache line


def aligned_empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array that starts at a cache line, with whatever is in its memory.

    NumPy's own arrays start anywhere. Sums and products of those that fit into the caches take twice as long there, as
    each load of a vector touches two lines, and products of small matrices a third longer.
    """
    return _aligned(np.empty, shape, dtype)


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros that starts at a cache line."""
    return _aligned(np.zeros, shape, dtype)


def aligned_like(array: Array) -> Array:
    """Return a copy, in C's order, that starts at a cache line."""
    copied = aligned_empty(array.shape, array.dtype)
    copied[...] = array
    return copied


def _aligned(make: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = make(size + _LINE, np.uint8)
    first = -memory.ctypes.data % _LINE
    array: Array = memory[first : first + size].view(dtype).reshape(shape)
    return array


def keep_freed_memory() -> None:
    """Let the process keep up to 64 MB of freed memory, rather than return it to the system after each operation.

    The GNU C library returns blocks that are larger than any that was freed before, and the system clears their pages
    when they are asked for again: this takes as long as all that a convolutional network computes with them. It
    adapts when a larger block is freed, so one is, which was never written to and hence costs nothing. Elsewhere this
    has no effect, nor if ``MALLOC_TRIM_THRESHOLD_`` or ``MALLOC_MMAP_THRESHOLD_`` is set.
    """
    np.empty((1 << 25) - (1 << 14), np.uint8)  # as large as the library adapts to
