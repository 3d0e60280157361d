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
from ..tensors.types import ArrayOrTensor, DTypeLike
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
    operation = general(
        lambda x, axis, keepdims, initial, where: function(x, axis, keepdims=keepdims, initial=initial, where=where),
        lambda g, x, out, axis, where: extreme_rule(g, x, out, axis, where, beyond),
        name=function.__name__,
    )

    @composed(function, method=False)
    def extreme(
        x: TensorLike,
        axis: Axis = None,
        keepdims: bool = False,
        initial: TensorLike = ABSENT,
        where: TensorLike = True,
    ) -> Any:
        return operation(x, axis, keepdims, initial, where)


_extreme(np.nanmax, np.greater)
_extreme(np.nanmin, np.less)
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
    keepdims: bool = False,
    *,
    where: TensorLike = True,
) -> Any:
    """Return the mean of the elements that are not nan, and nan where there are none."""
    return _mean(x, axis, dtype, keepdims, where)
