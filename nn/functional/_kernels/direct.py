"""Correlation without im2col: machine code that LLVM makes, where llvmlite is installed, as it is with numba.

A product of matrices takes the columns of all windows, ``prod(kernel)`` times as many elements as there are, and BLAS
has half of its speed where one of the matrices has few rows. Here a tile of outputs is held in registers while the
loop goes through channels and positions in the window, and reads the padded input where it lies.

The windows have stride 1. A *run* is as many neighbouring outputs as a register has lanes, and a tile has a few of
them for each of a few channels. Where rows are whole runs, those of a tile lie below each other. Elsewhere an image is
one long row of the padded input, and what is computed of windows that reach beyond the end of a row is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.extend import unrecorded

from .sliding_windows import Sizes, Windows

if TYPE_CHECKING:
    from .tiles import Machine

_FEWEST = 1 << 20  # products in all, from which on it pays to load LLVM
_BLOCK = 1 << 15  # bytes that stay in the first cache
_MOST = 1 << 16  # weights, up to which BLAS is slower


class _Plan(NamedTuple):
    """How a correlation goes through its arrays: in rows of runs, whose distances are in elements.

    Attributes
    ----------
    padded, inner
        The spatial shapes of the padded input, and of the outputs with those that are left out.
    rows, runs
        The number of rows of an image, and of runs of a row.
    across, down
        The distance between rows of the padded input, and of the outputs.
    beside
        The distances between the runs of a tile, in the input and in the outputs.
    """

    padded: Sizes
    inner: Sizes
    rows: int
    runs: int
    across: int
    down: int
    beside: tuple[int, int]


@cache
def _machine() -> Machine | None:
    """Return what LLVM compiles for, or None where it is not installed, or does not know the processor."""
    try:
        from . import tiles

        return tiles.here()
    except (ImportError, OSError, RuntimeError):
        return None


def _function(name: str, char: str) -> Any:
    from . import tiles

    return tiles.function(name, char, _known())


def fits(x: Any, weights: int, windows: Windows, groups: int) -> bool:
    """Tell whether machine code correlates `x` with so many weights, and faster than BLAS."""
    return (
        groups == 1
        and weights <= _MOST
        and len(x) * math.prod(windows.counts) * weights >= _FEWEST
        and max(windows.stride) == 1 < math.prod(windows.kernel)
        and x.dtype.char in "fd"
        and x.dtype.isnative
        and all(0 <= low <= p - n for low, p, n in zip(windows.padding, _padded(windows), windows.size, strict=True))
        and _machine() is not None
    )


@unrecorded
def pad(x: Any, windows: Windows) -> Any:
    """Return the input with zeros around it, as one row of shape ``(channels, n, *padded)``, and some more after it."""
    n, channels = x.shape[:2]
    plan = _plan(windows, x.dtype)
    count = channels * n * math.prod(plan.padded)
    row = np.zeros(count + _beyond(x.dtype), x.dtype)
    row[:count].reshape(channels, n, *plan.padded)[_part(windows.padding, windows.size)] = x.swapaxes(0, 1)
    return row


@unrecorded
def correlate(row: Any, weight: Any, n: int, windows: Windows) -> Any:
    """Return the sums over all windows of `n` images, of which `pad` made `row`: shape ``(outputs, n, *counts)``."""
    plan, (tall, wide) = _plan(windows, row.dtype), _known().correlate
    outputs, lanes = len(weight), _lanes(row.dtype)
    groups = -(-outputs // tall)
    kernels = np.zeros((groups * tall, weight[0].size), row.dtype)
    kernels[:outputs] = weight.reshape(outputs, -1)
    kernels = np.ascontiguousarray(kernels.reshape(groups, tall, -1).swapaxes(1, 2))
    length = max(math.prod(plan.inner), plan.rows * plan.runs * lanes)
    out = np.empty((groups * tall, n, length), row.dtype)
    tiles = (plan.rows, plan.runs // wide) if plan.rows == 1 else (plan.rows // wide, plan.runs)
    step = (wide, 1) if plan.rows > 1 else (1, wide)
    _function("correlate", row.dtype.char)(
        *map(_address, (row, kernels, out, _offsets(windows, len(weight[0]), n, 1, row.dtype))),
        *(kernels.shape[1], groups, n, *tiles, math.prod(plan.padded), length, n * length),
        *(plan.across * step[0], plan.down * step[0], lanes * step[1], *plan.beside),
    )
    out = out[:outputs, :, : math.prod(plan.inner)].reshape(outputs, n, *plan.inner)
    return np.ascontiguousarray(out[_part((0,) * len(windows.size), windows.counts)])


@unrecorded
def products(row: Any, y: Any, windows: Windows) -> Any:
    """Return the sums over all windows of their elements times one of `y`: ``(outputs, channels, *kernel)``.

    `pad` made `row`. What a run has beyond the windows counts 0 times, which is nan for what is infinite.
    """
    plan, (tall, wide) = _plan(windows, row.dtype), _known().products
    n, outputs = y.shape[:2]
    channels = (len(row) - _beyond(row.dtype)) // (n * math.prod(plan.padded))
    groups, length = -(-outputs // tall), max(math.prod(plan.inner), plan.rows * plan.runs * _lanes(row.dtype))
    if plan.rows > 1 and groups * tall == outputs:
        factors = np.require(y.swapaxes(0, 1), requirements=["C", "A"])
    else:
        factors = np.zeros((groups * tall, n, length), row.dtype)
        inner = factors[:outputs, :, : math.prod(plan.inner)].reshape(outputs, n, *plan.inner)
        inner[_part((0,) * len(windows.size), windows.counts)] = y.swapaxes(0, 1)
    offsets = _offsets(windows, channels, n, wide, row.dtype)
    out = np.zeros((groups * tall, len(offsets)), row.dtype)
    most = max(1, _BLOCK // (tall * length * row.itemsize))
    loops = (plan.rows, plan.across, plan.down), (plan.runs, _lanes(row.dtype), _lanes(row.dtype))
    _function("products", row.dtype.char)(
        *map(_address, (row, factors, out, offsets)),
        *(len(offsets) // wide, groups, n, most, math.prod(plan.padded), length, n * length, len(offsets)),
        *(number for loop in sorted(loops) for number in loop),
    )
    found = out[:outputs, : channels * math.prod(windows.kernel)].reshape(outputs, channels, *windows.kernel)
    if plan.rows > 1 or np.isfinite(found).all():
        return found
    whole, result = row[: channels * n * math.prod(plan.padded)].reshape(channels, n, *plan.padded), found.copy()
    sums = [0, *range(2, y.ndim)]
    for place in np.ndindex(windows.kernel):
        part = whole[_part([k * d for k, d in zip(place, windows.dilation, strict=True)], windows.counts)]
        result[:, :, *place] = np.tensordot(y, part.swapaxes(0, 1), (sums, sums))
    return result


def _part(starts: Sequence[int], lengths: Sizes) -> Any:
    """Return the index of a part of the spatial axes."""
    return (..., *[slice(start, start + length) for start, length in zip(starts, lengths, strict=True)])


def _known() -> Machine:
    machine = _machine()
    if machine is None:
        raise ImportError("a program with this convolution needs llvmlite: pip install llvmlite")
    return machine


def _lanes(dtype: Any) -> int:
    return _known().width // int(dtype.itemsize)


def _beyond(dtype: Any) -> int:
    """Return how many elements after the last the last tile may read."""
    return _lanes(dtype) * _known().correlate[1]


def _address(array: Any) -> int:
    return int(array.ctypes.data)


def _padded(windows: Windows) -> Sizes:
    return tuple(count + reach - 1 for count, reach in zip(windows.counts, windows.reach, strict=True))


@lru_cache(256)
def _plan(windows: Windows, dtype: Any) -> _Plan:
    padded, (*rows, last), lanes, wide = _padded(windows), windows.counts, _lanes(dtype), _known().correlate[1]
    if len(rows) == 1 and rows[0] > 1 and rows[0] % wide == 0 and last % lanes == 0:
        return _Plan(padded, windows.counts, rows[0], last // lanes, padded[-1], last, (padded[-1], last))
    length = 1 + sum((n - 1) * math.prod(padded[i + 1 :]) for i, n in enumerate(windows.counts))
    runs = -(-length // (lanes * wide)) * wide
    return _Plan(padded, (windows.counts[0], *padded[1:]), 1, runs, 0, 0, (lanes, lanes))


@lru_cache(256)
def _offsets(windows: Windows, channels: int, n: int, multiple: int, dtype: Any) -> Any:
    """Return where the windows of each channel and position begin in the row; as many as `multiple` divides."""
    padded = _plan(windows, dtype).padded
    steps = [math.prod(padded[axis + 1 :]) * d for axis, d in enumerate(windows.dilation)]
    shifts = [sum(k * step for k, step in zip(place, steps, strict=True)) for place in np.ndindex(windows.kernel)]
    found = np.add.outer(np.arange(channels) * (n * math.prod(padded)), shifts).ravel()
    return np.append(found, np.zeros(-len(found) % multiple, int)).astype(np.int64)
