"""Discrete distributions, differentiated with respect to their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from autograd import Tensor
from autograd.extend import densities, everywhere
from autograd.inside import TensorLike, unwrap

from ..common import refuse_live
from ._distribution import OUTSIDE, Distribution, formula

_DENSITIES = {"pmf": "density", "logpmf": "log_density"}


class Discrete(Distribution):
    """A distribution of integers.

    Each function takes k, the shape parameters and ``loc``, as SciPy's does; they broadcast, and the result can be
    differentiated with respect to the shape parameters that are real numbers. Where a probability is 0 so is the
    gradient; parameters outside of their domain give nan.

    Raises
    ------
    GraphError
        If k, ``loc`` or a parameter that counts requires a gradient.

    Examples
    --------
    >>> from autograd import grad
    >>> from autograd.scipy.stats import poisson
    >>> grad(lambda mu: poisson.logpmf(3, mu))(2.0)
    np.float64(0.5)
    """

    _further = (("loc", 0),)
    _least = 0
    _counts: tuple[str, ...] = ()  # parameters that are integers

    def pmf(self, k: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the probability of `k`."""
        return self._computed("pmf", k, parameters, named)

    def logpmf(self, k: TensorLike, *parameters: TensorLike, **named: TensorLike) -> Tensor:
        """Return the logarithm of the probability of `k`, which is -inf outside of the support."""
        return self._computed("logpmf", k, parameters, named)

    def _of_values(self, method: str, x: Any, given: list[Any]) -> Any:
        *shapes, loc = given
        counts = {name: value for name, value in zip(self.shapes, shapes, strict=True) if name in self._counts}
        refuse_live(f"{self.name}.{method}", "it is an integer; pass t.detach()", k=x, loc=loc, **counts)
        k = unwrap(x) - unwrap(loc)
        shapes = [unwrap(s) if name in counts else s for name, s in zip(self.shapes, shapes, strict=True)]
        values = [unwrap(shape) for shape in shapes]
        most = self._most(*values)
        density = method in _DENSITIES
        whole = np.floor(k)
        inside = (k >= self._least) & ((k <= most) & (k == whole) if density else whole < most)
        point = np.where(inside, whole, self._least)
        found = getattr(self, "_logpmf" if density else f"_{method}")(point, *shapes)
        nothing = unwrap(found) == -np.inf
        found = np.exp(found) if method == "pmf" else found
        inside = inside & ~nothing
        valid = self._valid(*values)
        if everywhere(inside & valid):
            return found
        below, above = OUTSIDE[_DENSITIES.get(method, method)]
        outside = np.where(nothing, -np.inf if method != "pmf" else 0.0, np.where(k < self._least, below, above))
        return np.where(valid & (k == k), np.where(inside, found, outside), np.nan)

    # What a distribution defines

    _most = formula(lambda *shapes: np.inf)
    _logpmf: Any


class _Poisson(Discrete):
    """Poisson's distribution of counts, mu^k exp(-mu) / k!."""

    name, shapes = "poisson", ("mu",)

    _valid = formula(lambda mu: mu >= 0)
    _logpmf = formula(densities.poisson_log_mass)
    _cdf = formula(special.pdtr)
    _sf = formula(special.pdtrc)
    _logcdf = formula(lambda k, mu: densities.log_gammaincc(k + 1, mu))
    _logsf = formula(lambda k, mu: densities.log_gammainc(k + 1, mu))


class _Binom(Discrete):
    """The distribution of the number of successes among ``n`` trials, of probability ``p`` each."""

    name, shapes, _counts = "binom", ("n", "p"), ("n",)

    _valid = formula(lambda n, p: (n >= 0) & (n == np.floor(n)) & (p >= 0) & (p <= 1))
    _most = formula(lambda n, p: n)
    _logpmf = formula(
        lambda k, n, p: densities.binomial_log_mass(k, n, p, 1 - p, special.xlogy(k, p) + special.xlog1py(n - k, -p))
    )
    _cdf = formula(lambda k, n, p: special.betaincc(k + 1, n - k, p))
    _sf = formula(lambda k, n, p: special.betainc(k + 1, n - k, p))
    _logcdf = formula(lambda k, n, p: densities.log_betainc(n - k, k + 1, 1 - p, p))
    _logsf = formula(lambda k, n, p: densities.log_betainc(k + 1, n - k, p, 1 - p))


class _Nbinom(Discrete):
    """The distribution of the number of failures before the ``n``-th success, of probability ``p`` each."""

    name, shapes = "nbinom", ("n", "p")

    _valid = formula(lambda n, p: (n > 0) & (p > 0) & (p <= 1))
    _logpmf = formula(
        lambda k, n, p: densities.negative_binomial_log_mass(k, n, p, 1 - p, n * np.log(p) + special.xlog1py(k, -p))
    )
    _cdf = formula(lambda k, n, p: special.betainc(n, k + 1, p))
    _sf = formula(lambda k, n, p: special.betaincc(n, k + 1, p))
    _logcdf = formula(lambda k, n, p: densities.log_betainc(n, k + 1, p, 1 - p))
    _logsf = formula(lambda k, n, p: densities.log_betainc(k + 1, n, 1 - p, p))


class _Geom(Discrete):
    """The distribution of the number of trials until the first success, of probability ``p`` each."""

    name, shapes, _least = "geom", ("p",), 1

    _valid = formula(lambda p: (p > 0) & (p <= 1))
    _logpmf = formula(lambda k, p: special.xlog1py(k - 1, -p) + np.log(p))
    _cdf = formula(lambda k, p: -np.expm1(k * np.log1p(-p)))
    _sf = formula(lambda k, p: np.exp(k * np.log1p(-p)))
    _logsf = formula(lambda k, p: k * np.log1p(-p))


class _Bernoulli(Discrete):
    """The distribution of one trial: 1 with probability ``p``, else 0."""

    name, shapes = "bernoulli", ("p",)

    _valid = formula(lambda p: (p >= 0) & (p <= 1))
    _most = formula(lambda p: 1)
    _logpmf = formula(lambda k, p: special.xlogy(k, p) + special.xlog1py(1 - k, -p))
    _cdf = formula(lambda k, p: 1 - p + 0 * k)
    _sf = formula(lambda k, p: p + 0 * k)


poisson, binom, nbinom, geom, bernoulli = _Poisson(), _Binom(), _Nbinom(), _Geom(), _Bernoulli()
