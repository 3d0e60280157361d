"""Operators of each element: arithmetic, functions, comparisons, activations."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import functional
from ...functional._gelu import normal_cdf
from .._program import Node, Value
from .common import Operator, is_floating


def of(function: Callable[..., Value]) -> Operator:
    """Return the operator of a function of arrays."""
    return lambda n, *inputs: function(*inputs)


def folded(function: Callable[[Any, Any], Any]) -> Operator:
    """Return the operator that combines any number of inputs, two at a time."""
    return lambda n, *inputs: functools.reduce(function, inputs)


def _broadcasting(function: Callable[[Any, Any], Any]) -> Operator:
    """Return an operator of two inputs; before opset 7, the second is aligned with an axis of the first."""

    def compute(n: Node, x: Any, y: Any) -> Any:
        if n.version < 7 and n["broadcast"] and n["axis"] is not None and y.ndim:
            y = y.reshape(y.shape + (1,) * (x.ndim - n["axis"] % x.ndim - y.ndim))
        return function(x, y)

    return compute


def _divide(x: Any, y: Any) -> Any:
    """Divide; a quotient of integers is rounded towards 0."""
    if is_floating(x):
        return x / y
    quotient = x // y
    return quotient + ((x % y != 0) & ((x < 0) != (y < 0))).astype(quotient.dtype)


def _clip(n: Node, x: Any, low: Any = None, high: Any = None) -> Any:
    if n.version < 11:
        low, high = n["min"], n["max"]
    if low is not None and high is not None and not isinstance(low, float):
        return np.minimum(np.maximum(x, low), high)  # which is `high` where they are in the wrong order
    return x if low is None and high is None else np.clip(x, low, high)


# Activations


def _prelu(n: Node, x: Any, slope: Any) -> Any:
    if n.version < 7 and slope.size > 1:
        slope = slope.reshape((-1,) + (1,) * (x.ndim - 2))
    return np.where(x < 0, x * slope, x)


def _shrink(n: Node, x: Any) -> Any:
    bias, limit = n["bias"], n["lambd"]
    return np.where(x < -limit, x + bias, np.where(x > limit, x - bias, x * 0)).astype(x.dtype)


# Operators with the name of a function of NumPy, but for capitals and "arc", or of `nn.functional`
_OF_NUMPY = (
    "Abs", "Ceil", "Cos", "Cosh", "Exp", "Floor", "IsNaN", "Log", "Sign", "Sin", "Sinh", "Sqrt", "Tan", "Tanh", "Where",
)  # fmt: skip
_INVERSE = ("Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh")
_ACTIVATIONS = ("Mish", "Relu", "Sigmoid", "Softsign")

ELEMENTWISE: dict[str, Operator] = {
    **{kind: of(getattr(np, kind.lower())) for kind in _OF_NUMPY},
    **{kind: of(getattr(np, f"arc{kind[1:]}")) for kind in _INVERSE},
    **{kind: of(getattr(functional, kind.lower())) for kind in _ACTIVATIONS},
    "Add": _broadcasting(np.add), "And": _broadcasting(np.logical_and),
    "BitShift": lambda n, x, y: np.left_shift(x, y) if n["direction"] == "LEFT" else np.right_shift(x, y),
    "BitwiseAnd": of(np.bitwise_and), "BitwiseNot": of(np.bitwise_not), "BitwiseOr": of(np.bitwise_or),
    "BitwiseXor": of(np.bitwise_xor),
    "Celu": lambda n, x: functional.celu(x, n["alpha"]), "Clip": _clip, "Div": _broadcasting(_divide),
    "Elu": lambda n, x: functional.elu(x, n["alpha"]),
    "Equal": _broadcasting(lambda x, y: x == y),
    "Erf": of(lambda x: 2 * normal_cdf(x * math.sqrt(2)) - 1),
    "Gelu": lambda n, x: functional.gelu(x, approximate=n["approximate"]),
    "Greater": _broadcasting(lambda x, y: x > y),
    "GreaterOrEqual": of(lambda x, y: x >= y),
    "HardSigmoid": lambda n, x: np.clip(x * n["alpha"] + n["beta"], 0, 1),
    "HardSwish": of(functional.hardswish),
    "Identity": of(lambda x: x),
    "IsInf": lambda n, x: np.isinf(x) & np.where(x > 0, n["detect_positive"] != 0, n["detect_negative"] != 0),
    "LeakyRelu": lambda n, x: functional.leaky_relu(x, n["alpha"]),
    "Less": _broadcasting(lambda x, y: x < y),
    "LessOrEqual": of(lambda x, y: x <= y),
    "Max": folded(np.maximum),
    "Mean": lambda n, *inputs: functools.reduce(np.add, inputs) / len(inputs),
    "Min": folded(np.minimum),
    "Mod": lambda n, x, y: np.fmod(x, y) if n["fmod"] else np.mod(x, y),
    "Mul": _broadcasting(np.multiply), "Neg": of(np.negative), "Not": of(np.logical_not),
    "Or": _broadcasting(np.logical_or), "PRelu": _prelu,
    "Pow": _broadcasting(lambda x, y: np.power(x, y).astype(x.dtype)),
    "Reciprocal": of(lambda x: 1 / x),
    "Round": of(np.rint),
    "Selu": lambda n, x: n["gamma"] * functional.elu(x, n["alpha"]),
    "Shrink": _shrink,
    "Softplus": of(lambda x: np.logaddexp(x, 0)),
    "Sub": _broadcasting(np.subtract), "Sum": folded(np.add),
    "SwiGLU": lambda n, gate, value: gate * functional.sigmoid(n["alpha"] * gate) * value,
    "Swish": lambda n, x: x * functional.sigmoid(x * n["alpha"]),
    "ThresholdedRelu": lambda n, x: np.where(x > n["alpha"], x, 0),
    "Xor": _broadcasting(np.logical_xor),
}  # fmt: skip
