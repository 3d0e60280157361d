"""Small functions that programs import from here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .test_util import check_grads

__all__ = ["func", "quick_grad_check"]


def func(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function as it is."""
    return f


def quick_grad_check(fun: Callable[..., Any], arg0: Any, extra_args: tuple[Any, ...] = (), **kwargs: Any) -> None:
    """Check the gradient with respect to the first argument: see `autograd.test_util.check_grads`."""
    check_grads(lambda x: fun(x, *extra_args, **kwargs), order=1, modes=["rev"])(arg0)
