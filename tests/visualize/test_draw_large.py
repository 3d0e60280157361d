"""Drawings of what is large: repetitions drawn once, modules as boxes, and a limit that says what it left out."""

import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, draw_graph, tensor
from autograd.visualize.collapse import collapsed, cut
from autograd.visualize.graph_reader import GraphReader
from autograd.visualize.picture import Box, Frame, Picture
from autograd.visualize.repeats import folded
from nn.scalar import MLP

from ..thorough import draws


def titles(picture: Picture) -> list[str]:
    return [f"{box.title} x{box.times}" if box.times > 1 else box.title for box in picture.boxes]


def recurrent(steps: int) -> tuple[Any, dict[str, Any]]:
    """Return the end of a loop written by hand, and what it uses in every step."""
    rng = np.random.default_rng(0)
    weights = {name: tensor(rng.normal(size=(3, 3)), requires_grad=True) for name in ("W", "U")}
    h: Any = np.zeros((2, 3))
    for x in rng.normal(size=(steps, 2, 3)):
        h = np.tanh(x @ weights["W"] + h @ weights["U"])
    return h.sum(), weights


def test_the_steps_of_a_loop_are_drawn_once() -> None:
    loss, weights = recurrent(50)
    picture = folded(GraphReader(loss, weights).read())
    assert titles(picture) == ["W", "U", "constant", "matmul", "zeros", "matmul", "add", "tanh", "sum"]
    assert picture.edges == [(2, 3), (0, 3), (4, 5), (1, 5), (3, 6), (5, 6), (6, 7), (7, 8)]
    assert picture.loops == [(7, 5)]
    assert picture.frames == [Frame("", "", None, 50)]
    assert [box.frame for box in picture.boxes] == [0] * 8 + [None]


def test_a_chain_is_one_operation_with_its_number() -> None:
    x = Value(0.5)
    for _ in range(1000):
        x = x.sin()
    picture = folded(GraphReader(x, {}).read())
    assert (titles(picture), picture.edges, picture.loops) == (["", "sin x1000"], [(0, 1)], [(1, 1)])
    assert picture.boxes[-1].kind == "result"


def test_neurons_of_a_layer_are_folded_within_each_other() -> None:
    inputs = [Value(float(i)) for i in range(8)]

    def neuron(values: list[Any]) -> Value:
        total = Value(0.0)
        for value in values:
            total = total + Value(0.5) * value
        return total.relu()

    picture = folded(GraphReader(neuron([neuron(inputs) for _ in range(6)]), {}).read())
    times = [frame.times for frame in picture.frames]
    operations = Counter(box.title for box in picture.boxes if not box.satellite)
    assert sorted(times) == [6, 6, 8]
    assert operations == {"multiply": 2, "add": 2, "relu": 2}
    inner = picture.frames[times.index(8)]
    assert inner.parent is not None
    assert picture.frames[inner.parent].times == 6


def test_what_is_connected_in_another_way_is_no_repetition() -> None:
    x = Value(1.0)
    for i in range(12):
        y, z = x.sin(), x.cos()
        x = (y + z) if i % 2 else (y + y)
    picture = folded(GraphReader(x, {}).read())
    assert [frame.times for frame in picture.frames] == [6]
    assert Counter(box.title for box in picture.boxes) == {"": 1, "sin": 2, "cos": 1, "add": 2}


def test_repetitions_end_where_what_follows_is_connected_in_another_way() -> None:
    x = Value(1.0)
    for i in range(12):
        y = x.sin()
        x = y + y if i < 6 else y + x
    assert [frame.times for frame in folded(GraphReader(x, {}).read()).frames] == [6, 6]
    x = Value(1.0)
    for i in range(9):
        y = x.sin()
        x = y + y if i == 0 else y + x
    assert [frame.times for frame in folded(GraphReader(x, {}).read()).frames] == [8]


def test_what_belongs_together_is_repeated_together() -> None:
    output: Any = MLP(2, [16, 16, 1])([Value(0.5), Value(-1.0)])
    picture = folded(GraphReader(output, {}).read())
    assert [frame.times for frame in picture.frames] == [16] * 4
    operations = [(box.title, box.times) for box in picture.boxes if not box.satellite]
    neuron = [("multiply", 1), ("add", 1)]
    assert operations == [*neuron * 2, ("relu", 1), *neuron, ("relu", 1), *neuron]


def test_repetitions_of_repetitions_keep_both_numbers() -> None:
    x = Value(0.5)
    total = Value(0.0)
    for _ in range(5):
        y = x
        for _ in range(10):
            y = y.sin()
        total = total + y.cos()
    picture = folded(GraphReader(total, {}).read())
    assert [frame.times for frame in picture.frames] == [5]
    assert [(box.title, box.times) for box in picture.boxes if not box.satellite] == [
        ("sin", 10),
        ("cos", 1),
        ("add", 1),
    ]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("count", [10, 2000])
def test_many_short_chains_are_folded_in_linear_time(count: int) -> None:
    x = Value(0.5)
    ends = []
    for _ in range(count):
        y = x
        for _ in range(10):
            y = y.sin()
        ends.append(y)
    whole = GraphReader(sum(ends, Value(0.0)), {}).read()
    start = time.process_time()
    picture = folded(whole)
    assert time.process_time() - start < 30  # less than a second; a pass for each chain would take minutes
    operations = [(box.title, box.times) for box in picture.boxes if not box.satellite]
    assert operations[0] == ("sin", 10)
    assert picture.frames[0].times == count


def test_an_input_that_is_used_twice_has_two_edges() -> None:
    x = Value(2.0)
    assert folded(GraphReader(x * x, {}).read()).edges == [(0, 1), (0, 1)]


@pytest.mark.parametrize("alive", [0, 5, None])
def test_a_repetition_is_dead_if_all_are(alive: int | None) -> None:
    boxes = [Box("leaf", "x", ()), *(Box("operation", "sin", (), dead=i != alive) for i in range(12))]
    picture = folded(Picture(boxes, [(i, i + 1) for i in range(12)]))
    assert [box.dead for box in picture.boxes] == [False, alive is None]


def test_other_shapes_are_no_repetition() -> None:
    x: Any = tensor(np.ones((64, 3)), requires_grad=True)
    for _ in range(5):
        x = np.sin(x)[::2]
    assert titles(folded(GraphReader(x.sum(), {}).read())).count("sin") == 5


def test_few_repetitions_are_left_as_they_are() -> None:
    x, y = Value(1.0), Value(2.0)
    picture = GraphReader((x * y + x) * y + x, {}).read()
    again = folded(picture)
    assert (again.boxes, again.edges, again.loops) == (picture.boxes, picture.edges, [])


def test_nan_in_any_repetition_is_seen() -> None:
    x = Value(1.0)
    for i in range(20):
        x = x * 2.0
        if i == 15:
            x.data = float("nan")
    picture = folded(GraphReader(x, {}).read())
    assert any(box.alarm and box.times > 1 for box in picture.boxes)


@draws(50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=40))
def test_folding_keeps_the_parts_in_order_and_counts_every_operation(program: list[tuple[int, int, int]]) -> None:
    values = [Value(0.1), Value(0.2)]
    for kind, back, further in program:
        a, b = values[-min(back, len(values))], values[-min(further, len(values))]
        values.append([a + b, a * b, a.sin()][kind])
    whole = GraphReader(values[-1], {}).read()
    picture = folded(whole)

    def total(boxes: list[Box]) -> int:
        count = 0
        for box in boxes:
            times, frame = box.times, box.frame
            while frame is not None:
                times, frame = times * picture.frames[frame].times, picture.frames[frame].parent
            count += 0 if box.satellite else times
        return count

    assert total(picture.boxes) == sum(not box.satellite for box in whole.boxes)
    assert all(a < b for a, b in picture.edges)
    assert all(a >= b for a, b in picture.loops)
    assert [box.kind for box in picture.boxes].count("result") == (whole.boxes[-1].kind == "result")
    reached = {len(picture.boxes) - 1} | {a for a, _ in picture.edges} | {a for a, _ in picture.loops}
    assert reached == set(range(len(picture.boxes)))  # every box leads on, but the last


def framed() -> Picture:
    """Return two modules within one, and an operation after them."""
    return Picture(
        [
            Box("leaf", "x", (), frame=None),
            Box("parameter", "w", (), frame=1),
            Box("operation", "a", (), frame=1, form="(2,) f8", kept=8),
            Box("operation", "b", (), frame=1, form="(3,) f8", kept=4, alarm=True),
            Box("operation", "c", (), frame=2, form="(4,) f8"),
            Box("result", "d", ()),
        ],
        [(0, 2), (1, 2), (2, 3), (2, 3), (3, 4), (3, 4), (0, 4), (4, 5), (4, 5)],
        [Frame("", "Net", None), Frame("0", "First", 0), Frame("1", "Second", 0)],
    )


def test_inner_modules_become_boxes() -> None:
    picture = collapsed(framed(), 1)
    assert titles(picture) == ["x", "0", "1", "d"]
    assert picture.boxes[1].lines == ("First", "(3,) f8", "2 operations", "1 parameter")
    assert (picture.boxes[1].kind, picture.boxes[1].alarm, picture.boxes[1].kept) == ("module", True, 12)
    assert picture.boxes[2].lines == ("Second", "(4,) f8", "1 operation")
    assert picture.edges == [(0, 1), (1, 2), (0, 2), (2, 3)]
    assert picture.frames == [Frame("", "Net", None)]
    assert [box.frame for box in picture.boxes] == [None, 0, 0, None]


def test_the_outermost_module_becomes_a_box() -> None:
    picture = collapsed(framed(), 0)
    assert titles(picture) == ["x", "Net", "d"]
    assert picture.boxes[1].lines == ("(4,) f8", "3 operations", "1 parameter")
    assert (picture.edges, picture.frames) == ([(0, 1), (1, 2)], [])


def test_a_module_is_dead_if_all_in_it_is_and_the_result_if_that_is_in_it() -> None:
    dead, alive = (Box("operation", "a", (), frame=0, dead=dead) for dead in (True, False))
    result = Box("result", "b", (), frame=1)
    frames = [Frame("0", "First", None), Frame("1", "Second", None)]
    for first in (dead, alive):
        picture = collapsed(Picture([dead, first, result], [(0, 1), (1, 2)], frames), 0)
        assert [(box.kind, box.dead) for box in picture.boxes] == [("module", first is dead), ("result", False)]


def test_more_depth_than_there_is_changes_nothing() -> None:
    assert collapsed(framed(), 2) == framed()


def test_a_limit_leaves_out_what_is_far_from_the_result_and_says_so() -> None:
    picture = cut(framed(), 3)
    assert titles(picture) == ["2 operations, 2 leaves and constants left out", "c", "d"]
    assert picture.edges == [(0, 1), (1, 2), (1, 2)]
    assert picture.boxes[0].alarm
    assert picture.remarks == ["what is farthest from the result was left out: 4 of 6 boxes"]


def test_the_limit_is_said_on_the_picture() -> None:
    x: Any = tensor(np.ones(2), requires_grad=True)
    for i in range(40):
        x = [np.sin, np.cos, np.tanh][(i * i + i // 3) % 3](x) * np.sqrt(x + i)
    picture = draw_graph(x.sum(), max_nodes=10)
    assert picture.source.count("[label=") == 10
    assert "what is farthest from the result was left out" in picture.source
    assert "what is farthest from the result was left out" in picture.mermaid
    assert "left out" not in draw_graph(x.sum(), max_nodes=None).source


@pytest.mark.thorough
def test_a_hundred_thousand_operations_are_drawn_in_linear_time() -> None:
    rng = np.random.default_rng(0)
    x = y = Value(0.5)
    for kind in rng.integers(0, 3, 20_000):
        x, y = (x + y, x) if kind == 0 else (x * y, y) if kind == 1 else (x.sin(), x)
    chain = Value(0.5)
    for _ in range(50_000):
        chain = (chain * 0.5).tanh()
    for result in (x, chain):
        start = time.process_time()
        assert 0 < draw_graph(result).source.count("[label=") <= 401
        assert time.process_time() - start < 60  # some seconds; a quadratic walk would take hours


def test_a_diamond_is_folded_in_linear_time() -> None:
    x: Any = tensor(1.0, requires_grad=True)
    for _ in range(64):
        x = np.sin(x) + np.cos(x)
    picture = draw_graph(x)
    assert "× 64" in picture.source
    assert picture.source.count("->") == 5


def test_bad_options_are_named() -> None:
    x = Value(1.0) + 1
    with pytest.raises(ValueError, match="depth counts levels of modules, so it is 0 or more, not -1"):
        draw_graph(x, depth=-1)
    with pytest.raises(ValueError, match="max_nodes is 2 or more, or None for all; not 1"):
        draw_graph(x, max_nodes=1)
    with pytest.raises(ValueError, match=r"show is a list of some of values, .*; not 'value'"):
        draw_graph(x, show=["value"])
    with pytest.raises(ValueError, match="not 'values'"):
        draw_graph(x, show="values")
