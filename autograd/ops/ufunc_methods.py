"""Ufunc methods: reduce, accumulate, reduceat, outer, at; and ufuncs that are called on tensors with keywords.

A reduction whose derivative has a closed form is declared below. Any other ufunc, including a custom one, is folded: it
is applied step by step along the axis, and its own derivative does the rest. (Up to at least NumPy 2.5,
``numpy.power.reduce`` and ``numpy.arctan2.reduce`` are wrong along contiguous memory, because their vectorised loops
read a result before it is written; the fold is right.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..arrays.door import as_array
from ..errors import GraphError, UnsupportedError, in_library
from ..graph.mutation import note_written
from ..primitives.declare import general, linear
from ..primitives.operands import on_arrays
from ..primitives.primitive import Function
from ..source.call_site import users_line
from ..tensors import dispatch
from ..tensors.dispatch import declare_special_functions, operation_of, operations, plain
from ..tensors.tensor import Axis, Tensor, any_live, unsupported, unwrap
from .cumulative import cumprod, cumsum, prod
from .index import scatter
from .nan import extreme_rule
from .reduce import ABSENT, axes_of, keep_axes, max, min, softmax_weights, sum
from .setitem import add_at, is_recorded, write, write_result, writing
from .shape import along, operand, unshared
from .ufunc_keywords import call

_EXTREMES = (np.maximum, np.minimum, np.fmax, np.fmin)

# Reductions in closed form


def _reduction(compute: Any, casts: bool = True) -> Function:
    """Return a reduction as a function whose arguments a rule can name; extremes are given what is cast already."""

    def reduce(
        x: Any, axis: Axis = 0, dtype: Any = None, keepdims: bool = False, initial: Any = ABSENT, where: Any = True
    ) -> Any:
        return compute(x, axis, *[dtype] * casts, None, keepdims, initial, where)

    return reduce


for _ufunc, _function in ((np.add, sum), (np.multiply, prod), (np.maximum, max), (np.minimum, min)):
    operations[_ufunc.reduce] = _reduction(_function, _ufunc not in _EXTREMES)


def _cast(x: Any, dtype: Any) -> Any:
    """Return `x` in another dtype, if one is given."""
    return x if dtype is None or x.dtype == dtype else x.astype(dtype)


def _share_of_sum(g: Any, x: Any, out: Any, axis: Axis, initial: Any, where: Any, scale: float) -> Any:
    """Return g times each element's share of the sum of exponentials, which includes that of `initial`."""
    return keep_axes(g, x.shape, axis) * softmax_weights(x, keep_axes(out, x.shape, axis), axis, initial, where, scale)


def _direction(g: Any, x: Any, out: Any, axis: Axis, where: Any) -> Any:
    """Return g x / |x|, and 0 where the length is 0."""
    length = np.where(np.equal(out, 0), 1, out)
    gx = keep_axes(g / length, x.shape, axis) * x
    return gx if where is True else np.where(where, gx, 0)


_RULES: dict[Any, Any] = {
    np.fmax: lambda g, x, out, axis, where: extreme_rule(g, x, out, axis, where, np.greater),
    np.fmin: lambda g, x, out, axis, where: extreme_rule(g, x, out, axis, where, np.less),
    np.logaddexp: lambda g, x, out, axis, initial, where: _share_of_sum(g, x, out, axis, initial, where, 1),
    np.logaddexp2: lambda g, x, out, axis, initial, where: _share_of_sum(g, x, out, axis, initial, where, math.log(2)),
    np.hypot: _direction,
}
for _ufunc, _rule in _RULES.items():
    general(_ufunc.reduce, _rule, forward=_reduction(_ufunc.reduce), name=f"{_ufunc.__name__}_reduce")


# Accumulations in closed form

operations[np.add.accumulate] = lambda x, axis=0, dtype=None: cumsum(_along_one(x, axis), axis, dtype)
operations[np.multiply.accumulate] = lambda x, axis=0, dtype=None: cumprod(_along_one(x, axis), axis, dtype)


def _along_one(x: Any, axis: Any) -> Any:
    """Return `x`; raise if it has several axes and the axis is None, which only sums flatten."""
    if axis is None and np.ndim(x) > 1:
        raise ValueError("accumulate does not allow multiple axes")
    return x


def _running_extreme_rule(g: Any, x: Any, out: Any, axis: int) -> Any:
    """Share the gradient of each step evenly among the elements up to it that are equal to the extreme.

    The extremes form runs. Within a run, a tied element gets a share of every step from its own to the end of the run,
    divided by the number of ties up to that step.
    """
    values, extremes = (np.moveaxis(unwrap(a), axis, -1) for a in (x, out))
    n = extremes.shape[-1]
    absent = np.isnan(extremes)
    tie = (values == extremes) | (np.isnan(values) & absent)
    starts = np.ones(extremes.shape, bool, like=extremes)
    starts[..., 1:] = (extremes[..., 1:] != extremes[..., :-1]) & ~(absent[..., 1:] & absent[..., :-1])
    place = np.arange(n)
    start = np.maximum.accumulate(np.where(starts, place, 0), -1)
    ties = tie.cumsum(-1)
    ties -= np.take_along_axis(ties, start, -1) - 1
    following = np.minimum.accumulate(np.where(starts, place, n)[..., ::-1], -1)[..., ::-1]
    end = np.concatenate([following[..., 1:], np.full_like(following[..., :1], n)], -1)
    each = np.moveaxis(g, axis, -1) / ties.astype(g.dtype)
    later = np.concatenate([each[..., ::-1].cumsum(-1)[..., ::-1], np.zeros_like(unwrap(each[..., :1]))], -1)
    gx = np.where(tie, later[..., :-1] - np.take_along_axis(later, end, -1), 0)
    return np.moveaxis(gx, -1, axis)


def _declare_running(ufunc: Any) -> None:
    general(
        ufunc.accumulate,
        lambda g, x, out, axis: _running_extreme_rule(g, x, out, axis),
        forward=lambda x, axis=0, dtype=None: ufunc.accumulate(x, axis, dtype),
        name=f"{ufunc.__name__}_accumulate",
    )


for _extreme in _EXTREMES:
    _declare_running(_extreme)


# Sums of slices


def _add_reduceat_rule(g: Any, indices: Any, axis: int, x_shape: tuple[int, ...]) -> Any:
    """Give each gradient to the slice that was summed: up to the next index, or one element if that is not larger."""
    start = np.asarray(indices)
    length = np.maximum(np.append(start[1:], x_shape[axis]) - start, 1)
    owner = np.repeat(np.arange(start.size), length)
    place = np.arange(owner.size) - np.repeat(length.cumsum() - length - start, length)
    return scatter(g[along(axis, g.ndim, owner)], along(axis, g.ndim, place), x_shape)


linear(
    np.add.reduceat,
    _add_reduceat_rule,
    forward=lambda x, indices, axis=0, dtype=None: np.add.reduceat(x, indices, axis, dtype),
    name="add_reduceat",
)


# Any other ufunc, step by step. NumPy's own result comes first, for its errors and its dtype.

# All slices along the first axis in one operation: the gradient of each need not be padded with zeros.
_apart = general(
    lambda x: tuple([x[i, ...] for i in range(len(x))]), lambda g: np.stack(g), name="slices", outputs=True
)


def _reduce(
    ufunc: np.ufunc,
    x: Any,
    axis: Axis = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = ABSENT,
    where: Any = True,
) -> Any:
    """Reduce `x`, by its declaration if there is one; `initial` may have a gradient too."""
    if ufunc in _EXTREMES:
        x = _cast(operand(x), dtype)  # first, so that ties are equal
    closed = operations.get(ufunc.reduce)
    if closed is not None and not any_live(initial):
        return closed(x, axis, dtype, keepdims, unwrap(initial), unwrap(where))
    x, where = operand(x), unwrap(where)
    expected = as_array(ufunc.reduce(unwrap(x), axis, dtype, keepdims=keepdims, initial=unwrap(initial), where=where))
    rows = _rows(_cast(x, expected.dtype), axis)
    masks = [True] * len(rows) if where is True else _rows(np.broadcast_to(where, x.shape), axis)
    result: Any = None
    if initial is not ABSENT and initial is not None:
        result = np.broadcast_to(_cast(operand(initial), expected.dtype), rows.shape[1:])
    elif where is not True:
        result = np.full(rows.shape[1:], ufunc.identity, expected.dtype)
    for row, mask in zip(_apart(rows) if len(rows) else (), masks, strict=True):
        if result is None:
            result = row
        else:
            result = ufunc(result, row) if mask is True else np.where(mask, ufunc(result, row, where=mask), result)
    if not len(rows):
        result = (expected.reshape(rows.shape[1:]) if result is None else result) + 0 * rows.sum(0)
    return unshared(result.reshape(expected.shape), x)  # with a single row, nothing is computed


def _rows(x: Any, axis: Axis) -> Any:
    """Return the slices of `x` that are reduced, stacked along the first axis."""
    reduced = axes_of(axis, x.ndim)
    kept = [a for a in range(x.ndim) if a not in reduced]
    shape = [math.prod([x.shape[a] for a in reduced]), *[x.shape[a] for a in kept]]
    return x.transpose([*reduced, *kept]).reshape(shape)


def _accumulate(ufunc: np.ufunc, x: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Return each step of a reduction of `x`."""
    if ufunc in _EXTREMES:
        x = _cast(operand(x), dtype)  # as above
    closed = operations.get(ufunc.accumulate)
    if not np.ndim(x):
        raise TypeError(f"{ufunc.__name__}.accumulate goes along an axis, which a single number does not have")
    if closed is not None:
        return closed(x, axis, dtype)
    x = _cast(x, ufunc.accumulate(unwrap(x), axis, dtype).dtype)
    if not x.size:
        return x
    steps: list[Any] = []
    for row in _apart(np.moveaxis(x, axis, 0)):
        steps.append(ufunc(steps[-1], row) if steps else row)
    return np.stack(steps, axis)


def _reduceat(ufunc: np.ufunc, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """Reduce the slices of `x` from each index to the next, or one element where the next is not larger."""
    closed, indices = operations.get(ufunc.reduceat), as_array(unwrap(indices))
    if closed is not None:
        return closed(x, indices, axis, dtype)
    x = _cast(x, ufunc.reduceat(unwrap(x), indices, axis, dtype).dtype)
    if not indices.size:
        return x[along(axis, x.ndim, slice(0))]
    ends = np.maximum(np.append(indices[1:], x.shape[axis]), indices + 1)
    slices = [x[along(axis, x.ndim, slice(a, b))] for a, b in zip(indices.tolist(), ends.tolist(), strict=True)]
    return np.stack([_reduce(ufunc, part, axis) for part in slices], axis)


def _outer(ufunc: np.ufunc, x: Any, y: Any, **options: Any) -> Any:
    """Apply `ufunc` to every pair of elements of `x` and `y`."""
    x, y = operand(x), operand(y)
    return call(ufunc, x.reshape(x.shape + (1,) * y.ndim), y, **options)


_METHODS: dict[str, Callable[..., Any]] = {
    "__call__": call, "reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat, "outer": _outer,
}  # fmt: skip

_FOLDED = {"reduce", "accumulate", "reduceat"}


# Ufuncs that are called on tensors with more than their inputs


def ufunc_fallback(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the result of ``ufunc.method(*inputs, **kwargs)``, as a tensor if there is a derivative."""
    if kwargs:  # NumPy repeats positional arguments by name
        kwargs = {name: value for name, value in kwargs.items() if name not in ("array", "indices")}
    if operation_of(ufunc) is None and ufunc not in plain:
        declare_special_functions()
    if method == "at":
        return writing(ufunc.at, partial(add_at, ufunc), f"{ufunc.__name__}.at on")(*inputs)
    out = kwargs.get("out")
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    beside = {key: value for key, value in kwargs.items() if key != "out"}
    if isinstance(out, Tensor):
        return _into(out, ufunc, method, inputs, beside)
    if isinstance(out, tuple) and any(isinstance(o, Tensor) for o in out):
        return _into_several(out, ufunc, inputs, beside)
    live = any_live((inputs, kwargs))
    # Always fold, so that the result is the same where no derivative is recorded.
    folded = ufunc in operations and method in _FOLDED and getattr(ufunc, method) not in operations
    if (not live and ("out" in kwargs or not folded)) or (ufunc in plain and not any_live(kwargs)):
        if "where" in kwargs and method == "__call__" and "out" not in kwargs:
            return call(ufunc, *inputs, **kwargs)  # as when it is recorded
        compute = ufunc if method == "__call__" else getattr(ufunc, method)
        if ufunc in plain:
            return on_arrays(compute, *inputs, **kwargs)
        result = compute(*unwrap(inputs), **unwrap(kwargs))
        return result if "out" in kwargs or result is None else _constant(result, ufunc, method)
    if "out" in kwargs:
        raise _refused(ufunc, method)
    if ufunc not in operations:
        return unsupported(_name(ufunc, method), kwargs)
    if method != "__call__" and (ufunc.nin != 2 or (ufunc.nout != 1 and method != "outer")):
        return getattr(ufunc, method)(*unwrap(inputs), **unwrap(kwargs))  # which raises
    return _METHODS[method](ufunc, *inputs, **kwargs)


def _into(out: Tensor, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
    """Write the result of a ufunc to a tensor."""
    if is_recorded(out, *inputs, *kwargs.values()):
        # the `where` of a reduction selects from its input, not from its result
        where = kwargs.get("where", True) if method == "__call__" else True
        return write_result(out, getattr(ufunc, method)(*inputs, **kwargs), where)
    write(out, lambda data: getattr(ufunc, method)(*unwrap(inputs), out=data, **unwrap(kwargs)))
    return out


def _into_several(out: tuple[Any, ...], ufunc: np.ufunc, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Write the results of a ufunc with several outputs to tensors, where nothing is recorded."""
    written = [o for o in out if isinstance(o, Tensor)]
    if any_live((inputs, kwargs)) or any(is_recorded(o) for o in written):
        raise _refused(ufunc, "__call__")
    results = ufunc(*unwrap(inputs), out=unwrap(out), **unwrap(kwargs))
    for tensor in written:
        note_written(tensor._array)
    return tuple([result if o is None else o for o, result in zip(out, results, strict=True)])


def _refused(ufunc: np.ufunc, method: str) -> GraphError:
    return GraphError(
        f"{in_library(_name(ufunc, method))}(..., out=), at {users_line()}, would write a result that requires a "
        f"gradient to memory outside the graph: leave out= away (write y = y + x for y += x), or compute within "
        f"no_grad()"
    )


def _name(ufunc: np.ufunc, method: str) -> str:
    return ufunc.__name__ + ("" if method == "__call__" else f".{method}")


def _constant(result: Any, ufunc: np.ufunc, method: str) -> Any:
    """Return a constant tensor of the result, or of each of several."""
    if isinstance(result, tuple):
        return tuple([_constant(r, ufunc, method) for r in result])
    array = as_array(result)
    if array.dtype == object:
        name = in_library(_name(ufunc, method))
        raise UnsupportedError(f"{name} gives Python objects, which tensors do not hold: pass t.data")
    return Tensor(array)


dispatch.ufunc_fallback = ufunc_fallback
