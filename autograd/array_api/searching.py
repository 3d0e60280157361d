"""Searching: indices of elements, and `where`."""

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
