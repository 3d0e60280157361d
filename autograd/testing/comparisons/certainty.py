"""Certainty: whether a derivative that differs from differences is wrong, or the differences are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..subjects.subject import Array, parts
from .point import Moves, Point, at_random, by_value, product, products, ranges, signed, weighted
from .slopes import SAFETY, Slope, confirmed, gap_between, slopes_of_many_steps

ROUNDINGS = (-7.0, -5.0, -4.0, -3.0, 3.0, 4.0, 5.0, 7.0)
NEARBY_STEPS = slice(8, 10)  # of many steps, those that are a part of how far points nearby are moved
WHOLE = 2.0**52  # from which on all numbers in double precision are whole
FINE = 8 * np.sin(np.arange(65.0))  # places, none as far from another, at which a staircase shows
ROUNDED_AWAY = 1e-4  # of values, which several operations may have lost

Step = tuple[list[Array | None], float]  # a direction, and by how much it moves


def is_certain(point: Point, steps: list[Step], number: tuple[int, int], analytic: Any, found: Slope) -> bool:
    """Tell whether further steps also say that a derivative is wrong."""
    low, high, error, _ = (float(numbers[number]) for numbers in found)
    unit = np.zeros(point.here.size)
    unit[number[0]] = 1.0
    if np.isnan(analytic) and any(has_a_side(point, moves, unit) for moves, _ in steps):
        return True
    if low != high:
        moves, size = steps[0]
        nearer = float(np.clip(analytic, low, high))
        return SAFETY * error < 0.5 * (high - low) and not is_noise(point, moves, unit / size, float(analytic), nearer)
    return any(agrees(point, moves, unit / size, float(analytic), low, together=False) for moves, size in steps)


def has_a_side(point: Point, moves: Moves, weights: Array) -> bool:
    """Tell whether the slopes of one side, at ever shorter steps, have a limit: nan is no derivative there.

    Those of a root at 0 grow, and those of x log(x) change by as much with each step.
    """
    line, steps = point.line(moves), 2.0 ** -np.arange(8.0, 25.0, 4.0)
    noise = 8 * point.precision * weighted(np.abs(weights), np.abs(point.here)) / steps[-1]
    for sign in (1, -1):
        with np.errstate(all="ignore"):
            slopes = [weighted(weights, line(sign * step) - point.here) / step for step in steps]
            changes = np.abs(np.diff(slopes))
        if np.all(changes[1:] <= 0.5 * changes[:-1] + noise):
            return True
    return False


def agrees(point: Point, moves: Moves, weights: Array, analytic: float, numeric: float, together: bool) -> bool:
    """Tell whether three of many steps give `numeric`, and none that can tell gives something else.

    Nor may roundings of the inputs bring the derivative of the graph near to it, and the function has to be
    differentiable: at ties of a median, for example, slopes do not add up. `together` says that ties are kept.
    """
    if _is_whole(point, moves, weights, numeric):
        return False
    if point.subject.is_composed and _is_hidden(point, moves, weights, analytic, numeric):
        return False
    gap = gap_between(analytic, numeric)
    if not confirmed(_weighted_slopes(point, moves, weights), numeric, gap):
        return False
    if is_noise(point, moves, weights, analytic, numeric) or not (
        together or _stays(point, moves, weights, numeric, gap)
    ):
        return False
    if _rounding(point, moves, weights) > 0.3 * gap or not _is_steady(point, moves, weights):
        return False
    if _bends(point, moves, weights, gap):
        return False
    if not _adds_up(point, moves, weights, numeric, 3 * gap, together, everywhere=not np.isfinite(analytic)):
        return False
    line = point.line(moves)
    return not (point.subject.is_composed and _is_staircase(np.array([line(t) for t in FINE]) * weights))


def _is_hidden(point: Point, moves: Moves, weights: Array, analytic: float, numeric: float) -> bool:
    """Tell whether operations may have lost in their last digits what the derivative of the graph is of.

    So it may be where the values stay the same though they should change by a small part of themselves. And where a
    wave or a kink is lost, the derivatives at the steps are others, and their means are not that in the middle.
    """
    line, longest = point.line(moves), longest_of(moves)
    lost = ROUNDED_AWAY * weighted(np.abs(weights), np.abs(point.here))
    if 0 < longest < 1:  # such as 1 + x * x - 1, which is of numbers as large as those that it gives far away
        with np.errstate(all="ignore"):
            lost = max(lost, point.precision * weighted(np.abs(weights), np.nan_to_num(np.abs(line(1 / longest)))))
    if numeric == 0 and abs(analytic) <= lost:
        return True
    for step in (2.0**-9, 2.0**-11, 2.0**-14):
        pair = []
        for sign in (1, -1):
            try:
                pulled = Point(point.subject, point.moved(moves, sign * step)).pulled(weights)
            except (ArithmeticError, ValueError):
                return True
            pair.append(sum(map(product, pulled, moves)))
        if not all(abs(slope - analytic) <= 0.5 * abs(analytic) for slope in pair):
            return True
    return abs(sum(pair) / 2 - analytic) > 0.5 * abs(analytic - numeric)


def _is_staircase(values: Array) -> bool:
    """Tell whether some of the numbers are multiples of one step at many places: digits were lost on the way."""
    for column in values.T:
        distinct = np.unique(column)
        if 1 < len(distinct) < len(values) / 2:
            steps = np.diff(distinct) / np.min(np.diff(distinct))
            if np.all(np.abs(steps - np.round(steps)) <= 1e-3):
                return True
    return False


def is_noise(point: Point, moves: Moves, weights: Array, analytic: float, numeric: float) -> bool:
    """Tell whether longer steps, those of 1 among them, or such as are shorter than the numbers agree with the graph.

    What shorter steps find is noise then: errors of values that are smooth in between, as where a series is cut off,
    have slopes of their own. Longer steps go over what there is between numbers as small as those of a remainder.
    """
    longest = longest_of(moves)
    least = min(float(np.min(size, initial=1.0)) for size in point.sizes)
    lengths = [1.0, *([1 / longest] * (0 < longest < 1e-3)), *([least / longest] * (least < 1e-3 * longest))]
    gap = 0.1 * abs(analytic - numeric)
    for length in lengths:
        each = [None if v is None else v * length for v in moves]
        found = [(value / length, error / length) for value, error in _weighted_slopes(point, each, weights)]
        if sum(error < gap and abs(value - analytic) < gap for value, error in found) > 1:
            return True
    return False


def longest_of(moves: Moves) -> float:
    """Return by how much the input moves that moves most."""
    return max((float(np.max(np.abs(v), initial=0.0)) for v in moves if v is not None), default=0.0)


def _stays(point: Point, moves: Moves, weights: Array, numeric: float, gap: float) -> bool:
    """Tell whether the slope is about the same at points nearby, as it is where the function is smooth.

    Where inputs are equal, the sides of all elements of a sorted array, for example, may happen to have one slope.
    """
    random = np.random.default_rng(5)
    for _ in range(3):
        lengths = [length * 2.0**-22 for length in point.sizes]
        steps = signed(point, lengths, at_random(point, random, np.linspace(-7.0, 7.0, 512)))
        try:
            slopes = list(_weighted_slopes(Point(point.subject, point.moved(steps)), moves, weights))
        except (ArithmeticError, ValueError):
            continue
        for value, error in slopes[NEARBY_STEPS]:
            if error < gap and abs(value - numeric) > max(3 * gap, 0.01 * abs(numeric)):
                return False
    return True


def _is_whole(point: Point, moves: Moves, weights: Array, numeric: float) -> bool:
    """Tell whether numbers move whose neighbours are all whole, being so large, and these tell nothing.

    There a function that is constant between whole numbers changes with every step, as `floor` does: it is one if it is
    constant also where numbers are not whole.
    """
    whole = [
        np.zeros(x.shape, bool) if v is None else (np.abs(x) + np.abs(v) >= WHOLE) & (v != 0)
        for x, v in zip(point.arrays, moves, strict=True)
    ]
    if not any(map(np.any, whole)) or numeric == 0:
        return any(map(np.any, whole))
    try:
        ordinary = Point(point.subject, [np.where(w, 1.3, x) for w, x in zip(whole, point.arrays, strict=True)])
        line = ordinary.line([1.0 * w for w in whole])
        changed = (line(2.0**-9) != ordinary.here) & (weights != 0)
    except (ArithmeticError, ValueError):
        return True
    return not all(np.any(changed[span]) for span in ranges(point.values) if np.any(weights[span] != 0))


def _is_steady(point: Point, moves: Moves, weights: Array) -> bool:
    """Tell whether the function still changes as its slope says where steps are short: a staircase does not."""
    signs = [
        np.zeros(length.shape) if v is None else np.sign(parts(np.asarray(v)))
        for v, length in zip(moves, point.sizes, strict=True)
    ]
    sized = signed(point, point.sizes, signs)
    line = point.line(sized)
    best = _steady_slope(point, sized, weights)
    near = [
        v if v is None else np.where(np.abs(v) >= np.abs(x) / 8, v, 0) for x, v in zip(point.arrays, moves, strict=True)
    ]
    if best is None:
        return False
    pairs = zip(near, sized, strict=True)
    same = all(v is not None and np.array_equal(np.zeros_like(v) if u is None else u, v) for u, v in pairs)
    if not same and _steady_slope(point, near, weights) is None:
        return False  # large numbers hide what short steps would show
    value, noise = best.middle, 1e3 * point.precision * best.size
    known = np.isfinite(value) & np.isfinite(best.error) & (weights != 0)
    for step in (sign * 2.0**-power for power in (24.5, 29.5, 34.5, 39.5, 44.5) for sign in (1, -1)):
        with np.errstate(all="ignore"):
            off = np.abs(line(step) - point.here - value * step)
            allowed = (0.2 * np.abs(value) + best.error) * abs(step) + noise
        if np.any(known & (off > allowed)):
            return False
    return True


def _bends(point: Point, moves: Moves, weights: Array, gap: float) -> bool:
    """Tell whether the slopes of the two sides stay apart while steps become shorter: a kink is nearer than these.

    Between operations, rounding may leave that to be seen in steps that are longer than numbers are large.
    """
    line, before = point.line(moves), np.inf
    longest = longest_of(moves)
    first = int(np.log2(longest)) + 8 if point.subject.is_composed and 0 < longest < 2.0**-16 else 8
    noise = 80 * point.precision * weighted(np.abs(weights), np.abs(point.here))
    for step in 2.0 ** -np.arange(first, 32.0, 4.0):
        with np.errstate(all="ignore"):
            bend = abs(weighted(weights, line(step) - 2 * point.here + line(-step))) / step
        if bend > max(0.5 * before, gap, noise / step):
            return True
        before = bend
    return False


def _steady_slope(point: Point, moves: Moves, weights: Array) -> Slope | None:
    """Return the slope of each number that is known best, or None if another step tells something else of one."""
    best, *others = slopes_of_many_steps(point.line(moves), point.here, point.precision)
    for other in others:
        best = other.where(other.error < best.error, best)
    known = np.isfinite(best.middle) & np.isfinite(best.error) & (weights != 0)
    for other in others:
        with np.errstate(all="ignore"):
            steep = np.abs(other.middle)
            if np.any(known & (other.error < 0.05 * steep) & (np.abs(other.middle - best.middle) > 0.5 * steep)):
                return None
    return best


def _weighted_slopes(point: Point, moves: Moves, weights: Array) -> Iterator[tuple[float, float]]:
    """Yield what many steps along a direction give for the weighted sum of all numbers, each with its error."""
    for other in slopes_of_many_steps(point.line(moves), point.here, point.precision):
        yield weighted(weights, other.middle), weighted(np.abs(weights), other.error)


def _adds_up(
    point: Point, moves: Moves, weights: Array, numeric: float, gap: float, together: bool, everywhere: bool
) -> bool:
    """Tell whether the slope along the sum of two directions is the sum of the slopes, as far as that can be told.

    With `everywhere`, it has to be told for each: at a corner of its domain a function may have no derivative.
    """
    random = np.random.default_rng(4)

    def along(direction: Moves) -> float:
        slopes = _weighted_slopes(point, direction, weights)
        return next((value for value, error in slopes if error < gap), np.nan)

    for other in _other_directions(point, moves, random, together):
        both = [v if u is None else u if v is None else u + v for u, v in zip(other, moves, strict=True)]
        off = abs(along(both) - along(other) - numeric)
        if off > gap or (everywhere and np.isnan(off)):
            return False
    return True


def _other_directions(point: Point, moves: Moves, random: np.random.Generator, together: bool) -> Iterator[Moves]:
    """Yield this direction with that of one input turned, then some at random."""
    for i, move in enumerate(moves):
        if not together and move is not None and len(moves) > 1:
            yield [None if v is None else -v if i == j else v for j, v in enumerate(moves)]
    choices = (-1.0, 0.0, 1.0)
    for _ in range(12):
        signs = by_value(point, random, choices) if together else at_random(point, random, choices)
        yield signed(point, point.sizes, signs)


def _rounding(point: Point, moves: Moves, weights: Array) -> float:
    """Return how far derivatives of the graph are apart, as the inputs change by roundings; equal ones alike.

    They may all be far from that at the point itself: then it is wrong there alone.
    """
    nearby = [sum(map(np.sum, found)) for found in _at_roundings(point, moves, weights)]
    if len(nearby) < 12:
        return np.inf
    if len({repr(value) for value in nearby}) == 1:  # also where all are nan
        return 0.0
    spread = float(np.ptp(nearby))
    return spread if np.isfinite(spread) else np.inf


def steady(point: Point, moves: Moves, weights: Array) -> Moves | None:
    """Return the direction without the elements whose derivative changes with roundings; None if no other is left.

    At a jump of a rule, nothing can be told of one element, and that hides what is wrong with the others.
    """
    columns = list(zip(*_at_roundings(point, moves, weights), strict=True))
    with np.errstate(invalid="ignore"):
        still = [np.ptp(column, axis=0) <= 1e-3 * np.max(np.abs(column), axis=0) for column in columns]
    if all(map(np.all, still)):
        return None
    kept = [None if v is None else np.where(s, v, 0) for v, s in zip(moves, still, strict=True)]
    return kept if any(v is not None and np.any(v != 0) for v in kept) else None


def _at_roundings(point: Point, moves: Moves, weights: Array) -> list[list[Array]]:
    """Return the products of gradients and moves, at 12 inputs that differ by roundings, equal ones alike.

    There are fewer where one cannot be computed.
    """
    random = np.random.default_rng(2)
    nearby = []
    for _ in range(12):
        roundings = [np.spacing(length) for length in point.sizes]
        steps = signed(point, roundings, by_value(point, random, ROUNDINGS))
        moved = [np.where(v == 0, x, x + v) for x, v in zip(point.arrays, steps, strict=True)]  # -0.0 stays -0.0
        try:
            pulled = Point(point.subject, moved).pulled(weights)
        except (ArithmeticError, ValueError):
            break
        nearby.append(list(map(products, pulled, moves)))
    return nearby
