"""Unfold and fold: windows of images as columns (im2col), and columns as images (col2im)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import Spatial, TensorLike, example
from ._kernels.operands import as_operand
from ._kernels.sliding_windows import Sizes, extract, overlay, per_axis, slide, spatial_operand


def unfold(
    input: TensorLike, kernel_size: Spatial, dilation: Spatial = 1, padding: Spatial = 0, stride: Spatial = 1
) -> Tensor:
    """Extract sliding windows of images as columns (im2col).

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    kernel_size, dilation, padding, stride
        An integer, or one for each spatial axis; see `conv2d`.

    Returns
    -------
    Tensor
        Shape ``(n, channels * rows * columns, windows)``.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.unfold(np.arange(6.0).reshape(1, 1, 2, 3), 2)
    array([[[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]]])
    """
    x = spatial_operand("unfold", 2, input)
    windows = _windows("unfold", x.shape[-2:], kernel_size, dilation, padding, stride)
    batch = x[None] if x.ndim == 3 else x
    cols = extract(batch, windows)
    rows = batch.shape[1] * math.prod(windows.kernel)
    cols = cols.reshape(len(batch), rows, math.prod(windows.counts))
    return cols[0] if x.ndim == 3 else cols


@example("F.fold(np.ones((1, 4, 2)), (2, 3), 2)", "array([[[[1., 2., 1.],\n         [1., 2., 1.]]]])")
def fold(
    input: TensorLike,
    output_size: Spatial,
    kernel_size: Spatial,
    dilation: Spatial = 1,
    padding: Spatial = 0,
    stride: Spatial = 1,
) -> Tensor:
    """Add up windows at their positions in images (col2im): the transpose of `unfold`, which is its gradient.

    Parameters
    ----------
    input
        Shape ``(n, channels * rows * columns, windows)``, or without n.
    output_size
        The height and width of the images.
    kernel_size, dilation, padding, stride
        As for `unfold`.

    Returns
    -------
    Tensor
        Shape ``(n, channels, height, width)``.
    """
    x = as_operand("fold", "input", input)
    if x.dtype.kind in "iub":
        x = x.astype(np.add.reduce(np.zeros(1, x.dtype)).dtype)  # the dtype in which NumPy sums small integers
    size = per_axis(output_size, 2, "output_size", "fold", 1)
    windows = _windows("fold", size, kernel_size, dilation, padding, stride)
    places, number = math.prod(windows.kernel), math.prod(windows.counts)
    if x.ndim not in (2, 3) or x.shape[-2] % places or x.shape[-1] != number:
        raise ShapeError(
            f"fold: the input should have the shape (n, channels * {places}, {number}) for images of {size}, "
            f"not {x.shape}"
        )
    cols = x.reshape(-1 if x.ndim == 2 else len(x), x.shape[-2] // places, *windows.kernel, *windows.counts)
    out = overlay(cols, windows)
    return out[0] if x.ndim == 2 else out


def _windows(owner: str, size: Sizes, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    kernel = per_axis(kernel, 2, "kernel_size", owner, 1)
    dilation = per_axis(dilation, 2, "dilation", owner, 1)
    padding = per_axis(padding, 2, "padding", owner)
    stride = per_axis(stride, 2, "stride", owner, 1)
    return slide(owner, size, kernel, stride, padding, padding, dilation)
