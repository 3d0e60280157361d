"""Reductions of arrays of value numbers: sums, largest elements and their kin, in NumPy's order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..loops.loop import Unsuitable
from ..types import Array
from .values import BOOL, DOUBLE, INTEGER, Values

REDUCTIONS: dict[Callable[..., Any], str] = {
    np.sum: "add", np.ndarray.sum: "add", np.prod: "multiply", np.ndarray.prod: "multiply", np.max: "maximum",
    np.ndarray.max: "maximum", np.min: "minimum", np.ndarray.min: "minimum", np.any: "or", np.ndarray.any: "or",
    np.all: "and", np.ndarray.all: "and", np.mean: "mean", np.ndarray.mean: "mean",
}  # fmt: skip
_UFUNCS = {"logical_or": "or", "logical_and": "and", "bitwise_or": "or", "bitwise_and": "and"}


def reduced(values: Values, function: Any, x: Array, args: Any, kwargs: Any, dtype: np.dtype[Any]) -> Array:
    """Return a reduction of an array of a dtype; `args` and `kwargs` are those of the call."""
    owner = getattr(function, "__self__", None)
    name = REDUCTIONS.get(function) or _UFUNCS.get(owner.__name__, owner.__name__)
    kwargs = dict(kwargs)
    keepdims = kwargs.pop("keepdims", False)
    axis = kwargs.pop("axis", args[1] if len(args) > 1 else (0 if isinstance(owner, np.ufunc) else None))
    asked = kwargs.pop("dtype", None)
    if kwargs or len(args) > 2 or (asked is not None and np.dtype(asked) != dtype):
        raise Unsuitable(f"it calls {function.__name__} with more than an axis")
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in np.atleast_1d(axis))
    if name in ("or", "and"):
        dtype = BOOL
    elif name == "mean" and dtype.kind != "f":
        dtype = DOUBLE
    elif name in ("add", "multiply") and dtype == BOOL:
        dtype = INTEGER
    x = values.cast(x, dtype)
    rest = [a for a in range(x.ndim) if a not in axes]
    rows = x.transpose(*rest, *axes).reshape(*[x.shape[a] for a in rest], -1)
    made = _folded(values, "add" if name == "mean" else name, dtype, rows)
    if name == "mean":
        made = values.each("divide", dtype, made, values.numbers(rows.shape[-1], dtype))
    return made.reshape([1 if a in axes else n for a, n in enumerate(x.shape)]) if keepdims else made


def _folded(values: Values, name: str, dtype: np.dtype[Any], rows: Array) -> Array:
    starts = {"add": 0, "multiply": 1, "or": False, "and": True}
    if not rows.shape[-1]:
        if name not in starts:
            raise Unsuitable(f"it calls {name} of nothing")
        return values.numbers(np.full(rows.shape[:-1], starts[name]), dtype)
    made = rows[..., 0]
    for k in range(1, rows.shape[-1]):
        made = values.each(name, dtype, made, rows[..., k])
    return np.asarray(made)
