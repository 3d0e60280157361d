"""Modules on the page, as data, and the page of a drawing."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, Value, draw_graph, player, tensor, watch_calls

from .reading import data_of

X = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))


def frames_of(data: Any) -> list[tuple[str, str, int | None]]:
    return [(frame["name"], frame["what"], frame["parent"]) for frame in data["frames"]]


FRAMES = [
    ("Sequential", "", None),
    ("0", "Linear", 0),
    ("1", "Sequential", 0),
    ("0", "Tanh", 2),
    ("1", "Linear", 2),
]


def test_modules_stand_within_each_other_named_as_in_named_modules(tmp_path: Path) -> None:
    model = network()
    data = data_of(player(lambda x: model(x).sum(), tmp_path / "page.html", X, params=model))
    assert frames_of(data) == FRAMES
    assert [frame["path"] for frame in data["frames"]] == ["", "0", "1", "1.0", "1.1"]
    assert (data["steps"][0]["kind"], data["steps"][0]["name"]) == ("input", "x")
    assert "frame" not in data["steps"][0]
    assert [(step.get("path"), step["name"], step["frame"]) for step in data["steps"][1:5]] == [
        ("0.weight", "weight", 1),
        ("0.bias", "bias", 1),
        ("1.1.weight", "weight", 4),
        ("1.1.bias", "bias", 4),
    ]
    assert [(step["op"], step.get("frame")) for step in data["steps"][5:]] == [
        ("linear", 1),
        ("tanh", 3),
        ("linear", 4),
        ("sum", None),
    ]
    assert len(data["layouts"]) == 4


def test_a_function_needs_no_model_for_names(tmp_path: Path) -> None:
    model = network()
    one = np.ones((5, 2), "f4")
    for function in (model, lambda x: model(x) * 1.0):
        data = data_of(player(function, tmp_path / "page.html", X, gradient=one))
        assert frames_of(data) == FRAMES
        assert [step["path"] for step in data["steps"][1:5]] == ["0.weight", "0.bias", "1.1.weight", "1.1.bias"]


def test_an_input_stands_outside_of_the_module_that_uses_it(tmp_path: Path) -> None:
    model, x = nn.Linear(4, 2), Tensor(X, requires_grad=True)
    data = data_of(player(lambda x: model(x).sum(), tmp_path / "page.html", x))
    assert {step["name"]: step.get("frame") for step in data["steps"] if step["kind"] == "leaf"} == {
        "x": None,
        "weight": 0,
        "bias": 0,
    }


def test_an_array_that_is_used_twice_is_one_input(tmp_path: Path) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, tokens: Any) -> Any:
            return self.linear(tokens) + tokens[:, ::-1]

    block, scale = Block(), np.full((5, 4), 2.0, "f4")
    data = data_of(player(lambda: (block(X) * scale).sum(), tmp_path / "page.html", params={"factor": scale}))
    inputs = [(step["name"], step["kind"], step["type"], step.get("frame")) for step in data["steps"][:2]]
    assert inputs == [("tokens", "input", "(5, 4) float32", None), ("factor", "input", "(5, 4) float32", None)]
    names = [step["name"] or step["op"] for step in data["steps"]]
    feeds = [(names[feed["from"]], names[feed["to"]], feed["input"]) for feed in data["feeds"]]
    assert feeds == [("tokens", "linear", 0), ("tokens", "add", 1), ("factor", "multiply", 1)]
    assert "gradient" not in data["steps"][0]
    assert not {0, 1} & {edge["from"] for edge in data["edges"]}


def test_an_index_is_an_input(tmp_path: Path) -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 3)

        def forward(self, tokens: Any) -> Any:
            return self.embedding(tokens)

    reader = Reader()
    one = np.ones((4, 3), "f4")
    for function, name in ((reader, "tokens"), (lambda ids: reader(ids), "ids")):
        data = data_of(player(function, tmp_path / "page.html", np.arange(4), gradient=one))
        assert [(step["name"], step["kind"]) for step in data["steps"][:2]] == [(name, "input"), ("weight", "leaf")]
        assert [(feed["from"], feed["input"]) for feed in data["feeds"]] == [(0, -1)]


def test_calls_of_one_module_are_counted(tmp_path: Path) -> None:
    layer = nn.Linear(4, 4)
    data = data_of(player(lambda x: layer(layer(x)).sum(), tmp_path / "page.html", X, params=layer))
    assert frames_of(data) == [("Linear #1", "", None), ("Linear #2", "", None)]
    assert [step.get("frame") for step in data["steps"]] == [None, None, None, 0, 1, None]


def test_outputs_of_one_operation_stand_in_its_frame(tmp_path: Path) -> None:
    class Spread(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.linalg.eigh(x)[0].sum()

    x = tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    data = data_of(player(Spread(), tmp_path / "page.html", x))
    assert [(step["op"], step.get("frame")) for step in data["steps"]] == [
        ("leaf", None),
        ("eigh", 0),
        ("eigh[0]", 0),
        ("sum", 0),
    ]


# The page of a drawing


def test_a_drawing_writes_the_page_of_what_it_draws(tmp_path: Path) -> None:
    a, b = Value(2.0), Value(-3.0)
    result, names = (a * b + a).tanh(), {"a": a, "b": b}
    drawn = draw_graph(result, names).to_html(tmp_path / "drawn.html")
    assert drawn == tmp_path / "drawn.html"
    assert drawn.read_bytes() == player(result, tmp_path / "played.html", params=names).read_bytes()
    draw_graph(result, names).copy().write(tmp_path / "written.html")
    assert (tmp_path / "written.html").read_bytes() == drawn.read_bytes()


def test_a_drawing_of_a_function_calls_it_again_for_all_values(tmp_path: Path) -> None:
    model = network()
    data = data_of(draw_graph(lambda: model(X).sum(), model, depth=1).to_html(tmp_path / "page.html"))
    assert frames_of(data) == FRAMES
    assert all("value" in step and step["known"] for step in data["steps"])
    assert data["depth"] == 1


def test_a_drawing_within_watch_calls_has_modules_too(tmp_path: Path) -> None:
    model = network()
    with watch_calls():
        loss = model(X).sum()
    data = data_of(draw_graph(loss, model).to_html(tmp_path / "page.html"))
    assert frames_of(data) == FRAMES
    assert data["steps"][1]["path"] == "0.weight"


def test_a_drawing_takes_the_gradient_of_a_result_of_several_elements(tmp_path: Path) -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    picture = draw_graph(x * x, {"x": x})
    with pytest.raises(GraphError, match="needs one element"):
        picture.to_html(tmp_path / "page.html")
    data = data_of(picture.to_html(tmp_path / "page.html", gradient=[1.0, 10.0]))
    assert data["steps"][0]["gradient"]["all"] == [2.0, 40.0]


def test_a_drawing_keeps_its_graph_alive_and_says_when_it_was_freed(tmp_path: Path) -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y: Any = np.exp(x)
    array = weakref.ref(y.numpy())
    picture = draw_graph(y.sum(), {"x": x})
    del y
    assert array() is not None
    picture.to_html(tmp_path / "page.html")  # of a result that nobody else holds
    gc.disable()
    try:
        del picture
        assert array() is None  # by counting references alone
    finally:
        gc.enable()
    loss = (x * x).sum()
    picture = draw_graph(loss, {"x": x})
    loss.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        picture.to_html(tmp_path / "late.html")
    assert not (tmp_path / "late.html").exists()
