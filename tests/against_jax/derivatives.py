"""The derivatives of a program in all the ways that there are, and those of JAX."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autograd import Tensor, checkpoint, grad, gradients, hvp, jvp, linearize, tensor, vjp

from .programs import Array, Program

Arrays = tuple[Array, ...]
Loss = Callable[..., Any]
# A program is compiled to be run once.
QUICKLY = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
Way = Callable[[Loss, Arrays, Arrays], Arrays]


def weighted(function: Loss, weights: list[Array], numpy: Any = np) -> Loss:
    """Return the sum of what a function returns, each element with a weight."""

    def loss(*xs: Any) -> Any:
        total = 0.0
        for result, weight in zip(function(*xs), weights, strict=True):
            total = total + numpy.sum(weight * result)
        return total

    return loss


def of_jax(
    jax: Any, program: Program, weights: list[Array], xs: Arrays, directions: Arrays, compiled: bool = True
) -> dict[str, Arrays]:
    """Return the derivatives in double precision, by one compiled call, or operation by operation."""
    loss = weighted(program.function(jax.numpy, 1), weights, jax.numpy)
    both = jax.value_and_grad(loss, tuple(range(len(xs))))
    points, tangents = ([np.asarray(x, float) for x in arrays] for arrays in (xs, directions))
    call = partial(jax.jvp, both)
    if compiled:
        call = jax.jit(call, compiler_options=QUICKLY)
    (_, gradient), (slope, curvature) = call(tuple(map(jax.numpy.asarray, points)), tuple(tangents))
    numbers: dict[str, Any] = {"gradient": gradient, "slope": [slope], "curvature": curvature}
    return {order: tuple(map(np.asarray, arrays)) for order, arrays in numbers.items()}


def by_tape(loss: Loss, xs: Arrays, _: Arrays, checkpointed: bool = False) -> Arrays:
    leaves = [tensor(x, requires_grad=True) for x in xs]
    value = checkpoint(loss, *leaves) if checkpointed else loss(*leaves)
    if isinstance(value, Tensor) and value.requires_grad:
        value.backward()
    return tuple(np.zeros_like(x) if leaf.grad is None else leaf.grad.data for leaf, x in zip(leaves, xs, strict=True))


def by_tape_twice(loss: Loss, xs: Arrays, directions: Arrays) -> Arrays:
    leaves = [tensor(x, requires_grad=True) for x in xs]
    value = loss(*leaves)
    zeros = tuple(np.zeros_like(x) for x in xs)
    if not isinstance(value, Tensor) or not value.requires_grad:
        return zeros
    first = gradients(value, leaves, create_graph=True, allow_unused=True)
    slope = sum(np.sum(g * u) for g, u in zip(first, directions, strict=True) if g is not None)
    if not isinstance(slope, Tensor) or not slope.requires_grad:
        return zeros
    second = gradients(slope, leaves, allow_unused=True)
    return tuple(z if g is None else g.data for g, z in zip(second, zeros, strict=True))


def everywhere(xs: Arrays) -> tuple[int, ...]:
    return tuple(range(len(xs)))


def slope_of_gradient(loss: Loss, xs: Arrays, directions: Arrays) -> Loss:
    def slope(*points: Any) -> Any:
        first = grad(loss, everywhere(xs))(*points)
        return sum(np.sum(g * u) for g, u in zip(first, directions, strict=True))

    return slope


def in_a_dict(loss: Loss, xs: Arrays, _: Arrays) -> Arrays:
    at: dict[str, Any] = {"first": xs[0], "rest": list(xs[1:])}
    found = grad(lambda p: loss(p["first"], *p["rest"]))(at)
    return (found["first"], *found["rest"])


# By what they compute: the ways to it, by name.
WAYS: dict[str, dict[str, Way]] = {
    "gradient": {
        "grad": lambda loss, xs, us: grad(loss, everywhere(xs))(*xs),
        "backward": by_tape,
        "vjp": lambda loss, xs, us: vjp(loss, *xs)[1](1.0),
        "checkpoint": lambda loss, xs, us: by_tape(loss, xs, us, checkpointed=True),
        "grad of containers": in_a_dict,
    },
    "slope": {
        "jvp": lambda loss, xs, us: (jvp(loss, xs, us)[1],),
        "linearize": lambda loss, xs, us: (linearize(loss, *xs)[1](*us),),
    },
    "curvature": {
        "hvp": hvp,
        "grad of grad": lambda loss, xs, us: grad(slope_of_gradient(loss, xs, us), everywhere(xs))(*xs),
        "grad of jvp": lambda loss, xs, us: grad(lambda *p: jvp(loss, p, us)[1], everywhere(xs))(*xs),
        "linearize of grad": lambda loss, xs, us: linearize(grad(loss, everywhere(xs)), *xs)[1](*us),
        "gradients of gradients": by_tape_twice,
    },
}
