"""What notebooks show of tensors and modules: small, escaped, and never an error."""

import html.parser
import re
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, compile, tensor, vmap

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
    assert 1 <= text.count("<img") <= 6
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


def test_a_module_is_a_table_of_its_layers() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 2, bias=False)))
    model[0].bias.requires_grad_(False)
    rows = re.findall(r"<tr>(.*?)</tr>", shown(model.eval()))
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert [row[0].strip("\N{EM SPACE}") for row in cells] == [
        "layer",
        "Sequential()",
        "0 Linear(in_features=3, out_features=4, bias=True)",
        "1 ReLU()",
        "2 Sequential()",
        "0 Linear(in_features=4, out_features=2, bias=False)",
        "in all",
    ]
    assert cells[2][1:] == ["weight (4, 3), bias (4,)", "16"]
    assert cells[-1][1:] == ["96 bytes, 4 frozen, in evaluation mode", "24"]
    assert all(row[0].startswith("\N{EM SPACE}" * 2) for row in cells[5:6])


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
    assert ">8<" in text
    assert "40 bytes" not in text
    assert "32 bytes" in text
