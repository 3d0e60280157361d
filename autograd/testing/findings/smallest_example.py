"""The smallest example: what `check` found, made smaller and simpler, with its pattern and what it needs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from autograd import GradientCheckError, NotReproducibleError

from .._check_run import FoundError, Run, Stage
from ..conditions.pullback import Pullback
from ..points.cases import NUMBERS, SECOND, Case, Keywords, Shapes, shapes_of_signature
from ..points.domains import accepted
from ..subjects.engines import Foreign
from ..subjects.subject import Array, Subject, gradient_subject
from .jacobians import Jacobians
from .patterns import Pattern
from .report import call_of, named, pattern_in, reported

Failed = tuple[Sequence[Array], GradientCheckError]


def explained(run: Run, found: FoundError, frame: FrameType) -> GradientCheckError:
    """Return the error with its pattern, at the smallest example that is found to show it."""
    if found.case is not None:
        return _Example(run, found, found.case).explained(frame)
    return reported(found.error, run.fn, f"check({named(run.fn, frame, run.count)})", found="beside other calls")


class _Example:
    """An example at which a stage of the check failed."""

    def __init__(self, run: Run, found: FoundError, case: Case) -> None:
        self.run, self.found, self.case = run, found, case
        self.fn = run.bound(case.keywords)

    def explained(self, frame: FrameType) -> GradientCheckError:
        run, keywords = self.run, self.case.keywords
        arrays, error = self.smallest()
        call = ""
        if self.keeps_gradients():
            error = NotReproducibleError(str(error))
            text = "the gradient is that of an earlier call at the same shape: the rule keeps something between calls"
        else:
            pattern = self.pattern(error)
            text = pattern.text(self.needs(error, [] if pattern.is_local else run.shapes))
            options = [] if run.reference is None else [f"reference={named(run.reference, frame, run.count)}"]
            call = call_of("check_operation", run.fn, arrays, frame, keywords, options)
        call = call or f"check({named(run.fn, frame, run.count, keywords)})"
        found = f"at example {run.report.examples + 1}: {self.case}; the smallest example is below"
        return reported(error, run.fn, call, text, found, self.other_meaning(error))

    def other_meaning(self, error: GradientCheckError) -> str:
        """Return what to say if the function is not meant for such inputs."""
        run = self.run
        if run.dtypes is None and any(np.dtype(d).kind == "c" for d in self.case.dtypes):
            return "real numbers alone, dtypes=['float64', 'float32']"
        if run.signature is None and error.__cause__ is not None and self.case.shapes != run.like:
            letters: dict[int, str] = {}
            for side in itertools.chain(*(run.like or ())):
                letters.setdefault(side, "mnpqrstuvw"[len(letters) % 10])
            groups = ",".join(f"({','.join(letters[side] for side in shape)})" for shape in run.like or ((),))
            return f"some shapes alone, signature={groups if run.like else '(m,n)'!r}"
        return ""

    def keeps_gradients(self) -> bool:
        """Tell whether a first gradient of a new shape is right, and that for other numbers is the same."""
        run, sides = self.run, (13, 19, 23, 29)
        new = ((13,),) * run.count if run.signature is None else shapes_of_signature(run.signature, [sides])[0][0]
        first, second = (self.arrays(shapes=new, numbers="ordinary", seed=seed) for seed in (1, 2))
        if isinstance(self.fn, Foreign) or not accepted(self.fn, first) or self.fails(first) or not self.fails(second):
            return False
        one, other = (Pullback(Subject(self.fn, arrays), arrays).found for arrays in (first, second))
        return all(map(np.array_equal, one, other))

    def arrays(self, **changes: Any) -> list[Array]:
        """Return the inputs of the case with something changed."""
        return replace(self.case, **changes).arrays(self.run.domains)

    def fails(self, arrays: Sequence[Array]) -> GradientCheckError | None:
        """Return the error at other inputs, if it is of the same kind."""
        error = _error_of(self.found.stage, self.fn, arrays)
        return error if error is not None and _root(error) is _root(self.found.error) else None

    def pattern(self, smallest: GradientCheckError) -> Pattern:
        """Return in what way derivatives are wrong, and where, from examples of all kinds of numbers."""
        if not isinstance(smallest.jacobians, Jacobians):
            return pattern_in(self.found.error)
        double = ("float64",) * self.run.count
        dtypes = self.case.dtypes if any(np.dtype(d).kind == "c" for d in self.case.dtypes) else double
        shapes, others = self.telling(), []
        for kind, seed in [*itertools.product(NUMBERS, (1, 2)), ("ordinary", 3), ("zeros", 3)]:
            arrays = self.arrays(numbers=kind, seed=seed, dtypes=dtypes, shapes=shapes)
            if accepted(self.fn, arrays):
                subject = Subject(self.fn, arrays)
                while len(subject.names) < len(smallest.jacobians.point.subject.names):
                    subject = gradient_subject(subject)
                others.append((subject, subject.arrays))
        return pattern_in(smallest, others)

    def telling(self) -> Shapes:
        """Return the shapes of the example, or others, small ones with several elements, that show the same error."""
        small = [each for each in self.run.shapes if 2 <= max(math.prod(s) for s in each) <= 9]
        few = sorted([self.case.shapes, *small], key=lambda each: not 2 <= max(math.prod(s) for s in each) <= 12)
        return next(each for each in few if each == self.case.shapes or self.fails(self.arrays(shapes=each)))

    def needs(self, error: GradientCheckError, shapes: Sequence[Shapes]) -> str:
        """Return which dtypes, keyword arguments and shapes the error needs."""
        run = self.run
        order = run.order if error.mismatch is None or "gradient" in str(error) else 1

        def fails(case: Case) -> bool | None:
            fn, arrays = run.bound(case.keywords), case.arrays(run.domains)
            stage = partial(run.at, order=order if case.size <= SECOND else 1, keywords=case.keywords)
            return _error_of(stage, fn, arrays) is not None if accepted(fn, arrays) else None

        return needed(self.case, shapes, run.keywords, fails)

    def smallest(self) -> Failed:
        """Return smaller arrays with simpler numbers at which the same stage fails."""
        sizes = {each: [math.prod(s) for s in each] for each in self.run.shapes}
        smaller_ones = [each for each in sizes if sum(sizes[each]) < self.case.size]
        for shapes in sorted(
            smaller_ones, key=lambda each: (0 in sizes[each], sum(sizes[each]))
        ):  # empty ones tell less
            for seed in range(3):
                smaller = self.arrays(shapes=shapes, seed=seed)
                failed = self.fails(smaller)
                if failed is not None:
                    return self.simpler(smaller, failed)
        return self.simpler(*self.filled())

    def filled(self) -> Failed:
        """Return arrays that hold one number each, with sides as short as possible, if these fail too."""
        for number in (1.0, 0.5, 2.0, -1.0):
            if not all(domain.contains(np.asarray(number)) for domain in self.run.domains):
                continue

            def of(case: Case, number: float = number) -> list[Array]:
                return [np.full(shape, number, dtype) for shape, dtype in zip(case.shapes, case.dtypes, strict=True)]

            if self.fails(of(self.case)) is not None:
                arrays = of(smallest_side(self.case, lambda case: self.fails(of(case)) is not None))
                return arrays, self.fails(arrays) or self.found.error
        return self.found.arrays, self.found.error

    def simpler(self, arrays: Sequence[Array], error: GradientCheckError) -> Failed:
        """Return the arrays with simple numbers in the place of others, as long as they fail."""
        best = [np.array(x) for x in arrays]
        if sum(x.size for x in best) > 32:
            return best, error
        for i, x in enumerate(best):
            for position, old in enumerate(x.reshape(-1)):
                for number in (0.0, 1.0, 2.0, 0.5, float(np.round(old.real, 1))):
                    if old == number and not np.signbit(old.real):
                        break
                    if not self.run.domains[i].contains(np.asarray(number)):
                        continue
                    tried = [np.array(y) for y in best]
                    tried[i].reshape(-1)[position] = number
                    failed = self.fails(tried)
                    if failed is not None:
                        best, error = tried, failed
                        break
        return best, error


def _root(error: BaseException) -> type[BaseException]:
    """Return the type of the error that is the cause."""
    return type(error) if error.__cause__ is None else _root(error.__cause__)


def _error_of(stage: Stage, fn: Callable[..., object], arrays: Sequence[Array]) -> GradientCheckError | None:
    """Return the error of a stage, if there is one; none where the function does not take the arrays."""
    if accepted(fn, arrays):
        try:
            stage(fn, arrays)
        except GradientCheckError as error:
            return error
    return None


# What the error needs: which shapes, keyword arguments and dtypes.


Fails = Callable[[Case], bool | None]  # None: the function does not take it

FEW_SHAPES, MOST_SHAPES = 4, 16


def needed(case: Case, shapes: Sequence[Shapes], keywords: Sequence[Keywords], fails: Fails) -> str:
    """Return in words what the error of `case` needs; nothing if no other example was found to be right."""
    found = [_of_dtypes(case, fails), _of_keywords(case, keywords, fails), _of_shapes(case, shapes, fails)]
    return ", ".join(filter(None, found))


def _of_dtypes(case: Case, fails: Fails) -> str:
    double = replace(case, dtypes=("float64",) * len(case.dtypes))
    if case.dtypes == double.dtypes or fails(double) is not False:
        return ""
    if all(np.dtype(dtype).kind == "c" for dtype in case.dtypes):
        return "only for complex numbers"
    return "only where " + " and ".join(f"input {i} is {d}" for i, d in enumerate(case.dtypes) if d != "float64")


def _of_keywords(case: Case, keywords: Sequence[Keywords], fails: Fails) -> str:
    outcomes = [(dict(each), fails(replace(case, keywords=each))) for each in keywords] if len(keywords) > 1 else []
    bad = [failed for _, failed in outcomes if failed is not None]
    tried = [known for known, failed in outcomes if failed is not None]
    for name, value in case.keywords if not all(bad) else ():
        if [known.get(name) is value for known in tried] == bad:
            return f"only with {name}={value!r}"
        for other in {repr(known.get(name)): known.get(name) for known in tried}.values():
            if [known.get(name) is not other for known in tried] == bad:
                return f"only if {name} is not {other!r}"
    return ""


def _of_shapes(case: Case, shapes: Sequence[Shapes], fails: Fails) -> str:
    outcomes = {case.shapes: True}
    for each in [s for s in shapes if s != case.shapes and (_is_empty(case.shapes) or not _is_empty(s))]:
        bad = fails(replace(case, shapes=each))
        if bad is not None:
            outcomes[each] = bad
        if len(outcomes) > MOST_SHAPES or (len(outcomes) > FEW_SHAPES and all(outcomes.values())):
            break
    if all(outcomes.values()):
        return ""
    for text, holds in _traits(list(outcomes), case.shapes):
        if holds == list(outcomes.values()):
            return text
    largest = {each: max(map(math.prod, each)) for each in outcomes}
    right = max(largest[each] for each, bad in outcomes.items() if not bad)
    if right < min(largest[each] for each, bad in outcomes.items() if bad):
        smaller = smallest_side(case, fails)
        return f"only for arrays of {max(map(math.prod, smaller.shapes))} elements and more"
    return ""


def _is_empty(shapes: Shapes) -> bool:
    return any(0 in shape for shape in shapes)


def _traits(tried: Sequence[Shapes], failed: Shapes) -> Iterator[tuple[str, list[bool]]]:
    yield "only for arrays without elements", [any(0 in s for s in each) for each in tried]
    yield "only for 0-d arrays", [all(s == () for s in each) for each in tried]
    yield "only if an input is 0-d", [any(s == () for s in each) for each in tried]
    yield "only where inputs broadcast", [len(set(each)) > 1 for each in tried]
    yield "only where inputs have the same shape", [len(set(each)) == 1 for each in tried]
    for axes in sorted({len(s) for s in failed}):
        yield f"only for arrays of {axes} axes", [any(len(s) == axes for s in each) for each in tried]
        if axes > 1:
            yield f"only for arrays of {axes} axes and more", [any(len(s) >= axes for s in each) for each in tried]
    yield "only for one element", [all(math.prod(s) == 1 for s in each) for each in tried]
    yield "only where an axis has size 1", [any(1 in s for s in each) for each in tried]


def smallest_side(case: Case, fails: Fails) -> Case:
    """Return the case with its largest sides as short as the error allows."""
    for side in sorted({side for shape in case.shapes for side in shape}, reverse=True):
        low, high = 0, side
        while high - low > 1:
            middle = (low + high) // 2
            if fails(_with_side(case, side, middle)):
                high = middle
            else:
                low = middle
        if high < side:
            case = _with_side(case, side, high)
    return case


def _with_side(case: Case, side: int, to: int) -> Case:
    return replace(case, shapes=tuple(tuple(to if n == side else n for n in shape) for shape in case.shapes))
