"""Searching: indices of elements, and `where`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from ._arrays import as_array, constant, wrapped

numpy: Any = np  # NumPy's annotations accept only literal flags


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the largest element, the first if there are several."""
    return Tensor(numpy.argmax(constant(as_array(x)), axis, keepdims=keepdims))


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Return the index of the smallest element, the first if there are several."""
    return Tensor(numpy.argmin(constant(as_array(x)), axis, keepdims=keepdims))


def count_nonzero(x: Any, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """Count the elements that are not zero."""
    return Tensor(np.count_nonzero(constant(as_array(x)), axis, keepdims=keepdims))


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """Return the indices of the elements that are not zero, one array for each axis."""
    return tuple(map(Tensor, np.nonzero(constant(as_array(x)))))


def searchsorted(x1: Any, x2: Any, /, *, side: Any = "left", sorter: Any = None) -> Tensor:
    """Return the indices at which the elements of `x2` would be inserted into the sorted `x1`."""
    return Tensor(np.searchsorted(constant(as_array(x1)), constant(x2), side, constant(sorter)))


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """Choose from `x1` where the condition holds, else from `x2`; either may be a Python number."""
    return wrapped(np.where(constant(condition), x1, x2))
