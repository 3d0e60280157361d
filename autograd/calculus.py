"""Derivatives of the elementwise functions, defined once for floats, arrays and tensors.

Each entry is a NumPy function and a rule for each input, where ``g`` is the gradient of the output. Rules that run
often avoid Python numbers: NumPy takes twice as long for ``1 - out * out`` as for ``out * out``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .arrays.door import ARRAY_TYPES
from .later import load

__all__ = ["ARRAY_TYPES", "PARTS", "RULES", "apply_part", "logistic", "recorded_parts", "sech_squared", "zero"]

LN2, LN10 = math.log(2), math.log(10)


def _shared(g: Any, first: Any, second: Any) -> Any:
    """Return `g` where only the first condition holds, half of it where both or neither hold: a tie."""
    half = getattr(g, "dtype", _DOUBLE).type(0.5)
    return g * np.where(np.equal(first, second), half, first)


def _where_chosen(g: Any, x: Any, y: Any, beats: Callable[[Any, Any], Any]) -> Any:
    """Return `g` where `x` beats `y` or is nan, which is then the result; half of it on ties."""
    return _shared(g, beats(x, y) | np.isnan(x), beats(y, x) | np.isnan(y))


def _where_number(g: Any, x: Any, y: Any, beats: Callable[[Any, Any], Any]) -> Any:
    """Return `g` where `x` beats `y` or `y` is nan, which is skipped; half of it on ties."""
    return _shared(g, beats(x, y) | np.isnan(y), beats(y, x) | np.isnan(x))


def _as_numbers(x: Any, g: Any) -> Any:
    """Cast bools to the dtype of `g`: arithmetic would turn them into integers, which widen it."""
    return x.astype(g.dtype) if getattr(x, "dtype", None) == np.bool_ else x


@cache
def _reciprocal_of_largest(dtype: Any) -> float:
    return float(1 / np.finfo(dtype).max)


@cache
def _tiny(dtype: Any) -> Any:
    """Return the least number of a dtype that has all its digits."""
    return np.finfo(dtype).tiny


def _power_of_base(g: Any, x: Any, y: Any) -> Any:
    """Return g y x**(y - 1), which is 0 for y = 0 even where x is 0, or so small that 1 / x overflows."""
    if isinstance(y, int | float):
        return g * (x + x) if y == 2 else g * (y * x ** (y - 1)) if y else g * 0
    safe = np.where((np.absolute(x) <= _reciprocal_of_largest(getattr(g, "dtype", _DOUBLE))) & np.equal(y, 0), 1, x)
    y = _as_numbers(y, g)
    return g * (y * safe ** (y - 1))


def _power_of_exponent(g: Any, out: Any, x: Any) -> Any:
    """Return g x**y log(x), which is 0 where x is 0: the limit for y > 0, and the convention for y = 0."""
    if isinstance(x, int | float):  # which must not become a float64 array
        return g * (out * math.log(x)) if x > 0 else g * (math.nan if x else 0)
    if type(x) is complex:
        return g * (out * complex(np.log(x))) if x else g * 0
    x = _as_numbers(x, g)
    safe = np.where(np.equal(x, 0), 1, x)
    return g * (out * np.log(safe))


def zero(g: Any) -> Any:
    """Return the derivative of a step function: 0, even on a step and where `g` is not finite."""
    return np.zeros_like(g)


# Functions that NumPy lacks and derivatives need. Each is accurate even where the formula in terms of NumPy's functions
# would subtract nearly equal numbers, and so is its derivative.


def logistic(x: Any) -> Any:
    """Return 1 / (1 + exp(-x)), accurate to the last digits and without overflow."""
    if type(x) is float:
        small = math.exp(-abs(x))
        return (small if x < 0 else 1.0) / (1 + small)
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def sech_squared(x: Any) -> Any:
    """Return 1 / cosh(x)**2 without overflow: the derivative of tanh."""
    if type(x) is float:
        small = math.exp(-2 * abs(x))
        return 4 * small / ((1 + small) * (1 + small))
    return _times_sech_squared(1, x)


def _times_sech_squared(g: Any, x: Any) -> Any:
    with np.errstate(under="ignore"):
        out = np.exp(np.abs(x) * -2)
    below = 1 + out
    if not type(g) is type(out) is np.ndarray or g.dtype != out.dtype or g.shape != out.shape:
        return out * g / (below * below) * 4
    below *= below  # the same, in memory that is in the caches
    out *= g
    out /= below
    out *= 4
    return out


def one_less_square(x: Any) -> Any:
    """Return 1 - x**2 as a product of factors that are exact near 1 and -1."""
    return (1 - x) * (1 + x)


def cosine(x: Any, y: Any) -> Any:
    """Return x / sqrt(x**2 + y**2), and 0 where both are 0: the derivative of hypot."""
    return _unit(x, np.hypot(x, y))


def apply_part(function: Callable[..., Any], *inputs: Any) -> Any:
    """Apply one of `PARTS`; to a tensor or a value it is recorded."""
    if type(inputs[0]) is float:
        return function(*inputs)
    if not recorded_parts:
        load("further_elementwise")
    return recorded_parts[function](*inputs)


PARTS: dict[Callable[..., Any], tuple[Callable[..., Any], ...]] = {
    logistic: (lambda g, x: g * (apply_part(sech_squared, x * 0.5) * 0.25),),
    sech_squared: (lambda g, out, x: g * (np.tanh(x) * out * -2),),
    one_less_square: (lambda g, x: g * (x * -2),),
    # y**2 / length**3 and -x y / length**3, without the differences that the derivatives of the quotient would be
    cosine: (
        lambda g, x, y: g * _unit(np.square(apply_part(cosine, y, x)), np.hypot(x, y)),
        lambda g, x, y, out: -g * _unit(apply_part(cosine, y, x) * out, np.hypot(x, y)),
    ),
}

# The recorded operation for each of `PARTS`: filled where they are declared.
recorded_parts: dict[Callable[..., Any], Callable[..., Any]] = {}

# The largest size at which NumPy's cosh is faster; not every processor has vector instructions for it.
_FEW = 1024
_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
_cosh, _square, _divide = np.cosh, np.square, np.divide


def _tanh_rule(g: Any, x: Any) -> Any:
    """Return g / cosh(x)**2: for large x the output rounds to 1, and 1 - out * out loses all its digits."""
    if type(x) in ARRAY_TYPES and ((dtype := x.dtype) is _SINGLE or dtype is _DOUBLE):
        # for one element NumPy may return a scalar, which cannot be written to; a batch of gradients has more elements
        if 1 < x.size <= _FEW and type(g) in ARRAY_TYPES:
            c = _cosh(x)
            return _divide(g, _square(c, c), c)
        return _times_sech_squared(g, x)
    if type(x) is float:
        cosh = math.cosh(x)
        return g / cosh / cosh
    if _is_complex(x):
        small = np.exp(x * np.copysign(2, -np.real(x)))
        return g * (4 * small / np.square(1 + small))
    if hasattr(x, "level") and (x.dtype == _SINGLE or x.dtype == _DOUBLE):
        return g * _sech_squared(x)
    return g * apply_part(sech_squared, x)


def _sech_squared(x: Any) -> Any:
    """Return 1 / cosh(x)**2 for a batch of vmap, from the array of all elements."""
    return type(x)(_sech_squared(x.value), x.level) if hasattr(x, "level") else sech_squared(x)


RULES: dict[Callable[..., Any], tuple[Callable[..., Any], ...]] = {
    # arithmetic
    np.add: (lambda g: g, lambda g: g),
    np.subtract: (lambda g: g, lambda g: -g),
    np.multiply: (lambda g, y: g * y, lambda g, x: g * x),
    np.divide: (lambda g, y: g / y, lambda g, out, y: g * out / -y),
    np.power: (_power_of_base, _power_of_exponent),
    np.float_power: (_power_of_base, _power_of_exponent),
    np.remainder: (lambda g: g, lambda g, x, y: -g * np.floor_divide(x, y)),
    np.fmod: (lambda g: g, lambda g, x, y: -g * np.trunc(np.divide(x, y))),
    np.negative: (lambda g: -g,),
    np.positive: (lambda g: g,),
    np.absolute: (lambda g, x: g * _direction(x),),
    np.fabs: (lambda g, x: g * np.sign(x),),
    np.copysign: (lambda g, out, x: g * (np.sign(out) * np.sign(x)), zero),
    np.reciprocal: (lambda g, out: -g * out * out,),
    np.square: (lambda g, x: g * (x + x),),
    np.sqrt: (lambda g, out: g / (out + out),),
    np.cbrt: (lambda g, out: g / (3 * out * out),),
    np.hypot: (lambda g, out, x, y: g * _cosine(x, y, out), lambda g, out, x, y: g * _cosine(y, x, out)),
    # exponentials and logarithms
    np.exp: (lambda g, out: g * out,),
    np.exp2: (lambda g, out: g * out * LN2,),
    np.expm1: (lambda g, x: g * np.exp(x),),
    np.log: (lambda g, x: g / x,),
    np.log2: (lambda g, x: g / (x * LN2),),
    np.log10: (lambda g, x: g / (x * LN10),),
    np.log1p: (lambda g, x: g / (x + 1),),
    np.logaddexp: (lambda g, x, y: g * _share(x, y), lambda g, x, y: g * _share(y, x)),
    np.logaddexp2: (lambda g, x, y: g * _share(x, y, LN2), lambda g, x, y: g * _share(y, x, LN2)),
    # circular functions
    np.sin: (lambda g, x: g * np.cos(x),),
    np.cos: (lambda g, x: -g * np.sin(x),),
    np.tan: (lambda g, out: g + g * out * out,),
    # roots of factors, not of products, so that complex functions stay on their branches
    np.arcsin: (lambda g, x: g / _root_of_one_less_square(x),),
    np.arccos: (lambda g, x: -g / _root_of_one_less_square(x),),
    np.arctan: (lambda g, x: g / (1 + x * x),),
    np.arctan2: (lambda g, x, y: g * _turn(y, x, y), lambda g, x, y: -g * _turn(x, x, y)),
    np.degrees: (lambda g: g * (180 / math.pi),),
    np.rad2deg: (lambda g: g * (180 / math.pi),),
    np.radians: (lambda g: g * (math.pi / 180),),
    np.deg2rad: (lambda g: g * (math.pi / 180),),
    # hyperbolic functions
    np.sinh: (lambda g, x: g * np.cosh(x),),
    np.cosh: (lambda g, x: g * np.sinh(x),),
    np.tanh: (_tanh_rule,),
    np.arcsinh: (lambda g, x: g / _root_of_one_and_square(x),),
    np.arccosh: (lambda g, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)),),
    np.arctanh: (lambda g, x: g / apply_part(one_less_square, x),),
    # steps
    np.floor: (zero,),
    np.ceil: (zero,),
    np.trunc: (zero,),
    np.rint: (zero,),
    np.sign: (zero,),
    np.spacing: (zero,),
    np.floor_divide: (zero, zero),
    np.heaviside: (zero, lambda g, x: np.where(np.equal(x, 0), g, 0)),
    np.nextafter: (lambda g: g, zero),
    # choices: ties share evenly
    np.maximum: (
        lambda g, x, y: _where_chosen(g, x, y, np.greater),
        lambda g, x, y: _where_chosen(g, y, x, np.greater),
    ),
    np.minimum: (lambda g, x, y: _where_chosen(g, x, y, np.less), lambda g, x, y: _where_chosen(g, y, x, np.less)),
    np.fmax: (lambda g, x, y: _where_number(g, x, y, np.greater), lambda g, x, y: _where_number(g, y, x, np.greater)),
    np.fmin: (lambda g, x, y: _where_number(g, x, y, np.less), lambda g, x, y: _where_number(g, y, x, np.less)),
}


def _is_complex(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    return dtype is not None and dtype.kind == "c"


def _direction(x: Any) -> Any:
    """Return the derivative of |x|: the sign of real x, conj(x) / |x| for complex x, and 0 at 0."""
    if not _is_complex(x):
        return np.sign(x)
    length = np.absolute(x)
    # 0 for a subnormal length too, whose reciprocal, in a complex quotient, overflows
    return np.conjugate(x) / np.where(np.less(length, _tiny(length.dtype)), np.inf, length)


def _root_of_one_less_square(x: Any) -> Any:
    """Return sqrt(1 - x**2), for complex numbers on the branch of arcsin.

    On its cuts the sign of a zero imaginary part tells the sides apart; only the differences x - 1 and x + 1 keep it.
    """
    return np.sqrt(-(x - 1)) * np.sqrt(x - -1) if _is_complex(x) else np.sqrt(apply_part(one_less_square, x))


def _root_of_one_and_square(x: Any) -> Any:
    """Return sqrt(1 + x**2): without overflow for real numbers, on the branch of arcsinh for complex ones."""
    return np.sqrt(1 - 1j * x) * np.sqrt(1 + 1j * x) if _is_complex(x) else np.hypot(1, x)


def _unit(x: Any, length: Any) -> Any:
    """Return x / length, and 0 where the length is 0: the subgradient of least norm."""
    return x / np.where(np.equal(length, 0), 1, length)


def _cosine(x: Any, y: Any, length: Any) -> Any:
    """Return `cosine`: of arrays by the length that is known, so that only what is recorded computes it anew."""
    return _unit(x, length) if type(length) in ARRAY_TYPES else apply_part(cosine, x, y)


def _turn(side: Any, x: Any, y: Any) -> Any:
    """Return side / (x**2 + y**2) without overflow, and 0 at the origin, where there is no angle."""
    length = np.hypot(x, y)
    return _unit(_unit(side, length), length)


def _share(x: Any, y: Any, base: float = 1.0) -> Any:
    """Return b**x / (b**x + b**y) for the b whose logarithm is `base`; 0 where x is -inf, a half where both are inf."""
    difference = np.where(np.isinf(x) & np.equal(x, y), 0, x - y)
    return np.where(np.equal(x, -np.inf), 0, apply_part(logistic, difference * base))
