"""Loops: simulations, filters and recurrences of small states, value and gradient.

Run it with ``python -m benchmarks.loops``; names of tasks after it choose some. One thread, CPU time, float64. Each
task is written once, and looped by Python, by `autograd.scan`, or by JAX's ``lax.scan`` under ``jit``, if JAX is there.
"NumPy calls alone" is ``compile(f, backend="numpy")``. Two pendulums are there as numba compiles them, too, the reverse
pass by hand. ``--first`` prints the CPU time of the first two calls instead, each in a process of its own, without
imports.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from benchmarks.timing import Step, interleave, ratio_of  # isort: skip - limits the threads before NumPy loads

import argparse
import functools
import math
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

import autograd
from benchmarks.chart import Times, drawn

Function = Callable[..., Any]
rng = numpy.random.default_rng(0)


@dataclass
class Engine:
    """What a task is written with: a namespace of functions, a loop with the arguments of `scan`, and transforms."""

    np: Any
    loop: Function
    of: Any
    jit: Function
    array: Function = numpy.asarray
    wait: Function = lambda result: result


def python_loop(step: Function, state: Any, xs: Any = None, length: int | None = None) -> Any:
    """Loop as a program does that knows no `scan`."""
    ys = []
    for x in range(length or 0) if xs is None else xs:
        state, y = step(state, x)
        ys.append(y)
    return state, None if ys[0] is None else numpy.stack(ys)


def jax() -> Engine:
    """Return JAX: its scan, under jit."""
    import jax

    jax.config.update("jax_enable_x64", True)
    return Engine(jax.numpy, jax.lax.scan, jax, jax.jit, jax.numpy.asarray, jax.block_until_ready)


def ours(loop: Function, backend: Any = None) -> Engine:
    """Return this project with a loop, compiled if there is a backend."""
    compiled = functools.partial(autograd.compile, backend=backend) if backend else lambda function: function
    return Engine(numpy, loop, autograd, compiled)


ENGINES: dict[str, Callable[[], Engine]] = {
    "eager": lambda: ours(python_loop),
    "NumPy calls alone": lambda: ours(python_loop, "numpy"),
    "compiled loop": lambda: ours(python_loop, "auto"),
    "compiled scan": lambda: ours(autograd.scan, "auto"),
    "JAX jit of scan": jax,
}

# The pendulums by hand


def pendulums_by_hand(steps: int) -> Step:
    """Return the value and gradient of `rk4`, forward and reverse pass written out for numba."""
    import numba

    @numba.njit(inline="always")
    def slope(s: Any, d: Any) -> None:
        d[0], d[1], d[2], d[3] = s[2], s[3], -math.sin(s[0]), -math.sin(s[1])

    @numba.njit(inline="always")
    def pull(s: Any, g: Any, out: Any) -> None:
        out[0], out[1], out[2], out[3] = -g[2] * math.cos(s[0]), -g[3] * math.cos(s[1]), g[0], g[1]

    @numba.njit(error_model="numpy")
    def value_and_gradient(start: Any, steps: int) -> Any:
        h, path = 0.01, numpy.empty((steps + 1, 4))
        k, at = numpy.empty((4, 4)), numpy.empty((4, 4))
        path[0] = start
        for i in range(steps):
            for j in range(4):
                for c in range(4):
                    at[j, c] = path[i, c] + ((0.0, h / 2, h / 2, h)[j] * k[j - 1, c] if j else 0.0)
                slope(at[j], k[j])
            for c in range(4):
                path[i + 1, c] = path[i, c] + h / 6 * (k[0, c] + 2 * k[1, c] + 2 * k[2, c] + k[3, c])
        g, total, into, out = 2 * path[steps], numpy.empty(4), numpy.empty(4), numpy.zeros(4)
        for i in range(steps - 1, -1, -1):
            for j in range(4):
                for c in range(4):
                    at[j, c] = path[i, c] + ((0.0, h / 2, h / 2, h)[j] * k[j - 1, c] if j else 0.0)
                slope(at[j], k[j])
            total[:] = g
            for j in range(3, -1, -1):
                for c in range(4):
                    into[c] = h / 6 * (1, 2, 2, 1)[j] * g[c] + ((h / 2, h / 2, h, 0.0)[j] * out[c] if j < 3 else 0.0)
                pull(at[j], into, out)
                total += out
            g[:] = total
        return numpy.sum(path[steps] ** 2), g

    start = numpy.array([0.4, -0.2, 0.1, 0.3])

    def step() -> Any:
        value, gradient = value_and_gradient(start, steps)
        return value, (gradient,)

    return step


# Tasks: each returns a function of arrays that gives a number, and its arguments


def rk4(e: Engine, steps: int) -> tuple[Function, Any]:
    """Swing two pendulums by the classical Runge-Kutta method."""
    np, h = e.np, 0.01

    def slope(s: Any) -> Any:
        return np.stack([s[2], s[3], -np.sin(s[0]), -np.sin(s[1])])

    def step(s: Any, _: Any) -> Any:
        a = slope(s)
        b = slope(s + h / 2 * a)
        c = slope(s + h / 2 * b)
        d = slope(s + h * c)
        return s + h / 6 * (a + 2 * b + 2 * c + d), None

    return lambda s: np.sum(e.loop(step, s, length=steps)[0] ** 2), (numpy.array([0.4, -0.2, 0.1, 0.3]),)


def trajectories(e: Engine, count: int, steps: int) -> tuple[Function, Any]:
    """Swing many pairs of pendulums, by `vmap`."""
    energy, _ = rk4(e, steps)
    return lambda s: e.np.sum(e.of.vmap(energy)(s)), (rng.normal(size=(count, 4)),)


def euler(e: Engine, steps: int) -> tuple[Function, Any]:
    """Move a mass on a spring by Euler's method, position and velocity as slices of one array."""
    np = e.np

    def step(s: Any, _: Any) -> Any:
        x, v = s[:2], s[2:]
        return np.concatenate([x + 0.01 * v, v - 0.01 * (np.sin(x) + 0.1 * v)]), None

    return lambda s: np.sum(e.loop(step, s, length=steps)[0] ** 2), (numpy.array([0.4, -0.2, 0.1, 0.3]),)


def sines(e: Engine, steps: int) -> tuple[Function, Any]:
    """Call a sine again and again."""
    return lambda x: e.np.sum(e.loop(lambda x, _: (e.np.sin(x) * 1.01 + 0.1, None), x, length=steps)[0]), (
        numpy.linspace(0.2, 1.1, 4),
    )


def leapfrog(e: Engine, steps: int) -> tuple[Function, Any]:
    """Move a particle in the potential of a Gaussian mixture, as Hamiltonian Monte Carlo does."""
    np, h = e.np, 0.05

    def force(q: Any) -> Any:
        return -q + 0.3 * np.tanh(q[::-1])

    def step(state: Any, _: Any) -> Any:
        q, p = state
        p = p + h / 2 * force(q)
        q = q + h * p
        return (q, p + h / 2 * force(q)), None

    def energy(q: Any, p: Any) -> Any:
        q, p = e.loop(step, (q, p), length=steps)[0]
        return np.sum(q * q) + np.sum(p * p)

    return energy, (rng.normal(size=4), rng.normal(size=4))


def kalman(e: Engine, size: int, steps: int) -> tuple[Function, Any]:
    """Filter noisy positions; the likelihood is differentiated with respect to the matrix of the motion."""
    np = e.np
    eye, noise = e.array(numpy.eye(size)), e.array(0.1 * numpy.eye(size))
    seen = e.array(rng.normal(size=(steps, size)))

    def likelihood(f: Any) -> Any:
        def step(state: Any, y: Any) -> Any:
            x, p = f @ state[0], f @ state[1] @ f.T + noise
            s = p + eye
            r = y - x
            gain = np.linalg.solve(s, p).T
            return (x + gain @ r, (eye - gain) @ p), r @ np.linalg.solve(s, r)

        return np.sum(e.loop(step, (np.zeros(size), eye), seen)[1])

    return likelihood, (0.9 * numpy.eye(size) + 0.05 * rng.normal(size=(size, size)) / size,)


def rnn(e: Engine, units: int, batch: int, steps: int) -> tuple[Function, Any]:
    """Run a recurrent cell by hand over a batch of sequences."""
    np, xs = e.np, e.array(rng.normal(size=(steps, batch, units)))

    def loss(w: Any, u: Any, b: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            return np.tanh(x @ w + h @ u + b), None

        return np.sum(e.loop(step, np.zeros((batch, units)), xs)[0] ** 2)

    return loss, (*(rng.normal(size=(units, units)) / units**0.5 for _ in range(2)), rng.normal(size=units))


def gru(e: Engine, units: int, batch: int, steps: int) -> tuple[Function, Any]:
    """Run a gated cell by hand over a batch of sequences."""
    np, xs = e.np, e.array(rng.normal(size=(steps, batch, units)))

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def loss(w: Any, u: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            r = sigmoid(x @ w[0] + h @ u[0])
            z = sigmoid(x @ w[1] + h @ u[1])
            n = np.tanh(x @ w[2] + r * (h @ u[2]))
            return (1 - z) * n + z * h, None

        return np.sum(e.loop(step, np.zeros((batch, units)), xs)[0] ** 2)

    return loss, tuple(rng.normal(size=(3, units, units)) / units**0.5 for _ in range(2))


def stencil(e: Engine, points: int, steps: int) -> tuple[Function, Any]:
    """Let heat flow along a rod, with a reaction."""
    np = e.np

    def step(u: Any, _: Any) -> Any:
        inner = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2]) + 0.01 * u[1:-1] * (1 - u[1:-1])
        return np.concatenate([u[:1], inner, u[-1:]]), None

    return lambda u: np.sum(e.loop(step, u, length=steps)[0] ** 2), (rng.uniform(size=points),)


def error_of(e: Engine) -> Function:
    """Return the error of a linear model, of which the tasks below take the gradient within a step."""
    samples, targets = e.array(rng.normal(size=(10, 3))), e.array(rng.normal(size=10))
    return lambda w: e.np.mean((samples @ w - targets) ** 2)


def descent(e: Engine, steps: int) -> tuple[Function, Any]:
    """Differentiate gradient descent with respect to where it starts and its rate."""
    error = error_of(e)
    slope = e.of.grad(error)

    def after(w: Any, rate: Any) -> Any:
        return error(e.loop(lambda w, _: (w - rate * slope(w), None), w, length=steps)[0])

    return after, (rng.normal(size=3), numpy.array(0.05))


def adam(e: Engine, steps: int) -> tuple[Function, Any]:
    """Differentiate Adam with respect to where it starts and its rate."""
    np, error, zero = e.np, error_of(e), e.array(numpy.zeros(3))
    slope = e.of.grad(error)
    powers = e.array(numpy.stack([0.9 ** numpy.arange(1, steps + 1), 0.999 ** numpy.arange(1, steps + 1)], 1))

    def after(w: Any, rate: Any) -> Any:
        def step(state: Any, power: Any) -> Any:
            w, m, v = state
            g = slope(w)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            return (w - rate * (m / (1 - power[0])) / (np.sqrt(v / (1 - power[1])) + 1e-8), m, v), None

        return error(e.loop(step, (w, zero, zero), powers)[0][0])

    return after, (rng.normal(size=3), numpy.array(0.05))


def maml(e: Engine, steps: int) -> tuple[Function, Any]:
    """Learn weights of a small network from which a few steps on one task lead far."""
    np = e.np
    x, y = e.array(rng.normal(size=(10, 1))), e.array(rng.normal(size=(10, 1)))

    def loss(p: Any) -> Any:
        return np.mean((np.tanh(x @ p[0] + p[1]) @ p[2] - y) ** 2)

    slope = e.of.grad(loss)

    def step(p: Any, _: Any) -> Any:
        return tuple(a - 0.1 * g for a, g in zip(p, slope(p), strict=True)), None

    weights = rng.normal(size=(1, 8)), rng.normal(size=8), rng.normal(size=(8, 1))
    return lambda *p: loss(e.loop(step, p, length=steps)[0]), weights


def rollout(e: Engine, steps: int) -> tuple[Function, Any]:
    """Balance a pendulum by a policy, whose weights are differentiated through all steps."""
    np, start = e.np, e.array(numpy.array([0.3, 0.0]))

    def cost(w: Any, v: Any) -> Any:
        def step(s: Any, _: Any) -> Any:
            u = np.tanh(s @ w) @ v
            s = s + 0.05 * np.stack([s[1], np.sin(s[0]) + u])
            return s, np.sum(s * s) + 0.01 * u * u

        return np.sum(e.loop(step, start, length=steps)[1])

    return cost, (rng.normal(size=(2, 8)), -rng.normal(size=8))


def leaves(e: Engine, count: int, steps: int) -> tuple[Function, Any]:
    """Move a ring of springs whose state is a dict of single numbers."""

    def step(s: Any, _: Any) -> Any:
        after: dict[str, Any] = {}
        for i in range(count // 2):
            x, v = s[f"x{i}"], s[f"v{i}"]
            v = v - 0.01 * (x + 0.3 * (x - s[f"x{(i + 1) % (count // 2)}"]) + 0.1 * e.np.sin(x))
            after |= {f"x{i}": x + 0.01 * v, f"v{i}": v}
        return after, None

    def energy(*start: Any) -> Any:
        names = [f"{kind}{i}" for i in range(count // 2) for kind in "xv"]
        s = e.loop(step, dict(zip(names, start, strict=True)), length=steps)[0]
        return sum(x * x for x in s.values())

    return energy, tuple(map(numpy.asarray, rng.normal(size=count)))


TASKS: dict[str, tuple[Function, str]] = {
    "rk4": (lambda e: rk4(e, 1000), "RK4 of two pendulums, 1,000 steps"),
    "rk4 100": (lambda e: rk4(e, 100), "RK4 of two pendulums, 100 steps"),
    "rk4 100000": (lambda e: rk4(e, 100_000), "RK4 of two pendulums, 100,000 steps"),
    "rk4 batch": (lambda e: trajectories(e, 1000, 100), "RK4 of two pendulums, 1,000 trajectories of 100 steps"),
    "euler": (lambda e: euler(e, 100), "Euler's method on slices, 100 steps"),
    "sines": (lambda e: sines(e, 600), "600 calls of sin on 4 numbers"),
    "leapfrog": (lambda e: leapfrog(e, 50), "leapfrog, 50 steps"),
    "leapfrog 1000": (lambda e: leapfrog(e, 1000), "leapfrog, 1,000 steps"),
    "kalman 2": (lambda e: kalman(e, 2, 50), "Kalman filter, 2 x 2, 50 steps"),
    "kalman 2 1000": (lambda e: kalman(e, 2, 1000), "Kalman filter, 2 x 2, 1,000 steps"),
    "kalman 4": (lambda e: kalman(e, 4, 50), "Kalman filter, 4 x 4, 50 steps"),
    "rnn 8": (lambda e: rnn(e, 8, 1, 50), "RNN cell of 8 units, 50 steps"),
    "rnn 32": (lambda e: rnn(e, 32, 1, 50), "RNN cell of 32 units, 50 steps"),
    "rnn 32 16": (lambda e: rnn(e, 32, 16, 50), "RNN cell of 32 units, batch of 16, 50 steps"),
    "gru 8": (lambda e: gru(e, 8, 1, 50), "GRU cell of 8 units, 50 steps"),
    "gru 32 16": (lambda e: gru(e, 32, 16, 50), "GRU cell of 32 units, batch of 16, 50 steps"),
    "stencil": (lambda e: stencil(e, 1000, 200), "stencil on 1,000 points, 200 steps"),
    "descent": (lambda e: descent(e, 100), "gradient descent, 100 steps"),
    "adam": (lambda e: adam(e, 100), "Adam, 100 steps"),
    "maml": (lambda e: maml(e, 20), "MAML, 20 inner steps"),
    "rollout": (lambda e: rollout(e, 50), "rollout with a policy, 50 steps"),
    "leaves": (lambda e: leaves(e, 60, 614), "60 numbers of a dict, 614 steps"),
}
# Tasks that others would take minutes for, or whose single steps are more than a program may have.
SLOW = dict.fromkeys(("rk4 100000", "leaves"), ("compiled scan", "JAX jit of scan"))
BY_HAND = {"rk4": 1000, "rk4 100": 100, "rk4 100000": 100_000}


def step_of(task: Function, engine: Engine) -> Step:
    """Return the value and the gradient of a task as a function without arguments, compiled if the engine compiles."""
    global rng  # the same numbers for all engines
    rng = numpy.random.default_rng(0)
    function, args = task(engine)
    args = tuple(map(engine.array, args))
    differentiated = engine.jit(engine.of.value_and_grad(function, argnums=tuple(range(len(args)))))
    return lambda: engine.wait(differentiated(*args))


def numbers(result: Any) -> Any:
    """Return the numbers of a value and its gradients along one axis."""
    value, gradients = result
    return numpy.concatenate([numpy.ravel(numpy.asarray(x)) for x in (value, *gradients)])


def main() -> None:
    """Check that all engines find the same numbers, and print how long they take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"any of {', '.join(TASKS)}", default=list(TASKS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--engines", default=",".join(ENGINES), help="names of engines, with commas between them")
    parser.add_argument("--first", action="store_true", help="time the first calls")
    parser.add_argument("--chart", metavar="FILE", help="draw the times, too")
    options = parser.parse_args()
    panels: dict[str, Times] = {}
    chosen = options.engines.split(",")
    for name in options.tasks:
        task, title = TASKS[name]
        engines = [engine for engine in SLOW.get(name, tuple(ENGINES)) if engine in chosen]
        print(f"\n{title}\n", flush=True)
        if options.first and len(engines) > 1:
            for engine in engines:
                again = [sys.executable, "-m", "benchmarks.loops", name, "--first", "--engines", engine]
                subprocess.run(again, check=True)
        elif options.first:
            print_first(task, engines[0])
        else:
            panels[title] = compare(task, engines, options.rounds, BY_HAND.get(name))
    if options.chart:
        pathlib.Path(options.chart).write_text(drawn(panels, frozenset(("compiled loop", "compiled scan"))))


def print_first(task: Function, engine: str) -> None:
    """Print the CPU time of the first call, and of the second, in which most machine code is made."""
    step_of(TASKS["rk4 100"][0], ENGINES["compiled scan"]())()  # loads what is loaded when first needed
    step = step_of(task, ENGINES[engine]())
    started = time.process_time()
    step()
    first = time.process_time()
    step()
    print(f"{engine}: first call {first - started:.3g} s, second {time.process_time() - first:.3g} s")


def compare(task: Function, names: list[str], rounds: int, by_hand: int | None) -> Times:
    """Time one task with all engines, print a table, and return the seconds of each."""
    makers = {name: functools.partial(lambda engine: step_of(task, ENGINES[engine]()), name) for name in names}
    if by_hand is not None:
        makers["numba by hand"] = functools.partial(pendulums_by_hand, by_hand)
    steps: dict[str, Step] = {}
    for name, make in makers.items():
        try:
            steps[name] = make()
        except ImportError as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
    expected = numbers(steps[names[0]]())
    for name, other in steps.items():
        numpy.testing.assert_allclose(numbers(other()), expected, rtol=1e-6, atol=1e-9, err_msg=name)
    times = interleave(steps, rounds=rounds)
    reference = "JAX jit of scan" if "JAX jit of scan" in times else names[0]
    print(f"| engine | median µs | times {reference} |\n|---|---:|---:|")
    for name, values in sorted(times.items(), key=lambda row: statistics.median(row[1])):
        print(f"| {name} | {statistics.median(values) * 1e6:.3g} | {ratio_of(times, name, reference):.2f} |")
    return times


if __name__ == "__main__":
    main()
