"""Recording: make the node of an operation, on all but the hot paths, which do the same inline."""

from __future__ import annotations

from typing import Any

from ..graph.grad_mode import ON
from ..graph.instrumentation import examine
from ..graph.mutation import Guard
from ..graph.node import MultiNode, Node, Operation, bundled, counter, intern_shape
from ..source.source_info import note_line


def record(
    op: Operation, live: list[Node], kept: Any, kept_y: Any, guard: Guard | None, values: Any, out: Any, mode: int
) -> Node:
    """Return a new node for `out`, the result of `op` or its tuple of results.

    `live` holds the nodes of the inputs that need a gradient, at least one; `values` holds the values of all
    parameters. The rest is as in `Node`.
    """
    node: Node
    if type(out) is tuple:
        node = MultiNode()
        node.shapes, node.dtypes = tuple([z.shape for z in out]), tuple([z.dtype for z in out])
    else:
        node = Node()
        node.shape, node.dtype = intern_shape(out.shape), out.dtype
    node.op, node.kept, node.kept_y, node.guard = op, kept, kept_y, guard
    node.x = live[0]
    node.y = bundled(live)
    node.number = next(counter)
    if mode > ON:
        examine(node, values, out)
    else:
        note_line(node, 3)
    return node
