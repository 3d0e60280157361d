"""Statistical functions: sum, mean, variance and the like; and `all`, `any` and `diff`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.inside import ArrayOrTensor

from ._arrays import as_array, constant, wrapped

numpy: Any = np  # NumPy's annotations accept only literal flags

Axis = int | tuple[int, ...] | None


def cumulative_prod(
    x: ArrayOrTensor, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Tensor:
    """Return the cumulative products, starting with 1 if `include_initial`."""
    return wrapped(np.cumulative_prod(as_array(x), axis=axis, dtype=dtype, include_initial=include_initial))


def cumulative_sum(
    x: ArrayOrTensor, /, *, axis: int | None = None, dtype: DTypeLike | None = None, include_initial: bool = False
) -> Tensor:
    """Return the cumulative sums, starting with 0 if `include_initial`."""
    return wrapped(np.cumulative_sum(as_array(x), axis=axis, dtype=dtype, include_initial=include_initial))


def max(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the largest elements."""
    return wrapped(numpy.max(as_array(x), axis, keepdims=keepdims))


def mean(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the means."""
    return wrapped(numpy.mean(as_array(x), axis, keepdims=keepdims))


def min(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Return the smallest elements."""
    return wrapped(numpy.min(as_array(x), axis, keepdims=keepdims))


def prod(x: ArrayOrTensor, /, *, axis: Axis = None, dtype: DTypeLike | None = None, keepdims: bool = False) -> Tensor:
    """Return the products."""
    return wrapped(numpy.prod(as_array(x), axis, dtype, keepdims=keepdims))


def std(x: ArrayOrTensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Return the standard deviations; the divisor is the number of elements minus `correction`."""
    return wrapped(numpy.std(as_array(x), axis, ddof=correction, keepdims=keepdims))


def sum(x: ArrayOrTensor, /, *, axis: Axis = None, dtype: DTypeLike | None = None, keepdims: bool = False) -> Tensor:
    """Return the sums."""
    return wrapped(numpy.sum(as_array(x), axis, dtype, keepdims=keepdims))


def var(x: ArrayOrTensor, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Return the variances; the divisor is the number of elements minus `correction`."""
    return wrapped(numpy.var(as_array(x), axis, ddof=correction, keepdims=keepdims))


def all(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False, out: None = None) -> Tensor:
    """Tell whether every element is true; `numpy.all` of an array of xarray gives `out`, as in `any`."""
    return Tensor(numpy.all(constant(as_array(x)), axis, keepdims=keepdims))


def any(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False, out: None = None) -> Tensor:
    """Tell whether some element is true."""
    return Tensor(numpy.any(constant(as_array(x)), axis, keepdims=keepdims))


def diff(
    x: ArrayOrTensor,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: ArrayOrTensor | None = None,
    append: ArrayOrTensor | None = None,
) -> Tensor:
    """Take differences of neighbours along `axis`, `n` times, after joining `prepend` and `append` to `x`."""
    parts = [as_array(part) for part in (prepend, x, append) if part is not None]
    joined = np.concatenate(parts, axis) if n and len(parts) > 1 else as_array(x)
    return wrapped(np.diff(joined, n, axis))
