"""Terms of dependent arrays: unions, sets of whole axes and matrices, and results that are written to an array."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ...arrays.dependent import Dependent, Terms, plain
from ...arrays.door import Array
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
        if isinstance(result, tuple):
            found = map(of, result)
            return type(result)(*found) if hasattr(result, "_fields") else tuple(found)
        result = np.asarray(result)
        more = (1,) * (result.ndim - len(stack))
        terms = [np.broadcast_to(np.broadcast_to(t, stack).reshape(stack + more), result.shape) for t in whole]
        return level.result(result, terms)

    return of(value)


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
