"""Where the boxes and edges of a graph go: by Graphviz where its program is installed, else in plain layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import graphviz

from ..picture import Frame, frames_around
from ..tree import by_frame

__all__ = ["HEIGHT", "WIDTH", "Layout", "in_layers", "lay_out"]

WIDTH, HEIGHT = 144, 56  # of a box, in pixels
_GAP_X, _GAP_Y = 28, 48
_MARGIN, _TITLE = 12, 14  # within a frame, and the height of its title
_SWEEPS = 8
_MOST_PIECES = 8_000  # of edges, one for each layer that they cross; with more, Graphviz takes long and much memory

Edges = Sequence[tuple[int, int]]
Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]


@dataclass(slots=True)
class Layout:
    """Where everything goes.

    Attributes
    ----------
    boxes
        The middle of each.
    curves
        Of each edge: points of cubic Bézier curves, one after another.
    frames
        Left, top, right and bottom of each frame that has a box, by place.
    """

    boxes: list[Point]
    curves: list[list[Point]]
    frames: dict[int, Rectangle] = field(default_factory=dict)


def lay_out(count: int, edges: Edges, within: Sequence[int | None] = (), frames: Sequence[Frame] = ()) -> Layout:
    """Lay out `count` boxes, which come after those that they depend on, so that edges go down the page.

    Boxes stay together whose innermost frame, of which `within` has the place, is the same or lies in the same. The
    same graph gives the same layout with the same Graphviz.
    """
    places, known = list(within) or [None] * count, list(frames)
    if sum(lengths(count, edges)) > _MOST_PIECES:
        return _framed(in_layers(count, edges), places, known)
    try:
        text = graphviz.Source(_dot(edges, places, known)).pipe(format="json0", encoding="utf-8", quiet=True)
    except graphviz.ExecutableNotFound:
        return _framed(in_layers(count, edges), places, known)
    return _read(json.loads(text), count, edges)


def lengths(count: int, edges: Edges) -> list[int]:
    """Return how many layers each edge leads down."""
    rows = _rows(count, edges)
    return [rows[target] - rows[source] for source, target in edges]


def _framed(layout: Layout, within: list[int | None], frames: list[Frame]) -> Layout:
    """Draw the frames around what stands in them."""
    inside: dict[int, list[Rectangle]] = {}
    for (x, y), innermost in zip(layout.boxes, within, strict=True):
        around = frames_around(innermost, frames)[::-1]
        for depth, frame in enumerate(around, 1):
            aside, above = WIDTH / 2 + depth * _MARGIN, HEIGHT / 2 + depth * (_MARGIN + _TITLE)
            inside.setdefault(frame, []).append((x - aside, y - above, x + aside, y + HEIGHT / 2 + depth * _MARGIN))
    for frame, parts in inside.items():
        left, top, right, bottom = zip(*parts, strict=True)
        layout.frames[frame] = min(left), min(top), max(right), max(bottom)
    return layout


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
        elif what == "open":  # the label keeps the room that the page writes the title in
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


def in_layers(count: int, edges: Edges) -> Layout:
    """Lay boxes out in layers, each below all that it depends on, in an order that shortens edges."""
    layers = _layers(count, edges)
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        above[target].append(source)
        below[source].append(target)
    across = [0.0] * count
    for layer in layers:
        _spread(layer, [float(i) * (WIDTH + _GAP_X) for i in range(len(layer))], across)
    for sweep in range(_SWEEPS):
        near, order = (above, layers) if sweep % 2 == 0 else (below, layers[::-1])
        for layer in order:
            wanted = [sum(across[i] for i in near[p]) / len(near[p]) if near[p] else across[p] for p in layer]
            _spread(layer, wanted, across)
    left = min(across)
    down = {place: row for row, layer in enumerate(layers) for place in layer}
    boxes = [
        (round(across[p] - left + WIDTH / 2, 1), round(down[p] * (HEIGHT + _GAP_Y) + HEIGHT / 2, 1))
        for p in range(count)
    ]
    seen: dict[tuple[int, int], int] = {}
    curves = []
    for edge in edges:
        seen[edge] = seen.get(edge, -1) + 1
        curves.append(_curve(boxes[edge[0]], boxes[edge[1]], 14 * seen[edge]))
    return Layout(boxes, curves)


def _layers(count: int, edges: Edges) -> list[list[int]]:
    """Return the places of each layer."""
    rows = _rows(count, edges)
    layers: list[list[int]] = [[] for _ in range(max(rows) + 1)]
    for place, row in enumerate(rows):
        layers[row].append(place)
    return layers


def _rows(count: int, edges: Edges) -> list[int]:
    """Return the layer of each box: as high as inputs allow, or just above its first use where that is nearer."""
    users: list[list[int]] = [[] for _ in range(count)]
    inputs: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        users[source].append(target)
        inputs[target].append(source)
    row = [0] * count
    for place in range(count):
        row[place] = 1 + max((row[source] for source in inputs[place]), default=-1)
    for place in reversed(range(count)):  # leaves, and what is computed of leaves alone, go along with their uses
        if users[place] and sum(bool(inputs[source]) for source in inputs[place]) <= len(users[place]):
            row[place] = min(row[target] for target in users[place]) - 1
    return row


def _spread(layer: list[int], wanted: list[float], across: list[float]) -> None:
    """Put the boxes of a layer near where they are wanted, in that order and apart from each other."""
    order = sorted(range(len(layer)), key=wanted.__getitem__)
    x = [wanted[i] for i in order]
    step = WIDTH + _GAP_X
    for i in range(1, len(x)):
        x[i] = max(x[i], x[i - 1] + step)
    shift = sum(x[i] - wanted[order[i]] for i in range(len(x))) / len(x)
    for i, at in zip(order, x, strict=True):
        across[layer[i]] = at - shift
    layer[:] = [layer[i] for i in order]


def _curve(start: Point, end: Point, aside: float) -> list[Point]:
    (x0, y0), (x1, y1) = (start[0] + aside, start[1] + HEIGHT / 2), (end[0] + aside, end[1] - HEIGHT / 2)
    bend = (y1 - y0) / 2
    return [(x0, y0), (x0, y0 + bend), (x1, y1 - bend), (x1, y1)]
