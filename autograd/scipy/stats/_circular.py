"""The von Mises distribution, whose distribution function is an integral without a closed form."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from scipy import special

from autograd import elementwise
from autograd.inside import ive_slope, unwrap

from ._continuous import Symmetric
from ._distribution import formula

NEGLIGIBLE = 40.0  # exp(-40) is less than the rounding of 1


@functools.cache
def _gauss() -> tuple[Any, Any]:
    """Return points of the unit interval and their weights, with which polynomials of degree 127 are integrated."""
    points, weights = np.polynomial.legendre.leggauss(64)
    return 0.5 * (1 + points), 0.5 * weights


def _log_density(z: Any, kappa: Any) -> Any:
    small, near = _near_0(kappa)
    scaled = np.where(small, np.log(special.i0(near)) - near, np.log(special.i0e(kappa)))
    return kappa * special.cosm1(z) - scaled - math.log(2 * math.pi)


def _near_0(kappa: Any) -> tuple[Any, Any]:
    """Return where kappa is small, and these, for which I0 is used, since exp(-abs(kappa)) has a kink at 0."""
    small = unwrap(kappa) < 1
    return small, np.where(small, kappa, 0.5)


def _density(z: Any, kappa: Any) -> Any:
    return np.exp(_log_density(z, kappa))


def _slope(z: Any, kappa: Any) -> Any:
    """Return the derivative of the density with respect to kappa."""
    small, near = _near_0(kappa)
    mean = np.where(small, special.i1(near) / special.i0(near) - 1, ive_slope(kappa, 0, 1) / special.i0e(kappa))
    return (special.cosm1(z) - mean) * _density(z, kappa)


def _left(function: Any, z: Any, kappa: Any) -> Any:
    """Return the integral from -pi to z, which is at most 0, of a multiple of the density.

    It begins where the density is negligible beside that at z, which is a constant.
    """
    begin = -np.arccos(np.maximum(np.cos(unwrap(z)) - NEGLIGIBLE / unwrap(kappa), -1))
    points, weights = _gauss()
    length = z - begin
    return length * np.sum(weights * function(begin[..., None] + length[..., None] * points, kappa[..., None]), axis=-1)


def _slope_of_cdf(z: Any, kappa: Any) -> Any:
    """Return the derivative of the distribution function with respect to kappa, an odd function of z."""
    right = unwrap(z) > 0
    return np.where(right, -1.0, 1.0) * _left(_slope, np.where(right, -z, z), kappa)


def _plain_cdf(x: Any, y: Any) -> Any:
    x, y = np.asarray(x), np.asarray(y)
    left = _left(_density, -np.abs(x), y)
    return np.where(x > 0, 1 - left, left)


def _plain_ppf(x: Any, y: Any) -> Any:
    """Return quantiles by Newton's method, and by bisection where that would leave the interval."""
    chance, kappa = np.broadcast_arrays(np.minimum(x, 1 - x), y)
    low, high = np.full(chance.shape, -math.pi), np.zeros(chance.shape)
    z = np.clip(special.ndtri(chance) / np.sqrt(np.maximum(kappa, 1e-9)), -math.pi, 0)
    for _ in range(100):
        left = _left(_density, z, kappa)
        low, high = np.where(left < chance, z, low), np.where(left < chance, high, z)
        last, z = z, z - left * np.log(left / chance) / _density(z, kappa)
        inside = (z >= low) & (z <= high)
        z = np.where(inside, z, 0.5 * (low + high))
        enough = np.where(inside, 1e-9, 1e-16)  # Newton's method leaves the square
        if not np.any(np.abs(z - last) > enough * np.abs(last)):
            break
    return np.where(x > 0.5, -z, z)


_cdf: Any = elementwise(
    _plain_cdf, lambda g, x, y: g * _density(x, y), lambda g, x, y: g * _slope_of_cdf(x, y), name="vonmises_cdf"
)
_ppf: Any = elementwise(
    _plain_ppf,
    lambda g, out, y: g / _density(out, y),
    lambda g, out, y: -g * _slope_of_cdf(out, y) / _density(out, y),
    name="vonmises_ppf",
)


class _Vonmises(Symmetric):
    """The von Mises distribution of an angle, exp(kappa cos z) / (2 pi I0(kappa)).

    As in SciPy, the distribution function goes on by 1 with each full turn. Where kappa is 50 or more, SciPy's errs by
    up to 1e-5; this one has 12 digits.
    """

    name, shapes = "vonmises", ("kappa",)

    _valid = formula(lambda kappa: kappa >= 0)
    _logpdf = formula(_log_density)
    _ppf = formula(_ppf)

    def _cdf(self, z: Any, kappa: Any) -> Any:
        turns = np.round(unwrap(z) / (2 * math.pi))
        return turns + _cdf(z - 2 * math.pi * turns, kappa)


vonmises = _Vonmises()
