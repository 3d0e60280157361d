"""Sparse Jacobians and Hessians: the first one, with what it takes to prepare it, and each further one.

Run it with ``python -m benchmarks.sparse``; names of tasks after it choose some. One thread, CPU time, float64. Each
task is written once, for NumPy and JAX, and by indices for CasADi. What is not installed is left out: jax (as a dense
Jacobian under ``jit``, of up to 2,000 unknowns), asdex, sparsejac (which is given the pattern) and casadi. The first
Jacobian of each engine is computed in a process of its own, after its imports. All must agree with ours.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from benchmarks.timing import Step, interleave  # isort: skip - limits the threads before NumPy loads

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograd import hessian, jacobian

Function = Callable[..., Any]
LARGEST_DENSE = 2000
rng = np.random.default_rng(0)


@dataclass
class Task:
    """A function of a namespace and a vector, one of indices for CasADi, the point, and whether a Hessian is wanted."""

    function: Function
    by_indices: Function
    x: np.ndarray[Any, Any]
    second: bool = False


def tridiagonal(n: int) -> Task:
    """Return a nonlinear equation of neighbours."""

    def function(np: Any, x: Any) -> Any:
        inner = x[1:-1] ** 2 * x[:-2] - np.sin(x[2:])
        return np.concatenate([x[:1] ** 2, inner, x[-1:] * x[-2:-1]])

    def by_indices(ca: Any, x: Any) -> Any:
        return ca.vertcat(x[0] ** 2, x[1:-1] ** 2 * x[:-2] - ca.sin(x[2:]), x[-1] * x[-2])

    return Task(function, by_indices, rng.random(n))


def brusselator(side: int) -> Task:
    """Return two substances that react, and spread over a torus."""
    cells = np.arange(side * side).reshape(side, side)
    around = [np.roll(cells, shift, axis).reshape(-1).tolist() for shift in (1, -1) for axis in (0, 1)]

    def rates(np: Any, y: Any) -> Any:
        u, v = y.reshape(2, side, side)
        spread = [sum(np.roll(w, shift, axis) for shift in (1, -1) for axis in (0, 1)) - 4 * w for w in (u, v)]
        made = u * u * v
        return np.concatenate([(1 + made - 4 * u + spread[0]).reshape(-1), (3 * u - made + spread[1]).reshape(-1)])

    def by_indices(ca: Any, y: Any) -> Any:
        u, v = y[: side * side], y[side * side :]
        spread = [sum(w[place] for place in around) - 4 * w for w in (u, v)]
        made = u * u * v
        return ca.vertcat(1 + made - 4 * u + spread[0], 3 * u - made + spread[1])

    return Task(rates, by_indices, rng.random(2 * side * side))


def banded(n: int) -> Task:
    """Return an energy of each number and the next four."""

    def energy(np: Any, x: Any) -> Any:
        return sum(np.sum(np.cos(x[k:] * x[: x.shape[0] - k])) for k in range(1, 5)) + np.sum(x**4)

    def by_indices(ca: Any, x: Any) -> Any:
        return sum(ca.sum1(ca.cos(x[k:] * x[: n - k])) for k in range(1, 5)) + ca.sum1(x**4)

    return Task(energy, by_indices, rng.random(n), second=True)


def arrow(n: int) -> Task:
    """Return an energy in which the first number meets all others."""
    return Task(
        lambda np, x: np.sum(np.exp(x[0] * x[1:])) + np.sum(x**3),
        lambda ca, x: ca.sum1(ca.exp(x[0] * x[1:])) + ca.sum1(x**3),
        rng.random(n),
        second=True,
    )


def scattered(n: int) -> Task:
    """Return products of three numbers from anywhere."""
    places = rng.integers(0, n, (3, n))
    a, b, c = places.tolist()
    return Task(
        lambda np, x: x[places[0]] * np.sin(x[places[1]]) + x[places[2]] ** 2,
        lambda ca, x: x[a] * ca.sin(x[b]) + x[c] ** 2,
        rng.random(n),
    )


TASKS: dict[str, Callable[[], Task]] = {
    "tridiagonal 1,000": lambda: tridiagonal(1000),
    "tridiagonal 100,000": lambda: tridiagonal(100_000),
    "Brusselator 100 x 100": lambda: brusselator(100),
    "banded Hessian 9,072": lambda: banded(9072),
    "arrow Hessian 10,000": lambda: arrow(10_000),
    "random, 3 a row, 10,000": lambda: scattered(10_000),
}


def ours(task: Task, **options: Any) -> Step:
    """Return what computes the matrix anew, prepared."""
    transform: Any = hessian if task.second else jacobian
    function, x = task.function, task.x
    prepared = transform(lambda x: function(np, x), sparse=True).prepare(x, **options)
    return lambda: prepared(x).data


def dense(task: Task) -> Step:
    """Return the dense matrix."""
    _require_small(task)
    transform: Any = hessian if task.second else jacobian
    return lambda: transform(lambda x: task.function(np, x))(task.x)


def _require_small(task: Task) -> None:
    if task.x.size > LARGEST_DENSE:
        raise ImportError(f"a dense matrix of {task.x.size:,} columns")


def _jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def jax_dense(task: Task) -> Step:
    """Return JAX's dense matrix, under jit."""
    _require_small(task)
    jax = _jax()
    transform = jax.hessian if task.second else jax.jacfwd
    call, x = jax.jit(transform(lambda x: task.function(jax.numpy, x))), jax.numpy.asarray(task.x)
    return lambda: np.asarray(call(x))


def asdex(task: Task) -> Step:
    """Return asdex's matrix, which finds the pattern in JAX's program, under jit."""
    import asdex

    jax, x = _jax(), task.x
    transform = asdex.hessian if task.second else asdex.jacobian
    call = jax.jit(transform(lambda x: task.function(jax.numpy, x), x))
    return lambda: np.asarray(call(x).data)


def sparsejac(task: Task) -> Step:
    """Return sparsejac's matrix, of a pattern that it is given."""
    import sparsejac

    jax, x = _jax(), task.x
    from jax.experimental.sparse import BCOO

    if task.second:
        raise ImportError("a Hessian")
    pattern = jacobian(lambda x: task.function(np, x), sparse=True).prepare(x).pattern
    call = jax.jit(
        sparsejac.jacfwd(lambda x: task.function(jax.numpy, x), sparsity=BCOO.from_scipy_sparse(pattern.tocoo()))
    )
    return lambda: np.asarray(call(x).data)


def casadi(task: Task) -> Step:
    """Return CasADi's matrix, of an expression of single numbers."""
    import casadi as ca

    x = ca.SX.sym("x", task.x.size)
    value = task.by_indices(ca, x)
    matrix = ca.hessian(value, x)[0] if task.second else ca.jacobian(value, x)
    call = ca.Function("matrix", [x], [matrix])
    return lambda: call(task.x)


ENGINES: dict[str, Callable[[Task], Step]] = {
    "plaingrad": ours,
    "plaingrad, compiled": lambda task: ours(task, compile=True),
    "plaingrad, dense": dense,
    "JAX jit, dense": jax_dense,
    "asdex, JAX jit": asdex,
    "sparsejac, JAX jit": sparsejac,
    "CasADi": casadi,
}


def _first(name: str, engine: str) -> None:
    """Print the CPU seconds of the first matrix and the memory that it took, in MB, after a small one."""
    small = {"tridiagonal": tridiagonal, "Brusselator": brusselator, "banded": banded, "arrow": arrow}
    ENGINES[engine](small.get(name.split()[0], scattered)(12))()
    task, before = TASKS[name](), _peak()
    started = time.process_time()
    ENGINES[engine](task)()
    seconds = time.process_time() - started
    print(seconds, _peak() - before)


def _peak() -> float:
    """Return the most memory that this process had, in MB; `resource` has that of the process that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Print a table for each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", choices=[[], *TASKS], metavar="TASK", help=", ".join(TASKS))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--first", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.first:
        return _first(*given.first)
    for name in given.tasks or TASKS:
        task, steps = TASKS[name](), {}
        for engine, make in ENGINES.items():
            try:
                steps[engine] = make(task)
            except ImportError as error:
                print(f"{name}: {engine} is left out: {error}", file=sys.stderr)
        total = steps["plaingrad"]().sum()  # type: ignore[attr-defined]  # an array
        for engine, step in steps.items():
            found: Any = step()
            found = np.asarray(found.nonzeros()) if hasattr(found, "nonzeros") else found
            assert abs(found.sum() - total) <= 1e-9 * max(1, abs(total)), f"{name}: {engine} differs"
        times = interleave(steps, rounds=given.rounds)
        print(f"\n{name}\n\n| engine | first, s | MB | further ones, ms |\n|---|---:|---:|---:|")
        for engine, values in times.items():
            command = [sys.executable, "-m", "benchmarks.sparse", "--first", name, engine]
            first, memory = map(float, subprocess.check_output(command, text=True).split())
            print(f"| {engine} | {first:.3g} | {memory:.0f} | {1e3 * statistics.median(values):.3g} |", flush=True)
    return None


if __name__ == "__main__":
    main()
