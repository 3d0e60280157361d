"""`check_operation`: all that an operation promises, at one point."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograd import GradientCheckError, Tensor

from ._comparison import (
    Finding,
    Measure,
    Place,
    compare_directions,
    compare_each,
    compare_elements,
    count_at_a_glance,
    worst_element,
    worst_of,
)
from ._conditions import (
    Gradients,
    RoundingError,
    check_conditions,
    check_forward,
    check_narrow,
    check_parts,
    check_precision,
    check_untouched,
    failing,
    largest,
    perturbed,
    shown,
)
from ._engines import Foreign, ForeignSubject
from ._jacobians import Jacobians
from ._recorded import operations_of
from ._report import Report, call_of, caller, pattern_in, reported
from ._subject import Array, Subject, gradient_subject, inner_product, listed, normal, quiet, widened

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


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
        check_at(fn, inputs, order=order, reference=reference, measure=Measure(None, atol, rtol))
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
    measure: Measure | None = None,
    dtypes: Collection[str] | None = None,
) -> None:
    """Check a function at one point, as `check_operation` does, and add to the report what could be told.

    `dtypes` names those that it may be tried with, beside those of the inputs; by default all are.
    """
    measure, report = measure or Measure(), report or Report()
    check_values(fn, inputs, reference)
    foreign = isinstance(fn, Foreign)
    subject = ForeignSubject(fn, inputs) if isinstance(fn, Foreign) else Subject(fn, list(inputs))
    point = Gradients(subject, list(inputs))
    if not (point.is_recorded or foreign):
        return
    with quiet():
        with _or_of_each(lambda one: check_conditions(Gradients(one, one.arrays)), subject, report):
            check_conditions(point)
        if not foreign:
            check_parts(point)
        _check_differences(subject, measure, report)
        with _or_of_each(lambda one: check_narrow(one, one.arrays), subject, report):
            check_precision(point, dtypes)
        if foreign:
            return
        with _or_of_each(lambda one: check_forward(Gradients(one, one.arrays)), subject, report):
            check_forward(point)
        for _ in range(order - 1):
            subject = gradient_subject(subject)
            _check_differences(subject, measure, report)


@contextlib.contextmanager
def _or_of_each(check: Callable[[Subject], None], subject: Subject, report: Report) -> Iterator[None]:
    """Let a check fail only if it fails of one operation alone, where roundings between several may be the reason.

    Else it cannot be told.
    """
    try:
        yield
    except GradientCheckError as error:
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
            with _or_of_each(lambda one: check_narrow(one, one.arrays), subject, report):
                check_narrow(subject, inputs)
        else:
            smallest = min(float(np.min(np.abs(x), initial=1.0, where=x != 0)) for x in inputs)
            if smallest > 1e-150 or all(np.all(np.isfinite(g)) for g in Gradients(subject, list(inputs)).found):
                by_element = by_element and len({x.shape for x in inputs}) == 1 and inputs[0].size > 0
                _check_swiftly(subject, report, by_element)  # else derivatives may overflow


def _check_differences(subject: Subject, measure: Measure, report: Report) -> None:
    found: list[Finding] = []
    with failing("computing the gradient in double precision"):
        place = _place(subject)
        try:
            if place.here.size * sum(x.size for x in place.arrays) <= FEW:
                found += compare_elements(place, measure)
            found += compare_directions(place, measure, np.random.default_rng(0))
        except np.linalg.LinAlgError:  # of a matrix that rounding between operations makes singular
            if not subject.is_composed:
                raise
            report.untold += 1
            return
    _refuse_wrong(place, measure, report, found)


def _check_swiftly(subject: Subject, report: Report, by_element: bool) -> None:
    with failing("computing the gradient in double precision"):
        place, measure = _place(subject), Measure()
        if count := count_at_a_glance(place, by_element):
            report.compared += count
            return
        # Steps as long as large numbers go over all jumps of a staircase; beside small ones, only longer ones tell.
        ordinary = all(np.all((size >= 2.0**-10) & (size <= 2.0**10)) for size in place.sizes)
        if by_element and ordinary and all(x.dtype.kind == "f" for x in (*place.arrays, *place.values)):
            found = [compare_each(place, i, measure) for i in range(len(place.arrays))]
        else:
            tiny = all(np.all(size < 1e-3) for size in place.sizes)
            directions = compare_directions(place, measure, np.random.default_rng(0), rest=True)
            found = list(directions if tiny else itertools.islice(directions, 1))
    _refuse_wrong(place, measure, report, found)


def _place(subject: Subject) -> Place:
    place = Place(subject)
    if not place.here.size and any(np.any(g != 0) for g in place.pulled(np.zeros(0))):
        raise GradientCheckError("the gradient is not 0 where the outputs have no elements")
    return place


def _refuse_wrong(place: Place, measure: Measure, report: Report, found: Sequence[Finding]) -> None:
    for one in found:
        report.compared += one.compared
        report.untold += one.untold
        report.worst = max(report.worst, one.excess)
    if found and worst_of(found).excess > 1:
        worst = worst_element(place, measure, worst_of(found).worst, 100 * FEW)
        raise GradientCheckError(str(worst), worst, Jacobians(place, measure))


def check_values(
    fn: Callable[..., object], inputs: Sequence[Array], reference: Callable[..., object] | None = None
) -> None:
    """Check that the values on tensors are those on arrays, and those of the reference, and that nothing is written.

    Two calls on arrays have to give the same. A function of another engine is given arrays alone.
    """
    names, originals = [f"input {i}" for i in range(len(inputs))], [np.array(x) for x in inputs]
    with quiet():
        expected, again = ([np.asarray(y) for y in listed(fn(*inputs))] for _ in range(2))
    check_untouched(names, inputs, originals)
    for y, z in zip(expected, again, strict=True):
        if not np.array_equal(y, z, equal_nan=y.dtype.kind in "fc"):
            raise GradientCheckError("the function is not deterministic: it gave two results for the same inputs")
    if not isinstance(fn, Foreign):
        with failing("computing the values on tensors"):
            results = listed(fn(*(Tensor(x, requires_grad=True) for x in inputs)))
        check_untouched(names, inputs, originals)
        _compare_values(fn, inputs, results, expected)
    if reference is not None:
        _check_reference(reference, inputs, expected)


def _compare_values(
    fn: Callable[..., object], inputs: Sequence[Array], results: Sequence[object], expected: Sequence[Array]
) -> None:
    if len(expected) != len(results):
        raise GradientCheckError(f"{len(results)} results on tensors, {len(expected)} on arrays")
    for k, (y, z) in enumerate(zip(results, expected, strict=True)):
        array = y.data if isinstance(y, Tensor) else np.asarray(y)
        if (array.shape, array.dtype) != (z.shape, z.dtype):
            raise GradientCheckError(
                f"on tensors the result is {array.dtype} {array.shape}, on arrays {z.dtype} {z.shape}"
            )
        if not _close(array, z, (*inputs, *expected)) and not _is_rounding(fn, inputs, array, k):
            raise GradientCheckError(f"the values on tensors and on arrays differ: {shown(array)} and {shown(z)}")


def _check_reference(reference: Callable[..., object], inputs: Sequence[Array], found: Sequence[Array]) -> None:
    with quiet():
        wanted = [np.asarray(y) for y in listed(reference(*inputs))]
    if len(wanted) != len(found):
        raise GradientCheckError(f"{len(found)} results, but {len(wanted)} of the reference")
    for y, z in zip(found, wanted, strict=True):
        if y.shape != z.shape or not _close(y, z, (*inputs, *wanted), 1e3):
            raise GradientCheckError(f"the value is {shown(y)}, but {shown(z)} by the reference")


def _close(a: Array, b: Array, beside: Sequence[Array], times: float = 8) -> bool:
    """Tell whether arrays are equal up to some roundings of the largest number that takes part."""
    if b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    epsilon = times * max(float(np.finfo(x.dtype).eps) for x in (a, b) if x.dtype.kind in "fc")
    scale = largest(*beside)
    with quiet():
        return bool(np.allclose(a, b, rtol=epsilon, atol=epsilon * scale, equal_nan=True))


def _is_rounding(fn: Callable[..., object], inputs: Sequence[Array], found: Array, k: int) -> bool:
    """Tell whether an output is as near to those for inputs that differ by roundings as these are to each other."""
    epsilon = max(float(np.finfo(x.dtype).eps) for x in (*inputs, found) if x.dtype.kind in "fc")
    random = np.random.default_rng(7)
    with quiet():
        near = np.stack([np.asarray(listed(fn(*perturbed(inputs, 4 * epsilon, random)))[k]) for _ in range(6)])
        return bool(np.all(np.abs(near - found).min(0) <= 4 * np.abs(near - near[0]).max(0)))


def _check_complex_step(fn: Callable[..., object], inputs: Sequence[Array]) -> None:
    random = np.random.default_rng(3)
    subject = Subject(fn, list(inputs))
    leaves = subject.inputs(subject.arrays)
    outputs = subject.apply(leaves)
    cotangents = [np.asarray(normal(random, y.data if isinstance(y, Tensor) else y), y.dtype) for y in outputs]
    pulled = subject.pulled(leaves, outputs, cotangents)
    for i, x in enumerate(inputs):
        direction = np.asarray(normal(random, x), x.dtype)
        stepped = [z + (1e-20j * direction if i == j else 0j) for j, z in enumerate(inputs)]
        changes = [np.imag(z) * 1e20 for z in listed(fn(*stepped))]
        numeric = float(sum(np.sum(w * change) for w, change in zip(cotangents, changes, strict=True)))
        found = float(inner_product(pulled[i], direction))
        scale = 1 + float(np.sum(np.abs(pulled[i] * direction)))
        if not abs(found - numeric) <= 1e-10 * scale:
            raise GradientCheckError(
                f"along one direction of input {i}: {found} by the graph, {numeric} by a complex step"
            )
