"""Ufuncs on batches: operands are aligned behind the batch, and a method's axis moves up by one."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...arrays.batched import Batched, are_columns_and_rows, outer_products
from ...arrays.door import Level
from ..forms import cores_of, written_to
from .alignment import aligned, is_at, refuse_plain, repeated, stacked, wrapped
from .indexing import place, shape_selected, written
from .products import matmul


def apply(level: Level, ufunc: np.ufunc, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a ufunc on arrays some of which are batched at `level`."""
    out = kwargs.pop("out", None) if kwargs else None
    if ufunc.signature is not None:
        if kwargs:
            return write_result(out, level.loop(ufunc.__name__, lambda *xs: ufunc(*xs, **kwargs), inputs))
        result = matmul(level, *inputs) if ufunc is np.matmul else _of_last_axes(level, ufunc, inputs)
    else:
        where = kwargs.get("where", True) if kwargs else True
        if where is not True:
            *values, kwargs["where"] = aligned(level, (*inputs, where))
            if out is not None and out[0] is not None:
                return write_result(out, _chosen(level, ufunc, inputs, kwargs, out[0], where))
        else:
            values = aligned(level, inputs)
        result = ufunc(*values, **kwargs)
        result = wrapped(level, result) if type(result) is tuple else Batched(result, level)
    return result if out is None else write_result(out, result)


def _chosen(level: Level, ufunc: np.ufunc, inputs: Any, kwargs: dict[str, Any], out: Any, where: Any) -> Any:
    """Return the results where a condition holds, and elsewhere what is in `out` already."""
    others = {name: value for name, value in kwargs.items() if name != "where"}
    return np.where(where, apply(level, ufunc, inputs, others), out)


def write_result(out: Any, result: Any) -> Any:
    """Write a result to the arrays that were given as ``out=``, which have to be batched too; return them."""
    return written_to(out, result, _for_batch)


def _for_batch(target: Any, value: Any) -> Any:
    if type(value) is Batched and (type(target) is not Batched or target.level.number < value.level.number):
        value.refuse(
            "writing to a plain array, with out= or an operator such as +=, the result",
            "A plain array has room for one element. Write x = x + y, or begin with numpy.zeros_like(y)",
        )
    return value


def _of_last_axes(level: Level, ufunc: Any, inputs: tuple[Any, ...]) -> Any:
    """Call a ufunc of the last axes, as many as its signature says."""
    inputs = tuple([x if hasattr(x, "ndim") else np.asarray(x) for x in inputs])
    return wrapped(level, ufunc(*stacked(level, inputs, cores_of(ufunc))))


def axes_behind(axis: int | tuple[int, ...] | None, ndim: int) -> Any:
    """Return axes of an element, None for all, as axes of the array with the batch before them."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, tuple | list):
        return tuple([a + 1 for a in normalize_axis_tuple(axis, ndim)])
    return normalize_axis_index(operator.index(axis), ndim) + 1 if ndim else ()


def _reduce(
    level: Level,
    ufunc: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    if type(initial) is Batched:
        return level.loop(
            f"{ufunc.__name__}.reduce",
            lambda x, initial, where: ufunc.reduce(
                x, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where
            ),
            (x, initial, where),
        )
    value = x.value if is_at(level, x) else x
    options: dict[str, Any] = {} if initial is np._NoValue else {"initial": initial}
    if where is not True:
        if np.ndim(where) > np.ndim(x):
            raise ValueError(f"where of shape {np.shape(where)} for an array of shape {np.shape(x)}")
        if not is_at(level, x):
            value = repeated(level, x)
        _, options["where"] = aligned(level, (x, where))
    result = ufunc.reduce(value, axis=axes_behind(axis, np.ndim(x)), dtype=dtype, keepdims=bool(keepdims), **options)
    return write_result(out, Batched(result, level))


def _accumulate(level: Level, ufunc: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    return write_result(out, Batched(ufunc.accumulate(x.value, axes_behind(axis, x.ndim), dtype), level))


def _reduceat(
    level: Level, ufunc: np.ufunc, x: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    if type(indices) is Batched or not is_at(level, x):
        result = level.loop(
            f"{ufunc.__name__}.reduceat", lambda x, indices: ufunc.reduceat(x, indices, axis, dtype), (x, indices)
        )
    else:
        result = Batched(ufunc.reduceat(x.value, indices, axes_behind(axis, x.ndim), dtype), level)
    return write_result(out, result)


def _outer(level: Level, ufunc: np.ufunc, x: Any, y: Any, **kwargs: Any) -> Any:
    x = x if hasattr(x, "ndim") else np.asarray(x)
    if ufunc is np.multiply and is_at(level, x) and is_at(level, y) and x.ndim == y.ndim == 1 and not kwargs:
        a, b = x.value, y.value
        if type(a) is type(b) is np.ndarray:
            columns, rows = a[:, :, None], b[:, None]
            if are_columns_and_rows(columns, rows):
                return Batched(outer_products(columns, rows), level)
            return Batched(np.einsum("bi,bj->bij", a, b), level)  # half again as fast as a ufunc
    return ufunc(x.reshape(x.shape + (1,) * np.ndim(y)), y, **kwargs)


def _at(level: Level, ufunc: np.ufunc, x: Any, key: Any, *values: Any) -> None:
    refuse_plain(level, f"{ufunc.__name__}.at", x, key, values)
    x.check_writeable()
    index, moved = place(level, key, x.ndim, whole=True)
    if values:
        value = written(level, values[0], shape_selected(x.value, index, moved), moved)
        ufunc.at(x.value, index, value)
    else:
        ufunc.at(x.value, index)


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
    "at": _at,
}
