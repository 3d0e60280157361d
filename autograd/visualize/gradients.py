"""The gradient of every result in a graph, and the time that its rule takes: a walk that leaves the graph as it is."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from ..graph import LEAF, Gradients, Hooked, Node, absent
from .numbers import Summary, summarize

__all__ = ["Arrived", "arrived_gradients"]


class Arrived(NamedTuple):
    """What came of the gradient of one node."""

    gradients: tuple[Summary, ...]
    seconds: float


def arrived_gradients(order: list[Node], root: Node, seed: Any) -> dict[Node, Arrived]:
    """Carry `seed` back from `root` through all its ancestors, and return what arrives where something does.

    As in `backward`, zeros absorb nan and inf where these would otherwise arrive. Nothing is added to the `grad` of a
    leaf, and hooks are not called.
    """
    found = _walk(order, root, seed, absorb=False)
    if all(summary.finite for arrived in found.values() for summary in arrived.gradients):
        return found
    return _walk(order, root, seed, absorb=True)


def _walk(order: list[Node], root: Node, seed: Any, absorb: bool) -> dict[Node, Arrived]:
    found: dict[Node, Arrived] = {}
    gradients: Gradients = dict.fromkeys(order)
    gradients[root] = seed
    gradients[None] = absent
    with np.errstate(all="ignore"):
        for node in reversed(order):
            g = gradients.pop(node)
            if g is None:
                continue
            parts = g if isinstance(g, list | tuple) else (g,)
            summaries = tuple(summarize(part) for part in parts if part is not None)
            start = time.perf_counter()
            if node.op is not LEAF:
                op = node.op.operation if isinstance(node.op, Hooked) else node.op
                if absorb:
                    op.pull_carefully(node, g, gradients, None, True)
                else:
                    op.pull(node, g, gradients)
            found[node] = Arrived(summaries, time.perf_counter() - start)
    return found
