"""Ufuncs on dependent arrays: each element of a result depends on what the elements that it is computed from do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.dependent import Dependent, Terms, plain
from ...arrays.door import Array
from .level import PatternLevel
from .products import matmul
from .terms import accumulated, axes_of, matrices, not_zero, reduced, union, write_result

# Steps, whose slope is 0 wherever they have one, by name: one is SciPy's.
_STEPS = frozenset(("floor", "ceil", "rint", "trunc", "sign", "heaviside", "floor_divide", "spacing", "gammasgn"))
# What chooses the greater or lesser element, and whether the first operand loses to the second.
CHOICES: dict[np.ufunc, np.ufunc] = {
    np.maximum: np.less, np.minimum: np.greater, np.fmax: np.less, np.fmin: np.greater,
}  # fmt: skip
# By which operands, where they are zeros of constants, a result does not depend on which others.
_FACTORS: dict[Any, tuple[tuple[int, int], ...]] = {
    np.multiply: ((0, 1), (1, 0)),
    np.divide: ((0, 1),),
    np.power: ((1, 0),),
}
_STEPS_AMONG = {np.modf: (1,), np.divmod: (0,)}


def call_ufunc(
    level: PatternLevel, ufunc: np.ufunc, method: str, inputs: tuple[Array, ...], kwargs: dict[str, Any]
) -> Any:
    """Apply a ufunc, or a method of it, to arrays some of which are dependent."""
    if method == "__call__":
        return apply(level, ufunc, inputs, kwargs)
    return METHODS[method](level, ufunc, *inputs, **kwargs)


def apply(level: PatternLevel, ufunc: np.ufunc, inputs: tuple[Array, ...], kwargs: dict[str, Any]) -> Any:
    """Call a ufunc."""
    out, where = kwargs.pop("out", None), kwargs.pop("where", True)
    if ufunc.signature is not None:
        return write_result(out, matmul(level, *inputs) if ufunc is np.matmul else matrices(level, ufunc, inputs))
    value = ufunc(*map(plain, inputs), **plain(kwargs))
    several = type(value) is tuple
    shape = np.shape(value[0] if several else value)
    if ufunc is np.equal or ufunc is np.not_equal:
        level.note_equal(value, ufunc is np.equal)
    if ufunc.__name__ in _STEPS and not level.everywhere:
        terms: Terms = level.step(np.asarray(value))
    else:
        terms = _terms(level, ufunc, inputs, shape)
    if several:
        steps = _STEPS_AMONG.get(ufunc, ()) if not level.everywhere else ()
        result: Any = tuple(
            level.result(np.asarray(v), level.step(v) if i in steps else terms) for i, v in enumerate(value)
        )
    else:
        result = level.result(np.asarray(value), terms)
    if where is not True:
        rest = out[0] if out is not None else np.zeros(shape, result.dtype)
        result = np.where(where, result, rest)
    return write_result(out, result)


def _terms(level: PatternLevel, ufunc: np.ufunc, inputs: tuple[Any, ...], shape: tuple[int, ...]) -> Terms:
    """Return what the elements of a result depend on."""
    given: list[list[Array]] = [
        x.given() if type(x) is Dependent and (level.everywhere or x.dtype.kind in "fc") else [] for x in inputs
    ]
    if len(inputs) == 2:
        x, y = inputs
        for factor, i in _FACTORS.get(ufunc, ()):
            there = not_zero(inputs[factor])
            if there is not True and given[i]:
                there = np.broadcast_to(there, shape)
                given[i] = [np.where(there, t, 0) for t in given[i]] if there.any() else []
        loses = CHOICES.get(ufunc)
        if loses is not None and not level.everywhere:
            a, b = plain(x), plain(y)
            masks = ~np.broadcast_to(loses(a, b), shape), ~np.broadcast_to(loses(b, a), shape)
            given = [[np.where(mask, t, 0) for t in of_x] for mask, of_x in zip(masks, given, strict=True)]
    return union(*given)


def _reduce(
    level: PatternLevel,
    ufunc: np.ufunc,
    x: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Any:
    options: dict[str, Any] = {"axis": axis, "keepdims": bool(keepdims)}
    options.update({} if initial is np._NoValue or initial is None else {"initial": plain(initial)})
    options.update({} if where is True or where is np._NoValue else {"where": plain(where)})
    values = plain(x)
    value = np.asarray(ufunc.reduce(values, dtype=dtype, **options))
    chosen: Any = True if where is np._NoValue or level.everywhere else plain(where)
    if ufunc in CHOICES and not level.everywhere:
        top = np.asarray(ufunc.reduce(values, **{**options, "keepdims": True}))
        chosen = chosen & ((values == top) | np.isnan(top))
    terms = list(reduced(level, x, axes_of(axis, np.ndim(x)), chosen, keepdims)) if type(x) is Dependent else []
    if type(initial) is Dependent:
        terms += initial.given()
    return write_result(out, level.result(value, terms))


def _accumulate(level: PatternLevel, ufunc: np.ufunc, x: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    value = ufunc.accumulate(x.value, axis, dtype)
    return write_result(out, level.result(value, accumulated(level, x, axis)))


def _reduceat(
    level: PatternLevel, ufunc: np.ufunc, x: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    if type(indices) is Dependent and level.everywhere:
        return write_result(out, level.dense(f"{ufunc.__name__}.reduceat", ufunc.reduceat, (x, indices, axis, dtype)))
    value = ufunc.reduceat(x.value, plain(indices), axis, dtype)
    starts = [int(i) for i in plain(indices)]
    ends = [*starts[1:], x.shape[axis]]
    spans = [range(start, max(start + 1, end)) for start, end in zip(starts, ends, strict=True)]
    rows = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
    columns = np.concatenate([np.array(span, int) for span in spans]) if spans else np.zeros(0, int)
    terms = [np.moveaxis(term, axis, 0)[columns] for term in x.given()]
    rest = int(np.prod(terms[0].shape[1:])) if terms else 1
    owners = (rows[:, None] * rest + np.arange(rest)).reshape(-1)
    ids = level.sets.made(
        np.tile(owners, len(terms)), np.concatenate([t.reshape(-1) for t in terms] or [owners]), len(spans) * rest
    )
    shape = np.moveaxis(value, axis, 0).shape
    return write_result(out, level.result(value, [np.moveaxis(ids.reshape(shape), 0, axis)] if terms else []))


def _outer(level: PatternLevel, ufunc: np.ufunc, x: Any, y: Any, **kwargs: Any) -> Any:
    return ufunc(np.reshape(x, np.shape(x) + (1,) * np.ndim(y)), y, **kwargs)


def _at(level: PatternLevel, ufunc: np.ufunc, x: Any, key: Any, *values: Any) -> None:
    """Apply a ufunc in place at an index, where elements that occur several times depend on all that they meet."""
    level.check_target(x, f"numpy.{ufunc.__name__}.at")
    key = level.plain_key(key)
    before = x.given()
    ufunc.at(x.value, key, *map(plain, values))
    places = np.arange(x.size).reshape(x.shape)[key]
    given = [np.broadcast_to(t, places.shape) for y in values if type(y) is Dependent for t in y.given()]
    rows = [np.arange(x.size)] * len(before) + [places.reshape(-1)] * len(given)
    if given:
        numbers = [t.reshape(-1) for t in (*before, *given)]
        level.write_terms(
            x, ..., [level.sets.made(np.concatenate(rows), np.concatenate(numbers), x.size).reshape(x.shape)]
        )


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce,
    "accumulate": _accumulate,
    "reduceat": _reduceat,
    "outer": _outer,
    "at": _at,
}
