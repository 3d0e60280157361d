"""Functions that ask of an array: its shape and dtype, and what has an answer for each element or for none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import Level, as_array, whole
from .alignment import batched_among
from .functions import rule


def _dtype_of(x: Any) -> Any:
    return x.dtype if type(x) is Batched else x


rule(np.result_type)(lambda level, *given: np.result_type(*map(_dtype_of, given)))
rule(np.common_type)(lambda level, *given: np.common_type(*map(whole, given)))
rule(np.can_cast)(lambda level, from_, to, casting="safe": np.can_cast(_dtype_of(from_), to, casting))
rule(np.ndim)(lambda level, a: a.ndim)
rule(np.size)(lambda level, a, axis=None: a.size if axis is None else a.shape[axis])
rule(np.iscomplexobj)(lambda level, x: x.dtype.kind == "c")
rule(np.isrealobj)(lambda level, x: x.dtype.kind != "c")
rule(np.array_repr, np.array_str, np.array2string)(lambda level, a, *args, **kwargs: repr(a))


@rule(np.shape)
def _shape(level: Level, a: Any) -> Any:
    return a.shape if type(a) is Batched else np.shape(np.stack([whole(x) for x in a]))[1:]


@rule(np.may_share_memory, np.shares_memory)
def _may_share_memory(level: Level, a: Any, b: Any, max_work: Any = None) -> Any:
    return np.may_share_memory(whole(a), whole(b))


@rule(np.array_equal)
def _array_equal(level: Level, a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    a1, a2 = as_array(a1), as_array(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return (same | (np.isnan(a1) & np.isnan(a2)) if equal_nan else same).all()


@rule(np.allclose)
def _allclose(level: Level, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    return np.isclose(a, b, rtol, atol, equal_nan).all()


def refuse_shape_of_values(level: Level, *args: Any, **kwargs: Any) -> Any:
    """Raise: the shape of the result depends on the values."""
    batched_among(args, kwargs).refuse(
        "the shape of the result of nonzero, argwhere, unique, numpy.where(mask) and others, which depends on values,",
        "Keep a mask instead, and use numpy.where(mask, x, 0), or a sum or mean with where=mask",
    )


rule(
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d,
    np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse,
)(refuse_shape_of_values)  # fmt: skip
