"""Two versions of a block of a network, whose difference the site shows."""

import copy

import numpy as np

import nn
from autograd import GraphDifference, Tensor, diff_graphs


class Block(nn.Module):
    """Two layers and a residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer, self.norm = nn.Linear(8, 16), nn.Linear(16, 8), nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        """Return rows of the same width."""
        return self.norm(x + self.outer(self.activation(self.inner(x))))

    def activation(self, x: Tensor) -> Tensor:
        """Return what the first version computes."""
        return x.tanh()


class ChangedBlock(Block):
    """The second version."""

    def activation(self, x: Tensor) -> Tensor:
        """Return what the second version computes."""
        return nn.functional.relu(x)


def compared() -> GraphDifference:
    """Return the difference of two classifiers, of which one has another block."""
    nn.manual_seed(0)
    old = nn.Sequential(nn.Linear(4, 8), Block(), Block(), nn.Linear(8, 3))
    new = copy.deepcopy(old)
    new[2] = ChangedBlock()
    new[2].load_state_dict(old[2].state_dict())
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    targets = np.arange(6) % 3
    return diff_graphs(
        lambda: nn.functional.cross_entropy(old(rows), targets), lambda: nn.functional.cross_entropy(new(rows), targets)
    )
