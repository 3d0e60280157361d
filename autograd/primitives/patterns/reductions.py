"""Reductions and cumulative functions of dependent arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...arrays.dependent import Dependent, plain
from ...arrays.door import Array
from .level import PatternLevel
from .terms import over_axes


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that are reduced: all for None."""
    if axis is None or axis is np._NoValue:
        return tuple(range(ndim))
    if not ndim:
        return ()
    return normalize_axis_tuple(axis, ndim)


def reduced(
    level: PatternLevel, x: Dependent, axes: tuple[int, ...], where: Array | bool, keepdims: Any
) -> list[Array]:
    """Return the terms of a reduction over axes."""
    terms = over_axes(level, x.given(), axes, where)
    if not keepdims or keepdims is np._NoValue:
        return terms
    kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
    return [term.reshape(kept) for term in terms]


def accumulated(level: PatternLevel, x: Dependent, axis: int) -> list[Array]:
    """Return the terms of a cumulative function: by doubling, with n log n edges in place of n^2 / 2."""
    terms = x.given()
    if not terms or not x.ndim:
        return terms
    axis = normalize_axis_index(operator.index(axis), x.ndim)
    numbers = np.moveaxis(level.joined(terms, x.shape) if len(terms) > 1 else terms[0], axis, 0)
    step = 1
    while step < len(numbers):
        before = np.zeros_like(numbers)
        before[step:] = numbers[:-step]
        numbers = level.joined([numbers, before], numbers.shape)
        step *= 2
    return [np.moveaxis(numbers, 0, axis)]


def whole_along(level: PatternLevel, x: Dependent, axis: int) -> list[Array]:
    """Return terms of which each element has those of all along its axis; the axis has length 1."""
    axis = normalize_axis_index(operator.index(axis), x.ndim)
    return [np.expand_dims(t, axis) for t in over_axes(level, x.given(), (axis,))]


def mixed(level: PatternLevel, function: Any, x: Dependent, axis: int, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function of which each element along an axis is computed from all of them."""
    value = function(x.value, *plain(args), **plain(kwargs))
    return level.result(value, [np.broadcast_to(t, value.shape) for t in whole_along(level, x, axis)])
