"""What derivatives of a program's own operations need: broadcasting undone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd.extend import lazy_names, missing
from autograd.inside import scatter, unwrap

from ..boxes import getval

__all__ = [
    "balanced_eq", "grad_chooser", "match_complex", "metadata", "repeat_to_match_shape", "replace_zero", "unbroadcast",
    "unbroadcast_f", "untake",
]  # fmt: skip


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


def replace_zero(x: Any, val: Any) -> Any:
    """Return an array with another value in the place of zeros."""
    return np.where(x != 0, x, val)


def balanced_eq(x: Any, z: Any, y: Any) -> Any:
    """Return 1 where `x` is the larger or smaller one of two arrays, `z`, 1/2 where both are, and 0 elsewhere."""
    return (getval(x) == getval(z)) / (1.0 + (getval(x) == getval(y)))


def match_complex(target: Any, x: Any) -> Any:
    """Return a gradient that is real or complex as an array is."""
    complex_there, complex_here = np.iscomplexobj(unwrap(target)), np.iscomplexobj(unwrap(x))
    return np.real(x) if complex_here and not complex_there else x + 0j if complex_there and not complex_here else x


def untake(x: Any, idx: Any, vs: Any) -> Any:
    """Return the gradient of an array from that of its elements at an index."""
    return scatter(x, idx, vs.shape)


def repeat_to_match_shape(
    g: Any, shape: tuple[int, ...], dtype: DTypeLike | None, axis: int | tuple[int, ...] | None, keepdims: bool
) -> tuple[Any, int]:
    """Return the gradient of a sum along axes, from that of its result, and how many elements were in each sum."""
    axes = tuple(range(len(shape))) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, len(shape))
    kept = tuple([1 if i in axes else size for i, size in enumerate(shape)])
    return np.broadcast_to(np.reshape(g, kept), shape), math.prod([shape[i] for i in axes])


def grad_chooser(
    ans: Any, x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Callable[[Any], Any]:
    """Return the vector-Jacobian product of a maximum or minimum: equal shares for the elements that it is."""

    def spread(result: Any) -> Any:
        return repeat_to_match_shape(result, np.shape(x), None, axis, keepdims)[0]

    chosen = getval(x) == spread(getval(ans))
    shares = chosen / np.sum(chosen, axis=axis, keepdims=True)
    return lambda g: spread(g) * shares


lazy_names(globals(), otherwise=missing.lookup(__name__))
