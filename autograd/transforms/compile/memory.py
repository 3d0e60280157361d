"""Memory of arrays: whose it is, where it begins, and which arrays of a call share it."""

from __future__ import annotations

import sys
from itertools import combinations
from typing import Any

import numpy as np

from ...graph.buffer_reuse import Portion
from ...tensors.tensor import Tensor
from .types import Array, Leaves

ndarray = np.ndarray
_ARRAYS = (np.ndarray, Tensor)


LARGE = 1 << 24  # bytes


def trim() -> None:
    """Give the memory that is free back to the system, which the GNU C library keeps otherwise."""
    if sys.platform == "linux":
        import ctypes  # few programs need it

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def owner_of(array: Array | np.generic) -> Any:
    """Return the array that has the memory of `array`."""
    while True:
        base = getattr(array, "base", None)
        if isinstance(base, ndarray):
            array = base
        elif base is not None and isinstance(getattr(base, "base", None), ndarray):  # as numpy.lib.stride_tricks does
            array = base.base
        elif isinstance(base, Portion):
            array = base.array
        else:
            return array


def address_of(array: Array) -> int:
    """Return where an array begins in memory."""
    address: int = array.__array_interface__["data"][0]
    return address


def array_at(owner: Array, address: int, shape: tuple[int, ...], dtype: np.dtype[Any], strides: tuple[int, ...]) -> Any:
    """Return an array at some place of the memory of `owner`, without a reference to an array between the two."""
    buffer = owner if owner.flags.c_contiguous else owner.transpose(np.argsort(owner.strides)[::-1])
    return np.ndarray(shape, dtype, buffer, address - address_of(owner), strides)


def owners_of(leaves: Leaves) -> list[int]:
    """Return the identity of the memory of each array and tensor among the leaves of arguments."""
    owners = []
    for x in leaves:
        if isinstance(x, _ARRAYS):
            array = x._array if isinstance(x, Tensor) else x
            owners.append(id(array if array.base is None else owner_of(array)))
    return owners


def shared_memory(leaves: Leaves, owners: list[int]) -> Any:
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
