"""What traces a program in HIPS autograd: here it is a `Tensor`, which the names of this module look at.

There is no class of nodes that a program may replace: `trace` and `Node` say what to use instead.
"""

from __future__ import annotations

from typing import NoReturn

from autograd.errors import UnsupportedError

from .boxes import Box, getval, isbox
from .definitions import notrace_primitive, primitive

__all__ = ["Box", "Node", "getval", "isbox", "notrace_primitive", "primitive", "toposort", "trace"]


class Node:
    """A class of nodes to trace programs with; here `autograd.draw_graph` and `autograd.extend.trace_operations` do."""

    def __init__(self, *args: object) -> None:
        _refuse()


def trace(*args: object) -> NoReturn:
    """Refuse to trace with nodes of a program's own."""
    _refuse()


def toposort(*args: object) -> NoReturn:
    """Refuse to sort nodes of a program's own."""
    _refuse()


def _refuse() -> NoReturn:
    raise UnsupportedError(
        "tracing with a class of nodes of your own is not possible here: autograd.draw_graph(y) draws a graph, "
        "autograd.extend.trace_operations lists the operations of a function, and autograd.watch_calls its calls"
    )
