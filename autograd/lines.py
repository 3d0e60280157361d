"""The user's lines: where in their program a result was recorded, a graph freed, memory written to."""

from __future__ import annotations

import os
import sys
from types import CodeType
from typing import Protocol

__all__ = ["Place", "here", "line_of", "note_line"]

_PACKAGES = tuple(
    os.path.join(os.path.dirname(os.path.dirname(__file__)), name) + os.sep for name in ("autograd", "nn")
)


class Place:
    """A line of the user's program."""

    __slots__ = ("code", "instruction")

    code: CodeType
    instruction: int


class HasLine(Protocol):
    """What a line can be noted in: a `Place`, a node, a block."""

    code: CodeType
    instruction: int


class _Within(dict[str, bool]):
    """Which files belong to the engine or the layers built on it, remembered by name."""

    def __missing__(self, filename: str) -> bool:
        self[filename] = filename.startswith(_PACKAGES)
        return self[filename]


_within = _Within()


def note_line(place: HasLine) -> None:
    """Note in `place` the line that is being executed outside the engine and the layers built on it."""
    frame = sys._getframe(2)
    while _within[frame.f_code.co_filename] and frame.f_back is not None:
        frame = frame.f_back
    place.code, place.instruction = frame.f_code, frame.f_lasti


def here() -> Place:
    """Return the line that is being executed outside the engine and the layers built on it."""
    place = Place()
    note_line(place)
    return place


def line_of(place: HasLine) -> str:
    """Return the file and line of a place."""
    instruction = place.instruction
    lines = place.code.co_lines()
    line = next((number for start, end, number in lines if start <= instruction < end), None)
    return f"{place.code.co_filename}:{line}"
