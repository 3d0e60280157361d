"""Measure everything that docs/performance.md and the README say about time, and write their tables and charts.

Run it with ``python -m benchmarks.performance``, in an environment that has PyTorch, JAX, SciPy and numba, too, and
micrograd in the folder that the variable MICROGRAD names; names of parts after it measure those alone. What was
measured is kept in a file, ``--kept``; with ``--missing`` only the rest is measured. Tables stand between comments,
``<!-- measured: NAME -->`` and ``<!-- /measured -->``.
"""

from benchmarks.timing import ratio_of  # isort: skip - limits the threads before NumPy loads

import argparse
import importlib.metadata
import json
import os
import platform
import random
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import chart, compiled, compiled_tasks, import_time, loops
from benchmarks.workload_tasks import BESIDE, BY_HAND, COMPILED, EAGER, ENGINES, FUSED, JAX, MNIST, PYTORCH, TASKS
from benchmarks.workloads import measured

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "docs" / "performance.md", ROOT / "README.md")
IMAGES = ROOT / "docs" / "images"
Times = dict[str, list[float]]
LOOPS = (
    *("rk4 100", "rk4", "rk4 100000", "euler", "sines", "leapfrog", "kalman 4", "rnn 8", "rnn 32", "gru 8", "descent"),
    *("adam", "maml", "rollout", "stencil"),
)
ADAM = ("adam", "largeadam")
SHOWN = ("compiled loop", "compiled scan", "JAX jit of scan")  # of loops
SUMMARY = (
    *("mnist32", "mnist1024", "table", "cnn", "resnet", "gru", "lstm", "gpt", "vae", "pinn", "gp", "hmc", "graph"),
    *("atoms", "mixture"),
)
CHART = {
    "mnist32": "MNIST step with Adam, batch 32",
    "mnist1024": "MNIST step with Adam, batch 1024",
    "cnn": "CNN, 32 images of 3 x 32 x 32",
    "gpt": "GPT, 4 layers of 128",
    "gru": "GRU language model",
    "gp": "Gaussian process, 200 points",
    "hmc": "HMC, 20 leapfrog steps",
    "hessian": "Hessian of 100 variables",
    "demo": "micrograd's demonstration",
}


def in_a_new_process(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a process that has imported nothing yet."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(function, args)


def workload(name: str, rounds: int) -> Any:
    """Time a program of `benchmarks.workloads`, each engine in a process of its own."""
    return {engine: asdict(each) for engine, each in measured(name, list(ENGINES), rounds).items()}


def _part(name: str, rounds: int) -> Times:
    return compiled.TASKS[name].measured(rounds)


def _loop(name: str, rounds: int) -> Times:
    engines = [engine for engine in loops.SLOW.get(name, tuple(loops.ENGINES)) if engine in SHOWN]
    return loops.compare(loops.TASKS[name][0], engines, rounds, loops.BY_HAND.get(name))


def imports(rounds: int) -> Times:
    """Time imports, each in a new process."""
    statements = ["import numpy", "import autograd", "import nn"]
    times: Times = {statement: [] for statement in statements}
    for statement in statements:
        import_time.seconds(statement)  # writes the compiled files
    for _ in range(2 * rounds):
        for statement in random.sample(statements, len(statements)):
            times[statement].append(import_time.seconds(statement))
    return times


def machine(rounds: int) -> str:
    """Say what was measured on."""
    info = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "numba", "torch", "jax")]
    settings = [name for name in os.environ if name.startswith(("MALLOC_", "GLIBC_TUNABLES", "OPENBLAS_CORETYPE"))]
    return (
        f"One thread of {models[0] if models else platform.processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"{' '.join(platform.libc_ver())}, Python {platform.python_version()}, {', '.join(versions)}; {rounds} rounds. "
        f"Variables that set memory or kernels: {', '.join(settings) or 'none'}."
    )


# What is measured as a whole, and task by task.
WHOLE: dict[str, Callable[[int], Any]] = {
    "machine": machine,
    "first": lambda rounds: in_a_new_process(compiled_tasks.compile_times, rounds),
    "imports": imports,
    "demo": lambda rounds: compiled.demonstration(),
}
EACH: dict[str, tuple[Iterable[str], Callable[[str, int], Any]]] = {
    "workloads": (TASKS, workload),
    "parts": (compiled.TASKS, lambda name, rounds: in_a_new_process(_part, name, rounds)),
    "loops": (LOOPS, lambda name, rounds: in_a_new_process(_loop, name, rounds)),
}
PARTS = (*WHOLE, *EACH)


# Tables


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table, its first column to the left."""
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def seconds(times: Times, name: str) -> str:
    """Return the median time of an engine, with its unit."""
    return chart.time_text(statistics.median(times[name])) if name in times else ""


def ratios(times: Times, name: str) -> str:
    """Return how many times PyTorch's time an engine takes: of PyTorch alone, and of PyTorch beside `nn`."""
    found = [ratio_of(times, name, other) for other in (PYTORCH, BESIDE) if name in times]
    return " / ".join(f"{each:.2f}" if each > 0.095 else f"{each:.1g}" for each in found)


class Tables:
    """The tables of the pages, by name, made of what was measured."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self.kept, self.work = kept, kept["workloads"]
        self.times: dict[str, Times] = {
            task: {name: each["seconds"] for name, each in found.items()} for task, found in self.work.items()
        }

    def machine(self) -> str:
        """Say what was measured on, and how busy the machine was."""
        loads = self.kept["loads"]
        return f"{self.kept['machine']} Load average {min(loads):.1f} to {max(loads):.1f}."

    def _ratios_of(self, tasks: Iterable[str]) -> str:
        rows = (
            (TASKS[task][0], *(ratios(self.times[task], name) for name in (EAGER, COMPILED, FUSED, JAX)))
            for task in tasks
        )
        return table(("program", EAGER, COMPILED, FUSED, JAX), rows)

    def summary(self) -> str:
        """Compare some programs with PyTorch."""
        return self._ratios_of(SUMMARY)

    def imported(self) -> str:
        """Say what imports take."""
        times = self.kept["imports"]
        rows = ((f"`{name}`", seconds(times, name), f"{ratio_of(times, name, 'import numpy'):.2f}") for name in times)
        return table(("statement", "CPU time", "times `import numpy`"), rows)

    def ratios(self) -> str:
        """Compare all programs with PyTorch."""
        return self._ratios_of(task for task in TASKS if task not in MNIST)

    def mnist(self) -> str:
        """Compare steps of training on MNIST with PyTorch."""
        return self._ratios_of(MNIST)

    def counts(self) -> str:
        """Count the programs that are at or below PyTorch and JAX."""
        names = [task for task in TASKS if task not in MNIST]

        def at_most(name: str, other: str, most: float) -> str:
            both = [self.times[task] for task in names if {name, other} <= set(self.times[task])]
            return f"{sum(ratio_of(times, name, other) <= most for times in both)} of {len(names)}"

        rows = [
            (name, *(at_most(name, other, 1.05 if name == EAGER else 1.0) for other in (PYTORCH, BESIDE, JAX)))
            for name in (EAGER, COMPILED, FUSED)
        ]
        return table(("at most, eager 1.05 times, compiled 1.0 times", PYTORCH, BESIDE, JAX), rows)

    def seconds(self) -> str:
        """Give the times of all programs."""
        engines = [*ENGINES, BY_HAND]
        rows = ((title, *(seconds(self.times[task], name) for name in engines)) for task, (title, _) in TASKS.items())
        return table(("program", *engines), rows)

    def memory(self) -> str:
        """Give the peaks of memory and the page faults of a step."""
        names = (EAGER, COMPILED, FUSED, PYTORCH)

        def row(task: str) -> Iterable[str]:
            found = self.work[task]
            for name in names:
                yield f"{found[name]['peak']:.0f}" if name in found else ""
            for name in (EAGER, COMPILED, PYTORCH, BESIDE):
                yield f"{statistics.median(found[name]['faults']):.0f}" if name in found else ""

        head = (*(f"{name}, MB" for name in names), *(f"{name}, faults" for name in (EAGER, COMPILED, PYTORCH, BESIDE)))
        rows = ((title, *row(task)) for task, (title, _) in TASKS.items() if task not in MNIST)
        return table(("program", *head), rows)

    def parts(self) -> str:
        """Give the times of derivatives of small arrays, and of layers, all engines in one process."""
        found: dict[str, Times] = self.kept["parts"]
        engines = (EAGER, COMPILED, FUSED, JAX, PYTORCH, BY_HAND)
        rows = [
            (compiled.TASKS[name].title, *(seconds(times, each) for each in engines))
            for name, times in found.items()
            if name not in ADAM
        ]
        return table(("task", *engines), rows)

    def optimizers(self) -> str:
        """Give the times of a step of Adam alone."""
        engines = (EAGER, "eager, fused", PYTORCH, "PyTorch fused", JAX)
        rows = (
            (compiled.TASKS[name].title, *(seconds(self.kept["parts"][name], each) for each in engines))
            for name in ADAM
        )
        return table(("task", *engines), rows)

    def demonstration(self) -> str:
        """Give the times of micrograd's demonstration."""
        times = self.kept["demo"]
        names = [name for name in (EAGER, COMPILED, "micrograd") if name in times]
        return table(("program", *names), [("a step", *(seconds(times, name) for name in names))])

    def loops(self) -> str:
        """Give the times of loops."""
        engines = (*SHOWN, "numba by hand")
        rows = (
            (loops.TASKS[name][1], *(seconds(times, each) for each in engines))
            for name, times in self.kept["loops"].items()
        )
        return table(("task", *engines), rows)

    def first(self) -> str:
        """Give the times of first calls."""
        rows = ((name, *map(chart.time_text, times)) for name, times in self.kept["first"].items())
        return table(("program", "first", "second", "third"), rows)


def write(kept: dict[str, Any]) -> None:
    """Write the tables of the pages, and the charts."""
    tables = Tables(kept)

    def filled(found: re.Match[str]) -> str:
        return f"{found[1]}\n\n{getattr(tables, found[2])()}\n\n{found[3]}"

    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        block = r"(<!-- measured: (\w+) -->)\n.*?(<!-- /measured -->)"
        page.write_text(re.sub(block, filled, text, flags=re.DOTALL), encoding="utf-8")
    all_times = {**kept["parts"], "demo": kept["demo"], **tables.times}
    panels = {title: {n: t for n, t in all_times[name].items() if n != BESIDE} for name, title in CHART.items()}
    (IMAGES / "compiled.svg").write_text(chart.drawn(panels, frozenset((EAGER, COMPILED, FUSED))))
    panels = {loops.TASKS[name][1]: times for name, times in kept["loops"].items()}
    (IMAGES / "loops.svg").write_text(chart.drawn(panels, frozenset(("compiled loop", "compiled scan"))))


def measure(part: str, rounds: int, kept: dict[str, Any], missing: bool) -> Iterator[None]:
    """Measure a part, or what is missing of it, and yield after each task."""
    if part in WHOLE:
        if not (missing and part in kept):
            kept[part] = WHOLE[part](rounds)
        yield
        return
    names, function = EACH[part]
    if not missing:
        kept[part] = {}
    for name in names:
        if name not in kept.setdefault(part, {}):
            kept[part][name] = function(name, rounds)
            kept["loads"].append(os.getloadavg()[0])
            print(f"{time.strftime('%H:%M')} {part}: {name}, load average {kept['loads'][-1]:.1f}", flush=True)
            yield


def main() -> None:
    """Measure, keep, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}", default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--kept", type=Path, default=ROOT / "build" / "performance.json")
    parser.add_argument("--missing", action="store_true", help="measure only what is not kept, after an interruption")
    options = parser.parse_args()
    kept: dict[str, Any] = json.loads(options.kept.read_text()) if options.kept.exists() else {"loads": []}
    options.kept.parent.mkdir(exist_ok=True)
    for part in options.parts:
        for _ in measure(part, options.rounds, kept, options.missing):
            options.kept.write_text(json.dumps(kept))
    missing = set(PARTS) - set(kept)
    if missing:
        sys.exit(f"measured, but the pages are not written before these are, too: {', '.join(sorted(missing))}")
    write(kept)


if __name__ == "__main__":
    main()
