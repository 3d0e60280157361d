"""The gradient of a branch not taken is zero, whatever the branch computes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import grad, tensor

BAD = np.array([np.nan, np.inf, -np.inf])
GOOD = np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 0.5]])

ROWS: dict[str, Callable[[Any], Any]] = {
    "sum of squares": lambda x: np.sum(x * x, axis=1),
    "mean": lambda x: np.mean(x * x, axis=1),
    "var": lambda x: np.var(x, axis=1),
    "std": lambda x: np.std(x, axis=1),
    "norm": lambda x: np.linalg.norm(x, axis=1),
    "prod": lambda x: np.prod(x, axis=1),
    "logsumexp": lambda x: ag.logsumexp(x, axis=1),
    "max": lambda x: np.max(x * x, axis=1),
    "cumulative": lambda x: np.cumprod(x, axis=1)[:, -1],
    "with itself": lambda x: np.einsum("ij,ij->i", x, x),
    "weights": lambda x: (x @ np.array([1.0, -2.0, 3.0])) ** 2,
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("order", [1, 2])
def test_a_row_that_is_not_selected(name: str, order: int) -> None:
    function = ROWS[name]
    x = np.vstack([GOOD[:1], BAD, GOOD[1:]])
    chosen = np.array([True, False, True])

    def selected(x: Any) -> Any:
        return np.sum(np.where(chosen, function(x), 0))

    def total(x: Any) -> Any:
        return np.sum(function(x))

    if order == 2:
        first, expected_first = grad(selected), grad(total)
        found = grad(lambda x: np.sum(np.sin(first(x))))(x)
        expected = grad(lambda x: np.sum(np.sin(expected_first(x))))(GOOD)
    else:
        found, expected = grad(selected)(x), grad(total)(GOOD)
    assert np.array_equal(found[1], np.zeros(3))
    assert np.allclose(found[[0, 2]], expected)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_weights_see_only_the_rows_that_are_selected() -> None:
    x = np.vstack([GOOD[:1], BAD, GOOD[1:]])
    w = tensor([1.0, -2.0, 3.0], requires_grad=True)
    np.where([True, False, True], x @ w, 0).sum().backward()
    assert np.allclose(w.grad.data, GOOD.sum(axis=0))


def test_a_nan_that_matters_stays() -> None:
    for function in ROWS.values():
        with pytest.warns(RuntimeWarning):
            found = grad(lambda x, function=function: np.sum(function(x)))(np.vstack([GOOD[:1], BAD]))
        assert np.isnan(found[1]).any()
        assert np.isfinite(found[0]).all()
    with pytest.warns(RuntimeWarning, match="has nan in 3 of 3"):
        by_norm = grad(lambda x: np.linalg.norm(x, 1) * np.array([0.0, 1.0]).sum())(BAD * np.nan)
    assert np.isnan(by_norm).all()


# Functions of x whose gradient, or tangent, is 0 on the way at x = 0 though its derivative is not.
VANISHING: dict[str, tuple[Callable[[Any], Any], float, float]] = {
    "exp of a square": (lambda x: np.exp(x * x), 2.0, 0.0),
    "square of a sine": (lambda x: np.sin(x) * np.sin(x), 2.0, 0.0),
    "cosine of a square": (lambda x: np.cos(x * x + 1), -2 * np.sin(1.0), 0.0),
    "exp of a cube": (lambda x: np.exp(x**3), 0.0, 6.0),
}


def ahead(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: ag.jvp(function, (x,), (1.0,))[1]


def along_a_line(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: ag.linearize(function, x)[1](1.0)


def hooked(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Differentiate with hooks, which make walks careful."""

    def derivative(x: Any) -> Any:
        def seen(x: Any) -> Any:
            h = x * 1.0
            h.register_hook(lambda g: None)
            y = function(h)
            y.register_hook(lambda g: None)
            return y

        return grad(seen)(x)

    return derivative


@pytest.mark.parametrize("name", VANISHING)
@pytest.mark.parametrize("inner", [grad, ahead, along_a_line, hooked])
@pytest.mark.parametrize("outer", [grad, ahead, along_a_line, hooked])
def test_a_gradient_that_happens_to_be_zero_keeps_its_derivative(name: str, inner: Any, outer: Any) -> None:
    function, second, third = VANISHING[name]
    assert outer(inner(function))(0.0) == pytest.approx(second)
    assert inner(outer(inner(function)))(0.0) == pytest.approx(third)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("outer", [grad, ahead])
def test_it_does_so_beside_a_branch_that_is_not_taken(outer: Any) -> None:
    def function(x: Any) -> Any:
        both = np.stack([x, x + 2.0])
        return np.sum(np.sin(np.where(np.abs(both.data) < 1, np.arctanh(both), 0.0)) ** 2)

    assert outer(grad(function))(0.0) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "function",
    [
        np.sqrt,
        np.log,
        np.arctanh,
        lambda x: np.linalg.norm(x[:, None], axis=1),
        lambda x: np.where(x > 0, np.sqrt(x), x),
    ],
)
def test_a_tangent_of_zero_stays_zero_beside_an_infinite_slope(function: Any) -> None:
    x = np.array([0.0, 0.25])
    with np.errstate(all="ignore"):
        found = ag.jacobian(function, mode="forward")(x)
        _, tangent = ag.jvp(function, (x,), (np.array([0.0, 1.0]),))
    assert (found[0, 1], found[1, 0]) == (0.0, 0.0)
    assert np.array_equal(tangent, found[:, 1])
