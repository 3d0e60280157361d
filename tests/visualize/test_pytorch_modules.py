"""PyTorch's own modules in pictures and pages: gradients equal to PyTorch's, contributions that add up."""

import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, UnsupportedError, draw_graph, player
from tests.player.reading import data_of

torch = pytest.importorskip("torch", reason="reads PyTorch's modules: pip install torch")

from autograd.visualize.pytorch import torch_run  # noqa: E402 - as it needs torch
from tests.visualize.torch_models import MODELS  # noqa: E402 - as it needs torch

pytestmark = pytest.mark.thorough  # as all that needs PyTorch, which is installed for these tests


def made(make: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    return make()  # type: ignore[no-any-return]


class Of(torch.nn.Module):  # type: ignore[name-defined, misc]
    """A module with one weight whose forward pass is a function."""

    def __init__(self, function: Any, size: int = 4) -> None:
        super().__init__()
        self.function, self.weight = function, torch.nn.Parameter(torch.linspace(-1, 2, size))

    def forward(self, x: Any) -> Any:
        return self.function(self.weight, x)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_gradients_are_those_of_pytorch(make: Any) -> None:
    model, x = made(make)
    before = {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    run = torch_run(model, (x,))
    assert all(before[name] is None and p.grad is None for name, p in model.named_parameters())
    result = model(x)
    result.sum().backward()
    np.testing.assert_allclose(run.roots[-1].value, result.detach().numpy(), rtol=1e-5, atol=1e-6)
    for name, p in model.named_parameters():
        np.testing.assert_allclose(run.names[name].gradient, p.grad.numpy(), rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_contributions_add_up(make: Any) -> None:
    model, x = made(make)
    run = torch_run(model, (x,))
    sums: dict[Any, Any] = {}
    for (node, index), passed in run.contributions.items():
        source = node.op.inputs(node)[index]
        for part, g in enumerate(passed if isinstance(passed, tuple) else (passed,)):
            if g is not None:
                sums[source, part] = sums.get((source, part), 0) + g
    assert sums
    for (source, part), total in sums.items():
        gradient = source.gradient[part] if isinstance(source.gradient, tuple) else source.gradient
        np.testing.assert_allclose(total, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_pages_and_pictures_are_small_and_quick(make: Any, tmp_path: Path) -> None:
    model, x = made(make)
    start = time.process_time()
    page = player(model, tmp_path / "page.html", x)
    picture = draw_graph(model, x)
    assert "<svg" in picture.svg
    assert time.process_time() - start < 4  # both; each takes a tenth of a second where nothing else runs
    assert page.stat().st_size < 1e6
    data = data_of(page)
    assert {step["name"] for step in data["steps"] if step["kind"] == "input"} == {
        box.title for box in picture.picture.boxes if box.kind == "input"
    }
    paths = {step.get("path") or step["name"] for step in data["steps"] if step["kind"] == "leaf"}
    assert paths == {name for name, _ in model.named_parameters()}
    if make.__name__ not in ("transformer", "vit"):  # there, one function is the whole attention
        leaves = {name for name, module in model.named_modules() if name and not [*module.children()]}
        calls = {frame["path"].partition(" #")[0] for frame in data["frames"]}
        assert calls >= {name for name in leaves if not isinstance(model.get_submodule(name), torch.nn.Dropout)}


@dataclass
class Parts:
    first: Any
    others: Any


@pytest.mark.parametrize("form", [Parts, namedtuple("Pair", "first others")])
def test_results_may_be_in_dataclasses_and_named_tuples(form: Any) -> None:
    run = torch_run(Of(lambda w, x: form(torch.tanh(w * x), {"sums": [w + x]})), (torch.ones(4),))
    assert [node.op.name for node in run.roots] == ["tanh", "add"]
    np.testing.assert_allclose(run.names["weight"].gradient, 2 - np.tanh(np.linspace(-1, 2, 4)) ** 2, rtol=1e-6)


def in_place(w: Any, x: Any) -> Any:
    h = w * x
    used = h.exp()
    h += 1
    h.mul_(2)
    h[1] = 0.0
    return (torch.relu_(h) + used).sum()


def several(w: Any, x: Any) -> Any:
    a, b = (w * x).chunk(2)
    top, _ = torch.max(torch.stack([a, b, a * b]), dim=0)
    return top.sum() + a.sum()


def nested(w: Any, x: Any) -> Any:
    return torch.cat([w, torch.stack([w, w * x]).sum(0)]) @ torch.cat((w, w))


def plain(w: Any, x: Any) -> Any:
    with torch.no_grad():
        scale = w.abs().max()
    return (w.real * scale * w.detach() + w.data.sum() * x).norm() + w.unsqueeze(0).squeeze().dot(x)


class Square(torch.autograd.Function):  # type: ignore[name-defined, misc]
    """A function that PyTorch's function mode does not see."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 2 * g * ctx.saved_tensors[0]


def unseen(w: Any, x: Any) -> Any:
    return (Square.apply(w * x) * x + Square.apply(w)).sum()


def looked_up(w: Any, x: Any) -> Any:
    rows = torch.nn.functional.embedding(torch.tensor([0, 2, 2]), w[:, None] * 2)
    return (rows * 3).sum() + w.sum()


@pytest.mark.parametrize("function", [in_place, several, nested, plain, unseen, looked_up])
def test_programs(function: Any, tmp_path: Path) -> None:
    model, x = Of(function), torch.tensor([0.5, -1.0, 2.0, 3.0])
    run = torch_run(model, (x,))
    assert run.failure is None
    assert [*run.names] == ["weight"]
    assert [node for node in run.nodes if not node.op.inputs(node)] == [run.names["weight"]]  # it is the only leaf
    model(x).backward()
    np.testing.assert_allclose(run.names["weight"].gradient, model.weight.grad.numpy(), rtol=1e-6)
    given: Any = 0
    for (node, index), passed in run.contributions.items():
        if node.op.inputs(node)[index] is run.names["weight"]:
            given = given + passed
    np.testing.assert_allclose(given, model.weight.grad.numpy(), rtol=1e-5)
    player(model, tmp_path / "page.html", x)
    assert len(draw_graph(model, x, show=["values", "gradients", "times"]).picture.boxes) >= len(run.nodes)


def test_details_and_numbers() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    x = torch.ones(2, 3)
    picture = draw_graph(model, x, show=["values", "gradients"], data={"0.weight": 3, model[0].bias: -1, model[1]: 2})
    boxes = {box.where or box.title: box for box in picture.picture.boxes}
    assert {path: box.mark.text for path, box in boxes.items() if box.mark} == {"0.weight": "3", "0.bias": "-1"}
    assert [frame.mark.text for frame in picture.picture.frames if frame.mark] == ["2"]
    assert any(line.startswith("grad ") for line in boxes["0.weight"].lines)
    assert picture.picture.remarks == ["The gradients are those of the sum of the result."]
    with pytest.raises(ValueError, match="values, gradients and times"):
        draw_graph(model, x, show=["rules"])


def test_a_gradient_of_ones_own_and_several_results(tmp_path: Path) -> None:
    x = torch.ones(4)
    seed = np.array([1.0, 0.0, 2.0, 0.0], np.float32)
    data = data_of(player(Of(lambda w, x: w * x * 3), tmp_path / "page.html", x, gradient=seed))
    (weight,) = [step for step in data["steps"] if step["name"] == "weight"]
    assert weight["gradient"]["all"] == [3, 0, 6, 0]
    assert data["remarks"] == []
    run = torch_run(Of(lambda w, x: {"a": w * 2, "b": [w * 3]}), (x,))
    assert run.names["weight"].gradient.tolist() == [5, 5, 5, 5]
    assert len(run.roots) == 2


def test_a_module_that_fails(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        player(model, tmp_path / "page.html", torch.ones(3, 4))
    assert "page.html shows" in caught.value.__notes__[0]
    data = data_of(tmp_path / "page.html")
    failed = len(data["steps"]) - 1
    assert data["frames"][data["steps"][failed]["frame"]]["path"] == "2"
    fed = [data["steps"][feed["from"]] for feed in data["feeds"] if feed["to"] == failed]
    assert sorted(step.get("path") or step["op"] for step in fed) == ["2.bias", "2.weight", "tanh"]
    with pytest.raises(RuntimeError) as caught:
        draw_graph(model, torch.ones(3, 4))
    assert [box.kind for box in caught.value.picture.picture.boxes].count("failed") == 1  # type: ignore[attr-defined]


def test_other_modules(tmp_path: Path) -> None:
    sparse = torch.nn.Embedding(5, 3, sparse=True)
    data = data_of(player(sparse, tmp_path / "page.html", torch.tensor([1, 1, 4])))
    (weight,) = [step for step in data["steps"] if step["name"] == "weight"]
    assert weight["gradient"]["all"] == [[0] * 3, [2] * 3, [0] * 3, [0] * 3, [1] * 3]
    linear = torch.nn.Linear(3, 2)
    x = torch.ones(2, 3, requires_grad=True) * 2  # what computed it is no part of the module
    picture = draw_graph(torch.nn.Sequential(linear, torch.nn.Dropout()), x).picture
    assert sorted(box.title for box in picture.boxes) == ["bias", "dropout", "input", "linear", "weight"]
    assert player(linear.bfloat16(), tmp_path / "page.html", x.bfloat16()).is_file()


def test_what_cannot_be_shown_is_refused() -> None:
    frozen = torch.nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(GraphError, match="requires a gradient"):
        draw_graph(frozen, torch.ones(1, 2))

    def through_a_view(w: Any, x: Any) -> Any:
        h = w * x
        h[:2].mul_(3)
        return h.sum()

    with pytest.raises(UnsupportedError, match="changed in place through a view"):
        draw_graph(Of(through_a_view), torch.ones(4))
    with pytest.raises(TypeError):
        draw_graph(torch.nn.Linear(2, 2))  # its input is missing


def test_torch_is_not_loaded_for_anything_else(tmp_path: Path) -> None:
    program = (
        "import sys, numpy as np, nn; from autograd import draw_graph, player; m = nn.Linear(2, 1)\n"
        "f = lambda: m(np.ones((3, 2), 'f4')).sum()\n"
        f"draw_graph(f); player(f, {str(tmp_path / 'page.html')!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
