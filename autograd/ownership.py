"""Memory that is provably ours: gradients that nobody but the walk can see, and so may be written to.

The reference count answers that exactly: an array handed on by a rule, kept by a node or known to the caller has
another reference, and a view has a base. The count that means "ours" is measured, for it differs between versions of
Python.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import Node

__all__ = ["LARGE", "apart_from_inputs", "held_once", "may_add_to", "references", "sum_gradients"]


# Without the global interpreter lock a count may leave out the references of other threads; other Pythons do not count.
_EXACT = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()

# What counts the references to an object; where that is unknown, every object counts as shared.
references: Callable[[Any], int] = sys.getrefcount if _EXACT else lambda held: sys.maxsize


def _count_parameter(held: Any, _: Any) -> int:
    return references(held)


def _calibrate() -> int:
    """Count the references of an array that only `gradients` holds, in the way that `sum_gradients` meets it."""
    gradients = {0: np.empty(1)}
    held = gradients[0]
    return _count_parameter(held, held is None)


_HELD_ONCE = _calibrate() if _EXACT else 0
LARGE = 2048  # elements; below, a new array costs no more than writing to an old one


def apart_from_inputs(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes what `forward` does, of which no result shares memory with an argument.

    Operations that users declare may hand an argument on, or a part of it. What is written to that would change a
    result that the engine takes for its own.
    """

    def computed(*args: Any) -> Any:
        result = forward(*args)
        if isinstance(result, tuple):
            parts = [_apart(part, args) for part in result]
            return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
        return _apart(result, args)

    return computed


def _apart(result: Any, args: tuple[Any, ...]) -> Any:
    if type(result) is not np.ndarray:
        return result
    is_view = result.base is not None
    for arg in args:
        for x in arg if type(arg) is tuple else (arg,):
            if x is result or (is_view and isinstance(x, np.ndarray) and np.may_share_memory(result, x)):
                return result.copy()
    return result


def sum_gradients(held: Any, g: Any) -> Any:
    """Return ``held + g``, in place where nobody but the walk can see the memory of `held`.

    The reference count answers that exactly: an array handed on by a rule, kept by a node or known to the caller has
    another reference, and a view has a base.
    """
    if (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and references(held) <= _HELD_ONCE
        and held.base is None
    ):
        return np.add(held, g, held)
    return held + g


def may_add_to(held: Any, g: Any) -> bool:
    """Tell whether `g`, the gradient of a part, may be added to `held` in place: see `sum_gradients`."""
    return (
        held.size > LARGE
        and type(held) is np.ndarray
        and type(g) is np.ndarray
        and references(held) <= _HELD_ONCE
        and held.base is None
    )


def held_once(found: dict[Node, Any], node: Node) -> bool:
    """Tell whether the gradient of `node` in `found` is an array that nobody else can see."""
    held = found[node]
    return type(held) is np.ndarray and held.base is None and _count_parameter(held, None) <= _HELD_ONCE
