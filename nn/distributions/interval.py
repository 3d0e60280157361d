"""Distributions on intervals: uniform, beta and Kumaraswamy; and Dirichlet, of rows with a sum of 1."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import densities

from .._arguments import TensorLike, example
from . import constraints
from ._formulas import dependent, drawn, formula, of_chance, of_value, sampled
from ._implicit import beta_sample, dirichlet_sample
from ._operands import check
from .constraints import Constraints
from .distribution import Distribution, Generator
from .real import EULER

__all__ = ["Beta", "Dirichlet", "Kumaraswamy", "Uniform"]

special = densities.special


class Uniform(Distribution, example=("1.0, 3.0", "mean", 2.0)):
    """The uniform distribution between two numbers.

    Parameters
    ----------
    low, high
        The ends, of which `low` is the smaller one.
    """

    arg_constraints: ClassVar[Constraints] = {"low": constraints.real, "high": constraints.real}
    has_rsample = True
    low: Any
    high: Any

    def __init__(self, low: TensorLike, high: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, low=low, high=high)
        if self._validate_args:
            check("Uniform", "high - low", self.high - self.low, constraints.greater_than(0))

    support = dependent(lambda self: constraints.interval(self.low, self.high), "Numbers from `low` to `high`.")
    mean = formula(lambda self: 0.5 * (self.low + self.high), "The middle.")
    mode = formula(lambda self: np.full_like(self.low, math.nan), "Nan, for all values have the same density.")
    variance = formula(lambda self: np.square(self.stddev))
    stddev = formula(lambda self: (self.high - self.low) / math.sqrt(12))
    _entropy = formula(lambda self: np.log(self.high - self.low))
    _draw = drawn("random", lambda self, noise: self.low + (self.high - self.low) * noise)

    def _log_prob(self, value: Any) -> Any:
        inside = (value >= self.low) & (value < self.high)
        return np.where(inside, -np.log(self.high - self.low), -np.inf)

    _cdf = of_value(lambda self, value: np.clip((value - self.low) / (self.high - self.low), 0, 1))
    _icdf = of_value(lambda self, value: self.low + (self.high - self.low) * value)


class _OfParts(Distribution):
    """A distribution of numbers from 0 to 1 with two shape parameters."""

    arg_constraints: ClassVar[Constraints] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True
    concentration1: Any
    concentration0: Any

    def __init__(
        self, concentration1: TensorLike, concentration0: TensorLike, validate_args: bool | None = None
    ) -> None:
        self._set(validate_args, concentration1=concentration1, concentration0=concentration0)


class Beta(_OfParts, example=("3.0, 1.0", "mean", 0.75)):
    """The beta distribution, whose samples have implicit gradients.

    Parameters
    ----------
    concentration1, concentration0
        The parameters, often called alpha and beta: mass moves to 1 as the first grows, to 0 as the second does.
    """

    mean = formula(lambda self: 1 / (1 + self.concentration0 / self.concentration1))

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, at an end if one parameter is 1 or less, and nan if both are."""
        a, b = self.concentration1, self.concentration0
        inner = (a > 1) & (b > 1)
        first = np.where(inner, (a - 1) / np.where(inner, a + b - 2, 1), np.where(a > b, 1.0, 0.0))
        return np.where((a <= 1) & (b <= 1), np.nan, first).astype(self._dtype)  # type: ignore[return-value]

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total * total * (total + 1))

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        parts = densities.gamma_entropy(a) + densities.gamma_entropy(b) - densities.gamma_entropy(a + b)
        return parts - special.psi(a + b)

    _draw = sampled(
        lambda self, shape, generator: beta_sample(self.concentration1, self.concentration0, shape, generator)
    )
    _log_prob = of_value(
        lambda self, value: densities.beta_log_density(value, 1 - value, self.concentration1, self.concentration0)
    )


class Kumaraswamy(_OfParts, example=("2.0, 1.0", "cdf(0.5)", 0.25)):
    """Kumaraswamy's distribution, with the form of a beta distribution and a closed distribution function.

    Parameters
    ----------
    concentration1, concentration0
        The parameters a and b of the distribution function 1 - (1 - x**a)**b.
    """

    def _moment(self, n: int) -> Any:
        a, b = self.concentration1, self.concentration0
        return b * np.exp(densities.log_beta(1 + n / a, b))

    mean = formula(lambda self: self._moment(1))

    @property
    def mode(self) -> Tensor:
        """The value of greatest density, nan where a parameter is less than 1 or both are 1."""
        a, b = self.concentration1, self.concentration0
        known = (a >= 1) & (b >= 1) & ((a > 1) | (b > 1))
        first, second = np.where(known, a, 2), np.where(known, b, 2)
        mode = np.power((first - 1) / (first * second - 1), 1 / first)
        return np.where(known, mode, np.nan).astype(self._dtype)  # type: ignore[return-value]

    variance = formula(lambda self: self._moment(2) - self._moment(1) * self._moment(1))

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        return (1 - 1 / b) + (1 - 1 / a) * (special.psi(b + 1) + EULER) - np.log(a) - np.log(b)

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_exponential", shape, generator)
        drawn = np.exp(np.log(-np.expm1(-noise / self.concentration0)) / self.concentration1)
        bounds = np.finfo(self._dtype)
        return np.clip(drawn, bounds.tiny, 1 - bounds.epsneg)

    def _log_prob(self, value: Any) -> Any:
        a, b = self.concentration1, self.concentration0
        rest = -np.power(value, a)
        return np.log(a) + np.log(b) + special.xlogy(a - 1, value) + special.xlog1py(b - 1, rest)

    _cdf = of_value(
        lambda self, value: -np.expm1(special.xlog1py(self.concentration0, -np.power(value, self.concentration1)))
    )
    _icdf = of_chance(
        lambda self, value: np.power(-np.expm1(np.log1p(-value) / self.concentration0), 1 / self.concentration1)
    )


@example("nn.distributions.Dirichlet(np.array([1.0, 3.0])).mean", "array([0.25, 0.75])")
class Dirichlet(Distribution):
    """The Dirichlet distribution of rows of positive numbers with a sum of 1; samples have implicit gradients.

    Parameters
    ----------
    concentration
        Shape ``(..., n)``: one positive parameter for each number of a row.

    References
    ----------
    Jankowiak and Obermeyer, "Pathwise Derivatives Beyond the Reparameterization Trick", ICML 2018.
    """

    arg_constraints: ClassVar[Constraints] = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    concentration: Any

    def __init__(self, concentration: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, concentration=concentration)
        self._event_shape = self.concentration.shape[-1:]

    _total = formula(lambda self: np.sum(self.concentration, axis=-1, keepdims=True))
    mean = formula(lambda self: self.concentration / self._total)

    @property
    def mode(self) -> Tensor:
        """The row of greatest density; where that is at the border, the corner of the greatest concentration."""
        above = np.maximum(self.concentration - 1, 0)
        total = np.sum(above, axis=-1, keepdims=True)
        inner = above / np.where(total > 0, total, 1)
        n = self.event_shape[0]
        corner = np.argmax(self.concentration, axis=-1)[..., None] == np.arange(n)
        below = np.all(self.concentration < 1, axis=-1, keepdims=True)
        return np.where(below, corner, inner).astype(self._dtype)

    @property
    def variance(self) -> Tensor:
        """The variance of each number."""
        total = self._total
        return self.concentration * (total - self.concentration) / (total * total * (total + 1))

    def _log_norm(self) -> Any:
        a = self.concentration
        return np.sum(special.gammaln(a), axis=-1) - special.gammaln(np.sum(a, axis=-1))

    def entropy(self) -> Tensor:
        a, total = self.concentration, np.sum(self.concentration, axis=-1)
        n = self.event_shape[0]
        parts = np.sum(densities.gamma_entropy(a), axis=-1) - densities.gamma_entropy(total)
        return parts - (n - 1) * special.psi(total)

    _draw = sampled(lambda self, shape, generator: dirichlet_sample(self.concentration, shape, generator))

    def _log_prob(self, value: Any) -> Any:
        return np.sum(special.xlogy(self.concentration - 1, value), axis=-1) - self._log_norm()
