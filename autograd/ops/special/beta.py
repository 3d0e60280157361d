"""The beta function, its logarithm, binomial coefficients, and the incomplete beta functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import _ufuncs as special

from ...graph.batched import anywhere, everywhere
from ...primitives.declare import elementwise
from .common import in_double, over, where_defined
from .gamma import NEARLY_ZERO, derivative_of_psi, is_pole, psi_between_poles, psi_rise, rgamma_slope
from .integration import bell, tail_integral

if TYPE_CHECKING:
    from ...tensors.types import ArrayOrTensor

# The beta function gamma(x) gamma(y) / gamma(x + y), which is 0 where x + y is a pole, and finite between poles


def _relative(x: Any, y: Any) -> Any:
    """Return psi(x) - psi(x + y), the derivative of betaln(x, y) in x, also between two poles."""
    poles = is_pole(x) & is_pole(x + y)
    pole, total = np.where(poles, x, 0), np.where(poles, x + y, 0)
    x, y = np.where(poles, 1, x), np.where(poles, 1, y)
    return np.where(poles, psi_between_poles(total, pole), -psi_rise(x, y, 0))


def _of_beta(x: Any, y: Any, out: Any) -> Any:
    """Return the derivative of beta(x, y) in x."""
    zero = is_pole(x + y) & ~is_pole(x) & ~is_pole(y)
    first, second = np.where(zero, x, 0.5), np.where(zero, y, 0.5)
    at_zero = (
        special.gamma(first) * special.gamma(second) * rgamma_slope(first + second, special.rgamma(first + second))
    )
    return np.where(zero, at_zero, out * _relative(np.where(zero, 1, x), np.where(zero, 1, y)))


elementwise(
    special.beta,
    lambda g, x, y, out: g * _of_beta(x, y, out),
    lambda g, x, y, out: g * _of_beta(y, x, out),
)
elementwise(
    special.betaln,
    lambda g, x, y: g * in_double(_relative, x, y),
    lambda g, x, y: g * in_double(_relative, y, x),
)


# Binomial coefficients: gamma(1 + x) / (gamma(1 + y) gamma(1 + x - y))


def _factorials(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return where a factorial in the denominator is infinite, as in 2 over 3, and the arguments of both elsewhere."""
    zero = np.less_equal(1 + y, 0) | np.less_equal(1 + x - y, 0)
    return zero, np.where(zero, 1, 1 + y), np.where(zero, 1, 1 + x - y)


def _part(x: Any, y: Any, out: Any) -> Any:
    """Return gamma(1 + x) / gamma(1 + y) times the derivative of 1 / gamma at 1 + x - y.

    Left of 0 that is a gamma function itself, and large: with the others it is a beta function.
    """
    left = np.less(1 + x - y, 0.5)
    mirrored, turn = np.where(left, y - x, 1), np.remainder(np.where(left, y - x - 1, 0), 2) * math.pi
    waves = np.cos(turn) + np.sin(turn) * special.psi(mirrored) * (1 / math.pi)
    reflected = special.beta(np.where(left, 1 + x, 1), mirrored) * waves
    return np.where(left, reflected, -out * special.psi(np.where(left, 1, 1 + x - y)))


def _binom_of_total(g: Any, x: Any, y: Any, out: Any) -> Any:
    zero, _, rest = _factorials(x, y)
    steep = out * special.psi(1 + x) + _part(x, y, out)
    return where_defined(out, g * np.where(zero, steep, out * psi_rise(rest, np.where(zero, 0, y), 0)))


def _binom_of_chosen(g: Any, x: Any, y: Any, out: Any) -> Any:
    zero, chosen, _ = _factorials(x, y)
    steep = _part(x, x - y, out) - _part(x, y, out)
    return where_defined(out, g * np.where(zero, steep, out * psi_rise(chosen, np.where(zero, 0, x - 2 * y), 0)))


elementwise(special.binom, _binom_of_total, _binom_of_chosen)


# Incomplete beta functions: the distribution functions of a beta variate


def density(a: ArrayOrTensor | float, b: ArrayOrTensor | float, x: ArrayOrTensor) -> Any:
    """Return x**(a - 1) (1 - x)**(b - 1) / beta(a, b), the derivative of betainc(a, b, x) in x."""
    return in_double(_density, a, b, x)


def _density(a: Any, b: Any, x: Any) -> Any:
    inside = np.greater(x, 0) & np.less(x, 1)
    a, b = (shape + np.where(inside & np.equal(shape, 0), NEARLY_ZERO, 0) for shape in (a, b))  # where it has a limit
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


def _cumulant(a: Any, b: Any, i: int, j: int) -> Any:
    """Return minus the derivative of betaln(a, b), i times in a and j times in b."""
    of_sum = derivative_of_psi(i + j - 1, a + b)
    return (
        of_sum - derivative_of_psi(j - 1, b) if i == 0 else of_sum - derivative_of_psi(i - 1, a) if j == 0 else of_sum
    )


def _score(k: int, m: int, a: Any, b: Any, x: Any) -> Any:
    """Return the derivative of the density, k times in a and m times in b, divided by the density."""

    def cumulant(i: int, j: int) -> Any:
        rest = _cumulant(a, b, i, j)
        return rest + (np.log(x) if i else np.log1p(-x)) if i + j == 1 else rest

    return bell(k, m, cumulant)


def _in_shapes(a: Any, b: Any, x: Any, k: int, m: int) -> Any:
    """Return the derivative of betainc(a, b, x), k times in a and m times in b.

    The integral is over the logit of t, v away from that of x. Where a parameter is 0, betainc is 0 or 1 whatever the
    other is.
    """
    dtype = special.betainc(a, b, x).dtype
    with np.errstate(all="ignore"):
        inside = (
            (np.greater_equal if k else np.greater)(a, 0) & (np.greater_equal if m else np.greater)(b, 0)
            & np.greater(x, 0) & np.less(x, 1) & np.isfinite(a) & np.isfinite(b)
        )  # fmt: skip
        a, b, x = (np.where(inside, value, 0.5).astype(float) for value in (a, b, x))
        a, b = np.maximum(a, NEARLY_ZERO), np.maximum(b, NEARLY_ZERO)  # where it has a limit
        slope = a * (1 - x) - b * x
        lower = slope > 0
        log_x, log_rest = np.log(x), np.log1p(-x)
        rest = {(i, j): _cumulant(a, b, i, j) for i in range(k + 1) for j in range(m + 1) if i + j}

        def integrand(v: Any) -> Any:
            further = np.log1p(np.where(lower, x, 1 - x) * np.expm1(-v))
            of_t, of_rest = further + np.where(lower, v, 0), further + np.where(lower, 0, v)
            logs = {(1, 0): log_x - of_t, (0, 1): log_rest - of_rest}
            score = bell(k, m, lambda i, j: rest[i, j] + logs.get((i, j), 0))
            return np.exp(-a * of_t - b * of_rest) * score

        scale = 1 / (np.abs(slope) + np.sqrt(np.minimum(a, b) * 0.25))
        height = density(a, b, x) * x * (1 - x)
        return np.where(inside, np.where(lower, height, -height) * tail_integral(integrand, scale), 0).astype(dtype)


def _density_in_shapes(a: Any, b: Any, x: Any, k: int, m: int) -> Any:
    """Return the derivative of the density, k times in a and m times in b; 0 where `_in_shapes` is."""
    inside = np.greater(x, 0) & np.less(x, 1)
    place = np.where(inside, x, 0.5)
    a, b = np.maximum(a, NEARLY_ZERO), np.maximum(b, NEARLY_ZERO)
    return np.where(inside, density(a, b, place) * _score(k, m, a, b, place), 0)


betainc_shape: Any = elementwise(
    _in_shapes,
    lambda g, a, b, x, k, m: g * betainc_shape(a, b, x, k + 1, m),
    lambda g, a, b, x, k, m: g * betainc_shape(a, b, x, k, m + 1),
    lambda g, a, b, x, k, m: g * _density_in_shapes(a, b, x, k, m),
    name="betainc_shape",
)


def shape_of(a: Any, b: Any, x: Any, rest: Any) -> Any:
    """Return the derivative of betainc(a, b, x) in a, where `rest` is 1 - x to all digits."""
    left = np.less(x, 0.5)
    if everywhere(left):
        return betainc_shape(a, b, x, 1, 0)
    right = -betainc_shape(b, a, np.where(left, 0.5, rest), 0, 1)
    return np.where(left, betainc_shape(a, b, np.where(left, x, 0.25), 1, 0), right) if anywhere(left) else right


elementwise(
    special.betainc,
    lambda g, a, b, x, out: where_defined(out, g * betainc_shape(a, b, x, 1, 0)),
    lambda g, a, b, x, out: where_defined(out, g * betainc_shape(a, b, x, 0, 1)),
    lambda g, a, b, x, out: where_defined(out, g * density(a, b, x)),
    forward=lambda a, b, x: special.betainc(a, b, x),
)
elementwise(
    special.betaincc,
    lambda g, a, b, x, out: where_defined(out, -g * betainc_shape(a, b, x, 1, 0)),
    lambda g, a, b, x, out: where_defined(out, -g * betainc_shape(a, b, x, 0, 1)),
    lambda g, a, b, x, out: where_defined(out, -g * density(a, b, x)),
    forward=lambda a, b, x: special.betaincc(a, b, x),
)
# Their inverses, by the implicit function theorem
elementwise(
    special.betaincinv,
    lambda g, a, b, out: -g * over(betainc_shape(a, b, out, 1, 0), density(a, b, out)),
    lambda g, a, b, out: -g * over(betainc_shape(a, b, out, 0, 1), density(a, b, out)),
    lambda g, a, b, out: g / density(a, b, out),
    forward=lambda a, b, y: special.betaincinv(a, b, y),
)
elementwise(
    special.betainccinv,
    lambda g, a, b, out: -g * over(betainc_shape(a, b, out, 1, 0), density(a, b, out)),
    lambda g, a, b, out: -g * over(betainc_shape(a, b, out, 0, 1), density(a, b, out)),
    lambda g, a, b, out: -g / density(a, b, out),
    forward=lambda a, b, y: special.betainccinv(a, b, y),
)
