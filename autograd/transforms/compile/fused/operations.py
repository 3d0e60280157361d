"""What loops compute for an element: NumPy's functions, and the instructions for each.

A function that is not here stays the call that it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[..., Any]

# of floats, to floats of the same dtype
ARITHMETIC: dict[np.ufunc, str] = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.true_divide: "divide",
    np.negative: "negative",
    np.positive: "copy",
    np.absolute: "absolute",
    np.fabs: "absolute",
    np.square: "square",
    np.reciprocal: "reciprocal",
    np.sqrt: "sqrt",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.copysign: "copysign",
    np.exp: "exp",
    np.expm1: "expm1",
    np.log: "log",
    np.log1p: "log1p",
    np.tanh: "tanh",
    np.cosh: "cosh",
}
# of floats, to bools
COMPARISONS: dict[np.ufunc, str] = {
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "==",
    np.not_equal: "!=",
    np.isnan: "isnan",
    np.isfinite: "isfinite",
}
# of bools, to bools
LOGIC: dict[np.ufunc, str] = {
    np.logical_and: "and",
    np.bitwise_and: "and",
    np.logical_or: "or",
    np.bitwise_or: "or",
    np.logical_xor: "xor",
    np.bitwise_xor: "xor",
    np.logical_not: "not",
    np.invert: "not",
}
UFUNCS: dict[np.ufunc, str] = {**ARITHMETIC, **COMPARISONS, **LOGIC}


def name_of(function: Function) -> str:
    """Return the name of a function in messages."""
    return str(getattr(function, "__qualname__", None) or getattr(function, "__name__", function))
