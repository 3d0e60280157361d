"""`jax.flatten_util`."""

from collections.abc import Callable
from typing import Any

import autograd

from ._array import Tree, arrays, plain, to_arrays


def ravel_pytree(pytree: Tree) -> tuple[Any, Callable[[Any], Any]]:
    """Return the numbers of a pytree as one vector, and the function that makes the pytree of one."""
    flat, unravel = autograd.ravel_pytree(plain(pytree))
    return arrays(flat), to_arrays(unravel)
