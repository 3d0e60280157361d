"""Indices into batched arrays, and batched indices.

An index that is the same for all elements gets a slice for the batch. One that has its own integers for each element
gets the numbers of the elements beside them. NumPy puts the axes of integer arrays first where slices separate them, so
the axes of what is selected may have to be moved.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays.batched import Batched
from ...arrays.door import Level, chosen, innermost
from ...tensors.conversions import refuse
from ...tensors.tensor import Array, any_live, unmasked
from .alignment import is_at, repeated, widened

Moved = tuple[Any, Any] | None  # the axes to move, and where to: what `numpy.moveaxis` takes

_NO_MASK = (
    "A mask selects another number of them for each element: use numpy.where(mask, x, 0), or a sum or mean with "
    "where=mask"
)
_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def _is_array(part: Any) -> bool:
    return not isinstance(part, _BASIC) or isinstance(part, bool)


def _is_mask(part: Any) -> bool:
    return bool(getattr(part, "dtype", None) == np.dtype(bool))


def _parts(key: Any) -> tuple[Any, ...]:
    """Return the parts of an index, with the arrays of tensors in place of tensors and lists."""
    found = []
    for part in key if type(key) is tuple else (key,):
        part = getattr(part, "_array", part)
        if isinstance(part, list):
            array = np.asarray(part)
            part = array if array.size else array.astype(int)
        elif isinstance(part, np.ndarray):
            part = unmasked(part)
        elif type(part) is slice:
            for bound in (part.start, part.stop, part.step):
                if type(bound) is Batched:
                    operator.index(bound)  # raises
        found.append(part)
    return tuple(found)


def place(level: Level, key: Any, ndim: int, *, whole: bool) -> tuple[Any, Moved]:
    """Return the index into the arrays of all elements, and which axes of what it selects to move.

    `ndim` is the number of axes of one element. `whole` says whether the array has the batch as its first axis; one
    that has not is indexed with integers for each element.
    """
    parts = _parts(key)
    arrays = [part for part in parts if _is_array(part)]
    if not arrays:
        return (slice(None), *parts), None
    for part in arrays:
        if is_at(level, part) and part.dtype == bool:
            part.refuse("a mask as an index, of the values", _NO_MASK)
    wide = max([1 if _is_mask(part) else np.ndim(part) for part in arrays])
    # Like NumPy, count integers among the arrays where there is one.
    advanced = [i for i, part in enumerate(parts) if _is_array(part) or isinstance(part, int | np.integer)]
    together = advanced == list(range(advanced[0], advanced[-1] + 1))
    if not any(is_at(level, part) for part in arrays):
        return (slice(None), *parts), None if together or not wide else ([wide], [0])
    used = sum([_axes_used(part) for part in parts])
    before = sum([ndim - used if part is Ellipsis else 1 for part in parts[: advanced[0]]])
    physical: list[Any] = []
    for part in parts:
        if is_at(level, part):
            physical.append(widened(part, wide))
        elif _is_mask(part) and np.ndim(part):
            physical += part.nonzero()
        else:
            physical.append(part)
    if not whole:
        return tuple(physical), ([before], [0]) if together and before else None
    numbers = np.arange(level.size).reshape((-1,) + (1,) * wide)
    moves = together and before and wide
    moved = (list(range(1, wide + 1)), list(range(before + 1, before + wide + 1))) if moves else None
    return (numbers, *physical), moved


def _axes_used(part: Any) -> int:
    """Return how many axes of the array a part of an index takes up."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return np.ndim(part) if _is_mask(part) else 1


def _level(level: Level, *given: Any) -> Level:
    """Return the innermost level of an array, its index and what is written to it."""
    for x in given:
        for part in x if type(x) is tuple else (x,):
            part = getattr(part, "_array", part)
            if type(part) is Batched and part.level.number > level.number:
                level = part.level
    return level


def getitem(level: Level, x: Any, key: Any) -> Any:
    """Return ``x[key]`` where either is batched."""
    level = _level(level, x, key)
    whole = is_at(level, x)
    index, moved = place(level, key, x.ndim, whole=whole)
    array, outer = x.value if whole else x, innermost(index)
    found = _selected(array, index) if outer is None or type(array) is Batched else getitem(outer, array, index)
    if found.ndim == 1 and found.base is not None and not any(part is Ellipsis for part in index):
        found = found.copy()  # a number, which is no view in NumPy
    return Batched(found if moved is None else np.moveaxis(found, *moved), level)


def _selected(array: Any, index: Any) -> Any:
    """Return ``array[index]``; for integers alone by `take`, in half the time, and with the batch first in memory."""
    batch, *rest = index
    if type(batch) is slice and batch == slice(None) and len(rest) == 1 and type(array) is not Batched:
        (places,) = rest
        if _is_array(places) and places.dtype.kind in "iu" and places.ndim:
            return array.take(places, 1)
    return array[index]


def shape_selected(value: Array, index: Any, moved: Moved) -> tuple[int, ...]:
    """Return the shape of what an index selects, with the batch, in the order of axes that an element has."""
    plain = tuple([np.zeros(part.shape, int) if type(part) is Batched else part for part in index])  # of outer levels
    found = np.broadcast_to(np.empty((), bool), value.shape)[plain]
    shape: tuple[int, ...] = found.shape if moved is None else np.moveaxis(found, *moved).shape
    return shape


def written(level: Level, value: Any, shape: tuple[int, ...], moved: Moved) -> Any:
    """Return values to be written to what an index selects, in the order of axes that the index gives."""
    if is_at(level, value):
        value = widened(value, len(shape) - 1)
    if moved is not None:
        value = np.moveaxis(np.broadcast_to(value, shape), moved[1], moved[0])
    return value


def setitem(level: Level, x: Batched, key: Any, value: Any) -> None:
    """Write `value` to ``x[key]``, in the memory of the batch."""
    if any_live(value):
        refuse("storing this tensor")
    value = unmasked(getattr(value, "_array", value))
    x.check_writeable()
    inner = _level(level, x, key, value)
    if inner is not x.level:
        given = next(y for y in (value, *_parts(key)) if is_at(inner, y))
        given.refuse(
            "writing to an array that all elements of the batch share, by a value or index",
            "Begin with numpy.zeros_like(y) of a batched y, or write x = x + 0 * y before",
        )
    parts = _parts(key)
    if len(parts) == 1 and is_at(level, parts[0]) and parts[0].dtype == bool:
        x[...] = chosen(x, parts[0], value)
        return
    index, moved = place(level, key, x.ndim, whole=True)
    if type(value) is Batched or moved is not None:
        value = value if hasattr(value, "shape") else np.asarray(value)
        value = written(level, value, shape_selected(x.value, index, moved), moved)
    x.value[index] = value


def scatter(level: Level, add: Callable[..., Array], x: Array | Batched, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `x` added at `key`, where either is batched; `add` does that for arrays."""
    level = _level(level, x, key)
    index, moved = place(level, key, len(shape), whole=True)
    value = written(level, Batched(repeated(level, x), level), (level.size, *x.shape), moved)
    return Batched(add(value, index, (level.size, *shape)), level)
