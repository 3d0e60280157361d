"""Continuous distributions on the positive half line, or on a part of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from autograd.extend import densities
from autograd.inside import unwrap

from ._continuous import Continuous, Mapped
from ._real import norm


class _Positive(Continuous):
    """A distribution of positive numbers."""

    _low, _inside = 0.0, 1.0


class _Expon(_Positive):
    """The exponential distribution, exp(-z)."""

    name = "expon"

    def _logpdf(self, z: Any) -> Any:
        return -z

    def _cdf(self, z: Any) -> Any:
        return -np.expm1(-z)

    def _sf(self, z: Any) -> Any:
        return np.exp(-z)

    def _logsf(self, z: Any) -> Any:
        return -z

    def _ppf(self, q: Any) -> Any:
        return -np.log1p(-q)

    def _isf(self, q: Any) -> Any:
        return -np.log(q)


expon = _Expon()


class _Halfnorm(_Positive):
    """The distribution of the absolute value of a normal variate."""

    name = "halfnorm"

    _logpdf = staticmethod(densities.half_normal_log_density)

    def _cdf(self, z: Any) -> Any:
        return special.erf(z / math.sqrt(2))

    def _sf(self, z: Any) -> Any:
        return 2 * special.ndtr(-z)

    def _logsf(self, z: Any) -> Any:
        near = unwrap(z) < 1
        tail = math.log(2) + special.log_ndtr(-np.where(near, 1, z))
        return np.where(near, np.log1p(-self._cdf(np.where(near, z, 1))), tail)

    def _ppf(self, q: Any) -> Any:
        return math.sqrt(2) * special.erfinv(q)

    def _isf(self, q: Any) -> Any:
        return -special.ndtri(0.5 * q)


class _Rayleigh(_Positive, Mapped):
    """Rayleigh's distribution, z exp(-z²/2)."""

    name, _of = "rayleigh", expon

    def _logpdf(self, z: Any) -> Any:
        return np.log(np.where(z < np.inf, z, 1.0)) - 0.5 * z * z

    def _mapped(self, z: Any) -> Any:
        return (0.5 * z * z,)

    def _logcdf(self, z: Any) -> Any:
        return densities.left_gumbel_logcdf(2 * np.log(z) - math.log(2))

    def _original(self, y: Any) -> Any:
        return np.sqrt(2 * y)


class _Gamma(_Positive):
    """The gamma distribution, z^(a - 1) exp(-z) / gamma(a)."""

    name, shapes = "gamma", ("a",)

    _logpdf = staticmethod(densities.gamma_log_density)

    def _cdf(self, z: Any, a: Any) -> Any:
        return special.gammainc(a, z)

    def _sf(self, z: Any, a: Any) -> Any:
        return special.gammaincc(a, z)

    def _logcdf(self, z: Any, a: Any) -> Any:
        return densities.log_gammainc(a, z)

    def _logsf(self, z: Any, a: Any) -> Any:
        return densities.log_gammaincc(a, z)

    def _ppf(self, q: Any, a: Any) -> Any:
        return special.gammaincinv(a, q)

    def _isf(self, q: Any, a: Any) -> Any:
        return special.gammainccinv(a, q)


gamma = _Gamma()


class _Chi2(_Positive, Mapped):
    """The distribution of the sum of ``df`` squares of normal variates."""

    name, shapes, _of = "chi2", ("df",), gamma

    def _logpdf(self, z: Any, df: Any) -> Any:
        return densities.gamma_log_density(0.5 * z, 0.5 * df) - math.log(2)

    def _mapped(self, z: Any, df: Any) -> Any:
        return 0.5 * z, 0.5 * df

    def _original(self, y: Any, df: Any) -> Any:
        return 2 * y


class _Invgamma(_Positive, Mapped):
    """The distribution of the inverse of a gamma variate, z^(-a - 1) exp(-1/z) / gamma(a)."""

    name, shapes, _of, _falls, _open = "invgamma", ("a",), gamma, True, True

    def _logpdf(self, z: Any, a: Any) -> Any:
        return densities.gamma_log_density(1 / z, a) - 2 * np.log(z)

    def _mapped(self, z: Any, a: Any) -> Any:
        return 1 / z, a

    def _original(self, y: Any, a: Any) -> Any:
        return 1 / y


class _Beta(Continuous):
    """The beta distribution, z^(a - 1) (1 - z)^(b - 1) / B(a, b), between 0 and 1."""

    name, shapes = "beta", ("a", "b")
    _low, _high = 0.0, 1.0

    def _logpdf(self, z: Any, a: Any, b: Any) -> Any:
        return densities.beta_log_density(z, 1 - z, a, b)

    def _cdf(self, z: Any, a: Any, b: Any) -> Any:
        return special.betainc(a, b, z)

    def _sf(self, z: Any, a: Any, b: Any) -> Any:
        return special.betaincc(a, b, z)

    def _logcdf(self, z: Any, a: Any, b: Any) -> Any:
        return densities.log_betainc(a, b, z, 1 - z)

    def _logsf(self, z: Any, a: Any, b: Any) -> Any:
        return densities.log_betainc(b, a, 1 - z, z)

    def _ppf(self, q: Any, a: Any, b: Any) -> Any:
        return special.betaincinv(a, b, q)

    def _isf(self, q: Any, a: Any, b: Any) -> Any:
        return special.betainccinv(a, b, q)


class _F(_Positive):
    """Snedecor's distribution of a quotient of mean squares, of ``dfn`` and ``dfd`` degrees of freedom."""

    name, shapes = "f", ("dfn", "dfd")

    _logpdf = staticmethod(densities.fisher_log_density)

    def _cdf(self, z: Any, dfn: Any, dfd: Any) -> Any:
        return np.exp(self._logcdf(z, dfn, dfd))

    def _sf(self, z: Any, dfn: Any, dfd: Any) -> Any:
        return np.exp(self._logsf(z, dfn, dfd))

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

    def _mapped(self, z: Any, s: Any) -> Any:
        return (np.log(z) / s,)

    def _original(self, y: Any, s: Any) -> Any:
        return np.exp(s * y)


class _Pareto(Mapped):
    """Pareto's distribution, b / z^(b + 1), from 1 on."""

    name, shapes, _of = "pareto", ("b",), expon
    _low, _inside = 1.0, 2.0

    def _logpdf(self, z: Any, b: Any) -> Any:
        return np.log(b) - (b + 1) * np.log(z)

    def _mapped(self, z: Any, b: Any) -> Any:
        return (b * np.log(z),)

    def _original(self, y: Any, b: Any) -> Any:
        return np.exp(y / b)


class _Weibull(_Positive, Mapped):
    """Weibull's distribution of minima, c z^(c - 1) exp(-z^c)."""

    name, shapes, _of = "weibull_min", ("c",), expon

    def _logpdf(self, z: Any, c: Any) -> Any:
        return np.log(c) + special.xlogy(c - 1, z) - z**c

    def _mapped(self, z: Any, c: Any) -> Any:
        return (z**c,)

    def _logcdf(self, z: Any, c: Any) -> Any:
        return densities.left_gumbel_logcdf(c * np.log(z))

    def _original(self, y: Any, c: Any) -> Any:
        return y ** (1 / c)


halfnorm, rayleigh, chi2, invgamma, beta, f = _Halfnorm(), _Rayleigh(), _Chi2(), _Invgamma(), _Beta(), _F()
lognorm, pareto, weibull_min = _Lognorm(), _Pareto(), _Weibull()
