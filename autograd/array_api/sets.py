"""Set functions: the unique elements of an array. Each nan differs from every other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tensors.tensor import Tensor
from ._arrays import as_array


class UniqueAll(NamedTuple):
    """The different elements, where each occurs first, which of them each element is, and how often each occurs."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The different elements and how often each occurs."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The different elements and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any, /) -> UniqueAll:
    """Return the different elements in order, and all that there is to say about them.

    A gradient of the values goes to the first occurrence of each.
    """
    x = as_array(x)
    found = np.unique(x.data, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    places, inverse, counts = found[1], found[2].reshape(x.shape), found[3]
    values: Any = np.take(np.reshape(x, -1), places)
    return UniqueAll(values, Tensor(places), Tensor(inverse), Tensor(counts))


def unique_counts(x: Any, /) -> UniqueCounts:
    """Return the different elements in order and how often each occurs."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Return the different elements in order and which of them each element is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Tensor:
    """Return the different elements in order."""
    return unique_all(x).values
