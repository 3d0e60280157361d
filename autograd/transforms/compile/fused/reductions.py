"""Reductions: sums, largest elements and their kin: what a call asks for, and how single numbers are added up."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ..loops.loop import Unsuitable
from ..types import Array
from .nest_steps import axes_in_order
from .values import BOOL, DOUBLE, INTEGER, Values

_METHODS = ("sum", "prod", "max", "min", "any", "all", "mean", "var", "std", "argmax", "argmin", "cumsum", "cumprod")
REDUCTIONS: dict[Callable[..., Any], str] = {
    getattr(owner, name): name for name in _METHODS for owner in (np, np.ndarray)
} | {np.amax: "max", np.amin: "min"}
_OF_UFUNCS = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_or": "any", "logical_and": "all",
    "fmax": "fmax", "fmin": "fmin",
}  # fmt: skip
_EXTREMES = frozenset(("max", "min", "fmax", "fmin"))
FOLDED = {
    "sum": "add", "mean": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "any": "or", "all": "and",
    "fmax": "fmax", "fmin": "fmin", "var": "add", "std": "add", "cumsum": "add", "cumprod": "multiply",
}  # fmt: skip


def reduction_of(function: Callable[..., Any]) -> str | None:
    """Return which reduction a function is, if it is one."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if not isinstance(owner, np.ufunc):
        return REDUCTIONS.get(function)
    if name == "accumulate":
        return {"add": "cumsum", "multiply": "cumprod"}.get(owner.__name__)
    return _OF_UFUNCS.get(owner.__name__) if name == "reduce" else None


class Asked(NamedTuple):
    """What a call of a reduction asks for: its axes, in which dtype it computes, and options."""

    name: str
    axes: tuple[int, ...]
    dtype: np.dtype[Any]
    keepdims: bool
    ddof: float
    flat: bool  # whether no axis was given
    initial: Any  # with which the largest is compared, too


def asked(function: Callable[..., object], source: Array, given: tuple[object, ...], options: dict[str, Any]) -> Asked:
    """Return what a call asks for that is given an array, and then these arguments."""
    name, options = str(reduction_of(function)), dict(options)
    of_ufunc = isinstance(getattr(function, "__self__", None), np.ufunc)
    alone = name in ("max", "min", "any", "all", "argmax", "argmin") and not of_ufunc
    options |= zip(("axis",) if alone else ("axis", "dtype"), given, strict=False)
    axis, keepdims = options.pop("axis", 0 if of_ufunc else None), options.pop("keepdims", False)
    initial = options.pop("initial", None) if name in _EXTREMES else None
    ddof, wanted = options.pop("ddof", options.pop("correction", 0)), options.pop("dtype", None)
    if options or len(given) > 2 - alone:
        raise Unsuitable(f"it calls {name} with {', '.join([*options] or ['more than an axis'])}")
    dtype = _dtype_of(name, source.dtype)
    if wanted is not None and name not in ("any", "all") and np.dtype(wanted) != dtype:
        if name not in ("sum", "mean", "prod", "max", "min") or np.dtype(wanted) == BOOL:
            raise Unsuitable(f"it calls {name} with a dtype")
        dtype = np.dtype(wanted)
    several = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(range(source.ndim)) if axis is None else tuple(int(a) % source.ndim for a in several)
    return Asked(name, axes, dtype, keepdims, ddof, axis is None, initial)


def _dtype_of(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which elements of a dtype are added up, or compared."""
    if name in ("any", "all"):
        return BOOL
    if name in ("mean", "var", "std") and dtype.kind != "f":
        return DOUBLE
    return INTEGER if name in ("sum", "prod", "cumsum", "cumprod") and dtype == BOOL else dtype


def start_of(operation: str, dtype: np.dtype[Any]) -> Any:
    """Return what a reduction begins with, as NumPy does: sums with 0, or in some versions with -0."""
    if operation == "add":
        return np.add.reduce(np.full(1, -0.0, dtype))
    if operation in ("multiply", "and"):
        return dtype.type(1)
    if operation == "or" or dtype == BOOL:
        return dtype.type(operation == "minimum")
    ends = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return dtype.type(ends[operation in ("minimum", "fmin")])


def folded(
    values: Values, operation: str, start: np.generic, x: Array, axes: tuple[int, ...], strides: tuple[int, ...]
) -> Array:
    """Return sums, or the like, of value numbers, in NumPy's order for an array of these strides."""
    rows, dtype = _rows(x, axes, strides), values.dtypes[x.flat[0]]
    sums = operation == "add" and dtype.kind == "f"
    total: Array | None = None

    def fold(a: Any, b: Any) -> Array:
        return values.each(operation, dtype, a, b)

    for k in range(rows.shape[-2]):
        parts = [rows[..., k, i] for i in range(rows.shape[-1])]
        if sums and total is None:
            parts[0] = fold(values.numbers(start, dtype), parts[0])
        for part in [_in_pairs(parts, fold)] if sums else parts:
            total = part if total is None else fold(total, part)
    return np.asarray(total)


def _rows(x: Array, axes: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """Return what is added up: first axes of the results, then rows, one after the other, then places in them.

    A row is what NumPy adds in pairs: the elements along the axes that lie closest in memory, if they are reduced.
    """
    shape = x.shape
    by_distance = axes_in_order(shape, strides)[::-1]
    inner: list[int] = []
    for a in reversed(by_distance):
        if a not in axes:
            break
        inner.insert(0, a)
    outer = [a for a in by_distance if a in axes and a not in inner]
    rest = [a for a in range(x.ndim) if a not in axes]
    alone = [a for a in axes if shape[a] <= 1]
    lengths = [math.prod(shape[a] for a in several) for several in (outer, [*inner, *alone])]
    return x.transpose(*rest, *outer, *inner, *alone).reshape(*[shape[a] for a in rest], *lengths)


def _in_pairs(parts: list[Any], add: Callable[[Any, Any], Array]) -> Array:
    """Add up as NumPy does: eight sums side by side, and of more than 128 terms the sums of two halves."""
    n = len(parts)
    if n > 128:
        half = n // 2 - n // 2 % 8
        return add(_in_pairs(parts[:half], add), _in_pairs(parts[half:], add))
    sums, rest = (parts[:8], parts[n - n % 8 :]) if n >= 8 else (parts[:1], parts[1:])
    for i in range(8, n - n % 8, 8):
        sums = [add(a, b) for a, b in zip(sums, parts[i : i + 8], strict=True)]
    while len(sums) > 1:
        sums = [add(a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return reduce(add, rest, sums[0])


def first_extreme(values: Values, what: Asked, x: Array) -> Array:
    """Return where the first of the largest, or smallest, elements is; nan counts as both."""
    shape = [1 if a in what.axes else n for a, n in enumerate(x.shape)]
    x, dtype = x.reshape(-1) if what.flat else np.moveaxis(x, what.axes[0], -1), what.dtype
    found = np.broadcast_to(values.numbers(0, INTEGER), x.shape[:-1])
    best = x[..., 0]
    for k in range(1, x.shape[-1]):
        better = values.each(">" if what.name == "argmax" else "<", dtype, x[..., k], best)
        if dtype.kind == "f":
            ends = values.each("isnan", dtype, best)
            better = values.each("or", BOOL, better, values.each("isnan", dtype, x[..., k]))
            better = values.each("and", BOOL, better, values.each("not", BOOL, ends))
        found = values.where(better, values.numbers(k, INTEGER), found, INTEGER)
        best = values.where(better, x[..., k], best, dtype)
    return found.reshape(shape) if what.keepdims else found


def accumulated(values: Values, what: Asked, x: Array) -> Array:
    """Return the sums, or products, of all elements until each."""
    x = values.cast(x.reshape(-1) if what.flat else np.moveaxis(x, what.axes[0], -1), what.dtype).copy()
    for k in range(1, x.shape[-1]):
        x[..., k] = values.each(FOLDED[what.name], what.dtype, x[..., k - 1], x[..., k])
    return x if what.flat else np.moveaxis(x, -1, what.axes[0])
