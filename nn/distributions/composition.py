"""Functions made of others, for `TransformedDistribution`: one after the other, of whole events, in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import TensorLike, example
from . import constraints
from ._formulas import dependent, formula, of_value
from .constraints import Constraint
from .transforms import Transform, real_numbers, reals, summed

__all__ = ["ComposeTransform", "IndependentTransform", "ReshapeTransform", "identity_transform"]


class IndependentTransform(Transform):
    """Another function, some of whose axes belong to one event: the logarithms of its derivative are summed over them.

    Parameters
    ----------
    base_transform
        The function.
    reinterpreted_batch_ndims
        How many axes before those of its own events.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import ExpTransform, IndependentTransform
    >>> x = np.array([1.0, 2.0])
    >>> IndependentTransform(ExpTransform(), 1).log_abs_det_jacobian(x, np.exp(x))
    np.float64(3.0)
    """

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int) -> None:
        self.base_transform, self.reinterpreted_batch_ndims = base_transform, reinterpreted_batch_ndims

    domain = dependent(
        lambda self: constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims),
        "What arguments fulfil.",
    )
    codomain = dependent(
        lambda self: constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims),
        "What results fulfil.",
    )
    sign = formula(lambda self: self.base_transform.sign, "That of the function.")

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return the sum of the logarithms over the axes of an event."""
        return summed(self.base_transform.log_abs_det_jacobian(x, y), self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform}, {self.reinterpreted_batch_ndims})"

    _call = of_value(lambda self, x: self.base_transform._call(x))
    _inverse = of_value(lambda self, y: self.base_transform._inverse(y))


@example("nn.distributions.ReshapeTransform((4,), (2, 2))(np.arange(8).reshape(2, 4)).shape", "(2, 2, 2)")
class ReshapeTransform(Transform):
    """Another shape of an event.

    Parameters
    ----------
    in_shape, out_shape
        The shapes of arguments and results, of as many numbers.
    """

    def __init__(self, in_shape: Sequence[int], out_shape: Sequence[int]) -> None:
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ShapeError(
                f"ReshapeTransform: {self.in_shape} and {self.out_shape} have different numbers of elements"
            )

    domain = dependent(lambda self: reals(len(self.in_shape)), "What arguments fulfil.")
    codomain = dependent(lambda self: reals(len(self.out_shape)), "What results fulfil.")

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return 0."""
        return np.zeros_like(summed(real_numbers(self, x), len(self.in_shape)))

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _exchanged(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return _exchanged(shape, self.out_shape, self.in_shape)

    _call = of_value(lambda self, x: x.reshape(self.forward_shape(x.shape)))
    _inverse = of_value(lambda self, y: y.reshape(self.inverse_shape(y.shape)))


def _exchanged(shape: tuple[int, ...], old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    count = len(shape) - len(old)
    if count < 0 or shape[count:] != old:
        raise ShapeError(f"ReshapeTransform: an array of shape {shape} does not end with the axes {old}")
    return shape[:count] + new


class ComposeTransform(Transform):
    """Functions one after the other; the first of the list is applied first.

    Parameters
    ----------
    parts
        The functions.

    Examples
    --------
    >>> from nn.distributions import AffineTransform, ComposeTransform, ExpTransform
    >>> float(ComposeTransform([AffineTransform(0.0, 2.0), ExpTransform()])(0.0))
    1.0
    """

    def __init__(self, parts: Sequence[Transform]) -> None:
        self.parts = list(parts)
        for part in self.parts:
            if not isinstance(part, Transform):
                raise TypeError(f"ComposeTransform takes transforms, not {type(part).__name__}")

    @property
    def domain(self) -> Constraint:  # type: ignore[override]
        """What arguments fulfil."""
        if not self.parts:
            return constraints.real
        first = self.parts[0].domain
        return constraints.independent(first, self._event_dim - first.event_dim)

    @property
    def codomain(self) -> Constraint:  # type: ignore[override]
        """What results fulfil."""
        if not self.parts:
            return constraints.real
        last = self.parts[-1].codomain
        return constraints.independent(last, max(0, self._out_dim - last.event_dim))

    @property
    def _event_dim(self) -> int:
        """The number of axes that one event of all parts has before the first."""
        needed = 0
        for part in reversed(self.parts):
            needed = max(part.domain.event_dim, needed + part.domain.event_dim - part.codomain.event_dim)
        return needed

    @property
    def _out_dim(self) -> int:
        return self._event_dim + sum(part.codomain.event_dim - part.domain.event_dim for part in self.parts)

    sign = formula(lambda self: math.prod(part.sign for part in self.parts), "The product of the signs.")
    bijective: Any = formula(lambda self: all(part.bijective for part in self.parts), "Whether all parts are.")

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return the sum of the logarithms of all parts."""
        total: Any = 0
        place, events = real_numbers(self, x), self._event_dim
        if not self.parts:
            return np.zeros_like(place)
        for part in self.parts:
            result = part._call(place)
            total = total + summed(part.log_abs_det_jacobian(place, result), events - part.domain.event_dim)
            events += part.codomain.event_dim - part.domain.event_dim
            place = result
        return total

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self) -> str:
        return f"ComposeTransform({self.parts})"

    def _call(self, x: Any) -> Any:
        for part in self.parts:
            x = part._call(x)
        return x

    def _inverse(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part._inverse(y)
        return y


#: The function that returns its argument.
identity_transform = ComposeTransform([])
