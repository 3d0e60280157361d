"""What the tests of SciPy's functions share."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import grad, jvp, vmap

Array = np.ndarray[Any, Any]


class Draw:
    """Random numbers, the same in each run, whichever other tests run."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(0)

    def __call__(self, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Return normal numbers."""
        x = self.random.normal(size=shape)
        return np.asarray(x + 1j * self.random.normal(size=shape) if np.dtype(dtype).kind == "c" else x).astype(dtype)


def parts_of(results: Any) -> list[Any]:
    """Return one result or several as a list."""
    return list(results) if isinstance(results, tuple | list) else [results]


def check_batches(function: Callable[..., Any], *inputs: Array) -> None:
    """Check that a batch, and the gradients in a batch, are those of each element, without a loop that warns."""

    def total(*xs: Any) -> Any:
        return sum(np.sum(part * np.cos(np.arange(part.size)).reshape(part.shape)) for part in parts_of(function(*xs)))

    batches = [np.stack([x, x * 1.01, x * 0.99]) for x in inputs]
    elements = [[batch[i] for batch in batches] for i in range(3)]
    found = parts_of(vmap(function)(*batches))
    for part, *each in zip(found, *[parts_of(function(*xs)) for xs in elements], strict=True):
        np.testing.assert_allclose(part, np.stack(each), rtol=1e-9, atol=1e-12)
    for i in range(len(inputs)):
        np.testing.assert_allclose(
            vmap(grad(total, i))(*batches), [grad(total, i)(*xs) for xs in elements], rtol=1e-8, atol=1e-10
        )


def check_complex_step(function: Callable[..., Any], *inputs: Array) -> None:
    """Check slopes of an analytic function with a complex step, which loses no digits."""
    directions = [np.cos(1 + np.arange(x.size)).reshape(x.shape) for x in inputs]
    _, slopes = jvp(function, inputs, tuple(directions))
    shifted = function(*[x + 1e-30j * v for x, v in zip(inputs, directions, strict=True)])
    for slope, part in zip(parts_of(slopes), parts_of(shifted), strict=True):
        scale = np.abs(slope).max(initial=1)
        np.testing.assert_allclose(slope, part.imag * 1e30, rtol=0, atol=1e-12 * scale)
