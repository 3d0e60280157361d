"""Attention of a sequence to itself, forward and backward: projections, eight heads, softmax, projection.

Run it with ``python -m benchmarks.attention``. It is timed on one thread (CPU time) and on two (wall time), each in a
process of its own, on a float32 batch of shape (8, 128, 256). PyTorch takes part if it is installed, with its products
and softmax one by one, and with its fused attention; the NumPy program is written by hand for this one block, in place
where that is easy.
"""

from benchmarks.timing import THREADS, Step, available, compare, each_number_of_threads  # isort: skip - first

import argparse
import functools
import math
from typing import Any

import numpy as np

import nn

Array = np.ndarray[Any, Any]
BATCH, LENGTH, WIDTH, HEADS = 8, 128, 256, 8
DEPTH = WIDTH // HEADS


def numbers() -> tuple[list[Array], Array]:
    """Return the input and the weights of the four projections, and the gradient of the output."""
    rng = np.random.default_rng(0)

    def normal(*shape: int, scale: float = 1.0) -> Array:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    x = normal(BATCH, LENGTH, WIDTH)
    return [x, *(normal(WIDTH, WIDTH, scale=WIDTH**-0.5) for _ in range(4))], normal(BATCH, LENGTH, WIDTH)


def plaingrad() -> Step:
    """Take the step as a user writes it."""
    (x, *weights), gradient = numbers()
    layer = nn.MultiheadAttention(WIDTH, HEADS, bias=False, batch_first=True)
    layer.load_state_dict({"in_proj_weight": np.concatenate(weights[:3]), "out_proj.weight": weights[3]})
    inputs = nn.Parameter(x)

    def step() -> list[Array]:
        inputs.grad = None
        layer.zero_grad()
        out, _ = layer(inputs, inputs, inputs, need_weights=False)
        out.backward(gradient)
        dx, packed, last = (tensor.grad.data for tensor in (inputs, *layer.parameters()) if tensor.grad is not None)
        return [dx, *np.split(packed, 3), last]

    return step


def torch(fused: bool) -> Step:
    """Take the same step in PyTorch, eagerly."""
    import torch

    torch.set_num_threads(THREADS)
    values, gradient = numbers()
    tensors = [torch.from_numpy(value).requires_grad_() for value in values]
    x, *weights = tensors
    gradient_ = torch.from_numpy(gradient)

    def step() -> list[Array]:
        for tensor in tensors:
            tensor.grad = None
        q, k, v = ((x @ w.T).view(BATCH, LENGTH, HEADS, DEPTH).transpose(1, 2) for w in weights[:3])
        if fused:
            out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            out = torch.softmax(q @ k.transpose(2, 3) * (1 / math.sqrt(DEPTH)), -1) @ v
        (out.transpose(1, 2).reshape(BATCH, LENGTH, WIDTH) @ weights[3].T).backward(gradient_)
        return [tensor.grad.numpy() for tensor in tensors]

    return step


def by_hand() -> Step:
    """Take the step with every derivative written by hand, in place where that is easy."""
    (x, *weights), gradient = numbers()
    rows, scale = x.reshape(-1, WIDTH), np.float32(1 / math.sqrt(DEPTH))
    wq, wk, wv, wo = weights

    def heads(a: Array) -> Array:
        return np.ascontiguousarray(a.reshape(BATCH, LENGTH, HEADS, DEPTH).transpose(0, 2, 1, 3))

    def merged(a: Array) -> Array:
        return np.ascontiguousarray(a.transpose(0, 2, 1, 3)).reshape(-1, WIDTH)

    def step() -> list[Array]:
        q, k, v = (heads(rows @ w.T) for w in (wq, wk, wv))
        p = q @ k.mT
        p *= scale
        p -= p.max(-1, keepdims=True)
        np.exp(p, p)
        p /= p.sum(-1, keepdims=True)
        joined = merged(p @ v)
        joined @ wo.T  # the output
        g = gradient.reshape(-1, WIDTH)
        dwo, do = g.T @ joined, heads(g @ wo)
        dv, ds = p.mT @ do, do @ v.mT
        ds -= np.vecdot(ds, p)[..., None]
        ds *= p
        ds *= scale
        dq, dk, dv = merged(ds @ k), merged(ds.mT @ q), merged(dv)
        dx = dq @ wq
        dx += dk @ wk
        dx += dv @ wv
        return [dx.reshape(x.shape), dq.T @ rows, dk.T @ rows, dv.T @ rows, dwo]

    return step


def main() -> None:
    """Check that all find the same gradients, and time them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    peers = {"PyTorch eager": False, "PyTorch eager, fused attention": True}
    makers = {"plaingrad": plaingrad, "NumPy by hand": by_hand}
    engines = available({**makers, **{name: functools.partial(torch, fused) for name, fused in peers.items()}})
    compare(f"Attention with {HEADS} heads and its projections", engines, "NumPy by hand", options.rounds)


if __name__ == "__main__":
    if not each_number_of_threads("benchmarks.attention"):
        main()
