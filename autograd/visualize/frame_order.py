"""Frame order: the order in which formats with nested frames list boxes and frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from .picture import Frame, frames_around


def by_frame(
    innermost: Sequence[int | None], frames: list[Frame]
) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
    """Yield depth, kind and index of boxes and frames, nested: a frame opens where its first box is.

    `innermost` has the frame of each box.
    """
    within: dict[int | None, list[tuple[Literal["box", "open"], int]]] = {}
    known: set[int] = set()
    for index, own in enumerate(innermost):
        outer = None
        for frame in frames_around(own, frames):
            if frame not in known:
                known.add(frame)
                within.setdefault(outer, []).append(("open", frame))
            outer = frame
        within.setdefault(own, []).append(("box", index))

    def inside(frame: int | None, depth: int) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
        for what, index in within.get(frame, ()):
            yield depth, what, index
            if what == "open":
                yield from inside(index, depth + 1)
                yield depth, "close", index

    return inside(None, 0)
