"""Max unpooling: the partial inverse of max pooling, with zeros where no maximum was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import Spatial, TensorLike
from ._embedding import read_indices
from ._kernels.operands import as_operand
from ._kernels.siblings import axes_of, sibling
from ._kernels.sliding_windows import Sizes, per_axis, spatial_operand


def max_unpool2d(
    input: TensorLike,
    indices: TensorLike,
    kernel_size: Spatial,
    stride: Spatial | None = None,
    padding: Spatial = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima of images back to where `max_pool2d` found them, with zeros elsewhere.

    Parameters
    ----------
    input
        Maxima, of shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    indices
        Their indices in the flattened image, of the same shape, which `max_pool2d` returns with `return_indices`. Of
        several maxima with the same index the last counts, and gets the gradient. (PyTorch gives it to all of them.)
    kernel_size, stride, padding
        As they were for `max_pool2d`.
    output_size
        The spatial shape of the result, or its whole shape, where several shapes are pooled to that of the input. By
        default a length becomes ``(length - 1) * stride - 2 * padding + kernel_size``, from which each length may
        differ by less than the stride.

    Raises
    ------
    ShapeError
        If the input or the indices have another shape, or the output would be empty.
    IndexError
        If an index is outside of the output; the message names it and its position.
    DtypeError
        If the indices are not integers.
    ValueError, TypeError
        If an option is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> pooled, indices = F.max_pool2d(np.arange(9.0).reshape(1, 3, 3), 2, return_indices=True)
    >>> F.max_unpool2d(pooled, indices, 2, output_size=(3, 3))
    array([[[0., 0., 0.],
            [0., 4., 0.],
            [0., 0., 0.]]])
    """
    owner = "max_unpool2d"
    axes = axes_of(owner)
    maxima: Any = spatial_operand(owner, axes, input)
    size = _output_size(owner, axes, maxima.shape, kernel_size, stride, padding, output_size)
    given, whole = as_operand(owner, "indices", indices), math.prod(size)
    if given.shape != maxima.shape:
        raise ShapeError(f"{owner}: the indices should have the shape of the input, {maxima.shape}, not {given.shape}")
    places: Any = read_indices(owner, given, whole, f"each channel of the output has {whole} places")
    leading, count = maxima.shape[:-axes], math.prod(maxima.shape[-axes:])
    places = places.reshape((*leading, count))
    origin: Any = np.full((*leading, whole), -1, np.intp, like=places)  # which element came to each place
    np.put_along_axis(origin, places, np.arange(count).reshape((1,) * len(leading) + (count,)), -1)
    moved = np.take_along_axis(maxima.reshape((*leading, count)), np.maximum(origin, 0), -1)
    placed: Any = np.where(origin < 0, moved.dtype.type(0), moved)
    return placed.reshape((*leading, *size))


max_unpool1d = sibling(max_unpool2d, "max_unpool1d", "np.zeros_like({0}, int), 2", 8)
max_unpool3d = sibling(max_unpool2d, "max_unpool3d", "np.zeros_like({0}, int), 2", 8)


def _output_size(
    owner: str, axes: int, shape: Sizes, kernel: Any, stride: Any, padding: Any, output_size: Sequence[int] | None
) -> Sizes:
    kernel = per_axis(kernel, axes, "kernel_size", owner, 1)
    stride = kernel if stride is None else per_axis(stride, axes, "stride", owner, 1)
    padding = per_axis(padding, axes, "padding", owner)
    usual = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(shape[-axes:], stride, padding, kernel, strict=True))
    if output_size is None:
        if min(usual) < 1:
            raise ShapeError(f"{owner}: an input of shape {shape} would become a spatial shape of {usual}")
        return usual
    if isinstance(output_size, list | tuple) and len(output_size) in (len(shape), axes + 2):
        output_size = output_size[-axes:]
    size = per_axis(output_size, axes, "output_size", owner, 1)
    if any(abs(n - m) >= s for n, m, s in zip(size, usual, stride, strict=True)):
        raise ValueError(
            f"{owner}: output_size should differ from {usual} by less than the stride {stride} along each axis, but "
            f"is {size} for the input of shape {shape}"
        )
    return size
