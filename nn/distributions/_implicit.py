"""Samples of gamma, beta and Dirichlet distributions with implicit gradients.

A sample x of a distribution function F(x, a) moves with the parameter a so that F stays what it is: its derivative is
-(dF/da) / (dF/dx), without an inverse of F. Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients",
NeurIPS 2018; for Dirichlet distributions Jankowiak and Obermeyer, "Pathwise Derivatives Beyond the Reparameterization
Trick", ICML 2018. Both derivatives are those of SciPy's distribution functions, which have derivatives themselves, so
that second derivatives of samples follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor, elementwise, general, vjp
from autograd.extend import borrow, densities

from ..random import draw_given
from ._implicit_series import by_series, first_beta_series, gamma_series, second_beta_series
from .distribution import Generator

special = densities.special


def _moved(cdf: Callable[..., Any], parameter: Any, x: Any) -> Any:
    """Return how a sample moves with a parameter, in double precision, by the rules of its distribution function."""
    values, pull = vjp(cdf, parameter.astype(np.float64), x.astype(np.float64))
    slope, density = pull(np.ones_like(values))
    flat = np.equal(density, 0)  # further out than samples are
    return np.where(flat, 0, -slope / np.where(flat, 1, density)).astype(x.dtype)


def _gamma_moved(a: Any, x: Any) -> Any:
    return by_series(gamma_series, lambda a, x: _moved(special.gammainc, a, x), a, x)


def _first_beta_moved(a: Any, b: Any, x: Any) -> Any:
    def by_rules(a: Any, b: Any, x: Any) -> Any:
        return _moved(lambda a, x: special.betainc(a, b, x), a, x)

    return by_series(first_beta_series, by_rules, a, b, x)


def _second_beta_moved(a: Any, b: Any, x: Any) -> Any:
    def by_rules(a: Any, b: Any, x: Any) -> Any:
        return _moved(lambda b, x: special.betainc(a, b, x), b, x)

    return by_series(second_beta_series, by_rules, a, b, x)


_moving_gamma: Any = elementwise(
    lambda a, sample: np.positive(sample),
    lambda g, a, out: g * _gamma_moved(a, out),
    name="gamma_sample",
)
_moving_beta: Any = elementwise(
    lambda a, b, sample: np.positive(sample),
    lambda g, a, b, out: g * _first_beta_moved(a, b, out),
    lambda g, a, b, out: g * _second_beta_moved(a, b, out),
    name="beta_sample",
)


def _dirichlet_rule(g: Any, a: Any, out: Any) -> Any:
    """Return the gradient in `a`: an element moves as that of a beta distribution does, and the others give way."""
    rest = np.sum(a, axis=-1, keepdims=True) - a
    last = np.greater_equal(out, 1)
    moved = _first_beta_moved(a, rest, np.where(last, 0.5, out)) / np.where(last, 0.5, 1 - out)
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
