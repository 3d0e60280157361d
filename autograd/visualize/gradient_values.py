"""Gradient values: what passes the edges of a graph that stays as it is, and its sum at each node."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

from autograd.extend import whole
from autograd.inside import Hooked, MultiNode, Node, absent, operation_of


class Share(NamedTuple):
    """The contribution of an operation to the gradient of one of its inputs."""

    source: Any  # the node of the input
    target: Any  # that of the operation
    position: int  # among the inputs
    gradient: Any


def outside(g: Any) -> Any:
    """Return an internal gradient as users see it: the conjugate, if it is complex."""
    if isinstance(g, list | tuple):
        return tuple(None if part is None else np.conjugate(whole(part)) for part in g)
    return np.conjugate(whole(g)) if np.iscomplexobj(whole(g)) else whole(g)


class _Apart(dict[Any, Any]):
    """A stand-in for the gradients of a walk that lists the contributions of a rule without adding them up."""

    def __init__(self) -> None:
        self.noted: list[tuple[Any, Any]] = []

    def __missing__(self, node: Any) -> Any:
        return absent if node is None else None

    def __setitem__(self, node: Any, gradient: Any) -> None:
        self.noted.append((node, gradient))


def shares_of(node: Node, g: Any, careful: bool) -> list[Share]:
    """Return what the rules of an operation pass to its inputs for its gradient."""
    own = copy.copy(node)  # unpacked tensors are stored on the copy only
    if isinstance(own.op, Hooked):
        own.op = own.op.operation
    apart = _Apart()
    with np.errstate(all="ignore"):  # not around a yield, where it would affect the caller
        if careful:
            own.op.pull_carefully(own, g, apart, None, True)
        else:
            own.op.pull(own, g, apart)
    indices: dict[Any, list[int]] = {}
    for index, x in enumerate(operation_of(node).inputs(node)):
        indices.setdefault(x, []).append(index)
    return [Share(x, node, indices[x].pop(0), passed) for x, passed in apart.noted]


def sum_of(parts: list[Any], node: Node) -> Any:
    """Add up the contributions to a node; for an operation with several outputs, output by output."""
    if not isinstance(node, MultiNode):
        return _total(parts)
    given = ([part[index] for part in parts if part[index] is not None] for index in range(len(node.dtypes)))
    return [_total(each) if each else None for each in given]


def _total(parts: list[Any]) -> Any:
    total = parts[0]
    with np.errstate(all="ignore"):
        for part in parts[1:]:
            total = total + part
    return total
