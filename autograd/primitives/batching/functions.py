"""NumPy's functions on batches, by their form: what `vmap` knows of them, and no more.

Functions of each element
    align their operands behind the batch, like ufuncs.
Functions along an axis
    have it moved up by one; where None flattens, the element is flattened first.
Functions of the last axes
    (``numpy.linalg``) leave the axes before those alone, and the batch is one of them.
Functions of shapes, joins and indices
    have a rule each.
Functions that are composed of others
    run as they are: `composed` declares them for tensors, and what they call computes for the batch.

Any other is called in a loop over the batch: see `loop`.
"""

from __future__ import annotations

import inspect
import itertools
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...errors import BatchError, UnsupportedError
from ...graph.batched import Batched, Level, as_array, contents, copied_for, innermost, whole
from ...tensors.dispatch import operations
from .alignment import aligned, is_at, repeated, stacked, wrapped
from .indexing import getitem
from .ufuncs import axes_behind, write_result

__all__ = ["Function", "call", "form", "refuse_plain", "rule"]

Function = Callable[..., Any]

# Functions of one array, the first parameter, along an axis.
_ALONG = frozenset((
    "mean", "std", "var", "count_nonzero", "ptp", "nansum", "nanprod", "nanmean", "nanstd", "nanvar",
    "nanmax", "nanmin", "cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum",
    "cumulative_prod", "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "sort", "partition", "argpartition",
    "flip", "squeeze", "unwrap", "fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "repeat",
    "delete",
))  # fmt: skip
# Those for which an axis of None means the flattened array, rather than all axes.
_FLATTENING = frozenset((
    "cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod", "argmax", "argmin",
    "nanargmax", "nanargmin", "argsort", "sort", "partition", "argpartition", "repeat", "delete",
))  # fmt: skip
# Arguments of those that broadcast with the array.
_BESIDE = ("where", "mean", "period", "discont")
# Functions that are the reduction of a ufunc.
_REDUCTIONS: dict[Function, np.ufunc] = {
    np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.amax: np.maximum, np.min: np.minimum,
    np.amin: np.minimum, np.any: np.logical_or, np.all: np.logical_and,
}  # fmt: skip
# Functions of each element that are no ufuncs.
_ELEMENTWISE = frozenset((
    "clip", "round", "around", "real", "imag", "angle", "isclose", "nan_to_num", "fix", "isreal", "iscomplex",
    "isposinf", "isneginf", "sinc", "i0", "copy",
))  # fmt: skip
# Keywords of those by which operands are passed.
_OPERANDS = frozenset(("x1", "x2", "a_min", "a_max", "min", "max", "nan", "posinf", "neginf"))
# Functions of the last axes of numpy.linalg, with how many each operand has.
_LAST_AXES = {
    "inv": (2,), "pinv": (2,), "det": (2,), "slogdet": (2,), "cholesky": (2,), "eig": (2,), "eigh": (2,),
    "eigvals": (2,), "eigvalsh": (2,), "svd": (2,), "svdvals": (2,), "qr": (2,), "matrix_rank": (2,), "cond": (2,),
    "matrix_power": (2,), "matrix_norm": (2,),
}  # fmt: skip
_RULES: dict[Function, Function] = {}


def rule(*functions: Function) -> Callable[[Function], Function]:
    """Note how some functions go with a batch: by a function of the level and the arguments."""

    def note(batch: Function) -> Function:
        for function in functions:
            _RULES[function] = batch
        return batch

    return note


@cache
def form(function: Function) -> str:
    """Return the name of the form of a NumPy function; see the head of this module."""
    name = function.__name__
    if function in _RULES:
        return "rule"
    if function in _REDUCTIONS:
        return "reduction"
    if (function.__module__ or "").startswith("numpy.linalg") and name in _LAST_AXES:
        return "last axes"
    if name in _ALONG:
        return "axis"
    if name in _ELEMENTWISE:
        return "elementwise"
    composition = operations.get(function)
    if composition is not None and getattr(getattr(composition, "operation", None), "function", None) is not function:
        return "composed"
    return "loop"


def call(level: Level, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function on arguments some of which are batched at `level`."""
    how = form(function)
    if how == "rule":
        return _RULES[function](level, *args, **kwargs)
    if how == "reduction":
        return _reduced(level, function, args, kwargs)
    if how == "last axes":
        cores = _LAST_AXES[function.__name__]
        return wrapped(level, function(*stacked(level, args[: len(cores)], cores), *args[len(cores) :], **kwargs))
    if how == "axis":
        return _along_axis(level, function, args, kwargs)
    if how == "elementwise":
        out = kwargs.pop("out", None)
        names = [name for name in kwargs if name in _OPERANDS]
        values = aligned(level, (*args, *(kwargs[name] for name in names)))
        kwargs.update(zip(names, values[len(args) :], strict=True))
        return write_result(out, wrapped(level, function(*values[: len(args)], **kwargs)))
    if how == "composed":
        return composed(level, function, args, kwargs)
    return level.loop_call(function, args, kwargs)


def composed(level: Any, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a composition on a batch; where it cannot compute for all elements at once, in a loop."""
    if function in level.composing:  # it calls the function that it stands for, to compare or for its errors
        return level.loop_call(function, args, kwargs)
    level.composing.add(function)
    try:
        return operations[function](*args, **kwargs)
    except (BatchError, UnsupportedError):
        return level.loop_call(function, args, kwargs)
    finally:
        level.composing.discard(function)


def _reduced(level: Level, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    given = bound(function, args, kwargs)
    given.pop("a")
    options = {name: value for name, value in given.items() if value is not np._NoValue and value is not None}
    axis = options.pop("axis", None)
    return _REDUCTIONS[function].reduce(args[0] if args else kwargs["a"], axis=axis, **options)


@cache
def _parameters(function: Function) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the names of the parameters of a function, and the defaults of those that have one."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return tuple([p.name for p in parameters]), defaults


def bound(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names."""
    return {**dict(zip(_parameters(function)[0], args, strict=False)), **kwargs}


def _along_axis(level: Level, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names, defaults = _parameters(function)
    given = bound(function, args, kwargs)
    x = given.pop(names[0])
    others = [name for name, value in given.items() if name not in _BESIDE and innermost(value) is level]
    axis = given.pop("axis", defaults.get("axis"))
    out = given.pop("out", None)
    if axis is np._NoValue:
        axis = None
    flattens = axis is None and function.__name__ in _FLATTENING
    beside = [name for name in _BESIDE if is_at(level, given.get(name))]
    if beside and not is_at(level, x):
        x = Batched(repeated(level, x), level)
    if not is_at(level, x) or others or (flattens and given.get("keepdims") is True):
        return level.loop_call(function, args, kwargs)
    if flattens:
        x, axis = x.reshape(-1), 0
    if x.ndim == 0 and axis is not None and axis != ():
        normalize_axis_index(operator.index(axis), 1)  # NumPy takes 0 and -1 for a number
        return level.loop_call(function, args, kwargs)
    value = x.value
    for name in _BESIDE:
        if not isinstance(given.get(name, True), bool) and np.ndim(given[name]) + (name in beside):
            value, given[name] = aligned(level, (x, given[name]))
    if function is np.squeeze and axis is None:
        axis = tuple([i for i, n in enumerate(x.shape) if n == 1])
    result = function(value, **given, axis=axes_behind(axis, x.ndim))
    return write_result(out, wrapped(level, result))


# Shapes


@rule(np.reshape)
def _reshape(level: Level, a: Any, /, shape: Any, order: Any = "C", *, copy: Any = None) -> Any:
    result = a.reshape(shape, order=order)
    return result.copy() if copy else result


@rule(np.astype)
def _astype(level: Level, x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.astype(dtype, copy=copy)


@rule(np.ravel)
def _ravel(level: Level, a: Any, order: Any = "C") -> Any:
    return a.ravel(order)


@rule(np.transpose, np.permute_dims)
def _transpose(level: Level, a: Any, axes: Any = None) -> Any:
    return a.transpose() if axes is None else a.transpose(tuple(axes))


@rule(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(level: Level, x: Any, /) -> Any:
    return x.mT


@rule(np.swapaxes)
def _swapaxes(level: Level, a: Any, axis1: Any, axis2: Any) -> Any:
    return a.swapaxes(axis1, axis2)


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
    value = array.value
    if array.ndim > len(shape):
        raise ValueError(f"shape {array.shape} cannot be broadcast to {shape}, which has fewer axes")
    value = value.reshape((value.shape[0],) + (1,) * (len(shape) - array.ndim) + array.shape)
    return Batched(np.broadcast_to(value, (level.size, *shape)), level)


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


@rule(np.resize)
def _resize(level: Level, a: Any, new_shape: Any) -> Any:
    return composed(level, np.resize, (a, new_shape), {})


# New arrays


@rule(np.full)
def _full(level: Level, shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **_: Any) -> Any:
    made = copied_for(level.zeros(shape, dtype or as_array(fill_value).dtype), fill_value)
    made[...] = fill_value
    return made


def _like(function: Function) -> Function:
    def make(level: Level, *args: Any, **kwargs: Any) -> Any:
        given = bound(function, args, kwargs)
        shape, x = given.pop("shape", None), given.pop(_parameters(function)[0][0])
        if shape is not None:
            shape = (level.size, *(shape if isinstance(shape, tuple | list) else (shape,)))
        return Batched(function(x.value, shape=shape, **given), level)

    return make


for _maker in (np.zeros_like, np.ones_like, np.empty_like):
    _RULES[_maker] = _like(_maker)


@rule(np.full_like)
def _full_like(level: Level, a: Any, fill_value: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
    shape = options.get("shape")
    zeros = level.zeros(np.shape(a) if shape is None else shape, dtype or as_array(a).dtype)
    made = copied_for(zeros, a, fill_value)
    made[...] = fill_value
    return made


@rule(np.eye, np.identity, np.arange, np.asarray, np.array)
def _new(level: Level, *args: Any, **kwargs: Any) -> Any:
    _batched_among(args, kwargs).refuse(
        "the length of a new array, or what it is made from, by a value",
        "Compute lengths outside vmap, and join batched arrays by numpy.stack or numpy.concatenate",
    )


def _spaced(function: Function) -> Function:
    def spaced(level: Level, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, *args: Any, **kw: Any) -> Any:
        given = bound(function, (start, stop, num, endpoint, *args), kw)
        given["start"], given["stop"] = ends = aligned(level, (start, stop))
        axis = given.get("axis", 0)
        given["axis"] = normalize_axis_index(axis, max(map(np.ndim, ends))) + 1
        return wrapped(level, function(**given))

    return spaced


for _function in (np.linspace, np.geomspace):
    rule(_function)(_spaced(_function))


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
def _stack(
    level: Level, arrays: Any, axis: Any = 0, out: Any = None, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    parts = [repeated(level, x) for x in arrays]
    axis = normalize_axis_index(axis, parts[0].ndim)
    return write_result(out, Batched(np.stack(parts, axis + 1, dtype=dtype, casting=casting), level))


@rule(np.split, np.array_split)
def _split(level: Level, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    if innermost(indices_or_sections) is not None:
        _of_values(level, indices_or_sections)
    axis = normalize_axis_index(axis, ary.ndim)
    total = ary.shape[axis]
    if np.ndim(indices_or_sections):
        cuts = [0, *[operator.index(i) for i in indices_or_sections], total]
    else:
        sections = operator.index(indices_or_sections)
        each, extra = divmod(total, sections)
        sizes = [each + 1] * extra + [each] * (sections - extra)
        cuts = [0, *np.cumsum(sizes).tolist()]
    before = (slice(None),) * axis
    return [ary[(*before, slice(start, stop))] for start, stop in itertools.pairwise(cuts)]


# Indices


@rule(np.take)
def _take(level: Level, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
    a = a if hasattr(a, "ndim") else np.asarray(a)
    indices = as_array(indices)
    if axis is None or not a.ndim:
        a, axis = a.reshape(-1), 0
    axis = normalize_axis_index(axis, a.ndim)
    if mode == "wrap":
        indices = indices % a.shape[axis]
    elif mode == "clip":
        indices = np.clip(indices, 0, a.shape[axis] - 1)
    return write_result(out, getitem(level, a, (*(slice(None),) * axis, indices)))


@rule(np.take_along_axis)
def _take_along_axis(level: Level, arr: Any, indices: Any, axis: Any = -1) -> Any:
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    axis = normalize_axis_index(axis, np.ndim(arr)) + 1
    return Batched(np.take_along_axis(repeated(level, arr), repeated(level, indices), axis), level)


@rule(np.where)
def _where(level: Level, condition: Any, *choices: Any) -> Any:
    return Batched(np.where(*aligned(level, (condition, *choices))), level) if choices else _of_values(level, condition)


@rule(np.choose)
def _choose(level: Level, a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    chosen, *values = aligned(level, (a, *choices))
    return write_result(out, Batched(np.choose(chosen, values, mode=mode), level))


# Questions


@rule(np.result_type)
def _result_type(level: Level, *given: Any) -> Any:
    return np.result_type(*[x.dtype if type(x) is Batched else x for x in given])


@rule(np.common_type)
def _common_type(level: Level, *given: Any) -> Any:
    return np.common_type(*map(whole, given))


@rule(np.can_cast)
def _can_cast(level: Level, from_: Any, to: Any, casting: Any = "safe") -> Any:
    return np.can_cast(from_.dtype if type(from_) is Batched else from_, to, casting)


@rule(np.shape)
def _shape(level: Level, a: Any) -> Any:
    return a.shape if type(a) is Batched else np.shape(np.stack([whole(x) for x in a]))[1:]


@rule(np.ndim)
def _ndim(level: Level, a: Any) -> Any:
    return a.ndim


@rule(np.size)
def _size(level: Level, a: Any, axis: Any = None) -> Any:
    return a.size if axis is None else a.shape[axis]


@rule(np.iscomplexobj)
def _iscomplexobj(level: Level, x: Any) -> Any:
    return x.dtype.kind == "c"


@rule(np.isrealobj)
def _isrealobj(level: Level, x: Any) -> Any:
    return x.dtype.kind != "c"


@rule(np.may_share_memory, np.shares_memory)
def _may_share_memory(level: Level, a: Any, b: Any, max_work: Any = None) -> Any:
    return np.may_share_memory(whole(a), whole(b))


@rule(np.array_repr, np.array_str, np.array2string)
def _described(level: Level, a: Any, *args: Any, **kwargs: Any) -> str:
    return repr(a)


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


def _of_values(level: Level, *args: Any, **kwargs: Any) -> Any:
    """Raise: the shape of the result depends on the values."""
    _batched_among(args, kwargs).refuse(
        "the shape of the result of nonzero, argwhere, unique, numpy.where(mask) and others, which depends on values,",
        "Keep a mask instead, and use numpy.where(mask, x, 0), or a sum or mean with where=mask",
    )


def _batched_among(*given: Any) -> Any:
    """Return the first of the batched arrays in values, for a message."""
    return next(x for x in contents(list(given)) if type(x) is Batched)


rule(
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d,
    np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse,
)(_of_values)  # fmt: skip


# Writers


def refuse_plain(level: Level, name: str, a: Any, *given: Any) -> None:
    """Raise if an array to which a function would write what is batched among `given` is not batched."""
    if not is_at(level, a):
        _batched_among(a, *given).refuse(
            f"writing to a plain array, with numpy.{name}, the value or index",
            "A plain array has room for one element: begin with numpy.zeros_like(x) of a batched x, or "
            "numpy.zeros(shape, like=x)",
        )


def _written(function: Function) -> Function:
    name = function.__name__

    def write(level: Level, a: Any, *args: Any, **kwargs: Any) -> None:
        refuse_plain(level, name, a, args, kwargs)
        if function is np.copyto:
            given = bound(function, (a, *args), kwargs)
            where = given.get("where", True)
            a[...] = given["src"] if where is True else np.where(where, given["src"], a)
            return
        names = list(kwargs)

        def of_element(target: Any, args: Any, values: Any) -> Any:
            function(target, *args, **dict(zip(names, values, strict=True)))
            return target

        a[...] = level.loop(name, of_element, (a.copy(), args, tuple(kwargs.values())))

    return write


for _writer in (np.copyto, np.put, np.place, np.putmask, np.fill_diagonal):
    _RULES[_writer] = _written(_writer)
