"""Exponentials, logarithms, circular and logistic functions, Box-Cox transforms, and Huber losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...calculus import PARTS, RULES, logistic, zero
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
elementwise(
    special._lambertw,
    lambda g, out: g * np.exp(-out) / (1 + out),
    forward=lambda x, k, tol: special._lambertw(x, k, tol),
    name="lambertw",
)
elementwise(special.wrightomega, lambda g, out: g * out / (1 + out))

# Logistic functions: exact in both tails, where 1 - out would be 0

elementwise(special.expit, *PARTS[logistic])
elementwise(special.logit, lambda g, x, out: where_defined(out, g / (x * (1 - x))))
elementwise(special.log_expit, lambda g, x: g * special.expit(-x))


# The transforms of Box and Cox


def _exprel_slope(x: Any) -> Any:
    """Return the derivative of (exp(x) - 1) / x, which is the integral of t exp(x t) over t from 0 to 1."""
    near = np.less(np.abs(x), 2 * NEAR)
    small, large = np.where(near, x, 0), np.where(near, 1, np.minimum(x, 720))  # past that, it overflows
    return np.where(near, special.hyp1f1(2, 3, small) * 0.5, (np.exp(large) - special.exprel(large)) / large)


def _boxcox_power(g: Any, log_x: Any, y: Any, zero: Any) -> Any:
    """Return the derivative of log(x) exprel(y log(x)) in y; where x is 0, it is that of -1 / y."""
    log_x, at_zero = np.where(zero, 0, log_x), 1 / np.square(np.where(zero, y, 1))
    return g * np.where(zero, at_zero, np.square(log_x) * _exprel_slope(y * log_x))


def _inverse_power(g: Any, x: Any, y: Any, value: Any) -> Any:
    """Return the derivative of (1 + x y)**(1 / y) in y: the value times x² (z / (1 + z) - log1p(z)) / z², z = x y."""
    z = x * y
    near = np.less(np.abs(z), NEAR)
    small, large = np.where(near, z, 0), np.where(near, 1, z)
    closed = (large / (1 + large) - np.log1p(large)) / np.square(large)
    return g * value * np.square(x) * np.where(near, special.hyp2f1(2, 2, 3, -small) * -0.5, closed)


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
    lambda g, x, y, out: where_defined(out, g * np.power(1 + x, y - 1)),
    lambda g, x, y, out: where_defined(
        out, _boxcox_power(g, np.log1p(np.where(np.equal(x, -1), 0, x)), y, np.equal(x, -1))
    ),
)
elementwise(
    special.inv_boxcox,
    lambda g, out, y: where_defined(out, g * np.power(out, 1 - y)),
    lambda g, out, x, y: _inverse_power(g, x, y, out),
)
elementwise(
    special.inv_boxcox1p,
    lambda g, out, y: where_defined(out, g * np.power(1 + out, 1 - y)),
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
elementwise(special.pseudo_huber, _pseudo_huber_width, lambda g, x, y: g * over(x * y, np.hypot(x, y)))
