"""Layout of graphs with frames: the inside of each frame is a level, whose items are boxes and inner frames.

So the boxes of a frame stay together, and frames do not overlap. An edge from a box outside to one inside crosses the
border of the frame where the inner level has put an entry; edges from one box enter a frame together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .levels import Levels, Pads, Rectangle
from .points import Edges, Point

__all__ = ["INSET", "Direction", "Layout", "lay_out"]

_LOOP = 22.0  # distance of an edge from a box to itself from the box
INSET = 10.0  # between a frame and its content

Direction = Literal["TB", "BT", "LR", "RL"]


@dataclass(slots=True)
class Layout:
    """Positions of boxes, frames and edges, in units of the given sizes; the upper left corner is (0, 0).

    Attributes
    ----------
    boxes
        The middle of each box.
    frames
        Left, top, width and height of each frame; None for a frame without boxes.
    curves
        For each edge, the points of cubic Bézier curves, one after another.
    width, height
        The size of the whole.
    """

    boxes: list[Point]
    frames: list[Rectangle | None]
    curves: list[list[Point]]
    width: float
    height: float


def lay_out(
    sizes: Sequence[Point],
    edges: Edges,
    within: Sequence[int | None] = (),
    parents: Sequence[int | None] = (),
    titles: Sequence[Point] = (),
    *,
    weights: Sequence[float] = (),
    direction: Direction = "TB",
    apart: float = 18.0,
    below: float = 26.0,
) -> Layout:
    """Lay out boxes so that edges point in one direction if possible. The same graph gives the same layout.

    Parameters
    ----------
    sizes
        Width and height of each box.
    edges
        Pairs of boxes; most lead from an earlier box to a later one.
    within
        The innermost frame of each box, or None.
    parents
        The frame around each frame, which comes before it, or None.
    titles
        Width and height of the title at the upper left of each frame.
    weights
        The weight of straightness of each edge; 1 by default.
    direction
        ``"TB"`` down the page, ``"BT"`` up, ``"LR"`` to the right, ``"RL"`` to the left.
    apart, below
        The least distance between neighbours in a layer, and between layers.
    """
    across = direction in ("LR", "RL")
    beside = {source: _LOOP for source, target in edges if source == target}
    turned = [(height, width) for width, height in sizes] if across else sizes
    levels = Levels(len(sizes), within or [None] * len(sizes), parents)
    ways = [levels.way(edge, weight) for edge, weight in zip(edges, weights or [1.0] * len(edges), strict=True)]
    pads = [_pads(title, direction) for title in titles]
    for place in levels.from_within():
        levels.arrange(place, turned, beside, pads, apart, below)
    boxes, frames = levels.places(len(sizes), pads)
    whole = levels.inside[-1].arranged
    assert whole is not None  # it is arranged last
    view = _View(direction, whole.height)
    middles = [view.point(middle) for middle in boxes]
    curves = []
    for (source, target), (way, backwards) in zip(edges, ways, strict=True):
        if source == target:
            curves.append(_loop(middles[source], sizes[source], across))
        else:
            curve = [view.point(point) for point in levels.path(way).points]
            curves.append(curve[::-1] if backwards else curve)
    size = (whole.height, whole.width) if across else (whole.width, whole.height)
    return Layout(
        middles, [frame and view.frame(frame) for frame in frames], curves, round(size[0], 1), round(size[1], 1)
    )


def _loop(middle: Point, size: Point, across: bool) -> list[Point]:
    """Return the curve of an edge from a box to itself: at its right, or below it if edges lead to the side."""
    (x, y), (width, height) = (middle[::-1], size[::-1]) if across else (middle, size)
    side, half, out = x + width / 2, height / 5, x + width / 2 + _LOOP * 4 / 3  # it comes as far as 3/4 of that
    points = [(side, y - half), (out, y - half), (out, y + half), (side, y + half)]
    return [_rounded(point[::-1] if across else point) for point in points]


def _rounded(point: Sequence[float]) -> Point:
    return round(point[0], 1), round(point[1], 1)


def _pads(title: Point, direction: Direction) -> Pads:
    length, top = title[0] + 2 * INSET, title[1] + INSET
    if direction in ("LR", "RL"):
        return Pads(INSET, INSET, top, INSET, high=length)
    if direction == "BT":
        return Pads(INSET, top, INSET, INSET, wide=length)
    return Pads(top, INSET, INSET, INSET, wide=length)


@dataclass(slots=True)
class _View:
    """A map from positions in a downward layout to those in the requested direction."""

    direction: Direction
    height: float

    def point(self, point: Point) -> Point:
        x, y = point
        if self.direction in ("BT", "RL"):
            y = self.height - y
        if self.direction in ("LR", "RL"):
            x, y = y, x
        return _rounded((x, y))

    def frame(self, frame: Rectangle) -> Rectangle:
        left, top, width, height = frame
        (x0, y0), (x1, y1) = self.point((left, top)), self.point((left + width, top + height))
        return min(x0, x1), min(y0, y1), round(abs(x1 - x0), 1), round(abs(y1 - y0), 1)
