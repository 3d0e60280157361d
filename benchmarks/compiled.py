"""What `autograd.compile` and fused optimizers gain, beside PyTorch, JAX, micrograd and NumPy by hand.

Run it with ``python -m benchmarks.compiled``; names of tasks after it choose some. One thread, CPU time; each table
gives medians, and the medians of ratios within rounds in which all engines took part in random order. The last lines
of a task say which of its goals were reached. PyTorch, JAX, SciPy and numba take part if they are installed, micrograd
also if the environment variable MICROGRAD names a folder that it was installed to with ``pip install --target``.
Steps of training are in `benchmarks.workloads`.
"""

from benchmarks.timing import available, interleave, ratio_of  # isort: skip - limits the threads before NumPy loads

import argparse
import functools
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks import import_time, scalars, transforms
from benchmarks.compiled_tasks import (
    COMPILED,
    EAGER,
    FUSED,
    JAX,
    PYTORCH,
    Makers,
    adam,
    bfgs,
    block,
    compile_times,
    cross_entropy,
    gelu,
    gradient_of_calls,
    gradient_of_rosenbrock,
    hessian_of_rosenbrock,
    layer_norm,
    through_transforms,
)  # fmt: skip
from benchmarks.workloads import leaves

Times = dict[str, list[float]]


@dataclass
class Task:
    """What is timed: engines by name, and goals: an engine takes at most so many times what another one takes.

    Engines whose result is not None have to agree with the first one, to `rtol` of the largest number.
    """

    title: str
    makers: Callable[[], Makers]
    goals: tuple[tuple[str, str, float], ...]
    reference: str = PYTORCH
    rtol: float = 1e-4
    heavy: bool = False  # so that a few rounds are enough

    def measured(self, rounds: int) -> Times:
        """Time all engines that are there, which have to agree."""
        engines = available(self.makers())
        results = {name: step() for name, step in engines.items()}
        expected = results[next(iter(results))]
        if expected is not None:
            for name, found in results.items():
                if found is not None:
                    for one, other in zip(leaves(found), leaves(expected), strict=True):
                        size = max(float(np.abs(other).max()), 1e-30)
                        assert np.abs(one - other).max() <= self.rtol * size, f"{name} computes something else"
        return interleave(engines, rounds=max(3, rounds // 4) if self.heavy else rounds)


TASKS: dict[str, Task] = {
    "calls": Task(
        "Gradient of 600 calls on 4 numbers", gradient_of_calls, ((COMPILED, EAGER, 0.36), (FUSED, JAX, 1.0)), JAX
    ),
    "rosenbrock": Task(
        "Gradient of Rosenbrock's function of 100 variables", gradient_of_rosenbrock, ((COMPILED, JAX, 0.5),), JAX
    ),
    "hessian": Task("Its Hessian", hessian_of_rosenbrock, ((COMPILED, JAX, 10.0),), JAX),
    "bfgs": Task("SciPy's BFGS on 10 variables", bfgs, ((COMPILED, JAX, 1.0),), JAX),
    "gelu": Task("GELU of a million float32, forward and backward", gelu, ((FUSED, JAX, 1.0),), JAX),
    "layernorm": Task("Layer norm (1024, 256), forward and backward", layer_norm, ((FUSED, JAX, 1.0),), JAX),
    "crossentropy": Task(
        "Softmax and cross-entropy (1024, 1000), forward and backward", cross_entropy, ((FUSED, JAX, 1.0),), JAX
    ),
    "block": Task(
        "Layer norm, 256-1024-256 with GELU, residual", block, ((COMPILED, PYTORCH, 1.0), (FUSED, PYTORCH, 0.75))
    ),
    "adam": Task(
        "Adam alone, 109,386 parameters",
        functools.partial(adam, 109_386),
        (("eager, fused", "PyTorch fused", 0.4),),
        "PyTorch fused",
    ),
    "largeadam": Task(
        "Adam alone, 4,194,304 parameters",
        functools.partial(adam, 1 << 22),
        (("eager, fused", "PyTorch fused", 0.9),),
        "PyTorch fused",
    ),
    "samples": Task(
        "256 gradients per sample of a network, 64-128-64",
        functools.partial(through_transforms, transforms.gradients_per_sample),
        ((COMPILED, PYTORCH, 0.5),),
    ),
    "attention": Task(
        "24 gradients per sample of a block of attention",
        functools.partial(through_transforms, transforms.attention_per_sample),
        ((COMPILED, PYTORCH, 0.7),),
    ),
}


def report(title: str, times: Times, reference: str) -> None:
    """Print the medians, the least, and the ratio of each engine to the reference and to eager."""
    scale, unit = (1e3, "ms") if statistics.median(times[EAGER]) > 2e-3 else (1e6, "µs")
    reference = reference if reference in times else EAGER
    print(f"\n## {title}\n")
    print(f"| engine | median {unit} | min {unit} | x {reference} | x eager |\n|---|---:|---:|---:|---:|")
    for name, values in sorted(times.items(), key=lambda row: statistics.median(row[1])):
        median, least = statistics.median(values) * scale, min(values) * scale
        ratios = f"{ratio_of(times, name, reference):.2f} | {ratio_of(times, name, EAGER):.2f}"
        print(f"| {name} | {median:.3g} | {least:.3g} | {ratios} |")


def judge(times: Times, goals: tuple[tuple[str, str, float], ...]) -> None:
    """Print which goals were reached."""
    print()
    for engine, other, most in goals:
        if engine in times and other in times:
            judge_one(f"{engine} / {other}", ratio_of(times, engine, other), most)


def judge_one(what: str, found: float, most: float, unit: str = "") -> None:
    """Print whether a number is at most as large as it should be."""
    verdict = "reached" if found <= most else "MISSED "
    print(f"- {verdict}: {what} {found:.3g}{unit}, at most {most:g}{unit}", flush=True)


def demonstration() -> Times:
    """Time micrograd's demonstration."""
    times = scalars.measured()
    times[EAGER] = times.pop("plaingrad")
    report("micrograd's demonstration", times, "micrograd")
    judge(times, ((COMPILED, "micrograd", 1 / 200),))
    return times


def first_calls(rounds: int = 5) -> None:
    """Print what the first calls take: recording, then printing and the first replay, then replay."""
    print("\n## First calls, in new processes\n\n| program | first ms | second ms | third ms |\n|---|---:|---:|---:|")
    found = compile_times(rounds)
    for name, seconds in found.items():
        print(f"| {name} | {' | '.join(f'{x * 1e3:.3g}' for x in seconds)} |")
    print()
    for name, most in (("MNIST step", 60), ("value and gradient, 10 variables", 50)):
        judge_one(f"{name}, first call", found[name][0] * 1e3, most, " ms")
    for name in ("MNIST step, numba, first", "MNIST step, numba, cached"):
        judge_one(f"{name}, first and second call", sum(found[name][:2]) * 1e3, 2000, " ms")


def imports() -> None:
    """Print what importing the engine takes."""
    print("\n## Import\n")
    import_time.main()


OTHERS: dict[str, Callable[[], Times | None]] = {"demo": demonstration, "first": first_calls, "import": imports}


def main() -> None:
    """Time the tasks, and draw the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*TASKS, *OTHERS]
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"any of {', '.join(names)}", default=names)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for name in options.tasks:
        if name in OTHERS:
            OTHERS[name]()
        else:
            task = TASKS[name]
            times = task.measured(options.rounds)
            report(task.title, times, task.reference)
            judge(times, task.goals)
        print(f"- load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
