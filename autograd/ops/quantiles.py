"""Medians and quantiles, with and without nan.

A quantile is linear in the sorted elements. NumPy's own function, applied to the ranks of the elements instead of the
elements, therefore tells which of them it takes: the integer part of the result is the rank of one element, the
fraction is the weight of the next. This holds for all of its methods, and with weights. Equal elements share a gradient
evenly. Where a slice has a nan, the result is nan and the gradient goes to the nan; the functions that skip nan give
it the gradient 0, even where there is nothing else.

With respect to `q` the methods that interpolate have a derivative: between two elements it is their difference times
the slope of the rank. At an element it is the derivative on the right, at the last element that on the left. With
respect to `weights`, and to `q` in the methods that do not interpolate, a quantile is constant except for jumps.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..arrays.door import as_array
from ..errors import UnsupportedError
from ..primitives.declare import composed, general
from ..primitives.primitive import Function
from ..tensors.tensor import Axis, Tensor, unwrap
from .index import scatter, selected
from .reduce import axes_of
from .shape import operand

# The growth of the rank from q = 0 to q = 1, less the number of elements, for the methods in which it grows steadily
# (Hyndman & Fan 1996, Sample Quantiles in Statistical Packages, The American Statistician 50(4)).
_GROWTH = {
    "linear": -1, "interpolated_inverted_cdf": 0, "hazen": 0, "weibull": 1, "median_unbiased": 1 / 3,
    "normal_unbiased": 1 / 4,
}  # fmt: skip


class _Rows(NamedTuple):
    """The elements of an array sorted along some axes, which are laid out as the rows of a matrix."""

    order: list[int]  # the axes in the order in which they are laid out
    place: Any  # the position of each sorted element in the laid out array
    run: Any  # the index of the run of equal elements that each one belongs to, counted through all rows
    count: Any  # the number of elements of each row that are not nan


class _Choice(NamedTuple):
    """The elements that quantiles take, for each quantile and row: one of the sorted row, and a share of the next.

    `slope` is how fast the share grows with the quantile, None where it does not.
    """

    rank: Any
    share: Any
    slope: Any


def _hashable(axis: Any) -> Any:
    """Return several axes, as a list or an array, as a tuple."""
    return tuple(axis) if np.ndim(axis) else axis


def _sorted_rows(values: Any, axis: Axis) -> _Rows:
    """Sort `values` along some axes, all of them at once."""
    reduced = sorted(set(axes_of(axis, values.ndim)))
    order = [a for a in range(values.ndim) if a not in reduced] + reduced
    laid_out = values.transpose(order).reshape((-1, prod([values.shape[a] for a in reduced])))
    place = laid_out.argsort(-1, kind="stable")
    ascending = np.take_along_axis(laid_out, place, -1)
    absent = np.isnan(ascending)
    starts = np.ones(ascending.shape, bool, like=ascending)
    starts[:, 1:] = (ascending[:, 1:] != ascending[:, :-1]) & ~absent[:, :-1]
    place = place + np.arange(len(place))[:, None] * place.shape[1]
    return _Rows(order, place, starts.cumsum().reshape(starts.shape) - 1, (~absent).sum(-1))


def _ranks(values: Any, rows: _Rows, skip_nan: bool) -> Any:
    """Return the rank of each element in its row, in the dtype of the elements if that can hold it."""
    n = rows.place.shape[1]
    exact = values.dtype.kind == "f" and n < 2 ** np.finfo(values.dtype).nmant
    ranks = np.empty(values.size, values.dtype if exact else np.float64, like=rows.place)
    ranks[rows.place] = np.arange(n)
    if skip_nan:
        skipped = (np.arange(n) >= rows.count[:, None]) & (rows.count[:, None] > 0)
        ranks[rows.place] = np.where(skipped, np.nan, np.arange(n))
    return ranks.reshape([values.shape[a] for a in rows.order]).transpose(np.argsort(rows.order).tolist())


def _choose(function: Function, x: Any, q: tuple[Any, ...], rows: _Rows, options: dict[str, Any]) -> _Choice:
    """Find which elements `function` takes by applying it to ranks."""
    skip_nan = function.__name__.startswith("nan")
    position = as_array(function(_ranks(unwrap(x), rows, skip_nan), *unwrap(q), **options))
    position = position.reshape((-1, len(rows.place)))
    last = (rows.count if skip_nan else np.full_like(rows.count, rows.place.shape[1])).astype(position.dtype) - 1
    rank = np.maximum(np.minimum(np.floor(position), last - 1), 0)  # at the end, the whole share goes to the last one
    share = position - rank
    slope = None
    if options.get("method") in _GROWTH:
        limited = (position <= 0) | (position >= last) if options["method"] != "linear" else last < 1
        whole = 100 if function.__name__.endswith("percentile") else 1
        slope = np.where(limited, 0, (last + 1 + _GROWTH[options["method"]]) / whole)
    if not skip_nan:  # a nan, which is sorted to the end, is the result
        spoiled = rows.count < rows.place.shape[1]
        rank, share = np.where(spoiled, last, rank), np.where(spoiled, 0, share)
    return _Choice(rank.astype(np.intp), share, slope)


def _pull(g: Any, x: Any, axis: Axis, function: Function, *q: Any, **options: Any) -> Any:
    """Return the gradient of the elements, which goes to those of a rank and to those of the next."""
    if not x.size:
        return np.zeros(x.shape, x.dtype)
    rows = _sorted_rows(unwrap(x), axis)
    rank, share, slope = _choose(function, x, q, rows, {"axis": axis, **options})
    row, (number, n) = np.arange(len(rows.place)), rows.place.shape
    g = g.reshape((-1, number))
    if function.__name__.startswith("nan"):
        g = np.where(rows.count > 0, g, 0)
    if q and isinstance(q[0], Tensor) and slope is not None:
        share = share + slope * (q[0] - unwrap(q[0])).reshape((-1, 1))  # the same share, and how it depends on q
    runs = (x.size,)  # at most
    total = scatter(g * (1 - share), selected(rows.run, (row, rank)), runs)
    total = total + scatter(g * share, selected(rows.run, (row, np.minimum(rank + 1, n - 1))), runs)
    each = total / np.maximum(np.bincount(rows.run.reshape(-1), minlength=x.size), 1)
    run = np.empty(x.size, np.intp, like=rows.run)
    run[rows.place] = rows.run
    back = sorted(range(x.ndim), key=rows.order.__getitem__)
    return selected(each, run).reshape([x.shape[a] for a in rows.order]).transpose(back)


def _pull_to_q(g: Any, x: Any, q: Any, axis: Axis, function: Function, **options: Any) -> Any:
    """Return the gradient of `q`, from the differences of neighbours."""
    if options["method"] not in _GROWTH or not x.size:
        return np.zeros(q.shape, q.dtype)
    rows = _sorted_rows(unwrap(x), axis)
    rank, _, slope = _choose(function, x, (q,), rows, {"axis": axis, **options})
    row, (number, n) = np.arange(len(rows.place)), rows.place.shape
    laid_out = x.transpose(rows.order).reshape(-1)
    places = (selected(rows.place, (row, rank)) for rank in (rank, np.minimum(rank + 1, n - 1)))
    here, there = (selected(laid_out, place) for place in places)
    change = np.where(np.equal(slope, 0), 0, (there - here) * slope)
    return (g.reshape((-1, number)) * change).sum(1).reshape(q.shape)


def _declare_median(function: Function) -> None:
    """Declare a median, which takes the middle element or the mean of the middle two."""
    median = general(
        lambda x, axis, keepdims: function(x, axis, keepdims=keepdims),
        lambda g, x, axis: _pull(g, x, axis, function),
        name=function.__name__,
    )

    @composed(function, method=False)
    def public(x: Any, axis: Axis = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
        return median(x, _hashable(axis), keepdims)


def _declare_quantile(function: Function) -> None:
    """Declare quantiles, which are differentiable with respect to the elements and to `q`."""
    quantile = general(
        lambda x, q, axis, method, keepdims, weights: function(
            x, q, axis, method=method, keepdims=keepdims, weights=weights
        ),
        lambda g, x, q, axis, method, weights: _pull(g, x, axis, function, q, method=method, weights=weights),
        lambda g, x, q, axis, method, weights: _pull_to_q(g, x, q, axis, function, method=method, weights=weights),
        name=function.__name__,
    )

    @composed(function, method=False)
    def public(
        x: Any,
        q: Any,
        axis: Axis = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: Any = None,
    ) -> Any:
        if np.ndim(unwrap(q)) > 1 and function.__name__.startswith("nan"):  # NumPy mixes up the axes of the result
            raise UnsupportedError(f"{function.__name__} takes one quantile or one axis of them: give q.reshape(-1)")
        return quantile(operand(x), q, _hashable(axis), method, keepdims, unwrap(weights))


for _median in (np.median, np.nanmedian):
    _declare_median(_median)
for _quantile in (np.quantile, np.percentile, np.nanquantile, np.nanpercentile):
    _declare_quantile(_quantile)
