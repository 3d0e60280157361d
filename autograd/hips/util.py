"""Small functions that programs import from here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .core import func
from .test_util import check_grads
from .tracer import toposort

__all__ = ["func", "quick_grad_check", "subval", "subvals", "toposort"]


def subval(x: Sequence[Any], i: int, v: Any) -> tuple[Any, ...]:
    """Return a tuple with another value at one position."""
    return subvals(x, [(i, v)])


def subvals(x: Sequence[Any], ivs: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """Return a tuple with other values at some positions."""
    replaced = list(x)
    for i, v in ivs:
        replaced[i] = v
    return tuple(replaced)


def quick_grad_check(fun: Callable[..., Any], arg0: Any, extra_args: tuple[Any, ...] = (), **kwargs: Any) -> None:
    """Check the gradient with respect to the first argument: see `autograd.test_util.check_grads`."""
    check_grads(lambda x: fun(x, *extra_args, **kwargs), order=1, modes=["rev"])(arg0)
