"""The von Mises distribution of angles."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike
from ..random import draw_given
from . import constraints
from ._special import special
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator

__all__ = ["VonMises"]


def _angles(generator: np.random.Generator, shape: tuple[int, ...], loc: Any, concentration: Any) -> Any:
    drawn = generator.vonmises(loc.astype(np.float64), concentration.astype(np.float64), shape)
    return drawn.astype(loc.dtype)


class VonMises(Distribution):
    """The von Mises distribution of an angle in radians, a normal distribution on the circle.

    Parameters
    ----------
    loc
        The angle of greatest density.
    concentration
        About the inverse of the variance, where that is small.
    validate_args
        As in `Distribution`.

    Examples
    --------
    >>> from nn.distributions import VonMises
    >>> round(float(VonMises(0.0, 4.0).variance), 4)
    0.1365
    """

    arg_constraints: ClassVar[Constraints] = {"loc": constraints.real, "concentration": constraints.positive}
    loc: Any
    concentration: Any

    def __init__(self, loc: TensorLike, concentration: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, loc=loc, concentration=concentration)

    @property
    def support(self) -> Constraint:
        """All real numbers, for an angle may have further turns."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """`loc`, the circular mean."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance, 1 less the mean cosine of the distance to `loc`."""
        result: Any = densities.von_mises_variance(self.concentration)
        return result

    def _draw(self, sample_shape: tuple[int, ...], generator: Generator) -> Any:
        return draw_given(_angles, self._shape(sample_shape), [self.loc, self.concentration], generator)

    def _log_prob(self, value: Any) -> Any:
        kappa = self.concentration
        return kappa * special.cosm1(value - self.loc) - np.log(special.i0e(kappa)) - math.log(2 * math.pi)
