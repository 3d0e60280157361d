"""One step of Adam, AdamW and SGD over 109 thousand and 4.2 million float32 parameters, fused and not; one thread.

Run it with ``python -m benchmarks.optimizers``. It needs ``pip install numba``; PyTorch and JAX take part if
they are installed.
"""

from benchmarks.timing import Step, available, interleave, table  # isort: skip - limits the threads before NumPy loads

import argparse
import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

import nn

COUNTS = (109_386, 1 << 22)
OPTIMIZERS: dict[str, dict[str, Any]] = {"Adam": {}, "AdamW": {}, "SGD": {"momentum": 0.9}}


def plaingrad(name: str, count: int, *, fused: bool) -> Step:
    """Take the steps of `nn.optim`."""
    w = nn.Parameter(np.ones(count, np.float32))
    optimizer = getattr(nn.optim, name)([w], lr=1e-3, fused=fused, **OPTIMIZERS[name])
    (w * np.full(count, 1e-3, np.float32)).sum().backward()  # so the gradient is where a step leaves it
    step: Step = optimizer.step
    return step


def torch(name: str, count: int, *, fused: bool) -> Step:
    """Take the steps of `torch.optim`."""
    import torch

    torch.set_num_threads(1)
    w = torch.nn.Parameter(torch.ones(count))
    optimizer = getattr(torch.optim, name)([w], lr=1e-3, fused=fused, **OPTIMIZERS[name])
    w.grad = torch.full_like(w, 1e-3)
    step: Step = optimizer.step
    return step


def jax(name: str, count: int) -> Step:
    """Take the step of Adam, compiled, with the old arrays donated."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp

    def update(p: Any, m: Any, v: Any, g: Any, t: Any) -> Any:
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v, t + 1

    compiled = jax.jit(update, donate_argnums=(0, 1, 2, 4))
    gradient = jnp.full(count, 1e-3, jnp.float32)
    state = [(jnp.ones(count, jnp.float32), jnp.zeros(count), jnp.zeros(count), jnp.ones(()))]

    def step() -> None:
        p, m, v, t = state.pop()
        state.append(compiled(p, m, v, gradient, t))
        state[0][0].block_until_ready()

    return step


def main() -> None:
    """Time each optimizer for each number of parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    for name in OPTIMIZERS:
        for count in COUNTS:
            makers: dict[str, Callable[[], Step]] = {
                "plaingrad": functools.partial(plaingrad, name, count, fused=True),
                "plaingrad, not fused": functools.partial(plaingrad, name, count, fused=False),
                "PyTorch fused": functools.partial(torch, name, count, fused=True),
                "PyTorch": functools.partial(torch, name, count, fused=False),
            }
            if name == "Adam":
                makers["JAX jit"] = functools.partial(jax, name, count)
            table(f"{name}, {count:,} parameters", interleave(available(makers), rounds=options.rounds))


if __name__ == "__main__":
    main()
