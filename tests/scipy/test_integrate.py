"""Integrals and differential equations under SciPy's names, and their derivatives."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate as theirs

from autograd import (
    BatchError,
    ConvergenceError,
    DtypeError,
    GraphError,
    ShapeError,
    Tensor,
    UnsupportedError,
    grad,
    hessian,
    jacobian,
    no_grad,
    tensor,
    vmap,
)
from autograd.scipy import integrate

from .derivatives import check

P, Y0 = np.array([1.5, 0.8]), np.array([1.0, 0.6])
TIMES = np.array([0.0, 0.4, 1.0])
FINE: dict[str, Any] = {"rtol": 1e-8, "atol": 1e-9, "method": "DOP853"}


def prey(t: Any, y: Any, p: Any) -> Any:
    return [p[0] * y[0] - y[0] * y[1], y[0] * y[1] * p[1] - y[1] * np.sin(t)]


def solution(p: Any, y0: Any = Y0, times: Any = TIMES, **options: Any) -> Any:
    return integrate.solve_ivp(prey, (0, 1), y0, t_eval=times, args=(p,), **{**FINE, **options}).y


def grown(p: Any, y0: Any) -> Any:
    def right(t: Any, y: Any) -> Any:
        return p[0] * y * (1 - p[1] * y)

    return integrate.solve_ivp(right, (0, 1), y0, t_eval=TIMES, **FINE).y[:, 1:]


def test_a_solution_has_derivatives_by_parameters_and_by_where_it_begins() -> None:
    check(lambda p, y0: solution(p, y0)[:, 1:], P, Y0, order=1, step=1e-3)
    check(grown, P, np.array([0.2]), step=1e-3)
    check(lambda t: solution(P, times=t), 0.9 * TIMES[1:], order=1, step=1e-3)
    check(lambda t0, t1: integrate.solve_ivp(prey, (t0, t1), Y0, args=(P,), **FINE).y[:, -1], 0.1, 0.9,
          order=1, step=1e-3)  # fmt: skip


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", ["RK23", "DOP853", "Radau", "BDF", "LSODA"])
def test_methods(method: str) -> None:
    expected = jacobian(solution)(P)
    assert np.allclose(jacobian(lambda p: solution(p, method=method, rtol=1e-6, atol=1e-7))(P), expected, atol=1e-3)


def test_a_stiff_equation_whose_solution_cannot_be_followed_backward() -> None:
    def slow(k: Any) -> Any:
        right = lambda t, y: [-k * (y[0] - np.cos(t)), y[0] * y[1]]  # noqa: E731
        return integrate.solve_ivp(right, (0, 2), [2.0, 1.0], method="Radau", rtol=1e-5, atol=1e-7).y[1, -1]

    step = 1.0
    assert np.isclose(grad(slow)(1000.0), (slow(1000.0 + step) - slow(1000.0 - step)) / (2 * step), rtol=1e-2)


@pytest.mark.thorough
def test_odeint() -> None:
    def right(y: Any, t: Any, a: Any, b: Any) -> Any:
        return -np.sqrt(t) - y + a - np.mean((y + b) ** 2)

    a, b, y0, t = np.array([0.3, -0.4]), np.array([[0.1], [0.5]]), np.array([0.2, 0.9]), np.array([0.1, 0.15, 0.3])
    check(lambda y0, t, a, b: integrate.odeint(right, y0, t, (a, b)), y0, t, a, b, order=1, step=1e-3)
    check(lambda a: integrate.odeint(right, y0, t, (a, b))[-1], a, step=1e-3, tolerance=1e-4)
    first = integrate.odeint(lambda t, y: right(y, t, a, b), y0, t, tfirst=True)
    assert np.array_equal(first, theirs.odeint(right, y0, t, (a, b)))


def test_what_the_function_closes_over_is_differentiated() -> None:
    def closed(p: Any) -> Any:
        return integrate.solve_ivp(lambda t, y: prey(t, y, p), (0, 1), Y0, t_eval=TIMES, **FINE).y

    assert np.allclose(jacobian(closed)(P), jacobian(solution)(P), atol=1e-9)
    late = grad(lambda a: integrate.solve_ivp(lambda t, y: y * (a if t > 0.5 else 1.0), (0, 1), [1.0], **FINE).y[0, -1])
    assert np.isclose(late(1.0), 0.5 * math.e, rtol=1e-3)  # which the first value does not depend on
    a = tensor(2.0, requires_grad=True)
    y = integrate.solve_ivp(lambda t, y: -a * y, (0, 1), [1.0]).y
    with no_grad():
        a *= 2
    with pytest.raises(GraphError, match="written to in between"):
        y.sum().backward()


def test_a_gradient_is_as_accurate_for_a_loss_of_any_scale() -> None:
    def scaled(scale: float) -> Any:
        return grad(lambda p: scale * np.sum(solution(p)))(P) / scale

    assert np.allclose(scaled(1e-12), scaled(1.0), rtol=1e-9)
    assert np.allclose(scaled(1e12), scaled(1.0), rtol=1e-9)


@pytest.mark.thorough
def test_batches_are_solved_as_one_system() -> None:
    batch = np.array([[1.5, 0.8], [0.5, 1.2], [1.0, 2.0]])
    assert np.allclose(vmap(solution)(batch), [solution(p) for p in batch], atol=1e-7)
    assert np.allclose(vmap(jacobian(solution))(batch), [jacobian(solution)(p) for p in batch], atol=1e-6)
    both = vmap(lambda p: integrate.odeint(lambda y, t: -p * y, Y0, TIMES))(batch)
    assert np.allclose(both, Y0 * np.exp(-batch[:, None] * TIMES[:, None]), atol=1e-7)
    left = lambda k: integrate.odeint(lambda y, t: -k * y, 1.0, TIMES)[-1, 0]  # noqa: E731
    assert np.allclose(vmap(hessian(left))(batch[:2, 0]), np.exp(-batch[:2, 0]), atol=1e-6)


@given(st.floats(0.1, 2), st.floats(-1, 1))
@settings(max_examples=10)
def test_arrays_give_what_scipy_gives(a: float, b: float) -> None:
    at = np.array([a, b])
    ours, scipys = (m.solve_ivp(prey, (0, 1), Y0, args=(at,), dense_output=True) for m in (integrate, theirs))
    assert np.array_equal(ours.y, scipys.y)
    assert np.array_equal(ours.sol(0.3), scipys.sol(0.3))
    assert integrate.quad(np.cos, a, b) == theirs.quad(np.cos, a, b)
    event = lambda t, y: y[0]  # noqa: E731
    fell = [m.solve_ivp(lambda t, y: [-a - 1], (0, 9), [1.0], events=event) for m in (integrate, theirs)]
    assert np.array_equal(fell[0].t_events[0], fell[1].t_events[0])


def test_a_jacobian_that_is_given_takes_the_arguments_too() -> None:
    options: dict[str, Any] = {"method": "BDF", "args": (2.0, 0.5), "jac": lambda t, y, a, b: [[-a]]}
    ours, scipys = (m.solve_ivp(lambda t, y, a, b: b - a * y, (0, 1), [1.0], **options) for m in (integrate, theirs))
    assert np.array_equal(ours.y, scipys.y)
    options["args"] = (tensor(2.0, requires_grad=True), 0.5)
    assert np.array_equal(integrate.solve_ivp(lambda t, y, a, b: b - a * y, (0, 1), [1.0], **options).y.data, ours.y)


# Integrals of functions


def wave(a: Any, b: Any, p: Any) -> Any:
    return integrate.quad(lambda x, p: np.exp(-p[0] * x) * np.sin(p[1] * x), a, b, (p,))[0]


def test_quad_has_derivatives_by_its_ends_and_what_the_function_knows() -> None:
    check(wave, 0.1, 1.4, np.array([0.7, 2.0]))
    decay = lambda k: integrate.quad(lambda x: np.exp(-k * x), 0, np.inf)[0]  # noqa: E731
    assert np.isclose(grad(decay)(2.0), -0.25)
    assert np.isclose(grad(grad(decay))(2.0), 0.25)
    assert np.isclose(grad(lambda k: integrate.quad(lambda x: x**k, 0, 1)[0])(0.5), -4 / 9)  # -1 / (k + 1)²
    kinked = grad(lambda k: integrate.quad(lambda x: np.abs(k * x - 0.3), 0, 1, points=[0.3])[0])
    assert np.isclose(kinked(1.0), 0.5 - 0.09)
    whole: Any = integrate.quad(lambda x: np.exp(1j * x), 0, 1, complex_func=True)[0]
    assert np.isclose(whole, 1j * (1 - np.exp(1j)))


@pytest.mark.thorough
def test_quad_within_vmap() -> None:
    ends, p = np.array([0.1, 0.3]), np.array([[0.7, 2.0], [1.0, 0.3]])
    for of in (wave, grad(wave), hessian(wave, 2)):
        expected = [of(a, 1.4 + a, q) for a, q in zip(ends, p, strict=True)]
        assert np.allclose(vmap(of)(ends, 1.4 + ends, p), expected)
    with pytest.raises(BatchError, match="only if they are finite"):
        vmap(lambda a: integrate.quad(lambda x: np.exp(-x), a, np.inf)[0])(ends)


# Integrals of samples


@pytest.mark.parametrize("count", [2, 3, 6, 7])
@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"])
def test_integrals_of_samples(name: str, count: int) -> None:
    rng = np.random.default_rng(count)
    y, x = rng.normal(size=(2, count, 2)), np.cumsum(rng.uniform(0.2, 1, count))
    ours, scipys = getattr(integrate, name), getattr(theirs, name)
    options: dict[str, Any]
    for options in ({"x": x}, {"x": np.cumsum(np.abs(y) + 0.1, 1)}, {"dx": 0.3}, {}):
        assert np.array_equal(ours(y, axis=1, **options), scipys(y, axis=1, **options))
        assert np.allclose(ours(tensor(y), axis=1, **options).data, scipys(y, axis=1, **options), rtol=1e-12)
    check(lambda y, x: ours(y, x=x, axis=1), y, x)
    check(lambda dx: ours(y, dx=dx, axis=1), np.float64(0.3))
    mapped = vmap(lambda y: ours(y, x=x, axis=0))(y)
    assert np.allclose(mapped, scipys(y, x=x, axis=1))


def test_cumulative_integrals_that_begin() -> None:
    y = np.array([1.0, 2.0, 0.5, 3.0])
    for ours, scipys in (
        (integrate.cumulative_trapezoid, theirs.cumulative_trapezoid),
        (integrate.cumulative_simpson, theirs.cumulative_simpson),
    ):
        assert np.allclose(ours(tensor(y), dx=0.5, initial=0).data, scipys(y, dx=0.5, initial=0))
    check(lambda y, i: integrate.cumulative_simpson(y, initial=i), y, np.float64(0.5))
    assert np.allclose(integrate.cumulative_simpson(tensor(y), initial=1).data, theirs.cumulative_simpson(y, initial=1))


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"])
def test_integrals_of_complex_single_and_repeated_samples_are_scipys(name: str) -> None:
    ours, scipys, x = getattr(integrate, name), getattr(theirs, name), np.array([0.0, 1.0, 1.0, 2.5, 3.0])
    y = np.array([1 + 1j, 2, 3 - 1j, 0.5j, 2])
    for values in (y, y.real.astype(np.float32), y.real.astype(int), y.real):
        if name == "cumulative_simpson" and values is y:
            continue  # SciPy's takes real ones alone
        found, expected = ours(tensor(values)), scipys(values)
        np.testing.assert_allclose(found.data, expected, rtol=1e-6)
        assert found.dtype == expected.dtype or name == "cumulative_simpson"  # which SciPy computes in double precision
    np.testing.assert_allclose(ours([tensor(v, requires_grad=True) for v in y.real]).data, scipys(y.real))
    if "trapezoid" in name:
        np.testing.assert_allclose(ours(tensor(y), x).data, scipys(y, x))


def test_what_has_no_derivative_says_what_to_do() -> None:
    a = tensor(1.0, requires_grad=True)
    with pytest.raises(UnsupportedError, match=r"events has no derivatives: pass t_eval"):
        integrate.solve_ivp(lambda t, y: -a * y, (0, 1), [1.0], events=lambda t, y: y[0] - 0.5)
    with pytest.raises(BatchError, match="no events and no dense output"):
        vmap(lambda k: integrate.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0], dense_output=True).y)(TIMES)
    with np.errstate(all="ignore"), pytest.raises(ConvergenceError, match="did not come to the end"):
        integrate.solve_ivp(lambda t, y: a * y**2, (0, 3), [1.0])
    with pytest.raises(UnsupportedError, match="as one of twice as many real unknowns"):
        integrate.solve_ivp(lambda t, y: -1j * a * y, (0, 1), [1.0 + 0j])
    with pytest.raises(GraphError, match=r"rtol|options"):
        integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], rtol=a * 1e-3)
    with pytest.raises(TypeError, match=r"no Dfun: use solve_ivp"):
        integrate.odeint(lambda y, t: -y, [1.0], TIMES, Dfun=lambda y, t: -1)
    with pytest.raises(UnsupportedError, match=r"weight, wvar has no derivatives"):
        integrate.quad(lambda x: a * x, 0, 1, weight="cos", wvar=2.0)
    with pytest.raises(UnsupportedError, match="an end at infinity"):
        integrate.quad(lambda x: np.exp(-x), 0, a * np.inf)
    with pytest.raises(ShapeError, match="3 places for the 2 samples"):
        integrate.trapezoid(a * np.ones(2), TIMES)
    with pytest.raises(ValueError, match="a place twice"):
        integrate.simpson(a * np.ones(3), [0.0, 0.0, 1.0])
    with pytest.raises(AttributeError, match=r"scipy.integrate.dblquad, of arrays"):
        integrate.dblquad  # noqa: B018


def test_tensors_without_gradients_give_tensors() -> None:
    y = integrate.solve_ivp(lambda t, y: -y, (0, 1), tensor([1.0])).y
    assert isinstance(y, Tensor)
    assert not y.requires_grad
    assert isinstance(integrate.odeint(lambda y, t: -y, tensor([1.0]), TIMES), Tensor)
    assert isinstance(integrate.quad(np.cos, tensor(0.0), 1.0)[0], Tensor)


def test_a_forgotten_return_is_named() -> None:
    """Solvers would go on for ever with what None is to them."""

    def nothing(*args: Any) -> Any:
        """Return nothing."""

    for call in (
        lambda a: integrate.solve_ivp(nothing, (0, 1), [a]).y[0, -1],
        lambda a: integrate.odeint(nothing, [a], [0.0, 1.0])[-1, 0],
        lambda a: integrate.quad(nothing, 0.0, a)[0],
    ):
        with pytest.raises(DtypeError, match=r"nothing\(\) at .*test_integrate.py:\d+ returned None, not numbers: is"):
            grad(call)(2.0)
