"""Convolutions and transposed convolutions of one, two and three spatial axes."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import Spatial, TensorLike, example
from ._kernels.correlation import convolve, transposed
from ._kernels.operands import Saved, as_operand
from ._kernels.siblings import axes_of, sibling
from ._kernels.sliding_windows import Windows, per_axis, slide, spatial_operand


def conv2d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: Spatial = 1,
    padding: Spatial | Literal["valid", "same"] = 0,
    dilation: Spatial = 1,
    groups: int = 1,
) -> Tensor:
    """Convolve images with kernels: ``out[n, o, i, j] = bias[o] + sum(weight[o] * window[n, i, j])``.

    The sum is over the channels and positions of a window, which begins at row ``i * stride - padding`` and column
    ``j * stride - padding`` of the input; beyond its borders the input counts as 0. The kernel is not flipped: this is
    a cross-correlation.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    weight
        Shape ``(outputs, channels / groups, rows, columns)``.
    bias
        Shape ``(outputs,)``, or None.
    stride, padding, dilation
        The distance between windows, the number of zeros around the input, and the distance between positions within
        a window: an integer, or one for each spatial axis. The padding may also be ``"valid"``, for none, or
        ``"same"``, for an output with the spatial shape of the input, at stride 1.
    groups
        The number of groups that channels and outputs are divided into; outputs see only the channels of their group.

    Returns
    -------
    Tensor
        Shape ``(n, outputs, height, width)``, where a length becomes
        ``(length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1``. In memory the channels come first.

    Raises
    ------
    ShapeError
        If shapes do not fit together, or the kernel does not fit into the input.
    ValueError, TypeError
        If an option is invalid.

    Notes
    -----
    A batch is computed as one matrix product (im2col). The matrix, ``prod(kernel)`` times as large as the input, is
    kept for the gradient of the weight if it takes at most 16 MB; a larger one is only built a part at a time. Where
    llvmlite is installed, a convolution in float32 or float64 with at most 65,536 weights, and at
    least a million products in all, is machine code without that matrix, in half of the time; sums are then in another
    order, so that the last bits may differ.

    References
    ----------
    Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for Document Processing", 2006.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> F.conv2d(image, np.ones((1, 1, 2, 2)))
    array([[[[ 8., 12.],
             [20., 24.]]]])
    >>> F.conv2d(image, np.ones((1, 1, 3, 3)), padding="same").shape
    (1, 1, 3, 3)
    """
    owner = "conv2d"
    axes = axes_of(owner)
    x, w, b = _operands(owner, axes, input, weight, bias, groups, transpose=False)
    stride = per_axis(stride, axes, "stride", owner, 1)
    dilation = per_axis(dilation, axes, "dilation", owner, 1)
    kernel, size = w.shape[2:], x.shape[-axes:]
    low, high = paddings(owner, axes, padding, kernel, stride, dilation)
    windows = slide(owner, size, kernel, stride, low, high, dilation)
    if x.ndim == axes + 1:
        return convolve(x[None], w, b, windows, groups, Saved())[0]
    return convolve(x, w, b, windows, groups, Saved())


conv1d = example("F.conv1d(np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[[-1.0, 1.0]]]))", "array([[1., 2., 4.]])")(
    sibling(conv2d, "conv1d")
)
conv3d = example(
    "F.conv3d(np.ones((1, 2, 4, 4, 4)), np.ones((5, 2, 3, 3, 3)), stride=(1, 1, 2)).shape", "(1, 5, 2, 2, 1)"
)(sibling(conv2d, "conv3d"))


@example(
    "F.conv_transpose2d(np.array([[[[1.0, 2.0]]]]), np.ones((1, 1, 2, 2)))",
    "array([[[[1., 3., 2.],\n         [1., 3., 2.]]]])",
)
def conv_transpose2d(
    input: TensorLike,
    weight: TensorLike,
    bias: TensorLike | None = None,
    stride: Spatial = 1,
    padding: Spatial = 0,
    output_padding: Spatial = 0,
    groups: int = 1,
    dilation: Spatial = 1,
) -> Tensor:
    """Compute a transposed convolution of images, the gradient of `conv2d`: add up kernels times input elements.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    weight
        Shape ``(channels, outputs / groups, rows, columns)``: the same as for the `conv2d` that this transposes.
    bias
        Shape ``(outputs,)``, or None.
    stride, padding, dilation
        As for that `conv2d`: the stride is the distance between kernels in the output, and the padding is cut off
        around it.
    output_padding
        The length added at the end of each axis of the output, since a strided `conv2d` maps several lengths to the
        same one. Less than the stride or the dilation.
    groups
        As for `conv2d`.

    Returns
    -------
    Tensor
        Shape ``(n, outputs, height, width)``, where a length becomes
        ``(length - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1``.

    Raises
    ------
    ShapeError
        If shapes do not fit together, or the padding cuts off everything.
    ValueError, TypeError
        If an option is invalid.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """
    owner = "conv_transpose2d"
    axes = axes_of(owner)
    x, w, b = _operands(owner, axes, input, weight, bias, groups, transpose=True)
    stride = per_axis(stride, axes, "stride", owner, 1)
    padding = per_axis(padding, axes, "padding", owner)
    dilation = per_axis(dilation, axes, "dilation", owner, 1)
    extra = per_axis(output_padding, axes, "output_padding", owner)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"{owner}: output_padding should be less than the stride or the dilation, but is {extra} with stride "
            f"{stride} and dilation {dilation}"
        )
    kernel, count = w.shape[2:], x.shape[-axes:]
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for n, k, s, p, d, e in zip(count, kernel, stride, padding, dilation, extra, strict=True)
    )
    if min(size) < 1:
        raise ShapeError(f"{owner}: an output of spatial shape {size} is none: use less padding than {padding}")
    windows = Windows(size, kernel, stride, dilation, padding, count)
    if x.ndim == axes + 1:
        return transposed(x[None], w, b, windows, groups)[0]
    return transposed(x, w, b, windows, groups)


conv_transpose1d = example(
    "F.conv_transpose1d(np.array([[1.0, 10.0]]), np.array([[[1.0, 2.0, 3.0]]]), stride=2)",
    "array([[ 1.,  2., 13., 20., 30.]])",
)(sibling(conv_transpose2d, "conv_transpose1d"))
conv_transpose3d = example(
    "F.conv_transpose3d(np.ones((1, 2, 2, 2, 2)), np.ones((2, 5, 3, 3, 3)), stride=2).shape", "(1, 5, 5, 5, 5)"
)(sibling(conv_transpose2d, "conv_transpose3d"))


def paddings(
    owner: str,
    axes: int,
    padding: Spatial | str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the padding before and after each axis."""
    if not isinstance(padding, str):
        low = per_axis(padding, axes, "padding", owner)
        return low, low
    if padding == "valid":
        return (0,) * axes, (0,) * axes
    if padding != "same":
        raise ValueError(f'{owner}: padding should be integers, "valid" or "same", not {padding!r}')
    if any(s != 1 for s in stride):
        raise ValueError(f'{owner}: padding="same" needs stride 1, not {stride}: give the padding in numbers')
    total = tuple(d * (k - 1) for k, d in zip(kernel, dilation, strict=True))
    return tuple(t // 2 for t in total), tuple(t - t // 2 for t in total)


def _channel_remedy(shape: tuple[int, ...], axes: int, channels: int) -> str:
    """Say how to get the axis of channels where there is none, or it is the last."""
    if channels == 1 and len(shape) == axes + 1:
        return ": for images without an axis of channels use x[:, None]"
    if shape[-1] == channels and len(shape) == axes + 2:
        return f": where channels are the last axis, use x.transpose{(0, axes + 1, *range(1, axes + 1))}"
    return ""


def _operands(owner: str, axes: int, x: Any, weight: Any, bias: Any, groups: int, transpose: bool) -> tuple[Any, ...]:
    """Return the input, the weight and the bias as operands, or raise the error for shapes that do not fit together."""
    weight, bias = as_operand(owner, "weight", weight), None if bias is None else as_operand(owner, "bias", bias)
    x = spatial_operand(owner, axes, x)
    if not isinstance(groups, int | np.integer) or groups < 1:
        raise ValueError(f"{owner}: groups should be an integer of at least 1, not {groups!r}")
    if weight.ndim != axes + 2:
        first = "channels, outputs / groups" if transpose else "outputs, channels / groups"
        kernel = ", ".join(("depth", "rows", "columns")[-axes:] if axes > 1 else ("kernel",))
        raise ShapeError(f"{owner}: weight should have the shape ({first}, {kernel}), not {weight.shape}")
    channels, expected = x.shape[-axes - 1], weight.shape[0] if transpose else weight.shape[1] * groups
    if channels != expected:
        raise ShapeError(
            f"{owner}: the input of shape {x.shape} has {channels} channels, but a weight of shape {weight.shape} "
            f"with groups={groups} takes {expected}{_channel_remedy(x.shape, axes, expected)}"
        )
    if weight.shape[0] % groups:
        raise ShapeError(f"{owner}: a weight of shape {weight.shape} cannot be divided into groups={groups}")
    outputs = weight.shape[1] * groups if transpose else weight.shape[0]
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(f"{owner}: bias should have the shape ({outputs},), one for each output, not {bias.shape}")
    return x, weight, bias
