"""Pairs: lines that take a reduction's result for PyTorch's pair of values and indices, as ``x.max(1)[0]``.

NumPy's meaning of such a line, the first row, is hardly ever meant. A call does not know what becomes of its result,
but the code object of its caller does.
"""

from __future__ import annotations

import sys
from types import CodeType

from .source_info import ReadOnce, warn


def warn_of_pair(name: str, axis: int) -> None:
    """Warn if the program takes the result of the reduction that it is calling, two frames up, apart as a pair."""
    frame = sys._getframe(3)
    if frame.f_code.co_name == "__array_function__" and frame.f_back is not None:  # by which NumPy calls it
        frame = frame.f_back
    if how := _known.at(frame.f_code, frame.f_lasti):
        warn(
            f"{how} a result of {name}({axis}) takes its rows: as in NumPy, it is values alone. PyTorch's values "
            f"and indices are x.{name}(axis={axis}) and x.arg{name}(axis={axis}); if rows are meant, give axis= by name"
        )


def _taken_apart(code: CodeType, instruction: int) -> str:
    """Return how the result of a call is taken apart as a pair, if its axis was given by position; else nothing."""
    import dis  # programs without such a call do not load it

    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "EXTENDED_ARG", "PRECALL")]
    place = max(i for i, step in enumerate(steps) if step.offset <= instruction)
    before, call, *then = steps[place - 1 : place + 3]
    with_names = before.opname == "KW_NAMES" or call.opname == "CALL_KW"
    named = code.co_consts[before.arg or 0] if with_names else ()
    if call.opname not in ("CALL", "CALL_KW") or "axis" in named or not then:
        return ""
    if then[0].opname == "UNPACK_SEQUENCE" and then[0].argval == 2:
        stored = {step.argval for step in steps[place + 2 : place + 4]}
        return "" if "_" in stored else "unpacking into two names"  # a value of no use to anybody is an error
    index = then[0].argval if then[0].opname in ("LOAD_CONST", "LOAD_SMALL_INT") else None
    indexes = then[-1].opname == "BINARY_SUBSCR" or then[-1].argrepr == "[]"  # which is a BINARY_OP in later Pythons
    return f"[{index}] of" if type(index) is int and index in (0, 1) and indexes else ""


_known = ReadOnce(_taken_apart)
