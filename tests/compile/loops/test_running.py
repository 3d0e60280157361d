"""Loops that Python runs, since their body calls BLAS: rows of the other calls are machine code, once that pays."""

from typing import Any

import numpy as np
import pytest

from autograd import compile, grad, scan

from .random_loops import loops_of

Array = np.ndarray[Any, Any]
T, N, M = 60, 48, 160  # products of (N, M) and (M, M) are left to BLAS
FUSED = "rows of its other calls are machine code"

rng = np.random.default_rng(0)
WEIGHT = rng.normal(size=(M, M)) / np.sqrt(M)
XS, LEFT = rng.normal(size=(T, N, M)), rng.normal(size=(N, M))


def cell(h: Any, x: Any) -> Any:
    """One step with a product, many elementwise calls, and gates side by side."""
    terms = np.concatenate([h @ WEIGHT, x], axis=1)
    gate, new = np.tanh(terms[:, :M] * 0.5) * 0.5 + 0.5, np.tanh(terms[:, M:] - 0.1)
    return gate * h + (1 - gate) * new


def of_states(h: Any, xs: Any, reverse: bool = False) -> Any:
    """Collect what is carried before and after, a row of the input, a view, a number, and what is written to later."""

    def step(state: Any, x: Any) -> Any:
        h, total = state
        after = cell(h, x)
        written = np.zeros_like(h)
        part = written[:2]
        written[0] = after[0] * 2
        written[1:] = after[:-1] + h[1:]
        return (after, total + np.sum(after[0])), (h, after, x[:3].T, part, total, np.sum(after), written)

    return scan(step, (h, 0.0), xs, reverse=reverse)


def loss(h: Any, xs: Any) -> Any:
    (last, total), ys = of_states(h, xs)
    return np.sum(last**2) + total + sum(np.sum(np.sin(y)) for y in ys)


def _leaves(found: Any) -> list[Array]:
    (last, total), ys = found
    return [np.asarray(x) for x in (last, total, *ys)]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_what_is_collected(backend: Any, reverse: bool) -> None:
    """By NumPy alone each row has the bits of a step without `compile`."""
    tolerance = 0.0
    if backend == "auto":
        pytest.importorskip("llvmlite")
        tolerance = 1e-12
    compiled = compile(lambda h, xs: of_states(h, xs, reverse), backend=backend)
    expected = _leaves(of_states(LEFT, XS, reverse))
    for _ in range(4):
        for y, x in zip(_leaves(compiled(LEFT, XS)), expected, strict=True):
            np.testing.assert_allclose(y, x, rtol=tolerance, atol=tolerance)
    (program,) = compiled.programs
    assert loops_of(compiled)
    assert (FUSED in program.source) is (backend == "auto")


def test_derivatives() -> None:
    pytest.importorskip("llvmlite")
    compiled, expected = compile(grad(loss, argnums=(0, 1))), grad(loss, argnums=(0, 1))(LEFT, XS)
    for _ in range(4):
        for y, x in zip(compiled(LEFT, XS), expected, strict=True):
            np.testing.assert_allclose(y, x, rtol=1e-10, atol=1e-10)
    assert compiled.programs[0].source.count(FUSED) == 2  # forward and back


def test_errors_are_raised_where_they_are_asked_for() -> None:
    """Machine code raises no errors of NumPy's: the loop then runs by NumPy's calls."""
    pytest.importorskip("llvmlite")

    def step(h: Any, x: Any) -> Any:
        h = cell(h, x)
        return h, np.log(h - h + x) * 2 - 1 + h

    compiled = compile(lambda h, xs: scan(step, h, xs)[1])
    with np.errstate(divide="ignore"):
        for _ in range(4):
            compiled(LEFT, np.abs(XS))
    assert FUSED in compiled.programs[0].source
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        compiled(LEFT, np.zeros_like(XS))


def test_a_loop_that_saves_little_stays_as_it_is() -> None:
    pytest.importorskip("llvmlite")
    compiled = compile(lambda h, xs: scan(lambda h, x: (h @ WEIGHT + x, np.sum(h)), h, xs))
    for _ in range(4):
        compiled(LEFT, XS)
    assert loops_of(compiled)
    assert FUSED not in compiled.programs[0].source
