"""The feed-forward block of a transformer, forward and backward: layer norm, 256 -> 1024, GELU, 1024 -> 256, residual.

Run it with ``python -m benchmarks.norm_gelu``. It is timed on one thread (CPU time) and on two (wall time), each in a
process of its own, on float32 rows of shape (1024, 256). PyTorch takes part if it is installed; the NumPy program is
written by hand for this one block, in place where that is easy.
"""

from benchmarks.timing import THREADS, Step, available, compare, each_number_of_threads  # isort: skip - first

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import compile

Array = np.ndarray[Any, Any]
ROWS, WIDTH, HIDDEN = 1024, 256, 1024


def numbers() -> tuple[list[Array], Array]:
    """Return the input and the parameters of the block, and the gradient of its output."""
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> Array:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    values = [normal(ROWS, WIDTH), 1 + normal(WIDTH, scale=0.1), normal(WIDTH, scale=0.1)]
    values += [normal(HIDDEN, WIDTH, scale=WIDTH**-0.5), normal(HIDDEN, scale=0.1)]
    values += [normal(WIDTH, HIDDEN, scale=HIDDEN**-0.5), normal(WIDTH, scale=0.1)]
    return values, normal(ROWS, WIDTH)


def plaingrad(backend: Any = None) -> Step:
    """Take the step as a user writes it, compiled if there is a backend."""
    (x, *_), gradient = numbers()
    norm, up, act, down = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, HIDDEN), nn.GELU("tanh"), nn.Linear(HIDDEN, WIDTH)
    model = nn.Sequential(norm, up, act, down)
    for parameter, value in zip(model.parameters(), numbers()[0][1:], strict=True):
        parameter.data[...] = value
    inputs = nn.Parameter(x)

    def differentiate() -> None:
        inputs.grad = None
        model.zero_grad()
        (model(inputs) + inputs).backward(gradient)

    taken = compile(differentiate, backend=backend) if backend else differentiate

    def step() -> list[Array]:
        taken()
        return [tensor.grad.data for tensor in (inputs, *model.parameters()) if tensor.grad is not None]

    return step


def torch() -> Step:
    """Take the same step in PyTorch, eagerly."""
    import torch

    torch.set_num_threads(THREADS)
    values, gradient = numbers()
    tensors = [torch.from_numpy(value).requires_grad_() for value in values]
    x, scale, shift, w1, b1, w2, b2 = tensors
    gradient_ = torch.from_numpy(gradient)

    def step() -> list[Array]:
        for tensor in tensors:
            tensor.grad = None
        hidden = torch.nn.functional.linear(torch.nn.functional.layer_norm(x, (WIDTH,), scale, shift), w1, b1)
        out = torch.nn.functional.linear(torch.nn.functional.gelu(hidden, approximate="tanh"), w2, b2) + x
        out.backward(gradient_)
        return [tensor.grad.numpy() for tensor in tensors]

    return step


def by_hand() -> Step:
    """Take the step with every derivative written by hand, in place where that is easy."""
    (x, scale, shift, w1, b1, w2, b2), gradient = numbers()
    first, third, one, half = np.float32(np.sqrt(2 / np.pi)), np.float32(0.044715), np.float32(1), np.float32(0.5)
    share = np.float32(1 / WIDTH)

    def step() -> list[Array]:
        white = x - x.mean(1, keepdims=True)
        inverse = one / np.sqrt(np.einsum("ij,ij->i", white, white)[:, None] * share + np.float32(1e-5))
        white *= inverse
        h = white * scale
        h += shift
        u = h @ w1.T
        u += b1
        square = u * u
        t = square * third
        t += one
        t *= u
        t *= first
        np.tanh(t, t)
        a = t + one
        a *= u
        a *= half
        out = a @ w2.T
        out += b2
        out += x
        dw2, db2, da = gradient.T @ a, gradient.sum(0), gradient @ w2
        square *= 3 * third
        square += one
        square *= first
        square *= u
        slope = t * t
        np.subtract(one, slope, slope)
        slope *= square
        slope += t
        slope += one
        slope *= half
        da *= slope
        dw1, db1, dh = da.T @ h, da.sum(0), da @ w1
        dscale, dshift = np.einsum("ij,ij->j", dh, white), dh.sum(0)
        dh *= scale
        dx = dh - dh.mean(1, keepdims=True)
        dx -= white * (np.einsum("ij,ij->i", dh, white)[:, None] * share)
        dx *= inverse
        dx += gradient
        return [dx, dscale, dshift, dw1, db1, dw2, db2]

    return step


def main() -> None:
    """Check that all find the same gradients, and time them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    makers: dict[str, Callable[[], Step]] = {
        "plaingrad": plaingrad,
        "compiled": lambda: plaingrad("numpy"),
        "PyTorch eager": torch,
        "NumPy by hand": by_hand,
    }
    engines = available(makers)
    compare("Layer norm, linear, GELU, linear, residual", engines, "NumPy by hand", options.rounds)


if __name__ == "__main__":
    if not each_number_of_threads("benchmarks.norm_gelu"):
        main()
