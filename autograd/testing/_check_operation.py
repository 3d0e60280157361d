"""`check_operation`: all that an operation promises, at one point."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from autograd import GradientCheckError, Tensor

from .comparisons.compare import Compared, compare_directions, compare_each, compare_elements, count_at_a_glance
from .comparisons.point import Measure, Point
from .comparisons.taylor import remainders
from .conditions.pullback import Pullback, RoundingError, largest
from .conditions.recorded_calls import operations_of
from .conditions.rules import check_conditions, check_forward, check_narrow, check_parts, check_precision
from .conditions.values import check_values
from .findings.jacobians import refuse_wrong
from .findings.report import Report, call_of, caller, pattern_in, reported
from .subjects.engines import Foreign, ForeignSubject
from .subjects.refusals import failing
from .subjects.subject import Array, Subject, gradient_subject, inner_product, listed, normal, quiet, widened

Comparing = Callable[[Subject, Report], None]

ORDINARY = 8.0  # larger numbers, in exp or a product, leave few digits of others
FEW = 24  # the elements of a Jacobian, up to which each is compared


def check_operation(
    fn: Callable[..., ArrayLike | Tensor],
    *inputs: Array,
    order: int = 2,
    analytic: bool = False,
    reference: Callable[..., object] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> None:
    """Check the values and derivatives of an operation at one point.

    On tensors it gives the values, shapes and dtypes that it gives on arrays; gradients have the shape and dtype of
    their inputs, are linear in the cotangent, the same in each memory layout and call, and agree with differences, and
    so do derivatives of higher order; forward mode is the transpose of reverse mode; no input is written to, and no
    gradient shares memory with an input, the cotangent or another gradient. Where a failure may be due to rounding of
    several operations, one of them has to be wrong by itself. `check` finds the points without help.

    Parameters
    ----------
    fn
        The operation. It takes as many tensors, or arrays, as there are inputs, and returns one, or a list or tuple.
    *inputs
        Floating-point arrays, real or complex. Differences are taken at the same point in double precision; inputs in
        single precision must give the same gradients up to rounding.
    order
        The highest derivative to check.
    analytic
        Whether `fn` also accepts complex arrays, as an analytic function does. The gradient is then also compared with
        a complex step, which is exact to the last digits (Squire & Trapp 1998, SIAM Review 40(1)).
    reference
        A function of the same arrays whose values `fn` has to have, up to rounding.
    atol, rtol
        As in `gradcheck`.

    Raises
    ------
    GradientCheckError
        If one of these checks fails; the message says which.
    TypeError
        If an input is not an array.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.testing import check_operation
    >>> check_operation(np.multiply, np.ones((2, 3)), np.ones(3, np.float32))
    >>> check_operation(lambda x: np.sum(np.exp(x), axis=0), np.ones((2, 3)), analytic=True)
    """
    for i, x in enumerate(inputs):
        if not isinstance(x, np.ndarray | np.generic):
            remedy = "pass its numbers, .to_numpy()" if hasattr(x, "to_numpy") else "pass np.asarray(x)"
            raise TypeError(
                f"check_operation() takes an array for each input, but input {i} is a {type(x).__name__}: {remedy}"
            )
    __tracebackhide__ = True
    failure = None
    try:
        check_at(fn, inputs, order=order, reference=reference, compare=by_differences(Measure(None, atol, rtol)))
        if analytic:
            with quiet():
                _check_complex_step(fn, [widened(x) for x in inputs])
    except GradientCheckError as error:
        options = [f"order={order}"] * (order != 2) + ["analytic=True"] * analytic
        call = call_of("check_operation", fn, inputs, caller(), options=options)
        failure = reported(error, fn, call, pattern_in(error).text())
    if failure is not None:
        raise failure


def check_at(
    fn: Callable[..., object],
    inputs: Sequence[Array],
    report: Report | None = None,
    *,
    order: int = 1,
    reference: Callable[..., object] | None = None,
    compare: Comparing | None = None,
    dtypes: Collection[str] | None = None,
) -> None:
    """Check a function at one point, as `check_operation` does, and add to the report what could be told.

    `compare` compares the derivatives with the values, by default by differences. `dtypes` names those that it may be
    tried with, beside those of the inputs; by default all are.
    """
    compare, report = compare or by_differences(Measure()), report or Report()
    check_values(fn, inputs, reference)
    foreign = isinstance(fn, Foreign)
    subject = ForeignSubject(fn, inputs) if isinstance(fn, Foreign) else Subject(fn, list(inputs))
    pullback = Pullback(subject, list(inputs))
    if not (pullback.is_recorded or foreign):
        return
    with quiet():
        with or_of_each(lambda one: check_conditions(Pullback(one, one.arrays)), subject, report):
            check_conditions(pullback)
        if not foreign:
            check_parts(pullback)
        compare(subject, report)
        with or_of_each(lambda one: check_narrow(one, one.arrays), subject, report):
            check_precision(pullback, dtypes, mixed=not foreign)
        if foreign:
            return
        with or_of_each(lambda one: check_forward(Pullback(one, one.arrays)), subject, report):
            check_forward(pullback)
        for _ in range(order - 1):
            subject = gradient_subject(subject)
            compare(subject, report)


@contextlib.contextmanager
def or_of_each(check: Callable[[Subject], None], subject: Subject, report: Report) -> Iterator[None]:
    """Let a check fail only if it fails of one operation alone, where roundings between several may be the reason.

    Else it cannot be told. Of another engine, whose operations are not known, only ordinary numbers tell.
    """
    try:
        yield
    except GradientCheckError as error:
        unknown = isinstance(subject, ForeignSubject) and isinstance(error, RoundingError)
        if unknown and largest(*subject.arrays) >= ORDINARY:
            report.untold += 1
            return
        if not subject.is_composed:
            raise
        if isinstance(error, RoundingError):
            with failing("calling an operation alone"):
                for operation in operations_of(subject, error.arrays):
                    check(operation)
        elif not isinstance(error.__cause__, np.linalg.LinAlgError):  # a matrix that rounding makes singular
            raise
        report.untold += 1


def check_swiftly(
    fn: Callable[..., object],
    inputs: Sequence[Array],
    report: Report,
    *,
    reference: Callable[..., object] | None = None,
    by_element: bool = False,
) -> None:
    """Check only values, and gradients along one direction, or in their own precision beside double precision.

    That costs a small part of `check_at`, and is done at many more points. `by_element` says that each element of the
    results seems to depend on the same element of the inputs alone: along one direction, all are compared then.
    """
    check_values(fn, inputs, reference)
    subject = Subject(fn, list(inputs))
    with quiet():
        if any(x.dtype not in (np.float64, np.complex128) for x in inputs):
            with or_of_each(lambda one: check_narrow(one, one.arrays), subject, report):
                check_narrow(subject, inputs)
        else:
            smallest = min(float(np.min(np.abs(x), initial=1.0, where=x != 0)) for x in inputs)
            if smallest > 1e-150 or all(np.all(np.isfinite(g)) for g in Pullback(subject, list(inputs)).found):
                alike = by_element and {x.shape for x in (*inputs, *subject.outputs(inputs))} == {inputs[0].shape}
                _check_swiftly(subject, report, alike and inputs[0].size > 0)  # else derivatives may overflow


def by_differences(measure: Measure) -> Comparing:
    """Return what compares derivatives with differences."""
    return lambda subject, report: _check_differences(subject, measure, report)


def by_remainders(subject: Subject, report: Report) -> None:
    """Compare derivatives with values by Taylor's remainders."""
    with failing("computing the gradient in double precision"):
        point = _point(subject)
        if not point.here.size or not any(x.size for x in point.arrays):
            return
        found, agree = remainders(point), True
        if found.agree is False:  # differences know of kinks, and of what is lost between operations
            agree = all(one.excess <= 1 for one in compare_directions(point, Measure(), np.random.default_rng(0)))
    if not agree:
        raise GradientCheckError(
            f"the remainder of Taylor's formula falls as h^{found.order:.2f}, not as h^2: the derivative of the "
            f"{subject.output_name}s with respect to the inputs along a random direction v is wrong\n{found}"
        )
    report.compared += point.here.size * (found.agree is True)
    report.untold += point.here.size * (found.agree is None)
    report.remainders = report.remainders or str(found)


def by_nothing(subject: Subject, report: Report) -> None:
    """Compare nothing: contracts alone are checked."""


def _check_differences(subject: Subject, measure: Measure, report: Report) -> None:
    found: list[Compared] = []
    with failing("computing the gradient in double precision"):
        point = _point(subject)
        try:
            few = point.here.size * sum(x.size for x in point.arrays) <= FEW
            if few and subject.output_name == "output":  # of second derivatives, directions tell as much
                found += compare_elements(point, measure)
            found += compare_directions(point, measure, np.random.default_rng(0))
        except np.linalg.LinAlgError:  # of a matrix that rounding between operations makes singular
            if not subject.is_composed:
                raise
            report.untold += 1
            return
    _refuse_wrong(point, measure, report, found)


def _check_swiftly(subject: Subject, report: Report, by_element: bool) -> None:
    with failing("computing the gradient in double precision"):
        point, measure = _point(subject), Measure()
        if count := count_at_a_glance(point, by_element):
            report.compared += count
            return
        # Steps as long as large numbers go over all jumps of a staircase; beside small ones, only longer ones tell.
        ordinary = all(np.all((size >= 2.0**-10) & (size <= 2.0**12)) for size in point.sizes)
        if by_element and ordinary and all(x.dtype.kind == "f" for x in (*point.arrays, *point.values)):
            found = [compare_each(point, i, measure) for i in range(len(point.arrays))]
        else:
            tiny = all(np.all(size < 1e-3) for size in point.sizes)
            directions = compare_directions(point, measure, np.random.default_rng(0), rest=True)
            found = list(directions if tiny else itertools.islice(directions, 1))
    _refuse_wrong(point, measure, report, found)


def _point(subject: Subject) -> Point:
    point = Point(subject)
    if not point.here.size and any(np.any(g != 0) for g in point.pulled(np.zeros(0))):
        raise GradientCheckError("the gradient is not 0 where the outputs have no elements")
    return point


def _refuse_wrong(point: Point, measure: Measure, report: Report, found: Sequence[Compared]) -> None:
    for one in found:
        report.compared += one.compared
        report.untold += one.untold
        report.worst = max(report.worst, one.excess)
    refuse_wrong(point, measure, found, 100 * FEW)


def _check_complex_step(fn: Callable[..., object], inputs: Sequence[Array]) -> None:
    random, pullback = np.random.default_rng(3), Pullback(Subject(fn, list(inputs)), inputs)
    for i, (x, g) in enumerate(zip(inputs, pullback.found, strict=True)):
        direction = np.asarray(normal(random, x), x.dtype)
        stepped = [z + (1e-20j * direction if i == j else 0j) for j, z in enumerate(inputs)]
        changes = [np.imag(z) * 1e20 for z in listed(fn(*stepped))]
        numeric = float(sum(np.sum(w * change) for w, change in zip(pullback.cotangents, changes, strict=True)))
        found = float(inner_product(g, direction))
        scale = 1 + float(np.sum(np.abs(g * direction)))
        if not abs(found - numeric) <= 1e-10 * scale:
            raise GradientCheckError(
                f"along one direction of input {i}: {found} by the graph, {numeric} by a complex step"
            )
