"""`jax.test_util`."""

from collections.abc import Callable, Sequence
from typing import Any

import autograd

from ..._arguments import TensorLike
from ._array import of_arrays, plain


def check_grads(
    f: Callable[..., Any], args: Sequence[TensorLike], order: int, modes: str | None = None, **tolerances: Any
) -> None:
    """Raise if derivatives of the first order, or of both, are not what differences say."""
    for check in (autograd.gradcheck, autograd.gradgradcheck)[:order]:
        check(of_arrays(f), *plain(tuple(args)), **tolerances)
