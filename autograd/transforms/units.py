"""Walks along many vectors, such as the units of all elements of an array: many at once, as a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..arrays.batched import Batched
from ..arrays.door import ARRAY_TYPES, FAILURES, levels
from ..errors import AutogradError
from ..graph.node import Hooked, Leaf, MultiNode, Node
from .recording import Recording

Walk = Callable[..., list[Any]]
Seeds = Callable[[int, int], list[Any]]
Shape = tuple[int, ...]

_FEW = 3  # walks, up to which one after another is faster
_NUMBERS = 1 << 20  # in the arrays of a batched walk: they stay in the cache, and memory stays bounded


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
    hooked = Hooked if Hooked.exist else ()
    return any((type(node) is Leaf and node.hooks is not None) or isinstance(node.op, hooked) for node in nodes)


def along_units(record: Recording, walk: Walk, shape: Shape, dtype: np.dtype[Any], value: complex) -> list[Any]:
    """Return what `walk` gives for each array that has `value` at one place and 0 elsewhere, along a first axis.

    `walk` takes a cotangent or tangent through `record` and returns arrays or tensors, linear in it. If there is no
    place, the result is an empty list.
    """
    size = math.prod(shape)

    def seeds(start: int, stop: int) -> list[Any]:
        units = np.zeros((stop - start, *shape), dtype)
        units.reshape(-1)[start :: size + 1] = value
        return [units]

    return along(record, walk, seeds, size, units=True)


def along(record: Recording, walk: Walk, seeds: Seeds, count: int, *, units: bool = False) -> list[Any]:
    """Return what `walk` gives for each of `count` cotangents or tangents, along a first axis.

    ``seeds(start, stop)`` makes some of them, of each array that is walked from, along first axes. `units` says that
    they are multiples of unit vectors; else results may share memory.
    """
    together = 1
    if count > _FEW and not is_hooked(record.order):
        together = math.ceil(count / math.ceil(count / _walks_at_once(record)))  # in batches of about the same size
    found = _together(walk, seeds, count, together, units) if together > _FEW else None
    if found is None:
        found = [walk(*[seed[0] for seed in seeds(i, i + 1)]) for i in range(count)]
        return [np.stack(parts) for parts in zip(*found, strict=True)]
    if len(found) == 1 and not units:
        return found[0]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]  # memory of their own


def _together(walk: Walk, seeds: Seeds, count: int, together: int, units: bool) -> list[list[Any]] | None:
    """Return what `walk` gives for each batch, along first axes; None if a rule takes no batch."""
    found = []
    for start in range(0, count, together):
        part = batched_walk(walk, *seeds(start, min(start + together, count)), first_unit=start if units else None)
        if part is None:
            return None
        found.append(part)
    return found


def _walks_at_once(record: Recording) -> int:
    """Return how many walks through a graph may be taken in one, so that memory stays bounded."""
    shapes: list[Shape] = []
    for node in record.order:
        if isinstance(node, MultiNode):
            shapes += node.shapes
        elif hasattr(node, "shape"):
            shapes.append(node.shape)
    each = sum([math.prod(shape) for shape in shapes]) * math.prod([level.size for level in levels()])
    return max(1, _NUMBERS // max(each, 1))
