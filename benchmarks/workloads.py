"""Programs of 22 kinds, beside PyTorch and JAX, with each engine in a process of its own.

Run it with ``python -m benchmarks.workloads``; names of tasks after it choose some. One thread, CPU time, medians of
ratios within rounds in which all engines take part in random order. PyTorch is timed twice: alone, and in a process
that imported `nn`, which keeps freed memory for everybody in it. Losses, gradients and results have to agree. Page
faults and the peak of memory are printed beside the times.
"""

from benchmarks.timing import progress, ratio_of  # isort: skip - limits the threads before NumPy loads

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from benchmarks.workload_tasks import BESIDE, BY_HAND, ENGINES, JAX, MNIST, PYTORCH, TASKS

WARM_UP = 400, 2.0  # steps, or seconds of them: what engines do after a while they do then
RTOL = 2e-3  # of the largest number of an array, or of a thousandth of that of all: training multiplies rounding


@dataclass
class Measured:
    """What an engine took for a task: seconds and page faults of each round, MB, and seconds of the first calls."""

    seconds: list[float] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)
    peak: float = 0.0
    first: float = 0.0


def leaves(tree: Any) -> Iterator[numpy.ndarray[Any, Any]]:
    """Return all arrays of a result."""
    if isinstance(tree, dict):
        tree = [tree[name] for name in sorted(tree)]
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from leaves(part)
    else:
        yield numpy.asarray(tree, numpy.float64)


def memory(name: str) -> float:
    """Return a line of what the system says of this process's memory, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def work(task: str, name: str, folder: Path) -> None:
    """Take part in the rounds of a task: say what was found, then for each line that comes time one block."""
    kept = folder / "start.npz"
    start = dict(numpy.load(kept)) if kept.exists() else {}
    made = TASKS[task][1].made(name, start)
    if not kept.exists():
        numpy.savez(kept, allow_pickle=False, **made.start)
    Path("/proc/self/clear_refs").write_text("5")
    before, started = memory("VmRSS"), time.process_time()
    found = list(leaves(made.results()))
    first = time.process_time() - started
    for _ in range(2):
        made.step()
    peak = memory("VmHWM") - before
    numpy.savez(folder / f"{name}.npz", *found)
    print(json.dumps({"peak": peak, "first": first}), flush=True)
    started, steps = time.process_time(), 0
    while steps < WARM_UP[0] and time.process_time() < started + WARM_UP[1]:
        made.step()
        steps += 1
    repeats = max(1, int(0.1 * steps / max(time.process_time() - started, 1e-7)))
    for _ in sys.stdin:
        made.step()  # fills the caches again
        faults, started = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, time.process_time()
        for _ in range(repeats):
            made.step()
        seconds = time.process_time() - started
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        print(json.dumps([seconds / repeats, faults / repeats]), flush=True)


def said_by(worker: subprocess.Popen[str], ask: bool = False) -> str:
    """Return a line that a worker says, nothing if it has ended, after another line was sent to it if `ask`."""
    assert worker.stdout
    if ask:
        print(file=worker.stdin, flush=True)
    return worker.stdout.readline()


def measured(task: str, engines: list[str], rounds: int) -> dict[str, Measured]:
    """Time a task with engines, each in a process of its own, which have to agree with the first one."""
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory() as folder:
        workers: dict[str, subprocess.Popen[str]] = {}
        for name in [*engines, *([BY_HAND] if task in MNIST else [])]:
            progress(f"{task}: {name}")
            call = [sys.executable, "-m", "benchmarks.workloads", "--work", task, name, folder]
            worker = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            said = said_by(worker)
            if not said:
                print(f"{task}: {name} is left out, see above", file=sys.stderr)
                worker.wait()
                continue
            workers[name], found[name] = worker, Measured(**json.loads(said))
        agree(Path(folder), list(workers))
        shuffle = random.Random(0).shuffle
        for done in range(rounds):
            order = list(workers)
            shuffle(order)
            for name in order:
                progress(f"{task}: round {done + 1} of {rounds}, {name}")
                seconds, faults = json.loads(said_by(workers[name], ask=True))
                found[name].seconds.append(seconds)
                found[name].faults.append(faults)
        for worker in workers.values():
            worker.communicate()
    progress("")
    return found


def agree(folder: Path, names: list[str]) -> None:
    """Check that all engines found the same."""
    results = {name: list(numpy.load(folder / f"{name}.npz").values()) for name in names}
    expected = results[names[0]]
    size = max((float(numpy.abs(x).max()) for x in expected), default=0.0)
    for name, found in results.items():
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert one.shape == other.shape, f"{name}: {one.shape} and {other.shape}"
            error = float(numpy.abs(one - other).max())
            most = RTOL * max(float(numpy.abs(other).max()), size / 1000)
            assert error <= most, f"{name} computes something else ({i}: {error:g}, at most {most:g})"


def ratio(found: dict[str, Measured], one: str, other: str) -> float | None:
    """Return the median of the ratios within rounds."""
    if one not in found or other not in found:
        return None
    return ratio_of({name: each.seconds for name, each in found.items()}, one, other)


def main() -> None:
    """Measure tasks and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"any of {', '.join(TASKS)}", default=list(TASKS))
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES, metavar="ENGINE")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        task, name, folder = options.work
        work(task, name, Path(folder))
        return
    for task in options.tasks:
        found = measured(task, options.engines, options.rounds)
        print(f"\n## {TASKS[task][0]} ({task})\n")
        print(f"| engine | ms | x {PYTORCH} | x {BESIDE} | x {JAX} | faults | peak MB | first calls s |")
        print("|---|---:|---:|---:|---:|---:|---:|---:|")
        for name, each in found.items():
            ratios = [ratio(found, name, other) for other in (PYTORCH, BESIDE, JAX)]
            shown = " | ".join("" if each is None else f"{each:.2f}" for each in ratios)
            median, faults = statistics.median(each.seconds) * 1e3, statistics.median(each.faults)
            print(f"| {name} | {median:.3g} | {shown} | {faults:.0f} | {each.peak:.0f} | {each.first:.2f} |")
        print(f"- load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
