"""Levels of a graph with frames: the items of each, the paths of edges through them, and final positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from .level import Arranged, Path, arrange
from .points import Around, Level, Link, Point

_TITLE_GAP = 8.0  # between a title and a link that passes it

Rectangle = tuple[float, float, float, float]  # left, top, width, height
End = tuple[Literal["in", "out", "box", "frame"], int, int]  # the box or frame, and the box whose edges meet it there
Key = tuple[End, End, int]  # of a link within a level; the number tells edges between the same boxes apart


@dataclass(frozen=True, slots=True)
class Pads:
    """The space between a frame and its content: before, after and at the sides of the way down.

    `title` is the width of its title, which stands at the side where links come in, or `out`; no link runs through it.
    `high` is the least height.
    """

    before: float
    after: float
    left: float
    right: float
    title: float = 0.0
    out: bool = False
    high: float = 0.0


@dataclass(slots=True)
class Inside:
    """A level: its items and links, and their layout."""

    children: list[tuple[int, End]] = field(default_factory=list)  # each with the last box in it
    entries: dict[int, None] = field(default_factory=dict)  # boxes outside whose edges come in
    exits: dict[int, None] = field(default_factory=dict)  # boxes inside whose edges go out
    links: dict[Key, float] = field(default_factory=dict)  # with their weights
    paths: dict[Key, Path] = field(default_factory=dict)
    items: dict[tuple[str, int], int] = field(default_factory=dict)
    arranged: Arranged | None = None
    title: float = 0.0  # distance of the title from the left of the frame
    shift: float = 0.0  # of the content to the right, because of the title
    origin: Point = (0.0, 0.0)


class Levels:
    """The levels of a graph: one for each frame, and a last one for the whole graph."""

    def __init__(self, boxes: Sequence[int], within: Sequence[int | None], parents: Sequence[int | None]) -> None:
        root = len(parents)
        self.outer = [root if parent is None else parent for parent in parents]
        self.level = [root if frame is None else frame for frame in within]
        self.depth = [0] * root + [0]
        for frame, outer in enumerate(self.outer):
            self.depth[frame] = self.depth[outer] + 1
        self.last = [-1] * (root + 1)  # box in each frame
        self.inside = [Inside() for _ in range(root + 1)]
        self.sizes: list[Point] = [(0.0, 0.0)] * root
        self.ports: dict[tuple[int, int], float] = {}  # distance from a frame's middle where a box's edges cross it
        self.seen: dict[tuple[int, int], int] = {}
        for box in boxes:
            self.last[self.level[box]] = box
            self.inside[self.level[box]].children.append((box, ("box", box, -1)))
        for frame in reversed(range(root)):
            if self.last[frame] >= 0:
                self.last[self.outer[frame]] = max(self.last[self.outer[frame]], self.last[frame])
                self.inside[self.outer[frame]].children.append((self.last[frame], ("frame", frame, -1)))

    def from_within(self) -> list[int]:
        """Return the levels that have boxes, each after those within it."""
        frames = [frame for frame in reversed(range(len(self.outer))) if self.last[frame] >= 0]
        return [*frames, len(self.outer)]

    def way(self, edge: tuple[int, int], weight: float) -> tuple[list[tuple[int, Key]], bool]:
        """Make the links of an edge, out of the source's frames and into others; tell whether it points backwards."""
        source, target = edge
        if source == target:
            return [], False
        outwards, inwards = self._crossed(source, target)
        backwards = self._last(outwards, source) > self._last(inwards, target)
        if backwards:
            source, target, outwards, inwards = target, source, inwards, outwards
        number = self.seen[source, target] = self.seen.get((source, target), -1) + 1
        ends: list[tuple[int, End, End]] = []
        end: End = ("box", source, -1)
        for frame in outwards:
            self.inside[frame].exits.setdefault(source)
            ends.append((frame, end, ("out", source, -1)))
            end = ("frame", frame, source)
        common = self.outer[outwards[-1]] if outwards else self.level[source]
        for frame in reversed(inwards):
            self.inside[frame].entries.setdefault(source)
            ends.append((common, end, ("frame", frame, source)))
            common, end = frame, ("in", source, -1)
        ends.append((common, end, ("box", target, -1)))
        way: list[tuple[int, Key]] = []
        for level, start, stop in ends:
            key = start, stop, number if stop[0] == "box" else 0
            links = self.inside[level].links
            links[key] = max(links.get(key, 0.0), weight)
            way.append((level, key))
        return way, backwards

    def _crossed(self, source: int, target: int) -> tuple[list[int], list[int]]:
        """Return the frames around one box and not the other, innermost first, and those around the other only."""
        left, right = self.level[source], self.level[target]
        outwards: list[int] = []
        inwards: list[int] = []
        while left != right:
            if self.depth[left] >= self.depth[right]:
                outwards.append(left)
                left = self.outer[left]
            else:
                inwards.append(right)
                right = self.outer[right]
        return outwards, inwards

    def _last(self, frames: list[int], box: int) -> int:
        return self.last[frames[-1]] if frames else box

    def arrange(
        self,
        place: int,
        boxes: Sequence[Point],
        around: dict[int, Around],
        pads: Sequence[Pads],
        apart: float,
        below: float,
    ) -> None:
        """Lay out a level, and so find the size of its frame."""
        inside = self.inside[place]
        children = [child for _, child in sorted(inside.children)]
        ports = (0.0, 0.0)
        sizes = [ports] * len(inside.entries)
        sizes += [boxes[which] if kind == "box" else self.sizes[which] for kind, which, _ in children]
        sizes += [ports] * len(inside.exits)
        names = [*(("in", box) for box in inside.entries), *(end[:2] for end in children)]
        names += [("out", box) for box in inside.exits]
        inside.items = {name: item for item, name in enumerate(names)}
        links = [
            Link(inside.items[start[:2]], inside.items[stop[:2]], self._offset(start), self._offset(stop), weight)
            for (start, stop, _), weight in inside.links.items()
        ]
        spare = {inside.items["box", box]: around[box] for kind, box, _ in children if kind == "box" and box in around}
        arranged = arrange(Level(sizes, links, len(inside.entries), len(inside.exits), spare), apart, below)
        inside.arranged = arranged
        inside.paths = dict(zip(inside.links, arranged.paths, strict=True))
        if place < len(self.outer):
            self._enclose(place, arranged, pads[place])

    def _enclose(self, place: int, arranged: Arranged, pad: Pads) -> None:
        """Find the size of a frame, where its title stands, and where links cross its border."""
        inside = self.inside[place]
        named = [("in", box) for box in inside.entries], [("out", box) for box in inside.exits]
        ports = [arranged.middles[inside.items[name]][0] + pad.left for name in named[pad.out]]
        wide = arranged.width + pad.left + pad.right
        aside = max(0.0, pad.left + pad.title + _TITLE_GAP - min(ports)) if ports and pad.title else 0.0
        inside.title, inside.shift, width = pad.left, aside, max(wide + aside, pad.left + pad.title + pad.right)
        if aside:
            after = max(ports) + _TITLE_GAP
            if (end := max(wide, after + pad.title + pad.right)) < width:
                inside.title, inside.shift, width = after, 0.0, end
        self.sizes[place] = width, max(arranged.height + pad.before + pad.after, pad.high)
        for kind, box in (*named[0], *named[1]):
            x, _ = arranged.middles[inside.items[kind, box]]
            self.ports[place, box] = pad.left + inside.shift + x - width / 2

    def _offset(self, end: End) -> float | None:
        """Return the distance from an item's middle at which a link meets it; None (anywhere) for a box."""
        kind, which, box = end
        return None if kind == "box" else self.ports[which, box] if kind == "frame" else 0.0

    def places(self, count: int, pads: Sequence[Pads]) -> tuple[list[Point], list[Rectangle | None]]:
        """Nest all levels, and return the middle of each box and the rectangle of each frame."""
        boxes: list[Point] = [(0.0, 0.0)] * count
        frames: list[Rectangle | None] = [None] * len(self.outer)
        for place in reversed(self.from_within()):
            inside = self.inside[place]
            assert inside.arranged is not None  # all are
            for kind, which, _ in (end for _, end in inside.children):
                x, y = inside.arranged.middles[inside.items[kind, which]]
                x, y = x + inside.origin[0], y + inside.origin[1]
                if kind == "box":
                    boxes[which] = x, y
                else:
                    width, height = self.sizes[which]
                    left, top = x - width / 2, y - height / 2
                    frames[which] = left, top, width, height
                    within = self.inside[which]
                    within.origin = left + pads[which].left + within.shift, top + pads[which].before
        return boxes, frames

    def path(self, way: list[tuple[int, Key]]) -> Path:
        """Return the path of an edge through all levels, once these are nested."""
        whole = Path()
        for level, key in way:
            inside = self.inside[level]
            points = [(x + inside.origin[0], y + inside.origin[1]) for x, y in inside.paths[key].points]
            if whole.points:
                whole.straight(points[0])
            whole.points += points if not whole.points else points[1:]
        return whole
