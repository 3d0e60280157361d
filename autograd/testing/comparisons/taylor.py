"""Taylor's remainders: by how much values differ from the tangent of the graph, and how that falls with the step.

Of a right gradient, ``|f(x + h v) - f(x) - h g.v|`` falls as the square of `h`, of a wrong one as `h`. The table
of both needs no estimate of an error, and can be read by whoever knows the formula.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..subjects.subject import Array
from .point import Point, at_random, product, signed, weighted

POWERS = range(3, 27)  # of one half: the steps, beside the numbers that move
DOUBT = 64.0  # the roundings of the values, below which a remainder tells nothing
SHOWN = 6


class Remainders(NamedTuple):
    """The changes of a weighted sum of all outputs along one direction, and what remains beside the tangent.

    Those below `doubt` may be rounding.
    """

    steps: Array
    changes: Array
    remaining: Array
    doubt: float

    @property
    def order(self) -> float:
        """The power of the step that remainders fall by, of the shortest steps that tell; nan if fewer than 4 do."""
        known = self.remaining > self.doubt
        return float(np.median(_falls(self.remaining[known])[-3:])) if np.sum(known) > 3 else np.nan

    @property
    def agree(self) -> bool | None:
        """Whether the gradient seems right; None if that cannot be told. At a kink, a right one seems wrong."""
        if not np.all(np.isfinite(self.changes)):
            return None
        if not np.all(np.isfinite(self.remaining)):
            return False
        wrong, right = abs(self.order - 1) < 0.3, self.order > 1.7 or np.isnan(self.order)
        return not wrong if wrong or right else None  # else there is a jump, whose remainder does not fall at all

    def __str__(self) -> str:
        known = np.flatnonzero(self.remaining > self.doubt)[-SHOWN:]
        rows = known if len(known) else np.arange(SHOWN)
        lines = ["       step h  |f(x + h v) - f(x)|  |f(x + h v) - f(x) - h g.v|   falls by"]
        for i in rows:
            order = _falls(self.remaining[i - 1 : i + 1]) if i else np.zeros(0)
            falls = f"h^{order[0]:.2f}" if np.all(np.isfinite(order)) and order.size else ""
            lines.append(f"{self.steps[i]:13.3g}  {self.changes[i]:19.3g}  {self.remaining[i]:27.3g}  {falls:>9}")
        return "\n".join(lines)


def _falls(sizes: Array) -> Array:
    """Return the power of the step that each falls by, from the one before."""
    with np.errstate(all="ignore"):
        return np.asarray(np.log2(sizes[:-1] / sizes[1:]))


def remainders(point: Point) -> Remainders:
    """Return the remainders along a random direction, in which all inputs move."""
    random = np.random.default_rng(0)
    moves = signed(point, point.sizes, at_random(point, random))
    weights = random.choice([-2.0, -1.0, 0.5, 1.0], point.here.shape)
    terms = [product(g, v) for g, v in zip(point.pulled(weights), moves, strict=True)]
    line, steps = point.line(moves), 2.0 ** -np.array(POWERS, float)
    with np.errstate(all="ignore"):
        changes = np.array([weighted(weights, line(h) - point.here) for h in steps])
        size = weighted(np.abs(weights), np.abs(point.here)) + sum(map(abs, terms))
        remaining = np.abs(changes - steps * sum(terms))
    doubt = DOUBT * point.precision * size + np.finfo(float).tiny
    return Remainders(steps, np.abs(changes), remaining, doubt)
