"""A chain of a million operations: time and memory of forward, backward and deallocation.

Run it with ``python -m benchmarks.deep_chain [--operations N]``.
"""

import argparse
import itertools
import resource
import time
from collections.abc import Callable
from multiprocessing import get_context
from typing import Any

import autograd as ag


def measure(make: Callable[[], Any], operations: int) -> tuple[float, float, float, float]:
    """Return the seconds of forward, backward and deallocation, and the bytes an operation takes at the peak."""
    x = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = [time.process_time()]
    y = x
    for _ in range(operations // 2):
        y = y * 0.999999
        y = y + 1e-6
    times.append(time.process_time())
    y.backward()
    times.append(time.process_time())
    del y
    times.append(time.process_time())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    forward, backward, free = (b - a for a, b in itertools.pairwise(times))
    return forward, backward, free, peak * 1024 / operations


def make_tensor() -> ag.Tensor:
    """Return a leaf tensor."""
    return ag.tensor(1.0, requires_grad=True)


def make_value() -> ag.Value:
    """Return a leaf scalar."""
    return ag.Value(1.0)


def main() -> None:
    """Measure each front end in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=1_000_000)
    operations = parser.parse_args().operations
    print("| engine | forward s | backward s | free s | bytes an operation |\n|---|---:|---:|---:|---:|")
    for name, make in (("Tensor", make_tensor), ("Value", make_value)):
        with get_context("spawn").Pool(1) as pool:
            forward, backward, free, size = pool.apply(measure, (make, operations))
        print(f"| {name} | {forward:.2f} | {backward:.2f} | {free:.2f} | {size:.0f} |")


if __name__ == "__main__":
    main()
