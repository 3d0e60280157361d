"""Batched walks: through a graph with many cotangents, or tangents, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..arrays.batched import Batched
from ..arrays.door import ARRAY_TYPES, FAILURES
from ..errors import AutogradError
from ..graph.node import Hooked, Leaf, Node


def batched_walk(walk: Callable[..., Sequence[Any]], *given: Any, first_unit: int | None = None) -> list[Any] | None:
    """Return what `walk` gives for arrays or tensors, for all of those along their first axes, along first axes.

    A result of None stays None. If a rule takes no batch, or `walk` fails for another reason, there is no list: then
    the caller walks with one after another, which raises what is to be raised. `first_unit` says that an array holds
    multiples of unit vectors, and where the first one is not 0.
    """
    from ..primitives.batching.level import BatchLevel, enter, leave  # not loaded before there is a batch

    level = BatchLevel(len(given[0]), loops="allow", branches="error", randomness="error")
    if first_unit is not None:
        level.units = given[0], first_unit
    try:
        seeds = [Batched(g, level) if type(g) in ARRAY_TYPES else enter(g, level) for g in given]
        return [None if part is None else leave(part, level) for part in walk(*seeds)]
    except (AutogradError, *FAILURES):
        return None
    finally:
        level.active = False


def is_hooked(nodes: Iterable[Node]) -> bool:
    """Tell whether hooks see the gradients of a walk: they may count, so each gradient has a walk of its own."""
    if Hooked.exist:
        return any(isinstance(node.op, Hooked) or (type(node) is Leaf and node.hooks is not None) for node in nodes)
    return any(type(node) is Leaf and node.hooks is not None for node in nodes)
