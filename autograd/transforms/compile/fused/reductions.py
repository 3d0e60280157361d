"""Reductions of arrays of value numbers: sums, largest elements and their kin, in NumPy's order."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

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
}  # fmt: skip
FOLDED = {
    "sum": "add", "mean": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "any": "or", "all": "and",
}  # fmt: skip
_EMPTY = {"sum": 0, "prod": 1, "any": False, "all": True}
_START = float(np.add.reduce(-np.zeros(1)))  # what sums begin with: 0.0, or in other versions of NumPy -0.0


def reduction_of(function: Callable[..., Any]) -> str | None:
    """Return which reduction a function is, if it is one."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    if not isinstance(owner, np.ufunc):
        return REDUCTIONS.get(function)
    if name == "accumulate":
        return {"add": "cumsum", "multiply": "cumprod"}.get(owner.__name__)
    return _OF_UFUNCS.get(owner.__name__) if name == "reduce" else None


def dtype_of_reduction(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which elements of a dtype are added up, or compared."""
    if name in ("any", "all"):
        return BOOL
    if name in ("mean", "var", "std") and dtype.kind != "f":
        return DOUBLE
    return INTEGER if name in ("sum", "prod") and dtype == BOOL else dtype


class Reduction:
    """One call of a reduction.

    Parameters
    ----------
    function
        What is called.
    x, like
        The value numbers of the array, and an array that lies in memory as it does.
    given, options
        The arguments of the call after the array.
    """

    def __init__(self, values: Values, function: Any, x: Array, like: Array, *given: Any, **options: Any) -> None:
        name = reduction_of(function) or ""
        self.values, self.name, self.x, self.like = values, name, x, like
        names = ("axis",) if name in ("max", "min", "any", "all", "argmax", "argmin") else ("axis", "dtype")
        options = {**dict(zip(names, given, strict=False)), **options}
        of_ufunc = isinstance(getattr(function, "__self__", None), np.ufunc)
        axis = options.pop("axis", 0 if of_ufunc else None)
        self.keepdims, self.ddof = options.pop("keepdims", False), options.pop("ddof", options.pop("correction", 0))
        dtype = options.pop("dtype", None)
        other = dtype is not None and not np.dtype(dtype) == like.dtype == dtype_of_reduction(name, like.dtype)
        if options or len(given) > len(names) or other:
            raise Unsuitable(f"it calls {name} with {', '.join([*options, 'a dtype'])}")
        several = axis if isinstance(axis, tuple) else (axis,)
        self.axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in several)
        self.flat = axis is None

    def result(self) -> Array:
        """Return it."""
        name, dtype = self.name, dtype_of_reduction(self.name, self.like.dtype)
        if name in ("cumsum", "cumprod"):
            return self._accumulated("add" if name == "cumsum" else "multiply")
        self.x = self.values.cast(self.x, dtype)
        if name in ("argmax", "argmin"):
            return self._kept(self._first_extreme(dtype))
        if name in ("mean", "var", "std"):
            return self._kept(self._moment(dtype))
        return self._kept(self._folded(name, dtype))

    def _count(self) -> int:
        return math.prod(self.x.shape[a] for a in self.axes)

    def _kept(self, made: Array) -> Array:
        return made.reshape(self._shape_kept()) if self.keepdims else made

    def _shape_kept(self) -> list[int]:
        return [1 if a in self.axes else n for a, n in enumerate(self.x.shape)]

    def _rows(self) -> Array:
        """Return what is added up: first axes of the results, then rows, one after the other, then places in them.

        A row is what NumPy adds in pairs: the elements along the axes that lie closest in memory, if they are reduced.
        """
        x, shape = self.x, self.x.shape
        by_distance = axes_in_order(shape, self.like.strides)[::-1]
        inner: list[int] = []
        for a in reversed(by_distance):
            if a not in self.axes:
                break
            inner.insert(0, a)
        outer = [a for a in by_distance if a in self.axes and a not in inner]
        rest = [a for a in range(x.ndim) if a not in self.axes]
        alone = [a for a in self.axes if shape[a] <= 1]
        lengths = [math.prod(shape[a] for a in axes) for axes in (outer, [*inner, *alone])]
        return x.transpose(*rest, *outer, *inner, *alone).reshape(*[shape[a] for a in rest], *lengths)

    def _folded(self, name: str, dtype: np.dtype[Any]) -> Array:
        values, rows = self.values, self._rows()
        if not self._count():
            if name not in _EMPTY:
                raise Unsuitable(f"it calls {name} of nothing")
            return values.numbers(np.full(rows.shape[:-2], _EMPTY[name]), dtype)

        def fold(a: Any, b: Any) -> Array:
            return values.each(FOLDED[name], dtype, a, b)

        total = None
        for k in range(rows.shape[-2]):
            parts = [rows[..., k, i] for i in range(rows.shape[-1])]
            if name == "sum" and dtype.kind == "f":
                if total is None:
                    parts[0] = fold(values.numbers(_START, dtype), parts[0])
                parts = [_in_pairs(parts, fold)]
            for part in parts:
                total = part if total is None else fold(total, part)
        return np.broadcast_to(np.asarray(total), rows.shape[:-2])

    def _moment(self, dtype: np.dtype[Any]) -> Array:
        """Return a mean, or the mean square of what differs from it."""
        values, name = self.values, self.name
        count = values.number(self._count(), dtype)
        mean = values.each("divide", dtype, self._folded("sum", dtype), np.asarray(count))
        if name == "mean":
            return mean
        deviation = values.each("subtract", dtype, self.x, mean.reshape(self._shape_kept()))
        self.x, self.like = values.each("multiply", dtype, deviation, deviation), np.empty_like(self.like)
        divisor = values.number(max(self._count() - self.ddof, 0), dtype)
        variance = values.each("divide", dtype, self._folded("sum", dtype), np.asarray(divisor))
        return variance if name == "var" else values.each("sqrt", dtype, variance)

    def _first_extreme(self, dtype: np.dtype[Any]) -> Array:
        """Return where the first of the largest, or smallest, elements is; nan counts as both."""
        values = self.values
        x = self.x.reshape(-1) if self.flat else np.moveaxis(self.x, self.axes[0], -1)
        found = np.broadcast_to(values.numbers(0, INTEGER), x.shape[:-1])
        best = x[..., 0]
        for k in range(1, x.shape[-1]):
            better = values.each(">" if self.name == "argmax" else "<", dtype, x[..., k], best)
            if dtype.kind == "f":
                ends = values.each("isnan", dtype, best)
                better = values.each("or", BOOL, better, values.each("isnan", dtype, x[..., k]))
                better = values.each("and", BOOL, better, values.each("not", BOOL, ends))
            found = values.where(better, values.numbers(k, INTEGER), found, INTEGER)
            best = values.where(better, x[..., k], best, dtype)
        return found

    def _accumulated(self, name: str) -> Array:
        values, dtype = self.values, INTEGER if self.like.dtype == BOOL else self.like.dtype
        x = values.cast(self.x.reshape(-1) if self.flat else np.moveaxis(self.x, self.axes[0], -1), dtype).copy()
        for k in range(1, x.shape[-1]):
            x[..., k] = values.each(name, dtype, x[..., k - 1], x[..., k])
        return x if self.flat else np.moveaxis(x, -1, self.axes[0])


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
