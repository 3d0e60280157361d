"""Operators that pick and place elements by their indices: Gather, Scatter, TopK, OneHot and the like."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from .._program import Node, Value
from .common import Array, Operator, integers, number

_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "add": np.add,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}


def _indices(x: Any) -> Any:
    return as_array(borrow(x))


def _gather_elements(n: Node, x: Any, indices: Any) -> Any:
    axis = n["axis"] % x.ndim
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = _indices(indices)
    return x[tuple(places)]


def _gather_nd(n: Node, x: Any, indices: Any) -> Any:
    shared, given = n["batch_dims"] or 0, _indices(indices)
    leading = given.shape[:-1]
    places = tuple(np.arange(leading[axis]).reshape((-1,) + (1,) * (len(leading) - axis - 1)) for axis in range(shared))
    return x[*places, *np.moveaxis(given, -1, 0)]


def scattered(x: Value, places: Array, updates: Value, reduction: str | None) -> Any:
    """Return `x` with each of the elements `updates` at its place in flattened `x`, or combined with what is there."""
    shape, places = x.shape, places.reshape(-1)
    flat: Any = x.reshape(-1)
    given: Any = updates.reshape(-1)
    for turn in _turns(places) if reduction in _COMBINE else [np.arange(places.size)]:
        new = given[turn]
        if reduction in _COMBINE:
            new = _COMBINE[reduction](flat[places[turn]], new)
        source = np.arange(flat.size)
        source[places[turn]] = flat.size + np.arange(turn.size)
        flat = np.concatenate([flat, new.astype(x.dtype)])[source]
    return flat.reshape(shape)


def _turns(places: Array) -> list[Array]:
    """Divide the positions of `places` into groups in which no place occurs twice, in their order."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    rank = np.arange(places.size) - np.repeat(starts, np.diff(starts, append=places.size))
    return [order[rank == turn] for turn in range(int(rank.max(initial=-1)) + 1)]


def _flat_places(shape: tuple[int, ...], places: tuple[Array, ...]) -> Array:
    wrapped = tuple(np.where(place < 0, place + size, place) for place, size in zip(places, shape, strict=True))
    return np.asarray(np.ravel_multi_index(wrapped, shape), np.int64)


def _scatter_elements(n: Node, x: Any, indices: Any, updates: Any) -> Any:
    places = list(np.broadcast_arrays(*np.indices(indices.shape, sparse=True)))
    places[n["axis"] % x.ndim] = _indices(indices)
    return scattered(x, _flat_places(x.shape, tuple(places)), updates, n["reduction"])


def _scatter_nd(n: Node, x: Any, indices: Any, updates: Any) -> Any:
    given = _indices(indices)
    depth = given.shape[-1]
    first = _flat_places(x.shape[:depth], tuple(np.moveaxis(given, -1, 0)))
    inner = math.prod(x.shape[depth:])
    return scattered(x, first[..., None] * inner + np.arange(inner), updates, n["reduction"])


def _tensor_scatter(n: Node, cache: Any, update: Any, starts: Any = None) -> Any:
    axis = n["axis"] % cache.ndim
    first = np.zeros(len(cache), np.int64) if starts is None else _indices(starts)
    places = list(np.broadcast_arrays(*np.indices(update.shape, sparse=True)))
    along = places[axis] + first.reshape((-1,) + (1,) * (cache.ndim - 1))
    places[axis] = along % cache.shape[axis] if n["mode"] == "circular" else along
    return scattered(cache, _flat_places(cache.shape, tuple(places)), update, None)


def _top_k(n: Node, x: Any, k: Any = None) -> tuple[Any, Array]:
    count, axis = n["k"] if k is None else number(k), n["axis"]
    values = _indices(x)
    if n["largest"] in (None, 1):  # from the end, so that of equal elements the first comes first
        order = np.flip(np.argsort(np.flip(values, axis), axis, kind="stable"), axis)
        order = values.shape[axis] - 1 - order
    else:
        order = np.argsort(values, axis, kind="stable")
    chosen = np.take(order, np.arange(count), axis)
    return np.take_along_axis(x, chosen, axis), chosen.astype(np.int64)


def _one_hot(n: Node, indices: Any, depth: Any, values: Any) -> Any:
    (count,) = integers(depth)
    axis = n["axis"] % (indices.ndim + 1)
    classes = np.arange(count).reshape((-1,) + (1,) * (indices.ndim - axis))
    given = _indices(indices)
    hit = np.expand_dims(np.where(given < 0, given + count, given), axis) == classes
    return np.where(hit, values[1], values[0])


def _arg(function: Callable[..., Any]) -> Operator:
    def compute(n: Node, x: Any) -> Array:
        axis, values = n["axis"] or 0, _indices(x)
        if n["select_last_index"]:
            found = values.shape[axis] - 1 - function(np.flip(values, axis), axis)
        else:
            found = function(values, axis)
        return np.asarray(np.expand_dims(found, axis) if n["keepdims"] != 0 else found, np.int64)

    return compute


def _compress(n: Node, x: Any, condition: Any) -> Any:
    chosen = np.flatnonzero(_indices(condition))
    return np.take(x.reshape(-1), chosen) if n["axis"] is None else np.take(x, chosen, n["axis"])


def _unique(n: Node, x: Any) -> tuple[Any, ...]:
    values = _indices(x)
    _, first, inverse, counts = np.unique(
        values, return_index=True, return_inverse=True, return_counts=True, axis=n["axis"]
    )
    inverse = inverse.reshape(-1)
    if n["sorted"] == 0:
        order = np.argsort(first)
        inverse, first, counts = np.argsort(order)[inverse], first[order], counts[order]
    found = np.take(x.reshape(-1), first) if n["axis"] is None else np.take(x, first, n["axis"])
    return found, first.astype(np.int64), inverse.astype(np.int64), counts.astype(np.int64)


def _hardmax(n: Node, x: Any) -> Any:
    values = _indices(x)
    flat = values.reshape(math.prod(values.shape[: n["axis"]]), -1) if n.version < 13 else values
    axis = 1 if n.version < 13 else n["axis"]
    out = np.zeros_like(flat)
    np.put_along_axis(out, np.expand_dims(flat.argmax(axis), axis), 1, axis)
    return out.reshape(values.shape)


INDEXING: dict[str, Operator] = {
    "ArgMax": _arg(np.argmax), "ArgMin": _arg(np.argmin), "Compress": _compress,
    "Gather": lambda n, x, indices: np.take(x, _indices(indices), n["axis"]),
    "GatherElements": _gather_elements, "GatherND": _gather_nd, "Hardmax": _hardmax,
    "NonZero": lambda n, x: np.array(np.nonzero(_indices(x)), np.int64),
    "OneHot": _one_hot, "Scatter": _scatter_elements, "ScatterElements": _scatter_elements, "ScatterND": _scatter_nd,
    "TensorScatter": _tensor_scatter, "TopK": _top_k, "Unique": _unique,
}  # fmt: skip
