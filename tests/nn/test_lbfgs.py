"""L-BFGS: on functions whose minimum is known, its line search, its limits, its state."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
from autograd import no_grad


def closure_of(optimizer: Any, function: Callable[[], Any], losses: list[float]) -> Callable[[], Any]:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = function()
        loss.backward()
        losses.append(float(loss))
        return loss

    return closure


def rosenbrock(w: Any) -> Any:
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_a_quadratic_function_takes_as_many_iterations_as_it_has_dimensions(search: str | None) -> None:
    draw = np.random.default_rng(0)
    factor = draw.standard_normal((4, 4))
    matrix, middle = factor @ factor.T + np.eye(4), draw.standard_normal(4)
    w = nn.Parameter(np.zeros(4), dtype=float)
    optimizer = nn.optim.LBFGS([w], lr=1.0 if search else 0.5, max_iter=200, line_search_fn=search)
    losses: list[float] = []
    optimizer.step(closure_of(optimizer, lambda: (w - middle) @ matrix @ (w - middle), losses))
    np.testing.assert_allclose(w.data, middle, atol=1e-4)
    assert len(losses) < 60


@pytest.mark.parametrize(("dtype", "precision"), [(np.float64, 1e-4), (np.float32, 1e-2)])
def test_rosenbrock(dtype: Any, precision: float) -> None:
    x, y, unused = nn.Parameter(-1.2, dtype=dtype), nn.Parameter([[1.0]], dtype=dtype), nn.Parameter([5.0])
    optimizer = nn.optim.LBFGS([x, unused, y], max_iter=100, line_search_fn="strong_wolfe")
    with no_grad():
        loss = optimizer.step(closure_of(optimizer, lambda: ((1 - x) ** 2 + 100 * (y - x**2) ** 2).sum(), []))
    np.testing.assert_allclose(float(loss), (1 + 1.2) ** 2 + 100 * (1 - 1.2**2) ** 2, rtol=1e-5)
    np.testing.assert_allclose([x.data, y.data.item()], [1, 1], atol=precision)
    assert x.dtype == y.dtype == dtype
    assert unused.data == 5


def test_the_line_search_holds_wolfes_conditions() -> None:
    from nn.optim._line_search import Point, strong_wolfe

    def point(at: float) -> Point:
        values = np.array([at])
        loss, slope = -at / (at**2 + 2), (at**2 - 2) / (at**2 + 2) ** 2
        return Point(at, loss, slope, values)

    start = point(0.0)
    for first in (1e-3, 0.1, 1.0, 10.0, 1e3):
        found, count = strong_wolfe(point, start, first, 1.0, 25)
        assert found.loss <= start.loss + 1e-4 * found.at * start.slope
        assert abs(found.slope) <= 0.9 * abs(start.slope)
        assert 1 <= count <= 26
        np.testing.assert_array_equal(found.gradient, [found.at])


@pytest.mark.filterwarnings("ignore:the gradient of a tensor")  # is nan, as the loss
def test_the_line_search_comes_back_from_nan() -> None:
    w = nn.Parameter(2.0, dtype=float)
    optimizer = nn.optim.LBFGS([w], lr=50.0, line_search_fn="strong_wolfe")
    with np.errstate(invalid="ignore"):
        optimizer.step(closure_of(optimizer, lambda: (w - 3) ** 2 + 1e-3 * np.sqrt(9 - w), []))
    np.testing.assert_allclose(w.data, 3, atol=1e-2)


def test_a_limit_of_calls_is_kept() -> None:
    for limit in (1, 2, 5):
        w = nn.Parameter([-1.2, 1.0], dtype=float)
        optimizer = nn.optim.LBFGS([w], max_eval=limit, line_search_fn="strong_wolfe")
        losses: list[float] = []
        optimizer.step(closure_of(optimizer, partial(rosenbrock, w), losses))
        assert len(losses) <= limit + 1
        assert optimizer.state_dict()["state"][0]["func_evals"] == len(losses)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_a_copy_and_a_state_go_on_alike(search: str | None, duplicate: Any) -> None:
    def train(model: Any, optimizer: Any, steps: int) -> None:
        draw = np.random.default_rng(steps)
        x, y = draw.standard_normal((8, 3)).astype(np.float32), draw.integers(0, 2, 8)
        for _ in range(steps):
            optimizer.step(closure_of(optimizer, lambda: nn.functional.cross_entropy(model(x), y), []))

    model = nn.MLP([3, 4, 2])
    optimizer = nn.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4, history_size=3, line_search_fn=search)
    train(model, optimizer, 3)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    twins = duplicate((model, optimizer))
    other = nn.MLP([3, 4, 2])
    fresh = nn.optim.LBFGS(other.parameters())
    other.load_state_dict(saved[0])
    fresh.load_state_dict(saved[1])
    for one, two in ((model, optimizer), twins, (other, fresh)):
        train(one, two, 4)
    for one, two, three in zip(model.parameters(), twins[0].parameters(), other.parameters(), strict=True):
        # to rounding, which on some processors depends on where the memory of a product starts
        np.testing.assert_allclose(one.data, two.data, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(one.data, three.data, rtol=1e-3, atol=1e-4)
    assert optimizer.state_dict()["state"][0]["n_iter"] == fresh.state_dict()["state"][0]["n_iter"]


def test_nothing_to_do() -> None:
    w, empty = nn.Parameter([0.0]), nn.Parameter(np.zeros((0, 2)))
    optimizer = nn.optim.LBFGS([w, empty])
    assert optimizer.step(closure_of(optimizer, lambda: (w * w).sum() + empty.sum(), [])).item() == 0
    assert w.data == 0
    assert nn.optim.LBFGS([w]).state_dict()["state"] == {}


def test_refusals() -> None:
    w = nn.Parameter([1.0])
    with pytest.raises(ValueError, match="it can have one group only"):
        nn.optim.LBFGS([{"params": [w]}, {"params": [nn.Parameter([1.0])]}])
    with pytest.raises(TypeError, match=r"LBFGS\.step needs a closure"):
        nn.optim.LBFGS([w]).step()
    with pytest.raises(ValueError, match="line_search_fn should be None or 'strong_wolfe', not 'armijo'"):
        nn.optim.LBFGS([w], line_search_fn="armijo")
    for name in ("max_iter", "max_eval", "history_size"):
        with pytest.raises(ValueError, match=f"{name} should be 1 or more, not 0"):
            nn.optim.LBFGS([w], **{name: 0})  # type: ignore[arg-type]
    optimizer = nn.optim.LBFGS([w], lr=0.1)
    optimizer.step(closure_of(optimizer, lambda: (w * w).sum(), []))
    with pytest.raises(ValueError, match=r"d has shape \(1,\), but there are 2 elements"):
        nn.optim.LBFGS([nn.Parameter([1.0, 2.0])]).load_state_dict(optimizer.state_dict())
