"""Standardization: mean 0 and variance 1 along some axes, then a scale and a shift; all normalization uses it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, general
from autograd.extend import ARRAY_TYPES, accurate_sum

from .operands import in_single

Axes = tuple[int, ...]
Shared = dict[Any, Any]  # what the rules of a gradient leave for each other


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


def _less_mean(x: Any, axes: Axes, eps: float, centered: bool, moments: Moments, shared: Shared) -> tuple[Any, Any]:
    """Return x less its mean, and the factor 1 / sqrt(variance + eps)."""
    if isinstance(x, Tensor):
        count = moments.count(_count(x, axes))
        x = x - moments.total(x.sum(axis=axes, keepdims=True)) / count if centered else x
        inverse = 1 / np.sqrt(moments.total((x * x).sum(axis=axes, keepdims=True)) / count + eps)
        return x, inverse
    if "less mean" not in shared:
        shared["less mean"] = x - moments.mean, 1 / np.sqrt(moments.variance + eps)
    return shared["less mean"]


def _summed(name: str, axes: Axes, shared: Shared, g: Any, x: Any = None) -> Any:
    """Return the sum of g, or of g * x, over axes, which are kept with length 1."""
    if (name, axes) not in shared:
        shared[name, axes] = accurate_sum(g, axes, keepdims=True) if x is None else _dots(g, x, axes)
    return shared[name, axes]


def _input_rule(
    g: Any, x: Any, weight: Any, axes: Axes, eps: float, centered: bool, moments: Moments, shared: Shared
) -> Any:
    """Subtract from the gradient its mean and its part along the whitened input: the output does not depend on them."""
    factor = _is_factor(weight, x, axes)
    shared = shared if factor else {}  # no other rule needs sums of g * weight, or the whitened input
    rest, inverse = _less_mean(x, axes, eps, centered, moments, shared)
    g = g if factor or weight is None else g * weight
    count = moments.count(_count(x, axes))
    along = moments.total(_summed("along", axes, shared, g, rest)) / count * inverse
    along = along * inverse  # the square could underflow
    mean = moments.total(_summed("g", axes, shared, g)) / count if centered else None
    inverse = inverse * weight if factor else inverse
    if type(g) in ARRAY_TYPES and type(rest) in ARRAY_TYPES and g.dtype == rest.dtype:
        gx = np.multiply(rest, along, None if factor else rest)
        np.subtract(g, gx, gx)
        if centered:
            gx -= mean
        gx *= inverse
        return gx
    gx = g - rest * along
    return (gx - mean if centered else gx) * inverse


def _spread_axes(shape: tuple[int, ...], narrow: tuple[int, ...]) -> Axes:
    """Return the axes along which an array of shape `narrow` is broadcast to `shape`."""
    extra = len(shape) - len(narrow)
    return (*range(extra), *[extra + i for i, n in enumerate(narrow) if n != shape[extra + i]])


def _weight_rule(
    g: Any, x: Any, weight_shape: tuple[int, ...], axes: Axes, eps: float, centered: bool, moments: Moments,
    shared: Shared,
) -> Any:  # fmt: skip
    rest, inverse = _less_mean(x, axes, eps, centered, moments, shared)
    spread = _spread_axes(g.shape, weight_shape)
    if set(spread) <= set(axes):
        return (_summed("along", spread, shared, g, rest) * inverse).reshape(weight_shape)
    return _dots(g, rest * inverse, spread).reshape(weight_shape)


def _bias_rule(g: Any, bias_shape: tuple[int, ...], shared: Shared) -> Any:
    return _summed("g", _spread_axes(g.shape, bias_shape), shared, g).reshape(bias_shape)


standardize = in_single(general(_standardize_forward, _input_rule, _weight_rule, _bias_rule, name="standardize"))
