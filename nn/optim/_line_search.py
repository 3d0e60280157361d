"""Line search: along a direction, for a step that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_DECREASE = 1e-4  # of the loss, as a part of what the slope at the start promises
_CURVATURE = 0.9  # what of that slope may be left
_TOLERANCE = 1e-9  # a bracket in which no element of a parameter moves by more is not searched


class Point(NamedTuple):
    """A point on the line: how far along the direction, the loss, its slope along the direction, its gradient."""

    at: float
    loss: float
    slope: float
    gradient: np.ndarray[Any, Any]


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, first: float, length: float, limit: int
) -> tuple[Point, int]:
    """Look for a point where the loss has decreased enough and its slope is flat enough.

    First steps grow until a minimum lies between two of them, then the bracket shrinks around it. Each new point is
    the minimum of the cubic polynomial that has the losses and slopes of the two. A loss of nan counts as too high.

    Parameters
    ----------
    evaluate
        Computes a point from how far along the direction it is.
    start
        The point at 0, whose slope is negative.
    first
        The first step to try.
    length
        The largest element of the direction.
    limit
        How many points may be evaluated after the first.

    Returns
    -------
    The point found, or the lowest if the limit was reached, and how many points were evaluated.

    References
    ----------
    Nocedal and Wright, "Numerical Optimization", 2nd edition, algorithms 3.5 and 3.6; Moré and Thuente, "Line Search
    Algorithms with Guaranteed Sufficient Decrease", 1994, for the safeguards.
    """
    previous, point = start, evaluate(first)
    for count in range(limit):
        if not _decreases(start, point) or (count > 1 and point.loss >= previous.loss):
            return _shrink(evaluate, start, [previous, point], length, limit, count)
        if abs(point.slope) <= -_CURVATURE * start.slope:
            return point, count + 1
        if point.slope >= 0:
            return _shrink(evaluate, start, [previous, point], length, limit, count)
        step = _minimum(previous, point, point.at + 0.01 * (point.at - previous.at), 10 * point.at)
        previous, point = point, evaluate(step)
    return (point if point.loss < start.loss else start), limit + 1


def _decreases(start: Point, point: Point) -> bool:
    return point.loss <= start.loss + _DECREASE * point.at * start.slope


def _shrink(
    evaluate: Callable[[float], Point], start: Point, bracket: list[Point], length: float, limit: int, count: int
) -> tuple[Point, int]:
    """Shrink a bracket around the lowest point that decreases enough, until that satisfies both conditions."""
    low = int(_decreases(start, bracket[1]) and bracket[1].loss < bracket[0].loss)
    near_end = False
    while count < limit and abs(bracket[1].at - bracket[0].at) * length >= _TOLERANCE:
        left, right = sorted((bracket[0].at, bracket[1].at))
        step = _minimum(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        # a second step that comes close to an end, or one onto it, is moved away from there
        was_near, near_end = near_end, min(right - step, step - left) < margin
        if near_end and (was_near or not left < step < right):
            step = right - margin if right - step < step - left else left + margin
            near_end = False
        point = evaluate(step)
        count += 1
        if not _decreases(start, point) or point.loss >= bracket[low].loss:
            bracket[1 - low] = point
            continue
        if abs(point.slope) <= -_CURVATURE * start.slope:
            return point, count + 1
        if point.slope * (bracket[1 - low].at - bracket[low].at) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = point
    return bracket[low], count + 1


def _minimum(one: Point, two: Point, least: float, most: float) -> float:
    """Return where the cubic polynomial through two points is smallest, within bounds; else the middle of these."""
    if one.at > two.at:
        one, two = two, one
    if one.at == two.at:
        return (least + most) / 2
    a = one.slope + two.slope - 3 * (one.loss - two.loss) / (one.at - two.at)
    square = a * a - one.slope * two.slope
    root = math.sqrt(square) if 0 <= square < math.inf else math.nan
    below = two.slope - one.slope + 2 * root
    if math.isnan(below) or below == 0:
        return (least + most) / 2
    return min(max(two.at - (two.at - one.at) * (two.slope + root - a) / below, least), most)
