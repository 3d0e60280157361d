"""Aliasing: which arrays of a call share memory, on which depends what a write to one of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...tensors.tensor import Tensor
from .recorder import owner_of

__all__ = ["owners_of", "shared_memory"]

_ARRAYS = (np.ndarray, Tensor)


def owners_of(leaves: Sequence[Any]) -> list[int]:
    """Return the identity of the memory of each array and tensor among the leaves of arguments."""
    owners = []
    for x in leaves:
        if isinstance(x, _ARRAYS):
            array = x._array if isinstance(x, Tensor) else x
            owners.append(id(array if array.base is None else owner_of(array)))
    return owners


def shared_memory(leaves: Sequence[Any], owners: list[int]) -> Any:
    """Return which of the leaves are the same array or overlap, to be compared; None if all have memory of their own.

    `owners` is what `owners_of` returns for the leaves.
    """
    if len(owners) < 2 or len(set(owners)) == len(owners):
        return None
    found = [x for x in leaves if isinstance(x, _ARRAYS)]
    pairs = combinations(range(len(found)), 2)
    return tuple([(i, j, _relation(found[i], found[j])) for i, j in pairs if owners[i] == owners[j]])


def _relation(x: Any, y: Any) -> str:
    if x is y:
        return "same"
    a, b = (z._array if isinstance(z, Tensor) else z for z in (x, y))
    return "same array" if a is b else "overlapping" if np.may_share_memory(a, b) else "apart"
