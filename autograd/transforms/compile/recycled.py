"""Memory of large results, used again once nobody holds them: fresh memory costs more than most computations on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph.buffer_reuse import COUNTED, references

RECYCLED = 1 << 17 if COUNTED else 1 << 63  # bytes, from which on the system is asked for fresh memory each time
_LINE = 64  # bytes
_MOST = 2  # results of which the memory is remembered: a caller may hold the last one while the next one is computed


class Recycled:
    """Returns arrays of one shape for the results of a call; each is a new object, and its memory is nobody else's.

    Memory counts its references: every array in it, and every view of one, is one.
    """

    __slots__ = ("_alone", "_memories", "array")

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array  # of the shape, dtype and strides that are wanted
        self._memories = [self._made()]
        for memory in self._memories:
            self._alone = references(memory)

    def _made(self) -> np.ndarray[Any, Any]:
        return np.empty(self.array.nbytes + _LINE, np.uint8)

    def __call__(self) -> np.ndarray[Any, Any]:
        """Return an array whose elements are to be written."""
        for memory in self._memories:
            if references(memory) == self._alone:
                break
        else:
            memory = self._made()
            self._memories = [memory, *self._memories[: _MOST - 1]]
        like = self.array
        return np.ndarray(like.shape, like.dtype, memory, -memory.ctypes.data % _LINE, like.strides)
