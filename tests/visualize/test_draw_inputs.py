"""Drawings of inputs, one box for each array with the name that a program has for it, and of functions as one box."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, draw_graph, player, tensor, watch_calls
from autograd.visualize.graph_reader import GraphReader
from autograd.visualize.picture import Box, Picture
from nn import functional
from tests.player.reading import data_of

X = np.random.default_rng(0).normal(size=(5, 4)).astype("f4")


class Residual(nn.Module):
    """Adds to what it was given, which no gradient needs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, stream: Any) -> Any:
        return self.linear(stream) + stream


def boxes(picture: Picture, kind: str) -> list[Box]:
    return [box for box in picture.boxes if box.kind == kind]


def into(picture: Picture, title: str) -> list[str]:
    """Return the titles of the inputs of a box."""
    (place,) = [place for place, box in enumerate(picture.boxes) if box.title == title]
    return [picture.boxes[source].title for source, target in picture.edges if target == place]


def test_an_input_is_one_box_outside_of_all_frames() -> None:
    model = nn.Sequential(Residual(), nn.ReLU())
    picture = draw_graph(lambda: model(X).sum(), model).picture
    (box,) = boxes(picture, "input")
    assert (box.title, box.lines, box.frame) == ("x", ("(5, 4) float32",), None)
    assert into(picture, "linear") == ["x", "weight", "bias"]
    assert into(picture, "add") == ["linear", "x"]
    assert boxes(picture, "constant") == []


def test_inputs_have_the_names_of_params_then_of_forward_then_of_the_function() -> None:
    block, features, target = Residual(), X, np.ones((5, 4), "f4")

    def names(params: Any) -> list[str]:
        picture = draw_graph(lambda: functional.mse_loss(block(features), target), params).picture
        return [box.title for box in boxes(picture, "input")]

    assert names(block) == names(None) == ["stream", "target"]
    assert names({"given": features}) == ["given", "target"]
    assert names({"wanted": target}) == ["stream", "wanted"]
    assert names({"wanted": tensor(target)}) == ["stream", "target"]  # of a copy
    with watch_calls():
        loss = functional.mse_loss(block(X), target)
    assert [box.title for box in boxes(GraphReader(loss, {}).read(), "input")] == ["stream"]
    assert into(GraphReader(loss, {}).read(), "mse_loss") == ["add", "target"]  # the function's name for it


def test_a_part_of_an_array_is_that_array_unless_it_has_a_name() -> None:
    table = np.arange(12.0).reshape(4, 3)
    w = tensor(np.ones(2), requires_grad=True)
    x, y = table[:, :2], table[:, 2]

    def loss() -> Any:
        return sum(((x[i : i + 2] @ w - y[i : i + 2]) ** 2).sum() for i in (0, 2))

    picture = draw_graph(loss, {"w": w}).picture
    assert sorted(box.title for box in boxes(picture, "input")) == ["x", "y"]
    assert sum(picture.boxes[source].title == "x" for source, _ in picture.edges) == 2


def test_an_input_is_labelled_by_what_was_given(tmp_path: Path) -> None:
    pairs, stars, kinds = np.ones((400, 5), "f4"), np.ones(400, "f4"), np.zeros(400, int)
    model = nn.Linear(5, 3)

    def labels(function: Any) -> dict[str, tuple[str, ...]]:
        return {box.title: box.lines for box in boxes(draw_graph(function, model).picture, "input")}

    def on_page(function: Any) -> dict[str, list[int]]:
        steps = data_of(player(function, tmp_path / "page.html"))["steps"]
        return {step["name"]: step["value"]["shape"] for step in steps if step["kind"] == "input"}

    def classified() -> Any:
        return functional.cross_entropy(model(pairs[:32]), kinds[:32])

    assert labels(classified) == {"x": ("(32, 5) float32",), "kinds": ("(32,) int64 of (400,)",)}
    assert on_page(classified) == {"x": [32, 5], "kinds": [32]}
    assert labels(lambda: model(pairs)[:, 0] - stars[:, None]) == {
        "x": ("(400, 5) float32",),
        "stars": ("(400, 1) float32 of (400,)",),
    }
    w = tensor(np.ones(5), requires_grad=True)
    assert labels(lambda: (pairs @ w * stars).sum()) == {
        "pairs": ("(400, 5) float32",),
        "stars": ("(400,) float32",),
    }

    def batches() -> Any:
        return sum(((pairs[i : i + 8] @ w - stars[i : i + 8]) ** 2).sum() for i in range(0, 32, 8))

    assert labels(batches) == {"pairs": ("(400, 5) float32 in 4 parts",), "stars": ("(400,) float32 in 4 parts",)}
    assert on_page(batches) == {"pairs": [400, 5], "stars": [400]}
    assert labels(lambda: (pairs[0] @ w) * stars[3:4]) == {
        "pairs": ("(5,) float32 of (400, 5)",),
        "stars": ("1 element of (400,)",),
    }


def test_tokens_are_an_input_though_they_are_an_index() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.head = nn.Embedding(10, 4), nn.Linear(4, 3)

        def forward(self, tokens: Any) -> Any:
            return self.head(self.embedding(tokens))

    reader, ids, labels = Reader(), np.arange(6), np.arange(6) % 3
    picture = draw_graph(lambda: functional.cross_entropy(reader(ids), labels), reader).picture
    assert into(picture, "embedding") == ["weight", "tokens"]
    assert into(picture, "cross_entropy") == ["linear", "labels"]
    w = tensor(np.ones((10, 2)), requires_grad=True)
    assert into(draw_graph(lambda: w[ids].sum(), {"w": w}).picture, "getitem") == ["w", "ids"]


def test_tensors_and_values_have_the_names_of_what_was_called() -> None:
    block, x = Residual(), tensor(X, requires_grad=True)
    picture = draw_graph(lambda: block(x).sum(), block).picture
    assert [(box.title, box.frame) for box in boxes(picture, "leaf")] == [("stream", None)]
    a = Value(2.0)
    assert [box.title for box in draw_graph(lambda: a * a).picture.boxes] == ["a", "multiply"]


def test_constants_that_are_used_in_several_places_are_one_box() -> None:
    mask = [np.eye(4, dtype="f4")]  # as a module may hold it

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x) @ mask[0]) @ mask[0]

    masked = Masked()
    with watch_calls():
        loss = masked(X).sum()
    picture = GraphReader(loss, {}).read()
    assert [(box.title, box.frame) for box in boxes(picture, "constant")] == [("constant", 0)]
    assert [picture.boxes[source].title for source, _ in picture.edges].count("constant") == 2


@pytest.mark.parametrize(
    ("layer", "title", "inputs"),
    [
        (nn.BatchNorm1d(4), "batch_norm", ["x", "weight", "bias"]),
        (nn.BatchNorm1d(4).eval(), "batch_norm", ["x", "running_mean", "weight", "bias"]),
        (nn.LayerNorm(4), "layer_norm", ["x", "weight", "bias"]),
        (nn.GroupNorm(2, 4), "group_norm", ["x", "weight", "bias"]),
        (nn.Dropout(0.5), "dropout", ["x"]),
        (nn.GELU(), "gelu", ["x"]),
        (nn.Softmax(-1), "softmax", ["x"]),
    ],
)
def test_a_layer_is_one_box(layer: nn.Module, title: str, inputs: list[str]) -> None:
    x = tensor(X, requires_grad=True)
    picture = draw_graph(lambda: layer(x).sum(), layer).picture
    operations = [box.title for box in picture.boxes if not box.satellite]
    assert operations == [title, "sum"]
    assert sorted(into(picture, title)) == sorted(inputs)
    assert len(picture.frames) == 1


def test_a_function_tells_of_all_that_it_computed() -> None:
    x = tensor(X, requires_grad=True)
    norm = nn.BatchNorm1d(4)

    def lines(*show: str) -> list[str]:
        picture = draw_graph(lambda: norm(x).sum(), norm, show=show).picture
        return list(next(box for box in picture.boxes if box.title == "batch_norm").lines)

    assert lines() == ["(5, 4) float32"]
    assert [line.split()[0] for line in lines("values", "gradients", "kept", "times")] == [
        "(5,",
        "data",
        "grad",
        "keeps",
        "forward",
    ]
    titles = [box.title for box in draw_graph(lambda: norm(x).sum(), norm, show=["rules"]).picture.boxes]
    assert "standardize" in titles  # rules are those of single operations
    assert "batch_norm" not in titles


def test_names_of_operations_are_for_readers() -> None:
    lstm = nn.LSTM(4, 3)
    picture = draw_graph(lambda: lstm(X[:, None])[0].sum(), lstm).picture
    titles = [box.title for box in picture.boxes]
    assert titles.count("LSTM") == 1
    assert titles.count("zeros") == 2  # the states that it begins with
    assert not {"_LSTM", "output_0", "0"} & set(titles)
    x = tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    values: Any
    vectors: Any
    values, vectors = np.linalg.eigh(x)
    picture = GraphReader((values[0] * vectors).sum(), {"x": x}).read()
    assert [box.title for box in picture.boxes if not box.satellite] == ["eigh", "getitem", "multiply", "sum"]
    assert into(picture, "multiply") == ["getitem", "eigh"]
    (root,) = boxes(GraphReader(values, {"x": x}).read(), "result")
    assert root.title == "eigh"


def test_a_drawing_of_a_result_keeps_no_input_alive() -> None:
    block, x = Residual(), X.copy()
    with watch_calls():
        loss = (block(x) * 0.0).sum()
    seen = weakref.ref(x)
    loss.backward()
    gc.disable()
    try:
        del x
        assert seen() is None
    finally:
        gc.enable()
    titles = [box.title for box in GraphReader(loss, {}).read().boxes]
    assert titles.count("stream") == 1  # its name is known all the same
