"""Accurate sums, however many numbers there are.

NumPy sums numbers that are contiguous in memory pairwise, so that rounding errors hardly grow, but adds rows one after
another: in single precision, the last of a million rows are lost in the rounding of the total. Many short rows take it
long as well, whether it adds them or the numbers in each, as the gradients of biases and of other broadcast inputs do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, fusing
from ..tensors.dispatch import operations
from ..tensors.tensor import Tensor
from ..tensors.types import ArrayOrTensor

_FEW = 512  # numbers in a sum up to which the rounding error is too small to justify a wider total
_SMALL = 2048  # numbers in all up to which how they are summed makes no difference
_PAIRWISE = 128  # contiguous numbers that NumPy adds as `einsum` does; it adds more of them pairwise
_SHORT: dict[Any, int] = {np.add: 8, np.maximum: 13, np.minimum: 13}  # numbers in a row; NumPy adds 8 pairwise
_ROWS = 128  # rows for each number in one from which on it pays to go through them by columns
_BLOCK = 256  # rows that are added in their own dtype
WIDER: dict[str, Any] = {"f": np.float64, "F": np.complex128}


def accurate_sum(array: ArrayOrTensor, axis: int | tuple[int, ...], keepdims: bool = False) -> Any:
    """Sum an array or a tensor over axes, in the next wider dtype if there are many numbers; return its own dtype.

    Parameters
    ----------
    array
        Of any dtype; half precision is always summed in single precision, where 2048 + 1 is not 2048.
    axis
        The axis or axes to sum over.
    keepdims
        Whether to keep the axes that were summed over, with length 1.

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
    if isinstance(array, Tensor):
        return operations[accurate_sum](array, axis, keepdims)
    if dtype.char == "e":
        return array.sum(axis=axis, keepdims=keepdims, dtype=np.float32).astype(dtype)
    if array.size <= _FEW or (array.size <= _SMALL and dtype.char not in WIDER):
        return _sum(array, axis, keepdims)
    axes = tuple([a % array.ndim for a in (axis if isinstance(axis, tuple) else (axis,))])
    count = math.prod([array.shape[a] for a in axes])
    single = dtype.char in WIDER and count > _FEW
    plain: Any = array
    if type(plain) in ARRAY_TYPES and plain.flags.c_contiguous:
        real = dtype.char in "fd" and not fusing()  # a loop adds them as it computes them
        if axes == (array.ndim - 1,):
            if (total := reduced_by_columns(np.add, plain, -1, keepdims)) is not None:
                return total
            if real and count <= _PAIRWISE and array.size > _FEW * count:
                total = np.einsum("...i->...", plain)
                return total[..., None] if keepdims else total
            single = False  # NumPy adds them pairwise
        elif axes == tuple(range(len(axes))) and (single or (real and _FEW < count < array.size)):
            kept = (1,) * len(axes) if keepdims else ()
            return _sum_rows(array.reshape(count, -1)).reshape((*kept, *array.shape[len(axes) :]))
    if single:
        rows = type(plain) in ARRAY_TYPES and array.ndim - 1 in axes and array.shape[-1] >= 16 and not fusing()
        if rows and plain.strides[-1] == dtype.itemsize:
            array = np.add.reduce(plain, -1, keepdims=True)  # pairwise, in half of the time
        return array.sum(axis=axis, keepdims=keepdims, dtype=WIDER[dtype.char]).astype(dtype)
    return _sum(array, axis, keepdims)


def reduced(ufunc: Any, x: ArrayOrTensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    """Return what ``ufunc.reduce`` does."""
    if type(axis) is int and x.size >= 4 * _ROWS:  # two numbers in a row
        found = reduced_by_columns(ufunc, x, axis, keepdims)
        if found is not None:
            return found
    return ufunc.reduce(x, axis, None, None, keepdims)


def reduced_by_columns(ufunc: np.ufunc, x: ArrayOrTensor, axis: int | tuple[int, ...] | None, keepdims: bool) -> Any:
    """Reduce many short rows column by column, in the same order; return None for anything else.

    NumPy starts a loop for each row, and takes up to fifty times as long. Of zeros of both signs the extreme may be the
    other one; which NumPy chooses depends on the layout and the machine.
    """
    if type(axis) is not int or type(x) not in ARRAY_TYPES or x.ndim < 2 or axis not in (-1, x.ndim - 1):
        return None
    count = x.shape[-1]
    if not 2 <= count < _SHORT[ufunc] or x.size < _ROWS * count**2 or x.dtype.char not in "fd" or fusing():
        return None
    out = ufunc(x[..., 0], x[..., 1])
    for i in range(2, count):
        ufunc(out, x[..., i], out=out)
    if ufunc is np.add:
        ufunc(out, 0.0, out=out)  # where NumPy starts from, so that no sum is -0.0
    return out[..., None] if keepdims else out


def _sum(array: Any, axis: int | tuple[int, ...], keepdims: Any) -> Any:
    if type(array) in ARRAY_TYPES:
        return np.add.reduce(array, axis, keepdims=keepdims)  # skips the Python layer of the method
    return array.sum(axis=axis, keepdims=keepdims)


def _sum_rows(rows: Any) -> Any:
    """Sum blocks of rows as products with ones, which BLAS computes in a fifth of NumPy's time."""
    blocks = len(rows) // _BLOCK
    whole = blocks * _BLOCK
    ones = np.ones(_BLOCK, rows.dtype)
    parts = np.matmul(ones, rows[:whole].reshape(blocks, _BLOCK, -1))
    total = parts.sum(axis=0, dtype=WIDER.get(rows.dtype.char))
    total += ones[: len(rows) - whole].dot(rows[whole:])
    return total.astype(rows.dtype, copy=False)


def at_least_single(array: ArrayOrTensor) -> Any:
    """Convert half precision to single precision, where counts above 65504 are finite; return others as they are."""
    return array.astype(np.float32) if array.dtype.char == "e" else array
