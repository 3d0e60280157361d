"""The run of `check`: what is known of a function and its inputs, and the checks at all points of the plan."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import GradientCheckError

from ._check_operation import Comparing, by_differences, by_nothing, by_remainders, check_at, check_swiftly, or_of_each
from .comparisons.point import Measure
from .conditions import other_calls, transforms
from .conditions.values import check_values, first_set
from .findings.report import Report, declared
from .points.cases import (
    LARGE,
    OTHERS,
    SECOND,
    TWICE,
    Case,
    Keywords,
    Shapes,
    equivalents,
    further_shapes,
    plan,
    shapes_for,
    shapes_of_signature,
    sweep,
)
from .points.domains import Domain, accepted, domains_of, outputs_of
from .subjects.engines import FEW_OF_JAX, LEFT_OUT, Engine, Foreign, ForeignSubject, engine_of
from .subjects.subject import Array, Subject, quiet

TRIED = [Domain((interval,)) for interval in ((0.3, 0.9), (1.1, 2.0), (-0.9, -0.1))]  # where most functions are defined
FEW_SHAPES = 5  # the first ones, at which second derivatives of ordinary numbers are checked
SEEDS = (7, 8, 9)  # of the samples that are stacked, and given to threads
COMPILED = 4  # of those that are tried, where each is compiled
MOST_RETURNED = 100_000  # the elements that a function may return for shapes that nobody gave
MOST = 18  # the shapes at which everything is checked
USES = (
    transforms.check_overwritten, other_calls.check_left_alone, other_calls.check_updated,
    other_calls.check_further_cotangents, other_calls.check_further_layouts,
    transforms.check_same_tensor,
)  # fmt: skip

#: What derivatives are compared with; None compares nothing.
ORACLES: dict[str | None, Comparing] = {
    "differences": by_differences(Measure()), "taylor": by_remainders, None: by_nothing
}  # fmt: skip

Stage = Callable[[Callable[..., Any], Sequence[Array]], None]


class FoundError(Exception):
    """An error that was found, and the example; None if it is not one of the cases."""

    def __init__(self, error: GradientCheckError, stage: Stage, case: Case | None, arrays: Sequence[Array]) -> None:
        super().__init__(str(error))
        self.error, self.stage, self.case, self.arrays = error, stage, case, arrays


class Run:
    """One run of `check`: the function with what is known of its inputs."""

    def __init__(
        self,
        fn: Callable[..., object],
        like: Any = None,
        signature: str | None = None,
        domain: Any = None,
        keywords: Mapping[str, Sequence[Any]] = MappingProxyType({}),
        reference: Callable[..., object] | None = None,
        order: int = 1,
        seed: int = 0,
        engine: str | Engine | None = None,
        dtypes: Sequence[DTypeLike] | None = None,
        oracle: str | None = "differences",
    ) -> None:
        self.fn, self.reference, self.order, self.seed = fn, reference, order, seed
        self.compare, self.swift = ORACLES[oracle], oracle == "differences" and engine is None
        self.engine = None if engine is None else engine_of(engine)
        self.dtypes = None if dtypes is None else {np.dtype(dtype).name for dtype in dtypes}
        self.report = Report(notes=[] if engine is None else [LEFT_OUT, *[FEW_OF_JAX] * (engine == "jax")])
        self.keywords = [tuple(zip(keywords, values, strict=True)) for values in itertools.product(*keywords.values())]
        examples = _examples(like)
        self.signature = signature
        self._bound: dict[str, Callable[..., Any]] = {}
        self.like = None if examples is None else tuple(x.shape for x in examples)
        shapes, self.count = _shapes(fn, examples, signature)
        self.further = further_shapes(self.count, signature)
        self.compiles = engine == "jax"  # each shape in each dtype, which takes far longer than a call
        self.shapes = self._accepted(shapes[:COMPILED] if self.compiles else shapes, domain)
        self.domains = self._domains(examples, domain)

    def bound(self, keywords: Keywords = ()) -> Callable[..., Any]:
        """Return the function with its keyword arguments, the same one each time."""
        given = keywords or self.keywords[0]
        if repr(given) not in self._bound:
            fn = partial(self.fn, **dict(given)) if given else self.fn
            self._bound[repr(given)] = fn if self.engine is None else Foreign(fn, self.engine)
        return self._bound[repr(given)]

    def _accepted(self, shapes: Sequence[Shapes], domain: Any) -> list[Shapes]:
        """Return the shapes that the function takes."""
        given = [_given(domain, self.count)] if domain is not None else [[one] * self.count for one in TRIED]
        fn = self.bound()
        found = [
            each
            for each in shapes
            if any(
                outputs_of(fn, Case("ordinary", each, ("float64",) * self.count, seed=seed).arrays(domains)) is not None
                for domains in given
                for seed in (1, 2)
            )
        ]
        if not found:
            raise TypeError(
                f"check() found no inputs that {declared(self.fn)} takes: it tried {self.count} "
                f"array{'s' * (self.count != 1)} of {len(shapes)} kinds of shapes. Say which it takes: "
                f'check(fn, signature="(m,n),(n,p)->(m,p)"), or check(fn, like=[x, y]) with arrays that it takes, or '
                f"domain=(low, high)"
            )
        return found

    def _domains(self, examples: Sequence[Array] | None, domain: Any) -> list[Domain]:
        if domain is not None:
            return _given(domain, self.count)
        small = [each for each in self.shapes if all(1 <= math.prod(s) <= 64 for s in each)] or self.shapes
        found = domains_of(self.bound(), small, self.count)
        if found is None and examples is not None:
            found = [_around(x) for x in examples]
        if found is None:
            self._refuse_what_is_no_number(small[0])
            raise TypeError(
                f"check() found no numbers for which {declared(self.fn)} is finite and real: say where it is, with "
                f"check(fn, domain=(low, high)), or check(fn, like=[x, y]) with arrays that it takes"
            )
        return found

    def _refuse_what_is_no_number(self, shapes: Shapes) -> None:
        """Raise if the function returns something that is no array of numbers, such as None."""
        for domain in TRIED:
            arrays = Case("ordinary", shapes, ("float64",) * self.count).arrays([domain] * self.count)
            outputs = outputs_of(self.bound(), arrays)
            for y in outputs or ():
                if y.dtype.kind == "O":
                    missing = y.shape == () and y.item() is None
                    found = "None: is a return missing?" if missing else "objects, no numbers"
                    raise TypeError(f"{declared(self.fn)} returned {found}")
            if outputs is not None and self.engine is None:
                Subject(self.bound(), arrays).outputs(arrays)  # which raises if there is no floating-point number

    def check_cases(self, rounds: int) -> None:
        """Check all cases of the plan, and look at many more swiftly."""
        mixed = self.engine is None  # other libraries convert gradients, or do not promote
        kinds = TWICE if self.swift else OTHERS
        for number, case in enumerate(plan(self.shapes[:MOST], self.keywords, self.seed, rounds, kinds, mixed)):
            small = case.size <= SECOND and all(d in ("float64", "complex128") for d in case.dtypes)
            twice = small and (number < FEW_SHAPES or case.numbers != "ordinary" or case.dtypes[0] == "complex128")
            self._check_case(partial(self.at, order=self.order if twice else 1, keywords=case.keywords), case)
        if self.swift:
            every = [*self.keywords, *equivalents(self.keywords)]
            further = [*self.shapes[MOST:], *self.further]
            for case in sweep(self.shapes, further, every, self.seed, rounds, self.is_elementwise):
                self._check_case(partial(self._swiftly, keywords=case.keywords), case)
        if not self.report.examples:
            self._refuse_what_is_no_number(self.shapes[0])
            raise TypeError(f"check() found no numbers for which {declared(self.fn)} is finite: give domain= or like=")

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether each element of the results seems to depend on the same element of the inputs alone.

        That has to hold for rows, and for a matrix, if the function takes these; a signature has to allow for rows.
        """
        if self.signature and not any(set(map(len, each)) == {1} == {len(set(each))} for each in self.shapes):
            return False
        fn, double = self.bound(), ("float64",) * self.count
        matrices = Case("ordinary", ((2, 3),) * self.count, double).arrays(self.domains)
        shapes = {y.shape for y in outputs_of(fn, matrices) or ()}
        if not shapes <= {(2, 3)}:
            return False
        arrays = Case("ordinary", ((5,),) * self.count, double).arrays(self.domains)
        moved = [np.concatenate([x[1:2], x[1:]]) for x in arrays]
        first, flipped = (outputs_of(fn, each) for each in (arrays, [np.flip(x) for x in arrays]))
        others = [outputs_of(fn, each) or () for each in (moved, first_set(arrays, np.nan))]
        if first is None or flipped is None or not others[0] or any(y.shape != (5,) for y in first):
            return False
        return all(np.allclose(y, np.flip(z), rtol=1e-13) for y, z in zip(first, flipped, strict=True)) and all(
            np.allclose(y[1:], z[1:], rtol=1e-13) for other in others for y, z in zip(first, other, strict=False)
        )

    def _check_case(self, stage: Stage, case: Case) -> None:
        known = self._dtypes_at(case.shapes)
        if known is not None and not set(case.dtypes) <= known:
            return
        with quiet():
            fn, arrays = self.bound(case.keywords), case.arrays(self.domains)
            if not accepted(fn, arrays, MOST_RETURNED if case.shapes in self.further else np.inf):
                self.report.set_aside += 1
                return
            try:
                self._try(stage, fn, arrays, case)
                self.report.examples += 1
            except FoundError as found:
                # NumPy's decompositions give up for some numbers, not always the same ones; a rule may be for integers
                gave_up = case.numbers != "ordinary" and _gave_up(found.error)
                another_way = repr(case.keywords) not in map(repr, self.keywords)  # to say what the user named
                if not (gave_up or (found.error.__cause__ is not None and another_way)):
                    raise
                self.report.set_aside += 1

    def _swiftly(self, fn: Callable[..., object], arrays: Sequence[Array], keywords: Keywords) -> None:
        reference = self.reference and partial(self.reference, **dict(keywords))
        check_swiftly(fn, arrays, self.report, reference=reference, by_element=self.is_elementwise)

    def at(self, fn: Callable[..., object], arrays: Sequence[Array], order: int, keywords: Keywords = ()) -> None:
        """Check a function at one point."""
        reference = self.reference and partial(self.reference, **dict(keywords))
        dtypes = self._dtypes_at(tuple(x.shape for x in arrays))
        check_at(fn, arrays, self.report, order=order, reference=reference, compare=self.compare, dtypes=dtypes)

    def _dtypes_at(self, shapes: Shapes) -> Set[str] | None:
        """Return the dtypes to try in arrays of these shapes; None if all are."""
        return {"float64"} if self.compiles and shapes != self.shapes[0] else self.dtypes

    def _try(self, stage: Stage, fn: Callable[..., object], arrays: Sequence[Array], case: Case | None = None) -> None:
        try:
            with quiet():
                stage(fn, arrays)
        except GradientCheckError as error:
            raise FoundError(error, stage, case, arrays) from None

    def check_other_calls(self, with_transforms: bool) -> None:
        """Check one or two examples for what is not a matter of numbers."""
        several = [each for each in self.shapes if 2 <= max(math.prod(s) for s in each) <= LARGE] or self.shapes
        for number, (keywords, shapes) in enumerate(zip(itertools.cycle(self.keywords), several[:2], strict=False)):
            fn = self.bound(keywords)
            for dtype in ("float64", "complex128"):  # of real numbers, some functions make complex ones
                dtypes = (dtype,) * self.count
                samples = [
                    Case("ordinary", shapes, dtypes, keywords, self.seed + i).arrays(self.domains) for i in SEEDS
                ]
                if all(accepted(fn, arrays) for arrays in samples):
                    break
            else:
                continue
            subject = ForeignSubject(fn, samples[0]) if isinstance(fn, Foreign) else Subject(fn, samples[0])
            others = [arrays for arrays in self._others(shapes, dtypes, keywords, several) if accepted(fn, arrays)]
            for stage in self._stages(subject, samples, others, with_transforms, self.order if number == 0 else 1):
                self._try(stage, fn, samples[0])

    def _others(
        self, shapes: Shapes, dtypes: tuple[str, ...], keywords: Keywords, several: Sequence[Shapes]
    ) -> Iterator[Sequence[Array]]:
        """Yield inputs of other kinds of numbers, and of other shapes."""
        base = Case("ordinary", shapes, dtypes, keywords, self.seed + 30)
        for i, kind in enumerate(("ordinary", "zeros", "ordinary", "ties", "large", "ordinary", "tiny", "ordinary")):
            yield replace(base, numbers=kind, seed=base.seed + i).arrays(self.domains)
        for each in several[-1:]:
            yield replace(base, shapes=each).arrays(self.domains)

    def _stages(
        self,
        subject: Subject,
        samples: Sequence[Sequence[Array]],
        others: Sequence[Sequence[Array]],
        with_transforms: bool,
        order: int,
    ) -> Iterator[Stage]:
        def of_subject(check: Callable[..., None], *options: Any) -> Stage:
            def stage(fn: Callable[..., Any], arrays: Sequence[Array]) -> None:
                with or_of_each(lambda one: check(one, one.arrays, *options), subject, self.report):
                    check(subject, arrays, *options)

            return stage

        foreign = isinstance(subject, ForeignSubject)
        if not foreign:
            yield of_subject(other_calls.check_derived, order if self.swift else 1)
        for special in (np.nan, np.inf, -np.inf) if self.is_elementwise else ():
            yield of_subject(transforms.check_special, special)
        if foreign:
            return
        yield from map(of_subject, USES)
        yield of_subject(other_calls.check_one_live, self.swift)
        for special in (np.nan, np.inf, -np.inf, -0.0):
            yield partial(_check_values_beside, special)
        yield lambda fn, arrays: transforms.check_threads(subject, samples)
        if with_transforms:
            yield lambda fn, arrays: self._note("vmap", transforms.check_vmap(subject, samples))
            yield lambda fn, arrays: self._note("compile", transforms.check_compile(subject, samples, others))

    def _note(self, transform: str, reason: str | None) -> None:
        if reason is not None:
            start = f"{transform} was not checked"
            if not any(note.startswith(start) for note in self.report.notes):
                self.report.notes.append(f"{start}: {reason}")


def _check_values_beside(special: float, fn: Callable[..., object], arrays: Sequence[Array]) -> None:
    """Check values where the first elements are `special`, if the function itself takes them."""
    changed = first_set(arrays, special)
    if outputs_of(fn, changed) is not None:
        check_values(fn, changed, in_any_order=True)


def _gave_up(error: BaseException | None) -> bool:
    """Tell whether an error comes from a decomposition of NumPy that did not converge, or met a singular matrix."""
    return error is not None and (isinstance(error, np.linalg.LinAlgError) or _gave_up(error.__cause__))


def _examples(like: Any) -> list[Array] | None:
    if like is None:
        return None
    several = isinstance(like, list | tuple) and any(not isinstance(x, int | float | complex) for x in like)
    return [np.asarray(x) for x in (like if several else [like])]


def _shapes(
    fn: Callable[..., object], examples: Sequence[Array] | None, signature: str | None
) -> tuple[list[Shapes], int]:
    if signature is not None:
        return shapes_of_signature(signature)
    if examples is not None:
        given = tuple(x.shape for x in examples)
        return list(dict.fromkeys([given, *shapes_for(len(examples))])), len(examples)
    count = _arity(fn)
    return shapes_for(count), count


def _arity(fn: Callable[..., object]) -> int:
    """Return how many arrays a function takes."""
    if isinstance(fn, np.ufunc):
        return fn.nin
    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return 1
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    forward = getattr(getattr(fn, "__self__", None), "forward", None)
    if getattr(fn, "__name__", "") == "apply" and forward is not None:  # of a Function: `forward` says what it takes
        return _arity(forward) - (next(iter(inspect.signature(forward).parameters), "") == "ctx")
    if not required and any(p.kind == p.VAR_POSITIONAL for p in parameters):
        if callable(inner := getattr(fn, "fun", None)):  # of a primitive of HIPS autograd
            return _arity(inner)
        operation = getattr(fn, "operation", None)  # of several inputs, which says how many
        if operation is not None and not operation.variadic:
            return len(operation.rules)
        raise TypeError(f"{declared(fn)} takes any number of arrays: say how many, with check(fn, like=[x, y])")
    return max(1, len(required))


def _given(domain: Any, count: int) -> list[Domain]:
    """Return the domain of each input that the user gave."""
    pairs = list(domain) if all(np.ndim(one) == 1 for one in domain) else [tuple(domain)] * count
    if len(pairs) != count or any(len(pair) != 2 or not pair[0] < pair[1] for pair in pairs):
        raise ValueError(f"domain={domain!r} should be a pair (low, high), or one for each of {count} inputs")
    return [Domain(((float(low), float(high)),)) for low, high in pairs]


def _around(x: Array) -> Domain:
    """Return a domain around the numbers of an example."""
    low, high = (float(np.min(x)), float(np.max(x))) if x.size else (0.5, 1.5)
    margin = 0.1 * (high - low) or 0.1 * max(abs(low), 1.0)
    return Domain(((low - margin, high + margin),))
