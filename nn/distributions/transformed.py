"""Distributions of functions of samples of another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import TensorLike
from . import constraints
from ._formulas import formula, of_value
from .combined import Independent, check_distribution
from .composition import ComposeTransform
from .constraints import Constraint, Constraints
from .distribution import Distribution, Generator
from .real import Normal
from .transforms import ExpTransform, Transform, summed

__all__ = ["LogNormal", "TransformedDistribution"]

D = TypeVar("D", bound=Distribution)


class TransformedDistribution(Distribution):
    """The distribution of functions of samples of another one.

    Parameters
    ----------
    base_distribution
        The distribution of the samples.
    transforms
        One function, or several of which the first is applied first.

    Examples
    --------
    The logistic distribution, from a uniform one:

    >>> from nn.distributions import AffineTransform, SigmoidTransform, TransformedDistribution, Uniform
    >>> logistic = TransformedDistribution(Uniform(0.0, 1.0), [SigmoidTransform().inv, AffineTransform(2.0, 3.0)])
    >>> float(logistic.cdf(2.0))
    0.5
    """

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        check_distribution("TransformedDistribution", "base_distribution", base_distribution)
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        whole = ComposeTransform(self.transforms)
        shape = base_distribution.batch_shape + base_distribution.event_shape
        deeper = whole.domain.event_dim - len(base_distribution.event_shape)
        if deeper > len(base_distribution.batch_shape):
            raise ShapeError(
                f"TransformedDistribution: a function of {whole.domain.event_dim} axes needs samples with as many, not "
                f"of shape {shape}"
            )
        self.base_dist: Distribution = base_distribution
        if deeper > 0:
            self.base_dist = Independent(base_distribution, deeper, validate_args)
        self._whole = whole
        spread = whole._out_dim - whole.domain.event_dim if self.transforms else 0
        shape = whole.forward_shape(np.broadcast_shapes(shape, self._shape_of_parameters()))
        events = len(self.base_dist.event_shape) + spread
        super().__init__(shape[: len(shape) - events], shape[len(shape) - events :], validate_args)
        base_shape = self.batch_shape
        if self.base_dist.batch_shape != base_shape:
            self.base_dist = self.base_dist.expand(base_shape)
        self.has_rsample = base_distribution.has_rsample

    def _shape_of_parameters(self) -> tuple[int, ...]:
        """Return the shape to which the parameters of functions of numbers broadcast samples."""
        shapes = [
            np.shape(value)
            for part in self.transforms
            if not part.domain.event_dim
            for value in vars(part).values()
            if isinstance(value, np.ndarray | Tensor)
        ]
        return np.broadcast_shapes(*shapes) if len(shapes) == len(self.transforms) else ()

    @property
    def support(self) -> Constraint:
        """What the last function gives."""
        if not self.transforms:
            return self.base_dist.support
        last = self.transforms[-1].codomain
        deeper = len(self.event_shape) - last.event_dim
        return constraints.independent(last, deeper) if deeper > 0 else last

    def expand(self, batch_shape: Sequence[int]) -> TransformedDistribution:
        shape = self._expanded(batch_shape)
        return TransformedDistribution(self.base_dist.expand(shape), self.transforms, self._validate_args)

    def __repr__(self) -> str:
        return f"TransformedDistribution({self.base_dist}, {self.transforms})"

    _dtype: Any = formula(lambda self: self.base_dist._dtype)

    def _draw(self, shape: tuple[int, ...], generator: Generator) -> Any:
        inner = shape[: len(shape) - len(self._event_shape)] + self.base_dist._event_shape
        return self._whole._call(self.base_dist._draw(inner, generator))

    def _log_prob(self, value: Any) -> Any:
        total: Any = 0
        events = len(self.event_shape)
        for part in reversed(self.transforms):
            before = part._inverse(value)
            events += part.domain.event_dim - part.codomain.event_dim
            total = total - summed(part.log_abs_det_jacobian(before, value), events - part.domain.event_dim)
            value = before
        return total + summed(self.base_dist._log_prob(value), events - len(self.base_dist.event_shape))

    _cdf = of_value(lambda self, value: self._turned(self.base_dist._cdf(self._whole._inverse(value))))
    _icdf = of_value(lambda self, value: self._whole._call(self.base_dist._icdf(self._turned(value))))

    def _turned(self, chance: Any) -> Any:
        """Return the probability, of the contrary where the functions fall."""
        rises = np.greater(self._whole.sign, 0)
        return np.where(rises, chance, 1 - chance)


class LogNormal(TransformedDistribution, example=("0.0, 1.0", "icdf(0.5)", 1.0)):
    """The distribution of the exponential of a normal variate.

    Parameters
    ----------
    loc, scale
        The mean and the standard deviation of the logarithm.
    """

    arg_constraints: ClassVar[Constraints] = Normal.arg_constraints
    base_dist: Normal

    def __init__(self, loc: TensorLike, scale: TensorLike, validate_args: bool | None = None) -> None:
        super().__init__(_named(Normal, "LogNormal", loc, scale, validate_args), ExpTransform(), validate_args)

    loc = formula(lambda self: self.base_dist.loc, "The mean of the logarithm.")
    scale = formula(lambda self: self.base_dist.scale, "The standard deviation of the logarithm.")
    mean = formula(lambda self: np.exp(self.loc + 0.5 * self.base_dist.variance))
    mode = formula(lambda self: np.exp(self.loc - self.base_dist.variance))

    @property
    def variance(self) -> Tensor:
        square = self.base_dist.variance
        return np.expm1(square) * np.exp(2 * self.loc + square)  # type: ignore[return-value]

    @property
    def stddev(self) -> Tensor:
        square = self.base_dist.variance
        return np.sqrt(np.expm1(square)) * np.exp(self.loc + 0.5 * square)  # type: ignore[return-value]

    def expand(self, batch_shape: Sequence[int]) -> LogNormal:
        base = self.base_dist.expand(batch_shape)
        return LogNormal(base.loc, base.scale, self._validate_args)

    _entropy = formula(lambda self: self.base_dist.entropy() + self.loc)

    def __repr__(self) -> str:
        return repr(self.base_dist).replace("Normal", "LogNormal", 1)


def _named(kind: type[D], owner: str, *args: Any) -> D:
    """Return a distribution, whose errors name another one that is made of it."""
    try:
        return kind(*args)
    except (TypeError, ValueError) as error:
        error.args = (str(error).replace(kind.__name__, owner, 1),)
        raise
