"""Lengths of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed, general
from ..errors import UnsupportedError
from ..tensor import unwrap
from .reduce import Axis, keep_axes, share_evenly

Order = Any  # a number, 'fro' or None


def _norm(x: Any, ord: Order = None, axis: Any = None, keepdims: bool = False) -> Any:
    if _is_matrix(ord, axis, x.ndim) and ord not in (None, "fro", "f"):
        raise UnsupportedError(
            f"numpy.linalg.norm(..., ord={ord!r}) of a matrix (shape {x.shape}, axis {axis}) has no derivative here: "
            f"its Frobenius norm ('fro') has, and so have the norms of vectors of every order, with axis=<one axis>"
        )
    return np.linalg.norm(x, ord, axis, keepdims)


def _is_matrix(order: Order, axis: Axis, ndim: int) -> bool:
    """Tell whether NumPy takes the norm of a matrix: with an order, two axes mean one."""
    if isinstance(axis, tuple):
        return len(axis) == 2
    return axis is None and order is not None and ndim == 2


def _norm_rule(g: Any, out: Any, x: Any, ord: Order, axis: Axis) -> Any:
    g, length = keep_axes(g, x.shape, axis), keep_axes(out, x.shape, axis)
    if ord == 0:
        return g * (unwrap(x) * 0)
    if ord in (np.inf, -np.inf):
        beyond = np.greater if ord == np.inf else np.less
        return g * (share_evenly(abs(x), length, axis, beyond=beyond) * np.sign(x))
    if ord == 1:
        return g * np.sign(x)
    zero = np.equal(length, 0)  # where the gradient is 0, the subgradient of least norm
    length = np.where(zero, 1, length)
    if ord in (None, 2, "fro", "f"):
        return g * (x / length)
    ratio = np.where(np.equal(x, 0), 1, abs(x) / length)
    return np.where(zero, 0, g) * (np.sign(x) * ratio ** (ord - 1))


norm = general(np.linalg.norm, _norm_rule, forward=_norm)


@composed(np.linalg.vector_norm, method=False)
def vector_norm(x: Any, /, *, axis: Axis = None, keepdims: bool = False, ord: Order = 2) -> Any:
    """Return the norm of vectors that lie along one axis, several or all."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    first = [a % x.ndim for a in axes]
    moved = x.transpose(first + [a for a in range(x.ndim) if a not in first])
    result = norm(moved.reshape((-1, *moved.shape[len(first) :])), ord, 0)
    return keep_axes(result, x.shape, axis) if keepdims else result


@composed(np.linalg.matrix_norm, method=False)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Order = "fro") -> Any:
    """Return the norm of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)
