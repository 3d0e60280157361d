"""Points of one level: its items in rows, and a point in each row that a link passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_STRAIGHT = 32.0  # the least weight of straightness of a link between points that it passes
MOST_PASSED = 20_000  # limit of points that links pass; the longest links get none, and go around

Edges = Sequence[tuple[int, int]]
Point = tuple[float, float]


class Link(NamedTuple):
    """A line from the lower side of one item to the upper side of another.

    `leaves` and `enters` are the distances to the right of the middle at which it begins and ends; None if it may do so
    anywhere. `weight` is the weight of its straightness.
    """

    source: int
    target: int
    leaves: float | None = None
    enters: float | None = None
    weight: float = 1.0


class Around(NamedTuple):
    """The room that an item needs for what stands beside it: at its left, at its right, and the height of all."""

    left: float = 0.0
    right: float = 0.0
    height: float = 0.0


_NOTHING = Around()


@dataclass(slots=True)
class Level:
    """A level, which is laid out at once: items with a width and a height, each after those with links to it.

    Links come in from above at the first `entries` items and go out below at the last `exits` items. `around` is the
    room that some items need beyond their width.
    """

    sizes: list[Point]
    links: list[Link]
    entries: int = 0
    exits: int = 0
    around: dict[int, Around] = field(default_factory=dict)

    def height(self, item: int) -> float:
        """Return the height of an item with what stands beside it."""
        return max(self.sizes[item][1], self.around.get(item, _NOTHING).height)


class Tie(NamedTuple):
    """A link of a point to one of the next row; `here` and `there` are its distances right of the two middles."""

    point: int
    here: float
    there: float
    weight: float


@dataclass(slots=True)
class Net:
    """The points of a level, the items first.

    `lefts` and `rights` are how far each reaches from its position, `rows` the points of each row, `up` and `down` the
    ties of each to the row above and below, `ways` the points that each link passes, or None if it goes around.
    """

    items: int
    lefts: list[float]
    rights: list[float]
    rows: list[list[int]] = field(default_factory=list)
    up: list[list[Tie]] = field(default_factory=list)
    down: list[list[Tie]] = field(default_factory=list)
    ways: list[list[int] | None] = field(default_factory=list)

    def add(self, row: int) -> int:
        """Add the point of the next item, or one that a link passes, and return its number."""
        index = len(self.up)
        if index >= self.items:
            self.lefts.append(0.5)
            self.rights.append(0.5)
        self.up.append([])
        self.down.append([])
        self.rows[row].append(index)
        return index

    def tie(self, upper: int, lower: int, leaves: float, enters: float, weight: float) -> None:
        """Link two points of neighbouring rows."""
        self.down[upper].append(Tie(lower, leaves, enters, weight))
        self.up[lower].append(Tie(upper, enters, leaves, weight))


def rows_of(level: Level) -> list[int]:
    """Return the row of each item: just above its first use, or just below its inputs if it has more inputs than uses.

    An input with a single use does not count, because it moves with its user.
    """
    count = len(level.sizes)
    inputs, uses = _neighbours(level)
    inner = range(level.entries, count - level.exits)
    above = 1 if level.entries else 0
    highest = [0] * count  # row of each
    for item in inner:
        highest[item] = max((highest[source] + 1 for source in inputs[item]), default=above)
    last = max((highest[item] for item in inner), default=above)
    row = [last + (item >= inner.stop) for item in range(count)]
    row[: level.entries] = [0] * level.entries
    for item in reversed(inner):
        row[item] = min((row[target] for target in uses[item]), default=last + 1) - 1
    own = [bool(item in inner and not inputs[item] and len(uses[item]) == 1) for item in range(count)]
    for item in inner:
        others = [source for source in inputs[item] if not own[source]]
        if len(others) > len(uses[item]):
            row[item] = max(max(row[source] for source in others) + 1, highest[item])
            for source in inputs[item]:
                if own[source]:
                    row[source] = row[item] - 1
    return row


def _neighbours(level: Level) -> tuple[list[list[int]], list[list[int]]]:
    """Return for each item those with links to it, and those that it has links to."""
    inputs: list[list[int]] = [[] for _ in level.sizes]
    uses: list[list[int]] = [[] for _ in level.sizes]
    for link in level.links:
        inputs[link.target].append(link.source)
        uses[link.source].append(link.target)
    return inputs, uses


def even_rows(level: Level, row: list[int]) -> list[int]:
    """Return rows in which high items that have a choice stand next to other high ones, so that the whole is lower."""
    count = len(level.sizes)
    inner = range(level.entries, count - level.exits)
    inputs, uses = _neighbours(level)
    found = list(row)
    members: list[list[int]] = [[] for _ in range(max(row) + 1)]
    for item in range(count):
        members[row[item]].append(item)
    for item in sorted(inner, key=lambda item: (-level.height(item), item)):
        low = max((found[source] for source in inputs[item]), default=found[item] - 1) + 1
        high = min((found[target] for target in uses[item]), default=found[item] + 1) - 1
        if low >= high:
            continue
        members[found[item]].remove(item)
        own = level.height(item)
        tall = {at: max((level.height(other) for other in members[at]), default=0.0) for at in range(low, high + 1)}
        best = min(tall, key=lambda at: (max(0.0, own - tall[at]), abs(at - found[item]), at))
        found[item] = best
        members[best].append(item)
    return found


def net_of(level: Level, row: list[int]) -> Net:
    """Return the points of a level; links that leave an item at the same position share the points that they pass."""
    lefts, rights = [], []
    for item, (width, _) in enumerate(level.sizes):
        around = level.around.get(item, _NOTHING)
        lefts.append(width / 2 + around.left)
        rights.append(width / 2 + around.right)
    net = Net(len(level.sizes), lefts, rights)
    net.rows = [[] for _ in range(max(row) + 1)]
    for item in range(len(level.sizes)):
        net.add(row[item])
    longest = _longest([row[link.target] - row[link.source] for link in level.links])
    trunks: dict[tuple[int, float | None, int], int] = {}
    for link in level.links:
        if row[link.target] - row[link.source] > longest:
            net.ways.append(None)
            continue
        way: list[int] = []
        for passed in range(row[link.source] + 1, row[link.target]):
            trunk = link.source, link.leaves, passed
            if trunk not in trunks:
                trunks[trunk] = net.add(passed)
                net.tie(*_ends(link, way, trunks[trunk]), max(_STRAIGHT, 8 * link.weight) if way else 2 * link.weight)
            way.append(trunks[trunk])
        net.tie(*_ends(link, way, None), (2 if way else 1) * link.weight)
        net.ways.append(way)
    return net


def _ends(link: Link, way: list[int], to: int | None) -> tuple[int, int, float, float]:
    """Return the points and offsets of the next piece of a link that has come this way."""
    upper, leaves = (way[-1], 0.0) if way else (link.source, link.leaves or 0.0)
    lower, enters = (link.target, link.enters or 0.0) if to is None else (to, 0.0)
    return upper, lower, leaves, enters


def _longest(lengths: list[int]) -> int:
    """Return the largest span, in rows, such that all links up to it together pass few enough points."""
    passed = 0
    for length in sorted(lengths):
        passed += length - 1
        if passed > MOST_PASSED:
            return length - 1
    return max(lengths, default=0)
