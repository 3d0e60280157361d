"""Frame order: the order in which formats with nested frames list boxes and frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from .picture import Frame, frames_around


def by_frame(
    places: Sequence[int | None], frames: list[Frame]
) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
    """Yield depth, kind and index of boxes and frames, nested: a frame opens where its first box is.

    `places` has the innermost frame of each box.
    """
    within: dict[int | None, list[tuple[Literal["box", "open"], int]]] = {}
    known: set[int] = set()
    for place, innermost in enumerate(places):
        outer = None
        for frame in frames_around(innermost, frames):
            if frame not in known:
                known.add(frame)
                within.setdefault(outer, []).append(("open", frame))
            outer = frame
        within.setdefault(innermost, []).append(("box", place))

    def inside(frame: int | None, depth: int) -> Iterator[tuple[int, Literal["box", "open", "close"], int]]:
        for what, index in within.get(frame, ()):
            yield depth, what, index
            if what == "open":
                yield from inside(index, depth + 1)
                yield depth, "close", index

    return inside(None, 0)
