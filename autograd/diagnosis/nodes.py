"""Helpers for reading nodes in diagnoses."""

from __future__ import annotations

from ..errors import GraphError
from ..graph.node import Node, by_number, recorded
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


def inputs_of(node: Node) -> list[Node]:
    """Return the input nodes that a gradient is passed on to, in order of their numbers."""
    return sorted({x for x in operation_of(node).inputs(node) if x is not None}, key=by_number)


def place_of(node: Node) -> str:
    """Return the file and line where the node was recorded, or those of the nearest operation before it."""
    return recorded(node).strip(", ").removeprefix("recorded ").removeprefix("at ")
