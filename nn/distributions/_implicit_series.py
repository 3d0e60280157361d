"""How gamma and beta samples move with their parameters, by series: for plain arrays, many times faster than integrals.

A distribution function is its density times a series, and so is its derivative in a parameter. Where samples mostly
are, little of that cancels; elsewhere, and where derivatives of the result may be asked for, the rules of SciPy's
functions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import densities

special = densities.special


Array = np.ndarray[Any, Any]

MOST = 40.0  # samples of gamma distributions, beyond which there are too many terms
TOTAL = 60.0  # the sum of the parameters of beta distributions, as above
NEGLIGIBLE = 1e-17


def by_series(series: Callable[..., Array], by_rules: Callable[..., Array], *values: Array) -> Any:
    """Return how samples, the last of the values, move with a parameter: by a series where that is precise.

    The series returns nan where it is not.
    """
    if not all(type(value) is np.ndarray for value in values):
        return by_rules(*values)
    arrays: Any = np.broadcast_arrays(*values)
    wide = [array.astype(np.float64) for array in arrays]
    moved = series(*wide)
    rest = np.isnan(moved)
    if rest.any():
        moved[rest] = by_rules(*[array[rest] for array in wide])
    return moved.astype(arrays[-1].dtype)


def gamma_series(a: Array, x: Array) -> Any:
    """Return how gamma variates move with `a`: DLMF 8.7.1, and its derivative, divided by the density."""
    near = (x > 0) & (x < MOST) & (x < a + 3 * np.sqrt(a) + 2)
    moved = np.full(x.shape, np.nan)
    a, x = a[near], x[near]
    term, total, fall, slope = np.ones_like(x), np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    n = 0
    while (term > NEGLIGIBLE * total).any():
        n += 1
        inverse = 1 / (a + n)
        term *= x * inverse
        fall += inverse
        total += term
        slope -= term * fall
    moved[near] = -x / a * (total * (np.log(x) - special.psi(a + 1)) + slope)
    return moved


def _beta_series(a: Array, b: Array, x: Array) -> tuple[Any, Any]:
    """Return how beta variates of up to 1/2 move with `a` and `b`: DLMF 8.17.8, and its derivatives."""
    mean, whole = a / (a + b), a + b
    spread = np.sqrt(mean * (1 - mean) / (whole + 1))
    near = (x > 0) & (whole < TOTAL) & (x < mean + 3 * spread)
    first, second = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    a, b, x, whole = a[near], b[near], x[near], whole[near]
    term, total = np.ones_like(x), np.ones_like(x)
    rise, fall, slope_a, slope_b = (np.zeros_like(x) for _ in range(4))
    n = 0
    while (term > NEGLIGIBLE * total).any():
        n += 1
        term *= x * (whole + (n - 1)) / (a + n)
        rise += 1 / (whole + (n - 1))
        fall += 1 / (a + n)
        total += term
        slope_a += term * (rise - fall)
        slope_b += term * rise
    scale = -x * (1 - x) / a
    psi = special.psi(whole)
    first[near] = scale * (total * (np.log(x) - special.psi(a + 1) + psi) + slope_a)
    second[near] = scale * (total * (np.log1p(-x) - special.psi(b) + psi) + slope_b)
    return first, second


def _of_both_halves(a: Array, b: Array, x: Array) -> tuple[Any, Any]:
    """Return the same for any variate: one above 1/2 is 1 less a variate with the parameters exchanged."""
    high = x > 0.5
    first, second = _beta_series(np.where(high, b, a), np.where(high, a, b), np.where(high, 1 - x, x))
    return np.where(high, -second, first), np.where(high, -first, second)


def first_beta_series(a: Array, b: Array, x: Array) -> Any:
    """Return how beta variates move with the first parameter."""
    return _of_both_halves(a, b, x)[0]


def second_beta_series(a: Array, b: Array, x: Array) -> Any:
    """Return how beta variates move with the second parameter."""
    return _of_both_halves(a, b, x)[1]
