"""The error functions and the normal distribution.

In the tails, where the plain formulas subtract nearly equal numbers, the derivatives use a continued fraction and a
confluent hypergeometric function, which do not.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...primitives.declare import elementwise
from .common import exp_of_square, plain_exp_of_square, split

ROOT_PI, ROOT_2PI, ROOT_HALF = math.sqrt(math.pi), math.sqrt(2 * math.pi), math.sqrt(0.5)
LARGE, TERMS = 1.5, 110  # from where on the continued fraction of erfcx is better, and after how many terms it is exact
FAR = 8.0  # at this distance from 0 it is, too, for complex numbers near the imaginary axis


def _erfcx_slope(x: Any, k: int) -> Any:
    """Return the `k`-th derivative of erfcx, by recurrence from the value: DLMF 7.18.8."""
    value = special.erfcx(x)
    far = np.greater_equal(x.real, LARGE)
    if x.dtype.kind == "c":
        size = np.abs(x)
        far |= (size >= FAR) & np.greater_equal(x.real, 0) | (size >= 5) & np.greater_equal(x.real, 0.5)
    near = np.where(far, 0, x).astype(value.dtype)
    before, slope = value, 2 * near * value - 2 / ROOT_PI
    for n in range(1, k):
        before, slope = slope, 2 * (near * slope + n * before)
    return np.where(far, _far_slope(np.where(far, x, LARGE).astype(value.dtype), k, value), slope).astype(value.dtype)


def _far_slope(x: Any, k: int, value: Any) -> Any:
    """Return the `k`-th derivative of erfcx from its value, upwards by ratios of neighbours.

    They solve the recurrence that cancels when it is used in the other direction (Gautschi 1967, Computational aspects
    of three-term recurrence relations).
    """
    ratio = np.zeros_like(x)
    for n in range(TERMS, 0, -1):
        ratio = 0.5 / (x + (n + 1) * ratio)
        if n <= k:
            value = value * (ratio * (-2 * n))
    return value


erfcx_slope: Any = elementwise(_erfcx_slope, lambda g, x, k: g * erfcx_slope(x, k + 1), name="erfcx_slope")


def _dawsn_rule(g: Any, x: Any, out: Any) -> Any:
    """Return g (1 - 2 x dawsn(x)) = g M(1, 1/2, -x²), far out from erfcx(-i x): DLMF 7.5.1 and 7.11.5."""
    if x.dtype.kind == "c":
        return g * (1 - 2 * x * out)
    far = np.greater_equal(np.abs(x), FAR) & np.isfinite(x)
    near, beyond = np.where(far, 0, x), np.where(far, x, FAR)
    return g * np.where(
        far, -np.real(erfcx_slope(beyond * -1j, 1)) * (ROOT_PI / 2), special.hyp1f1(1, 0.5, -near * near)
    )


TAIL = -1.0  # below, the log of the distribution function has lost digits that the density has


def _hazard(x: Any, log_cdf: Any) -> Any:
    left = np.less(x, TAIL)
    head, rest = split(np.maximum(x, TAIL))
    head *= -0.5
    rest *= -0.5
    found = np.exp(rest - np.where(left, 0, log_cdf))  # which may broadcast with x
    found *= np.exp(head)
    found *= 1 / ROOT_2PI
    if type(left) is np.ndarray and left.shape == found.shape:
        found[left] = (2 / ROOT_2PI) / special.erfcx(x[left] * -ROOT_HALF)
        return found
    scaled = special.erfcx(np.where(left, x * -ROOT_HALF, 64))  # which is fast for large numbers
    return np.where(left, (2 / ROOT_2PI) / scaled, found)


def _hazard_rule(g: Any, x: Any, out: Any) -> Any:
    left = np.less(x, TAIL)
    of_left = out * erfcx_slope(np.where(left, x * -ROOT_HALF, 0), 1) * (ROOT_PI / 2)
    return g * (out * np.where(left, of_left, -np.where(left, 0, x)))


# the normal density divided by the normal distribution function, given the log of the latter, which the left tail does
# not need
hazard = elementwise(_hazard, _hazard_rule, lambda g, x, out: -g * np.where(np.less(x, TAIL), 0, out), name="hazard")


# The slopes of inverses, which are exp(y²) but for a factor. For large y, where rounding y itself loses digits, that
# is erfcx(y) / erfc(y), and erfc(y) is known from the variable.


def _square_of_inverse(y: Any, tail: Any) -> Any:
    """Return exp(y²) for a y with erfc(|y|) = `tail`."""
    large = np.greater(np.abs(y), 1) & np.greater(tail, 0)
    far = special.erfcx(np.where(large, np.abs(y), 1)) / np.where(large, tail, 1)
    return np.where(large, far, plain_exp_of_square(np.where(large, 0, y), 1.0))


erfinv_slope: Any = elementwise(
    lambda x: _square_of_inverse(special.erfinv(x), 1 - np.abs(x)) * (ROOT_PI / 2),
    lambda g, x, out: g * (special.erfinv(x) * out * out * 2),
    name="erfinv_slope",
)
erfcinv_slope: Any = elementwise(
    lambda x: _square_of_inverse(special.erfcinv(x), np.minimum(x, 2 - x)) * (-ROOT_PI / 2),
    lambda g, x, out: g * (special.erfcinv(x) * out * out * 2),
    name="erfcinv_slope",
)
ndtri_slope: Any = elementwise(
    lambda x: _square_of_inverse(special.ndtri(x) * ROOT_HALF, 2 * np.minimum(x, 1 - x)) * ROOT_2PI,
    lambda g, x, out: g * (special.ndtri(x) * out * out),
    name="ndtri_slope",
)


def _ndtri_exp_slope(x: Any) -> Any:
    """Return 1 / `hazard` at ndtri_exp(x)."""
    y = special.ndtri_exp(x)
    left = np.less(y, 0)
    rest = np.where(left, 1, -np.expm1(np.where(left, -1, x)))
    of_right = _square_of_inverse(np.where(left, 0, y) * ROOT_HALF, 2 * rest) * np.exp(x) * ROOT_2PI
    return np.where(left, special.erfcx(np.where(left, y, 0) * -ROOT_HALF) * (ROOT_2PI / 2), of_right)


def _ndtri_exp_curve(g: Any, x: Any, out: Any) -> Any:
    """Return g s (1 + y s) for y = ndtri_exp(x) and its slope s, where y is negative from the derivative of erfcx."""
    y = special.ndtri_exp(x)
    left = np.less(y, 0)
    below = erfcx_slope(np.where(left, y, 0) * -ROOT_HALF, 1) * (-ROOT_PI / 2)
    return g * (out * np.where(left, below, 1 + np.where(left, 0, y) * out))


ndtri_exp_slope: Any = elementwise(_ndtri_exp_slope, _ndtri_exp_curve, name="ndtri_exp_slope")


elementwise(special.erf, lambda g, x: g * exp_of_square(x, -1.0) * (2 / ROOT_PI))
elementwise(special.erfc, lambda g, x: g * exp_of_square(x, -1.0) * (-2 / ROOT_PI))
elementwise(special.erfi, lambda g, x: g * exp_of_square(x, 1.0) * (2 / ROOT_PI))
elementwise(special.erfcx, lambda g, x: np.where(np.equal(x, np.inf), 0, g * erfcx_slope(x, 1)))
elementwise(special.dawsn, _dawsn_rule)
elementwise(special.wofz, lambda g, x, out: g * (2j / ROOT_PI - 2 * x * out))
# At the ends of their domains, where the values are infinite, the derivatives are too.
elementwise(special.erfinv, lambda g, x: g * erfinv_slope(x))
elementwise(special.erfcinv, lambda g, x: g * erfcinv_slope(x))

elementwise(special.ndtr, lambda g, x: g * exp_of_square(x, -0.5) * (1 / ROOT_2PI))
elementwise(special.ndtri, lambda g, x: g * ndtri_slope(x))
elementwise(special.log_ndtr, lambda g, x, out: g * hazard(x, out))
elementwise(special.ndtri_exp, lambda g, x: g * ndtri_exp_slope(x))
elementwise(
    special.owens_t,
    lambda g, x, y: g * exp_of_square(x, -0.5) * special.erf(x * y * ROOT_HALF) * (-0.5 / ROOT_2PI),
    lambda g, x, y: g * np.exp(-0.5 * x * x * (1 + y * y)) / ((1 + y * y) * (2 * math.pi)),
)
