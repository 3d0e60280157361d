"""Integral functions: exponential, sine, cosine, Fresnel, the dilogarithm, and integrals of Bessel functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...arrays.door import ARRAY_TYPES, anywhere, everywhere
from ...primitives.declare import elementwise, general
from .common import in_double, of_last, where_defined

NEAR = 0.5  # where a series about 0 is better than a closed form that divides by it

elementwise(special.exp1, lambda g, x, out: where_defined(out, -g * np.exp(-x) / x))
elementwise(special.expi, lambda g, x: g * np.exp(x) / x)


def _expn_rule(g: Any, x: Any, out: Any, a: Any) -> Any:
    """Return -g E_{n-1}(x), where E_{-1}(x) = E_0(x) (1 + 1 / x): DLMF 8.19.12 and 8.19.13."""
    a = np.trunc(a)  # as SciPy does
    zero = np.equal(a, 0)
    if everywhere(zero):
        return -g * out * (1 + 1 / x)
    lower = special.expn(np.maximum(a - 1, 0), x)
    return -g * (np.where(zero, out * (1 + 1 / x), lower) if anywhere(zero) else lower)


of_last(special.expn, _expn_rule)


def _spence_slope(x: Any) -> Any:
    """Return log(x) / (1 - x), near 1 by its series: DLMF 15.4.1."""
    near = np.less(np.abs(x - 1), NEAR)
    small, large = np.where(near, 1 - x, 0), np.where(near, 2, x)
    return np.where(near, -special.hyp2f1(1.0, 1.0, 2.0, small), np.log(large) / (1 - large))


elementwise(special.spence, lambda g, x: g * _spence_slope(x))


# Functions with two results


def _two(function: Any, of_first: Callable[[Any], Any], of_second: Callable[[Any], Any]) -> None:
    """Declare a function of one variable that returns two results, by the derivative of each."""
    general(
        function,
        lambda g, x: _times(g[0], of_first(x)) + _times(g[1], of_second(x)),
        forward=lambda x: function(x),
        name=function.__name__,
        outputs=True,
    )


def _times(g: Any, slope: Any) -> Any:
    """Multiply; the zeros of a result that was not used stay zero against an infinite slope."""
    return np.where(np.equal(g, 0), 0, g * slope) if type(g) in ARRAY_TYPES else g * slope


def _sine_over(x: Any) -> Any:
    """Return sin(x) / x, whose derivative would cancel near 0."""
    near = np.less(np.abs(x), 1)
    small, large = np.where(near, x, 0), np.where(near, 1, x)
    return np.where(near, np.sinc(small * (1 / math.pi)), np.sin(large) / large)


def _hyperbolic_sine_over(x: Any) -> Any:
    """Return sinh(x) / x, near 0 as a hypergeometric function: DLMF 10.39.9 and 10.49.12."""
    near = np.less(np.abs(x), 1)
    small, large = np.where(near, x, 0), np.where(near, 1, x)
    return np.where(near, special.hyp0f1(1.5, small * small * 0.25), np.sinh(large) / large)


_two(special.sici, _sine_over, lambda x: np.cos(x) / x)
_two(special.shichi, _hyperbolic_sine_over, lambda x: np.cosh(x) / x)


def _wave(function: Any) -> Callable[[Any], Any]:
    """Return a sine or cosine of pi x² / 2, whose square single precision would round."""

    def of_square(x: Any) -> Any:
        return function(math.pi / 2 * x * x)

    return lambda x: of_square(x) if x.dtype.kind == "c" else in_double(of_square)(x)


_two(special.fresnel, _wave(np.sin), _wave(np.cos))
_two(special.itj0y0, special.j0, special.y0)
_two(special.iti0k0, special.i0, special.k0)
