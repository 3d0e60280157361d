"""Transforms: Jacobians, Hessians, gradients per sample, and weights that a batch shares.

Run it with ``python -m benchmarks.transforms``; names of tasks after it choose some. One thread, CPU time, float64.
torch.func and JAX, with and without jit, take part if they are installed. HIPS autograd, whose import name is that of
this project, takes part if the environment variable HIPS_AUTOGRAD names a folder that it was installed to with ``pip
install --target``. A loop is a walk per row, or a gradient per sample, by this project.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

from benchmarks.timing import Step, interleave  # isort: skip - limits the threads before NumPy loads

import argparse
import itertools
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy

import autograd

Function = Callable[..., Any]
rng = numpy.random.default_rng(0)


@dataclass
class Engine:
    """What a task is written with: a namespace of functions, transforms, and how to make an array and to wait."""

    np: Any
    array: Function
    grad: Function
    jacobian: Function
    hessian: Function
    vmap: Function
    jit: Function = lambda function: function
    wait: Function = lambda result: result

    def arrays(self, tree: Any) -> Any:
        """Return the arrays of a dict, or one, as arrays of this engine."""
        return {name: self.array(x) for name, x in tree.items()} if isinstance(tree, dict) else self.array(tree)


def plaingrad() -> Engine:
    """Return this project."""
    transforms = autograd.grad, autograd.jacobian, autograd.hessian, autograd.vmap
    return Engine(numpy, numpy.asarray, *transforms)


def compiled(backend: Any) -> Engine:
    """Return this project, with `compile` as its jit."""
    return replace(plaingrad(), jit=lambda function: autograd.compile(function, backend=backend))


def looped(np: Any) -> Function:
    """Return a vmap that calls a function for each element of a batch in turn, and joins the results."""

    def vmap(function: Function, in_axes: Any = 0) -> Function:
        def mapped(*args: Any) -> Any:
            axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
            size = next(len(arg) for arg, axis in zip(args, axes, strict=True) if axis is not None)
            results = []
            for i in range(size):
                results.append(function(*(a if axis is None else a[i] for a, axis in zip(args, axes, strict=True))))
            if isinstance(results[0], dict):
                return {name: np.stack([result[name] for result in results]) for name in results[0]}
            return np.stack(results)

        return mapped

    return vmap


def loop() -> Engine:
    """Return this project with a walk for each row, column and sample."""

    def jacobian(function: Function) -> Function:
        def rows(x: Any) -> Any:
            value, pull = autograd.vjp(function, x)
            units = numpy.eye(value.size).reshape(-1, *value.shape)
            return numpy.stack([pull(unit)[0] for unit in units]).reshape(value.shape + x.shape)

        return rows

    def hessian(function: Function) -> Function:
        def columns(x: Any) -> Any:
            _, push = autograd.linearize(autograd.grad(function), x)
            units = numpy.eye(x.size).reshape(-1, *x.shape)
            return numpy.stack([push(unit) for unit in units], -1).reshape(x.shape + x.shape)

        return columns

    return Engine(numpy, numpy.asarray, autograd.grad, jacobian, hessian, looped(numpy))


def torch() -> Engine:
    """Return torch.func."""
    import torch
    from torch.func import grad, hessian, jacrev, vmap

    torch.set_num_threads(1)

    def mapped(function: Function, in_axes: Any = 0) -> Function:
        batched: Function = vmap(function, in_dims=in_axes)
        return batched

    return Engine(torch, lambda x: torch.from_numpy(numpy.array(x)), grad, jacrev, hessian, mapped)


def jax(compiled: bool) -> Engine:
    """Return JAX, with or without jit."""
    import jax

    jax.config.update("jax_enable_x64", True)
    transforms = jax.grad, jax.jacrev, jax.hessian, jax.vmap
    jit = jax.jit if compiled else lambda function: function
    return Engine(jax.numpy, jax.numpy.asarray, *transforms, jit, jax.block_until_ready)


def hips() -> Engine:
    """Return HIPS autograd, imported while the modules of this project stand aside."""
    folder = os.environ.get("HIPS_AUTOGRAD")
    if folder is None:
        raise ImportError("HIPS_AUTOGRAD names no folder that it was installed to")
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "autograd"}
    sys.path.insert(0, folder)
    try:
        import autograd as hips
        import autograd.numpy as hips_numpy
    finally:
        sys.path.remove(folder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "autograd"]:
            del sys.modules[name]
        sys.modules.update(ours)
    return Engine(hips_numpy, numpy.asarray, hips.grad, hips.jacobian, hips.hessian, looped(hips_numpy))


ENGINES: dict[str, Callable[[], Engine]] = {
    "plaingrad": plaingrad,
    "plaingrad, compiled": lambda: compiled("numpy"),
    "plaingrad, a loop": loop,
    "HIPS autograd": hips,
    "torch.func": torch,
    "JAX": lambda: jax(compiled=False),
    "JAX, jit": lambda: jax(compiled=True),
}

# Tasks: each returns a function and its arguments


def layers(*widths: int) -> dict[str, Any]:
    """Return the weights and biases of a network."""
    found: dict[str, Any] = {}
    for i, (n, m) in enumerate(itertools.pairwise(widths), 1):
        found |= {f"w{i}": rng.normal(size=(n, m)) / n**0.5, f"b{i}": rng.normal(size=m)}
    return found


def net(e: Engine, p: Any, x: Any) -> Any:
    """Apply two layers."""
    return e.np.tanh(x @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]


NET, WIDE = layers(64, 128, 64), layers(300, 300, 300)
CLASSIFIER = layers(20, 32, 32, 10)
SAMPLES, TARGETS = rng.normal(size=(256, 64)), rng.normal(size=(256, 64))
IMAGES, LABELS = rng.normal(size=(64, 20)), rng.integers(0, 10, 64)
LENGTH, WIDTH, HEADS = 9, 16, 4
SEQUENCES = rng.normal(size=(24, LENGTH, WIDTH))
BLOCK = {name: rng.normal(size=(WIDTH, WIDTH)) / 4 for name in "qkvo"}
BLOCK |= {"gain": rng.normal(size=WIDTH), "bias": rng.normal(size=WIDTH)}
BLOCK |= {"in": rng.normal(size=(WIDTH, 2 * WIDTH)) / 4, "out": rng.normal(size=(2 * WIDTH, WIDTH)) / 5}
VECTOR = rng.normal(size=300)
MASK = numpy.where(numpy.tri(LENGTH, dtype=bool), 0, -1e30)
SHARED, ROWS = rng.normal(size=(256, 256)) / 16, rng.normal(size=(512, 256))


def jacobian_of_net(e: Engine) -> tuple[Function, Any]:
    """Differentiate the outputs of a network by its inputs."""
    p = e.arrays(NET)
    return e.jacobian(lambda x: net(e, p, x)), (e.array(SAMPLES[0]),)


def wide_jacobian(e: Engine) -> tuple[Function, Any]:
    """Do the same where products of matrices take most of the time."""
    p = e.arrays(WIDE)
    return e.jacobian(lambda x: net(e, p, x)), (e.array(VECTOR),)


def hessian_of_rosenbrock(e: Engine) -> tuple[Function, Any]:
    """Differentiate Rosenbrock's function of 100 variables twice."""

    def rosenbrock(x: Any) -> Any:
        return e.np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return e.hessian(rosenbrock), (e.array(numpy.linspace(-1, 1, 100)),)


def gradients_per_sample(e: Engine) -> tuple[Function, Any]:
    """Return the gradient of the error of each of 256 samples by all weights."""

    def error(p: Any, x: Any, y: Any) -> Any:
        return e.np.sum((net(e, p, x) - y) ** 2)

    return e.vmap(e.grad(error), in_axes=(None, 0, 0)), (e.arrays(NET), e.array(SAMPLES), e.array(TARGETS))


def classifier_per_sample(e: Engine) -> tuple[Function, Any]:
    """Return the gradient of the cross-entropy of each of 64 samples by all weights."""
    np, classes, zero = e.np, e.array(numpy.arange(10)), e.array(numpy.zeros(()))

    def cross_entropy(p: Any, x: Any, label: Any) -> Any:
        h = np.maximum(x @ p["w1"] + p["b1"], zero)
        h = np.tanh(h @ p["w2"] + p["b2"])
        z = h @ p["w3"] + p["b3"]
        return np.log(np.sum(np.exp(z))) - np.sum(np.where(classes == label, z, zero))

    return e.vmap(e.grad(cross_entropy), in_axes=(None, 0, 0)), (e.arrays(CLASSIFIER), e.array(IMAGES), e.array(LABELS))


def attention_per_sample(e: Engine) -> tuple[Function, Any]:
    """Return the gradient of a loss of each of 24 sequences by all weights of a block of attention."""
    np, mask, zero = e.np, e.array(MASK), e.array(numpy.zeros(()))

    def norm(p: Any, x: Any) -> Any:
        d = x - np.mean(x, axis=-1, keepdims=True)
        return d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + 1e-5) * p["gain"] + p["bias"]

    def loss(p: Any, x: Any) -> Any:
        q, k, v = ((norm(p, x) @ p[n]).reshape(LENGTH, HEADS, WIDTH // HEADS).swapaxes(0, 1) for n in "qkv")
        scores = q @ k.swapaxes(-1, -2) / 2 + mask
        weights = np.exp(scores - np.amax(scores, axis=-1, keepdims=True))
        mixed = (weights / np.sum(weights, axis=-1, keepdims=True)) @ v
        x = x + mixed.swapaxes(0, 1).reshape(LENGTH, WIDTH) @ p["o"]
        x = x + np.maximum(norm(p, x) @ p["in"], zero) @ p["out"]
        return np.sum(x**2)

    return e.vmap(e.grad(loss), in_axes=(None, 0)), (e.arrays(BLOCK), e.array(SEQUENCES))


def shared_weights(e: Engine) -> tuple[Function, Any]:
    """Return the gradient of the mean over a batch, by weights that all of it shares."""
    np, rows = e.np, e.array(ROWS)

    def loss(w: Any) -> Any:
        return np.mean(e.vmap(lambda x: np.sum(np.tanh(x @ w) ** 2))(rows))

    return e.grad(loss), (e.array(SHARED),)


def shared_weights_by_hand(e: Engine) -> tuple[Function, Any]:
    """Do the same with the batch written by hand."""
    np, rows = e.np, e.array(ROWS)
    return e.grad(lambda w: np.mean(np.sum(np.tanh(rows @ w) ** 2, axis=1))), (e.array(SHARED),)


TASKS: dict[str, tuple[Callable[[Engine], tuple[Function, Any]], str]] = {
    "jacobian": (jacobian_of_net, "Jacobian of a network, 64-128-64"),
    "wide": (wide_jacobian, "Jacobian of a network, 300-300-300"),
    "hessian": (hessian_of_rosenbrock, "Hessian of Rosenbrock's function of 100 variables"),
    "samples": (gradients_per_sample, "256 gradients per sample of a network, 64-128-64"),
    "classifier": (classifier_per_sample, "64 gradients per sample of a classifier, 20-32-32-10"),
    "attention": (attention_per_sample, "24 gradients per sample of a block of attention"),
    "shared": (shared_weights, "Weights (256, 256) that a batch of 512 shares, under vmap"),
    "by hand": (shared_weights_by_hand, "The same, with the batch by hand"),
}


def step(task: Callable[[Engine], tuple[Function, Any]], engine: Engine) -> Step:
    """Return a task of an engine as a function without arguments, compiled where it is JAX's jit."""
    function, args = task(engine)
    function = engine.jit(function)
    return lambda: engine.wait(function(*args))


def flat(tree: Any) -> numpy.ndarray[Any, Any]:
    """Return the numbers of a result along one axis."""
    parts: Iterable[Any] = [tree[name] for name in sorted(tree)] if isinstance(tree, dict) else [tree]
    return numpy.concatenate([numpy.asarray(part).ravel() for part in parts])


def main() -> None:
    """Check that all engines find the same numbers, and print how long they take beside torch.func."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="task", help=f"any of {', '.join(TASKS)}", default=list(TASKS))
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    engines = {}
    for name, make in ENGINES.items():
        try:
            engines[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    for chosen in options.tasks:
        task, title = TASKS[chosen]
        compare(title, {name: step(task, engine) for name, engine in engines.items()}, options.rounds)
    if "shared" in options.tasks:
        report_memory(step(shared_weights, engines["plaingrad"]))


def compare(title: str, steps: dict[str, Step], rounds: int) -> None:
    """Time one task with all engines, and print a table."""
    expected = flat(steps["plaingrad"]())
    for name, other in steps.items():
        numpy.testing.assert_allclose(flat(other()), expected, rtol=1e-8, atol=1e-8, err_msg=name)
    times = interleave(steps, rounds=rounds)
    reference = times.get("torch.func", times["plaingrad"])
    print(f"\n{title}\n\n| engine | median ms | times torch.func |\n|---|---:|---:|")
    for name, values in sorted(times.items(), key=lambda row: statistics.median(row[1])):
        ratio = statistics.median(one / other for one, other in zip(values, reference, strict=True))
        print(f"| {name} | {statistics.median(values) * 1e3:.3g} | {ratio:.2f} |")


def report_memory(shared: Step) -> None:
    """Print the peak of memory with shared weights, beside what a gradient per sample would take."""
    shared()
    tracemalloc.start()
    shared()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    each = len(ROWS) * SHARED.nbytes
    print(f"\nMemory with shared weights: {peak / 1e6:.1f} MB; a gradient per sample would take {each / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
