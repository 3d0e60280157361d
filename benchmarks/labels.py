"""Embeddings, multi-class margins and CTC, forward and backward.

Run it with ``python -m benchmarks.labels``. It compares with PyTorch, which is required, on one thread
(CPU time), in float32 and several sizes.
"""

from benchmarks.timing import Step, interleave  # isort: skip - first

import argparse
import inspect
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from autograd import Tensor
from nn import functional

Array = np.ndarray[Any, Any]
rng = np.random.default_rng(0)


def normal(*shape: int) -> Array:
    """Draw from the standard normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)


def pair(
    x: Array, ours: Callable[[Any], Any], theirs: Callable[[Any], Any], g: Array | None = None
) -> tuple[Step, Step]:
    """Return the steps of both engines: a function of `x`, and its gradient given `g`, that of what it returns."""
    mine, other = Tensor(x, requires_grad=True), torch.from_numpy(x).requires_grad_()
    their_g = None if g is None else torch.from_numpy(g)

    def our_step() -> Array:
        mine.grad = None
        ours(mine).backward(g)
        return np.asarray(mine.grad)

    def their_step() -> Array:
        other.grad = None
        theirs(other).backward(their_g)
        return np.asarray(other.grad)

    np.testing.assert_allclose(our_step(), their_step(), rtol=1e-3, atol=1e-5)
    return our_step, their_step


def embedding(rows: int, count: int, features: int) -> tuple[Step, Step]:
    """Choose rows of a table."""
    index = rng.integers(0, rows, count)
    return pair(
        normal(rows, features),
        lambda x: functional.embedding(index, x),
        lambda x: torch.nn.functional.embedding(torch.from_numpy(index), x),
        normal(count, features),
    )


def multi_margin_loss(rows: int, classes: int) -> tuple[Step, Step]:
    """Compare the scores of classes."""
    labels = rng.integers(0, classes, rows)
    return pair(
        normal(rows, classes),
        lambda x: functional.multi_margin_loss(x, labels),
        lambda x: torch.nn.functional.multi_margin_loss(x, torch.from_numpy(labels)),
    )


def ctc_loss(steps: int, count: int, classes: int, longest: int) -> tuple[Step, Step]:
    """Find the likelihoods of sequences that have half as many labels as the longest, or more."""
    targets = rng.integers(1, classes, (count, longest))
    ours = targets, np.full(count, steps), rng.integers(longest // 2, longest + 1, count)
    theirs = [torch.from_numpy(each) for each in ours]
    return pair(
        normal(steps, count, classes),
        lambda x: functional.ctc_loss(functional.log_softmax(x, 2), *ours),
        lambda x: torch.nn.functional.ctc_loss(torch.nn.functional.log_softmax(x, 2), *theirs),
    )


CASES: dict[Callable[..., tuple[Step, Step]], list[tuple[int, ...]]] = {
    embedding: [
        (100, 64, 32),
        (1000, 256, 64),
        (100, 2048, 96),
        (1000, 16384, 64),
        (50000, 2048, 256),
        (1000, 2048, 1024),
    ],
    multi_margin_loss: [(32, 10), (128, 10), (128, 100), (1024, 100), (256, 1000)],
    ctc_loss: [(50, 16, 20, 20), (100, 16, 30, 25), (100, 4, 30, 10), (200, 32, 50, 40), (20, 64, 10, 5)],
}


def main() -> None:
    """Time all, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.labels", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print("| forward and backward | plaingrad, µs | PyTorch, µs | plaingrad is |\n|---|---:|---:|---:|")
    for make, sizes in CASES.items():
        for size in sizes:
            times = interleave(dict(zip(("plaingrad", "PyTorch"), make(*size), strict=True)), rounds=rounds)
            ratio = statistics.median(one / other for one, other in zip(*times.values(), strict=True))
            ours, theirs = (statistics.median(each) * 1e6 for each in times.values())
            name = f"{make.__name__}({', '.join(inspect.signature(make).parameters)}) of {size}"
            print(f"| {name} | {ours:.0f} | {theirs:.0f} | {ratio:.2f} x |", flush=True)


if __name__ == "__main__":
    main()
