"""Every registered operation under vmap: what a batch of different calls gives is what a loop over them gives."""

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from autograd import jvp, tensor, vjp, vmap
from autograd.transforms.pytree import flatten

from ..thorough import THOROUGH
from .calls import Array, Call, Function
from .looped import LOOPED
from .samples import OPERATIONS, SAMPLES, Operation
from .test_derivatives import single

CALLS = int(os.environ.get("PLAINGRAD_CALLS", "2" if THOROUGH else "1"))  # of each operation, in each precision

LOOPING = {name.rpartition(".")[2] for name in LOOPED}
# Operations the shape or dtype of whose results depends on the values, of which an empty batch has none.
BY_VALUES = {
    np.trim_zeros, np.polymul, np.polydiv, np.real_if_close, np.emath.sqrt, np.emath.log, np.emath.log2,
    np.emath.log10, np.emath.logn, np.emath.power, np.emath.arcsin, np.emath.arccos, np.emath.arctanh,
}  # fmt: skip

every_operation = pytest.mark.parametrize(
    "operation", [operation for operation in OPERATIONS if operation.key in SAMPLES], ids=str
)

# What is computed of a function: each takes it, and returns a function of its inputs that gives a list of arrays.


def _values(f: Function) -> Function:
    return lambda *xs: flatten(f(*xs))[0]


def _gradients(f: Function) -> Function:
    def gradients(*xs: Any) -> list[Any]:
        y, pull = vjp(f, *xs)
        outputs, rebuild = flatten(y)
        return flatten(pull(rebuild([_directions(x) for x in outputs])))[0]

    return gradients


def _tangents(f: Function) -> Function:
    return lambda *xs: flatten(jvp(f, xs, tuple(map(_directions, xs)))[1])[0]


def _second(f: Function) -> Function:
    return _gradients(_gradients(f))


Compute = Callable[[Function], Function]
COMPUTED: list[Compute] = [_values, _gradients, _tangents, _second]


def _directions(x: Any) -> Any:
    """Return numbers of the shape and dtype of an array, for a tangent or a gradient."""
    dtype = np.asarray(x).dtype if not hasattr(x, "dtype") else x.dtype
    size = int(np.prod(np.shape(x)))
    return np.cos(np.arange(size) + 0.5).reshape(np.shape(x)).astype(dtype if dtype.kind in "fc" else float)


def _calls(operation: Operation) -> list[Call]:
    """Return some calls of an operation, the same ones each time."""
    found: list[Call] = []

    @settings(max_examples=4, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(SAMPLES[operation.key].calls)
    def collect(call: Call) -> None:
        if call.inputs:
            found.append(call)

    collect()
    return found


def _batch(x: Array, rng: np.random.Generator) -> Array:
    """Return an array and two others close to it, within its domain."""
    if x.dtype.kind not in "fc":
        return np.stack([x] * 3)
    near = [x, *(x * (1 + 1e-3 * rng.normal(size=x.shape)) for _ in range(2))]
    return np.stack(near).astype(x.dtype)


def _looped(warned: Sequence[warnings.WarningMessage]) -> list[str]:
    """Return what vmap computed in a loop, by its warnings."""
    found = (re.match(r"vmap: '([^']*)'", str(warning.message)) for warning in warned)
    return [match.group(1) for match in found if match]


def _of_batch(function: Function, batches: Sequence[Array]) -> tuple[list[Array], list[str]]:
    with warnings.catch_warnings(record=True) as warned, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        results = vmap(function)(*batches)
    return [np.asarray(result) for result in results], _looped(warned)


def _of_loop(function: Function, batches: Sequence[Array]) -> list[Array] | None:
    """Return the same, computed one after another; None where the shapes differ or it cannot be computed."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            each = [function(*[batch[i] for batch in batches]) for i in range(len(batches[0]))]
        except (ValueError, ArithmeticError):
            return None
    shapes = {tuple(np.shape(part) for part in parts) for parts in each}
    return [np.stack(parts) for parts in zip(*each, strict=True)] if len(shapes) == 1 else None


def _assert_equal(found: Array, expected: Array, what: str, tolerance: float) -> None:
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, not {expected.shape}"
    assert found.dtype == expected.dtype, f"{what}: dtype {found.dtype}, not {expected.dtype}"
    finite = expected[np.isfinite(expected)]
    scale = max(1.0, float(np.abs(finite).max(initial=0)))
    np.testing.assert_allclose(found, expected, tolerance, tolerance * scale, err_msg=what)


def _compare(f: Function, batches: Sequence[Array], computed: Sequence[Compute], tolerance: float) -> list[str] | None:
    """Compare a batch with a loop, and return what was looped over; None where there is nothing to compare."""
    looped: list[str] = []
    for number, compute in enumerate(computed):
        function, what = compute(f), compute.__name__[1:]
        expected = _of_loop(function, batches)
        if expected is None:
            return None
        found, loops = _of_batch(function, batches)
        looped += [f"{what}: {name}" for name in loops]
        assert len(found) == len(expected)
        for x, y in zip(found, expected, strict=True):
            _assert_equal(x, y, what, tolerance * 10**number)
    return looped


def _check(call: Call, public: Function, inputs: Sequence[Array], computed: Sequence[Compute]) -> list[str] | None:
    """Compare a batch of calls near this one with a loop."""
    rng = np.random.default_rng(0)
    batches = [_batch(x, rng) for x in inputs]
    if not _are_alike(call, public, batches):
        return None
    return _compare(call.bind(public), batches, computed, 1e-3 if any(x.dtype.char in "fF" for x in inputs) else 1e-10)


def _are_alike(call: Call, public: Function, batches: Sequence[Array]) -> bool:
    """Tell whether the elements give results of one shape: others no batch can hold."""
    results = replace(call, view=lambda result: result).bind(public)
    return _of_loop(lambda *xs: [np.asarray(y) for y in flatten(results(*map(tensor, xs)))[0]], batches) is not None


@pytest.mark.one_in(6)
@every_operation
def test_a_batch_gives_what_a_loop_gives(operation: Operation) -> None:
    """Values, gradients, forward mode and gradients of gradients, in all precisions and with complex numbers."""
    public, compared = operation.public, []
    for call in _calls(operation)[:CALLS]:
        compared.append(_check(call, public, call.inputs, COMPUTED))
        compared.append(_check(call, public, [single(x) for x in call.inputs], COMPUTED[:2]))
        if SAMPLES[operation.key].analytic:
            turned = [x + 0.25j * np.sin(np.arange(x.size) + 1.0).reshape(x.shape) for x in call.inputs]
            compared.append(_check(call, public, turned, COMPUTED))
            compared.append(_check(call, public, [single(x) for x in turned], COMPUTED[:2]))
    assert any(found is not None for found in compared), "no call of it could be compared"
    looped = {name for found in compared for name in found or ()}
    if str(operation) in LOOPING:
        assert looped, f"{operation} is no longer computed in a loop: take it from LOOPED"
    else:
        assert not looped, f"{operation} is computed in a loop, of {sorted(looped)}"


def _mixed(x: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two batches of arrays for which rules and forwards take different ways: with zeros, ties, and nan."""
    if x.dtype.kind not in "fc" or not x.size:
        return np.stack([x] * 3), np.stack([x] * 2)
    zeros, ties = np.where(rng.random(x.shape) < 0.4, 0, x), np.full_like(x, x.flat[0])
    return np.stack([x, zeros, ties]), np.stack([x, np.where(rng.random(x.shape) < 0.3, np.nan, x)])


@pytest.mark.one_in(6)
@every_operation
def test_the_elements_of_a_batch_may_take_different_ways(operation: Operation) -> None:
    if str(operation) in LOOPING or operation.key is np.emath.logn:
        return  # a rank decides a shape; and NumPy divides infinities otherwise where other elements make them complex
    call, rng = _calls(operation)[0], np.random.default_rng(1)
    for batches in zip(*[_mixed(x, rng) for x in call.inputs], strict=True):
        if _are_alike(call, operation.public, batches):
            _compare(call.bind(operation.public), batches, COMPUTED[:2], 1e-9)


@pytest.mark.one_in(6)
@every_operation
def test_batches_of_one_and_none(operation: Operation) -> None:
    call = _calls(operation)[0]
    f = call.bind(operation.public)
    for compute in COMPUTED[:2]:
        function = compute(f)
        one = _of_loop(function, [np.asarray(x)[None] for x in call.inputs])
        assert one is not None
        found, _ = _of_batch(function, [np.asarray(x)[None] for x in call.inputs])
        none, _ = _of_batch(function, [np.empty((0, *np.shape(x)), np.asarray(x).dtype) for x in call.inputs])
        for x, y, z in zip(found, one, none, strict=True):
            _assert_equal(x, y, "a batch of one", 1e-10)
            assert len(z) == 0
            assert operation.key in BY_VALUES or (z.shape, z.dtype) == ((0, *y.shape[1:]), y.dtype)
