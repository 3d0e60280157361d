"""Layouts: the same values in other layouts of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Layout = Callable[[Array], Array]


def _reversed(array: Array) -> Array:
    everything = (slice(None, None, -1),) * array.ndim
    return np.array(array[everything])[everything]


def _strided(array: Array) -> Array:
    wide = np.full((*array.shape, 2), 7, array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def _rows_apart(array: Array) -> Array:
    wide = np.full((*array.shape[:-1], array.shape[-1] + 2) if array.ndim else (), 7, array.dtype)
    if not array.ndim:
        return np.array(array)
    wide[..., 1:-1] = array
    return wide[..., 1:-1]


def read_only(array: Array) -> Array:
    """Return a copy that cannot be written to."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


LAYOUTS: dict[str, Layout] = {
    "C": lambda array: np.array(array, order="C"),
    "Fortran": lambda array: np.array(array, order="F"),
    "negative strides": _reversed,
    "a slice": _strided,
    "rows apart": _rows_apart,
    "read-only": read_only,
}


def _repeated(array: Array) -> Array:
    """Return the first element at all positions, by strides of 0."""
    return np.broadcast_to(array.reshape(-1)[:1].reshape(()) if array.size else array, array.shape)


#: Those in which gradients arrive: they are never to be written to.
COTANGENT_LAYOUTS: dict[str, Layout] = {
    "Fortran": LAYOUTS["Fortran"],
    "negative strides": _reversed,
    "a slice": _strided,
    "rows apart": _rows_apart,
    "strides of 0": _repeated,
}
