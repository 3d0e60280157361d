"""Walks along unit vectors: for many elements of an array at once, as a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays.door import levels
from ..graph.node import MultiNode
from .batched_walks import batched_walk, is_hooked
from .recording import Recording

Walk = Callable[[Any], list[Any]]
Shape = tuple[int, ...]

_FEW = 3  # walks, up to which one after another is faster
_NUMBERS = 1 << 20  # in the arrays of a batched walk: they stay in the cache, and memory stays bounded


def along_units(record: Recording, walk: Walk, shape: Shape, dtype: np.dtype[Any], value: complex) -> list[Any]:
    """Return what `walk` gives for each array that has `value` at one place and 0 elsewhere, along a first axis.

    `walk` takes a cotangent or tangent through `record` and returns arrays or tensors, linear in it. If there is no
    place, the result is an empty list.
    """
    size = math.prod(shape)
    together = 1
    if size > _FEW and not is_hooked(record.order):
        together = math.ceil(size / math.ceil(size / _walks_at_once(record)))  # in batches of about the same size
    found = _together(walk, _units(shape, dtype, value, together)) if together > _FEW else None
    if found is None:
        found = [walk(unit[0]) for _, unit in _units(shape, dtype, value, 1)]
        return [np.stack(parts) for parts in zip(*found, strict=True)]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _together(walk: Walk, batches: Iterator[tuple[int, Any]]) -> list[list[Any]] | None:
    """Return what `walk` gives for each batch, along first axes; None if a rule takes no batch."""
    found = []
    for first, units in batches:
        part = batched_walk(walk, units, first_unit=first)
        if part is None:
            return None
        found.append(part)
    return found


def _units(shape: Shape, dtype: np.dtype[Any], value: complex, together: int) -> Iterator[tuple[int, Any]]:
    """Yield, so many `together`, the first place and the arrays of this shape that have `value` at one place."""
    size = math.prod(shape)
    for start in range(0, size, together):
        count = min(together, size - start)
        units = np.zeros((count, *shape), dtype)
        units.reshape(-1)[start :: size + 1] = value
        yield start, units


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
