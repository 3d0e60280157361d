"""Forward and backward pass of two convolutions: 32 images, 3x3 to 16 channels, ReLU, pool of 2x2, 3x3 to 32 (float32).

Run it with ``python -m benchmarks.convolution``. It is timed on one thread (CPU time) and on two (wall time), each in a
process of its own. Gradients are those of the weights. PyTorch takes part if it is installed; the NumPy program is
written by hand for this one network, and consists of little but calls of NumPy: it shows what NumPy itself takes.
"""

from benchmarks.timing import THREADS, Step, available, each_number_of_threads, interleave, table  # isort: skip - first

import argparse
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import nn.functional as F  # noqa: N812 - as in the examples of the documentation
from autograd import tensor

Array = np.ndarray[Any, Any]


def data() -> tuple[Array, Array, Array, Array]:
    """Return images, the weights of both layers, and the gradient of the output."""
    rng = np.random.default_rng(0)
    shapes = ((32, 1, 28, 28), (16, 1, 3, 3), (32, 16, 3, 3), (32, 32, 11, 11))
    images, first, second, g = (rng.standard_normal(shape, np.float32) for shape in shapes)
    return images, first * np.float32(0.3), second * np.float32(0.1), g


def plaingrad() -> Step:
    """Take the step as a user writes it."""
    images, first, second, g = data()
    weights = tensor(first, requires_grad=True), tensor(second, requires_grad=True)

    def step() -> list[Array]:
        for weight in weights:
            weight.grad = None
        out = F.conv2d(F.max_pool2d(F.relu(F.conv2d(images, weights[0])), 2), weights[1])
        (out * g).sum().backward()
        return [np.asarray(weight.grad) for weight in weights]

    return step


def torch() -> Step:
    """Take the same step in PyTorch, eagerly."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.set_num_threads(THREADS)
    images, first, second, g = map(torch.from_numpy, data())
    weights = first.requires_grad_(), second.requires_grad_()

    def step() -> list[Any]:
        for weight in weights:
            weight.grad = None
        out = F.conv2d(F.max_pool2d(F.relu(F.conv2d(images, weights[0])), 2), weights[1])
        (out * g).sum().backward()
        return [weight.grad for weight in weights]

    return step


def columns(x: Array) -> Array:
    """Return what each window of 3x3 contains, of images with the channels first."""
    windows = sliding_window_view(x, (3, 3), axis=(2, 3)).transpose(0, 4, 5, 1, 2, 3)
    return np.ascontiguousarray(windows).reshape(len(x) * 9, -1)


def by_hand() -> Step:
    """Take the step with every derivative written by hand, and the channels first throughout."""
    images, first, second, g = data()
    n, x, r = len(images), images.swapaxes(0, 1), np.ascontiguousarray(g.swapaxes(0, 1)).reshape(32, -1)
    w1, w2 = first.reshape(16, 9), second.reshape(32, 144)
    corners = [(slice(None), slice(None), slice(i, None, 2), slice(j, None, 2)) for i in (0, 1) for j in (0, 1)]

    def step() -> list[Array]:
        c1 = columns(x)
        a = w1 @ c1
        np.maximum(a, 0, out=a)
        a = a.reshape(16, n, 26, 26)
        rows = np.maximum(a[:, :, ::2], a[:, :, 1::2])
        m = np.maximum(rows[..., ::2], rows[..., 1::2])
        c2 = columns(m)
        np.vdot(w2 @ c2, r)
        dw2 = (c2 @ r.T).T
        dc = (w2.T @ r).reshape(16, 3, 3, n, 11, 11)
        dm = np.zeros_like(m)
        for i, j in np.ndindex(3, 3):
            dm[:, :, i : i + 11, j : j + 11] += dc[:, i, j]
        dm *= m > 0  # where ReLU has let nothing through, so has the pool
        hits = [a[corner] == m for corner in corners]
        dm /= np.add.reduce([hit.view(np.uint8) for hit in hits])
        da = np.empty_like(a)
        for corner, hit in zip(corners, hits, strict=True):
            np.multiply(dm, hit, out=da[corner])
        return [(da.reshape(16, -1) @ c1.T).reshape(first.shape), dw2.reshape(second.shape)]

    return step


def main() -> None:
    """Time the step, after checking that all take the same one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    if each_number_of_threads("benchmarks.convolution"):
        return
    engines = available({"plaingrad": plaingrad, "PyTorch eager": torch, "NumPy by hand": by_hand})
    expected: Any = engines["plaingrad"]()
    for step in engines.values():
        found: Any = step()
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-2)
    threads = f"{THREADS} thread{'s' * (THREADS > 1)}"
    table(f"Two convolutions, 32 images, {threads}", interleave(engines, rounds=options.rounds), scale=1e3, unit="ms")


if __name__ == "__main__":
    main()
