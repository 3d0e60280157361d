"""Pytrees: flatten nested dicts, lists, tuples, dataclasses and registered classes to leaves, and build them again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from ..arrays.batched import Batched
from ..arrays.traced import Traced, TracedNumber
from ..tensors.tensor import Tensor

Rebuild = Callable[[Sequence[Any]], Any]
_only = itemgetter(0)
_LEAVES = frozenset(
    (np.ndarray, Batched, Traced, TracedNumber, Tensor, float, np.float64, np.float32, complex, int, bool, type(None))
)  # the most frequent
_SEQUENCES = frozenset((tuple, list))
# By class: what takes an object apart, into its parts and what describes the rest, and what makes one of these.
REGISTERED: dict[type, tuple[Callable[[Any], tuple[Sequence[Any], Any]], Callable[[Any, Any], Any]]] = {}


def _filled(tree: Any, contents: Any) -> Any:
    """Return a copy of a dict or list with other contents; one of a subclass keeps its attributes, as a default."""
    if type(tree) is dict:
        return contents
    other = copy.copy(tree)
    if isinstance(tree, dict):
        for key, item in contents.items():  # not `update`, with which a Counter adds
            other[key] = item
    else:
        other[:] = contents
    return other


def _tuple_like(tree: Any, items: list[Any]) -> Any:
    """Return a tuple of the type of `tree`, whose constructor may take other arguments than its items."""
    other = tuple.__new__(type(tree), items)
    if hasattr(tree, "__dict__"):
        other.__dict__.update(tree.__dict__)
    return other


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """Return the leaves of `tree`, and the function that builds a tree like it from other leaves.

    Neither calls itself, so that trees may be nested deeper than Python's calls.
    """
    kind: Callable[[list[Any]], Any] = type(tree)
    if kind in _LEAVES:
        return [tree], _only
    if kind in _SEQUENCES and _LEAVES.issuperset(map(type, tree)):  # as most are: the arguments of a function
        return list(tree), kind
    found = _apart(tree)
    if found is None:
        return [tree], _only
    leaves: list[Any] = []
    containers: list[tuple[int, bool, Callable[[Any], Any]]] = []  # each before its parts; a leaf is one of its own
    pending = [found]
    while pending:
        parts, kind = pending.pop()
        flat = kind is _only or _LEAVES.issuperset(map(type, parts))
        containers.append((len(parts), flat, kind))
        if flat:
            leaves += parts
        else:
            pending += [(type(part) not in _LEAVES and _apart(part)) or ([part], _only) for part in reversed(parts)]
    containers.reverse()

    def rebuild(contents: Sequence[Any]) -> Any:
        stop, built = len(leaves), list[Any]()  # the parts of a container are the last that were built
        for count, flat, kind in containers:
            if flat:
                built.append(kind(contents[stop - count : stop]))
                stop -= count
            else:
                items = built[: -count - 1 : -1]
                del built[len(built) - count :]
                built.append(kind(items))
        return built[0]

    return leaves, rebuild


def _apart(tree: Any) -> tuple[Sequence[Any], Callable[[Any], Any]] | None:
    """Return the parts of a container, and what makes one like it from others; None for a leaf."""
    if type(tree) in _SEQUENCES:
        return tree, type(tree)
    if type(tree) in REGISTERED:
        apart, together = REGISTERED[type(tree)]
        parts, rest = apart(tree)
        return list(parts), lambda items: together(rest, tuple(items))
    if isinstance(tree, dict):
        keys = list(tree)
        return list(tree.values()), lambda items: _filled(tree, dict(zip(keys, items, strict=True)))
    if hasattr(type(tree), "__dataclass_fields__"):
        import dataclasses  # whoever made one has loaded it

        names = field_names(tree)
        parts = [getattr(tree, name) for name in names]
        return parts, lambda items: dataclasses.replace(tree, **dict(zip(names, items, strict=True)))
    if isinstance(tree, tuple):
        return list(tree), lambda items: _tuple_like(tree, items)
    if isinstance(tree, list):
        return list(tree), lambda items: _filled(tree, items)
    return None


def field_names(tree: Any) -> list[str]:
    """Return the names of the fields that the constructor of a dataclass takes: variables of the class are none."""
    import dataclasses

    return [field.name for field in dataclasses.fields(tree) if field.init]


def without_none(leaves: list[Any], rebuild: Rebuild) -> tuple[list[Any], Rebuild]:
    """Return the leaves that are not None, and the function that builds their tree, with its Nones, of others."""
    if not any(leaf is None for leaf in leaves):
        return leaves, rebuild
    places = [i for i, leaf in enumerate(leaves) if leaf is not None]

    def filled(others: Sequence[Any]) -> Any:
        all_leaves: list[Any] = [None] * len(leaves)
        for place, other in zip(places, others, strict=True):
            all_leaves[place] = other
        return rebuild(all_leaves)

    return [leaves[i] for i in places], filled


def structure(tree: Any) -> Any:
    """Return the containers of a tree, to be compared: their types, and keys in order or what else describes them.

    It is None for a leaf, and otherwise a flat tuple of them, each before its parts.
    """
    found: list[Any] = []
    pending = [tree]
    while pending:
        part = pending.pop()
        if type(part) in _LEAVES:
            found.append(None)
            continue
        if type(part) in REGISTERED:
            parts, rest = REGISTERED[type(part)][0](part)
            parts = list(parts)
        elif isinstance(part, dict):
            parts, rest = list(part.values()), tuple(part)
        elif hasattr(type(part), "__dataclass_fields__"):
            parts, rest = [getattr(part, name) for name in type(part).__dataclass_fields__], None
        elif isinstance(part, tuple | list):
            parts, rest = list(part), None
        else:
            found.append(None)
            continue
        found.append((type(part), rest, len(parts)))
        pending += reversed(parts)
    return None if found == [None] else tuple(found)
