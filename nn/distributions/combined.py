"""Distributions made of others: independent ones as one, and mixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import borrow

from . import constraints
from ._formulas import dependent, formula, of_value, sampled
from .categorical import Categorical
from .constraints import Constraint
from .distribution import Distribution, Generator
from .transforms import summed

__all__ = ["Independent", "MixtureSameFamily", "check_distribution"]


def check_distribution(owner: str, name: str, value: object) -> None:
    """Raise unless an argument is a distribution."""
    if not isinstance(value, Distribution):
        raise TypeError(f"{owner}: {name} should be a distribution, not {type(value).__name__}")


class Independent(Distribution):
    """Independent distributions as one of vectors: axes at the end of the batch shape become axes of the event.

    Parameters
    ----------
    base_distribution
        The distributions.
    reinterpreted_batch_ndims
        How many axes.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import Independent, Normal
    >>> p = Independent(Normal(np.zeros((2, 3)), 1.0), 1)
    >>> p.batch_shape, p.event_shape, p.log_prob(np.ones(3)).shape
    ((2,), (3,), (2,))
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None
    ) -> None:
        check_distribution("Independent", "base_distribution", base_distribution)
        count = len(base_distribution.batch_shape) - reinterpreted_batch_ndims
        if not 0 <= count <= len(base_distribution.batch_shape):
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims should be from 0 to {len(base_distribution.batch_shape)}, the "
                f"number of axes of the batch shape {base_distribution.batch_shape}, not {reinterpreted_batch_ndims}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        shape = base_distribution.batch_shape + base_distribution.event_shape
        super().__init__(shape[:count], shape[count:], validate_args)
        self.has_rsample = base_distribution.has_rsample

    support = dependent(
        lambda self: constraints.independent(self.base_dist.support, self.reinterpreted_batch_ndims),
        "That of the distributions, for all numbers of an event.",
    )
    mean = formula(lambda self: self.base_dist.mean)
    mode = formula(lambda self: self.base_dist.mode)
    variance = formula(lambda self: self.base_dist.variance, "The variance of each number.")

    def expand(self, batch_shape: Sequence[int]) -> Independent:
        count = self.reinterpreted_batch_ndims
        inner = self.event_shape[:count]
        return Independent(self.base_dist.expand((*self._expanded(batch_shape), *inner)), count, self._validate_args)

    def entropy(self) -> Tensor:
        """Return the entropy, the sum of those of the distributions."""
        return summed(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values, which is only done for distributions of numbers that were left as they are."""
        if self.reinterpreted_batch_ndims:
            raise self._absent("enumerate_support")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"

    _dtype: Any = formula(lambda self: self.base_dist._dtype)
    _converted = of_value(lambda self, value: self.base_dist._converted(value))
    _draw = sampled(lambda self, shape, generator: self.base_dist._draw(shape, generator))
    _log_prob = of_value(lambda self, value: summed(self.base_dist._log_prob(value), self.reinterpreted_batch_ndims))


class MixtureSameFamily(Distribution):
    """A mixture: one of several distributions of the same family is drawn, and from it a sample.

    Parameters
    ----------
    mixture_distribution
        A `Categorical` of the probabilities of the components.
    component_distribution
        The components, along the last axis of the batch shape.

    Examples
    --------
    Two normal distributions:

    >>> import numpy as np
    >>> from nn.distributions import Categorical, MixtureSameFamily, Normal
    >>> p = MixtureSameFamily(Categorical(np.array([0.25, 0.75])), Normal(np.array([-1.0, 1.0]), 0.5))
    >>> p.mean, p.variance
    (np.float64(0.5), np.float64(1.0))
    """

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise TypeError(
                f"MixtureSameFamily: mixture_distribution should be a Categorical, not "
                f"{type(mixture_distribution).__name__}"
            )
        check_distribution("MixtureSameFamily", "component_distribution", component_distribution)
        shape, n = component_distribution.batch_shape, mixture_distribution._classes
        try:
            fits = np.broadcast_shapes(shape[:-1], mixture_distribution.batch_shape) == shape[:-1]
        except ValueError:
            fits = False
        if not fits or shape[-1:] != (n,):
            raise ShapeError(
                f"MixtureSameFamily: the mixture has {n} components and the batch shape "
                f"{mixture_distribution.batch_shape}, so component_distribution should have the batch shape "
                f"{(*mixture_distribution.batch_shape, n)}, not {shape}"
            )
        self.mixture_distribution, self.component_distribution = mixture_distribution, component_distribution
        super().__init__(shape[:-1], component_distribution.event_shape, validate_args)

    @property
    def support(self) -> Constraint:
        """That of the components."""
        found, axis = self.component_distribution.support, self._axis
        return replace(found, holds=lambda x: np.any(found.holds(np.expand_dims(x, axis)), axis + found.event_dim))

    def _weights(self) -> Any:
        probs: Any = self.mixture_distribution.probs
        return probs.reshape(*probs.shape, *(1,) * len(self.event_shape))

    _axis: Any = formula(lambda self: -1 - len(self.event_shape))
    mean = formula(lambda self: np.sum(self._weights() * self.component_distribution.mean, axis=self._axis))

    @property
    def variance(self) -> Tensor:
        """The variance, within the components and between them."""
        parts, weights = self.component_distribution, self._weights()
        distance = parts.mean - np.expand_dims(self.mean, self._axis)
        return np.sum(weights * (parts.variance + distance * distance), axis=self._axis)

    def expand(self, batch_shape: Sequence[int]) -> MixtureSameFamily:
        shape = self._expanded(batch_shape)
        parts = self.component_distribution.expand((*shape, self.mixture_distribution._classes))
        return MixtureSameFamily(self.mixture_distribution.expand(shape), parts, self._validate_args)

    def __repr__(self) -> str:
        return f"MixtureSameFamily({self.mixture_distribution}, {self.component_distribution})"

    _dtype: Any = formula(lambda self: self.component_distribution._dtype)
    _converted = of_value(lambda self, value: self.component_distribution._converted(value))

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        rows, event = shape[: self._axis + 1 or None], self.event_shape
        place = borrow(self.mixture_distribution._draw(rows, generator))
        drawn = self.component_distribution._draw((*rows, self.mixture_distribution._classes, *event), generator)
        place = np.broadcast_to(place.reshape(*rows, *(1,) * (1 + len(event))), (*rows, 1, *event))
        return np.take_along_axis(drawn, place, axis=self._axis).squeeze(self._axis)

    def _log_prob(self, value: Any) -> Any:
        parts = self.component_distribution._log_prob(np.expand_dims(value, self._axis))
        return np.logaddexp.reduce(parts + self.mixture_distribution.logits, axis=-1)

    def _cdf(self, value: Any) -> Any:
        parts = self.component_distribution._cdf(np.expand_dims(value, self._axis))
        return np.sum(parts * self._weights(), axis=self._axis)
