"""Normalization to mean 0 and variance 1 along some axes, then a learned scale and shift: batch, layer, group, RMS.

All kinds are one operation, `standardize`, along different axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import BatchError, ShapeError, Tensor, no_grad
from autograd.extend import as_array, borrow, evaluated_again, innermost

from .._arguments import Array, TensorLike, example
from ._distance import divided_by_length
from ._kernels.operands import as_floating, in_single, not_real
from ._kernels.standardize import Moments, standardize


@example(
    "F.layer_norm(np.array([[1.0, 3.0], [5.0, 5.0]]), 2, eps=0.25).round(4)",
    "array([[-0.8944,  0.8944],\n       [ 0.    ,  0.    ]])",
)
def layer_norm(
    input: TensorLike,
    normalized_shape: int | Sequence[int],
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each sample to mean 0 and variance 1 over its last axes, then scale and shift it.

    ``(x - mean) / sqrt(variance + eps) * weight + bias``, where the variance is divided by the number of elements.

    Parameters
    ----------
    input
        Shape ``(..., *normalized_shape)``.
    normalized_shape
        The lengths of the last axes, over which mean and variance are taken; an integer for one axis.
    weight, bias
        Of the shape `normalized_shape`, or None.
    eps
        Added to the variance, so that constant samples give 0, not nan.

    Raises
    ------
    ShapeError
        If the last axes of `input` are not `normalized_shape`, or `weight` or `bias` has another shape.

    References
    ----------
    Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450 (2016).
    """
    input = as_floating("layer_norm", "input", input, weight)
    shape = _last_axes("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    return standardize(input, weight, bias, axes, eps, True, Moments())


@example("F.rms_norm(np.array([3.0, 4.0]), 2).round(4)", "array([0.8485, 1.1314])", like=layer_norm)
def rms_norm(
    input: TensorLike, normalized_shape: int | Sequence[int], weight: TensorLike | None = None, eps: float | None = None
) -> Tensor:
    """Divide each sample by its root mean square over the last axes, then scale it.

    ``x / sqrt(mean(x ** 2) + eps) * weight``.

    Parameters
    ----------
    eps
        Added to the mean; by default the machine epsilon of the dtype of `input`.

    References
    ----------
    Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.
    """
    input = as_floating("rms_norm", "input", input, weight)
    shape = _last_axes("rms_norm", input, normalized_shape, weight=weight)
    axes = tuple(range(input.ndim - len(shape), input.ndim))
    return standardize(
        input, weight, None, axes, np.finfo(input.dtype).eps.item() if eps is None else eps, False, Moments()
    )


@example("F.group_norm(np.array([[1.0, 3.0, 10.0, 10.0]]), 2).round(4)", "array([[-1.,  1.,  0.,  0.]])")
def group_norm(
    input: TensorLike,
    num_groups: int,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each group of channels of each sample to mean 0 and variance 1, then scale and shift each channel.

    Parameters
    ----------
    input
        Shape ``(n, channels, ...)``.
    num_groups
        The number of groups that the channels are divided into, which must come out even.
    weight, bias
        Shape ``(channels,)``, or None.
    eps
        Added to the variance.

    Raises
    ------
    ShapeError
        If `num_groups` does not divide the number of channels, a single sample has only one value for each group, or
        shapes do not fit.

    References
    ----------
    Wu and He, "Group Normalization", ECCV 2018.
    """
    input = as_floating("group_norm", "input", input, weight)
    channels = _channels("group_norm", input, weight=weight, bias=bias)
    if num_groups < 1 or channels % num_groups:
        raise ShapeError(
            f"group_norm cannot divide the {channels} channels of an input of shape {input.shape} evenly into "
            f"{num_groups} groups"
        )
    shape = (input.shape[0], num_groups, channels // num_groups, math.prod(input.shape[2:]))
    if math.prod(shape) == num_groups:  # as in PyTorch: of several samples it lets such groups pass
        raise ShapeError(
            f"group_norm needs more than one value for each group, but an input of shape {input.shape} has one in each "
            f"of {num_groups} groups, which would all become 0"
        )
    parameters: tuple[Any, Any] = (weight, bias)
    weight, bias = (None if p is None else p.reshape((*shape[1:3], 1)) for p in parameters)
    return standardize(input.reshape(shape), weight, bias, (2, 3), eps, True, Moments()).reshape(input.shape)


def batch_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each channel to mean 0 and variance 1 over the batch, then scale and shift it.

    Parameters
    ----------
    input
        Shape ``(n, channels, ...)``.
    running_mean, running_var
        Shape ``(channels,)``, or None. Without `training` they are used instead of the mean and the variance of the
        batch; with it they are moved in place towards these.
    weight, bias
        Shape ``(channels,)``, or None.
    training
        Whether to use the mean and the variance of the batch.
    momentum
        How far the running statistics move: ``running += momentum * (batch - running)``. They move towards the
        unbiased variance, divided by n - 1; the batch is normalized by the biased one.
    eps
        Added to the variance.

    Raises
    ------
    ShapeError
        If there is only one value for each channel when training, or shapes do not fit.

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
    ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> mean, variance = np.zeros(1), np.ones(1)
    >>> F.batch_norm(np.array([[1.0], [3.0]]), mean, variance, training=True).round(4)
    array([[-1.],
           [ 1.]])
    >>> mean, variance
    (array([0.2]), array([1.1]))
    """
    return batch_norm_with(Moments(), input, running_mean, running_var, weight, bias, training, momentum, eps)


def batch_norm_with(
    moments: Moments,
    input: TensorLike,
    running_mean: TensorLike | None,
    running_var: TensorLike | None,
    weight: TensorLike | None,
    bias: TensorLike | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """Do what `batch_norm` does, with moments that may be those of more rows than are given."""
    input = as_floating("batch_norm", "input", input, weight, running_mean)
    channels = _channels(
        "batch_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not training:
        return _with_fixed_statistics(input, "batch_norm", running_mean, running_var, weight, bias, eps)
    count = moments.count(input.size // (channels or 1))
    if count == 1:
        raise ShapeError(
            f"batch_norm needs more than one value for each channel when training, but the input has shape "
            f"{input.shape}: use a larger batch, or evaluation mode"
        )
    flat = input if input.ndim == 2 else input.reshape((*input.shape[:2], -1 if input.size else 0))
    axes, shape = ((0,), (channels,)) if input.ndim == 2 else ((0, 2), (channels, 1))
    parameters: tuple[Any, Any] = (weight, bias)
    weight, bias = (None if p is None else p if p.shape == shape else p.reshape(shape) for p in parameters)
    out = standardize(flat, weight, bias, axes, eps, True, moments)
    if running_mean is not None and count:
        _move("batch_norm", running_mean, moments.mean.reshape(-1), momentum)
        _move("batch_norm", running_var, moments.variance.reshape(-1) * (count / (count - 1)), momentum)
    return out if out.shape == input.shape else out.reshape(input.shape)


@example(
    "F.instance_norm(np.array([[[1.0, 3.0], [0.0, 0.5]]])).round(4)",
    "array([[[-1.    ,  1.    ],\n        [-0.9999,  0.9999]]])",
)
def instance_norm(
    input: TensorLike,
    running_mean: TensorLike | None = None,
    running_var: TensorLike | None = None,
    weight: TensorLike | None = None,
    bias: TensorLike | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Bring each channel of each sample to mean 0 and variance 1, then scale and shift it.

    Parameters
    ----------
    input
        Shape ``(n, channels, ...)``, with at least one further axis.
    running_mean, running_var, weight, bias, momentum, eps
        As for `batch_norm`; the running statistics move towards the means over all samples.
    use_input_stats
        Whether to use the mean and the variance of each sample, not the running ones.

    Raises
    ------
    ShapeError
        If there is only one value for each channel of a sample, or shapes do not fit.

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization",
    arXiv:1607.08022 (2016).
    """
    input = as_floating("instance_norm", "input", input, weight, running_mean)
    channels = _channels(
        "instance_norm", input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if not use_input_stats:
        return _with_fixed_statistics(input, "instance_norm", running_mean, running_var, weight, bias, eps)
    count = math.prod(input.shape[2:])
    if input.ndim < 3 or count == 1:
        raise ShapeError(
            f"instance_norm needs more than one value for each channel of a sample, but the input has shape "
            f"{input.shape}: (n, channels, length) or (n, channels, height, width) is expected"
        )
    moments = Moments()
    parameters: tuple[Any, Any] = (weight, bias)
    weight, bias = (None if p is None else p.reshape((channels, 1)) for p in parameters)
    flat = input.reshape((*input.shape[:2], count))
    out = standardize(flat, weight, bias, (2,), eps, True, moments)
    if running_mean is not None and input.size:
        _move("instance_norm", running_mean, moments.mean.mean(0).reshape(-1), momentum)
        _move("instance_norm", running_var, moments.variance.mean(0).reshape(-1) * (count / (count - 1)), momentum)
    return out.reshape(input.shape)


@example("F.normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))", "array([[0.6, 0.8],\n       [0. , 0. ]])")
@in_single
def normalize(
    input: TensorLike,
    p: float = 2.0,
    axis: int | tuple[int, ...] | None = None,
    eps: float = 1e-12,
    *,
    dim: int | tuple[int, ...] | None = None,
) -> Tensor:
    """Divide by the p-norm along an axis, or by `eps` where that is larger.

    Parameters
    ----------
    input
        Any shape with that axis.
    p
        The order of the norm.
    axis, dim
        The axis, under NumPy's or PyTorch's name; 1 by default. Several axes count as one. A scalar has the axis 0.
    eps
        The smallest divisor: zeros stay zeros.
    """
    if axis is not None and dim is not None and axis != dim:
        raise TypeError(f"axis={axis} and dim={dim} name the same thing: give one of them")
    axis = axis if axis is not None else dim if dim is not None else 1
    if np.ndim(input) == 0 and axis in (0, -1, (0,), (-1,)):  # a scalar counts as a vector of one element
        axis = ()
    input = as_floating("normalize", "input", input)
    return divided_by_length(input, p, axis, eps)


@in_single
def _with_fixed_statistics(x: Any, name: str, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Return (x - mean) / sqrt(variance + eps) * weight + bias for each channel."""
    if mean is None or variance is None:
        raise ValueError(f"{name} needs running_mean and running_var unless it takes those of its input")
    shape = (-1, *[1] * (x.ndim - 2))
    mean, variance = (as_array(borrow(s)) for s in (mean, variance))
    scale = 1 / np.sqrt(variance + eps)
    if weight is not None:
        scale = weight * scale
    out = (x - mean.reshape(shape)) * scale.reshape(shape)
    return out if bias is None else out + bias.reshape(shape)


_NUMBERS = (int, float, np.float64, np.float32)


def _move(name: str, running: Any, towards: Array, momentum: Any) -> None:
    """Update running statistics, an array or a tensor, in place."""
    if evaluated_again():
        return
    if type(momentum) not in _NUMBERS and hasattr(momentum, "astype"):  # one over the number of batches
        momentum = momentum.astype(towards.dtype)
    try:
        with no_grad():
            running += momentum * (towards - running)
    except BatchError as error:
        raise BatchError(
            f"{name} moves running statistics, which all elements of the batch of vmap share, towards those of each "
            f"element: use track_running_stats=False or evaluation mode, or give each element running statistics of "
            f"its own, as nn.functional_call does with those of nn.stack_parameters"
        ) from error


def _last_axes(name: str, x: Any, normalized_shape: int | Sequence[int], **parameters: Any) -> tuple[int, ...]:
    """Return `normalized_shape` as a tuple; check that the last axes of x, and the parameters, have it."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int | np.integer) else tuple(normalized_shape)
    if not shape or x.shape[max(x.ndim - len(shape), 0) :] != shape:
        axes = ", ".join(map(str, shape))
        raise ShapeError(
            f"{name} over normalized_shape={shape} needs an input of shape (..., {axes}), not {x.shape}"
            if shape
            else f"{name} needs at least one axis to normalize over, but normalized_shape is ()"
        )
    _check(name, x, shape, parameters)
    return shape


def _channels(name: str, x: Any, **parameters: Any) -> int:
    """Return the length of axis 1 of x; check that each parameter has one element for each channel."""
    if x.ndim < 2:
        raise ShapeError(f"{name} needs an input of shape (n, channels, ...), not {x.shape}")
    _check(name, x, x.shape[1:2], parameters)
    return int(x.shape[1])


def _check(name: str, x: Any, shape: tuple[int, ...], parameters: dict[str, Any]) -> None:
    """Raise unless x holds real numbers, and each parameter that is not None has `shape`."""
    if x.dtype.kind != "f":
        raise not_real(name, "input", x)
    for parameter, value in parameters.items():
        if value is None:
            continue
        if not isinstance(value, Tensor | np.ndarray) and innermost(value) is None:
            raise TypeError(f"{name} needs {parameter} as an array or tensor, not {type(value).__name__}")
        if value.shape != shape:
            raise ShapeError(
                f"{name} of an input of shape {x.shape} needs a {parameter} of shape {shape}, not {value.shape}"
            )
