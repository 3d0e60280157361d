"""Correlation without im2col: machine code that LLVM makes, where llvmlite is installed.

A product of matrices takes the columns of all windows, ``prod(kernel)`` times as many elements as there are, and BLAS
has half of its speed where one of the matrices has few rows. Here a tile of outputs is held in registers while the
loop goes through channels and positions in the window, and reads the padded input where it lies.

A *run* is as many neighbouring outputs as a register has lanes, and a tile has a few of
them for each of a few channels. Where rows are whole runs, those of a tile lie below each other. Elsewhere an image is
one long row of the padded input, and what is computed of windows that reach beyond the end of a row is left out. With
a stride, the elements that windows skip are apart, so that those of neighbouring windows are neighbours again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd import extend
from autograd.extend import unrecorded

from ..._arguments import Array
from .sliding_windows import Sizes, Windows

_FEWEST = 1 << 20  # products in all, from which on it pays to load LLVM
_BEYOND = 32  # elements after the last that the last tile may read
_BLOCK = 1 << 15  # bytes that stay in the first cache
_MOST = 1 << 16  # weights, up to which BLAS is slower
_MOST_IN_VAIN = 240  # 1.5 times what is needed, for 64 outputs


class Machine(NamedTuple):
    """What is compiled for: the bytes of a register, and how many outputs and runs tiles of each function have."""

    width: int
    correlate: tuple[int, int]
    products: tuple[int, int]


class _Plan(NamedTuple):
    """How a correlation goes through its arrays: in rows of runs, whose distances are in elements.

    Attributes
    ----------
    padded, inner
        The spatial shapes of the padded input, and of the outputs with those that are left out.
    length
        The number of outputs of an image in memory: those in `inner`, or of all runs where these are more.
    rows, runs
        The number of rows of an image, and of runs of a row.
    across, down
        The distance between rows of the padded input, and of the outputs.
    beside
        The distances between the runs of a tile, in the input and in the outputs.
    """

    padded: Sizes
    inner: Sizes
    length: int
    rows: int
    runs: int
    across: int
    down: int
    beside: tuple[int, int]


@cache
def _machine() -> Machine | None:
    """Return what is compiled for, or None where LLVM is not installed, or does not know the processor."""
    try:
        width, many = extend.registers()  # loaded when it is needed
    except (ImportError, OSError, RuntimeError):
        return None
    return Machine(width, *((8, 2), (4, 6)) if many else ((4, 2), (4, 2)))


@cache
def _function(name: str, char: str, tile: tuple[int, int], width: int) -> Callable[..., bool]:
    from . import tiles  # which needs LLVM

    return tiles.function(name, char, tile, width)


def fits(x: Array, weights: int, outputs: int, windows: Windows) -> bool:
    """Tell whether machine code correlates `x` with so many weights, and faster than BLAS.

    Besides, BLAS has to read the columns once for each group's `outputs`, and machine code computes some in vain.
    """
    count = math.prod(windows.counts)
    if (
        not 0 < weights <= _MOST
        or len(x) * count * weights < _FEWEST
        or x.dtype.char not in "fd"
        or not x.dtype.isnative
        or math.prod(windows.kernel) == 1
        or min(windows.padding) < 0
        or any(kernel < stride for kernel, stride in zip(windows.kernel, windows.stride, strict=True))
        or _machine() is None
    ):
        return False
    plan = _plan(windows, x.dtype)
    return plan.rows * plan.runs * _lanes(x.dtype) * (outputs + 96) < _MOST_IN_VAIN * count


@unrecorded
def pad(x: Array, windows: Windows) -> Any:
    """Return the input with zeros around it, as one row of shape ``(channels, *stride, n, *padded)``, and some more.

    What windows skip from one to the next is taken apart, so that neighbours in memory belong to neighbouring windows.
    """
    (n, channels), axes = x.shape[:2], len(windows.size)
    plan, stride = _plan(windows, x.dtype), windows.stride
    count = channels * n * math.prod(stride) * math.prod(plan.padded)
    row = np.zeros(count + _BEYOND, x.dtype)
    whole = row[:count].reshape(channels, n, *(p * s for p, s in zip(plan.padded, stride, strict=True)))
    whole[_part(windows.padding, windows.size)] = x.swapaxes(0, 1)
    if max(stride) > 1:
        apart = whole.reshape(channels, n, *(m for each in zip(plan.padded, stride, strict=True) for m in each))
        row[:count] = apart.transpose(0, *range(3, 2 * axes + 2, 2), 1, *range(2, 2 * axes + 2, 2)).ravel()
    return row


@unrecorded
def correlate(row: Array, weight: Array, n: int, windows: Windows, groups: int) -> Any:
    """Return the sums over all windows of `n` images, of which `pad` made `row`: shape ``(outputs, n, *counts)``."""
    plan, wide, lanes = _plan(windows, row.dtype), _known().correlate[1], _lanes(row.dtype)
    outputs, inner = weight.shape[:2]
    tall, bands = _bands(outputs // groups, groups, _known().correlate[0])
    kernels = np.zeros((groups, bands * tall, weight[0].size), row.dtype)
    kernels[:, : outputs // groups] = weight.reshape(groups, outputs // groups, -1)
    kernels = np.ascontiguousarray(kernels.reshape(groups * bands, tall, -1).swapaxes(1, 2))
    area, length = math.prod(plan.padded), plan.length
    out = np.empty((groups * bands * tall, n, length), row.dtype)
    tiles = (plan.rows, plan.runs // wide) if plan.rows == 1 else (plan.rows // wide, plan.runs)
    step = (wide, 1) if plan.rows > 1 else (1, wide)
    offsets = _offsets(windows, inner, n, 1, row.dtype)
    _function("correlate", row.dtype.char, (tall, wide), _known().width)(
        *map(id, (row, kernels, out, offsets)),
        *(groups, inner * math.prod(windows.stride) * n * area, bands, kernels.shape[1], n, *tiles),
        *(area, length, n * length),
        *(plan.across * step[0], plan.down * step[0], lanes * step[1], *plan.beside),
    )
    out = out[:outputs, :, : math.prod(plan.inner)].reshape(outputs, n, *plan.inner)
    return np.ascontiguousarray(out[_part((0,) * len(windows.size), windows.counts)])


@unrecorded
def products(row: Any, y: Array, windows: Windows, groups: int) -> Any:
    """Return the sums over all windows of their elements times one of `y`: ``(outputs, channels / groups, *kernel)``.

    `pad` made `row`. What a run has beyond the windows counts 0 times, which is nan for what is infinite.
    """
    plan, wide, lanes = _plan(windows, row.dtype), _known().products[1], _lanes(row.dtype)
    (n, outputs), area = y.shape[:2], math.prod(plan.padded)
    each = math.prod(windows.stride) * n * area  # numbers in a channel
    channels = (len(row) - _BEYOND) // each
    tall, bands = _bands(outputs // groups, groups, _known().products[0])
    length = plan.length
    if plan.rows > 1 and groups * bands * tall == outputs:
        factors = np.require(y.swapaxes(0, 1), requirements=["C", "A"])
    else:
        factors = np.zeros((groups * bands * tall, n, length), row.dtype)
        inner = factors[:outputs, :, : math.prod(plan.inner)].reshape(outputs, n, *plan.inner)
        inner[_part((0,) * len(windows.size), windows.counts)] = y.swapaxes(0, 1)
    offsets = _offsets(windows, channels // groups, n, wide, row.dtype)
    out = np.zeros((groups * bands * tall, len(offsets)), row.dtype)
    most = max(1, _BLOCK // (tall * length * row.itemsize))
    loops = (plan.rows, plan.across, plan.down), (plan.runs, lanes, lanes)
    _function("products", row.dtype.char, (tall, wide), _known().width)(
        *map(id, (row, factors, out, offsets)),
        *(groups, channels // groups * each, bands, len(offsets) // wide, n, most),
        *(area, length, n * length, len(offsets)),
        *(number for loop in sorted(loops) for number in loop),
    )
    taps = channels // groups * math.prod(windows.kernel)
    found = out[:outputs, :taps].reshape(outputs, channels // groups, *windows.kernel)
    if plan.rows > 1 or np.isfinite(found).all():
        return found
    whole = row[: channels * each].reshape(groups, channels // groups, *windows.stride, n, *plan.padded)
    parts, result = y.swapaxes(0, 1).reshape(groups, outputs // groups, n, *windows.counts), found.copy()
    for place in np.ndindex(windows.kernel):
        begin, phase = _apart(place, windows)
        seen = whole[:, :, *phase][_part(begin, windows.counts)]
        sums = np.einsum("gon,gcn->goc", *(a.reshape(*a.shape[:2], -1) for a in (parts, seen)))
        result[:, :, *place] = sums.reshape(outputs, -1)
    return result


def _bands(outputs: int, groups: int, most: int) -> tuple[int, int]:
    """Return the height of the tiles in a group, and their number; if there are several groups, they have to fit."""
    tall = min(most, outputs)
    if groups > 1:
        tall = next(height for height in range(tall, 0, -1) if outputs % height == 0)
    return tall, -(-outputs // tall)


def _part(starts: Sequence[int], lengths: Sizes) -> Any:
    """Return the index of a part of the spatial axes."""
    return (..., *[slice(start, start + length) for start, length in zip(starts, lengths, strict=True)])


def _known() -> Machine:
    machine = _machine()
    if machine is None:
        raise ImportError("a program with this convolution needs LLVM: pip install llvmlite")
    return machine


def _lanes(dtype: Any) -> int:
    return _known().width // int(dtype.itemsize)


def _apart(place: Sizes, windows: Windows) -> tuple[Sizes, Sizes]:
    """Return where a position in a window is: after how many strides, and how far after the last of them."""
    steps = [divmod(k * d, stride) for k, d, stride in zip(place, windows.dilation, windows.stride, strict=True)]
    begin, phase = zip(*steps, strict=True)
    return begin, phase


@lru_cache(256)
def _plan(windows: Windows, dtype: Any) -> _Plan:
    (*rows, last), lanes, wide = windows.counts, _lanes(dtype), _known().correlate[1]
    needed = (
        max(s * (n - 1) + r, p + size)
        for size, s, p, n, r in zip(
            windows.size, windows.stride, windows.padding, windows.counts, windows.reach, strict=True
        )
    )
    padded = tuple(-(-n // stride) for n, stride in zip(needed, windows.stride, strict=True))
    if len(rows) == 1 and rows[0] > 1 and rows[0] % wide == 0 and last % lanes == 0:
        beside = padded[-1], last
        return _Plan(padded, windows.counts, rows[0] * last, rows[0], last // lanes, padded[-1], last, beside)
    reached = 1 + sum((n - 1) * math.prod(padded[i + 1 :]) for i, n in enumerate(windows.counts))
    runs, inner = -(-reached // (lanes * wide)) * wide, (windows.counts[0], *padded[1:])
    return _Plan(padded, inner, max(math.prod(inner), runs * lanes), 1, runs, 0, 0, (lanes, lanes))


@lru_cache(256)
def _offsets(windows: Windows, channels: int, n: int, multiple: int, dtype: Any) -> Any:
    """Return where the windows of each channel and position begin in the row; as many as `multiple` divides."""
    padded, phases = _plan(windows, dtype).padded, math.prod(windows.stride)
    begins = []
    for place in np.ndindex(windows.kernel):
        begin, phase = _apart(place, windows)
        number = int(np.ravel_multi_index(phase, windows.stride)) * n * math.prod(padded)
        begins.append(number + sum(i * math.prod(padded[axis + 1 :]) for axis, i in enumerate(begin)))
    found = np.add.outer(np.arange(channels) * (phases * n * math.prod(padded)), begins).ravel()
    return np.append(found, np.zeros(-len(found) % multiple, int)).astype(np.int64)
