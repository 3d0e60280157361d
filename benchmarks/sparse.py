"""Sparse Jacobians and Hessians: preparing, the first one, and each further one.

Run it with ``python -m benchmarks.sparse``; names of tasks after it choose some. One thread, CPU time, float64. Each
task is written once. Beside this project, plain and compiled, there are those of asdex, sparsejac, CasADi and dense JAX
that are installed. "first" is all that comes before the second Jacobian, but imports.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from benchmarks.timing import interleave  # isort: skip - limits the threads before NumPy loads

import importlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy
import scipy.sparse

import autograd

Function = Callable[..., Any]
Task = tuple[Function, int, int]  # a function of NumPy's functions and a vector, its length, and the order
_FULL = 3000  # unknowns, up to which a full Jacobian is computed
rng = numpy.random.default_rng(0)


class Casadi:
    """What the tasks name of NumPy, of CasADi's symbols."""

    def __init__(self) -> None:
        casadi = importlib.import_module("casadi")
        self.sin, self.sum = casadi.sin, casadi.sum1
        self.concatenate = lambda parts: casadi.vertcat(*parts)

    def roll(self, x: Any, shift: int) -> Any:
        """Return a column whose elements are moved."""
        return x[numpy.roll(numpy.arange(x.shape[0]), shift).tolist()]

    def take(self, x: Any, places: Any) -> Any:
        """Return elements of a column."""
        return x[places.tolist()]


def tridiagonal(np: Any, x: Any) -> Any:
    """Return what each element and its two neighbours leave."""
    inner = x[1:-1] ** 2 - x[:-2] * x[2:] + np.sin(x[1:-1])
    return np.concatenate([x[:1] ** 2 - x[1:2], inner, x[-1:] ** 2 - x[-2:-1]])


def brusselator(np: Any, y: Any) -> Any:
    """Two fields that react and diffuse, on a square grid whose rows follow each other on a ring."""
    size = y.shape[0] // 2
    side, u, v = int(size**0.5), y[:size], y[size:]

    def spread(w: Any) -> Any:
        return np.roll(w, 1) + np.roll(w, -1) + np.roll(w, side) + np.roll(w, -side) - 4 * w

    return np.concatenate([1 + u * u * v - 4.4 * u + 0.1 * spread(u), 3.4 * u - u * u * v + 0.1 * spread(v)])


def arrow(np: Any, x: Any) -> Any:
    """Couple all with the first."""
    return np.concatenate([x[:1] + np.sum(x**2), x[1:] * x[0] + np.sin(x[1:])])


def scattered(size: int) -> Function:
    """Let each result depend on three inputs that are drawn."""
    a, b, c = rng.integers(0, size, (3, size))
    return lambda np, x: np.take(x, a) * np.sin(np.take(x, b)) + np.take(x, c)


def energy(np: Any, x: Any) -> Any:
    """Return the energy of a chain of springs, each from one point to one of the four next."""
    return sum(np.sum((x[k:] - x[:-k]) ** 4) for k in range(1, 5)) + np.sum(x**4)


TASKS: dict[str, Task] = {
    "tridiagonal 1,000": (tridiagonal, 1000, 1),
    "tridiagonal 100,000": (tridiagonal, 100_000, 1),
    "Brusselator 100 x 100": (brusselator, 20_000, 1),
    "arrow 1,000": (arrow, 1000, 1),
    "scattered 20,000": (scattered(20_000), 20_000, 1),
    "Hessian of a band 9,072": (energy, 9072, 2),
}


def ours(*, compiled: bool) -> Function:
    """Return what prepares a derivative here."""

    def prepare(function: Function, x: Any, order: int) -> Function:
        transform: Function = autograd.jacobian if order == 1 else autograd.hessian
        prepared = transform(lambda x: function(numpy, x), sparse=True).prepare(x, compile=compiled)
        return lambda: prepared(x)

    return prepare


def casadi(function: Function, x: Any, order: int) -> Function:
    """Prepare a derivative of CasADi's."""
    ca = importlib.import_module("casadi")
    symbols = ca.SX.sym("x", len(x))
    result = function(Casadi(), symbols)
    matrix = ca.jacobian(result, symbols) if order == 1 else ca.hessian(result, symbols)[0]
    compiled, point = ca.Function("matrix", [symbols], [matrix]), ca.DM(x)
    return lambda: compiled(point)


def of_jax(made: Function) -> Function:
    """Return what prepares a derivative under jit, in full or by a library."""

    def prepare(function: Function, x: Any, order: int) -> Function:
        import jax

        jax.config.update("jax_enable_x64", True)
        point = jax.numpy.asarray(x)
        found = jax.jit(made(function, x, order))
        return lambda: jax.block_until_ready(jax.tree_util.tree_leaves(found(point)))

    return prepare


def _in_jax(function: Function) -> Function:
    return lambda x: function(importlib.import_module("jax.numpy"), x)


def full(function: Function, x: Any, order: int) -> Function:
    """Make a derivative that JAX computes in full."""
    jax: Any = importlib.import_module("jax")
    if len(x) > _FULL:
        raise NotImplementedError("too large")
    made: Function = (jax.jacfwd if order == 1 else jax.hessian)(_in_jax(function))
    return made


def asdex(function: Function, x: Any, order: int) -> Function:
    """Make a derivative of asdex's, which finds the pattern."""
    module: Any = importlib.import_module("asdex")
    made: Function = (module.jacobian if order == 1 else module.hessian)(_in_jax(function), x)
    return made


def sparsejac(function: Function, x: Any, order: int) -> Function:
    """Make a derivative of sparsejac's, for the pattern that is found here."""
    if order == 2:
        raise NotImplementedError("it has no Hessians")
    pattern = scipy.sparse.csr_matrix(autograd.sparsity(lambda x: function(numpy, x))(x).astype(float))
    sparse: Any = importlib.import_module("jax.experimental.sparse")
    made: Function = importlib.import_module("sparsejac").jacfwd(
        _in_jax(function), sparse.BCOO.from_scipy_sparse(pattern)
    )
    return made


ENGINES: dict[str, tuple[str, Function]] = {
    "plaingrad": ("autograd", ours(compiled=False)),
    "plaingrad, compiled": ("autograd", ours(compiled=True)),
    "asdex": ("asdex", of_jax(asdex)),
    "sparsejac, pattern given": ("sparsejac", of_jax(sparsejac)),
    "CasADi": ("casadi", casadi),
    "JAX in full": ("jax", of_jax(full)),
}


def main(chosen: list[str]) -> None:
    """Print a table for each task."""
    there = {name: engine for name, (module, engine) in ENGINES.items() if importlib.util.find_spec(module)}
    for name in there:
        importlib.import_module(ENGINES[name][0])
    for task in chosen or TASKS:
        function, size, order = TASKS[task]
        x = rng.uniform(0.5, 1.5, size)
        first, steps = {}, {}
        for name, engine in there.items():
            started = time.process_time()
            try:
                steps[name] = engine(function, x, order)
                steps[name]()
            except NotImplementedError:
                steps.pop(name, None)
                continue
            first[name] = time.process_time() - started
        times = interleave(steps, rounds=9)
        print(f"\n{task}: first (s), each further one (ms)")
        for name in steps:
            print(f"  {name:26}{first[name]:9.3f}{statistics.median(times[name]) * 1e3:11.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
