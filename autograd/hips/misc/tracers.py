"""Functions that are traced once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["const_graph", "const_graph_unary"]


def const_graph_unary(fun: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function as it is: `autograd.compile` records one, and finds out itself when it has to do so again."""
    return fun


def const_graph(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Callable[..., Any]:
    """Return a function with further arguments; see `const_graph_unary`."""
    return partial(fun, *args, **kwargs)
