"""Where the boxes and edges of a graph go: by Graphviz where its program is installed, else in plain layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import graphviz

__all__ = ["HEIGHT", "WIDTH", "Layout", "in_layers", "lay_out"]

WIDTH, HEIGHT = 132, 56  # of a box, in pixels
_GAP_X, _GAP_Y = 28, 48
_SWEEPS = 8
_MOST_PIECES = 8_000  # of edges, one for each layer that they cross; with more, Graphviz takes long and much memory

Edges = Sequence[tuple[int, int]]
Point = tuple[float, float]


@dataclass(slots=True)
class Layout:
    """The middle of each box, and the curve of each edge: points of cubic Bézier curves, one after another."""

    boxes: list[Point]
    curves: list[list[Point]]


def lay_out(count: int, edges: Edges, groups: Sequence[str]) -> Layout:
    """Lay out `count` boxes, which come after those that they depend on, so that edges go down the page.

    Boxes of one group, other than ``""``, stay together. The same graph gives the same layout with the same Graphviz.
    """
    rows = _rows(count, edges)
    if sum(rows[target] - rows[source] for source, target in edges) > _MOST_PIECES:
        return in_layers(count, edges)
    try:
        text = graphviz.Source(_dot(count, edges, groups)).pipe(format="plain", encoding="utf-8", quiet=True)
    except graphviz.ExecutableNotFound:
        return in_layers(count, edges)
    return _read(text, count, edges)


def _dot(count: int, edges: Edges, groups: Sequence[str]) -> str:
    """Write the graph for Graphviz, whose search is cut short: a good layout in seconds, not the best in minutes."""
    lines = [
        "digraph {",
        f"nodesep={_GAP_X / 72} ranksep={_GAP_Y / 72} nslimit=1 nslimit1=1 mclimit=0.3 ordering=in",
        f"node [shape=box fixedsize=true label={chr(34) * 2} width={WIDTH / 72} height={HEIGHT / 72}]",
        "edge [arrowhead=none]",
        *(f"n{place}" for place in range(count)),
    ]
    members: dict[str, list[int]] = {}
    for place, group in enumerate(groups):
        if group:
            members.setdefault(group, []).append(place)
    for number, places in enumerate(members.values()):
        lines.append(f"subgraph cluster_{number} {{ {' '.join(f'n{place}' for place in places)} }}")
    lines += [f"n{source} -> n{target}" for source, target in edges]
    return "\n".join([*lines, "}"])


def _read(text: str, count: int, edges: Edges) -> Layout:
    """Read what Graphviz wrote in its plain format: inches, from the bottom up, edges in any order."""
    boxes: list[Point] = [(0.0, 0.0)] * count
    curves: dict[tuple[int, int], list[list[Point]]] = {}
    height = 0.0
    for line in text.replace("\\\n", "").splitlines():
        word, *rest = line.split()
        if word == "graph":
            height = float(rest[2])
        elif word == "node":
            boxes[int(rest[0][1:])] = _point(rest[1], rest[2], height)
        elif word == "edge":
            numbers = rest[3 : 3 + 2 * int(rest[2])]
            points = [_point(x, y, height) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            curves.setdefault((int(rest[0][1:]), int(rest[1][1:])), []).append(points)
    return Layout(boxes, [curves[edge].pop(0) for edge in edges])


def _point(x: str, y: str, height: float) -> Point:
    return round(float(x) * 72, 1), round((height - float(y)) * 72, 1)


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
    """Return the layer of each box: as high as inputs allow, but what has no input just above its first use."""
    users: list[list[int]] = [[] for _ in range(count)]
    inputs: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        users[source].append(target)
        inputs[target].append(source)
    row = [0] * count
    for place in range(count):
        row[place] = 1 + max((row[source] for source in inputs[place]), default=-1)
    for place in range(count):
        if not inputs[place] and users[place]:
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
