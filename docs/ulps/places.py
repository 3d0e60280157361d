"""The places at which a function is measured."""

from __future__ import annotations

import math
import zlib
from itertools import product
from typing import Any

import numpy as np

from .functions import Function, Interval

__all__ = ["places"]

Array = np.ndarray[Any, Any]


def places(function: Function, dtype: Any) -> list[Array]:
    """Return an array for each variable: together they are the places, the same ones at each call."""
    rng = np.random.default_rng(zlib.crc32(f"{function.call} {np.dtype(dtype)}".encode()))
    count = function.places
    limit = 1.0 if len(function.on) == 1 else 0.25
    columns = [_of_one(rng, on, function.near, dtype, limit) for on in function.on]
    if len(columns) == 1:
        special, usual = columns[0]
        return [np.unique(np.concatenate([special[:count], usual[: max(count - len(special), count // 2)]]))]
    rows = []
    for special, usual in columns:
        chosen = np.concatenate([rng.choice(special, count // 2), rng.choice(usual, count - count // 2)])
        rows.append(rng.permutation(chosen))
    if len(columns) == 2 and function.on[0] == function.on[1]:  # pairs that nearly tie
        few = count // 8
        rows[1][:few] = rows[0][:few] * (1 + rng.choice([1, 4, 1e3, 1e5], few) * np.finfo(dtype).eps)
    inside = [(low <= row) & (row <= high) for row, (low, high) in zip(rows, function.on, strict=True)]
    return [row[np.logical_and.reduce(inside)] for row in rows]


def _of_one(
    rng: np.random.Generator, on: Interval, near: tuple[float, ...], dtype: Any, limit: float
) -> tuple[Array, Array]:
    """Return special places of a variable, and usual ones, in random order.

    Exponents are within the fraction `limit` of those that the dtype has.
    """
    low, high = on
    info = np.finfo(dtype)
    marks = [0.0, *near, *np.arange(-6, 6.5, 0.5), *(end for end in on if math.isfinite(end))]
    steps = [0.0, *(2.0**-k for k in range(1, info.nmant + 1))]
    special = [np.array([mark * (1 + sign * step) for mark, sign, step in product(marks, (1, -1), steps)])]
    special.append(np.array([sign * float(info.tiny) * 2.0**k for sign in (1, -1) for k in range(-info.nmant, 3)]))
    special.append(np.array([sign * float(info.max) * 2.0**-k for sign in (1, -1) for k in range(4)]))
    top = math.log2(float(info.max)) - 1e-9
    wild = rng.choice([1, -1], 3000) * 2.0 ** rng.uniform(limit * math.log2(float(info.tiny)), limit * top, 3000)
    tame = rng.choice([1, -1], 6000) * 2.0 ** rng.uniform(-20, 10, 6000)
    even = rng.uniform(max(low, -40.0), min(high, 40.0), 6000)
    usual = rng.permutation(np.concatenate([wild, tame, even]))
    sizes = (0.0, math.inf) if limit == 1 else (float(info.tiny) ** limit, 2.0 ** (limit * top))
    return _kept(rng, np.concatenate(special), on, sizes, dtype), _kept(rng, usual, on, sizes, dtype)


def _kept(rng: np.random.Generator, values: Array, on: Interval, sizes: tuple[float, float], dtype: Any) -> Array:
    """Round to the dtype, and keep what is strictly within the interval."""
    values = values[(np.abs(values) >= sizes[0]) & (np.abs(values) <= sizes[1])]
    with np.errstate(over="ignore", under="ignore"):
        rounded = np.unique(values.astype(dtype))
    low, high = on
    return rng.permutation(rounded[(rounded > low) & (rounded < high) & np.isfinite(rounded)])
