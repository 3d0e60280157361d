"""A function that fails is drawn and played up to there, with what failed marked; the error is raised as it was."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
from autograd import ShapeError, Value, draw_graph, player
from tests.player.reading import data_of


class Block(nn.Module):
    """Its second layer expects five features, and the first gives six."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 6), nn.Linear(5, 3)

    def forward(self, features: Any) -> Any:
        return self.b(np.tanh(self.a(features)))


X = np.ones((3, 4), np.float32)
Y = np.zeros((7, 4))


def failed(function: Any, **options: Any) -> tuple[Any, BaseException]:
    with pytest.raises(Exception) as caught:
        draw_graph(function, **options)
    return caught.value.picture.picture, caught.value  # type: ignore[attr-defined]


def inputs_of(picture: Any, box: Any) -> list[str]:
    index = picture.boxes.index(box)
    return [picture.boxes[source].title for source, target in picture.edges if target == index]


def test_a_layer_that_fails_stands_in_its_module() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Block())
    picture, error = failed(lambda: model(X).sum())
    assert isinstance(error, ShapeError)
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert box.title == "✗ linear"
    assert picture.frames[box.frame].path == "1.b"
    assert " ".join(box.lines).startswith("ShapeError: layer 1, Block: 'linear' cannot combine")
    assert "test_failures.py" in box.where
    assert inputs_of(picture, box) == ["tanh", "weight", "bias"]
    assert [box.title for box in picture.boxes if box.kind == "operation"] == ["linear", "linear", "tanh"]
    assert "error.picture" in error.__notes__[0]


@pytest.mark.parametrize(("depth", "title"), [(0, "✗ Sequential"), (1, "✗ 1"), (2, "✗ 1.b")])
def test_a_module_in_one_box_says_what_failed_in_it(depth: int, title: str) -> None:
    model = nn.Sequential(nn.Linear(4, 4), Block())
    picture, _ = failed(lambda: model(X).sum(), depth=depth)
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert box.title == title
    assert "ShapeError" in " ".join(box.lines)


def test_what_the_program_itself_raises() -> None:
    layer = nn.Linear(4, 2)

    def function() -> Any:
        used = np.exp(layer(X))
        scaled = used * 2
        if len(scaled) != 4:
            raise ValueError("four rows are needed, not three" + "!" * 400)
        return scaled

    picture, error = failed(function)
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert box.title.startswith("✗ raise ValueError")
    assert inputs_of(picture, box) == ["multiply"]  # the one result that nothing had used
    assert sum(map(len, box.lines)) < 400
    for text in (error.picture.svg, error.picture.source, error.picture.mermaid):  # type: ignore[attr-defined]
        assert "four rows are needed" in text


def test_inputs_without_a_gradient_and_values() -> None:
    layer = nn.Linear(4, 4)
    picture, _ = failed(lambda: layer(X) * Y)
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert set(inputs_of(picture, box)) == {"linear", "Y"}
    a, b = Value(2.0), Value(3.0)
    picture, _ = failed(lambda: a * b / (a - a), params={"a": a})
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert inputs_of(picture, box) == ["multiply", "subtract"]


def test_with_details() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Block())
    options: dict[str, Any] = {"show": ["values", "gradients", "kept", "times", "rules"], "data": {"0": 1}}
    picture, _ = failed(lambda: model(X).sum(), **options)
    assert [box.title for box in picture.boxes if box.kind == "failed"]


def test_the_first_operation_fails() -> None:
    picture, _ = failed(lambda: nn.Linear(5, 2)(X))
    (box,) = [box for box in picture.boxes if box.kind == "failed"]
    assert len(inputs_of(picture, box)) >= 2  # the weight and the bias


def test_an_error_before_anything_was_recorded_is_raised_as_it_is(tmp_path: Path) -> None:
    def function() -> Any:
        raise KeyError("x")

    for act in (draw_graph, lambda f: player(f, tmp_path / "page.html")):
        with pytest.raises(KeyError) as caught:
            act(function)
        assert not hasattr(caught.value, "picture")
        assert not hasattr(caught.value, "__notes__")
    assert not (tmp_path / "page.html").exists()


def test_no_line_of_the_layers_themselves_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ShapeError):
        player(nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4)), tmp_path / "page.html", X)
    last = data_of(tmp_path / "page.html")["steps"][-1]
    assert (last["name"], last["line"], last["where"]) == ("✗ ShapeError", "", "")
    assert last["error"].startswith("ShapeError: layer 1, Linear(")


def test_a_page_of_a_failure(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 4), Block())
    with pytest.raises(ShapeError, match="cannot combine") as caught:
        player(model, tmp_path / "page.html", X)
    assert "page.html shows" in caught.value.__notes__[0]
    data = data_of(tmp_path / "page.html")
    last = data["steps"][-1]
    assert (data["failed"], data["edges"], last["kind"]) == (True, [], "failed")
    assert data["frames"][last["frame"]]["path"] == "1.b"
    fed = [data["steps"][feed["from"]] for feed in data["feeds"] if feed["to"] == len(data["steps"]) - 1]
    assert sorted(step.get("path") or step["name"] or step["op"] for step in fed) == ["1.b.bias", "1.b.weight", "tanh"]
    assert all(step["value"] for step in data["steps"][:-1])
    with pytest.raises(ShapeError):
        player(lambda: nn.Linear(4, 4)(X) * Y, tmp_path / "page.html")
    data = data_of(tmp_path / "page.html")
    fed = [data["steps"][feed["from"]] for feed in data["feeds"] if feed["to"] == len(data["steps"]) - 1]
    assert "Y" in [step["name"] for step in fed]
    with pytest.raises(ZeroDivisionError):
        player(lambda a: a * 3 / (a - a), tmp_path / "page.html", Value(2.0))
    assert [step["op"] for step in data_of(tmp_path / "page.html")["steps"]] == [
        "leaf",
        "multiply",
        "subtract",
        "failed",
    ]


def test_a_notebook_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[Any] = []
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: object()))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shown.append))
    layer = nn.Linear(4, 4)
    with pytest.raises(ShapeError):
        draw_graph(lambda: layer(X) * Y)
    with pytest.raises(ShapeError):
        player(lambda: layer(X) * Y, tmp_path / "page.html")
    assert [type(each).__name__ for each in shown] == ["Digraph", "Page"]
