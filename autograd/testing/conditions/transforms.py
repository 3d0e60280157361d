"""Transforms, threads and memory: what a function and its rules also have to bear.

`vmap` gives what a loop gives, `compile` what eager calls give; the same tensor may be given twice, memory of an input
may be overwritten after the call, threads may call at the same time, and nan in one element stays with it.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from autograd import (
    BatchError,
    CompileError,
    GradientCheckError,
    GraphError,
    Tensor,
    UnsupportedError,
    compile,
    vjp,
    vmap,
)

from ..subjects.refusals import failing, refusals_set_aside
from ..subjects.subject import Array, Subject, array_of, precision_of, quiet
from .pullback import ROUNDING, Pullback, differs, largest, refuse_others, shown
from .values import first_set

Arrays = Sequence[Array]
NEAR = 1e-9, 1e-12  # how far others may be off beside a special value: relative to themselves, and 0
Samples = Sequence[Sequence[Array]]  # some inputs, for each of them


def _values_and_gradients(subject: Subject) -> Callable[..., Any]:
    """Return a function of cotangents, one for each output, and inputs: the outputs and the gradients."""
    count = len(subject.positions)

    def both(*arguments: Any) -> Any:
        outputs, pull = vjp(lambda *inputs: tuple(subject.apply(inputs)), *arguments[:count])
        return (*outputs, *pull(tuple(arguments[count:])))

    return both


def _cotangents(subject: Subject, arrays: Sequence[Array], seed: int) -> list[Array]:
    random = np.random.default_rng([5, seed])
    with quiet():
        outputs = subject.outputs(arrays)
    return [np.asarray(random.choice([-1.1, 0.7, 2.3], y.shape), y.dtype) for y in outputs]


def check_vmap(subject: Subject, samples: Samples, pullbacks: Sequence[Pullback] | None = None) -> str | None:
    """Compare values and gradients of a batch with those of each element; return why, if it takes no batch.

    `points` are the gradients at the samples, if they are known; then one batch is enough.
    """
    both = _values_and_gradients(subject)
    arguments = [[*arrays, *_cotangents(subject, arrays, seed)] for seed, arrays in enumerate(samples)]
    with failing("computing each element of a batch"):
        expected = [[np.asarray(array_of(y)) for y in both(*each)] for each in arguments]
    stacked = [np.stack(column) for column in zip(*arguments, strict=True)]
    found, reason = _batched(both, stacked, "computing a batch by vmap")
    if reason:
        return reason
    known, pullbacks = pullbacks, pullbacks or [Pullback(subject, arrays) for arrays in samples]
    _compare_batch(subject, pullbacks, expected, found, "under vmap")
    if known:
        return _check_one(subject, pullbacks[:1], both, arguments[0], expected[:1])

    def compare(how: str, given: Arrays, axes: Any, pullbacks: Sequence[Pullback], expected: Sequence[Arrays]) -> None:
        with failing(f"computing values and gradients {how}"):
            found = vmap(both, in_axes=axes, loops="allow")(*given)
        _compare_batch(subject, pullbacks, expected, found, how)

    compare("in a batch of one under vmap", [batch[:1] for batch in stacked], 0, pullbacks[:1], expected[:1])
    compare("under vmap over last axes", [np.moveaxis(batch, 0, -1) for batch in stacked], -1, pullbacks, expected)
    positions = len(subject.positions)
    for i in range(len(stacked)):
        if len(stacked) < 3 and i < positions:
            continue  # a batch of cotangents alone
        shared = [[*each[:i], arguments[0][i], *each[i + 1 :]] for each in arguments]
        with failing("computing each element of a batch"):
            expected = [[np.asarray(array_of(y)) for y in both(*each)] for each in shared]
        axes = tuple(None if i == j else 0 for j in range(len(stacked)))
        given = [arguments[0][i] if i == j else batch for j, batch in enumerate(stacked)]
        moved = [Pullback(subject, each[:positions]) for each in shared] if i < positions else pullbacks
        compare("under vmap, where all share an argument", given, axes, moved, expected)
    return None


def _batched(
    both: Callable[..., Any], arguments: Arrays, what: str, axes: tuple[int | None, ...] | int = 0
) -> tuple[Any, str | None]:
    """Return what a batch gives, or why it is not computed."""
    try:
        with failing(what):
            return vmap(both, in_axes=axes, loops="allow")(*arguments), None
    except GradientCheckError as error:
        if isinstance(error.__cause__, BatchError | UnsupportedError):
            return None, str(error.__cause__)
        raise


def _check_one(
    subject: Subject, pullback: Sequence[Pullback], both: Callable[..., Any], given: Arrays, expected: Sequence[Arrays]
) -> str | None:
    """Compare a batch of one, in which the other inputs are shared, for each of the first inputs."""
    count = len(subject.positions)
    for i in range(min(count, 3)):
        batched = [j == i or j >= count for j in range(len(given))]
        axes = tuple(0 if each else None for each in batched)
        arguments = [x[np.newaxis] if each else x for x, each in zip(given, batched, strict=True)]
        found, reason = _batched(both, arguments, "computing a batch of one by vmap", axes)
        if reason:
            return reason
        _compare_batch(subject, pullback, expected, found, "in a batch of one under vmap")
    return None


def _compare_batch(
    subject: Subject, pullbacks: Sequence[Pullback], expected: Sequence[Arrays], found: Any, where: str
) -> None:
    for k, column in enumerate(zip(*expected, strict=True)):
        i = k - len(pullbacks[0].outputs)
        what = "the value" if i < 0 else f"the gradient of {subject.names[i]}"
        for j, (pullback, one) in enumerate(zip(pullbacks, column, strict=True)):
            piece = np.asarray(array_of(found[k]))[j]
            if np.array_equal(piece, one):
                continue
            # A batch is computed by other calls, whose roundings a function may enlarge: a wrong one is far off.
            if piece.shape == one.shape and not differs(one, piece, np.sqrt(pullback.epsilon) * largest(one)):
                continue
            if piece.shape != one.shape or differs(one, piece, _allowed(pullback, one, k)):
                raise GradientCheckError(
                    f"{what} of element {j} of a batch is {shown(piece)} {where}, but {shown(one)} by itself"
                )


def _allowed(pullback: Pullback, one: Array, k: int) -> Array:
    """Return how far a value or a gradient of a batch may be off: by rounding."""
    rounding = np.full(one.shape, 4 * ROUNDING * pullback.epsilon * largest(one))
    i = k - len(pullback.outputs)
    return rounding if i < 0 else rounding + 10 * pullback.limits[i]


def check_compile(subject: Subject, samples: Samples, others: Samples = ()) -> str | None:
    """Compare values and gradients of a compiled function with those of eager calls, in order, up to rounding.

    `others` are inputs of other numbers or shapes, for the calls that follow.
    """
    both = _values_and_gradients(subject)
    samples = [*samples, *others]
    arguments = [[*arrays, *_cotangents(subject, arrays, seed)] for seed, arrays in enumerate(samples)]
    with failing("computing values and gradients"):
        expected = [[np.array(array_of(y)) for y in both(*each)] for each in arguments]
    compiled = compile(both)
    for j, (each, wanted) in enumerate(zip(arguments, expected, strict=True)):
        try:
            with failing("computing values and gradients by a compiled program"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = [np.asarray(array_of(y)) for y in compiled(*each)]
        except GradientCheckError as error:
            if isinstance(error.__cause__, CompileError):
                return str(error.__cause__)
            raise
        if all(map(np.array_equal, wanted, found)):
            continue
        pullback = Pullback(subject, samples[j])
        for k, (one, other) in enumerate(zip(wanted, found, strict=True)):
            if one.shape != other.shape or differs(one, other, _allowed(pullback, one, k)):
                raise GradientCheckError(
                    f"call {j + 1} of the compiled function gives {shown(other)} where the function itself gives "
                    f"{shown(one)}"
                )
    return None


def check_same_tensor(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check that the gradient of a tensor that is given for all inputs is the sum of the gradients of each."""
    if len(arrays) < 2 or any(x.shape != arrays[0].shape or x.dtype != arrays[0].dtype for x in arrays[1:]):
        return
    with failing("computing the gradient where all inputs are equal"):
        apart = Pullback(subject, [np.array(arrays[0]) for _ in arrays])
    one = Tensor(np.array(arrays[0]), requires_grad=True)
    with failing("computing the gradient of one tensor given for all inputs"):
        found = subject.pulled([one], subject.apply([one] * len(arrays)), apart.cotangents)[0]
        expected = np.sum(apart.found, axis=0, dtype=found.dtype)
    allowed = np.sum(apart.limits, axis=0)
    if differs(expected, found, allowed):
        raise GradientCheckError(
            f"with one tensor for all inputs, its gradient is {shown(found)}, but the gradients of equal ones add up "
            f"to {shown(expected)}"
        )


def check_overwritten(subject: Subject, arrays: Sequence[Array]) -> None:
    """Check that a gradient is that of the call, or an error, if inputs are overwritten before the walk back."""
    pullback = Pullback(subject, arrays)
    given = [np.array(x) for x in arrays]
    inputs = [Tensor(x, requires_grad=True) for x in given]
    with quiet():
        outputs = subject.apply(inputs)
    for x in given:
        x[...] = np.where(np.isfinite(x), x * 0.5 + 0.125, 1.0)
    try:
        with quiet():
            found = subject.pulled(inputs, outputs, pullback.cotangents)
    except GraphError:
        return
    refuse_others(
        pullback,
        found,
        lambda name, h, g: f"{name} is {h} after the inputs have been overwritten, but was {g} before",
    )


def check_threads(subject: Subject, samples: Samples) -> None:
    """Check that threads that call at the same time do not disturb each other."""
    with failing("computing the gradient"):
        pullbacks = [Pullback(subject, arrays, seed) for seed, arrays in enumerate(samples)]
    compare_threads(pullbacks, 30)


def compare_threads(pullbacks: Sequence[Pullback], calls: int, shared: bool = False) -> None:
    """Compare gradients in threads, one after another and then together, that make so many calls.

    A function may be `shared` badly, as one that draws from a generator: where values differ, gradients may differ.
    """
    with _often_switching(), ThreadPoolExecutor(len(pullbacks)) as threads:
        for pullback in pullbacks:
            with failing("computing the gradient in another thread"):
                results = threads.submit(_repeated, pullback, 1).result()
            _compare_calls(pullback, results, "in another thread", False)
        running = [threads.submit(_repeated, pullback, calls) for pullback in pullbacks]
        for pullback, future in zip(pullbacks, running, strict=True):
            with failing("computing the gradient in two threads"):
                results = future.result()
            _compare_calls(pullback, results, "while other threads call the function", shared)


Called = tuple[list[Array], list[Array]]  # values and gradients


def _repeated(pullback: Pullback, calls: int) -> list[Called]:
    results = []
    with quiet():
        for _ in range(calls):
            inputs = [pullback.subject.laid_out(x, a) for x, a in zip(pullback.inputs, pullback.arrays, strict=True)]
            outputs = pullback.subject.apply(inputs)
            found = pullback.subject.pulled(inputs, outputs, pullback.cotangents)
            results.append(([np.array(array_of(y)) for y in outputs], [np.array(g) for g in found]))
    return results


def _compare_calls(pullback: Pullback, results: Sequence[Called], when: str, shared: bool) -> None:
    for values, found in results:
        changed = any(
            differs(np.asarray(array_of(y)), z, ROUNDING * pullback.epsilon * np.max(np.abs(z), initial=0.0))
            for y, z in zip(pullback.outputs, values, strict=True)
        )
        if changed and shared:
            continue
        if changed:
            raise GradientCheckError(f"the value is another one {when}")
        for i, g in enumerate(pullback.found):
            if differs(g, found[i], 0.0) and differs(g, found[i], pullback.limits[i]):
                raise GradientCheckError(f"{pullback.name(i)} is another one {when}")


@contextlib.contextmanager
def _often_switching() -> Iterator[None]:
    """Let Python switch between threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def check_special(subject: Subject, arrays: Sequence[Array], special: float) -> None:
    """Check that a special value in one element changes no value and no gradient of the others.

    That is asked of functions that treat each element by itself.
    """
    if arrays[0].size > 1 and all(x.shape == arrays[0].shape for x in arrays):
        with refusals_set_aside(), quiet():  # a function that refuses such values spreads none
            refuse_spread(Pullback(subject, arrays), special)


def refuse_spread(before: Pullback, special: float) -> None:
    """Raise if a special value in one element changes the gradients of others of a function that treats each by itself.

    Where it changes their values, as of a product with a diagonal matrix, they are part of it after all.
    """
    for i, name in enumerate(before.subject.names):
        arrays = [*before.arrays[:i], *first_set(before.arrays[i : i + 1], special), *before.arrays[i + 1 :]]
        after = Pullback(before.subject, arrays)
        if any(map(_rest_differs, before.values, after.values)):
            return
        _refuse_rest(before, after.pulled(before.cotangents), f"{special} in the first element of {name}")
    found = before.pulled(first_set(before.cotangents, special))
    _refuse_rest(before, found, f"{special} in the first element of the cotangent")


def _refuse_rest(before: Pullback, found: Sequence[Array], what: str) -> None:
    for i, (g, h) in enumerate(zip(before.found, found, strict=True)):
        if _rest_differs(g, h):
            raise GradientCheckError(f"{what} changes {before.name(i)} at others")


def _rest_differs(a: Array, b: Array) -> bool:
    rest, other = a.reshape(-1)[1:], b.reshape(-1)[1:]
    return differs(rest, other, max(NEAR[0], ROUNDING * precision_of()) * np.abs(rest) + NEAR[1])
