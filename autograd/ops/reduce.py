"""Reductions along some axes or all: sums, means, extremes, log-sum-exp.

Each follows NumPy's function of the same name. Elements that tie for an extreme share its gradient evenly.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, anywhere, as_array, everywhere
from ..arrays.select import select
from ..errors import GraphError
from ..primitives.accurate_sum import accurate_sum, at_least_single, reduced, reduced_by_columns
from ..primitives.declare import composed, general, install, linear, not_differentiable
from ..primitives.operands import NUMBERS
from ..source.call_site import users_line, warn_of_pair
from ..tensors.tensor import Axis, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, Out

ABSENT: Any = np._NoValue  # stands for an argument that was not given, where None means something else

# These methods take positional arguments in a third of the time, which NumPy's annotations do not allow.
_add: Any = np.add.reduce
_maximum: Any = np.maximum.reduce


def axes_of(axis: Axis, ndim: int) -> list[int]:
    """Return the reduced axes as numbers from 0 on; of a number there are none, of which NumPy takes axis=0 too."""
    if axis is None or not ndim:
        return list(range(ndim))
    return [a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))]


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """Return `shape` with length 1 on each reduced axis."""
    if axis is None:
        return (1,) * len(shape)
    reduced = axes_of(axis, len(shape))
    return tuple([1 if i in reduced else n for i, n in enumerate(shape)])


def keep_axes(a: ArrayOrTensor, shape: tuple[int, ...], axis: Axis) -> Any:
    """Give `a`, reduced from `shape`, length 1 on each axis that the reduction dropped."""
    return a if a.ndim == len(shape) else a.reshape(kept_shape(shape, axis))


def spread(g: ArrayOrTensor, shape: tuple[int, ...], axis: Axis) -> Any:
    """Broadcast `g`, a reduction's gradient, over the axes that were reduced."""
    if g.ndim != len(shape):
        g = g.reshape(kept_shape(shape, axis))
    if type(g) in ARRAY_TYPES:
        out = np.empty(shape, g.dtype)  # a filled copy is three times cheaper than numpy.broadcast_to
        out[...] = g
        return out
    return np.broadcast_to(g, shape)


def number_reduced(shape: tuple[int, ...], g: ArrayOrTensor) -> int:
    """Return how many elements went into each result of a reduction whose gradient is `g`; at least 1."""
    return math.prod(shape) // (g.size or 1) or 1


def refuse_out(out: Out, name: str | None = None) -> None:
    """Raise if a method, of this name or that of the caller, was given an array to write its result to."""
    if out is not None:
        name = name or sys._getframe(1).f_code.co_name.strip("_")
        refuse_bool(out, name)
        raise GraphError(
            f"the method '{name}' writes its result to no array, at {users_line()}: leave out= away, or call "
            f"numpy.{name}(x, ..., out=), which writes to tensors"
        )


def refuse_bool(given: object, name: str) -> None:
    """Raise if what was given where a dtype or an array stands is PyTorch's `keepdim`."""
    if isinstance(given, bool):
        raise TypeError(
            f"the method '{name}' takes no bool after the axis, at {users_line()}: as in NumPy, give "
            f"keepdims={given} by name"
        )


def selected(gx: ArrayOrTensor, where: TensorLike) -> Any:
    """Return the gradient of the elements that `where` selected for the reduction, 0 for the others."""
    return gx if where is True else select(where, gx, 0)


# Sums


def _sum(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = ABSENT,
    where: Any = True,
) -> Any:
    if out is not None:
        refuse_out(out)
    if initial is ABSENT and where is True:
        by_numpy = dtype is not None or axis is None
        refuse_bool(dtype, "sum")
        return _add(x, axis, dtype, None, keepdims) if by_numpy else reduced(np.add, x, axis, keepdims)
    return _add(x, axis, dtype, None, keepdims, initial, where)


def _mean(
    x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, where: Any = True
) -> Any:
    if out is not None:
        refuse_out(out)
    if dtype is None and where is True and x.size and x.ndim and x.dtype.char in "fd":
        total = reduced(np.add, x, axis, keepdims)  # as numpy.mean does, at a third of its cost
        return total / (x.size // total.size)
    refuse_bool(dtype, "mean")
    return np.mean(x, axis, dtype, keepdims=keepdims, where=where)


def _mean_rule(g: Any, axis: Axis, where: Any, x_shape: tuple[int, ...]) -> Any:
    if where is True:
        return spread(at_least_single(g) / number_reduced(x_shape, g), x_shape, axis)
    g, where = at_least_single(g), np.broadcast_to(where, x_shape)
    count = _add(where, axis, g.dtype, None, True)
    return selected(keep_axes(g, x_shape, axis) / np.maximum(count, 1), where)


sum = linear(np.sum, lambda g, axis, where, x_shape: selected(spread(g, x_shape, axis), where), forward=_sum)
# A gradient's sum over what was broadcast, where second derivatives need it.
linear(
    accurate_sum,
    lambda g, axis, x_shape: spread(g, x_shape, axis),
    forward=lambda x, axis, keepdims=False: accurate_sum(x, axis, keepdims),
    name="sum",
)
mean = linear(np.mean, _mean_rule, forward=_mean)
# Forward mode applies a linear function to the tangent, and the `initial` of a sum has no tangent.
sum.operation.statics = lambda node: (*node.kept_y[:4], ABSENT, node.kept_y[5])  # type: ignore[attr-defined]


# Extremes


def share_evenly(
    x: ArrayOrTensor, extreme: ArrayOrTensor, axis: Axis, where: TensorLike = True, *, beyond: np.ufunc
) -> Any:
    """Return each element's share of the gradient of `extreme`: the elements that it does not go beyond share it."""
    values, extreme = unwrap(x), unwrap(extreme)
    mask = ~beyond(extreme, values)
    undefined = np.isnan(extreme)
    if anywhere(undefined):  # then the nan was chosen
        mask = mask & (np.isnan(values) | ~undefined)
    if where is not True:
        mask = mask & where
    share = mask.astype(values.dtype)
    count = reduced_by_columns(np.add, share, axis, True)
    if count is None:
        count = _add(mask, axis, np.intp, None, True)
    share /= np.maximum(count, 1)  # none where `initial` was the extreme
    return share


def _extreme_rule(g: Any, x: Any, out: Any, axis: Axis, where: Any, beyond: Any) -> Any:
    shares = share_evenly(x, keep_axes(out, x.shape, axis), axis, where, beyond=beyond)
    return keep_axes(g, x.shape, axis) * shares


def _extreme(function: Any, ufunc: Any, beyond: np.ufunc, alias: Any) -> Any:
    def extreme(
        x: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = ABSENT, where: Any = True
    ) -> Any:
        if out is not None:
            refuse_out(out, function.__name__)
        plain = initial is ABSENT and where is True
        z = reduced(ufunc, x, axis, keepdims) if plain else ufunc.reduce(x, axis, None, None, keepdims, initial, where)
        if type(axis) is int and type(z) not in NUMBERS:
            warn_of_pair(function.__name__, axis)
        return z

    return general(
        function,
        lambda g, x, out, axis, where: _extreme_rule(g, x, out, axis, where, beyond),
        forward=extreme,
        aliases=[alias],
    )


max = _extreme(np.max, np.maximum, np.greater, np.amax)
min = _extreme(np.min, np.minimum, np.less, np.amin)


@composed(np.ptp)
def ptp(x: ArrayOrTensor, axis: Axis = None, out: Out = None, keepdims: bool = False) -> Any:
    """Return the range of the values: the maximum minus the minimum."""
    refuse_out(out)
    return max(x, axis, keepdims=keepdims) - min(x, axis, keepdims=keepdims)


# Sums of exponentials


def _logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Return log(sum(exp(x))) along `axis`, without overflow or loss of digits for large or small values.

    Parameters
    ----------
    x
        Exponents, of any shape.
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
    x = as_array(x)
    if x.dtype == np.float16:  # in which a sum may overflow
        return _logsumexp(x.astype(np.float32), axis, keepdims).astype(np.float16)
    x = x if x.dtype.kind in "fc" else x.astype(float)
    top = reduced_by_columns(np.maximum, x.real, axis, True)
    if top is None:
        top = _maximum(x.real, axis, None, None, True, initial=-np.inf)
    finite = np.isfinite(top)
    if everywhere(finite):
        total = np.log(reduced(np.add, np.exp(x - top), axis, True)) + top
    else:
        top = np.where(finite, top, 0)
        with np.errstate(divide="ignore", over="ignore"):
            total = np.log(reduced(np.add, np.exp(x - top), axis, True)) + top
    return total if keepdims else total.squeeze(axis)[()]


def softmax_weights(
    x: ArrayOrTensor,
    level: ArrayOrTensor,
    axis: Axis,
    initial: TensorLike = ABSENT,
    where: TensorLike = True,
    scale: float = 1,
) -> Any:
    """Return the share of each exponential in their sum; where all are 0 the shares are 0.

    The weights exp(x - level), with the logarithm of the sum as `level`, sum to 1 except for the rounding of `level`,
    which is large where the values are; dividing by their sum removes it. Infinite values share evenly.
    """
    top = unwrap(level)
    boundless = np.isinf(top)
    if anywhere(boundless):
        alike = boundless & (unwrap(x) == top)
        below = alike & (top < 0)
        x = np.where(alike, np.where(below, -np.inf, 0), x)
        level = np.where(boundless, np.where(top < 0, 0, np.where(alike, 0, top)), level)
    difference = x - level
    if where is not True:
        difference = np.where(where, difference, -np.inf)
    weights = np.exp(difference if scale == 1 else difference * scale)
    total = accurate_sum(weights, tuple(range(weights.ndim)) if axis is None else axis, True)
    if initial is not ABSENT and initial is not None:
        total = total + np.exp((initial - np.where(boundless, 0, level)) * scale)
    return weights / np.where(np.equal(total, 0), 1, total)


def _logsumexp_rule(g: Any, out: Any, x: Any, axis: Axis) -> Any:
    x, out = at_least_single(x), at_least_single(out)
    return keep_axes(g, x.shape, axis) * softmax_weights(x, keep_axes(out, x.shape, axis), axis)


logsumexp = general(_logsumexp, _logsumexp_rule, name="logsumexp")
install("logsumexp", logsumexp)

not_differentiable(np.argmax, np.argmin, np.any, np.all, np.count_nonzero, methods=True)
