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
from .points import Around, Edges, Point

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


_STACKED = 0.25  # distance of boxes beside another from each other, as a part of that from the other
_LOOP = 22.0  # distance of an edge from a box to itself from the box
_SIDE = 0.35  # how far from the middle of a side edges meet it, as a part of the box


class Shelf:
    """The boxes beside others, one above the other at the right of each, in a layout that grows downwards."""

    def __init__(self, sizes: list[Point], beside: Mapping[int, int], edges: Edges, aside: float) -> None:
        self.sizes, self.edges, self.aside = sizes, edges, aside
        self.beside = beside  # the box that each of them stands beside
        self.left_over = [box for box in range(len(sizes)) if box not in beside]
        self.stacks: dict[int, list[int]] = {}
        for box, host in beside.items():
            self.stacks.setdefault(host, []).append(box)
        place = {box: i for stack in self.stacks.values() for i, box in enumerate(stack)}
        self.ends: dict[int, list[int]] = {host: [] for host in self.stacks}  # edges to its right side, from above
        for number in sorted(
            (i for i, (box, _) in enumerate(edges) if box in beside), key=lambda i: place[edges[i][0]]
        ):
            self.ends[edges[number][1]].append(number)
        self.around = {  # the room that those others need
            host: Around(0.0, aside + max(sizes[box][0] for box in stack), self._height(stack))
            for host, stack in self.stacks.items()
        }
        for box in {source for source, target in edges if source == target}:
            _, right, height = self.around.get(box, Around())
            self.around[box] = Around(_LOOP, right, height) if right else Around(0.0, _LOOP)

    def _height(self, stack: list[int]) -> float:
        return sum(self.sizes[box][1] for box in stack) + _STACKED * self.aside * (len(stack) - 1)

    def place(self, boxes: list[Point]) -> None:
        """Write the middle of each box that stands beside another."""
        for host, stack in self.stacks.items():
            x, y = boxes[host]
            left, top = x + self.sizes[host][0] / 2 + self.aside, y - self._height(stack) / 2
            for box in stack:
                width, height = self.sizes[box]
                boxes[box] = left + width / 2, top + height / 2
                top += height + _STACKED * self.aside

    def curve(self, number: int, boxes: list[Point]) -> list[Point]:
        """Return the curve of an edge from a box to the one that it stands beside."""
        source, host = self.edges[number]
        (x, y), (width, height) = boxes[host], self.sizes[host]
        numbers = self.ends[host]
        rank = numbers.index(number) - (len(numbers) - 1) / 2
        step = min(2 * _SIDE * height / len(numbers), 12.0)
        start, end = (boxes[source][0] - self.sizes[source][0] / 2, boxes[source][1]), (x + width / 2, y + rank * step)
        twins = [each for each in numbers if self.edges[each][0] == source]
        start = start[0], start[1] + (twins.index(number) - (len(twins) - 1) / 2) * min(step, 5.0)
        dx, dy = (end[0] - start[0]) / 3, (end[1] - start[1]) / 3
        return [start, (start[0] + dx, start[1] + dy), (end[0] - dx, end[1] - dy), end]

    def loop(self, box: int, boxes: list[Point]) -> list[Point]:
        """Return the curve of an edge from a box to itself, at its free side."""
        (x, y), (width, height) = boxes[box], self.sizes[box]
        side = -1 if box in self.stacks else 1
        near, out = x + side * width / 2, x + side * (width / 2 + _LOOP * 4 / 3)  # it comes as far as 3/4 of that
        return [(near, y - height / 5), (out, y - height / 5), (out, y + height / 5), (near, y + height / 5)]
