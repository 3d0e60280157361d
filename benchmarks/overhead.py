"""Overhead of recording and of the backward pass: a chain of x * a, x + b, tanh(x) on (4, 4) float32, per operation.

Run it with ``python -m benchmarks.overhead``. PyTorch takes part if it is installed.
"""

from benchmarks.timing import Step, available, interleave, table  # isort: skip - limits the threads before NumPy loads

from typing import Any

import numpy as np

import autograd as ag

REPEATS = 333
rng = np.random.default_rng(0)
X, TILT, B = (rng.standard_normal((4, 4)).astype(np.float32) for _ in range(3))
# A factor near 1 and a small term keep the gradients of 333 steps normal numbers. With others they would vanish, and
# the benchmark would measure how slowly the processor computes with subnormal numbers.
A = np.float32(1) + TILT / np.float32(100)
B /= 100
ONE = np.ones((4, 4), np.float32)


def chain(x: Any, a: Any, b: Any, tanh: Any) -> Any:
    """Apply the operations in turn."""
    for _ in range(REPEATS):
        x = tanh(x * a + b)
    return x


def plaingrad() -> Step:
    """Record with all three inputs tracked, then walk back."""
    leaves = x, a, b = [ag.tensor(v, requires_grad=True) for v in (X, A, B)]

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        chain(x, a, b, ag.Tensor.tanh).backward(ONE)

    return step


def torch() -> Step:
    """Do the same in PyTorch, eagerly."""
    import torch

    torch.set_num_threads(1)
    leaves = x, a, b = [torch.tensor(v, requires_grad=True) for v in (X, A, B)]
    one = torch.from_numpy(ONE)

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        chain(x, a, b, torch.tanh).backward(one)

    return step


def numpy() -> Step:
    """Compute the same values and gradients by hand."""

    def step() -> None:
        x, kept = X, []
        for _ in range(REPEATS):
            kept.append(x)
            x = np.tanh(x * A + B)
            kept.append(x)
        g, by_a, by_b = ONE, np.zeros_like(A), np.zeros_like(B)
        while kept:
            y, x = kept.pop(), kept.pop()
            g = g - g * y * y
            by_b += g
            by_a += g * x
            g = g * A

    return step


if __name__ == "__main__":
    engines = available({"plaingrad": plaingrad, "PyTorch eager": torch, "NumPy by hand": numpy})
    table(
        "Forward and backward, each operation",
        interleave(engines),
        scale=1e6 / (3 * REPEATS),
    )
