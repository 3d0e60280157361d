"""Pictures of graphs that the pages show."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
import nn.scalar
from autograd import Value, draw_graph
from datasets import make_moons
from docs.neuron import neuron

RNG = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray[Any, Any]:
    """Return random numbers that are the same in each run."""
    return RNG.standard_normal(shape).astype(np.float32)


def draw_neuron() -> Any:
    """Draw the graph of a neuron, with values and gradients."""
    output, names = neuron()
    output.backward()
    return draw_graph(output, names, rankdir="LR")


def draw_demonstration() -> Any:
    """Draw micrograd's demo, a network of scalars on a hundred points of two moons, folded."""
    random.seed(0)
    model, (points, sides) = nn.scalar.MLP(2, [16, 16, 1]), make_moons(100, noise=0.1, seed=0)
    scores: list[Any] = [model([Value(x), Value(y)]) for x, y in points.tolist()]
    losses = [(1 - side * score).relu() for side, score in zip((2 * sides - 1).tolist(), scores, strict=True)]
    decay: Any = 1e-4 * sum(p * p for p in model.parameters())
    loss = sum(losses) * (1 / len(losses)) + decay
    loss.backward()
    return draw_graph(loss, rankdir="LR")


def draw_step() -> Any:
    """Draw the step of a 784-128-64-10 network on a minibatch: gradients, and what the graph saves."""
    nn.manual_seed(0)
    model, x, labels = nn.MLP([784, 128, 64, 10]), normal(32, 784), np.arange(32) % 10
    return draw_graph(lambda: nn.functional.cross_entropy(model(x), labels), model, show=["gradients", "kept"])


def draw_transformer() -> Any:
    """Draw a block of a transformer."""
    nn.manual_seed(0)
    model, x = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True), normal(2, 10, 32)
    return draw_graph(lambda: (model(x) ** 2).mean(), model)


class Reader(nn.Module):
    """Reads a sequence one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.LSTMCell(8, 16), nn.Linear(16, 3)

    def forward(self, sequence: Any) -> Any:
        """Return the scores after the last step."""
        state = None
        for x in sequence:
            state = self.cell(x, state)
        assert state is not None
        return self.head(state[0])


def draw_recurrent() -> Any:
    """Draw fifty steps of an LSTM, folded into one."""
    nn.manual_seed(0)
    model, sequence = Reader(), normal(50, 4, 8)
    return draw_graph(lambda: nn.functional.cross_entropy(model(sequence), np.array([0, 1, 2, 0])), model)


PICTURES: dict[str, Callable[[], Any]] = {
    "neuron": draw_neuron,
    "demonstration": draw_demonstration,
    "mnist-step": draw_step,
    "transformer": draw_transformer,
    "recurrent": draw_recurrent,
}
