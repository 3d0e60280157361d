"""Sorting functions."""

from __future__ import annotations

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor

from ._arrays import as_array, wrapped


def argsort(x: ArrayOrTensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the indices that sort the elements along `axis` in ascending or descending order.

    If `stable`, equal elements keep their order in both.
    """
    values = as_array(x).data
    if not descending:
        return Tensor(np.argsort(values, axis, stable=stable))
    # Reading an ascending order backwards reverses equal elements, so the array is reversed first to keep their order.
    backwards = np.argsort(np.flip(values, axis), axis, stable=stable)
    return Tensor(values.shape[axis] - 1 - np.flip(backwards, axis))


def sort(x: ArrayOrTensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Return the elements along `axis` in ascending or descending order."""
    x = as_array(x)
    return wrapped(np.take_along_axis(x, argsort(x, axis=axis, descending=descending, stable=stable).data, axis))
