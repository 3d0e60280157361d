"""micrograd's demo, one step: a 2-16-16-1 network of scalars on 100 moons, hinge loss and weight decay.

Run it with ``python -m benchmarks.scalars``. Each engine runs in processes of its own, because what the garbage
collector costs depends on everything else in memory. micrograd takes part if it is installed. With `compile`, the
network is recorded for one point and replayed for all; the rest of the program is the same.
"""

from benchmarks.timing import Step, progress, table  # isort: skip - limits the threads before NumPy loads

import importlib
import random
import statistics
import time
from multiprocessing import get_context
from typing import Any

from datasets import make_moons

ENGINES = {
    "plaingrad": ("autograd", "nn.scalar"),
    "plaingrad, compiled": ("autograd", "nn.scalar"),
    "micrograd": ("micrograd.engine", "micrograd.nn"),
}


def demonstration(value: Any, network: Any, compiled: Any = None) -> Step:
    """Return the step, for a class of scalars and a class of networks."""
    random.seed(1337)
    points, labels = make_moons(100, noise=0.1, seed=0)
    signs, model = labels * 2.0 - 1.0, network(2, [16, 16, 1])
    if compiled is not None:
        model = compiled(model)

    def step() -> float:
        scores = [model([value(x) for x in point]) for point in points]
        losses = [(1 + -sign * score).relu() for sign, score in zip(signs, scores, strict=True)]
        total = sum(losses) * (1 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
        return float(total.data)

    return step


def seconds(engine: str, steps: int = 5) -> float:
    """Return the median CPU seconds of a step of `engine`."""
    values, networks = map(importlib.import_module, ENGINES[engine])
    step, times = demonstration(values.Value, networks.MLP, values.compile if "compiled" in engine else None), []
    step()
    for _ in range(steps):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return statistics.median(times)


def main(rounds: int = 5) -> None:
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
    table("micrograd's demonstration, one step", times, scale=1e3, unit="ms")


if __name__ == "__main__":
    main()
