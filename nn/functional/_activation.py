"""Activations: elementwise functions such as `relu` and `sigmoid`, and softmax along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from autograd import Tensor, elementwise, general
from autograd.extend import ARRAY_TYPES, accurate_sum, as_array, overwrite

from .._arguments import TensorLike, example
from ._kernels.operands import floating, in_single, not_real, real_floating


def _relu(x: Any) -> Any:
    x = as_array(x)
    # the same as maximum(x, 0), in a third of the time: NumPy has vector instructions for two bounds, not for one
    if x.dtype.kind == "f":
        return x.clip(0, math.inf)
    if x.dtype.kind == "c":
        raise not_real("relu", "input", x)
    return np.maximum(x, 0)


@example("F.sigmoid(np.array([-1000.0, -40.0, 0.0]))", "array([0.00000000e+00, 4.24835426e-18, 5.00000000e-01])")
def _sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), to full relative precision and without overflow for any x."""
    x = real_floating("sigmoid", x)
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def _bell(x: Any) -> Any:
    """Return the derivative of `sigmoid`, exp(-x) / (1 + exp(-x))**2, to full relative precision."""
    out = np.exp(-np.abs(x))
    return out / np.square(1 + out)


def _relu_rule(g: Any, out: Any) -> Any:
    """Pass the gradient on where the output is positive; the mask is converted once, then overwritten by the result."""
    mask = (out > 0).astype(g.dtype)
    return np.multiply(g, mask, mask) if type(g) in ARRAY_TYPES and type(mask) in ARRAY_TYPES else g * mask


rectify = elementwise(_relu, _relu_rule, name="relu")
# Their rules use x, not the output: for large x that rounds to 1, and 1 - out has no digits left.
bell = elementwise(_bell, lambda g, x, out: g * (np.tanh(x * 0.5) * -out), name="bell")
sigmoid = elementwise(_sigmoid, lambda g, x: g * bell(x), name="sigmoid")
tanh: Callable[[TensorLike], Tensor] = cast(Any, np.tanh)  # accepts tensors already


@example("F.relu(np.array([-1.0, 2.0]))", "array([0., 2.])")
def relu(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return the rectified linear unit, ``max(x, 0)``, of each element; the derivative at 0 is 0.

    Parameters
    ----------
    input
        Any shape.
    inplace
        Make the tensor `input` the result, too, for all that reads it later. An ndarray stays as it is.
    """
    return overwrite(input, rectify(input)) if inplace else rectify(input)


@example("F.softmax(np.array([1000.0, 1000.0, -1000.0]))", "array([0.5, 0.5, 0. ])")
def softmax(input: TensorLike, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """Return exp(input) divided by its sum along an axis: probabilities that sum to 1.

    Parameters
    ----------
    input
        Any shape; no infinities. Values of any size are safe: the largest along the axis is subtracted first.
    axis, dim
        The axis, under NumPy's or PyTorch's name; the last by default.
    """
    return _softmax(input, which_axis(axis, dim))


@example("F.log_softmax(np.array([0.0, -1000.0]))", "array([    0., -1000.])", like=softmax)
def log_softmax(input: TensorLike, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """Return the logarithm of `softmax`, finite even where a probability underflows to 0."""
    return _log_softmax(input, which_axis(axis, dim))


def which_axis(axis: int | None, dim: int | None) -> int:
    """Return the axis given under either name, else the last."""
    if axis is not None and dim is not None and axis != dim:
        raise TypeError(f"axis={axis} and dim={dim} name the same thing: give one of them")
    return axis if axis is not None else dim if dim is not None else -1


def _largest(x: Any, axis: int) -> Any:
    """Return the maximum along an axis, or x itself if it is empty, for which NumPy has no maximum."""
    return np.maximum.reduce(x, axis, keepdims=True) if np.size(x) else x


def _softmax_forward(x: Any, axis: int) -> Any:
    x = floating(x)
    e = np.exp(x - _largest(x, axis))
    e /= accurate_sum(e, axis, True)
    return e


def _log_softmax_forward(x: Any, axis: int) -> Any:
    x = floating(x)
    shifted = x - _largest(x, axis)
    total = accurate_sum(np.exp(shifted), axis, True)
    return shifted - np.log(total) if shifted.size else shifted


_softmax = in_single(
    general(_softmax_forward, lambda g, out, axis: out * (g - accurate_sum(g * out, axis, True)), name="softmax")
)
_log_softmax = in_single(
    general(
        _log_softmax_forward, lambda g, out, axis: g - np.exp(out) * accurate_sum(g, axis, True), name="log_softmax"
    )
)
