"""Layouts in layers: boxes and frames stay apart, edges stay out of boxes, and size and depth are no obstacle."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.visualize.layered import Direction, Layout, Point, lay_out, points
from autograd.visualize.layered.order import crossings, put_in_order
from autograd.visualize.layered.points import Level, Link, net_of, rows_of

from ..thorough import draws

Graph = tuple[list[Point], list[tuple[int, int]], list[int | None], list[int | None], dict[int, int]]
DIRECTIONS: list[Direction] = ["TB", "BT", "LR", "RL"]
TITLE = (60.0, 12.0)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw sizes, edges in any direction and several between two boxes, frames around, and what stands beside what."""
    count = draw(st.integers(1, 12))
    sizes = draw(st.lists(st.sampled_from([(20.0, 10.0), (80.0, 30.0), (10.0, 60.0)]), min_size=count, max_size=count))
    box = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(box, box), max_size=16))
    frames = draw(st.integers(0, 4))
    parents = [draw(st.sampled_from([None, *range(frame)])) for frame in range(frames)]
    within = draw(st.lists(st.sampled_from([None, *range(frames)]), min_size=count, max_size=count))
    uses: dict[int, set[int]] = {}
    for source, target in edges:
        uses.setdefault(source, set()).add(target)
    fed = {target for _, target in edges}
    beside = {}
    for source, targets in uses.items():
        target = next(iter(targets))
        if len(targets) == 1 and source not in fed and within[source] == within[target] and draw(st.booleans()):
            beside[source] = target
    return sizes, edges, within, parents, beside


def arranged(graph: Graph, direction: Direction) -> Layout:
    sizes, edges, within, parents, beside = graph
    return lay_out(sizes, edges, within, parents, [TITLE] * len(parents), beside=beside, direction=direction)


def around(frame: int | None, parents: list[int | None]) -> set[int]:
    found = set()
    while frame is not None:
        found.add(frame)
        frame = parents[frame]
    return found


def rectangles(graph: Graph, layout: Layout) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box."""
    return [
        (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        for (x, y), (width, height) in zip(layout.boxes, graph[0], strict=True)
    ]


def followed(curve: list[Point]) -> list[Point]:
    """Return points on a curve."""
    found = []
    for i in range(0, len(curve) - 1, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve[i : i + 4]
        for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            found.append((a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3))
    return found


ROUNDED = 0.25  # places are rounded to a tenth


def apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[2] <= b[0] + ROUNDED or b[2] <= a[0] + ROUNDED or a[3] <= b[1] + ROUNDED or b[3] <= a[1] + ROUNDED


def contains(outer: tuple[float, ...], inner: tuple[float, ...]) -> bool:
    return all(outer[i] <= inner[i] + ROUNDED and inner[i + 2] <= outer[i + 2] + ROUNDED for i in (0, 1))


def check(graph: Graph, layout: Layout) -> None:
    _, edges, within, parents, _ = graph
    boxes = rectangles(graph, layout)
    frames = {
        place: (left, top, left + width, top + height)
        for place, found in enumerate(layout.frames)
        if found
        for left, top, width, height in [found]
    }
    assert set(frames) == {frame for place in within for frame in around(place, parents)}
    whole = (0.0, 0.0, layout.width, layout.height)
    for i, box in enumerate(boxes):
        assert contains(whole, box)
        assert all(apart(box, other) for other in boxes[:i])
        for place, frame in frames.items():
            inside = place in around(within[i], parents)
            assert contains(frame, box) if inside else apart(frame, box)
    titles = {
        place: (
            frame[0] + layout.titles[place],
            frame[1] + 5,
            frame[0] + layout.titles[place] + TITLE[0],
            frame[1] + 17,
        )
        for place, frame in frames.items()
    }
    for place, frame in frames.items():
        assert contains(whole, frame)
        assert contains(frame, titles[place])
        for other in set(frames) - {place}:
            if other in around(place, parents):
                assert contains(frames[other], frame)
            elif place not in around(other, parents):
                assert apart(frame, frames[other])
    for (source, target), curve in zip(edges, layout.curves, strict=True):
        ends = around(within[source], parents) | around(within[target], parents)
        for x, y in followed(curve):
            at = (x, y, x, y)
            assert contains(whole, at)
            assert all(apart(box, at) for box in boxes)  # of its own, an edge touches the border
            assert all(apart(title, at) for title in titles.values())
            assert all(apart(frame, at) for place, frame in frames.items() if place not in ends)
        for (x, y), box in ((curve[0], boxes[source]), (curve[-1], boxes[target])):
            assert contains(box, (x, y, x, y))


@draws(150)
@given(graphs(), st.sampled_from(DIRECTIONS))
def test_boxes_frames_and_edges_stay_out_of_each_other(graph: Graph, direction: Direction) -> None:
    layout = arranged(graph, direction)
    check(graph, layout)
    assert arranged(graph, direction) == layout


@draws(60)
@given(graphs(), st.sampled_from(DIRECTIONS))
def test_edges_that_would_pass_too_many_layers_go_around(graph: Graph, direction: Direction) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(points, "MOST_PASSED", 1)
        check(graph, arranged(graph, direction))


@given(graphs(), st.sampled_from(DIRECTIONS))
def test_the_direction_in_which_edges_lead(graph: Graph, direction: Direction) -> None:
    sizes, edges, *_ = graph
    edges = [(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]]
    layout = lay_out(sizes, edges, direction=direction)
    axis, sign = {"TB": (1, 1), "BT": (1, -1), "LR": (0, 1), "RL": (0, -1)}[direction]
    for source, target in edges:
        between = (sizes[source][axis] + sizes[target][axis]) / 2
        assert sign * (layout.boxes[target][axis] - layout.boxes[source][axis]) > between


def test_parallel_edges_differ() -> None:
    for edges in ([(0, 1), (0, 1), (0, 1)], [(0, 1), (1, 0)]):
        curves = lay_out([(60, 20)] * 2, edges).curves
        assert len({tuple(sorted(curve)) for curve in curves}) == len(edges)


def test_a_chain_is_straight() -> None:
    layout = lay_out([(50, 20), (30, 10), (70, 40)], [(0, 1), (1, 2)], [None, 0, 1], [None, 0], [(10, 12)] * 2)
    assert {x for curve in layout.curves for x, _ in curve} == {layout.boxes[0][0]}
    assert {x for x, _ in layout.boxes} == {layout.boxes[0][0]}


def test_a_chain_is_straight_whatever_stands_beside_it() -> None:
    sizes = [(50.0, 20.0), (90.0, 30.0), (30.0, 10.0), (40.0, 10.0), (70.0, 40.0), (60.0, 20.0)]
    edges = [(0, 2), (1, 2), (2, 4), (3, 4), (4, 5)]
    for direction, axis in (("TB", 0), ("BT", 0), ("LR", 1), ("RL", 1)):
        layout = lay_out(
            sizes,
            edges,
            [None, 0, 0, 1, 1, None],
            [None, None],
            [(200.0, 12.0), (20.0, 12.0)],
            beside={1: 2, 3: 4},
            direction=direction,  # type: ignore[arg-type]  # one of the four
        )
        assert len({layout.boxes[box][axis] for box in (0, 2, 4, 5)}) == 1
        assert len({point[axis] for edge in (0, 2, 4) for point in layout.curves[edge]}) == 1
        assert layout.boxes[1][axis] > layout.boxes[2][axis] + 30


def test_high_items_with_a_choice_stand_next_to_each_other() -> None:
    heights = [10.0, 90.0, 10.0, 10.0, 80.0, 10.0]
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(3, 5), Link(0, 4), Link(4, 5)]
    level = Level([(10.0, height) for height in heights], links)
    assert rows_of(level) == [0, 1, 2, 3, 3, 4]
    assert points.even_rows(level, rows_of(level)) == [0, 1, 2, 3, 1, 4]


def test_what_enters_a_frame_from_one_box_enters_it_once() -> None:
    layout = lay_out([(50, 20)] * 3, [(0, 1), (0, 2)], [None, 0, 0], [None], [TITLE])
    frame = layout.frames[0]
    assert frame is not None
    assert len({x for curve in layout.curves for x, y in curve if y == frame[1]}) == 1


def test_inputs_stand_just_above_what_uses_them() -> None:
    chain, branch = [Link(0, 1), Link(1, 2), Link(2, 5)], [Link(3, 4), Link(4, 5)]
    assert rows_of(Level([(10.0, 10.0)] * 6, chain + branch)) == [0, 1, 2, 1, 2, 3]


def test_crossings_are_counted_and_avoided() -> None:
    complete = Level([(10.0, 10.0)] * 6, [Link(source, target) for source in range(3) for target in range(3, 6)])
    assert crossings(net_of(complete, rows_of(complete))) == 9
    twisted = Level([(10.0, 10.0)] * 6, [Link(source, 5 - source) for source in range(3)])
    net = net_of(twisted, rows_of(twisted))
    assert crossings(net) == 3
    put_in_order(net)
    assert crossings(net) == 0


def test_a_box_alone_and_one_with_an_edge_to_itself() -> None:
    alone = lay_out([(40.0, 20.0)], [])
    assert (alone.boxes, alone.width, alone.height) == ([(20.0, 10.0)], 40.0, 20.0)
    looped = lay_out([(40.0, 20.0)], [(0, 0)])
    assert all(x >= looped.boxes[0][0] + 20 for x, _ in looped.curves[0])


@pytest.mark.thorough
def test_depth_does_not_recurse_and_time_is_linear() -> None:
    started = time.process_time()
    deep = 100_000
    layout = lay_out([(20, 10)] * deep, [(i, i + 1) for i in range(deep - 1)])
    assert len({x for x, _ in layout.boxes}) == 1
    nested = 2_000
    layout = lay_out([(20, 10)] * 2, [(0, 1)], [None, nested - 1], [None, *range(nested - 1)], [TITLE] * nested)
    assert sum(frame is not None for frame in layout.frames) == nested
    wide = 10_000
    layout = lay_out([(20, 10)] * wide, [(i, wide - 1) for i in range(wide - 1)] + [(0, i) for i in range(1, wide - 1)])
    assert len(layout.curves) == 2 * wide - 3
    assert time.process_time() - started < 90  # a tenth of it here; a quadratic layout would take hours
