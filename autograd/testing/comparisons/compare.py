"""Comparison of the derivatives that a graph gives with those that differences give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..subjects.subject import Array, parts
from .certainty import Step, agrees, has_a_side, is_certain, is_noise, longest_of, steady
from .point import (
    TERM_ROUNDING,
    Index,
    Measure,
    Mismatch,
    Moves,
    Point,
    at_random,
    by_value,
    parts_each,
    product,
    products,
    ranges,
    signed,
    typical,
    weighted,
)
from .slopes import FEW_STEPS, RESOLVED, SAFETY, Slope, is_told, slopes_of_many_steps

SUSPECTS = 6  # how many numbers are looked at more closely, of those that seem to be wrong
CANCELLATION = 1e-13  # what rounding may leave of a slope that terms cancel, as those of 1 + tanh(x) do at -7
STEEP = 1e13  # rules limit slopes that are steeper, as PyTorch's loss of probabilities does at 1e-12


class Compared(NamedTuple):
    """What one comparison found: how many derivatives it compared, how many could not be told, and the worst."""

    compared: int
    untold: int
    excess: float  # the largest error as a multiple of its tolerance
    worst: Mismatch


def worst_of(found: Sequence[Compared]) -> Compared:
    """Return the finding with the largest error of those beyond their tolerance; else that which is nearest to it."""
    return max(found, key=lambda one: (one.excess > 1, one.worst.error if one.excess > 1 else one.excess))


def worst_element(point: Point, measure: Measure, worst: Mismatch, most: float) -> Mismatch:
    """Return the worst element of a wrong Jacobian, if it has at most so many elements, in place of a direction."""
    if worst.index is None and point.here.size * sum(x.size for x in point.arrays) <= most:
        elements = list(compare_elements(point, measure))
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


def compare_elements(point: Point, measure: Measure) -> Iterator[Compared]:
    """Compare each pair of an input and an output, and yield the worst element of their Jacobian."""
    for i, of_input in _by_input(point, measure):
        yield from _of_pairs(point, i, of_input, measure)


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


def derivatives(point: Point, measure: Measure) -> Derivatives:
    """Return the Jacobians by the graph and by differences."""
    found = []
    for _, of_input in _by_input(point, measure):
        judged = _judged(of_input.analytic, of_input.found, measure, of_input.rounding)
        wrong = judged.excess > 1
        for column in np.flatnonzero(np.any(wrong, axis=0)):
            doubtful = wrong[:, column] & _contradicted(point, of_input.columns[column])
            wrong[doubtful, column] = judged.told[doubtful, column] = False
        found.append(Derivatives(of_input.analytic, judged.numeric, judged.told, wrong, judged.tolerance))
    if not found:
        return Derivatives(*(np.zeros((point.here.size, 0), dtype) for dtype in (float, float, bool, bool, float)))
    return Derivatives(*(np.concatenate(pieces, axis=1) for pieces in zip(*found, strict=True)))


def _contradicted(point: Point, column: _Column) -> Array:
    """Tell which derivatives other steps find to be something else."""
    moves, size = column.steps[0]
    low, high, *_ = column.slope
    contradicted: Array = np.zeros(low.shape, bool)
    for other in slopes_of_many_steps(point.line(moves), point.here, point.precision, every=7):
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


def _by_input(point: Point, measure: Measure) -> Iterator[tuple[int, _Part]]:
    """Yield each input that has elements, with its Jacobian."""
    rows = [point.pulled(unit) for unit in np.eye(point.here.size)]
    if not rows or not any(x.size for x in point.arrays):
        return
    with np.errstate(all="ignore"):
        largest = np.array([_largest(row, point.sizes) for row in rows])
        steepest = np.array([_largest(row, [np.ones(size.shape) for size in point.sizes]) for row in rows])
    for i, x in enumerate(point.arrays):
        columns = [_column(point, i, part, measure) for part in range(x.size * parts_each(x))]
        if columns:
            analytic = np.array([parts(row[i]) for row in rows], np.float64)  # outputs, inputs
            rounding = 1e-13 * largest[:, np.newaxis] / point.sizes[i] + 1e-11 * steepest[:, np.newaxis]
            found = Slope(*(np.array([getattr(c.slope, name) for c in columns]).T for name in Slope._fields))
            zero = (found.low == 0) & (found.high == 0)
            # values that do not change at all may have lost what is beyond the last digit of an input
            rounding = np.where(zero, np.fmax(rounding, 1e-12 * np.fmax(np.max(steepest), 1.0)), rounding)
            rounding += np.where(zero & (found.size <= point.lost), TERM_ROUNDING + point.lost / point.sizes[i], 0.0)
            yield i, _Part(analytic, rounding, found, columns)


def _largest(row: Sequence[Array], sizes: Sequence[Array]) -> float:
    """Return the largest derivative of one output, for steps of these sizes."""
    terms = np.concatenate([np.abs(parts(g)) * size for g, size in zip(row, sizes, strict=True)])
    return float(np.max(terms, initial=0.0, where=np.isfinite(terms)))


class _Column(NamedTuple):
    """The derivatives of all outputs by one part of an input, and the steps that were taken."""

    slope: Slope
    steps: list[Step]


def _column(point: Point, i: int, part: int, measure: Measure) -> _Column:
    """Differentiate by one part of an input with steps of its own size, and of 1 where that is too short to tell.

    Between operations there may be kinks nearer than 1 that the rounding of one of them hides.
    """
    size = float(point.sizes[i][part]) if measure.eps is None else 1.0
    steps = [_step(point, i, part, size)]
    found = _per_unit(point, steps[0], measure)
    longer = measure.eps is None and size < 0.5 and not point.subject.is_composed
    if longer and not np.all(is_told(found.error, found.steepest, found.size)):
        steps.append(_step(point, i, part, 1.0))
        other = _per_unit(point, steps[1], measure)
        found = other.where(other.error < found.error, found)
    return _Column(found, steps)


def _per_unit(point: Point, step: Step, measure: Measure) -> Slope:
    moves, size = step
    low, high, error, scale = point.slope(moves, measure)
    with np.errstate(over="ignore", invalid="ignore"):
        return Slope(low / size, high / size, error / size, scale)


def _step(point: Point, i: int, part: int, size: float) -> Step:
    x = point.arrays[i]
    unit = np.zeros(x.shape, x.dtype)
    each = parts_each(x)
    unit.reshape(-1)[part // each] = size * (1j if part % each else 1.0)
    moves: list[Array | None] = [None] * len(point.arrays)
    moves[i] = unit
    return moves, size


def _of_pairs(point: Point, i: int, of_input: _Part, measure: Measure) -> Iterator[Compared]:
    """Yield what is found of input `i` and each output."""
    analytic, rounding, found, columns = of_input
    judged = _judged(analytic, found, measure, rounding)
    for k, rows in enumerate(ranges(point.values)):
        if rows.start == rows.stop:
            continue
        excess = judged.excess[rows]
        off = np.abs(analytic[rows] - judged.numeric[rows])
        for _ in range(excess.size):  # the worst that is certain
            rank = np.where(excess > 1, np.where(np.isnan(off), np.inf, off), -1.0) if np.any(excess > 1) else excess
            row, part = map(int, np.unravel_index(np.argmax(rank), excess.shape))
            number = (rows.start + row, part)
            if excess[row, part] <= 1 or is_certain(point, columns[part].steps, number, analytic[number], found):
                break
            excess[row, part] = -1.0
            judged.told[number] = False
        index = np.unravel_index(part // parts_each(point.arrays[i]), point.arrays[i].shape)
        at = tuple(map(int, index)), point.label(number[0])[1]
        worst = _mismatch(point, (i, k), at, analytic[number], judged, number)
        told = int(np.sum(judged.told[rows]))
        yield Compared(told, excess.size - told, max(float(excess[row, part]), 0.0), worst)


def compare_directions(
    point: Point,
    measure: Measure,
    random: np.random.Generator,
    weights: Array | None = None,
    few: bool = False,
    rest: bool = False,
) -> Iterator[Compared]:
    """Compare, for some directions in which all inputs move, the derivatives of all outputs, weighted at random.

    `weights` are those of a cotangent to use instead. In one of them elements that are equal move together, so that
    ties are kept; in one all move by the same length. Of `few`, and where the first tells all, one is left out where no
    elements are equal, and the last always. With `rest`, the last is for what steps of their own size do not tell.
    It tells nothing of kinks, which may be as far away as its steps are long.
    """
    if not point.here.size or not any(x.size for x in point.arrays):
        return

    def weigh(found: Slope, told: Array) -> Array:
        return _weights(found, told, random) if weights is None else weights

    lengths = point.sizes
    moves = signed(point, lengths, at_random(point, random))
    found = point.slope(moves, measure)
    yield from _along(point, moves, found, measure, weigh, together=False)
    few = few or _tells_all(point, found)
    if few and not has_ties(point):
        return
    signs = by_value(point, random)
    if any(np.any(sign) for sign in signs):
        moves = signed(point, lengths, signs)
        found = point.slope(moves, measure)
        yield from _along(point, moves, found, measure, weigh, together=True)
        known = _is_known(found) & rest
        if not (few or point.subject.is_composed) and any(np.any(length != 1) for length in lengths):
            moves = signed(point, [np.ones(length.shape) for length in lengths], signs)
            yield from _along(
                point,
                moves,
                point.slope(moves, measure),
                measure,
                lambda found, told: np.where(known | (found.low < found.high), 0.0, weigh(found, told)),
                together=True,
            )


def _is_known(found: Slope) -> Array:
    """Tell which derivatives are known beside their own size alone."""
    known: Array = (found.low == found.high) & (SAFETY * found.error <= RESOLVED * found.steepest)
    return known


def _tells_all(point: Point, found: Slope) -> bool:
    """Tell whether each derivative is known, beside its own size alone, and no part moves by far less than others."""
    lengths = np.concatenate(point.sizes)
    return bool(np.all(_is_known(found)) and np.max(lengths) <= 1024 * np.min(lengths))


def compare_each(point: Point, i: int, measure: Measure) -> Compared:
    """Compare the derivatives of each element of the outputs by the same element of input `i`, all at once.

    That is for a function that treats each element by itself.
    """
    count, sizes, outputs = point.arrays[i].size, point.sizes[i], len(point.values)
    moves: list[Array | None] = [None] * len(point.arrays)
    moves[i] = sizes.reshape(point.arrays[i].shape)
    found = point.slope(moves, measure, FEW_STEPS)
    lost = ~is_told(found.error, found.steepest, found.size) | (found.steepest == 0)
    short = (sizes < 1e-3) & np.any(lost.reshape(outputs, count), axis=0)
    if np.any(short):  # what is lost in steps as short as the numbers may be told by steps of 1
        sizes = np.where(short, 1.0, sizes)
        moves[i] = sizes.reshape(point.arrays[i].shape)
        found = point.slope(moves, measure, FEW_STEPS)
    lengths = np.tile(sizes, outputs)
    with np.errstate(all="ignore"):
        each = Slope(found.low / lengths, found.high / lengths, found.error / lengths, found.size)
    blocks = np.repeat(np.eye(outputs), count, axis=1)
    analytic = np.concatenate([point.pulled(block)[i].reshape(-1) for block in blocks])
    rounding = 1e-11 * np.abs(analytic)
    rounding += np.where(each.steepest == 0, 1e-12 * (1 + np.abs(point.here)) / lengths, 0.0)  # lost on the way
    rounding += np.where((lengths >= 1) & (lengths < 100), CANCELLATION, 0.0)
    judged = _judged(analytic, each, measure, rounding)
    nans = np.isnan(analytic) & np.isfinite(point.here)
    suspects = np.flatnonzero(nans | (judged.excess > 1) & np.isfinite(analytic) & (np.abs(judged.numeric) < STEEP))
    _, firsts = np.unique(np.tile(point.arrays[i].reshape(-1), outputs)[suspects], return_index=True)
    suspects = suspects[firsts]
    for number in suspects[np.lexsort((-judged.excess[suspects], ~judged.told[suspects]))][:SUSPECTS]:
        weights = np.zeros(point.here.size)
        weights[number] = 1.0 / sizes[number % count]
        moves[i] = np.where(np.arange(count) == number % count, sizes, 0.0).reshape(point.arrays[i].shape)
        if nans[number]:
            if has_a_side(point, moves, weights):
                excess = np.inf
                break
        elif _weighed(point, moves, found, weights, measure, together=True).excess > 1:
            excess = float(judged.excess[number])
            break
    else:
        number = np.argmax(np.where(judged.excess > 1, 0.0, judged.excess))
        excess = min(max(float(judged.excess[number]), 0.0), 1.0)
    k, index = point.label(int(number))
    rows = _Judged(*(column[np.newaxis] for column in judged))
    worst = _mismatch(point, (i, k), (index, index), analytic[number], rows, (0, int(number)))
    told = int(np.sum(judged.told))
    return Compared(told, analytic.size - told, excess, worst)


def is_smooth(point: Point, measure: Measure) -> bool:
    """Tell whether differences find one slope of each output along some random directions, and no kink."""
    random = np.random.default_rng(6)
    for _ in range(3):
        found = point.slope(signed(point, point.sizes, at_random(point, random)), measure)
        if not np.all((found.low == found.high) & np.isfinite(found.error)):
            return False
    return True


def has_ties(point: Point) -> bool:
    """Tell whether two parts of the inputs other than 0 are equal."""
    numbers = np.concatenate([parts(x) for x in point.arrays])
    nonzero = numbers[numbers != 0]
    return len(np.unique(nonzero)) < len(nonzero)


def count_at_a_glance(point: Point, by_element: bool = False) -> int:
    """Return how many derivatives agree along one direction with differences of two steps; 0 if these tell nothing.

    A direction is a sum over many elements: that one of them is off by a part of itself shows, a rounding does not.
    With `by_element`, each element is compared by itself.
    """
    random = np.random.default_rng(0)
    moves = signed(point, point.sizes, at_random(point, random))
    line, steps = point.line(moves), (2.0**-9, 2.0**-10)
    values = [(line(h), line(-h)) for h in steps]
    if any(y.shape != point.here.shape for pair in values for y in pair):
        return 0
    with np.errstate(all="ignore"):
        first, second = ((ahead - behind) / (2 * h) for (ahead, behind), h in zip(values, steps, strict=True))
        numeric = (4 * second - first) / 3
        if not np.all(np.isfinite(numeric)):
            return 0
        nothing = np.zeros(numeric.shape)
        weights = _weights(Slope(numeric, numeric, nothing, np.abs(point.here)), nothing == 0, random)
        terms = weights * numeric
        pulled = [products(g, v) for g, v in zip(point.pulled(weights), moves, strict=True)]
        if by_element:
            each = (len(point.values), -1, parts_each(point.values[0]))
            found, expected, size = sum(pulled), np.reshape(terms, each), np.reshape(np.abs(terms), each)
            agree = np.abs(np.ravel(found) - expected.sum((0, 2))) <= 1e-6 * size.sum((0, 2))
        else:
            agree = abs(sum(map(np.sum, pulled)) - np.sum(terms)) <= 1e-6 * np.sum(np.abs(terms))
    return terms.size if np.all(agree) else 0


def _along(
    point: Point,
    moves: list[Array | None],
    found: Slope,
    measure: Measure,
    weigh: Callable[[Slope, Array], Array],
    together: bool,
) -> Iterator[Compared]:
    """Compare the derivatives along one direction: those of smooth outputs, then those of outputs at a kink.

    What cannot be told of some outputs does not hide the others.
    """
    told = is_told(found.error, found.steepest, found.size)
    kinks, flat = found.low < found.high, (found.low == 0) & (found.high == 0)  # may be lost beyond the last digit
    weights = weigh(found, told)
    groups = (told & ~kinks & ~flat, told & kinks, told & flat)
    smooth, *others = (np.where(chosen, weights, 0.0) for chosen in groups)
    for chosen in (smooth, *(other for other in others if np.any(other))):
        one = _weighed(point, moves, found, chosen, measure, together)
        if not np.isfinite(one.worst.analytic) and not np.all(
            told
        ):  # 0 times an infinite derivative that cannot be told
            one = one._replace(excess=0.0)
        yield one._replace(untold=int(np.sum(~told)) if chosen is smooth else 0)


def _weighed(point: Point, moves: Moves, found: Slope, weights: Array, measure: Measure, together: bool) -> Compared:
    """Compare the sum of the derivatives, times their weights."""
    pulled = point.pulled(weights)
    analytic, rounding = sum(map(product, pulled, moves)), sum(map(_rounding_of, pulled, moves))
    longest = longest_of(moves)
    lost = weighted(np.abs(weights), np.where(found.size <= point.lost, 1.0, 0.0))
    rounding += (TERM_ROUNDING * longest + point.lost) * lost
    with np.errstate(invalid="ignore"):
        edges = [np.where(weights == 0, 0.0, weights * edge) for edge in (found.low, found.high)]
    low, high = float(np.sum(np.fmin(*edges))), float(np.sum(np.fmax(*edges)))
    error, size = weighted(np.abs(weights), found.error), weighted(np.abs(weights), found.size)
    if not np.any(found.low[weights != 0]) and not np.any(found.high[weights != 0]):  # lost beyond the last digit?
        rounding += 1e-12 * longest * float(np.sum(np.abs(weights)))
    total = Slope(*(np.array([[number]]) for number in (low, high, error, size)))
    unit = min(longest * float(np.max(np.abs(weights), initial=0.0)), 1.0)
    judged = _judged(np.array([[analytic]]), total, measure, np.array([[rounding]]), unit)
    excess = float(judged.excess[0, 0])
    if excess > 1 and low == high and not agrees(point, moves, weights, analytic, low, together):
        kept = steady(point, moves, weights)
        if kept is not None:
            along = point.slope(kept, measure)
            told = is_told(along.error, along.steepest, along.size) & (along.low == along.high)
            return _weighed(point, kept, along, np.where(told, weights, 0.0), measure, together)
        excess = 0.0
    elif excess > 1 and low != high and is_noise(point, moves, weights, analytic, float(judged.numeric[0, 0])):
        excess = 0.0
    worst = _mismatch(point, (0, 0), None, analytic, judged, (0, 0))
    return Compared(int(np.count_nonzero(weights)), 0, max(excess, 0.0), worst)


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
    size = np.fmax(np.where(size > 0, size, typical(size)), SAFETY / RESOLVED * np.where(told, found.error, 0.0))
    signs: Array = random.choice([-2.0, -1.0, 0.5, 1.0], size.shape)
    return signs * np.exp2(-np.clip(np.round(np.log2(size)), -100, 100))


def _mismatch(
    point: Point,
    pair: tuple[int, int],
    at: tuple[Index, Index] | None,
    analytic: Any,
    judged: _Judged,
    number: tuple[int, int],
) -> Mismatch:
    i, k = pair
    subject = point.subject
    if at is None:
        index = output_index = None
        where = f"the {subject.output_name}s with respect to the inputs in a random direction"
    else:
        index, output_index = at
        where = f"{subject.output_name} {k} at {output_index} with respect to {subject.names[i]} at {index}"
    numeric, tolerance = float(judged.numeric[number]), float(judged.tolerance[number])
    with np.errstate(invalid="ignore"):
        error = abs(float(analytic) - numeric)
    return Mismatch(subject.positions[i], index, k, output_index, float(analytic), numeric, error, tolerance, where)
