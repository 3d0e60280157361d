"""Places in arrays: where parts of them begin and end, and whether elements advance evenly."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence

import numpy as np

from ..floats import TracedFloat
from ..program import Call, Traced, Variable, traced_in
from ..types import Array

CUT, PARTS = 64, 16  # elements from which arrays are computed in parts, and how many parts at most
FEW_PARTS, MOST_PARTS = 8, 64  # copied by slices, of one array and of several


def cuts_in(calls: Sequence[Call]) -> dict[tuple[int, ...], list[list[int]]]:
    """Return for shapes of arrays the places along each axis where parts of them begin or end that are written alone.

    Arrays of such a shape are computed part by part, so that what is read is known to be zero, or is in a register.
    """
    found: dict[tuple[int, ...], list[set[int]]] = {}
    for call in calls:
        for shape, axis, place in _ends(call):
            if 0 < place < shape[axis]:
                found.setdefault(shape, [set() for _ in shape])[axis].add(place)
    return {
        shape: [sorted(places) for places in cuts]
        for shape, cuts in found.items()
        if math.prod(shape) >= CUT and math.prod(len(places) + 1 for places in cuts) <= PARTS
    }


def _ends(call: Call) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Yield where the parts end that a call writes to: the shape of the array, the axis, and the place."""
    function, args = call.function, call.args
    if function is operator.setitem:
        shape = shape_of(args[0])
        key = args[1] if type(args[1]) is tuple else (args[1],)
        if Ellipsis in [part for part in key if part is Ellipsis]:
            return
        for axis, part in enumerate(key):
            if type(part) is slice and part.step in (None, 1) and not traced_in(part):
                low, high, _ = part.indices(shape[axis])
                yield shape, axis, low
                yield shape, axis, high
            elif type(part) is int:
                yield shape, axis, part % shape[axis]
                yield shape, axis, part % shape[axis] + 1
            else:
                return
    elif function is np.roll and len(args) > 1 and type(args[1]) is int:
        shape, along = shape_of(args[0]), args[2] if len(args) > 2 else call.kwargs.get("axis")
        along = 0 if along is None and len(shape) == 1 else along
        if type(along) is int and shape:
            yield shape, along % len(shape), args[1] % max(shape[along], 1)
    elif function is np.concatenate and isinstance(call.result, Traced) and all(isinstance(x, Traced) for x in args[0]):
        axis = args[1] if len(args) > 1 else call.kwargs.get("axis", 0)
        shape, place = shape_of(call.result), 0
        for x in args[0] if type(axis) is int else ():
            place += shape_of(x)[axis]
            yield shape, axis % len(shape), place


def shape_of(x: Variable) -> tuple[int, ...]:
    """Return the shape of a variable."""
    return () if isinstance(x, TracedFloat) else tuple(x.value.shape)


def strides_of(offsets: Array) -> tuple[int, ...] | None:
    """Return the strides by which offsets advance along each axis, or None if they do so unevenly."""
    strides = []
    for axis, n in enumerate(offsets.shape):
        steps: Array = np.diff(offsets, axis=axis)
        if n > 1 and steps.size and (steps != steps.flat[0]).any():
            return None
        strides.append(int(steps.flat[0]) if steps.size else 0)
    return tuple(strides)


def cut_in(owners: Array, offsets: Array) -> tuple[int, list[int]] | None:
    """Return an axis, and the places along it where elements come from another array, or no longer advance evenly."""
    for x, most in ((owners, MOST_PARTS), (offsets, FEW_PARTS)):
        for axis in (axis for axis, n in enumerate(x.shape) if n > 1):
            steps = np.moveaxis(np.diff(x, axis=axis), axis, 0).reshape(x.shape[axis] - 1, -1)
            # in each line along the axis, the step of most places
            usual = 0 if x is owners else np.sort(steps, axis=0)[len(steps) // 2]
            places = (np.flatnonzero((steps != usual).any(axis=1)) + 1).tolist()
            if 0 < len(places) <= most:
                return axis, places
    return None
