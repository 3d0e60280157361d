"""Functions of order: medians, quantiles, searches in sorted arrays; and counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...arrays.batched import Batched
from ...arrays.door import Level, anywhere, as_array, numpy, whole
from ...errors import BatchError
from ..forms import Function
from .alignment import aligned, is_at, refuse_plain, repeated
from .functions import rule

# Medians and quantiles, of rows: the axes that are reduced, laid out as the last one


def _rows(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """Return an element with the axes to be reduced as its last one, and its shape with length 1 on them."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    kept = [a for a in range(x.ndim) if a not in axes]
    shape = [x.shape[a] for a in kept]
    rows = x.transpose([*kept, *axes]).reshape((*shape, math.prod([x.shape[a] for a in axes])))
    return rows, tuple([1 if a in axes else n for a, n in enumerate(x.shape)])


@rule(np.median, np.nanmedian, each=True)
def _median(
    function: Function,
    level: Level,
    a: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = False,
) -> Any:
    rows, kept = _rows(a, axis)
    found = Batched(function(rows.value, axis=-1), level)
    return found.reshape(kept) if keepdims is True else found


@rule(np.quantile, np.percentile, np.nanquantile, np.nanpercentile, each=True)
def _quantile(
    function: Function,
    level: Level,
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    a, q, skips_nan = as_array(a), as_array(q), function.__name__.startswith("nan")
    rows, kept = _rows(a, axis)
    if weights is not None:
        weights = as_array(weights)
        weights = _rows(weights, axis)[0] if weights.shape == a.shape else weights.reshape(-1)
        weights = np.broadcast_to(weights, rows.shape)
    if is_at(level, q):
        share = q / 100 if function.__name__.endswith("percentile") else q
        if weights is None:
            position = _positions(share, rows, method, skips_nan)
        else:
            position = _reached(share, rows, weights, skips_nan)
        found = _taken(rows, position, skips_nan).reshape(q.shape + rows.shape[:-1])
        found = found.astype(function(np.ones(1, a.dtype), np.zeros(q.shape, q.dtype), method=method).dtype)
    else:
        given = None if weights is None else repeated(level, weights)
        values = function(repeated(level, rows), q, axis=-1, method=method, weights=given)
        found = Batched(np.moveaxis(values, q.ndim, 0), level)
    return found.reshape(q.shape + kept) if keepdims is True else found


def _positions(q: Any, rows: Any, method: str, skips_nan: bool) -> Any:
    """Return where in a sorted row each quantile lies: NumPy's function of the positions themselves tells.

    With nan to skip, it depends on how many elements of the row are left.
    """
    quantiles = q.reshape((q.size,) + (1,) * (rows.ndim - 1))

    def among(count: int) -> Any:
        each = quantiles.value  # of which NumPy takes one axis
        found = numpy.quantile(np.arange(float(count)), each.reshape(-1), method=method)
        return Batched(found.reshape(each.shape), q.level)

    if not skips_nan:
        return among(rows.shape[-1])
    counts = (~np.isnan(rows)).sum(-1)
    position = 0.0 * quantiles
    for count in np.unique(whole(counts)).tolist():
        position = np.where(counts == count, among(max(count, 1)), position)
    return position


def _reached(q: Any, rows: Any, weights: Any, skips_nan: bool) -> Any:
    """Return where in a sorted row the sum of weights reaches each quantile of the whole."""
    order = np.argsort(rows, -1)
    absent = np.isnan(np.take_along_axis(rows, order, -1))
    weights = np.take_along_axis(weights, order, -1)
    sums = np.where(absent & skips_nan, 0, weights).cumsum(-1, np.float64)
    sums = (sums / sums[..., -1:]).astype(q.dtype if q.dtype.kind == "f" else float)
    sums = np.where(sums == 0, -1, sums)  # what has no weight is not chosen, even for a quantile of 0
    quantiles = q.reshape((q.size,) + (1,) * rows.ndim)
    return np.minimum((sums < quantiles).sum(-1), rows.shape[-1] - 1).astype(float)


def _taken(rows: Any, position: Any, skips_nan: bool) -> Any:
    """Return the elements at positions of the sorted rows, mixed from neighbours where they lie between them."""
    ascending = np.sort(rows, -1)
    position = np.moveaxis(position, 0, -1)
    position = np.broadcast_to(position, (*rows.shape[:-1], position.shape[-1]))
    before = np.floor(position)
    share, before = position - before, before.astype(np.intp)
    after = np.minimum(before + 1, rows.shape[-1] - 1)
    low, high = (np.take_along_axis(ascending, places, -1) for places in (before, after))
    found = np.where(share == 0, low, low + (high - low) * share)
    last = ascending[..., -1:]
    return np.moveaxis(found if skips_nan else np.where(np.isnan(last), last, found), -1, 0)


# Searches


@rule(np.searchsorted)
def _searchsorted(level: Level, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    a, v = as_array(a), as_array(v)
    if sorter is not None:
        a = np.take_along_axis(a, as_array(sorter), -1)
    if not is_at(level, a):
        return Batched(numpy.searchsorted(a, v.value, side), level)
    # The place in the sorted union of both is the number of elements of both before it.
    flat = v.reshape(-1)
    together = [flat, a] if side == "left" else [a, flat]
    rank = np.argsort(np.argsort(np.concatenate(together), kind="stable"))
    among_both = rank[: v.size] if side == "left" else rank[a.size :]
    among_searched = np.argsort(np.argsort(flat, kind="stable"))
    return (among_both - among_searched).reshape(v.shape)


# Counts


@rule(np.bincount)
def _bincount(level: Level, x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    numbers = as_array(x)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iub" or anywhere(numbers < 0):
        np.bincount(whole(numbers).reshape(-1, *numbers.shape[1:]), minlength=minlength)  # raises
    lengths = np.asarray(whole(numbers.max())).reshape(-1) + 1 if numbers.size else np.zeros(1, int)
    length = max([minlength, *lengths.tolist()])
    if (np.maximum(lengths, minlength) < length).any():
        raise BatchError(
            "bincount gives as many counts as the greatest number asks for, and so another number of them for each "
            "element of the batch: give it a minlength that is enough for all"
        )
    flat = np.arange(level.size)[:, None] * length + repeated(level, numbers)
    given = None if weights is None else repeated(level, weights).reshape(-1)
    counts = np.bincount(flat.reshape(-1), given, level.size * length)
    return Batched(counts.reshape((level.size, length)).astype(int if given is None else float, copy=False), level)


# Writing along an axis


@rule(np.put_along_axis)
def _put_along_axis(level: Level, arr: Any, indices: Any, values: Any, axis: Any = -1) -> None:
    refuse_plain(level, "put_along_axis", arr, indices, values)
    if axis is None:
        arr, indices, axis = arr.reshape(-1), np.reshape(indices, -1), 0
    _, values = aligned(level, (arr, values))
    np.put_along_axis(arr.value, repeated(level, indices), values, normalize_axis_index(axis, arr.ndim) + 1)
