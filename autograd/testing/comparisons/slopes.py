"""Differences: the derivative of a function along a line from its values alone, and how far it can be trusted.

The central difference ``(f(t) - f(-t)) / 2t`` has an error in even powers of `t`. From three steps, each half of the
one before, Richardson's extrapolation removes the first two powers (Ridders 1982, Advances in Engineering Software
4(2)). What the two best extrapolations differ by, and the rounding of the values divided by the step, is the estimate
of the error. Where it is too large, other steps are tried: short ones suit functions that bend, or have a kink nearby,
long ones such as are nearly constant.

One-sided differences are extrapolated likewise. Where they stay apart, however short the step, there is a kink: then
the slopes of the two sides are the limits of what a derivative can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Line = Callable[[float], Array]

SAFETY = 30.0  # how many times the estimated error of the differences a derivative may be off
RELATIVE = 2e-8  # how far a derivative may be off, relative to itself, where nothing else is asked for
RESOLVED = 0.05  # an uncertainty, relative to the derivative, at which it can be told
FIRST_STEPS = (9, 14, 21, 6, 3, 28, 36, 44)  # the longest of three steps, as a power of one half
FEW_STEPS = (9, 14, 3)  # for many elements, of which some remain untold whatever the step
CLOSE_ENOUGH = 1e-9  # an error, relative to the slope, at which no other steps are tried
ROUNDED = 2e-12  # the same, relative to the values: what their rounding leaves at the first steps
CERTAIN_STEPS = (2.5, 4.5, 6.5, 9.5, 12.5, 15.5, 18.5, 21.5, 24.5, 30.5, 37.5, 40.5, 42.5, 44.5)


class Slope(NamedTuple):
    """The derivative of each number that a function returns, along one direction."""

    low: Array  # the slopes of the two sides at a kink, elsewhere both are the derivative; nan where a side has none
    high: Array
    error: Array  # how far they may be off; infinity where nothing could be found out
    size: Array  # the largest absolute value of the function at the steps that were taken

    @property
    def middle(self) -> Array:
        """The derivative, or the number between the slopes of a kink."""
        return np.where(self.low == self.high, self.low, self.low + (self.high - self.low) / 2)

    @property
    def steepest(self) -> Array:
        """The larger of the absolute slopes of the two sides."""
        return np.fmax(np.abs(self.low), np.abs(self.high))

    def where(self, condition: Array, other: Slope) -> Slope:
        """Return these slopes where `condition` holds, and `other` elsewhere."""
        return Slope(*(np.where(condition, a, b) for a, b in zip(self, other, strict=True)))


class _ThreeSteps(NamedTuple):
    """What three steps tell: the central slope, those of the two sides, and the error of each."""

    central: Array
    error: Array
    ahead: Array
    ahead_error: Array
    behind: Array
    behind_error: Array
    size: Array

    def where(self, condition: Array, other: _ThreeSteps) -> _ThreeSteps:
        return _ThreeSteps(*(np.where(condition, a, b) for a, b in zip(self, other, strict=True)))

    @property
    def jump(self) -> Array:
        """How much steeper the function is ahead than behind; 0 where that may be rounding."""
        jump = self.ahead - self.behind
        doubt = 8 * (self.ahead_error + self.behind_error) + 1e-7 * (np.abs(self.ahead) + np.abs(self.behind))
        return np.where(np.abs(jump) > doubt, jump, 0.0)


def slope(line: Line, here: Array, precision: float, steps: Sequence[int] = FIRST_STEPS) -> Slope:
    """Return the derivative of `line` at 0, where a step of 1 is as long as the numbers that move.

    `line` returns the values of the function so many steps along a direction, `here` are those at 0, and `precision` is
    their relative error. The steps are powers of one half.
    """
    with np.errstate(all="ignore"):
        best = _three_steps(line, here, 2.0 ** -steps[0], precision)
        for first in steps[1:]:
            close = _is_close(best)
            if np.all(close):
                break
            if np.all(close | (_rounding(np.abs(here), 2.0 ** -(first + 2), precision) > best.error)):
                continue
            found = _three_steps(line, here, 2.0**-first, precision)
            best = found.where(found.error < best.error, best)
        return _settled(line, here, best, precision)


def central_slope(line: Line, here: Array, step: float, precision: float) -> Slope:
    """Return the plain central difference of one step, as a user has chosen it; half of it tells the error."""
    with np.errstate(all="ignore"):
        central, half = ((line(h) - line(-h)) / (2 * h) for h in (step, step / 2))
        error = np.abs(central - half) + 4 * precision * np.abs(here) / step
    return Slope(central, central, np.where(np.isfinite(central), error, np.inf), np.abs(here))


def slopes_of_many_steps(line: Line, here: Array, precision: float, every: int = 1) -> Iterator[Slope]:
    """Yield what each of many steps tells, or one of `every` few, to be sure before a derivative is called wrong."""
    with np.errstate(all="ignore"):
        for first in CERTAIN_STEPS[::every]:
            found = _three_steps(line, here, 2.0**-first, precision)
            yield Slope(found.central, found.central, found.error, found.size)


def is_told(error: Array | float, steepest: Array | float, size: Array | float) -> Any:
    """Tell where differences with this error tell a derivative: beside its own size, or beside that of the values."""
    return SAFETY * error <= RESOLVED * steepest + 1e-6 * size


def gap_between(analytic: float, numeric: float) -> float:
    """Return how near other differences have to come to `numeric`, to be by far nearer to it than `analytic` is."""
    return abs(analytic - numeric) / 10 if np.isfinite(analytic) else 1e-3 * abs(numeric) + 1e-9


def confirmed(others: Iterable[tuple[float, float]], numeric: float, gap: float) -> bool:
    """Tell whether three of the other slopes, each with its error, are `numeric`, and none that can tell is not."""
    agreeing = 0
    for value, error in others:
        if error < gap:
            if abs(value - numeric) > 2 * gap:
                return False
            agreeing += 1
    return agreeing >= 3


def _is_close(found: _ThreeSteps) -> Array:
    """Tell where more steps would not help."""
    enough = CLOSE_ENOUGH * np.abs(found.central) + ROUNDED * found.size
    close: Array = (found.error <= enough) & (found.jump == 0)
    flat: Array = (found.central == 0) & (found.ahead == 0) & (found.behind == 0)
    return close | flat


def _settled(line: Line, here: Array, best: _ThreeSteps, precision: float) -> Slope:
    """Return the central slope, or the slopes of the two sides where there is a kink, or the edge of a domain."""
    smooth = Slope(best.central, best.central, np.where(np.isfinite(best.central), best.error, np.inf), best.size)
    if not np.any((best.jump != 0) | ~np.isfinite(best.error)):
        return smooth
    near, nearer = (_three_steps(line, here, 2.0**-first, precision) for first in (18, 25))
    low, high = np.fmin(nearer.ahead, nearer.behind), np.fmax(nearer.ahead, nearer.behind)
    doubt = np.fmax(nearer.ahead_error, nearer.behind_error) + np.abs(nearer.jump - near.jump)
    stays = (nearer.jump != 0) & (np.abs(nearer.jump - near.jump) < 0.02 * np.abs(nearer.jump))
    kink = Slope(low, high, doubt, nearer.size)
    found = kink.where(stays & (best.jump != 0), smooth)
    return _at_an_edge(near, nearer).where(~np.isfinite(smooth.error) & ~stays, found)


def _at_an_edge(near: _ThreeSteps, nearer: _ThreeSteps) -> Slope:
    """Return the slope of the one side on which the function is defined."""
    ahead_only = np.isfinite(nearer.ahead) & ~np.isfinite(nearer.behind)
    behind_only = np.isfinite(nearer.behind) & ~np.isfinite(nearer.ahead)
    one = np.where(ahead_only, nearer.ahead, nearer.behind)
    before = np.where(ahead_only, near.ahead, near.behind)
    error = np.where(ahead_only, nearer.ahead_error, nearer.behind_error) + np.abs(one - before)
    known = (ahead_only | behind_only) & np.isfinite(before)
    return Slope(one, one, np.where(known, error, np.inf), nearer.size)


def _three_steps(line: Line, here: Array, longest: float, precision: float) -> _ThreeSteps:
    steps = (longest, longest / 2, longest / 4)
    ahead, behind = ([line(sign * step) for step in steps] for sign in (1, -1))
    if any(values.shape != here.shape for values in (*ahead, *behind)):
        nothing = np.full(here.shape, np.nan)
        return _ThreeSteps(nothing, nothing + np.inf, nothing, nothing + np.inf, nothing, nothing + np.inf, nothing)
    size = np.fmax(np.abs(here), np.fmax(np.abs(ahead[0]), np.abs(behind[0])))
    size = np.fmax(size, np.finfo(np.float64).tiny)  # below that, numbers have fewer digits
    central, error = _extrapolated([(a - b) / (2 * h) for a, b, h in zip(ahead, behind, steps, strict=True)], 4)
    right, right_error = _extrapolated([(a - here) / h for a, h in zip(ahead, steps, strict=True)], 2)
    left, left_error = _extrapolated([(here - b) / h for b, h in zip(behind, steps, strict=True)], 2)
    rounding = _rounding(size + np.abs(central), steps[-1], precision)
    one_sided = 8 * precision * (size + np.abs(right)) / steps[-1], 8 * precision * (size + np.abs(left)) / steps[-1]
    error = error + _unresolved(here, ahead, behind, steps)
    return _ThreeSteps(
        central,
        np.where(error <= 0.02 * np.abs(central) + 1e-4 * size + rounding, error + rounding, np.inf),
        right,
        _known(right_error + one_sided[0]),
        left,
        _known(left_error + one_sided[1]),
        np.where(np.isfinite(size), size, np.abs(here)),
    )


def _rounding(size: Array, shortest: float, precision: float) -> Array:
    """Return what the rounding of values of this size makes of the slope, however smooth the function is."""
    return 4 * precision * size / shortest


def _unresolved(here: Array, ahead: Sequence[Array], behind: Sequence[Array], steps: Sequence[float]) -> Array:
    """Return how far the slopes of the two sides are apart, where shorter steps do not bring them together.

    There is a kink, or the function goes up and down within a step, and equal slopes of several steps mean nothing.
    """
    far, near = (np.abs(ahead[i] - 2 * here + behind[i]) / steps[i] for i in (0, -1))
    return np.where(near > 0.7 * far, near, 0.0)


def _known(error: Array) -> Array:
    """Return infinity for an error that is no number."""
    return np.where(np.isnan(error), np.inf, error)


def _extrapolated(quotients: Sequence[Array], base: int) -> tuple[Array, Array]:
    """Return the limit of three difference quotients, and its error, if the error falls by `base` with each."""
    first, second, third = quotients
    once = (base * second - first) / (base - 1)
    again = (base * third - second) / (base - 1)
    power = base * base
    return (power * again - once) / (power - 1), np.abs(again - once)
