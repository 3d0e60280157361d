"""Functions of standardized variables that `autograd.scipy.stats` and `nn.distributions` share.

They keep their digits in the tails, for arrays and tensors of any floating-point dtype, and need SciPy only where they
are of special functions.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays.door import anywhere
from ..primitives.declare import elementwise
from ..tensors.tensor import unwrap
from ..tensors.types import ArrayOrTensor

LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)
LARGE = 12.0  # from here on, series of the inverse have all digits
LARGE_DF = 29.0
# zeta(k) (2^k - 2) / k (-1)^k for k from 2 on, where zeta(k) is 1 + 2^-k + ...: as sums of the first 60 and of the rest
RATIOS = tuple(
    (-1) ** k * (2**k - 2) / k * (sum(n**-k for n in range(1, 60)) + 60 ** (1 - k) / (k - 1) + 0.5 * 60**-k
                                  + k / 12 * 60 ** (-k - 1) - k * (k + 1) * (k + 2) / 720 * 60 ** (-k - 3))
    for k in range(2, 15)
)  # fmt: skip
TERMS = 200  # of series and fractions: enough where a function underflows, of parameters below 100,000
# Of log(gamma(a)) - (a - 1/2) log(a) + a - log(2 pi)/2, and of the logarithm of gamma((n + 1)/2) / gamma(n/2) beside
# that of n/2, which is half of it: the coefficients of 1/a, 1/a^3 and so on (DLMF 5.11.1).
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
HALVES = (-1 / 4, 1 / 24, -1 / 20, 17 / 112, -31 / 36, 691 / 88, -5461 / 52)


class _Special:
    """The module `scipy.special`, whose ufuncs take tensors; it is imported when a function is asked for."""

    def __getattr__(self, name: str) -> Any:
        try:
            module = importlib.import_module("scipy.special")
        except ImportError as error:
            raise ImportError(f"this distribution needs {name} of SciPy: pip install scipy") from error
        found = getattr(module, name)
        setattr(self, name, found)
        return found


special = _Special()

# Their derivatives are 0 at 0: as sums of those of both terms they would have no right digit near it.
gumbel_log_density: Any = elementwise(
    lambda x: -(x + np.exp(-x)), lambda g, x: g * np.expm1(-x), name="gumbel_log_density"
)
logistic_log_density: Any = elementwise(
    lambda x: -(np.abs(x) + 2 * np.log1p(np.exp(-np.abs(x)))),
    lambda g, x: -g * np.tanh(0.5 * x),
    name="logistic_log_density",
)


def normal_log_density(z: ArrayOrTensor) -> Any:
    """Return the logarithm of the normal density."""
    return z * z * -0.5 - LOG_ROOT_2PI


def half_normal_log_density(z: ArrayOrTensor) -> Any:
    """Return the logarithm of the density of the absolute value of a normal variate."""
    return z * z * -0.5 + (math.log(2) - LOG_ROOT_2PI)


def laplace_log_density(z: ArrayOrTensor) -> Any:
    """Return the logarithm of the density of Laplace's distribution."""
    return -np.abs(z) - math.log(2)


def cauchy_log_density(z: ArrayOrTensor) -> Any:
    """Return the logarithm of the density of Cauchy's distribution."""
    return -log1p_square(z) - math.log(math.pi)


def gumbel_cdf(z: ArrayOrTensor) -> Any:
    """Return the distribution function of Gumbel's distribution of maxima."""
    return np.exp(-np.exp(-z))


def gumbel_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of Gumbel's distribution of maxima."""
    with np.errstate(divide="ignore"):
        return -np.log(-np.log(q))


def log1p_square(z: ArrayOrTensor) -> Any:
    """Return log(1 + z²), also where the square overflows."""
    size, far = np.abs(z), float(np.finfo(z.dtype).eps) ** -0.5
    near = np.minimum(size, far)
    return np.log1p(near * near) + 2 * np.log(np.maximum(size, far) / far)


def log_tail(chance: ArrayOrTensor, rest: ArrayOrTensor) -> Any:
    """Return the logarithm of a probability, given also that of the contrary, from whichever is smaller."""
    small = unwrap(chance) < 0.5
    with np.errstate(divide="ignore"):
        return np.where(small, np.log(np.where(small, chance, 0.5)), np.log1p(-np.where(small, 0.5, rest)))


def left_gumbel_logcdf(z: ArrayOrTensor) -> Any:
    """Return log(1 - exp(-exp(z))), also where the exponential of z underflows or nothing is lacking from 1."""
    low = math.log(float(np.finfo(z.dtype).eps))
    small = unwrap(z) < low
    power = np.exp(np.where(small, low, z))
    return np.where(small, z, log_tail(-np.expm1(-power), np.exp(-power)))


def laplace_cdf(z: ArrayOrTensor) -> Any:
    """Return the distribution function of Laplace's distribution."""
    right = unwrap(z) > 0
    half = 0.5 * np.exp(np.where(right, -z, z))
    return np.where(right, 1 - half, half)


def laplace_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of Laplace's distribution, computed in the nearer tail."""
    lower, tail = _nearer_tail(q)
    with np.errstate(divide="ignore"):
        log = np.log(2 * tail)
    return np.where(lower, log, -log)


def cauchy_cdf(z: ArrayOrTensor) -> Any:
    """Return the distribution function of Cauchy's distribution."""
    return np.arctan2(np.ones_like(unwrap(z)), -z) / math.pi


def cauchy_logcdf(z: ArrayOrTensor) -> Any:
    """Return the logarithm of the distribution function, also where the density underflows."""
    far = unwrap(z) < -1 / float(np.finfo(z.dtype).eps)
    near = np.where(far, 0, z)
    tail = -np.log(np.where(far, -z, 1)) - math.log(math.pi)
    return np.where(far, tail, log_tail(cauchy_cdf(near), cauchy_cdf(-near)))


def cauchy_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of Cauchy's distribution: the tangent of an angle that is small in the tails and at 1/2."""
    lower, tail = _nearer_tail(q)
    far = unwrap(tail) < 0.25
    with np.errstate(divide="ignore"):
        size = 1 / np.tan(math.pi * np.where(far, tail, 0.25))
    return np.where(far, np.where(lower, -size, size), np.tan(math.pi * (np.where(far, 0.5, q) - 0.5)))


def half_cauchy_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of the absolute value of a Cauchy variate."""
    lower, tail = _nearer_tail(q)
    tangent = np.tan(0.5 * math.pi * tail)
    with np.errstate(divide="ignore"):
        return np.where(lower, tangent, 1 / np.where(lower, 1, tangent))


def _nearer_tail(q: ArrayOrTensor) -> tuple[Any, Any]:
    """Return where a probability is at most 1/2, and it or what it lacks of 1, whichever is smaller."""
    lower = unwrap(q) <= 0.5
    return lower, np.where(lower, q, 1 - q)


# Of odds: with the logarithm x, the probability is 1 / (1 + exp(-x)). As functions of x, their derivatives are 0 at 0.


def _variance_of_odds(x: ArrayOrTensor) -> Any:
    tail = np.exp(-np.abs(x))
    return tail / np.square(1 + tail)


variance_of_odds: Any = elementwise(
    _variance_of_odds, lambda g, x: -g * _variance_of_odds(x) * np.tanh(0.5 * x), name="variance_of_odds"
)


def _entropy_of_odds(x: ArrayOrTensor) -> Any:
    size = np.abs(x)
    tail = np.exp(-size)
    return np.log1p(tail) + size * tail / (1 + tail)


entropy_of_odds: Any = elementwise(_entropy_of_odds, lambda g, x: -g * x * _variance_of_odds(x), name="entropy_of_odds")


# Gamma functions of large numbers, whose logarithms are large beside their differences


def _series(x: Any, coefficients: Sequence[float]) -> Any:
    total: Any = coefficients[-1]
    for each in coefficients[-2::-1]:
        total = total * x + each
    return total


def _split(a: ArrayOrTensor, limit: float) -> tuple[Any, Any, Any]:
    """Return where numbers are above a limit, those that are not, and those that are, with others in between."""
    large = unwrap(a) > limit
    return large, np.where(large, 1, a), np.where(large, a, limit)


def _stirling(a: Any) -> Any:
    inverse = 1 / a
    return _series(inverse * inverse, STIRLING) * inverse


def _deviance(x: Any, mean: Any) -> Any:
    """Return x log(x / mean) - (x - mean), which is 0 where both are equal."""
    excess = (mean - x) / x
    near = np.abs(unwrap(excess)) < 0.5
    with np.errstate(divide="ignore"):
        log = np.where(near, np.log1p(np.where(near, excess, 0)), np.log(np.where(near, 1, mean / x)))
    return x * (excess - log)


def _poisson(k: Any, rate: Any) -> Any:
    return -_deviance(k, rate) - _stirling(k) - 0.5 * np.log(2 * math.pi * k)


def _binomial(k: Any, rest: Any, p: Any, q: Any) -> Any:
    n = k + rest
    remainders = _stirling(n) - _stirling(k) - _stirling(rest) + 0.5 * np.log(n / rest / (2 * math.pi * k))
    return remainders - _deviance(k, n * p) - _deviance(rest, n * q)


def _quotient(a: Any, more: Any) -> Any:
    """Return the logarithm of gamma(a) / gamma(a + more), which is 0 where `more` is."""
    large, near, far = _split(a, LARGE)
    total = far + more
    series = _stirling(far) - _stirling(total) - (far - 0.5) * np.log1p(more / far) - more * np.log(total) + more
    return np.where(large, series, special.gammaln(near) - special.gammaln(near + np.where(large, 0, more)))


def log_beta(a: ArrayOrTensor, b: ArrayOrTensor) -> Any:
    """Return the logarithm of the beta function, also of a large and a small number."""
    ordered = unwrap(a) <= unwrap(b)
    small, large = np.where(ordered, a, b), np.where(ordered, b, a)
    far = unwrap(large) > LARGE
    near = special.betaln(np.where(far, 1, small), np.where(far, 1, large))
    found = np.where(far, special.gammaln(small) + _quotient(np.where(far, large, LARGE + 1), small), near)
    return found[()] if type(found) is np.ndarray and not found.ndim else found  # of numbers a number, for `compile`


def poisson_log_mass(k: ArrayOrTensor, rate: ArrayOrTensor) -> Any:
    """Return the logarithm of rate^k exp(-rate) / k!."""
    large, near, far = _split(k, LARGE)
    return np.where(large, _poisson(far, rate), special.xlogy(near, rate) - rate - special.gammaln(near + 1))


def gamma_log_density(z: ArrayOrTensor, a: ArrayOrTensor) -> Any:
    """Return the logarithm of z^(a - 1) exp(-z) / gamma(a)."""
    large, near, far = _split(a, LARGE + 1)
    return np.where(large, _poisson(far - 1, z), special.xlogy(near - 1, z) - z - special.gammaln(near))


def gamma_entropy(a: ArrayOrTensor) -> Any:
    """Return the entropy of the gamma distribution."""
    large, near, far = _split(a, LARGE)
    inverse = 1 / far
    square = inverse * inverse
    slope = -square * _series(square, [(2 * i + 1) * each for i, each in enumerate(STIRLING)])
    rest = 0.5 * np.log(2 * math.pi * far) + 0.5 - 0.5 * inverse + _stirling(far) + (1 - far) * slope
    return np.where(large, rest, near + special.gammaln(near) + (1 - near) * special.psi(near))


def beta_log_density(z: ArrayOrTensor, rest: ArrayOrTensor, a: ArrayOrTensor, b: ArrayOrTensor) -> Any:
    """Return the logarithm of z^(a - 1) (1 - z)^(b - 1) / beta(a, b), given z and 1 - z."""
    large = (unwrap(a) > LARGE + 1) & (unwrap(b) > LARGE + 1)
    first, second = np.where(large, a, LARGE + 1), np.where(large, b, LARGE + 1)
    far = _binomial(first - 1, second - 1, z, rest) + np.log(first + second - 1)
    low, high = np.where(large, 1, a), np.where(large, 1, b)
    near = special.xlogy(low - 1, z) + _xlogy(high - 1, rest, z) - log_beta(low, high)
    return np.where(large, far, near)


def _xlogy(x: Any, y: Any, rest: Any) -> Any:
    """Return x log(y), given also what y lacks of 1."""
    near = unwrap(rest) < 0.5
    return np.where(near, special.xlog1py(x, -np.where(near, rest, 0)), special.xlogy(x, np.where(near, 1, y)))


def fisher_log_density(z: ArrayOrTensor, m: ArrayOrTensor, n: ArrayOrTensor) -> Any:
    """Return the logarithm of the density of a quotient of mean squares, of m and n degrees of freedom."""
    odds = m / n * z
    part, rest = odds / (1 + odds), 1 / (1 + odds)
    return beta_log_density(part, rest, 0.5 * m, 0.5 * n) + np.log(m / n) - 2 * np.log1p(odds)


def binomial_log_mass(
    k: ArrayOrTensor, n: ArrayOrTensor, p: ArrayOrTensor, q: ArrayOrTensor, powers: ArrayOrTensor
) -> Any:
    """Return the logarithm of the probability of k among n trials, given that of any one order: k log(p) + ..."""
    rest = n - k
    ordered = unwrap(k) <= unwrap(rest)
    few, many = np.where(ordered, k, rest), np.where(ordered, rest, k)
    large = unwrap(few) > LARGE
    far = _binomial(np.where(large, k, LARGE), np.where(large, rest, LARGE), p, q)
    return np.where(large, far, powers - _quotient(many + 1, few) - special.gammaln(few + 1))


def negative_binomial_log_mass(
    k: ArrayOrTensor, n: ArrayOrTensor, p: ArrayOrTensor, q: ArrayOrTensor, powers: ArrayOrTensor
) -> Any:
    """Return the logarithm of the probability of k outcomes q before n outcomes p, given that of any one order."""
    large = (unwrap(k) > LARGE) & (unwrap(n) > LARGE)
    count, hits = np.where(large, n, LARGE), np.where(large, k, LARGE)
    far = _binomial(count, hits, p, q) + np.log(count / (count + hits))
    ordered = unwrap(k) <= unwrap(n)
    by_count = -_quotient(n, np.where(ordered, k, 0)) - special.gammaln(k + 1)
    by_hits = -_quotient(k + 1, np.where(ordered, 0, n - 1)) - special.gammaln(n)
    return np.where(large, far, powers + np.where(ordered, by_count, by_hits))


# Logarithms of incomplete gamma and beta functions, where these underflow too


def log_gammainc(a: ArrayOrTensor, z: ArrayOrTensor) -> Any:
    """Return the logarithm of the lower incomplete gamma function, regularized."""
    return _log_or(special.gammainc(a, z), special.gammaincc(a, z), _gamma_series, a, z)


def log_gammaincc(a: ArrayOrTensor, z: ArrayOrTensor) -> Any:
    """Return the logarithm of the upper incomplete gamma function, regularized."""
    return _log_or(special.gammaincc(a, z), special.gammainc(a, z), _gamma_fraction, a, z)


def log_betainc(a: ArrayOrTensor, b: ArrayOrTensor, x: ArrayOrTensor, rest: ArrayOrTensor) -> Any:
    """Return the logarithm of the incomplete beta function, regularized, given x and 1 - x."""
    near = unwrap(x) < 0.5
    left, right = np.where(near, x, 0.5), np.where(near, 0.5, rest)
    chance = np.where(near, special.betainc(a, b, left), special.betaincc(b, a, right))
    return _log_or(chance, np.where(near, special.betaincc(a, b, left), special.betainc(b, a, right)),
                   _beta_fraction, a, b, x, rest)  # fmt: skip


def _log_or(chance: Any, rest: Any, otherwise: Callable[..., Any], *given: Any) -> Any:
    """Return the logarithm of a probability, or where it underflows that of a series or a fraction."""
    tiny = unwrap(chance) < 1e-290
    found = log_tail(np.where(tiny, 0.25, chance), np.where(tiny, 0.75, rest))
    if not anywhere(tiny):
        return found
    with np.errstate(all="ignore"):
        return np.where(tiny, otherwise(*(np.where(tiny, value, 0.5) for value in given)), found)


def _gamma_series(a: Any, z: Any) -> Any:
    total: Any = 1.0
    for n in range(TERMS, 0, -1):  # DLMF 8.7.1
        total = 1 + z / (a + n) * total
    return gamma_log_density(z, a + 1) + np.log(total)


def _gamma_fraction(a: Any, z: Any) -> Any:
    below = z + (2 * TERMS + 1) - a
    for n in range(TERMS, 0, -1):  # DLMF 8.9.2
        below = z + (2 * n - 1) - a - n * (n - a) / below
    return gamma_log_density(z, a) + np.log(z) - np.log(below)


def _beta_fraction(a: Any, b: Any, x: Any, rest: Any) -> Any:
    below: Any = 1.0
    for m in range(TERMS, -1, -1):  # DLMF 8.17.22
        below = 1 - (a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1) * below)
        below = 1 + m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m) * below) if m else below
    return a * np.log(x) + b * np.log(rest) - np.log(a) - log_beta(a, b) - np.log(below)


# Student's distribution


def _student_norm(n: ArrayOrTensor) -> Any:
    """Return the logarithm of gamma((n + 1)/2) / gamma(n/2) / sqrt(n/2)."""
    large, near, far = _split(n, LARGE_DF)
    inverse = 1 / far
    exact = special.gammaln(0.5 * (near + 1)) - special.gammaln(0.5 * near) - 0.5 * np.log(0.5 * near)
    return np.where(large, _series(inverse * inverse, HALVES) * inverse, exact)


def _over_1_and_square(u: Any) -> Any:
    """Return u / (1 + u²), also where the square overflows."""
    far = np.abs(unwrap(u)) > float(np.finfo(u.dtype).eps) ** -0.5
    near = np.where(far, 0, u)
    return np.where(far, 1 / np.where(far, u, 1), near / (1 + near * near))


def _student_slope(z: ArrayOrTensor, n: ArrayOrTensor) -> Any:
    """Return the derivative of the power with respect to n, which is small beside its terms for large n."""
    u = z / np.sqrt(n)
    part = u * _over_1_and_square(u)
    small = np.abs(unwrap(u)) < 0.1
    square = np.square(np.where(small, u, 0))
    series = square * square * _series(square, [(-1) ** k * (k - 1) / k for k in range(2, 11)])
    return -0.5 * (np.where(small, series, log1p_square(u) - part) - part / n)


_power: Any = elementwise(
    lambda z, n: -0.5 * (n + 1) * log1p_square(z / np.sqrt(n)),
    lambda g, z, n: -g * (n + 1) / np.sqrt(n) * _over_1_and_square(z / np.sqrt(n)),
    lambda g, z, n: g * _student_slope(z, n),
    name="student_power",
)


def student_log_density(z: ArrayOrTensor, n: ArrayOrTensor) -> Any:
    """Return the logarithm of the density of Student's distribution of n degrees of freedom."""
    return _power(z, n) + _student_norm(n) - LOG_ROOT_2PI


def von_mises_variance(kappa: ArrayOrTensor) -> Any:
    """Return 1 - I1(kappa) / I0(kappa), which is small for large kappa."""
    from .special.bessel import ive_slope

    near = unwrap(kappa) < 1
    small, large = np.where(near, kappa, 0.5), np.where(near, 1, kappa)
    return np.where(near, 1 - special.i1(small) / special.i0(small), -ive_slope(large, 0, 1) / special.i0e(large))


def log_moment_ratio(x: ArrayOrTensor) -> Any:
    """Return log(gamma(1 + 2 x) / gamma(1 + x)²), which is about x² near 0."""
    large, _, far = _split(x, 0.02)
    near = np.where(large, 0, x)
    series = near * near * _series(near, RATIOS)
    return np.where(large, special.gammaln(1 + 2 * far) - 2 * special.gammaln(1 + far), series)


def student_entropy(n: ArrayOrTensor) -> Any:
    """Return the entropy of Student's distribution."""
    large, near, far = _split(n, LARGE_DF)
    square = 1 / (far * far)
    slope = -square * _series(square, [(2 * i + 1) * each for i, each in enumerate(HALVES)])
    psi = special.psi(0.5 * (near + 1)) - special.psi(0.5 * near)
    rest = np.where(large, 0.5 + 0.5 / far + (far + 1) * slope, 0.5 * (near + 1) * psi)
    return rest + LOG_ROOT_2PI - _student_norm(n)
