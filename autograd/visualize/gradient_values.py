"""Gradient values: a backward pass over a graph that stays as it is, with the gradient at each node."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..graph.node import LEAF, Hooked, MultiNode, Node, absent
from ..graph.saved_tensors import operation_of
from .number_format import Summary, summarize

__all__ = ["Arrived", "Share", "Visit", "arrived_gradients", "carried_back"]


class Share(NamedTuple):
    """What an operation gives to the gradient of one of its inputs: whose it is, at which place, and how much."""

    source: Node
    place: int
    gradient: Any


class Visit(NamedTuple):
    """What a walk does at one node: the gradient that arrived, the shares of the inputs, the time that these took."""

    node: Node
    gradient: Any
    shares: list[Share]
    seconds: float


def carried_back(order: list[Node], root: Node, seed: Any, *, careful: bool, hooks: bool) -> Iterator[Visit]:
    """Carry `seed` back from `root` through `order`, all its ancestors, and yield each node that a gradient reaches.

    Nothing is added to the `grad` of a leaf, nothing is retained, and the nodes keep what they have. Gradients are
    those of walks, where that of a complex number is the conjugate of what users see; for an operation of several
    outputs they are lists.

    Parameters
    ----------
    order, root, seed
        The nodes, each after its inputs; the one to begin at, and its gradient.
    careful
        Whether a zero stays zero against nan and inf. It takes longer.
    hooks
        Whether hooks are called, which may replace the gradient.
    """
    arrived: dict[Any, list[Any]] = {node: [] for node in order}
    arrived[root].append(seed)
    for node in reversed(order):
        parts = arrived.pop(node)
        if not parts:
            continue
        g = _sum(parts, node)
        if hooks and isinstance(node.op, Hooked):
            for hook in list(node.op.hooks.values()):
                g = hook(g, None)
        start = time.perf_counter()
        shares = [] if node.op is LEAF else _shares(node, g, careful)
        seconds = time.perf_counter() - start
        for share in shares:
            arrived[share.source].append(share.gradient)
        yield Visit(node, g, shares, seconds)


class _Apart(dict[Any, Any]):
    """Stands for the gradients of a walk: what a rule adds to them is noted, and never added up."""

    def __init__(self) -> None:
        self.noted: list[tuple[Any, Any]] = []

    def __missing__(self, node: Any) -> Any:
        return absent if node is None else None

    def __setitem__(self, node: Any, gradient: Any) -> None:
        self.noted.append((node, gradient))


def _shares(node: Node, g: Any, careful: bool) -> list[Share]:
    own = copy.copy(node)  # what is unpacked stays with it
    if isinstance(own.op, Hooked):
        own.op = own.op.operation
    apart = _Apart()
    with np.errstate(all="ignore"):  # not around a yield, where it would reach those who walk
        if careful:
            own.op.pull_carefully(own, g, apart, None, True)
        else:
            own.op.pull(own, g, apart)
    places: dict[Any, list[int]] = {}
    for index, x in enumerate(operation_of(node).inputs(node)):
        places.setdefault(x, []).append(index)
    return [Share(x, places[x].pop(0), passed) for x, passed in apart.noted]


def _sum(parts: list[Any], node: Node) -> Any:
    """Add up what arrived at a node; for an operation of several outputs, output by output."""
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


class Arrived(NamedTuple):
    """What came of the gradient of one node."""

    gradients: tuple[Summary, ...]
    seconds: float


def arrived_gradients(order: list[Node], root: Node, seed: Any) -> dict[Node, Arrived]:
    """Carry `seed` back from `root` through all its ancestors, and return what arrives where something does.

    As in `backward`, zeros absorb nan and inf where these would otherwise arrive. Hooks are not called: a drawing is
    no reason to do what they do.
    """
    found = _summaries(order, root, seed, careful=False)
    if all(summary.finite for arrived in found.values() for summary in arrived.gradients):
        return found
    return _summaries(order, root, seed, careful=True)


def _summaries(order: list[Node], root: Node, seed: Any, careful: bool) -> dict[Node, Arrived]:
    found: dict[Node, Arrived] = {}
    for node, g, _, seconds in carried_back(order, root, seed, careful=careful, hooks=False):
        parts = g if isinstance(g, list | tuple) else (g,)
        with np.errstate(all="ignore"):
            found[node] = Arrived(tuple(summarize(part) for part in parts if part is not None), seconds)
    return found
