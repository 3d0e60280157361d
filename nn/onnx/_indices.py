"""ONNX translation of indices: slices, and arrays of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._graph import Pair, Step

LAST = np.iinfo(np.int64).max  # as the end of a slice: the end of the axis, whatever its length
FIRST = np.iinfo(np.int64).min


def shapes(s: Step, name: str = "x") -> Pair:
    """Return the shape of an argument in both traces."""
    one, other = s.given(name)
    return np.shape(one), np.shape(other)


def cut(s: Step, x: str, axis: int, start: int, end: int, step: int = 1) -> str:
    return s.add("Slice", x, *(s.graph.integers([n]) for n in (start, end, axis, step)))


def getitem(s: Step) -> str:
    """Slice by the basic indices, gather by arrays of integers, then reshape."""
    for pair in zip(*map(_parts, s.given("key")), strict=False):
        if np.asarray(pair[0]).dtype.kind == "b" and s.graph.name_of(pair) is not None:
            raise s.refuse(
                "a mask as an index selects a number of elements that depends on the inputs: numpy.where(mask, x, 0) "
                "keeps the shape"
            )
    key, other = (_complete(k, np.ndim(x)) for k, x in zip(s.given("key"), s.given("x"), strict=True))
    if len(key) != len(other):
        raise s.dependence("the index")
    key, other = ([part for part in keys if part is not None] for keys in (key, other))
    x, before = s.value("x"), list(zip(*shapes(s), strict=True))
    arrays = []
    for axis, (pair, lengths) in enumerate(zip(zip(key, other, strict=True), before, strict=True)):
        if isinstance(pair[0], np.ndarray):
            arrays.append((axis, pair))
        elif isinstance(pair[0], slice) or not any(isinstance(part, np.ndarray) for part in key):
            x = _sliced(s, x, axis, pair, lengths)
        else:
            arrays.append((axis, (np.asarray(pair[0]), np.asarray(pair[1]))))
    if arrays:
        return _gathered(s, x, len(key), arrays)
    kept = tuple(np.empty(shape, bool)[_kept(keys)].shape for shape, keys in zip(shapes(s), (key, other), strict=True))
    return x if kept == (s.out[0].shape, s.out[1].shape) else s.reshaped(x, kept, (s.out[0].shape, s.out[1].shape))


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _complete(key: Any, ndim: int) -> list[Any]:
    """Return one index part per axis, None for a new axis; sequences and masks become arrays of integers."""
    parts: list[Any] = []
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, list | np.ndarray) and np.ndim(part):
            array = np.asarray(part)
            parts += np.nonzero(array) if array.dtype == bool else [part if isinstance(part, np.ndarray) else array]
        else:
            parts.append(part)
    used = sum(part is not None and part is not Ellipsis for part in parts)
    place = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    return [*parts[:place], *[slice(None)] * (ndim - used), *parts[place + 1 :]]


def _kept(key: list[Any]) -> tuple[Any, ...]:
    """Return the index with each integer replaced by a slice of one element."""
    return tuple(part if isinstance(part, slice) else slice(part, part + 1 or None) for part in key)


def _sliced(s: Step, x: str, axis: int, pair: Pair, lengths: Pair) -> str:
    """Slice one axis; an integer takes a slice of one element."""
    slices = [part if isinstance(part, slice) else slice(int(part), int(part) + 1 or None) for part in pair]
    if slices == [slice(None)] * 2:
        return x
    step = slices[0].step or 1
    if step != (slices[1].step or 1):
        raise s.dependence("the step of a slice")
    ends = [
        _bound(s, (getattr(slices[0], name), getattr(slices[1], name)), lengths, absent)
        for name, absent in (("start", 0 if step > 0 else LAST), ("stop", LAST if step > 0 else FIRST))
    ]
    return cut(s, x, axis, ends[0], ends[1], int(step))


def _bound(s: Step, pair: Pair, lengths: Pair, absent: int) -> int:
    """Return a bound of a slice, counted from the end if that makes it the same in both traces."""
    if pair[0] == pair[1]:
        return absent if pair[0] is None else int(pair[0])
    if None in pair or min(pair) < 0:
        raise s.dependence("a bound of a slice")
    one, other = (int(bound) - length for bound, length in zip(pair, lengths, strict=True))
    if one != other or one > 0:
        raise s.dependence("a bound of a slice")
    return LAST if one == 0 else one


def _gathered(s: Step, x: str, ndim: int, arrays: list[tuple[int, Pair]]) -> str:
    """Take the elements at arrays of integers; what NumPy does is to move the axes of these to the front."""
    if None in [part for part in _parts(s.given("key")[0]) if not isinstance(part, np.ndarray)]:
        raise s.refuse("an index that mixes arrays with None: index twice")
    if len(arrays) == 1:
        axis, pair = arrays[0]
        return s.add("Gather", x, s.value_of(pair, np.int64, "an index"), axis=axis)
    axes = [axis for axis, _ in arrays]
    one, other = (np.broadcast_shapes(*(pair[i].shape for _, pair in arrays)) for i in (0, 1))
    shape, last = s.lengths((*one, 1), (*other, 1)), s.graph.integers([-1])
    places = [s.add("Unsqueeze", s.value_of(pair, np.int64, "an index"), last) for _, pair in arrays]
    if axes != list(range(len(axes))):
        x = s.add("Transpose", x, perm=axes + [axis for axis in range(ndim) if axis not in axes])
    found = s.add("GatherND", x, s.add("Concat", *(s.add("Expand", place, shape) for place in places), axis=-1))
    first = axes[0]
    if not first or axes != list(range(first, first + len(axes))):
        return found
    order = list(range(len(one) + ndim - len(axes)))  # the axes of the arrays go where they were, side by side
    return s.add("Transpose", found, perm=order[len(one) :][:first] + order[: len(one)] + order[len(one) :][first:])
