"""Functions of shapes, joins and indices, and new arrays: each has the batch before the axes that it names.

And those that ask of an array, or write to one.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...arrays.batched import Batched
from ...arrays.door import Level, as_array, copied_for, innermost, whole
from ..forms import Function, bound, parameters
from .alignment import aligned, batched_among, is_at, refuse_plain, repeated, widened, wrapped
from .functions import rule
from .indexing import getitem
from .ufuncs import write_result

# Questions: the shape and dtype of an array, and what has an answer for each element or for none


def _dtype_of(x: Any) -> Any:
    return x.dtype if type(x) is Batched else x


rule(np.result_type)(lambda level, *given: np.result_type(*map(_dtype_of, given)))
rule(np.common_type)(lambda level, *given: np.common_type(*map(whole, given)))
rule(np.can_cast)(lambda level, from_, to, casting="safe": np.can_cast(_dtype_of(from_), to, casting))
rule(np.ndim)(lambda level, a: a.ndim)
rule(np.size)(lambda level, a, axis=None: a.size if axis is None else a.shape[axis])
rule(np.iscomplexobj)(lambda level, x: x.dtype.kind == "c")
rule(np.isrealobj)(lambda level, x: x.dtype.kind != "c")
rule(np.array_repr, np.array_str, np.array2string)(lambda level, a, *args, **kwargs: repr(a))


@rule(np.shape)
def _shape(level: Level, a: Any) -> Any:
    return a.shape if type(a) is Batched else np.shape(np.stack([whole(x) for x in a]))[1:]


@rule(np.may_share_memory, np.shares_memory)
def _may_share_memory(level: Level, a: Any, b: Any, max_work: Any = None) -> Any:
    return np.may_share_memory(whole(a), whole(b))


@rule(np.array_equal)
def _array_equal(level: Level, a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    a1, a2 = as_array(a1), as_array(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return (same | (np.isnan(a1) & np.isnan(a2)) if equal_nan else same).all()


@rule(np.allclose)
def _allclose(level: Level, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    return np.isclose(a, b, rtol, atol, equal_nan).all()


def refuse_shape_of_values(level: Level, *args: Any, **kwargs: Any) -> Any:
    """Raise: the shape of the result depends on the values."""
    batched_among(args, kwargs).refuse(
        "the shape of the result of nonzero, argwhere, unique, numpy.where(mask) and others, which depends on values,",
        "Keep a mask instead, and use numpy.where(mask, x, 0), or a sum or mean with where=mask",
    )


rule(
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d,
    np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse,
)(refuse_shape_of_values)  # fmt: skip


# Shapes


@rule(np.reshape)
def _reshape(level: Level, a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
    result = a.reshape(shape, order=order)
    return result.copy() if copy else result


rule(np.astype)(lambda level, x, dtype, /, *, copy=True, device=None: x.astype(dtype, copy=copy))
rule(np.ravel)(lambda level, a, order="C": a.ravel(order))
rule(np.transpose, np.permute_dims)(lambda level, a, axes=None: a.transpose(axes))
rule(np.matrix_transpose, np.linalg.matrix_transpose)(lambda level, x, /: x.mT)
rule(np.swapaxes)(lambda level, a, axis1, axis2: a.swapaxes(axis1, axis2))


@rule(np.moveaxis)
def _moveaxis(level: Level, a: Any, source: Any, destination: Any) -> Any:
    old, new = (normalize_axis_tuple(axes, a.ndim) for axes in (source, destination))
    return Batched(np.moveaxis(a.value, [n + 1 for n in old], [n + 1 for n in new]), level)


@rule(np.expand_dims)
def _expand_dims(level: Level, a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    axes = normalize_axis_tuple(axes, a.ndim + len(axes))
    return Batched(np.expand_dims(a.value, tuple([n + 1 for n in axes])), level)


@rule(np.broadcast_to)
def _broadcast_to(level: Level, array: Any, shape: Any, subok: bool = False) -> Any:
    shape = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    if array.ndim > len(shape):
        raise ValueError(f"shape {array.shape} cannot be broadcast to {shape}, which has fewer axes")
    return Batched(np.broadcast_to(widened(array, len(shape)), (level.size, *shape)), level)


@rule(np.roll)
def _roll(level: Level, a: Any, shift: Any, axis: Any = None) -> Any:
    if type(shift) is Batched or not is_at(level, a):
        return level.loop_call(np.roll, (a, shift, axis), {})
    if axis is None:
        return Batched(np.roll(a.ravel().value, shift, 1).reshape(a.value.shape), level)
    axes = [normalize_axis_index(n, a.ndim) + 1 for n in (axis if np.ndim(axis) else [axis])]  # one may occur twice
    return Batched(np.roll(a.value, shift, axes if np.ndim(axis) else axes[0]), level)


@rule(np.diagonal)
def _diagonal(level: Level, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    first, second = (normalize_axis_index(n, a.ndim) + 1 for n in (axis1, axis2))
    return Batched(np.diagonal(a.value, offset, first, second), level)


@rule(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(
    level: Level, x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False, writeable: Any = False
) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim, allow_duplicate=True)
    view = np.lib.stride_tricks.sliding_window_view
    return Batched(view(x.value, window_shape, tuple([n + 1 for n in axes]), writeable=writeable), level)


@rule(np.pad)
def _pad(level: Level, array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if innermost(pad_width, options) is not None or callable(mode) or isinstance(pad_width, dict):
        return level.loop_call(np.pad, (array, pad_width, mode), options)
    shape = (array.ndim, 2)
    for name, value in options.items():
        if np.ndim(value):  # one or two for each axis
            options[name] = [(1, 1), *np.broadcast_to(np.asarray(value), shape).tolist()]
    pairs = np.broadcast_to(np.asarray(pad_width), shape).tolist()
    return Batched(np.pad(array.value, [(0, 0), *pairs], mode, **options), level)


# New arrays


@rule(np.full)
def _full(level: Level, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **_: Any) -> Any:
    made = copied_for(level.zeros(shape, dtype or as_array(fill_value).dtype), fill_value)
    made[...] = fill_value
    return made


@rule(np.zeros_like, np.ones_like, np.empty_like, each=True)
def _like(function: Function, level: Level, *args: Any, **kwargs: Any) -> Any:
    given = bound(function, args, kwargs)
    shape, x = given.pop("shape", None), given.pop(parameters(function)[0][0])
    if shape is not None:
        shape = (level.size, *(shape if isinstance(shape, tuple | list) else (shape,)))
    return Batched(function(x.value, shape=shape, **given), level)


@rule(np.full_like)
def _full_like(level: Level, a: Any, fill_value: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
    shape = options.get("shape")
    zeros = level.zeros(np.shape(a) if shape is None else shape, dtype or as_array(a).dtype)
    made = copied_for(zeros, a, fill_value)
    made[...] = fill_value
    return made


@rule(np.eye, np.identity, np.arange, np.asarray, np.array)
def _new(level: Level, *args: Any, **kwargs: Any) -> Any:
    batched_among(args, kwargs).refuse(
        "the length of a new array, or what it is made from, by a value",
        "Compute lengths outside vmap, and join batched arrays by numpy.stack or numpy.concatenate",
    )


@rule(np.linspace, np.geomspace, each=True)
def _spaced(function: Function, level: Level, start: Any, stop: Any, *args: Any, **kwargs: Any) -> Any:
    given = bound(function, (start, stop, *args), kwargs)
    given["start"], given["stop"] = ends = aligned(level, (start, stop))
    given["axis"] = normalize_axis_index(given.get("axis", 0), max(map(np.ndim, ends))) + 1
    return wrapped(level, function(**given))


# Joins


@rule(np.concatenate)
def _concatenate(
    level: Level, arrays: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    arrays = [x if hasattr(x, "ndim") else as_array(x) for x in arrays]
    parts = [repeated(level, x) for x in arrays]
    if axis is None:
        parts, axis = [part.reshape((part.shape[0], -1)) for part in parts], 0
    elif arrays:
        axis = normalize_axis_index(axis, arrays[0].ndim)
    return write_result(out, Batched(np.concatenate(parts, axis + 1, dtype=dtype, casting=casting), level))


@rule(np.stack)
def _stack(level: Level, arrays: Any, axis: Any = 0, dtype: Any = None, casting: Any = "same_kind") -> Any:
    parts = [repeated(level, x) for x in arrays]
    axis = normalize_axis_index(axis, parts[0].ndim)
    return Batched(np.stack(parts, axis + 1, dtype=dtype, casting=casting), level)


# Indices


@rule(np.take)
def _take(level: Level, a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    a = a if hasattr(a, "ndim") else np.asarray(a)
    indices = as_array(indices)
    if axis is None or not a.ndim:
        a, axis = a.reshape(-1), 0
    axis = normalize_axis_index(axis, a.ndim)
    if mode == "wrap":
        indices = indices % a.shape[axis]
    elif mode == "clip":
        indices = np.clip(indices, 0, a.shape[axis] - 1)
    return getitem(level, a, (*(slice(None),) * axis, indices))


@rule(np.take_along_axis)
def _take_along_axis(level: Level, arr: Any, indices: Any, axis: Any = -1) -> Any:
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    axis = normalize_axis_index(axis, np.ndim(arr)) + 1
    return Batched(np.take_along_axis(repeated(level, arr), repeated(level, indices), axis), level)


@rule(np.where)
def _where(level: Level, condition: Any, *choices: Any) -> Any:
    return (
        Batched(np.where(*aligned(level, (condition, *choices))), level)
        if choices
        else refuse_shape_of_values(level, condition)
    )


@rule(np.choose)
def _choose(level: Level, a: Any, choices: Any, mode: Any = "raise") -> Any:
    chosen, *values = aligned(level, (a, *choices))
    return Batched(np.choose(chosen, values, mode=mode), level)


# Functions that write to an array: it has to be batched, or what they write has to be the same for all elements


@rule(np.copyto)
def _copyto(level: Level, dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    refuse_plain(level, "copyto", dst, src, where)
    dst[...] = src if where is True else np.where(where, src, dst)


@rule(np.put, np.place, np.putmask, np.fill_diagonal, each=True)
def _written(function: Function, level: Level, a: Any, *args: Any, **kwargs: Any) -> None:
    refuse_plain(level, function.__name__, a, args, kwargs)

    @wraps(function)
    def write(target: Any, *args: Any, **kwargs: Any) -> Any:
        function(target, *args, **kwargs)
        return target

    a[...] = level.loop_call(write, (a.copy(), *args), kwargs)
