"""What has been written to in place, so that a graph that had kept it before is not walked."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any
from weakref import ref

import numpy as np

from .errors import GraphError
from .graph import LEAF, Node, line_of, recorded, take_number

__all__ = ["note_written", "owner_of", "refuse_overwritten"]

# What has been written to in place: the owner of the memory by its id, with a number like those of nodes and the line.
_written: dict[int, _Mark] = {}
_latest = -1


class _Mark:
    """A write: to which memory, when, and where."""

    __slots__ = ("code", "instruction", "number", "owner")

    code: CodeType
    instruction: int

    def __init__(self, owner: Any) -> None:
        self.owner, self.number = ref(owner), take_number()


def note_written(array: np.ndarray[Any, Any], note_line: Callable[[Any], None]) -> None:
    """Note that the memory of `array` has been written to in place: a graph that kept it before is not walked."""
    global _latest
    if len(_written) > 1000:
        for key in [key for key, mark in _written.items() if mark.owner() is None]:
            del _written[key]
    owner = owner_of(array)
    mark = _written[id(owner)] = _Mark(owner)
    note_line(mark)
    _latest = mark.number


def owner_of(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array at the end of the chain of those that `array` is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def refuse_overwritten(order: list[Node]) -> None:
    """Raise if something that a node kept has been written to since it was recorded."""
    if not order or _latest < order[0].number:
        return
    for node in order:
        if node.op is LEAF or node.number > _latest:
            continue
        pending: list[Any] = [getattr(node, "kept", None), getattr(node, "kept_y", None)]
        while pending:
            value = pending.pop()
            if type(value) in (tuple, list):
                pending.extend(value)
            elif isinstance(value, np.ndarray):
                owner = owner_of(value)
                mark = _written.get(id(owner))
                if mark is not None and mark.number > node.number and mark.owner() is owner:
                    message = (
                        f"the derivative of '{node.op.name}'{recorded(node)} needs an array (shape {value.shape}, "
                        f"dtype {value.dtype}) that was written to in place afterwards, at "
                        f"{line_of(mark.code, mark.instruction)}: write to a copy, or call backward() before"
                    )
                    raise GraphError(message)
