"""Statistical functions: sum, mean, variance and the like."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from ._arrays import as_array, wrapped

numpy: Any = np  # NumPy's annotations accept only literal flags

Axis = int | tuple[int, ...] | None


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Return the cumulative products, starting with 1 if `include_initial`."""
    return wrapped(np.cumulative_prod(as_array(x), axis=axis, dtype=dtype, include_initial=include_initial))


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Return the cumulative sums, starting with 0 if `include_initial`."""
    return wrapped(np.cumulative_sum(as_array(x), axis=axis, dtype=dtype, include_initial=include_initial))


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the largest elements."""
    return wrapped(numpy.max(as_array(x), axis, keepdims=keepdims))


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the means."""
    return wrapped(numpy.mean(as_array(x), axis, keepdims=keepdims))


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the smallest elements."""
    return wrapped(numpy.min(as_array(x), axis, keepdims=keepdims))


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Return the products."""
    return wrapped(numpy.prod(as_array(x), axis, dtype, keepdims=keepdims))


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Return the standard deviations; the divisor is the number of elements minus `correction`."""
    return wrapped(numpy.std(as_array(x), axis, ddof=correction, keepdims=keepdims))


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Return the sums."""
    return wrapped(numpy.sum(as_array(x), axis, dtype, keepdims=keepdims))


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Return the variances; the divisor is the number of elements minus `correction`."""
    return wrapped(numpy.var(as_array(x), axis, ddof=correction, keepdims=keepdims))
