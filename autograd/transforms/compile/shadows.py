"""Shadows: copies of memory that tensors and variables hold, for what a program writes before its last check.

Until the last check has passed, a program may turn out not to fit, and the function itself runs instead: it has to find
everything as it was. A program that moves running statistics in its forward pass therefore moves a copy of them, and
copies it back after the last check.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays.traced import Traced
from .memory import address_of
from .program import HELD, Program, asks, traced_in

ndarray = np.ndarray
byte_bounds = np.lib.array_utils.byte_bounds


def last_check(program: Program) -> int:
    """Return the place of the last check among the calls; -1 if there is none."""
    return max((k for k, call in enumerate(program.calls) if asks(call)), default=-1)


def shadowed(program: Program) -> dict[int, list[Traced]]:
    """Return the variables of each memory that needs a shadow, by its identity."""
    early = program.calls[: last_check(program) + 1]
    written = {id(call.writes) for call in early if call.writes is not None and call.writes.kind == HELD}
    written -= set(map(id, program.free))
    found: dict[int, list[Traced]] = {memory: [] for memory in written}
    for x in traced_in([[x for x, _ in program.sources], [call.result for call in program.calls if call.view]]):
        if id(x.memory) in found:
            found[id(x.memory)].append(x)
    return found


class Shadow:
    """A copy of held memory.

    Parameters
    ----------
    arrays
        The arrays that lie in the memory.

    Attributes
    ----------
    pairs
        What is copied: arrays of the memory, and the same of the shadow.
    """

    def __init__(self, arrays: list[ndarray[Any, Any]]) -> None:
        bounds = [byte_bounds(array) for array in arrays]
        self._start, end = min(low for low, _ in bounds), max(high for _, high in bounds)
        self._memory = np.zeros(end - self._start, np.uint8)
        whole = [
            array
            for array, (low, high) in zip(arrays, bounds, strict=True)
            if array.flags.forc and (low, high) == (self._start, end)
        ]
        distinct = {(address_of(array), array.shape, array.strides, array.dtype): array for array in arrays}
        self.pairs = [(array, self.of(array)) for array in whole[:1] or distinct.values()]

    def of(self, array: ndarray[Any, Any]) -> ndarray[Any, Any]:
        """Return the array at the same place of the shadow."""
        offset = address_of(array) - self._start
        return np.ndarray(array.shape, array.dtype, self._memory, offset, array.strides)
