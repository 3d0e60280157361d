"""Products: sums over axes that operands share. Zeros drop out, but not those of numbers that depend on inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays.dependent import Dependent, plain
from ...arrays.door import Array
from .level import PatternLevel
from .terms import not_zero, over_axes

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def matmul(level: PatternLevel, a: Any, b: Any) -> Any:
    """Return ``a @ b``."""
    value = np.asarray(np.matmul(plain(a), plain(b)))
    m, n = np.ndim(a), np.ndim(b)
    stack = max(m, n) - 2  # axes have numbers, -1 for the one that is summed over
    left = [-1] if m == 1 else [*range(stack - m + 2, stack), -2, -1]
    right = [-1] if n == 1 else [*range(stack - n + 2, stack), -1, -3]
    out = [*range(stack), *([-2] if m > 1 else []), *([-3] if n > 1 else [])]
    sizes: dict[int, int] = {}
    for axis, size in zip((*left, *right), (*np.shape(a), *np.shape(b)), strict=True):
        if sizes.get(axis, 1) == 1:
            sizes[axis] = size
    terms: list[Array] = []
    for x, axes, other, its in ((a, left, b, right), (b, right, a, left)):
        if type(x) is not Dependent:
            continue
        there, given = not_zero(other), x.given()
        if given and there is not True and math.prod(sizes.values()) <= _LARGE:
            terms.append(_where_not_zero(level, given, axes, there, its, sizes, out))
        else:
            kept = [axis for axis in axes if axis in out]
            found = over_axes(level, given, [i for i, axis in enumerate(axes) if axis not in out])
            terms += [_spread(t, kept, out, sizes) for t in found]
    return level.result(value, [t.reshape(value.shape) for t in terms])


def _where_not_zero(
    level: PatternLevel, given: Any, axes: Any, there: Array, its: Any, sizes: dict[int, int], out: Any
) -> Array:
    """Return the term of an operand beside one that has zeros: an edge for each product that is not 0."""
    at = dict(zip(sizes, np.nonzero(_spread(there, its, list(sizes), sizes)), strict=True))
    shape = [sizes[axis] for axis in out]
    rows = np.ravel_multi_index([at[axis] for axis in out], shape) if out else np.zeros(len(at[-1]), int)
    members = [t[tuple([at[axis] if t.shape[i] > 1 else 0 for i, axis in enumerate(axes)])] for t in given]
    numbers = np.concatenate([np.broadcast_to(m, rows.shape) for m in members])
    return level.sets.made(np.tile(rows, len(members)), numbers, math.prod(shape)).reshape(shape)


def _spread(t: Array, axes: Sequence[int], out: Sequence[int], sizes: dict[int, int]) -> Array:
    """Return an array of some axes as one of others, among which they are."""
    t = t.transpose([axes.index(axis) for axis in out if axis in axes])
    t = np.expand_dims(t, [i for i, axis in enumerate(out) if axis not in axes])
    return np.broadcast_to(t, [sizes[axis] for axis in out])


def sparse_matmul(level: PatternLevel, matrix: csr_array, x: Dependent) -> Any:
    """Return the product of a matrix of SciPy and a dependent array: an edge for each element that is stored."""
    stored = matrix.tocoo()
    value = matrix @ x.value
    nonzero = stored.data != 0
    row, col = stored.row[nonzero].astype(np.intp), stored.col[nonzero]
    width = math.prod(x.shape[1:])
    members = [t.reshape(len(t), width)[col].reshape(-1) for t in x.given()]
    if not members:
        return level.result(value, [])
    owners = (row[:, None] * width + np.arange(width)).reshape(-1)
    numbers = level.sets.made(np.tile(owners, len(members)), np.concatenate(members), matrix.shape[0] * width)
    return level.result(value, [numbers.reshape(value.shape)])


def convolve(level: PatternLevel, a: Any, v: Any, mode: Literal["valid", "same", "full"] = "full") -> Any:
    """Return what `numpy.convolve` does."""
    value = np.convolve(plain(a), plain(v), mode)
    m, n = np.size(a), np.size(v)
    kind = mode if isinstance(mode, str) else ("valid", "same", "full")[mode]
    i, j = (place.reshape(-1) for place in np.indices((m, n)))
    owners, parts = [], []
    for x, at, other, beside in ((a, i, v, j), (v, j, a, i)):
        if type(x) is Dependent:
            there = not_zero(other)
            among = slice(None) if there is True else np.reshape(there, -1)[beside]
            given = [t.reshape(-1)[at[among]] for t in x.given()]
            owners += [(i + j)[among]] * len(given)
            parts += given
    if not parts:
        return level.result(value, [])
    numbers = level.sets.made(np.concatenate(owners), np.concatenate(parts), m + n - 1)
    start = {"full": 0, "same": (m + n - 1 - len(value)) // 2, "valid": min(m, n) - 1}[kind]
    return level.result(value, [numbers[start : start + len(value)]])


_LARGE = 50_000_000  # products to be looked at for zeros
