"""The drawing: what it shows, that it is the same each time, and what it says when something is missing."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import pytest

from autograd import AutogradError, GraphError, Value, draw_graph, linear, no_grad, tensor
from autograd.visualize.graph_reader import GraphReader
from autograd.visualize.picture import Box, Picture

ROOT = Path(__file__).parents[2]


def boxes(output: Any, params: dict[str, Any] | None = None) -> list[Box]:
    return GraphReader(output, params or {}).read().boxes


def network() -> tuple[Any, dict[str, Any]]:
    """Return the loss of a small network and its parameters."""
    rng = np.random.default_rng(0)
    params = {
        name: tensor(rng.normal(size=shape).astype("f4"), requires_grad=True)
        for name, shape in {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (1, 4), "2.bias": (1,)}.items()
    }
    hidden = np.tanh(rng.normal(size=(5, 3)).astype("f4") @ params["0.weight"].T + params["0.bias"])
    out = hidden @ params["2.weight"].T + params["2.bias"]
    return ((out - np.ones((5, 1), "f4")) ** 2).mean(), params


def test_an_expression_of_values() -> None:
    x, y = Value(-4.0), Value(0.0001234567)
    z = (2 * x + y).relu() ** 3
    z.backward()
    assert GraphReader(z, {"x": x}).read() == Picture(
        [
            Box("parameter", "x", ("data -4.0000", "grad 0.0000")),
            Box("leaf", "", ("data 0.0001235", "grad 0.0000")),
            Box("constant", "2", ()),
            Box("operation", "multiply", ("data -8.0000", "grad 0.0000")),
            Box("operation", "add", ("data -7.9999", "grad 0.0000")),
            Box("operation", "relu", ("data 0.0000", "grad 0.0000")),
            Box("constant", "3", ()),
            Box("result", "power", ("data 0.0000", "grad 1.0000")),
        ],
        [(2, 3), (0, 3), (3, 4), (1, 4), (4, 5), (5, 7), (6, 7)],
    )


def test_an_expression_of_tensors() -> None:
    x = tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    scale = tensor(0.5, dtype="f4", requires_grad=True)
    y = (x * scale * np.ones((2, 1))).sum()
    y.backward(retain_graph=True)
    assert GraphReader(y, {"scale": scale}).read() == Picture(
        [
            Box("leaf", "leaf", ("(1, 3) float64",)),
            Box("parameter", "scale", ("() float32", "data 0.5000", "grad 12.0000")),
            Box("operation", "multiply", ("(1, 3) float64",)),
            Box("constant", "constant", ("(2, 1) float64",)),
            Box("operation", "multiply", ("(2, 3) float64",)),
            Box("result", "sum", ("() float64", "data 6.0000")),
        ],
        [(0, 2), (1, 2), (2, 4), (3, 4), (4, 5)],
    )


def test_a_network_before_and_after_backward() -> None:
    loss, params = network()
    before = GraphReader(loss, params).read()
    assert [box.title for box in before.boxes if box.kind == "parameter"] == list(params)
    assert Box("constant", "constant", ("(5, 3) float32",)) in before.boxes
    loss.backward()
    after = GraphReader(loss, params).read()
    assert after.edges == before.edges
    assert [(box.kind, box.title) for box in after.boxes if box.kind != "constant"] == [
        (box.kind, box.title) for box in before.boxes if box.kind != "constant"
    ]
    bias = next(box for box in after.boxes if box.title == "2.bias")
    assert bias.lines[-1] == f"grad {params['2.bias'].grad.item():.4f}"


def test_a_gradient_that_was_retained_is_shown() -> None:
    x = tensor(3.0, requires_grad=True)
    y = x * x
    y.retain_grad()
    (2 * y).backward()
    assert "grad 2.0000" in boxes(2 * y)[1].lines


join = linear(
    lambda parts: np.concatenate(parts), lambda g, parts_shape, index: g[index : index + 1], variadic=True, name="join"
)


@pytest.mark.parametrize("freed", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_many_inputs_are_drawn_as_many_edges(count: int, freed: bool) -> None:
    parts = {f"part{i}": tensor([float(i)], requires_grad=True) for i in range(count)}
    joined = join(list(parts.values()))
    total = joined.sum()
    if freed:
        total.backward()
    picture = GraphReader(total, parts).read()
    assert [box.title for box in picture.boxes] == [*parts, "join", "sum"]
    assert picture.edges == [*((i, count) for i in range(count)), (count, count + 1)]


def test_a_value_used_twice_is_drawn_once_with_two_edges() -> None:
    x = Value(3.0)
    picture = GraphReader(x * x, {}).read()
    assert len(picture.boxes) == 2
    assert picture.edges == [(0, 1), (0, 1)]


def test_shared_parts_are_drawn_once() -> None:
    x = tensor(1.0, requires_grad=True)
    for _ in range(50):
        x = x + x
    picture = GraphReader(x, {}).read()
    assert (len(picture.boxes), len(picture.edges)) == (51, 100)


def test_names_that_are_not_in_the_graph_do_no_harm() -> None:
    x = Value(1.0)
    assert len(boxes(x + 1, {"x": x, "unused": Value(2.0), "frozen": tensor(1.0)})) == 3


def test_a_leaf_by_itself() -> None:
    assert boxes(Value(2.0)) == [Box("leaf", "", ("data 2.0000", "grad 0.0000"))]
    assert boxes(tensor(2.0, requires_grad=True)) == [Box("leaf", "leaf", ("() float64", "data 2.0000"))]


def test_gradients_that_are_values_are_drawn_as_numbers() -> None:
    x = Value(3.0)
    (x * x).backward(create_graph=True)
    assert boxes(x.grad, {"x": x})[0].lines == ("data 3.0000", "grad 6.0000")


def test_the_source_has_every_box_and_escapes_names() -> None:
    loss, params = network()
    params['<odd> & "name"'] = params.pop("2.bias")
    digraph = draw_graph(loss, params, rankdir="LR", format="png")
    source = digraph.source
    picture = GraphReader(loss, params).read()
    assert isinstance(digraph, graphviz.Digraph)
    assert digraph.format == "png"
    assert "rankdir=LR" in source
    assert re.findall(r"^\t(n\d+) \[label=", source, re.M) == [f"n{i}" for i in range(len(picture.boxes))]
    assert re.findall(r"n(\d+) -> n(\d+)", source) == [(str(a), str(b)) for a, b in picture.edges]
    assert "&lt;odd&gt; &amp; &quot;name&quot;" in source
    for text in ("0.weight", "(4, 3) float32", "matmul", "tanh", "mean"):
        assert text in source


def test_the_same_bytes_on_every_run() -> None:
    program = (
        "from autograd import Value, draw_graph\n"
        "x, y = Value(1.0), Value(2.0)\n"
        "for _ in range(20): x, y = x * y + 1, (x - y).tanh()\n"
        "print(draw_graph(x + y, {'x': x}).source)"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
    assert b"n0 -> " in runs.pop()


@pytest.mark.thorough
@pytest.mark.parametrize("x", [Value(1.0), tensor(1.0, requires_grad=True)], ids=["Value", "Tensor"])
def test_a_long_chain_is_read_without_recursion(x: Any) -> None:
    for _ in range(30_000):
        x = x * 0.5
    picture = GraphReader(x, {}).read()
    assert (len(picture.boxes), len(picture.edges)) == (60_001, 60_000)


@pytest.mark.thorough
def test_a_long_chain_is_written_in_linear_time() -> None:
    x = Value(1.0)
    for _ in range(30_000):
        x = x.sin()
    start = time.process_time()
    source = draw_graph(x, fold=False, max_nodes=None).source
    assert time.process_time() - start < 20  # a quadratic walk would take an hour
    assert source.count(" -> ") == 30_000


def test_without_the_program_other_images_say_what_to_install_and_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    digraph = draw_graph(Value(1.0) + 1, format="png")
    assert "n0 -> " in digraph.source
    says = r"apt install graphviz .* brew install graphviz .* winget .* SVG works, as in write\('graph.svg'\)"
    for render in (
        lambda: digraph.render(tmp_path / "graph"),
        lambda: digraph.render(outfile=tmp_path / "graph.pdf"),
        lambda: digraph.write(tmp_path / "graph.pdf"),
        digraph.pipe,
        digraph._repr_image_png,
    ):
        with pytest.raises(AutogradError, match=says) as caught:
            render()
        assert isinstance(caught.value, graphviz.ExecutableNotFound)
    assert not [*tmp_path.glob("*.png"), *tmp_path.glob("*.pdf")]


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's program dot")
def test_rendering(tmp_path: Path) -> None:
    loss, params = network()
    path = draw_graph(loss, params).render(tmp_path / "graph", cleanup=True)
    svg = Path(path).read_text()
    assert svg.count('class="node"') == len(GraphReader(loss, params).read().boxes)
    assert "0.weight" in svg
    assert draw_graph(loss, format="png").pipe().startswith(b"\x89PNG")


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match="draw_graph takes a Tensor or a Value, not ndarray"):
        draw_graph(np.ones(3))  # type: ignore[arg-type]  # that is the point
    with pytest.raises(TypeError, match=r"params\['w'\] has to be a Tensor, an array or a Value, not float"):
        draw_graph(Value(1.0), {"w": 1.0})  # type: ignore[dict-item]  # as above
    with pytest.raises(GraphError, match="nothing to draw: no input of this tensor requires a gradient"):
        draw_graph(tensor([1.0]) * 2.0)
    with no_grad(), pytest.raises(GraphError, match="within no_grad"):
        draw_graph(tensor([1.0], requires_grad=True) * 2.0)
    with pytest.raises(ValueError, match="rankdir is one of LR, RL, TB, BT, not 'down'"):
        draw_graph(Value(1.0), rankdir="down")
    with pytest.raises(ValueError, match="unknown format: 'bmp2'"):
        draw_graph(Value(1.0), format="bmp2")
