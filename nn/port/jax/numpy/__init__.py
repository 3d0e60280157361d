"""`jax.numpy`: NumPy's functions, of arrays of JAX."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ...._arguments import TensorLike
from .. import _array
from . import fft, linalg

__all__ = ["argsort", "array", "asarray", "clip", "fft", "fill_diagonal", "linalg", "ndarray", "newaxis"]

ndarray = _array.Array
newaxis = None


def array(object: Any, dtype: DTypeLike | None = None, copy: bool = True) -> Any:
    """Return an array of numbers, of nested lists of numbers and arrays, or of a copy of an ndarray."""
    if isinstance(object, list | tuple):
        parts = [array(each) if isinstance(each, list | tuple) else each for each in object]
        held = any(isinstance(each, _array.Array) for each in parts)
        object = np.stack([array(each) for each in parts]) if held else np.array(parts)
    made = _array.arrays(_array.plain(object if _array.is_array(object) else np.array(object)))
    return made if dtype is None else made.astype(dtype)


def asarray(a: TensorLike, dtype: DTypeLike | None = None) -> Any:
    """Return an array, as `array` does."""
    return a if dtype is None and isinstance(a, _array.Array) else array(a, dtype)


def argsort(a: TensorLike, axis: int = -1) -> Any:
    """Return the order of the elements, in which equal ones stay as they are."""
    return asarray(a).argsort(axis)


def clip(arr: TensorLike, min: TensorLike | None = None, max: TensorLike | None = None) -> Any:
    """Return the nearest numbers between two others, of which each may be None."""
    return np.clip(asarray(arr), min, max)


def fill_diagonal(a: TensorLike, val: TensorLike, wrap: bool = False, *, inplace: bool = True) -> Any:
    """Return a copy with another diagonal, where `inplace` is False, as it has to be."""
    if inplace:
        raise NotImplementedError(f"fill_diagonal() needs inplace=False: {_array.REMEDY}")
    places = np.arange(np.min(np.shape(a)))
    return asarray(a).at[(places,) * np.ndim(a)].set(val)


_WRITERS = dict.fromkeys(("put", "place", "copyto", "putmask", "put_along_axis"), "x.at[i].set(y)")
_HERE = {**_WRITERS, "vectorize": "vmap, once for each axis", "frompyfunc": "the function itself"}
__getattr__ = _array.names_of(np, __name__, _HERE)
