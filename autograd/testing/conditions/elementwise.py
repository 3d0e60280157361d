"""Functions that treat each element by itself: what their rules give for numbers and shapes of all kinds.

One array with many kinds of numbers has them all compared with differences at once. What is right there is expected in
arrays of other shapes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np

from autograd import GradientCheckError

from ..comparisons.compare import compare_each, compare_elements, worst_of
from ..comparisons.point import Measure, Mismatch, Point
from ..findings.jacobians import Jacobians
from ..subjects.refusals import REFUSALS, NearbyError, failing, located, refusals_set_aside
from ..subjects.subject import Array, Subject, array_of, quiet
from .other_calls import compare_layout
from .pullback import Pullback, differs, largest, shown
from .recorded_calls import recorded
from .transforms import refuse_spread
from .values import check_special_values, check_values_on_arrays

Arrays = list[Array]

SIZE = 1101  # more than the blocks of 8, 64 or 1024 elements that are computed at once, and a remainder of each
# Large ones are not whole: steps of their size would go over all jumps of a floor, and none tell that it is at one.
NUMBERS = (
    *(0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 12.0, np.pi / 4, np.pi / 2, np.pi, 7.3),
    *(4e-310, 1e-170, 1e-40, 1e-12, 1e-6, 5e-4, 1 - 5e-4, 1 + 1e-9, 1 + 5e-4, 20.5, 150.3, 3141592.7),
)
TINY = 1e-9
GIVEN = 200  # how many of the given numbers are among those that are tried
SHAPES = ((), (2,), (8,), (5000,), (0,), (1, 1), (5, 1), (1, 5), (3, 3), (4, 2), (2, 3, 4), (2, 1, 3, 2))
BROADCAST = (((3, 1), (1, 3)), ((2, 1, 1), (2, 3, 4)), ((3,), (3, 3)), ((), (3, 3)), ((3,), (0, 3)))
CLOSE = 1e-9  # how far, relative to themselves, gradients may be off in arrays of other shapes
ROUNDED = 1e-12  # what may be left in the place of 0


class Elementwise:
    """A function that treats each element by itself, and for each input many numbers at which it is finite."""

    def __init__(self, subject: Subject, numbers: Arrays) -> None:
        self.subject, self.numbers = subject, numbers

    @classmethod
    def found(cls, subject: Subject) -> Elementwise | None:
        """Return what a function is if it seems to treat each element by itself; None if it does not."""
        if any(x.dtype.kind != "f" or not x.size for x in subject.arrays):
            return None
        try:
            given = [np.asarray(x.reshape(-1), np.float64) for x in np.broadcast_arrays(*subject.arrays)]
            here = subject.outputs(subject.arrays)
        except ValueError:
            return None
        shape = np.broadcast_shapes(*(x.shape for x in subject.arrays))
        if any(y.shape != shape or y.dtype != np.float64 or not np.all(np.isfinite(y)) for y in here):
            return None
        flat = _values(subject, given)
        if flat is not None and not _alike([y.reshape(-1) for y in here], flat):
            return None
        for numbers in _numbers(given, len(recorded(subject, subject.arrays)) == 1):
            values = _values(subject, numbers)
            if values is not None:
                fine = np.all([np.isfinite(y) for y in values], axis=0)
                return cls._of_finite(subject, [x[fine] for x in numbers]) if np.any(fine) else None
        return None

    @classmethod
    def _of_finite(cls, subject: Subject, numbers: Arrays) -> Elementwise | None:
        random = np.random.default_rng(8)
        order = random.permutation(np.resize(np.arange(numbers[0].size), SIZE))
        numbers = [x[order] for x in numbers]
        for x in numbers:
            x[-100:-1:2] = x[-99::2]  # neighbours that are equal
        found, order = cls(subject, numbers), random.permutation(SIZE)
        if any(np.ptp(y) == 0 for y in _values(subject, numbers) or []):
            return None
        some = found.ordinary(24)
        for arrays, part in ((numbers, np.arange(600)), (numbers, order), (some, np.arange(7))):
            values, others = _values(subject, arrays), _values(subject, [x[part] for x in arrays])
            if values is None or others is None or not _alike([y[part] for y in values], others):
                return None
        return found

    def ordinary(self, count: int) -> Arrays:
        """Return some numbers of ordinary size for each input."""
        ordinary = np.all([(np.abs(x) > 0.01) & (np.abs(x) < 20) for x in self.numbers], axis=0)
        chosen = np.flatnonzero(ordinary) if np.any(ordinary) else np.arange(SIZE)
        return [np.resize(x[chosen], count) for x in self.numbers]


def _numbers(given: Arrays, single: bool) -> Iterator[Arrays]:
    """Yield numbers to try, of a single operation those of all kinds first, in the end those that are given."""
    if single:
        least = 0.0 if len(given) == 1 else TINY  # below it some of SciPy's functions of several inputs are others
        positive = [number for number in NUMBERS if number > least]
        yield _kinds(given, [0.0, -0.0, *positive, *(-number for number in positive)], -3.0, 3.0)
        yield _kinds(given, positive, 0.0, 3.0)
    low, high = float(min(map(np.min, given))), float(max(map(np.max, given)))
    yield _kinds(given, [], low, high)
    yield given


def _kinds(given: Arrays, numbers: Sequence[float], low: float, high: float) -> Arrays:
    """Return numbers of all kinds for each input beside ordinary ones of the others, and pairs of them for two."""
    random = np.random.default_rng(7)
    special = np.repeat(np.asarray(numbers, float), 2)
    between = low + (np.arange(150) + 0.5) / 150 * (high - low)
    within = [x.min() + (np.arange(50) + 0.5) / 50 * np.ptp(x) for x in given]
    pairs: list[Arrays] = [[] for _ in given]
    if len(given) == 2 and numbers:
        first = np.concatenate([within[0], special])  # beside equal, opposite and neighbouring ones
        pairs = [[first, first, first], [first, -first, np.where(first == 0, TINY, np.nextafter(first, np.inf))]]
    found = []
    for j, x in enumerate(given):
        ends = np.resize([x.min(), x.max()], special.size)
        beside = [special if i == j else ends for i in range(len(given))]
        ordinary = [random.permutation(between), random.permutation(within[j])]
        found.append(np.concatenate([x[:GIVEN], *beside, *ordinary, *pairs[j]]))
    return found


def _values(subject: Subject, arrays: Arrays) -> Arrays | None:
    """Return what the function returns; None if it refuses, or returns something of another shape."""
    values = None
    with refusals_set_aside():
        values = subject.outputs(arrays)
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    fits = values is not None and all((y.shape, y.dtype) == (shape, np.float64) for y in values)
    return values if fits else None


def _alike(found: Arrays, expected: Arrays) -> bool:
    """Tell whether values are equal up to rounding."""
    return not any(differs(y, z, 1e-12 * np.abs(z)) for y, z in zip(found, expected, strict=True))


def check_elements(elements: Elementwise, measure: Measure) -> None:
    """Check an elementwise function at numbers and shapes of all kinds."""
    many = f"for {SIZE} elements"
    with located(many, elements.numbers):
        with refusals_set_aside():
            check_values_on_arrays(elements.subject, elements.numbers)
        _gradients(elements.subject, elements.numbers)
        with refusals_set_aside():
            _compare(elements, measure)
    flat = elements.ordinary(24)
    with located(f"for {flat[0].size} elements", flat):
        known = _gradients(elements.subject, flat)
    if known is None:
        return
    for shape in SHAPES:
        _check_shape(elements, shape, flat, known)
    if len(flat) > 1:
        for i in range(len(flat)):
            for shape, others in BROADCAST:
                _check_broadcast(elements, i, shape, others)
    before = Pullback(elements.subject, flat)
    for special in (np.nan, np.inf, -np.inf):
        with located(f"with {special} in the first element", flat), refusals_set_aside():
            refuse_spread(before, special)
    check_special_values(elements.subject, flat)
    equal = [np.broadcast_to(x[:1], (6,)) for x in flat]
    with located("for equal elements", equal), refusals_set_aside():
        check_values_on_arrays(elements.subject, equal)
        compare_layout(elements.subject, "strides of 0", equal)


def _compare(elements: Elementwise, measure: Measure) -> None:
    """Compare the derivative of each element with differences, all at once."""
    point = Point(elements.subject, elements.numbers)
    for i in range(len(point.arrays)):
        found = compare_each(point, i, measure)
        if found.excess > 1:
            assert found.worst.index is not None
            raise _smallest(elements, found.worst, measure, found.worst.index[0])


def _smallest(elements: Elementwise, wrong: Mismatch, measure: Measure, number: int) -> NearbyError:
    """Return the error at an array of one element, if that shows it; else for all."""
    subject = elements.subject
    for arrays in (
        [x[number : number + 1] for x in elements.numbers],
        [x[number - 1 : number + 2] for x in elements.numbers],
    ):
        with contextlib.suppress(*REFUSALS):
            point = Point(subject, arrays)
            found = list(compare_elements(point, measure))
            if found and worst_of(found).excess > 1:
                worst, where = worst_of(found).worst, f"with {_listed(subject, arrays)}"
                return NearbyError(where, str(worst), arrays, worst, Jacobians(point, measure))
    numbers = _listed(subject, [x[number] for x in elements.numbers])
    where = f"for {SIZE} elements, where {numbers}"
    return NearbyError(where, str(wrong), elements.numbers, wrong)


def _listed(subject: Subject, arrays: Sequence[Array]) -> str:
    return ", ".join(f"{name} = {shown(np.asarray(x))}" for name, x in zip(subject.names, arrays, strict=True))


def _gradients(subject: Subject, arrays: Arrays) -> tuple[Arrays, Arrays] | None:
    """Return the values and the gradients of their sum; None if the function refuses, or is not finite."""
    with quiet():
        inputs = subject.inputs(arrays)
        try:
            outputs = subject.apply(inputs)
        except REFUSALS:
            return None
        values = [np.asarray(array_of(y)) for y in outputs]
        if any(y.shape != np.broadcast_shapes(*(x.shape for x in arrays)) for y in values):
            return None
        with failing("computing the gradient"):
            return values, subject.pulled(inputs, outputs, [np.ones_like(y) for y in values])


def _check_shape(elements: Elementwise, shape: tuple[int, ...], flat: Arrays, known: tuple[Arrays, Arrays]) -> None:
    """Check that the gradients for elements in an array of this shape are those that they have in another."""
    arrays, values, expected = ([np.resize(x, shape) for x in each] for each in (flat, *known))
    with located(f"for arrays of shape {shape}", arrays):
        found = _gradients(elements.subject, arrays)
        if found is None:
            return
        if _alike(found[0], values):
            _compare_gradients(elements, found[1], expected)
        else:
            with refusals_set_aside():
                check_values_on_arrays(elements.subject, arrays)


def _check_broadcast(elements: Elementwise, i: int, shape: tuple[int, ...], others: tuple[int, ...]) -> None:
    """Check that the gradient of an input that is broadcast is the sum of those of its elements.

    A rule may be for inputs of one shape: that it fails for others is no error, since it does so aloud.
    """
    whole = np.broadcast_shapes(shape, others)
    numbers = elements.ordinary(24)
    arrays = [np.resize(x, shape if i == j else others) for j, x in enumerate(numbers)]
    where = f"where {elements.subject.names[i]} has shape {shape} beside {others}"
    with located(where, arrays), refusals_set_aside():
        found = _gradients(elements.subject, arrays)
        expected = _gradients(elements.subject, [np.array(np.broadcast_to(x, whole)) for x in arrays])
        if found is not None and expected is not None:
            _compare_gradients(
                elements, found[1], [_summed(g, x.shape) for g, x in zip(expected[1], arrays, strict=True)]
            )


def _summed(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Return the gradient of an array of this shape that was broadcast."""
    leading = gradient.ndim - len(shape)
    axes = [i for i, n in enumerate(gradient.shape) if i < leading or shape[i - leading] != n]
    return np.asarray(np.sum(gradient, axis=tuple(axes))).reshape(shape)


def _compare_gradients(elements: Elementwise, found: Arrays, expected: Arrays) -> None:
    for name, g, h in zip(elements.subject.names, found, expected, strict=True):
        if g.shape != h.shape:
            raise GradientCheckError(f"the gradient of {name} has shape {g.shape}, not {h.shape}")
        if differs(g, h, CLOSE * (np.abs(h) + largest(h)) + ROUNDED):
            raise GradientCheckError(f"the gradient of {name} is {shown(g, h)}, not {shown(h, g)} as for other shapes")
