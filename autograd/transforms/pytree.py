"""Pytrees: flatten nested dicts, lists, tuples, dataclasses and registered classes to leaves, and build them again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from ..graph.batched import Batched
from ..graph.traced import Traced, TracedNumber
from ..tensors.tensor import Tensor

__all__ = ["REGISTERED", "Rebuild", "flatten", "structure", "without_none"]

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
    """Return the leaves of `tree`, and the function that builds a tree like it from other leaves."""
    kind: Callable[[list[Any]], Any] = type(tree)
    if kind in _LEAVES:
        return [tree], _only
    if kind in _SEQUENCES and _LEAVES.issuperset(map(type, tree)):  # as most are: the arguments of a function
        return list(tree), kind
    if type(tree) in REGISTERED:
        apart, together = REGISTERED[type(tree)]
        given, rest = apart(tree)
        parts, kind = list(given), lambda items: together(rest, tuple(items))
    elif isinstance(tree, dict):
        keys, parts = list(tree), list(tree.values())
        kind = lambda items: _filled(tree, dict(zip(keys, items, strict=True)))  # noqa: E731
    elif hasattr(type(tree), "__dataclass_fields__"):
        import dataclasses  # whoever made one has loaded it

        names = [field.name for field in dataclasses.fields(tree) if field.init]
        parts = [getattr(tree, name) for name in names]
        kind = lambda items: dataclasses.replace(tree, **dict(zip(names, items, strict=True)))  # noqa: E731
    elif isinstance(tree, tuple):
        parts, kind = list(tree), tuple if type(tree) is tuple else lambda items: _tuple_like(tree, items)
    elif isinstance(tree, list):
        parts, kind = list(tree), list if type(tree) is list else lambda items: _filled(tree, items)
    else:
        return [tree], _only
    flat: list[Any] = []
    rebuilds = []
    for part in parts:
        contents, rebuild = flatten(part)
        rebuilds.append((len(flat), len(flat) + len(contents), rebuild))
        flat += contents
    return flat, lambda contents: kind([rebuild(contents[start:stop]) for start, stop, rebuild in rebuilds])


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

    A leaf is None.
    """
    if type(tree) in _LEAVES:
        return None
    if type(tree) in REGISTERED:
        parts, rest = REGISTERED[type(tree)][0](tree)
        return type(tree), rest, tuple(map(structure, parts))
    if isinstance(tree, dict):
        return type(tree), tuple([(key, structure(part)) for key, part in tree.items()])
    if hasattr(type(tree), "__dataclass_fields__"):
        return type(tree), tuple([structure(getattr(tree, name)) for name in type(tree).__dataclass_fields__])
    return (type(tree), tuple(map(structure, tree))) if isinstance(tree, tuple | list) else None
