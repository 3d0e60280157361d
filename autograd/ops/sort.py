"""Sorting: each element of the result is an element of the input, and passes its gradient to it.

Equal elements keep their order unless another `kind` is requested, so that it is never left to chance which of them
gets a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from ..primitives.declare import composed, linear, not_differentiable
from ..tensors.dispatch import handing_on
from ..tensors.tensor import TensorLike, unwrap
from ..tensors.types import SortKind
from .shape import length, operand, ravel


def _inverse(order: Any, axis: int) -> Any:
    places = np.arange(order.shape[axis])
    inverse = np.empty_like(order)
    np.put_along_axis(inverse, order, places.reshape((-1,) + (1,) * (order.ndim - axis % order.ndim - 1)), axis)
    return inverse


arrange: Any = linear(
    lambda x, order, axis: np.take_along_axis(x, order, axis),
    lambda g, order, axis: arrange(g, _inverse(order, axis), axis),
    name="arrange",
)


@composed(np.sort, method=False)  # the method of arrays sorts in place, which a graph cannot follow
def sort(
    a: TensorLike,
    axis: int | None = -1,
    kind: SortKind | None = None,
    order: str | Sequence[str] | None = None,
    *,
    stable: bool | None = None,
    **options: Any,
) -> Any:
    """Return the elements in ascending order along `axis`; without one, of the flattened array."""
    a = operand(a)
    if axis is None:
        a, axis = ravel(a), -1
    length(a, axis)
    if kind is None and stable is None:
        stable = True
    return arrange(a, np.argsort(unwrap(a), axis, kind, order, stable=stable, **options), axis)


@composed(np.partition, method=False)  # as above
def partition(
    a: TensorLike,
    kth: int | Sequence[int],
    axis: int | None = -1,
    kind: Literal["introselect"] = "introselect",
    order: str | Sequence[str] | None = None,
) -> Any:
    """Partition the elements: put those of ranks `kth` in place, smaller ones before them and greater ones after."""
    a = operand(a)
    if axis is None:
        a, axis = ravel(a), -1
    values = unwrap(a)
    parted = np.partition(values, unwrap(kth), axis, kind, order)
    # NumPy decides where the others go: the elements of equal rank before and after are the same.
    places = np.empty(values.shape, np.intp, like=values)
    before, after = (np.argsort(x, axis, "stable") for x in (values, parted))
    np.put_along_axis(places, after, before, axis)
    return arrange(a, places, axis)


@composed(np.sort_complex, method=False)
def sort_complex(a: TensorLike) -> Any:
    """Return the elements in ascending order along the last axis, as complex numbers."""
    a = operand(a)
    return sort(a).astype(np.sort_complex(np.empty(0, a.dtype)).dtype)


# Functions that return positions, ranks or membership have no derivative.
not_differentiable(np.argsort, np.argpartition, np.searchsorted, np.nonzero, methods=True)
not_differentiable(
    np.argwhere, np.flatnonzero, np.lexsort, np.digitize, np.isin, np.ravel_multi_index, np.unravel_index,
)  # fmt: skip
_SETS = (
    np.unique, np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values,
    np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d,
)  # fmt: skip
not_differentiable(*_SETS)
handing_on.update(_SETS)
