"""Distribution functions of statistics: Student's t, chi-square, gamma, F, Poisson and binomial."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...declare import elementwise
from . import beta, gamma

# Student's t, of which t²/(v + t²) is a beta variate


def _density_of_t(v: Any, t: Any) -> Any:
    return np.exp(-0.5 * (v + 1) * np.log1p(t * t / v) - special.betaln(0.5, 0.5 * v)) / np.sqrt(v)


def _t_in_freedom(v: Any, t: Any) -> Any:
    """Return the derivative of stdtr(v, t) in v: t has a tail of betainc(v / 2, 1 / 2, v / (v + t²)) / 2."""
    square = t * t
    x = v / (v + square)
    of_parameter = 0.5 * beta.betainc_shape(0.5 * v, 0.5, x, 1, 0)
    of_limit = beta.density(0.5 * v, 0.5, x) * square / np.square(v + square)
    return -0.5 * np.sign(t) * (of_parameter + of_limit)


elementwise(special.stdtr, lambda g, x, y: g * _t_in_freedom(x, y), lambda g, x, y: g * _density_of_t(x, y))
elementwise(
    special.stdtrit,
    lambda g, x, out: -g * _t_in_freedom(x, out) / _density_of_t(x, out),
    lambda g, x, out: g / _density_of_t(x, out),
)

# Chi-square and gamma variates

elementwise(
    special.chdtr,
    lambda g, x, y: g * gamma.gammainc_shape(0.5 * x, 0.5 * y, 1) * 0.5,
    lambda g, x, y: g * gamma.density(0.5 * x, 0.5 * y) * 0.5,
)
elementwise(
    special.chdtrc,
    lambda g, x, y: g * gamma.gammainc_shape(0.5 * x, 0.5 * y, 1) * -0.5,
    lambda g, x, y: g * gamma.density(0.5 * x, 0.5 * y) * -0.5,
)
elementwise(
    special.chdtri,
    lambda g, x, out: -g * gamma.gammainc_shape(0.5 * x, 0.5 * out, 1) / gamma.density(0.5 * x, 0.5 * out),
    lambda g, x, out: -2 * g / gamma.density(0.5 * x, 0.5 * out),
)
elementwise(
    special.gdtr,
    lambda g, a, b, x: g * x * gamma.density(b, a * x),
    lambda g, a, b, x: g * gamma.gammainc_shape(b, a * x, 1),
    lambda g, a, b, x: g * a * gamma.density(b, a * x),
    forward=lambda a, b, x: special.gdtr(a, b, x),
)
elementwise(
    special.gdtrc,
    lambda g, a, b, x: -g * x * gamma.density(b, a * x),
    lambda g, a, b, x: -g * gamma.gammainc_shape(b, a * x, 1),
    lambda g, a, b, x: -g * a * gamma.density(b, a * x),
    forward=lambda a, b, x: special.gdtrc(a, b, x),
)
