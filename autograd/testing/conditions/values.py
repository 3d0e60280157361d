"""Values: those on tensors are those on plain arrays, and of a reference; no input is written to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import GradientCheckError, NotReproducibleError, Tensor

from ..points.layouts import LAYOUTS, Layout
from ..subjects.engines import Foreign
from ..subjects.refusals import failing, located, refusals_set_aside
from ..subjects.subject import Array, Subject, is_repeated, listed, precision_of, quiet
from .pullback import NARROW, ROUNDING, differs, largest, perturbed, shown
from .rules import check_untouched


def check_values(
    fn: Callable[..., object],
    inputs: Sequence[Array],
    reference: Callable[..., object] | None = None,
    *,
    in_any_order: bool = False,
) -> None:
    """Check that the values on tensors are those on arrays, and those of the reference, and that nothing is written.

    Two calls on arrays have to give the same. A function of another engine is given arrays alone. `in_any_order` says
    that products of infinite numbers may be multiplied in another order, which makes nan of infinity, or the reverse.
    """
    names, originals = [f"input {i}" for i in range(len(inputs))], [np.array(x) for x in inputs]
    with quiet():
        expected, again = ([np.asarray(y) for y in listed(fn(*inputs))] for _ in range(2))
    check_untouched(names, inputs, originals)
    for y, z in zip(expected, again, strict=True):
        if not is_repeated(y, z):
            raise NotReproducibleError("the function is not deterministic: it gave two results for the same inputs")
    if not isinstance(fn, Foreign):
        with failing("computing the values on tensors"):
            results = listed(fn(*(Tensor(x, requires_grad=True) for x in inputs)))
        check_untouched(names, inputs, originals)
        if len(expected) != len(results):
            raise GradientCheckError(f"{len(results)} results on tensors, {len(expected)} on arrays")
        found, beside = list(map(_array, results)), (*inputs, *expected)
        if in_any_order and [y.shape for y in found] == [z.shape for z in expected]:
            found = [np.where(np.isfinite(y) | np.isfinite(z), y, z) for y, z in zip(found, expected, strict=True)]
        terms = math.prod(x.size or 1 for x in inputs)

        def near(k: int, y: Array, z: Array) -> bool:
            if _close(y, z, beside, terms=terms):
                return True
            return not differs(y, z, _roundings(lambda arrays: fn(*arrays), inputs, k, z))

        _compare(found, expected, near)
    if reference is not None:
        _check_reference(reference, inputs, expected)


def _compare(found: Sequence[Array], wanted: Sequence[Array], near: Callable[[int, Array, Array], bool]) -> None:
    """Compare what a function returns on tensors and on arrays; of each result, `near` tells what may be rounding."""
    if [(y.shape, y.dtype) for y in found] != [(y.shape, y.dtype) for y in wanted]:
        tensors, plain = (", ".join(f"{y.dtype} {y.shape}" for y in values) for values in (found, wanted))
        raise GradientCheckError(f"on tensors the result is {tensors}, on arrays {plain}")
    for k, (y, z) in enumerate(zip(found, wanted, strict=True)):
        if not np.array_equal(y, z, equal_nan=y.dtype.kind in "fc") and not near(k, y, z):
            raise GradientCheckError(f"the values on tensors and on arrays differ: {shown(y, z)} and {shown(z, y)}")


def _check_reference(reference: Callable[..., object], inputs: Sequence[Array], found: Sequence[Array]) -> None:
    with quiet():
        wanted = [np.asarray(y) for y in listed(reference(*inputs))]
    if len(wanted) != len(found):
        raise GradientCheckError(f"{len(found)} results, but {len(wanted)} of the reference")
    for y, z in zip(found, wanted, strict=True):
        if y.shape != z.shape or not _close(y, z, (*inputs, *wanted), 1e3):
            raise GradientCheckError(f"the value is {shown(y, z)}, but {shown(z, y)} by the reference")


def _close(a: Array, b: Array, beside: Sequence[Array], times: float = 8, terms: int = 1) -> bool:
    """Tell whether arrays are equal up to some roundings of the largest number that takes part.

    Sums of many `terms`, which may be added in another order, have more of them.
    """
    if b.dtype.kind not in "fc":
        return bool(np.array_equal(a, b))
    epsilon = times * precision_of(a, b)
    scale = largest(*beside) * max(1.0, max(terms, *(x.size for x in beside)) ** 0.5 / 4)
    with quiet():
        return bool(np.allclose(a, b, rtol=epsilon, atol=epsilon * scale, equal_nan=True))


def check_values_in_precisions(subject: Subject) -> None:
    """Check values as the inputs are, in another layout, and in single and half precision."""
    single = [np.asarray(x, NARROW.get(x.dtype, x.dtype)) for x in subject.arrays]
    tried: list[tuple[Sequence[Array], Layout]] = [(each, np.array) for each in (subject.arrays, single)]
    tried.append((subject.arrays, LAYOUTS["a slice"]))
    if all(x.dtype == np.float64 for x in subject.arrays):
        tried.append(([x.astype(np.float16) for x in subject.arrays], np.array))
    for arrays, lay_out in tried:
        with refusals_set_aside():
            check_values_on_arrays(subject, arrays, lay_out)


def check_values_on_arrays(subject: Subject, arrays: Sequence[Array], lay_out: Layout = np.array) -> None:
    """Check that values on tensors are those on arrays, and that neither call writes to its inputs."""
    given = [lay_out(x) for x in arrays]
    found = list(map(_array, listed(subject.call([Tensor(x, requires_grad=True) for x in given]))))
    _check_untouched(subject, given, arrays)
    results = listed(subject.call(given))
    _check_untouched(subject, given, arrays)
    if not any(isinstance(y, Tensor) for y in results):  # else it computes with tensors whatever it is given
        wanted = list(map(_array, results))
        _compare(found, wanted, lambda k, y, z: not differs(y, z, _roundings(subject.call, given, k, z)))


def first_set(arrays: Sequence[Array], number: float) -> list[Array]:
    """Return copies whose first elements are `number`."""
    copies = [np.array(x) for x in arrays]
    for x in copies:
        x.reshape(-1)[:1] = number
    return copies


def check_special_values(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check values where the first elements are special."""
    for special in (np.nan, np.inf, -np.inf, -0.0):
        given = first_set(arrays, special)
        with located(f"with {special} in the first elements", given), refusals_set_aside():
            check_values_on_arrays(subject, given)


def _array(result: Any) -> Array:
    return result.data if isinstance(result, Tensor) else np.asarray(result)


def _check_untouched(subject: Subject, given: Sequence[Array], originals: Sequence[Array]) -> None:
    """Check that arrays hold what they held; -0.0 may have become 0.0, as where 0 is added."""
    for name, x, original in zip(subject.names, given, originals, strict=True):
        if differs(x, original, 0.0):
            raise GradientCheckError(f"{name} was written to by the function")


def _roundings(call: Callable[[Sequence[Array]], object], arrays: Sequence[Array], k: int, value: Array) -> Array:
    """Return how far roundings of the inputs, and of numbers as large as the largest, may move an output."""
    if value.dtype.kind not in "fc":
        return np.zeros(value.shape)
    random = np.random.default_rng(3)
    epsilon = precision_of(*arrays, value)
    change = np.zeros(value.shape)
    with quiet():
        for _ in range(2):
            moved = np.asarray(listed(call(perturbed(arrays, 4 * epsilon, random)))[k])
            change = np.fmax(change, np.abs(moved - value))
    return 30 * change + ROUNDING * epsilon * largest(*arrays, value)
