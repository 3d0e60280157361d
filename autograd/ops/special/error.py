"""The error functions and the normal distribution.

Far in the tails, where the plain formulas subtract nearly equal numbers, the derivatives use confluent hypergeometric
functions, which do not.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import _ufuncs as special

from ...primitives.declare import elementwise
from .common import exp_of_square

if TYPE_CHECKING:
    from ...tensors.types import ArrayOrTensor

ROOT_PI, ROOT_2PI, ROOT_HALF = math.sqrt(math.pi), math.sqrt(2 * math.pi), math.sqrt(0.5)
LARGE = 10.0  # from here on the asymptotic form of erfcx is better


def _erfcx_rule(g: Any, x: Any, out: Any) -> Any:
    """Return g (2 x erfcx(x) - 2 / sqrt(pi)), which for large x is -g U(1, 1/2, x²) / sqrt(pi): DLMF 7.11.5."""
    if x.dtype.kind == "c":
        return g * (2 * x * out - 2 / ROOT_PI)
    far = np.greater(x, LARGE) & np.less(x, np.inf)
    beyond = np.square(np.where(far, x, LARGE))
    near = g * (2 * np.where(far, 0, x) * out - 2 / ROOT_PI)
    return np.where(np.equal(x, np.inf), 0, np.where(far, g * (special.hyperu(1, 0.5, beyond) * (-1 / ROOT_PI)), near))


def _dawsn_rule(g: Any, x: Any, out: Any) -> Any:
    """Return g (1 - 2 x dawsn(x)) = g M(1, 1/2, -x²): DLMF 7.5.1 and 7.11.5."""
    return g * (1 - 2 * x * out if x.dtype.kind == "c" else special.hyp1f1(1, 0.5, -x * x))


def hazard(x: ArrayOrTensor, log_cdf: ArrayOrTensor) -> Any:
    """Return the normal density divided by the normal distribution function, given the log of the latter."""
    left = np.less(x, 0)
    below, above = np.where(left, x, 0), np.where(left, 0, x)
    of_left = (2 / ROOT_2PI) / special.erfcx(below * -ROOT_HALF)
    return np.where(left, of_left, exp_of_square(above, -0.5) * np.exp(-np.where(left, 0, log_cdf)) * (1 / ROOT_2PI))


def _inverse_hazard(x: Any, log_cdf: Any) -> Any:
    """Return 1 / `hazard`."""
    left = np.less(x, 0)
    below, above = np.where(left, x, 0), np.where(left, 0, x)
    of_right = exp_of_square(above, 0.5) * np.exp(np.where(left, 0, log_cdf)) * ROOT_2PI
    return np.where(left, special.erfcx(below * -ROOT_HALF) * (ROOT_2PI / 2), of_right)


elementwise(special.erf, lambda g, x: g * exp_of_square(x, -1.0) * (2 / ROOT_PI))
elementwise(special.erfc, lambda g, x: g * exp_of_square(x, -1.0) * (-2 / ROOT_PI))
elementwise(special.erfi, lambda g, x: g * exp_of_square(x, 1.0) * (2 / ROOT_PI))
elementwise(special.erfcx, _erfcx_rule)
elementwise(special.dawsn, _dawsn_rule)
elementwise(special.wofz, lambda g, x, out: g * (2j / ROOT_PI - 2 * x * out))
# At the ends of their domains, where the values are infinite, the derivatives are too.
elementwise(special.erfinv, lambda g, out: g * exp_of_square(out, 1.0) * (ROOT_PI / 2))
elementwise(special.erfcinv, lambda g, out: g * exp_of_square(out, 1.0) * (-ROOT_PI / 2))

elementwise(special.ndtr, lambda g, x: g * exp_of_square(x, -0.5) * (1 / ROOT_2PI))
elementwise(special.ndtri, lambda g, out: g * exp_of_square(out, 0.5) * ROOT_2PI)
elementwise(special.log_ndtr, lambda g, x, out: g * hazard(x, out))
elementwise(special.ndtri_exp, lambda g, x, out: g * _inverse_hazard(out, x))
elementwise(
    special.owens_t,
    lambda g, x, y: g * exp_of_square(x, -0.5) * special.erf(x * y * ROOT_HALF) * (-0.5 / ROOT_2PI),
    lambda g, x, y: g * np.exp(-0.5 * x * x * (1 + y * y)) / ((1 + y * y) * (2 * math.pi)),
)
