"""Norms of vectors and matrices, of every order that NumPy supports."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays.door import everywhere, numpy
from ..primitives.accurate_sum import at_least_single
from ..primitives.declare import composed, general
from ..tensors.tensor import Axis, unwrap
from ..tensors.types import ArrayOrTensor, NormOrder
from .linalg_common import conj
from .reduce import keep_axes, share_evenly


def _norm(x: Any, ord: NormOrder = None, axis: Any = None, keepdims: bool = False) -> Any:
    return np.linalg.norm(x, ord, axis, keepdims)


def _direction(x: Any) -> Any:
    """Return the derivative of |x|, 0 where x is 0."""
    return conj(np.sign(x)) if x.dtype.kind == "c" else np.sign(unwrap(x))


def unscaled(length: ArrayOrTensor, power: float = 2.0) -> bool:
    """Tell whether powers of elements, whose sum gave a length, are ordinary numbers: no overflow, no lost digits."""
    limits = np.finfo(length.dtype)
    least = max((limits.tiny / limits.eps) ** (1 / abs(power)), limits.tiny)
    return everywhere((unwrap(length) >= least) & (unwrap(length) <= 1 / least))


def scale_of(x: ArrayOrTensor, axis: Axis) -> Any:
    """Return the greatest absolute value along axes, to divide by; 1 where that is 0 or infinite."""
    greatest = np.maximum.reduce(np.abs(unwrap(x)), axis, keepdims=True, initial=0)
    if x.dtype.kind == "c":  # the reciprocal of a subnormal number, in a complex quotient, overflows
        greatest = np.maximum(greatest, np.finfo(greatest.dtype).tiny)
    return np.where((greatest > 0) & np.isfinite(greatest), greatest, 1)


def _norm_rule(g: Any, out: Any, x: Any, ord: Any, axis: Axis) -> Any:
    """Return the gradient; where x is 0, this is the subgradient of least norm, 0. Ties share evenly.

    It depends on the direction of x alone, so that it is right also where the norm overflows or underflows.
    """
    g, length = keep_axes(g, x.shape, axis), keep_axes(out, x.shape, axis)
    if ord == 0:
        return g * (unwrap(x) * 0)
    if ord in (np.inf, -np.inf):
        beyond = np.greater if ord == np.inf else np.less
        return g * (share_evenly(abs(x), length, axis, beyond=beyond) * _direction(x))
    if ord == 1:
        return g * _direction(x)
    if x.dtype.char == "e" or not unscaled(length, ord if isinstance(ord, int | float) else 2):
        x = at_least_single(x)
        x = x / scale_of(x, axis)
        length = keep_axes(_norm_of_elements(x, ord, axis, True), x.shape, axis)
    zero = np.equal(length, 0)
    length = np.where(zero, 1, length)
    if ord in (None, 2, "fro", "f"):
        return g * (conj(x) / length)
    ratio = np.where(np.equal(x, 0), 1, abs(x) / length)
    return np.where(zero, 0, g) * (_direction(x) * ratio ** (ord - 1))


_norm_of_elements = general(_norm, _norm_rule, name="norm")


@composed(np.linalg.norm)
def norm(x: ArrayOrTensor, ord: NormOrder = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return the norm of vectors along one axis, or of matrices along two.

    Where several sums of columns or rows, or several singular values, are the greatest or the least, they share the
    gradient evenly.
    """
    axes = axis if axis is not None else (0, 1) if ord is not None and x.ndim == 2 else None
    if not isinstance(axes, tuple) or len(axes) != 2 or ord is None or ord in ("fro", "f"):
        return _norm_of_elements(x, ord, axis, keepdims)
    rows, columns = (normalize_axis_index(n, x.ndim) for n in axes)
    if rows == columns:
        raise ValueError(f"the norm of matrices along axes {axes} needs two different axes")
    result = _matrix_norm(numpy.moveaxis(x, (rows, columns), (-2, -1)), ord)
    return keep_axes(result, x.shape, (rows, columns)) if keepdims else result


def _matrix_norm(x: Any, ord: NormOrder) -> Any:
    if ord in ("nuc", 2, -2):
        sizes = np.linalg.svdvals(x)
        sizes = np.where(np.equal(sizes, 0), 0, sizes)  # where the gradient is 0, like that of abs
    elif ord in (1, -1, np.inf, -np.inf):
        sizes = abs(x).sum(-2 if abs(ord) == 1 else -1)
    else:
        raise ValueError(f"matrices have norms of orders 'fro', 'nuc', 1, -1, 2, -2, inf and -inf, not {ord!r}")
    if ord == "nuc":
        return sizes.sum(-1)
    return sizes.max(-1, initial=0) if ord > 0 else sizes.min(-1)


@composed(np.linalg.vector_norm, method=False)
def vector_norm(x: ArrayOrTensor, /, *, axis: Axis = None, keepdims: bool = False, ord: NormOrder = 2) -> Any:
    """Return the norm of vectors along one axis, several axes or all."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    first = [normalize_axis_index(a, x.ndim) for a in axes]
    moved = x.transpose(first + [a for a in range(x.ndim) if a not in first])
    count = math.prod(moved.shape[: len(first)])
    result = norm(moved.reshape((count, *moved.shape[len(first) :])), ord, 0)
    return keep_axes(result, x.shape, axis) if keepdims else result


composed(np.linalg.matrix_norm, method=False)(
    lambda x, /, *, keepdims=False, ord="fro": norm(x, ord, (-2, -1), keepdims)
)
