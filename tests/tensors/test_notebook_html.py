"""What notebooks show of tensors, modules and pages: small, escaped, and never an error."""

import html.parser
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, compile, draw_graph, player, tensor, vmap

RNG = np.random.default_rng(0)
ODD: dict[str, np.ndarray[Any, Any]] = {
    "matrix": RNG.normal(size=(8, 20)),
    "vector": np.linspace(-1, 1, 500),
    "three axes": RNG.normal(size=(9, 5, 6)),
    "many slices": RNG.normal(size=(100, 40, 40)),
    "huge": np.ones((2000, 2000), np.float32),
    "complex": RNG.normal(size=(6, 6)) + 1j,
    "bool": np.eye(5) > 0,
    "integers": np.arange(24).reshape(4, 6),
    "extremes": np.array([[np.iinfo(np.int64).min, np.iinfo(np.int64).max] * 8]),
    "not finite": np.where(np.eye(8) > 0, np.nan, np.inf),
    "near the largest": np.full((40, 40), 1.7e308),
    "half": np.full((40, 40), 65504, np.float16),
    "denormal": np.full((4, 5), 5e-324),
    "zeros": np.zeros((4, 5)),
    "columns of one": np.zeros((20, 1, 1)),
    "strided": RNG.normal(size=(40, 40))[::2, ::-3].T,
}


def shown(thing: Any) -> str:
    text = thing._repr_html_()
    parser = html.parser.HTMLParser(convert_charrefs=False)
    parser.feed(text)
    parser.close()
    return str(text)


@pytest.mark.parametrize("name", ODD)
@pytest.mark.filterwarnings("error")
def test_any_tensor_is_shown_within_bounds(name: str) -> None:
    array = ODD[name]
    text = shown(tensor(array, requires_grad=array.dtype.kind in "fc"))
    assert len(text) < 30_000
    assert f"shape {array.shape}, {array.dtype}" in text
    assert 1 <= text.count("<img") <= 18
    assert ("requires_grad=True; " in text) == (array.dtype.kind in "fc")


def test_the_scale_and_what_is_left_out_are_told() -> None:
    text = shown(tensor(ODD["many slices"]) * 2.0)
    assert "94 more matrices" in text
    assert "means of blocks" in text
    assert "(blue)" in text
    assert "0 (clear) to 23 (orange)" in shown(tensor(ODD["integers"]))
    assert "nan or infinite (pink)" in shown(tensor(ODD["not finite"]))
    assert "means of blocks" not in shown(tensor(ODD["matrix"]))
    with np.printoptions(threshold=10**6):
        long = shown(tensor(ODD["huge"][:100, :100]))
    assert long.count("\n") < 20


def test_matrices_of_four_axes_stand_in_rows_and_columns() -> None:
    text = shown(tensor(RNG.normal(size=(2, 3, 5, 5))))
    assert re.findall(r"<small>(\[.*?\])</small>", text) == [f"[{i}, {j}]" for i in range(2) for j in range(3)]
    assert "repeat(3, max-content)" in text
    assert "6 more matrices" in shown(tensor(RNG.normal(size=(4, 6, 5, 5))))


def test_few_columns_are_no_strip() -> None:
    for shape in ((40, 2), (2, 40), (1, 30)):
        sizes = re.search(r'<img width="(\d+)" height="(\d+)"', shown(tensor(np.ones(shape))))
        assert sizes
        assert min(map(int, sizes.groups())) >= 16


@pytest.mark.parametrize("array", [2.0, [1.0, 2.0], np.zeros((0, 5)), np.zeros((20, 0, 3)), np.ones(12)])
def test_few_values_stay_text(array: Any) -> None:
    assert tensor(array)._repr_html_() is None


def test_tensors_in_batches_and_recordings_are_left_to_their_text() -> None:
    w = tensor(np.ones((4, 5)), requires_grad=True)

    def batched(x: Any) -> Any:
        product = w * x
        assert product._repr_html_() is None
        return product.sum()

    assert vmap(batched)(np.ones((3, 4, 5))).shape == (3,)

    def recorded(x: Tensor) -> Any:
        if (x * 2)._repr_html_() is not None:
            raise ValueError("it reads the values")
        return (x * 2).sum()

    assert compile(recorded)(w).item() == 40.0


def test_a_module_is_a_list_of_its_layers_that_folds() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2, bias=False)))
    model[0].bias.requires_grad_(False)
    text = shown(model.eval())
    rows = re.findall(r"<b>(.*?)</b> (.*?) ?<code[^>]*>(.*?)</code>", text)
    assert rows == [
        ("Sequential()", "", "model"),
        ("0 Linear(in_features=3, out_features=4, bias=True)", "weight (4, 3), bias (4,), 16 elements", "model[0]"),
        ("1 ReLU()", "", "model[1]"),
        ("2 Sequential()", "", "model[2]"),
        ("0 Linear(in_features=4, out_features=2, bias=False)", "weight (2, 4), 8 elements", "model[2][0]"),
    ]
    assert "in all, 24 elements, 96 bytes, 4 frozen, in evaluation mode" in text
    assert re.findall(r"</?details", text) == ["<details", "<details", "</details", "</details"]


def test_paths_of_layers_lead_to_them() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.heads = nn.Linear(2, 2), [nn.ReLU(), nn.Sequential(nn.Tanh())]
            self.by_name = nn.ModuleDict({"a": nn.Identity()})

    model = nn.Sequential(Block(), nn.Sequential(Block(), nn.ReLU()))
    paths = re.findall(r"<code[^>]*>(.*?)</code>", shown(model))
    assert [eval(path, {"model": model}) for path in paths] == list(model.modules())


def test_modules_are_escaped_bounded_and_count_what_they_share_once() -> None:
    class Odd(nn.Module):
        def extra_repr(self) -> str:
            return "<script>" + "x" * 1000

    assert "<script>" not in shown(Odd())
    assert len(shown(nn.Sequential(*(Odd() for _ in range(500))))) < 30_000
    assert "441 more layers" in shown(nn.Sequential(*(nn.ReLU() for _ in range(500))))
    one = nn.Linear(2, 2)
    other = nn.Linear(2, 2)
    other.weight = one.weight
    text = shown(nn.Sequential(one, other))
    assert "weight (2, 2) shared" in text
    assert "in all, 8 elements" in text
    assert "40 bytes" not in text
    assert "32 bytes" in text


def test_a_page_plays_in_the_cell(tmp_path: Path) -> None:
    a = Value(2.0)
    pages: list[Any] = [player(a * a, tmp_path / "p.html"), draw_graph(a * a).to_html(tmp_path / "g.html")]
    for page in pages:
        (content,) = re.findall(r'^<iframe srcdoc="([^"]*)" sandbox="allow-scripts"', page._repr_html_())
        assert html.unescape(content) == page.read_text("utf-8")
        assert page.parent._repr_html_() is page.with_suffix(".png")._repr_html_() is None
        page.unlink()
        assert page._repr_html_() is None
