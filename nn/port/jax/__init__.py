"""JAX programs by changing what they import: ``import nn.port.jax as jax``, ``import nn.port.jax.numpy as jnp``.

Arrays are tensors that nobody can write to, of float64 and int64 unless their dtype is given. What is not here raises;
docs/howto/from-jax.md says what differs.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import set_module

from . import flatten_util, lax, nn, numpy, random, scipy, test_util, tree, tree_util
from ._array import Array, Tree, arrays, names_of
from ._transforms import (
    checkpoint,
    custom_jvp,
    custom_vjp,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    linearize,
    value_and_grad,
    vjp,
    vmap,
)  # fmt: skip
from .random import config

__all__ = [
    "Array", "block_until_ready", "checkpoint", "config", "custom_jvp", "custom_vjp", "debug", "device_get",
    "device_put", "eval_shape", "flatten_util", "grad", "hessian", "jacfwd", "jacobian", "jacrev", "jit", "jvp", "lax",
    "linearize", "nn", "numpy", "random", "remat", "scipy", "test_util", "tree", "tree_util", "value_and_grad", "vjp",
    "vmap",
]  # fmt: skip
remat, jacobian = checkpoint, jacrev


def _print(fmt: str, *args: Any, ordered: bool = False, **kwargs: Any) -> None:
    """Print a text with values in it."""
    print(fmt.format(*args, **kwargs))


debug = types.SimpleNamespace(print=_print)


def eval_shape(fun: Callable[..., object], *args: Tree, **kwargs: Tree) -> Any:
    """Return what a function returns for arrays, which has shapes and dtypes."""
    return arrays(fun(*args, **kwargs))


def device_put(x: Tree, device: str | None = None) -> Any:
    """Return a pytree with arrays in place of ndarrays and numbers."""
    return tree.map(numpy.asarray, x)


def device_get(x: Tree) -> Any:
    """Return a pytree with ndarrays in place of arrays."""
    return tree.map(np.asarray, x)


def block_until_ready(x: Tree) -> Any:
    """Return a pytree as it is, as each function computes at once."""
    return x


_HERE = {
    "pmap": "vmap: the CPU is the only device", "devices": "not needed: the CPU is the only device",
    "pure_callback": "the function itself", "make_jaxpr": "autograd.compile(f).source(), after two calls",
}  # fmt: skip
__getattr__ = names_of(None, __name__, _HERE)
set_module(__name__, *(globals()[name] for name in __all__))
