"""Statistical distribution functions, and the Voigt profile."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...arrays.door import anywhere
from ...primitives.declare import elementwise
from ..densities import student_log_density
from . import beta, gamma
from .common import at_quantile, distribution, in_double, of_last, over, where_defined
from .error import erfcx_slope

# Student's t, for which t²/(v + t²) is a beta variate


@in_double
def _density_of_t(v: Any, t: Any) -> Any:
    return np.exp(student_log_density(t, v))


@in_double
def _t_in_freedom(v: Any, t: Any) -> Any:
    """Return the derivative of stdtr(v, t) in v: t has a tail of betainc(v / 2, 1 / 2, v / (v + t²)) / 2."""
    middle = np.equal(t, 0)
    square = np.square(np.where(middle, 1, t))
    z, rest = v / (v + square), square / (v + square)
    of_parameter = 0.5 * beta.shape_of(0.5 * v, 0.5, z, rest)
    weight = beta.weight(0.5, 0.5 * v, 1.5, 0.5 * v, -np.log1p(v / square), -np.log1p(square / v))
    of_limit = weight * (1.5 / ((1 + v) * (3 + v)))
    at_middle = t * _density_of_t(v, np.zeros_like(t)) * 0.5 * (gamma.psi_rise(0.5 * v, 0.5, 0) - 1 / v)
    return np.where(middle, at_middle, -0.5 * np.sign(t) * (of_parameter + of_limit))


elementwise(
    special.stdtr,
    lambda g, x, y, out: where_defined(out, g * _t_in_freedom(x, y)),
    lambda g, x, y: g * _density_of_t(x, y),
)
elementwise(
    special.stdtrit,
    lambda g, x, y, out: (
        -g * at_quantile(special.stdtrit, lambda v, t: _t_in_freedom(v, t) / _density_of_t(v, t), out, x, y)
    ),
    lambda g, x, y, out: g / at_quantile(special.stdtrit, _density_of_t, out, x, y),
)

# Chi-square and gamma variates


def _chi_square_in_freedom(v: Any, t: Any) -> Any:
    return over(gamma.gammainc_shape(0.5 * v, 0.5 * t, 1), gamma.density(0.5 * v, 0.5 * t))


distribution(
    special.chdtr,
    special.chdtrc,
    lambda v, t: gamma.gammainc_shape(0.5 * v, 0.5 * t, 1) * 0.5,
    lambda v, t: gamma.density(0.5 * v, 0.5 * t) * 0.5,
)
elementwise(
    special.chdtri,
    lambda g, x, y, out: -g * at_quantile(special.chdtri, _chi_square_in_freedom, out, x, y),
    lambda g, x, y, out: -2 * g / at_quantile(special.chdtri, lambda v, t: gamma.density(0.5 * v, 0.5 * t), out, x, y),
)


def _times_density(a: Any, b: Any, x: Any) -> Any:
    """Return a times the density of a gamma variate at a x, which is 0 where a is 0 and the density infinite."""
    zero = np.equal(a, 0) & np.greater(b, 0)
    return np.where(zero, 0, a * gamma.density(b, x * np.where(zero, 1, a)))


distribution(
    special.gdtr,
    special.gdtrc,
    lambda a, b, x: _times_density(x, b, a),
    lambda a, b, x: gamma.gammainc_shape(b, a * x, 1),
    _times_density,
)


# F variates: a quotient x for which m x / (n + m x) is a beta variate


def _parts_of_variate(m: Any, n: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Return the beta variate z, what is left of 1, and the logarithms of both."""
    odds = m * x / n + 0.0  # of -0.0, 0.0
    return m * x / (n + m * x), n / (n + m * x), -np.log1p(1 / odds), -np.log1p(odds)


def _in_first(m: Any, n: Any, x: Any) -> Any:
    z, rest, *logs = _parts_of_variate(m, n, x)
    return 0.5 * (
        beta.shape_of(0.5 * m, 0.5 * n, z, rest) + n / (m + n) * beta.weight(0.5 * m, 0.5 * n, 0.5 * m, 0.5 * n, *logs)
    )


def _in_second(m: Any, n: Any, x: Any) -> Any:
    z, rest, *logs = _parts_of_variate(m, n, x)
    return -0.5 * (
        beta.shape_of(0.5 * n, 0.5 * m, rest, z) + m / (m + n) * beta.weight(0.5 * m, 0.5 * n, 0.5 * m, 0.5 * n, *logs)
    )


def _in_last(m: Any, n: Any, x: Any) -> Any:
    _, _, *logs = _parts_of_variate(m, n, x)
    return 0.5 * m * (m / (m + n)) * beta.weight(0.5 * m - 1, 0.5 * n + 1, 0.5 * m, 0.5 * n, *logs)


distribution(special.fdtr, special.fdtrc, *map(in_double, (_in_first, _in_second, _in_last)))

# Counts, differentiable in the mean of a Poisson variate and in the probability of success

of_last(special.pdtr, lambda g, x, a: -g * gamma.density(np.floor(a) + 1, x))
of_last(special.pdtrc, lambda g, x, a: g * gamma.density(np.floor(a) + 1, x))
of_last(special.nbdtr, lambda g, x, a, b: g * beta.density(b, np.trunc(a) + 1.0, x))
of_last(special.nbdtrc, lambda g, x, a, b: -g * beta.density(b, np.trunc(a) + 1.0, x))


# Voigt's density: the real part of the Faddeeva function w(z), divided by s sqrt(2 pi), of z = (x + i c) / (s sqrt(2)).
# It solves the heat equation: its derivative in s is s times the second one in x.


def _voigt(x: Any, s: Any, c: Any, k: int) -> Any:
    """Return the `k`-th derivative of w(z) / (s sqrt(2 pi)) in x, where w(z) is erfcx(-i z).

    Where s is 0, that is i / (pi (x + i c)), and the density is Cauchy's.
    """
    narrow = np.equal(s, 0)
    root = np.where(narrow, 1, s) * math.sqrt(2)
    found = erfcx_slope((c - 1j * x) / root, k) * ((-1j) ** k / math.sqrt(math.pi)) / root ** (k + 1)
    if anywhere(narrow):
        limit = 1j * (-1) ** k * math.factorial(k) / math.pi / (x + 1j * c) ** (k + 1)
        found = np.where(narrow, limit, found)
    return found


voigt_slope: Any = elementwise(
    _voigt,
    lambda g, x, s, c, k: g * voigt_slope(x, s, c, k + 1),
    lambda g, x, s, c, k: g * (s * voigt_slope(x, s, c, k + 2)),
    lambda g, x, s, c, k: g * (1j * voigt_slope(x, s, c, k + 1)),
    name="voigt_slope",
)
elementwise(
    special.voigt_profile,
    lambda g, x, s, c: g * in_double(lambda x, s, c: np.real(voigt_slope(x, s, c, 1)))(x, s, c),
    lambda g, x, s, c: g * in_double(lambda x, s, c: s * np.real(voigt_slope(x, s, c, 2)))(x, s, c),
    lambda g, x, s, c: -g * in_double(lambda x, s, c: np.imag(voigt_slope(x, s, c, 1)))(x, s, c),
    forward=lambda x, s, c: special.voigt_profile(x, s, c),
)
