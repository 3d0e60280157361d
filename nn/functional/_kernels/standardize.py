"""Standardization: mean 0 and variance 1 along some axes, then a scale and a shift; all normalization uses it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, general
from autograd.extend import ARRAY_TYPES, accurate_sum

from .half_precision import in_single

Axes = tuple[int, ...]


class Moments:
    """The mean and variance that `standardize` leaves for its derivative and for running statistics.

    A subclass may have them be those of more than the array that it is given: see `total`.
    """

    mean: Any
    variance: Any

    def total(self, sums: Any) -> Any:
        """Return sums over the axes, for all that is standardized together."""
        return sums

    def count(self, own: int) -> Any:
        """Return of how many elements a mean is, of which `own` are those of the array."""
        return own


def _dots(a: Any, b: Any, axes: Axes) -> Any:
    """Return the sum of a * b over `axes`, which are kept with length 1."""
    if type(a) not in ARRAY_TYPES or type(b) not in ARRAY_TYPES:
        return accurate_sum(a * b, axes, keepdims=True)
    if a.ndim - 1 not in axes:
        return accurate_sum(a * b, axes, keepdims=True)
    sums = np.vecdot(a, b)[..., None]  # by BLAS, without the array of products
    return accurate_sum(sums, axes[:-1], keepdims=True) if len(axes) > 1 else sums


def _count(x: Any, axes: Axes) -> int:
    return math.prod([x.shape[axis] for axis in axes]) or 1


def _standardize_forward(
    x: Any, weight: Any, bias: Any, axes: Axes, eps: float, centered: bool, moments: Moments
) -> Any:
    """Return (x - mean) / sqrt(variance + eps) * weight + bias, and leave the mean and the variance in `moments`.

    Without `centered` the mean counts as 0.
    """
    count = moments.count(_count(x, axes))
    mean = moments.total(accurate_sum(x, axes, keepdims=True)) / count if centered else x.dtype.type(0)
    out = x - mean
    variance = moments.total(_dots(out, out, axes)) / count
    moments.mean, moments.variance = mean, variance
    factor = 1 / np.sqrt(variance + eps)
    if _is_factor(weight, out, axes):
        factor, weight = factor * weight, None
    out *= factor
    if weight is not None:
        out = np.multiply(out, weight, out if _fits(weight, out) else None)
    if bias is not None:
        out = np.add(out, bias, out if _fits(bias, out) else None)
    return out


def _fits(parameter: Any, out: Any) -> bool:
    """Tell whether `out` has room for its product with a parameter, or the sum, which may be a batch of `vmap`."""
    return parameter.dtype == out.dtype and (type(parameter) in ARRAY_TYPES or type(out) not in ARRAY_TYPES)


def _is_factor(weight: Any, x: Any, axes: Axes) -> bool:
    """Tell whether all elements that are standardized together have the same weight, so that one product does both."""
    return weight is not None and _fits(weight, x) and set(axes) <= set(_spread_axes(x.shape, weight.shape))


def _less_mean(x: Any, axes: Axes, eps: float, centered: bool, moments: Moments) -> tuple[Any, Any]:
    """Return x less its mean, and the factor 1 / sqrt(variance + eps)."""
    if isinstance(x, Tensor):
        count = moments.count(_count(x, axes))
        x = x - moments.total(x.sum(axis=axes, keepdims=True)) / count if centered else x
        inverse = 1 / np.sqrt(moments.total((x * x).sum(axis=axes, keepdims=True)) / count + eps)
        return x, inverse
    return x - moments.mean, 1 / np.sqrt(moments.variance + eps)


def _input_rule(g: Any, x: Any, weight: Any, axes: Axes, eps: float, centered: bool, moments: Moments) -> Any:
    """Subtract from the gradient its mean and its part along the whitened input: the output does not depend on them."""
    rest, inverse = _less_mean(x, axes, eps, centered, moments)
    factor = inverse
    if _is_factor(weight, x, axes):
        factor = inverse * weight
    elif weight is not None:
        g = g * weight
    count = moments.count(_count(x, axes))
    along = moments.total(_dots(g, rest, axes)) / count * inverse * inverse  # the square could underflow
    mean = moments.total(accurate_sum(g, axes, keepdims=True)) / count if centered else None
    if type(g) in ARRAY_TYPES and type(rest) in ARRAY_TYPES and g.dtype == rest.dtype:
        rest *= along
        gx = np.subtract(g, rest, rest)
        if centered:
            gx -= mean
        gx *= factor
        return gx
    gx = g - rest * along
    return (gx - mean if centered else gx) * factor


def _spread_axes(shape: tuple[int, ...], narrow: tuple[int, ...]) -> Axes:
    """Return the axes along which an array of shape `narrow` is broadcast to `shape`."""
    extra = len(shape) - len(narrow)
    return (*range(extra), *[extra + i for i, n in enumerate(narrow) if n != shape[extra + i]])


def _weight_rule(
    g: Any, x: Any, weight_shape: tuple[int, ...], axes: Axes, eps: float, centered: bool, moments: Moments
) -> Any:
    rest, inverse = _less_mean(x, axes, eps, centered, moments)
    spread = _spread_axes(g.shape, weight_shape)
    if set(spread) <= set(axes):
        return (_dots(g, rest, spread) * inverse).reshape(weight_shape)
    return _dots(g, rest * inverse, spread).reshape(weight_shape)


def _bias_rule(g: Any, bias_shape: tuple[int, ...]) -> Any:
    return accurate_sum(g, _spread_axes(g.shape, bias_shape)).reshape(bias_shape)


standardize = in_single(general(_standardize_forward, _input_rule, _weight_rule, _bias_rule, name="standardize"))
