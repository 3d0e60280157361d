"""Walks that absorb nan: they give bit for bit what others do where that is finite, and are soon tried first."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import grad
from autograd.graph import backward

from ..operations.samples import OPERATIONS, Operation
from ..tensors.test_bad_input import filled, good_calls
from ..tensors.test_masked import INNER, LEFT_ALONE
from ..transforms.test_vmap_leaving import arrays_in, put

walk: Any = backward._walk


@pytest.mark.one_in(8)
@pytest.mark.filterwarnings("ignore")  # of NumPy, for values at which there is no derivative
@pytest.mark.parametrize("operation", [o for o in OPERATIONS if str(o) not in INNER | LEFT_ALONE], ids=str)
def test_a_careful_walk_rounds_as_a_fast_one(operation: Operation, monkeypatch: pytest.MonkeyPatch) -> None:
    def walked(*args: Any, absorb: bool) -> Any:
        fast, careful = (walk(*args, absorb=each) for each in (False, True))
        for node, g in fast.items():
            x, y = np.asarray(g), np.asarray(careful[node])
            assert not np.isfinite(x).all() or (x.dtype == y.dtype and x.tobytes() == y.tobytes())
        return walk(*args, absorb=absorb)

    monkeypatch.setattr(backward, "_walk", walked)
    for call in good_calls(operation)[:2]:
        args = filled(list(call.args), lambda x: x)
        for path, array in arrays_in(args):

            def total(x: Any, path: Any = path, call: Any = call, args: Any = args) -> Any:
                found = operation.public(*put(args, path, x), **call.kwargs)
                parts = found if isinstance(found, list | tuple) else [found]
                return sum(np.sum(np.sin(part * 1.3)) for part in parts) + np.sum(x * x)

            try:
                grad(total)(array)
            except (TypeError, ValueError, RuntimeError):  # what has no derivative
                continue


def counted(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    walks: list[bool] = []

    def counting(*args: Any, absorb: bool) -> Any:
        walks.append(absorb)
        return walk(*args, absorb=absorb)

    monkeypatch.setattr(backward, "_walk", counting)
    monkeypatch.setattr(backward, "_repeated", {})
    return walks


def masked(x: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def test_a_graph_that_needs_care_again_and_again_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walks = counted(monkeypatch)
    at, finite = np.array([4.0, -1.0]), np.array([4.0, 1.0])
    for _ in range(backward.ALWAYS):
        assert grad(masked)(at).tolist() == [0.25, 0]
    assert walks == [False, True] * backward.ALWAYS
    walks.clear()
    for _ in range(backward.AGAIN):
        assert grad(masked)(at).tolist() == [0.25, 0]
    assert walks.count(False) == 1  # whether it still needs care is tried from time to time
    assert len(walks) == backward.AGAIN + 1
    for _ in range(2 * backward.AGAIN):
        assert grad(masked)(finite).tolist() == [0.25, 0.5]
    walks.clear()
    grad(masked)(finite)
    assert walks == [False]


@pytest.mark.parametrize("function", [lambda x: np.sum(x * x), lambda x: np.sum(np.sqrt(x))])
def test_finite_gradients_take_one_walk(function: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    walks = counted(monkeypatch)
    for _ in range(5):
        grad(function)(np.ones(3))
    assert walks == [False] * 5


def test_what_is_known_of_graphs_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    counted(monkeypatch)
    for length in range(2 * backward.KINDS):

        def f(x: Any, length: int = length) -> Any:
            for _ in range(length):
                x = x + 1 - 1
            return masked(x)

        grad(f)(np.array([4.0, -1.0]))
    assert 0 < len(backward._repeated) <= backward.KINDS
