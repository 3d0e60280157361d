"""Histograms: counts have no derivative, but they are linear in the weights of the elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.batched import Batched
from ..arrays.door import as_array
from ..errors import DtypeError
from ..primitives.declare import composed, not_differentiable
from ..tensors.dispatch import handing_on
from ..tensors.tensor import Tensor, TensorLike, refuse_values, unwrap
from .index import scatter
from .shape import reshape

not_differentiable(np.histogram_bin_edges)
handing_on.add(np.histogram_bin_edges)


@composed(np.bincount, method=False)
def bincount(x: TensorLike, /, weights: TensorLike | None = None, minlength: int = 0) -> Any:
    """Count how often each number occurs in `x`, or sum the weights at its positions."""
    numbers = as_array(unwrap(x))
    counts = np.bincount(numbers, unwrap(weights), minlength)
    if not isinstance(weights, Tensor) or not numbers.size:  # if `x` is empty, NumPy counts in integers
        return counts
    return scatter(weights.astype(np.float64), numbers.astype(np.intp), counts.shape)


def _weighed(columns: Any, edges: Sequence[Any], weights: Any) -> Any:
    """Add up the weights of the points in each bin; the last bin of an axis includes both its edges."""
    shape = tuple([edge.size - 1 for edge in edges])
    inside: Any = True
    places = []
    for column, edge in zip(columns, edges, strict=True):
        place = np.searchsorted(edge, column, "right") - 1 - (column == edge[-1])
        inside = inside & (place >= 0) & (place < edge.size - 1)
        places.append(place)
    places = [place[inside] for place in places]
    flat = np.ravel_multi_index(tuple(places), shape)
    return reshape(scatter(weights[inside], flat, (math.prod(shape),)), shape)


def _length(bins: Any) -> int:
    is_list = isinstance(bins, list | tuple) or (isinstance(bins, np.ndarray | Tensor) and bins.ndim > 0)
    return len(bins) if is_list else 0


def _finds_edges(bins: Any, range: Any) -> bool:
    """Tell whether bin edges are computed from the data, and so depend on its values without a derivative."""
    return range is None and any(np.ndim(unwrap(edges)) == 0 for edges in bins)


def _density(counts: Any, edges: Sequence[Any]) -> Any:
    total = counts.sum()
    for axis, edge in enumerate(edges):
        counts = counts / np.diff(edge).reshape((-1,) + (1,) * (len(edges) - axis - 1))
    return counts / total


@composed(np.histogram, method=False)
def histogram(
    a: TensorLike,
    bins: str | TensorLike = 10,
    range: tuple[float, float] | None = None,
    density: bool | None = None,
    weights: TensorLike | None = None,
) -> tuple[Any, Any]:
    """Return how many elements each bin has, or the sum of their weights, and the bin edges."""
    refuse_values(bins, *[a] * _finds_edges([bins], range))
    a, bins = unwrap(a), unwrap(bins)
    if not isinstance(weights, Tensor | Batched):
        return np.histogram(a, bins, range, density, weights)
    edges = np.histogram_bin_edges(a, bins, range, np.ones(weights.shape))
    counts = _weighed([np.ravel(a)], [edges], weights.reshape(-1))
    return _density(counts, [edges]) if density else counts, edges


@composed(np.histogramdd, method=False)
def histogramdd(
    sample: TensorLike,
    bins: TensorLike | Sequence[TensorLike] = 10,
    range: Sequence[tuple[float, float]] | None = None,
    density: bool | None = None,
    weights: TensorLike | None = None,
) -> tuple[Any, Any]:
    """Return how many points each bin of a grid has, or the sum of their weights, and the bin edges along each axis."""
    refuse_values(bins, *[sample] * _finds_edges(bins if isinstance(bins, list | tuple) else [bins], range))
    sample, divisions = unwrap(sample), unwrap(bins)
    if not isinstance(weights, Tensor | Batched):
        return np.histogramdd(sample, divisions, range, density, weights)
    edges = np.histogramdd(sample, divisions, range, weights=np.ones(weights.shape))[1]
    columns = sample.T if isinstance(sample, np.ndarray) and sample.ndim == 2 else np.atleast_2d(sample)
    counts = _weighed(columns, edges, weights.astype(np.float64))
    return _density(counts, edges) if density else counts, edges


@composed(np.histogram2d, method=False)
def histogram2d(
    x: TensorLike,
    y: TensorLike,
    bins: TensorLike | Sequence[TensorLike] = 10,
    range: Sequence[tuple[float, float]] | None = None,
    density: bool | None = None,
    weights: TensorLike | None = None,
) -> tuple[Any, Any, Any]:
    """Return how many points of the plane each bin has, or the sum of their weights, and the edges along both axes."""
    refuse_values(bins, *[x, y] * _finds_edges(bins if _length(bins) == 2 else [bins], range))
    xs, ys, divisions = as_array(unwrap(x)), as_array(unwrap(y)), unwrap(bins)
    if not isinstance(weights, Tensor | Batched):
        return np.histogram2d(xs, ys, divisions, range, density, weights)  # type: ignore[arg-type]  # complex too
    if not all(np.issubdtype(points.dtype, np.number) or points.dtype == bool for points in (xs, ys)):
        raise DtypeError(f"histogram2d takes numbers, not {xs.dtype} and {ys.dtype}")
    edges = np.histogram2d(xs, ys, divisions, range, weights=np.ones(weights.shape))[1:]
    counts = _weighed([xs, ys], edges, weights.astype(np.float64))
    return (_density(counts, edges) if density else counts, *edges)
