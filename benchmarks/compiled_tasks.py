"""What `benchmarks.compiled` times: each task for this project, PyTorch, JAX, and by hand where that is short.

A task is a dict of engines; each makes a step that takes no arguments and returns its arrays, or None.
"""

from benchmarks.timing import Step  # isort: skip - limits the threads before NumPy loads

import functools
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from benchmarks import norm_gelu, optimizers, transforms
from nn import functional

Array = np.ndarray[Any, Any]
Makers = dict[str, Callable[[], Step]]
EAGER, COMPILED, FUSED = "eager", "compiled", "compiled, fused"
PYTORCH, JAX, BY_HAND = "PyTorch", "JAX jit", "NumPy by hand"


def jax_numpy() -> tuple[Any, Any]:
    """Return JAX, on one thread and with float64, and its NumPy."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return jax, jnp


def called(function: Callable[..., Any], *args: Any) -> Step:
    """Return a step that calls a function; it was called before, so that it is compiled."""
    for _ in range(3):
        function(*args)
    return functools.partial(function, *args)


def ours(function: Callable[..., Any], *args: Any) -> Makers:
    """Return the steps of this project: eager, compiled, and compiled with loops of numba."""
    return {
        EAGER: lambda: called(function, *args),
        COMPILED: lambda: called(autograd.compile(function), *args),
        FUSED: lambda: called(autograd.compile(function, backend="numba"), *args),
    }


def in_jax(make: Callable[[Any, Any], Callable[..., Any]], *args: Array) -> Callable[[], Step]:
    """Return the maker of a step of JAX, from a function that gets `jax` and `jax.numpy` and returns another one."""

    def step() -> Step:
        jax, jnp = jax_numpy()
        function, arrays = jax.jit(make(jax, jnp)), [jnp.asarray(x) for x in args]
        return called(lambda: jax.block_until_ready(function(*arrays)))

    return step


def in_torch(make: Callable[[Any], Callable[..., Any]], *args: Array) -> Callable[[], Step]:
    """Return the maker of a step of PyTorch: the gradient of the scalar function that `make` returns."""

    def step() -> Step:
        import torch

        torch.set_num_threads(1)
        function, tensors = make(torch), [torch.from_numpy(x.copy()).requires_grad_() for x in args]
        return called(lambda: [x.numpy() for x in torch.autograd.grad(function(*tensors), tensors)])

    return step


# Small arrays


def calls(xp: Any, x: Any) -> Any:
    """Call 600 elementwise functions, one after the other."""
    for _ in range(200):
        x = xp.tanh(x) * 1.01 + 0.1
    return x.sum()


def rosenbrock(xp: Any, x: Any) -> Any:
    """Compute Rosenbrock's function."""
    return xp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def gradient(function: Callable[[Any, Any], Any], x: Array) -> Makers:
    """Differentiate a function of a namespace and an array."""
    return {
        **ours(autograd.grad(functools.partial(function, np)), x),
        JAX: in_jax(lambda jax, jnp: jax.grad(functools.partial(function, jnp)), x),
        PYTORCH: in_torch(lambda torch: functools.partial(function, torch), x),
    }


def gradient_of_calls() -> Makers:
    """Differentiate 600 calls on 4 numbers."""
    return gradient(calls, np.linspace(-1, 1, 4))


def gradient_of_rosenbrock() -> Makers:
    """Differentiate Rosenbrock's function of 100 variables."""
    x = np.linspace(-1, 1, 100)
    a, b, out = np.empty(99), np.empty(99), np.empty(100)

    def step() -> Array:
        np.multiply(x[:-1], x[:-1], a)
        np.subtract(x[1:], a, a)
        np.multiply(a, 200.0, a)
        np.multiply(a, x[:-1], b)
        np.multiply(b, -2.0, b)
        np.subtract(x[:-1], 1.0, out[:-1])
        np.multiply(out[:-1], 2.0, out[:-1])
        np.add(out[:-1], b, out[:-1])
        out[-1] = 0.0
        np.add(out[1:], a, out[1:])
        return out

    return {**gradient(rosenbrock, x), BY_HAND: lambda: step}


def hessian_of_rosenbrock() -> Makers:
    """Differentiate Rosenbrock's function of 100 variables twice."""
    return through_transforms(transforms.hessian_of_rosenbrock)


def through_transforms(task: Callable[[transforms.Engine], tuple[Callable[..., Any], Any]]) -> Makers:
    """Take a task of `benchmarks.transforms`."""

    def make(engine: Callable[[], transforms.Engine]) -> Step:
        return called(transforms.step(task, engine()))

    engines = {
        EAGER: transforms.plaingrad,
        COMPILED: lambda: transforms.compiled("numpy"),
        FUSED: lambda: transforms.compiled("numba"),
        PYTORCH: transforms.torch,
        JAX: lambda: transforms.jax(compiled=True),
    }
    return {name: functools.partial(make, engine) for name, engine in engines.items()}


def bfgs() -> Makers:
    """Minimize Rosenbrock's function of 10 variables with SciPy, and return the time of each evaluation."""
    from scipy.optimize import minimize

    start = np.zeros(10)

    def search(function: Callable[[Array], Any]) -> Step:
        return called(lambda: [minimize(function, start, jac=True, method="BFGS").x])

    def jax() -> Step:
        jax, jnp = jax_numpy()
        function = jax.jit(jax.value_and_grad(functools.partial(rosenbrock, jnp)))

        def evaluate(x: Array) -> tuple[float, Array]:
            value, slope = function(x)
            return float(value), np.asarray(slope)

        return search(evaluate)

    both = autograd.value_and_grad(functools.partial(rosenbrock, np))
    return {
        EAGER: lambda: search(both),
        COMPILED: lambda: search(autograd.compile(both)),
        FUSED: lambda: search(autograd.compile(both, backend="numba")),
        JAX: jax,
    }


# Layers


def layer(function: Callable[..., Any], in_numpy_of_jax: Any, in_pytorch: Any, *args: Array) -> Makers:
    """Compute a layer and its derivatives by all arguments but the last, which is the gradient of its result."""

    def both(*values: Any) -> Any:
        out, pull = autograd.vjp(function, *values[:-1])
        return [out, *pull(values[-1])]

    def torch() -> Step:
        import torch

        torch.set_num_threads(1)
        tensors = [torch.from_numpy(x.copy()).requires_grad_() for x in args[:-1]]
        of_result = torch.from_numpy(np.array(args[-1]))

        def step() -> list[Any]:
            out = in_pytorch(torch, *tensors)
            return [out.detach().numpy(), *(x.numpy() for x in torch.autograd.grad(out, tensors, of_result))]

        return called(step)

    def differentiated(jax: Any, jnp: Any) -> Callable[..., Any]:
        def both(*values: Any) -> Any:
            out, pull = jax.vjp(functools.partial(in_numpy_of_jax, jax, jnp), *values[:-1])
            return [out, *pull(values[-1])]

        return both

    return {**ours(both, *args), JAX: in_jax(differentiated, *args), PYTORCH: torch}


def normal(*shape: int) -> Array:
    """Return random numbers that are the same in each run."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def gelu() -> Makers:
    """Apply GELU to a million numbers."""
    return layer(
        lambda x: functional.gelu(x, "tanh"),
        lambda jax, jnp, x: jax.nn.gelu(x, approximate=True),
        lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
        normal(1024, 1024),
        np.ones((1024, 1024), np.float32),
    )


def layer_norm() -> Makers:
    """Normalize 1024 rows of 256 numbers."""

    def in_jax(jax: Any, jnp: Any, x: Any, scale: Any, shift: Any) -> Any:
        mean = x.mean(1, keepdims=True)
        variance = ((x - mean) ** 2).mean(1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift

    return layer(
        lambda x, scale, shift: functional.layer_norm(x, (256,), scale, shift),
        in_jax,
        lambda torch, x, scale, shift: torch.nn.functional.layer_norm(x, (256,), scale, shift),
        *(normal(1024, 256), normal(256), normal(256), normal(1024, 256)),
    )


def cross_entropy() -> Makers:
    """Compute the cross-entropy of 1024 rows of 1000 scores."""
    labels = np.random.default_rng(0).integers(0, 1000, 1024)

    def in_jax(jax: Any, jnp: Any, x: Any) -> Any:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), jnp.asarray(labels)[:, None], 1))

    def in_pytorch(torch: Any, x: Any) -> Any:
        return torch.nn.functional.cross_entropy(x, torch.from_numpy(labels))

    return layer(
        lambda x: functional.cross_entropy(x, labels), in_jax, in_pytorch, normal(1024, 1000), np.ones((), np.float32)
    )


def block() -> Makers:
    """Apply layer norm, a linear layer, GELU, another linear layer, and add the input."""

    def jax() -> Step:
        jax, jnp = jax_numpy()
        values, of_result = norm_gelu.numbers()

        def both(x: Any, scale: Any, shift: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
            def forward(x: Any, scale: Any, shift: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
                mean = x.mean(1, keepdims=True)
                variance = ((x - mean) ** 2).mean(1, keepdims=True)
                h = (x - mean) * jax.lax.rsqrt(variance + 1e-5) * scale + shift
                return jax.nn.gelu(h @ w1.T + b1, approximate=True) @ w2.T + b2 + x

            return jax.vjp(forward, x, scale, shift, w1, b1, w2, b2)[1](jnp.asarray(of_result))

        function, arrays = jax.jit(both), [jnp.asarray(x) for x in values]
        return called(lambda: jax.block_until_ready(function(*arrays)))

    return {
        EAGER: norm_gelu.plaingrad,
        COMPILED: lambda: called(norm_gelu.plaingrad("numpy")),
        FUSED: lambda: called(norm_gelu.plaingrad("numba")),
        PYTORCH: norm_gelu.torch,
        JAX: jax,
        BY_HAND: norm_gelu.by_hand,
    }


def adam(count: int) -> Makers:
    """Take a step of Adam alone."""
    make = functools.partial
    return {
        EAGER: make(optimizers.plaingrad, "Adam", count, fused=False),
        "eager, fused": make(optimizers.plaingrad, "Adam", count, fused=True),
        PYTORCH: make(optimizers.torch, "Adam", count, fused=False),
        "PyTorch fused": make(optimizers.torch, "Adam", count, fused=True),
        JAX: make(optimizers.jax, "Adam", count),
    }


# Seconds that a new process takes

_MNIST = """
import time, numpy as np, autograd, nn
from datasets import load_mnist
(x, y), _ = load_mnist()
x, y = x[:32], y[:32]
model, criterion = nn.MLP([784, 128, 64, 10]), nn.CrossEntropyLoss()
optimizer = nn.optim.Adam(model.parameters(), fused={fused})
def step(x, y):
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
step = autograd.compile(step, backend={backend!r})
"""
_ROSENBROCK = """
import time, numpy as np, autograd
def f(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
x, y = np.zeros(10), 0
both = autograd.compile(autograd.value_and_grad(f), backend={backend!r})
step = lambda x, y: both(x)
"""
_TIMED = """
for _ in range(3):
    started = time.process_time()
    step(x, y)
    print(time.process_time() - started)
"""


def first_calls(program: str, rounds: int, **options: Any) -> list[list[float]]:
    """Return the CPU seconds of the first three calls of a program, in new processes."""
    text = program.format(**options) + _TIMED
    found = [subprocess.check_output([sys.executable, "-c", text], text=True) for _ in range(rounds)]
    return [list(map(float, lines.split())) for lines in found]


def compile_times(rounds: int) -> dict[str, list[float]]:
    """Return the medians of the CPU seconds of the first, second and third call."""
    kept = os.environ.get("NUMBA_CACHE_DIR")

    def median(runs: list[list[float]]) -> list[float]:
        return [statistics.median(run) for run in zip(*runs, strict=True)]

    found = {
        "MNIST step": median(first_calls(_MNIST, rounds, backend="numpy", fused=False)),
        "value and gradient, 10 variables": median(first_calls(_ROSENBROCK, rounds, backend="numpy")),
    }
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NUMBA_CACHE_DIR"] = folder
        try:
            found["MNIST step, numba, first"] = median(first_calls(_MNIST, 1, backend="numba", fused=True))
            found["MNIST step, numba, cached"] = median(first_calls(_MNIST, rounds, backend="numba", fused=True))
        finally:
            os.environ.pop("NUMBA_CACHE_DIR")
            if kept is not None:
                os.environ["NUMBA_CACHE_DIR"] = kept
    return found
