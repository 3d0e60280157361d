"""Arrays within dicts, lists, tuples and dataclasses, nested in any way: taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["flatten"]

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """Return what `tree` holds, dicts in the order of their keys, and how to rebuild it from new contents."""
    if isinstance(tree, dict):
        keys, parts = list(tree), list(tree.values())
        kind: Callable[[list[Any]], Any] = lambda items: type(tree)(zip(keys, items, strict=True))  # noqa: E731
    elif hasattr(type(tree), "__dataclass_fields__"):
        import dataclasses  # whoever made one has loaded it

        names = [field.name for field in dataclasses.fields(tree) if field.init]
        parts = [getattr(tree, name) for name in names]
        kind = lambda items: dataclasses.replace(tree, **dict(zip(names, items, strict=True)))  # noqa: E731
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        parts, kind = list(tree), lambda items: type(tree)(*items)
    elif isinstance(tree, list | tuple):
        parts, kind = list(tree), type(tree)
    else:
        return [tree], lambda contents: contents[0]
    flat: list[Any] = []
    rebuilds = []
    for part in parts:
        contents, rebuild = flatten(part)
        rebuilds.append((len(flat), len(flat) + len(contents), rebuild))
        flat += contents
    return flat, lambda contents: kind([rebuild(contents[start:stop]) for start, stop, rebuild in rebuilds])
