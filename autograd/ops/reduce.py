"""Reductions: one number from many, along some axes or all.

Each follows NumPy's function of the same name. Ties of a maximum share its gradient evenly; products are exact where
factors are zero; where a standard deviation or a norm is 0, the gradient is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..declare import composed, general, install, linear, not_differentiable
from ..errors import GraphError
from ..registry import operations
from ..tensor import unwrap

Axis = int | tuple[int, ...] | None

# Their methods take arguments by place in a third of the time, which NumPy's annotations do not know.
_add: Any = np.add.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce


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


def refuse_out(out: Any) -> None:
    """Raise if a place to write the result to was given."""
    if out is not None:
        raise GraphError("a result that may need a gradient cannot be written with out=: leave it away")


def selected(gx: Any, where: Any) -> Any:
    """Return the gradient of those elements that `where` let into the reduction, 0 for the others."""
    return gx if where is True else np.where(where, gx, 0)


# Sums


def _sum(
    x: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, where: Any = True
) -> Any:
    if out is not None:
        refuse_out(out)
    return _add(x, axis, dtype, None, keepdims, 0, where) if where is not True else _add(x, axis, dtype, None, keepdims)


def _mean(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, where: Any = True
) -> Any:
    if out is not None:
        refuse_out(out)
    if dtype is None and where is True and x.size and x.dtype.char in "fd":
        total = _add(x, axis, None, None, keepdims)  # as numpy.mean does, at a third of its cost
        return total / (x.size // total.size)
    return np.mean(x, axis, dtype, keepdims=keepdims, where=where)


def _mean_rule(g: Any, axis: Axis, where: Any, x_shape: tuple[int, ...]) -> Any:
    if where is True:
        return spread(g / _reduced(x_shape, g), x_shape, axis)
    count = _add(np.broadcast_to(where, x_shape), axis, g.dtype, None, True)
    return selected(keep_axes(g, x_shape, axis) / count, where)


def _var(
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    correction: Any = None,
) -> Any:
    refuse_out(out)
    return np.var(x, axis, dtype, ddof=_degrees(ddof, correction), keepdims=keepdims)


def _std(
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = False,
    correction: Any = None,
) -> Any:
    refuse_out(out)
    return np.std(x, axis, dtype, ddof=_degrees(ddof, correction), keepdims=keepdims)


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


sum = linear(
    np.sum,
    lambda g, axis, where, x_shape: selected(spread(g, x_shape, axis), where),
    forward=_sum,
)
mean = linear(np.mean, _mean_rule, forward=_mean)
var = general(np.var, _var_rule, forward=_var)
std = general(np.std, _std_rule, forward=_std)


# Extremes


def share_evenly(x: Any, extreme: Any, axis: Axis, where: Any = True, *, beyond: Any) -> Any:
    """Return how much of the gradient of `extreme` each element gets: those that it does not go beyond share it."""
    values = unwrap(x)
    mask = ~beyond(unwrap(extreme), values)
    if where is not True:
        mask &= where
    share = mask.astype(values.dtype)
    count = _add(share, axis, None, None, True)
    share /= np.maximum(count, 1, dtype=share.dtype)  # none where `initial` was the extreme
    return share


def _extreme_rule(g: Any, x: Any, out: Any, axis: Axis, where: Any, beyond: Any) -> Any:
    shares = share_evenly(x, keep_axes(out, x.shape, axis), axis, where, beyond=beyond)
    return keep_axes(g, x.shape, axis) * shares


def _max(
    x: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    if out is not None:
        refuse_out(out)
    if initial is None and where is True:
        return _maximum(x, axis, None, None, keepdims)
    return _maximum(x, axis, None, None, keepdims, initial, where)


def _min(
    x: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    if out is not None:
        refuse_out(out)
    if initial is None and where is True:
        return _minimum(x, axis, None, None, keepdims)
    return _minimum(x, axis, None, None, keepdims, initial, where)


max = general(
    np.max,
    lambda g, x, out, axis, where: _extreme_rule(g, x, out, axis, where, np.greater),
    forward=_max,
    aliases=[np.amax],
)
min = general(
    np.min,
    lambda g, x, out, axis, where: _extreme_rule(g, x, out, axis, where, np.less),
    forward=_min,
    aliases=[np.amin],
)


@composed(np.ptp)
def ptp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """Return the range of the values, the greatest less the least."""
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


# Sums of exponentials


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) along `axis`, without overflow or loss however large or small the values are.

    Parameters
    ----------
    x
        Any shape.
    axis
        The axis or axes to sum over; by default all.
    keepdims
        Leave length 1 on the axes that were summed over.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import logsumexp, tensor
    >>> x = tensor([1000.0, 1000.0, -np.inf], requires_grad=True)
    >>> y = logsumexp(x)
    >>> y.backward()
    >>> y.data.round(4), x.grad
    (np.float64(1000.6931), Tensor([0.5, 0.5, 0. ]))
    """
    x = np.asarray(x)
    x = x if x.dtype.kind == "f" else x.astype(float)
    top = _maximum(x, axis, None, None, True, initial=-np.inf)
    finite = np.isfinite(top)
    if finite.all():
        total = np.log(_add(np.exp(x - top), axis, None, None, True)) + top
    else:
        top = np.where(finite, top, 0)
        with np.errstate(divide="ignore", over="ignore"):
            total = np.log(_add(np.exp(x - top), axis, None, None, True)) + top
    return total if keepdims else total.reshape(_add(x, axis).shape)[()]


def _logsumexp_rule(g: Any, out: Any, x: Any, axis: Axis) -> Any:
    """Return g softmax(x), which is 0 where all values are -inf.

    The weights exp(x - out) sum to 1 but for the rounding of `out`, which is large where the values are; dividing by
    their sum takes it away.
    """
    level = keep_axes(out, x.shape, axis)
    weights = np.exp(x - np.where(np.equal(level, -np.inf), 0, level))
    total = weights.sum(axis, keepdims=True)
    return keep_axes(g, x.shape, axis) / np.where(np.equal(total, 0), 1, total) * weights


logsumexp = general(_logsumexp, _logsumexp_rule, name="logsumexp")
install("logsumexp", logsumexp)

not_differentiable(np.argmax, np.argmin, np.any, np.all, np.count_nonzero, methods=True)

# The reductions of ufuncs are the same functions, with another default axis.
operations[np.maximum.reduce] = lambda x, axis=0, dtype=None, **options: max(x, axis, **options)
operations[np.minimum.reduce] = lambda x, axis=0, dtype=None, **options: min(x, axis, **options)
operations[np.add.reduce] = lambda x, axis=0, dtype=None, **options: sum(x, axis, dtype, **options)
