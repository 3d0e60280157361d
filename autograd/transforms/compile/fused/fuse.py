"""Fusing: the pass that makes rows of elementwise calls, and of sums of rows, one call of machine code each."""

from __future__ import annotations

import operator

import numpy as np

from ..loops.chain import Chain, link
from ..loops.parts import RAISING
from ..program import MADE, Call, Program, Traced, Variable, traced_in
from .nests import CLIPS, FILLS
from .reductions import reduction_of
from .values import ARITHMETIC, COMPARISONS, DTYPES, LOGIC

FEWEST = 2  # operations: fewer are left to NumPy
LONGEST = 4096  # elements of a row that is added up: NumPy is as fast for more
_COPIES = frozenset((operator.setitem, np.copyto, np.array, np.copy, np.ndarray.copy, np.ndarray.astype))
_UFUNCS = frozenset((*ARITHMETIC, *COMPARISONS, *LOGIC))
_POWERS = frozenset((pow, operator.pow, np.power))
_SUMS = frozenset(("sum", "max"))


def fuse(program: Program) -> None:
    """Replace rows of calls by machine code, which writes to memory that the program reserves."""
    link(program, [*map(_is_suited, program.calls)], _is_operation, FEWEST, fills=True)
    if any(isinstance(call.function, Chain) and call.function.loop.fills for call in program.calls):
        program.loops.append("# rows of elementwise calls run as machine code\n")


def _is_operation(call: Call) -> bool:
    return not call.view and call.function not in _COPIES and call.function not in FILLS


def _is_suited(call: Call) -> bool:
    """Tell whether a call may be part of a row, as far as can be told at once."""
    if type(call) is not Call or (call.writes is not None and call.writes.kind != MADE):
        return False
    if not RAISING.isdisjoint(dict(call.errors or {}).values()):
        return False
    made, function, args = traced_in(call.result), call.function, call.args
    if not all(isinstance(x.value, np.ndarray) for x in made):
        return False
    if not all(_is_known(x) for x in (*made, *call.reads())):
        return False
    if function in _POWERS:
        return len(args) == 2 and type(args[1]) in (int, float) and args[1] in (2, 3)
    if reduction_of(function) in _SUMS or function is np.vecdot:
        return _is_of_rows(call)
    known = function in _COPIES or function in FILLS or function in CLIPS or function is np.where
    return call.view or known or (function in _UFUNCS and len(args) == function.nin)


def _is_known(x: Variable) -> bool:
    return x.dtype in DTYPES if isinstance(x, Traced) else type(x.value) is float


def _is_of_rows(call: Call) -> bool:
    """Tell whether a reduction is one along the last axis, which is short."""
    x = call.args[0]
    if not isinstance(x, Traced) or not x.ndim or x.shape[-1] > LONGEST:
        return False
    if call.function is np.vecdot:
        return not call.kwargs
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else None)
    axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    return type(axis) is int and axis % x.ndim == x.ndim - 1
