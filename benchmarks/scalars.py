"""micrograd's demo, one step: a 2-16-16-1 network of scalars on 100 moons, hinge loss and weight decay.

Run it with ``python -m benchmarks.scalars``. Each engine runs in processes of its own, because what the garbage
collector costs depends on everything else in memory. micrograd takes part if it is installed, or if the environment
variable MICROGRAD names a folder that it was installed to with ``pip install --target``.
"""

from benchmarks.timing import Step, progress, table  # isort: skip - limits the threads before NumPy loads

import importlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import autograd
from datasets import make_moons

ENGINES: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "plaingrad": ("autograd", "nn.scalar", lambda function: function),
    "compiled": ("autograd", "nn.scalar", autograd.compile),
    "micrograd": ("micrograd.engine", "micrograd.nn", lambda function: function),
}


def demonstration(value: Any, network: Any, compiled: Callable[[Any], Any]) -> Step:
    """Return the step, for a class of scalars, a class of networks, and what compiles a function."""
    random.seed(1337)
    points, labels = make_moons(100, noise=0.1, seed=0)
    signs, model = labels * 2.0 - 1.0, network(2, [16, 16, 1])

    @compiled
    def error(point: Any, sign: Any) -> Any:
        return (1 + -sign * model(point)).relu()

    @compiled
    def decay() -> Any:
        return 1e-4 * sum(p * p for p in model.parameters())

    def step() -> float:
        errors = [error([value(x) for x in point], sign) for point, sign in zip(points, signs, strict=True)]
        total = sum(errors) * (1 / len(errors)) + decay()
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
        return float(total.data)

    return step


def seconds(engine: str, steps: int = 5) -> float:
    """Return the median CPU seconds of a step of `engine`."""
    *names, compiled = ENGINES[engine]
    if "MICROGRAD" in os.environ:
        sys.path.append(os.environ["MICROGRAD"])
    values, networks = map(importlib.import_module, names)
    step, times = demonstration(values.Value, networks.MLP, compiled), []
    for _ in range(3):
        step()
    for _ in range(steps):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return statistics.median(times)


def measured(rounds: int = 5) -> dict[str, list[float]]:
    """Time the engines in turn, each time in a new process."""
    times: dict[str, list[float]] = {}
    for done in range(rounds):
        for engine in ENGINES:
            progress(f"round {done + 1} of {rounds}: {engine}")
            try:
                with get_context("spawn").Pool(1) as pool:
                    times.setdefault(engine, []).append(pool.apply(seconds, (engine,)))
            except ImportError as error:
                times.pop(engine, None)
                print(f"{engine} is left out: {error}")
    progress("")
    return times


def main() -> None:
    """Print how long a step takes."""
    table("micrograd's demonstration, one step", measured(), scale=1e3, unit="ms")


if __name__ == "__main__":
    main()
