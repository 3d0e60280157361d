"""Pooling by means: of windows, and of a given number of parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, linear

from ._windows import Function, Windows, along, axis_taps, empty_beside, per_axis, pooled, spatial_operand

__all__ = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "avg_pool1d", "avg_pool2d"]


def _sum_windows(x: Any, windows: Windows) -> Any:
    """Return the sum of each window, along one axis after the other."""
    for axis, (size, kernel, stride, dilation, padding, count) in enumerate(zip(*windows, strict=True)):
        out = empty_beside(x, (*x.shape[2 : axis + 2], count, *x.shape[axis + 3 :]), x.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[along(axis, among)] += x[along(axis, inside)]
        x = out
    return x


def _spread_windows(g: Any, windows: Windows) -> Any:
    """Add each element of `g` to all places of its window: the transpose of `_sum_windows`."""
    axes = list(enumerate(zip(*windows, strict=True)))
    for axis, (size, kernel, stride, dilation, padding, count) in reversed(axes):
        out = empty_beside(g, (*g.shape[2 : axis + 2], size, *g.shape[axis + 3 :]), g.dtype, zeros=True)
        for _, among, inside in axis_taps(size, kernel, stride, dilation, padding, count):
            out[along(axis, inside)] += g[along(axis, among)]
        g = out
    return g


_sum: Function = linear(_sum_windows, lambda g, windows: _spread(g, windows), name="sum_windows")
_spread: Function = linear(_spread_windows, lambda g, windows: _sum(g, windows), name="spread_windows")


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
        How many zeros are around the input, at most half of `kernel_size`.
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
    x, windows, single = pooled(owner, axes, _floating(owner, x), kernel, stride, padding, 1, ceil_mode)
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
            number = np.arange(m)
            parts, which = np.unique([number * n // m, -(-(number + 1) * n // m)], axis=1, return_inverse=True)
            means = [x[(..., slice(start, stop), *after)].mean(axis=axis) for start, stop in parts.T.tolist()]
            x = np.stack(means, axis=axis)
            x = x if len(means) == m else x[(..., which.reshape(-1), *after)]  # more parts than elements repeat
    return x
