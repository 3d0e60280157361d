"""Smooth activations, such as `softplus` and `silu`: precise and free of overflow for elements of any size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor, elementwise
from autograd.extend import select

from .._arguments import TensorLike, example
from ._activation import bell, relu, sigmoid, softmax, which_axis
from ._kernels.operands import as_floating, as_real, floating, overwritten, real_floating

_FLAT = 1e4  # beyond this exp(-x) is 0; x is clipped to it, since infinity times 0 would be nan
# The constants that make mean 0 and variance 1 a fixed point of selu: Klambauer et al., equation 14.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def _softplus_forward(x: Any, beta: Any, threshold: Any) -> Any:
    with np.errstate(over="ignore"):  # the exponential of minus infinity is 0
        scaled = x * beta
    soft = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(scaled))) / beta
    return select(scaled > threshold, x, soft)


def _softplus_rule(g: Any, x: Any, beta: Any, threshold: Any) -> Any:
    with np.errstate(over="ignore"):
        scaled = x * beta
    return select(scaled > threshold, g, g * sigmoid(scaled))


@example("F.softsign(np.array([-1.0, 0.0, 3.0]))", "array([-0.5 ,  0.  ,  0.75])")
def _softsign_forward(x: Any) -> Any:
    """Return ``x / (1 + |x|)``."""
    x = real_floating("softsign", x)
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))


def _softsign_rule(g: Any, x: Any) -> Any:
    inverse = 1 / (1 + np.abs(x))
    return g * (inverse * inverse)


def _elu_forward(x: Any, alpha: Any, width: Any) -> Any:
    return select(x > 0, x, np.expm1(np.minimum(x, 0) / width) * alpha)


def _elu_rule(g: Any, x: Any, alpha: Any, width: Any) -> Any:
    below = select(x > 0, 0, x)
    return select(x > 0, g, g * np.exp(below / width) * (alpha / width))


def _silu_forward(x: Any) -> Any:
    x = np.maximum(real_floating("silu", x), -_FLAT)
    small = np.exp(-np.abs(x))
    return (np.maximum(x, 0) + np.minimum(x, 0) * small) / (1 + small)


def _mish_forward(x: Any) -> Any:
    x = real_floating("mish", x)
    return np.maximum(x, -_FLAT) * np.tanh(_softplus(x, 1, math.inf))


def _mish_rule(g: Any, x: Any) -> Any:
    soft = _softplus(x, 1, math.inf)
    return g * (np.tanh(soft) + np.clip(x, -_FLAT, _FLAT) * bell(soft * 2) * 4 * sigmoid(x))


@example("F.logsigmoid(np.array([-1000.0, 0.0])).round(4)", "array([-1.000e+03, -6.931e-01])")
def _logsigmoid_forward(x: Any) -> Any:
    """Return log(1 / (1 + exp(-x))), which is x, not minus infinity, for x far below 0."""
    x = real_floating("logsigmoid", x)
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


@example("F.tanhshrink(np.array([-2.0, 0.0])).round(4)", "array([-1.036,  0.   ])")
def _tanhshrink_forward(x: Any) -> Any:
    """Return x - tanh(x); near 0, where nothing is left of the difference, by the continued fraction of tanh."""
    x = floating(x)
    near = np.abs(x) < 1
    square, rest = np.square(np.where(near, x, 0)), np.zeros_like(x)
    for odd in range(19, 1, -2):  # tanh(x) = x / (1 + x**2 / (3 + x**2 / (5 + ...)))
        rest = square / (odd + rest)
    return np.where(near, x * (rest / (1 + rest)), x - np.tanh(x))


def _tanhshrink_rule(g: Any, x: Any) -> Any:
    t = np.tanh(x)
    return g * (t * t)


_softplus = elementwise(_softplus_forward, _softplus_rule, name="softplus")
_elu = elementwise(_elu_forward, _elu_rule, name="elu")
softsign = elementwise(_softsign_forward, _softsign_rule, name="softsign")
_silu = elementwise(_silu_forward, lambda g, x: g * (sigmoid(x) + np.clip(x, -_FLAT, _FLAT) * bell(x)), name="silu")
_mish = elementwise(_mish_forward, _mish_rule, name="mish")
logsigmoid = elementwise(_logsigmoid_forward, lambda g, x: g * sigmoid(-x), name="logsigmoid")
tanhshrink = elementwise(_tanhshrink_forward, _tanhshrink_rule, name="tanhshrink")


@example("F.silu(np.array([-1.0, 0.0, 1.0])).round(4)", "array([-0.2689,  0.    ,  0.7311])", like=relu)
def silu(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return the input times its sigmoid, also called swish; it is 0 at minus infinity.

    References
    ----------
    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018).
    """
    return overwritten(input, _silu(input), inplace)


@example("F.mish(np.array([-1.0, 0.0, 1.0])).round(4)", "array([-0.3034,  0.    ,  0.8651])", like=relu)
def mish(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return the input times tanh(softplus(x)); it is 0 at minus infinity.

    References
    ----------
    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020.
    """
    return overwritten(input, _mish(input), inplace)


@example("F.softplus(np.array([-1000.0, 0.0, 50.0])).round(4)", "array([ 0.    ,  0.6931, 50.    ])")
def softplus(input: TensorLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """Return log(1 + exp(beta * x)) / beta, a smooth `relu`.

    Parameters
    ----------
    input
        Any shape.
    beta
        How sharp the bend is; positive.
    threshold
        Where ``beta * x`` is above it, the result is x itself, as in PyTorch, with an error of at most
        ``exp(-threshold) / beta``. It is not needed here to avoid overflow: ``math.inf`` gives all digits.
    """
    if not beta > 0:
        raise ValueError(f"softplus needs a positive beta, not {beta}")
    return _softplus(as_real("softplus", "input", input), beta, threshold)


@example("F.elu(np.array([-1000.0, 2.0]))", "array([-1.,  2.])", like=relu)
def elu(input: TensorLike, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return positive elements unchanged, and alpha * (exp(x) - 1) for the others; the derivative at 0 is alpha.

    Parameters
    ----------
    alpha
        The limit at minus infinity is ``-alpha``.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)",
    ICLR 2016.
    """
    return overwritten(input, _elu(as_real("elu", "input", input), alpha, 1), inplace)


@example("F.selu(np.array([-1000.0, 2.0])).round(4)", "array([-1.7581,  2.1014])", like=relu)
def selu(input: TensorLike, inplace: bool = False) -> Tensor:
    """Return ``elu(x, alpha) * scale``, with the two constants that keep mean 0 and variance 1 from layer to layer.

    References
    ----------
    Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017.
    """
    return overwritten(input, _elu(as_real("selu", "input", input), SELU_ALPHA, 1) * SELU_SCALE, inplace)


@example("F.celu(np.array([-1000.0, 2.0]), alpha=3.0)", "array([-3.,  2.])", like=relu)
def celu(input: TensorLike, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Return positive elements unchanged, and alpha * (exp(x / alpha) - 1) for the others: no kink at 0.

    References
    ----------
    Barron, "Continuously Differentiable Exponential Linear Units", arXiv:1704.07483 (2017).
    """
    if not alpha > 0:
        raise ValueError(f"celu needs a positive alpha, not {alpha}")
    return overwritten(input, _elu(as_real("celu", "input", input), alpha, alpha), inplace)


@example("F.softmin(np.array([1000.0, 0.0]))", "array([0., 1.])")
def softmin(input: TensorLike, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """Return the `softmax` of ``-input``: probabilities that are larger for smaller elements.

    Parameters
    ----------
    input
        Any shape.
    axis, dim
        The axis, under NumPy's or PyTorch's name; the last by default.
    """
    return softmax(-as_floating("softmin", "input", input), axis, dim=dim)


@example("F.glu(np.array([3.0, 4.0, 0.0, 1000.0]))", "array([1.5, 4. ])")
def glu(input: TensorLike, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """Return the first half along an axis times the sigmoid of the second half.

    Parameters
    ----------
    input
        Any shape with an even number of elements along the axis.
    axis, dim
        The axis, under NumPy's or PyTorch's name; the last by default.

    Raises
    ------
    ShapeError
        If the axis cannot be halved.

    References
    ----------
    Dauphin et al., "Language Modeling with Gated Convolutional Networks", ICML 2017.
    """
    axis = which_axis(axis, dim)
    input = as_real("glu", "input", input)
    if not -input.ndim <= axis < input.ndim or input.shape[axis] % 2:
        raise ShapeError(f"glu needs an even number of elements along axis {axis} of an input of shape {input.shape}")
    axis %= input.ndim
    half, before = input.shape[axis] // 2, (slice(None),) * axis
    return input[(*before, slice(half))] * sigmoid(input[(*before, slice(half, None))])
