"""Searching, sorting and indexing: elements, and their indices."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant, wrapped

numpy: Any = np  # NumPy's annotations accept only literal flags


def argmax(x: ArrayOrTensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the largest element, the first if there are several."""
    return Tensor(numpy.argmax(constant(as_array(x)), axis, keepdims=keepdims))


def argmin(x: ArrayOrTensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the smallest element, the first if there are several."""
    return Tensor(numpy.argmin(constant(as_array(x)), axis, keepdims=keepdims))


def count_nonzero(x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """Count the elements that are not zero."""
    return Tensor(np.count_nonzero(constant(as_array(x)), axis, keepdims=keepdims))


def nonzero(x: ArrayOrTensor, /) -> tuple[Tensor, ...]:
    """Return the indices of the elements that are not zero, one array for each axis."""
    return tuple(map(Tensor, np.nonzero(constant(as_array(x)))))


def searchsorted(
    x1: ArrayOrTensor,
    x2: TensorLike,
    /,
    *,
    side: Literal["left", "right"] = "left",
    sorter: ArrayOrTensor | None = None,
) -> Tensor:
    """Return the indices at which the elements of `x2` would be inserted into the sorted `x1`."""
    return Tensor(np.searchsorted(constant(as_array(x1)), constant(x2), side, constant(sorter)))


def where(condition: ArrayOrTensor, x1: TensorLike, x2: TensorLike, /) -> Tensor:
    """Choose from `x1` where the condition holds, else from `x2`; either may be a Python number."""
    return wrapped(np.where(constant(condition), x1, x2))


def argsort(x: ArrayOrTensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the indices that sort the elements along `axis` in ascending or descending order.

    If `stable`, equal elements keep their order in both.
    """
    values = as_array(x).data
    if not descending:
        return Tensor(np.argsort(values, axis, stable=stable))
    # Reading an ascending order backwards reverses equal elements, so the array is reversed first to keep their order.
    backwards = np.argsort(np.flip(values, axis), axis, stable=stable)
    return Tensor(values.shape[axis] - 1 - np.flip(backwards, axis))


def sort(x: ArrayOrTensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the elements along `axis` in ascending or descending order."""
    x = as_array(x)
    return wrapped(np.take_along_axis(x, argsort(x, axis=axis, descending=descending, stable=stable).data, axis))


def take(x: ArrayOrTensor, indices: ArrayOrTensor, /, *, axis: int | None = None) -> Tensor:
    """Return the elements at `indices` along `axis`, which may be left out only for a vector."""
    x = as_array(x)
    if axis is None and x.ndim != 1:
        raise ValueError(f"take() needs an axis for an array of shape {x.shape}: give axis=")
    return wrapped(np.take(x, constant(indices), axis))


def take_along_axis(x: ArrayOrTensor, indices: ArrayOrTensor, /, *, axis: int = -1) -> Tensor:
    """Return the elements at `indices` along `axis`; `indices` has as many axes as `x`."""
    return wrapped(np.take_along_axis(as_array(x), constant(indices), axis))
