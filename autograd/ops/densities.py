"""Functions of standardized variables that `autograd.scipy.stats` and `nn.distributions` share.

They keep their digits in the tails, for arrays and tensors of any floating-point dtype, and need SciPy only where they
are of special functions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..primitives.declare import elementwise
from ..tensors.tensor import unwrap

if TYPE_CHECKING:
    from ..tensors.types import ArrayOrTensor

__all__ = [
    "cauchy_cdf",
    "cauchy_quantile",
    "gumbel_log_density",
    "half_cauchy_quantile",
    "laplace_cdf",
    "laplace_quantile",
    "left_gumbel_logcdf",
    "log1p_square",
    "log_tail",
    "logistic_log_density",
]

# Their derivatives are 0 at 0: as sums of those of both terms they would have no right digit near it.
gumbel_log_density: Any = elementwise(
    lambda x: -(x + np.exp(-x)), lambda g, x: g * np.expm1(-x), name="gumbel_log_density"
)
logistic_log_density: Any = elementwise(
    lambda x: -(np.abs(x) + 2 * np.log1p(np.exp(-np.abs(x)))),
    lambda g, x: -g * np.tanh(0.5 * x),
    name="logistic_log_density",
)


def log1p_square(z: ArrayOrTensor) -> Any:
    """Return log(1 + z²), also where the square overflows."""
    size, far = np.abs(z), float(np.finfo(z.dtype).eps) ** -0.5
    near = np.minimum(size, far)
    return np.log1p(near * near) + 2 * np.log(np.maximum(size, far) / far)


def log_tail(chance: ArrayOrTensor, rest: ArrayOrTensor) -> Any:
    """Return the logarithm of a probability, given also that of the contrary, from whichever is smaller."""
    small = unwrap(chance) < 0.5
    with np.errstate(divide="ignore"):
        return np.where(small, np.log(np.where(small, chance, 0.5)), np.log1p(-np.where(small, 0.5, rest)))


def left_gumbel_logcdf(z: ArrayOrTensor) -> Any:
    """Return log(1 - exp(-exp(z))), also where the exponential of z underflows or nothing is lacking from 1."""
    low = math.log(float(np.finfo(z.dtype).eps))
    small = unwrap(z) < low
    power = np.exp(np.where(small, low, z))
    return np.where(small, z, log_tail(-np.expm1(-power), np.exp(-power)))


def laplace_cdf(z: ArrayOrTensor) -> Any:
    """Return the distribution function of Laplace's distribution."""
    right = unwrap(z) > 0
    half = 0.5 * np.exp(np.where(right, -z, z))
    return np.where(right, 1 - half, half)


def laplace_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of Laplace's distribution, computed in the nearer tail."""
    lower, tail = _nearer_tail(q)
    with np.errstate(divide="ignore"):
        log = np.log(2 * tail)
    return np.where(lower, log, -log)


def cauchy_cdf(z: ArrayOrTensor) -> Any:
    """Return the distribution function of Cauchy's distribution."""
    return np.arctan2(np.ones_like(unwrap(z)), -z) / math.pi


def cauchy_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of Cauchy's distribution: the tangent of an angle that is small in the tails and at 1/2."""
    lower, tail = _nearer_tail(q)
    far = unwrap(tail) < 0.25
    with np.errstate(divide="ignore"):
        size = 1 / np.tan(math.pi * np.where(far, tail, 0.25))
    return np.where(far, np.where(lower, -size, size), np.tan(math.pi * (np.where(far, 0.5, q) - 0.5)))


def half_cauchy_quantile(q: ArrayOrTensor) -> Any:
    """Return the quantile of the absolute value of a Cauchy variate."""
    lower, tail = _nearer_tail(q)
    tangent = np.tan(0.5 * math.pi * tail)
    with np.errstate(divide="ignore"):
        return np.where(lower, tangent, 1 / np.where(lower, 1, tangent))


def _nearer_tail(q: ArrayOrTensor) -> tuple[Any, Any]:
    """Return where a probability is at most 1/2, and it or what it lacks of 1, whichever is smaller."""
    lower = unwrap(q) <= 0.5
    return lower, np.where(lower, q, 1 - q)
