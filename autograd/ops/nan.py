"""nan-functions: sums, products, extremes, means and variances that skip nan.

Where a slice is all nan, the value and the warning are NumPy's. A nan has the gradient 0, and so do all elements of
such a slice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import anywhere, numpy
from ..primitives.accurate_sum import at_least_single
from ..primitives.declare import composed, general, not_differentiable
from ..tensors.tensor import Axis, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor
from .cumulative import cumprod, cumsum, prod
from .reduce import ABSENT, keep_axes, share_evenly, sum
from .shape import operand
from .variance import count_valid, dispersion_of, valid_elements


def _replaced(x: Any, value: int) -> Any:
    """Return `x` with each nan replaced by `value`."""
    x = operand(x)
    absent = np.isnan(unwrap(x))
    return np.where(absent, np.asarray(value, x.dtype), x) if anywhere(absent) else x


def _replacing(function: Any, composition: Any, value: int) -> None:
    """Declare a function as another one of the elements in which each nan is replaced by a value."""
    composed(function, method=False)(lambda x, *args, **kwargs: composition(_replaced(x, value), *args, **kwargs))


_replacing(np.nansum, sum, 0)
_replacing(np.nanprod, prod, 1)
_replacing(np.nancumsum, cumsum, 0)
_replacing(np.nancumprod, cumprod, 1)


# Extremes


def extreme_rule(
    g: ArrayOrTensor, x: ArrayOrTensor, out: ArrayOrTensor, axis: Axis, where: TensorLike, beyond: np.ufunc
) -> Any:
    """Share the gradient of a greatest or least element among those equal to it; a nan is never one of them."""
    present = ~np.isnan(unwrap(x)) & where
    with np.errstate(invalid="ignore"):  # NumPy warns when it compares complex nans
        shares = share_evenly(x, keep_axes(out, x.shape, axis), axis, present, beyond=beyond)
    return keep_axes(g, x.shape, axis) * shares


def _extreme(function: Any, beyond: np.ufunc) -> None:
    """Declare an extreme of the elements that are not nan; it is nan where there are none."""

    def forward(x: Any, axis: Axis = None, keepdims: Any = False, initial: Any = ABSENT, where: Any = True) -> Any:
        return function(x, axis, keepdims=keepdims, initial=initial, where=where)

    def rule(g: Any, x: Any, out: Any, axis: Axis, where: Any) -> Any:
        return extreme_rule(g, x, out, axis, where, beyond)

    composed(function, method=False)(general(forward, rule, name=function.__name__))


_extreme(np.nanmax, np.greater)
_extreme(np.nanmin, np.less)
not_differentiable(np.nanargmax, np.nanargmin)


# Means and variances

dispersion_of(np.nanvar, root=False, skip_nan=True)
dispersion_of(np.nanstd, root=True, skip_nan=True)


def _nanmean(x: Any, axis: Axis = None, dtype: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    return numpy.nanmean(x, axis, dtype, keepdims=keepdims, where=where)


def _nanmean_rule(g: Any, x: Any, axis: Axis, where: Any) -> Any:
    g, x = at_least_single(g), at_least_single(x)
    valid = valid_elements(x, where, True)
    count = np.maximum(count_valid(x, g, axis, valid), 1)
    return np.where(valid, keep_axes(g, x.shape, axis) / count, 0)


composed(np.nanmean, method=False)(general(_nanmean, _nanmean_rule, name="nanmean"))
