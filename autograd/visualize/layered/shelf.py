"""What stands beside a box and moves with it: boxes that only it uses, and an edge that leads back to it."""

from __future__ import annotations

from collections.abc import Mapping

from .points import Around, Edges, Point

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
