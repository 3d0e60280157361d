"""Elementwise functions of Python floats: their values, their derivatives, and errors that name the domain.

The slopes are the rules of `calculus` at ``g = 1.0``; no derivative is written here, except that of relu.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..calculus import PARTS, RULES, logistic
from ..errors import DomainError, is_of_values
from ..primitives.primitive import Function, Primitive

Pool = tuple[Any, ...]


class DivisionByZeroError(DomainError, ZeroDivisionError):
    """A division by zero, including one within a power."""


class OverflowDomainError(DomainError, OverflowError):
    """A result beyond the largest float."""


def relu(x: float) -> float:
    """Return x where it is positive, else 0."""
    return 0.0 if x <= 0 else x


# By function: those of `calculus`, and the one above.
PRIMITIVES: dict[Function, Primitive] = {
    **{function: Primitive("elementwise", function, rules) for function, rules in (PARTS | RULES).items()},
    relu: Primitive("elementwise", relu, (lambda g, out: g * (out > 0),)),
    logistic: Primitive("elementwise", logistic, PARTS[logistic], name="sigmoid"),
}

# Functions that are ten times faster on floats than NumPy's, and raise where NumPy gives nan or inf.
_FORWARDS: dict[Function, Callable[..., float]] = {
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.power: math.pow, np.float_power: math.pow, np.remainder: operator.mod, np.fmod: math.fmod,
    np.floor_divide: operator.floordiv, np.negative: operator.neg, np.positive: operator.pos, np.absolute: math.fabs,
    np.fabs: math.fabs, np.copysign: math.copysign,
    np.reciprocal: lambda x: 1.0 / x,
    np.square: lambda x: x * x,
    np.sqrt: math.sqrt, np.cbrt: math.cbrt, np.hypot: math.hypot, np.exp: math.exp, np.exp2: math.exp2,
    np.expm1: math.expm1, np.log: math.log, np.log2: math.log2, np.log10: math.log10, np.log1p: math.log1p,
    np.sin: math.sin, np.cos: math.cos, np.tan: math.tan, np.arcsin: math.asin, np.arccos: math.acos,
    np.arctan: math.atan, np.arctan2: math.atan2, np.degrees: math.degrees, np.rad2deg: math.degrees,
    np.radians: math.radians, np.deg2rad: math.radians, np.sinh: math.sinh, np.cosh: math.cosh, np.tanh: math.tanh,
    np.arcsinh: math.asinh, np.arccosh: math.acosh, np.arctanh: math.atanh, relu: relu,
    **dict(zip(PARTS, PARTS, strict=True)),  # these take floats as they are
}  # fmt: skip

_DOMAINS = {
    "power": "x > 0, or a whole y", "float_power": "x > 0, or a whole y", "fmod": "a finite x and y != 0",
    "sqrt": "x >= 0", "log": "x > 0", "log2": "x > 0", "log10": "x > 0", "log1p": "x > -1", "sin": "a finite x",
    "cos": "a finite x", "tan": "a finite x", "arcsin": "-1 <= x <= 1", "arccos": "-1 <= x <= 1", "arccosh": "x >= 1",
    "arctanh": "-1 < x < 1",
}  # fmt: skip


def forward_of(op: Primitive) -> Callable[..., float]:
    """Return a function that computes `op` on floats; outside its domain it raises ArithmeticError or ValueError."""
    return _FORWARDS.get(op.function) or _by_numpy(op.forward)


def _by_numpy(function: Function) -> Callable[..., float]:
    def forward(*values: float) -> float:
        with np.errstate(all="ignore"):
            out = float(function(*values))
        if math.isfinite(out) or not all(map(math.isfinite, values)):
            return out
        raise OverflowError if math.isinf(out) else ValueError

    return forward


def slope_of(op: Primitive, index: int) -> Callable[[Pool], float]:
    """Return a function that computes the derivative by one input from a pool: values, result, and empty shapes."""
    rule, get = op.rules[index], op.getter(index)
    if op.at_call[index]:
        rule = functools.partial(rule, **dict.fromkeys(op.at_call[index]))

    def slope_by_numpy(pool: Pool) -> float:
        kept = [np.float64(value) if type(value) is float else value for value in get(pool)]
        with np.errstate(all="ignore"):  # an infinite slope matters only if the gradient is not 0
            return float(rule(np.float64(1.0), *kept))

    def slope(pool: Pool) -> float:
        try:
            return rule(1.0, *get(pool))  # type: ignore[no-any-return]  # arithmetic on floats gives a float
        except ArithmeticError:
            return slope_by_numpy(pool)

    return slope if is_arithmetic(op, index) else slope_by_numpy


# Rules that handle floats, besides those that only do arithmetic with them.
_OF_FLOATS = (RULES[np.power][0], *RULES[np.tanh], *PARTS[logistic])


def is_arithmetic(op: Primitive, index: int) -> bool:
    """Tell whether a rule only adds, multiplies and divides floats, so that it needs no NumPy."""
    rule = op.rules[index]
    return op.trusted and (rule in _OF_FLOATS or not rule.__code__.co_names)


def explain(name: str, error: Exception, *values: float) -> DomainError:
    """Return the error to raise instead of `error`, which the function `name` raised for `values`."""
    if not is_of_values(error):
        raise error
    call = f"{name}({', '.join(map(repr, values))})"
    if isinstance(error, OverflowError):
        return OverflowDomainError(f"{call} is beyond the largest float, 1.8e308")
    if isinstance(error, ZeroDivisionError) or (name.endswith("power") and values[0] == 0):
        return DivisionByZeroError(f"{call} divides by zero")
    domain = f"its domain is {_DOMAINS[name]}" if name in _DOMAINS else str(error) or "there is no such real number"
    return DomainError(f"{call} is undefined: {domain}")
