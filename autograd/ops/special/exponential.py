"""Exponentials, logarithms, circular and logistic functions, Box-Cox transforms, and Huber losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...calculus import PARTS, RULES, apply_part, cosine, logistic, zero
from ...primitives.declare import elementwise
from .common import over, where_defined

DEGREE = math.pi / 180
NEAR = 0.5  # where series about 0 are better than closed forms that divide by it


for _function in (np.cbrt, np.exp2, np.expm1, np.log1p):  # SciPy has its own functions of the same names
    elementwise(getattr(special, _function.__name__), *RULES[_function])

elementwise(special.exp10, lambda g, out: g * out * math.log(10))
elementwise(special.cosm1, lambda g, x: g * -np.sin(x))
elementwise(special.sindg, lambda g, x: g * special.cosdg(x) * DEGREE)
elementwise(special.cosdg, lambda g, x: g * special.sindg(x) * -DEGREE)
elementwise(special.tandg, lambda g, out: g * (1 + out * out) * DEGREE)
elementwise(special.cotdg, lambda g, out: g * (1 + out * out) * -DEGREE)
elementwise(
    special.radian,
    lambda g: g * DEGREE,
    lambda g: g * (DEGREE / 60),
    lambda g: g * (DEGREE / 3600),
    forward=lambda d, m, s: special.radian(d, m, s),
)
elementwise(
    special.powm1,
    lambda g, x, y, out: where_defined(out, RULES[np.power][0](g, x, y)),
    lambda g, x, y, out: where_defined(out, RULES[np.power][1](g, np.power(x, y), x)),
)
elementwise(special.round, zero)

# The inverses of x exp(x) and of x + log(x): DLMF 4.13


def _lambertw_slope(x: Any, out: Any) -> Any:
    """Return exp(-w) / (1 + w), which is w / (x + x w): there the exponential of a large w would lose digits."""
    large = (np.abs(out) > 1) & np.isfinite(out)
    return np.where(large, out / np.where(large, x, 1), np.exp(-np.where(large, 1, out))) / (1 + out)


def _wrightomega_slope(out: Any) -> Any:
    """Return w / (1 + w), for large w in a form whose derivative does not cancel."""
    large = np.abs(out) > 1
    small = np.where(large, 0, out)
    return np.where(large, 1 / (1 + 1 / np.where(large, out, 1)), small / (1 + small))


elementwise(
    special._lambertw,
    lambda g, x, out: g * _lambertw_slope(x, out),
    forward=lambda x, k, tol: special._lambertw(x, k, tol),
    name="lambertw",
)
elementwise(special.wrightomega, lambda g, out: g * _wrightomega_slope(out))

# Logistic functions: exact in both tails, where 1 - out would be 0

elementwise(special.expit, *PARTS[logistic])
elementwise(special.logit, lambda g, x, out: where_defined(out, g / (x * (1 - x))))
elementwise(special.log_expit, lambda g, x: g * special.expit(-x))


# The transforms of Box and Cox


def _exprel_slope(x: Any) -> Any:
    """Return the derivative of (exp(x) - 1) / x, which is the integral of t exp(x t) over t from 0 to 1."""
    near, right = np.less(np.abs(x), 2 * NEAR), np.greater(x, 0)
    small, large = np.where(near, x, 0), np.where(near, 1, x)
    value = special.exprel(large)
    of_right = value * (1 - 1 / large) + 1 / large
    far = np.where(right, of_right, (np.exp(np.where(right, 0, large)) - value) / large)
    return np.where(near, special.hyp1f1(2, 3, small) * 0.5, far)


def _boxcox_power(g: Any, log_x: Any, y: Any, zero: Any) -> Any:
    """Return the derivative of log(x) exprel(y log(x)) in y; where x is 0, it is that of -1 / y."""
    log_x, at_zero = np.where(zero, 0, log_x), 1 / np.square(np.where(zero, y, 1))
    return g * np.where(zero, at_zero, np.square(log_x) * _exprel_slope(y * log_x))


def _inverse_power(g: Any, x: Any, y: Any, value: Any) -> Any:
    """Return the derivative of (1 + x y)**(1 / y) in y: the value times (z / (1 + z) - log1p(z)) / y², z = x y."""
    z = x * y
    near, beyond = np.less(np.abs(z), NEAR), np.isinf(z)
    small, large, divisor = np.where(near, z, 0), np.where(near | beyond, 1, z), np.where(near, 1, y)
    sizes = np.abs(np.where(beyond, x, 1)), np.abs(np.where(beyond, y, 1))
    logarithm = np.where(beyond, np.log(sizes[0]) + np.log(sizes[1]), np.log1p(large))
    closed = (np.where(beyond, 1, large / (1 + large)) - logarithm) / divisor / divisor
    return g * value * np.where(near, np.square(x) * special.hyp2f1(2, 2, 3, -small) * -0.5, closed)


def _growth(out: Any, x: Any, y: Any) -> Any:
    """Return out / (1 + x y) for `out` = (1 + x y)**(1 / y): where both are 0 or infinite, a power."""
    base = 1 + x * y
    end = np.equal(base, 0) | np.isinf(base) & np.isinf(out)
    return np.where(end, np.power(np.where(end, out, 1), 1 - y), out / np.where(end, 1, base))


# (1 + x)**y, whose derivatives are right also where 1 + x rounds
def _power1p(x: Any, y: Any) -> Any:
    total = 1 + x
    rounded = np.where(np.less(np.abs(x), 1), x - (total - 1), 1 - (total - x))  # what 1 + x has lost
    lost = np.isfinite(total) & np.greater(total, 0)
    return np.power(total, y) * np.exp(np.where(lost, y * rounded / np.where(lost, total, 1), 0))


power1p: Any = elementwise(
    _power1p,
    lambda g, x, y: g * (y * power1p(x, y - 1)),
    lambda g, x, out: g * special.xlog1py(out, x),
    name="power1p",
)
elementwise(special.exprel, lambda g, x: g * _exprel_slope(x))
elementwise(
    special.boxcox,
    lambda g, x, y, out: where_defined(out, g * np.power(x, y - 1)),
    lambda g, x, y, out: where_defined(
        out, _boxcox_power(g, np.log(np.where(np.equal(x, 0), 1, x)), y, np.equal(x, 0))
    ),
)
elementwise(
    special.boxcox1p,
    lambda g, x, y, out: where_defined(out, g * power1p(x, y - 1)),
    lambda g, x, y, out: where_defined(
        out, _boxcox_power(g, np.log1p(np.where(np.equal(x, -1), 0, x)), y, np.equal(x, -1))
    ),
)
elementwise(
    special.inv_boxcox,
    lambda g, out, x, y: where_defined(out, g * _growth(out, x, y)),
    lambda g, out, x, y: _inverse_power(g, x, y, out),
)
elementwise(
    special.inv_boxcox1p,
    lambda g, out, x, y: where_defined(out, g * _growth(1 + out, x, y)),
    lambda g, out, x, y: _inverse_power(g, x, y, 1 + out),
)


# Huber's losses; the first argument is the residual up to which they are quadratic


def _pseudo_huber_width(g: Any, x: Any, y: Any) -> Any:
    """Return g y⁴ / (h (x + h)²) with h = hypot(x, y): the derivative of x² (h / x - 1) without its cancellation."""
    length = np.hypot(x, y)
    return g * over(y, length) * y * np.square(over(y, x + length))


elementwise(
    special.huber,
    lambda g, x, y: g * np.maximum(np.abs(y) - x, 0),
    lambda g, x, y: g * np.clip(y, -x, x),
)
elementwise(special.pseudo_huber, _pseudo_huber_width, lambda g, x, y: g * (x * apply_part(cosine, y, x)))
