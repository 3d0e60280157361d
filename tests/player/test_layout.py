"""Where boxes, frames and edges go, for every size of a graph and every depth of its modules."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from autograd import Value, player, tensor
from autograd.graph.node import LEAF
from autograd.visualize.picture import Frame, Kind, beside_of
from autograd.visualize.player import layout as layouts
from autograd.visualize.player.layout import depths
from autograd.visualize.player.playback import folded

from ..thorough import draws
from .programs import computed, programs
from .reading import data_of, gradient_of, played


def doubled(times: int) -> Value:
    x = Value(1.0)
    for _ in range(times):
        x = x + x
    return x


def test_sixty_four_doublings_are_sixty_five_steps(tmp_path: Path) -> None:
    data = data_of(player(doubled(64), tmp_path / "page.html"))
    assert len(data["steps"]) == 65
    assert len(data["edges"]) == 128
    assert data["steps"][0]["gradient"]["number"] == str(2.0**64)


def test_the_beginning_of_a_deep_graph_is_one_step(tmp_path: Path) -> None:
    x, factor = Value(1.0), Value(1.0)
    y = x
    for _ in range(10_000):
        y = y * factor
    data = data_of(player(y, tmp_path / "page.html", params={"factor": factor}))
    kinds = [step["kind"] for step in data["steps"]]
    assert kinds == ["leaf", "folded", *["operation"] * 2499, "result"]
    into = [edge for edge in data["edges"] if edge["from"] == 0]
    assert len(into) == 2501
    assert into[-1]["sum"] == data["steps"][0]["gradient"]["number"] == 10_000.0
    assert into[-1]["to"] == 1


def test_folding_keeps_the_sums() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y: Any = x
    for _ in range(20):
        y = np.tanh(y) * x
    whole = played(y.sum())
    part = folded(whole, 7)
    assert len(part.steps) == 9
    assert part.steps[1].folded == 34
    parts = [edge.contribution for edge in part.edges if edge.source == 0]
    np.testing.assert_allclose(sum(parts), gradient_of(whole, x._node), rtol=1e-13)
    assert all(edge.source < edge.target for edge in part.edges)
    assert folded(whole, 100) is whole


@draws(50)
@given(programs())
def test_layers_go_down_and_boxes_stay_apart(program: list[tuple[int, int, int]]) -> None:
    recording = played(computed(program, [Value(0.5), Value(-1.25)]))
    edges = [(edge.source, edge.target) for edge in recording.edges]
    kinds: list[Kind] = ["leaf" if step.node.op is LEAF else "operation" for step in recording.steps]
    beside = beside_of(kinds, edges, [None] * len(kinds))
    found, _ = layouts.lay_out(kinds, edges)
    for i, (x, y) in enumerate(found.boxes):
        for other_x, other_y in found.boxes[:i]:
            assert abs(x - other_x) >= layouts.WIDTH or abs(y - other_y) >= layouts.HEIGHT
    for (source, target), curve in zip(edges, found.curves, strict=True):  # boxes and points are rounded, each to 0.1
        (x, y), (to_x, to_y) = found.boxes[source], found.boxes[target]
        if source in beside:
            assert curve[0][0] == pytest.approx(x - layouts.WIDTH / 2, abs=0.11)
            assert curve[-1][0] == pytest.approx(to_x + layouts.WIDTH / 2, abs=0.11)
        else:
            assert to_y - y >= layouts.HEIGHT
            assert curve[0][1] == pytest.approx(y + layouts.HEIGHT / 2, abs=0.11)
            assert curve[-1][1] == pytest.approx(to_y - layouts.HEIGHT / 2, abs=0.11)


def test_no_program_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    edges, kinds = [(0, 2), (1, 2), (2, 3), (2, 3)], operations(4)
    there = layouts.lay_out(kinds, edges)
    monkeypatch.setenv("PATH", "")
    assert layouts.lay_out(kinds, edges) == there


def test_two_edges_between_two_boxes_are_two_curves() -> None:
    inputs: list[Kind] = ["leaf", "operation"]
    for kinds in (operations(2), inputs):
        first, second = layouts.lay_out(kinds, [(0, 1), (0, 1)])[0].curves
        assert first != second


def test_one_box_is_a_layout() -> None:
    assert layouts.lay_out(["operation"], [])[0].boxes == [(layouts.WIDTH / 2, layouts.HEIGHT / 2)]


def test_parameters_stand_beside_what_uses_them_and_leave_the_column_straight() -> None:
    kinds: list[Kind] = ["input", "parameter", "parameter", "operation", "operation", "result"]
    found, _ = layouts.lay_out(kinds, [(0, 3), (1, 3), (2, 3), (3, 4), (4, 5)])
    assert len({found.boxes[box][0] for box in (0, 3, 4, 5)}) == 1
    assert {found.boxes[box][0] - found.boxes[3][0] for box in (1, 2)} == {layouts.WIDTH + 66}


# A chain of six steps: the inner four in a module, of them the inner two in another within it.
CHAIN = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
WITHIN = [None, 0, 1, 1, 0, None]
FRAMES = [Frame("outer", "Outer", None), Frame("outer.inner", "Inner", 0)]


def operations(count: int) -> list[Kind]:
    return ["operation"] * count


def surrounds(outer: tuple[float, ...], inner: tuple[float, ...]) -> bool:
    return outer[0] < inner[0] and outer[1] < inner[1] and outer[2] > inner[2] and outer[3] > inner[3]


def test_frames_are_around_what_stands_in_them() -> None:
    found, around = layouts.lay_out(operations(6), CHAIN, WITHIN, FRAMES, ["outer", "inner"])
    boxes = [(x - layouts.WIDTH / 2, y - layouts.HEIGHT / 2, x + layouts.WIDTH / 2, y + 28) for x, y in found.boxes]
    assert surrounds(around[0], around[1])
    assert [surrounds(around[0], box) for box in boxes] == [False, True, True, True, True, False]
    assert [surrounds(around[1], box) for box in boxes] == [False, False, True, True, False, False]


def test_frames_beside_each_other_stay_apart() -> None:
    frames = [Frame("left", "Left", None), Frame("right", "Right", None)]
    edges = [(0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5)]
    _, around = layouts.lay_out(operations(6), edges, [None, 0, 1, 0, 1, None], frames)
    left, right = sorted(around.values())
    assert left[2] <= right[0]


def test_every_depth_has_a_layout_of_its_own() -> None:
    found = depths(operations(6), WITHIN, CHAIN, FRAMES)
    assert [[place for place, *_ in layout["steps"]] for layout in found] == [[0, 5], [0, 1, 4, 5], [*range(6)]]
    assert [[place for place, *_ in layout["modules"]] for layout in found] == [[0], [1], []]
    assert [[place for place, *_ in layout["frames"]] for layout in found] == [[], [0], [0, 1]]
    assert [layout["lines"] for layout in found] == [[0, -1, -1, -1, 1], [0, 1, -1, 2, 3], [0, 1, 2, 3, 4]]
    heights = [max(y for _, _, y in (*layout["steps"], *layout["modules"])) for layout in found]
    assert heights[0] < heights[1] < heights[2]  # nothing was squeezed out of the layout of all


def test_edges_of_a_module_are_drawn_once_and_those_of_steps_each() -> None:
    frames = [Frame("m", "M", None)]
    closed, opened = depths(operations(3), [None, 0, 0], [(0, 1), (0, 2), (1, 2), (1, 2)], frames)
    assert closed["lines"] == [0, 0, -1, -1]
    assert opened["lines"] == [0, 1, 2, 3]


def test_a_leaf_of_very_many_uses_pushes_nothing_apart() -> None:
    chain = [(place, place + 1) for place in range(1, 20)]
    uses = [(0, place) for place in range(20, 1, -1)]
    (layout,) = depths(operations(21), [None] * 21, [*chain, *uses], [])
    assert layout["lines"] == [*range(19), *[-1] * 18, 19]  # the last in a walk back is the first that is computed
    across = {x for place, x, _ in layout["steps"] if place}
    assert max(across) - min(across) < layouts.WIDTH
