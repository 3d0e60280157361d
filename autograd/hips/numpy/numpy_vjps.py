"""What derivatives of a program's own operations need: broadcasting undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.inside import unwrap

__all__ = ["metadata", "unbroadcast", "unbroadcast_f"]


def metadata(x: Any) -> tuple[tuple[int, ...], int, np.dtype[Any], bool]:
    """Return the shape, the number of axes and the dtype of an array, and whether it is complex."""
    array = np.asarray(unwrap(x))
    return array.shape, array.ndim, array.dtype, array.dtype.kind == "c"


def unbroadcast(x: Any, target_meta: tuple[tuple[int, ...], int, np.dtype[Any], bool], broadcast_idx: int = 0) -> Any:
    """Return a gradient summed over the axes along which an array was broadcast."""
    shape, ndim, _, is_complex = target_meta
    while np.ndim(x) > ndim:
        x = np.sum(x, axis=broadcast_idx)
    for axis, size in enumerate(shape):
        if size == 1 != np.shape(x)[axis]:
            x = np.sum(x, axis=axis, keepdims=True)
    return np.real(x) if np.iscomplexobj(unwrap(x)) and not is_complex else x


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that gives the gradient of a broadcast array the shape of that array."""
    meta = metadata(target)
    return lambda g: unbroadcast(f(g), meta)
