"""Temporaries: large arrays that NumPy's operators write their result over, since nothing else refers to them.

The result then lies in memory in the order of the temporary, where a ufunc would choose C order, and sums of it are
added up in that order. So a program has to write over the same operand.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import numpy as np

from ...arrays.traced import Traced
from ...graph.buffer_reuse import COUNTED, references
from .program import MADE, Memory
from .types import Operand

_ones: Any = np.ones  # which is another one while a function is recorded
_LEAST = 1 << 18  # bytes, below which NumPy makes a new array
_EITHER = frozenset((np.add, np.multiply, np.bitwise_and, np.bitwise_or, np.bitwise_xor))
_LEFT = frozenset((np.subtract, np.true_divide, np.floor_divide, np.left_shift, np.right_shift))


def overwritten(ufunc: np.ufunc, left: Operand, right: Operand) -> Any:
    """Return the operand, a traced array, that NumPy writes over; None if there is none, or it makes no difference."""
    if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray):
        return None
    if left.nbytes < _LEAST or left.shape != right.shape or left.strides == right.strides:
        return None
    for x in (left, right) if ufunc in _EITHER else (left,) if ufunc in _LEFT else ():
        if isinstance(x, Traced) and _is_temporary(x) and np.result_type(left.dtype, right.dtype) == x.dtype:
            return x
    return None


def _is_temporary(x: Traced) -> bool:
    """Tell whether nothing but an operator refers to an array, the notes of earlier calls aside."""
    counts = references(x), references(x.value)
    records: Any = x.records
    if type(records) is _Measure:
        records.found.append(counts)
        return False
    if x.memory.kind != MADE or x.memory.whole is not x or records.fuses or x.nbytes < _LEAST:
        return False
    limits = _limits()
    return counts[0] - records.mentions_of(x) <= limits[0] and counts[1] <= limits[1]


class _Measure:
    """Stands in for a recorder, and notes how many references there are to temporary operands."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int]] = []

    def made(self, order: str) -> Any:
        value = _ones((2, _LEAST // 8), order=order)
        memory = Memory(MADE, value)
        memory.whole = Traced(value, self, memory)  # type: ignore[arg-type]
        return memory.whole

    def call(self, function: Any, args: Any, kwargs: Any = None) -> None:
        """Do as a recorder does."""


@cache
def _limits() -> tuple[int, int]:
    """Return how many references there are to a temporary operand and its array; 0 where NumPy writes over none.

    From Python 3.14 on variables are not counted as operands, and cannot be told from temporaries.
    """
    plain, other = _ones((2, _LEAST // 8)), _ones((2, _LEAST // 8), order="F")
    if not COUNTED or sys.version_info >= (3, 14) or (plain * -other).strides == plain.strides:
        return 0, 0
    measure = _Measure()
    kept = measure.made("C")
    kept * measure.made("F")
    measure.made("F") * kept
    (_, of_right), (of_left, _) = measure.found[:2], measure.found[2:]
    return min(of_left[0], of_right[0]), min(of_left[1], of_right[1])
