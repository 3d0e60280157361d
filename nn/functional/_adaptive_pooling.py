"""Adaptive pooling to a given number of outputs, each the mean or the maximum of its part of the input."""

from __future__ import annotations

import itertools
import math
from typing import Any, Literal, overload

import numpy as np

from autograd import Tensor
from autograd.extend import borrow

from .._arguments import Array, Spatial, TensorLike, example
from ._avg_pooling import avg_pooling
from ._kernels.operands import as_floating, in_single
from ._kernels.siblings import axes_of, sibling
from ._kernels.sliding_windows import Sizes, per_axis, spatial_operand
from ._max_pooling import max_pooling


@example("F.adaptive_avg_pool2d(np.arange(12.0).reshape(1, 3, 4), (1, 2))", "array([[[4.5, 6.5]]])")
@in_single
def adaptive_avg_pool2d(input: TensorLike, output_size: Spatial) -> Tensor:
    """Return the means of the parts of images, which are divided into a given number of rows and columns.

    Part i of m along an axis of length n goes from ``floor(i * n / m)`` to ``ceil((i + 1) * n / m)``: parts have about
    equal lengths, and overlap by one element where ``i * n / m`` is not an integer.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)``, or ``(channels, height, width)`` for one image.
    output_size
        The spatial shape of the result: an integer, or one for each axis, where None leaves the axis as it is.

    Raises
    ------
    ShapeError
        If the input has another shape.
    ValueError, TypeError
        If `output_size` is invalid.
    """
    name = "adaptive_avg_pool2d"
    return adaptive_mean(name, axes_of(name), input, output_size)


adaptive_avg_pool1d = sibling(adaptive_avg_pool2d, "adaptive_avg_pool1d", "2")
adaptive_avg_pool3d = sibling(adaptive_avg_pool2d, "adaptive_avg_pool3d", "2")


@overload
def adaptive_max_pool2d(input: TensorLike, output_size: Spatial, return_indices: Literal[False] = False) -> Tensor: ...
@overload
def adaptive_max_pool2d(
    input: TensorLike, output_size: Spatial, return_indices: Literal[True]
) -> tuple[Tensor, Array]: ...
@example(
    "F.adaptive_max_pool2d(np.arange(12.0).reshape(1, 3, 4), (1, 2))", "array([[[ 9., 11.]]])", like=adaptive_avg_pool2d
)
def adaptive_max_pool2d(
    input: TensorLike, output_size: Spatial, return_indices: bool = False
) -> Tensor | tuple[Tensor, Array]:
    """Return the maxima of the parts of images, which are divided into a given number of rows and columns.

    The parts are those of `adaptive_avg_pool2d`. Equal maxima share the gradient evenly.

    Parameters
    ----------
    return_indices
        Whether to also return the index of each maximum, the first if several are equal, in the flattened image.
    """
    owner = "adaptive_max_pool2d"
    axes = axes_of(owner)
    x: Any = spatial_operand(owner, axes, input)
    size, wanted, kernel = _divided(owner, axes, x, output_size)
    if kernel is not None:
        return max_pooling(owner, x, kernel, kernel, 0, 1, False, return_indices)
    ends = [_ends(n, m).T.tolist() for n, m in zip(size, wanted, strict=True)]
    parts = [tuple(slice(*part) for part in parts) for parts in itertools.product(*ends)]
    shape = (*x.shape[:-axes], *wanted)
    maxima: Any = np.stack([x[(..., *part)].max(axis=tuple(range(-axes, 0))) for part in parts], axis=-1)
    if not return_indices:
        return maxima.reshape(shape)
    values, places = borrow(x), np.arange(math.prod(size)).reshape(size)
    merged = (values[(..., *part)].reshape((*x.shape[:-axes], places[part].size)) for part in parts)
    first = [places[part].ravel()[each.argmax(axis=-1)] for part, each in zip(parts, merged, strict=True)]
    return maxima.reshape(shape), np.stack(first, axis=-1).reshape(shape)


adaptive_max_pool1d = sibling(adaptive_max_pool2d, "adaptive_max_pool1d", "2")
adaptive_max_pool3d = sibling(adaptive_max_pool2d, "adaptive_max_pool3d", "2")


def _divided(owner: str, axes: int, x: Any, output_size: Any) -> tuple[Sizes, Sizes, Sizes | None]:
    """Return the lengths of the spatial axes, the numbers of parts, and the lengths of parts if all are equal."""
    size = x.shape[-axes:]
    given = output_size if isinstance(output_size, list | tuple) else (output_size,) * axes
    if len(given) == axes:
        given = tuple(n if m is None else m for m, n in zip(given, size, strict=True))
    wanted = per_axis(given, axes, "output_size", owner, 1)
    even = all(n % m == 0 for n, m in zip(size, wanted, strict=True))
    return size, wanted, tuple(n // m for n, m in zip(size, wanted, strict=True)) if even else None


def _ends(length: int, count: int) -> Any:
    """Return where each part of an axis begins and ends: shape ``(2, count)``."""
    number = np.arange(count)
    return np.stack([number * length // count, -(-(number + 1) * length // count)])


def adaptive_mean(owner: str, axes: int, x: Any, output_size: Spatial) -> Tensor:
    """Return the means of parts along the last `axes` axes."""
    x = spatial_operand(owner, axes, as_floating(owner, "input", x))
    size, wanted, kernel = _divided(owner, axes, x, output_size)
    if wanted == (1,) * axes:
        return x.mean(axis=tuple(range(-axes, 0)), keepdims=True)
    if kernel is not None:
        return avg_pooling(owner, axes, x, kernel, kernel, 0, False, True, None)
    for axis, (n, m) in enumerate(zip(size, wanted, strict=True), -axes):
        if n != m:
            after = (slice(None),) * (-axis - 1)
            parts, which = np.unique(_ends(n, m), axis=1, return_inverse=True)
            means = [x[(..., slice(start, stop), *after)].mean(axis=axis) for start, stop in parts.T.tolist()]
            x = np.stack(means, axis=axis)
            x = x if len(means) == m else x[(..., which.reshape(-1), *after)]  # more parts than elements: parts repeat
    return x
