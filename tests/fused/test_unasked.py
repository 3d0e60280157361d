"""Rows of calls that are fused unasked, once a program has run often: the same bits as the function itself, always.

But for the bits within a nan. PLAINGRAD_PROGRAMS asks for more random programs.
"""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

import nn
from autograd import compile, grad
from autograd.extend import Rehearsed
from autograd.transforms.compile import session
from autograd.transforms.compile.compiled import Compiled
from autograd.transforms.compile.fused import fuse
from autograd.transforms.compile.fused.values import ARITHMETIC, COMPARISONS

from ..compile import (
    agreement,
    test_fallbacks,
    test_functions,
    test_operations,
    test_programs,
    test_training,
    test_training_layers,
)
from ..nn.dtype_calls import Call
from ..operations.samples import Operation
from .test_agreement import FUNCTIONS, OPERATIONS
from .test_fuse import EDGES, PROGRAMS, Array, Writer, assert_same, chain, layouts, loops, written

FLOATS = [np.float32, np.float64]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs be fused at their first run after the recording."""
    monkeypatch.setattr(agreement, "BACKEND", "auto")
    monkeypatch.setattr(session, "FIRST_LOOK", 1)
    monkeypatch.setattr(fuse, "runs_until_fused", lambda program: 1)


def compare(function: Callable[..., Any], *calls: tuple[Array, ...]) -> Compiled:
    """Compare results of a compiled function with those of the function itself."""
    compiled: Compiled = compile(function)
    with np.errstate(all="ignore"):
        for args in (calls[0], *calls, *calls):
            assert_same(compiled(*[x.copy("K") for x in args]), function(*[x.copy("K") for x in args]))
    return compiled


# When


def smooth(x: Any) -> Any:
    """Compute something of five calls in a row, four of which machine code saves."""
    return np.sqrt((x * x + 1) * 3 - x)


def run_to_the_first_look(compiled: Any, x: Array) -> Any:
    """Run what is compiled as often as it takes to find out when it is to be fused; return its program."""
    for _ in range(1 + session.FIRST_LOOK):
        compiled(x)
    (made,) = compiled.programs
    return made.program


def test_when_is_a_matter_of_counts() -> None:
    x = np.arange(20_000.0)
    compiled = compile(smooth)
    program = run_to_the_first_look(compiled, x)
    assert program.look_at == int(0.5 / (4 * (2e-7 + 3e-11 * x.nbytes))) + 1
    program.runs = program.look_at - 3
    expected = smooth(x).tobytes()
    for count in (0, 0, 1, 1):
        assert compiled(x).tobytes() == expected
        assert loops(compiled) == count


def test_what_pays_at_once_is_fused_at_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuse, "_TO_FUSE", 1e-6)
    compiled = compile(smooth)
    run_to_the_first_look(compiled, np.arange(30.0))
    assert loops(compiled) == 1


@pytest.mark.parametrize(
    ("function", "size", "backend"),
    [
        (smooth, 3, "auto"),  # which saves too little
        (lambda x: np.exp(np.sin(x + 1) - x), 20_000, "auto"),
        (lambda x: (x + 1) * 2, 200_000, "auto"),
        (smooth, 20_000, "numpy"),
    ],
)
def test_what_is_never_fused(function: Callable[..., Any], size: int, backend: Any) -> None:
    compiled = compile(function, backend=backend)
    program = run_to_the_first_look(compiled, np.linspace(0, 1, size))
    assert program.look_at == 0
    assert program.runs == (session.FIRST_LOOK if backend == "auto" else 0)
    compiled(np.linspace(0, 1, size))
    assert program.runs <= session.FIRST_LOOK  # it is not counted any more


def test_two_calls_stay(at_once: None) -> None:
    assert not loops(compare(lambda x: (np.exp((x + 1) * 2),), (np.arange(9.0),)))


def test_without_llvm_nothing_is_fused(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "autograd.transforms.compile.fused.loop_machine", None)
    assert not loops(compare(lambda x: (smooth(x),), (np.arange(9.0),)))


def test_errors_that_numpy_is_to_raise_are_raised(at_once: None) -> None:
    compiled = compile(lambda x: smooth(1 / x))
    with np.errstate(divide="raise"):
        for _ in range(3):
            compiled(np.ones(3))
        with pytest.raises(FloatingPointError):
            compiled(np.zeros(3))


def test_an_error_in_what_is_counted_names_its_line() -> None:
    test_fallbacks.test_an_error_within_a_program_which_the_function_does_not_raise(TypeError)


def test_a_derivative_is_fused_as_its_function_is(at_once: None) -> None:
    compiled = compile(lambda x: np.exp(smooth(x)))
    x, y = (nn.Parameter(np.linspace(1, 2, 30)) for _ in range(2))
    for _ in range(3):
        x.grad = y.grad = None
        compiled(x).sum().backward()
        np.exp(smooth(y)).sum().backward()
        assert x.grad is not None
        assert y.grad is not None
        assert x.grad.data.tobytes() == y.grad.data.tobytes()
    assert [part.count("    fused(") > 0 for part in compiled.source().split("_backward(")] == [True, True]


def test_what_was_rehearsed_is_fused(at_once: None) -> None:
    rehearsed, x = Rehearsed(lambda x: smooth(x), lambda: nullcontext), np.arange(30.0)
    rehearsed.rehearse(x)
    assert not rehearsed.refused
    assert rehearsed(x).tobytes() == smooth(x).tobytes()
    assert loops(rehearsed) == 1


# The same bits


@pytest.mark.parametrize("dtype", FLOATS)
def test_each_function_at_edges(dtype: Any, at_once: None) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(np.array(EDGES, dtype), np.array(EDGES, dtype)))

    def all_of_them(x: Array, y: Array) -> Any:
        made = [f(*(x, y)[: f.nin]) for f in (*ARITHMETIC, *COMPARISONS)]
        clips = [np.clip(x, *bounds) for bounds in ((-1, 2.5), (0, 1), (-1, -0.0), (None, 0.0), (y[0], y[-1]))]
        return *made, *clips, np.where(x > y, x, y), x**2, (x**2).astype(int), x.max(axis=-1, keepdims=True)

    assert loops(compare(all_of_them, (x, y), (y, x), (x[:3], y[:3]))) >= 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_squares_are_fused_and_cubes_left_to_numpy(dtype: Any, at_once: None) -> None:
    """NumPy's powers are rounded once, two products twice."""
    x = np.random.default_rng(0).standard_normal(2000).astype(dtype)
    assert loops(compare(lambda x: (x**2 * 2 + 1,), (x,))) == 1
    assert not loops(compare(lambda x: ((x * 2) ** 3 + 1,), (x,)))


def test_rows_end_at_dtypes_that_machine_code_does_not_know(at_once: None) -> None:
    def compute(x: Array) -> Any:
        z = ((x * 2 + 1) * x).astype(complex) * (1 + 2j)
        return (((z * z + z).imag * 2 + x) * x,)

    assert loops(compare(compute, (np.linspace(-1, 1, 30),))) == 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_dtype_is_what_operands_are_cast_to(dtype: Any, at_once: None) -> None:
    def compute(x: Array, y: Array) -> Any:
        z = np.add(x, y, dtype=np.float64) * 2
        return z + x, np.multiply(z, y, dtype=np.float64) - x, ((x + y) * y).sum(axis=-1, dtype=np.float64) * 2

    compare(compute, tuple(np.random.default_rng(0).random((2, 24, 800)).astype(dtype)))


@pytest.mark.parametrize("takes_second", [None, False])
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_largest_of_zeros(
    dtype: Any, takes_second: bool | None, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are left to NumPy where it is found to take another one than machine code."""
    if takes_second is not None:
        monkeypatch.setattr(fuse, "_TAKES_SECOND", takes_second)

    def largest(x: Array) -> Any:
        return np.maximum(x, x[::-1]) * 2 * 3, np.minimum(x, x[::-1]) * 2 * 3

    x = np.copysign(0, np.random.default_rng(0).standard_normal((40, 37))).astype(dtype)
    assert bool(loops(compare(largest, (x,), (-x,)))) == fuse._TAKES_SECOND


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_largest_of_rows(dtype: Any, at_once: None) -> None:
    """Which of 0.0 and -0.0 is one is not said: NumPy takes any, as it happens to go through a row."""

    def largest(x: Array) -> Any:
        return tuple(np.abs(x[:, :n].max(axis=-1)) * 2 * 3 for n in (1, 5, 8, 36, 37))

    rng = np.random.default_rng(0)
    x = np.copysign(rng.integers(0, 2, (40, 37)), rng.standard_normal((40, 37)) - 1.5).astype(dtype)
    assert loops(compare(largest, (x,), (-x,)))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("width", [1, 7, 8, 23, 128, 137, 784, 4096])
def test_sums_of_rows(width: int, dtype: Any, at_once: None) -> None:
    """What is read, what is kept for later, and what is written over are added up in NumPy's order."""

    def sums(x: Array, w: Array) -> Any:
        y = x - x.sum(axis=-1, keepdims=True) / width
        z = y / np.sqrt((y * y).sum(axis=-1)[..., None] + 1) * w
        total = y.sum(axis=-1) + 1
        y += z
        return z, total, z.sum(axis=-1) * 2, np.add.reduce(y, axis=-1), (w + w).sum()

    draw = np.random.default_rng(width)
    calls = []
    for shape in ((3, width), (2, 2, width), (1, width)):
        x = draw.standard_normal(shape) * 10.0 ** draw.integers(-3, 3, shape) * (draw.random(shape) < 0.8)
        calls.append((x.astype(dtype), draw.standard_normal(width).astype(dtype)))
    calls.append((np.full((3, width), -0.0, dtype), np.full(width, -0.0, dtype)))
    assert loops(compare(sums, *calls)) == 3  # of a program for each shape


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "shape",
    [(3000, 5), (700, 33), (2, 1), (515, 100), (3, 120), (1, 7), (40, 5, 3), (31, 4, 65), (6, 1, 2), (9, 2, 2, 17)],
)
def test_sums_of_rows_below_each_other(shape: tuple[int, ...], dtype: Any, at_once: None) -> None:
    """Sums of columns go on from tile to tile, in NumPy's order; the last columns are added once."""
    axes = (*range(len(shape) - 1),)

    def sums(x: Array, w: Array) -> Any:
        y = x * w + 1
        z = y - y.sum(axis=0) / len(x)
        total = z.sum(axis=axes, keepdims=True)
        y += total
        return z, total, np.add.reduce(y * z) * 2, y.sum(axis=axes), (-z).sum(axis=0, keepdims=True), y.max(axis=-1)

    draw = np.random.default_rng(len(shape))
    x = draw.standard_normal(shape) * 10.0 ** draw.integers(-3, 3, shape) * (draw.random(shape) < 0.8)
    w = draw.standard_normal(shape[-1:])
    calls = [(a.astype(dtype), w.astype(dtype)) for a in (x, -x, np.where(x == 0, np.inf, x), np.full(shape, -0.0))]
    assert loops(compare(sums, *calls))


@pytest.mark.parametrize("name", layouts())
def test_other_layouts_and_dtypes(name: str, at_once: None) -> None:
    x = layouts()[name]
    y: Array = np.asarray(np.random.default_rng(1).standard_normal(x.shape))

    def compute(x: Array, y: Array) -> Any:
        z = x * y + x
        z = z * 2 - y
        sums = [part.sum(axis=axis) * 2 for part in (z, z[:, ::-1], x[::-1]) for axis in (-1, 0)]
        return z, x + x - 1, (y + x) * y, np.abs(x) + x, *sums

    compiled = compile(compute)
    for _ in range(3):
        assert_same(compiled(x, y), compute(x, y))
        y = y + 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_writes_in_place(dtype: Any, at_once: None) -> None:
    draw = np.random.default_rng(0)
    assert loops(compare(written, *[tuple(draw.standard_normal((2, 3, 8)).astype(dtype)) for _ in range(3)]))


@pytest.mark.parametrize("shape", [(7, 5), (3, 4, 5), (1, 9), (6, 1), (40, 33)])
def test_rows_columns_and_numbers(shape: tuple[int, ...], at_once: None) -> None:
    draw = np.random.default_rng(0)
    calls = [[draw.standard_normal(s) for s in (shape, shape[-1:], (*shape[:-1], 1), ())] for _ in range(2)]
    assert loops(compare(chain, *map(tuple, calls))) >= 1


@pytest.mark.parametrize("seed", range(PROGRAMS // 2))
def test_random_programs(seed: int, at_once: None) -> None:
    dtype = FLOATS[seed % 2]
    program, draw = Writer(seed).function(), np.random.default_rng(seed)
    shapes = (4, 6), (4, 6), (6,), (4, 1)
    compare(program, *[tuple(draw.standard_normal(shape).astype(dtype) for shape in shapes) for _ in range(2)])


@pytest.mark.parametrize("operation", OPERATIONS[::90], ids=str)
def test_operations_agree(operation: Operation, at_once: None) -> None:
    test_operations.test_an_operation_is_replayed_bit_by_bit(operation)


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in [*FUNCTIONS.items()][::30]])
def test_functions_of_nn_agree(call: Call, at_once: None) -> None:
    test_functions.test_a_function_is_replayed_bit_by_bit(call, np.float32)


@pytest.mark.parametrize("name", [*test_training_layers.LAYERS][::30])
def test_layers_agree(name: str, at_once: None) -> None:
    test_training_layers.test_each_layer(name)


@pytest.mark.parametrize(("name", "options"), test_training.ALL[::30])
def test_optimizers_agree(name: str, options: dict[str, Any], at_once: None) -> None:
    test_training.test_each_optimizer(name, options)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_random_functions_of_numpy(seed: int, at_once: None) -> None:
    fault = test_programs.Counts().examine(seed)
    assert not fault, fault


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["gelu", "softmax", "layer_norm", "silu"])
def test_gradients_of_layers(name: str, dtype: Any, at_once: None) -> None:
    options: dict[str, Any] = {"normalized_shape": (37,)} if name == "layer_norm" else {}
    options |= {"axis": -1} if name == "softmax" else {}
    derivative = grad(lambda x: (getattr(nn.functional, name)(x, **options) ** 2).sum())
    x = np.random.default_rng(0).standard_normal((12, 37)).astype(dtype) * 3
    compare(lambda x: (derivative(x),), (x,), (x + 1,))
