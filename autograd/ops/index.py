"""Indexing: NumPy's basic and advanced indices, and the functions that are made of them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..declare import composed, install, linear, not_differentiable
from ..errors import GraphError
from ..graph import Leaf
from ..modes import recording
from ..tensor import Tensor, unwrap
from .shape import along, length

Shape = tuple[int, ...]

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
_MANY = 256  # elements; below, numpy.add.at takes an index as it is at least as fast


def _may_repeat(key: Any) -> bool:
    """Tell whether an index may select an element twice: only arrays of integers can."""
    advanced = [
        part
        for part in (key if type(key) is tuple else (key,))
        if not isinstance(part, _BASIC) or isinstance(part, bool)
    ]
    return len(advanced) > 1 or (len(advanced) == 1 and np.asarray(advanced[0]).dtype.kind != "b")


def _scatter(x: Any, key: Any, shape: Shape) -> Any:
    """Return zeros of `shape` to which `x` is added at `key`."""
    out = np.zeros(shape, x.dtype)
    if not _may_repeat(key):
        out[key] = x
    elif x.size <= _MANY or (out.size > 4 * x.size and type(key) is not np.ndarray):
        np.add.at(out, key, x)
    else:
        # By places in memory, which is five times faster than by rows.
        np.add.at(out.reshape(-1), _places(key, shape).reshape(-1), x.reshape(-1))
    return out


def _places(key: Any, shape: Shape) -> Any:
    """Return where in memory the elements are that `key` selects from an array of `shape`."""
    if type(key) is not np.ndarray:
        return np.arange(math.prod(shape)).reshape(shape)[key]
    row = math.prod(shape[1:])
    return (key % shape[0]).reshape(-1, 1) * row + np.arange(row)


# Each is the transpose of the other, so that both can be differentiated as often as one likes.
scatter = linear(_scatter, lambda g, key: g[key], name="scatter")
getitem = linear(
    operator.getitem,
    lambda g, key, x_shape: (_scatter if type(g) is np.ndarray else scatter)(g, key, x_shape),
    forward=lambda x, key: x[key],
    name="getitem",
)


def _method_getitem(x: Tensor, key: Any) -> Any:
    if type(key) is tuple or type(key) is list:
        for part in key:
            if isinstance(part, Tensor):
                key = unwrap(key)
                break
    return getitem(x, key)


def _method_setitem(x: Tensor, key: Any, value: Any) -> None:
    node = x._node
    if type(node) is not Leaf and node is not None:
        raise GraphError(
            f"assigning to elements of the result of '{node.op.name}' would change what its graph was computed with: "
            f"choose with numpy.where(condition, new, old), join pieces with numpy.concatenate, or detach() it first"
        )
    if recording() and (node is not None or (isinstance(value, Tensor) and value._node is not None)):
        raise GraphError(
            "assigning to elements is not recorded, and a gradient is required here: for values alone, write within "
            "no_grad() or to t.data; to differentiate, use numpy.where(condition, new, old) or numpy.concatenate"
        )
    x._data[unwrap(key)] = unwrap(value)


for _name, _method in {"__getitem__": _method_getitem, "__setitem__": _method_setitem}.items():
    setattr(Tensor, _name, _method)


# Elements by their places


@composed(np.take)
def take(x: Any, indices: Any, axis: int | None = None, *, mode: str = "raise") -> Any:
    """Return the elements of `x` at `indices` along `axis`; without one, of the flattened `x`."""
    indices = np.asarray(unwrap(indices))
    if axis is None:
        x, axis = x.reshape(-1), 0
    if mode == "wrap":
        indices = indices % length(x, axis)
    elif mode == "clip":
        indices = np.clip(indices, 0, length(x, axis) - 1)
    return x[along(axis, x.ndim, indices)]


@composed(np.take_along_axis, method=False)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """Return, for each row along `axis`, the elements at that row's own indices."""
    indices = np.asarray(unwrap(indices))
    if axis is None:
        return x.reshape(-1)[indices]
    if indices.ndim != x.ndim:
        raise ValueError(f"the indices need as many axes as the array: {indices.ndim} and {x.ndim}")
    grid: list[Any] = [np.arange(n).reshape((-1,) + (1,) * (x.ndim - a - 1)) for a, n in enumerate(x.shape)]
    grid[axis] = indices
    return x[tuple(grid)]


@composed(np.compress, method=False)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """Return the slices of `a` along `axis` where `condition` holds."""
    return take(a, np.flatnonzero(unwrap(condition)), axis)


install("compress", lambda x, condition, axis=None: compress(condition, x, axis))


@composed(np.extract, method=False)
def extract(condition: Any, arr: Any) -> Any:
    """Return the elements of `arr` where `condition` holds."""
    return take(arr, np.flatnonzero(unwrap(condition)))


@composed(np.sort, method=False)  # the method of arrays sorts in place, which a graph cannot follow
def sort(x: Any, axis: int | None = -1, *, kind: Any = None, stable: bool | None = None) -> Any:
    """Return the elements in ascending order along `axis`; equal ones in their own order."""
    if axis is None:
        x, axis = x.reshape(-1), -1
    return take_along_axis(x, np.argsort(unwrap(x), axis, kind=kind, stable=stable), axis)


not_differentiable(np.argsort, np.searchsorted, np.nonzero, methods=True)
not_differentiable(
    np.argwhere, np.flatnonzero, np.lexsort, np.argpartition, np.unique, np.bincount, np.histogram, np.digitize,
    np.isin, np.ravel_multi_index, np.unravel_index, np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d,
)  # fmt: skip


# Diagonals and triangles


@composed(np.diagonal)
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the elements of the diagonals that two axes span, along a new last axis."""
    x = np.moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    place = np.arange(max(min(rows + min(offset, 0), columns - max(offset, 0)), 0))
    return x[..., place - min(offset, 0), place + max(offset, 0)]


@composed(np.trace)
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sums of the diagonals that two axes span."""
    return diagonal(x, offset, axis1, axis2).sum(-1)


@composed(np.linalg.diagonal, method=False)
def _matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """Return the diagonals of the matrices in the last two axes."""
    return diagonal(x, offset, -2, -1)


@composed(np.linalg.trace, method=False)
def _matrix_trace(x: Any, /, *, offset: int = 0) -> Any:
    """Return the traces of the matrices in the last two axes."""
    return trace(x, offset, -2, -1)


@composed(np.diag, method=False)
def diag(x: Any, k: int = 0) -> Any:
    """Return the matrix that has the vector `x` on its diagonal, or the diagonal of the matrix `x`."""
    if x.ndim != 1:
        return diagonal(x, k)
    n = x.size + abs(k)
    place = np.arange(x.size)
    return scatter(x, (place - min(k, 0), place + max(k, 0)), (n, n))


def _below(x: Any, k: int) -> Any:
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, k, dtype=bool)


@composed(np.tril, method=False)
def tril(x: Any, k: int = 0) -> Any:
    """Return `x` with zeros above the diagonal of its last two axes."""
    return np.where(_below(x, k), x, 0)


@composed(np.triu, method=False)
def triu(x: Any, k: int = 0) -> Any:
    """Return `x` with zeros below the diagonal of its last two axes."""
    return np.where(_below(x, k - 1), 0, x)


@composed(np.diff, method=False)
def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the differences of neighbours along `axis`, `n` times over."""
    later, earlier = along(axis, x.ndim, slice(1, None)), along(axis, x.ndim, slice(-1))
    for _ in range(n):
        x = x[later] - x[earlier]
    return x
