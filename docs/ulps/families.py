"""Families of distributions as mpmath defines them: references for `autograd.scipy.stats` and `nn.distributions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
from mpmath import betainc, cos, erfc, gammainc, log, log1p, loggamma, mp, mpf, pi, psi, sqrt

__all__ = ["Family", "exp", "quantile"]

Definition = Callable[..., Any]
COUNTS = (0, 1, 2, 5, 40, 1000)


class Family(NamedTuple):
    """A distribution of a standardized variable, of which `log_density` and the others are functions, and of shapes.

    Attributes
    ----------
    below, above
        The probabilities of at most z, and of more.
    inverse
        The quantile of a probability q, given also what is left of 1; None if it is solved for.
    span
        What maps a real number to one of the support, for bisection.
    entropy, mean, variance
        Functions of the shapes.
    """

    log_density: Definition
    below: Definition | None = None
    above: Definition | None = None
    inverse: Definition | None = None
    span: Definition = mpmath.sinh
    entropy: Definition | None = None
    mean: Definition | None = None
    variance: Definition | None = None


def exp(x: Any) -> Any:
    """Return the exponential, and nan far beyond all dtypes, where mpmath would need the digits of x."""
    return mpmath.exp(x) if abs(x) < 1e6 else mp.nan if x > 0 else mpf(0)


def _expm1(x: Any) -> Any:
    return mpmath.expm1(x) if abs(x) < 1e6 else mp.nan if x > 0 else mpf(-1)


def _power(x: Any, y: Any) -> Any:
    return exp(y * log(x))


def _log_beta(a: Any, b: Any) -> Any:
    """Return the logarithm of the beta function."""
    return loggamma(a) + loggamma(b) - loggamma(a + b)


_starts: dict[Any, Any] = {}


def quantile(family: Family, q: Any, rest: Any, *shapes: Any) -> Any:
    """Return the z with ``below(z) == q`` and ``above(z) == rest``, whichever of these is smaller."""
    if family.inverse is not None:
        return family.inverse(q, rest, *shapes)
    lower = q <= rest
    chance, tail, sign = (q, family.below, 1) if lower else (rest, family.above, -1)
    assert tail is not None
    key = (id(family), lower, *(mpmath.nstr(v, 12) for v in (chance, *shapes)))
    if key not in _starts:
        with mp.workdps(25):
            low, high = mpf(-750), mpf(750)
            for _ in range(75):
                middle = (low + high) / 2
                rises = (tail(family.span(middle), *shapes) < chance) == lower
                low, high = (middle, high) if rises else (low, middle)
            _starts[key] = family.span((low + high) / 2)
    z = _starts[key]
    for _ in range(15):
        there = tail(z, *shapes)
        step = sign * there * exp(-family.log_density(z, *shapes)) * log(there / chance)
        z -= step
        if abs(step) <= abs(z) * mpf(10) ** (-mp.dps * 0.6):
            _starts[key] = z
            return z
    return mp.nan


def _gamma_below(z: Any, a: Any) -> Any:
    return gammainc(a, 0, z, regularized=True)


def _gamma_above(z: Any, a: Any) -> Any:
    return gammainc(a, z, mp.inf, regularized=True)


def _beta_below(z: Any, a: Any, b: Any) -> Any:
    return betainc(a, b, 0, z, regularized=True)


def _beta_above(z: Any, a: Any, b: Any) -> Any:
    return betainc(b, a, 0, 1 - z, regularized=True)


def _ndtr(z: Any) -> Any:
    return erfc(-z / sqrt(2)) / 2


def _log_normal_density(z: Any) -> Any:
    return -z * z / 2 - log(2 * pi) / 2


def _t_above(z: Any, n: Any) -> Any:
    if z < 0:
        return 1 - _t_above(-z, n)
    return betainc(n / 2, mpf(1) / 2, 0, n / (n + z * z), regularized=True) / 2


def _f_log_density(z: Any, m: Any, n: Any) -> Any:
    half, other = m / 2, n / 2
    powers = half * log(m / n) + (half - 1) * log(z) - (half + other) * log1p(m * z / n)
    return powers - _log_beta(half, other)


def _f_below(z: Any, m: Any, n: Any) -> Any:
    return betainc(m / 2, n / 2, 0, m * z / (m * z + n), regularized=True) if m * z <= n else 1 - _f_above(z, m, n)


def _f_above(z: Any, m: Any, n: Any) -> Any:
    return betainc(n / 2, m / 2, 0, n / (m * z + n), regularized=True) if m * z > n else 1 - _f_below(z, m, n)


def _circular_below(z: Any, kappa: Any) -> Any:
    total, j = mpf(0), 1
    while True:
        ratio = mpmath.besseli(j, kappa) / j
        total += ratio * mpmath.sin(j * z)
        if ratio < mpf(10) ** -mp.dps:
            return mpf(1) / 2 + z / (2 * pi) + total / (pi * mpmath.besseli(0, kappa))
        j += 1


def _between(a: Any, b: Any) -> Any:
    return _ndtr(b) - _ndtr(a) if a < 0 else _ndtr(-a) - _ndtr(-b)


def _choices(n: Any, k: Any) -> Any:
    return loggamma(n + 1) - loggamma(k + 1) - loggamma(n - k + 1)


def _binomial(k: Any, n: Any, p: Any) -> Any:
    return _choices(n, k) + _xlogy(k, p) + (n - k) * log1p(-p)


def _xlogy(x: Any, y: Any) -> Any:
    return x * log(y) if x else mpf(0)


def _harmonic(a: Any) -> Any:
    return psi(0, a + 1) + mp.euler


def _positive(t: Any) -> Any:
    return exp(t)


def _unit(t: Any) -> Any:
    return 1 / (1 + exp(-t))


def _sign_of(q: Any, rest: Any, tail: Callable[[Any], Any]) -> Any:
    """Return a quantile of a symmetric distribution from that of its lower tail."""
    return tail(q) if q < rest else -tail(rest)


NORMAL = Family(
    _log_normal_density, _ndtr, lambda z: _ndtr(-z), span=lambda t: t, entropy=lambda: log(2 * pi) / 2 + mpf(1) / 2,
    mean=lambda: mpf(0), variance=lambda: mpf(1),
)  # fmt: skip
HALF_NORMAL = Family(
    lambda z: log(2) + _log_normal_density(z), lambda z: mpmath.erf(z / sqrt(2)), lambda z: erfc(z / sqrt(2)),
    span=lambda t: exp(min(t, 6)),
    entropy=lambda: (1 + log(pi / 2)) / 2, mean=lambda: sqrt(2 / pi), variance=lambda: 1 - 2 / pi,
)  # fmt: skip
LOG_NORMAL = Family(
    lambda z, s: _log_normal_density(log(z) / s) - log(z) - log(s), lambda z, s: _ndtr(log(z) / s),
    lambda z, s: _ndtr(-log(z) / s), lambda q, rest, s: exp(s * quantile(NORMAL, q, rest)),
    entropy=lambda s: log(2 * pi) / 2 + mpf(1) / 2 + log(s), mean=lambda s: exp(s * s / 2),
    variance=lambda s: _expm1(s * s) * exp(s * s),
)  # fmt: skip
UNIFORM = Family(
    lambda z: mpf(0), lambda z: z, lambda z: 1 - z, lambda q, rest: q, entropy=lambda: mpf(0), mean=lambda: mpf(1) / 2,
    variance=lambda: mpf(1) / 12,
)  # fmt: skip
LAPLACE = Family(
    lambda z: -abs(z) - log(2), lambda z: exp(z) / 2 if z < 0 else 1 - exp(-z) / 2,
    lambda z: exp(-z) / 2 if z > 0 else 1 - exp(z) / 2,
    lambda q, rest: _sign_of(q, rest, lambda q: log(2 * q)), entropy=lambda: 1 + log(2), mean=lambda: mpf(0),
    variance=lambda: mpf(2),
)  # fmt: skip
LOGISTIC = Family(
    lambda z: -abs(z) - 2 * log1p(exp(-abs(z))), lambda z: 1 / (1 + exp(-z)), lambda z: 1 / (1 + exp(z)),
    lambda q, rest: log(q / rest),
)  # fmt: skip
CAUCHY = Family(
    lambda z: -log1p(z * z) - log(pi), lambda z: mpmath.atan2(1, -z) / pi, lambda z: mpmath.atan2(1, z) / pi,
    lambda q, rest: _sign_of(q, rest, lambda q: -mpmath.cot(pi * q)), entropy=lambda: log(4 * pi),
)  # fmt: skip
HALF_CAUCHY = Family(
    lambda z: log(2 / pi) - log1p(z * z), lambda z: 2 / pi * mpmath.atan(z), lambda z: 2 / pi * mpmath.atan2(1, z),
    lambda q, rest: mpmath.tan(pi * q / 2) if q < rest else mpmath.cot(pi * rest / 2), entropy=lambda: log(2 * pi),
)  # fmt: skip
GUMBEL = Family(
    lambda z: -z - exp(-z), lambda z: exp(-exp(-z)), lambda z: -_expm1(-exp(-z)),
    lambda q, rest: -log(-log(q) if q < rest else -log1p(-rest)), entropy=lambda: 1 + mp.euler,
    mean=lambda: +mp.euler, variance=lambda: pi**2 / 6,
)  # fmt: skip
LEFT_GUMBEL = Family(
    lambda z: z - exp(z), lambda z: -_expm1(-exp(z)), lambda z: exp(-exp(z)),
    lambda q, rest: log(-log1p(-q) if q < rest else -log(rest)),
)  # fmt: skip
EXPONENTIAL = Family(
    lambda z: -z, lambda z: -_expm1(-z), lambda z: exp(-z), lambda q, rest: -log1p(-q) if q < rest else -log(rest),
    entropy=lambda: mpf(1), mean=lambda: mpf(1), variance=lambda: mpf(1),
)  # fmt: skip
RAYLEIGH = Family(
    lambda z: log(z) - z * z / 2, lambda z: -_expm1(-z * z / 2), lambda z: exp(-z * z / 2),
    lambda q, rest: sqrt(-2 * log1p(-q) if q < rest else -2 * log(rest)),
)  # fmt: skip
PARETO = Family(
    lambda z, b: log(b) - (b + 1) * log(z), lambda z, b: -_expm1(-b * log(z)), lambda z, b: exp(-b * log(z)),
    lambda q, rest, b: exp((-log1p(-q) if q < rest else -log(rest)) / b), entropy=lambda b: 1 + 1 / b - log(b),
    mean=lambda b: b / (b - 1) if b > 1 else mp.nan, variance=lambda b: b / (b - 1) ** 2 / (b - 2) if b > 2 else mp.nan,
)  # fmt: skip
WEIBULL = Family(
    lambda z, c: log(c) + (c - 1) * log(z) - _power(z, c), lambda z, c: -_expm1(-(_power(z, c))),
    lambda z, c: exp(-(_power(z, c))),
    lambda q, rest, c: _power(-log1p(-q) if q < rest else -log(rest), 1 / c),
    entropy=lambda c: mp.euler * (1 - 1 / c) - log(c) + 1, mean=lambda c: mpmath.gamma(1 + 1 / c),
    variance=lambda c: mpmath.gamma(1 + 2 / c) - mpmath.gamma(1 + 1 / c) ** 2,
)  # fmt: skip
KUMARASWAMY = Family(
    lambda z, a, b: log(a) + log(b) + (a - 1) * log(z) + (b - 1) * log1p(-(_power(z, a))),
    lambda z, a, b: -_expm1(b * log1p(-(_power(z, a)))), lambda z, a, b: _power(1 - _power(z, a), b),
    lambda q, rest, a, b: _power(-_expm1(log1p(-q) / b), 1 / a),
    entropy=lambda a, b: (1 - 1 / b) + (1 - 1 / a) * _harmonic(b) - log(a) - log(b),
    mean=lambda a, b: b * exp(_log_beta(1 + 1 / a, b)),
    variance=lambda a, b: b * exp(_log_beta(1 + 2 / a, b)) - b * b * exp(2 * _log_beta(1 + 1 / a, b)),
)  # fmt: skip
GAMMA = Family(
    lambda z, a: (a - 1) * log(z) - z - loggamma(a), _gamma_below, _gamma_above, span=lambda t: exp(min(t, 13)),
    entropy=lambda a: a + loggamma(a) + (1 - a) * psi(0, a), mean=lambda a: a, variance=lambda a: a,
)  # fmt: skip
CHI2 = Family(
    lambda z, k: (k / 2 - 1) * log(z) - z / 2 - loggamma(k / 2) - k / 2 * log(2),
    lambda z, k: _gamma_below(z / 2, k / 2), lambda z, k: _gamma_above(z / 2, k / 2),
    lambda q, rest, k: 2 * quantile(GAMMA, q, rest, k / 2),
    entropy=lambda k: k / 2 + log(2) + loggamma(k / 2) + (1 - k / 2) * psi(0, k / 2), mean=lambda k: k,
    variance=lambda k: 2 * k,
)  # fmt: skip
INVERSE_GAMMA = Family(
    lambda z, a: -(a + 1) * log(z) - 1 / z - loggamma(a), lambda z, a: _gamma_above(1 / z, a),
    lambda z, a: _gamma_below(1 / z, a), lambda q, rest, a: 1 / quantile(GAMMA, rest, q, a),
    entropy=lambda a: a + loggamma(a) - (1 + a) * psi(0, a),
    mean=lambda a: 1 / (a - 1) if a > 1 else mp.nan, variance=lambda a: 1 / (a - 1) ** 2 / (a - 2) if a > 2 else mp.nan,
)  # fmt: skip
BETA = Family(
    lambda z, a, b: (a - 1) * log(z) + (b - 1) * log1p(-z) - _log_beta(a, b), _beta_below, _beta_above, span=_unit,
    entropy=lambda a, b: _log_beta(a, b) - (a - 1) * psi(0, a) - (b - 1) * psi(0, b) + (a + b - 2) * psi(0, a + b),
    mean=lambda a, b: a / (a + b), variance=lambda a, b: a * b / (a + b) ** 2 / (a + b + 1),
)  # fmt: skip
FISHER = Family(
    _f_log_density, _f_below, _f_above, span=_positive, mean=lambda m, n: n / (n - 2) if n > 2 else mp.nan,
    variance=lambda m, n: 2 * n * n * (m + n - 2) / (m * (n - 2) ** 2 * (n - 4)) if n > 4 else mp.nan,
)  # fmt: skip
STUDENT = Family(
    lambda z, n: -_log_beta(mpf(1) / 2, n / 2) - log(n) / 2 - (n + 1) / 2 * log1p(z * z / n),
    lambda z, n: _t_above(-z, n), _t_above,
    entropy=lambda n: (n + 1) / 2 * (psi(0, (n + 1) / 2) - psi(0, n / 2)) + log(n) / 2 + _log_beta(mpf(1) / 2, n / 2),
    mean=lambda n: mpf(0), variance=lambda n: n / (n - 2) if n > 2 else mp.nan,
)  # fmt: skip
TRUNCATED_NORMAL = Family(
    lambda z, a, b: _log_normal_density(z) - log(_between(a, b)) if a < z < b else mp.nan,
    lambda z, a, b: _between(a, z) / _between(a, b),
    lambda z, a, b: _between(z, b) / _between(a, b),
    lambda q, rest, a, b: quantile(NORMAL, *(_ndtr(s * a) * rest + _ndtr(s * b) * q for s in (1, -1))),
)  # fmt: skip
VON_MISES = Family(
    lambda z, k: k * cos(z) - log(2 * pi * mpmath.besseli(0, k)), _circular_below,
    lambda z, k: _circular_below(-z, k), span=lambda t: pi * mpmath.tanh(t),
    variance=lambda k: 1 - mpmath.besseli(1, k) / mpmath.besseli(0, k),
)  # fmt: skip

# Of counts
POISSON = Family(
    lambda k, mu: k * log(mu) - mu - loggamma(k + 1), lambda k, mu: _gamma_above(mu, k + 1),
    lambda k, mu: _gamma_below(mu, k + 1), mean=lambda mu: mu, variance=lambda mu: mu,
)  # fmt: skip
BINOMIAL = Family(
    _binomial,
    lambda k, n, p: _beta_above(p, k + 1, n - k) if k < n else mpf(1),
    lambda k, n, p: _beta_below(p, k + 1, n - k) if k < n else mpf(0),
    entropy=lambda n, p: -sum(exp(f) * f for f in (_binomial(mpf(k), n, p) for k in range(int(n) + 1))),
    mean=lambda n, p: n * p, variance=lambda n, p: n * p * (1 - p),
)  # fmt: skip
NEGATIVE_BINOMIAL = Family(
    lambda k, n, p: loggamma(n + k) - loggamma(k + 1) - loggamma(n) + n * log(p) + k * log1p(-p),
    lambda k, n, p: _beta_below(p, n, k + 1), lambda k, n, p: _beta_above(p, n, k + 1),
    mean=lambda n, p: n * (1 - p) / p, variance=lambda n, p: n * (1 - p) / p**2,
)  # fmt: skip
GEOMETRIC = Family(
    lambda k, p: k * log1p(-p) + log(p), lambda k, p: -_expm1((k + 1) * log1p(-p)),
    lambda k, p: exp((k + 1) * log1p(-p)),
    entropy=lambda p: -log(p) - (1 - p) / p * log1p(-p), mean=lambda p: (1 - p) / p, variance=lambda p: (1 - p) / p**2,
)  # fmt: skip
BERNOULLI = Family(
    lambda k, p: log(p) if k else log1p(-p), lambda k, p: mpf(1) if k else 1 - p, lambda k, p: mpf(0) if k else p,
    entropy=lambda p: -p * log(p) - (1 - p) * log1p(-p), mean=lambda p: p, variance=lambda p: p * (1 - p),
)  # fmt: skip
