"""GMRES, with which the derivatives of fixed points are solved for."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ConvergenceError, fixed_point, grad, hvp, no_grad, tensor, vmap
from autograd.transforms.gmres import BASIS, gmres


def contraction(rng: np.random.Generator, size: int, radius: float, dtype: Any = float) -> Any:
    """Return a matrix with that spectral radius, not symmetric."""
    j = rng.normal(size=(size, size)) + (1j * rng.normal(size=(size, size)) if np.dtype(dtype).kind == "c" else 0)
    return (j * radius / np.abs(np.linalg.eigvals(j)).max()).astype(dtype)


@given(
    size=st.integers(1, 40),
    radius=st.sampled_from([0.0, 0.3, 0.9, 0.99]),
    dtype=st.sampled_from(["f4", "f8", "c8", "c16"]),
    scale=st.sampled_from([1e-30, 1e-9, 1.0, 1e30]),
    seed=st.integers(0, 10**6),
)
def test_it_solves_what_a_dense_solver_does(size: int, radius: float, dtype: str, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    j = contraction(rng, size, radius, dtype)
    g = (rng.normal(size=size) * scale).astype(dtype)
    wide = np.eye(size) - j.astype(complex if j.dtype.kind == "c" else float)
    w = gmres(lambda w: j @ w, g, 0.0, 100_000)
    assert w.dtype == g.dtype
    eps = np.finfo(dtype).eps
    assert np.allclose(w, np.linalg.solve(wide, g), rtol=0, atol=200 * eps * np.linalg.cond(wide) * np.abs(w).max())


@pytest.mark.parametrize("radius", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("symmetric", [False, True])
def test_it_takes_about_as_many_products_as_the_iteration_or_far_fewer(radius: float, symmetric: bool) -> None:
    rng = np.random.default_rng(0)
    j, g = contraction(rng, 200, radius), rng.normal(size=200)
    if symmetric:
        j = j + j.T
        j *= radius / np.abs(np.linalg.eigvalsh(j)).max()
    calls = {"gmres": 0, "iteration": 0}

    def product(name: str, w: Any) -> Any:
        calls[name] += 1
        return j @ w

    gmres(lambda w: product("gmres", w), g, 1e-12, 10_000)
    with no_grad():
        fixed_point(lambda w: g + product("iteration", w), g, tolerance=1e-12)
    assert calls["gmres"] <= calls["iteration"] * (0.75 if symmetric else 1.25)


def test_a_rotation_takes_no_more_than_its_dimensions_though_the_basis_is_smaller() -> None:
    size = BASIS * 2  # each step of less than `size` products leaves the error as large as J does
    j = 0.9 * np.roll(np.eye(size), 1, axis=0)
    g = np.eye(size)[0]
    assert np.allclose(gmres(lambda w: j @ w, g, 1e-12, 300), np.linalg.solve(np.eye(size) - j, g), atol=1e-11)


def test_it_solves_what_is_linear_over_the_real_numbers_only() -> None:
    a, b, g = 0.5 - 0.3j, 0.2 + 0.1j, np.array([1.0 - 2j, 3j])
    w = gmres(lambda w: a * w + b * np.conj(w), g, 1e-14, 100)
    assert np.allclose(w, g + a * w + b * np.conj(w))


def test_elements_of_a_batch_are_as_accurate_as_alone() -> None:
    rng = np.random.default_rng(1)
    js = np.stack([contraction(rng, 3, radius) for radius in (0.1, 0.5, 0.95)])
    gs = rng.normal(size=(3, 3)) * [[1e-200], [1.0], [1e150]]
    found = vmap(lambda j, g: gmres(lambda w: j @ w, g, 1e-13, 1000))(js, gs)
    shared = vmap(lambda j: gmres(lambda w: j @ w, gs[1], 1e-13, 1000))(js)
    for j, g, w, of_one in zip(js, gs, found, shared, strict=True):
        assert np.allclose(w / np.abs(w).max(), np.linalg.solve(np.eye(3) - j, g) / np.abs(w).max(), atol=1e-11)
        assert np.allclose(of_one, np.linalg.solve(np.eye(3) - j, gs[1]), rtol=1e-10)


def test_nothing_and_zero_are_solved() -> None:
    assert gmres(lambda w: w, np.zeros((0, 2)), 1e-12, 10).shape == (0, 2)
    assert np.array_equal(gmres(lambda w: 0.5 * w, np.zeros(2), 1e-12, 10), np.zeros(2))


@pytest.mark.parametrize("j", [1.0, np.nan, np.inf])
def test_what_has_no_solution_raises(j: float) -> None:
    with pytest.raises(ConvergenceError, match=r"derivative is not solved after \d+ products .* \(shape \(2,\)\)"):
        gmres(lambda w: j * w, np.ones(2), 1e-12, 100)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_derivatives_of_a_fixed_point_keep_the_dtype(dtype: str) -> None:
    b = tensor(np.array([0.5, -0.25], dtype), requires_grad=True)
    x = fixed_point(lambda x: np.tanh(np.dtype(dtype).type(0.9) * x + b), np.zeros(2, dtype))
    x.sum().backward()
    slope = 1 - x.data.astype(float) ** 2
    assert b.grad.dtype == dtype
    assert np.allclose(b.grad.data, slope / (1 - 0.9 * slope), rtol=100 * np.finfo(dtype).eps)


def test_second_derivatives_of_a_batch() -> None:
    def loss(b: Any) -> Any:
        return np.sum(fixed_point(lambda x: np.tanh(0.9 * x[::-1] + b), np.zeros(3)) ** 2)

    bs = np.random.default_rng(2).normal(size=(4, 3))
    together = vmap(lambda b: hvp(loss, b, np.ones(3)))(bs)
    for b, found in zip(bs, together, strict=True):
        h = 1e-5
        assert np.allclose(found, (grad(loss)(b + h) - grad(loss)(b - h)) / (2 * h), rtol=1e-5, atol=1e-7)
