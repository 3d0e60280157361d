"""Invertible functions with the logarithm of their derivative, for `TransformedDistribution`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import borrow, everywhere

from .._arguments import TensorLike, example
from ..functional._activation import sigmoid, tanh
from ..functional._kernels.operands import as_operand
from ..functional._smooth_activation import softplus
from . import constraints
from ._formulas import dependent, formula, of_value
from .constraints import Constraint

__all__ = [
    "AffineTransform", "ExpTransform", "PowerTransform", "SigmoidTransform", "SoftplusTransform", "TanhTransform",
    "Transform", "real_numbers", "reals", "summed",
]  # fmt: skip


class Transform:
    """An invertible function of numbers, or of vectors, and the logarithm of its derivative.

    A subclass defines ``_call(x)``, ``_inverse(y)`` and `log_abs_det_jacobian`. Its attributes ``domain`` and
    ``codomain`` are the constraints that arguments and results fulfil, whose ``event_dim`` says how many axes belong
    together; ``sign`` is 1 if the function rises and -1 if it falls, and ``bijective`` tells whether each result comes
    from one argument.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.distributions import ExpTransform
    >>> t, x = ExpTransform(), np.array([0.0, 1.0])
    >>> t.inv(t(x)), t.log_abs_det_jacobian(x, t(x))
    (array([0., 1.]), array([0., 1.]))
    """

    domain: Constraint = constraints.real
    codomain: Constraint = constraints.real
    sign: Any = 1
    bijective = True

    def __call__(self, x: TensorLike) -> Tensor:
        """Return the results of arguments."""
        return self._call(real_numbers(self, x))

    @property
    def inv(self) -> Transform:
        """The inverse function."""
        return _Inverse(self)

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return the logarithm of the absolute derivative at `x`, where `y` is the result."""
        raise NotImplementedError(f"{type(self).__name__} defines no log_abs_det_jacobian")

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the results of arguments of a shape."""
        return shape

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the arguments of results of a shape."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _same(vars(self), vars(other))

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no _call")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no _inverse")


def real_numbers(transform: Transform, x: TensorLike) -> Any:
    """Return an array or a tensor, or one of Python's numbers as it is."""
    return x if isinstance(x, int | float) else as_operand(type(transform).__name__, "x", x)


def _same(first: Any, second: Any) -> bool:
    """Tell whether the attributes of two functions are the same."""
    if first.keys() != second.keys():
        return False
    pairs = [(first[key], second[key]) for key in first]
    return all(a is b or (_plain(a, b) and everywhere(borrow(a) == borrow(b))) for a, b in pairs)


def _plain(*values: Any) -> bool:
    """Tell whether values can be compared, as those of tensors that require a gradient also are."""
    return all(not isinstance(value, Constraint) for value in values) and len({np.shape(v) for v in values}) == 1


class _Inverse(Transform):
    """The inverse of another function."""

    def __init__(self, of: Transform) -> None:
        self.of = of

    domain = dependent(lambda self: self.of.codomain)
    codomain = dependent(lambda self: self.of.domain)
    sign = formula(lambda self: self.of.sign)
    bijective: Any = formula(lambda self: self.of.bijective)
    inv: Any = formula(lambda self: self.of)

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        return -self.of.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.of.inverse_shape(shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.of.forward_shape(shape)

    def __repr__(self) -> str:
        return f"{self.of}.inv"

    _call = of_value(lambda self, x: self.of._inverse(x))
    _inverse = of_value(lambda self, y: self.of._call(y))


@example("nn.distributions.AffineTransform(1.0, 2.0)(3.0)", "7.0")
class AffineTransform(Transform):
    """``loc + scale * x``.

    Parameters
    ----------
    loc, scale
        Numbers or arrays; no scale is 0.
    event_dim
        How many axes at the end belong to one event.
    """

    def __init__(self, loc: TensorLike, scale: TensorLike, event_dim: int = 0) -> None:
        self.loc, self.scale = (real_numbers(self, value) for value in (loc, scale))
        self.event_dim = event_dim
        if not everywhere(borrow(self.scale) != 0):
            raise ValueError(f"AffineTransform: scale should be other than 0, not {scale!r}")

    domain = dependent(lambda self: reals(self.event_dim), "What arguments and results fulfil.")
    codomain = domain
    sign = formula(lambda self: np.sign(borrow(self.scale)), "1 where the scale is positive, -1 where it is negative.")

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return the logarithm of the absolute scale, summed over an event."""
        scale: Any = self.scale
        log = math.log(abs(scale)) if isinstance(scale, int | float) else np.log(np.abs(scale))
        return summed(np.zeros_like(real_numbers(self, x)) + log, self.event_dim)

    def __repr__(self) -> str:
        return f"AffineTransform(loc={self.loc}, scale={self.scale})"

    _call = of_value(lambda self, x: self.loc + self.scale * x)
    _inverse = of_value(lambda self, y: (y - self.loc) / self.scale)


@example("float(nn.distributions.ExpTransform().inv(1.0))", "0.0")
class ExpTransform(Transform):
    """The exponential function."""

    codomain = constraints.positive

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        return x  # type: ignore[return-value]

    _call = of_value(lambda self, x: np.exp(x))
    _inverse = of_value(lambda self, y: np.log(y))


@example("float(nn.distributions.PowerTransform(2.0)(3.0))", "9.0")
class PowerTransform(Transform):
    """A power of positive numbers.

    Parameters
    ----------
    exponent
        Other than 0.
    """

    domain = codomain = constraints.positive

    def __init__(self, exponent: TensorLike) -> None:
        self.exponent: Any = real_numbers(self, exponent)
        if not everywhere(borrow(self.exponent) != 0):
            raise ValueError(f"PowerTransform: exponent should be other than 0, not {exponent!r}")

    sign = formula(
        lambda self: np.sign(borrow(self.exponent)), "1 where the exponent is positive, -1 where it is negative."
    )

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        quotient: Any = self.exponent * y / x
        return np.log(np.abs(quotient))

    def __repr__(self) -> str:
        return f"PowerTransform({self.exponent})"

    _call = of_value(lambda self, x: np.power(x, self.exponent))
    _inverse = of_value(lambda self, y: np.power(y, 1 / self.exponent))


@example("float(nn.distributions.SigmoidTransform()(0.0))", "0.5")
class SigmoidTransform(Transform):
    """The logistic function, to numbers from 0 to 1."""

    codomain = constraints.unit_interval

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        return -softplus(-real_numbers(self, x)) - softplus(x)

    def _call(self, x: Any) -> Any:
        found: Any = sigmoid(x)
        bounds = np.finfo(found.dtype)
        return np.clip(found, bounds.tiny, 1 - bounds.epsneg)

    _inverse = of_value(lambda self, y: np.log(y) - np.log1p(-y))


@example("round(float(nn.distributions.SoftplusTransform()(0.0)), 4)", "0.6931")
class SoftplusTransform(Transform):
    """``log(1 + exp(x))``, to positive numbers."""

    codomain = constraints.positive

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        return -softplus(-real_numbers(self, x))

    _call = of_value(lambda self, x: softplus(x))
    _inverse = of_value(lambda self, y: y + np.log(-np.expm1(-y)))


@example("float(nn.distributions.TanhTransform()(0.0))", "0.0")
class TanhTransform(Transform):
    """The hyperbolic tangent, to numbers from -1 to 1."""

    codomain = constraints.interval(-1.0, 1.0)

    def log_abs_det_jacobian(self, x: TensorLike, y: TensorLike) -> Tensor:
        """Return the logarithm of the derivative, precise also where the result is close to an end."""
        place = real_numbers(self, x)
        return 2 * (math.log(2) - place - softplus(-2 * place))

    def _call(self, x: Any) -> Any:
        found: Any = tanh(x)
        most = 1 - np.finfo(found.dtype).epsneg  # at 1 itself the inverse is infinite
        return np.clip(found, -most, most)

    _inverse = of_value(lambda self, y: np.arctanh(y))


def reals(event_dim: int) -> Constraint:
    """Return the constraint of arrays of real numbers with as many axes."""
    return constraints.independent(constraints.real, event_dim) if event_dim else constraints.real


def summed(values: Tensor, axes: int) -> Any:
    """Return sums over the last axes."""
    return np.sum(values, axis=tuple(range(-axes, 0))) if axes else values
