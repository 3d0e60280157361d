"""Patterns: in what way derivatives are wrong, and where, as Jacobians at several points show.

Each derivative of each point is one case of a table, right or wrong, beside the numbers that it depends on. A pattern
is a condition that holds of the wrong ones and of no right one, and a relation that all wrong ones have to the right
numbers.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..comparisons.point import Measure, Point, parts_each, ranges
from ..subjects.refusals import REFUSALS
from ..subjects.subject import Array, Subject, quiet
from .jacobians import Jacobians

MOST = 600  # the elements of a Jacobian up to which further points are looked at
SHARP = 1e-3  # a tolerance, relative to the derivative, at which it counts as right
CLOSE = 1e-5  # how near numbers are, relative to their size, that a pattern calls equal


def _piece(sample: Jacobians, name: str, i: int) -> Array:
    """Return the derivatives of all outputs by input `i`: analytic or numeric ones, or which are told or wrong."""
    piece: Array = getattr(sample, name)[:, ranges(sample.point.arrays)[i]]
    return piece


def sample_at(subject: Subject, arrays: Sequence[Array], measure: Measure) -> Jacobians | None:
    """Return the Jacobians at a point; None if it is outside of the domain, or they are large."""
    with contextlib.suppress(*REFUSALS), quiet():
        found = Jacobians(Point(subject, arrays), measure)
        if 0 < found.size <= MOST and np.all(np.isfinite(found.point.here)):
            return found if found.told.size else None  # computed here, since the function may refuse
    return None


def variations(arrays: Sequence[Array]) -> Iterator[list[Array]]:
    """Yield other points near to and far from one: of other signs and sizes, with zeros, with ties."""
    random = np.random.default_rng(5)
    for _ in range(3):
        yield [x * random.uniform(0.7, 1.3, x.shape) for x in arrays]
    yield [-x * random.uniform(0.7, 1.3, x.shape) for x in arrays]
    for low, high in ((0.5, 3.0), (-3.0, 3.0), (-3.0, 3.0), (0.2, 0.9), (1.1, 3.0)):
        yield [random.uniform(low, high, x.shape) + 0 * x for x in arrays]
    for size in (1e-3, 30.0, 300.0, 1e4, 1e6):
        yield [size * random.uniform(0.5, 2.0, x.shape) * random.choice([-1.0, 1.0], x.shape) + 0 * x for x in arrays]
    yield [np.where(random.choice([True, False], x.shape), x, 0) for x in arrays]
    yield [np.zeros_like(x) for x in arrays]
    yield [np.round(random.uniform(-2.0, 2.0, x.shape)) + 0 * x for x in arrays]
    yield [random.choice([0.5, 1.5], x.shape) + 0 * x for x in arrays]


def pattern_of(samples: Sequence[Jacobians], number: Callable[[int], str] = "input {}".format) -> Pattern:
    """Return how and where derivatives are wrong; `number` gives the name of an input."""
    failing = [sample for sample in samples if sample.wrong.any()]
    if not failing:
        return Pattern()
    rows = itertools.chain.from_iterable(map(_rows, range(len(samples)), samples))
    table = _Table(list(rows), len(samples[0].point.arrays), number)
    whole = "" if _conjugate(table) else _rearranged(failing, number)
    if whole:
        return Pattern(whole)
    inputs = [i for i in range(table.count) if np.any(table.wrong & (table.input == i))]
    texts = [(number(i), _how(table.of(i))) for i in inputs]
    if len({how for _, how in texts}) == 1:
        how = texts[0][1]
    else:
        how = "; ".join(f"{name}: {how}" for name, how in texts if how)
    where = _where(table.of(*inputs), samples)
    if len(inputs) == 1 and not how:
        how = _by_feature(table.of(*inputs))
        where = "everywhere" if how else where
    if not how:
        how = _independent(table, failing[0], number)
        where = "everywhere" if how else where
    return Pattern(how, where, _alone(table, inputs, number) if where == "everywhere" else "")


class Pattern(NamedTuple):
    """In what way derivatives are wrong, where, and of which inputs; each empty if nothing is known."""

    how: str = ""
    where: str = ""
    alone: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it says where derivatives are wrong and where they are right."""
        return self.where not in ("", "everywhere", "nearly everywhere")

    def text(self, needs: str = "") -> str:
        """Return it in words, with what else the error needs."""
        how, where = self.how, self.where
        if where == "everywhere" and needs:
            where = ""
        if how == "the sign is flipped" and where == "everywhere":
            how, where = "all signs are flipped", ""
        if not how:
            where = f"wrong {where}" if self.is_local else ""
            needs = needs and (needs if where else f"wrong {needs}")
        return ", ".join(filter(None, [how, where, needs, self.alone]))


def _alone(table: _Table, inputs: Sequence[int], number: Callable[[int], str]) -> str:
    others = [i for i in range(table.count) if i not in inputs and np.any(table.input == i)]
    return f"for {' and '.join(map(number, inputs))} alone" if inputs and others else ""


# Jacobians that are right, but at the wrong positions.


def _same(a: Array, b: Array, told: Array) -> bool:
    if a.shape != b.shape or not np.any(told):
        return False
    scale = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(a - b) <= CLOSE * np.abs(b) + 1e-7 * scale)[told]))


def _rearranged(failing: Sequence[Jacobians], number: Callable[[int], str]) -> str:
    """Return which rearrangement makes the Jacobians right, in all samples that fail."""
    first = failing[0].point
    inputs = range(len(first.arrays))
    wrong = [i for i in inputs if any(np.any(_piece(sample, "wrong", i)) for sample in failing)]
    sources = [_sources(failing, i) for i in wrong]
    if all(len(found) == 1 for found in sources):
        pairs = dict(zip(wrong, (found[0] for found in sources), strict=True))
        if len(wrong) == 2 and all(pairs[pairs[i]] == i for i in wrong if pairs[i] in pairs):
            return f"the gradients of {number(wrong[0])} and {number(wrong[1])} are swapped"
        return "; ".join(f"the gradient of {number(i)} is that of {number(k)}" for i, k in pairs.items())
    if len(wrong) == 1:
        i = wrong[0]
        if all(_is_transposed(sample, i) for sample in failing):
            return "the Jacobian is transposed"
        for text, order in _orders(first.arrays[i].shape):
            if all(_is_in_order(sample, i, order) for sample in failing):
                return f"the gradient of {number(i)} is {text}"
    return ""


def _sources(failing: Sequence[Jacobians], i: int) -> list[int]:
    """Return the inputs whose gradient input `i` has got."""
    return [
        k
        for k in range(len(failing[0].point.arrays))
        if k != i
        and all(_is_of(sample, i, k) for sample in failing)
        and any(np.any(_piece(sample, "numeric", k)) for sample in failing)
    ]


def _is_of(sample: Jacobians, i: int, k: int) -> bool:
    """Tell whether the gradient of input `i` is that of input `k`."""
    a, b, told = _piece(sample, "analytic", i), _piece(sample, "numeric", k), _piece(sample, "told", k)
    if a.shape != b.shape and all(np.all(np.count_nonzero(x, axis=1) <= 1) for x in (a, b)):  # they broadcast
        return _same(np.sum(a, axis=1), np.sum(b, axis=1), np.all(told, axis=1))
    return _same(a, b, told)


def _is_transposed(sample: Jacobians, i: int) -> bool:
    numeric, told = _piece(sample, "numeric", i), _piece(sample, "told", i)
    if numeric.shape[0] != numeric.shape[1] or _same(numeric, numeric.T, told & told.T):
        return False
    return _same(_piece(sample, "analytic", i), numeric.T, told.T)


Order = Callable[[Array], Array]


def _orders(shape: tuple[int, ...]) -> Iterator[tuple[str, Order]]:
    axes = range(len(shape))
    for a, b in itertools.combinations(axes, 2):
        if shape[a] == shape[b] > 1:
            yield "transposed", lambda x, a=a, b=b: np.swapaxes(x, a, b)  # type: ignore[misc]
    for a in axes:
        if shape[a] > 2:
            along = f" along axis {a}" if len(shape) > 1 else ""
            yield f"in reverse order{along}", lambda x, a=a: np.flip(x, a)  # type: ignore[misc]
            for by in (1, -1):
                yield f"shifted by one{along}", lambda x, a=a, by=by: np.roll(x, by, a)  # type: ignore[misc]


def _is_in_order(sample: Jacobians, i: int, order: Order) -> bool:
    x = sample.point.arrays[i]
    if parts_each(x) == 2:
        return False
    columns = order(np.arange(x.size).reshape(x.shape)).reshape(-1)
    if columns.size != x.size:
        return False
    numeric, told = _piece(sample, "numeric", i), _piece(sample, "told", i)
    return _same(_piece(sample, "analytic", i), numeric[:, columns], told[:, columns])


# The table of all derivatives.


class _Table:
    """Derivatives that are not 0 on both sides, one in each row, of a function of so many inputs."""

    def __init__(self, rows: Sequence[_Row], count: int, number: Callable[[int], str]) -> None:
        self.rows, self.count, self.number = rows, count, number
        columns = (np.array([getattr(row, name) for row in rows], float) for name in ("analytic", "numeric", "out"))
        self.analytic, self.numeric, self.out = columns
        self.wrong = np.array([row.wrong for row in rows], bool)
        self.input = np.array([row.input for row in rows], int)
        self.values = [np.array([row.values[k] for row in rows], float) for k in range(count)]

    def of(self, *inputs: int) -> _Table:
        """Return the derivatives by some inputs."""
        return _Table([row for row in self.rows if row.input in inputs], self.count, self.number)


@dataclass
class _Row:
    """One derivative, and what it may depend on."""

    sample: int
    position: tuple[int, int]  # in the Jacobian
    analytic: float
    numeric: float
    wrong: bool
    input: int
    index: tuple[int, ...]
    shape: tuple[int, ...]
    output: int
    output_index: tuple[int, ...]
    values: list[float]  # of each input, at the position of this element, as far as there is one
    out: float
    ties: bool  # with another element of the same input
    parts: tuple[int, int]  # of a complex output and input: 0 is the real one


def _rows(number: int, sample: Jacobians) -> Iterator[_Row]:
    point, found = sample.point, sample.derivatives
    outputs, inputs = ranges(point.values), ranges(point.arrays)
    steepest = np.max(np.abs(found.numeric), axis=1, initial=0.0, where=np.isfinite(found.numeric))
    with np.errstate(invalid="ignore"):
        sharp = found.tolerance <= SHARP * np.fmax(np.abs(found.numeric), np.abs(found.analytic))
    live = (found.told & sharp & (np.abs(found.numeric) > 1e-9 * steepest[:, np.newaxis])) | found.wrong
    for row, column in np.argwhere(live):
        k = next(k for k, span in enumerate(outputs) if span.start <= row < span.stop)
        i = next(i for i, span in enumerate(inputs) if span.start <= column < span.stop)
        x, y = point.arrays[i], point.values[k]
        element, part = divmod(int(column) - inputs[i].start, parts_each(x))
        output_element, output_part = divmod(int(row) - outputs[k].start, parts_each(y))
        own = x.reshape(-1)[element]
        values = [
            float(own) if each == i and x.dtype.kind != "c" else _beside(z, y.shape, output_element)
            for each, z in enumerate(point.arrays)
        ]
        yield _Row(
            number, (int(row), int(column)), float(found.analytic[row, column]), float(found.numeric[row, column]),
            bool(found.wrong[row, column]), i, tuple(map(int, np.unravel_index(element, x.shape))), x.shape,
            k, tuple(map(int, np.unravel_index(output_element, y.shape))), values,
            float(y.reshape(-1)[output_element].real), bool(np.count_nonzero(x == own) > 1), (output_part, part),
        )  # fmt: skip


def _beside(x: Array, shape: tuple[int, ...], element: int) -> float:
    """Return the number of an input at the position of an element of the output; nan if they do not broadcast."""
    if x.dtype.kind == "c":
        return np.nan
    if x.size == 1:
        return float(x.reshape(()))
    try:
        return float(np.broadcast_to(x, shape).reshape(-1)[element])
    except ValueError:
        return np.nan


# How: the relation of the wrong derivatives to the right ones.


def _how(table: _Table) -> str:
    analytic, numeric = table.analytic[table.wrong], table.numeric[table.wrong]
    if not analytic.size:
        return ""
    if np.all(np.isnan(analytic)):
        return "it is nan"
    if not np.all(np.isfinite(analytic)):
        return ""
    if np.all(analytic == 0):
        return "it is 0"
    text = _conjugate(table) or factor_between(analytic, numeric)
    if not text:
        text = _offset(analytic, numeric)
    elif text.startswith("a factor of "):
        text += _count(table, float(np.median(analytic / numeric)))
    return text


def factor_between(wrong: Array, right: Array) -> str:
    """Return the factor by which one array is the other, in words; nothing if there is none."""
    wrong, right = np.ravel(wrong), np.ravel(right)
    live = (right != 0) | (wrong != 0)
    wrong, right = wrong[live], right[live]
    if not wrong.size or np.any(right == 0) or not np.all(np.isfinite(wrong)) or not np.all(np.isfinite(right)):
        return ""
    ratios = (wrong / right).real
    factor = float(np.median(ratios))
    spread = float(np.max(np.abs(ratios - factor)))
    if factor == 1 or spread > max(0.02 * abs(factor - 1), 1e-13) or spread > 1e-3 * abs(factor):
        return ""
    short = _shortest(factor, max(2 * spread, 1e-9 * abs(factor), 0.01 * min(abs(factor - 1), 1e-3)))
    if wrong.size < 3 and len(f"{abs(short):g}") > 3:
        return ""  # any two numbers have a factor
    return "the sign is flipped" if short == -1 else f"a factor of {short:.10g}"


def _shortest(number: float, doubt: float) -> float:
    """Return the number with the fewest digits that is as near as this."""
    for digits in range(1, 12):
        found = float(f"{number:.{digits}g}")
        if abs(found - number) <= doubt:
            return found
    return number


def _conjugate(table: _Table) -> str:
    crossed = np.array([row.parts[0] != row.parts[1] for row in table.rows], bool)
    imaginary = np.array([row.parts[1] == 1 for row in table.rows], bool)
    if not np.any(imaginary):
        return ""
    flipped = np.abs(table.analytic + table.numeric) <= CLOSE * np.abs(table.numeric)
    for kind in (crossed, imaginary):
        if np.array_equal(table.wrong, kind) and np.all(flipped[table.wrong]):
            return "the imaginary part has the wrong sign: a conjugate is missing"
    return ""


def _count(table: _Table, factor: float) -> str:
    """Say so if the factor is how many elements the input has, or one for all of these."""
    row = next(row for row, wrong in zip(table.rows, table.wrong, strict=True) if wrong)
    size = int(np.prod(row.shape))
    if size > 2 and abs(factor - size) < 1e-3:
        return f", as many as {table.number(row.input)} has elements"
    small = size > 2 and abs(factor * size - 1) < 1e-3
    return f", 1 / {size}, and {table.number(row.input)} has {size} elements" if small else ""


def _offset(analytic: Array, numeric: Array) -> str:
    difference = analytic - numeric
    middle = float(np.median(difference))
    if analytic.size < 3 or np.max(np.abs(difference - middle)) > CLOSE * abs(middle):
        return ""
    size = _shortest(abs(middle), CLOSE * abs(middle))
    return f"too {'large' if middle > 0 else 'small'} by {size:g}"


def _by_feature(table: _Table) -> str:
    """Return the factor that depends on a number of an input or of the output."""
    if len(table.rows) < 4 or np.any(table.numeric == 0):
        return ""
    with np.errstate(all="ignore"):
        ratios = table.analytic / table.numeric
    names = [(table.number(k), v) for k, v in enumerate(table.values)]
    for name, v in [*names, ("the output", table.out)]:
        for text, power in ((name, 1), (f"1 / {name}", -1), (f"{name} ** 2", 2)):
            with np.errstate(all="ignore"):
                rest = ratios / v**power
            rest = rest[v != 0]  # where it is 0, the derivative is 0, or infinite
            if np.all(np.isfinite(rest)) and len(set(np.abs(v))) > 3:
                factor = float(np.median(rest))
                if factor and np.max(np.abs(rest - factor)) <= 1e-4 * abs(factor):
                    times = _shortest(factor, 1e-4 * abs(factor))
                    if times == 1:
                        return f"a factor of {text}"
                    return f"a factor of -{text}" if times == -1 else f"a factor of {times:g} * {text}"
    return ""


def _independent(table: _Table, first: Jacobians, number: Callable[[int], str]) -> str:
    """Return that the error does not change with an input that the derivative changes with."""
    subject, arrays = first.point.subject, first.point.arrays
    if len(arrays) < 2:
        return ""
    i = int(table.input[table.wrong][0])
    for k, x in enumerate(arrays):
        moved = [y * 1.21 if j == k else y for j, y in enumerate(arrays)]
        other = sample_at(subject, moved, Measure())
        if other is None or other.numeric.shape != first.numeric.shape or not x.size:
            continue
        told = _piece(first, "told", i) & _piece(other, "told", i)
        errors = [_piece(sample, "analytic", i) - _piece(sample, "numeric", i) for sample in (first, other)]
        changed = not _same(_piece(first, "numeric", i), _piece(other, "numeric", i), told)
        if changed and np.any(errors[0][told]) and _same(errors[0], errors[1], told):
            return f"a term is missing or wrong that does not depend on {number(k)}"
    return ""


# Where: the condition that holds of the wrong derivatives, and of no right one.


def _where(table: _Table, samples: Sequence[Jacobians]) -> str:
    wrong = table.wrong
    if np.all(wrong):
        return "everywhere"
    for text, holds in itertools.chain(
        _by_value(table), _by_part(table), _by_place(table), _by_threshold(table, samples), _by_example(table, samples)
    ):
        if np.array_equal(holds, wrong):
            return text
    return "nearly everywhere" if np.mean(wrong) > 0.9 else ""


Condition = tuple[str, Array]


_SIGNS = {
    "is": np.equal, "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal, "is not": np.not_equal,
}  # fmt: skip


def _by_value(table: _Table) -> Iterator[Condition]:
    with np.errstate(invalid="ignore"):
        for k, v in enumerate(table.values):
            yield from ((f"only where {table.number(k)} {sign} 0", holds(v, 0)) for sign, holds in _SIGNS.items())
        for (a, v), (b, w) in itertools.combinations(enumerate(table.values), 2):
            one, other = table.number(a), table.number(b)
            yield f"only at ties, where {one} == {other}", v == w
            yield f"only where {one} < {other}", v < w
            yield f"only where {one} > {other}", v > w
    yield "only at ties, of elements that are equal", np.array([row.ties for row in table.rows], bool)


def _by_part(table: _Table) -> Iterator[Condition]:
    outputs = np.array([row.output for row in table.rows])
    for k in np.unique(outputs):
        yield f"only of output {k}", outputs == k
    for part, name in enumerate(("real", "imaginary")):
        yield f"only of the {name} part", np.array([row.parts[1] == part for row in table.rows], bool)


def _by_place(table: _Table) -> Iterator[Condition]:
    """Yield positions within the input or the output."""
    yield from _of_places([row.index for row in table.rows], [table.number(row.input) for row in table.rows])
    yield from _of_places([row.output_index for row in table.rows], [f"output {row.output}" for row in table.rows])


def _of_places(indices: Sequence[tuple[int, ...]], names: Sequence[str]) -> Iterator[Condition]:
    if len(set(names)) > 1 or len({len(index) for index in indices}) > 1 or not indices[0]:
        return
    table, name = np.array(indices), names[0]
    words = {1: ("element",), 2: ("row", "column")}.get(table.shape[1])
    for axis in range(table.shape[1]):
        what = words[axis] if words else f"index {{}} of axis {axis}"
        for k in np.unique(table[:, axis]):
            one = what.format(k) if "{}" in what else f"{what} {k}"
            yield f"{one} of {name} alone", table[:, axis] == k
    for index in sorted(set(indices)) if table.shape[1] > 1 else ():
        yield f"element {index} of {name} alone", np.all(table == np.array(index), axis=1)
    if table.shape[1] == 2:
        row, column = table.T
        yield f"only on the diagonal of {name}", row == column
        yield f"only off the diagonal of {name}", row != column
        yield f"only above the diagonal of {name}", row < column
        yield f"only below the diagonal of {name}", row > column


def _by_threshold(table: _Table, samples: Sequence[Jacobians]) -> Iterator[Condition]:
    for k, v in enumerate(table.values):
        if not np.all(np.isfinite(v)):
            continue
        for template, size in (("|{}|", np.abs(v)), ("{}", v)):
            name = template.format(table.number(k))
            for sign, way in ((">", 1), ("<", -1)):
                right, wrong = way * size[~table.wrong], way * size[table.wrong]
                if right.size and np.max(right) < np.min(wrong):
                    low, high = _narrowed(table, samples, k, float(np.max(right)), float(np.min(wrong)), template, way)
                    limit = nice_between(*sorted((way * low, way * high)))
                    yield f"only where {name} {sign} {limit:g}", table.wrong


def _narrowed(
    table: _Table, samples: Sequence[Jacobians], k: int, right: float, wrong: float, template: str, way: int
) -> tuple[float, float]:
    """Return two numbers near each other, one where derivatives are right, and one where they are wrong."""
    size = np.abs(table.values[k]) if "|" in template else table.values[k]
    at = int(np.flatnonzero(table.wrong & (way * size == wrong))[0])
    row = table.rows[at]
    sample = samples[row.sample]
    sign = -1.0 if "|" in template and table.values[k][at] < 0 else 1.0
    for _ in range(14):
        if np.sign(right) == np.sign(wrong) != 0:  # halfway between their powers of ten
            middle = way * float(np.sign(right) * np.sqrt(abs(right)) * np.sqrt(abs(wrong)))
        else:
            middle = way * (right + wrong) / 2
        arrays = [np.array(x) for x in sample.point.arrays]
        if arrays[k].dtype.kind == "c":
            break
        arrays[k][arrays[k] == table.values[k][at]] = sign * middle
        found = sample_at(sample.point.subject, arrays, Measure())
        if found is None:
            break
        if found.wrong[row.position]:
            wrong = way * middle
        else:
            right = way * middle
    return right, wrong


def nice_between(low: float, high: float) -> float:
    """Return the number with the fewest digits between two."""
    for digits in range(1, 12):
        for number in (high, low, (low + high) / 2):
            found = float(f"{number:.{digits}g}")
            if low <= found <= high:
                return found
    return high


def _by_example(table: _Table, samples: Sequence[Jacobians]) -> Iterator[Condition]:
    """Yield what holds of all inputs of an example together."""
    for k in range(table.count):
        arrays = [sample.point.arrays[k] for sample in samples]
        name = table.number(k)
        traits = {
            f"only if {name} has elements that are 0": [bool(np.any(x == 0)) for x in arrays],
            f"only if {name} has ties": [len(np.unique(x)) < x.size for x in arrays],
            f"only if {name} has negative elements": [bool(np.any(x.real < 0)) for x in arrays],
            f"only if {name} has no negative elements": [not np.any(x.real < 0) for x in arrays],
        }
        fails = np.array([sample.wrong.any() for sample in samples])
        for text, holds in traits.items():
            if np.array_equal(np.array(holds), fails):
                yield text, table.wrong
