"""Batch normalization of evaluation, folded into the layer before it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import numpy as np

from autograd.extend import borrow, mark_written

from ..module import Module
from ..parameter import Parameter

Kind = TypeVar("Kind", bound=Module)
Array = np.ndarray[Any, Any]


def fuse_conv_bn_eval(conv: Kind, bn: Module, transpose: bool = False) -> Kind:
    """Return a convolution that does what a convolution and the batch normalization after it do in evaluation.

    It has the running statistics in its weights, and saves the passes over the output that the normalization takes.

    Parameters
    ----------
    conv
        The convolution, which stays as it is.
    bn
        The batch normalization.
    transpose
        Whether it is a transposed convolution.

    Returns
    -------
    Module
        A copy of `conv` with other weights, and with a bias.

    Raises
    ------
    ValueError
        If one of both is in training mode, or the normalization has no running statistics or another number of
        channels.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> conv, bn = nn.Conv2d(3, 8, 3).eval(), nn.BatchNorm2d(8).eval()
    >>> x = np.ones((1, 3, 5, 5), np.float32)
    >>> bool(np.allclose(nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x)), atol=1e-5))
    True
    """
    return _fused("fuse_conv_bn_eval", conv, bn, transpose)


def fuse_linear_bn_eval(linear: Kind, bn: Module) -> Kind:
    """Return a linear layer that does what it and the batch normalization after it do in evaluation.

    See `fuse_conv_bn_eval`.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> linear, bn = nn.Linear(3, 8).eval(), nn.BatchNorm1d(8).eval()
    >>> x = np.ones((2, 3), np.float32)
    >>> bool(np.allclose(nn.utils.fuse_linear_bn_eval(linear, bn)(x), bn(linear(x)), atol=1e-5))
    True
    """
    return _fused("fuse_linear_bn_eval", linear, bn, transpose=False)


def _fused(name: str, layer: Kind, bn: Module, transpose: bool) -> Kind:
    for module in (layer, bn):
        if not isinstance(module, Module):
            raise TypeError(f"{name}() takes modules, not {type(module).__name__}")
        if module.training:
            raise ValueError(f"{name}() is for evaluation: call eval() of the {type(module).__name__} first")
    if getattr(bn, "running_mean", None) is None:
        raise ValueError(f"{name}(): the {type(bn).__name__} has no running statistics, which would be in the weights")
    fused: Any = copy.deepcopy(layer)
    weight = borrow(fused.weight)
    groups = getattr(layer, "groups", 1) if transpose else 1
    outputs = weight.shape[1] * groups if transpose else weight.shape[0]
    mean, variance = (borrow(each) for each in (bn.running_mean, bn.running_var))
    if mean.shape != (outputs,):
        raise ValueError(
            f"{name}(): the {type(layer).__name__} has {outputs} outputs, but the {type(bn).__name__} has {len(mean)}"
        )
    scale = 1 / np.sqrt(variance + bn.eps)
    if bn.weight is not None:
        scale = scale * borrow(bn.weight)
    bias = -mean * scale if fused.bias is None else (borrow(fused.bias) - mean) * scale
    if bn.bias is not None:
        bias = bias + borrow(bn.bias)
    np.copyto(weight, _scaled(weight, scale, groups, transpose), casting="same_kind")
    mark_written(weight)
    fused.bias = Parameter(bias, layer.weight.requires_grad, weight.dtype)
    return fused  # type: ignore[no-any-return]  # a copy of the layer


def _scaled(weight: Array, scale: Array, groups: int, transpose: bool) -> Array:
    """Return a weight times a number for each output."""
    rest = (1,) * (weight.ndim - 2)
    if not transpose:
        return weight * scale.reshape(-1, 1, *rest)
    parts = weight.reshape(groups, -1, *weight.shape[1:]) * scale.reshape(groups, 1, -1, *rest)
    return parts.reshape(weight.shape)
