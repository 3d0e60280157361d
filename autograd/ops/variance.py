"""Variances and standard deviations; those that skip nan are declared with the other functions that do.

They share one rule: the gradient of a variance at an element is its deviation from the mean, times 2 / (count - ddof).
Elements that `where` leaves out, and skipped nan, get the gradient 0, and so do all elements of a slice in which
nothing is left. The standard deviation of constants has gradient 0. Where there are no degrees of freedom the result
is nan, and so is the gradient.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays.door import anywhere
from ..errors import UnsupportedError
from ..primitives.accurate_sum import at_least_single
from ..primitives.declare import composed, general
from ..primitives.primitive import Function, Rule
from ..tensors.tensor import Axis, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, DTypeLike, Out
from .norm import scale_of, unscaled
from .reduce import ABSENT, keep_axes, kept_shape, number_reduced, refuse_bool, refuse_out
from .shape import operand, unbroadcast


def valid_elements(x: TensorLike, where: TensorLike, skip_nan: bool) -> Any:
    """Return the mask of the elements that count, or True for all."""
    return ~np.isnan(unwrap(x)) & where if skip_nan else where


def count_valid(x: ArrayOrTensor, g: ArrayOrTensor, axis: Axis, valid: Any) -> Any:
    """Return how many elements count: a number, or an array with length 1 on the reduced axes."""
    if valid is True:
        return number_reduced(x.shape, g)
    return np.add.reduce(np.broadcast_to(valid, x.shape), axis, np.finfo(x.dtype).dtype, keepdims=True)


def _deviation(x: Any, axis: Axis, valid: Any, count: Any) -> Any:
    """Return x minus its mean, exactly 0 for constants: an element is subtracted before rounding can occur."""
    values = unwrap(x)
    if valid is True:
        first = values[tuple([slice(1) if n == 1 else slice(None) for n in kept_shape(values.shape, axis)])]
        shifted = x - first
        return shifted - shifted.mean(axis, keepdims=True)
    greatest = np.maximum.reduce(values, axis, keepdims=True, initial=-np.inf, where=valid)
    shifted = np.where(valid, x - np.where(np.isfinite(greatest), greatest, 0), 0)
    return np.where(valid, shifted - shifted.sum(axis, keepdims=True) / np.maximum(count, 1), 0)


def _pull(g: Any, x: Any, mean: Any, axis: Axis, ddof: float, valid: Any, out: Any) -> Any:
    """Return the gradient of x: that of a variance, or of the standard deviation `out`."""
    g, x = at_least_single(g), at_least_single(x)
    count = count_valid(x, g, axis, valid)
    # Without degrees of freedom the deviations are nan, not the divisor: in forward mode, 0 would absorb it.
    if valid is True:
        undefined, freedom = count <= ddof, count - ddof if count > ddof else 1
    else:
        undefined, freedom = count <= ddof, np.where(count > ddof, count - ddof, 1).astype(count.dtype)
    # NumPy's sum of squares may have overflowed, or underflowed; the gradient of a root is that of multiples of x
    anew = out is not None and (out.dtype == np.float16 or not unscaled(out))
    if anew:
        scale = scale_of(x if valid is True else np.where(valid, x, 0), axis)
        x, mean = x / scale, mean if mean is ABSENT else mean / scale
    if mean is ABSENT:
        deviation = _deviation(x, axis, valid, count)
    else:
        deviation = x - mean if valid is True else np.where(valid, x - mean, 0)
    if anew:
        g, variance = keep_axes(g, x.shape, axis), np.square(abs(deviation)).sum(axis, keepdims=True) / freedom
        out = np.sqrt(np.where(np.equal(variance, 0), 1, variance))  # the root of 0 would have an infinite slope
    if anywhere(undefined):
        deviation = np.where(undefined, math.nan, deviation)
    slope = keep_axes(g + g if out is None else g / np.where(np.equal(out, 0), 1, out), x.shape, axis) / freedom
    gx = slope * (np.conjugate(deviation) if deviation.dtype.kind == "c" else deviation)
    return gx if valid is True else np.where(valid, gx, 0)


def dispersion_of(function: Function, *, root: bool, skip_nan: bool) -> None:
    """Declare one of the functions, both about the mean of the elements and about a given mean."""
    name = function.__name__

    def forward(
        x: TensorLike, axis: Axis, dtype: DTypeLike | None, ddof: float, keepdims: bool, where: TensorLike
    ) -> Any:
        return function(x, axis, dtype, ddof=ddof, keepdims=keepdims, where=where)

    def forward_about(
        x: TensorLike, mean: Any, axis: Axis, dtype: DTypeLike | None, ddof: float, keepdims: bool, where: TensorLike
    ) -> Any:
        return function(x, axis, dtype, ddof=ddof, keepdims=keepdims, where=where, mean=mean)

    def pull(
        g: ArrayOrTensor, x: TensorLike, axis: Axis, ddof: float, where: TensorLike, mean: Any = ABSENT, out: Out = None
    ) -> Any:
        return _pull(g, x, mean, axis, ddof, valid_elements(x, where, skip_nan), out)

    def to_mean(gx: Any, mean: Any) -> Any:
        return unbroadcast(-gx, np.shape(mean))

    # A standard deviation saves its result for the backward pass, a variance does not.
    if root:
        alone: tuple[Rule, ...] = (lambda g, x, out, axis, ddof, where: pull(g, x, axis, ddof, where, out=out),)
        beside: tuple[Rule, ...] = (
            lambda g, x, out, mean, axis, ddof, where: pull(g, x, axis, ddof, where, mean, out),
            lambda g, x, out, mean, axis, ddof, where: to_mean(pull(g, x, axis, ddof, where, mean, out), mean),
        )
    else:
        alone = (lambda g, x, axis, ddof, where: pull(g, x, axis, ddof, where),)
        beside = (
            lambda g, x, mean, axis, ddof, where: pull(g, x, axis, ddof, where, mean),
            lambda g, x, mean, axis, ddof, where: to_mean(pull(g, x, axis, ddof, where, mean), mean),
        )
    of_elements = general(forward, *alone, name=name)
    about = general(forward_about, *beside, name=f"{name}_about")

    @composed(function, method=not skip_nan)
    def dispersion(
        x: TensorLike,
        axis: Axis = None,
        dtype: DTypeLike | None = None,
        out: Out = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: TensorLike = True,
        mean: Any = ABSENT,
        correction: Any = ABSENT,
    ) -> Any:
        refuse_out(out, name)
        refuse_bool(dtype, name)
        if correction is not ABSENT:  # the array API's name
            if ddof:
                raise ValueError("ddof and correction are two names for the same thing: give one of them")
            ddof = correction
        if mean is ABSENT:
            return of_elements(x, axis, dtype, ddof, keepdims, where)
        x, mean = operand(x), operand(mean)
        if mean.dtype.kind == "c" != x.dtype.kind:  # NumPy's squares are not absolute there
            raise UnsupportedError(f"{name} of real numbers about a complex mean: give x.astype({mean.dtype})")
        return about(x, mean, axis, dtype, ddof, keepdims, where)


dispersion_of(np.var, root=False, skip_nan=False)
dispersion_of(np.std, root=True, skip_nan=False)
