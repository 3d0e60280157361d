"""Set functions: unique elements and membership. Each nan differs from every other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant


class UniqueAll(NamedTuple):
    """The unique elements, the index of each first occurrence, the inverse indices, and the counts."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The unique elements and their counts."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The unique elements, and for each element of the array its index among them."""

    values: Tensor
    inverse_indices: Tensor


def isin(x1: TensorLike, x2: TensorLike, /, *, invert: bool = False) -> Tensor:
    """Tell for each element of `x1` whether it is among those of `x2`, or, if `invert`, that it is not."""
    return Tensor(np.isin(constant(x1), constant(x2), invert=invert))


def unique_all(x: ArrayOrTensor, /) -> UniqueAll:
    """Return the unique elements in order, with first indices, inverse indices and counts.

    A gradient of the values goes to the first occurrence of each.
    """
    x = as_array(x)
    found = np.unique(x.data, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    places, inverse, counts = found[1], found[2].reshape(x.shape), found[3]
    values: Any = np.take(np.reshape(x, -1), places)
    return UniqueAll(values, Tensor(places), Tensor(inverse), Tensor(counts))


def unique_counts(x: ArrayOrTensor, /) -> UniqueCounts:
    """Return the unique elements in order and their counts."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: ArrayOrTensor, /) -> UniqueInverse:
    """Return the unique elements in order, and for each element its index among them."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: ArrayOrTensor, /) -> Tensor:
    """Return the unique elements in order."""
    return unique_all(x).values
