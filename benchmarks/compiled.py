"""What `autograd.compile` and fused optimizers gain, beside PyTorch, JAX, micrograd and NumPy by hand.

Run it with ``python -m benchmarks.compiled``; names of tasks after it choose some. One thread, CPU time; each table
gives medians, and the medians of ratios within rounds in which all engines took part in random order. The last lines
of a task say which of its goals were reached. PyTorch, JAX, SciPy and numba take part if they are installed, micrograd
also if the environment variable MICROGRAD names a folder that it was installed to with ``pip install --target``.
``--chart file.svg`` draws the main tasks, of those that ran.
"""

from benchmarks.timing import available, interleave, ratio_of  # isort: skip - limits the threads before NumPy loads

import argparse
import functools
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import chart, import_time, scalars, transforms
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
    lstm,
    mnist,
    through_transforms,
)  # fmt: skip

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


def leaves(tree: object) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return all numbers of a result, an array for each part."""
    if isinstance(tree, dict):
        return [x for name in sorted(tree) for x in leaves(tree[name])]
    if isinstance(tree, list | tuple):
        return [x for part in tree for x in leaves(part)]
    return [np.asarray(tree, np.float64)]


def _mnist(size: int, eager: float, compiled: float, fused: float, jax: tuple[float, float] | None) -> Task:
    goals = [(EAGER, PYTORCH, eager), (COMPILED, PYTORCH, compiled), (FUSED, PYTORCH, fused)]
    if jax:
        goals += [(COMPILED, JAX, jax[0]), (FUSED, JAX, jax[1])]
    title = f"MNIST step with Adam, batch {size:,}"
    return Task(title, functools.partial(mnist, size), tuple(goals), heavy=size > 10_000)


TASKS: dict[str, Task] = {
    "mnist32": _mnist(32, 0.48, 0.36, 0.27, (1.0, 0.8)),
    "mnist128": _mnist(128, 0.65, 0.53, 0.45, (1.0, 0.8)),
    "mnist1024": _mnist(1024, 0.90, 0.82, 0.80, (1.0, 0.8)),
    "mnist60000": _mnist(60_000, 1.0, 1.0, 1.0, None),
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
    "lstm": Task("LSTM, 50 steps, 32 x 128, forward and backward", lstm, ((COMPILED, PYTORCH, 1.05),)),
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


CHART = {
    "mnist32": "MNIST step with Adam, batch 32",
    "mnist1024": "MNIST step with Adam, batch 1024",
    "rosenbrock": "Gradient of 100 variables",
    "hessian": "Hessian of 100 variables",
    "layernorm": "Layer norm, forward and backward",
    "attention": "Gradients per sample, attention",
    "block": "Layer norm, GELU, two linear layers",
    "bfgs": "SciPy's BFGS, 10 variables",
    "demo": "micrograd's demonstration",
}


def shown(times: Times) -> Times:
    """Return what the chart shows of a task."""
    return {name: values for name, values in times.items() if name != "eager, fused"}


def main() -> None:
    """Time the tasks, and draw the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*TASKS, *OTHERS]
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"any of {', '.join(names)}", default=names)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--chart", type=Path, help="draw the main tasks that ran, as an SVG")
    options = parser.parse_args()
    measured: dict[str, Times] = {}
    for name in options.tasks:
        if name in OTHERS:
            measured[name] = OTHERS[name]() or {}
        else:
            task = TASKS[name]
            measured[name] = task.measured(options.rounds)
            report(task.title, measured[name], task.reference)
            judge(measured[name], task.goals)
        print(f"- load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    if options.chart:
        panels = {title: shown(measured[name]) for name, title in CHART.items() if name in measured}
        options.chart.write_text(chart.drawn(panels, frozenset((EAGER, COMPILED, FUSED))))


if __name__ == "__main__":
    main()
