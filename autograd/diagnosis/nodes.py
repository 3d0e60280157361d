"""Helpers for reading nodes in diagnoses."""

from __future__ import annotations

from ..errors import GraphError
from ..graph.node import Leaf, Node, ancestors, by_number, recorded
from ..graph.saved_tensors import operation_of
from ..tensors.tensor import Tensor


def root_of(result: Tensor, what: str) -> Node:
    """Return the node of a recorded tensor."""
    if not isinstance(result, Tensor):
        raise TypeError(f"{what}() takes a tensor, not {type(result).__name__}")
    if result._node is None:
        raise GraphError(
            f"there is no graph for {what}() to look into: no input of this tensor requires a gradient, or it was "
            f"computed within no_grad() or detached"
        )
    return result._node


def leaves(result: Tensor) -> list[Tensor]:
    """Return the leaves that a result depends on, as far as they still exist, in the order in which they were made.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.extend import leaves
    >>> w = tensor([1.0], requires_grad=True)
    >>> leaves((2 * w).sum())[0] is w
    True
    """
    nodes = ancestors([root_of(result, "leaves")])
    return [owner for node in nodes if type(node) is Leaf and (owner := node.owner()) is not None]


def inputs_of(node: Node) -> list[Node]:
    """Return the input nodes that a gradient is passed on to, in order of their numbers."""
    return sorted({x for x in operation_of(node).inputs(node) if x is not None}, key=by_number)


def place_of(node: Node) -> str:
    """Return the file and line where the node was recorded, or those of the nearest operation before it."""
    return recorded(node).strip(", ").removeprefix("recorded ").removeprefix("at ")
