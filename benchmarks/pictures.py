"""Pictures of ten models as this package, Graphviz and dagre lay them out: figures, and drawings side by side.

``python -m benchmarks.pictures`` prints a table. ``--images FOLDER`` writes a drawing for each model; ``--before PATH``
adds the layout of another checkout of this package. Graphviz takes part if its program ``dot`` is installed, dagre if
``node`` is and NODE_PATH names a folder in which ``npm install @dagrejs/dagre`` was run.

All lay out the same boxes, frames and edges with the same distances. dagre knows no titles of frames: they are drawn at
the upper left of its frames. Of each drawing are told

* area, in thousands of square points; width and height in points;
* text: the size in points of its titles, of 11, where the picture is as wide as a page of A4, which has 480 points
  between its margins;
* bends: how far edges turn on their way, in right angles;
* crossings of edges that share no end;
* how many times an edge runs through a box, and how many times through the title of a frame;
* straight: the share of vertical edges among those of chains, from a box with one use to a box with one input, where
  parameters and constants do not count.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import atan2, pi
from pathlib import Path
from typing import Any

import numpy as np

from autograd.visualize.layered import Point
from autograd.visualize.style import box_attributes
from autograd.visualize.text_width import width_of

from .drawn_models import MODELS
from .layouts import crossings, run_through
from .picture_layouts import Drawing, Graph, before, dagre, dot, graph_of, this, title_size

_PAGE = 480.0


@dataclass
class Figures:
    """The figures of a drawing; see the text above."""

    width: float
    height: float
    area: float
    text: float
    bends: float
    crossings: int
    boxes: int
    titles: int
    straight: float


def figures(graph: Graph, drawing: Drawing) -> Figures:
    """Measure a drawing."""
    middles, halves = np.array(drawing.boxes), np.array(graph.sizes) / 2
    low, high = middles - halves, middles + halves
    frames = np.array([*drawing.frames.values()] or np.empty((0, 4)))
    ends = np.concatenate(
        [[point for line in drawing.lines for point in line], low, high, frames[:, :2], frames[:, 2:]]
    )
    wide, tall = (ends.max(0) - ends.min(0)).tolist()
    pieces = np.array([(*a, *b) for line in drawing.lines for a, b in pairwise(line)])
    owners = np.array([edge for edge, line in zip(graph.edges, drawing.lines, strict=True) for _ in line[1:]])
    corners = np.array([drawing.titles[i] for i in drawing.titles] or np.empty((0, 2)))
    room = np.array([title_size(graph.titles[i]) for i in drawing.titles] or np.empty((0, 2)))
    return Figures(
        wide,
        tall,
        wide * tall / 1e3,
        11 * min(1.0, _PAGE / wide),
        sum(map(turned, drawing.lines)),
        crossings(pieces, owners),
        run_through(pieces, owners, low + 0.5, high - 0.5),
        len(set(_titles_met(pieces, drawing, corners + 0.5, corners + room - 0.5))),
        straightness(graph, drawing),
    )


def _titles_met(pieces: Any, drawing: Drawing, low: Any, high: Any) -> list[tuple[int, int]]:
    owner = [edge for edge, line in enumerate(drawing.lines) for _ in line[1:]]
    at = np.linspace(0, 1, 33)[:, None]
    found = []
    for edge, piece in zip(owner, pieces, strict=True):
        points = piece[:2] + at * (piece[2:] - piece[:2])
        inside = ((points[:, None] > low) & (points[:, None] < high)).all(2).any(0)
        found += [(edge, int(title)) for title in np.flatnonzero(inside)]
    return found


def turned(line: list[Point]) -> float:
    """Return how far a line turns, in right angles."""
    angles = [atan2(y1 - y0, x1 - x0) for (x0, y0), (x1, y1) in pairwise(line) if abs(x1 - x0) + abs(y1 - y0) > 0.2]
    return sum(abs((b - a + pi) % (2 * pi) - pi) for a, b in pairwise(angles)) / (pi / 2)


def straightness(graph: Graph, drawing: Drawing) -> float:
    """Return the share of vertical edges among those of chains."""
    main = [
        i
        for i, (source, _) in enumerate(graph.picture.edges)
        if graph.picture.boxes[source].kind in ("operation", "module")
    ]
    uses = Counter(graph.edges[i][0] for i in main)
    inputs = Counter(graph.edges[i][1] for i in main)
    chain = [i for i in main if uses[graph.edges[i][0]] == 1 and inputs[graph.edges[i][1]] == 1]
    vertical = sum(np.ptp([x for x, _ in drawing.lines[i]]) < 0.3 for i in chain)
    return vertical / len(chain) if chain else 1.0


# Drawings


def outlined(graph: Graph, drawing: Drawing, heading: str) -> tuple[str, float, float]:
    """Return a drawing as outlines, with its width and its height."""
    points = [point for line in drawing.lines for point in line]
    points += [(x - w / 2, y - h / 2) for (x, y), (w, h) in zip(drawing.boxes, graph.sizes, strict=True)]
    points += [(x + w / 2, y + h / 2) for (x, y), (w, h) in zip(drawing.boxes, graph.sizes, strict=True)]
    points += [corner for x0, y0, x1, y1 in drawing.frames.values() for corner in ((x0, y0), (x1, y1))]
    (x0, y0), (x1, y1) = np.min(points, axis=0), np.max(points, axis=0)
    parts = [f'<text x="0" y="14" font-size="14" font-weight="bold">{escape(heading)}</text>']
    parts.append(f'<g transform="translate({-x0:.1f} {24 - y0:.1f})">')
    for left, top, right, bottom in drawing.frames.values():
        size = f'width="{right - left:.0f}" height="{bottom - top:.0f}"'
        parts.append(f'<rect class="frame" x="{left:.0f}" y="{top:.0f}" {size} rx="6"/>')
    for line in drawing.lines:
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in _corners(line))
        parts.append(f'<path class="edge" d="M{path}"/>')
    for box, (x, y), (w, h) in zip(graph.picture.boxes, drawing.boxes, graph.sizes, strict=True):
        kind = box_attributes(box)
        fill, stroke = kind.get("fillcolor", "white"), kind.get("color", "#9ca3af")
        if box.kind != "constant":
            parts.append(
                f'<rect x="{x - w / 2:.0f}" y="{y - h / 2:.0f}" width="{w:.0f}" height="{h:.0f}" rx="4" fill="{fill}" '
                f'stroke="{stroke}"/>'
            )
        parts.append(f'<text class="box" x="{x:.0f}" y="{y + 4:.0f}">{escape(box.title)}</text>')
    for frame, (x, y) in drawing.titles.items():
        parts.append(f'<text class="title" x="{x:.0f}" y="{y + 9:.0f}">{escape(graph.titles[frame])}</text>')
    return "".join([*parts, "</g>"]), max(x1 - x0, width_of(heading, 14, True)), y1 - y0 + 24


STYLE = (
    "text{font-family:Helvetica,Arial,sans-serif;fill:#1f2937}.box{font-size:11px;text-anchor:middle}"
    ".title{font-size:10px;fill:#6b7280}.frame{fill:#eef2f7;fill-opacity:.6;stroke:#cbd5e1}"
    ".edge{fill:none;stroke:#9ca3af}"
)


def _corners(line: list[Point]) -> list[Point]:
    """Return a line without the points on which it does not turn."""
    inner = [b for a, b, c in zip(line, line[1:], line[2:], strict=False) if turned([a, b, c]) > 0.02]
    return [line[0], *inner, line[-1]]


def side_by_side(graph: Graph, drawings: dict[str, Drawing]) -> str:
    """Return an SVG with the drawings of a model next to each other."""
    parts, left, high = [], 12.0, 0.0
    for heading, drawing in drawings.items():
        text, width, height = outlined(graph, drawing, heading)
        parts.append(f'<g transform="translate({left:.0f} 8)">{text}</g>')
        left, high = left + width + 40, max(high, height)
    across, down = f"{left - 28:.0f}", f"{high + 20:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}">'
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'
    )


def main() -> None:
    """Print the table, and write the drawings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--images", type=Path, help="the folder for drawings side by side")
    parser.add_argument("--before", help="another checkout of this package")
    given = parser.parse_args()
    graphs = {name: graph_of(name) for name in MODELS}
    engines: dict[str, list[Drawing]] = {"this package": [this(graph) for graph in graphs.values()]}
    if given.before:
        engines = {"before": [before(graph, given.before) for graph in graphs.values()], **engines}
    if shutil.which("dot"):
        engines["Graphviz"] = [dot(graph) for graph in graphs.values()]
    if shutil.which("node") and os.environ.get("NODE_PATH"):
        engines["dagre"] = dagre([*graphs.values()])
    columns = ("area", "bends", "crossings", "boxes", "titles", "straight", "width", "height", "text")
    print(f"{'':34}{''.join(f'{column:>11}' for column in columns)}")
    for i, (name, graph) in enumerate(graphs.items()):
        for engine, drawings in engines.items():
            f = figures(graph, drawings[i])
            sums = (f"{f.area:,.0f}", f"{f.bends:,.0f}", f.crossings, f.boxes, f.titles, f"{f.straight:.0%}")
            told = (*sums, f"{f.width:,.0f}", f"{f.height:,.0f}", f"{f.text:.1f}")
            print(f"{name:18}{engine:16}{''.join(f'{value:>11}' for value in told)}")
        if given.images:
            given.images.mkdir(parents=True, exist_ok=True)
            file = given.images / f"{name.lower().replace(' ', '-').replace(chr(39), '')}.svg"
            file.write_text(side_by_side(graph, {engine: drawings[i] for engine, drawings in engines.items()}), "utf-8")


if __name__ == "__main__":
    main()
