"""JAX programs by changing what they import: ``import nn.port.jax as jax``, ``import nn.port.jax.numpy as jnp``.

Arrays are tensors that nobody can write to, of float64 and int64 unless their dtype is given. What is not here raises;
docs/howto/from-jax.md says what differs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import debug, flatten_util, lax, nn, numpy, random, scipy, tree, tree_util
from ._array import Array, arrays, names_of
from ._config import config
from ._transforms import (
    checkpoint, custom_jvp, custom_vjp, grad, hessian, jacfwd, jacrev, jit, jvp, linearize, value_and_grad,
    vjp, vmap,
)  # fmt: skip

remat, jacobian = checkpoint, jacrev


def eval_shape(fun: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what a function returns: arrays, which have a shape and a dtype."""
    return arrays(fun(*args, **kwargs))


def device_put(x: Any, device: Any = None) -> Any:
    """Return a pytree with arrays in place of ndarrays and numbers."""
    return tree.map(numpy.asarray, x)


def device_get(x: Any) -> Any:
    """Return a pytree with ndarrays in place of arrays."""
    return tree.map(np.asarray, x)


def block_until_ready(x: Any) -> Any:
    """Return a pytree as it is, as each function computes at once."""
    return x


_CPU = "not needed: the CPU is the only device"
__getattr__ = names_of(
    None,
    __name__,
    {
        "pmap": "vmap: the CPU is the only device",
        "devices": _CPU,
        "pure_callback": "the function itself",
        "make_jaxpr": "compile(f).source(), after two calls",
    },
)
