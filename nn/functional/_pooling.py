"""Pooling: the maximum or the mean of each window, or of each of a given number of parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, general, linear

from ._windows import (
    Windows,
    axis_taps,
    empty_beside,
    overlay,
    per_axis,
    slide,
    spatial_operand,
    taps,
)

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]

Sizes = tuple[int, ...]


# Maxima


def _along(axis: int, part: slice) -> tuple[Any, ...]:
    """Return the index of a slice along the spatial axis of this number."""
    return (slice(None),) * (axis + 2) + (part,)


def _max_pool(x: Any, windows: Windows) -> Any:
    """Return the largest element of each window: along one axis after the other, the first of them in long runs."""
    lowest = -math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    for axis, (size, kernel, stride, dilation, padding, count) in enumerate(zip(*windows, strict=True)):
        parts = axis_taps(size, kernel, stride, dilation, padding, count)
        whole = slice(0, count)
        if len(parts) > 1 and all(among == whole for _, among, _ in parts):
            first, second, *rest = (x[_along(axis, inside)] for _, _, inside in parts)
            x = np.maximum(first, second)
            for other in rest:
                np.maximum(x, other, x)
            continue
        out = empty_beside(x, (*x.shape[2 : axis + 2], count, *x.shape[axis + 3 :]), x.dtype)
        out.fill(lowest)
        for _, among, inside in parts:
            held = out[_along(axis, among)]
            np.maximum(held, x[_along(axis, inside)], held)
        x = out
    return x


def _hits(x: Any, best: Any, windows: Windows) -> tuple[list[Any], Any]:
    """Return for each tap which elements are the largest of their windows, and how many each window has of them."""
    every = (slice(None), slice(None))
    places = [((*every, *tap.windows), (*every, *tap.inside)) for tap in taps(windows)]
    hits = [x[inside] == best[among] for among, inside in places]
    if np.isnan(np.add.reduce(best, None)) and (undefined := np.isnan(best)).any():  # then nan is the largest
        hits = [
            hit | (undefined[among] & np.isnan(x[inside])) for hit, (among, inside) in zip(hits, places, strict=True)
        ]
    count = empty_beside(best, best.shape[2:], np.uint8 if len(hits) < 256 else np.intp, zeros=True)
    for hit, (among, _) in zip(hits, places, strict=True):
        count[among] += hit
    return hits, count


def _max_pool_rule(g: Any, x: Any, out: Any, windows: Windows) -> Any:
    """Share the gradient of each window evenly among its largest elements."""
    values, best = (a.data if isinstance(a, Tensor) else a for a in (x, out))
    hits, count = _hits(values, best, windows)
    if min(count.shape) and not np.minimum.reduce(count, None):
        np.maximum(count, 1, count)  # a window that is outside as a whole
    every = (slice(None), slice(None))
    if type(g) is not np.ndarray:
        shares = np.zeros((*best.shape[:2], *windows.kernel, *windows.count), best.dtype)
        for hit, (place, among, _) in zip(hits, taps(windows), strict=True):
            shares[(*every, *place, *among)] = hit / count[(*every, *among)]
        return overlay(g.reshape(*g.shape[:2], *(1,) * len(windows.kernel), *g.shape[2:]) * shares, windows)
    share = g / count.astype(g.dtype)
    apart = all(s >= r for s, r in zip(windows.stride, windows.reach, strict=True))
    gx = empty_beside(values, windows.size, g.dtype, zeros=True)
    for hit, (_, among, inside) in zip(hits, taps(windows), strict=True):
        target = gx[(*every, *inside)]
        if apart:
            np.multiply(share[(*every, *among)], hit, target)
        else:
            target += share[(*every, *among)] * hit
    return gx


_max = general(_max_pool, _max_pool_rule, name="max_pool")


def _first_places(x: Any, windows: Windows) -> Any:
    """Return where the first of the largest elements of each window is, counted row by row; nan is the largest."""
    best = np.full((*x.shape[:2], *windows.count), -math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min, x.dtype)
    found = np.full(best.shape, -1)
    place = np.arange(math.prod(windows.size)).reshape(windows.size)
    every = (slice(None), slice(None))
    for _, among, inside in taps(windows):
        held, index, value = best[(*every, *among)], found[(*every, *among)], x[(*every, *inside)]
        larger = (value > held) | (index < 0) | ((value != value) & (held == held))
        np.copyto(held, value, where=larger)
        np.copyto(index, place[inside], where=larger)
    return found


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of sequences: `max_pool2d` with one spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.max_pool1d(np.array([[3.0, 1.0, 2.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    return _max_pooling("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of each window of images.

    Largest elements that are equal share the gradient evenly, as in ``max``. (PyTorch gives it to the first.)

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    kernel_size
        The length of a window, an integer or one for each spatial axis.
    stride
        How far windows are apart; by default `kernel_size`.
    padding
        How far windows may begin before the input, at most half of a window. What is outside is never the largest.
    dilation
        How far the places within a window are apart.
    ceil_mode
        Whether a last window that reaches beyond the padding counts too.
    return_indices
        Whether to return also where the first of the largest elements is, counted row by row in its image.

    Returns
    -------
    Tensor
        Shape ``(n, channels, height, width)``, where a length becomes
        ``(length + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1``, rounded down, or up for `ceil_mode`.
        With `return_indices` a tuple of it and an ndarray.

    Raises
    ------
    ShapeError
        If the input has no such shape, or a window does not fit into it.
    ValueError, TypeError
        If an option is not what it can be.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> image = np.arange(16.0).reshape(1, 4, 4)
    >>> F.max_pool2d(image, 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    >>> F.max_pool2d(image, 2, return_indices=True)[1]
    array([[[ 5,  7],
            [13, 15]]])
    """
    return _max_pooling("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_pooling(
    owner: str,
    axes: int,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x, windows, single = _pooled(owner, axes, x, kernel, stride, padding, dilation, ceil_mode)
    out = _max(x, windows)
    out = out[0] if single else out
    if not return_indices:
        return out
    places = _first_places(x.data if isinstance(x, Tensor) else x, windows)
    return out, places[0] if single else places


def _pooled(
    owner: str, axes: int, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Any, Windows, bool]:
    """Return the batch to pool, the windows, and whether it was a single image."""
    x = spatial_operand(owner, axes, x)
    kernel = per_axis(kernel, axes, "kernel_size", owner, 1)
    stride = kernel if stride is None else per_axis(stride, axes, "stride", owner, 1)
    padding = per_axis(padding, axes, "padding", owner)
    dilation = per_axis(dilation, axes, "dilation", owner, 1)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(padding, kernel, dilation, strict=True)):
        raise ValueError(
            f"{owner}: padding should be at most half of a window, but is {padding} for kernel_size {kernel} and "
            f"dilation {dilation}"
        )
    windows = slide(owner, x.shape[-axes:], kernel, stride, padding, padding, dilation, bool(ceil_mode))
    single = x.ndim == axes + 1
    return (x[None] if single else x), windows, single


# Means


def _sum_windows(x: Any, windows: Windows) -> Any:
    """Return the sum of each window, along one axis after the other."""
    for axis, (size, kernel, stride, dilation, padding, count) in enumerate(zip(*windows, strict=True)):
        out = empty_beside(x, (*x.shape[2 : axis + 2], count, *x.shape[axis + 3 :]), x.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[_along(axis, among)] += x[_along(axis, inside)]
        x = out
    return x


def _spread_windows(g: Any, windows: Windows) -> Any:
    """Add each element of `g` to all places of its window: the transpose of `_sum_windows`."""
    axes = list(enumerate(zip(*windows, strict=True)))
    for axis, (size, kernel, stride, dilation, padding, count) in reversed(axes):
        out = empty_beside(g, (*g.shape[2 : axis + 2], size, *g.shape[axis + 3 :]), g.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[_along(axis, inside)] += g[_along(axis, among)]
        g = out
    return g


_sum = linear(_sum_windows, lambda g, windows: _spread(g, windows), name="sum_windows")
_spread = linear(_spread_windows, lambda g, windows: _sum(g, windows), name="spread_windows")


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Return the mean of each window of sequences: `avg_pool2d` with one spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.avg_pool1d(np.array([[3.0, 1.0, 2.0, 5.0]]), 2)
    array([[2. , 3.5]])
    """
    return _avg_pooling("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Return the mean of each window of images.

    Parameters
    ----------
    input, kernel_size, stride, ceil_mode
        As for `max_pool2d`.
    padding
        How many zeros are around the input, at most half of a window.
    count_include_pad
        Whether these zeros count in the mean. What `ceil_mode` adds beyond them never does.
    divisor_override
        What to divide each sum by, in place of the number of its elements.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> image = np.arange(16.0).reshape(1, 4, 4)
    >>> F.avg_pool2d(image, 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    return _avg_pooling(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _avg_pooling(
    owner: str,
    axes: int,
    x: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    if divisor == 0:
        raise ValueError(f"{owner}: divisor_override should not be 0")
    x, windows, single = _pooled(owner, axes, _floating(owner, x), kernel, stride, padding, 1, ceil_mode)
    total = _sum(x, windows)
    mean = total / (_counts(windows, count_include_pad).astype(x.dtype) if divisor is None else divisor)
    return mean[0] if single else mean


def _floating(owner: str, x: Any) -> Any:
    x = x if isinstance(x, Tensor) else np.asarray(x)
    if x.dtype.kind not in "fc":
        raise TypeError(f"{owner}: a mean needs floating-point numbers, not {x.dtype}: use input.astype(np.float32)")
    return x


def _counts(windows: Windows, include_padding: bool) -> Any:
    """Return how many elements each window has, the zeros around the input among them if they are to be included."""
    total: Any = 1
    for size, kernel, stride, _, padding, count in zip(*windows, strict=True):
        first = np.arange(count) * stride - padding
        last = np.minimum(first + kernel, size + padding if include_padding else size)
        total = np.multiply.outer(total, last - (first if include_padding else np.maximum(first, 0)))
    return total


# Means of parts


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Return the means of so many parts of sequences: `adaptive_avg_pool2d` with one spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.adaptive_avg_pool1d(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2)
    array([[2., 4.]])
    """
    return _adaptive("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Return the means of the parts of images, which are divided into a given number of rows and columns.

    Part i of m along an axis of length n is from ``floor(i * n / m)`` to ``ceil((i + 1) * n / m)``: parts have about
    equal lengths, and overlap by one element where m does not divide n.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    output_size
        The spatial shape of the result: an integer, or one for each axis, where None leaves the axis as it is.

    Raises
    ------
    ShapeError
        If the input has no such shape.
    ValueError, TypeError
        If `output_size` is not what it can be.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.adaptive_avg_pool2d(np.arange(12.0).reshape(1, 3, 4), (1, 2))
    array([[[4.5, 6.5]]])
    """
    return _adaptive("adaptive_avg_pool2d", 2, input, output_size)


def _adaptive(owner: str, axes: int, x: Any, output_size: Any) -> Any:
    x = spatial_operand(owner, axes, _floating(owner, x))
    size = x.shape[-axes:]
    given = output_size if isinstance(output_size, list | tuple) else (output_size,) * axes
    if len(given) == axes:
        given = tuple(n if m is None else m for m, n in zip(given, size, strict=True))
    wanted = per_axis(given, axes, "output_size", owner, 1)
    if wanted == (1,) * axes:
        return x.mean(axis=tuple(range(-axes, 0)), keepdims=True)
    if all(n % m == 0 for n, m in zip(size, wanted, strict=True)):
        kernel = tuple(n // m for n, m in zip(size, wanted, strict=True))
        return _avg_pooling(owner, axes, x, kernel, kernel, 0, False, True, None)
    for axis, (n, m) in enumerate(zip(size, wanted, strict=True), -axes):
        if n != m:
            after = (slice(None),) * (-axis - 1)
            parts = [(..., slice(i * n // m, -(-(i + 1) * n // m)), *after) for i in range(m)]
            x = np.stack([x[part].mean(axis=axis) for part in parts], axis=axis)
    return x
