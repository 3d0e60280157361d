"""Samples of gamma, beta and Dirichlet distributions with implicit gradients.

A sample x of a distribution function F(x, a) moves with the parameter a so that F stays what it is: its derivative is
-(dF/da) / (dF/dx), without an inverse of F. Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients",
NeurIPS 2018; for Dirichlet distributions Jankowiak and Obermeyer, "Pathwise Derivatives Beyond the Reparameterization
Trick", ICML 2018. Both derivatives are those of SciPy's distribution functions, which have derivatives themselves, so
that second derivatives of samples follow.

Of plain arrays series are many times faster than integrals: a distribution function is its density times a series, and
so is its derivative in a parameter. Where samples mostly are, little of that cancels; elsewhere, and where derivatives
of the result may be asked for, the rules of SciPy's functions are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, elementwise, general, vjp
from autograd.extend import borrow, densities

from ..random import draw_given
from .distribution import Generator

special = densities.special
Array = np.ndarray[Any, Any]

MOST = 40.0  # samples of gamma distributions, beyond which there are too many terms
TOTAL = 60.0  # the sum of the parameters of beta distributions, as above
NEGLIGIBLE = 1e-17


def _by_series(series: Callable[..., Array], by_rules: Callable[..., Array], *values: Array) -> Any:
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


def _gamma_series(a: Array, x: Array) -> Any:
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


# Derivatives and samples


def _moved(cdf: Callable[..., Any], parameter: Any, x: Any) -> Any:
    """Return how a sample moves with a parameter, in double precision, by the rules of its distribution function."""
    values, pull = vjp(cdf, parameter.astype(np.float64), x.astype(np.float64))
    slope, density = pull(np.ones_like(values))
    flat = np.equal(density, 0)  # further out than samples are
    return np.where(flat, 0, -slope / np.where(flat, 1, density)).astype(x.dtype)


def _beta_moved(number: int, a: Any, b: Any, x: Any) -> Any:
    """Return how beta variates move with the first parameter, or with the second."""

    def by_rules(a: Any, b: Any, x: Any) -> Any:
        if number == 0:
            return _moved(lambda a, x: special.betainc(a, b, x), a, x)
        return _moved(lambda b, x: special.betainc(a, b, x), b, x)

    return _by_series(lambda a, b, x: _of_both_halves(a, b, x)[number], by_rules, a, b, x)


_moving_gamma: Any = elementwise(
    lambda a, sample: np.positive(sample),
    lambda g, a, out: g * _by_series(_gamma_series, lambda a, x: _moved(special.gammainc, a, x), a, out),
    name="gamma_sample",
)
_moving_beta: Any = elementwise(
    lambda a, b, sample: np.positive(sample),
    lambda g, a, b, out: g * _beta_moved(0, a, b, out),
    lambda g, a, b, out: g * _beta_moved(1, a, b, out),
    name="beta_sample",
)


def _dirichlet_rule(g: Any, a: Any, out: Any) -> Any:
    """Return the gradient in `a`: an element moves as that of a beta distribution does, and the others give way."""
    rest = np.sum(a, axis=-1, keepdims=True) - a
    last = np.greater_equal(out, 1)
    moved = _beta_moved(0, a, rest, np.where(last, 0.5, out)) / np.where(last, 0.5, 1 - out)
    return np.where(last, 0, moved) * (g - np.sum(g * out, axis=-1, keepdims=True))


_moving_dirichlet: Any = general(lambda a, sample: np.positive(sample), _dirichlet_rule, name="dirichlet_sample")


def _log_gammas(generator: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
    """Draw logarithms of gamma variates, which do not underflow for a small shape parameter.

    One with a shape parameter of a + 1, times a uniform variate to the power 1 / a, has that of a.
    """
    small = a < 1
    wide = np.where(small, a + 1, a).astype(np.float64)
    lost = np.where(small, generator.standard_exponential(shape) / a.astype(np.float64), 0)
    return np.log(generator.standard_gamma(wide, shape)) - lost


def _gammas(generator: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
    return _within(np.exp(_log_gammas(generator, shape, a)), a.dtype)


def _within(drawn: Any, dtype: Any) -> Any:
    """Return positive numbers that are not rounded to 0."""
    return np.maximum(drawn, np.finfo(dtype).tiny).astype(dtype)


def gamma_sample(concentration: Tensor, shape: tuple[int, ...], generator: Generator) -> Any:
    """Draw gamma variates of scale 1 in a shape to which `concentration` broadcasts."""
    drawn = draw_given(_gammas, shape, [concentration], generator)
    return _moving_gamma(np.broadcast_to(concentration, shape), drawn)


def _betas(generator: np.random.Generator, shape: tuple[int, ...], a: Any, b: Any) -> Any:
    first, second = (_log_gammas(generator, shape, each) for each in (a, b))
    rest = np.finfo(a.dtype).epsneg
    return np.minimum(_within(np.exp(first - np.logaddexp(first, second)), a.dtype), 1 - rest).astype(a.dtype)


def beta_sample(a: Tensor, b: Tensor, shape: tuple[int, ...], generator: Generator) -> Any:
    """Draw beta variates in a shape to which both parameters broadcast."""
    drawn = draw_given(_betas, shape, [a, b], generator)
    return _moving_beta(np.broadcast_to(a, shape), np.broadcast_to(b, shape), drawn)


def _dirichlets(generator: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
    logs = _log_gammas(generator, shape, a)
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return _within(powers / powers.sum(axis=-1, keepdims=True), a.dtype)


def dirichlet_sample(concentration: Tensor, shape: tuple[int, ...], generator: Generator) -> Any:
    """Draw rows with a sum of 1, in a shape to which `concentration` broadcasts."""
    drawn = draw_given(_dirichlets, shape, [concentration], generator)
    return _moving_dirichlet(np.broadcast_to(concentration, shape), borrow(drawn))
