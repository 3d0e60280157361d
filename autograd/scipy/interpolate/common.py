"""What interpolations share: knots and values, and the place of the axis of the knots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import DomainError, ShapeError
from autograd.extend import anywhere
from autograd.inside import ArrayOrTensor, TensorLike, unwrap

from ..common import double


def knots_and_values(name: str, x: TensorLike, y: TensorLike, axis: int, at_least: int = 2) -> tuple[Any, Any, int]:
    """Return knots and values, these with their axis first, and which axis that was; raise if they do not fit."""
    knots, values = double(x), double(y)
    if knots.ndim != 1 or not values.ndim:
        raise ShapeError(
            f"{name} takes a vector of knots, and a value for each, not shapes {knots.shape} and {values.shape}"
        )
    axis = range(values.ndim)[axis]
    if len(knots) != values.shape[axis] or len(knots) < at_least:
        raise ShapeError(
            f"{name} takes at least {at_least} knots, and as many values along axis {axis}, not shapes {knots.shape} "
            f"and {values.shape}"
        )
    return knots, np.moveaxis(values, axis, 0), axis


def require_increasing(name: str, x: ArrayOrTensor, *others: ArrayOrTensor) -> None:
    """Raise if knots do not increase, or if they or the values are not finite."""
    if anywhere(np.diff(unwrap(x)) <= 0):
        raise DomainError(f"{name} takes knots in strictly increasing order: sort them, and the values with them")
    if any(anywhere(~np.isfinite(unwrap(part))) for part in (x, *others)):
        raise DomainError(f"{name} takes finite knots and values")


def column(x: Any, ndim: int) -> Any:
    """Return `x` with axes of length 1 behind its own, so that it broadcasts with values that have `ndim` more."""
    return x.reshape(x.shape + (1,) * ndim)


def placed(y: Any, points: int, axis: int) -> Any:
    """Return values whose first `points` axes are those of the points, with these in the place of the knots' axis."""
    return np.moveaxis(y, tuple(range(points)), tuple(range(axis, axis + points))) if axis and points else y


def intervals_of(knots: ArrayOrTensor, x: ArrayOrTensor) -> Any:
    """Return the number of the interval in which each point lies, or which is nearest."""
    knots = unwrap(knots)
    return np.clip(np.searchsorted(knots, unwrap(x), "right") - 1, 0, len(knots) - 2)


def beyond(x: ArrayOrTensor, knots: ArrayOrTensor) -> tuple[Any, Any]:
    """Return which points are below all knots, and which are above them."""
    values, limits = unwrap(x), unwrap(knots)
    return np.less(values, limits[0]), np.greater(values, limits[-1])


def flat(parts: Sequence[Any]) -> Any:
    """Return vectors and numbers one after the other."""
    return np.concatenate([np.atleast_1d(part) for part in parts])
