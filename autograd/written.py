"""What has been written to in place, so that a graph that had kept it before is not walked."""

from __future__ import annotations

from types import CodeType
from typing import Any
from weakref import ref

import numpy as np

from .errors import GraphError
from .graph import LEAF, Node, counter, recorded
from .guards import Exposure, changed, exposed_changes, forget_within, kept_arrays, owner_of, owners_of
from .lines import line_of, note_line

__all__ = ["note_written", "refuse_overwritten", "written_since"]


class _Mark:
    """A write: when it was, with a number like those of nodes, and where."""

    __slots__ = ("code", "instruction", "number")

    code: CodeType
    instruction: int

    def __init__(self) -> None:
        self.number = next(counter)


# What has been written to in place: the owner of the memory by its id, and the last write to it.
_written: dict[int, tuple[ref[np.ndarray[Any, Any]], _Mark]] = {}
_NOWHERE: Any = (lambda: None), None
_latest = -1


def note_written(*arrays: np.ndarray[Any, Any]) -> None:
    """Note that the memory of arrays has been written to in place: a graph that kept it before is not walked."""
    global _latest
    if len(_written) > 1000:
        for key in [key for key, (owner, _) in _written.items() if owner() is None]:
            del _written[key]
    mark = _Mark()
    note_line(mark)
    for array in arrays:
        owner = owner_of(array)
        _written[id(owner)] = ref(owner), mark
        forget_within(owner)
    _latest = mark.number


def _last_write(array: np.ndarray[Any, Any]) -> _Mark | None:
    """Return the last write to the memory of an array, itself or as a portion of a larger one; or None."""
    last = None
    for owner in owners_of(array):
        reference, mark = _written.get(id(owner), _NOWHERE)
        if reference() is owner and (last is None or mark.number > last.number):
            last = mark
    return last


def written_since(number: int, arrays: list[np.ndarray[Any, Any]]) -> bool:
    """Tell whether the memory of one of some arrays was written to in place after `number` was taken.

    That is by what says so, or through an ndarray that was handed out since.
    """
    owners = [exposure.owner() for exposure in exposed_changes() if exposure.number > number]
    if _latest > number:
        owners += [owner() for owner, mark in _written.values() if mark.number > number]
    return any(whole is owner for array in arrays for whole in owners_of(array) for owner in owners)


def refuse_overwritten(order: list[Node]) -> None:
    """Raise if something that a node kept has been written to since it was recorded."""
    if order and _latest >= order[0].number:
        _refuse_marked(order)
    for exposure in exposed_changes():
        _refuse_exposed(order, exposure)
    for node in order:
        guard = node.guard
        while guard is not None:
            array, before, guard = guard
            if changed(array, before):
                raise _overwritten(
                    node, array, "by NumPy alone, after that line" if hasattr(node, "code") else "by NumPy alone"
                )


def _refuse_marked(order: list[Node]) -> None:
    for node in order:
        if node.op is LEAF or node.number > _latest:
            continue
        for array in kept_arrays(node):
            mark = _last_write(array)
            if mark is not None and mark.number > node.number:
                raise _overwritten(node, array, f"at {line_of(mark)}")


def _refuse_exposed(order: list[Node], exposure: Exposure) -> None:
    owner = exposure.owner()
    for node in order:
        if node.op is LEAF or (exposure.of_leaf and node.number > exposure.number):
            continue
        for array in kept_arrays(node):
            if owner_of(array) is owner:
                where = line_of(exposure.place)
                raise _overwritten(node, array, f"by NumPy alone, through the ndarray handed out at {where}")


def _overwritten(node: Node, array: np.ndarray[Any, Any], how: str) -> GraphError:
    return GraphError(
        f"the derivative of '{node.op.name}'{recorded(node)} needs an array (shape {array.shape}, dtype "
        f"{array.dtype}) that was written to in place afterwards, {how}: write to a copy, or call backward() before"
    )
