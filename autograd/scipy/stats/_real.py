"""Continuous distributions of real numbers, and the uniform one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autograd.extend import anywhere, densities
from autograd.inside import unwrap

from ._continuous import Continuous, Mapped, OfLogs, Symmetric
from ._distribution import formula

FAR = 1e10  # where the tails of Student's distribution are powers, to the last digit


class _Norm(Symmetric):
    """The normal distribution, exp(-z²/2) / sqrt(2 pi); mean ``loc``, standard deviation ``scale``."""

    name = "norm"

    _logpdf = formula(densities.normal_log_density)
    _cdf = formula(special.ndtr)
    _logcdf = formula(special.log_ndtr)
    _ppf = formula(special.ndtri)


class _Uniform(Continuous):
    """The uniform distribution between ``loc`` and ``loc + scale``."""

    name = "uniform"
    _low, _high = 0.0, 1.0

    _logpdf = formula(lambda z: 0.0 * z)
    _cdf = formula(lambda z: +z)
    _ppf = formula(lambda q: +q)


class _Laplace(Symmetric):
    """Laplace's distribution, exp(-abs(z)) / 2."""

    name = "laplace"

    _logpdf = formula(densities.laplace_log_density)
    _cdf = formula(densities.laplace_cdf)
    _ppf = formula(densities.laplace_quantile)


class _Logistic(Symmetric):
    """The logistic distribution, whose cdf is 1 / (1 + exp(-z))."""

    name = "logistic"

    _logpdf = formula(densities.logistic_log_density)
    _cdf = formula(special.expit)
    _logcdf = formula(special.log_expit)
    _ppf = formula(special.logit)


class _Cauchy(Symmetric):
    """Cauchy's distribution, 1 / (pi (1 + z²))."""

    name = "cauchy"

    _logpdf = formula(densities.cauchy_log_density)
    _cdf = formula(densities.cauchy_cdf)
    _logcdf = formula(densities.cauchy_logcdf)
    _ppf = formula(densities.cauchy_quantile)


class _LeftGumbel(Continuous):
    """Gumbel's distribution of minima, whose sf is exp(-exp(z))."""

    name = "gumbel_l"

    _logpdf = formula(lambda z: densities.gumbel_log_density(-z))
    _cdf = formula(lambda z: -np.expm1(-np.exp(z)))
    _sf = formula(lambda z: np.exp(-np.exp(z)))
    _logcdf = formula(densities.left_gumbel_logcdf)
    _logsf = formula(lambda z: -np.exp(z))
    _ppf = formula(lambda q: np.log(-np.log1p(-q)))
    _isf = formula(lambda q: np.log(-np.log(q)))


gumbel_l = _LeftGumbel()


class _RightGumbel(Mapped):
    """Gumbel's distribution of maxima, whose cdf is exp(-exp(-z))."""

    name, _of, _falls = "gumbel_r", gumbel_l, True

    _logpdf = formula(densities.gumbel_log_density)
    _mapped = formula(lambda z: (-z,))
    _original = formula(lambda y: -y)


class _StudentT(Symmetric):
    """Student's distribution with ``df`` degrees of freedom, proportional to (1 + z²/df)^(-(df + 1)/2)."""

    name, shapes = "t", ("df",)

    def _of_values(self, method: str, x: Any, given: list[Any]) -> Any:
        df, *others = given
        normal = unwrap(df) == np.inf
        if not anywhere(normal):
            return super()._of_values(method, x, given)
        limit = norm._of_values(method, x, others)
        return np.where(normal, limit, super()._of_values(method, x, [np.where(normal, 1.0, df), *others]))

    _logpdf = formula(densities.student_log_density)

    def _cdf(self, z: Any, df: Any) -> Any:
        found = special.stdtr(df, z)
        point, n = unwrap(z), unwrap(df)
        far, of_cauchy = point < -FAR * np.sqrt(n), n == 1
        if not anywhere(far | of_cauchy):
            return found
        # SciPy's value has 8 digits for one degree of freedom, and underflows where the square of z overflows
        tail = np.power(np.where(far, -point, FAR) / np.sqrt(n), -n) / (n * special.beta(0.5 * n, 0.5))
        exact = np.where(of_cauchy, densities.cauchy_cdf(point), np.where(far, tail, unwrap(found)))
        return found + (exact - unwrap(found))

    def _logcdf(self, z: Any, df: Any) -> Any:
        left = unwrap(z) < 0
        size = np.where(left, -z, z)
        far = unwrap(size) > FAR * np.sqrt(unwrap(df))
        near = np.where(far, 1, size)
        half, whole = np.full_like(unwrap(near + df), 0.5), df + near * near
        log = densities.log_betainc(0.5 * df, half, df / whole, near * near / whole)
        if anywhere(far):
            tail = -df * np.log(np.where(far, size, 1) / np.sqrt(df)) - np.log(0.5 * df)
            log = np.where(far, tail - densities.log_beta(0.5 * df, half), log)
        return np.where(left, log - math.log(2), np.log1p(-0.5 * np.exp(log)))

    def _ppf(self, q: Any, df: Any) -> Any:
        lower = unwrap(q) < 0.5
        tail, shape = np.where(lower, q, 1 - q), 0.5 * df
        half = np.full_like(unwrap(shape), 0.5)
        scale = df * special.beta(shape, half)  # times the tail, it is (z²/df)^(-df/2) where that is small
        farthest, far = unwrap(scale) * unwrap(tail) < FAR ** -unwrap(df), unwrap(tail) < 1e-3
        twice = 2 * np.where(far & ~farthest, tail, 0.25)
        part, rest = special.betaincinv(shape, half, twice), special.betainccinv(half, shape, twice)
        size = np.sqrt(df) * np.sqrt(rest) / np.sqrt(part)
        if anywhere(farthest):
            power = scale ** (-1 / df) * np.where(farthest, tail, 1) ** (-1 / df)
            size = np.where(farthest, np.sqrt(df) * power, size)
        return np.where(far, np.where(lower, -size, size), special.stdtrit(df, np.where(far, 0.25, q)))


class _Truncnorm(OfLogs):
    """The normal distribution between ``loc + a scale`` and ``loc + b scale``."""

    name, shapes = "truncnorm", ("a", "b")

    _valid = formula(lambda a, b: a < b)
    _support = _ends = formula(lambda a, b: (a, b))
    _interior = formula(lambda a, b: 0.5 * (np.maximum(a, -1e10) + np.minimum(b, 1e10)))
    _logpdf = formula(lambda z, a, b: densities.normal_log_density(z) - _log_between(a, b))
    _logcdf = formula(lambda z, a, b: _log_part(_log_between(a, z), _log_between(z, b), _log_between(a, b)))
    _logsf = formula(lambda z, a, b: _log_part(_log_between(z, b), _log_between(a, z), _log_between(a, b)))

    def _ppf(self, q: Any, a: Any, b: Any) -> Any:
        lower = _log_mixture(q, special.log_ndtr(a), special.log_ndtr(b))
        upper = _log_mixture(q, special.log_ndtr(-a), special.log_ndtr(-b))
        left = unwrap(lower) < unwrap(upper)
        return np.where(
            left, special.ndtri_exp(np.where(left, lower, -1)), -special.ndtri_exp(np.where(left, -1, upper))
        )

    def _isf(self, q: Any, a: Any, b: Any) -> Any:
        return -self._ppf(q, -b, -a)


def _log_part(log: Any, log_rest: Any, log_all: Any) -> Any:
    """Return the logarithm of a part of a probability, given that of the rest, from whichever is smaller."""
    small = unwrap(log) < unwrap(log_rest)
    return np.where(small, log - log_all, np.log1p(-np.exp(np.where(small, log_all - 1, log_rest) - log_all)))


def _log_mixture(q: Any, low: Any, high: Any) -> Any:
    """Return the logarithm of (1 - q) exp(low) + q exp(high)."""
    return np.logaddexp(np.log1p(-q) + low, np.log(q) + high)


def _log_between(a: Any, b: Any) -> Any:
    """Return the logarithm of the probability of a normal variate between a and b, computed in the nearer tail."""
    right = a > 0
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    top = special.log_ndtr(high)
    return top + np.log(-np.expm1(special.log_ndtr(low) - top))


norm, uniform, laplace, logistic, cauchy = _Norm(), _Uniform(), _Laplace(), _Logistic(), _Cauchy()
gumbel_r, t, truncnorm = _RightGumbel(), _StudentT(), _Truncnorm()
