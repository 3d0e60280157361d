"""Drawings and diagnoses of a graph that was recorded within vmap, while it runs and afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import draw_graph, explain, lint, player, saved, tensor, vmap

X = np.array([[0.5, -1.0, 2.0], [1.0, 0.25, -0.5], [-2.0, 1.5, 0.75], [0.1, 0.2, 0.3]])
W = tensor([1.0, 2.0, 0.5], requires_grad=True)


def of_element(x: Any) -> Any:
    values, _ = np.linalg.eigh(np.outer(x, x) + np.diag(W))
    return np.tanh(W @ x) * x[0] + np.sqrt(np.sum(x * x * W * W)) + np.sort(x * W)[0] + values[0]


def total() -> Any:
    return vmap(of_element)(X).sum()


def test_a_gradient_is_followed_through_a_batch() -> None:
    found = explain(total(), W)
    assert found.reaches
    W.grad = None
    total().backward()
    assert W.grad is not None
    assert np.isclose(found.steps[-1].norm, np.linalg.norm(W.grad.data), rtol=1e-12)
    assert "tanh" in [step.operation for step in found.steps]


def test_unstable_expressions_are_found_within_a_batch() -> None:
    (finding,) = lint(vmap(lambda x: np.log(1 + np.exp(W @ x)))(X).sum())
    assert "logaddexp" in finding.remedy
    near_zero = np.array([[0.0, 0.0, 1e-9], [1.0, 1.0, 1.0]])
    (finding,) = lint(vmap(lambda x: np.sqrt(np.sum((W * x) ** 2)))(near_zero).sum())
    assert "grows without bound" in finding.remedy


def test_what_a_batch_saves_is_counted_whole() -> None:
    kept = saved(vmap(lambda x: np.tanh(W * x))(X).sum())
    assert ("tanh", (4, 3), 96) in [(array.operation, array.shape, array.nbytes) for array in kept.arrays]


DRAWINGS: dict[str, Callable[[Path], Any]] = {
    "graph": lambda folder: draw_graph(total(), {"W": W}).save(folder / "graph.svg"),
    "page": lambda folder: draw_graph(total(), {"W": W}).to_html(folder / "page.html"),
    "values": lambda folder: draw_graph(total, {"W": W}, show=["values", "gradients", "kept", "times"]),
    "player": lambda folder: player(total, folder / "player.html"),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_graph_through_a_batch_is_drawn(name: str, tmp_path: Path) -> None:
    DRAWINGS[name](tmp_path)


def test_a_picture_shows_the_values_of_all_elements() -> None:
    source = str(draw_graph(lambda: vmap(lambda x: np.tanh(W @ x))(X).sum(), {"W": W}, show=["values", "gradients"]))
    products = np.tanh(X @ W.data)
    assert f"{products.min():.3g} to {products.max():.3g}" in source
    assert "leave_batch" in source


def test_a_model_in_a_batch_is_drawn_with_its_modules(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    drawn = draw_graph(vmap(model)(X.astype(np.float32)).sum(), model)
    assert "0.weight" in str(drawn)


def test_graphs_are_looked_at_while_vmap_runs() -> None:
    looked: list[Any] = []

    def looks(x: Any) -> Any:
        y = of_element(x)
        looked.extend([explain(y, W), lint(y), saved(y), str(draw_graph(y, {"W": W}))])
        return y

    vmap(looks)(X)
    assert looked[0].reaches
    assert len(looked) == 4
