"""Checkers of gradients: each is given an operation as its users write one, and raises if it finds something wrong."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import autograd
from autograd.primitives.primitive import argument_names
from autograd.testing import check

from .operations import Array, Operation

Checker = Callable[[Operation], object]
SEED = 0


def gradients(
    operation: Operation, g: Array, inputs: tuple[Array, ...], out: Array, keywords: dict[str, Any]
) -> list[Array]:
    """Return what the rules give, in NumPy; what broadcasting repeated is summed over."""
    names = argument_names(operation.function)
    known = {**dict(zip(names, inputs, strict=False)), **keywords, "g": g, "out": out}
    found = []
    for rule, x in zip(operation.rules, inputs, strict=True):
        gx = np.asarray(rule(*(known[name] for name in argument_names(rule))), x.dtype)
        if operation.signature is None and gx.shape != x.shape:
            gx = np.sum(gx, tuple(range(gx.ndim - x.ndim)))
            gx = np.sum(gx, tuple(i for i, side in enumerate(x.shape) if side != gx.shape[i]), keepdims=True)
        found.append(gx)
    return found


# Operations as the users of each library write them: functions of its arrays and of keyword arguments.


def of_plaingrad(operation: Operation) -> Callable[..., Any]:
    """Return it as an operation of this library."""
    declare: Any = autograd.elementwise if operation.signature is None else autograd.general
    return declare(operation.function, *operation.rules, name=operation.name)  # type: ignore[no-any-return]


def of_torch(operation: Operation) -> Callable[..., Any]:
    """Return it as a function of PyTorch."""
    import torch

    class Planted(torch.autograd.Function):  # type: ignore[misc]  # PyTorch need not be installed
        @staticmethod
        def forward(ctx: Any, keywords: dict[str, Any], *inputs: Any) -> Any:
            ctx.inputs, ctx.keywords = tuple(x.detach().numpy() for x in inputs), keywords
            ctx.out = np.asarray(operation.function(*ctx.inputs, **keywords))
            return torch.from_numpy(ctx.out.copy())

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            found = gradients(operation, g.numpy(), ctx.inputs, ctx.out, ctx.keywords)
            return (None, *(torch.from_numpy(np.array(gx)) for gx in found))

    return taking(operation, lambda *inputs, **keywords: Planted.apply(keywords, *inputs))


def of_jax(operation: Operation) -> Callable[..., Any]:
    """Return it as a function of JAX."""
    import jax

    def bound(**keywords: Any) -> Callable[..., Any]:
        def compute(*arrays: Any) -> Array:
            return np.asarray(operation.function(*(np.array(x) for x in arrays), **keywords))

        def pull(g: Any, out: Any, *arrays: Any) -> tuple[Array, ...]:
            return tuple(gradients(operation, np.array(g), tuple(map(np.array, arrays)), np.array(out), keywords))

        def value(*inputs: Any) -> Any:
            like = compute(*map(some, inputs))
            return jax.pure_callback(compute, jax.ShapeDtypeStruct(like.shape, inputs[0].dtype), *inputs)

        planted: Any = jax.custom_vjp(value)

        def forward(*inputs: Any) -> Any:
            out = planted(*inputs)
            return out, (out, *inputs)

        def backward(kept: Any, g: Any) -> Any:
            out, *inputs = kept
            like = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inputs)
            return jax.pure_callback(pull, like, g, out, *inputs)

        planted.defvjp(forward, backward)
        return planted  # type: ignore[no-any-return]

    return taking(operation, lambda *inputs, **keywords: bound(**keywords)(*inputs))


def of_hips(operation: Operation) -> Callable[..., Any]:
    """Return it as a primitive of HIPS autograd."""
    extend = sys.modules["hips_autograd"].extend
    planted = extend.primitive(lambda *inputs, **keywords: operation.function(*map(np.array, inputs), **keywords))

    def rule(i: int) -> Callable[..., Any]:
        return lambda out, *inputs, **keywords: lambda g: gradients(operation, g, inputs, out, keywords)[i]

    extend.defvjp(planted, *map(rule, range(len(operation.rules))))
    return taking(operation, planted)


def taking(operation: Operation, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of so many inputs, as its signature says."""
    if len(operation.rules) == 1:
        return lambda x, **keywords: function(x, **keywords)
    return lambda x, y, **keywords: function(x, y, **keywords)


def some(like: Any) -> Array:
    """Return numbers that each operation takes, of a shape."""
    return np.full(like.shape, 0.5, like.dtype) + (np.eye(*like.shape, dtype=like.dtype) if like.ndim == 2 else 0)


# Checkers, as their users call them.


def by_check(operation: Operation, make: Callable[[Operation], Any] = of_plaingrad, engine: str | None = None) -> None:
    """Call `check`, which finds the points by itself."""
    check(
        make(operation),
        signature=operation.signature,
        domain=operation.domain,
        keywords=operation.keywords,
        dtypes=["float64", "float32"],
        engine=engine,
        seed=SEED,
    )


def by_gradcheck(operation: Operation) -> None:
    """Call `gradcheck` at one point."""
    autograd.gradcheck(partial(of_plaingrad(operation), **operation.typical), list(operation.inputs))


def by_torch(operation: Operation) -> None:
    """Call PyTorch's gradcheck at one point."""
    import torch

    inputs = tuple(torch.tensor(x, requires_grad=True) for x in operation.inputs)
    torch.autograd.gradcheck(partial(of_torch(operation), **operation.typical), inputs)


def by_jax(operation: Operation) -> None:
    """Call JAX's check_grads at one point."""
    import jax
    from jax.test_util import check_grads

    with jax.enable_x64(True):
        check_grads(partial(of_jax(operation), **operation.typical), operation.inputs, order=1, modes="rev")


def by_hips(operation: Operation) -> None:
    """Call HIPS autograd's check_grads at one point."""
    test_util = sys.modules["hips_autograd"].test_util
    function, every = partial(of_hips(operation), **operation.typical), tuple(range(len(operation.inputs)))
    test_util.check_grads(function, every, modes=["rev"], order=1)(*operation.inputs)


def installed() -> dict[str, Checker]:
    """Return the checkers of this library, and of those that are installed."""
    found: dict[str, Checker] = {"check": by_check, "gradcheck": by_gradcheck}
    for name, module, checker, make, engine in (
        ("PyTorch's gradcheck", "torch", by_torch, of_torch, "torch"),
        ("JAX's check_grads", "jax", by_jax, of_jax, "jax"),
        ("HIPS autograd's check_grads", "hips_autograd", by_hips, of_hips, "autograd"),
    ):
        if module in sys.modules or importlib.util.find_spec(module) is not None:
            found[name] = checker
            found[f'check, engine="{engine}"'] = partial(by_check, make=make, engine=engine)
    return found
