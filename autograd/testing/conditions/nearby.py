"""Nearby: what `gradcheck` looks at near the given point, once that is right.

Values on plain arrays, second derivatives, `vmap`, threads, and a few points nearby. What a function or a rule refuses
there is set aside, and so is what is not finite: only wrong results are failures.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from autograd import GradientCheckError
from autograd.inside import fronts

from ..comparisons.compare import compare_directions, count_at_a_glance, has_ties, is_smooth, worst_element, worst_of
from ..comparisons.point import Measure, Point
from ..findings.jacobians import Jacobians
from ..subjects.refusals import REFUSALS, NearbyError, failing, located, refusals_set_aside
from ..subjects.subject import Array, Subject, array_of, gradient_subject, widened
from .elementwise import Elementwise, check_elements
from .pullback import Pullback
from .recorded_calls import recorded
from .transforms import check_overwritten, check_same_tensor, check_vmap, compare_threads
from .values import check_special_values, check_values_in_precisions, check_values_on_arrays

Arrays = list[Array]

FEW = 500  # the elements of a Jacobian, up to which the worst one is looked for
PRECISE = 1e-10  # the precision that differences need at any point
MANY = 1100  # the elements of arrays that are larger than the blocks that are computed at once


def check_nearby(pullback: Pullback, measure: Measure, batched: bool | None = None) -> None:
    """Check a function near the point at which it has been checked; raise NearbyError, which says where it is wrong."""
    subject = pullback.subject
    if not pullback.is_recorded or any(type(x) in fronts for x in subject.given):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _check_calls(pullback, measure, batched)
        elements = Elementwise.found(subject)
        if elements is not None:
            check_elements(elements, measure)
            return
        if any(np.finfo(y.dtype).eps > PRECISE for y in pullback.values):
            return  # numbers of other sizes drown in rounding
        for where, arrays in _nearby_inputs(subject):
            with refusals_set_aside():
                _compare(subject, where, arrays, measure)
            with located(where, arrays), refusals_set_aside():
                check_values_on_arrays(subject, arrays)
        check_special_values(subject, subject.arrays)
        _check_empty(subject)


def _check_calls(pullback: Pullback, measure: Measure, batched: bool | None) -> None:
    """Check other ways to call the function at the given point."""
    subject = pullback.subject
    check_values_in_precisions(subject)
    with refusals_set_aside():
        _compare(gradient_subject(subject), "in second derivatives", None, measure)
    for check in (check_same_tensor, check_overwritten):
        with refusals_set_aside():
            check(subject, subject.arrays)
    pullbacks = [pullback, _nearby(pullback)]
    if batched is not False:
        samples = [each.arrays for each in pullbacks]
        with refusals_set_aside() if batched is None else contextlib.nullcontext():
            reason = check_vmap(subject, samples, pullbacks)
            if batched and reason is not None:
                raise GradientCheckError(f"vmap takes no batch of the inputs: {reason}")
    with contextlib.suppress(RuntimeError):
        compare_threads(pullbacks, 2, shared=True)


def _nearby(pullback: Pullback) -> Pullback:
    """Return gradients at other inputs, near those that are given, if the function is finite there."""
    for factor in (0.9375, 1.0625):
        with refusals_set_aside():
            other = Pullback(pullback.subject, [np.asarray(factor * x, x.dtype) for x in pullback.arrays], seed=2)
            if all(np.all(np.isfinite(y)) for y in other.values):
                return other
    return Pullback(pullback.subject, pullback.arrays, seed=2)


def _compare(subject: Subject, where: str, arrays: Arrays | None, measure: Measure) -> None:
    """Compare the derivatives along few directions at a point where the function is finite; by default as given."""
    point = Point(subject, arrays)
    if not np.all(np.isfinite(point.here)) or (not has_ties(point) and count_at_a_glance(point)):
        return
    found = list(compare_directions(point, measure, np.random.default_rng(0), few=True))
    found = [one for one in found if np.isfinite(one.worst.analytic)]
    if not found or worst_of(found).excess <= 1:
        return
    worst = worst_element(point, measure, worst_of(found).worst, FEW)
    little = worst.error <= 1e-9 * (1 + np.max(np.abs(point.here)))
    if little and (worst.numeric == 0 or not _is_single(subject, point.arrays)):
        return  # so little may be lost in rounding on the way
    if not is_smooth(point, measure):
        return  # where three elements are equal, for example, sides and slopes do not add up
    raise NearbyError(where, str(worst), point.arrays, worst, Jacobians(point, measure))


# Points


def _nearby_inputs(subject: Subject) -> Iterator[tuple[str, Arrays]]:
    """Yield points near the given one, and arrays of other shapes.

    Other numbers are for a single operation: in a composition, what one loses there may be all that the next one sees.
    """
    given = [widened(x) for x in subject.arrays]
    single = _is_single(subject, given)
    if single:
        for where, (every, numbers) in CHANGES.items():
            yield where, _by_value(given, every, numbers)
        yield "with inputs 3e6 times as large", [np.asarray(3141592.7 * x) for x in given]
        yield "with inputs 1e-6 times as large", [np.asarray(1e-6 * x) for x in given]
    if single or all(np.all((x == 0) | ((np.abs(x) > 1e-3) & (np.abs(x) < 1e3))) for x in given):
        yield from _shapes(subject, given)


def _is_single(subject: Subject, arrays: Arrays) -> bool:
    """Tell whether a function is one operation."""
    return len(recorded(subject, arrays)) == 1


#: What is put in the place of every third, or every second, of the distinct numbers.
CHANGES = {
    "with some elements 0": (3, [-0.0, *[0.0] * 99]),
    "with some elements 1, 2 and -1": (2, [1.0, 2.0, -1.0]),
}


def _by_value(arrays: Arrays, every: int, new: Sequence[float]) -> Arrays:
    """Return arrays with some of their numbers changed, equal ones alike, so that what is symmetric stays so."""
    numbers = np.concatenate([x.reshape(-1) for x in arrays])
    distinct, where = np.unique(numbers, return_inverse=True)
    order = np.random.default_rng(5).permutation(distinct.size)
    chosen = order[::every]
    distinct[chosen] = np.resize(new, chosen.size)
    pieces = np.split(distinct[where], np.cumsum([x.size for x in arrays])[:-1])
    return [piece.reshape(x.shape) for piece, x in zip(pieces, arrays, strict=True)]


def _shapes(subject: Subject, given: Arrays) -> Iterator[tuple[str, Arrays]]:
    """Yield arrays of other shapes, with numbers from the range of those given."""
    sides = sorted({n for x in given for n in x.shape if n > 1})
    dims = max(x.ndim for x in given)
    if sides:
        yield "for larger arrays", _larger(subject, given, sides, dims)
        yield "for arrays with equal sides", [_drawn(x, tuple(3 if n > 1 else n for n in x.shape)) for x in given]
    count = next(n for n in range(2, 99) if n not in sides)
    yield "for arrays with one more axis", [_drawn(x, (count, *x.shape)) for x in given]
    if all(x.size for x in given):
        yield "for one element", [x.reshape(-1)[:1] for x in given]
        yield "for arrays without axes", [np.array(x.reshape(-1)[0]) for x in given]
        yield "for one column", [x.reshape(-1, 1) for x in given]


def _larger(subject: Subject, given: Arrays, sides: Sequence[int], dims: int) -> Arrays:
    """Return larger arrays, but none for which a function takes many more steps, or needs far larger arrays itself."""
    few = _work(subject, given)[0]
    arrays = given
    for count in (MANY, 100, 30):
        long = max(3, round(count ** (1 / dims))) // 2 * 2 + 1
        grown = {n: long + 2 * i for i, n in enumerate(reversed(sides))}
        arrays = [_drawn(x, tuple(grown.get(n, n) for n in x.shape)) for x in given]
        steps, size = _work(subject, arrays)
        if steps <= 3 * few and size <= 30 * steps * MANY:
            break
    return arrays


def _work(subject: Subject, arrays: Arrays) -> tuple[int, int]:
    """Return how many operations a function records, and how large their results are; nothing if it refuses."""
    nodes = recorded(subject, arrays)
    return len(nodes), sum(math.prod(getattr(node, "shape", ())) for node in nodes)


def _check_empty(subject: Subject) -> None:
    """Check that gradients of empty arrays are empty, if the first axis may have any length."""
    if any(x.ndim == 0 for x in subject.arrays):
        return
    empty, long = [x[:0] for x in subject.arrays], [np.concatenate([x, x, x]) for x in subject.arrays]
    inputs = subject.inputs(empty)
    try:
        subject.outputs(long)
        outputs = subject.apply(inputs)
    except REFUSALS:
        return
    values = [np.asarray(array_of(y)) for y in outputs]
    if all(np.all(np.isfinite(y)) for y in values):
        with located("for empty arrays", empty), failing("computing the gradient"):
            found = subject.pulled(inputs, outputs, [np.ones_like(y) for y in values])
            for name, x, g in zip(subject.names, empty, found, strict=True):
                if g.shape != x.shape:
                    raise GradientCheckError(f"the gradient of {name} has shape {g.shape}")


def _drawn(x: Array, shape: tuple[int, ...]) -> Array:
    """Return an array of another shape, with other numbers from the range of `x`, none of them equal.

    It is symmetric if `x` is, and its rows ascend if those of `x` do.
    """
    random = np.random.default_rng(9)
    if not x.size:
        return np.zeros(shape, x.dtype)
    first, second = (random.choice(x.reshape(-1), shape) for _ in range(2))
    share = random.uniform(0, 1, shape)
    drawn = np.asarray(np.where(first == second, first * (1 - share / 16), first + share * (second - first)), x.dtype)
    if x.ndim > 1 and x.shape[-1] == x.shape[-2] > 1 and np.array_equal(x, x.mT):
        drawn = np.tril(drawn) + np.tril(drawn, -1).mT
    if x.ndim and x.shape[-1] > 1 and np.all(np.diff(x.real) > 0):
        drawn = np.sort(drawn)
    return drawn
