"""Repeats: draw the steps of a loop, equal layers and the neurons of a layer once, with their count.

Operations are in the order in which they were recorded. Within each frame, innermost first, this looks for stretches of
operations (or of whole frames) that are repeated back to back: with equal names, shapes and dtypes, and equal edges
within them and from each repetition to the next. A folded stretch counts as one item in the search for longer ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .module_frames import settle
from .picture import Edge, Frame, Picture, frames_around

LONGEST = 512  # operations in a stretch that is repeated
FEWEST = 3  # repetitions that are worth folding
SAVED = 8  # boxes that have to be saved by it
TRIES = 16  # positions that are tried as the start of a repetition
_DIGITS = re.compile(r"\d+")


@dataclass(slots=True)
class _Item:
    """An operation, a frame or a repeated part: a number that equal items share, and its boxes, in the same order."""

    same: int
    boxes: list[int]
    frame: int | None = None  # its index, if the item is a frame


class _Folding:
    """One folding of a picture."""

    def __init__(self, picture: Picture) -> None:
        self.picture, self.frames, self.boxes = picture, list(picture.frames), list(picture.boxes)
        self.stands = list(range(len(self.boxes)))  # for each box, the box drawn in its stead
        self.inputs: list[list[int]] = [[] for _ in self.boxes]
        self.numbers: dict[Any, int] = {}
        for source, target in picture.edges:
            self.inputs[target].append(source)

    def stand(self, box: int) -> int:
        """Return the box that is drawn for `box`."""
        while self.stands[box] != box:
            self.stands[box] = box = self.stands[self.stands[box]]
        return box

    def number(self, what: Any) -> int:
        """Return the same number for equal keys."""
        return self.numbers.setdefault(what, len(self.numbers))

    def run(self) -> Picture:
        """Fold each frame, then the whole picture, and return the folded picture."""
        within: dict[int | None, list[_Item]] = {}
        for index, box in enumerate(self.boxes):
            if not box.satellite:
                item = _Item(self.number((box.kind == "module", _DIGITS.sub("", box.title), box.form)), [index])
                within.setdefault(box.frame, []).append(item)
        for index in range(len(self.frames) - 1, -1, -1):
            frame = self.frames[index]
            items = self.fold(within.pop(index, []), index)
            if items:
                same = self.number((_DIGITS.sub("", frame.path), frame.what, tuple(item.same for item in items)))
                item = _Item(same, [box for item in items for box in item.boxes], index)
                within.setdefault(frame.parent, []).append(item)
        self.fold(within.get(None, []), None)
        return _drawn(self)

    def fold(self, items: list[_Item], frame: int | None) -> list[_Item]:
        """Return the items of a frame, or of the whole, with repetitions folded until there are no more."""
        items = sorted(items, key=lambda item: item.boxes[0])
        while repeats := self.repeats(items):
            left: list[_Item] = []
            end = 0
            for start, period, count in repeats:
                left += items[end:start]
                end = start + period * count
                left.append(self.merge(items[start:end], period, count, frame))
            items = left + items[end:]
        return items

    def repeats(self, items: list[_Item]) -> list[tuple[int, int, int]]:
        """Return start, period and count of all repetitions with the shortest period that has any."""
        same = np.array([item.same for item in items])
        sizes = np.cumsum([0, *[len(item.boxes) for item in items]])
        for period in range(1, min(len(items) // FEWEST, LONGEST) + 1):
            found = []
            for start, end in _runs(same[period:] == same[:-period], period * (FEWEST - 1)):
                while end - start >= period * (FEWEST - 1):
                    if (end - start) // period * (sizes[start + period] - sizes[start]) < SAVED:
                        break
                    best = self.best_start(items, start, end, period)
                    if best is None:
                        break
                    count, _ = self.agreeing(items, best, period, (end - best) // period + 1)
                    if (count - 1) * (sizes[best + period] - sizes[best]) >= SAVED:
                        found.append((best, period, count))
                    start = best + period * count
            if found:
                return found
        return []

    def best_start(self, items: list[_Item], start: int, end: int, period: int) -> int | None:
        """Return the best start of the repetitions: if possible, one without edges from each to the next.

        The repeated part between `start` and `end` may begin with any of its items: with the last operation of a neuron
        as well as with the first.
        """
        offsets = [*range(min(period, TRIES)), period, 2 * period]
        best = None
        for offset in offsets:
            if start + offset + period * (FEWEST - 1) > end:
                continue
            count, crossing = self.agreeing(items, start + offset, period, FEWEST)
            if count == FEWEST:
                rank = crossing > 0, -((end - start - offset) // period), crossing, offset
                best = rank if best is None else min(best, rank)
        return None if best is None else start + best[-1]

    def agreeing(self, items: list[_Item], start: int, period: int, count: int) -> tuple[int, int]:
        """Return how many repetitions have the same edges, and the number of those from each to the next."""
        indices: dict[int, tuple[int, int]] = {}
        first: list[Any] = []
        pattern: list[Any] = []
        for copy in range(count):
            here = items[start + copy * period : start + (copy + 1) * period]
            wiring: list[Any] = []
            for index, box in enumerate(box for item in here for box in item.boxes):
                indices[box] = copy, index
                for source in self.inputs[box]:
                    of, at = indices.get(self.stand(source), (None, 0))
                    wiring.append(None if of is None else (copy - of, at))
            if copy == 0:
                first = wiring
            elif copy == 1:
                pattern = wiring
                # An edge from the previous repetition comes from outside in the first one.
                alike = [b if a is None and b is not None and b[0] else a for a, b in zip(first, wiring, strict=False)]
                if alike != wiring:
                    return copy, 0
            elif wiring != pattern:
                return copy, 0
        return count, sum(1 for edge in pattern if edge is not None and edge[0])

    def merge(self, items: list[_Item], period: int, count: int, frame: int | None) -> _Item:
        """Let the first repetition stand for all."""
        first = items[:period]
        boxes = [box for item in first for box in item.boxes]
        for copy in range(1, count):
            others = [box for item in items[copy * period : (copy + 1) * period] for box in item.boxes]
            for box, other in zip(boxes, others, strict=True):
                self.stands[other] = box
                a, b = self.boxes[box], self.boxes[other]
                self.boxes[box] = replace(
                    a, alarm=a.alarm or b.alarm, dead=a.dead and b.dead, kind="result" if b.kind == "result" else a.kind
                )
        if period == 1 and first[0].frame is not None:
            index = first[0].frame
            self.frames[index] = replace(self.frames[index], times=count)
        elif len(boxes) == 1 and self.boxes[boxes[0]].times == 1:
            self.boxes[boxes[0]] = replace(self.boxes[boxes[0]], times=count)
        else:
            index = len(self.frames)
            self.frames.append(Frame("", "", frame, count))
            self.enclose(boxes, frame, index)
        return _Item(self.number((tuple(item.same for item in first), count)), boxes)

    def enclose(self, boxes: list[int], outer: int | None, index: int) -> None:
        """Put `boxes`, or the frames in `outer` that contain them, into the new frame at `index`."""
        for box in boxes:
            around = self.boxes[box].frame
            if around == outer:
                self.boxes[box] = replace(self.boxes[box], frame=index)
                continue
            while around is not None and self.frames[around].parent != outer:
                around = self.frames[around].parent
            if around is not None and around != index:
                self.frames[around] = replace(self.frames[around], parent=index)


def folded(picture: Picture) -> Picture:
    """Return the picture with repeated parts drawn once."""
    return _Folding(picture).run()


def _runs(equal: np.ndarray[Any, Any], least: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each stretch of at least `least` true elements."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], equal, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= least
    yield from zip(starts[long].tolist(), ends[long].tolist(), strict=True)


def _drawn(folding: _Folding) -> Picture:
    """Return the folded picture: the boxes that stand for themselves, and their inputs."""
    boxes, stand = folding.boxes, folding.stand
    own: list[Edge] = []
    others: dict[Edge, None] = {}
    for source, target in folding.picture.edges:
        if stand(target) == target:
            own.append((source, target))
        elif not boxes[source].satellite:  # every repetition has its own parameters
            others[source, target] = None
    edges: list[Edge] = []
    loops: dict[tuple[int, int | None], Edge] = {}
    seen: set[Edge] = set()
    for source, target in (*own, *others):
        edge = a, b = stand(source), stand(target)
        if a >= b:
            loops.setdefault((a, boxes[b].frame), edge)  # one is enough if several boxes in one frame use it
        elif edge not in seen or (a == source and b == target):  # x * x has two edges
            seen.add(edge)
            edges.append(edge)
    used = {source for source, _ in edges}
    left = [
        index
        for index, box in enumerate(boxes)
        if stand(index) == index and (not box.satellite or index in used or len(boxes) == 1)
    ]
    moved = {index: new for new, index in enumerate(left)}
    result = Picture(
        [boxes[index] for index in left],
        [(moved[a], moved[b]) for a, b in edges],
        folding.frames,
        [(moved[a], moved[b]) for a, b in loops.values()],
        list(folding.picture.remarks),
        folding.picture.legend,
    )
    settle(result)
    _drop_empty_frames(result)
    return result


def _drop_empty_frames(picture: Picture) -> None:
    """Drop frames without boxes, and put each frame after those around it."""
    moved: dict[int | None, int | None] = {None: None}
    frames: list[Frame] = []
    for box in picture.boxes:
        for index in frames_around(box.frame, picture.frames):
            if index not in moved:
                moved[index] = len(frames)
                frames.append(replace(picture.frames[index], parent=moved[picture.frames[index].parent]))
    picture.frames = frames
    picture.boxes = [replace(box, frame=moved[box.frame]) for box in picture.boxes]
