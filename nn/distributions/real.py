"""Distributions of real numbers: normal, Laplace, Cauchy, Gumbel, Student's t, and von Mises, of angles."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd.extend import densities

from .._arguments import TensorLike
from ..random import draw_given
from . import constraints
from ._formulas import drawn, formula, of_value, sampled
from ._implicit import gamma_sample
from .constraints import Constraints
from .distribution import Distribution, Generator

__all__ = ["EULER", "Cauchy", "Gumbel", "Laplace", "Located", "Normal", "StudentT", "VonMises"]

EULER = 0.5772156649015329
special = densities.special


class Located(Distribution):
    """A distribution of real numbers, or vectors of them, around a location."""

    support = constraints.real
    loc: Any

    mean = formula(lambda self: self.loc, "The mean and the value of greatest density: `loc`.")
    mode = mean


class _LocationScale(Located):
    """The distribution of ``loc + scale * z``, given functions of z."""

    arg_constraints: ClassVar[Constraints] = {"loc": constraints.real, "scale": constraints.positive}
    has_rsample = True
    scale: Any
    _log_density: ClassVar[Any]
    _below: ClassVar[Any]
    _quantile: ClassVar[Any]

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    _log_prob = of_value(lambda self, value: self._log_density((value - self.loc) / self.scale) - np.log(self.scale))
    _cdf = of_value(lambda self, value: self._below((value - self.loc) / self.scale))
    _icdf = of_value(lambda self, value: self.loc + self.scale * self._quantile(value))


class Normal(_LocationScale):
    """The normal distribution.

    Parameters
    ----------
    loc
        The mean.
    scale
        The standard deviation.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import Normal
    >>> p = Normal(np.zeros(3), np.array([0.5, 1.0, 2.0]))
    >>> p
    Normal(loc: (3,), scale: (3,))
    >>> p.log_prob(1.0).round(3)
    array([-2.226, -1.419, -1.737])
    >>> p.sample((100,)).shape
    (100, 3)
    """

    _log_density = staticmethod(densities.normal_log_density)
    _below = staticmethod(lambda z: special.ndtr(z))
    _quantile = staticmethod(lambda q: special.ndtri(q))
    stddev = formula(lambda self: self.scale, "`scale`.")
    variance = formula(lambda self: self.scale * self.scale, "The square of `scale`.")
    _entropy = formula(lambda self: np.log(self.scale) + (0.5 + densities.LOG_ROOT_2PI))
    _draw = drawn("standard_normal", lambda self, noise: self.loc + self.scale * noise)


class Laplace(_LocationScale, example=("0.0, 1.0", "cdf(0.0)", 0.5)):
    """Laplace's distribution, whose density falls exponentially on both sides of `loc`.

    Parameters
    ----------
    loc
        The mean.
    scale
        The mean distance from it.
    """

    _log_density = staticmethod(densities.laplace_log_density)
    _below = staticmethod(densities.laplace_cdf)
    _quantile = staticmethod(densities.laplace_quantile)
    variance = formula(lambda self: 2 * self.scale * self.scale)
    stddev = formula(lambda self: math.sqrt(2) * self.scale)
    _entropy = formula(lambda self: 1 + np.log(2 * self.scale))

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        first, second = (self._noise("standard_exponential", shape, generator) for _ in range(2))
        return self.loc + self.scale * (first - second)


class Cauchy(_LocationScale, example=("0.0, 2.0", "icdf(0.75)", 2.0)):
    """Cauchy's distribution, which has no mean, given as nan, and an infinite variance.

    Parameters
    ----------
    loc
        The median.
    scale
        Half of the width of the density at half of its height.
    """

    _log_density = staticmethod(densities.cauchy_log_density)
    _below = staticmethod(densities.cauchy_cdf)
    _quantile = staticmethod(densities.cauchy_quantile)
    mean = formula(lambda self: np.full_like(self.loc, math.nan), "Nan, for there is none.")
    variance = formula(lambda self: np.full_like(self.loc, math.inf), "Infinity.")
    _entropy = formula(lambda self: math.log(4 * math.pi) + np.log(self.scale))
    _draw = drawn("random", lambda self, noise: self.loc + self.scale * np.tan(math.pi * (noise - 0.5)))


class Gumbel(_LocationScale, example=("0.0, 1.0", "mean", 0.5772)):
    """Gumbel's distribution of the largest of many numbers.

    Parameters
    ----------
    loc
        The value of greatest density.
    scale
        The scale.
    """

    _log_density = staticmethod(densities.gumbel_log_density)
    _below = staticmethod(densities.gumbel_cdf)
    _quantile = staticmethod(densities.gumbel_quantile)
    mean = formula(lambda self: self.loc + self.scale * EULER, "`loc` and Euler's constant times `scale`.")
    variance = formula(lambda self: self.scale * self.scale * (math.pi**2 / 6))
    stddev = formula(lambda self: self.scale * (math.pi / math.sqrt(6)))
    _entropy = formula(lambda self: np.log(self.scale) + (1 + EULER))
    _draw = drawn("standard_exponential", lambda self, noise: self.loc - self.scale * np.log(noise))


class StudentT(Located, example=("4.0", "variance", 2.0)):
    """Student's t distribution.

    Parameters
    ----------
    df
        Degrees of freedom, above 0.
    loc, scale
        The location and the scale.
    """

    arg_constraints: ClassVar[Constraints] = {"df": constraints.positive, **_LocationScale.arg_constraints}
    has_rsample = True
    df: Any
    scale: Any

    def __init__(
        self, df: TensorLike, loc: TensorLike = 0.0, scale: TensorLike = 1.0, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, df=df, loc=loc, scale=scale)

    mean = formula(
        lambda self: np.where(self.df > 1, self.loc, math.nan), "`loc`, and nan for one degree of freedom or less."
    )

    _at_most = formula(lambda self: np.where(self.df > 1, math.inf, math.nan))  # for two degrees of freedom
    variance = formula(
        lambda self: self._above(2, self.df, lambda n: self.scale * self.scale * (1 + 2 / (n - 2)), self._at_most),
        "The variance; infinity for up to two degrees of freedom, and nan for up to one.",
    )
    stddev = formula(
        lambda self: self._above(2, self.df, lambda n: self.scale * np.sqrt(1 + 2 / (n - 2)), self._at_most),
        "The standard deviation; infinity for up to two degrees of freedom, and nan for up to one.",
    )
    _entropy = formula(lambda self: np.log(self.scale) + densities.student_entropy(self.df))

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        noise, half = self._noise("standard_normal", shape, generator), 0.5 * self.df
        return self.loc + self.scale * (noise * np.sqrt(half / gamma_sample(half, shape, generator)))

    def _log_prob(self, value: Any) -> Any:
        return densities.student_log_density((value - self.loc) / self.scale, self.df) - np.log(self.scale)


def _angles(generator: np.random.Generator, shape: tuple[int, ...], loc: Any, concentration: Any) -> Any:
    drawn = generator.vonmises(loc.astype(np.float64), concentration.astype(np.float64), shape)
    return drawn.astype(loc.dtype)


class VonMises(Located, example=("0.0, 4.0", "variance", 0.1365)):
    """The von Mises distribution of an angle in radians, a normal distribution on the circle.

    Parameters
    ----------
    loc
        The angle of greatest density, and the circular mean.
    concentration
        About the inverse of the variance, where that is small.
    """

    arg_constraints: ClassVar[Constraints] = {"loc": constraints.real, "concentration": constraints.positive}
    concentration: Any

    def __init__(self, loc: TensorLike, concentration: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, concentration=concentration)

    variance = formula(
        lambda self: densities.von_mises_variance(self.concentration),
        "The circular variance, 1 less the mean cosine of the distance to `loc`.",
    )

    _draw = sampled(
        lambda self, shape, generator: draw_given(_angles, shape, [self.loc, self.concentration], generator)
    )

    def _log_prob(self, value: Any) -> Any:
        kappa = self.concentration
        return kappa * special.cosm1(value - self.loc) - np.log(special.i0e(kappa)) - math.log(2 * math.pi)
