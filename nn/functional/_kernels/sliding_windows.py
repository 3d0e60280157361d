"""Sliding windows over the spatial axes of an array: their positions and contents.

Arrays have the shape ``(n, channels, *size)``. The *tap* of a position within a window is the elements that all windows
have there: a slice of the array whose step is the stride. Everything here is done tap by tap, in ``prod(kernel)`` calls
of NumPy however large the array is. Windows may reach beyond the array; taps omit the positions outside, so that
padding is never stored.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor, linear

from ..._arguments import Array, Spatial, TensorLike
from .operands import as_operand

Sizes = tuple[int, ...]
Function = Callable[..., Any]
_MANY = 1 << 18  # elements from which on longer runs of memory are worth more calls
MOST_KEPT = 1 << 24  # bytes of columns that are made at once, and kept
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Windows(NamedTuple):
    """Windows over spatial axes; each field has one number for each axis.

    Attributes
    ----------
    size
        The length of the axis.
    kernel, dilation
        The number of positions in a window, and the distance between them.
    stride
        The distance between windows.
    padding
        How far before the axis the first window begins.
    counts
        The number of windows.
    """

    size: Sizes
    kernel: Sizes
    stride: Sizes
    dilation: Sizes
    padding: Sizes
    counts: Sizes

    @property
    def reach(self) -> Sizes:
        """The length of a window, from its first position to its last."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    @property
    def turned(self) -> Windows | None:
        """The windows over the results: each has those of the windows that have an element, or one of the next few.

        That is as many elements as there are from one window to the next. None if these do not divide a window.
        """
        axes = list(zip(*self, strict=True))
        if any(k % s or s > 1 < d for _, k, s, d, *_ in axes):
            return None
        kernel = tuple(k // s for _, k, s, *_ in axes)
        padding = tuple(d * (k // s - 1) - p // s for _, k, s, d, p, _ in axes)
        counts = tuple(-(-(p + n) // s) - p // s for n, _, s, _, p, _ in axes)
        return Windows(self.counts, kernel, (1,) * len(axes), self.dilation, padding, counts)


class Tap(NamedTuple):
    """One position within windows: its index on each axis, the windows that have it inside the array, and where."""

    place: Sizes
    windows: tuple[slice, ...]
    inside: tuple[slice, ...]


def per_axis(value: Spatial, axes: int, name: str, owner: str, least: int = 0) -> Sizes:
    """Return an argument that is an integer, or one for each spatial axis, as a tuple."""
    values: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(values) == 1:
        values *= axes
    if len(values) != axes:
        raise ValueError(f"{owner}: {name} should be an integer or {axes} of them, not {value!r}")
    if not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        raise TypeError(f"{owner}: {name} should be an integer or {axes} of them, not {value!r}")
    if any(v < least for v in values):
        raise ValueError(f"{owner}: {name} should be at least {least}, not {value!r}")
    return tuple(int(v) for v in values)


def spatial_operand(owner: str, axes: int, x: TensorLike) -> Tensor:
    """Return `x` as an array or tensor; check that it has `axes` spatial axes, channels, and perhaps a batch."""
    x = as_operand(owner, "the input", x)
    if x.ndim not in (axes + 1, axes + 2) or 0 in x.shape[-axes - 1 :]:
        names = ", ".join(_AXES[axes])
        raise ShapeError(
            f"{owner}: the input should have the shape (n, channels, {names}) or (channels, {names}), "
            f"where n alone may be 0, not {x.shape}"
        )
    return x


def slide(
    owner: str, size: Sizes, kernel: Sizes, stride: Sizes, low: Sizes, high: Sizes, dilation: Sizes, ceil: bool = False
) -> Windows:
    """Return the windows that fit into axes of `size` with padding `low` before and `high` after.

    With `ceil`, a last window that only begins inside counts too.

    Raises
    ------
    ShapeError
        If not even one window fits.
    """
    count = []
    for n, k, s, before, after, d in zip(size, kernel, stride, low, high, dilation, strict=True):
        room = n + before + after - d * (k - 1) - 1
        number = (-(-room // s) if ceil else room // s) + 1
        if ceil and (number - 1) * s >= n + before:
            number -= 1
        count.append(number)
    if min(count, default=1) < 1:
        reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
        padded = tuple(n + before + after for n, before, after in zip(size, low, high, strict=True))
        raise ShapeError(
            f"{owner}: a window of {reach} does not fit into the input, whose spatial shape with padding is {padded}: "
            f"use a smaller kernel or dilation, more padding, or a larger input"
        )
    return Windows(size, kernel, stride, dilation, low, tuple(count))


@lru_cache(maxsize=1024)
def axis_taps(
    size: int, kernel: int, stride: int, dilation: int, padding: int, count: int
) -> tuple[tuple[int, slice, slice], ...]:
    """Return for one axis each position in a window, the windows that have it inside, and where; see `Tap`.

    In a window much longer than the axis, most positions are in the padding of all windows; these are skipped.
    """
    found = []
    begin = max(0, -(((count - 1) * stride - padding) // dilation))
    end = min(kernel, (size - 1 + padding) // dilation + 1)
    for place in range(begin, end):
        offset = place * dilation - padding
        first = max(0, -(offset // stride))
        last = min(count - 1, (size - 1 - offset) // stride)
        if first <= last:
            inside = slice(first * stride + offset, last * stride + offset + 1, stride)
            found.append((place, slice(first, last + 1), inside))
    return tuple(found)


@lru_cache(maxsize=256)
def taps(windows: Windows) -> tuple[Tap, ...]:
    """Return the taps of all positions in a window, in their order."""
    axes = [axis_taps(*axis) for axis in zip(*windows, strict=True)]
    every: Any = itertools.product(*axes)
    return tuple(Tap(*[tuple(part[i] for part in places) for i in range(3)]) for places in every)


def empty_beside(x: Array, spatial: Sizes, dtype: DTypeLike, zeros: bool = False) -> Any:
    """Return a new array with the spatial shape `spatial`, whose axes have the same order in memory as those of `x`."""
    make = np.zeros_like if zeros else np.empty_like
    return make(x, dtype=dtype, shape=(*x.shape[:2], *spatial))


def columns(x: Array, windows: Windows) -> Any:
    """Return the contents of each window, with zeros outside the array: shape ``(channels, *kernel, n, *count)``."""
    n, channels = x.shape[:2]
    shape = (channels, *windows.kernel, n, *windows.counts)
    x = x.swapaxes(0, 1)
    if math.prod(shape) > _MANY and len(taps(windows)) == math.prod(windows.kernel):
        return _by_long_runs(x, windows, np.empty(shape, x.dtype, like=x))
    cols = np.zeros(shape, x.dtype, like=x)
    every: Any = slice(None)
    for place, among, inside in taps(windows):
        cols[every, *place, every, *among] = x[every, every, *inside]
    return cols


def _by_long_runs(x: Any, windows: Windows, cols: Any) -> Any:
    """Do the same for many elements: move x along the last axis once for all rows, copy whole rows, zero the rest."""
    *_, last = zip(*windows, strict=True)
    rows = taps(Windows(*[field[:-1] for field in windows]))
    for place, among, inside in axis_taps(*last):
        run = x
        if len(rows) > 1:
            run = np.empty((*x.shape[:-1], windows.counts[-1]), x.dtype, like=x)
            _copy_tap(run, x, (among,), (inside,))
            among = inside = slice(None)
        for first, across, within in rows:
            _copy_tap(cols[:, *first, place], run, (*across, among), (*within, inside))
    return cols


def _copy_tap(out: Any, x: Any, among: tuple[slice, ...], inside: tuple[slice, ...]) -> None:
    """Copy what the windows `among` have inside of the array; those before and after them get zeros."""
    out[(..., *among)] = x[(..., *inside)]
    for axis, part in enumerate(among, -len(among)):
        if part.start:
            out[(..., slice(part.start), *(slice(None),) * ~axis)] = 0
        if part.stop is not None and part.stop < out.shape[axis]:
            out[(..., slice(part.stop, None), *(slice(None),) * ~axis)] = 0


def add_columns(out: Array, cols: Array, windows: Windows) -> None:
    """Add each element of `cols` to `out`, of shape ``(channels, n, *size)``, where `columns` takes it from."""
    every: Any = slice(None)
    for place, among, inside in taps(windows):
        out[every, every, *inside] += cols[every, *place, every, *among]


def _extract(x: Any, windows: Windows) -> Any:
    return np.moveaxis(columns(x, windows), len(windows.kernel) + 1, 0)


def _overlay(cols: Any, windows: Windows) -> Any:
    n, channels = cols.shape[:2]
    out = np.zeros((channels, n, *windows.size), cols.dtype, like=cols)
    add_columns(out, np.moveaxis(cols, 0, len(windows.kernel) + 1), windows)
    return out.swapaxes(0, 1)


# The contents of each window, (n, channels, *kernel, *count), and the transpose, which adds up overlapping windows.
extract: Function = linear(_extract, lambda g, windows: overlay(g, windows), name="extract_windows")
overlay: Function = linear(_overlay, lambda g, windows: extract(g, windows), name="overlay_windows")


def batches(n: int, images: int, windows: Windows, itemsize: int) -> list[slice]:
    """Divide n images, of `images` channels each, into batches whose columns take at most 16 MB, or of one image."""
    each = images * math.prod(windows.kernel) * math.prod(windows.counts) * itemsize
    size = max(1, MOST_KEPT // max(each, 1))
    return [slice(start, min(start + size, n)) for start in range(0, max(n, 1), size)]


def along(axis: int, part: slice) -> Any:
    """Return the index that takes the slice `part` along spatial axis number `axis`."""
    return (slice(None),) * (axis + 2) + (part,)


def _empty_windows(size: int, kernel: int, stride: int, dilation: int, padding: int, count: int) -> bool:
    """Tell whether some window along an axis is all outside, as with a large dilation on a short axis."""
    seen = {i for _, among, _ in axis_taps(size, kernel, stride, dilation, padding, count) for i in range(count)[among]}
    return len(seen) < count


def pooled(
    owner: str,
    axes: int,
    x: TensorLike,
    kernel: Spatial,
    stride: Spatial | None,
    padding: Spatial,
    dilation: Spatial,
    ceil_mode: bool,
) -> tuple[Tensor, Windows, bool]:
    """Return the batch to pool, the windows, and whether it was a single image."""
    x = spatial_operand(owner, axes, x)
    kernel = per_axis(kernel, axes, "kernel_size", owner, 1)
    stride = kernel if stride is None else per_axis(stride, axes, "stride", owner, 1)
    padding = per_axis(padding, axes, "padding", owner)
    dilation = per_axis(dilation, axes, "dilation", owner, 1)
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise ValueError(f"{owner}: padding should be at most half of kernel_size {kernel}, not {padding}")
    windows = slide(owner, x.shape[-axes:], kernel, stride, padding, padding, dilation, bool(ceil_mode))
    if any(d > 1 for d in dilation) and any(_empty_windows(*axis) for axis in zip(*windows, strict=True)):
        raise ShapeError(
            f"{owner}: some windows have all of their places in the padding of the input of shape {x.shape}: use less "
            f"padding than {padding}, or less dilation than {dilation}"
        )
    single = x.ndim == axes + 1
    return (x[None] if single else x), windows, single
