"""A recurrent layer over sequences of 50 steps, forward and backward: gradients of the input and all parameters.

Run it with ``python -m benchmarks.recurrent [--layers LSTM GRU RNN]``. It is timed on one thread (CPU time) and on two
(wall time), each in a process of its own, on 32 sequences of 128 features with a state of 128. PyTorch takes part if
it is installed. The floor is the matrix products alone, as NumPy makes them, with memory made beforehand that starts at
cache lines; for the LSTM also all NumPy calls that it is made of, always on the same memory.
"""

from benchmarks.timing import THREADS, Step, available, each_number_of_threads, interleave, table  # isort: skip - first

import argparse
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import compile
from nn._aligned_memory import aligned_empty

Array = np.ndarray[Any, Any]
TIME, BATCH, FEATURES, HIDDEN = 50, 32, 128, 128
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def numbers(layer: str) -> tuple[Array, dict[str, Array], Array]:
    """Return the input, the parameters and the gradient of the output."""
    rng, rows = np.random.default_rng(0), GATES[layer] * HIDDEN

    def uniform(*shape: int) -> Array:
        values: Array = (rng.uniform(-1, 1, shape) * HIDDEN**-0.5).astype(np.float32)
        return values

    shapes = {"weight_ih": (rows, FEATURES), "weight_hh": (rows, HIDDEN), "bias_ih": (rows,), "bias_hh": (rows,)}
    parameters = {f"{name}_l0": uniform(*shape) for name, shape in shapes.items()}
    x, gradient = (rng.standard_normal((TIME, BATCH, width)).astype(np.float32) for width in (FEATURES, HIDDEN))
    return x, parameters, gradient


def plaingrad(layer: str, backend: Any = None) -> Step:
    """Take the step as a user writes it, compiled if there is a backend."""
    x, parameters, gradient = numbers(layer)
    model, inputs = getattr(nn, layer)(FEATURES, HIDDEN), nn.Parameter(x)
    model.load_state_dict(parameters)

    def differentiate() -> None:
        inputs.grad = None
        model.zero_grad()
        model(inputs)[0].backward(gradient)

    taken = compile(differentiate, backend=backend) if backend else differentiate

    def step() -> list[Array]:
        taken()
        return [tensor.grad.data for tensor in (inputs, *model.parameters()) if tensor.grad is not None]

    return step


def torch(layer: str) -> Step:
    """Take the same step in PyTorch, eagerly."""
    import torch

    torch.set_num_threads(THREADS)
    x, parameters, gradient = numbers(layer)
    model = getattr(torch.nn, layer)(FEATURES, HIDDEN)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in parameters.items()})
    inputs, of_output = torch.from_numpy(x).requires_grad_(), torch.from_numpy(gradient)

    def step() -> list[Array]:
        inputs.grad = None
        model.zero_grad()
        model(inputs)[0].backward(of_output)
        return [tensor.grad.numpy() for tensor in (inputs, *model.parameters())]

    return step


def ones(*shape: int) -> Array:
    """Return memory that starts at a cache line."""
    array = aligned_empty(shape, np.float32)
    array[...] = 1
    return array


def products(layer: str) -> Step:
    """Multiply what has to be multiplied: inputs and states with weights, and gradients with all three."""
    gates, (x, _, state) = GATES[layer], numbers(layer)
    weight, product = ones(gates, HIDDEN, HIDDEN), ones(gates, BATCH, HIDDEN)
    rows, flat = x.reshape(-1, FEATURES), ones(TIME * BATCH, gates * HIDDEN)
    of_rows, of_weight = ones(*rows.shape), ones(gates * HIDDEN, FEATURES)
    matrix = weight.reshape(-1, HIDDEN)

    def step() -> None:
        for t in range(TIME):
            np.matmul(x[t], weight, product)
            np.matmul(state[t], weight, product)
        for _ in range(TIME):
            np.matmul(product, weight, product)
        np.matmul(flat, matrix, of_rows)
        np.matmul(flat.T, rows, of_weight)
        np.matmul(flat.T, rows, of_weight)

    weight *= np.float32(1 / HIDDEN)  # numbers stay near 1
    return step


def calls() -> Step:
    """Call what an LSTM calls, step by step, without all that it does with memory."""
    multiply, a, b, g = products("LSTM"), ones(4, BATCH, HIDDEN), ones(4, BATCH, HIDDEN), ones(BATCH, 4, HIDDEN)
    s, t, half = ones(BATCH, HIDDEN), ones(BATCH, HIDDEN), np.float32(0.5)

    def step() -> None:
        multiply()
        for _ in range(TIME):  # forward
            np.add(a, b, b)
            np.add(a, b, b)
            np.tanh(a, b)
            np.multiply(b[:3], half, b[:3])
            np.add(b[:3], half, b[:3])
            np.tanh(s, t)
            for _ in range(4):
                np.multiply(s, t, t)
        for _ in range(TIME):  # back
            np.tanh(s, t)
            np.subtract(half, a[:3], b[:3])
            np.multiply(b[1:], s, b[1:])
            for _ in range(14):
                np.multiply(s, t, t)
            np.copyto(g.swapaxes(0, 1), b)
            np.add.reduce(a, 0, out=t)

    return step


def main() -> None:
    """Check that both find the same gradients, and time them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", nargs="+", choices=list(GATES), default=["LSTM", "GRU", "RNN"])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for layer in options.layers:
        compiled = functools.partial(plaingrad, backend="numpy")
        makers: dict[str, Callable[[str], Step]] = {
            "plaingrad": plaingrad,
            "compiled": compiled,
            "PyTorch eager": torch,
        }
        engines = available({name: functools.partial(make, layer) for name, make in makers.items()})
        found: list[Any] = [step() for step in engines.values()]
        for gradients in zip(*found, strict=True):
            for gradient in gradients[1:]:
                assert np.abs(gradient - gradients[0]).max() <= 2e-5 * np.abs(gradient).max()
        floors = {
            "the products alone": products(layer),
            **({"its NumPy calls alone": calls()} if layer == "LSTM" else {}),
        }
        kind = "CPU time" if THREADS == 1 else "wall time"
        table(
            f"{layer}: {THREADS} thread{'s' * (THREADS > 1)}, {kind}",
            interleave({**engines, **floors}, rounds=options.rounds, block=0.1),
            scale=1e3,
            unit="ms",
        )


if __name__ == "__main__":
    if not each_number_of_threads("benchmarks.recurrent"):
        main()
