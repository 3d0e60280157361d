"""Pictures as data: boxes with a kind, a title and lines of text, frames around them, edges between them.

This module knows neither the style nor Graphviz.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["parameter", "leaf", "input", "constant", "operation", "result", "module", "omitted", "failed"]
SATELLITES = ("parameter", "leaf", "input", "constant")


class Mark(NamedTuple):
    """A number of the user's: as text, and its place on a scale of colours, from -1 or 0 to 1, if it is finite."""

    text: str
    level: float | None


@dataclass(frozen=True, slots=True)
class Box:
    """One thing to draw; equal to another one of the same kind with the same text."""

    kind: Kind
    title: str
    lines: tuple[str, ...]
    form: str = field(default="", compare=False)  # shape and dtype, also one of the lines
    where: str = field(default="", compare=False)  # the line of the user's program
    alarm: bool = field(default=False, compare=False)  # whether it holds nan or inf
    dead: bool = field(default=False, compare=False)  # whether no gradient reaches it, or only zeros
    frame: int | None = field(default=None, compare=False)  # the index of its innermost frame
    times: int = field(default=1, compare=False)  # how many equal ones it stands for
    kept: int = field(default=0, compare=False)  # bytes
    forward: float | None = field(default=None, compare=False)  # seconds, where they are known
    backward: float | None = field(default=None, compare=False)
    mark: Mark | None = None

    @property
    def satellite(self) -> bool:
        """Whether it is an input, drawn next to the operation that uses it."""
        return self.kind in SATELLITES

    @property
    def placed(self) -> bool:
        """Whether it stands with what uses it: a parameter or a constant, and a leaf without a name may be either."""
        return self.kind in ("parameter", "constant") or (self.kind == "leaf" and self.title in ("", "leaf"))


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame around boxes: a call of a module, or a repeated part."""

    path: str  # the full name of a module; empty, like its class, if the frame only stands for repetition
    what: str  # the class of the module
    parent: int | None  # the index of the frame around it, if there is one
    times: int = 1  # how many equal ones it stands for
    function: bool = False  # whether it is a call of a function, which becomes one box
    mark: Mark | None = None


Edge = tuple[int, int]


@dataclass(slots=True)
class Picture:
    """Boxes, each after those that it depends on, and edges between their indices in that list.

    An edge of `loops` leads from a repetition to the next one. `remarks` tells what was left out. `legend` has
    numbers of the scale of marks, from the smallest to the largest.
    """

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    loops: list[Edge] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    legend: tuple[Mark, ...] = ()

    def add(self, box: Box) -> int:
        """Add a box and return its index."""
        self.boxes.append(box)
        return len(self.boxes) - 1


def frames_around(frame: int | None, frames: list[Frame]) -> list[int]:
    """Return `frame` and those around it, outermost first."""
    around: list[int] = []
    while frame is not None:
        around.append(frame)
        frame = frames[frame].parent
    return around[::-1]


def innermost_common(indices: list[int | None], frames: list[Frame]) -> int | None:
    """Return the innermost frame that contains all of `indices`."""
    distinct = list(dict.fromkeys(indices))
    common = frames_around(distinct[0], frames) if distinct else []
    for index in distinct[1:]:
        other = frames_around(index, frames)
        same = 0
        while same < min(len(common), len(other)) and common[same] == other[same]:
            same += 1
        common = common[:same]
    return common[-1] if common else None


def by_frame(picture: Picture) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
    """Yield depth, kind and index of boxes and frames, nested: a frame opens where its first box is."""
    within: dict[int | None, list[tuple[Literal["box", "open"], int]]] = {}
    known: set[int] = set()
    for index, box in enumerate(picture.boxes):
        outer = None
        for frame in frames_around(box.frame, picture.frames):
            if frame not in known:
                known.add(frame)
                within.setdefault(outer, []).append(("open", frame))
            outer = frame
        within.setdefault(box.frame, []).append(("box", index))

    def inside(frame: int | None, depth: int) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
        for what, index in within.get(frame, ()):
            yield depth, what, index
            if what == "open":
                yield from inside(index, depth + 1)
                yield depth, "close", index

    return inside(None, 0)


# Inputs that stand beside the operation that uses them, not in the column of what is computed.


_MOST = 8  # beside one box; a taller stack would push apart what is above and below


def beside_of(kinds: Sequence[Kind], edges: Sequence[Edge], within: Sequence[int | None]) -> dict[int, int]:
    """Return for each input that a single operation in its frame uses that operation, beside which it stands.

    One input of each operation is left in the column: where all are inputs, those that are no parameters.

    Parameters
    ----------
    kinds
        The kind of each box.
    edges
        Pairs of boxes.
    within
        The innermost frame of each box, or None.
    """
    users: dict[int, set[int]] = {}
    sources: dict[int, dict[int, None]] = {}
    for source, target in edges:
        users.setdefault(source, set()).add(target)
        sources.setdefault(target, {})[source] = None
    found: dict[int, int] = {}
    for target, inputs in sources.items():
        own = [
            source
            for source in inputs
            if kinds[source] in SATELLITES
            and len(users[source]) == 1
            and source not in sources
            and within[source] == within[target]
        ]
        if len(own) == len(inputs):  # something has to lead here
            data = [source for source in own if kinds[source] in ("leaf", "input")] or [
                source for source in own if kinds[source] != "parameter"
            ]
            own = [source for source in own if source not in data[:1]] if data and len(data) < len(own) else []
        if len(own) <= _MOST:
            found.update(dict.fromkeys(own, target))
    return found
