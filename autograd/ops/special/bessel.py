"""Bessel, Struve, Kelvin and Airy functions, differentiable in the argument, not in the order.

The rules of scaled functions use scaled functions, so that nothing overflows. Functions of |x| have at 0 the derivative
of their even or odd part.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...errors import UnsupportedError
from ...primitives.declare import elementwise, general
from ...primitives.primitive import Rule
from .common import of_last, over

# The derivatives of exp(-|x|) I_a(x) and exp(x) K_a(x), of any number: differences of neighbouring orders, which cancel
# far out. There they are integrals of what does not: DLMF 10.32.4 and 10.32.9, by steps, which converge exponentially.


def _ive_slope(x: Any, a: Any, k: int) -> Any:
    """Return the `k`-th derivative of ive(a, x); at 0 that of its even or odd part."""
    if x.dtype.kind == "c":
        raise UnsupportedError("a Bessel function scaled with |x| has no derivative at complex numbers: use iv or jv")
    sign, size = np.sign(x), np.abs(x)
    whole = np.equal(a, np.floor(a))  # otherwise there is a second integral, which is small enough from 18 on
    far = np.greater(size, np.maximum(np.where(whole, 1, 18), 2.5 * np.square(a))) & np.isfinite(size)
    near = sum(
        math.comb(k, m) * math.comb(m, j) * (-sign) ** (k - m) * special.ive(a + (m - 2 * j), x) * 0.5**m
        for m in range(k + 1)
        for j in range(m + 1)
    )
    size = np.where(far, size, 1).astype(near.dtype)
    step = np.minimum(math.pi / 28, 0.55 / np.sqrt(size))
    total = np.zeros_like(near)
    for i in range(1, 29):
        angle = i * step
        fall = 2 * np.square(np.sin(angle * 0.5))
        total = total + fall**k * np.exp(-size * fall) * np.cos(a * angle) * (1 if i < 28 else 0.5)
    parity = np.where(sign < 0, (-1.0) ** (k + np.floor(a)), 1)
    slope = np.where(far, (-1) ** k * total * step / math.pi * parity, near)
    return np.where(np.isinf(x), 0, slope).astype(near.dtype)


def _kve_slope(x: Any, a: Any, k: int) -> Any:
    """Return the `k`-th derivative of kve(a, x)."""
    far = np.greater(x.real, np.maximum(1, np.square(a))) & np.isfinite(x.real) & (x.dtype.kind != "c")
    near = (-0.5) ** k * sum((-1) ** j * math.comb(2 * k, j) * special.kve(a + (k - j), x) for j in range(2 * k + 1))
    size = np.where(far, x.real, 1).astype(near.real.dtype)
    step = np.minimum(0.18, 0.55 / np.sqrt(size))
    total = np.zeros_like(near)
    for i in range(1, 29):
        rise = 2 * np.square(np.sinh(i * step * 0.5))
        total = total + rise**k * np.exp(-size * rise) * np.cosh(a * (i * step))
    slope = np.where(far, (-1) ** k * total * step, near)
    return np.where(np.equal(x, np.inf), 0, slope).astype(near.dtype)


ive_slope: Any = elementwise(_ive_slope, lambda g, x, a, k: g * ive_slope(x, a, k + 1), name="ive_slope")
kve_slope: Any = elementwise(_kve_slope, lambda g, x, a, k: g * kve_slope(x, a, k + 1), name="kve_slope")


def _neighbours(below: float, above: float, of: Any) -> Rule:
    """Return the rule of a function whose derivative combines the neighbouring orders: DLMF 10.6, 10.29."""
    return lambda g, x, a: g * (below * of(a - 1, x) + above * of(a + 1, x))


# DLMF 10.6.1 and 10.6.3, 10.29.1 and 10.29.3
elementwise(special.j0, lambda g, x: -g * special.j1(x))
elementwise(special.j1, lambda g, x: g * (special.j0(x) - special.jv(2, x)) * 0.5)
elementwise(special.y0, lambda g, x: -g * special.y1(x))
elementwise(special.y1, lambda g, x, out: g * (special.y0(x) - out / x))
elementwise(special.i0, lambda g, x: g * special.i1(x))
elementwise(special.i1, lambda g, x: g * (special.i0(x) + special.iv(2, x)) * 0.5)
elementwise(special.k0, lambda g, x: -g * special.k1(x))
elementwise(special.k1, lambda g, x, out: -g * (special.k0(x) + out / x))

for _function in (special.jv, special.yv, special.hankel1, special.hankel2):
    of_last(_function, _neighbours(0.5, -0.5, _function))
of_last(special.iv, _neighbours(0.5, 0.5, special.iv))
of_last(special.kv, _neighbours(-0.5, -0.5, special.kv))
# Of the orders that SciPy truncates to whole numbers, so are the neighbours.
of_last(special.yn, lambda g, x, a: g * 0.5 * (special.yn(np.trunc(a) - 1, x) - special.yn(np.trunc(a) + 1, x)))
of_last(special.kn, lambda g, x, a: g * -0.5 * (special.kn(np.trunc(a) - 1, x) + special.kn(np.trunc(a) + 1, x)))


# Scaled


def _real_only(below: float, above: float, of: Any) -> Rule:
    """Return the rule of a function scaled with the imaginary part of its argument."""

    def rule(g: Any, x: Any, a: Any) -> Any:
        if x.dtype.kind == "c":
            raise UnsupportedError(f"{of.__name__} has no derivative at complex numbers: use {of.__name__[:-1]}")
        return g * (below * of(a - 1, x) + above * of(a + 1, x))

    return rule


of_last(special.jve, _real_only(0.5, -0.5, special.jve))
of_last(special.yve, _real_only(0.5, -0.5, special.yve))
elementwise(special.i0e, lambda g, x: g * ive_slope(x, 0, 1))
elementwise(special.i1e, lambda g, x: g * ive_slope(x, 1, 1))
elementwise(special.k0e, lambda g, x: g * kve_slope(x, 0, 1))
elementwise(special.k1e, lambda g, x: g * kve_slope(x, 1, 1))
of_last(special.ive, lambda g, x, a: g * ive_slope(x, a, 1))
of_last(special.kve, lambda g, x, a: g * kve_slope(x, a, 1))
of_last(
    special.hankel1e,
    lambda g, x, out, a: g * ((special.hankel1e(a - 1, x) - special.hankel1e(a + 1, x)) * 0.5 - 1j * out),
)
of_last(
    special.hankel2e,
    lambda g, x, out, a: g * ((special.hankel2e(a - 1, x) - special.hankel2e(a + 1, x)) * 0.5 + 1j * out),
)


# Struve functions: DLMF 11.4.29 and 11.4.30, and for large x 11.4.27, where the terms of the others cancel


def _one_below(function: np.ufunc, x: Any, a: Any) -> Any:
    """Return a Struve function of order a - 1; of order -1 by that of order 1, for which derivatives exist at 0."""
    at_zero = a == 0
    found = function(a - 1 + 2 * at_zero, x)
    reflected = 2 / math.pi + (-found if function is special.struve else found)
    return np.where(at_zero, reflected, found)


def _of_struve(function: np.ufunc, sign: float) -> Rule:
    def rule(g: Any, x: Any, out: Any, a: Any) -> Any:
        below, large = _one_below(function, x, a), np.greater(np.abs(x), 1)
        near = np.where(large, 1, x)
        beside = np.power(near * 0.5, a) * special.rgamma(a + 1.5) * 0.5641895835477563  # 1 / sqrt(pi)
        small = 0.5 * (np.where(large, 0, below) + sign * function(a + 1, near) + beside)
        return g * np.where(large, below - a / np.where(large, x, 1) * out, small)

    return rule


of_last(special.struve, _of_struve(special.struve, -1))
of_last(special.modstruve, _of_struve(special.modstruve, 1))

# Kelvin functions: the real and imaginary parts of solutions of a Bessel equation, DLMF 10.61.3

elementwise(special.ber, lambda g, x: g * special.berp(x))
elementwise(special.bei, lambda g, x: g * special.beip(x))
elementwise(special.ker, lambda g, x: g * special.kerp(x))
elementwise(special.kei, lambda g, x: g * special.keip(x))
elementwise(special.berp, lambda g, x, out: -g * (special.bei(x) + over(out, x)))
elementwise(special.beip, lambda g, x, out: g * (special.ber(x) - np.where(np.equal(x, 0), 0.5, over(out, x))))
elementwise(special.kerp, lambda g, x, out: -g * (special.kei(x) + over(out, x)))
elementwise(special.keip, lambda g, x, out: g * (special.ker(x) - over(out, x)))


# Airy functions: DLMF 9.2.1


def _airy_rule(g: Any, x: Any, out: Any) -> Any:
    """Return the gradient through Ai, Ai', Bi and Bi', where Ai'' = x Ai and Bi'' = x Bi."""
    return g[0] * out[1] + g[2] * out[3] + x * (g[1] * out[0] + g[3] * out[2])


general(special.airy, _airy_rule, forward=lambda x: special.airy(x), name="airy", outputs=True)
