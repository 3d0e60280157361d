"""Weighted means, covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import anywhere, as_array, batches, everywhere, numpy
from ..primitives.accurate_sum import accurate_sum, at_least_single
from ..primitives.declare import composed, general
from ..source.source_info import warn
from ..tensors.tensor import Axis, TensorLike, unwrap
from ..tensors.types import DTypeLike
from .reduce import axes_of, mean, number_reduced, spread
from .shape import operand

# Weighted means


def _beside(weights: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Align weights with the elements: they have the same shape, or one axis for each axis that is averaged."""
    weights = operand(weights)
    if weights.shape == shape:
        return weights
    axes = axes_of(axis, len(shape))
    ascending = weights.transpose(sorted(range(len(axes)), key=axes.__getitem__))
    return ascending.reshape([n if a in axes else 1 for a, n in enumerate(shape)])


def _pull_to_weights(g: Any, out: Any, x: Any, weights: Any, axis: Axis) -> Any:
    """Return the gradient of weights: the deviation of each element from the mean, over the sum of weights."""
    x, shape = at_least_single(operand(x)), np.shape(weights)
    g, weights = at_least_single(g), at_least_single(operand(weights))
    total = _beside(weights, x.shape, axis).sum(axis, keepdims=True)
    gw = (x - spread(out, x.shape, axis)) * (spread(g, x.shape, axis) / total)
    if shape == x.shape:
        return gw
    axes = axes_of(axis, x.ndim)
    gw = accurate_sum(gw, tuple([a for a in range(x.ndim) if a not in axes]))
    return gw.transpose([sorted(axes).index(a) for a in axes])


def _pull_to_elements(g: Any, weights: Any, axis: Axis, x_shape: tuple[int, ...]) -> Any:
    beside, g = at_least_single(_beside(weights, x_shape, axis)), at_least_single(g)
    return spread(g, x_shape, axis) * (beside / beside.sum(axis, keepdims=True))


def _weighted_mean(x: Any, weights: Any, axis: Axis, keepdims: bool) -> Any:
    if not batches(x) and not batches(weights):
        return numpy.average(x, axis, weights, keepdims=keepdims)
    x, beside = as_array(x), _beside(weights, np.shape(x), axis)
    total = np.sum(
        beside, axis, keepdims=keepdims, dtype=np.result_type(x, beside, *[np.float64] * (x.dtype.kind in "biu"))
    )
    if anywhere(total == 0):
        raise ZeroDivisionError("the weights add up to 0, by which their mean cannot be divided")
    return np.sum(x * beside, axis, keepdims=keepdims) / total


_average = general(_weighted_mean, _pull_to_elements, _pull_to_weights, name="average")


@composed(np.average, method=False)
def average(
    x: TensorLike,
    axis: Axis = None,
    weights: TensorLike | None = None,
    returned: bool = False,
    *,
    keepdims: bool = False,
) -> Any:
    """Return the weighted mean of the elements; with `returned`, also the sum of weights."""
    x, axis = operand(x), tuple(axis) if isinstance(axis, list | np.ndarray) and np.ndim(axis) else axis
    if weights is None:
        result = mean(x, axis, keepdims=keepdims)
        total: Any = np.full(result.shape, number_reduced(x.shape, result), result.dtype)[()]
        return (result, total) if returned else result
    weights = operand(weights)
    result = _average(x, weights, axis, keepdims)
    if not returned:
        return result
    # The elements contribute only their shape and dtype.
    total = numpy.sum(_beside(weights, x.shape, axis), axis, result.dtype, keepdims=keepdims)
    return result, total if total.shape == result.shape else np.copy(np.broadcast_to(total, result.shape))


# Covariances


def _observations(x: Any, rowvar: bool, dtype: Any) -> Any:
    """Return a matrix with a row for each variable and a column for each observation."""
    x = operand(x)
    if x.ndim > 2:
        raise ValueError(f"the axes are variables and observations, but the shape is {x.shape}")
    rows = x if x.dtype == dtype else x.astype(dtype)
    if x.ndim < 2:
        return rows.reshape(1, -1)
    return rows if rowvar else rows.T


def _counts(weights: Any, observations: int, name: str) -> Any:
    weights = operand(weights)
    weights = weights if weights.dtype == np.float64 else weights.astype(np.float64)
    if weights.shape != (observations,):
        raise RuntimeError(f"{name} of shape {weights.shape} for {observations} observations: give one for each")
    if anywhere(unwrap(weights) < 0):
        raise ValueError(f"{name} must not be negative")
    return weights


def _freedom(observations: int, ddof: float, weights: Any, aweights: Any) -> Any:
    """Return the degrees of freedom, by which the sum of products is divided; at least 0."""
    if weights is None:
        freedom: Any = observations - ddof
    else:
        total = weights.sum()
        if ddof == 0:
            freedom = total
        elif aweights is None:
            freedom = total - ddof
        else:
            freedom = total - ddof * (weights * aweights).sum() / total
    lacking = unwrap(freedom) <= 0
    if anywhere(lacking):
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
        return 0.0 if everywhere(lacking) else np.where(lacking, 0, freedom)
    return freedom


@composed(np.cov, method=False)
def cov(
    m: TensorLike,
    y: TensorLike | None = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: TensorLike | None = None,
    aweights: TensorLike | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> Any:
    """Return the covariance matrix: the sums of products of deviations, divided by the degrees of freedom."""
    for name, option in (("rowvar", rowvar), ("bias", bias)):
        if not isinstance(option, bool | int | np.bool_ | np.integer):
            raise TypeError(f"cov takes True or False for {name}, not {option!r}")
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    if dtype is None:
        dtype = np.result_type(*[operand(a).dtype for a in (m, y) if a is not None], np.float64)
    x = _observations(m, rowvar, dtype)
    if not len(x):
        return np.zeros((0, 0))
    if y is not None:
        x = np.concatenate((x, _observations(y, rowvar or np.ndim(y) < 2 or np.shape(y)[0] == 1, dtype)), axis=0)
    weights = None
    if fweights is not None:
        if not everywhere(unwrap(fweights) == np.around(unwrap(fweights))):
            raise TypeError("fweights must be integer")
        weights = _counts(fweights, x.shape[1], "fweights")
    if aweights is not None:
        aweights = _counts(aweights, x.shape[1], "aweights")
        weights = aweights if weights is None else weights * aweights
    freedom = _freedom(x.shape[1], (not bias) if ddof is None else ddof, weights, aweights)
    x = x - average(x, 1, weights, keepdims=True)
    products = np.dot(x, np.conjugate((x if weights is None else x * weights).T))
    return np.squeeze(products * np.divide(1, freedom))


@composed(np.corrcoef, method=False)
def corrcoef(x: TensorLike, y: TensorLike | None = None, rowvar: bool = True, *, dtype: DTypeLike | None = None) -> Any:
    """Return the correlation coefficients: the covariances divided by the standard deviations of both variables."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    c = c / deviation[:, None] / deviation
    # Rounding may lead beyond 1, but its dependence on the data has no derivative.
    values = unwrap(c)
    limited = np.clip(values.real, -1, 1)
    if values.dtype.kind == "c":
        limited = limited + 1j * np.clip(values.imag, -1, 1)
    return c + (limited - values) if anywhere(limited != values) else c
