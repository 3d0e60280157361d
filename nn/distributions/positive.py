"""Distributions of positive numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike
from . import constraints
from ._formulas import dependent, drawn, formula, of_chance, of_value, sampled
from ._implicit import gamma_sample
from .constraints import Constraints
from .distribution import Distribution, Generator, shown
from .real import EULER

__all__ = [
    "Chi2", "Exponential", "FisherSnedecor", "Gamma", "HalfCauchy", "HalfNormal", "InverseGamma", "Pareto", "Weibull",
]  # fmt: skip

special = densities.special


class Exponential(Distribution, example=("4.0", "mean", 0.25)):
    """The exponential distribution.

    Parameters
    ----------
    rate
        The inverse of the mean.
    """

    arg_constraints: ClassVar[Constraints] = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    rate: Any

    def __init__(self, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    mean = formula(lambda self: 1 / self.rate, "The inverse of `rate`.")
    mode = formula(lambda self: self.rate * 0, "0.")
    stddev = mean
    variance = formula(lambda self: np.square(1 / self.rate))
    _entropy = formula(lambda self: 1 - np.log(self.rate))
    _draw = drawn("standard_exponential", lambda self, noise: noise / self.rate)
    _log_prob = of_value(lambda self, value: np.log(self.rate) - self.rate * value)
    _cdf = of_value(lambda self, value: -np.expm1(-self.rate * value))
    _icdf = of_chance(lambda self, value: -np.log1p(-value) / self.rate)


class _OfShape(Distribution):
    """A distribution of a shape parameter and a rate."""

    arg_constraints: ClassVar[Constraints] = {"concentration": constraints.positive, "rate": constraints.positive}
    has_rsample = True
    concentration: Any
    rate: Any

    def __init__(self, concentration: TensorLike, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)


class Gamma(_OfShape):
    """The gamma distribution, whose samples have implicit gradients.

    Parameters
    ----------
    concentration
        The shape parameter.
    rate
        The inverse of the scale.

    References
    ----------
    Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", NeurIPS 2018.

    Examples
    --------
    The mean of samples grows as the concentration does:

    >>> import numpy as np
    >>> import nn
    >>> from autograd import grad
    >>> from nn.distributions import Gamma
    >>> def mean(a):
    ...     return Gamma(a, 1.0).rsample((1000,), np.random.default_rng(0)).mean()
    >>> abs(grad(mean)(3.0) - 1) < 0.1
    np.True_
    """

    support = constraints.nonnegative

    mean = formula(lambda self: self.concentration / self.rate)
    mode = formula(
        lambda self: np.maximum(self.concentration - 1, 0) / self.rate,
        "The value of greatest density, 0 for a concentration of up to 1.",
    )
    variance = formula(lambda self: self.mean / self.rate)
    stddev = formula(lambda self: np.sqrt(self.concentration) / self.rate)
    _entropy = formula(lambda self: densities.gamma_entropy(self.concentration) - np.log(self.rate))
    _draw = sampled(lambda self, shape, generator: gamma_sample(self.concentration, shape, generator) / self.rate)
    _log_prob = of_value(
        lambda self, value: densities.gamma_log_density(self.rate * value, self.concentration) + np.log(self.rate)
    )
    _cdf = of_value(lambda self, value: special.gammainc(self.concentration, self.rate * value))


class InverseGamma(_OfShape, example=("3.0, 4.0", "mean", 2.0)):
    """The distribution of the inverse of a gamma variate.

    Parameters
    ----------
    concentration
        The shape parameter.
    rate
        The rate of the gamma variate, which is the scale of its inverse.
    """

    support = constraints.positive

    mean = formula(
        lambda self: self._above(1, self.concentration, lambda a: self.rate / (a - 1)),
        "The mean, infinite for a concentration of up to 1.",
    )
    mode = formula(lambda self: self.rate / (self.concentration + 1))
    variance = formula(
        lambda self: self._above(2, self.concentration, lambda a: np.square(self.rate / (a - 1)) / (a - 2)),
        "The variance, infinite for a concentration of up to 2.",
    )
    stddev = formula(
        lambda self: self._above(2, self.concentration, lambda a: self.rate / (a - 1) / np.sqrt(a - 2)),
        "The standard deviation, infinite for a concentration of up to 2.",
    )
    _entropy = formula(
        lambda self: (
            densities.gamma_entropy(self.concentration) - 2 * special.psi(self.concentration) + np.log(self.rate)
        )
    )
    _draw = sampled(lambda self, shape, generator: self.rate / gamma_sample(self.concentration, shape, generator))

    def _log_prob(self, value: Any) -> Any:
        scaled = self.rate / value
        return densities.gamma_log_density(scaled, self.concentration) + np.log(scaled) - np.log(value)

    _cdf = of_value(lambda self, value: special.gammaincc(self.concentration, self.rate / value))


class Chi2(Gamma, example=("3.0", "mean", 3.0)):
    """The distribution of the sum of `df` squares of standard normal variates, a gamma distribution.

    Parameters
    ----------
    df
        Degrees of freedom.
    """

    arg_constraints: ClassVar[Constraints] = {**Gamma.arg_constraints, "df": constraints.positive}

    def __init__(self, df: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, df=df)
        half = 0.5 * self.__dict__.pop("df")
        self.concentration, self.rate = half, np.full_like(half, 0.5)
        self._names = ("concentration", "rate")

    df = formula(lambda self: 2 * self.concentration, "Degrees of freedom.")

    def __repr__(self) -> str:
        return f"Chi2(df: {shown(self.df)})"


class FisherSnedecor(Distribution, example=("1.0, 4.0", "mean", 2.0)):
    """The distribution of the quotient of two mean squares of normal variates.

    Parameters
    ----------
    df1, df2
        Degrees of freedom of both.
    """

    arg_constraints: ClassVar[Constraints] = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True
    df1: Any
    df2: Any

    def __init__(self, df1: TensorLike, df2: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, df1=df1, df2=df2)

    mean = formula(
        lambda self: self._above(2, self.df2, lambda n: 1 + 2 / (n - 2), math.nan),
        "The mean, nan for a `df2` of up to 2.",
    )
    mode = formula(
        lambda self: self._above(2, self.df1, lambda m: (m - 2) / m * self.df2 / (self.df2 + 2), math.nan),
        "The value of greatest density, nan for a `df1` of up to 2.",
    )

    variance = formula(
        lambda self: self._above(
            4, self.df2, lambda n: 2 / self.df1 * np.square(1 + 2 / (n - 2)) * (1 + (self.df1 + 2) / (n - 4)), math.nan
        ),
        "The variance, nan for a `df2` of up to 4.",
    )

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        first, second = (gamma_sample(0.5 * df, shape, generator) for df in (self.df1, self.df2))
        return first * self.df2 / (second * self.df1)

    _log_prob = of_value(lambda self, value: densities.fisher_log_density(value, self.df1, self.df2))


class _Half(Distribution):
    """The distribution of the absolute value of another one around 0."""

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    scale: Any

    def __init__(self, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale)

    mode = formula(lambda self: self.scale * 0, "0.")


class HalfNormal(_Half, example=("2.0", "mean", 1.5958)):
    """The distribution of the absolute value of a normal variate of mean 0.

    Parameters
    ----------
    scale
        The standard deviation of the normal variate.
    """

    mean = formula(lambda self: self.scale * math.sqrt(2 / math.pi))
    variance = formula(lambda self: self.scale * self.scale * (1 - 2 / math.pi))
    stddev = formula(lambda self: self.scale * math.sqrt(1 - 2 / math.pi))
    _entropy = formula(lambda self: np.log(self.scale) + 0.5 * (1 + math.log(math.pi / 2)))
    _draw = drawn("standard_normal", lambda self, noise: self.scale * np.abs(noise))
    _log_prob = of_value(lambda self, value: densities.half_normal_log_density(value / self.scale) - np.log(self.scale))
    _cdf = of_value(lambda self, value: special.erf(value / (self.scale * math.sqrt(2))))
    _icdf = of_value(lambda self, value: self.scale * (math.sqrt(2) * special.erfinv(value)))


class HalfCauchy(_Half, example=("2.0", "cdf(2.0)", 0.5)):
    """The distribution of the absolute value of a Cauchy variate around 0; its mean and variance are infinite.

    Parameters
    ----------
    scale
        The median.
    """

    mean = formula(lambda self: np.full_like(self.scale, math.inf), "Infinity.")
    variance = mean

    _entropy = formula(lambda self: math.log(2 * math.pi) + np.log(self.scale))
    _draw = drawn("random", lambda self, noise: self.scale * np.tan(math.pi / 2 * noise))
    _log_prob = of_value(
        lambda self, value: math.log(2 / math.pi) - np.log(self.scale) - densities.log1p_square(value / self.scale)
    )
    _cdf = of_value(lambda self, value: np.arctan2(value, self.scale) * (2 / math.pi))
    _icdf = of_value(lambda self, value: self.scale * densities.half_cauchy_quantile(value))


class Weibull(Distribution, example=("2.0, 1.0", "mean", 2.0)):
    """Weibull's distribution.

    Parameters
    ----------
    scale
        The scale.
    concentration
        The shape parameter: 1 gives an exponential distribution.
    """

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive
    has_rsample = True
    scale: Any
    concentration: Any

    def __init__(self, scale: TensorLike, concentration: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale, concentration=concentration)

    mean = formula(lambda self: self.scale * np.exp(special.gammaln(1 + 1 / self.concentration)))

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, 0 for a concentration of up to 1."""
        k = np.maximum(self.concentration, 1)
        return self.scale * np.power((k - 1) / k, 1 / k)

    variance = formula(lambda self: np.square(self.stddev))

    @property
    def stddev(self) -> Tensor:
        spread: Any = np.expm1(densities.log_moment_ratio(1 / self.concentration))
        return self.mean * np.sqrt(spread)

    _entropy = formula(lambda self: EULER * (1 - 1 / self.concentration) + np.log(self.scale / self.concentration) + 1)
    _draw = drawn("standard_exponential", lambda self, noise: self.scale * np.exp(np.log(noise) / self.concentration))

    def _log_prob(self, value: Any) -> Any:
        log = np.log(value / self.scale)
        k = self.concentration
        return np.log(k) + k * log - np.exp(k * log) - np.log(value)

    _cdf = of_value(lambda self, value: -np.expm1(-np.power(value / self.scale, self.concentration)))
    _icdf = of_chance(lambda self, value: self.scale * np.power(-np.log1p(-value), 1 / self.concentration))


class Pareto(Distribution, example=("1.0, 3.0", "mean", 1.5)):
    """Pareto's distribution of numbers above `scale`, whose density falls with a power.

    Parameters
    ----------
    scale
        The smallest value.
    alpha
        The power with which the probability of larger values falls.
    """

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive, "alpha": constraints.positive}
    has_rsample = True
    scale: Any
    alpha: Any

    def __init__(self, scale: TensorLike, alpha: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale, alpha=alpha)

    support = dependent(lambda self: constraints.greater_than_eq(self.scale), "Numbers of at least `scale`.")
    mean = formula(
        lambda self: self._above(1, self.alpha, lambda a: self.scale + self.scale / (a - 1)),
        "The mean, infinite for an `alpha` of up to 1.",
    )
    mode = formula(lambda self: self.scale, "`scale`.")
    variance = formula(
        lambda self: self._above(2, self.alpha, lambda a: np.square(self.scale / (a - 1)) * (a / (a - 2))),
        "The variance, infinite for an `alpha` of up to 2.",
    )
    stddev = formula(
        lambda self: self._above(2, self.alpha, lambda a: self.scale / (a - 1) * np.sqrt(a / (a - 2))),
        "The standard deviation, infinite for an `alpha` of up to 2.",
    )
    _entropy = formula(lambda self: np.log(self.scale / self.alpha) + 1 + 1 / self.alpha)
    _draw = drawn("standard_exponential", lambda self, noise: self.scale * np.exp(noise / self.alpha))
    _log_prob = of_value(
        lambda self, value: np.log(self.alpha) - self.alpha * np.log(value / self.scale) - np.log(value)
    )
    _cdf = of_value(lambda self, value: -np.expm1(-self.alpha * np.log(value / self.scale)))
    _icdf = of_chance(lambda self, value: self.scale * np.exp(-np.log1p(-value) / self.alpha))
