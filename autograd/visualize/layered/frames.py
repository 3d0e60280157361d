"""Layout of graphs with frames: the inside of each frame is a level, whose items are boxes and inner frames.

So the boxes of a frame stay together, and frames do not overlap. An edge from a box outside to one inside crosses the
border of the frame where the inner level has put an entry; edges from one box enter a frame together. What stands
beside a box moves with it, and so does not push the way down aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .levels import Levels, Pads, Rectangle
from .points import Edges, Point
from .shelf import Shelf

INSET = 10.0  # between a frame and its content

Direction = Literal["TB", "BT", "LR", "RL"]


@dataclass(slots=True)
class Layout:
    """Positions of boxes, frames and edges, in units of the given sizes; the upper left corner is (0, 0)."""

    boxes: list[Point]  # the middle of each
    frames: list[Rectangle | None]  # left, top, width and height; None for a frame without boxes
    titles: list[float]  # the distance of the title of each frame from the left of the frame
    curves: list[list[Point]]  # for each edge, the points of cubic Bézier curves, one after another
    width: float  # of the whole
    height: float


def lay_out(
    sizes: Sequence[Point],
    edges: Edges,
    within: Sequence[int | None] = (),
    parents: Sequence[int | None] = (),
    titles: Sequence[Point] = (),
    *,
    beside: Mapping[int, int] | None = None,
    weights: Sequence[float] = (),
    direction: Direction = "TB",
    apart: float = 18.0,
    below: float = 26.0,
    aside: float = 16.0,
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
        Width and height of the title at the top of each frame.
    beside
        For boxes that stand beside the only box that they lead to: that box, which is in the same frame.
    weights
        The weight of straightness of each edge; 1 by default.
    direction
        ``"TB"`` down the page, ``"BT"`` up, ``"LR"`` to the right, ``"RL"`` to the left.
    apart, below
        The least distance between neighbours in a layer, and between layers.
    aside
        The distance of what stands beside a box from it.
    """
    across = direction in ("LR", "RL")
    turned = [(height, width) for width, height in sizes] if across else list(sizes)
    shelf = Shelf(turned, beside or {}, edges, aside)
    levels = Levels(shelf.left_over, within or [None] * len(sizes), parents)
    ways = [
        levels.way(edge, weight) if edge[0] not in shelf.beside else ([], False)
        for edge, weight in zip(edges, weights or [1.0] * len(edges), strict=True)
    ]
    pads = [_pads(title, direction) for title in titles]
    for index in levels.from_within():
        levels.arrange(index, turned, shelf.around, pads, apart, below)
    boxes, frames = levels.places(len(sizes), pads)
    whole = levels.inside[-1].arranged
    assert whole is not None  # it is arranged last
    shelf.place(boxes)
    view = _View(direction, whole.height)
    curves = []
    for number, ((source, target), (way, backwards)) in enumerate(zip(edges, ways, strict=True)):
        if source in shelf.beside:
            curve = shelf.curve(number, boxes)
        elif source == target:
            curve = shelf.loop(source, boxes)
        else:
            curve = levels.path(way).points
        points = [view.point(point) for point in curve]
        curves.append(points[::-1] if backwards else points)
    size = (whole.height, whole.width) if across else (whole.width, whole.height)
    return Layout(
        [view.point(middle) for middle in boxes],
        [frame and view.frame(frame) for frame in frames],
        [INSET if across else inside.title for inside in levels.inside[:-1]],
        curves,
        round(size[0], 1),
        round(size[1], 1),
    )


def _pads(title: Point, direction: Direction) -> Pads:
    length, top = title[0], title[1] + INSET
    if direction in ("LR", "RL"):
        return Pads(INSET, INSET, top, INSET, high=length + 2 * INSET)
    if direction == "BT":
        return Pads(INSET, top, INSET, INSET, length, True)
    return Pads(top, INSET, INSET, INSET, length)


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
        return round(x, 1), round(y, 1)

    def frame(self, frame: Rectangle) -> Rectangle:
        left, top, width, height = frame
        (x0, y0), (x1, y1) = self.point((left, top)), self.point((left + width, top + height))
        return min(x0, x1), min(y0, y1), round(abs(x1 - x0), 1), round(abs(y1 - y0), 1)
