"""Average pooling: the mean of each window, or its p-norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor, linear
from autograd.extend import anywhere, borrow

from .._arguments import Spatial, TensorLike, example, is_number
from ._kernels.operands import as_floating, as_real, in_single
from ._kernels.siblings import axes_of, sibling
from ._kernels.sliding_windows import Function, Windows, along, axis_taps, empty_beside, per_axis, pooled


def _sum_windows(x: Any, windows: Windows) -> Any:
    """Return the sum of each window, along one axis after another."""
    for axis, (size, kernel, stride, dilation, padding, count) in enumerate(zip(*windows, strict=True)):
        out = empty_beside(x, (*x.shape[2 : axis + 2], count, *x.shape[axis + 3 :]), x.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[along(axis, among)] += x[along(axis, inside)]
        x = out
    return x


def _spread_windows(g: Any, windows: Windows) -> Any:
    """Add each element of `g` to all positions of its window: the transpose of `_sum_windows`."""
    axes = list(enumerate(zip(*windows, strict=True)))
    for axis, (size, kernel, stride, dilation, padding, count) in reversed(axes):
        out = empty_beside(g, (*g.shape[2 : axis + 2], size, *g.shape[axis + 3 :]), g.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[along(axis, inside)] += g[along(axis, among)]
        g = out
    return g


sum_windows: Function = linear(_sum_windows, lambda g, windows: _spread(g, windows), name="sum_windows")
_spread: Function = linear(_spread_windows, lambda g, windows: sum_windows(g, windows), name="spread_windows")


@example("F.avg_pool1d(np.array([[3.0, 1.0, 2.0, 5.0]]), 2)", "array([[2. , 3.5]])")
@in_single
def avg_pool1d(
    input: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of each window of sequences: `avg_pool2d` with one spatial axis."""
    return avg_pooling("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@example(
    "image = np.arange(16.0).reshape(1, 4, 4)",
    "F.avg_pool2d(image, 2)",
    "array([[[ 2.5,  4.5],\n        [10.5, 12.5]]])",
)
@in_single
def avg_pool2d(
    input: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of each window of images.

    Parameters
    ----------
    input, kernel_size, stride, ceil_mode
        As for `max_pool2d`.
    padding
        The number of zeros around the input, at most half of `kernel_size`.
    count_include_pad
        Whether these zeros count in the mean. Positions that `ceil_mode` adds beyond them never do.
    divisor_override
        The number to divide each sum by, instead of its number of elements.
    """
    name = "avg_pool2d"
    axes = axes_of(name)
    return avg_pooling(name, axes, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


avg_pool3d = sibling(avg_pool2d, "avg_pool3d", "2")


@example("F.lp_pool2d(np.array([[[3.0, 4.0], [0.0, 0.0]]]), 2, 2)", "array([[[5.]]])")
@in_single
def lp_pool2d(
    input: TensorLike, norm_type: float, kernel_size: Spatial, stride: Spatial | None = None, ceil_mode: bool = False
) -> Tensor:
    """Return the p-norm of each window of images, ``sum(x**p) ** (1/p)``; where the sum is 0, its gradient counts as 0.

    Parameters
    ----------
    norm_type
        p. Sums of odd powers that are negative have no root, and become nan.
    input, kernel_size, stride, ceil_mode
        As for `max_pool2d`. Of a window that `ceil_mode` adds, the mean of the powers counts for all of its places.
    """
    return _lp_pooling("lp_pool2d", input, norm_type, kernel_size, stride, ceil_mode)


lp_pool1d = sibling(lp_pool2d, "lp_pool1d", "2, 2")
lp_pool3d = sibling(lp_pool2d, "lp_pool3d", "2, 2")


def _lp_pooling(owner: str, x: Any, p: float, kernel: Spatial, stride: Spatial | None, ceil_mode: bool) -> Any:
    """Return the p-norm of each window along the last axes."""
    axes = axes_of(owner)
    if not is_number(p) or not p > 0:
        raise ValueError(f"{owner}: norm_type should be a number above 0, not {p!r}")
    x = as_real(owner, "input", x)
    mean = avg_pooling(owner, axes, x**p, kernel, stride, 0, ceil_mode, True, None)
    total = mean * math.prod(per_axis(kernel, axes, "kernel_size", owner, 1))
    values = borrow(total)
    if anywhere(np.isinf(values)):  # powers overflowed, unless x is infinite itself
        largest = np.max(np.abs(borrow(x)))
        if anywhere(np.isfinite(largest)):
            scale = np.where(np.isfinite(largest) & (largest > 0), largest, 1)
            return _lp_pooling(owner, x / scale, p, kernel, stride, ceil_mode) * scale
    nothing = np.abs(values) < np.finfo(values.dtype).tiny  # a subnormal sum has lost its digits
    return np.where(nothing, 0 * total, np.where(nothing, 1, total) ** (1 / p))


def avg_pooling(
    owner: str,
    axes: int,
    x: TensorLike,
    kernel: Spatial,
    stride: Spatial | None,
    padding: Spatial,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    """Return the mean of each window along the last `axes` axes."""
    if divisor == 0:
        raise ValueError(f"{owner}: divisor_override should not be 0")
    x, windows, single = pooled(owner, axes, as_floating(owner, "input", x), kernel, stride, padding, 1, ceil_mode)
    total = sum_windows(x, windows)
    mean = total / (_counts(windows, count_include_pad).astype(x.dtype) if divisor is None else divisor)
    return mean[0] if single else mean


def _counts(windows: Windows, include_padding: bool) -> Any:
    """Return the number of elements of each window, with the zeros around the input if `include_padding`."""
    total: Any = 1
    for size, kernel, stride, _, padding, count in zip(*windows, strict=True):
        first = np.arange(count) * stride - padding
        last = np.minimum(first + kernel, size + padding if include_padding else size)
        total = np.multiply.outer(total, last - (first if include_padding else np.maximum(first, 0)))
    return total
