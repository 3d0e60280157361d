"""Constraints on parameters and values of distributions: what `validate_args` checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from autograd import Tensor
from autograd.extend import borrow, set_module

from .._arguments import TensorLike, example

__all__ = [
    "Constraint", "boolean", "greater_than", "greater_than_eq", "independent", "integer_interval", "interval",
    "less_than", "lower_cholesky", "multinomial", "nonnegative", "nonnegative_integer", "one_hot", "positive",
    "positive_definite", "positive_integer", "real", "real_vector", "simplex", "unit_interval",
]  # fmt: skip

_CLOSE = 1e-6


@example("nn.distributions.constraints.positive.check([0.5, -1.0])", "array([ True, False])")
@dataclass(frozen=True, eq=False)
class Constraint:
    """A condition on numbers, or on vectors and matrices of them.

    Attributes
    ----------
    described
        What values should be, for messages.
    holds
        A function of an array that tells where the condition holds.
    event_dim
        How many axes at the end belong to one vector or matrix: 0, 1 or 2.
    is_discrete
        Whether only single values, such as integers, are allowed.
    remedy
        What to do about values that break it, for messages.
    """

    described: str
    holds: Callable[[Any], Any]
    event_dim: int = 0
    is_discrete: bool = False
    remedy: str = ""

    def __repr__(self) -> str:
        return f"Constraint({self.described})"

    def check(self, value: TensorLike) -> Tensor:
        """Tell where the condition holds: for each number, or with `event_dim` for each vector or matrix."""
        array: Any = borrow(value) if hasattr(value, "dtype") else np.asarray(value)
        return borrow(self.holds(array))


Constraints: TypeAlias = Mapping[str, Constraint]  # of parameters by name


def greater_than(lower_bound: TensorLike) -> Constraint:
    """Return the constraint of numbers above a bound, or an array of bounds."""
    return Constraint(f"above {_shown(lower_bound)}", lambda x: x > lower_bound)


def greater_than_eq(lower_bound: TensorLike) -> Constraint:
    """Return the constraint of numbers of at least a bound, or an array of bounds."""
    return Constraint(f"{_shown(lower_bound)} or more", lambda x: x >= lower_bound)


def less_than(upper_bound: TensorLike) -> Constraint:
    """Return the constraint of numbers below a bound, or an array of bounds."""
    return Constraint(f"below {_shown(upper_bound)}", lambda x: x < upper_bound)


def interval(lower_bound: TensorLike, upper_bound: TensorLike) -> Constraint:
    """Return the constraint of numbers between two bounds, which are allowed themselves."""
    described = f"from {_shown(lower_bound)} to {_shown(upper_bound)}"
    return Constraint(described, lambda x: (x >= lower_bound) & (x <= upper_bound))


def integer_interval(lower_bound: TensorLike, upper_bound: TensorLike) -> Constraint:
    """Return the constraint of integers between two bounds, which are allowed themselves."""
    return Constraint(
        f"integers from {_shown(lower_bound)} to {_shown(upper_bound)}",
        lambda x: (x >= lower_bound) & (x <= upper_bound) & (x == np.floor(x)),
        is_discrete=True,
    )


def independent(base_constraint: Constraint, reinterpreted_batch_ndims: int) -> Constraint:
    """Return the constraint that holds where another one does for all elements along the last axes."""
    of, axes = base_constraint, tuple(range(-reinterpreted_batch_ndims, 0))
    event_dim = of.event_dim + reinterpreted_batch_ndims
    return Constraint(of.described, lambda x: np.all(of.holds(x), axis=axes), event_dim, of.is_discrete, of.remedy)


def _shown(bound: Any) -> str:
    shown = not np.ndim(bound) and isinstance(bound, int | float | np.generic | np.ndarray)
    return f"{bound}" if shown else "its bound"


def _is_simplex(x: Any) -> Any:
    near = np.abs(x.sum(-1) - 1) <= _CLOSE + 4 * x.shape[-1] * (np.finfo(x.dtype).eps if x.dtype.kind == "f" else 0)
    return (x >= 0).all(-1) & near


def _is_one_hot(x: Any) -> Any:
    return ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1)


def _is_triangular(x: Any) -> Any:
    lower = (np.tril(x) == x).all((-2, -1))
    return lower & (np.diagonal(x, axis1=-2, axis2=-1) > 0).all(-1)


def _is_definite(x: Any) -> Any:
    finite = np.isfinite(x).all((-2, -1))
    x = np.where(finite[..., None, None], x, np.eye(x.shape[-1], dtype=x.dtype))
    transposed = np.swapaxes(x, -1, -2)
    symmetric = (np.abs(x - transposed) <= _CLOSE * np.maximum(1, np.abs(x))).all((-2, -1))
    return finite & symmetric & (np.linalg.eigvalsh((x + transposed) * 0.5) > 0).all(-1)


_OF_SCALES = "; of numbers of any sign, nn.functional.softplus or numpy.exp makes positive ones"
_OF_PROBABILITIES = "; of numbers of any size, give them as logits"

#: Real numbers, not nan.
real = Constraint("real numbers, not nan", lambda x: x == x)
#: Vectors of real numbers.
real_vector = independent(real, 1)
#: Numbers above 0.
positive = Constraint("positive", lambda x: x > 0, remedy=_OF_SCALES)
#: Numbers of at least 0.
nonnegative = Constraint("0 or more", lambda x: x >= 0)
#: Numbers from 0 to 1.
unit_interval = Constraint("from 0 to 1", lambda x: (x >= 0) & (x <= 1), remedy=_OF_PROBABILITIES)
#: 0 and 1.
boolean = Constraint("0 or 1", lambda x: (x == 0) | (x == 1), is_discrete=True)
#: 0, 1, 2, ...
nonnegative_integer = Constraint("integers of 0 or more", lambda x: (x >= 0) & (x == np.floor(x)), is_discrete=True)
#: 1, 2, 3, ...
positive_integer = Constraint("integers of 1 or more", lambda x: (x >= 1) & (x == np.floor(x)), is_discrete=True)
#: Rows of numbers of at least 0 whose sum is 1, up to rounding.
simplex = Constraint("rows of at least 0 whose sum is 1", _is_simplex, 1)
#: Rows with one 1 among zeros.
one_hot = Constraint("rows with one 1 among zeros", _is_one_hot, 1, is_discrete=True)
#: Lower triangular matrices with a positive diagonal.
lower_cholesky = Constraint(
    "lower triangular with a positive diagonal",
    _is_triangular,
    2,
    remedy="; numpy.linalg.cholesky of a covariance matrix is, as is numpy.tril of a matrix with such a diagonal",
)
#: Symmetric, positive definite matrices.
positive_definite = Constraint(
    "symmetric and positive definite",
    _is_definite,
    2,
    remedy="; a small multiple of the identity added to a covariance can make it so, or give scale_tril",
)


def multinomial(total_count: TensorLike) -> Constraint:
    """Return the constraint of rows of counts with a sum."""
    return Constraint(
        f"rows of counts whose sum is {_shown(total_count)}",
        lambda x: ((x >= 0) & (x == np.floor(x))).all(-1) & (x.sum(-1) == total_count),
        1,
        is_discrete=True,
    )


set_module(__name__, *(globals().get(name) for name in __all__))
