"""Continuous distributions on the positive half line, or on a part of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autograd.extend import densities
from autograd.inside import unwrap

from ._continuous import Continuous, Mapped, OfLogs
from ._distribution import formula
from ._real import norm


class _Positive(Continuous):
    """A distribution of positive numbers."""

    _low, _inside = 0.0, 1.0


class _Expon(_Positive):
    """The exponential distribution, exp(-z)."""

    name = "expon"

    _logpdf = formula(lambda z: -z)
    _cdf = formula(lambda z: -np.expm1(-z))
    _sf = formula(lambda z: np.exp(-z))
    _logsf = formula(lambda z: -z)
    _ppf = formula(lambda q: -np.log1p(-q))
    _isf = formula(lambda q: -np.log(q))


expon = _Expon()


class _Halfnorm(_Positive):
    """The distribution of the absolute value of a normal variate."""

    name = "halfnorm"

    _logpdf = formula(densities.half_normal_log_density)
    _cdf = formula(lambda z: special.erf(z / math.sqrt(2)))
    _sf = formula(lambda z: 2 * special.ndtr(-z))

    def _logsf(self, z: Any) -> Any:
        near = unwrap(z) < 1
        tail = math.log(2) + special.log_ndtr(-np.where(near, 1, z))
        return np.where(near, np.log1p(-self._cdf(np.where(near, z, 1))), tail)

    _ppf = formula(lambda q: math.sqrt(2) * special.erfinv(q))
    _isf = formula(lambda q: -special.ndtri(0.5 * q))


class _Rayleigh(_Positive, Mapped):
    """Rayleigh's distribution, z exp(-z²/2)."""

    name, _of = "rayleigh", expon

    _logpdf = formula(lambda z: np.log(np.where(z < np.inf, z, 1.0)) - 0.5 * z * z)
    _mapped = formula(lambda z: (0.5 * z * z,))
    _logcdf = formula(lambda z: densities.left_gumbel_logcdf(2 * np.log(z) - math.log(2)))
    _original = formula(lambda y: np.sqrt(2 * y))


class _Gamma(_Positive):
    """The gamma distribution, z^(a - 1) exp(-z) / gamma(a)."""

    name, shapes = "gamma", ("a",)

    _logpdf = formula(densities.gamma_log_density)
    _cdf = formula(lambda z, a: special.gammainc(a, z))
    _sf = formula(lambda z, a: special.gammaincc(a, z))
    _logcdf = formula(lambda z, a: densities.log_gammainc(a, z))
    _logsf = formula(lambda z, a: densities.log_gammaincc(a, z))
    _ppf = formula(lambda q, a: special.gammaincinv(a, q))
    _isf = formula(lambda q, a: special.gammainccinv(a, q))


gamma = _Gamma()


class _Chi2(_Positive, Mapped):
    """The distribution of the sum of ``df`` squares of normal variates."""

    name, shapes, _of = "chi2", ("df",), gamma

    _logpdf = formula(lambda z, df: densities.gamma_log_density(0.5 * z, 0.5 * df) - math.log(2))
    _mapped = formula(lambda z, df: (0.5 * z, 0.5 * df))
    _original = formula(lambda y, df: 2 * y)


class _Invgamma(_Positive, Mapped):
    """The distribution of the inverse of a gamma variate, z^(-a - 1) exp(-1/z) / gamma(a)."""

    name, shapes, _of, _falls, _open = "invgamma", ("a",), gamma, True, True

    _logpdf = formula(lambda z, a: densities.gamma_log_density(1 / z, a) - 2 * np.log(z))
    _mapped = formula(lambda z, a: (1 / z, a))
    _original = formula(lambda y, a: 1 / y)


class _Beta(Continuous):
    """The beta distribution, z^(a - 1) (1 - z)^(b - 1) / B(a, b), between 0 and 1."""

    name, shapes = "beta", ("a", "b")
    _low, _high = 0.0, 1.0

    _logpdf = formula(lambda z, a, b: densities.beta_log_density(z, 1 - z, a, b))
    _cdf = formula(lambda z, a, b: special.betainc(a, b, z))
    _sf = formula(lambda z, a, b: special.betaincc(a, b, z))
    _logcdf = formula(lambda z, a, b: densities.log_betainc(a, b, z, 1 - z))
    _logsf = formula(lambda z, a, b: densities.log_betainc(b, a, 1 - z, z))
    _ppf = formula(lambda q, a, b: special.betaincinv(a, b, q))
    _isf = formula(lambda q, a, b: special.betainccinv(a, b, q))


class _F(OfLogs, _Positive):
    """Snedecor's distribution of a quotient of mean squares, of ``dfn`` and ``dfd`` degrees of freedom."""

    name, shapes = "f", ("dfn", "dfd")

    _logpdf = formula(densities.fisher_log_density)

    def _logcdf(self, z: Any, dfn: Any, dfd: Any) -> Any:
        odds = dfn / dfd * z
        return densities.log_betainc(0.5 * dfn, 0.5 * dfd, odds / (1 + odds), 1 / (1 + odds))

    def _logsf(self, z: Any, dfn: Any, dfd: Any) -> Any:
        odds = dfn / dfd * z
        return densities.log_betainc(0.5 * dfd, 0.5 * dfn, 1 / (1 + odds), odds / (1 + odds))

    def _ppf(self, q: Any, dfn: Any, dfd: Any) -> Any:
        variate, rest = special.betaincinv(0.5 * dfn, 0.5 * dfd, q), special.betainccinv(0.5 * dfd, 0.5 * dfn, q)
        return variate / rest * dfd / dfn

    def _isf(self, q: Any, dfn: Any, dfd: Any) -> Any:
        variate, rest = special.betainccinv(0.5 * dfn, 0.5 * dfd, q), special.betaincinv(0.5 * dfd, 0.5 * dfn, q)
        return variate / rest * dfd / dfn


class _Lognorm(_Positive, Mapped):
    """The distribution of the exponential of a normal variate with standard deviation ``s``."""

    name, shapes, _of, _open = "lognorm", ("s",), norm, True

    def _logpdf(self, z: Any, s: Any) -> Any:
        log = np.log(z)
        return -0.5 * (log / s) ** 2 - log - np.log(s) - densities.LOG_ROOT_2PI

    _mapped = formula(lambda z, s: (np.log(z) / s,))
    _original = formula(lambda y, s: np.exp(s * y))


class _Pareto(Mapped):
    """Pareto's distribution, b / z^(b + 1), from 1 on."""

    name, shapes, _of = "pareto", ("b",), expon
    _low, _inside = 1.0, 2.0

    _logpdf = formula(lambda z, b: np.log(b) - (b + 1) * np.log(z))
    _mapped = formula(lambda z, b: (b * np.log(z),))
    _original = formula(lambda y, b: np.exp(y / b))


class _Weibull(_Positive, Mapped):
    """Weibull's distribution of minima, c z^(c - 1) exp(-z^c)."""

    name, shapes, _of = "weibull_min", ("c",), expon

    _logpdf = formula(lambda z, c: np.log(c) + special.xlogy(c - 1, z) - z**c)
    _mapped = formula(lambda z, c: (z**c,))
    _logcdf = formula(lambda z, c: densities.left_gumbel_logcdf(c * np.log(z)))
    _original = formula(lambda y, c: y ** (1 / c))


halfnorm, rayleigh, chi2, invgamma, beta, f = _Halfnorm(), _Rayleigh(), _Chi2(), _Invgamma(), _Beta(), _F()
lognorm, pareto, weibull_min = _Lognorm(), _Pareto(), _Weibull()
