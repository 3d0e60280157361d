"""What `vmap` costs: beside a Python loop over the batch, and beside the same batch written by hand.

Run it with ``python -m benchmarks.batches``. One thread, CPU time, float64; the peak of memory is that of one call.
"""

from benchmarks.timing import Step, interleave  # isort: skip - first

import argparse
import statistics
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import grad, vmap

Array = np.ndarray[Any, Any]
Parameters = list[Any]
SAMPLES, INPUTS, HIDDEN, OUTPUTS = 256, 64, 128, 10


def network() -> tuple[Parameters, Array, Array]:
    """Return the parameters of a network of two layers, inputs and targets."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(HIDDEN, INPUTS)) / INPUTS**0.5, rng.normal(size=(OUTPUTS, HIDDEN)) / HIDDEN**0.5
    parameters = [first, np.zeros(HIDDEN), second, np.zeros(OUTPUTS)]
    return parameters, rng.normal(size=(SAMPLES, INPUTS)), rng.normal(size=(SAMPLES, OUTPUTS))


def loss(parameters: Parameters, x: Any, y: Any) -> Any:
    """Return the loss of one sample."""
    w, b, v, c = parameters
    return np.sum((v @ np.tanh(w @ x + b) + c - y) ** 2)


def batch_loss(parameters: Parameters, x: Any, y: Any) -> Any:
    """Return the mean loss, written for the whole batch."""
    w, b, v, c = parameters
    return np.sum((np.tanh(x @ w.T + b) @ v.T + c - y) ** 2) / len(x)


def gradients_per_sample() -> dict[str, Step]:
    """Return the gradient of each sample, three ways."""
    parameters, x, y = network()
    one = grad(loss)
    every = vmap(one, in_axes=(None, 0, 0))

    def loop() -> list[Array]:
        found = [one(parameters, row, target) for row, target in zip(x, y, strict=True)]
        return [np.stack(parts) for parts in zip(*found, strict=True)]

    def by_hand() -> list[Array]:
        w, b, v, c = parameters
        hidden = np.tanh(x @ w.T + b)
        out = 2 * (hidden @ v.T + c - y)
        back = out @ v * (1 - hidden * hidden)
        return [back[:, :, None] * x[:, None], back, out[:, :, None] * hidden[:, None], out]

    return {"loop": loop, "vmap": lambda: every(parameters, x, y), "by hand": by_hand}


def gradient_of_the_mean() -> dict[str, Step]:
    """Return the gradient of the mean loss: all samples share the parameters."""
    parameters, x, y = network()
    losses = vmap(loss, in_axes=(None, 0, 0))
    of_batch = grad(batch_loss)
    of_vmap = grad(lambda parameters: losses(parameters, x, y).mean())
    one = grad(loss)

    def loop() -> list[Array]:
        total = [np.zeros(p.shape) for p in parameters]
        for row, target in zip(x, y, strict=True):
            for sum_, g in zip(total, one(parameters, row, target), strict=True):
                sum_ += g
        return [g / SAMPLES for g in total]

    return {"loop": loop, "vmap": lambda: of_vmap(parameters), "by hand": lambda: of_batch(parameters, x, y)}


def kernel() -> dict[str, Step]:
    """Return the Gaussian kernel of each pair of 100 points: a batch in a batch."""
    points = np.random.default_rng(0).normal(size=(100, 8))

    def of_pair(a: Any, b: Any) -> Any:
        return np.exp(-np.sum((a - b) ** 2))

    every = vmap(vmap(of_pair, in_axes=(None, 0)), in_axes=(0, None))
    return {
        "loop": lambda: [np.array([[of_pair(a, b) for b in points] for a in points])],
        "vmap": lambda: [every(points, points)],
        "by hand": lambda: [np.exp(-np.sum((points[:, None] - points) ** 2, axis=-1))],
    }


def peak(step: Step) -> int:
    """Return the bytes that one call needs at its peak."""
    step()
    tracemalloc.start()
    step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def main() -> None:
    """Check that the three ways agree, and print what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    programs: list[Callable[[], dict[str, Step]]] = [gradients_per_sample, gradient_of_the_mean, kernel]
    print("| program | loop, ms | vmap, ms | by hand, ms | loop, MB | vmap, MB | by hand, MB |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for program in programs:
        steps = program()
        results: dict[str, Any] = {name: step() for name, step in steps.items()}
        for found in results.values():
            for one, other in zip(found, results["by hand"], strict=True):
                assert np.allclose(one, other, rtol=1e-10, atol=1e-12)
        seconds = interleave(steps, rounds=options.rounds, block=0.2)
        cells = [f"{1e3 * statistics.median(seconds[name]):.3g}" for name in steps]
        cells += [f"{peak(step) / 1e6:.3g}" for step in steps.values()]
        print(f"| {program.__name__.replace('_', ' ')} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
