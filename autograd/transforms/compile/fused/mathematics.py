"""exp, log, tanh and their kin for loops that numba compiles, in float32 and float64, without a branch or a call.

numba leaves them to the C library, whose functions no loop can vectorize. Here each is arithmetic: the argument is
reduced to a short interval, where a polynomial is as good as the function, and the bits of the exponent do the rest.
Edges are those of NumPy: inf, nan, signed zeros, subnormal arguments and results, overflow to inf, and underflow to 0
by degrees. ``tests/fused`` holds their errors in units in the last place, beside NumPy's.

The polynomials were fitted with 50 digits, by weighted least squares at Chebyshev points, which is within a factor of
two of the best. Coefficients were rounded one by one from the lowest, each time fitting the others again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .bits import as_bits, as_float, inlined, multiply_add, polynomial, where

Function = Callable[[Any], Any]


class Precision(NamedTuple):
    """A floating-point format, the integer of its size, and the numbers and polynomials that it needs."""

    floating: Any
    integer: Any
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
    def bias(self) -> Any:
        """Return what is added to an exponent in the bits."""
        return self.integer(-np.finfo(self.floating).minexp + 1)

    @property
    def magic(self) -> Any:
        """Return a number that rounds what is added to it to an integer, which are the low bits of the sum."""
        return self.floating(1.5 * 2.0**self.digits)


SINGLE = Precision(
    np.float32, np.int32, 23, 0.693359375, -2.12194440e-4, 90.0, -104.0, -18.0, 10.0, 1e-20,
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
    np.float64, np.int64, 52, 0.6931471803691238, 1.9082149292705877e-10, 711.0, -746.0, -38.0, 20.0, 1e-40,
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


def _reduction(p: Precision) -> Any:
    """Return a function that splits x into n * log(2) + r; it returns n, as an integer and a float, and r."""
    integer, magic, bits = p.integer, p.magic, p.magic.view(p.integer)
    log2e, high, low = map(p.floating, (1 / np.log(2), -p.high, -p.low))

    @inlined
    def reduction(x: Any) -> Any:
        shifted = multiply_add(x, log2e, magic)
        n = shifted - magic
        return integer(as_bits(shifted) - bits), n, multiply_add(n, low, multiply_add(n, high, x))

    return reduction


def _exp(p: Precision, divided: int = 0) -> Function:
    """Return e**x, divided by 2**divided."""
    overflow, underflow, one = map(p.floating, (p.overflow, p.underflow, 1))
    integer, bias, digits, tail, reduction = p.integer, p.bias, p.integer(p.digits), p.exp_tail, _reduction(p)
    halving, less = p.integer(1), p.integer(divided)

    @inlined
    def exp(x: Any) -> Any:
        x = where(x > overflow, overflow, x)  # nan is not greater, and stays
        x = where(x < underflow, underflow, x)
        exponent, _, r = reduction(x)
        value = multiply_add(r * r, tail(r), r) + one
        # 2**n in two factors, both of them normal numbers: only the last product may be inf or subnormal
        half = integer(exponent >> halving)
        rest = integer(exponent - half - less)
        first, second = as_float(integer((half + bias) << digits)), as_float(integer((rest + bias) << digits))
        return value * first * second

    return exp


def _expm1(p: Precision) -> Function:
    overflow, vanishes, zero, half, two = map(p.floating, (p.overflow - 1, p.vanishes, 0, 0.5, 2))
    integer, bias, digits, tail, reduction = p.integer, p.bias, p.integer(p.digits), p.exp_tail, _reduction(p)
    less = p.integer(1)

    @inlined
    def expm1(x: Any) -> Any:
        y = where(x > overflow, overflow, x)
        y = where(y < vanishes, vanishes, y)
        exponent, n, r = reduction(y)
        near = multiply_add(r * r, tail(r), r)
        scale = as_float(integer((exponent + bias - less) << digits))  # half of 2**n, which is never inf
        far = multiply_add(scale, near, scale - half) * two
        return where(x == zero, x, where(n == zero, near, far))  # with the sign of a zero

    return expm1


def _cosh(p: Precision) -> Function:
    """Return cosh(x) = h + 1 / (4 * h), where h = e**|x| / 2, which overflows no earlier."""
    half_exp, quarter = _exp(p, 1), p.floating(0.25)

    @inlined
    def cosh(x: Any) -> Any:
        h = half_exp(abs(x))
        return h + quarter / h

    return cosh


def _tanh(p: Precision) -> Function:
    """Return tanh(x) = e / (e + 2), where e = exp(2 * |x|) - 1, with the sign of x."""
    saturates, two, expm1 = p.floating(p.saturates), p.floating(2), _expm1(p)

    @inlined
    def tanh(x: Any) -> Any:
        size = abs(x)
        e = expm1(two * where(size > saturates, saturates, size))
        return np.copysign(e / (e + two), x)

    return tanh


def _log_of_normal(p: Precision) -> Any:
    """Return log(x * 2**exponent) + lost for a positive normal x, which is 2**k * (1 + f) with small f."""
    one, two, half, high, low = map(p.floating, (1, 2, 0.5, p.high, p.low))
    integer, digits, tail = p.integer, p.integer(p.digits), p.log_tail
    root = p.integer(p.floating(0.5**0.5).view(p.integer))
    from_root = p.integer(one.view(p.integer) - root)
    fraction, bias = p.integer((1 << p.digits) - 1), p.bias
    magic, bits = p.magic, p.magic.view(p.integer)

    @inlined
    def parts(x: Any) -> Any:
        moved = integer(as_bits(x) + from_root)
        k = as_float(integer(integer(moved >> digits) - bias + bits)) - magic
        return k, as_float(integer(integer(moved & fraction) + root)) - one

    if p.digits == 23:  # the tail is (log(1 + f) - f + f**2 / 2) / f**3, in f

        @inlined
        def log_of_normal(x: Any, lost: Any, exponent: Any) -> Any:
            k, f = parts(x)
            k = k + exponent
            square = f * f
            rest = multiply_add(k, low, multiply_add(f * square, tail(f), lost))
            return multiply_add(k, high, f - multiply_add(half, square, -rest))

    else:  # the tail is (log((1 + s) / (1 - s)) - 2 * s) / s**3, in s**2, where s = f / (2 + f)

        @inlined
        def log_of_normal(x: Any, lost: Any, exponent: Any) -> Any:
            k, f = parts(x)
            k = k + exponent
            s = f / (two + f)
            square = half * f * f
            rest = multiply_add(k, low, multiply_add(s, multiply_add(s * s, tail(s * s), square), lost))
            return multiply_add(k, high, f - (square - rest))

    return log_of_normal


def _log(p: Precision) -> Function:
    tiny, zero, one, scale, exponent, inf, nan = map(
        p.floating, (np.finfo(p.floating).tiny, 0, 1, 2.0 ** (p.digits + 1), -p.digits - 1, np.inf, np.nan)
    )
    log_of_normal = _log_of_normal(p)

    @inlined
    def log(x: Any) -> Any:
        subnormal = x < tiny
        value = log_of_normal(x * where(subnormal, scale, one), zero, where(subnormal, exponent, zero))
        value = where(x < inf, value, x)  # inf and nan
        value = where(x == zero, -inf, value)
        return where(x < zero, nan, value)

    return log


def _log1p(p: Precision) -> Function:
    """Return log(1 + x): that of the rounded sum, and what rounding has lost, divided by the sum."""
    zero, one, two, inf, nan, unnoticed = map(p.floating, (0, 1, 2, np.inf, np.nan, p.unnoticed))
    log_of_normal = _log_of_normal(p)

    @inlined
    def log1p(x: Any) -> Any:
        total = one + x
        lost = where(total < two, x - (total - one), one - (total - x))
        value = log_of_normal(total, lost / total, zero)
        value = where(abs(x) < unnoticed, x, value)  # with the sign of a zero
        value = where(x < inf, value, x)
        value = where(x == -one, -inf, value)
        return where(x < -one, nan, value)

    return log1p


def _erf(p: Precision) -> Function:
    one, end = map(p.floating, (1, p.erf_end))
    near, far, exp = p.erf_near, p.erf_far, _exp(p)

    @inlined
    def erf(x: Any) -> Any:
        size = abs(x)
        inner = multiply_add(x, near(x * x), x)
        outer = one - exp(far(where(size > end, end, size) - one))
        return where(size < one, inner, np.copysign(outer, x))

    return erf


_MAKERS = {"exp": _exp, "cosh": _cosh, "expm1": _expm1, "tanh": _tanh, "log": _log, "log1p": _log1p, "erf": _erf}
# by name and by the dtype of the argument
FUNCTIONS: dict[tuple[str, type[np.floating[Any]]], Function] = {
    (name, p.floating): make(p) for name, make in _MAKERS.items() for p in (SINGLE, DOUBLE)
}
