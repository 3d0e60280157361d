"""Random programs of several operations against JAX: values, gradients, forward derivatives and second ones.

`PLAINGRAD_PROGRAMS=10000 pytest tests/against_jax` tries more, from the seed `PLAINGRAD_SEED` on.
"""

import os
import warnings
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, jvp, tensor

from .derivatives import WAYS, Arrays, Way, of_jax, weighted
from .programs import Array, Program, grow

jax = pytest.importorskip("jax", reason="compares with JAX: pip install -e '.[jax]'")

PROGRAMS = int(os.environ.get("PLAINGRAD_PROGRAMS", "80"))
SEED = int(os.environ.get("PLAINGRAD_SEED", "0"))
PARTS = 8


@pytest.fixture(autouse=True)
def _double_precision() -> Iterator[None]:
    with jax.enable_x64(True):
        yield
    jax.clear_caches()


@pytest.mark.parametrize("part", range(PARTS))
def test_derivatives_are_those_of_jax(part: int) -> None:
    faults = [fault for seed in range(SEED + part, SEED + PROGRAMS, PARTS) if (fault := examine(seed))]
    assert not faults, "\n\n".join(faults)


def examine(seed: int) -> str | None:
    """Return what is wrong with what becomes of a program, as text that can be run."""
    random = Random(seed)
    program = grow(random)
    try:
        wrong = differences(program, random)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is to be shown with the program
        wrong = f"{type(error).__name__}: {error}"
    return wrong and f"# {wrong} (program {seed})\n{program}"


def differences(program: Program, random: Random) -> str | None:
    """Compare a program with NumPy's values, and its derivatives with those of JAX."""
    xs = tuple(program.inputs.values())
    values = program.function()(*xs)
    rng = np.random.default_rng(random.randrange(2**32))
    weights = [rng.uniform(-1, 1, np.shape(value)) for value in values]
    directions = tuple(np.asarray(rng.uniform(-1, 1, x.shape), x.dtype) for x in xs)
    chosen = [
        (what, name) for what, ways in WAYS.items() for name in ways if what != "curvature" or random.random() < 0.5
    ]
    wrong = differs(program, weights, xs, directions, chosen, compiled=True)
    if wrong:  # XLA's compiler loses an update of a slice now and then
        wrong = differs(program, weights, xs, directions, chosen, compiled=False)
    return other_values(program, xs, values) or wrong


def differs(
    program: Program, weights: list[Array], xs: Arrays, us: Arrays, chosen: list[tuple[str, str]], compiled: bool
) -> str | None:
    """Say where a derivative is another than JAX's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = of_jax(jax, program, weights, xs, us, compiled)
    except jax.errors.JaxRuntimeError:
        return None  # XLA lays out some Fourier transforms in a way that it then refuses
    if not all(np.isfinite(x).all() for found in expected.values() for x in found):
        return None  # as of a branch that was not taken, where JAX has none
    loss = weighted(program.function(), weights)
    wrong = other_tangents(program, xs, us, weights, expected["slope"])
    for what, name in chosen:
        wrong = wrong or other(name, WAYS[what][name], loss, xs, us, expected[what])
    return wrong


def other_values(program: Program, xs: Arrays, values: Arrays) -> str | None:
    """Say where tensors give other values than arrays, or others of type."""
    tolerance = 1e-5 if any(x.dtype == np.float32 for x in xs) else 1e-12
    results = program.function()(*(tensor(x, requires_grad=True) for x in xs))
    for place, (result, value) in enumerate(zip(results, map(np.asarray, values), strict=True)):
        y = result.data if isinstance(result, Tensor) else np.asarray(result)
        if y.shape != value.shape or y.dtype != value.dtype:
            return f"result {place}: {y.shape} {y.dtype}, NumPy's {value.shape} {value.dtype}"
        if not np.allclose(y, value, rtol=tolerance, atol=tolerance):
            return f"result {place}: {y}, NumPy's {value}"
    return None


def other_tangents(program: Program, xs: Arrays, us: Arrays, weights: Any, expected: Arrays) -> str | None:
    """Say where a tangent has another shape or type than its value, or all together another slope."""
    values, tangents = jvp(program.function(), xs, us)
    for place, (value, tangent) in enumerate(zip(map(np.asarray, values), tangents, strict=True)):
        if tangent.shape != value.shape or tangent.dtype != value.dtype:
            return f"tangent {place}: {tangent.shape} {tangent.dtype} for {value.shape} {value.dtype}"

    def slope(_: Any, xs: Arrays, us: Arrays) -> Arrays:
        _, tangents = jvp(program.function(), xs, us)
        return (sum((np.sum(w * t) for w, t in zip(weights, tangents, strict=True)), np.zeros(())),)

    return other("jvp", slope, None, xs, us, expected)


def other(name: str, way: Way, loss: Any, xs: Arrays, directions: Arrays, expected: Arrays) -> str | None:
    """Say how a derivative differs from JAX's, by more than rounding, and what rounding of the inputs does."""
    found = [np.asarray(x) for x in way(loss, xs, directions)]
    if [x.shape for x in found] != [x.shape for x in expected]:
        return f"{name}: shapes {[x.shape for x in found]}, JAX's {[x.shape for x in expected]}"
    if name not in {"jvp", "linearize"} and [x.dtype for x in found] != [x.dtype for x in xs]:
        return f"{name}: {[x.dtype for x in found]} for inputs of {[x.dtype for x in xs]}"
    single = any(x.dtype == np.float32 for x in xs)
    scale = max((abs(x).max() for x in expected if x.size), default=0.0) + 1.0
    error = distance(found, expected)
    if error <= (1e-4 if single else 1e-10) * scale:
        return None
    step = 1e-6 if single else 1e-12
    moved = tuple((x * (1 + step * np.cos(7 * np.arange(x.size)).reshape(x.shape))).astype(x.dtype) for x in xs)
    if error <= 100 * distance([np.asarray(x) for x in way(loss, moved, directions)], found):
        return None
    return f"{name}: {found}, JAX's {expected}, which is {error:.2g} away"


def distance(xs: Any, ys: Any) -> float:
    return max((float(np.abs(x - y).max()) if x.size else 0.0 for x, y in zip(xs, ys, strict=True)), default=0.0)
