"""The normal distribution, and that of the absolute value of a normal variate."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor

from .._arguments import TensorLike
from . import constraints
from ._special import special
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator

__all__ = ["HalfNormal", "Normal"]

LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


class Normal(Distribution):
    """The normal distribution.

    Parameters
    ----------
    loc
        The mean.
    scale
        The standard deviation.
    validate_args
        As in `Distribution`.

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

    arg_constraints: ClassVar[Constraints] = {"loc": constraints.real, "scale": constraints.positive}
    has_rsample = True
    loc: Any
    scale: Any

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, scale=scale)

    @property
    def support(self) -> Constraint:
        """All real numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """The square of `scale`."""
        return self.scale * self.scale

    def entropy(self) -> Tensor:
        return np.log(self.scale) + (0.5 + LOG_ROOT_2PI)

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return self.loc + self.scale * self._noise("standard_normal", self._shape(sample_shape), generator)

    def _log_prob(self, value: Any) -> Any:
        z = (value - self.loc) / self.scale
        return z * z * -0.5 - np.log(self.scale) - LOG_ROOT_2PI

    def _cdf(self, value: Any) -> Any:
        return special.ndtr((value - self.loc) / self.scale)

    def _icdf(self, value: Any) -> Any:
        return self.loc + self.scale * special.ndtri(value)


class HalfNormal(Distribution):
    """The distribution of the absolute value of a normal variate of mean 0.

    Parameters
    ----------
    scale
        The standard deviation of the normal variate.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import HalfNormal
    >>> round(float(HalfNormal(2.0).mean), 3)
    1.596
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
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Tensor:
        """0."""
        return self.scale * 0

    @property
    def variance(self) -> Tensor:
        return self.scale * self.scale * (1 - 2 / math.pi)

    @property
    def stddev(self) -> Tensor:
        return self.scale * math.sqrt(1 - 2 / math.pi)

    def entropy(self) -> Tensor:
        return np.log(self.scale) + 0.5 * (1 + math.log(math.pi / 2))

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return self.scale * np.abs(self._noise("standard_normal", self._shape(sample_shape), generator))

    def _log_prob(self, value: Any) -> Any:
        z = value / self.scale
        return z * z * -0.5 - np.log(self.scale) + (math.log(2) - LOG_ROOT_2PI)

    def _cdf(self, value: Any) -> Any:
        return special.erf(value / (self.scale * math.sqrt(2)))

    def _icdf(self, value: Any) -> Any:
        return self.scale * (math.sqrt(2) * special.erfinv(value))
