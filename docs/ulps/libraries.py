"""What each library computes: values, gradients and second derivatives at many places at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from .functions import Function
from .reductions import WEIGHTS, Reduction

__all__ = ["LIBRARIES"]

Array = np.ndarray[Any, Any]


def ours(function: Function | Reduction, places: list[Array]) -> list[Array | None]:
    """Return the results of this library, in the order of `References.quantities`."""
    from scipy import special

    import autograd as ag
    import autograd.special as our_special
    from nn import functional

    names = {"np": np, "special": special, "ag": ag, "F": functional, "ag_special": our_special}
    call = _function(function.call, names, len(places))
    weights = _weights(function, places)
    xs = [ag.tensor(place, requires_grad=True) for place in places]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        y = call(*xs)
        firsts = ag.gradients(y.sum(), xs, create_graph=True, allow_unused=True)
        seconds = [
            ag.gradients((first * weights).sum(), xs, retain_graph=True, allow_unused=True)
            if first is not None and first.requires_grad
            else [None] * len(xs)
            for first in firsts
        ]
    return _arrays(places, y, firsts, seconds, lambda t: t.numpy())


def torch(function: Function | Reduction, places: list[Array]) -> list[Array | None] | None:
    """Return the results of PyTorch; None where it has no such function, or no derivative of it."""
    if not function.torch:
        return None
    import torch

    names = {"torch": torch, "F": torch.nn.functional, "special": torch.special}
    call = _function(function.torch, names, len(places))
    weights = torch.tensor(_weights(function, places))
    xs = [torch.tensor(place, requires_grad=True) for place in places]
    results: tuple[Any, Any, Any] = (call(*xs), [None] * len(xs), [[None] * len(xs)] * len(xs))
    try:
        firsts = torch.autograd.grad(results[0].sum(), xs, create_graph=True, allow_unused=True)
        results = (results[0], firsts, results[2])
        seconds = [
            torch.autograd.grad((first * weights).sum(), xs, retain_graph=True, allow_unused=True)
            if first is not None and first.requires_grad
            else [None] * len(xs)
            for first in firsts
        ]
    except (RuntimeError, NotImplementedError):  # it has no derivative
        return _arrays(places, *results, lambda t: t.numpy(force=True), known=results[1][0] is not None)
    return _arrays(places, results[0], firsts, seconds, lambda t: t.numpy(force=True))


def jax(function: Function | Reduction, places: list[Array]) -> list[Array | None] | None:
    """Return the results of JAX; None where it has no such function, or no derivative of it."""
    if not function.jax:
        return None
    import jax

    jax.config.update("jax_enable_x64", True)
    names = {"jax": jax, "jnp": jax.numpy, "special": jax.scipy.special, "stats": jax.scipy.stats, "nn": jax.nn}
    call = _function(function.jax, names, len(places))
    weights, which = _weights(function, places), tuple(range(len(places)))
    xs = [jax.numpy.asarray(place) for place in places]
    first: Callable[..., Any] = jax.grad(lambda *xs: call(*xs).sum(), which)
    value = jax.jit(call)(*xs)
    try:
        firsts = jax.jit(first)(*xs)
    except (TypeError, ValueError, NotImplementedError):
        return [np.asarray(value)] + [None] * (len(which) + len(which) * (len(which) + 1) // 2)
    try:
        seconds = [jax.jit(jax.grad(lambda *xs, i=i: (first(*xs)[i] * weights).sum(), which))(*xs) for i in which]
    except (TypeError, ValueError, NotImplementedError):
        seconds = []
    if not seconds:
        return [np.asarray(value), *map(np.asarray, firsts), *[None] * (len(which) * (len(which) + 1) // 2)]
    return _arrays(places, value, firsts, seconds, np.asarray)


def _weights(function: Function | Reduction, places: list[Array]) -> Array:
    """Return the weights of the gradient in the sum whose gradient is the second derivative."""
    length = places[0].shape[-1]
    of_one = np.ones(1) if isinstance(function, Function) else np.resize(WEIGHTS, length)
    return of_one.astype(places[0].dtype)


def _function(expression: str, names: dict[str, Any], arity: int) -> Callable[..., Any]:
    found: Callable[..., Any] = eval(f"lambda {', '.join('xyz'[:arity])}: {expression}", names)
    return found


def _arrays(
    places: list[Array], y: Any, firsts: Any, seconds: Any, convert: Callable[[Any], Array], known: bool = True
) -> list[Array | None]:
    """Return all results in one list; a derivative that a library does not record is 0."""
    missing = np.zeros_like(places[0]) if known else None
    pairs = combinations_with_replacement(range(len(places)), 2)
    derivatives = [*firsts, *(seconds[i][j] for i, j in pairs)]
    return [convert(y), *(missing if one is None else convert(one) for one in derivatives)]


LIBRARIES: dict[str, Callable[[Function | Reduction, list[Array]], list[Array | None] | None]] = {
    "plaingrad": ours,
    "PyTorch": torch,
    "JAX": jax,
}
