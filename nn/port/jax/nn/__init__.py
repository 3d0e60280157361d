"""`jax.nn`: activations."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd.special
from nn import functional

from .._array import forwarded, names_of
from ..numpy import asarray
from . import initializers

__all__ = ["initializers"]


def soft_sign(x: Any) -> Any:
    """Return x / (1 + abs(x))."""
    return asarray(x) / (1 + np.abs(asarray(x)))


def softplus(x: Any) -> Any:
    """Return log(1 + exp(x))."""
    return np.logaddexp(asarray(x), 0.0)


def log_sigmoid(x: Any) -> Any:
    """Return the logarithm of the sigmoid."""
    return -np.logaddexp(-asarray(x), 0.0)


def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """Return x, times a slope where it is negative."""
    return np.where(asarray(x) >= 0, x, negative_slope * asarray(x))


def hard_sigmoid(x: Any) -> Any:
    """Return relu6(x + 3) / 6."""
    return forwarded(functional, "relu6")(asarray(x) + 3.0) / 6


def hard_silu(x: Any) -> Any:
    """Return x times its hard sigmoid."""
    return asarray(x) * hard_sigmoid(x)


def hard_tanh(x: Any) -> Any:
    """Return x between -1 and 1."""
    return np.where(asarray(x) > 1, 1.0, np.where(asarray(x) < -1, -1.0, x))


def squareplus(x: Any, b: Any = 4) -> Any:
    """Return (x + sqrt(x**2 + b)) / 2."""
    return (asarray(x) + np.sqrt(asarray(x) ** 2 + b)) / 2


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return x times the normal distribution function, by default its approximation by tanh."""
    return forwarded(functional, "gelu")(asarray(x), approximate="tanh" if approximate else "none")


def glu(x: Any, axis: int = -1) -> Any:
    """Return half of x, times the sigmoid of the other half."""
    return forwarded(functional, "glu")(asarray(x), axis)


def softmax(x: Any, axis: Any = -1, where: Any = None) -> Any:
    """Return the exponentials divided by their sum; 0 where `where` is False."""
    given = asarray(x) if where is None else np.where(where, asarray(x), -np.inf)
    return forwarded(autograd.special, "softmax")(given, axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of the softmax."""
    return forwarded(autograd.special, "log_softmax")(asarray(x), axis)


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False) -> Any:
    """Return the logarithm of the sum of exponentials."""
    return forwarded(autograd.special, "logsumexp")(asarray(a), axis, b=b, keepdims=keepdims)


def standardize(x: Any, axis: Any = -1, epsilon: Any = 1e-5) -> Any:
    """Return x with the mean 0 and the variance 1."""
    x = asarray(x)
    return (x - np.mean(x, axis, keepdims=True)) / np.sqrt(np.var(x, axis, keepdims=True) + epsilon)


def one_hot(x: Any, num_classes: int, *, dtype: Any = float, axis: int = -1) -> Any:
    """Return 1 at the number of each class, and 0 elsewhere, also for numbers of no class."""
    found = np.expand_dims(asarray(x), -1) == np.arange(num_classes)
    return np.moveaxis(found.astype(dtype), -1, axis)


_SAME = ("relu", "relu6", "sigmoid", "silu", "swish", "mish", "elu", "celu", "selu", "tanh")
_names = names_of(
    None, __name__, {"dot_product_attention": "nn.functional.scaled_dot_product_attention, with other axes"}
)
hard_swish = hard_silu


def __getattr__(name: str) -> Any:
    if name == "tanh":
        return forwarded(np, name)
    return forwarded(functional, {"swish": "silu"}.get(name, name)) if name in _SAME else _names(name)
