"""Terms of dependent arrays: unions, sets of whole axes and matrices, reductions, and results written to an array."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...arrays.dependent import Dependent, Terms, plain
from ...arrays.door import Array, mapped
from ..forms import cores_of, written_to
from .level import PatternLevel


def union(*lists: Iterable[Array]) -> list[Array]:
    """Join terms: those that are the same memory, or equal, count once."""
    found: list[Array] = []
    for terms in lists:
        for term in terms:
            if not any(term is other or _equal(term, other) for other in found):
                found.append(term)
    return found


def _equal(term: Array, other: Array) -> Any:
    if term.shape != other.shape or not term.size:
        return term.shape == other.shape
    if term.strides == other.strides and term.ctypes.data == other.ctypes.data:
        return True
    first, last = (0,) * term.ndim, (-1,) * term.ndim
    return term[first] == other[first] and term[last] == other[last] and np.array_equal(term, other)


def not_zero(x: Array | Dependent) -> Any:
    """Return where an operand is not 0, or may be another number elsewhere: True for everywhere.

    Of a dependent array, those zeros count that depend on nothing, as where nothing was written to.
    """
    if type(x) is not Dependent:
        return True if np.all(x) else np.asarray(x) != 0
    if x.value.all():
        return True
    there = x.value != 0
    for term in x.terms:
        there |= term != 0
    return True if there.all() else there


def over_axes(level: PatternLevel, terms: Terms, axes: Sequence[int], where: Array | bool = True) -> list[Array]:
    """Return terms of what all elements along some axes depend on, of the shape of the other axes.

    Where `where` does not hold, elements do not count.
    """
    if not terms:
        return []
    ndim, shape = terms[0].ndim, terms[0].shape
    kept = [a for a in range(ndim) if a not in axes]
    if where is not True:
        chosen = np.broadcast_to(where, shape)
        if not chosen.all():
            terms = [np.where(chosen, term, 0) for term in terms]
    count, length = math.prod([shape[a] for a in kept]), math.prod([shape[a] for a in axes])
    outer = tuple([shape[a] for a in kept])
    rows = [term.transpose([*kept, *axes]).reshape(count, length) for term in terms]
    if length * len(terms) <= _FEW:
        return union([row[:, i].reshape(outer) for row in rows for i in range(length)])
    owners = np.tile(np.repeat(np.arange(count), length), len(rows))
    return [level.sets.made(owners, np.concatenate([row.reshape(-1) for row in rows]), count).reshape(outer)]


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes that are reduced: all for None."""
    if axis is None or axis is np._NoValue:
        return tuple(range(ndim))
    if not ndim:
        return ()
    return normalize_axis_tuple(axis, ndim)


def reduced(
    level: PatternLevel, x: Dependent, axes: tuple[int, ...], where: Array | bool, keepdims: Any
) -> list[Array]:
    """Return the terms of a reduction over axes."""
    terms = over_axes(level, x.given(), axes, where)
    if not keepdims or keepdims is np._NoValue:
        return terms
    kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
    return [term.reshape(kept) for term in terms]


def accumulated(level: PatternLevel, x: Dependent, axis: int) -> list[Array]:
    """Return the terms of a cumulative function: by doubling, with n log n edges in place of n^2 / 2."""
    terms = x.given()
    if not terms or not x.ndim:
        return terms
    axis = normalize_axis_index(operator.index(axis), x.ndim)
    numbers = np.moveaxis(level.joined(terms, x.shape) if len(terms) > 1 else terms[0], axis, 0)
    step = 1
    while step < len(numbers):
        before = np.zeros_like(numbers)
        before[step:] = numbers[:-step]
        numbers = level.joined([numbers, before], numbers.shape)
        step *= 2
    return [np.moveaxis(numbers, 0, axis)]


def mixed(level: PatternLevel, function: Any, x: Dependent, axis: int, options: dict[str, Any]) -> Any:
    """Call a function of which each element along an axis is computed from all of them."""
    value = function(x.value, **plain(options))
    axis = normalize_axis_index(operator.index(axis), x.ndim)
    return level.result(value, [np.expand_dims(t, axis) for t in over_axes(level, x.given(), (axis,))])


def matrices(
    level: PatternLevel,
    function: Any,
    args: Sequence[Any],
    cores: Sequence[int] | None = None,
    rest: tuple[Any, ...] = (),
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Call a function of matrices, or of vectors, in each of which everything depends on everything.

    `cores` says how many of the last axes of each argument belong to one; by default the signature of the ufunc does.
    """
    cores = cores_of(function) if cores is None else cores
    value = function(*map(plain, args), *rest, **options)
    given = [(x, n) for x, n in zip(args, cores, strict=False) if type(x) is Dependent]
    whole = [t for x, n in given for t in over_axes(level, x.given(), range(x.ndim - n, x.ndim))]
    stack = np.broadcast_shapes(*[t.shape for t in whole]) if whole else ()

    def of(result: Array) -> Any:
        result = np.asarray(result)
        more = (1,) * (result.ndim - len(stack))
        return level.result(result, [np.broadcast_to(t, stack).reshape(stack + more) for t in whole])

    return mapped(of, value)


def write_result(out: Any, result: Any) -> Any:
    """Write a result to the arrays that were given as ``out=``; return them."""
    return written_to(out, result, _with_terms)


def _with_terms(target: Any, value: Any) -> Any:
    if type(target) is not Dependent and type(value) is Dependent and value.terms:
        value.refuse(
            "writing to a plain array, with out= or an operator such as +=, the result",
            "Write x = x + y, or begin with numpy.zeros_like(y)",
        )
    return value if type(target) is Dependent else plain(value)


_FEW = 9  # terms of a reduction that need no set
