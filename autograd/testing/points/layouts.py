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


def placed(array: Array, shape: tuple[int, ...], key: Any) -> Array:
    """Return the same numbers as a part of an array of this shape, whose other numbers are 7."""
    wide = np.full(shape, 7, array.dtype)
    wide[key] = array
    part: Array = wide[key]
    return part


def read_only(array: Array) -> Array:
    """Return a copy that cannot be written to."""
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


LAYOUTS: dict[str, Layout] = {
    "C": lambda array: np.array(array, order="C"),
    "Fortran": lambda array: np.array(array, order="F"),
    "negative strides": _reversed,
    "a slice": lambda array: placed(array, (*array.shape, 2), (..., 0)),
    "rows apart": lambda array: (
        placed(array, (*array.shape[:-1], array.shape[-1] + 2), (..., slice(1, -1))) if array.ndim else np.array(array)
    ),
    "read-only": read_only,
}


#: Those in which gradients arrive: they are never to be written to.
COTANGENT_LAYOUTS: dict[str, Layout] = {
    **{name: LAYOUTS[name] for name in ("Fortran", "negative strides", "a slice", "rows apart")},
    "strides of 0": lambda array: np.broadcast_to(array.reshape(-1)[0] if array.size else array, array.shape),
}
