"""Reductions: one number from many, along some axes or all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import linear
from ..registry import operations

Axis = int | tuple[int, ...] | None


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Return `shape` with length 1 on each reduced axis."""
    if axis is None:
        return (1,) * len(shape)
    reduced = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(1 if i in reduced else n for i, n in enumerate(shape))


def spread(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """Repeat `g`, a reduction's gradient, over the axes that were reduced."""
    if not keepdims and g.ndim != len(shape):
        g = g.reshape(kept_shape(shape, axis))
    if type(g) is np.ndarray:
        out = np.empty(shape, g.dtype)  # a filled copy is three times cheaper than numpy.broadcast_to
        out[...] = g
        return out
    return np.broadcast_to(g, shape)


sum = linear(  # noqa: A001 - NumPy's name
    np.sum,
    lambda g, axis, keepdims, x_shape: spread(g, x_shape, axis, keepdims),
    forward=lambda x, axis=None, keepdims=False: np.add.reduce(x, axis, None, None, keepdims),
)
operations[np.add.reduce] = lambda x, axis=0, keepdims=False: sum(x, axis, keepdims)
