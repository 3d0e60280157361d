"""Names of the arrays in a file as paths of parameters and buffers of a module."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..module import Module

Path = tuple[str, ...]
_RESERVED = ("training", "_buffers", "_constants", "_inputs", "_program")


def paths_of(names: Mapping[str, str]) -> dict[str, Path]:
    """Return for each array the path of an attribute of a module, from the name that it should have.

    Dots, slashes and colons separate the names of modules, as in ``encoder.0.weight`` or ``model/dense/kernel:0``. What
    cannot be part of a Python name becomes an underscore. A name that a module uses itself, or that would be both a
    module and an array, has another underscore at its end.
    """
    wanted = {key: _parts(name) for key, name in names.items()}
    inner = {path[:i] for path in wanted.values() for i in range(1, len(path))}
    used: set[Path] = set()
    found: dict[str, Path] = {}
    for name, path in wanted.items():
        while path in used or path in inner:
            path = (*path[:-1], path[-1] + "_")
        used.add(path)
        found[name] = path
    return found


def _parts(name: str) -> Path:
    return tuple(identifier(part) for part in re.split(r"[./:]+", name) if part) or ("value",)


def identifier(name: str) -> str:
    """Return a name that an attribute of a module may have."""
    found = re.sub(r"\W", "_", name)
    return f"{found}_" if hasattr(Module, found) or found in _RESERVED else found
