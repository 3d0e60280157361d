"""Sums that stay accurate however many numbers there are.

NumPy adds numbers that lie one after another in memory in pairs of pairs, so that rounding hardly grows, but rows one
after another: of a million in single precision the last find a total that no longer notices them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["WIDER", "accurate_sum", "at_least_single"]

_FEW = 512  # numbers for each sum, up to which rounding does not grow enough to pay for a wider total
_BLOCK = 256  # rows that are added in the dtype that they have
WIDER: dict[str, Any] = {"f": np.float64, "F": np.complex128}


def accurate_sum(array: Any, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
    """Sum an array or a tensor along axes, many numbers in the next wider dtype, and return the sum in its own.

    Parameters
    ----------
    array
        Of any dtype; sums in half precision are always made in single precision, where 2048 + 1 is not 2048.
    axis
        The axis or axes to sum over.
    keepdims
        Leave length 1 on the axes that were summed over.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.extend import accurate_sum
    >>> rows = np.full((2**20, 2), 0.1, np.float32)
    >>> accurate_sum(rows, 0).round()
    array([104858., 104858.], dtype=float32)
    >>> bool(rows.sum(0)[0] > 105_000)
    True
    """
    try:
        dtype = array.dtype
    except AttributeError:
        raise TypeError(f"accurate_sum() takes an array or a tensor, not {type(array).__name__}") from None
    if dtype.char == "e":
        return array.sum(axis=axis, keepdims=keepdims, dtype=np.float32).astype(dtype)
    if dtype.char not in WIDER or array.size <= _FEW:
        return _sum(array, axis, keepdims)
    axes = tuple([a % array.ndim for a in (axis if isinstance(axis, tuple) else (axis,))])
    count = math.prod([array.shape[a] for a in axes])
    if count <= _FEW:
        return _sum(array, axis, keepdims)
    if type(array) is np.ndarray and array.flags.c_contiguous:
        if axes == (array.ndim - 1,):
            return _sum(array, axis, keepdims)  # in pairs of pairs
        if axes == tuple(range(len(axes))):
            kept = (1,) * len(axes) if keepdims else ()
            return _sum_rows(array.reshape(count, -1)).reshape((*kept, *array.shape[len(axes) :]))
    return array.sum(axis=axis, keepdims=keepdims, dtype=WIDER[dtype.char]).astype(dtype)


def _sum(array: Any, axis: int | tuple[int, ...], keepdims: Any) -> Any:
    if type(array) is np.ndarray:
        return np.add.reduce(array, axis, keepdims=keepdims)  # without the layer of Python that the method has
    return array.sum(axis=axis, keepdims=keepdims)


def _sum_rows(rows: Any) -> Any:
    """Sum blocks of rows as products with ones, which BLAS computes in a fifth of the time that NumPy takes."""
    blocks = len(rows) // _BLOCK
    whole = blocks * _BLOCK
    ones = np.ones(_BLOCK, rows.dtype)
    parts = np.matmul(ones, rows[:whole].reshape(blocks, _BLOCK, -1))
    total = parts.sum(axis=0, dtype=WIDER[rows.dtype.char])
    total += ones[: len(rows) - whole].dot(rows[whole:])
    return total.astype(rows.dtype)


def at_least_single(array: Any) -> Any:
    """Return half precision as single precision, in which counts above 65504 are numbers; others as they are."""
    return array.astype(np.float32) if array.dtype.char == "e" else array
