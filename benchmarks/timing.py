"""Timing side by side: interleaved rounds in random order, medians of ratios within a round.

Import it before NumPy: it limits the process to one thread and one core, which every library obeys, and takes CPU time.
With the environment variable BENCHMARK_THREADS greater than 1 it allows so many threads, and takes wall time.
"""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

THREADS = int(os.environ.get("BENCHMARK_THREADS", "1"))
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = str(THREADS)
if THREADS == 1 and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

Step = Callable[[], object]
_clock = time.process_time if THREADS == 1 else time.perf_counter


def each_number_of_threads(module: str) -> bool:
    """Run `module` anew for one and for two threads; False if this process is one of those."""
    if "BENCHMARK_THREADS" in os.environ:
        return False
    for threads in ("1", "2"):
        environment = {**os.environ, "BENCHMARK_THREADS": threads}
        subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], env=environment, check=True)
    return True


def interleave(steps: dict[str, Step], *, rounds: int = 15, block: float = 0.03) -> dict[str, list[float]]:
    """Return the seconds of one call of each step, once for each round.

    Parameters
    ----------
    steps
        What to time, by name.
    rounds
        How often each is timed, in an order that is random each round.
    block
        Seconds for which a step is repeated within a round.
    """
    repeats = {}
    for name, step in steps.items():
        step()
        started = _clock()
        step()
        repeats[name] = max(1, int(block / max(_clock() - started, 1e-7)))
    shuffle = random.Random(0).shuffle
    times: dict[str, list[float]] = {name: [] for name in steps}
    for done in range(rounds):
        progress(f"round {done + 1} of {rounds}")
        order = list(steps)
        shuffle(order)
        for name in order:
            step = steps[name]
            step()  # fills the caches again
            started = _clock()
            for _ in range(repeats[name]):
                step()
            times[name].append((_clock() - started) / repeats[name])
    progress("")
    return times


def progress(text: str) -> None:
    """Show `text` on the terminal's current line; say nothing where there is no terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def ratio_of(times: dict[str, list[float]], one: str, other: str) -> float:
    """Return the median of the ratios of two engines within each round."""
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def table(
    title: str, times: dict[str, list[float]], *, scale: float = 1e6, unit: str = "µs", ours: str = "plaingrad"
) -> None:
    """Print medians, and the ratio of `ours` to each other row."""
    print(f"\n{title}\n")
    print(f"| engine | median {unit} | min {unit} | {ours} is |\n|---|---:|---:|---:|")
    for name, values in sorted(times.items(), key=lambda row: statistics.median(row[1])):
        ratio = ratio_of(times, ours, name)
        median, least = statistics.median(values) * scale, min(values) * scale
        print(f"| {name} | {median:.3g} | {least:.3g} | {ratio:.2f} x |")


def available(makers: dict[str, Callable[[], Step]]) -> dict[str, Step]:
    """Build each step, leaving out those whose library is not installed."""
    steps = {}
    for name, make in makers.items():
        try:
            steps[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return steps


def compare(title: str, engines: dict[str, Step], trusted: str, rounds: int) -> None:
    """Check that all engines find the gradients that the trusted one does, and print how long they take."""
    import numpy as np  # after the threads were limited

    expected: Any = engines[trusted]()
    for step in engines.values():
        found: Any = step()
        for one, other in zip(found, expected, strict=True):
            assert np.abs(one - other).max() <= 2e-5 * np.abs(other).max()
    kind = "CPU time" if THREADS == 1 else "wall time"
    seconds = interleave(engines, rounds=rounds, block=0.2)
    table(f"{title}: {THREADS} thread{'s' * (THREADS > 1)}, {kind}", seconds, scale=1e3, unit="ms")
