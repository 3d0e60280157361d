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
    return math.prod(shape) // (g.size or 1) or 1


def _refuse_out(out: Any) -> None:
    if out is not None:
        raise GraphError("a result that may need a gradient cannot be written with out=: leave it away")


def _selected(gx: Any, where: Any) -> Any:
    """Return the gradient of those elements that `where` let into the reduction, 0 for the others."""
    return gx if where is True else np.where(where, gx, 0)


# Sums


def _sum(
    x: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    if out is not None:
        _refuse_out(out)
    return (
        np.add.reduce(x, axis, dtype, None, keepdims, 0, where)
        if where is not True
        else np.add.reduce(x, axis, dtype, None, keepdims)
    )


def _mean(
    x: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    if out is not None:
        _refuse_out(out)
    if dtype is None and where is True and x.size and x.dtype.char in "fd":
        total = np.add.reduce(x, axis, None, None, keepdims)  # as numpy.mean does, at a third of its cost
        return total / (x.size // total.size)
    return np.mean(x, axis, dtype, None, keepdims, where=where)


def _mean_rule(g: Any, axis: Axis, where: Any, x_shape: tuple[int, ...]) -> Any:
    if where is True:
        return spread(g / _reduced(x_shape, g), x_shape, axis)
    count = np.add.reduce(np.broadcast_to(where, x_shape), axis, g.dtype, None, True)
    return _selected(keep_axes(g, x_shape, axis) / count, where)


def _var(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: Any = None,
) -> Any:
    _refuse_out(out)
    return np.var(x, axis, dtype, None, _degrees(ddof, correction), keepdims)


def _std(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    correction: Any = None,
) -> Any:
    _refuse_out(out)
    return np.std(x, axis, dtype, None, _degrees(ddof, correction), keepdims)


def _degrees(ddof: float, correction: float | None) -> float:
    """Return what the count is reduced by; `correction` is the array API's name for it."""
    if correction is None:
        return ddof
    if ddof:
        raise ValueError("ddof and correction are two names of one thing: give one of them")
    return correction


def _deviation(x: Any, axis: Axis) -> Any:
    """Return x less its mean, exactly 0 for constants: the first element is taken off before rounding can occur."""
    values = unwrap(x)
    whole = kept_shape(values.shape, axis)
    first = values[tuple([slice(1) if n == 1 else slice(None) for n in whole])]
    shifted = x - first
    return shifted - shifted.mean(axis, keepdims=True)


def _var_rule(g: Any, x: Any, axis: Axis, ddof: float, correction: Any) -> Any:
    scale = 2 / (_reduced(x.shape, g) - _degrees(ddof, correction))
    return keep_axes(g * scale, x.shape, axis) * _deviation(x, axis)


def _std_rule(g: Any, out: Any, x: Any, axis: Axis, ddof: float, correction: Any) -> Any:
    scale = _reduced(x.shape, g) - _degrees(ddof, correction)
    slope = g / (np.where(np.equal(out, 0), 1, out) * scale)
    return keep_axes(slope, x.shape, axis) * _deviation(x, axis)


sum = linear(  # noqa: A001 - NumPy's name
    np.sum,
    lambda g, axis, where, x_shape: _selected(spread(g, x_shape, axis), where),
    forward=_sum,
)
mean = linear(np.mean, _mean_rule, forward=_mean)
var = general(np.var, _var_rule, forward=_var)
std = general(np.std, _std_rule, forward=_std)

# The reductions of ufuncs are the same functions, with another default axis.
operations[np.add.reduce] = lambda x, axis=0, dtype=None, **options: sum(x, axis, dtype, **options)


# Extremes


def _extreme(x: Any, out: Any, axis: Axis, where: Any, g: Any, beyond: Any) -> Any:
    """Share `g` evenly among the elements that the extreme `out` does not go beyond."""
    mask = ~beyond(unwrap(keep_axes(out, x.shape, axis)), unwrap(x))
    if where is not True:
        mask &= where
    share = mask.astype(g.dtype)
    count = np.add.reduce(share, axis, None, None, True)
    share /= np.maximum(count, 1, dtype=share.dtype)  # none where `initial` was the extreme
    return keep_axes(g, x.shape, axis) * share


def _max(
    x: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    if out is not None:
        _refuse_out(out)
    if initial is None and where is True:
        return np.maximum.reduce(x, axis, None, None, keepdims)
    return np.maximum.reduce(x, axis, None, None, keepdims, initial, where)


def _min(
    x: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    if out is not None:
        _refuse_out(out)
    if initial is None and where is True:
        return np.minimum.reduce(x, axis, None, None, keepdims)
    return np.minimum.reduce(x, axis, None, None, keepdims, initial, where)


max = general(  # noqa: A001 - NumPy's name
    np.max,
    lambda g, x, out, axis, where: _extreme(x, out, axis, where, g, np.greater),
    forward=_max,
    aliases=[np.amax],
)
min = general(  # noqa: A001 - NumPy's name
    np.min,
    lambda g, x, out, axis, where: _extreme(x, out, axis, where, g, np.less),
    forward=_min,
    aliases=[np.amin],
)


@composed(np.ptp)
def ptp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Return the range of the values, the greatest less the least."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


not_differentiable(np.argmax, np.argmin, np.any, np.all, np.count_nonzero, methods=True)
