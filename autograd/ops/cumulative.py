"""Cumulative sums, cumulative products, and products.

The derivative of a product is the product of the other factors. Dividing the result by the factor gives it cheaply, but
not where a factor is zero or the product underflows; there the other factors are multiplied, and so they are where the
derivative is recorded: that of the quotient in the factor is 0, but would be a difference of large numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import whole
from ..primitives.declare import composed, general, linear
from ..tensors.tensor import Axis, Tensor, unwrap
from ..tensors.types import ArrayOrTensor, DTypeLike
from .reduce import ABSENT, axes_of, keep_axes, refuse_bool, refuse_out, selected
from .shape import along

_REVERSED = slice(None, None, -1)
_multiply: Any = np.multiply.reduce  # with positional arguments, as in `reduce`


def _divisible(*arrays: Any) -> bool:
    """Tell whether products can be divided by their factors without loss: none is zero, subnormal or infinite."""
    for array in map(unwrap, arrays):
        size = np.absolute(whole(array))
        if size.size and not (np.minimum.reduce(size, None) >= np.finfo(size.dtype).tiny and np.isfinite(size).all()):
            return False
    return True


# Sums


def _cumsum_rule(g: Any, axis: int | None, x_shape: tuple[int, ...]) -> Any:
    last = -1 if axis is None else axis
    backward = along(last, g.ndim, _REVERSED)
    return g[backward].cumsum(last)[backward].reshape(x_shape)


def _cumsum(x: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    refuse_out(out)
    return x.cumsum(axis, dtype)


cumsum = linear(np.cumsum, _cumsum_rule, forward=_cumsum)

# Products that keep every step


def _cumprod(x: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    refuse_out(out)
    return x.cumprod(axis, dtype)


def _cumprod_rule(g: Any, out: Any, x: Any, axis: int | None) -> Any:
    shape, last = x.shape, -1 if axis is None else axis
    if x.shape != g.shape:
        x = x.reshape(g.shape)
    if not _divisible(out):
        return _cumprod_exact(g, x, last).reshape(shape)
    backward = along(last, g.ndim, _REVERSED)
    return ((g * out)[backward].cumsum(last)[backward] / x).reshape(shape)


def _cumprod_exact(g: Any, x: Any, axis: int) -> Any:
    """Multiply the product before each factor by the sum over the steps from it on: exact for any factors."""
    places = [along(axis, g.ndim, i) for i in range(g.shape[axis])]
    before, after = [np.ones_like(unwrap(g[places[0]]))], [g[places[-1]]]
    for place in places[:-1]:
        before.append(before[-1] * x[place])
    for here, following in zip(places[-2::-1], places[:0:-1], strict=True):
        after.append(g[here] + x[following] * after[-1])
    return np.stack([b * a for b, a in zip(before, reversed(after), strict=True)], axis)


cumprod = general(np.cumprod, _cumprod_rule, forward=_cumprod)

# Products


def _prod(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = ABSENT,
    where: Any = True,
) -> Any:
    refuse_out(out)
    refuse_bool(dtype, "prod")
    return _multiply(x, axis, dtype, None, keepdims, initial, where)


def _prod_rule(g: Any, out: Any, x: Any, axis: Axis, initial: Any, where: Any) -> Any:
    factors = x if where is True else np.where(where, x, 1)
    if not (isinstance(out, Tensor) and out.size and x.size) and _divisible(out, factors):
        return selected(keep_axes(g * out, x.shape, axis) / factors, where)
    start = g if initial is ABSENT or initial is None else g * initial
    return selected(keep_axes(start, x.shape, axis) * _others(factors, axis), where)


def _others(x: Any, axis: Axis) -> Any:
    """Return, for each factor, the product of all others along `axis`."""
    reduced = axes_of(axis, x.ndim)
    order = [a for a in range(x.ndim) if a not in reduced] + reduced
    moved = x.transpose(order)
    whole = moved.shape[: x.ndim - len(reduced)]
    rows = moved.reshape((*whole, x.size // int(np.prod(whole))))
    one = np.ones((*whole, 1), x.dtype)
    before = np.concatenate([one, rows[..., :-1]], -1).cumprod(-1)
    after = np.concatenate([one, rows[..., :0:-1]], -1).cumprod(-1)[..., ::-1]
    return (before * after).reshape(moved.shape).transpose(sorted(range(x.ndim), key=order.__getitem__))


prod = general(np.prod, _prod_rule, forward=_prod)


# The array API's names, which can start from the empty sum or product.


def _with_initial(function: Any, steps_of: Any, first: int) -> None:
    """Declare sums or products along one axis, which may start with the empty one."""

    @composed(function, method=False)
    def cumulative(
        x: ArrayOrTensor,
        /,
        *,
        axis: int | None = None,
        dtype: DTypeLike | None = None,
        include_initial: bool = False,
    ) -> Any:
        steps, along_axis = steps_of(_one_axis(x, axis), axis, dtype), -1 if axis is None else axis
        if not include_initial:
            return steps
        shape = list(steps.shape)
        shape[along_axis] = 1
        return np.concatenate([np.full(shape, first, steps.dtype), steps], along_axis)


def _one_axis(x: Any, axis: int | None) -> Any:
    if axis is None and x.ndim > 1:
        raise ValueError(f"an axis must be given for an array of shape {x.shape}: only one-dimensional ones need none")
    return x if x.ndim else x.reshape(1)


_with_initial(np.cumulative_sum, cumsum, 0)
_with_initial(np.cumulative_prod, cumprod, 1)
