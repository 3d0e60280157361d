"""Solvers with sparse derivatives find what they find with dense ones, and say which they took."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize as theirs

from autograd import AutogradError, grad, jacobian, vmap
from autograd.scipy import integrate, optimize

N = 120  # above the size from which on sparse ones pay
LINE = np.linspace(0, 1, N)


def chain(x: Any, a: Any) -> Any:
    return np.concatenate([x[:1] - a, 2.5 * x[1:-1] + 0.1 * x[1:-1] ** 3 - x[:-2] - x[2:] - 0.1, x[-1:] - 1])


def switching(x: Any, a: Any) -> Any:
    """Have another pattern at the solution than at the start, 0."""
    return np.where(x > 0.1, chain(x, a) + 0.1 * np.roll(x, 3) ** 2, 5 * x - a)


def valley(x: Any, a: Any) -> Any:
    return np.sum((x[1:] - x[:-1] ** 2) ** 2 + np.cosh(x[1:] - a)) + x[0] ** 2


def bent(x: Any, a: Any) -> Any:
    return np.concatenate([x - a * LINE, 3 * np.diff(x, 2), 0.1 * x[1:] * x[:-1]])


def rod(t: Any, y: Any, a: Any = 1.0) -> Any:
    return np.concatenate([y[:1] * 0, 100 * (y[:-2] - 2 * y[1:-1] + y[2:]), y[-1:] * 0]) - a * y**3


def ring(t: Any, y: Any, a: Any = 1.0) -> Any:
    return 50 * (np.roll(y, 1) + np.roll(y, -1) - 2 * y) - a * y**3


def _rooted(method: str) -> Callable[..., Any]:
    return lambda a, sparse: optimize.root(chain, np.ones(N, int), (a,), method, tol=1e-12, sparse=sparse)


def _lowest(method: str) -> Callable[..., Any]:
    return lambda a, sparse: optimize.minimize(
        valley, np.full(N, 0.3), (a,), method, options={"xtol": 1e-12, "maxiter": 300}, sparse=sparse
    )


def _held(a: Any, sparse: Any) -> Any:
    circle = theirs.NonlinearConstraint(lambda x: x[1:] ** 2 + x[:-1] ** 2, 0, 0.5)
    options = {"xtol": 1e-10, "gtol": 1e-10, "maxiter": 500}
    return optimize.minimize(
        lambda x: valley(x, a), np.full(40, 0.3), (), "trust-constr", constraints=circle, options=options,
        sparse=sparse is None,
    )  # fmt: skip


SOLVERS: dict[str, Callable[..., Any]] = {
    "hybr": _rooted("hybr"),
    "lm": _rooted("lm"),
    "a growing pattern": lambda a, sparse: optimize.root(switching, np.zeros(N), (a,), tol=1e-12, sparse=sparse),
    "trf": lambda a, sparse: optimize.least_squares(bent, 0 * LINE, args=(a,), xtol=1e-14, sparse=sparse),
    "dogbox": lambda a, sparse: optimize.least_squares(
        bent, 0 * LINE, args=(a,), method="dogbox", xtol=1e-14, sparse=sparse
    ),
    "Newton-CG": _lowest("Newton-CG"),
    "trust-constr": _lowest("trust-constr"),
    "constraints": _held,
}


@pytest.mark.parametrize("name", SOLVERS)
def test_solutions_are_those_by_dense_derivatives(name: str) -> None:
    by_itself, dense = (SOLVERS[name](0.7, sparse) for sparse in (None, False))
    assert "sparse " in by_itself.derivatives
    assert "sparse " not in dense.derivatives
    atol = 1e-3 if name == "constraints" else 1e-5  # the Hessian of these is otherwise guessed from gradients
    np.testing.assert_allclose(by_itself.x, dense.x, rtol=0, atol=atol)


@pytest.mark.parametrize("name", ["hybr", "trf", "Newton-CG", "a growing pattern"])
def test_derivatives_of_solutions(name: str) -> None:
    def of(sparse: bool | None) -> Callable[[Any], Any]:
        return lambda a: np.sum(np.cos(LINE) * SOLVERS[name](a, sparse).x)

    near = (of(False)(0.701) - of(False)(0.699)) / 0.002
    np.testing.assert_allclose(grad(of(None))(0.7), near, rtol=1e-3)
    second = (grad(of(None))(0.702) - grad(of(None))(0.698)) / 0.004
    np.testing.assert_allclose(grad(grad(of(None)))(0.7), second, rtol=1e-2, atol=1e-4)


def test_a_jacobian_of_a_solution() -> None:
    """Rows are computed as a batch."""

    def solution(b: Any) -> Any:
        return optimize.root(lambda x: chain(x, 1.0) - b, np.ones(N), tol=1e-12).x

    slopes = jacobian(lambda x: chain(x, 1.0))(solution(np.zeros(N)))
    np.testing.assert_allclose(jacobian(solution)(np.zeros(N)), np.linalg.inv(slopes), atol=1e-8)


@pytest.mark.parametrize("method", ["BDF", "Radau", "LSODA"])
@pytest.mark.parametrize("slopes", [rod, ring])
def test_stiff_equations(method: str, slopes: Any) -> None:
    start = np.sin(3 * LINE)
    found, dense = (
        integrate.solve_ivp(slopes, (0, 1), start, method, rtol=1e-6, atol=1e-6, sparse=sparse)
        for sparse in (None, False)
    )
    assert "sparse " in found.derivatives
    assert dense.derivatives == "dense, by differences"
    np.testing.assert_allclose(found.y[:, -1], dense.y[:, -1], atol=1e-4)
    assert found.nfev < 0.7 * dense.nfev or method != "LSODA"  # whose differences count
    with_a = grad(lambda a: np.sum(integrate.solve_ivp(slopes, (0, 0.1), start, method, args=(a,)).y[:, -1]))(1.0)
    near = [np.sum(integrate.solve_ivp(slopes, (0, 0.1), start, method, args=(a,)).y[:, -1]) for a in (0.9, 1.1)]
    np.testing.assert_allclose(with_a, (near[1] - near[0]) / 0.2, rtol=0.05)


def test_other_methods_and_jacobians_of_ones_own_are_as_in_scipy() -> None:
    start = np.sin(3 * LINE)
    assert "derivatives" not in integrate.solve_ivp(rod, (0, 0.01), start)
    own = integrate.solve_ivp(rod, (0, 0.01), start, "BDF", jac=lambda t, y: jacobian(lambda y: rod(t, y))(y))
    assert "derivatives" not in own


def test_a_preconditioner_for_krylov() -> None:
    found = optimize.root(chain, np.ones(N), (0.7,), "krylov", sparse=True)
    np.testing.assert_allclose(found.x, SOLVERS["hybr"](0.7, False).x, atol=1e-4)
    assert found.nit <= 8
    assert "sparse " in found.derivatives


def test_dense_functions_are_treated_as_such() -> None:
    large = 330  # so that a dense pattern would be warned of
    full = np.random.default_rng(0).normal(size=(large, large)) / 50
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nobody asked for a sparse one
        found = optimize.root(lambda x: x + full @ np.tanh(x) - 1, np.ones(large))
    assert found.derivatives == "dense: 100% of its elements are entries"
    assert optimize.root(lambda x: x**2 - 2, np.ones(3)).derivatives == "dense"


def test_what_has_no_pattern() -> None:
    """Without a pattern the dense way is taken, which the result says, or the error is raised if it is asked for."""

    def unknown(x: Any) -> Any:
        assert len(memoryview(x.data)) == N
        return x**2 - 2

    assert "could not be found" in optimize.root(unknown, np.ones(N)).derivatives
    with pytest.raises(TypeError, match="memoryview"):
        optimize.root(unknown, np.ones(N), sparse=True)
    with pytest.raises(AutogradError, match="math"):
        optimize.root(lambda x: x - math.sin(x[0]), np.ones(N))


def test_within_vmap() -> None:
    each = vmap(lambda a: optimize.root(chain, np.ones(N), (a,), tol=1e-12).x)(np.array([0.5, 0.7]))
    np.testing.assert_allclose(each[1], SOLVERS["hybr"](0.7, False).x, atol=1e-8)
