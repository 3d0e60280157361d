"""Call sites: the call in the user's program that took a tensor out of its graph. Looked up only for errors.

A function written in C leaves no frame. But the code object of its caller knows the columns of each instruction, and a
call begins at the same column as the name of the function; so the name can be read there, without the source, and
looked up as Python does.
"""

from __future__ import annotations

import itertools
import os
import sys
from opcode import opmap
from types import CodeType, FrameType, ModuleType
from typing import Any

from ..later import load
from .source_info import ReadOnce, line_in, line_of, warn, within_engine, within_file

_STORE, _UNPACK = opmap["STORE_SUBSCR"], opmap["UNPACK_SEQUENCE"]


class _Foreign(dict[str, bool]):
    """A cache of which files belong to Python's standard library or another installed library, by file name."""

    libraries: tuple[str, ...] = ()

    def __missing__(self, file: str) -> bool:
        if not self.libraries:
            import sysconfig  # only errors and `compile` need it

            paths = sysconfig.get_paths()
            self.libraries = tuple(paths[kind] + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib"))
        installed = any(f"{os.sep}{folder}{os.sep}" in file for folder in ("site-packages", "dist-packages"))
        self[file] = (installed or file.startswith((*self.libraries, "<frozen"))) and not within_file(file)
        return self[file]


_foreign = _Foreign()

# The code of operators of other libraries which leave it to the other operand where that is no array to NumPy, but an
# object; the modules that compute with both put it here.
gives_way: set[CodeType] = set()
_PRODUCTS = frozenset(("_matmul_dispatch", "_rmatmul_dispatch", "_mul_dispatch", "_rmul_dispatch"))


def leaves_operator(frame: FrameType) -> bool:
    """Tell whether the function that asks for an ndarray leaves its operator to what is none, as in `gives_way`.

    The products of SciPy's sparse matrices do once `autograd.scipy.sparse` is loaded, and the first loads it.
    """
    code = frame.f_code
    if code.co_name in _PRODUCTS and code not in gives_way:
        home = str(frame.f_globals.get("__name__"))
        if home.startswith("scipy.sparse."):
            load("sparse products")
    return code in gives_way


class Call:
    """A call in the user's program.

    Attributes
    ----------
    name
        As it is written there, such as ``"math.sin"``; empty if the function has no name.
    function
        The object of that name, or None if it is not known.
    module
        The name of the module that the function, or its class, is from.
    """

    def __init__(self, name: str = "", function: Any = None, module: str = "") -> None:
        self.name, self.function, self.module = name, function, module


def users_frame(frame: FrameType) -> FrameType:
    """Return the nearest frame outside the engine, Python's standard library and installed libraries."""
    outside: FrameType | None = frame
    while outside is not None and (within_file(file := outside.f_code.co_filename) or _foreign[file]):
        outside = outside.f_back
    if outside is not None:
        return outside
    while within_engine(frame.f_code) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def users_line() -> str:
    """Return the line of the user's program, for a message."""
    return line_of(line_in(users_frame(sys._getframe(1))))


def stores(frame: FrameType) -> bool:
    """Tell whether a frame is at an assignment to an item, as in ``a[i] = x``."""
    return frame.f_code.co_code[frame.f_lasti] == _STORE


def is_unpacked(frame: FrameType) -> bool:
    """Tell whether a frame is taking something apart, as in ``a, b = x``.

    Examples
    --------
    >>> import sys
    >>> from autograd.extend import is_unpacked
    >>> is_unpacked(sys._getframe())
    False
    """
    return frame.f_code.co_code[frame.f_lasti] == _UNPACK


def of_library(file: str) -> bool:
    """Tell whether a file belongs to Python's standard library or another installed library."""
    return _foreign[file]


def called_by(frame: FrameType) -> Call:
    """Return the call that the frame is making at this moment."""
    return call_in(frame, name_called(frame.f_code, frame.f_lasti))


def call_in(frame: FrameType, name: str) -> Call:
    """Return the call of `name` in a frame, looked up without running the user's code."""
    root, *attributes = name.split(".")
    for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
        if root in names:
            found = names[root]
            break
    else:
        return Call(name)
    module = _module_of(found)
    for attribute in attributes:
        holder = found if isinstance(found, ModuleType | type) else type(found)  # a class does not run its properties
        found = getattr(holder, attribute, None)
        module = _module_of(found) or _module_of(holder)  # methods written in C do not know their module
    return Call(name, found, module)


def _module_of(thing: Any) -> str:
    module = getattr(thing, "__module__", None) or getattr(type(thing), "__module__", "")
    return thing.__name__ if isinstance(thing, ModuleType) else module if isinstance(module, str) else ""


def name_called(code: CodeType, instruction: int) -> str:
    """Return the name of the function that an instruction calls, as it is written; empty if there is none."""
    return str(_names.at(code, instruction))


_WITH_INDICES = {"cummax", "cummin", "kthvalue", "max", "median", "min", "mode", "sort", "topk"}


def discarding(code: CodeType, instruction: int) -> str:
    """Return the name of a method that PyTorch has with indices, of whose two results only the second gets a name."""
    return str(_discarding.at(code, instruction))


def _read_discarding(code: CodeType, instruction: int) -> str:
    import dis  # once for an assignment

    steps = list(dis.get_instructions(code))
    at = next(i for i, step in enumerate(steps) if step.offset == instruction)
    call, taking, store = steps[at - 1 : at + 2]
    first = store.argval[0] if isinstance(store.argval, tuple) else store.argval
    if first != "_" or taking.argval != 2 or call.positions is None:
        return ""
    begin = call.positions[:1] + call.positions[2:3]  # line and column, which are those of the function too
    methods = [
        str(step.argval)
        for step in steps[:at]
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD")
        and step.positions is not None
        and step.positions[:1] + step.positions[2:3] == begin
    ]
    return methods[-1] if methods and methods[-1] in _WITH_INDICES and call.opname.startswith("CALL") else ""


def _read_name(code: CodeType, instruction: int) -> str:
    import dis  # only errors need it

    # For a call of a Python function, the offset is that of its cache, which follows the instruction.
    *before, step = [step for step in dis.get_instructions(code) if step.offset <= instruction]
    call = step.positions
    if not step.opname.startswith(("CALL", "PRECALL")) or call is None or call.col_offset is None:
        return ""
    if step.opname == "CALL_KW":
        before.pop()  # which loads the names of arguments
    parts: list[str] = []
    for previous, earlier in itertools.pairwise([before[0], *before]):
        at = earlier.positions
        if at is None or (at.lineno, at.col_offset) != (call.lineno, call.col_offset):
            continue
        if not parts and isinstance(previous.argval, tuple):
            parts = [previous.argval[-1]]  # two loads in one instruction, at the position of the first
        if earlier.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            parts.append(str(earlier.argval))
        elif earlier.opname.startswith(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF")):
            loaded = earlier.argval
            parts = [str(loaded[0] if isinstance(loaded, tuple) else loaded)]
        elif at == call:
            continue  # what puts the arguments together
        elif earlier.opname not in ("PUSH_NULL", "PRECALL", "EXTENDED_ARG", "CACHE", "KW_NAMES"):
            parts = [""]  # a computed object: the following attributes are read from it
    return ".".join(parts) if parts and parts[0] else ""


_names, _discarding = ReadOnce(_read_name), ReadOnce(_read_discarding)


# Pairs: lines that take a reduction's result for PyTorch's pair of values and indices, as ``x.max(1)[0]``. NumPy's
# meaning of such a line, the first row, is hardly ever meant. A call does not know what becomes of its result, but the
# code object of its caller does.


def warn_of_pair(name: str, axis: int) -> None:
    """Warn if the program takes the result of the reduction that it is calling, two frames up, apart as a pair."""
    frame = sys._getframe(3)
    if frame.f_code.co_name == "__array_function__" and frame.f_back is not None:  # by which NumPy calls it
        frame = frame.f_back
    if how := _pairs.at(frame.f_code, frame.f_lasti):
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


_pairs = ReadOnce(_taken_apart)
