"""Distributions of counts: Bernoulli, binomial, geometric, negative binomial and Poisson."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from autograd import Tensor
from autograd.extend import borrow, densities

from .._arguments import TensorLike
from ..functional._activation import sigmoid
from ..random import draw_given
from . import constraints
from ._formulas import dependent, drawn, formula, of_value, sampled
from ._operands import logs_of
from .constraints import Constraint, Constraints
from .distribution import Distribution

__all__ = ["Bernoulli", "Binomial", "Geometric", "NegativeBinomial", "OfOdds", "Poisson"]


class OfOdds(Distribution):
    """A distribution with a probability, which is given as it is or as the logarithm of its odds."""

    arg_constraints: ClassVar[Constraints] = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(
        self, probs: TensorLike | None = None, logits: TensorLike | None = None, validate_args: bool | None = None
    ) -> None:
        self._set_either(validate_args, probs, logits)

    @property
    def probs(self) -> Tensor:
        """The probability."""
        found: Any = self.__dict__.get("probs")
        return sigmoid(self.logits) if found is None else found

    @probs.setter
    def probs(self, value: Tensor) -> None:
        self.__dict__["probs"] = value

    @property
    def logits(self) -> Tensor:
        """The logarithm of the odds, ``log(probs / (1 - probs))``."""
        found: Any = self.__dict__.get("logits")
        if found is None:
            log, rest = logs_of(self.probs)
            return log - rest
        return found

    @logits.setter
    def logits(self, value: Tensor) -> None:
        self.__dict__["logits"] = value

    @property
    def _both(self) -> tuple[Any, Any]:
        """The probabilities of success and of failure."""
        if "probs" in self.__dict__:
            return self.probs, 1 - self.probs
        return sigmoid(self.logits), sigmoid(-self.logits)

    @property
    def _logs(self) -> tuple[Any, Any]:
        """The logarithms of both; that of 0 is kept finite."""
        if "probs" in self.__dict__:
            return logs_of(self.probs)
        return -np.logaddexp(0, -self.logits), -np.logaddexp(0, self.logits)

    _odds = formula(lambda self: self.probs / (1 - self.probs) if "probs" in self.__dict__ else np.exp(self.logits))

    @property
    def _variance(self) -> Any:
        """The variance of one trial."""
        hit, miss = self._both
        return hit * miss if "probs" in self.__dict__ else densities.variance_of_odds(self.logits)

    @property
    def _entropy_of_trial(self) -> Any:
        """The entropy of one trial."""
        if "probs" not in self.__dict__:
            return densities.entropy_of_odds(self.logits)
        (hit, miss), (log_hit, log_miss) = self._both, self._logs
        return -hit * log_hit - miss * log_miss


class Bernoulli(OfOdds, example=("logits=0.0", "mean", 0.5)):
    """The distribution of 1 with a probability, and of 0 otherwise.

    Parameters
    ----------
    probs
        The probability of 1.
    logits
        The logarithm of its odds; one of the two is given.
    """

    support = constraints.boolean
    has_enumerate_support = True

    mean = formula(lambda self: self.probs, "The probability.")

    @property
    def mode(self) -> Tensor:
        """The more probable value, nan where both are as probable."""
        half = self.probs == 0.5
        return np.where(half, np.nan, self.probs >= 0.5).astype(self._dtype)  # type: ignore[return-value]

    variance = formula(lambda self: self._variance)
    _entropy = formula(lambda self: self._entropy_of_trial)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return 0 and 1 along a new first axis."""
        return self._listed(np.arange(2).astype(self._dtype), expand)

    _draw = drawn("random", lambda self, noise: (noise < self.probs).astype(self._dtype))

    def _log_prob(self, value: Any) -> Any:
        hit, miss = self._logs
        return value * hit + (1 - value) * miss


class Geometric(OfOdds, example=("0.25", "mean", 3.0)):
    """The distribution of the number of failures before the first success.

    Parameters
    ----------
    probs
        The probability of success in each trial, above 0.
    logits
        The logarithm of its odds; one of the two is given.
    """

    arg_constraints: ClassVar[Constraints] = {
        "probs": Constraint("above 0 and at most 1", lambda x: (x > 0) & (x <= 1), remedy="; or give logits"),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    mean = formula(lambda self: 1 / self._odds if "probs" in self.__dict__ else np.exp(-self.logits))
    mode = formula(lambda self: self.probs * 0, "0.")
    variance = formula(lambda self: self.mean / self.probs)
    stddev = formula(lambda self: np.sqrt(self._both[1]) / self._both[0])
    _entropy = formula(lambda self: self._entropy_of_trial / self.probs)
    _draw = drawn("standard_exponential", lambda self, noise: np.floor(noise / -self._logs[1]))

    def _log_prob(self, value: Any) -> Any:
        hit, miss = self._logs
        return hit + value * miss


def _poissons(generator: np.random.Generator, shape: tuple[int, ...], rate: Any) -> Any:
    return generator.poisson(rate.astype(np.float64), shape).astype(rate.dtype)


def _binomials(generator: np.random.Generator, shape: tuple[int, ...], count: Any, probs: Any) -> Any:
    return generator.binomial(count.astype(np.int64), probs.astype(np.float64), shape).astype(probs.dtype)


def _negative_binomials(generator: np.random.Generator, shape: tuple[int, ...], count: Any, odds: Any) -> Any:
    rates = generator.standard_gamma(count.astype(np.float64), shape) * odds.astype(np.float64)
    return generator.poisson(rates).astype(odds.dtype)


class Poisson(Distribution, example=("3.0", "log_prob(0)", -3.0)):
    """The Poisson distribution of counts.

    Parameters
    ----------
    rate
        The mean, 0 or more.
    """

    arg_constraints: ClassVar[Constraints] = {"rate": constraints.nonnegative}
    rate: Any
    support = constraints.nonnegative_integer

    def __init__(self, rate: TensorLike, validate_args: bool | None = None) -> None:
        self._set(validate_args, rate=rate)

    mean = formula(lambda self: self.rate, "`rate`.")
    mode = formula(lambda self: np.floor(self.rate), "The largest integer that is not above `rate`.")
    variance = mean
    _draw = sampled(lambda self, shape, generator: draw_given(_poissons, shape, [self.rate], generator))
    _log_prob = of_value(lambda self, value: densities.poisson_log_mass(value, self.rate))


class Binomial(OfOdds, example=("2, 0.5", "log_prob(1)", -0.6931)):
    """The distribution of the number of successes in independent trials.

    Parameters
    ----------
    total_count
        The number of trials.
    probs
        The probability of success in each.
    logits
        The logarithm of its odds; one of the two is given.
    """

    arg_constraints: ClassVar[Constraints] = {**OfOdds.arg_constraints, "total_count": constraints.nonnegative_integer}
    has_enumerate_support = True
    total_count: Any

    def __init__(
        self,
        total_count: TensorLike = 1,
        probs: TensorLike | None = None,
        logits: TensorLike | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._set_either(validate_args, probs, logits, total_count=total_count)

    support = dependent(
        lambda self: constraints.integer_interval(0, self.total_count), "Integers from 0 to `total_count`."
    )
    mean = formula(lambda self: self.total_count * self.probs)
    mode = formula(
        lambda self: np.minimum(np.floor((self.total_count + 1) * self.probs), self.total_count),
        "The most probable count.",
    )
    variance = formula(lambda self: self.total_count * self._variance)

    def entropy(self) -> Tensor:
        """Return the entropy, a sum over all counts; `total_count` is the same for all distributions."""
        log_prob = self._log_prob(self.enumerate_support(expand=False))
        return -np.sum(np.exp(log_prob) * log_prob, axis=0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return the counts from 0 to `total_count`, which is the same for all distributions, along a new axis."""
        counts = np.unique(np.asarray(borrow(self.total_count)))
        if len(counts) != 1:
            raise ValueError(
                f"Binomial has distributions of {len(counts)} different total_count, whose values are not as many"
            )
        return self._listed(np.arange(int(counts[0]) + 1).astype(self._dtype), expand)

    _draw = sampled(
        lambda self, shape, generator: draw_given(_binomials, shape, [self.total_count, self.probs], generator)
    )

    def _log_prob(self, value: Any) -> Any:
        n, (hit, miss) = self.total_count, self._logs
        return densities.binomial_log_mass(value, n, *self._both, value * hit + (n - value) * miss)


class NegativeBinomial(OfOdds, example=("3, 0.5", "mean", 3.0)):
    """The distribution of the number of successes before `total_count` failures.

    Parameters
    ----------
    total_count
        The number of failures, which may be a fraction.
    probs
        The probability of success in each trial, below 1.
    logits
        The logarithm of its odds; one of the two is given.
    """

    arg_constraints: ClassVar[Constraints] = {
        "total_count": constraints.nonnegative,
        "probs": Constraint("at least 0 and below 1", lambda x: (x >= 0) & (x < 1), remedy="; or give logits"),
        "logits": constraints.real,
    }
    total_count: Any
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: TensorLike,
        probs: TensorLike | None = None,
        logits: TensorLike | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._set_either(validate_args, probs, logits, total_count=total_count)

    mean = formula(lambda self: self.total_count * self._odds)
    mode = formula(
        lambda self: np.maximum(np.floor((self.total_count - 1) * self._odds), 0), "The most probable count."
    )
    variance = formula(lambda self: self.mean * (1 + self._odds))
    stddev = formula(lambda self: np.sqrt(self.mean) * np.sqrt(1 + self._odds))
    _draw = sampled(
        lambda self, shape, generator: draw_given(_negative_binomials, shape, [self.total_count, self._odds], generator)
    )

    def _log_prob(self, value: Any) -> Any:
        n = self.total_count
        none = (n == 0) & (value == 0)
        (hit, miss), (log_hit, log_miss) = self._both, self._logs
        some = np.where(none, 1, n)
        mass = densities.negative_binomial_log_mass(value, some, miss, hit, n * log_miss + value * log_hit)
        return np.where(none, 0, mass)
