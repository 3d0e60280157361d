"""Piecewise functions: elements chosen from several arrays or functions; and functions applied along axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..arrays.door import as_array, batches, contents
from ..errors import DtypeError, ShapeError
from ..primitives.declare import composed
from ..tensors.tensor import Tensor, TensorLike, plain_array, unwrap
from ..tensors.types import ArrayOrTensor, Mode
from .elementwise import where
from .index import scatter
from .join import stack
from .shape import broadcast_to, expand_dims, length, moveaxis, operand, reshape, unshared

Function: TypeAlias = "Callable[..., TensorLike]"


def _alike(choices: Sequence[Any]) -> list[Any]:
    """Cast all choices to their common dtype; Python numbers adapt to the others."""
    kept = [choice if choice.__class__ in (int, float, complex) else operand(choice) for choice in choices]
    dtype = np.result_type(*unwrap(kept))
    return [operand(choice) if getattr(choice, "dtype", None) == dtype else _cast(choice, dtype) for choice in kept]


def _cast(x: Any, dtype: Any) -> Any:
    return x.astype(dtype) if isinstance(x, Tensor) else plain_array(x).astype(dtype, copy=False)


@composed(np.select, method=False)
def select(condlist: Sequence[TensorLike], choicelist: Sequence[TensorLike], default: TensorLike = 0) -> Any:
    """Choose each element from the first choice whose condition holds there, else from `default`."""
    conditions = [as_array(condition) for condition in unwrap(list(condlist))]
    if len(conditions) != len(choicelist) or not conditions:
        raise ValueError(f"select needs a condition for each choice: {len(conditions)} for {len(choicelist)}")
    for i, condition in enumerate(conditions):
        if condition.dtype != bool:
            raise TypeError(f"condition {i} of select is of dtype {condition.dtype}: it should be bool")
    *choices, result = _alike([*choicelist, default])
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        result = where(condition, choice, result)
    return result


@composed(np.choose, method=False)
def choose(a: TensorLike, choices: Sequence[TensorLike], mode: Mode = "raise") -> Any:
    """Choose each element from the choice whose index `a` gives there."""
    choices = _alike(list(choices))
    shape = np.broadcast_shapes(np.shape(a), *map(np.shape, choices))
    number = np.choose(np.broadcast_to(unwrap(a), shape), list(range(len(choices))), mode=mode)
    result = unshared(broadcast_to(choices[0], shape), choices[0])
    for i, choice in enumerate(choices[1:], 1):
        result = where(number == i, choice, result)
    return result


@composed(np.piecewise, method=False)
def piecewise(
    x: TensorLike, condlist: TensorLike, funclist: Sequence[Function | TensorLike], *args: Any, **kw: Any
) -> Any:
    """Compute each element by the function whose condition holds there; a number stands for a constant function."""
    x = operand(x)
    pieces: list[tuple[Any, Any]] = []

    def noting(function: Any) -> Function:
        def note(places: Any) -> Any:
            pieces.append((function, places))
            return places

        return note

    for condition in contents([unwrap(condlist)]):
        if batches(condition):
            if condition.level.of_pattern:  # of all points, any function
                return _any_of(x, condlist, [f(x, *args, **kw) if callable(f) else f for f in funclist])
            condition.refuse(
                "which function a number gets, by a condition", "Compute each, and choose with numpy.where"
            )
    # NumPy, called with positions, tells which function gets which elements.
    np.piecewise(np.arange(x.size).reshape(x.shape), unwrap(condlist), [noting(function) for function in funclist])
    noted = [function for function, _ in pieces]
    for function in funclist:
        if callable(function):
            continue
        if operand(function).dtype.kind not in "biufc":
            raise DtypeError(f"piecewise takes functions and numbers, not {type(function).__name__}")
        if np.size(function) > 1 and not any(function is other for other in noted):
            raise ShapeError(f"piecewise has {np.size(function)} values for a condition that holds nowhere")
    flat = reshape(x, -1)
    result = scatter(flat[:0], slice(0, 0), flat.shape)
    for function, places in pieces:
        here = np.zeros(x.size, bool)
        here[places] = True
        piece = function(reshape(flat[here], places.shape), *args, **kw) if callable(function) else function
        if operand(piece).dtype.kind == "c" != x.dtype.kind:
            raise DtypeError(f"piecewise cannot put complex values in an array of dtype {x.dtype}: use astype(complex)")
        piece = reshape(broadcast_to(_cast(piece, x.dtype), places.shape), -1)
        result = where(here, scatter(piece, here, flat.shape), result)
    return reshape(result, x.shape)


def _any_of(x: Any, conditions: Any, pieces: list[Any]) -> Any:
    """Choose each element among values for all elements; one more of these than conditions is for the others."""
    if not isinstance(conditions, list | tuple) and conditions.shape == x.shape:
        conditions = [conditions]
    result = pieces[-1] if len(pieces) > len(conditions) else 0.0
    for condition, piece in zip(conditions, pieces, strict=False):
        result = where(condition, piece, result)
    return _cast(result, x.dtype)


# Functions applied along axes


@composed(np.apply_along_axis, method=False)
def apply_along_axis(func1d: Function, axis: int, arr: TensorLike, *args: Any, **kwargs: Any) -> Any:
    """Apply a function of vectors to each vector along `axis`; its result replaces the axis."""
    arr = operand(arr)
    n, last = length(arr, axis), moveaxis(arr, axis, -1)
    outer = last.shape[:-1]
    if 0 in outer:
        raise ValueError(f"there is no vector along axis {axis} of shape {arr.shape} to apply the function to")
    results = [operand(func1d(row, *args, **kwargs)) for row in reshape(last, (math.prod(outer), n))]
    stacked = stack(results, dtype=results[0].dtype, casting="unsafe")
    new = results[0].ndim
    together = reshape(stacked, outer + results[0].shape)
    return moveaxis(together, range(len(outer), len(outer) + new), range(axis % arr.ndim, axis % arr.ndim + new))


@composed(np.apply_over_axes, method=False)
def apply_over_axes(func: Callable[..., ArrayOrTensor], a: TensorLike, axes: int | Sequence[int]) -> Any:
    """Apply a function of an array and an axis over several axes in turn; an axis that it drops is restored."""
    result, ndim = operand(a), np.ndim(a)
    for axis in np.atleast_1d(unwrap(axes)).tolist():
        place = axis + ndim if axis < 0 else axis
        reduced = func(result, place)
        result = reduced if reduced.ndim == ndim else expand_dims(reduced, place)
        if result.ndim != ndim:
            raise ValueError(f"a function applied over axis {axis} of {ndim} returned {reduced.ndim} axes")
    return result
