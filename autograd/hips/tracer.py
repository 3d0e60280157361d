"""Tracing a program with nodes of its own, under the names of HIPS autograd.

`autograd.draw_graph` draws a graph, `autograd.extend.trace_operations` lists operations, and `autograd.watch_calls` the
calls of a program's own functions; these names are for programs that exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from autograd import Tensor
from autograd.extend import lazy_names, missing
from autograd.inside import MultiNode, observed, warn
from autograd.inside import Node as GraphNode

from .boxes import Box, getval, isbox
from .definitions import Call, notrace_primitive, number, primitive, register_notrace
from .traces import Node, TraceStack, find_top_boxed_args, new_box, trace_stack

__all__ = [
    "Box", "Node", "TraceStack", "find_top_boxed_args", "getval", "isbox", "new_box", "notrace_primitive", "primitive",
    "register_notrace", "toposort", "trace", "trace_stack",
]  # fmt: skip


def trace(start_node: Any, fun: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """Call a function, and make a node of the class of `start_node` for each operation that depends on its argument.

    Parameters
    ----------
    start_node
        The node of the argument.
    fun
        A function of one array or number.
    x
        Its argument.

    Returns
    -------
    value, node
        What the function returns, and its node; None, with a warning, if it does not depend on the argument.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd.tracer import Node, trace
    >>> class Depth(Node):
    ...     def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
    ...         self.depth = 1 + max(parent.depth for parent in parents)
    ...
    ...     def initialize_root(self):
    ...         self.depth = 0
    >>> trace(Depth.new_root(), lambda x: np.sin(x) * x + 1, 0.0)[1].depth
    3
    """
    start = Tensor(x, requires_grad=True)
    nodes: dict[GraphNode | None, Any] = {start._node: start_node}

    def note(node: GraphNode, values: tuple[Any, ...], z: Any) -> None:
        op: Any = node.op
        inputs = list(map(_computed_by, op.inputs(node)))
        if isinstance(values[0], Call):  # an operation of a program's own, of what is in containers
            inputs, values = inputs[1:], values[1:]
        positions = tuple([i for i, given in enumerate(inputs) if given in nodes])
        if positions:
            parents = tuple([nodes[inputs[i]] for i in positions])
            nodes[node] = type(start_node)(
                number(z), op.apply if hasattr(op, "apply") else op.definition, *_given(op, values), positions, parents
            )

    with observed(note):
        result = fun(start)
    end = nodes.get(_computed_by(result._node)) if isinstance(result, Tensor) else None
    if end is None:
        warn("trace: the result of the function does not depend on its argument", UserWarning)
    return getval(result), end


def _computed_by(node: GraphNode | None) -> GraphNode | None:
    """Return the node of the operation that gave a result, which may be one of several."""
    source = getattr(node, "x", None)
    return source if isinstance(source, MultiNode) else node


def _given(op: Any, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments and keywords of a call, without those that have their default."""
    names = getattr(op, "parameters", ())
    if not names:  # an operation that is a class
        return tuple(map(number, values)), {}
    required = len(names) - len(op.defaults)
    args = (*values[0], *values[1:required]) if op.variadic else values[:required]
    further = zip(names[required:], values[required:], op.defaults, strict=True)
    kwargs = {name: value for name, value, default in further if value is not default}
    if names[required - 1] == "kwargs":  # of an operation of a program's own
        args, kwargs = args[:-1], args[-1] or {}
    return tuple(map(number, args)), kwargs


def toposort(end_node: Any, parents: Callable[[Any], Any] = attrgetter("parents")) -> Iterator[Any]:
    """Yield the nodes that lead to a node, each after all that were made of it; `parents` gives those of one."""
    counts: dict[Any, int] = {}
    pending = [end_node]
    while pending:
        node = pending.pop()
        counts[node] = counts.get(node, 0) + 1
        if counts[node] == 1:
            pending += parents(node)
    ready = [end_node]
    while ready:
        yield (node := ready.pop())
        for parent in parents(node):
            counts[parent] -= 1
            if not counts[parent]:
                ready.append(parent)


lazy_names(globals(), otherwise=missing.lookup(__name__))
