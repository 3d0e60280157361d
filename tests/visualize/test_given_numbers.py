"""Numbers of the user's in pictures and pages: labels, colours that text can be read on, and a legend."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, compile, draw_graph, player, tensor
from autograd.visualize.given_numbers import GivenNumbers
from autograd.visualize.style import box_attributes, colour_of
from tests.player.reading import data_of


def contrast(a: str, b: str) -> float:
    """Return the ratio of the luminances of two colours, as the guidelines for accessible pages define it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def network() -> tuple[nn.Sequential, Any]:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x = np.ones((4, 2), np.float32)
    return model, lambda: (model(x) ** 2).mean()


def marks(picture: Any, titles: bool = False) -> dict[str, str]:
    boxes = {(not titles and box.where) or box.title: box.mark.text for box in picture.picture.boxes if box.mark}
    return boxes | {frame.path: frame.mark.text for frame in picture.picture.frames if frame.mark}


def test_numbers_by_name_tensor_and_module() -> None:
    model, loss = network()
    picture = draw_graph(loss, data={"0.weight": 3, model[2].bias: -1.5, model[1]: 2.25, "2": np.float32(0.5)})
    assert marks(picture) == {"0.weight": "3", "2.bias": "-1.5", "1": "2.25", "2": "0.5"}
    assert [mark.text for mark in picture.picture.legend] == ["-3", "-1.5", "0", "1.5", "3"]
    for text in (picture.svg, picture.source, picture.mermaid):
        assert all(number in text for number in ("2.25", "-1.5"))
    colours = {colour_of(mark) for mark in picture.picture.legend}
    assert len(colours) == 5
    assert all(colour in picture.svg and colour in picture.source for colour in colours)


def test_numbers_of_modules_that_are_one_box_and_of_values() -> None:
    _, loss = network()
    assert marks(draw_graph(loss, data={"0": 1, "2": 2}, depth=1), True) == {"0": "1", "2": "2"}
    a, b = Value(2.0), Value(3.0)
    assert [*marks(draw_graph(a * b + a, {"a": a}, data={"a": 1e-9, b: 4})).values()] == ["1e-09", "4"]


def test_numbers_of_a_frozen_parameter() -> None:
    model, loss = network()
    weight = dict(model.named_parameters())["0.weight"]
    weight.requires_grad = False
    assert "7" in marks(draw_graph(loss, model, data={"0.weight": 7})).values()


def test_numbers_are_not_folded_away() -> None:
    layers = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for _ in range(12)])
    data = {name: float(i) for i, (name, _) in enumerate(layers.named_parameters())}
    loss = lambda: layers(np.ones((1, 2), np.float32)).sum()  # noqa: E731 - a function for draw_graph
    assert len(marks(draw_graph(loss, data=data))) == 24
    assert len(draw_graph(loss).picture.boxes) < 24
    folded = draw_graph(loss, data=data, fold=True)
    assert folded.picture.legend


def test_a_number_for_nothing() -> None:
    _, loss = network()
    with pytest.raises(ValueError, match=r"'0\.weigth'.*did you mean '0\.weight'"):
        draw_graph(loss, data={"0.weigth": 1})
    with pytest.raises(TypeError, match="not int"):
        draw_graph(loss, data={3: 1})
    with pytest.raises(TypeError, match=r"'0\.weight' list"):
        draw_graph(loss, data={"0.weight": [1, 2]})  # type: ignore[dict-item]
    stranger = tensor([1.0], requires_grad=True)
    remarks = draw_graph(loss, data={stranger: 1, "0.bias": 2}).picture.remarks
    assert remarks == ["Not in this graph, though data has a number: a Tensor"]
    program = compile(lambda x: x * 2)
    program(np.ones(3))
    with pytest.raises(ValueError, match="compiled"):
        draw_graph(program.programs[0], data={"x": 1})


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_have_no_place_on_the_scale(number: float) -> None:
    _, loss = network()
    picture = draw_graph(loss, data={"0.weight": number, "0.bias": 1.0})
    assert marks(picture)["0.weight"] == str(number)
    assert [mark.text for mark in picture.picture.legend] == ["1"]
    assert draw_graph(loss, data={"0.weight": number}).picture.legend == ()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6))
def test_larger_numbers_have_higher_levels_and_readable_colours(numbers: list[float]) -> None:
    values = [Value(1.0) for _ in numbers]
    scale = GivenNumbers(dict(zip(values, numbers, strict=True)), {}, {})
    levels = [scale.of(value).level for value in values]  # type: ignore[union-attr]
    assert all(-1 <= level <= 1 for level in levels if level is not None)
    known = [level for level in levels if level is not None]
    assert len(known) == len(numbers)
    order = np.argsort(numbers, kind="stable")
    assert (np.diff(np.array(known)[order]) >= 0).all()
    for value in values:
        mark = scale.of(value)
        assert mark is not None
        assert contrast(colour_of(mark), "#4b5563") >= 4.5


def test_texts_of_pictures_can_be_read() -> None:
    x = tensor([1.0, np.nan], requires_grad=True)
    _, loss = network()
    for picture in (
        draw_graph(loss, data={"0.weight": 1, "0": -1}),
        draw_graph((x * 2).sum(), {"x": x}, show=["gradients"]),
    ):
        for box in picture.picture.boxes:
            fill = box_attributes(box).get("fillcolor", "#ffffff").replace("white", "#ffffff")
            for ink in re.findall(r'color="(#\w{6})"', box_attributes(box)["label"]) or ["#1f2937"]:
                assert contrast(fill, ink) >= 4.5, (box.title, fill, ink)


def test_numbers_on_a_page(tmp_path: Path) -> None:
    model, loss = network()
    draw_graph(loss, model, data={"0.weight": 3, model[1]: -2}).write(tmp_path / "page.html")
    data = data_of(tmp_path / "page.html")
    assert [step["mark"][0] for step in data["steps"] if "mark" in step] == ["3"]
    assert [frame["mark"][0] for frame in data["frames"] if "mark" in frame] == ["-2"]
    assert [mark[0] for mark in data["legend"]] == ["-3", "-1.5", "0", "1.5", "3"]
    x = tensor([1.0, 2.0], requires_grad=True)
    page = player((x * x).sum(), tmp_path / "own.html", params={"x": x}, data={"x": 5, tensor([1.0]): 2})
    assert data_of(page)["remarks"] == ["Not in this graph, though data has a number: a Tensor"]
