"""`jax.test_util`."""

from collections.abc import Callable
from typing import Any

import autograd

from ._array import of_arrays, plain


def check_grads(f: Callable[..., Any], args: Any, order: int, modes: Any = None, **tolerances: Any) -> None:
    """Raise if derivatives of the first order, or of both, are not what differences say."""
    for check in (autograd.gradcheck, autograd.gradgradcheck)[:order]:
        check(of_arrays(f), *plain(tuple(args)), **tolerances)
