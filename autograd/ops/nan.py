"""nan-functions: sums, products, extremes, means and variances that skip nan.

Where a slice is all nan, the value and the warning are NumPy's. A nan has the gradient 0, and so do all elements of
such a slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.door import anywhere
from ..primitives.accurate_sum import at_least_single
from ..primitives.declare import composed, general, not_differentiable
from ..tensors.tensor import unwrap
from .cumulative import cumprod, cumsum, prod
from .reduce import ABSENT, Axis, keep_axes, refuse_out, share_evenly, sum
from .shape import operand
from .variance import count_valid, dispersion_of, valid_elements

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from ..tensors.tensor import TensorLike
    from ..tensors.types import ArrayOrTensor, Out

numpy: Any = np  # its annotations accept only literal flags


def _replaced(x: Any, value: int) -> Any:
    """Return `x` with each nan replaced by `value`."""
    x = operand(x)
    absent = np.isnan(unwrap(x))
    return np.where(absent, np.asarray(value, x.dtype), x) if anywhere(absent) else x


@composed(np.nansum, method=False)
def nansum(
    x: TensorLike,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Out = None,
    keepdims: bool = False,
    initial: TensorLike = ABSENT,
    where: TensorLike = True,
) -> Any:
    """Return the sum of the elements that are not nan."""
    return sum(_replaced(x, 0), axis, dtype, out, keepdims, initial, where)


@composed(np.nanprod, method=False)
def nanprod(
    x: TensorLike,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Out = None,
    keepdims: bool = False,
    initial: TensorLike = ABSENT,
    where: TensorLike = True,
) -> Any:
    """Return the product of the elements that are not nan."""
    return prod(_replaced(x, 1), axis, dtype, out, keepdims, initial, where)


@composed(np.nancumsum, method=False)
def nancumsum(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Out = None) -> Any:
    """Return the cumulative sums, to which a nan adds nothing."""
    return cumsum(_replaced(x, 0), axis, dtype, out)


@composed(np.nancumprod, method=False)
def nancumprod(x: TensorLike, axis: int | None = None, dtype: DTypeLike | None = None, out: Out = None) -> Any:
    """Return the cumulative products, which a nan leaves unchanged."""
    return cumprod(_replaced(x, 1), axis, dtype, out)


# Extremes


def _nanmax(x: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    return numpy.nanmax(x, axis, keepdims=keepdims, initial=initial, where=where)


def _nanmin(x: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    return numpy.nanmin(x, axis, keepdims=keepdims, initial=initial, where=where)


def extreme_rule(
    g: ArrayOrTensor, x: ArrayOrTensor, out: ArrayOrTensor, axis: Axis, where: TensorLike, beyond: np.ufunc
) -> Any:
    """Share the gradient of a greatest or least element among those equal to it; a nan is never one of them."""
    present = ~np.isnan(unwrap(x)) & where
    with np.errstate(invalid="ignore"):  # NumPy warns when it compares complex nans
        shares = share_evenly(x, keep_axes(out, x.shape, axis), axis, present, beyond=beyond)
    return keep_axes(g, x.shape, axis) * shares


_max = general(_nanmax, lambda g, x, out, axis, where: extreme_rule(g, x, out, axis, where, np.greater), name="nanmax")
_min = general(_nanmin, lambda g, x, out, axis, where: extreme_rule(g, x, out, axis, where, np.less), name="nanmin")


@composed(np.nanmax, method=False)
def nanmax(
    x: TensorLike,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: TensorLike = ABSENT,
    where: TensorLike = True,
) -> Any:
    """Return the greatest element that is not nan, and nan where there is none; ties share its gradient evenly."""
    refuse_out(out)
    return _max(x, axis, keepdims, initial, where)


@composed(np.nanmin, method=False)
def nanmin(
    x: TensorLike,
    axis: Axis = None,
    out: Out = None,
    keepdims: bool = False,
    initial: TensorLike = ABSENT,
    where: TensorLike = True,
) -> Any:
    """Return the least element that is not nan, and nan where there is none; ties share its gradient evenly."""
    refuse_out(out)
    return _min(x, axis, keepdims, initial, where)


not_differentiable(np.nanargmax, np.nanargmin)


# Means and variances

dispersion_of(np.nanvar, root=False, skip_nan=True)
dispersion_of(np.nanstd, root=True, skip_nan=True)


def _nanmean(x: Any, axis: Axis, dtype: Any, keepdims: bool, where: Any) -> Any:
    return numpy.nanmean(x, axis, dtype, keepdims=keepdims, where=where)


def _nanmean_rule(g: Any, x: Any, axis: Axis, where: Any) -> Any:
    g, x = at_least_single(g), at_least_single(x)
    valid = valid_elements(x, where, True)
    count = np.maximum(count_valid(x, g, axis, valid), 1)
    return np.where(valid, keep_axes(g, x.shape, axis) / count, 0)


_mean = general(_nanmean, _nanmean_rule, name="nanmean")


@composed(np.nanmean, method=False)
def nanmean(
    x: TensorLike,
    axis: Axis = None,
    dtype: DTypeLike | None = None,
    out: Out = None,
    keepdims: bool = False,
    *,
    where: TensorLike = True,
) -> Any:
    """Return the mean of the elements that are not nan, and nan where there are none."""
    refuse_out(out)
    return _mean(x, axis, dtype, keepdims, where)
