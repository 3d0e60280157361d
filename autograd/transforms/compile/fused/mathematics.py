"""exp, log, tanh, sin and their kin for loops, in float32 and float64, without a branch or a call.

LLVM leaves them to the C library, whose functions no loop can vectorize. Here each is arithmetic: the argument is
reduced to a short interval, where a polynomial is as good as the function, and the bits of the exponent do the rest.
Of sin and cos, arguments of half a million and more, which are seldom, are left to the C library.
Edges are those of NumPy: inf, nan, signed zeros, subnormal arguments and results, overflow to inf, and underflow to 0
by degrees. ``tests/fused`` holds their errors in units in the last place, beside NumPy's.

The polynomials were fitted with 50 digits, by weighted least squares at Chebyshev points, which is within a factor of
two of the best. Coefficients were rounded one by one from the lowest, each time fitting the others again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .bits import (
    Number,
    chosen,
    copysign,
    extended,
    from_library,
    in_function,
    multiply_add,
    parts_of,
    polynomial,
    seldom,
    where,
)

Function = Callable[[Number], Number]


class Precision(NamedTuple):
    """A floating-point format, and the numbers and polynomials that it needs."""

    floating: Any
    digits: int  # bits of the fraction
    high: float  # log(2) in two parts, of which any exponent times the first is exact
    low: float
    overflow: float  # from here on exp and cosh are inf, and below the next exp is 0
    underflow: float
    vanishes: float  # below, exp(x) - 1 is -1
    saturates: float  # above, tanh is 1
    unnoticed: float  # below, log(1 + x) is x
    exp_tail: Function  # (exp(r) - 1 - r) / r**2 for |r| <= log(2) / 2
    log_tail: Function  # see `_log_of_normal`
    erf_near: Function  # erf(x) / x - 1, in x**2 for |x| <= 1
    erf_far: Function  # log(1 - erf(x)) in x - 1, for x between 1 and erf_end
    erf_end: float

    @property
    def bias(self) -> int:
        """Return what is added to an exponent in the bits."""
        return 1 - int(np.finfo(self.floating).minexp)

    @property
    def magic(self) -> float:
        """Return a number that rounds what is added to it to an integer, which are the low bits of the sum."""
        return 1.5 * 2.0**self.digits

    def bits(self, x: float) -> int:
        """Return the bits of a number."""
        return int(self.floating(x).view(f"i{self.floating().itemsize}"))


SINGLE = Precision(
    np.float32, 23, 0.693359375, -2.12194440e-4, 90.0, -104.0, -18.0, 10.0, 1e-20,
    polynomial(0.5, 0.166665152, 0.0416664518, 0.00836925954, 0.00139361306),
    polynomial(
        0.333333105, -0.250000149, 0.20002231, -0.166677311, 0.14217414, -0.124095127, 0.119065955, -0.116575316,
        0.0668423176,
    ),
    polynomial(0.128379166, -0.376126289, 0.112836182, -0.0268551242, 0.0051907259, -0.000803065428, 7.91990169e-05),
    polynomial(
        -1.84960556, -2.63896561, -0.843126357, -0.0414835066, 0.00988651346, -0.00185013958, 0.000210361468,
        -6.91811556e-06,
    ),
    4.0,
)  # fmt: skip
DOUBLE = Precision(
    np.float64, 52, 0.6931471803691238, 1.9082149292705877e-10, 711.0, -746.0, -38.0, 20.0, 1e-40,
    polynomial(
        0.5000000000000013, 0.16666666666666685, 0.04166666666651089, 0.008333333333315896, 0.001388888894816722,
        0.0001984126989889821, 2.4801488762952693e-05, 2.755723256717726e-06, 2.763170074270464e-07,
        2.511277957480539e-08,
    ),
    polynomial(
        0.6666666666666737, 0.39999999999397584, 0.2857142874594463, 0.22222198220156425, 0.18183582410471716,
        0.15313589219225066, 0.14800585800064084,
    ),
    polynomial(
        0.12837916709551256, -0.3761263890318347, 0.11283791670943219, -0.026866170643026575, 0.005223977605729029,
        -0.000854832591965114, 0.0001205529346521502, -1.4924712509522804e-05, 1.6447154868122808e-06,
        -1.6206608356867929e-07, 1.3712628814674872e-08, -7.783072047256754e-10,
    ),
    polynomial(
        -1.8496055099332482, -2.6389675142347904, -0.8431072563586063, -0.04156109804289497, 0.010033825383799166,
        -0.001977902618657484, 0.00023732266496094296, 2.627741051863451e-05, -2.7158262973798465e-05,
        9.607755628773553e-06, -2.058619048549794e-06, 1.4200175830739585e-07, 9.80453735355186e-08,
        -5.224989461273121e-08, 1.4977746320680482e-08, -2.8788019227907187e-09, 3.7046146327855096e-10,
        -2.9015722184823336e-11, 1.0473417212836464e-12,
    ),
    6.0,
)  # fmt: skip


def _reduced(p: Precision, x: Number) -> tuple[Number, Number, Number]:
    """Split x into n * log(2) + r; return n, as an integer and a float, and r."""
    shifted = multiply_add(x, 1 / np.log(2), p.magic)
    n = shifted - p.magic
    return shifted.as_bits() - p.bits(p.magic), n, multiply_add(n, -p.low, multiply_add(n, -p.high, x))


def _exp(p: Precision, x: Number, divided: int = 0) -> Number:
    """Return e**x, divided by 2**divided."""
    x = where(x > p.overflow, p.overflow, x)  # nan is not greater, and stays
    vanishes = x < p.underflow
    x = where(vanishes, 0, x)
    exponent, _, r = _reduced(p, x)
    value = multiply_add(r * r, p.exp_tail(r), r) + 1
    # 2**n in two factors, both of them normal numbers: only the last product may be inf or subnormal, for which a
    # processor takes a hundred times as long, so that what is 0 in the end, as where a mask is, is a product with 0
    half = exponent >> 1
    rest = exponent - half - divided
    last = where(vanishes, 0, ((rest + p.bias) << p.digits).as_float())
    return value * ((half + p.bias) << p.digits).as_float() * last


def _expm1(p: Precision, x: Number) -> Number:
    y = where(x > p.overflow - 1, p.overflow - 1, x)
    y = where(y < p.vanishes, p.vanishes, y)
    exponent, n, r = _reduced(p, y)
    near = multiply_add(r * r, p.exp_tail(r), r)
    scale = ((exponent + (p.bias - 1)) << p.digits).as_float()  # half of 2**n, which is never inf
    far = multiply_add(scale, near, scale - 0.5) * 2
    return where(x.equals(0), x, where(n.equals(0), near, far))  # with the sign of a zero


def _cosh(p: Precision, x: Number) -> Number:
    """Return cosh(x) = h + 1 / (4 * h), where h = e**|x| / 2, which overflows no earlier."""
    h = _exp(p, abs(x), 1)
    return h + 0.25 / h


def _tanh(p: Precision, x: Number) -> Number:
    """Return tanh(x) = e / (e + 2), where e = exp(2 * |x|) - 1, with the sign of x."""
    size = abs(x)
    e = _expm1(p, where(size > p.saturates, p.saturates, size) * 2)
    return copysign(e / (e + 2), x)


def _log_of_normal(p: Precision, x: Number, lost: Number | float, exponent: Number | float) -> Number:
    """Return log(x * 2**exponent) + lost for a positive normal x, which is 2**k * (1 + f) with small f."""
    root = p.bits(0.5**0.5)
    moved = x.as_bits() + (p.bits(1) - root)
    k = ((moved >> p.digits) + (p.bits(p.magic) - p.bias)).as_float() - p.magic
    f = ((moved & ((1 << p.digits) - 1)) + root).as_float() - 1
    k = k + exponent
    if p is SINGLE:  # the tail is (log(1 + f) - f + f**2 / 2) / f**3, in f
        square = f * f
        rest = multiply_add(k, p.low, multiply_add(f * square, p.log_tail(f), lost))
        return multiply_add(k, p.high, f - multiply_add(square, 0.5, -rest))
    s = f / (f + 2)  # the tail is (log((1 + s) / (1 - s)) - 2 * s) / s**3, in s**2
    square = f * 0.5 * f
    rest = multiply_add(k, p.low, multiply_add(s, multiply_add(s * s, p.log_tail(s * s), square), lost))
    return multiply_add(k, p.high, f - (square - rest))


def _log(p: Precision, x: Number) -> Number:
    subnormal = x < float(np.finfo(p.floating).tiny)
    scale, exponent = chosen(subnormal, x, 2.0 ** (p.digits + 1), 1), chosen(subnormal, x, -p.digits - 1, 0)
    value = _log_of_normal(p, x * scale, 0, exponent)
    value = where(x < np.inf, value, x)  # inf and nan
    value = where(x.equals(0), -np.inf, value)
    return where(x < 0, np.nan, value)


def _log1p(p: Precision, x: Number) -> Number:
    """Return log(1 + x): that of the rounded sum, and what rounding has lost, divided by the sum."""
    total = x + 1
    lost = where(total < 2, x - (total - 1), 1 - (total - x))
    value = _log_of_normal(p, total, lost / total, 0)
    value = where(abs(x) < p.unnoticed, x, value)  # with the sign of a zero
    value = where(x < np.inf, value, x)
    value = where(x.equals(-1), -np.inf, value)
    return where(x < -1, np.nan, value)


def _erf(p: Precision, x: Number) -> Number:
    size = abs(x)
    inner = multiply_add(x, p.erf_near(x * x), x)
    outer = 1 - _exp(p, p.erf_far(where(size > p.erf_end, p.erf_end, size) - 1))
    return where(size < 1, inner, copysign(outer, x))


FAR = 1e5  # from here on sin and cos are those of the C library: of fewer quarters, products with `_QUARTER` are exact
SMALL = 0.78  # up to here an argument has no quarter in it
# pi / 2 in three parts, of which the first two have 33 bits
_QUARTER = 1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21
# (sin(r) - r) / r**3 and (cos(r) - 1 + r**2 / 2) / r**4, in r**2 for |r| <= pi / 4
_SIN_TAIL = (
    -0.1666666666666663, 0.008333333333321917, -0.00019841269829456835, 2.7557313581703525e-06,
    -2.505074224258262e-08, 1.589593980958367e-10,
)  # fmt: skip
_COS_TAIL = (
    0.04166666666666659, -0.0013888888888872344, 2.48015872884652e-05, -2.755731407988205e-07,
    2.087568859925544e-09, -1.1357954616075664e-11,
)  # fmt: skip


def _in_pairs(coefficients: tuple[float, ...], z: Number) -> Number:
    """Compute a polynomial of six coefficients in fewer steps, one after the other, than Horner's rule takes."""
    pairs = zip(coefficients[::2], coefficients[1::2], strict=True)
    a, b, c = (multiply_add(z, second, first) for first, second in pairs)
    square = z * z
    return multiply_add(square, multiply_add(square, c, b), a)


def _of_small(x: Number, rest: Number | None = None) -> tuple[Number, Number]:
    """Return the sine and the cosine of x + rest for |x| <= pi / 4."""
    z = x * x
    half, cubed = z * 0.5, x * z
    top = 1 - half
    sine = multiply_add(cubed, _in_pairs(_SIN_TAIL, z), x if rest is None else rest * top)
    less, tail = (1 - top) - half, _in_pairs(_COS_TAIL, z)
    cosine = top + multiply_add(z * z, tail, less if rest is None else less - x * rest)
    return (sine if rest is None else x + sine), cosine


def _of_some_quarters(x: Number) -> tuple[Number, Number]:
    """Return the sine and the cosine of |x| < FAR, by those of what is left of x without quarters of a turn."""
    high, middle, low = _QUARTER
    shifted = multiply_add(x, 2 / np.pi, DOUBLE.magic)
    quarters, n = shifted.as_bits(), shifted - DOUBLE.magic
    above = multiply_add(n, -high, x)
    r = multiply_add(n, -middle, above)
    rest = multiply_add(n, -low, multiply_add(n, -middle, above - r))  # what rounding has lost
    sine, cosine = _of_small(r, rest)
    odd = (quarters << 63) < 0
    signs = (quarters & 2) << 62, ((quarters + 1) & 2) << 62
    pair = where(odd, cosine, sine), where(odd, sine, cosine)
    sine, cosine = ((y.as_bits() ^ sign).as_float() for y, sign in zip(pair, signs, strict=True))
    return sine, cosine


def _sines(x: Number) -> tuple[Number, Number]:
    """Return the sine and the cosine: most of what one takes is needed for the other, too."""
    if parts_of(x.value.type)[1] > 4:  # of many numbers it is seldom that all are small
        sine, cosine = _of_large(x)
    else:
        is_large = abs(x).compared(">", SMALL, unordered=True)
        sine, cosine = seldom(is_large, _of_small(x), lambda: in_function("large", 2, _of_large, x))
    return where(x.equals(0), x, sine), cosine  # with the sign of a zero


def _of_large(x: Number) -> tuple[Number, ...]:
    far = abs(x).compared(">", FAR, unordered=True)
    return seldom(far, _of_some_quarters(x), lambda: (from_library("sin", x), from_library("cos", x)))


def _one_of(function: Callable[[Number], tuple[Number, ...]], place: int, x: Number) -> Number:
    return function(x)[place]


_WRITERS: dict[str, Callable[..., Number]] = {
    "exp": _exp, "cosh": _cosh, "expm1": _expm1, "tanh": _tanh, "log": _log, "log1p": _log1p, "erf": _erf,
}  # fmt: skip
# by name and by the dtype of the argument
WRITTEN: dict[tuple[str, type[np.floating[Any]]], Function] = {
    (name, p.floating): partial(write, p) for name, write in _WRITERS.items() for p in (SINGLE, DOUBLE)
}
# by dtype: the sine and the cosine
SINES: dict[type[np.floating[Any]], Callable[[Number], tuple[Number, ...]]] = {
    np.float64: _sines, np.float32: partial(extended, function=_sines),
}  # fmt: skip
for _place, _name in enumerate(("sin", "cos")):
    for _floating, _both in SINES.items():
        WRITTEN[_name, _floating] = partial(_one_of, _both, _place)
