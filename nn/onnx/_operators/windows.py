"""Operators of sliding windows: convolutions, their transposes, and pooling, over any number of spatial axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from ...functional._avg_pooling import sum_windows
from ...functional._kernels.correlation import convolve, transposed
from ...functional._kernels.operands import Saved
from ...functional._kernels.sliding_windows import Sizes, Windows, axis_taps, overlay, slide
from ...functional._max_pooling import first_places, max_windows
from .._program import Node
from .common import Array, Operator, integers


def _option(n: Node, name: str, axes: int, default: int = 1) -> Sizes:
    return tuple(n[name]) if n[name] else (default,) * axes


def _padding(n: Node, size: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[Sizes, Sizes]:
    """Return the padding before and after each axis."""
    axes, kind = len(size), n["auto_pad"]
    if kind in ("SAME_UPPER", "SAME_LOWER"):
        total = [
            max((-(-length // s) - 1) * s + d * (k - 1) + 1 - length, 0)
            for length, k, s, d in zip(size, kernel, stride, dilation, strict=True)
        ]
        less, more = tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)
        return (less, more) if kind == "SAME_UPPER" else (more, less)
    pads = (0,) * (2 * axes) if kind == "VALID" else _option(n, "pads", 2 * axes, 0)
    return pads[:axes], pads[axes:]


def _cut(x: Any, low: Sizes, high: Sizes) -> tuple[Any, Sizes, Sizes]:
    """Cut off negative padding; return the rest, and what is left of the padding."""
    if min((*low, *high), default=0) < 0:
        inner = [slice(max(-a, 0), n - max(-b, 0)) for a, b, n in zip(low, high, x.shape[2:], strict=True)]
        x = x[:, :, *inner]
    return x, tuple(max(a, 0) for a in low), tuple(max(b, 0) for b in high)


def _windows(n: Node, x: Any, kernel: Sizes) -> tuple[Any, Windows, Sizes]:
    """Return the input without what negative padding cuts off, the windows, and the padding at the end."""
    axes = len(kernel)
    stride, dilation = _option(n, "strides", axes), _option(n, "dilations", axes)
    low, high = _padding(n, x.shape[2:], kernel, stride, dilation)
    x, low, high = _cut(x, low, high)
    return x, slide(n.kind, x.shape[2:], kernel, stride, low, high, dilation, bool(n["ceil_mode"])), high


def _conv(n: Node, x: Any, weight: Any, bias: Any = None) -> Any:
    x, windows, _ = _windows(n, x, weight.shape[2:])
    return convolve(x, weight, bias, windows, n["group"] or 1, Saved())


def _conv_transpose(n: Node, x: Any, weight: Any, bias: Any = None) -> Any:
    """Spread each element over a window of the output, and cut off the padding."""
    kernel, axes, counts = weight.shape[2:], weight.ndim - 2, x.shape[2:]
    stride, dilation = _option(n, "strides", axes), _option(n, "dilations", axes)
    extra, pads = _option(n, "output_padding", axes, 0), _option(n, "pads", 2 * axes, 0)
    low, high = list(pads[:axes]), list(pads[axes:])
    full = [
        (c - 1) * s + d * (k - 1) + 1 + e for c, s, d, k, e in zip(counts, stride, dilation, kernel, extra, strict=True)
    ]
    shape, kind = n["output_shape"], n["auto_pad"]
    if shape or kind in ("SAME_UPPER", "SAME_LOWER"):
        wanted = shape[-axes:] if shape else [c * s for c, s in zip(counts, stride, strict=True)]
        for axis in range(axes):
            total = full[axis] - wanted[axis]
            less = max(total, 0) // 2
            low[axis] = less if kind == "SAME_UPPER" else max(total, 0) - less
            high[axis] = total - low[axis]
    size = tuple(f - a - b for f, a, b in zip(full, low, high, strict=True))
    return transposed(x, weight, bias, Windows(size, kernel, stride, dilation, tuple(low), counts), n["group"] or 1)


def _causal_conv(n: Node, x: Any, weight: Any, bias: Any = None, past: Any = None) -> Any:
    """Convolve each channel with what came before; return also the last elements, for the next call."""
    from ... import functional

    length = weight.shape[-1] - 1
    before = np.zeros((*x.shape[:2], length), x.dtype) if past is None else past
    whole = np.concatenate([before, x], 2)
    out = functional.conv1d(whole, weight, bias, groups=x.shape[1])
    if n["activation"] in ("silu", "swish"):
        out = functional.silu(out)
    return out, whole[:, :, whole.shape[2] - length :]


# Pooling


def _counts(windows: Windows, high: Sizes, include_padding: bool) -> Array:
    """Return the number of positions of each window that count: those inside, and those in the padding."""
    total: Any = 1
    for (size, kernel, stride, dilation, low, count), after in zip(zip(*windows, strict=True), high, strict=True):
        counted, before = (size + low + after, 0) if include_padding else (size, low)
        of_axis = np.zeros(count)
        for _, among, _ in axis_taps(counted, kernel, stride, dilation, before, count):
            of_axis[among] += 1
        total = np.multiply.outer(total, of_axis)
    return np.asarray(total)


def _average_pool(n: Node, x: Any) -> Any:
    x, windows, high = _windows(n, x, n["kernel_shape"])
    return sum_windows(x, windows) / _counts(windows, high, bool(n["count_include_pad"])).astype(x.dtype)


def _lp_pool(n: Node, x: Any) -> Any:
    x, windows, _ = _windows(n, np.abs(x) ** (n["p"] or 2), n["kernel_shape"])
    return _root(sum_windows(x, windows), n["p"] or 2)


def _global(function: Callable[..., Any]) -> Operator:
    """Return the operator of a function of all spatial axes."""
    return lambda n, x: function(n, x, axis=tuple(range(2, x.ndim)), keepdims=True)


def _root(total: Any, p: float) -> Any:
    """Return the p-th root, with the derivative 0 at 0."""
    zero = total == 0
    return np.where(zero, 0, np.where(zero, 1, total) ** (1 / p))


def _max_pool(n: Node, x: Any) -> Any:
    x, windows, _ = _windows(n, x, n["kernel_shape"])
    out = max_windows(x, windows)
    if len(n.outputs) == 1:
        return out
    places = first_places(as_array(borrow(x)), windows)
    if n["storage_order"]:
        index = np.unravel_index(places, windows.size)
        places = np.ravel_multi_index(index[::-1], windows.size[::-1])
    images = np.arange(math.prod(x.shape[:2])).reshape(*x.shape[:2], *[1] * len(windows.size))
    return out, (places + images * math.prod(windows.size)).astype(np.int64)


def _max_unpool(n: Node, x: Any, places: Any, shape: Any = None) -> Any:
    from .indexing import scattered

    kernel, axes = n["kernel_shape"], x.ndim - 2
    stride, pads = _option(n, "strides", axes), _option(n, "pads", 2 * axes, 0)
    size = tuple(
        (count - 1) * s + k - low - high
        for count, s, k, low, high in zip(x.shape[2:], stride, kernel, pads[:axes], pads[axes:], strict=True)
    )
    where = as_array(borrow(places))
    if shape is not None:
        wanted = integers(shape)
        where = np.ravel_multi_index(np.unravel_index(where, (*x.shape[:2], *size)), wanted)
        size = wanted[2:]
    return scattered(np.zeros((*x.shape[:2], *size), x.dtype), where, x, None)


def _columns_to_image(n: Node, columns: Any, shape: Any, block: Any) -> Any:
    """Add up overlapping blocks, whose elements are columns."""
    size, kernel = integers(shape), integers(block)
    axes = len(size)
    stride, dilation = _option(n, "strides", axes), _option(n, "dilations", axes)
    pads = _option(n, "pads", 2 * axes, 0)
    windows = slide(n.kind, size, kernel, stride, pads[:axes], pads[axes:], dilation)
    channels = columns.shape[1] // math.prod(kernel)
    return overlay(columns.reshape(len(columns), channels, *kernel, *windows.counts), windows)


def _max_roi_pool(n: Node, x: Any, regions: Any) -> Any:
    """Return the maximum of each part of each region, which are ``(image, left, top, right, bottom)``."""
    scale, (rows, columns) = n["spatial_scale"], n["pooled_shape"]
    out = []
    for image, *corners in as_array(borrow(regions)):
        left, top, right, bottom = (round(c * scale) for c in corners)
        ends = zip((top, left), (bottom, right), (rows, columns), x.shape[2:], strict=True)
        pieces = itertools.product(*(_pieces(*each) for each in ends))
        parts = [x[int(image), :, row, column] for row, column in pieces]
        most = [np.max(part, (1, 2)) if part.size else np.zeros(x.shape[1], x.dtype) for part in parts]
        out.append(np.stack(most, -1).reshape(x.shape[1], rows, columns))
    return np.stack(out)


def _pieces(first: int, last: int, count: int, size: int) -> list[slice]:
    """Return the parts of a region along an axis, which may overlap, without what is outside."""
    at = first + np.arange(count + 1) * (max(last - first + 1, 1) / count)
    starts, stops = np.clip(np.floor(at[:-1]), 0, size), np.clip(np.ceil(at[1:]), 0, size)
    return [slice(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


WINDOWS: dict[str, Operator] = {
    "AveragePool": _average_pool, "CausalConvWithState": _causal_conv, "Col2Im": _columns_to_image, "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "GlobalAveragePool": _global(lambda n, x, **options: np.mean(x, **options)),
    "GlobalLpPool": _global(lambda n, x, **options: _root(np.sum(np.abs(x) ** n["p"], **options), n["p"])),
    "GlobalMaxPool": _global(lambda n, x, **options: np.max(x, **options)),
    "LpPool": _lp_pool, "MaxPool": _max_pool, "MaxRoiPool": _max_roi_pool, "MaxUnpool": _max_unpool,
}  # fmt: skip
