"""Products of batched matrices and vectors: one call of BLAS for the whole batch wherever there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import ARRAY_TYPES, Level
from ...tensors.tensor import Array
from .alignment import is_at, widened


def matmul(level: Level, a: Array | Batched, b: Array | Batched) -> Any:
    """Return ``a @ b`` for each element of the batch."""
    a = a if type(a) is Batched else np.asarray(a)
    b = b if type(b) is Batched else np.asarray(b)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul takes no numbers: multiply them")
    if not is_at(level, a):
        product = _right(level, a, b)
    elif is_at(level, b):
        product = _both(a, b)
    else:
        product = _left(level, a, b)
    return Batched(product, level)


def _left(level: Level, a: Any, y: Any) -> Any:
    """Multiply a batch by one matrix, vector or stack of matrices."""
    x, m, n = a.value, a.ndim, y.ndim
    if x is level.units[0] and m == 1 and n == 2 and type(y) in ARRAY_TYPES:
        return _selected(level, y)
    if n == 2:  # many rows times one matrix
        rows = x.reshape((math.prod(x.shape[:-1]), x.shape[-1])) @ y
        return rows.reshape((*x.shape[:-1], y.shape[-1]))
    if n == 1:
        return x @ y
    return (widened(a, n) @ y)[..., 0, :] if m == 1 else widened(a, n) @ y


def _right(level: Level, x: Any, b: Any) -> Any:
    """Multiply one matrix, vector or stack of matrices by a batch."""
    y, m, n = b.value, x.ndim, b.ndim
    if y is level.units[0] and m == 2 and n == 1 and type(x) in ARRAY_TYPES:
        return _selected(level, x.T)
    if n == 1:
        if m <= 2:
            return y @ x.T
        return (x @ widened(b, m - 1)[..., None])[..., 0]
    if m == 2 and n == 2 and y.shape[2] == 1:
        return (y[:, :, 0] @ x.T)[:, :, None]
    return x @ widened(b, m)


def _selected(level: Level, matrix: Array) -> Array:
    """Return the rows of a matrix that are its products with the unit vectors of a batch."""
    units, first = level.units
    assert units is not None
    rows: Array = matrix[first : first + len(units)] * units[0, first]
    return rows


def _both(a: Any, b: Any) -> Any:
    """Multiply each element of one batch by that of another."""
    m, n = a.ndim, b.ndim
    if m == n == 1:
        return (a.value[:, None, :] @ b.value[:, :, None])[:, 0, 0]
    if m == 1:
        return (widened(a, n) @ b.value)[..., 0, :]
    if n == 1:
        return (a.value @ widened(b, m - 1)[..., None])[..., 0]
    return widened(a, n) @ widened(b, m)
