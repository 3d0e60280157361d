"""Comparison of the derivatives that a graph gives with those that differences give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ._differences import (
    FEW_STEPS,
    FIRST_STEPS,
    RELATIVE,
    SAFETY,
    TOLD,
    Line,
    Slope,
    central_slope,
    confirmed,
    gap_between,
    is_told,
    slope,
    slopes_of_many_steps,
)
from ._subject import Array, Subject, array_of, parts, quiet, widened

SUSPECTS = 6  # how many numbers are looked at more closely, of those that seem to be wrong
LEFT = 1e-13  # what rounding may leave of a slope that terms cancel, as those of 1 + tanh(x) do at -7
LOST = 1e-16  # what the rounding of terms leaves nothing of, as in x - tanh(x), relative to them
ROUNDINGS = (-7.0, -5.0, -4.0, -3.0, 3.0, 4.0, 5.0, 7.0)
SHORT = slice(8, 10)  # of many steps, those that are a part of how far places nearby are moved
WHOLE = 2.0**52  # from which on all numbers in double precision are whole
LOST_PART = 1e-4  # of values, which several operations may have lost
STEEP = 1e13  # rules limit slopes that are steeper, as PyTorch's loss of probabilities does at 1e-12
LEAST = 1e-90  # derivatives below it count as 0: rules take limits at 1e-100

Index = tuple[int, ...]
Moves = Sequence[Array | None]  # by how much each input moves


@dataclass(frozen=True)
class Mismatch:
    """One element of a Jacobian, by the graph and by differences.

    With complex numbers it is the derivative of one part, real or imaginary, with respect to one part.

    Attributes
    ----------
    input, index
        The input, and the index of its element; None if only a random direction was checked. In `gradgradcheck` the
        inputs are followed by one cotangent for each output.
    output, output_index
        The output, and the index of its element, or None. In `gradgradcheck` the outputs are gradients of the inputs.
    analytic, numeric
        The derivative of that element of the output with respect to that element of the input, by the graph and by
        differences. At a kink, `numeric` is the nearer of the slopes of its two sides.
    error, tolerance
        The distance between the two, and the largest one allowed.
    where
        The inputs and outputs in words.
    """

    input: int
    index: Index | None
    output: int
    output_index: Index | None
    analytic: float
    numeric: float
    error: float
    tolerance: float
    where: str

    def __str__(self) -> str:
        return (
            f"the derivative of {self.where} is {self.analytic:.8g} by the graph but {self.numeric:.8g} by "
            f"differences (error {self.error:.2g}, tolerance {self.tolerance:.2g})"
        )


class Measure(NamedTuple):
    """How differences are taken, and how far the graph's derivatives may be from them; None: as the numbers tell."""

    eps: float | None = None
    atol: float | None = None
    rtol: float | None = None

    def tolerance(self, numeric: Array, error: Array, unit: float = 1.0) -> Any:
        """Return the largest allowed distance from `numeric`, which may itself be off by `error`.

        `unit` is what a derivative of 1 would be, where it is multiplied by a step.
        """
        rtol = RELATIVE if self.rtol is None else self.rtol
        return (self.atol or 0.0) + rtol * np.abs(numeric) + SAFETY * error + LEAST * unit


class Finding(NamedTuple):
    """What one comparison found: how many derivatives it compared, how many could not be told, and the worst."""

    compared: int
    untold: int
    excess: float  # the largest error as a multiple of its tolerance
    worst: Mismatch


class Place:
    """A point at which the derivatives of a function are compared, with what it returns there."""

    def __init__(self, subject: Subject, arrays: Sequence[Array] | None = None) -> None:
        self.subject = subject
        self.arrays = [widened(x) for x in (subject.arrays if arrays is None else arrays)]
        self.inputs = subject.inputs(self.arrays)
        with quiet():
            self.outputs = subject.apply(self.inputs)
        self.values = [np.asarray(array_of(y)) for y in self.outputs]
        self.here = np.concatenate([np.asarray(parts(y), np.float64) for y in self.values])
        self.precision = max(float(np.finfo(y.dtype).eps) for y in self.values)

    @cached_property
    def sizes(self) -> list[Array]:
        """The step for each part of each input: the power of two next below its size, or below its neighbours'."""
        return [_size(x.reshape(-1).view(x.real.dtype) if x.size else parts(x)) for x in self.arrays]

    @property
    def lost(self) -> float:
        """What may be lost of a number that is returned as 0: terms of a gradient are as large as the cotangent."""
        return LOST if self.subject.output_name == "gradient" else 0.0

    def moved(self, moves: Moves, times: float = 1.0) -> list[Array]:
        """Return the inputs, each moved by so many times so much."""
        return [x if v is None else np.asarray(x + times * v) for x, v in zip(self.arrays, moves, strict=True)]

    def line(self, moves: Moves) -> Line:
        """Return the function along the line on which each input moves by so much."""

        def along(t: float) -> Array:
            moved = self.moved(moves, t)
            if not all(v is None or _has_moved(x, y, t * v) for x, y, v in zip(self.arrays, moved, moves, strict=True)):
                return np.full(self.here.shape, np.nan)
            try:
                return self.subject.numbers(moved)
            except (ArithmeticError, ValueError):  # at a singular matrix, for example
                return np.full(self.here.shape, np.nan)

        return along

    def slope(self, moves: Moves, measure: Measure, steps: Sequence[int] = FIRST_STEPS) -> Slope:
        """Return the derivative of all numbers along that line."""
        line = self.line(moves)
        if measure.eps is not None:
            return central_slope(line, self.here, measure.eps, self.precision)
        return slope(line, self.here, self.precision, steps)

    def split(self, numbers: Array) -> list[Array]:
        """Return `numbers`, one for each part of the outputs, as arrays like the outputs."""
        found, start = [], 0
        for y in self.values:
            count = y.size * parts_each(y)
            piece = numbers[start : start + count]
            start += count
            found.append((piece[0::2] + 1j * piece[1::2] if y.dtype.kind == "c" else piece).reshape(y.shape))
        return found

    def pulled(self, weights: Array) -> list[Array]:
        """Return the gradients of the inputs for a weight of each part of the outputs."""
        cotangents = [np.asarray(w, y.dtype) for w, y in zip(self.split(weights), self.values, strict=True)]
        return self.subject.pulled(self.inputs, self.outputs, cotangents)

    def label(self, number: int) -> tuple[int, Index]:
        """Return the output and the index of its element that a number belongs to."""
        for k, y in enumerate(self.values):
            count = y.size * parts_each(y)
            if number < count:
                return k, tuple(map(int, np.unravel_index(number // parts_each(y), y.shape)))
            number -= count
        raise IndexError(number)


def parts_each(array: Array) -> int:
    """Return how many real numbers an element counts as."""
    return 2 if array.dtype.kind == "c" else 1


def _has_moved(x: Array, moved: Array, step: Array) -> bool:
    """Tell whether numbers have moved by a step, apart from rounding: large ones may stay where they are."""
    return bool(np.all(np.abs((moved - x) - step) <= 0.02 * np.abs(step)))


def _size(numbers: Array) -> Array:
    """Return the power of two next below each number; for 0, that of the others, or 1."""
    finite = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)
    typical = _typical(finite)
    _, exponent = np.frexp(np.where(finite > 0, finite, typical))
    sizes: Array = np.ldexp(1.0, np.clip(exponent - 1, -900, 900))
    return sizes


def _typical(sizes: Array) -> float:
    """Return the middle one of the numbers above 0, to put in the place of others; 1 if there are no others."""
    above = sizes > 0
    return float(np.median(sizes[above])) if np.any(above) and not np.all(above) else 1.0


def worst_of(found: Sequence[Finding]) -> Finding:
    """Return the finding with the largest error of those beyond their tolerance; else that which is nearest to it."""
    return max(found, key=lambda one: (one.excess > 1, one.worst.error if one.excess > 1 else one.excess))


def worst_element(place: Place, measure: Measure, worst: Mismatch, most: float) -> Mismatch:
    """Return the worst element of a wrong Jacobian, if it has at most so many elements, in place of a direction."""
    if worst.index is None and place.here.size * sum(x.size for x in place.arrays) <= most:
        elements = list(compare_elements(place, measure))
        if elements and worst_of(elements).excess > 1:
            return worst_of(elements).worst
    return worst


class _Judged(NamedTuple):
    """Each derivative beside its difference."""

    excess: Array
    told: Array
    numeric: Array  # the slope of the nearer side
    tolerance: Array


def _judged(analytic: Array, found: Slope, measure: Measure, rounding: Array, unit: float = 1.0) -> _Judged:
    """Compare derivatives with slopes; `rounding` is what sums of terms in the graph may be off by."""
    with np.errstate(all="ignore"):
        numeric = np.clip(analytic, found.low, found.high)
        numeric = np.where(np.isnan(numeric), found.middle, numeric)
        tolerance = measure.tolerance(numeric, found.error, unit) + rounding
        off = np.abs(analytic - numeric)
        excess = np.where(off == 0, 0.0, off / tolerance)
        excess = np.where(np.isnan(analytic) & np.isfinite(numeric) & np.isfinite(tolerance), np.inf, excess)
        told = is_told(found.error, np.fmax(np.abs(analytic), found.steepest), found.size)
    excess = np.where(np.isnan(excess), 0.0, excess)
    return _Judged(np.where(told | (excess > 1), excess, -1.0), told, numeric, tolerance)


def compare_elements(place: Place, measure: Measure) -> Iterator[Finding]:
    """Compare each pair of an input and an output, and yield the worst element of their Jacobian."""
    for i, of_input in _by_input(place, measure):
        yield from _of_pairs(place, i, of_input, measure)


class Derivatives(NamedTuple):
    """Whole Jacobians: a row for each part of the outputs, a column for each part of the inputs.

    `told` says which elements differences could tell, `wrong` which of these the graph has wrong, `tolerance` how far
    off the others may be.
    """

    analytic: Array
    numeric: Array
    told: Array
    wrong: Array
    tolerance: Array


def derivatives(place: Place, measure: Measure) -> Derivatives:
    """Return the Jacobians by the graph and by differences."""
    found = []
    for _, of_input in _by_input(place, measure):
        judged = _judged(of_input.analytic, of_input.found, measure, of_input.rounding)
        wrong = judged.excess > 1
        for column in np.flatnonzero(np.any(wrong, axis=0)):
            doubtful = wrong[:, column] & _contradicted(place, of_input.columns[column])
            wrong[doubtful, column] = judged.told[doubtful, column] = False
        found.append(Derivatives(of_input.analytic, judged.numeric, judged.told, wrong, judged.tolerance))
    if not found:
        return Derivatives(*(np.zeros((place.here.size, 0), dtype) for dtype in (float, float, bool, bool, float)))
    return Derivatives(*(np.concatenate(pieces, axis=1) for pieces in zip(*found, strict=True)))


def _contradicted(place: Place, column: _Column) -> Array:
    """Tell which derivatives other steps find to be something else."""
    moves, size = column.steps[0]
    low, high, *_ = column.slope
    contradicted: Array = np.zeros(low.shape, bool)
    for other in slopes_of_many_steps(place.line(moves), place.here, place.precision, every=7):
        with np.errstate(all="ignore"):
            value, error = other.middle / size, other.error / size
            far = np.abs(value - np.clip(value, low, high)) > 1e-2 * np.abs(value)
            contradicted |= far & (error < 1e-3 * np.abs(value))
    contradicted &= low == high
    return contradicted


class _Part(NamedTuple):
    """The Jacobian with respect to one input: a row for each part of the outputs, a column for each of the input.

    `analytic` is by the graph, `rounding` how far its rounding may be, `found` by differences, for which `columns` has
    the steps.
    """

    analytic: Array
    rounding: Array
    found: Slope
    columns: list[_Column]


def _by_input(place: Place, measure: Measure) -> Iterator[tuple[int, _Part]]:
    """Yield each input that has elements, with its Jacobian."""
    rows = [place.pulled(unit) for unit in np.eye(place.here.size)]
    if not rows or not any(x.size for x in place.arrays):
        return
    with np.errstate(all="ignore"):
        largest = np.array([_largest(row, place.sizes) for row in rows])
        steepest = np.array([_largest(row, [np.ones(size.shape) for size in place.sizes]) for row in rows])
    for i, x in enumerate(place.arrays):
        columns = [_column(place, i, part, measure) for part in range(x.size * parts_each(x))]
        if columns:
            analytic = np.array([parts(row[i]) for row in rows], np.float64)  # outputs, inputs
            rounding = 1e-13 * largest[:, np.newaxis] / place.sizes[i] + 1e-11 * steepest[:, np.newaxis]
            found = Slope(*(np.array([getattr(c.slope, name) for c in columns]).T for name in Slope._fields))
            zero = (found.low == 0) & (found.high == 0)
            # values that do not change at all may have lost what is beyond the last digit of an input
            rounding = np.where(zero, np.fmax(rounding, 1e-12 * np.fmax(np.max(steepest), 1.0)), rounding)
            rounding += np.where(zero & (found.size <= place.lost), LOST + place.lost / place.sizes[i], 0.0)
            yield i, _Part(analytic, rounding, found, columns)


Step = tuple[list[Array | None], float]  # a direction, and by how much it moves


def _largest(row: Sequence[Array], sizes: Sequence[Array]) -> float:
    """Return the largest derivative of one output, for steps of these sizes."""
    terms = np.concatenate([np.abs(parts(g)) * size for g, size in zip(row, sizes, strict=True)])
    return float(np.max(terms, initial=0.0, where=np.isfinite(terms)))


class _Column(NamedTuple):
    """The derivatives of all outputs by one part of an input, and the steps that were taken."""

    slope: Slope
    steps: list[Step]


def _column(place: Place, i: int, part: int, measure: Measure) -> _Column:
    """Differentiate by one part of an input with steps of its own size, and of 1 where that is too short to tell.

    Between operations there may be kinks nearer than 1 that the rounding of one of them hides.
    """
    size = float(place.sizes[i][part]) if measure.eps is None else 1.0
    steps = [_step(place, i, part, size)]
    found = _per_unit(place, steps[0], measure)
    longer = measure.eps is None and size < 0.5 and not place.subject.is_composed
    if longer and not np.all(is_told(found.error, found.steepest, found.size)):
        steps.append(_step(place, i, part, 1.0))
        other = _per_unit(place, steps[1], measure)
        found = other.where(other.error < found.error, found)
    return _Column(found, steps)


def _per_unit(place: Place, step: Step, measure: Measure) -> Slope:
    moves, size = step
    low, high, error, scale = place.slope(moves, measure)
    with np.errstate(over="ignore", invalid="ignore"):
        return Slope(low / size, high / size, error / size, scale)


def _step(place: Place, i: int, part: int, size: float) -> Step:
    x = place.arrays[i]
    unit = np.zeros(x.shape, x.dtype)
    each = parts_each(x)
    unit.reshape(-1)[part // each] = size * (1j if part % each else 1.0)
    moves: list[Array | None] = [None] * len(place.arrays)
    moves[i] = unit
    return moves, size


def _of_pairs(place: Place, i: int, of_input: _Part, measure: Measure) -> Iterator[Finding]:
    """Yield what is found of input `i` and each output."""
    analytic, rounding, found, columns = of_input
    judged = _judged(analytic, found, measure, rounding)
    start = 0
    for k, y in enumerate(place.values):
        rows = slice(start, start + y.size * parts_each(y))
        start = rows.stop
        if not y.size:
            continue
        excess = judged.excess[rows]
        off = np.abs(analytic[rows] - judged.numeric[rows])
        for _ in range(excess.size):  # the worst that is certain
            rank = np.where(excess > 1, np.where(np.isnan(off), np.inf, off), -1.0) if np.any(excess > 1) else excess
            row, part = map(int, np.unravel_index(np.argmax(rank), excess.shape))
            number = (rows.start + row, part)
            if excess[row, part] <= 1 or _is_certain(place, columns[part].steps, number, analytic[number], found):
                break
            excess[row, part] = -1.0
            judged.told[number] = False
        index = np.unravel_index(part // parts_each(place.arrays[i]), place.arrays[i].shape)
        at = tuple(map(int, index)), place.label(number[0])[1]
        worst = _mismatch(place, (i, k), at, analytic[number], judged, number)
        told = int(np.sum(judged.told[rows]))
        yield Finding(told, excess.size - told, max(float(excess[row, part]), 0.0), worst)


def _is_certain(place: Place, steps: list[Step], number: tuple[int, int], analytic: Any, found: Slope) -> bool:
    """Tell whether further steps also say that a derivative is wrong."""
    low, high, error, _ = (float(numbers[number]) for numbers in found)
    unit = np.zeros(place.here.size)
    unit[number[0]] = 1.0
    if low != high:
        moves, size = steps[0]
        nearer = float(np.clip(analytic, low, high))
        return SAFETY * error < 0.5 * (high - low) and not _is_noise(place, moves, unit / size, float(analytic), nearer)
    return any(_agrees(place, moves, unit / size, float(analytic), low, together=False) for moves, size in steps)


def _agrees(place: Place, moves: Moves, weights: Array, analytic: float, numeric: float, together: bool) -> bool:
    """Tell whether three of many steps give `numeric`, and none that can tell gives something else.

    Nor may roundings of the inputs bring the derivative of the graph near to it, and the function has to be
    differentiable: at ties of a median, for example, slopes do not add up. `together` says that ties are kept.
    """
    if _is_whole(place, moves, weights, numeric):
        return False
    if place.subject.is_composed and _is_hidden(place, moves, weights, analytic, numeric):
        return False
    gap = gap_between(analytic, numeric)
    if not confirmed(_weighted_slopes(place, moves, weights), numeric, gap):
        return False
    if _is_noise(place, moves, weights, analytic, numeric) or not (
        together or _stays(place, moves, weights, numeric, gap)
    ):
        return False
    if _rounding(place, moves, weights) > 0.3 * gap or not _is_steady(place, moves, weights):
        return False
    if _bends(place, moves, weights, gap):
        return False
    return _adds_up(place, moves, weights, numeric, 3 * gap, together, everywhere=not np.isfinite(analytic))


def _is_hidden(place: Place, moves: Moves, weights: Array, analytic: float, numeric: float) -> bool:
    """Tell whether operations may have lost in their last digits what the derivative of the graph is of.

    So it may be where the values stay the same though they should change by a small part of themselves. And where a
    wave or a kink is lost, the derivatives at the steps are others, and their means are not that in the middle.
    """
    if numeric == 0 and abs(analytic) <= LOST_PART * _weighted(np.abs(weights), np.abs(place.here)):
        return True
    for step in (2.0**-9, 2.0**-11, 2.0**-14):
        pair = []
        for sign in (1, -1):
            try:
                pulled = Place(place.subject, place.moved(moves, sign * step)).pulled(weights)
            except (ArithmeticError, ValueError):
                return True
            pair.append(sum(map(_product, pulled, moves)))
        if not all(abs(slope - analytic) <= 0.5 * abs(analytic) for slope in pair):
            return True
    return abs(sum(pair) / 2 - analytic) > 0.5 * abs(analytic - numeric)


def _is_noise(place: Place, moves: Moves, weights: Array, analytic: float, numeric: float) -> bool:
    """Tell whether longer steps, those of 1 among them, or such as are shorter than the numbers agree with the graph.

    What shorter steps find is noise then: errors of values that are smooth in between, as where a series is cut off,
    have slopes of their own. Longer steps go over what there is between numbers as small as those of a remainder.
    """
    longest = max((float(np.max(np.abs(v), initial=0.0)) for v in moves if v is not None), default=0.0)
    least = min(float(np.min(size, initial=1.0)) for size in place.sizes)
    lengths = [1.0, *([1 / longest] * (0 < longest < 1e-3)), *([least / longest] * (least < 1e-3 * longest))]
    gap = 0.1 * abs(analytic - numeric)
    for length in lengths:
        each = [None if v is None else v * length for v in moves]
        found = [(value / length, error / length) for value, error in _weighted_slopes(place, each, weights)]
        if sum(error < gap and abs(value - analytic) < gap for value, error in found) > 1:
            return True
    return False


def _stays(place: Place, moves: Moves, weights: Array, numeric: float, gap: float) -> bool:
    """Tell whether the slope is about the same at places nearby, as it is where the function is smooth.

    Where inputs are equal, the sides of all elements of a sorted array, for example, may happen to have one slope.
    """
    random = np.random.default_rng(5)
    for _ in range(3):
        lengths = [length * 2.0**-22 for length in place.sizes]
        steps = _signed(place, lengths, _at_random(place, random, np.linspace(-7.0, 7.0, 512)))
        try:
            slopes = list(_weighted_slopes(Place(place.subject, place.moved(steps)), moves, weights))
        except (ArithmeticError, ValueError):
            continue
        for value, error in slopes[SHORT]:
            if error < gap and abs(value - numeric) > max(3 * gap, 0.01 * abs(numeric)):
                return False
    return True


def _is_whole(place: Place, moves: Moves, weights: Array, numeric: float) -> bool:
    """Tell whether numbers move whose neighbours are all whole, being so large, and these tell nothing.

    There a function that is constant between whole numbers changes with every step, as `floor` does: it is one if it is
    constant also where numbers are not whole.
    """
    whole = [
        np.zeros(x.shape, bool) if v is None else (np.abs(x) + np.abs(v) >= WHOLE) & (v != 0)
        for x, v in zip(place.arrays, moves, strict=True)
    ]
    if not any(map(np.any, whole)) or numeric == 0:
        return any(map(np.any, whole))
    try:
        ordinary = Place(place.subject, [np.where(w, 1.3, x) for w, x in zip(whole, place.arrays, strict=True)])
        line = ordinary.line([1.0 * w for w in whole])
        changed = (line(2.0**-9) != ordinary.here) & (weights != 0)
    except (ArithmeticError, ValueError):
        return True
    outputs = np.repeat(np.arange(len(place.values)), [y.size * parts_each(y) for y in place.values])
    return not all(np.any(changed[outputs == k]) for k in set(outputs[weights != 0]))


def _is_steady(place: Place, moves: Moves, weights: Array) -> bool:
    """Tell whether the function still changes as its slope says where steps are short: a staircase does not."""
    signs = [
        np.zeros(length.shape) if v is None else np.sign(parts(np.asarray(v)))
        for v, length in zip(moves, place.sizes, strict=True)
    ]
    sized = _signed(place, place.sizes, signs)
    line = place.line(sized)
    best = _steady_slope(place, sized, weights)
    near = [
        v if v is None else np.where(np.abs(v) >= np.abs(x) / 8, v, 0) for x, v in zip(place.arrays, moves, strict=True)
    ]
    if best is None:
        return False
    pairs = zip(near, sized, strict=True)
    same = all(v is not None and np.array_equal(np.zeros_like(v) if u is None else u, v) for u, v in pairs)
    if not same and _steady_slope(place, near, weights) is None:
        return False  # large numbers hide what short steps would show
    value, noise = best.middle, 1e3 * place.precision * best.size
    known = np.isfinite(value) & np.isfinite(best.error) & (weights != 0)
    for step in (sign * 2.0**-power for power in (24.5, 29.5, 34.5, 39.5, 44.5) for sign in (1, -1)):
        with np.errstate(all="ignore"):
            off = np.abs(line(step) - place.here - value * step)
            allowed = (0.2 * np.abs(value) + best.error) * abs(step) + noise
        if np.any(known & (off > allowed)):
            return False
    return True


def _bends(place: Place, moves: Moves, weights: Array, gap: float) -> bool:
    """Tell whether the slopes of the two sides stay apart while steps become shorter: a kink is nearer than these."""
    line, before = place.line(moves), np.inf
    noise = 80 * place.precision * _weighted(np.abs(weights), np.abs(place.here))
    for step in 2.0 ** -np.arange(8.0, 32.0, 4.0):
        with np.errstate(all="ignore"):
            bend = abs(_weighted(weights, line(step) - 2 * place.here + line(-step))) / step
        if bend > max(0.5 * before, gap, noise / step):
            return True
        before = bend
    return False


def _steady_slope(place: Place, moves: Moves, weights: Array) -> Slope | None:
    """Return the slope of each number that is known best, or None if another step tells something else of one."""
    best, *others = slopes_of_many_steps(place.line(moves), place.here, place.precision)
    for other in others:
        best = other.where(other.error < best.error, best)
    known = np.isfinite(best.middle) & np.isfinite(best.error) & (weights != 0)
    for other in others:
        with np.errstate(all="ignore"):
            steep = np.abs(other.middle)
            if np.any(known & (other.error < 0.05 * steep) & (np.abs(other.middle - best.middle) > 0.5 * steep)):
                return None
    return best


def _weighted_slopes(place: Place, moves: Moves, weights: Array) -> Iterator[tuple[float, float]]:
    """Yield what many steps along a direction give for the weighted sum of all numbers, each with its error."""
    for other in slopes_of_many_steps(place.line(moves), place.here, place.precision):
        yield _weighted(weights, other.middle), _weighted(np.abs(weights), other.error)


def _adds_up(
    place: Place,
    moves: Moves,
    weights: Array,
    numeric: float,
    gap: float,
    together: bool,
    everywhere: bool,
) -> bool:
    """Tell whether the slope along the sum of two directions is the sum of the slopes, as far as that can be told.

    With `everywhere`, it has to be told for each: at a corner of its domain a function may have no derivative.
    """
    random = np.random.default_rng(4)

    def along(direction: Moves) -> float:
        slopes = _weighted_slopes(place, direction, weights)
        return next((value for value, error in slopes if error < gap), np.nan)

    for other in _other_directions(place, moves, random, together):
        both = [v if u is None else u if v is None else u + v for u, v in zip(other, moves, strict=True)]
        off = abs(along(both) - along(other) - numeric)
        if off > gap or (everywhere and np.isnan(off)):
            return False
    return True


def _other_directions(place: Place, moves: Moves, random: np.random.Generator, together: bool) -> Iterator[Moves]:
    """Yield this direction with that of one input turned, then some at random."""
    for i, move in enumerate(moves):
        if not together and move is not None and len(moves) > 1:
            yield [None if v is None else -v if i == j else v for j, v in enumerate(moves)]
    choices = (-1.0, 0.0, 1.0)
    for _ in range(12):
        signs = _by_value(place, random, choices) if together else _at_random(place, random, choices)
        yield _signed(place, place.sizes, signs)


def _rounding(place: Place, moves: Moves, weights: Array) -> float:
    """Return how far derivatives of the graph are apart, as the inputs change by roundings; equal ones alike.

    They may all be far from that at the place itself: then it is wrong there alone.
    """
    random = np.random.default_rng(2)
    nearby: list[float] = []
    for _ in range(12):
        roundings = [np.spacing(length) for length in place.sizes]
        steps = _signed(place, roundings, _by_value(place, random, ROUNDINGS))
        moved = [np.where(v == 0, x, x + v) for x, v in zip(place.arrays, steps, strict=True)]  # -0.0 stays -0.0
        try:
            pulled = Place(place.subject, moved).pulled(weights)
        except (ArithmeticError, ValueError):
            return np.inf
        nearby.append(sum(map(_product, pulled, moves)))
    if len({repr(value) for value in nearby}) == 1:  # also where all are nan
        return 0.0
    spread = float(np.ptp(nearby))
    return spread if np.isfinite(spread) else np.inf


def _weighted(weights: Array, numbers: Array) -> float:
    """Return the sum of the products, without those of weight 0."""
    return float(np.sum(weights[weights != 0] * numbers[weights != 0]))


def compare_directions(
    place: Place,
    measure: Measure,
    random: np.random.Generator,
    weights: Array | None = None,
    few: bool = False,
    rest: bool = False,
) -> Iterator[Finding]:
    """Compare, for some directions in which all inputs move, the derivatives of all outputs, weighted at random.

    `weights` are those of a cotangent to use instead. In one of them elements that are equal move together, so that
    ties are kept; in one all move by the same length. Of `few`, and where the first tells all, one is left out where no
    elements are equal, and the last always. With `rest`, the last is for what steps of their own size do not tell.
    It tells nothing of kinks, which may be as far away as its steps are long.
    """
    if not place.here.size or not any(x.size for x in place.arrays):
        return

    def weigh(found: Slope, told: Array) -> Array:
        return _weights(found, told, random) if weights is None else weights

    lengths = place.sizes
    moves = _signed(place, lengths, _at_random(place, random))
    found = place.slope(moves, measure)
    yield from _along(place, moves, found, measure, weigh, together=False)
    few = few or _tells_all(place, found)
    if few and not has_ties(place):
        return
    signs = _by_value(place, random)
    if any(np.any(sign) for sign in signs):
        moves = _signed(place, lengths, signs)
        found = place.slope(moves, measure)
        yield from _along(place, moves, found, measure, weigh, together=True)
        known = _is_known(found) & rest
        if not (few or place.subject.is_composed) and any(np.any(length != 1) for length in lengths):
            moves = _signed(place, [np.ones(length.shape) for length in lengths], signs)
            yield from _along(
                place,
                moves,
                place.slope(moves, measure),
                measure,
                lambda found, told: np.where(known | (found.low < found.high), 0.0, weigh(found, told)),
                together=True,
            )


def _is_known(found: Slope) -> Array:
    """Tell which derivatives are known beside their own size alone."""
    known: Array = (found.low == found.high) & (SAFETY * found.error <= TOLD * found.steepest)
    return known


def _tells_all(place: Place, found: Slope) -> bool:
    """Tell whether each derivative is known, beside its own size alone, and no part moves by far less than others."""
    lengths = np.concatenate(place.sizes)
    return bool(np.all(_is_known(found)) and np.max(lengths) <= 1024 * np.min(lengths))


def wrong_element(place: Place, i: int, measure: Measure) -> Mismatch | None:
    """Return an element of input `i` for which the derivative of the same element of an output is wrong, if any.

    That is for a function that treats each element by itself: all are compared at once.
    """
    found = compare_each(place, i, measure)
    return found.worst if found.excess > 1 else None


def compare_each(place: Place, i: int, measure: Measure) -> Finding:
    """Compare the derivatives of each element of the outputs by the same element of input `i`, all at once.

    That is for a function that treats each element by itself.
    """
    count, sizes, outputs = place.arrays[i].size, place.sizes[i], len(place.values)
    moves: list[Array | None] = [None] * len(place.arrays)
    moves[i] = sizes.reshape(place.arrays[i].shape)
    found = place.slope(moves, measure, FEW_STEPS)
    lost = ~is_told(found.error, found.steepest, found.size) | (found.steepest == 0)
    short = (sizes < 1e-3) & np.any(lost.reshape(outputs, count), axis=0)
    if np.any(short):  # what is lost in steps as short as the numbers may be told by steps of 1
        sizes = np.where(short, 1.0, sizes)
        moves[i] = sizes.reshape(place.arrays[i].shape)
        found = place.slope(moves, measure, FEW_STEPS)
    lengths = np.tile(sizes, outputs)
    with np.errstate(all="ignore"):
        each = Slope(found.low / lengths, found.high / lengths, found.error / lengths, found.size)
    blocks = np.repeat(np.eye(outputs), count, axis=1)
    analytic = np.concatenate([place.pulled(block)[i].reshape(-1) for block in blocks])
    rounding = 1e-11 * np.abs(analytic)
    rounding += np.where(each.steepest == 0, 1e-12 * (1 + np.abs(place.here)) / lengths, 0.0)  # lost on the way
    rounding += np.where((lengths >= 1) & (lengths < 100), LEFT, 0.0)
    judged = _judged(analytic, each, measure, rounding)
    suspects = np.flatnonzero((judged.excess > 1) & np.isfinite(analytic) & (np.abs(judged.numeric) < STEEP))
    _, firsts = np.unique(np.tile(place.arrays[i].reshape(-1), outputs)[suspects], return_index=True)
    suspects = suspects[firsts]
    for number in suspects[np.lexsort((-judged.excess[suspects], ~judged.told[suspects]))][:SUSPECTS]:
        weights = np.zeros(place.here.size)
        weights[number] = 1.0 / sizes[number % count]
        moves[i] = np.where(np.arange(count) == number % count, sizes, 0.0).reshape(place.arrays[i].shape)
        if _weighed(place, moves, found, weights, measure, together=True).excess > 1:
            excess = float(judged.excess[number])
            break
    else:
        number = np.argmax(np.where(judged.excess > 1, 0.0, judged.excess))
        excess = min(max(float(judged.excess[number]), 0.0), 1.0)
    k, index = place.label(int(number))
    rows = _Judged(*(column[np.newaxis] for column in judged))
    worst = _mismatch(place, (i, k), (index, index), analytic[number], rows, (0, int(number)))
    told = int(np.sum(judged.told))
    return Finding(told, analytic.size - told, excess, worst)


def is_smooth(place: Place, measure: Measure) -> bool:
    """Tell whether differences find one slope of each output along some random directions, and no kink."""
    random = np.random.default_rng(6)
    for _ in range(3):
        found = place.slope(_signed(place, place.sizes, _at_random(place, random)), measure)
        if not np.all((found.low == found.high) & np.isfinite(found.error)):
            return False
    return True


def has_ties(place: Place) -> bool:
    """Tell whether two parts of the inputs other than 0 are equal."""
    numbers = np.concatenate([parts(x) for x in place.arrays])
    nonzero = numbers[numbers != 0]
    return len(np.unique(nonzero)) < len(nonzero)


def count_at_a_glance(place: Place, by_element: bool = False) -> int:
    """Return how many derivatives agree along one direction with differences of two steps; 0 if these tell nothing.

    A direction is a sum over many elements: that one of them is off by a part of itself shows, a rounding does not.
    With `by_element`, each element is compared by itself.
    """
    random = np.random.default_rng(0)
    moves = _signed(place, place.sizes, _at_random(place, random))
    line, steps = place.line(moves), (2.0**-9, 2.0**-10)
    values = [(line(h), line(-h)) for h in steps]
    if any(y.shape != place.here.shape for pair in values for y in pair):
        return 0
    with np.errstate(all="ignore"):
        first, second = ((ahead - behind) / (2 * h) for (ahead, behind), h in zip(values, steps, strict=True))
        numeric = (4 * second - first) / 3
        if not np.all(np.isfinite(numeric)):
            return 0
        nothing = np.zeros(numeric.shape)
        weights = _weights(Slope(numeric, numeric, nothing, np.abs(place.here)), nothing == 0, random)
        terms = weights * numeric
        products = [_products(g, v) for g, v in zip(place.pulled(weights), moves, strict=True)]
        if by_element:
            each = (len(place.values), -1, parts_each(place.values[0]))
            found, expected, size = sum(products), np.reshape(terms, each), np.reshape(np.abs(terms), each)
            agree = np.abs(np.ravel(found) - expected.sum((0, 2))) <= 1e-6 * size.sum((0, 2))
        else:
            agree = abs(sum(map(np.sum, products)) - np.sum(terms)) <= 1e-6 * np.sum(np.abs(terms))
    return terms.size if np.all(agree) else 0


def _at_random(
    place: Place, random: np.random.Generator, choices: Sequence[float] | Array = (-1.0, 1.0)
) -> list[Array]:
    return [random.choice(choices, length.shape) for length in place.sizes]


def _by_value(place: Place, random: np.random.Generator, choices: Sequence[float] = (-1.0, 1.0)) -> list[Array]:
    """Return a sign for each part of each input, the same for equal ones, opposite for opposite ones, 0 for zeros."""
    numbers = np.concatenate([parts(x) for x in place.arrays])
    distinct, where = np.unique(np.abs(numbers), return_inverse=True)
    signs = random.choice(choices, distinct.size)[where] * np.nan_to_num(np.sign(numbers))
    return np.split(signs, np.cumsum([length.size for length in place.sizes])[:-1])


def _signed(place: Place, lengths: Sequence[Array], signs: Sequence[Array]) -> list[Array | None]:
    """Return a direction: of each input, the products of lengths and signs of its parts."""
    moves: list[Array | None] = []
    for x, length, sign in zip(place.arrays, lengths, signs, strict=True):
        numbers = length * sign
        moves.append((numbers[0::2] + 1j * numbers[1::2] if parts_each(x) == 2 else numbers).reshape(x.shape))
    return moves


def _along(
    place: Place,
    moves: list[Array | None],
    found: Slope,
    measure: Measure,
    weigh: Callable[[Slope, Array], Array],
    together: bool,
) -> Iterator[Finding]:
    """Compare the derivatives along one direction: those of smooth outputs, then those of outputs at a kink.

    What cannot be told of some outputs does not hide the others.
    """
    told = is_told(found.error, found.steepest, found.size)
    kinks, flat = found.low < found.high, found.size == 0
    weights = weigh(found, told)
    groups = (told & ~kinks & ~flat, told & kinks, told & flat)
    smooth, *others = (np.where(chosen, weights, 0.0) for chosen in groups)
    for chosen in (smooth, *(other for other in others if np.any(other))):
        one = _weighed(place, moves, found, chosen, measure, together)
        if not np.isfinite(one.worst.analytic) and not np.all(
            told
        ):  # 0 times an infinite derivative that cannot be told
            one = one._replace(excess=0.0)
        yield one._replace(untold=int(np.sum(~told)) if chosen is smooth else 0)


def _weighed(
    place: Place, moves: list[Array | None], found: Slope, weights: Array, measure: Measure, together: bool
) -> Finding:
    """Compare the sum of the derivatives, times their weights."""
    pulled = place.pulled(weights)
    analytic, rounding = sum(map(_product, pulled, moves)), sum(map(_rounding_of, pulled, moves))
    longest = max((float(np.max(np.abs(move), initial=0.0)) for move in moves if move is not None), default=0.0)
    rounding += (LOST * longest + place.lost) * _weighted(np.abs(weights), np.where(found.size <= place.lost, 1.0, 0.0))
    with np.errstate(invalid="ignore"):
        edges = [np.where(weights == 0, 0.0, weights * edge) for edge in (found.low, found.high)]
    low, high = float(np.sum(np.fmin(*edges))), float(np.sum(np.fmax(*edges)))
    error, size = _weighted(np.abs(weights), found.error), _weighted(np.abs(weights), found.size)
    if not np.any(found.low[weights != 0]) and not np.any(found.high[weights != 0]):  # lost beyond the last digit?
        rounding += 1e-12 * longest * float(np.sum(np.abs(weights)))
    total = Slope(*(np.array([[number]]) for number in (low, high, error, size)))
    unit = min(longest * float(np.max(np.abs(weights), initial=0.0)), 1.0)
    judged = _judged(np.array([[analytic]]), total, measure, np.array([[rounding]]), unit)
    excess = float(judged.excess[0, 0])
    if excess > 1 and (
        not _agrees(place, moves, weights, analytic, low, together)
        if low == high
        else _is_noise(place, moves, weights, analytic, float(judged.numeric[0, 0]))
    ):
        excess = 0.0
    worst = _mismatch(place, (0, 0), None, analytic, judged, (0, 0))
    return Finding(int(np.count_nonzero(weights)), 0, max(excess, 0.0), worst)


def _product(gradient: Array, move: Array | None) -> float:
    """Return the inner product of a gradient and a direction."""
    return float(np.sum(_products(gradient, move)))


def _products(gradient: Array, move: Array | None) -> Array:
    """Return the product of each gradient and how its element moves; where nothing moves, it may be infinite."""
    if move is None:
        return np.zeros(gradient.shape)
    with np.errstate(all="ignore"):
        return np.asarray((np.conjugate(np.where(move == 0, 0.0, gradient)) * move).real)


def _rounding_of(gradient: Array, move: Array | None) -> float:
    """Return what rounding makes of the product of a gradient and a direction."""
    if move is None or not gradient.size:
        return 0.0
    sizes = np.abs(gradient)
    finite = np.isfinite(sizes)
    largest = float(np.max(sizes, initial=0.0, where=finite)) * float(np.max(np.abs(move)))
    lost = float(np.finfo(sizes.dtype).tiny) * float(np.sum(np.abs(move)))  # what is smaller may be 0
    return 1e-13 * float(np.sum(sizes * np.abs(move), where=finite)) + 1e-11 * largest + lost


def _weights(found: Slope, told: Array, random: np.random.Generator) -> Array:
    """Return a weight of each number, so that all derivatives weigh about the same, whatever their size."""
    size = np.where(told, found.steepest, 0.0)
    size = np.fmax(np.where(size > 0, size, _typical(size)), SAFETY / TOLD * np.where(told, found.error, 0.0))
    signs: Array = random.choice([-2.0, -1.0, 0.5, 1.0], size.shape)
    return signs * np.exp2(-np.clip(np.round(np.log2(size)), -100, 100))


def _mismatch(
    place: Place,
    pair: tuple[int, int],
    at: tuple[Index, Index] | None,
    analytic: Any,
    judged: _Judged,
    number: tuple[int, int],
) -> Mismatch:
    i, k = pair
    subject = place.subject
    if at is None:
        index = output_index = None
        where = f"the {subject.output_name}s with respect to the inputs in a random direction"
    else:
        index, output_index = at
        where = f"{subject.output_name} {k} at {output_index} with respect to {subject.names[i]} at {index}"
    numeric, tolerance = float(judged.numeric[number]), float(judged.tolerance[number])
    with np.errstate(invalid="ignore"):
        error = abs(float(analytic) - numeric)
    return Mismatch(subject.places[i], index, k, output_index, float(analytic), numeric, error, tolerance, where)
