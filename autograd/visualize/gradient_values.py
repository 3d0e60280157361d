"""Gradient values: a backward pass over a graph that stays as it is, with the gradient at each node."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from autograd.extend import whole
from autograd.inside import LEAF, Array, Hooked, MultiNode, Node, absent, operation_of, walks

from .number_format import Summary, summarize


class Share(NamedTuple):
    """The contribution of an operation to the gradient of one of its inputs."""

    source: Any  # the node of the input
    target: Any  # that of the operation
    position: int  # among the inputs
    gradient: Any


class Visit(NamedTuple):
    """One step of a backward pass: a node, its gradient, the shares of its inputs, and the time of its rule."""

    node: Node
    gradient: Any
    shares: list[Share]
    seconds: float


def carried_back(order: list[Node], root: Node, seed: Array, *, careful: bool, hooks: bool) -> Iterator[Visit]:
    """Backpropagate `seed` from `root` through `order`, all its ancestors; yield each node that a gradient reaches.

    The `grad` of leaves and the nodes stay as they are, and nothing is retained. Gradients are internal ones: for
    complex numbers the conjugate of what users see, and for an operation with several outputs a list.

    Parameters
    ----------
    order, root, seed
        The nodes, each after its inputs; the node to begin at, and its gradient.
    careful
        Whether a zero gradient stays zero when multiplied by nan or inf. This takes longer.
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


def _shares(node: Node, g: Any, careful: bool) -> list[Share]:
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


def _sum(parts: list[Any], node: Node) -> Any:
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


class Arrived(NamedTuple):
    """Summaries of the gradients of one node, and the time of its rule."""

    gradients: tuple[Summary, ...]
    seconds: float | None


def arrived_gradients(order: list[Node], root: Node, seed: Array) -> dict[Node, Arrived]:
    """Backpropagate `seed` from `root` through all its ancestors; return the gradient of each node that one reaches.

    As in `backward`, zero gradients stay zero when multiplied by nan or inf. Hooks are not called, because a drawing
    must not trigger their side effects.
    """
    found = _summaries(order, root, seed, False)
    if all(summary.finite for arrived in found.values() for summary in arrived.gradients):
        return found
    return _summaries(order, root, seed, True)


@walks
def _summaries(order: list[Node], root: Node, seed: Any, careful: bool) -> dict[Node, Arrived]:
    found: dict[Node, Arrived] = {}
    for node, g, _, seconds in carried_back(order, root, seed, careful=careful, hooks=False):
        parts = g if isinstance(g, list | tuple) else (g,)
        with np.errstate(all="ignore"):
            found[node] = Arrived(tuple(summarize(part) for part in parts if part is not None), seconds)
    return found
