"""Random programs within `vmap`, against a loop: values, derivatives of both orders, and nestings in both directions.

A program is a list of steps; each computes an array from earlier ones, or writes to one. All arrays have the shape
(3,), (3, 3) or (), so that steps fit together; what depends on the element, on a shared tensor, or on neither, mixes.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import checkpoint, grad, hvp, jvp, tensor, vmap

COUNT = int(os.environ.get("PLAINGRAD_PROGRAMS", "40"))
BATCH = 3
CONSTANT = np.random.default_rng(0).uniform(0.4, 1.6, (3, 3))


def squash(x: Any) -> Any:
    """Keep numbers small, so that programs of many steps neither overflow nor lose digits."""
    return np.tanh(x) + 1.5


def with_room(x: Any, value: Any) -> Any:
    """Return a copy to write to: an array that all elements share has no room for a value of each."""
    return x + 0 * value


def written(x: Any, value: Any) -> Any:
    y = with_room(x, value)
    y[1] = value[0]
    y[:2] += value[1:]
    return y


def written_through_a_view(x: Any, value: Any) -> Any:
    y = with_room(x, value)
    row = y[::2]
    row *= value[:2]
    y[0] = y[2]
    return y


def swapped(x: Any) -> Any:
    y = x * 1.0
    y[0], y[1] = y[1], y[0]
    last = y[2]
    last += y[0]
    return y * last


def accumulated(x: Any, y: Any) -> Any:
    total = x[0] * 1.0
    for i in range(3):
        total += x[i] * y[i]
    return x * total


def scattered(x: Any, y: Any) -> Any:
    z = with_room(0 * x, y)
    np.add.at(z, [0, 2, 0], y)
    return z * x


def masked(x: Any, y: Any) -> Any:
    z = with_room(x, y)
    z[x > y] = 0.5
    return z + y


def chosen(x: Any, y: Any) -> Any:
    return np.where(x > y, np.sqrt(np.where(x > y, x - y, 1)), x * y)


def places(x: Any, y: Any) -> Any:
    return with_room(x, y)[np.argsort(y)] * with_room(y, x)[np.argmax(x)]


def inner_gradient(x: Any, y: Any) -> Any:
    return grad(lambda z: np.sum(np.sin(z * y) * z))(x)


def inner_product(x: Any, y: Any) -> Any:
    return jvp(lambda z: np.sin(z) * y, x, y)[1]


def inner_batch(x: Any, y: Any) -> Any:
    return vmap(lambda one: np.sum(np.cos(one * y)) * one)(x)


def inner_gradients(x: Any, y: Any) -> Any:
    return vmap(grad(lambda one, y: np.sum(np.sin(one * y))), (0, None))(x, y)


def remembered(x: Any, y: Any) -> Any:
    return checkpoint(lambda x, y: np.exp(-x * y) * x, x, y)


OF_VECTORS: list[Callable[..., Any]] = [
    lambda x: np.sin(x), lambda x: x[::-1], lambda x: np.cumsum(x), lambda x: x[[2, 0, 1]], lambda x: x / np.sum(x * x),
    lambda x: np.roll(x, 1), lambda x: x - np.mean(x), lambda x: np.concatenate([x[1:], x[:1]]), swapped,
    lambda x: np.outer(x, x)[1], lambda x: np.sort(x), lambda x: CONSTANT @ x, lambda x: x @ CONSTANT,
    lambda x: np.stack([x, x * x])[1], lambda x: x.reshape(1, 3)[0], lambda x: np.flip(x) * x[-1],
    lambda x: np.max(x) * x, lambda x: np.linalg.norm(x) * x, lambda x: np.broadcast_to(x[0], 3) * x,
]  # fmt: skip
OF_TWO_VECTORS: list[Callable[..., Any]] = [
    np.add, np.multiply, np.maximum, lambda x, y: x / y, lambda x, y: x**y, np.hypot, lambda x, y: np.dot(x, y) * x,
    lambda x, y: x * y[0], lambda x, y: np.outer(x, y) @ x, written, written_through_a_view, accumulated, scattered,
    masked, chosen, places, inner_gradient, inner_product, inner_batch, inner_gradients, remembered,
    lambda x, y: np.einsum("i,j->j", x, y), lambda x, y: np.convolve(x, y, "same"), lambda x, y: np.cross(x, y),
    lambda x, y: np.linalg.solve(np.eye(3) * 4 + np.outer(x, y), x),
]  # fmt: skip
NAMES = [*OF_VECTORS, *OF_TWO_VECTORS]


def program(seed: int) -> Callable[[Any, Any], Any]:
    """Return a random function of an element and of what all elements share."""
    rng = np.random.default_rng(seed)
    steps = [(int(rng.integers(len(NAMES))), int(rng.integers(99)), int(rng.integers(99))) for _ in range(6)]
    weights = rng.uniform(0.5, 1.5, (4, 3))

    def run(x: Any, shared: Any) -> Any:
        values = [x, shared, CONSTANT[0]]
        for which, i, j in steps:
            function = NAMES[which]
            of = [values[i % len(values)], values[j % len(values)]]
            values.append(squash(function(*of[: 1 if which < len(OF_VECTORS) else 2])))
        return sum(np.sum(value * weight) for value, weight in zip(values[-4:], weights, strict=True)) + 0 * (
            x[0] + shared[0]
        )

    return run


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.one_in(8)
@pytest.mark.filterwarnings("ignore:vmap. .* is computed in a loop:RuntimeWarning")
@pytest.mark.parametrize("seed", range(COUNT))
def test_random_programs(seed: int) -> None:
    f = program(seed)
    rng = np.random.default_rng(seed)
    xs, shared = rng.uniform(0.5, 1.5, (BATCH, 3)), rng.uniform(0.5, 1.5, 3)
    u, v = rng.normal(size=3), rng.normal(size=BATCH)
    every = (0, None)

    def looped(function: Callable[..., Any]) -> Any:
        return np.stack([function(x, shared) for x in xs])

    def total(xs: Any, shared: Any) -> Any:
        return np.sum(vmap(f, every)(xs, shared) * v)

    def total_by_loop(xs: Any, shared: Any) -> Any:
        return sum(f(x, shared) * weight for x, weight in zip(xs, v, strict=True))

    def curvature(x: Any, shared: Any) -> Any:
        return hvp(lambda x: f(x, shared), x, u)

    def mixed(x: Any, shared: Any) -> Any:
        return grad(lambda shared: np.sum(grad(f)(x, shared) * u))(shared)

    close(vmap(f, every)(xs, shared), looped(f))
    for one in (grad(f), grad(f, 1), curvature, mixed):
        close(vmap(one, every)(xs, shared), looped(one))
    for argnum, direction in ((0, xs[::-1]), (1, u)):
        close(grad(total, argnum)(xs, shared), grad(total_by_loop, argnum)(xs, shared))
        at = (xs, shared)

        def of_one(value: Any, of: Any, argnum: int = argnum, at: Any = at) -> Any:
            return of(*[value if i == argnum else part for i, part in enumerate(at)])

        for transform in (
            lambda of: hvp(lambda value: of_one(value, of), at[argnum], direction),  # noqa: B023 - called at once
            lambda of: jvp(lambda value: of_one(value, of), at[argnum], direction)[1],  # noqa: B023 - as above
            lambda of: jvp(grad(lambda value: of_one(value, of)), at[argnum], direction)[1],  # noqa: B023 - as above
        ):
            close(transform(total), transform(total_by_loop))
    pairs = vmap(vmap(f, every), (None, 0))(xs, np.stack([shared, shared[::-1]]))
    close(pairs, [[f(x, other) for x in xs] for other in (shared, shared[::-1])])
    w = tensor(shared, requires_grad=True)
    np.sum(vmap(lambda x: f(x, w))(xs) * v).backward()
    close(w.grad.data, grad(total_by_loop, 1)(xs, shared))
