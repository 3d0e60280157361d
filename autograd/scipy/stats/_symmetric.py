"""Continuous distributions on the whole line or of a location and a scale alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from ...arrays.door import anywhere
from ...ops import densities
from ...tensors.tensor import unwrap
from ._continuous import Continuous

if TYPE_CHECKING:
    pass

LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class _Norm(Continuous):
    """The normal distribution, exp(-z²/2) / sqrt(2 pi); mean ``loc``, standard deviation ``scale``."""

    name = "norm"

    def _logpdf(self, z: Any) -> Any:
        return -0.5 * z * z - LOG_ROOT_2PI

    def _cdf(self, z: Any) -> Any:
        return special.ndtr(z)

    def _sf(self, z: Any) -> Any:
        return special.ndtr(-z)

    def _logcdf(self, z: Any) -> Any:
        return special.log_ndtr(z)

    def _logsf(self, z: Any) -> Any:
        return special.log_ndtr(-z)

    def _ppf(self, q: Any) -> Any:
        return special.ndtri(q)

    def _isf(self, q: Any) -> Any:
        return -special.ndtri(q)


class _Uniform(Continuous):
    """The uniform distribution between ``loc`` and ``loc + scale``."""

    name = "uniform"
    _low, _high = 0.0, 1.0

    def _logpdf(self, z: Any) -> Any:
        return 0.0 * z

    def _cdf(self, z: Any) -> Any:
        return +z

    def _ppf(self, q: Any) -> Any:
        return +q


class _Laplace(Continuous):
    """Laplace's distribution, exp(-abs(z)) / 2."""

    name = "laplace"

    def _logpdf(self, z: Any) -> Any:
        return -np.abs(z) - math.log(2)

    def _cdf(self, z: Any) -> Any:
        return densities.laplace_cdf(z)

    def _sf(self, z: Any) -> Any:
        return densities.laplace_cdf(-z)

    def _ppf(self, q: Any) -> Any:
        return densities.laplace_quantile(q)

    def _isf(self, q: Any) -> Any:
        return -self._ppf(q)


class _Logistic(Continuous):
    """The logistic distribution, whose cdf is 1 / (1 + exp(-z))."""

    name = "logistic"

    def _logpdf(self, z: Any) -> Any:
        return densities.logistic_log_density(z)

    def _cdf(self, z: Any) -> Any:
        return special.expit(z)

    def _sf(self, z: Any) -> Any:
        return special.expit(-z)

    def _logcdf(self, z: Any) -> Any:
        return special.log_expit(z)

    def _logsf(self, z: Any) -> Any:
        return special.log_expit(-z)

    def _ppf(self, q: Any) -> Any:
        return special.logit(q)

    def _isf(self, q: Any) -> Any:
        return -special.logit(q)


class _Cauchy(Continuous):
    """Cauchy's distribution, 1 / (pi (1 + z²))."""

    name = "cauchy"

    def _logpdf(self, z: Any) -> Any:
        return -densities.log1p_square(z) - math.log(math.pi)

    def _cdf(self, z: Any) -> Any:
        return densities.cauchy_cdf(z)

    def _sf(self, z: Any) -> Any:
        return densities.cauchy_cdf(-z)

    def _ppf(self, q: Any) -> Any:
        return densities.cauchy_quantile(q)

    def _isf(self, q: Any) -> Any:
        return -self._ppf(q)


class _RightGumbel(Continuous):
    """Gumbel's distribution of maxima, whose cdf is exp(-exp(-z))."""

    name = "gumbel_r"

    def _logpdf(self, z: Any) -> Any:
        return densities.gumbel_log_density(z)

    def _cdf(self, z: Any) -> Any:
        return np.exp(-np.exp(-z))

    def _sf(self, z: Any) -> Any:
        return -np.expm1(-np.exp(-z))

    def _logcdf(self, z: Any) -> Any:
        return -np.exp(-z)

    def _logsf(self, z: Any) -> Any:
        return densities.left_gumbel_logcdf(-z)

    def _ppf(self, q: Any) -> Any:
        return -np.log(-np.log(q))

    def _isf(self, q: Any) -> Any:
        return -np.log(-np.log1p(-q))


class _LeftGumbel(Continuous):
    """Gumbel's distribution of minima, whose sf is exp(-exp(z))."""

    name = "gumbel_l"

    def _logpdf(self, z: Any) -> Any:
        return densities.gumbel_log_density(-z)

    def _cdf(self, z: Any) -> Any:
        return -np.expm1(-np.exp(z))

    def _sf(self, z: Any) -> Any:
        return np.exp(-np.exp(z))

    def _logcdf(self, z: Any) -> Any:
        return densities.left_gumbel_logcdf(z)

    def _logsf(self, z: Any) -> Any:
        return -np.exp(z)

    def _ppf(self, q: Any) -> Any:
        return np.log(-np.log1p(-q))

    def _isf(self, q: Any) -> Any:
        return np.log(-np.log(q))


class _StudentT(Continuous):
    """Student's distribution with ``df`` degrees of freedom, proportional to (1 + z²/df)^(-(df + 1)/2)."""

    name, shapes = "t", ("df",)

    def _of_values(self, method: str, x: Any, given: list[Any]) -> Any:
        df, *others = given
        normal = unwrap(df) == np.inf
        if not anywhere(normal):
            return super()._of_values(method, x, given)
        limit = norm._of_values(method, x, others)
        return np.where(normal, limit, super()._of_values(method, x, [np.where(normal, 1.0, df), *others]))

    def _logpdf(self, z: Any, df: Any) -> Any:
        return densities.student_log_density(z, df)

    def _cdf(self, z: Any, df: Any) -> Any:
        return special.stdtr(df, z)

    def _sf(self, z: Any, df: Any) -> Any:
        return special.stdtr(df, -z)

    def _logcdf(self, z: Any, df: Any) -> Any:
        left = unwrap(z) < 0
        far = np.where(left, z, -z)
        whole = df + far * far
        half = densities.log_betainc(0.5 * df, np.full_like(unwrap(whole), 0.5), df / whole, far * far / whole)
        return np.where(left, half - math.log(2), np.log1p(-0.5 * np.exp(half)))

    def _logsf(self, z: Any, df: Any) -> Any:
        return self._logcdf(-z, df)

    def _ppf(self, q: Any, df: Any) -> Any:
        tail = np.where(unwrap(q) < 0.5, q, 1 - q)
        far = unwrap(tail) < 1e-3
        twice, shape, half = 2 * np.where(far, tail, 0.25), 0.5 * df, np.full_like(unwrap(0.5 * df), 0.5)
        part, rest = special.betaincinv(shape, half, twice), special.betainccinv(half, shape, twice)
        size = np.sqrt(df) * np.sqrt(rest) / np.sqrt(part)
        return np.where(far, np.where(unwrap(q) < 0.5, -size, size), special.stdtrit(df, np.where(far, 0.25, q)))

    def _isf(self, q: Any, df: Any) -> Any:
        return -self._ppf(q, df)


class _Truncnorm(Continuous):
    """The normal distribution between ``loc + a scale`` and ``loc + b scale``."""

    name, shapes = "truncnorm", ("a", "b")

    def _valid(self, *shapes: Any) -> Any:
        return shapes[0] < shapes[1]

    def _support(self, *shapes: Any) -> tuple[Any, Any]:
        return shapes[0], shapes[1]

    _ends = _support

    def _interior(self, *shapes: Any) -> Any:
        low, high = np.maximum(shapes[0], -1e10), np.minimum(shapes[1], 1e10)
        return 0.5 * (low + high)

    def _logpdf(self, z: Any, a: Any, b: Any) -> Any:
        return -0.5 * z * z - LOG_ROOT_2PI - _log_between(a, b)

    def _cdf(self, z: Any, a: Any, b: Any) -> Any:
        return np.exp(self._logcdf(z, a, b))

    def _sf(self, z: Any, a: Any, b: Any) -> Any:
        return np.exp(self._logsf(z, a, b))

    def _logcdf(self, z: Any, a: Any, b: Any) -> Any:
        return _log_part(_log_between(a, z), _log_between(z, b), _log_between(a, b))

    def _logsf(self, z: Any, a: Any, b: Any) -> Any:
        return _log_part(_log_between(z, b), _log_between(a, z), _log_between(a, b))

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
gumbel_r, gumbel_l, t, truncnorm = _RightGumbel(), _LeftGumbel(), _StudentT(), _Truncnorm()
