"""Max pooling: the maximum of each window."""

from __future__ import annotations

import math
from typing import Any, Literal, overload

import numpy as np

from autograd import Tensor, general
from autograd.extend import ARRAY_TYPES, borrow, everywhere

from .._arguments import Array, Spatial, TensorLike
from ._kernels.operands import not_real
from ._kernels.siblings import axes_of, sibling
from ._kernels.sliding_windows import Windows, along, axis_taps, empty_beside, overlay, pooled, taps


def _max_pool(x: Any, windows: Windows) -> Any:
    """Return the maximum of each window: along one axis after another, the first of them in long runs of memory."""
    lowest = -math.inf if x.dtype.kind == "f" else 0 if x.dtype.kind == "b" else np.iinfo(x.dtype).min
    for axis, (size, kernel, stride, dilation, padding, count) in enumerate(zip(*windows, strict=True)):
        parts = axis_taps(size, kernel, stride, dilation, padding, count)
        whole = slice(0, count)
        if len(parts) > 1 and all(among == whole for _, among, _ in parts):
            first, second, *rest = (x[along(axis, inside)] for _, _, inside in parts)
            x = np.maximum(first, second)
            for other in rest:
                np.maximum(x, other, out=x)
            continue
        out = empty_beside(x, (*x.shape[2 : axis + 2], count, *x.shape[axis + 3 :]), x.dtype)
        out.fill(lowest)
        for _, among, inside in parts:
            held = out[along(axis, among)]
            np.maximum(held, x[along(axis, inside)], out=held)
        x = out
    return x


def _hits(x: Any, best: Any, windows: Windows) -> tuple[list[Any], Any]:
    """Return for each tap which elements are maxima of their windows, and how many each window has, at least 1."""
    every: Any = (slice(None), slice(None))
    places = [((*every, *tap.windows), (*every, *tap.inside)) for tap in taps(windows)]
    hits = [x[inside] == best[among] for among, inside in places]
    count = _count(hits, places, best)
    if count.size and not everywhere(count):
        undefined = np.isnan(best)  # where nan was the maximum; else the whole window is outside
        hits = [
            hit | (undefined[among] & np.isnan(x[inside])) for hit, (among, inside) in zip(hits, places, strict=True)
        ]
        count = np.maximum(_count(hits, places, best), 1)
    return hits, count


def _count(hits: list[Any], places: list[Any], best: Any) -> Any:
    count = empty_beside(best, best.shape[2:], np.uint8 if len(hits) < 256 else np.intp, zeros=True)
    for hit, (among, _) in zip(hits, places, strict=True):
        count[among] += hit
    return count


def _max_pool_rule(g: Any, x: Any, out: Any, windows: Windows) -> Any:
    """Share the gradient of each window evenly among its maxima."""
    values, best = (borrow(a) for a in (x, out))
    hits, count = _hits(values, best, windows)
    every: Any = (slice(None), slice(None))
    if type(g) not in ARRAY_TYPES or type(best) not in ARRAY_TYPES:
        shares = np.zeros((*best.shape[:2], *windows.kernel, *windows.counts), best.dtype, like=best)
        for hit, (place, among, _) in zip(hits, taps(windows), strict=True):
            shares[*every, *place, *among] = hit / count[*every, *among]
        return overlay(g.reshape(*g.shape[:2], *(1,) * len(windows.kernel), *g.shape[2:]) * shares, windows)
    share = g / count.astype(g.dtype)
    apart = all(s >= r for s, r in zip(windows.stride, windows.reach, strict=True))
    gx = empty_beside(values, windows.size, g.dtype, zeros=True)
    for hit, (_, among, inside) in zip(hits, taps(windows), strict=True):
        target = gx[*every, *inside]
        if apart:
            np.multiply(share[*every, *among], hit, target)
        else:
            target += share[*every, *among] * hit
    return gx


max_windows = general(_max_pool, _max_pool_rule, name="max_pool")


def first_places(x: Array, windows: Windows) -> Any:
    """Return the flat index of the first maximum of each window, counted row by row; nan counts as the largest."""
    best = empty_beside(x, windows.counts, x.dtype)
    best.fill(-math.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    found = np.full_like(best, -1, np.intp)
    place = np.arange(math.prod(windows.size)).reshape(windows.size)
    every: Any = (slice(None), slice(None))
    for _, among, inside in taps(windows):
        held, index, value = best[*every, *among], found[*every, *among], x[*every, *inside]
        larger = (value > held) | (index < 0) | ((value != value) & (held == held))
        np.copyto(held, value, where=larger)
        np.copyto(index, place[inside], where=larger)
    return found


@overload
def max_pool2d(
    input: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    input: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Array]: ...
def max_pool2d(
    input: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    dilation: Spatial = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Array]:
    """Return the maximum of each window of images.

    Equal maxima share the gradient evenly, as in ``max``. (PyTorch gives it to the first.)

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    kernel_size
        The length of a window, an integer or one for each spatial axis.
    stride
        The distance between windows; by default `kernel_size`.
    padding
        How far before the input windows may begin, at most half of `kernel_size`. Padding is never the maximum.
    dilation
        The distance between positions within a window.
    ceil_mode
        Whether to include a last window that reaches beyond the padding.
    return_indices
        Whether to also return the index of each maximum, the first if several are equal, in the flattened image.

    Returns
    -------
    Tensor
        Shape ``(n, channels, height, width)``, where a length becomes
        ``(length + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1``, rounded down, or up for `ceil_mode`.
        With `return_indices`, a tuple of it and an ndarray of indices.

    Raises
    ------
    ShapeError
        If the input has another shape, or a window does not fit into it.
    ValueError, TypeError
        If an option is invalid.

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
    return max_pooling("max_pool2d", input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


max_pool1d = sibling(max_pool2d, "max_pool1d", "2")
max_pool3d = sibling(max_pool2d, "max_pool3d", "2")


def max_pooling(
    owner: str,
    x: TensorLike,
    kernel: Spatial,
    stride: Spatial | None,
    padding: Spatial,
    dilation: Spatial,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    """Return the maximum of each window along the last axes, and its index if `return_indices`."""
    x, windows, single = pooled(owner, axes_of(owner), x, kernel, stride, padding, dilation, ceil_mode)
    if x.dtype.kind == "c":
        raise not_real(owner, "input", x)
    out = max_windows(x, windows)
    out = out[0] if single else out
    if not return_indices:
        return out
    places = first_places(borrow(x), windows)
    return out, places[0] if single else places
