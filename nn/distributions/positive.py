"""Distributions of positive numbers: exponential, gamma and its inverse, Weibull and Pareto."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike
from . import constraints
from ._implicit import gamma_sample
from ._special import special
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator
from .location_scale import EULER

__all__ = ["Exponential", "Gamma", "InverseGamma", "Pareto", "Positive", "Weibull"]


class Positive(Distribution):
    """A distribution of positive numbers."""

    has_rsample = True

    @property
    def support(self) -> Constraint:
        """Positive numbers."""
        return constraints.positive


class Exponential(Positive):
    """The exponential distribution.

    Parameters
    ----------
    rate
        The inverse of the mean.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Exponential
    >>> float(Exponential(4.0).mean)
    0.25
    """

    arg_constraints: ClassVar[Constraints] = {"rate": constraints.positive}
    rate: Any

    def __init__(self, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    @property
    def support(self) -> Constraint:
        """Numbers of 0 or more."""
        return constraints.nonnegative

    @property
    def mean(self) -> Tensor:
        """The inverse of `rate`."""
        return 1 / self.rate

    @property
    def mode(self) -> Tensor:
        """0."""
        return self.rate * 0

    @property
    def stddev(self) -> Tensor:
        """The inverse of `rate`."""
        return 1 / self.rate

    @property
    def variance(self) -> Tensor:
        return np.square(1 / self.rate)

    def entropy(self) -> Tensor:
        return 1 - np.log(self.rate)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return self._noise("standard_exponential", self._shape(sample_shape), generator) / self.rate

    def _log_prob(self, value: Any) -> Any:
        return np.log(self.rate) - self.rate * value

    def _cdf(self, value: Any) -> Any:
        return -np.expm1(-self.rate * value)

    def _icdf(self, value: Any) -> Any:
        with np.errstate(divide="ignore"):
            return -np.log1p(-value) / self.rate


class Gamma(Positive):
    """The gamma distribution, whose samples have implicit gradients.

    Parameters
    ----------
    concentration
        The shape parameter.
    rate
        The inverse of the scale.
    validate_args
        As in `Distribution`.

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

    arg_constraints: ClassVar[Constraints] = {"concentration": constraints.positive, "rate": constraints.positive}
    concentration: Any
    rate: Any

    def __init__(self, concentration: TensorLike, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)

    @property
    def support(self) -> Constraint:
        """Numbers of 0 or more."""
        return constraints.nonnegative

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, 0 for a concentration of up to 1."""
        return np.maximum(self.concentration - 1, 0) / self.rate

    @property
    def variance(self) -> Tensor:
        return self.mean / self.rate

    @property
    def stddev(self) -> Tensor:
        return np.sqrt(self.concentration) / self.rate

    def entropy(self) -> Tensor:
        result: Any = densities.gamma_entropy(self.concentration) - np.log(self.rate)
        return result

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return gamma_sample(self.concentration, self._shape(sample_shape), generator) / self.rate

    def _log_prob(self, value: Any) -> Any:
        return densities.gamma_log_density(self.rate * value, self.concentration) + np.log(self.rate)

    def _cdf(self, value: Any) -> Any:
        return special.gammainc(self.concentration, self.rate * value)


class InverseGamma(Positive):
    """The distribution of the inverse of a gamma variate.

    Parameters
    ----------
    concentration
        The shape parameter.
    rate
        The rate of the gamma variate, which is the scale of its inverse.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import InverseGamma
    >>> float(InverseGamma(3.0, 4.0).mean)
    2.0
    """

    arg_constraints: ClassVar[Constraints] = {"concentration": constraints.positive, "rate": constraints.positive}
    concentration: Any
    rate: Any

    def __init__(self, concentration: TensorLike, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration, rate=rate)

    @property
    def mean(self) -> Tensor:
        """The mean, infinite for a concentration of up to 1."""
        a = np.where(self.concentration > 1, self.concentration, 2)
        result: Any = np.where(self.concentration > 1, self.rate / (a - 1), math.inf).astype(self._dtype)
        return result

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        """The variance, infinite for a concentration of up to 2."""
        a = np.where(self.concentration > 2, self.concentration, 3)
        finite = np.square(self.rate / (a - 1)) / (a - 2)
        result: Any = np.where(self.concentration > 2, finite, math.inf).astype(self._dtype)
        return result

    @property
    def stddev(self) -> Tensor:
        """The standard deviation, infinite for a concentration of up to 2."""
        a = np.where(self.concentration > 2, self.concentration, 3)
        finite = self.rate / (a - 1) / np.sqrt(a - 2)
        result: Any = np.where(self.concentration > 2, finite, math.inf).astype(self._dtype)
        return result

    def entropy(self) -> Tensor:
        a = self.concentration
        result: Any = densities.gamma_entropy(a) - 2 * special.psi(a) + np.log(self.rate)
        return result

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return self.rate / gamma_sample(self.concentration, self._shape(sample_shape), generator)

    def _log_prob(self, value: Any) -> Any:
        scaled = self.rate / value
        return densities.gamma_log_density(scaled, self.concentration) + np.log(scaled) - np.log(value)

    def _cdf(self, value: Any) -> Any:
        return special.gammaincc(self.concentration, self.rate / value)


class Weibull(Positive):
    """Weibull's distribution.

    Parameters
    ----------
    scale
        The scale.
    concentration
        The shape parameter: 1 gives an exponential distribution.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Weibull
    >>> round(float(Weibull(2.0, 1.0).mean), 6)
    2.0
    """

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive, "concentration": constraints.positive}
    scale: Any
    concentration: Any

    def __init__(self, scale: TensorLike, concentration: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale, concentration=concentration)

    @property
    def mean(self) -> Tensor:
        return self.scale * np.exp(special.gammaln(1 + 1 / self.concentration))

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, 0 for a concentration of up to 1."""
        k = np.maximum(self.concentration, 1)
        return self.scale * np.power((k - 1) / k, 1 / k)

    @property
    def variance(self) -> Tensor:
        return np.square(self.stddev)  # type: ignore[return-value]

    @property
    def stddev(self) -> Tensor:
        spread: Any = np.expm1(densities.log_moment_ratio(1 / self.concentration))
        return self.mean * np.sqrt(spread)

    def entropy(self) -> Tensor:
        return EULER * (1 - 1 / self.concentration) + np.log(self.scale / self.concentration) + 1

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_exponential", self._shape(sample_shape), generator)
        return self.scale * np.exp(np.log(noise) / self.concentration)

    def _log_prob(self, value: Any) -> Any:
        log = np.log(value / self.scale)
        k = self.concentration
        return np.log(k) + k * log - np.exp(k * log) - np.log(value)

    def _cdf(self, value: Any) -> Any:
        return -np.expm1(-np.power(value / self.scale, self.concentration))

    def _icdf(self, value: Any) -> Any:
        with np.errstate(divide="ignore"):
            return self.scale * np.power(-np.log1p(-value), 1 / self.concentration)


class Pareto(Positive):
    """Pareto's distribution of numbers above `scale`, whose density falls with a power.

    Parameters
    ----------
    scale
        The smallest value.
    alpha
        The power with which the probability of larger values falls.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Pareto
    >>> float(Pareto(1.0, 3.0).mean)
    1.5
    """

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive, "alpha": constraints.positive}
    scale: Any
    alpha: Any

    def __init__(self, scale: TensorLike, alpha: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale, alpha=alpha)

    @property
    def support(self) -> Constraint:
        """Numbers of at least `scale`."""
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        """The mean, infinite for an `alpha` of up to 1."""
        a = np.where(self.alpha > 1, self.alpha, 2)
        result: Any = np.where(self.alpha > 1, self.scale + self.scale / (a - 1), math.inf).astype(self._dtype)
        return result

    @property
    def mode(self) -> Tensor:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """The variance, infinite for an `alpha` of up to 2."""
        a = np.where(self.alpha > 2, self.alpha, 3)
        finite = np.square(self.scale / (a - 1)) * (a / (a - 2))
        result: Any = np.where(self.alpha > 2, finite, math.inf).astype(self._dtype)
        return result

    @property
    def stddev(self) -> Tensor:
        """The standard deviation, infinite for an `alpha` of up to 2."""
        a = np.where(self.alpha > 2, self.alpha, 3)
        finite = self.scale / (a - 1) * np.sqrt(a / (a - 2))
        result: Any = np.where(self.alpha > 2, finite, math.inf).astype(self._dtype)
        return result

    def entropy(self) -> Tensor:
        return np.log(self.scale / self.alpha) + 1 + 1 / self.alpha

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_exponential", self._shape(sample_shape), generator)
        return self.scale * np.exp(noise / self.alpha)

    def _log_prob(self, value: Any) -> Any:
        return np.log(self.alpha) - self.alpha * np.log(value / self.scale) - np.log(value)

    def _cdf(self, value: Any) -> Any:
        return -np.expm1(-self.alpha * np.log(value / self.scale))

    def _icdf(self, value: Any) -> Any:
        with np.errstate(divide="ignore"):
            return self.scale * np.exp(-np.log1p(-value) / self.alpha)
