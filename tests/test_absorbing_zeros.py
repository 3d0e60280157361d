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
