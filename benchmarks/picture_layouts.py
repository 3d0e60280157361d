"""The layouts that `pictures` compares: this package's, another checkout's, Graphviz's and dagre's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import nn
from autograd import draw_graph
from autograd.visualize import layered
from autograd.visualize.layered import INSET, Point
from autograd.visualize.picture import Picture, beside_of
from autograd.visualize.style import GRAPH, box_look, box_text, frame_title
from autograd.visualize.svg import LINE, size_of
from autograd.visualize.text_width import width_of

from .drawn_models import MODELS

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
        [size_of(box_look(box), box_text(box)) for box in picture.boxes],
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
