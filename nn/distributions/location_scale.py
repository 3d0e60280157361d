"""Distributions of real numbers with a location and a scale, apart from the normal one: Laplace, Cauchy and Gumbel."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike
from . import constraints
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator

__all__ = ["EULER", "Cauchy", "Gumbel", "HalfCauchy", "Laplace"]

EULER = 0.5772156649015329


class _LocationScale(Distribution):
    """A distribution of real numbers around a location."""

    arg_constraints: ClassVar[Constraints] = {"loc": constraints.real, "scale": constraints.positive}
    has_rsample = True
    loc: Any
    scale: Any

    @property
    def support(self) -> Constraint:
        """All real numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """The mean, which is `loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, `loc`."""
        return self.loc


class Laplace(_LocationScale):
    """Laplace's distribution, whose density falls exponentially on both sides of `loc`.

    Parameters
    ----------
    loc
        The mean.
    scale
        The mean distance from it.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Laplace
    >>> float(Laplace(0.0, 1.0).cdf(0.0))
    0.5
    """

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale * self.scale

    @property
    def stddev(self) -> Tensor:
        return math.sqrt(2) * self.scale

    def entropy(self) -> Tensor:
        return 1 + np.log(2 * self.scale)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        shape = self._shape(sample_shape)
        first, second = (self._noise("standard_exponential", shape, generator) for _ in range(2))
        return self.loc + self.scale * (first - second)

    def _log_prob(self, value: Any) -> Any:
        return -np.log(2 * self.scale) - np.abs(value - self.loc) / self.scale

    def _cdf(self, value: Any) -> Any:
        return densities.laplace_cdf((value - self.loc) / self.scale)

    def _icdf(self, value: Any) -> Any:
        return self.loc + self.scale * densities.laplace_quantile(value)


class Cauchy(_LocationScale):
    """Cauchy's distribution, which has no mean, given as nan, and an infinite variance.

    Parameters
    ----------
    loc
        The median.
    scale
        Half of the width of the density at half of its height.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Cauchy
    >>> round(float(Cauchy(0.0, 2.0).icdf(0.75)), 6)
    2.0
    """

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        """Nan, for there is none."""
        return np.full_like(self.loc, math.nan)

    @property
    def variance(self) -> Tensor:
        """Infinity."""
        return np.full_like(self.loc, math.inf)

    def entropy(self) -> Tensor:
        return math.log(4 * math.pi) + np.log(self.scale)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        shape = self._shape(sample_shape)
        noise = np.tan(math.pi * (self._noise("random", shape, generator) - 0.5))
        return self.loc + self.scale * noise

    def _log_prob(self, value: Any) -> Any:
        z = (value - self.loc) / self.scale
        return -math.log(math.pi) - np.log(self.scale) - densities.log1p_square(z)

    def _cdf(self, value: Any) -> Any:
        return densities.cauchy_cdf((value - self.loc) / self.scale)

    def _icdf(self, value: Any) -> Any:
        return self.loc + self.scale * densities.cauchy_quantile(value)


class HalfCauchy(Distribution):
    """The distribution of the absolute value of a Cauchy variate around 0; its mean and variance are infinite.

    Parameters
    ----------
    scale
        The median.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import HalfCauchy
    >>> round(float(HalfCauchy(2.0).cdf(2.0)), 6)
    0.5
    """

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive}
    has_rsample = True
    scale: Any

    def __init__(self, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, scale=scale)

    @property
    def support(self) -> Constraint:
        """Numbers of 0 or more."""
        return constraints.nonnegative

    @property
    def mean(self) -> Tensor:
        """Infinity."""
        return np.full_like(self.scale, math.inf)

    @property
    def mode(self) -> Tensor:
        """0."""
        return self.scale * 0

    @property
    def variance(self) -> Tensor:
        """Infinity."""
        return np.full_like(self.scale, math.inf)

    def entropy(self) -> Tensor:
        return math.log(2 * math.pi) + np.log(self.scale)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        shape = self._shape(sample_shape)
        return self.scale * np.tan(math.pi / 2 * self._noise("random", shape, generator))

    def _log_prob(self, value: Any) -> Any:
        z = value / self.scale
        return math.log(2 / math.pi) - np.log(self.scale) - densities.log1p_square(z)

    def _cdf(self, value: Any) -> Any:
        return np.arctan2(value, self.scale) * (2 / math.pi)

    def _icdf(self, value: Any) -> Any:
        return self.scale * densities.half_cauchy_quantile(value)


class Gumbel(_LocationScale):
    """Gumbel's distribution of the largest of many numbers.

    Parameters
    ----------
    loc
        The value of greatest density.
    scale
        The scale.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import Gumbel
    >>> round(float(Gumbel(0.0, 1.0).mean), 4)
    0.5772
    """

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def mean(self) -> Tensor:
        """`loc` and Euler's constant times `scale`."""
        return self.loc + self.scale * EULER

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale * (math.pi**2 / 6)

    @property
    def stddev(self) -> Tensor:
        return self.scale * (math.pi / math.sqrt(6))

    def entropy(self) -> Tensor:
        return np.log(self.scale) + (1 + EULER)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_exponential", self._shape(sample_shape), generator)
        return self.loc - self.scale * np.log(noise)

    def _log_prob(self, value: Any) -> Any:
        return densities.gumbel_log_density((value - self.loc) / self.scale) - np.log(self.scale)

    def _cdf(self, value: Any) -> Any:
        return np.exp(-np.exp((self.loc - value) / self.scale))

    def _icdf(self, value: Any) -> Any:
        with np.errstate(divide="ignore"):
            return self.loc - self.scale * np.log(-np.log(value))
