"""`jax.nn`: activations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import autograd.special
from nn import functional

from ..._arguments import TensorLike
from ._array import forwarded, names_of
from .numpy import asarray


def leaky_relu(x: TensorLike, negative_slope: TensorLike = 0.01) -> Any:
    """Return x, times a slope where it is negative."""
    return np.where(asarray(x) >= 0, asarray(x), negative_slope * asarray(x))


def squareplus(x: TensorLike, b: TensorLike = 4) -> Any:
    """Return (x + sqrt(x**2 + b)) / 2."""
    return (asarray(x) + np.sqrt(asarray(x) ** 2 + b)) / 2


def softplus(x: TensorLike) -> Any:
    """Return log(1 + exp(x))."""
    return np.logaddexp(asarray(x), 0.0)


def gelu(x: TensorLike, approximate: bool = True) -> Any:
    """Return x times the normal distribution function, by default its approximation by tanh."""
    return forwarded(functional, "gelu")(asarray(x), approximate="tanh" if approximate else "none")


def softmax(x: TensorLike, axis: int | None = -1, where: TensorLike | None = None) -> Any:
    """Return the exponentials divided by their sum, and 0 where `where` is False."""
    given = asarray(x) if where is None else np.where(where, asarray(x), -np.inf)
    return forwarded(autograd.special, "softmax")(given, axis)


def log_softmax(x: TensorLike, axis: int | None = -1) -> Any:
    """Return the logarithm of the softmax."""
    return forwarded(autograd.special, "log_softmax")(asarray(x), axis)


def standardize(x: TensorLike, axis: int | None = -1, epsilon: TensorLike = 1e-5) -> Any:
    """Return x with the mean 0 and the variance 1."""
    given = asarray(x)
    return (given - np.mean(given, axis, keepdims=True)) / np.sqrt(np.var(given, axis, keepdims=True) + epsilon)


def one_hot(x: TensorLike, num_classes: int, *, dtype: DTypeLike | None = float, axis: int = -1) -> Any:
    """Return 1 at the number of each class, and 0 elsewhere, also for numbers of no class."""
    found = np.expand_dims(asarray(x), -1) == np.arange(num_classes)
    return np.moveaxis(found.astype(dtype), -1, axis)


# What they are called in nn.functional.
_FUNCTIONAL = {name: name for name in ("celu", "elu", "glu", "mish", "relu", "relu6", "selu", "sigmoid", "silu")} | {
    "hard_sigmoid": "hardsigmoid", "hard_silu": "hardswish", "hard_swish": "hardswish", "hard_tanh": "hardtanh",
    "log_sigmoid": "logsigmoid", "soft_sign": "softsign", "swish": "silu", "tanh": "tanh",
}  # fmt: skip
_HERE = {
    "dot_product_attention": "nn.functional.scaled_dot_product_attention, with heads before the sequence",
    "initializers": "jax.random.normal(key, shape) * scale, or nn.init, of parameters",
}
_names = names_of(None, __name__, _HERE)


def __getattr__(name: str) -> Any:
    if name == "logsumexp":
        return forwarded(autograd.special, name)
    return forwarded(functional, _FUNCTIONAL[name]) if name in _FUNCTIONAL else _names(name)
