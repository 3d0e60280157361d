"""Fusing: the pass that makes rows of elementwise calls, and of sums of rows, one call of machine code each."""

from __future__ import annotations

import operator
from contextlib import suppress
from importlib.util import find_spec
from itertools import groupby

import numpy as np

from ..loops.chain import Chain, link
from ..loops.parts import RAISING
from ..program import MADE, ROW, Call, Program, Traced, Variable, traced_in
from ..types import Array
from .reductions import reduction_of
from .values import ARITHMETIC, CLIPS, COMPARISONS, DTYPES, FILLS, LOGIC

FEWEST = 2  # operations: fewer are left to NumPy, and unasked one more, since NumPy may write over what it read
LONGEST = 4096  # elements of a row that is added up: NumPy is as fast for more
WIDEST = 1024  # bytes of rows that are added to each other
_COPIES = frozenset((
    operator.setitem, np.copyto, np.array, np.copy, np.ndarray.copy, np.ndarray.astype, np.concatenate, np.stack,
))  # fmt: skip
_UFUNCS = frozenset((*ARITHMETIC, *COMPARISONS, *LOGIC))
_SUMS = frozenset(("sum", "max"))
_EXTREMES = frozenset((np.maximum, np.minimum))


def _takes_second() -> bool:
    """Tell whether of 0.0 and -0.0 NumPy's functions for the larger and the smaller give the second, as machine code.

    That depends on the processor.
    """
    for dtype in (np.float32, np.float64):
        x: Array = np.copysign(0, np.sin(np.arange(74))).astype(dtype)
        pairs = (x, -x), (x[::2], -x[::2]), (x, x[0]), (x, -x[0]), (x[0], x), (-x[0], x)
        if not all((np.signbit(f(a, b)) == np.signbit(b)).all() for a, b in pairs for f in _EXTREMES):
            return False
    return True


_TAKES_SECOND = _takes_second()
_FUNCTIONS = frozenset((np.exp, np.expm1, np.log, np.log1p, np.tanh, np.cosh, np.power))  # NumPy has another way
# Seconds, as measured: to load LLVM and machine code from disk, or make some; what each further call of a row saves,
# and each byte of its result.
_TO_FUSE, _A_CALL, _A_BYTE = 0.5, 2e-7, 3e-11
_MOST = 100_000  # runs: if it takes more, machine code saves nothing that is worth the memory of LLVM


def fuse(program: Program, *, exact: bool = False) -> None:
    """Replace rows of calls by machine code, which writes to memory that the program reserves.

    If `exact`, these are calls of which it gives NumPy's bits, but for those within a nan.
    """
    suited = [_is_suited(call) and (not exact or _is_exact(call)) for call in program.calls]
    link(program, suited, _is_operation, FEWEST + exact, fills=True)
    if any(isinstance(call.function, Chain) and call.function.loop.fills for call in program.calls):
        program.loops.append("# rows of elementwise calls run as machine code\n")


def runs_until_fused(program: Program, *, exact: bool = True) -> int:
    """Return after how many runs rows of exact calls, or of all, are to be fused where nobody asked; 0 for never.

    That is when machine code would have saved as long as it takes to make it, by counts alone: so the same runs do the
    same each time, and cost at most twice what the better choice would have.
    """
    if find_spec("llvmlite") is None:
        return 0
    saved = 0.0
    for fits, row in groupby(program.calls, lambda call: _is_suited(call) and (not exact or _is_exact(call))):
        operations = [call for call in row if fits and _is_operation(call)]
        if len(operations) > FEWEST:
            saved += sum(_A_CALL + _A_BYTE * call.result.nbytes for call in operations[1:])
    return int(_TO_FUSE / saved) + 1 if saved * _MOST > _TO_FUSE else 0


def fuse_unasked(program: Program, *, exact: bool = True) -> None:
    """Fuse rows of exact calls, or of all, unless LLVM cannot be loaded here."""
    with suppress(ImportError):
        fuse(program, exact=exact)


def _is_exact(call: Call) -> bool:
    """Tell whether machine code of a call that is suited gives NumPy's bits, but of a nan or a largest zero."""
    function, made = call.function, traced_in(call.result)
    if any(x.dtype.kind == "i" for x in (*made, *call.reads()) if isinstance(x, Traced)):
        return False  # of floats made integers, what is out of range is anything
    if function in CLIPS:  # which has ideas of its own of which zero is the larger
        return all(isinstance(bound, float | int | np.floating) and bound for bound in call.args[1:])
    if function in _EXTREMES:
        return _TAKES_SECOND
    if reduction_of(function):  # for the largest, NumPy takes any of 0.0 and -0.0, as it happens to go through a row
        return bool(made[0].dtype == call.args[0].dtype)  # what it casts NumPy may add up in parts
    return function not in _FUNCTIONS and function is not np.vecdot


def _is_operation(call: Call) -> bool:
    return not call.view and call.function not in _COPIES and call.function not in FILLS


def _is_suited(call: Call) -> bool:
    """Tell whether a call may be part of a row, as far as can be told at once."""
    if type(call) is not Call or (call.writes is not None and call.writes.kind not in (MADE, ROW)):
        return False
    if not RAISING.isdisjoint(dict(call.errors or {}).values()):
        return False
    made, function, args = traced_in(call.result), call.function, call.args
    if not all(isinstance(x.value, np.ndarray) for x in made):
        return False
    if not all(_is_known(x) for x in (*made, *call.reads())):
        return False
    if function is np.power:
        return len(args) == 2 and type(args[1]) in (int, float) and args[1] in (2, 3)
    if reduction_of(function) in _SUMS or function is np.vecdot:
        return _is_of_rows(call)
    known = function in _COPIES or function in FILLS or function in CLIPS or function is np.where
    return call.view or known or (function in _UFUNCS and len(args) == function.nin)


def _is_known(x: Variable) -> bool:
    return x.dtype in DTYPES if isinstance(x, Traced) else type(x.value) is float


def _is_of_rows(call: Call) -> bool:
    """Tell whether a reduction is one along the last axis, or adds up such rows, which are short."""
    x = call.args[0]
    if not isinstance(x, Traced) or not x.ndim or x.shape[-1] > LONGEST:
        return False
    if call.function is np.vecdot:
        return not call.kwargs
    axis = call.kwargs.get("axis", call.args[1] if len(call.args) > 1 else None)
    axes = [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)) if type(a) is int]
    below = 0 < len(axes) < x.ndim and axes == [*range(len(axes))] and reduction_of(call.function) == "sum"
    return axes == [x.ndim - 1] or (below and x.value.flags.c_contiguous and call.result.nbytes <= WIDEST)
