"""Derivatives of distribution functions in their shape parameters, by integration.

Let p(t) be a density of an exponential family, log p = a T(t) + b S(t) - A(a, b). Then each derivative of p in a and b
is p times a polynomial in T and S, whose coefficients are derivatives of A. Its integral up to x, or with the opposite
sign from x on, is the derivative of the distribution function. On the side of x away from the mode the density falls
monotonically, so that nothing cancels; the exponential of a hyperbolic sine maps the whole line to the half line, so
that equal steps converge exponentially (Takahasi & Mori, Double exponential formulas for numerical integration, 1974).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays.door import cached_arrays

if TYPE_CHECKING:
    from ...tensors.types import ArrayOrTensor

STEP = 1 / 48
MOST = 16_384  # numbers at once: more do not stay in the cache
_STEPS = np.arange(-4.0, 3.0, STEP)
_NODES = np.exp(math.pi / 2 * np.sinh(_STEPS))
_WEIGHTS = _NODES * np.cosh(_STEPS) * (math.pi / 2 * STEP)


def tail_integral(integrand: Callable[[Any], Any], scale: ArrayOrTensor) -> Any:
    """Integrate from 0 to infinity a function that decays exponentially, over a length near `scale`.

    The function takes an array of nodes along a new first axis.
    """
    total, count = 0.0, max(1, MOST // max(1, np.size(scale)))
    for start in range(0, _NODES.size, count):
        nodes, weights = _columns(start, start + count, np.ndim(scale))
        value = integrand(nodes * scale)
        total = total + np.sum(np.where(np.isfinite(value), value, 0) * weights, axis=0)
    return total * scale


@cached_arrays(64)
def _columns(start: int, stop: int, ndim: int) -> tuple[Any, Any]:
    """Return some nodes and their weights along a new first axis before `ndim` others."""
    column = (-1, *(1,) * ndim)
    return _NODES[start:stop].reshape(column), _WEIGHTS[start:stop].reshape(column)


def bell(k: int, m: int, cumulant: Callable[[int, int], Any]) -> Any:
    """Return the derivative of exp(f), k times in a and m times in b, divided by exp(f).

    `cumulant` gives the derivatives of f; by Leibniz's rule this is a complete Bell polynomial of them.
    """
    if k == m == 0:
        return 1.0
    of_a = k > 0
    rest_k, rest_m = (k - 1, m) if of_a else (0, m - 1)
    return sum(
        math.comb(rest_k, i)
        * math.comb(rest_m, j)
        * bell(rest_k - i, rest_m - j, cumulant)
        * cumulant(i + of_a, j + (not of_a))
        for i in range(rest_k + 1)
        for j in range(rest_m + 1)
    )
