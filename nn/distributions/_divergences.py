"""The formulas of `kl_divergence`: of two distributions of the same family, and of different families."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from autograd.extend import densities

from .categorical import Categorical, OneHotCategorical
from .combined import Independent
from .counts import Bernoulli, Binomial, Geometric, Poisson
from .distribution import Distribution
from .interval import Beta, Dirichlet, Uniform
from .kl import kl_divergence, register_kl
from .multivariate import LowRankMultivariateNormal, MultivariateNormal, half_log_det, whitened
from .positive import Exponential, Gamma, HalfNormal, Pareto
from .real import EULER, Cauchy, Gumbel, Laplace, Normal
from .transformed import TransformedDistribution
from .transforms import summed

special = densities.special

LOG_2PI = math.log(2 * math.pi)

# Of the same family


def _beyond_log(x: Any, y: Any) -> Any:
    """Return x/y - 1 - log(x/y), which is small where both are about the same."""
    excess = (x - y) / y
    near = np.less(np.abs(excess), 0.5)
    return excess - np.where(near, np.log1p(np.where(near, excess, 0)), np.log(np.where(near, 1, x / y)))


def _of_logits(p: Any, q: Any) -> Any:
    """Return the divergence of one trial; an outcome that cannot occur in `p` adds nothing."""
    return sum(chance * (log - other) for chance, log, other in zip(p._both, p._logs, q._logs, strict=True))


register_kl(Bernoulli, Bernoulli)(_of_logits)
register_kl(Geometric, Geometric)(lambda p, q: _of_logits(p, q) / p.probs)
register_kl(Exponential, Exponential)(lambda p, q: _beyond_log(q.rate, p.rate))
register_kl(HalfNormal, HalfNormal)(
    lambda p, q: 0.5 * np.square((p.scale - q.scale) / q.scale) + _beyond_log(p.scale, q.scale)
)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    more = np.greater(p.total_count, q.total_count)
    equal = np.equal(p.total_count, q.total_count)
    return np.where(more, np.inf, np.where(equal, p.total_count * _of_logits(p, q), np.nan))


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    none = np.equal(p.rate, 0)
    rate = np.where(none, 1, p.rate)
    return np.where(none, q.rate, rate * _beyond_log(q.rate, rate))


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _categorical(p: Any, q: Any) -> Any:
    none = np.equal(p.probs, 0)
    terms = np.where(none, 0, p.probs * np.where(none, 0, p.logits - q.logits))
    return np.sum(terms, axis=-1)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    excess, distance = (p.scale - q.scale) / q.scale, (p.loc - q.loc) / q.scale
    return 0.5 * (excess * excess + distance * distance) + _beyond_log(p.scale, q.scale)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    distance = np.abs(p.loc - q.loc) / p.scale
    return _beyond_log(p.scale, q.scale) + p.scale / q.scale * (distance + np.expm1(-distance))


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    total, distance = p.scale + q.scale, p.loc - q.loc
    return np.log(total * total + distance * distance) - np.log(4 * p.scale * q.scale)


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, distance = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return -np.log(ratio) - distance + np.exp(distance + special.gammaln(1 + ratio)) - 1 + EULER * (ratio - 1)


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    slope = (a - b) * special.psi(a) + a * (q.rate / p.rate - 1)
    return b * np.log(p.rate / q.rate) + special.gammaln(b) - special.gammaln(a) + slope


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    finite = q.alpha * np.log(p.scale / q.scale) + _beyond_log(q.alpha, p.alpha)
    return np.where(np.less(p.scale, q.scale), np.inf, finite)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    inside = np.less_equal(q.low, p.low) & np.greater_equal(q.high, p.high)
    return np.where(inside, np.log((q.high - q.low) / (p.high - p.low)), np.inf)


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    slopes = (a - c) * special.psi(a) + (b - d) * special.psi(b) + (c + d - a - b) * special.psi(a + b)
    return special.betaln(c, d) - special.betaln(a, b) + slopes


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    slopes = special.psi(a) - special.psi(np.sum(a, axis=-1, keepdims=True))
    return q._log_norm() - p._log_norm() + np.sum((a - b) * slopes, axis=-1)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    factor, other = p.scale_tril, q.scale_tril
    distance = whitened(other, p.loc - q.loc)
    ratio = np.linalg.solve(other, factor)
    squares = np.sum(ratio * ratio, axis=(-2, -1)) + np.sum(distance * distance, axis=-1)
    return half_log_det(other) - half_log_det(factor) + 0.5 * (squares - p.event_shape[0])


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"kl_divergence of Independent with {p.reinterpreted_batch_ndims} axes of a batch in the event and "
            f"Independent with {q.reinterpreted_batch_ndims}: give both the same"
        )
    return summed(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            f"kl_divergence of TransformedDistribution with {p.transforms} and with {q.transforms}: the divergence is "
            f"that of the distributions before only if the functions are the same"
        )
    return kl_divergence(p.base_dist, q.base_dist)


# Of different families. The first is not 0 where the second is: the divergence is infinite.


def _infinite(p: Any, q: Any) -> Any:
    shape = np.broadcast_shapes(p.batch_shape, q.batch_shape)
    return np.full(shape, np.inf, p._dtype)


_BOUNDED: tuple[type[Distribution], ...] = (Uniform, Beta, Pareto)
_APART: list[tuple[type[Distribution], type[Distribution]]] = [
    (Beta, Pareto), (Uniform, Pareto), (Pareto, Beta), (Pareto, Uniform), (Poisson, Bernoulli), (Poisson, Binomial),
    *product((Normal, Laplace, Gumbel), (*_BOUNDED, Exponential, Gamma)), *product((Exponential, Gamma), _BOUNDED),
]  # fmt: skip
for _pair in _APART:
    register_kl(*_pair)(_infinite)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    mean = _mean_of_log(p.low, p.high)
    finite = -np.log(p.high - p.low) - np.log(q.alpha) - q.alpha * np.log(q.scale) + (q.alpha + 1) * mean
    return np.where(np.less(p.low, q.scale), np.inf, finite)


def _mean_of_log(low: Any, high: Any) -> Any:
    """Return the mean of log(x) between two numbers of at least 0."""
    low, high = np.maximum(low, 0), np.maximum(high, 0)
    return (special.xlogy(high, high) - special.xlogy(low, low)) / np.where(high > low, high - low, 1) - 1


# The others are minus the entropy, less the mean of the logarithm of the second density


register_kl(Bernoulli, Poisson)(lambda p, q: -p.entropy() - (p.probs * np.log(q.rate) - q.rate))


def _against_normal(mean: Any, variance: Any, q: Any) -> Any:
    """Return minus the mean of the logarithm of a normal density."""
    distance = mean - q.loc
    return 0.5 * (variance + distance * distance) / (q.scale * q.scale) + np.log(q.scale) + 0.5 * LOG_2PI


for _first in (Beta, Exponential, Gamma, Gumbel, Laplace, Uniform):
    register_kl(_first, Normal)(lambda p, q: -p.entropy() + _against_normal(p.mean, p.variance, q))


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    many = np.greater(p.alpha, 2)
    finite = -p.entropy() + _against_normal(np.where(many, p.mean, 0), np.where(many, p.variance, 0), q)
    return np.where(many, finite, np.inf)


for _first in (Beta, Gamma):
    register_kl(_first, Exponential)(lambda p, q: -p.entropy() - np.log(q.rate) + q.rate * p.mean)


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    many = np.greater(p.alpha, 1)
    finite = -p.entropy() - np.log(q.rate) + q.rate * np.where(many, p.mean, 0)
    return np.where(many, finite, np.inf)


def _against_gamma(mean: Any, log: Any, q: Any) -> Any:
    """Return minus the mean of the logarithm of a gamma density, given those of x and of log(x)."""
    a = q.concentration
    return special.gammaln(a) - a * np.log(q.rate) + q.rate * mean - (a - 1) * log


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    log = special.psi(p.concentration1) - special.psi(p.concentration1 + p.concentration0)
    return -p.entropy() + _against_gamma(p.mean, log, q)


register_kl(Exponential, Gamma)(lambda p, q: -p.entropy() + _against_gamma(p.mean, -EULER - np.log(p.rate), q))


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    many = np.greater(p.alpha, 1)
    mean = np.where(many, p.mean, 0)
    return np.where(many, -p.entropy() + _against_gamma(mean, np.log(p.scale) + 1 / p.alpha, q), np.inf)


register_kl(Uniform, Exponential)(
    lambda p, q: np.where(np.less(p.low, 0), np.inf, -p.entropy() - np.log(q.rate) + q.rate * p.mean)
)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    finite = -p.entropy() + _against_gamma(p.mean, _mean_of_log(p.low, p.high), q)
    return np.where(np.less(p.low, 0), np.inf, finite)


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    low, high = np.clip(p.low, 0, 1), np.clip(p.high, 0, 1)
    mean, rest = _mean_of_log(low, high), _mean_of_log(1 - high, 1 - low)
    finite = -p.entropy() + special.betaln(a, b) - (a - 1) * mean - (b - 1) * rest
    return np.where(np.less(p.low, 0) | np.greater(p.high, 1), np.inf, finite)


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Any:
    inside = np.less_equal(q.low, 0) & np.greater_equal(q.high, 1)
    return np.where(inside, -p.entropy() + q.entropy(), np.inf)


def _against_gumbel(mean: Any, exponential: Any, q: Any) -> Any:
    """Return minus the mean of the logarithm of a Gumbel density, given the means of x and of exp(-x / scale)."""
    return np.log(q.scale) + (mean - q.loc) / q.scale + np.exp(q.loc / q.scale) * exponential


_MEANS_OF_EXP: dict[type[Distribution], Callable[[Any, Any], Any]] = {  # of exp(-x / scale)
    Exponential: lambda p, q: 1 / (1 + 1 / (p.rate * q.scale)),
    Gamma: lambda p, q: np.exp(-p.concentration * np.log1p(1 / (p.rate * q.scale))),
    Normal: lambda p, q: np.exp(0.5 * (p.scale / q.scale) * (p.scale / q.scale) - p.loc / q.scale),
    Uniform: lambda p, q: (np.exp(-p.low / q.scale) - np.exp(-p.high / q.scale)) * q.scale / (p.high - p.low),
}
for _kind, _mean in _MEANS_OF_EXP.items():
    register_kl(_kind, Gumbel)(lambda p, q, mean=_mean: -p.entropy() + _against_gumbel(p.mean, mean(p, q), q))


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    z = (p.loc - q.loc) / p.scale
    distance = p.scale * (math.sqrt(2 / math.pi) * np.exp(-0.5 * z * z) + z * special.erf(z / math.sqrt(2)))
    return -p.entropy() + np.log(2 * q.scale) + distance / q.scale
