"""The gamma function and its relatives: logarithm, reciprocal, digamma, zeta; and the incomplete gamma functions.

At the poles of the gamma function, 0, -1, -2, ..., only its reciprocal has a derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as python
from scipy.special import _ufuncs as special

from ...arrays.door import anywhere, cached_arrays
from ...calculus import zero
from ...primitives.declare import elementwise
from ...tensors.types import ArrayOrTensor
from .common import at_quantile, distribution, in_double, of_last, over, where_defined

# The Bernoulli numbers B_2, B_4, ... of Stirling's series.
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
SHIFT = 15
SMALL, TERMS = 0.5, 18  # where the series of gammainc is summed, and how much of it
DEEP = -169.0  # below which gamma(x), or gamma(1 - x), leaves the range of numbers
LARGE = 20.0  # from which on Stirling's series gives all digits


def derivative_of_psi(n: int, x: ArrayOrTensor) -> Any:
    """Return the `n`-th derivative of digamma at x > 0: DLMF 25.11.12."""
    return (-1.0) ** (n + 1) * math.factorial(n) * special._zeta(n + 1, x) if n else special.psi(x)


def _rise(x: Any, y: Any, n: int) -> Any:
    """Return the `n`-th derivative of digamma at x + y less that at x, to all digits even where y is small.

    By recurrence and Stirling's series, each of whose terms is a difference of powers: DLMF 5.15. Left of 0, where the
    series do not hold, it is a plain difference.
    """
    right = np.greater(x, 0) & np.greater(x + y, 0) & np.isfinite(y)
    dtype = special.psi(x + y).dtype
    start, step = np.where(right, x, 1).astype(dtype), np.where(right, y, 0).astype(dtype)
    total = math.factorial(n) * sum(_power_fall(start + i, step, n + 1) for i in range(SHIFT))
    start = start + SHIFT
    total = total + (_power_fall(start, step, n) * math.factorial(n - 1) if n else np.log1p(step / start))
    total = total + _power_fall(start, step, n + 1) * (math.factorial(n) / 2)
    for m, bernoulli in zip(range(2, 99, 2), BERNOULLI, strict=False):
        total = total + _power_fall(start, step, m + n) * (bernoulli * math.factorial(m + n - 1) / math.factorial(m))
    left = [np.where(right, 1, end) for end in (x + y, x)]
    plain = np.subtract(*(derivative_of_psi(n, end) for end in left))
    return np.where(right, total if n % 2 == 0 else -total, plain).astype(dtype)


def _power_fall(x: Any, y: Any, m: int) -> Any:
    """Return x**-m - (x + y)**-m without cancellation."""
    a, b = 1 / x, 1 / (x + y)
    return y * a * b * sum(a**i * b ** (m - 1 - i) for i in range(m))


def _trigamma_of_complex(z: Any) -> Any:
    """Return the derivative of digamma right of the imaginary axis, by recurrence and Stirling's series: DLMF 5.15."""
    w = z + SHIFT
    square = 1 / (w * w)
    series = sum(b * square**k for k, b in enumerate(BERNOULLI)) * square
    return sum(1 / np.square(z + k) for k in range(SHIFT)) + (1 + 0.5 / w + series) / w


def trigamma(x: ArrayOrTensor) -> Any:
    """Return the derivative of digamma; left of 0 by reflection: DLMF 5.15.6."""
    imaginary = x.dtype.kind == "c"
    left = np.less(x.real, 0)
    right = _trigamma_of_complex(np.where(left, 1 - x, x)) if imaginary else special._zeta(2, np.where(left, 1 - x, x))
    place = np.where(left, x, 0.5)
    sine = np.sin(math.pi * (place if imaginary else place - np.rint(place)))
    return np.where(left, np.square(math.pi / sine) - right, right)


def digamma(x: ArrayOrTensor) -> Any:
    """Return psi of real numbers; left of 0 by reflection, for SciPy's loses digits next to its poles: DLMF 5.5.4."""
    left = np.less(x, 0) & np.not_equal(x, np.rint(x))
    place = np.where(left, x, 0.5)
    reflected = special.psi(1 - place) - math.pi / np.tan(math.pi * (place - np.rint(place)))
    return np.where(left, reflected, special.psi(np.where(left, 1, x)))


def rgamma_slope(x: ArrayOrTensor, value: ArrayOrTensor) -> Any:
    """Return the derivative of 1 / gamma(x), which is gamma(1 - x) sin(pi x) / pi: DLMF 5.5.3; so it has no poles."""
    left = np.less(x.real, 0.5)
    right, mirrored = np.where(left, 1, x), np.where(left, 1 - x, 1)
    cosine = np.cos(math.pi * (np.where(left, x, 0) if x.dtype.kind == "c" else np.remainder(x, 2)))
    reflected = special.gamma(mirrored) * cosine - value * special.psi(mirrored)
    return np.where(left, reflected, -value * special.psi(right))


elementwise(special.gamma, lambda g, x, out: g * out * (special.psi(x) if x.dtype.kind == "c" else digamma(x)))
elementwise(special.gammaln, lambda g, x: g * digamma(x))
elementwise(special.loggamma, lambda g, x, out: where_defined(out, g * special.psi(x)))
elementwise(special.rgamma, lambda g, x, out: g * rgamma_slope(x, out))
elementwise(special.psi, lambda g, x, out: where_defined(out, g * trigamma(x)))
polygamma: Any = elementwise(
    lambda x, n: python.polygamma(n, x),
    lambda g, x, n: g * polygamma(x, n + 1),
    name="polygamma",
)
psi_rise: Any = elementwise(
    _rise,
    lambda g, x, y, n: g * psi_rise(x, y, n + 1),
    lambda g, x, y, n: g * derivative_of_psi(n + 1, x + y),
    name="psi_rise",
)
of_last(special._zeta, lambda g, x, a: -g * a * special._zeta(a + 1, x))
elementwise(special.gammasgn, lambda g, out: where_defined(out, zero(g)))


def is_pole(x: ArrayOrTensor) -> Any:
    """Tell where the gamma function has a pole: at 0, -1, -2, ..."""
    return np.less_equal(x, 0) & np.equal(x, np.floor(x))


def psi_between_poles(x: ArrayOrTensor, y: ArrayOrTensor) -> Any:
    """Return the limit of psi(y) - psi(x) at two poles, which x and y approach together: by reflection, DLMF 5.5.4."""
    return special.psi(1 - y) - special.psi(1 - x)


def _gamma_by_slope(a: Any, x: Any) -> Any:
    """Return gamma(a) times the derivative of 1 / gamma(x), where one overflows and the other is lost: x < 0."""
    size = special.gammasgn(a) * np.exp(special.gammaln(a) + special.gammaln(1 - x))
    angle = math.pi * np.remainder(x, 2)
    return size * (np.cos(angle) - np.sin(angle) * special.psi(1 - x) / math.pi)


@in_double
def _poch_slope(x: Any, y: Any, out: Any) -> Any:
    """Return the derivative of gamma(x + y) / gamma(x) in x; near 0 and below in a form without the poles of psi(x)."""
    poles, left = is_pole(x) & is_pole(x + y), np.less_equal(x, 0) | np.less(x, np.minimum(y, 0.5))
    near, far = np.where(left & ~poles, x, 0.25), np.where(left, 1, x)
    rest = np.where(poles, 1, y)
    deep = np.less(near, DEEP) | (np.less(near + rest, DEEP) & np.less(near, 0))
    shallow, depth = np.where(deep, 0.25, near), np.where(deep, near, DEEP)
    growth = np.where(
        deep,
        _gamma_by_slope(np.where(deep, near + rest, 1), depth),
        special.gamma(np.where(deep, 1, near + rest)) * rgamma_slope(shallow, special.rgamma(shallow)),
    )
    without_poles = growth + out * special.psi(near + rest)
    pole, other = np.where(poles, x, 0), np.where(poles, x + y, 0)
    return np.where(
        poles,
        out * psi_between_poles(pole, other),
        np.where(left, without_poles, out * psi_rise(far, rest, 0)),
    )


@in_double
def _poch_growth(x: Any, y: Any, out: Any) -> Any:
    """Return the derivative in y. Between poles only steps of a whole number are defined, so there is none."""
    return np.where(is_pole(x) & is_pole(x + y), np.nan, out * special.psi(x + y))


elementwise(
    special.poch,
    lambda g, x, y, out: where_defined(out, g * _poch_slope(x, y, out)),
    lambda g, x, y, out: where_defined(out, g * _poch_growth(x, y, out)),
)


# Derivatives of distribution functions in their shape parameters, by integration
#
# Let p(t) be a density of an exponential family, log p = a T(t) + b S(t) - A(a, b). Then each derivative of p in a and
# b is p times a polynomial in T and S, whose coefficients are derivatives of A. Its integral up to x, or with the
# opposite sign from x on, is the derivative of the distribution function. On the side of x away from the mode the
# density falls monotonically, so that nothing cancels; the exponential of a hyperbolic sine maps the whole line to the
# half line, so that equal steps converge exponentially (Takahasi & Mori, Double exponential formulas for numerical
# integration, 1974).


STEP = 1 / 48
MOST = 16_384  # numbers at once: more do not stay in the cache
_STEPS = np.arange(-4.0, 3.0, STEP)
_NODES = np.exp(math.pi / 2 * np.sinh(_STEPS))
_WEIGHTS = _NODES * np.cosh(_STEPS) * (math.pi / 2 * STEP)


def tail_integral(integrand: Callable[[Any], Any], scale: ArrayOrTensor) -> Any:
    """Integrate from 0 to infinity a function that decays exponentially, over a length near `scale`.

    The function takes an array of nodes along a new first axis.
    """
    total, count = 0.0, max(1, MOST // max(1, np.size(scale)))
    for start in range(0, _NODES.size, count):
        nodes, weights = _columns(start, start + count, np.ndim(scale))
        value = integrand(nodes * scale)
        total = total + np.sum(np.where(np.isfinite(value), value, 0) * weights, axis=0)
    return total * scale


@cached_arrays(64)
def _columns(start: int, stop: int, ndim: int) -> tuple[Any, Any]:
    """Return some nodes and their weights along a new first axis before `ndim` others."""
    column = (-1, *(1,) * ndim)
    return _NODES[start:stop].reshape(column), _WEIGHTS[start:stop].reshape(column)


def bell(k: int, m: int, cumulant: Callable[[int, int], Any]) -> Any:
    """Return the derivative of exp(f), k times in a and m times in b, divided by exp(f).

    `cumulant` gives the derivatives of f; by Leibniz's rule this is a complete Bell polynomial of them.
    """
    if k == m == 0:
        return 1.0
    of_a = k > 0
    rest_k, rest_m = (k - 1, m) if of_a else (0, m - 1)
    return sum(
        math.comb(rest_k, i)
        * math.comb(rest_m, j)
        * bell(rest_k - i, rest_m - j, cumulant)
        * cumulant(i + of_a, j + (not of_a))
        for i in range(rest_k + 1)
        for j in range(rest_m + 1)
    )


# Incomplete gamma functions: the distribution functions of a gamma variate


def stirling(a: ArrayOrTensor) -> Any:
    """Return gammaln(a + 1) less its leading terms, (a + 0.5) log(a) - a + 0.5 log(2 pi), for large a: DLMF 5.11.1."""
    square = 1 / (a * a)
    return sum(b * square**k / ((2 * k + 1) * (2 * k + 2)) for k, b in enumerate(BERNOULLI)) / a


def _weight(a: Any, x: Any) -> Any:
    """Return x**(a - 1) exp(-x) / gamma(a + 1), the density divided by a, which is smooth in a also at 0.

    Where the logarithms of the three are so large that few digits would be left of their sum, the leading terms are
    taken off: Loader (2000), Fast and accurate computation of binomial probabilities.
    """
    large = np.greater(a, LARGE) & np.greater(x, 0.5 * a) & np.less(x, 2 * a)
    exponent = special.xlogy(a - 1, x) - x - special.gammaln(a + 1)
    if anywhere(large):
        shape, place = np.where(large, a, LARGE), np.where(large, x, LARGE)
        excess = (place - shape) / shape
        near = shape * (np.log1p(excess) - excess) - stirling(shape) - np.log(place * np.sqrt(2 * math.pi * shape))
        exponent = np.where(large, near, exponent)
    return np.exp(exponent)


@in_double
def density(a: ArrayOrTensor, x: ArrayOrTensor) -> Any:
    """Return x**(a - 1) exp(-x) / gamma(a), the derivative of gammainc(a, x) in x."""
    return a * _weight(a, x)


def _in_powers(k: int, a: Any, bell_of: Any) -> Any:
    """Return the `k`-th derivative of a w(a) in a, divided by w, given those of w: no terms like psi(a) cancel."""
    return a * bell_of(k) + k * bell_of(k - 1) if k else a


def _density_in_shape(a: Any, x: Any, k: int) -> Any:
    """Return the `k`-th derivative of the density in a."""
    first = np.log(x) - special.psi(a + 1)
    found = _weight(a, x) * _in_powers(
        k, a, lambda k: bell(k, 0, lambda i, j: first if i == 1 else -derivative_of_psi(i - 1, a + 1))
    )
    return np.where(np.less_equal(x, 0) & np.greater(a, 1), 0, found)


def _in_shape_near_zero(a: Any, x: Any, k: int) -> Any:
    """Return the same for small x, by the series of gammainc, whose terms have one sign there: DLMF 8.7.1."""
    return sum(_density_in_shape(a + n, x, k) for n in range(1, TERMS + 1))


def _in_shape(a: Any, x: Any, k: int) -> Any:
    """Return the `k`-th derivative of gammainc(a, x) in a."""
    dtype = special.gammainc(a, x).dtype
    with np.errstate(all="ignore"):
        inside = np.greater_equal(a, 0) & np.isfinite(a) & np.greater(x, 0) & np.isfinite(x)
        a, x = np.where(inside, a, 1.0).astype(float), np.where(inside, x, 1.0).astype(float)
        distance, sign, log_x = np.abs(a - x), np.where(x < a, -1, 1), np.log(x)
        cumulants = [-derivative_of_psi(i, a + 1) for i in range(k)]

        def integrand(v: Any) -> Any:
            decay = distance * v + x * (np.expm1(sign * v) - sign * v)
            first = log_x + sign * v + cumulants[0]
            return np.exp(-decay) * _in_powers(
                k, a, lambda k: bell(k, 0, lambda i, j: first if i == 1 else cumulants[i - 1])
            )

        integral = tail_integral(integrand, 1 / (distance + np.sqrt(np.minimum(a, x))))
        found = -sign * x * _weight(a, x) * integral
        small = x < SMALL
        if anywhere(small):  # the integrand then changes at lengths of two scales, 1 and -log(x)
            found = np.where(small, _in_shape_near_zero(a, np.where(small, x, SMALL), k), found)
        return np.where(inside, found, 0).astype(dtype)


gammainc_shape: Any = elementwise(
    _in_shape,
    lambda g, a, x, k: g * gammainc_shape(a, x, k + 1),
    lambda g, a, x, k: g * in_double(lambda a, x: _density_in_shape(a, x, k))(a, x),
    name="gammainc_shape",
)
distribution(special.gammainc, special.gammaincc, lambda a, x: gammainc_shape(a, x, 1), density)
# Their inverses, by the implicit function theorem


def _quantile_in_shape(a: Any, t: Any) -> Any:
    return -over(gammainc_shape(a, t, 1), density(a, t))


elementwise(
    special.gammaincinv,
    lambda g, x, y, out: g * at_quantile(special.gammaincinv, _quantile_in_shape, out, x, y),
    lambda g, x, y, out: g / at_quantile(special.gammaincinv, density, out, x, y),
)
elementwise(
    special.gammainccinv,
    lambda g, x, y, out: g * at_quantile(special.gammainccinv, _quantile_in_shape, out, x, y),
    lambda g, x, y, out: -g / at_quantile(special.gammainccinv, density, out, x, y),
)
