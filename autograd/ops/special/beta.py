"""The beta function, its logarithm, binomial coefficients, and the incomplete beta functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...arrays.door import anywhere, everywhere
from ...primitives.declare import elementwise
from ...tensors.types import ArrayOrTensor
from ..densities import log_beta
from .common import at_quantile, distribution, in_double, over, where_defined
from .gamma import (
    LARGE,
    bell,
    derivative_of_psi,
    is_pole,
    psi_between_poles,
    psi_rise,
    rgamma_slope,
    stirling,
    tail_integral,
)

TERMS = 32  # of the series of betainc, for small x

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
    lambda g, x, y: g * in_double(_relative)(x, y),
    lambda g, x, y: g * in_double(_relative)(y, x),
)


# Binomial coefficients: gamma(1 + x) / (gamma(1 + y) gamma(1 + x - y))


def _factorials(x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return where a factorial in the denominator is infinite, as in 2 over 3, and the arguments of both elsewhere."""
    zero = np.less_equal(1 + y, 0) | np.less_equal(1 + x - y, 0)
    return zero, np.where(zero, 1, 1 + y), np.where(zero, 1, 1 + x - y)


def _part(x: Any, rest: Any, out: Any) -> Any:
    """Return the coefficient times gamma(1 + rest) and the derivative of 1 / gamma at 1 + rest, for a factorial.

    Left of 0 that is a gamma function itself, and large: with the others it is a beta function.
    """
    left = np.less(1 + rest, 0.5)
    mirrored, turn = np.where(left, -rest, 1), np.remainder(np.where(left, -rest - 1, 0), 2) * math.pi
    waves = np.cos(turn) + np.sin(turn) * special.psi(mirrored) * (1 / math.pi)
    reflected = special.beta(np.where(left, 1 + x, 1), mirrored) * waves
    return np.where(left, reflected, -out * special.psi(np.where(left, 1, 1 + rest)))


def _binom_of_total(g: Any, x: Any, y: Any, out: Any) -> Any:
    zero, _, rest = _factorials(x, y)
    steep = out * special.psi(1 + x) + _part(x, x - y, out)
    return where_defined(out, g * np.where(zero, steep, out * psi_rise(rest, np.where(zero, 0, y), 0)))


def _binom_of_chosen(g: Any, x: Any, y: Any, out: Any) -> Any:
    zero, chosen, _ = _factorials(x, y)
    steep = _part(x, y, out) - _part(x, x - y, out)
    return where_defined(out, g * np.where(zero, steep, out * psi_rise(chosen, np.where(zero, 0, x - 2 * y), 0)))


elementwise(special.binom, _binom_of_total, _binom_of_chosen)


# Incomplete beta functions: the distribution functions of a beta variate


@in_double
def density(a: ArrayOrTensor, b: ArrayOrTensor, x: ArrayOrTensor) -> Any:
    """Return x**(a - 1) (1 - x)**(b - 1) / beta(a, b), the derivative of betainc(a, b, x) in x."""
    return _part_of_shapes(0, 0, a, b) * weight(a - 1, b - 1, a, b, np.log(x), np.log1p(-x))


def weight(
    i: ArrayOrTensor | float,
    j: ArrayOrTensor | float,
    a: Any,
    b: Any,
    log_x: ArrayOrTensor,
    log_rest: ArrayOrTensor,
) -> Any:
    """Return x**i (1 - x)**j gamma(a + b + 1) / (gamma(a + 1) gamma(b + 1)), which is smooth in a and b also at 0.

    With i = a - 1 and j = b - 1 that is the density over a b / (a + b). Where the logarithms are so large that few
    digits would be left of their sum, the leading terms are taken off: Loader (2000), Fast and accurate computation of
    binomial probabilities.
    """
    total = a + b
    exponent = _times(i, log_x) + _times(j, log_rest) - log_beta(a + 1, b + 1) - np.log1p(total)
    large = np.greater(np.minimum(a, b), LARGE)
    if anywhere(large):
        a, b, total = (np.where(large, value, LARGE) for value in (a, b, total))
        x, rest = (np.where(large, np.exp(log), 0.5) for log in (log_x, log_rest))
        excess = b * x - a * rest
        terms = sum(n * (np.log1p(u / n) - u / n) for n, u in ((a, excess), (b, -excess)))
        near = terms + stirling(total) - stirling(a) - stirling(b) + 0.5 * np.log(total / (2 * math.pi * a * b))
        near = near + np.where(large, (i - a) * log_x + (j - b) * log_rest, 0)
        exponent = np.where(large, near, exponent)
    return np.exp(exponent)


def _times(power: Any, log: Any) -> Any:
    """Return power times log, and 0 where the power is 0 and the logarithm infinite."""
    nothing = np.equal(power, 0) & np.isinf(log)
    return np.where(nothing, 0, power * np.where(nothing, 0, log))


def _part_of_shapes(i: int, j: int, a: Any, b: Any) -> Any:
    """Return the derivative of a b / (a + b), i times in a and j times in b."""
    total, n = a + b, i + j
    u, v = a / total, b / total
    if n == 0:
        return u * b
    if n == 1:
        return v * v if i else u * u
    found = i * (i - 1) * v * v - 2 * i * j * u * v + j * (j - 1) * u * u
    return found * ((-1) ** (n + 1) * math.factorial(n - 2)) / total ** (n - 1)


def _in_powers(k: int, m: int, parts: Mapping[tuple[int, int], Any], cumulant: Callable[[int, int], Any]) -> Any:
    """Return the derivative of the density, k times in a and m times in b, divided by `weight`.

    `parts` are the derivatives of a b / (a + b), and `cumulant` gives those of the logarithm of the weight.
    """
    return sum(
        math.comb(k, i) * math.comb(m, j) * part * bell(k - i, m - j, cumulant) for (i, j), part in parts.items()
    )


def _parts(k: int, m: int, a: Any, b: Any) -> dict[tuple[int, int], Any]:
    return {(i, j): _part_of_shapes(i, j, a, b) for i in range(k + 1) for j in range(m + 1)}


def _cumulant(a: Any, b: Any, i: int, j: int) -> Any:
    """Return minus the derivative of betaln(a + 1, b + 1) + log(a + b + 1), i times in a and j times in b."""
    if i == 0:
        return psi_rise(b + 1, a, j - 1)
    return psi_rise(a + 1, b, i - 1) if j == 0 else derivative_of_psi(i + j - 1, a + b + 1)


def _series(k: int, m: int, a: Any, b: Any, logs: tuple[Any, Any]) -> Any:
    """Return the derivative of betainc(a, b, x), k times in a and m times in b, for small x and b x: DLMF 8.17.8.

    There the integral would change at lengths of two scales, and terms of 1 / a would cancel. `logs` are those of x and
    of 1 - x.
    """
    term = weight(a, b, a, b, *logs) * (b / (a + b))
    cumulants: dict[tuple[int, int], Any] = {(i, j): 0 for i in range(k + 1) for j in range(m + 1) if i + j}
    for i, j in cumulants:
        cumulants[i, j] = (
            psi_rise(b, a, j - 1) if i == 0 else psi_rise(a + 1, b, i - 1) - _step_of_psi(i - 1, a + b) if j == 0
            else derivative_of_psi(i + j - 1, a + b)
        ) + (logs[j] if i + j == 1 else 0)  # fmt: skip
    total: Any = 0
    for n in range(TERMS):
        total = total + term * bell(k, m, lambda i, j: cumulants[i, j])
        term = term * (np.exp(logs[0]) * (a + b + n) / (a + 1 + n))
        for i, j in cumulants:
            of_total, of_a = (_step_of_psi(i + j - 1, z + n) for z in (a + b, a + 1))
            cumulants[i, j] = cumulants[i, j] + (of_total - of_a if j == 0 else of_total)
    return total


def _step_of_psi(n: int, x: Any) -> Any:
    """Return the `n`-th derivative of digamma at x + 1 less that at x: DLMF 5.15.5."""
    return (-1.0) ** n * math.factorial(n) / x ** (n + 1)


def _in_shapes(a: Any, b: Any, x: Any, k: int, m: int) -> Any:
    """Return the derivative of betainc(a, b, x), k times in a and m times in b.

    The integral is over the logit of t, v away from that of x. Where a parameter is 0, betainc is 0 or 1 whatever the
    other is.
    """
    dtype = special.betainc(a, b, x).dtype
    with np.errstate(all="ignore"):
        inside = (
            (np.greater_equal if k else np.greater)(a, 0) & (np.greater_equal if m else np.greater)(b, 0)
            & np.greater(a + b, 0) & np.greater(x, 0) & np.less(x, 1) & np.isfinite(a) & np.isfinite(b)
        )  # fmt: skip
        a, b, x = (np.where(inside, value, 0.5).astype(float) for value in (a, b, x))
        slope = a * (1 - x) - b * x
        lower = slope > 0
        log_x, log_rest = np.log(x), np.log1p(-x)
        parts = _parts(k, m, a, b)
        rest = {(i, j): _cumulant(a, b, i, j) for i in range(k + 1) for j in range(m + 1) if i + j}

        def integrand(v: Any) -> Any:
            further = np.log1p(np.where(lower, x, 1 - x) * np.expm1(-v))
            of_t, of_rest = further + np.where(lower, v, 0), further + np.where(lower, 0, v)
            logs = {(1, 0): log_x - of_t, (0, 1): log_rest - of_rest}
            score = _in_powers(k, m, parts, lambda i, j: rest[i, j] + logs.get((i, j), 0))
            return np.exp(-a * of_t - b * of_rest) * score

        scale = 1 / (np.abs(slope) + np.minimum(np.sqrt(np.minimum(a, b) * 0.25), np.where(lower, a, b)))
        height = weight(a, b, a, b, log_x, log_rest)
        found = np.where(lower, height, -height) * tail_integral(integrand, scale)
        for end, i, j, first, second, logs, sign in (
            (x, k, m, a, b, (log_x, log_rest), 1),
            (1 - x, m, k, b, a, (log_rest, log_x), -1),  # 1 - betainc(b, a, 1 - x)
        ):
            small = (end < 0.25) & ((a + b) * end < 0.5)
            if anywhere(small):
                near = np.where(small, logs[0], math.log(0.125)), np.where(small, logs[1], math.log(0.875))
                series = _series(i, j, np.where(small, first, 0.25), np.where(small, second, 0.5), near)
                found = np.where(small, sign * series, found)
        return np.where(inside, found, 0).astype(dtype)


def _density_in_shapes(a: Any, b: Any, x: Any, k: int, m: int) -> Any:
    """Return the derivative of the density, k times in a and m times in b; 0 where `_in_shapes` is."""
    inside = np.greater(x, 0) & np.less(x, 1)
    place = np.where(inside, x, 0.5)
    logs = np.log(place), np.log1p(-place)
    score = _in_powers(k, m, _parts(k, m, a, b), lambda i, j: _cumulant(a, b, i, j) + (logs[j] if i + j == 1 else 0))
    return np.where(inside, weight(a - 1, b - 1, a, b, *logs) * score, 0)


betainc_shape: Any = elementwise(
    _in_shapes,
    lambda g, a, b, x, k, m: g * betainc_shape(a, b, x, k + 1, m),
    lambda g, a, b, x, k, m: g * betainc_shape(a, b, x, k, m + 1),
    lambda g, a, b, x, k, m: g * in_double(lambda a, b, x: _density_in_shapes(a, b, x, k, m))(a, b, x),
    name="betainc_shape",
)


def shape_of(a: ArrayOrTensor, b: ArrayOrTensor | float, x: ArrayOrTensor, rest: ArrayOrTensor) -> Any:
    """Return the derivative of betainc(a, b, x) in a, where `rest` is 1 - x to all digits."""
    left = np.less(x, 0.5)
    if everywhere(left):
        return betainc_shape(a, b, x, 1, 0)
    right = -betainc_shape(b, a, np.where(left, 0.5, rest), 0, 1)
    return np.where(left, betainc_shape(a, b, np.where(left, x, 0.25), 1, 0), right) if anywhere(left) else right


distribution(
    special.betainc,
    special.betaincc,
    lambda a, b, x: betainc_shape(a, b, x, 1, 0),
    lambda a, b, x: betainc_shape(a, b, x, 0, 1),
    density,
)
# Their inverses, by the implicit function theorem


def _quantile_in(k: int, m: int) -> Callable[..., Any]:
    return lambda a, b, t: -over(betainc_shape(a, b, t, k, m), density(a, b, t))


elementwise(
    special.betaincinv,
    lambda g, a, b, y, out: g * at_quantile(special.betaincinv, _quantile_in(1, 0), out, a, b, y),
    lambda g, a, b, y, out: g * at_quantile(special.betaincinv, _quantile_in(0, 1), out, a, b, y),
    lambda g, a, b, y, out: g / at_quantile(special.betaincinv, density, out, a, b, y),
    forward=lambda a, b, y: special.betaincinv(a, b, y),
)


def _at_complement(direct: Callable[..., Any], mirrored: Callable[..., Any], out: Any, a: Any, b: Any, y: Any) -> Any:
    """Return `direct` of shapes and a quantile, `out`; near 1 less `mirrored` of them exchanged, and what is left to 1.

    The quantile itself rounds there, and the density next to 1 would be that at 1.
    """

    def either(a: Any, b: Any, x: Any) -> Any:
        upper = np.greater(x, 0.5)
        if not anywhere(upper):
            return direct(a, b, x)
        rest = np.where(upper, special.betaincinv(b, a, y), 0.5)
        return np.where(upper, -mirrored(b, a, rest), direct(a, b, np.where(upper, 0.5, x)))

    return at_quantile(special.betainccinv, either, out, a, b, y)


def _quantile_slope(a: Any, b: Any, t: Any) -> Any:
    return 1 / density(a, b, t)


elementwise(
    special.betainccinv,
    lambda g, a, b, y, out: g * _at_complement(_quantile_in(1, 0), _quantile_in(0, 1), out, a, b, y),
    lambda g, a, b, y, out: g * _at_complement(_quantile_in(0, 1), _quantile_in(1, 0), out, a, b, y),
    lambda g, a, b, y, out: -g * _at_complement(_quantile_slope, lambda *of: -_quantile_slope(*of), out, a, b, y),
    forward=lambda a, b, y: special.betainccinv(a, b, y),
)
