"""sinc and i0: Bessel functions of order 0, whose derivatives are those of higher orders."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives.accurate_sum import at_least_single
from ..primitives.declare import elementwise
from ..primitives.primitive import Function


def _spherical_bessel(x: Any, n: int) -> Any:
    """Return j_n(z) / z**n at z = pi x, with j_n the spherical Bessel function: for n = 0 sin(z) / z.

    Near 0 by its power series, further out by recurrence, which is stable there (NIST Digital Library of Mathematical
    Functions, 10.53.1 and 10.51.1).
    """
    z = np.multiply(x, math.pi)
    near = np.abs(z) <= n + 1
    small, large = np.where(near, z, 0), np.where(near, 1, z)
    square, series = small * small, np.ones_like(small)
    for k in range(10 + 2 * n, 0, -1):
        series = 1 - square * series / (2 * k * (2 * n + 2 * k + 1))
    before, value = np.cos(large), np.sin(large) / large
    for k in range(n):
        before, value = value, ((2 * k + 1) * value - before) / large / large
    return np.where(near, series / math.prod(range(1, 2 * n + 2, 2)), value)


def _modified_bessel(x: Any, n: int) -> Any:
    """Return I_n(x) / x**n, with I_n the modified Bessel function of the first kind.

    It is the integral of exp(x cos t) sin(t)**(2 n) from 0 to pi, divided by pi (2 n - 1)!! (NIST Digital Library of
    Mathematical Functions, 10.32.2). The integrand is positive and periodic, so that the midpoint rule is exact to the
    last digits once it has some multiples of sqrt(x) points (Trefethen & Weideman 2014, The Exponentially Convergent
    Trapezoidal Rule, SIAM Review 56(3)).
    """
    x = np.abs(x)
    largest = np.max(x, initial=0, where=x < 1000).astype(np.float64)
    points = 10 + n + int(np.ceil(4.5 * np.sqrt(largest)).astype(int))
    total = np.zeros_like(x)
    for i in range(points):
        angle = (i + 0.5) * math.pi / points
        total = total + np.exp(x * (math.cos(angle) - 1)) * math.sin(angle) ** (2 * n)
    return np.exp(x) * (total / (points * math.prod(range(1, 2 * n, 2))))


# The derivative of j_n(z) / z**n is -z times the next one, and that of I_n(x) / x**n is x times the next one.
spherical_bessel: Function = elementwise(
    _spherical_bessel,
    lambda g, x, n: g * (x * -(math.pi**2)) * spherical_bessel(x, n + 1),
    name="spherical_bessel",
)
modified_bessel: Function = elementwise(
    _modified_bessel, lambda g, x, n: g * x * modified_bessel(x, n + 1), name="modified_bessel"
)


def _by_next(bessel: Function, g: Any, x: Any, factor: float) -> Any:
    """Return the gradient by the function of order 1, in single precision at least on the way."""
    wide = at_least_single(x)
    found = g * (wide * factor) * bessel(wide, 1)
    return found if found.dtype == x.dtype else found.astype(x.dtype)


sinc = elementwise(np.sinc, lambda g, x: _by_next(spherical_bessel, g, x, -(math.pi**2)), forward=lambda x: np.sinc(x))
i0 = elementwise(np.i0, lambda g, x: _by_next(modified_bessel, g, x, 1), forward=lambda x: np.i0(x))
