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
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...arrays.batched import Batched
from ...arrays.door import Level, innermost
from ...errors import BatchError, UnsupportedError
from ...tensors.dispatch import operation_of, operations
from .alignment import aligned, is_at, repeated, stacked, wrapped
from .ufuncs import axes_behind, write_result

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
    composition = operation_of(function)
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
def parameters(function: Function) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the names of the parameters of a function, and the defaults of those that have one."""
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return tuple([p.name for p in parameters]), defaults


def bound(function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names."""
    return {**dict(zip(parameters(function)[0], args, strict=False)), **kwargs}


def _along_axis(level: Level, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names, defaults = parameters(function)
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
