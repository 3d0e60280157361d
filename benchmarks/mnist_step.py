"""One training step of the MNIST network (784-128-64-10, ReLU, softmax-cross-entropy, Adam; float32, one thread).

Run it with ``python -m benchmarks.mnist_step [--batches 32 128 1024]``. PyTorch, JAX and numba take part if they are
installed; the NumPy program is written by hand for this one network, with every buffer made beforehand.
"""

from benchmarks.timing import Step, available, interleave, table  # isort: skip - limits the threads before NumPy loads

import argparse
import functools
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from datasets import load_mnist

Array = np.ndarray[Any, Any]
SIZES = (784, 128, 64, 10)
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def minibatches(size: int) -> Iterator[tuple[Array, Array]]:
    """Return the training set in batches of `size`, over and over."""
    (images, labels), _ = load_mnist()
    return itertools.cycle(
        [(images[i : i + size], labels[i : i + size]) for i in range(0, len(images) - size + 1, size)]
    )


def plaingrad(size: int, fused: bool | None = None, backend: Any = None) -> Step:
    """Take the step as a user writes it, compiled if there is a backend."""
    import nn  # here, since it changes how memory is kept, for PyTorch in the same process too
    from autograd import compile

    nn.manual_seed(0)
    model, criterion, data = nn.MLP(SIZES), nn.CrossEntropyLoss(), minibatches(size)
    optimizer = nn.optim.Adam(model.parameters(), lr=RATE, fused=fused)

    def step(images: Array, labels: Array) -> None:
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()

    if not backend:
        return lambda: step(*next(data))
    compiled = compile(step, backend=backend)
    for _ in range(3):  # recorded, printed
        compiled(*next(data))
    return lambda: compiled(*next(data))


def torch(size: int) -> Step:
    """Take the same step in PyTorch, eagerly."""
    import torch

    torch.set_num_threads(1)
    layers = [torch.nn.Linear(i, o) for i, o in itertools.pairwise(SIZES)]
    model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
    criterion, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=RATE)
    batches = [next(data) for data in [minibatches(size)] for _ in range(60_000 // size)]
    data = itertools.cycle([(torch.from_numpy(x.copy()), torch.from_numpy(y.copy())) for x, y in batches])

    def step() -> None:
        images, labels = next(data)
        optimizer.zero_grad()
        criterion(model(images), labels).backward()
        optimizer.step()

    return step


def jax(size: int) -> Step:
    """Take the same step in JAX: one function that jit compiles, with the update of Adam in it."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    weights = [
        (jnp.asarray(rng.uniform(-1, 1, (i, o)) / i**0.5, jnp.float32), jnp.zeros(o, jnp.float32))
        for i, o in itertools.pairwise(SIZES)
    ]

    def error(weights: Any, x: Any, labels: Any) -> Any:
        for w, b in weights[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = weights[-1]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x @ w + b), labels[:, None], 1))

    @functools.partial(jax.jit, donate_argnums=0)
    def update(state: Any, x: Any, labels: Any) -> Any:
        weights, first, second, count = state
        gradients, each = jax.grad(error)(weights, x, labels), jax.tree.map
        first = each(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
        second = each(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)
        rate, correction = RATE / (1 - BETA1**count), 1 / (1 - BETA2**count)

        def moved(w: Any, m: Any, v: Any) -> Any:
            return w - rate * m / (jnp.sqrt(v * correction) + EPSILON)

        return each(moved, weights, first, second), first, second, count + 1

    batches = [next(data) for data in [minibatches(size)] for _ in range(60_000 // size)]
    data = itertools.cycle([(jnp.asarray(x), jnp.asarray(y)) for x, y in batches])
    zeros = functools.partial(jax.tree.map, jnp.zeros_like, weights)
    state = [(weights, zeros(), zeros(), jnp.ones((), jnp.float32))]

    def step() -> None:
        state[0] = update(state[0], *next(data))
        jax.block_until_ready(state[0])

    return step


def by_hand(size: int) -> Step:
    """Take the step with every derivative written by hand, in place wherever that is possible."""
    rng, data = np.random.default_rng(0), minibatches(size)
    shapes = [shape for i, o in itertools.pairwise(SIZES) for shape in ((i, o), (o,))]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    flat, gradient, first, second, scratch = (np.zeros(ends[-1], np.float32) for _ in range(5))
    views = [
        [a[e - int(np.prod(s)) : e].reshape(s) for s, e in zip(shapes, ends, strict=True)] for a in (flat, gradient)
    ]
    (w1, b1, w2, b2, w3, b3), (dw1, db1, dw2, db2, dw3, db3) = views
    for weight in (w1, w2, w3):
        weight[...] = rng.uniform(-1, 1, weight.shape) / np.sqrt(len(weight))
    h1, h2, z, d1, d2 = (np.empty((size, n), np.float32) for n in (128, 64, 10, 128, 64))
    column, ones, rows, count = np.empty((size, 1), np.float32), np.ones(size, np.float32), np.arange(size), [0]

    def step() -> None:
        images, labels = next(data)
        for x, w, b, h in ((images, w1, b1, h1), (h1, w2, b2, h2), (h2, w3, b3, z)):
            np.matmul(x, w, h)
            np.add(h, b, h)
            if h is not z:
                np.maximum(h, np.float32(0), out=h)
        np.max(z, 1, keepdims=True, out=column)
        np.subtract(z, column, z)
        np.exp(z, z)
        np.sum(z, 1, keepdims=True, out=column)
        np.divide(z, column, z)
        z[rows, labels] -= 1
        np.multiply(z, np.float32(1 / size), z)
        for x, w, g, dx, dw, db in (
            (h2, w3, z, d2, dw3, db3),
            (h1, w2, d2, d1, dw2, db2),
            (images, w1, d1, None, dw1, db1),
        ):
            np.matmul(x.T, g, dw)
            np.matmul(ones, g, db)
            if dx is not None:
                np.matmul(g, w.T, dx)
                np.multiply(dx, x > 0, dx)
        adam()

    def adam() -> None:
        count[0] += 1
        correction = ((1 - BETA2) / (1 - BETA2 ** count[0])) ** 0.5
        rate = np.float32(-RATE * (1 - BETA1) / (1 - BETA1 ** count[0]) / correction)
        np.multiply(first, np.float32(BETA1), first)
        np.add(first, gradient, first)
        np.multiply(gradient, gradient, scratch)
        np.multiply(second, np.float32(BETA2), second)
        np.add(second, scratch, second)
        np.sqrt(second, scratch)
        np.add(scratch, np.float32(EPSILON / correction), scratch)
        np.divide(first, scratch, scratch)
        np.multiply(scratch, rate, scratch)
        np.add(flat, scratch, flat)

    return step


ENGINES: dict[str, Callable[[int], Step]] = {
    "eager": plaingrad,
    "eager, fused": functools.partial(plaingrad, fused=True),
    "compiled": functools.partial(plaingrad, backend="auto"),
    "compiled, fused": functools.partial(plaingrad, fused=True, backend="numba"),
    "PyTorch": torch,
    "JAX jit": jax,
    "NumPy by hand": by_hand,
}


def main() -> None:
    """Time the step at each batch size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[32, 128, 1024, 60_000])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for size in options.batches:
        engines = available({name: functools.partial(make, size) for name, make in ENGINES.items()})
        table(f"One step, batch {size}", interleave(engines, rounds=options.rounds), ours="eager")


if __name__ == "__main__":
    main()
