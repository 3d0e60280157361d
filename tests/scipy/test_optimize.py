"""Roots and minima under SciPy's names, and their derivatives."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize as theirs

from autograd import (
    ConvergenceError,
    DerivativeError,
    DtypeError,
    GraphError,
    Tensor,
    UnsupportedError,
    grad,
    hessian,
    jacobian,
    jvp,
    no_grad,
    tensor,
    vmap,
)
from autograd.scipy import optimize

from .derivatives import check

A = np.array([2.0, 3.0])
METHODS = ["Nelder-Mead", "Powell", "COBYLA", "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "dogleg",
           "trust-ncg", "trust-krylov", "trust-exact", "trust-constr", None]  # fmt: skip


def cubic(x: Any, a: Any) -> Any:
    return x**3 + 0.1 * x[::-1] - a


def root_of(a: Any) -> Any:
    return optimize.root(cubic, np.ones(2), (a,), tol=1e-14).x


def valley(x: Any, a: Any) -> Any:
    return np.sum(np.cosh(x - a)) + 0.1 * x[0] * x[1] * a[0]


def lowest(a: Any) -> Any:
    return optimize.minimize(valley, np.zeros(2), (a,), method="trust-exact", options={"gtol": 1e-9}).x


T = np.array([0.0, 0.5, 1.0, 2.0])
Y = np.array([2.1, 1.4, 1.0, 0.4])


def fitted(y: Any, **options: Any) -> Any:
    return optimize.least_squares(
        lambda x: x[0] * np.exp(-x[1] * T) - y, [1.0, 1.0], xtol=1e-15, gtol=1e-15, ftol=1e-15, **options
    ).x


SOLUTIONS: dict[str, tuple[Any, Any]] = {
    "root": (root_of, A),
    "root of a closure": (lambda a: optimize.root(lambda x: cubic(x, a), np.ones(2), tol=1e-14).x, A),
    "fsolve": (lambda a: optimize.fsolve(cubic, [1.0, 1.0], a, xtol=1e-14), A),
    "brentq": (lambda a: optimize.brentq(lambda x: np.exp(x) - a, 0, 3), np.float64(4.0)),
    "minimize": (lowest, A),
    "least_squares": (fitted, Y),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", SOLUTIONS)
def test_solutions_have_derivatives_of_both_orders_in_both_modes(name: str) -> None:
    solution, at = SOLUTIONS[name]
    check(solution, at, step=1e-3)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_losses(loss: str) -> None:
    found = jacobian(lambda y: fitted(y, loss=loss, f_scale=0.05))(Y)
    for i, step in enumerate(1e-5 * np.eye(4)):
        slope = (fitted(Y + step, loss=loss, f_scale=0.05) - fitted(Y - step, loss=loss, f_scale=0.05)) / 2e-5
        assert np.allclose(found[:, i], slope, rtol=1e-3, atol=1e-4)


def test_the_third_derivative_of_a_root() -> None:
    def root(a: Any) -> Any:
        return optimize.root_scalar(lambda x: x * x - a, bracket=(0, 5)).root

    assert np.isclose(grad(grad(grad(root)))(2.0), 3 / 8 * 2**-2.5)
    assert np.isclose(jvp(root, 2.0, 1.0)[1], 0.5 / math.sqrt(2))


@pytest.mark.parametrize("close", [False, True])
def test_each_element_of_a_batch_has_its_own_solution(close: bool) -> None:
    batch = np.array([[2.0, 3.0], [1.0, 5.0], [4.0, 0.5]])
    for solution in (root_of, lowest):
        here = (
            (lambda a: optimize.root(lambda x: cubic(x, a), np.ones(2)).x)
            if close and solution is root_of
            else solution
        )
        assert np.allclose(vmap(here)(batch), [solution(a) for a in batch])
        assert np.allclose(vmap(jacobian(here))(batch), [jacobian(solution)(a) for a in batch])
    assert np.allclose(vmap(lambda b, y: fitted(y), in_axes=(0, None))(batch, Y), [fitted(Y)] * 3)
    roots = vmap(lambda a: optimize.root_scalar(lambda x: x * x - a, bracket=(0, 5)).root)(batch[:, 0])
    assert np.allclose(roots, np.sqrt(batch[:, 0]))


@given(st.lists(st.floats(0.5, 9), min_size=2, max_size=2))
@settings(max_examples=10)
def test_arrays_give_what_scipy_gives(values: list[float]) -> None:
    a = np.array(values)
    ours, scipys = (module.root(cubic, np.ones(2), (a,), jac=False) for module in (optimize, theirs))
    assert np.array_equal(ours.x, scipys.x)
    assert ours.nfev == scipys.nfev
    assert np.allclose(optimize.root(cubic, np.ones(2), (a,)).x, scipys.x)
    assert np.allclose(lowest(a), theirs.minimize(valley, np.zeros(2), (a,), tol=1e-12).x, atol=1e-4)
    low, high = optimize.brentq(lambda x: x - values[0], 0, 10), theirs.brentq(lambda x: x - values[0], 0, 10)
    assert low == high


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_given_what_they_need(method: str | None) -> None:
    found = optimize.minimize(valley, np.zeros(2), (A,), method=method)
    assert found.success
    assert np.allclose(found.x, lowest(A), atol=1e-3)


def test_a_gradient_that_is_given_is_used() -> None:
    def slopes(x: Any, a: Any) -> Any:
        return np.sinh(x - a) + 0.1 * x[::-1] * a[0]

    def both(x: Any, a: Any) -> Any:
        return valley(x, a), slopes(x, a)

    for jac, fun in ((slopes, valley), (True, both), ("2-point", valley)):
        options: Any = {"fun": fun, "x0": np.zeros(2), "jac": jac}
        solution = partial(lambda options, a: optimize.minimize(args=(a,), **options).x, options)
        assert np.allclose(solution(A), lowest(A), atol=1e-4)
        assert np.allclose(jacobian(solution)(A), jacobian(lowest)(A), atol=1e-3)


def test_containers_are_kept() -> None:
    start = {"w": np.zeros((2, 2)), "b": (np.array(0.5),)}

    def loss(p: Any) -> Any:
        return np.sum((p["w"] @ A - 1) ** 2) + np.sum((p["w"] - 0.1) ** 2) + (p["b"][0] - 2) ** 2

    seen: list[Any] = []
    for method in ("BFGS", "trust-ncg", "Nelder-Mead"):
        found = optimize.minimize(loss, start, method=method, callback=seen.append, options={"maxiter": 4000})
        assert found.x["w"].shape == (2, 2)
        assert np.isclose(found.x["b"][0], 2, atol=1e-3)
    assert seen[0].keys() == start.keys()
    assert optimize.minimize(lambda x: np.sum((x - 1) ** 2), np.zeros((2, 2))).x.shape == (2, 2)


def test_the_value_at_a_minimum_is_differentiated_too() -> None:
    found = hessian(lambda a: optimize.minimize(valley, np.zeros(2), (a,), tol=1e-12).fun)(A)
    assert np.allclose(found, jacobian(grad(lambda a: valley(lowest(a), a)))(A), atol=1e-6)
    residuals = jacobian(lambda y: optimize.least_squares(lambda x: x[0] * T - y, [1.0]).fun)(Y)
    assert np.allclose(residuals, np.outer(T, T) / np.sum(T * T) - np.eye(4))


def test_x_is_constant_where_a_bound_holds_it() -> None:
    def held(a: Any) -> Any:
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(2), bounds=[(0, 1), (None, 9)]).x

    assert np.allclose(jacobian(held)(np.array([2.0, 3.0])), [[0, 0], [0, 1]])
    fit = jacobian(lambda a: optimize.least_squares(lambda x: x - a, np.full(2, 0.5), bounds=([0, 0], [1, 9])).x)
    assert np.allclose(fit(np.array([2.0, 3.0])), [[0, 0], [0, 1]], atol=1e-6)


def nearest(a: Any, constraints: Any = (), start: Any = (0.4, 0.4), method: str = "SLSQP", **options: Any) -> Any:
    """Return the point under constraints that is nearest to `a`."""
    distance = lambda x, a: np.sum((x - a) ** 2)  # noqa: E731
    return optimize.minimize(distance, start, (a,), method, constraints=constraints, **options).x


UNIT = {"type": "ineq", "fun": lambda x: 1 - x @ x}
PRECISE: dict[str, Any] = {
    "SLSQP": {"tol": 1e-13}, "trust-constr": {"options": {"gtol": 1e-7, "xtol": 1e-7, "barrier_tol": 1e-6}},
    "COBYLA": {"tol": 1e-6},
}  # fmt: skip


COBYLA_TAKES_EQUATIONS = np.lib.NumpyVersion(scipy.__version__) >= "1.16.0"


@pytest.mark.one_in(2)
@pytest.mark.filterwarnings("ignore:delta_grad == 0.0:UserWarning")
@pytest.mark.parametrize("method", PRECISE)
def test_minima_under_constraints(method: str) -> None:
    """The point of a disc, of a line, of a half-plane that is nearest has a closed form."""
    near: Any = partial(nearest, method=method, **PRECISE[method])
    normal = np.array([3.0, 4.0]) / 5
    cases: list[tuple[Any, Any]] = [
        (UNIT, lambda a: a / np.sqrt(a @ a)),
        (theirs.LinearConstraint(normal, 2, 2), lambda a: a + (2 - normal @ a) * normal),
        (theirs.NonlinearConstraint(lambda x: [x @ x, x[0]], [-np.inf, -9], [1, 9]), lambda a: a / np.sqrt(a @ a)),
        ([{"type": "eq", "fun": lambda x: x[0] + x[1] - 1}, {"type": "ineq", "fun": lambda x: 99 - x}],
         lambda a: a + (1 - a[0] - a[1]) / 2),
    ]  # fmt: skip
    without = method == "COBYLA" and not COBYLA_TAKES_EQUATIONS
    for constraints, form in cases if method == "SLSQP" else cases[: 1 if without else 2]:  # the others take long
        assert np.allclose(jacobian(lambda a, c=constraints: near(a, c))(A), jacobian(form)(A), atol=1e-3)
    # the size of the disc: what a constraint closes over, and by a tensor alone
    disc = lambda r: near(A, {"type": "ineq", "fun": lambda x: r * r - x @ x})  # noqa: E731
    assert np.allclose(jacobian(disc)(0.8), A / np.linalg.norm(A), atol=1e-3)


def test_minima_under_constraints_have_second_derivatives_and_values() -> None:
    near = partial(nearest, constraints=UNIT, tol=1e-14)
    form: Any = lambda a: a / np.sqrt(a @ a)  # noqa: E731
    assert np.allclose(jacobian(jacobian(near))(A), jacobian(jacobian(form))(A), atol=1e-7)
    assert np.allclose(jvp(near, (A,), (A[::-1],))[1], jvp(form, (A,), (A[::-1],))[1], atol=1e-7)
    value = grad(lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 2), 0 * A, method="SLSQP", constraints=UNIT,
                                             tol=1e-14).fun)(A)  # fmt: skip
    assert np.allclose(value, 2 * (A - form(A)), atol=1e-6)  # the envelope theorem


def test_bounds_and_constraints_that_hold_together() -> None:
    bounded = partial(nearest, constraints={"type": "ineq", "fun": lambda x: 4 - x[0] - x[1] ** 2}, tol=1e-13)
    held = jacobian(lambda a: bounded(a, bounds=[(None, 0.5), (0, None)]))(A)
    assert np.allclose(held, 0, atol=1e-7)
    moved = jacobian(lambda c: nearest(A, {"type": "ineq", "fun": lambda x: c - x[0] - x[1] ** 2},
                                       bounds=[(None, 0.2), (None, 9)], tol=1e-13))(1.0)  # fmt: skip
    assert np.allclose(moved, [0, 0.5 / np.sqrt(0.8)], atol=1e-6)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr"])
def test_bounds_of_every_method(method: str) -> None:
    expected = [[0, 0], [0, 1]]
    assert np.allclose(jacobian(lambda a: nearest(a, method=method, bounds=[(0, 1), (None, 9)]))(A), expected)
    fixed = jacobian(lambda a: nearest(a, start=[7.0, 0.4], method=method, bounds=[(7, 7), (0, 9)]))(A)
    assert np.allclose(fixed, expected)
    with pytest.raises(DerivativeError, match=r"upper bound of x\[0\] touches the minimum without holding it"):
        jacobian(lambda a: nearest(a, method=method, bounds=[(0, 2), (None, 9)]))(A)


def test_constraints_that_decide_nothing_are_named() -> None:
    with pytest.raises(DerivativeError, match=r"constraints\[1\]\[0\] touches the minimum without holding it"):
        jacobian(lambda a: nearest(a, [UNIT | {"fun": lambda x: 99 - x}, {"type": "ineq", "fun": lambda x: 5 - sum(x)}],
                                   tol=1e-13))(A)  # fmt: skip
    twice = [{"type": "eq", "fun": lambda x, k=k: k * (x[0] + x[1] - 1)} for k in (1, 2)]
    with pytest.raises(DerivativeError, match=r"constraints\[0\]\[0\], constraints\[1\]\[0\] are not independent"):
        jacobian(lambda a: nearest(a, twice, start=np.array([0.4, 0.6])))(A)


def test_what_has_no_derivative_says_what_to_do() -> None:
    live = tensor(1.0, requires_grad=True)
    with pytest.raises(GraphError, match=r"bounds, which requires a gradient: a bound .*detach"):
        optimize.minimize(lambda x: x @ x, np.ones(1), bounds=[(live, None)])
    with pytest.raises(UnsupportedError, match="under constraints has no derivatives within vmap"):
        vmap(grad(lambda a: nearest(a, {"type": "ineq", "fun": lambda x: 1 - x}, start=np.zeros(1))[0]))(A)
    with pytest.raises(ConvergenceError, match="within the bounds there are lower values"):  # SciPy stops on them
        grad(lambda a: optimize.least_squares(lambda x: x - a, np.zeros(1), bounds=(0, 9)).x[0])(2.0)
    with pytest.raises(ConvergenceError, match=r"Newton's method it is [\d.]+ away"):
        grad(lambda a: optimize.minimize(lambda x: np.sum(np.cosh(x - a)), np.zeros(1), options={"maxiter": 1}).x[0])(
            5.0
        )
    with pytest.raises(DerivativeError, match="singular at the solution"):
        grad(lambda a: optimize.root(lambda x: (x - a) ** 2, np.array([1.0]), options={"xtol": 1e-20}).x[0])(1.0)
    with pytest.raises(GraphError) as raised:
        optimize.minimize(lambda x: math.sin(x[0]), np.ones(1))
    assert "jac='2-point'" in raised.value.__notes__[0]
    assert np.isclose(optimize.minimize(lambda x: math.sin(x[0]), np.ones(1), jac="2-point").fun, -1)
    with pytest.raises(TypeError, match=r"root\(\) returns all"):
        optimize.fsolve(cubic, A, A, full_output=True)
    with pytest.raises(UnsupportedError, match="a loss of your own"):
        grad(
            lambda a: optimize.least_squares(lambda x: x - a, [0.0], loss=lambda z: np.stack([z, 0 * z + 1, 0 * z])).x[
                0
            ]
        )(1.0)
    with pytest.raises(AttributeError, match=r"scipy.optimize.linprog, of arrays"):
        optimize.linprog  # noqa: B018


def test_solutions_for_tensors_are_tensors() -> None:
    assert type(optimize.root(cubic, np.ones(2), (A,)).x) is np.ndarray
    constant = optimize.root(cubic, np.ones(2), (tensor(A),)).x
    assert isinstance(constant, Tensor)
    assert not constant.requires_grad
    assert isinstance(optimize.brentq(lambda x, a: x - a, 0, 3, (tensor(1.0),)), Tensor)
    with no_grad():
        cut = optimize.root(cubic, np.ones(2), (tensor(A, requires_grad=True),)).x
    with pytest.raises(GraphError, match=r"root\(\) was computed within no_grad"):
        cut.sum().backward()


def test_a_forgotten_return_names_the_function() -> None:
    def nothing(*args: Any) -> Any:
        """Return nothing."""

    with pytest.raises(DtypeError, match=r"nothing\(\) at .*test_optimize.py:\d+ returned None"):
        optimize.minimize(nothing, {"a": 1.0})
    with pytest.raises(DtypeError, match=r"nothing\(\) at .*test_optimize.py:\d+ returned None"):
        grad(lambda c: optimize.root(nothing, 1.0, args=(c,)).x)(2.0)


def test_numbers_in_containers_stay_numbers() -> None:
    assert isinstance(optimize.minimize(lambda p: (p["a"] - 2) ** 2, {"a": 1.0}).x["a"], np.float64)
