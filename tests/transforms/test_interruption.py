"""Ctrl-C at any call within the engine: afterwards all is as it was, and all computes as before.

Python raises what a signal handler raises where a function begins, and after a call of one written in C. So here each
such place in the engine raises, one at a time. Left out are those in `__exit__`, for which Python promises nothing.
"""

import builtins
import dis
import sys
import warnings
from collections.abc import Callable
from contextvars import copy_context
from functools import cache
from types import CodeType, FrameType
from typing import Any

import numpy as np
import pytest

from autograd import checkpoint, compile, detect_anomaly, grad, hessian, is_grad_enabled, jvp, no_grad, tensor, vmap

X = np.array([[0.5, -1.0], [2.0, 0.25]])


def energy(x: Any) -> Any:
    return np.sum(np.tanh(X @ x) ** 2)


def without_gradients() -> Any:
    with no_grad():
        return energy(tensor([0.5, 0.6], requires_grad=True))


def watched() -> Any:
    with detect_anomaly():
        return grad(energy)(np.ones(2))


PROGRAMS: dict[str, Callable[[], Any]] = {
    "grad": lambda: grad(energy)(np.ones(2)),
    "jvp": lambda: jvp(energy, (np.ones(2),), (np.ones(2),))[1],
    "hessian": lambda: hessian(energy)(np.ones(2)),
    "vmap": lambda: vmap(grad(energy))(X),
    "compile": lambda: compile(grad(energy))(np.ones(2)),
    "checkpoint": lambda: grad(lambda x: checkpoint(energy, x))(np.ones(2)),
    "no_grad": without_gradients,
    "detect_anomaly": watched,
}
EXPECTED = {name: program() for name, program in PROGRAMS.items()}
NUMPYS = {name: getattr(np, name) for name in np.__all__}
_PRINT, _WARN = builtins.print, warnings.warn


class Interrupt(BaseException):
    """What Ctrl-C raises, of a kind that nothing catches by name."""


@cache
def _handled(code: CodeType, at: int) -> list[int]:
    """Return where an error at an instruction is handled: the call itself raises, which may be the last in a block."""
    entries: Any = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]  # missing in the stubs
    return [each.target for each in entries if each.start <= at < each.end]


def interrupted(program: Callable[[], Any], stop: tuple[CodeType, int] | None) -> set[tuple[CodeType, int]]:
    """Run a program, and return where it can be interrupted; raise the first time that it comes to `stop`."""
    places = set()
    after: dict[FrameType | None, int] = {}  # where a frame called a function in C last, if it did that last

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if event == "call":
            after[frame.f_back] = -1
        if "/autograd/" not in code.co_filename or code.co_name in ("__exit__", "__del__"):
            return None
        frame.f_trace_opcodes = True
        called = after.get(frame, -1)
        if event == "call" or (
            event == "opcode" and called >= 0 and _handled(code, called) == _handled(code, frame.f_lasti)
        ):
            place = (code, -1 if event == "call" else frame.f_lasti)
            places.add(place)
            if place == stop:
                sys.settrace(None)
                raise Interrupt
        if event == "opcode":
            calls = dis.opname[code.co_code[frame.f_lasti]] in ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
            after[frame] = frame.f_lasti if calls else -1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        program()
    except Interrupt:
        pass
    finally:
        sys.settrace(before)
        after.clear()
    return places


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_interruption_after_any_call_leaves_nothing_behind(name: str) -> None:
    places = sorted(
        interrupted(PROGRAMS[name], None), key=lambda place: (place[0].co_filename, place[0].co_name, place[1])
    )
    assert places
    settings = dict(copy_context())
    for place in places[:: max(1, len(places) // 25)]:
        interrupted(PROGRAMS[name], place)
        where = f"{place[0].co_filename}:{place[0].co_name}"
        assert is_grad_enabled(), where
        assert {key.name for key, value in copy_context().items() if value != settings.get(key)} == set(), where
        assert (builtins.print, warnings.warn) == (_PRINT, _WARN), where
        assert {key for key, value in NUMPYS.items() if getattr(np, key) is not value} == set(), where
        compiled = compile(grad(energy))
        compiled(np.ones(2))
        assert compiled.programs, where
        assert not compiled.fallbacks, where
        for other, program in PROGRAMS.items():
            np.testing.assert_array_equal(program(), EXPECTED[other], err_msg=where)
        x = tensor(2.0, requires_grad=True)
        (x * x).backward()
        assert x.grad is not None
