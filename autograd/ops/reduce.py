"""Reductions: one number from many, along some axes or all.

Each follows NumPy's function of the same name. Ties of a maximum share its gradient evenly; products are exact where
factors are zero; where a standard deviation or a norm is 0, the gradient is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..declare import composed, general, linear, not_differentiable
from ..errors import GraphError
from ..registry import operations
from ..tensor import Tensor, unwrap

Axis = int | tuple[int, ...] | None


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Return `shape` with length 1 on each reduced axis."""
    if axis is None:
        return (1,) * len(shape)
    reduced = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple([1 if i in reduced else n for i, n in enumerate(shape)])


def keep_axes(a: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Give `a`, reduced from `shape`, length 1 on each axis that the reduction dropped."""
    return a if a.ndim == len(shape) else a.reshape(kept_shape(shape, axis))


def spread(g: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Repeat `g`, a reduction's gradient, over the axes that were reduced."""
    if g.ndim != len(shape):
        g = g.reshape(kept_shape(shape, axis))
    if type(g) is np.ndarray:
        out = np.empty(shape, g.dtype)  # a filled copy is three times cheaper than numpy.broadcast_to
        out[...] = g
        return out
    return np.broadcast_to(g, shape)


def _reduced(shape: tuple[int, ...], g: Any) -> int:
    """Return how many elements went into each of a reduction whose gradient is `g`; at least 1."""
    return max(math.prod(shape) // max(g.size, 1), 1)


def _refuse_out(out: Any) -> None:
    if out is not None:
        raise GraphError("a result that may need a gradient cannot be written with out=: leave it away")


# Sums


def _sum(
    x: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, initial: Any = 0, where: Any = True
) -> Any:
    if out is not None:
        _refuse_out(out)
    if where is True and initial is 0:  # noqa: F632 - the default itself
        return np.add.reduce(x, axis, dtype, None, keepdims)
    return np.add.reduce(x, axis, dtype, None, keepdims, initial, where)
