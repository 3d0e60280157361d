"""Source info: the line of the user's program that recorded a result, freed a graph or wrote to memory."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from inspect import unwrap
from types import CodeType, FrameType
from typing import Any, Protocol

import numpy as np

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
_PACKAGES = tuple(os.path.join(_ROOT, name) + os.sep for name in ("autograd", "nn", "datasets"))
_NUMPY = os.path.dirname(np.__file__) + os.sep


class SourceLine:
    """A line of the user's program."""

    __slots__ = ("code", "instruction")

    code: CodeType
    instruction: int


class ReadOnce(dict[int, tuple[CodeType, Any]]):
    """What a function reads in the code of a call: read once for each instruction.

    The keys are addresses of instructions, within the memory of code objects, which are held here so that they stay
    unique.
    """

    def __init__(self, read: Callable[[CodeType, int], Any]) -> None:
        super().__init__()
        self._read = read

    def at(self, code: CodeType, instruction: int) -> Any:
        """Return what is read at an instruction."""
        known = self.get(id(code) + instruction)
        if known is None:
            if len(self) > 10_000:
                self.clear()
            known = self[id(code) + instruction] = code, self._read(code, instruction)
        return known[1]


class HasLine(Protocol):
    """An object that a line can be noted in: a `SourceLine`, a node, a block."""

    code: CodeType
    instruction: int


class _Within(dict[str, bool]):
    """A cache of which files belong to the engine or the layers built on it, by file name."""

    def __missing__(self, filename: str) -> bool:
        self[filename] = filename.startswith(_PACKAGES)
        return self[filename]


_within = _Within()


def note_line(target: HasLine, above: int = 2) -> None:
    """Note in `target` the line that is being executed outside the engine and the layers built on it.

    The frames up to `above`, counted from this one, are known to be the engine's and are skipped.
    """
    frame = sys._getframe(above)
    while _within[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    target.code, target.instruction = frame.f_code, frame.f_lasti


def within_engine(code: CodeType) -> bool:
    """Tell whether code belongs to the engine or the layers built on it."""
    return _within[code.co_filename]


def within_file(filename: str) -> bool:
    """Tell whether a file belongs to the engine or the layers built on it."""
    return _within[filename]


def line_in(frame: FrameType) -> SourceLine:
    """Return the line that a frame is executing."""
    line = SourceLine()
    line.code, line.instruction = frame.f_code, frame.f_lasti
    return line


def here() -> SourceLine:
    """Return the line that is being executed outside the engine and the layers built on it."""
    line = SourceLine()
    note_line(line)
    return line


def user_frame(frame: FrameType) -> tuple[FrameType, int]:
    """Return the nearest calling frame outside the engine, the layers and NumPy, and how far up it is."""
    above = 0
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not _within[file] and not file.startswith(_NUMPY):  # NumPy's `errstate` calls functions of the engine
            break
        frame, above = frame.f_back, above + 1
    return frame, above


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the user's program that is being executed."""
    _, above = user_frame(sys._getframe(1))
    warnings.warn(message, category, stacklevel=above + 2)


def source_of(noted: HasLine) -> tuple[str, int | None]:
    """Return the file name, as `linecache` knows it, and the line number of a noted line."""
    instruction = noted.instruction
    lines = noted.code.co_lines()
    line = next((number for start, end, number in lines if start <= instruction < end), None)
    return noted.code.co_filename, line


def line_of(noted: HasLine) -> str:
    """Return a noted line as text for messages."""
    return place(*source_of(noted))


def text_at(file: str, line: int | None) -> str:
    """Return the text of a line of a file, without the spaces around it; nothing if it cannot be read."""
    try:
        return linecache.getline(file, line or 0).strip()
    except ValueError:  # no file can have that name
        return ""


def place(file: str, line: int | None) -> str:
    """Return a line as text for messages: file and line number, or the cell of a notebook."""
    cell = _cell_of(file)
    return f"{cell}, line {line}" if cell else f"{file}:{line}"


def beginning(code: CodeType) -> str:
    """Return the first line of a function as text for messages."""
    return place(code.co_filename, code.co_firstlineno)


def defined(function: Callable[..., object]) -> str:
    """Return the name of a user's function and where it is defined, as the beginning of a sentence."""
    function = unwrap(function)
    while isinstance(function, partial):
        function = unwrap(function.func)
    name = getattr(function, "__name__", type(function).__name__)
    what = "the function" if name == "<lambda>" else f"{name}()"
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return f"{what} at {beginning(code)}" if code else what


def _cell_of(file: str) -> str:
    """Return the name that IPython, if running, gives a cell, whose file was never written."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    name_of = getattr(getattr(shell, "compile", None), "format_code_name", None)
    name = name_of and name_of(file)
    return " ".join(name) if name else ""
