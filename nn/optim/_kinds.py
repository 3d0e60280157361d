"""The kinds of optimizers and schedulers, and their options: a state of one is not loaded into another."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any


def kinds_of(base: type[Any]) -> dict[str, set[str]]:
    """Return the names of the classes that derive from another, and those of the options of each."""
    home = sys.modules[str(__package__)]
    for name in home.__all__:
        getattr(home, name)  # which loads what this program did not ask for yet
    return _derived(base)


def _derived(base: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind in base.__subclasses__():
        found |= {kind.__name__: _options_of(kind), **_derived(kind)}
    return found


@functools.cache
def _options_of(kind: Any) -> set[str]:
    return {*inspect.signature(kind).parameters} - {"params"}
