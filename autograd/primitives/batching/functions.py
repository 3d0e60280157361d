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

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...arrays.batched import Batched
from ...arrays.door import Level, innermost
from ...errors import BatchError, UnsupportedError
from ...tensors.dispatch import operations, without_out
from ..forms import FLATTENING, LAST_AXES, Function, bound, by_ufunc, form, noting, parameters
from .alignment import aligned, is_at, repeated, stacked, wrapped
from .ufuncs import axes_behind, write_result

# Arguments of those that broadcast with the array.
_BESIDE = ("where", "mean", "period", "discont")
# Keywords of those by which operands are passed.
_OPERANDS = frozenset(("x1", "x2", "a_min", "a_max", "min", "max", "nan", "posinf", "neginf"))
# How some functions go with a batch: by a function of the level and the arguments.
_RULES: dict[Function, Function] = {}
rule = noting(_RULES)


def call(level: Level, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a NumPy function on arguments some of which are batched at `level`, and write its result to an `out`."""
    args, kwargs, out = without_out(function, args, kwargs)
    return write_result(out, _called(level, function, args, kwargs))


def _called(level: Level, function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    own = _RULES.get(function)
    if own is not None:
        return own(level, *args, **kwargs)
    how = form(function)
    if how == "reduction":
        return by_ufunc(function, args, kwargs)
    if how == "last axes":
        cores = LAST_AXES[function.__name__]
        return wrapped(level, function(*stacked(level, args[: len(cores)], cores), *args[len(cores) :], **kwargs))
    if how == "axis":
        return _along_axis(level, function, args, kwargs)
    if how == "elementwise":
        names = [name for name in kwargs if name in _OPERANDS]
        values = aligned(level, (*args, *(kwargs[name] for name in names)))
        kwargs.update(zip(names, values[len(args) :], strict=True))
        return wrapped(level, function(*values[: len(args)], **kwargs))
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


def _along_axis(level: Level, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    names, defaults = parameters(function)
    given = bound(function, args, kwargs)
    x = given.pop(names[0])
    others = [name for name, value in given.items() if name not in _BESIDE and innermost(value) is level]
    axis = given.pop("axis", defaults.get("axis"))
    if axis is np._NoValue:
        axis = None
    flattens = axis is None and function.__name__ in FLATTENING
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
    return wrapped(level, function(value, **given, axis=axes_behind(axis, x.ndim)))
