"""Layout of boxes and edges: by Graphviz where it is installed, else in layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import graphviz

from .. import layered
from ..frame_order import by_frame
from ..layered import Edges, Point
from ..picture import Frame

__all__ = ["HEIGHT", "WIDTH", "Edges", "Layout", "in_layers", "lay_out"]

WIDTH, HEIGHT = 144, 56  # of a box, in pixels
_GAP_X, _GAP_Y = 28, 48
_MARGIN, _TITLE = 12, 14  # within a frame, and the height of its title
_MOST_PIECES = 8_000  # of edges, one for each layer that they cross; with more, Graphviz takes long and much memory

Rectangle = tuple[float, float, float, float]


@dataclass(slots=True)
class Layout:
    """Positions of boxes, edges and frames.

    Attributes
    ----------
    boxes
        The middle of each box.
    curves
        For each edge, the points of cubic Bézier curves, one after another.
    frames
        Left, top, right and bottom of each frame that has a box, by the index of the frame.
    """

    boxes: list[Point]
    curves: list[list[Point]]
    frames: dict[int, Rectangle] = field(default_factory=dict)


def lay_out(count: int, edges: Edges, within: Sequence[int | None] = (), frames: Sequence[Frame] = ()) -> Layout:
    """Lay out `count` boxes, each after those that it depends on, so that edges go down the page.

    Boxes of a frame stay together, with those of its inner frames; `within` has the innermost frame of each box.
    The same graph gives the same layout with the same Graphviz.
    """
    places, known = list(within) or [None] * count, list(frames)
    if sum(lengths(count, edges)) > _MOST_PIECES:
        return in_layers(count, edges, places, known)
    try:
        text = graphviz.Source(_dot(edges, places, known)).pipe(format="json0", encoding="utf-8", quiet=True)
    except graphviz.ExecutableNotFound:
        return in_layers(count, edges, places, known)
    return _read(json.loads(text), count, edges)


def lengths(count: int, edges: Edges) -> list[int]:
    """Return the number of layers that each edge leads down."""
    rows = _rows(count, edges)
    return [rows[target] - rows[source] for source, target in edges]


def _dot(edges: Edges, within: list[int | None], frames: list[Frame]) -> str:
    """Write the graph for Graphviz, whose search is cut short: a good layout in seconds, not the best in minutes."""
    lines = [
        "digraph {",
        f"nodesep={_GAP_X / 72} ranksep={_GAP_Y / 72} nslimit=1 nslimit1=1 mclimit=0.3 ordering=in",
        f"node [shape=box fixedsize=true label={chr(34) * 2} width={WIDTH / 72} height={HEIGHT / 72}]",
        "edge [arrowhead=none]",
    ]
    for _, what, place in by_frame(within, frames):
        if what == "box":
            lines.append(f"n{place}")
        elif what == "open":  # the label reserves room for the title that the page writes
            lines.append(f'subgraph cluster_{place} {{ margin={_MARGIN} label="M" fontsize={_TITLE} labeljust=l')
        else:
            lines.append("}")
    lines += [f"n{source} -> n{target} [comment={number}]" for number, (source, target) in enumerate(edges)]
    return "\n".join([*lines, "}"])


def _read(found: Any, count: int, edges: Edges) -> Layout:
    """Read what Graphviz wrote: points from the bottom up."""
    height = float(found["bb"].split(",")[3])
    layout = Layout([(0.0, 0.0)] * count, [[]] * len(edges))
    for thing in found.get("objects", ()):
        if thing["name"].startswith("cluster_"):
            (left, bottom), (right, top) = _points(thing["bb"], height)
            layout.frames[int(thing["name"].removeprefix("cluster_"))] = left, top, right, bottom
        else:
            (layout.boxes[int(thing["name"][1:])],) = _points(thing["pos"], height)
    for edge in found.get("edges", ()):
        layout.curves[int(edge["comment"])] = _points(edge["pos"], height)
    return layout


def _points(text: str, height: float) -> list[Point]:
    numbers = text.replace(" ", ",").split(",")
    pairs = zip(numbers[::2], numbers[1::2], strict=True)
    return [(round(float(x), 1), round(height - float(y), 1)) for x, y in pairs]


def in_layers(count: int, edges: Edges, within: Sequence[int | None] = (), frames: Sequence[Frame] = ()) -> Layout:
    """Lay out boxes in layers, each below all that it depends on, with the boxes of a frame together."""
    parents, titles = [frame.parent for frame in frames], [(0.0, float(_TITLE + _MARGIN))] * len(frames)
    found = layered.lay_out([(WIDTH, HEIGHT)] * count, edges, within, parents, titles, apart=_GAP_X, below=_GAP_Y)
    layout = Layout(found.boxes, found.curves)
    for place, rectangle in enumerate(found.frames):
        if rectangle:
            left, top, width, height = rectangle
            layout.frames[place] = left, top, round(left + width, 1), round(top + height, 1)
    return layout


def _rows(count: int, edges: Edges) -> list[int]:
    """Return the layer of each box: as high as inputs allow, or just above its first use if that is nearer."""
    users: list[list[int]] = [[] for _ in range(count)]
    inputs: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        users[source].append(target)
        inputs[target].append(source)
    row = [0] * count
    for place in range(count):
        row[place] = 1 + max((row[source] for source in inputs[place]), default=-1)
    for place in reversed(range(count)):  # leaves, and results computed from leaves alone, move next to their uses
        if users[place] and sum(bool(inputs[source]) for source in inputs[place]) <= len(users[place]):
            row[place] = min(row[target] for target in users[place]) - 1
    return row
