"""SciPy's functions within a compiled function: one call of a program each, with the same bits."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from autograd import CompileError, compile, grad, tensor, vmap
from autograd.scipy import linalg

from .helpers import Draw
from .test_every_function import CASES, V, joined, symmetric

drawn = Draw()
NAMES = [("linalg", name) for name in CASES["linalg"]] + [
    ("fft", "dct"), ("fft", "idst"), ("signal", "convolve"), ("signal", "correlate"), ("signal", "fftconvolve"),
    ("signal", "lfilter"), ("sparse", "diags_array"), ("spatial.distance", "cdist"),
]  # fmt: skip


def compared(function: Callable[..., Any], *sets: tuple[Any, ...]) -> Any:
    """Compile a function, compare its calls with those of the function itself, and return it."""
    recorded = compile(function, backend="numpy")
    for inputs in sets:
        expected, found = function(*inputs), recorded(*inputs)
        for x, y in zip(expected, found, strict=True):
            assert np.array_equal(x, y)
            assert (type(x), x.dtype, np.shape(x)) == (type(y), y.dtype, np.shape(y))
    assert len(recorded.programs) == 1
    assert not recorded.fallbacks
    return recorded


def of_both_orders(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return a function that computes gradients, and gradients of theirs."""
    every = tuple(range(count))

    def total(*x: Any) -> Any:
        found = joined(function(*x))
        return np.sum(np.real(found) * np.cos(np.arange(found.size)))

    def slope(*x: Any) -> Any:
        return sum(np.sum(np.sin(g)) for g in grad(total, every)(*x))

    return lambda *x: (*grad(total, every)(*x), *grad(slope, every)(*x))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("module", "name"), NAMES)
def test_values_and_derivatives_of_both_orders_have_the_same_bits(module: str, name: str) -> None:
    case, here = CASES[module][name], import_module(f"autograd.scipy.{module}")

    def value(*x: Any) -> Any:
        return (joined(case.call(here, *map(tensor, x))).data,)

    sets = [tuple(x.copy("K") + step for x in case.inputs) for step in (0.0, 1e-3, 0.0)]
    compared(value, *sets)
    compared(of_both_orders(lambda *x: case.call(here, *x), len(case.inputs)), *sets)


@pytest.mark.parametrize("shape", [(2, 1, 3, 3), (0, 3, 3), (2, 0, 0)])
def test_stacks_and_batches_are_single_calls(shape: tuple[int, ...]) -> None:
    a, b = np.asarray(drawn(shape)) + 3 * np.eye(shape[-1]), np.asarray(drawn((*shape[:-1], 2)))
    for function in (linalg.solve, lambda a, b: linalg.det(a), lambda a, b: linalg.logm(a @ a.mT)):
        compared(of_both_orders(function, 2), (a, b), (a + 0.1, b - 0.1))

    def of_batch(a: Any, b: Any) -> Any:
        return vmap(lambda a, b: grad(lambda a: np.sum(np.sin(linalg.solve(a, b))))(a))(a, b), a

    found = compared(of_batch, (a, b), (a + 0.1, b - 0.1))
    assert found.source().count("_of_stack") == 2  # the solution, and the one of its rule


def test_the_logarithm_of_an_empty_matrix() -> None:
    compared(lambda a: (linalg.logm(tensor(a)).data,), (np.zeros((0, 0)),), (np.zeros((0, 0)),))


def test_errors_of_scipy_are_raised_in_replays() -> None:
    def function(a: Any) -> Any:
        return grad(lambda a: np.sum(linalg.cholesky(symmetric(a))))(a)

    recorded, a = compile(function), np.asarray(drawn((3, 3)))
    expected = recorded(a)
    assert np.array_equal(recorded(a), expected)
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        recorded(a - 10 * np.eye(3))
    with pytest.raises(ValueError, match="infs or NaNs"):
        recorded(a + np.nan)
    assert np.array_equal(recorded(a), expected)
    assert len(recorded.programs) == 1


def test_a_determinant_that_is_not_finite_is_refused_by_a_replay() -> None:
    recorded = compile(grad(linalg.det))
    assert np.allclose(recorded(np.diag([2.0, 3.0])), np.diag([3.0, 2.0]))
    with pytest.raises(ValueError, match="infs or NaNs"):
        recorded(np.diag([np.inf, 3.0]))


def test_the_value_of_a_determinant_is_a_number() -> None:
    recorded = compared(lambda a: (linalg.det(a),), (np.diag(V),), (np.diag(V + 1),))
    assert type(recorded(np.diag(V))[0]) is np.float64


def test_solvers_that_call_a_function_are_refused_with_the_line() -> None:
    optimize = import_module("autograd.scipy.optimize")
    with pytest.raises(CompileError, match=r"test_compiled\.py:\d+"):
        compile(lambda a: optimize.root(lambda x: x**3 - a, np.ones(2)).x)(np.array([1.0, 2.0]))
