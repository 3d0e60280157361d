"""Layout of one level: its rows, the order within them, positions, and the curves between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from .across import Straight, positions
from .order import crossings, put_in_order
from .points import Level, Link, Net, Point, even_rows, net_of, rows_of

_SLOPE, _STEEPEST = 0.06, 24.0  # growth of the space between rows per unit that a link goes aside, and its limit
_LEAN, _RIM = 0.2, 0.35  # distance of a link's start from an item's middle: as part of its way aside, and of the width
_PARALLEL = 14.0  # between links with the same ends
_AROUND = 24.0  # distance from the rows of links that go around
_NOTHING = 1e-6  # smaller distances are rounding errors
_HEADLESS = 0.6  # factor of the space between rows if links only pass or go on into frames
_CROSSING = 6.0  # extra space, besides padding, between a frame's border and its content where edges cross
_MOST_TRIED = 600  # links of a level for which several layouts are tried
_MARGIN, _COST_OF_CROSSING = 60.0, 0.03
_FACTORS: dict[Straight, float] = {"all": 1.03, "chains": 1.1, "none": 1.4}  # how much smaller another has to be


@dataclass(slots=True)
class Path:
    """The points of cubic Bézier curves, one after another."""

    points: list[Point] = field(default_factory=list)

    def straight(self, to: Point) -> None:
        """Go on in a straight line."""
        x, y = self.points[-1]
        if abs(to[0] - x) + abs(to[1] - y) > _NOTHING:
            dx, dy = (to[0] - x) / 3, (to[1] - y) / 3
            self.points += [(x + dx, y + dy), (x + 2 * dx, y + 2 * dy), to]

    def bend(self, to: Point, leaning: bool, arriving: bool) -> None:
        """Go on in a curve that stays between the heights of its ends, and is vertical at an end that does not lean."""
        x, y = self.points[-1]
        dx, dy = to[0] - x, to[1] - y
        leave = (x + dx / 3, y + dy / 3) if leaning else (x, y + dy / 2)
        arrive = (to[0] - dx / 3, to[1] - dy / 3) if arriving else (to[0], to[1] - dy / 2)
        self.points += [leave, arrive, to]


@dataclass(slots=True)
class Arranged:
    """A level with the middle of each item, the path of each link, and its size; the upper left corner is (0, 0)."""

    middles: list[Point]
    paths: list[Path]
    width: float
    height: float


def arrange(level: Level, apart: float, below: float) -> Arranged:
    """Lay out a level whose items stand `apart` from each other in a row, and rows at least `below` each other.

    Of several layouts, the one is taken that is small and has few crossings.
    """
    rows = rows_of(level)
    chain, large = len(set(rows)) == len(rows), len(level.links) > _MOST_TRIED
    even = rows if chain or large else even_rows(level, rows)
    best: Arranged | None = None
    least = inf
    for row in [rows, even] if even != rows else [rows]:
        for mirrored in (False,) if chain or large else (False, True):
            net = net_of(level, row)
            put_in_order(net, mirrored)
            crossed = 1 + _COST_OF_CROSSING * crossings(net)
            ways: tuple[Straight, ...] = ("all",) if chain else ("all", "none") if large else ("all", "chains", "none")
            for straight, across in zip(ways, positions(net, apart, ways), strict=True):
                found = _arranged(level, net, row, across, below)
                cost = (found.width + _MARGIN) * (found.height + _MARGIN) * crossed
                if best is None or cost * _FACTORS[straight] < least:
                    best, least = found, cost
    assert best is not None  # there is a first one
    return best


def _arranged(level: Level, net: Net, row: list[int], across: list[float], below: float) -> Arranged:
    """Return the layout with given rows and positions in them."""
    left = min(x - reach for x, reach in zip(across, net.lefts, strict=True))
    right = max(x + reach for x, reach in zip(across, net.rights, strict=True))
    if None in net.ways:
        left -= _AROUND
    across = [x - left for x in across]
    rows = _Rows(*_heights(level, net, row, across, below))
    sources, targets = {link.source for link in level.links}, {link.target for link in level.links}
    middles = []
    for item in range(len(level.sizes)):
        middles.append((across[item], rows.middle(row[item], level.height(item), item in sources, item in targets)))
    parallel = Counter(link[:4] for link in level.links)
    drawn: Counter[tuple[object, ...]] = Counter()
    paths = []
    for link, way in zip(level.links, net.ways, strict=True):
        first, last = row[link.source], row[link.target]
        if way is None:
            legs = [(0.0, rows.tops[first + 1], rows.bottoms[last - 1])]
        else:
            legs = [(across[point], rows.tops[first + i], rows.bottoms[first + i]) for i, point in enumerate(way, 1)]
        start, end = _ends(level, link, middles, legs, drawn[link[:4]], parallel[link[:4]])
        drawn[link[:4]] += 1
        paths.append(_path(start, rows.bottoms[first], legs, rows.tops[last], end))
    return Arranged(middles, paths, right - left, rows.bottoms[-1])


@dataclass(slots=True)
class _Rows:
    """Where each row begins and ends."""

    tops: list[float]
    bottoms: list[float]

    def middle(self, row: int, height: float, used: bool, fed: bool) -> float:
        """Return the vertical middle of an item: that of its row, or closer to the side with all of its links."""
        top, bottom = self.tops[row], self.bottoms[row]
        if used != fed:
            return bottom - height / 2 if used else top + height / 2
        return (top + bottom) / 2


def _heights(
    level: Level, net: Net, row: Sequence[int], across: list[float], below: float
) -> tuple[list[float], list[float]]:
    """Return where each row begins and ends, with more space if links go far aside."""
    high = [0.0] * len(net.rows)
    for item in range(len(level.sizes)):
        high[row[item]] = max(high[row[item]], level.height(item))
    met = {row[link.target] for link in level.links if link.enters is None}  # rows with the heads of arrows above
    tops, bottoms, at = [], [], 0.0
    for number, points in enumerate(net.rows):
        tops.append(at)
        bottoms.append(at + high[number])
        ties = ((point, tie) for point in points for tie in net.down[point])
        aside = max((abs(across[tie.point] + tie.there - across[point] - tie.here) for point, tie in ties), default=0.0)
        ports = (level.entries and number == 0) or (level.exits and number == len(net.rows) - 2)
        space = min(_CROSSING + aside / 2, below) if ports else below if number + 1 in met else _HEADLESS * below
        at = bottoms[-1] + space + min(_SLOPE * aside, _STEEPEST)
    return tops, bottoms


def _ends(
    level: Level, link: Link, middles: list[Point], legs: list[tuple[float, float, float]], number: int, of: int
) -> tuple[Point, Point]:
    """Return the ends of a link: as given, or leaning towards its other end, next to parallel links."""
    ends = []
    for item, other, given, meets, near, side in (
        (link.source, link.target, link.leaves, link.enters or 0.0, 0, 1),
        (link.target, link.source, link.enters, link.leaves or 0.0, -1, -1),
    ):
        (x, y), (width, height) = middles[item], level.sizes[item]
        if given is None:
            space = min(_PARALLEL, 2 * _RIM * width / of)
            rim = _RIM * width - space * (of - 1) / 2
            to = legs[near][0] if legs else middles[other][0] + meets
            given = min(max(_LEAN * (to - x), -rim), rim) + space * (number - (of - 1) / 2)
        ends.append((x + given, y + side * height / 2))
    return ends[0], ends[1]


def _path(start: Point, bottom: float, legs: list[tuple[float, float, float]], top: float, end: Point) -> Path:
    """Return a path that is straight within rows and leans or bends only between them, in empty space."""
    path = Path([start])
    path.straight((start[0], bottom))
    leaning = len(path.points) == 1
    for x, upper, lower in legs:
        path.bend((x, upper), leaning, False)
        path.straight((x, lower))
        leaning = False
    path.bend((end[0], top), leaning, end[1] - top < _NOTHING)
    path.straight(end)
    return path
