"""Indexing: NumPy's basic and advanced indices, and the functions built on them."""

from __future__ import annotations

import math
import operator
import sys
from functools import cache
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, Used, as_array, batches, called, innermost_level, unrecorded
from ..arrays.select import are_rows
from ..errors import BatchError
from ..graph.buffer_reuse import may_add_to
from ..graph.node import LARGE, Gradients, Lift, Node, absent
from ..primitives.accurate_sum import WIDER
from ..primitives.declare import composed, install, linear, not_differentiable
from ..primitives.primitive import OneInput
from ..tensors.tensor import Tensor, TensorLike, plain_array, unwrap
from ..tensors.types import ArrayOrTensor, DTypeLike, Mode, Out, Shape
from .reduce import refuse_out
from .shape import along, length, operand, ravel

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
_MANY = 256  # elements; up to here, numpy.add.at is at least as fast with the index as it is
_WIDE = 320  # elements of a row; from here on a loop over rows is faster than numpy.add.at
_CROWD = 16_384  # parts; adding this many one after another is inaccurate
_BULK = 65_536  # numbers; from here on a product of SciPy's is faster than numpy.add.at
_NARROW = 4  # elements of a row; SciPy takes as long for shorter ones
_IMPORT = 1 << 26  # numbers; adding this many without SciPy takes as long as the import of its matrices
_PAIRS = {np.dtype(np.float32): np.dtype(np.complex64), np.dtype(np.float64): np.dtype(np.complex128)}


def _may_repeat(key: Any) -> bool:
    """Tell whether an index may select an element twice: only integer arrays of several numbers can."""
    advanced = [
        part
        for part in (key if type(key) is tuple else (key,))
        if not isinstance(part, _BASIC) or isinstance(part, bool)
    ]
    if len(advanced) != 1:
        return len(advanced) > 1
    only = np.asarray(advanced[0])
    return only.size > 1 and only.dtype.kind != "b"


def _scatter(x: Any, key: Any, shape: Shape) -> Any:
    """Return zeros of `shape` with `x` added at `key`."""
    if Used.vmap and (level := innermost_level(x, key)) is not None:
        return level.scatter(_scatter, x, key, shape)
    if not _may_repeat(key):
        out = np.zeros(shape, x.dtype)
        out[key] = x
        return out
    dtype = _dtype_of_sums(x, shape)
    parts = x.astype(dtype, copy=False)
    if _are_many_rows(parts, key, shape):
        return called(_sums_of_rows, parts, key, shape).astype(x.dtype, copy=False)
    out = np.zeros(shape, dtype)
    _add_repeatedly(out, key, parts)
    return out.astype(x.dtype, copy=False)


def _dtype_of_sums(x: Any, shape: Shape) -> Any:
    """Return the dtype in which to add `x` to zeros of `shape`: a wider one if very many may meet at one position."""
    wider = WIDER.get(x.dtype.char)
    return x.dtype if wider is None or x.size <= _CROWD * math.prod(shape[1:]) else wider


def _add_repeatedly(out: Any, key: Any, x: Any) -> None:
    if x.size <= _MANY or (out.size > 4 * x.size and type(key) not in ARRAY_TYPES) or not out.flags.c_contiguous:
        np.add.at(out, key, x)
    elif type(key) in ARRAY_TYPES:
        _add_rows(out, key, x)
    else:
        # By flat index in memory, which is five times faster than by rows.
        places = np.arange(out.size).reshape(out.shape)[key]
        np.add.at(out.reshape(-1), places.reshape(-1), x.reshape(-1))


def _are_many_rows(x: Any, key: Any, shape: Shape) -> bool:
    """Tell whether `x` has so many rows for those of an array at `key` that they are best added up by themselves."""
    many = x.size >= _BULK and math.prod(shape[1:]) >= _NARROW and math.prod(shape) <= 4 * x.size
    return many and type(key) in ARRAY_TYPES and key.dtype.kind != "b" and x.dtype.char in "fdFD"


_added = 0  # numbers


@cache
def _is_installed(package: str) -> bool:
    from importlib.util import find_spec  # few programs need it

    return find_spec(package) is not None


@unrecorded
def _sums_of_rows(x: Any, key: Any, shape: Shape) -> Any:
    """Return zeros of `shape` with the rows of `x` added to those at `key`, in this order."""
    global _added
    numbers = key.reshape(-1).astype(np.int32 if max(key.size, shape[0]) < 1 << 31 else np.int64)
    numbers[numbers < 0] += shape[0]
    _added += x.size
    if "scipy.sparse" not in sys.modules and (_added < _IMPORT or not _is_installed("scipy")):
        out = np.zeros(shape, x.dtype)
        _add_rows(out, numbers, x)
        return out
    from scipy.sparse import csc_array

    real = np.ascontiguousarray(x).reshape(key.size, -1).view(x.real.dtype)
    ones, starts = np.ones(key.size, real.dtype), np.arange(key.size + 1, dtype=numbers.dtype)
    sums = csc_array((ones, numbers, starts), (shape[0], key.size)) @ real
    return sums.view(x.dtype).reshape(shape)


def _add_rows(out: Any, key: Any, x: Any) -> None:
    """Add each part of `x` to the part of `out` at its index in `key` along the first axis, in the order of `key`."""
    row = math.prod(out.shape[1:])
    numbers = key.reshape(-1).astype(np.intp, copy=False) % len(out)
    if row >= _WIDE:
        rows = out.reshape(-1, row)
        for number, part in zip(numbers.tolist(), x.reshape(-1, row), strict=True):
            held = rows[number]
            np.add(held, part, held)
        return
    flat, parts = out.reshape(-1), x.reshape(-1)
    pair = _PAIRS.get(x.dtype)
    if pair is not None and row % 2 == 0 and out.dtype == x.dtype:
        # Adding a complex number adds two real ones in the time of one: nearly all the time goes into indexing.
        flat, parts, row = flat.view(pair), parts.view(pair), row // 2
    np.add.at(flat, (numbers[:, None] * row + np.arange(row)).reshape(-1), parts)


def selected(x: Any, key: Any) -> Any:
    """Return ``x[key]``; an array that all elements of a batch share may have another index for each."""
    try:
        return x.take(key, 0) if are_rows(x, key) else x[key]
    except BatchError:
        level: Any = innermost_level(key)
        if level is None or batches(x):
            raise
        return level.getitem(x, key)
    except (IndexError, AttributeError) as error:
        parts = key if isinstance(key, list | tuple) else (key,)
        name = next((part for part in parts if isinstance(part, str)), None)  # as indices of tables have
        if name is None:
            raise
        raise IndexError(
            f"{name!r} is no index: a tensor has no labels, also where it stands for a table. Take x[:, 0], or "
            f"differentiate with respect to a dict of arrays, {{{name!r}: table[{name!r}].to_numpy()}}"
        ) from error


# Each is the transpose of the other, so that both can be differentiated any number of times.
scatter = linear(_scatter, lambda g, key: selected(g, key), name="scatter")
getitem = linear(
    operator.getitem,
    lambda g, key, x_shape: (_scatter if type(g) in ARRAY_TYPES else scatter)(g, key, x_shape),
    forward=lambda x, key: selected(x, key),
    name="getitem",
)


def _pull(node: Node, g: Any, gradients: Gradients) -> None:
    """Pull `g` back into the gradient that other parts have accumulated: many parts then cost only their own size."""
    x: Any = node.x
    held = gradients[x]
    if held is absent:
        return
    key, shape = node.kept
    if held is None:
        gradients[x] = _scatter(g, key, shape)
        return
    if isinstance(g, np.generic):  # of an item: it is added to its place as an array is
        g = np.asarray(g)
    arrays = type(held) in ARRAY_TYPES and type(g) in ARRAY_TYPES
    if not arrays or held.size <= LARGE or _dtype_of_sums(g, shape) != g.dtype or _are_many_rows(g, key, shape):
        gradients[x] = held + _scatter(g, key, shape)
        return
    if not may_add_to(held, g):
        gradients[x] = held = held.copy("K")  # to which the parts are added in the same order, with the same rounding
    if _may_repeat(key):
        _add_repeatedly(held, key, g)
    else:
        held[key] += g


def _pull_carefully(node: Node, g: Any, gradients: Gradients, lift: Lift | None, absorb: bool) -> None:
    """Do the same, unless it is recorded: a part moves to its place, where no zero meets a nan."""
    if lift is None and type(g) in ARRAY_TYPES:
        _pull(node, g, gradients)
    else:
        OneInput.pull_carefully(_getitem, node, g, gradients, lift, absorb)


_getitem: Any = getitem.operation  # type: ignore[attr-defined]  # what it is made of
_getitem.pull, _getitem.pull_carefully = _pull, _pull_carefully


_FIXED = {int, type(None), type(Ellipsis), np.ndarray, np.int64, bool}
_BOUNDS = {int, type(None)}


def settled(key: Any) -> Any:
    """Return an index whose lists and slices hold no tensors; a node that keeps it copies what may be changed later."""
    kind = type(key)
    if kind in _FIXED:
        return key
    if kind is tuple:
        return tuple(map(settled, key))
    if kind is slice:
        return slice(*[n if n is None else operator.index(unwrap(n)) for n in (key.start, key.stop, key.step)])
    key = unwrap(key)
    return plain_array(key) if hasattr(key, "__array__") and not isinstance(key, np.generic) else key


def _method_getitem(x: Tensor, key: Any) -> Any:
    kind = type(key)
    if kind is tuple:
        for part in key:
            if type(part) not in _FIXED:
                key = settled(key)
                break
    elif kind is list or (
        kind is slice and not (type(key.start) in _BOUNDS and type(key.stop) in _BOUNDS and type(key.step) in _BOUNDS)
    ):
        key = settled(key)
    return getitem(x, key)


setattr(Tensor, "__getitem__", _method_getitem)  # noqa: B010 - the class does not declare it


# Elements by their positions


@composed(np.take)
def take(x: TensorLike, indices: TensorLike, axis: int | None = None, out: Out = None, mode: Mode = "raise") -> Any:
    """Return the elements of `x` at `indices` along `axis`; without one, of the flattened `x`."""
    refuse_out(out)
    x, places = operand(x), unwrap(indices)
    if axis is None or not x.ndim:
        x, axis = x.reshape(-1), axis or 0
    length(x, axis)
    if batches(places) and mode != "raise":
        n = length(x, axis)
        places = places % n if mode == "wrap" else np.clip(places, 0, n - 1)
    elif mode != "raise" or as_array(places).dtype.kind not in "iu":
        places = np.take(np.arange(length(x, axis)), places, mode=mode)  # NumPy's treatment of indices out of bounds
    return x[along(axis, x.ndim, as_array(places))]


@composed(np.take_along_axis, method=False)
def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = -1) -> Any:
    """Return, for each row along `axis`, the elements at that row's own indices."""
    x, places = operand(x), as_array(unwrap(indices))
    if axis is None:
        x, axis = x.reshape(-1), 0
    if places.ndim != x.ndim or places.dtype.kind not in "iu":
        raise (ValueError if places.ndim != x.ndim else IndexError)(
            f"take_along_axis needs integers with as many axes as the array: {places.ndim} of dtype {places.dtype} "
            f"for {x.ndim}"
        )
    length(x, axis)
    grid: list[Any] = [np.arange(n).reshape((-1,) + (1,) * (x.ndim - a - 1)) for a, n in enumerate(x.shape)]
    grid[axis] = places
    return x[tuple(grid)]


@composed(np.compress, method=False)
def compress(condition: TensorLike, a: TensorLike, axis: int | None = None, out: Out = None) -> Any:
    """Return the slices of `a` along `axis` where `condition` holds."""
    refuse_out(out)
    mask = as_array(unwrap(condition))
    if mask.ndim != 1:
        raise ValueError(f"the condition has one axis, not shape {mask.shape}: see numpy.extract")
    return take(a, np.flatnonzero(mask), axis)


install("compress", lambda x, condition, axis=None, out=None: compress(condition, x, axis, out))


@composed(np.extract, method=False)
def extract(condition: TensorLike, arr: TensorLike) -> Any:
    """Return the elements of `arr` where `condition` holds."""
    return take(arr, np.flatnonzero(unwrap(condition)))


# Diagonals and triangles


def _onto_diagonals(g: Any, x_shape: Shape, offset: int, axis1: int, axis2: int) -> Any:
    """Return zeros of `x_shape` with `g` on the diagonals that two axes span."""
    ends = (axis1 % len(x_shape), axis2 % len(x_shape))
    shape = (*(n for axis, n in enumerate(x_shape) if axis not in ends), *(x_shape[axis] for axis in ends))
    place = np.arange(g.shape[-1])
    key = (..., place - min(offset, 0), place + max(offset, 0))
    return np.moveaxis((_scatter if type(g) in ARRAY_TYPES else scatter)(g, key, shape), (-2, -1), ends)


# A view, like NumPy's: it shows writes to the matrix.
diagonal = linear(
    np.diagonal,
    _onto_diagonals,
    forward=lambda x, offset=0, axis1=0, axis2=1: np.diagonal(x, offset, axis1, axis2),
)


@composed(np.trace)
def trace(
    x: ArrayOrTensor, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: DTypeLike | None = None, out: Out = None
) -> Any:
    """Return the sums of the diagonals that two axes span."""
    refuse_out(out)
    return diagonal(x, offset, axis1, axis2).sum(-1, dtype)


composed(np.linalg.diagonal, method=False)(lambda x, /, *, offset=0: diagonal(x, offset, -2, -1))
composed(np.linalg.trace, method=False)(lambda x, /, *, offset=0, dtype=None: trace(x, offset, -2, -1, dtype))


@composed(np.diag, method=False)
def diag(v: ArrayOrTensor, k: int = 0) -> Any:
    """Return the matrix with the vector `v` on its diagonal, or the diagonal of the matrix `v`."""
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"diag takes a vector or a matrix, not shape {v.shape}: see numpy.diagonal and numpy.diagflat")
    n = v.size + abs(k)
    place = np.arange(v.size)
    return scatter(v, (place - min(k, 0), place + max(k, 0)), (n, n))


@composed(np.diagflat, method=False)
def diagflat(v: ArrayOrTensor, k: int = 0) -> Any:
    """Return the matrix with all elements of `v` on its diagonal."""
    return diag(ravel(v), k)


def _below(x: Any, k: int) -> Any:
    tri: Any = np.tri
    return tri(*x.shape[-2:], k=k, dtype=bool)


@composed(np.tril, method=False)
def tril(m: ArrayOrTensor, k: int = 0) -> Any:
    """Return `m` with zeros above the diagonal of its last two axes."""
    return np.where(_below(m, k), m, m.dtype.type(0))  # a Python 0 would turn bools into integers


@composed(np.triu, method=False)
def triu(m: ArrayOrTensor, k: int = 0) -> Any:
    """Return `m` with zeros below the diagonal of its last two axes."""
    return np.where(_below(m, k - 1), m.dtype.type(0), m)


not_differentiable(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
