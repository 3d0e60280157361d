"""What `check` compares derivatives with: differences, Taylor's remainders, or nothing; and calls that differ."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import GradientCheckError, NotReproducibleError
from autograd.testing import check
from autograd.testing.comparisons.point import Point
from autograd.testing.comparisons.taylor import remainders
from autograd.testing.subjects.subject import Subject, gradient_subject

Array = np.ndarray[Any, Any]


def sine(slope: Callable[[Any], Any]) -> Any:
    return ag.elementwise(lambda x: np.sin(x), lambda g, x: g * slope(x), name="sine")


def test_remainders_of_a_right_gradient_fall_as_the_square_of_the_step_and_the_report_shows_them() -> None:
    report = check(np.tanh, oracle="taylor", profile="quick")
    assert report.compared > 50
    assert str(report).count("h^2.00") > 3


@pytest.mark.parametrize("factor", [1 + 1e-5, -1.0])
def test_remainders_of_a_wrong_gradient_fall_as_the_step(factor: float) -> None:
    with pytest.raises(GradientCheckError, match=r"falls as h\^1.0\d, not as h\^2(?s:.*)\n +step h"):
        check(sine(lambda x: factor * np.cos(x)), oracle="taylor", profile="quick")


def test_a_wrong_second_derivative_is_found_by_remainders() -> None:
    halved = ag.elementwise(lambda x: np.cos(x), lambda g, x: -0.5 * g * np.sin(x), name="halved")
    with pytest.raises(GradientCheckError, match=r"derivative of the gradients with respect"):
        check(sine(halved), oracle="taylor", dtypes=["float64"])


@pytest.mark.parametrize("fn", [np.abs, np.maximum, np.sort, lambda x: np.sin(x) / x, lambda x: 2 * x])
def test_remainders_call_no_kink_wave_or_straight_line_wrong(fn: Callable[..., Any]) -> None:
    assert check(fn, oracle="taylor", dtypes=["float64", "complex128"], transforms=False).compared


@pytest.mark.parametrize("x", [1e-8, 1.0, 1e8])
def test_the_order_is_known_at_any_magnitude(x: float) -> None:
    point = Point(Subject(lambda z: np.exp(z / x), [np.array([x, 0.5 * x])]))
    assert abs(remainders(point).order - 2) < 0.05
    second = Point(gradient_subject(Subject(lambda z: np.exp(z / x), [np.array([x, 0.5 * x])])))
    assert abs(remainders(second).order - 2) < 0.05


def test_contracts_alone_let_a_straight_through_estimator_pass() -> None:
    rounded = ag.elementwise(lambda x: np.round(x), lambda g, x: g, name="rounded")
    with pytest.raises(GradientCheckError, match="by differences"):
        check(rounded)
    report = check(rounded, numbers=False)
    assert report.compared == 0
    assert report.examples > 20


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda g, x: g * (np.cos(x) if x.flags.c_contiguous else 0 * x), "layout of the inputs"),
        (lambda g, x: np.maximum(g, 0.5 * g) * np.cos(x), "not linear in the cotangent"),
        (lambda g, x: g * np.where(x.dtype == np.float32, 0.9, 1.0).astype(x.dtype) * np.cos(x), "in float32"),
    ],
)
def test_contracts_alone_find_broken_ones(rule: Callable[..., Array], message: str) -> None:
    with pytest.raises(GradientCheckError, match=message):
        check(
            ag.elementwise(lambda x: np.sin(x), rule, name="sine"),
            numbers=False,
            dtypes=["float32", "float64"],
            profile="quick",
        )


def noisy(noise: float, factor: float = 1.0) -> Any:
    random = np.random.default_rng(0)

    def off(x: Array) -> Array:
        return np.asarray(1 + noise * random.standard_normal(x.shape), x.dtype)

    return ag.elementwise(lambda x: np.sin(x) * off(x), lambda g, x: factor * g * np.cos(x) * off(x), name="noisy")


def test_calls_may_differ_by_what_nondet_tol_allows() -> None:
    with pytest.raises(NotReproducibleError):
        check(noisy(1e-9), profile="quick")
    assert check(noisy(1e-9), nondet_tol=1e-7, dtypes=["float64", "float32"]).compared > 1000
    with pytest.raises(NotReproducibleError):
        check(noisy(1e-5), nondet_tol=1e-7, profile="quick")


def test_what_is_wrong_by_more_than_the_noise_is_found() -> None:
    with pytest.raises(GradientCheckError, match=r"is 1\.01 by the graph"):
        check(noisy(1e-9, 1.01), nondet_tol=1e-7, dtypes=["float64"], profile="quick")


def test_the_options_are_checked() -> None:
    with pytest.raises(ValueError, match="richardson"):
        check(np.sin, oracle="richardson")
    with pytest.raises((TypeError, ValueError), match="nondet_tol"):
        check(np.sin, nondet_tol=-1.0)
