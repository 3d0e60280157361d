"""Functions of vectors and matrices that fit no form: systems of equations, norms, cross products, convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import Level, as_array
from .alignment import stacked
from .functions import rule
from .ufuncs import axes_behind


@rule(np.linalg.solve)
def _solve(level: Level, a: Any, b: Any) -> Any:
    """Solve for a vector where one element of `b` is a vector; of the whole batch, NumPy would take it for a matrix."""
    a, b = as_array(a), as_array(b)
    is_vector = b.ndim == 1
    found = Batched(np.linalg.solve(*stacked(level, (a, b[:, None] if is_vector else b), (2, 2))), level)
    return found[..., 0] if is_vector else found


@rule(np.linalg.norm)
def _norm(level: Level, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None and (ord is None or (x.ndim == 2 and ord in ("fro", "f"))):
        sizes = np.linalg.norm(x.value.reshape((x.value.shape[0], x.size)), axis=1)
        return Batched(sizes.reshape(sizes.shape + (1,) * x.ndim) if keepdims else sizes, level)
    if axis is None:
        axis = tuple(range(x.ndim)) if x.ndim > 1 else 0
    return Batched(np.linalg.norm(x.value, ord, axes_behind(axis, x.ndim), keepdims), level)


@rule(np.cross)
def _cross(
    level: Level, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    product: Any = Batched(np.cross(*stacked(level, (x, y), (1, 1))), level)
    return np.moveaxis(product, -1, axisc) if 3 in (x.shape[-1], y.shape[-1]) else product


@rule(np.convolve)
def _convolve(level: Level, a: Any, v: Any, mode: Any = "full") -> Any:
    """Multiply all windows of the longer sequence by the reversed shorter one."""
    long, short = (x if x.ndim else x.reshape(1) for x in map(as_array, (a, v)))
    if long.ndim != 1 or short.ndim != 1 or not long.size or not short.size:
        raise ValueError(f"a convolution takes two sequences that are not empty, not {long.shape} and {short.shape}")
    if long.size < short.size:
        long, short = short, long
    m = short.size
    mode = mode if isinstance(mode, str) else ("valid", "same", "full")[mode]
    before, after = {"full": (m - 1, m - 1), "same": (m // 2, (m - 1) // 2), "valid": (0, 0)}[mode]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(long, (before, after)), m)
    return windows @ short[::-1]
