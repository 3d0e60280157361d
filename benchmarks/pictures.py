"""Pictures of ten models as this package, Graphviz and dagre lay them out: figures, and drawings side by side.

``python -m benchmarks.pictures`` prints a table. ``--images FOLDER`` writes a drawing for each model; ``--before PATH``
adds the layout of another checkout of this package. Graphviz takes part if its program ``dot`` is installed, dagre if
``node`` is and NODE_PATH names a folder in which ``npm install @dagrejs/dagre`` was run.

All lay out the same boxes, frames and edges with the same distances. dagre knows no titles of frames: they are drawn at
the upper left of its frames. Of each drawing are told

* area, in thousands of square points, and width: a page of A4 has 480 points between its margins;
* bends: how far edges turn on their way, in right angles;
* crossings of edges that share no end;
* how many times an edge runs through a box, and how many times through the title of a frame;
* straight: the share of vertical edges among those of chains, from a box with one use to a box with one input, where
  parameters and constants do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter

from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from math import atan2, pi
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import draw_graph
from autograd.visualize import layered
from autograd.visualize.layered import INSET, Point
from autograd.visualize.picture import Picture
from autograd.visualize.satellites import beside_of
from autograd.visualize.shapes import LINE, size_of
from autograd.visualize.style import GRAPH, box_attributes, box_text, frame_title
from autograd.visualize.text_width import width_of

from .drawn_models import MODELS
from .layouts import crossings, run_through

APART, BELOW, FONT = 18.0, 26.0, float(GRAPH["fontsize"])


@dataclass
class Graph:
    """What is laid out."""

    picture: Picture
    sizes: list[Point]
    edges: list[tuple[int, int]]
    within: list[int | None]
    parents: list[int | None]
    titles: list[str]


@dataclass
class Drawing:
    """Where everything went: middles, left-top-right-bottom of frames, left and top of titles, points of edges."""

    boxes: list[Point]
    frames: dict[int, tuple[float, float, float, float]]
    titles: dict[int, Point]
    lines: list[list[Point]] = field(default_factory=list)


def graph_of(name: str) -> Graph:
    """Return the graph of a model, as it is drawn by default."""
    nn.manual_seed(0)
    drawn = MODELS[name]()
    picture = draw_graph(drawn.loss, drawn.model).picture
    return Graph(
        picture,
        [size_of(box_attributes(box), box_text(box)) for box in picture.boxes],
        picture.edges + picture.loops,
        [box.frame for box in picture.boxes],
        [frame.parent for frame in picture.frames],
        [frame_title(frame, picture.frames) for frame in picture.frames],
    )


def followed(curve: list[Point], pieces: int = 8) -> list[Point]:
    """Return points on cubic Bézier curves."""
    found = [curve[0]]
    for i in range(0, len(curve) - 1, 3):
        four = np.array(curve[i : i + 4])
        for t in np.linspace(0, 1, pieces + 1)[1:]:
            x, y = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]) @ four
            found.append((float(x), float(y)))
    return found


def title_size(title: str) -> Point:
    """Return the width and height of the title of a frame."""
    return width_of(title, FONT), FONT * LINE if title else 0.0


# Layouts


def this(graph: Graph) -> Drawing:
    """Lay out with this package."""
    kinds = [box.kind for box in graph.picture.boxes]
    beside = beside_of(kinds, graph.edges, graph.within)
    found = layered.lay_out(
        graph.sizes,
        graph.edges,
        graph.within,
        graph.parents,
        [title_size(title) for title in graph.titles],
        beside=beside,
        weights=_weights(graph),
        apart=APART,
        below=BELOW,
    )
    frames = {i: (x, y, x + w, y + h) for i, frame in enumerate(found.frames) if frame for x, y, w, h in [frame]}
    titles = {i: (frames[i][0] + found.titles[i], frames[i][1] + INSET / 2) for i in frames if graph.titles[i]}
    return Drawing(found.boxes, frames, titles, [followed(curve) for curve in found.curves])


def _weights(graph: Graph) -> list[float]:
    picture = graph.picture
    straight = [1.0 if picture.boxes[source].satellite else 8.0 for source, _ in picture.edges]
    return straight + [0.1] * len(picture.loops)


def before(graph: Graph, checkout: str) -> Drawing:
    """Lay out with another checkout, which may have placed titles at the left of frames and nothing beside boxes."""
    request = [graph.sizes, graph.edges, graph.within, graph.parents, [title_size(t) for t in graph.titles]]
    program = (
        "import json, sys\nfrom autograd.visualize.layered import lay_out\n"
        "*given, weights = json.load(sys.stdin)\n"
        "f = lay_out(*given, weights=weights)\njson.dump([f.boxes, f.frames, f.curves], sys.stdout)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([*request, _weights(graph)]),
        capture_output=True,
        text=True,
        check=True,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": checkout},
    )
    boxes, rectangles, curves = json.loads(run.stdout)
    frames = {i: (x, y, x + w, y + h) for i, frame in enumerate(rectangles) if frame for x, y, w, h in [frame]}
    titles = {i: (frames[i][0] + INSET, frames[i][1] + INSET / 2) for i in frames if graph.titles[i]}
    return Drawing([tuple(box) for box in boxes], frames, titles, [followed(curve) for curve in curves])


def dot(graph: Graph) -> Drawing:
    """Lay out with Graphviz's program, with the options of this package's DOT text."""
    lines = [
        f"digraph {{ nodesep={APART / 72} ranksep={BELOW / 72} ordering=in",
        'node [shape=box fixedsize=true label=""] edge [arrowsize=0.6]',
    ]
    children: dict[int | None, list[int]] = {}
    for frame, parent in enumerate(graph.parents):
        children.setdefault(parent, []).append(frame)

    def write(frame: int | None) -> None:
        if frame is not None:
            title = json.dumps(graph.titles[frame], ensure_ascii=False)
            lines.append(f"subgraph cluster_{frame} {{ margin={INSET} label={title} labeljust=l fontsize={FONT}")
            lines.append('fontname="Helvetica"')
        lines.extend(
            f"n{i} [width={w / 72} height={h / 72}]" for i, (w, h) in enumerate(graph.sizes) if graph.within[i] == frame
        )
        for child in children.get(frame, ()):
            write(child)
        lines.append("}" if frame is not None else "")

    write(None)
    loops = range(len(graph.picture.edges), len(graph.edges))
    for i, ((source, target), weight) in enumerate(zip(graph.edges, _weights(graph), strict=True)):
        free = " constraint=false" if i in loops else ""
        lines.append(f"n{source} -> n{target} [comment={i} weight={max(1, round(weight))}{free}]")
    text = "\n".join([*lines, "}"])
    run = subprocess.run(["dot", "-Tjson0"], input=text, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    height = float(found["bb"].split(",")[3])

    def points(written: str) -> list[Point]:
        numbers = [float(number) for number in written.replace("e,", "").replace(" ", ",").split(",")]
        return [(x, height - y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]

    drawing = Drawing([(0.0, 0.0)] * len(graph.sizes), {}, {}, [[]] * len(graph.edges))
    for thing in found.get("objects", ()):
        if thing["name"].startswith("cluster_"):
            frame = int(thing["name"].removeprefix("cluster_"))
            (left, bottom), (right, top) = points(thing["bb"])
            drawing.frames[frame] = left, top, right, bottom
            if "lp" in thing and graph.titles[frame]:
                ((x, y),), (wide, high) = points(thing["lp"]), title_size(graph.titles[frame])
                drawing.titles[frame] = x - wide / 2, y - high / 2
        elif thing["name"].startswith("n"):
            (drawing.boxes[int(thing["name"][1:])],) = points(thing["pos"])
    for edge in found.get("edges", ()):
        end, *curve = points(edge["pos"])
        drawing.lines[int(edge["comment"])] = [*followed(curve), end]
    return drawing


def dagre(graphs: list[Graph]) -> list[Drawing]:
    """Lay out with dagre, all graphs in one process."""
    requests = [
        {
            "sizes": graph.sizes,
            "edges": graph.edges,
            "within": graph.within,
            "parents": graph.parents,
            "apart": APART,
            "below": BELOW,
        }
        for graph in graphs
    ]
    run = subprocess.run(
        ["node", str(Path(__file__).with_name("dagre.mjs"))],
        input="\n".join(map(json.dumps, requests)),
        capture_output=True,
        text=True,
        check=True,
    )
    drawings = []
    for graph, line in zip(graphs, run.stdout.splitlines(), strict=True):
        found = json.loads(line)
        frames = {
            i: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            for i, frame in enumerate(found["frames"])
            if frame
            for x, y, w, h in [frame]
        }
        titles = {i: (frames[i][0] + INSET, frames[i][1] + INSET / 2) for i in frames if graph.titles[i]}
        lines = [[(x, y) for x, y in points] for points in found["curves"]]
        drawings.append(Drawing([tuple(box) for box in found["boxes"]], frames, titles, lines))
    return drawings


# Figures


@dataclass
class Figures:
    """The figures of a drawing; see the text above."""

    width: float
    height: float
    area: float
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
    ends = np.concatenate([[point for line in drawing.lines for point in line], low, high, frames[:, :2], frames[:, 2:]])
    wide, tall = (ends.max(0) - ends.min(0)).tolist()
    pieces = np.array([(*a, *b) for line in drawing.lines for a, b in pairwise(line)])
    owners = np.array([edge for edge, line in zip(graph.edges, drawing.lines, strict=True) for _ in line[1:]])
    corners = np.array([drawing.titles[i] for i in drawing.titles] or np.empty((0, 2)))
    room = np.array([title_size(graph.titles[i]) for i in drawing.titles] or np.empty((0, 2)))
    none = np.full_like(owners, -1)
    return Figures(
        wide,
        tall,
        wide * tall / 1e3,
        sum(map(turned, drawing.lines)),
        crossings(pieces, owners),
        run_through(pieces, owners, low + 0.5, high - 0.5),
        len({(e, t) for e, t in _titles_met(pieces, drawing, corners + 0.5, corners + room - 0.5)}) if len(none) else 0,
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
        i for i, (source, _) in enumerate(graph.picture.edges) if graph.picture.boxes[source].kind in ("operation", "module")
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
        path = "L".join(f"{x:.0f} {y:.0f}" for x, y in line)
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


def side_by_side(graph: Graph, drawings: dict[str, Drawing]) -> str:
    """Return an SVG with the drawings of a model next to each other."""
    parts, left, high = [], 12.0, 0.0
    for heading, drawing in drawings.items():
        text, width, height = outlined(graph, drawing, heading)
        parts.append(f'<g transform="translate({left:.0f} 8)">{text}</g>')
        left, high = left + width + 40, max(high, height)
    size = f"{left - 28:.0f} {high + 20:.0f}"
    width, height = size.split()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {size}">'
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
    columns = ("area", "bends", "crossings", "boxes", "titles", "straight", "width", "height")
    print(f"{'':34}{''.join(f'{column:>11}' for column in columns)}")
    for i, (name, graph) in enumerate(graphs.items()):
        for engine, drawings in engines.items():
            f = figures(graph, drawings[i])
            told = (f"{f.area:,.0f}", f"{f.bends:,.0f}", f.crossings, f.boxes, f.titles, f"{f.straight:.0%}")
            told = (*told, f"{f.width:,.0f}", f"{f.height:,.0f}")
            print(f"{name:18}{engine:16}{''.join(f'{value:>11}' for value in told)}")
        if given.images:
            given.images.mkdir(parents=True, exist_ok=True)
            file = given.images / f"{name.lower().replace(' ', '-').replace(chr(39), '')}.svg"
            file.write_text(side_by_side(graph, {engine: drawings[i] for engine, drawings in engines.items()}), "utf-8")


if __name__ == "__main__":
    main()
