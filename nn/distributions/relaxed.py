"""Continuous relaxations of discrete distributions, whose samples have gradients: the Gumbel-softmax distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .._arguments import TensorLike
from ..functional._activation import sigmoid, softmax
from ..functional._smooth_activation import softplus
from . import constraints
from .categorical import OfClasses
from .constraints import Constraints
from .counts import OfOdds
from .distribution import Distribution, Generator

__all__ = ["RelaxedBernoulli", "RelaxedOneHotCategorical"]


class _Relaxed(Distribution):
    """A distribution of numbers that are close to discrete ones at a low temperature."""

    has_rsample = True
    temperature: Any

    def __init__(
        self,
        temperature: TensorLike,
        probs: TensorLike | None = None,
        logits: TensorLike | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._set_either(validate_args, probs, logits, temperature=temperature)


class RelaxedBernoulli(_Relaxed, OfOdds):
    """A distribution of numbers from 0 to 1 that are close to either end at a low temperature.

    Parameters
    ----------
    temperature
        Above 0: samples are 0 or 1 in the limit of 0, and flat for high ones.
    probs
        The probability of being close to 1, in the limit.
    logits
        The logarithm of its odds; one of the two is given.

    References
    ----------
    Maddison, Mnih and Teh, "The Concrete Distribution", ICLR 2017; Jang, Gu and Poole, "Categorical Reparameterization
    with Gumbel-Softmax", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import RelaxedBernoulli
    >>> RelaxedBernoulli(0.1, np.array([0.01, 0.99])).sample((), np.random.default_rng(0)).round(3)
    array([0., 1.])
    """

    arg_constraints: ClassVar[Constraints] = {**OfOdds.arg_constraints, "temperature": constraints.positive}
    support = constraints.unit_interval

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        noise = self._noise("standard_exponential", shape, generator)
        odds = noise + np.log(-np.expm1(-noise))  # those of a uniform variate, in logarithms
        bounds = np.finfo(self._dtype)
        return np.clip(sigmoid((self.logits + odds) / self.temperature), bounds.tiny, 1 - bounds.epsneg)

    def _log_prob(self, value: Any) -> Any:
        log, rest = np.log(value), np.log1p(-value)
        difference = self.logits - (log - rest) * self.temperature
        return np.log(self.temperature) + difference - 2 * softplus(difference) - log - rest


class RelaxedOneHotCategorical(_Relaxed, OfClasses):
    """A distribution of rows with a sum of 1 that are close to one-hot at a low temperature: Gumbel-softmax.

    For references see `RelaxedBernoulli`.

    Parameters
    ----------
    temperature
        One number above 0: samples are one-hot in the limit of 0, and flat for high ones.
    probs
        Shape ``(..., classes)``: numbers of at least 0, which are divided by their sum.
    logits
        Of the same shape: logarithms of such numbers; one of the two is given.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import RelaxedOneHotCategorical
    >>> RelaxedOneHotCategorical(0.1, np.array([0.0, 0.5, 0.5])).sample((), np.random.default_rng(0)).round(3)
    array([0., 0., 1.])
    """

    arg_constraints: ClassVar[Constraints] = {**OfClasses.arg_constraints, "temperature": constraints.positive}
    support = constraints.simplex

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        noise = -np.log(self._noise("standard_exponential", shape, generator))
        drawn = softmax((self.logits + noise) / self.temperature[..., None], axis=-1)
        return np.maximum(drawn, np.finfo(self._dtype).tiny)

    def _log_prob(self, value: Any) -> Any:
        n, log = self._classes, np.log(value)
        score = self.logits - log * self.temperature[..., None]
        score = score - np.logaddexp.reduce(score, axis=-1, keepdims=True)
        scale = math.lgamma(n) + (n - 1) * np.log(self.temperature)
        return scale + np.sum(score - log, axis=-1)
