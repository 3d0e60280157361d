"""Sorting functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from ._arrays import as_array, wrapped


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the places of the elements along `axis` in ascending or descending order.

    Equal elements keep their order if `stable`, in both.
    """
    values = as_array(x).data
    if not descending:
        return Tensor(np.argsort(values, axis, stable=stable))
    # Backwards, ascending order descends and the last of equals is first: reversed before too, equals keep their order.
    backwards = np.argsort(np.flip(values, axis), axis, stable=stable)
    return Tensor(values.shape[axis] - 1 - np.flip(backwards, axis))


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the elements along `axis` in ascending or descending order."""
    x = as_array(x)
    return wrapped(np.take_along_axis(x, argsort(x, axis=axis, descending=descending, stable=stable).data, axis))
