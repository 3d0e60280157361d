"""What a picture consists of: boxes with a kind, a title and lines of text, frames around them, edges between them.

Nothing here knows what the picture will look like, or Graphviz.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Box", "Edge", "Frame", "Kind", "Picture", "frames_around", "innermost_common"]

Kind = Literal["parameter", "leaf", "constant", "operation", "result", "module", "omitted"]
SATELLITES = ("parameter", "leaf", "constant")


@dataclass(frozen=True, slots=True)
class Box:
    """One thing to draw.

    Attributes
    ----------
    kind, title, lines
        What it is, what it is called, and what else there is to say.
    form
        Shape and dtype, which is one of the lines; equal in boxes that do the same.
    where
        The line of the user's program.
    alarm
        Whether it holds nan or inf.
    dead
        Whether no gradient reaches it, or only zeros.
    frame
        The place of the frame that it stands in, None outside of all.
    times
        How many equal ones it stands for.
    kept, forward, backward
        Bytes, and seconds where they are known.
    """

    kind: Kind
    title: str
    lines: tuple[str, ...]
    form: str = field(default="", compare=False)
    where: str = field(default="", compare=False)
    alarm: bool = field(default=False, compare=False)
    dead: bool = field(default=False, compare=False)
    frame: int | None = field(default=None, compare=False)
    times: int = field(default=1, compare=False)
    kept: int = field(default=0, compare=False)
    forward: float | None = field(default=None, compare=False)
    backward: float | None = field(default=None, compare=False)

    @property
    def satellite(self) -> bool:
        """Whether it is drawn beside what uses it, being no operation."""
        return self.kind in SATELLITES


@dataclass(frozen=True, slots=True)
class Frame:
    """What is drawn around boxes: a call of a module, or what is repeated.

    Attributes
    ----------
    path, what
        The name of a module among all, and its class; both empty if the frame only stands for repetition.
    parent
        The place of the frame around it, if there is one.
    times
        How many equal ones it stands for.
    """

    path: str
    what: str
    parent: int | None
    times: int = 1


Edge = tuple[int, int]


@dataclass(slots=True)
class Picture:
    """Boxes, each after those that it depends on, and edges between their places in that list.

    An edge of `loops` leads from a repetition to the next one. `remarks` says what was left out.
    """

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    loops: list[Edge] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, box: Box) -> int:
        """Add a box and return its place."""
        self.boxes.append(box)
        return len(self.boxes) - 1


def frames_around(frame: int | None, frames: list[Frame]) -> list[int]:
    """Return `frame` and those around it, outermost first."""
    around: list[int] = []
    while frame is not None:
        around.append(frame)
        frame = frames[frame].parent
    return around[::-1]


def innermost_common(places: list[int | None], frames: list[Frame]) -> int | None:
    """Return the innermost frame that all of `places` lie within."""
    distinct = list(dict.fromkeys(places))
    common = frames_around(distinct[0], frames) if distinct else []
    for place in distinct[1:]:
        other = frames_around(place, frames)
        same = 0
        while same < min(len(common), len(other)) and common[same] == other[same]:
            same += 1
        common = common[:same]
    return common[-1] if common else None
