"""`jax.numpy`: NumPy's functions, of arrays of JAX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _array, _transforms
from . import fft, linalg

ndarray = _array.Array
newaxis = None


def array(object: Any, dtype: Any = None, copy: bool = True) -> Any:
    """Return an array of numbers, of nested lists of numbers and arrays, or of a copy of an ndarray."""
    if isinstance(object, list | tuple):
        parts = [array(each) if isinstance(each, list | tuple) else each for each in object]
        held = any(isinstance(each, _array.Array) for each in parts)
        object = np.stack([array(each) for each in parts]) if held else np.array(parts)
    made = _array.arrays(_array.plain(object if _array.is_array(object) else np.array(object)))
    return made if dtype is None else made.astype(dtype)


def asarray(a: Any, dtype: Any = None) -> Any:
    """Return an array, as `array` does."""
    return a if dtype is None and isinstance(a, _array.Array) else array(a, dtype)


def argsort(a: Any, axis: int = -1) -> Any:
    """Return the order of the elements, in which equal ones stay as they are."""
    return asarray(a).argsort(axis)


def clip(arr: Any, min: Any = None, max: Any = None) -> Any:
    """Return the nearest numbers between two others, of which each may be None."""
    return np.clip(asarray(arr), min, max)


def fill_diagonal(a: Any, val: Any, wrap: bool = False, *, inplace: bool = True) -> Any:
    """Return a copy with another diagonal, where `inplace` is False, as it has to be."""
    if inplace:
        raise NotImplementedError(f"fill_diagonal() needs inplace=False: {_array.REMEDY}")
    places = np.arange(np.min(np.shape(a)))
    return asarray(a).at[(places,) * np.ndim(a)].set(val)


def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = frozenset(), signature: str | None = None
) -> Callable[..., Any]:
    """Return a function of arrays with any axes before those of a signature, such as ``(n,m),(m)->(n)``."""
    cores = [len(re.findall(r"\w+", each)) for each in re.findall(r"\((.*?)\)", (signature or "").partition("->")[0])]

    def called(*args: Any) -> Any:
        given = [each if i in excluded else asarray(each) for i, each in enumerate(args)]
        own = iter(cores or itertools.repeat(0))
        ranks = [None if i in excluded else np.ndim(each) - next(own) for i, each in enumerate(given)]
        function, most = pyfunc, max((rank for rank in ranks if rank is not None), default=0)
        shape = np.broadcast_shapes(*(each.shape[:rank] for each, rank in zip(given, ranks, strict=True) if rank))
        for i, (each, rank) in enumerate(zip(given, ranks, strict=True)):
            if rank:
                given[i] = np.broadcast_to(each, shape[most - rank :] + each.shape[rank:])
        for depth in range(1, most + 1):
            axes = [0 if rank is not None and rank >= depth else None for rank in ranks]
            function = _transforms.vmap(function, in_axes=tuple(axes))
        return function(*given)

    return called


_WRITERS = dict.fromkeys(["put", "place", "copyto", "putmask", "put_along_axis"], "x.at[i].set(y)")
__getattr__ = _array.names_of(np, __name__, _WRITERS)
