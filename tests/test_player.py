import base64
import hashlib
import html.parser
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import autograd
from autograd import (
    Function,
    GraphError,
    Tensor,
    Value,
    general,
    gradients,
    no_grad,
    player,
    saved_tensors_hooks,
    tensor,
)
from autograd.graph import ancestors
from autograd.visualize.player import layout as layouts
from autograd.visualize.player.fold import folded
from autograd.visualize.player.record import Recording, Run, record, run
from autograd.visualize.player.rules import rules_of


def data_of(page: str | Path) -> Any:
    text = page if isinstance(page, str) else page.read_text("utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    return json.loads(found[1])


def played(result: Any, names: dict[str, Any] | None = None) -> Recording:
    return record(Run(result, {}), names or {})


def gradient_of(recording: Recording, node: Any) -> Any:
    (step,) = [step for step in recording.steps if step.node is node]
    return step.gradient


# The data are the engine's

OPERATIONS: list[Any] = [
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - 2.0 * y,
    lambda x, y: (x * x + 1.5) / (y * y + 1.0),
    lambda x, y: np.tanh(x),
    lambda x, y: np.exp(np.tanh(y)),
]


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    length = draw(st.integers(1, 12))
    return [
        (
            draw(st.integers(0, len(OPERATIONS) - 1)),
            draw(st.integers(0, step + 1)),
            draw(st.integers(0, step + 1)),
        )
        for step in range(length)
    ]


def computed(program: list[tuple[int, int, int]], results: list[Any]) -> Any:
    for operation, first, second in program:
        results.append(OPERATIONS[operation](results[first], results[second]))
    return results[-1]


def check_sums(recording: Recording) -> None:
    for place, step in enumerate(recording.steps[:-1]):
        parts = [edge.contribution for edge in recording.edges if edge.source == place]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        np.testing.assert_array_equal(total, step.gradient)


@settings(max_examples=50)
@given(programs())
def test_gradients_of_values_are_those_of_backward(program: list[tuple[int, int, int]]) -> None:
    leaves = [Value(0.5), Value(-1.25)]
    recording = played(result := computed(program, [*leaves]))
    assert [leaf.grad for leaf in leaves] == [0.0, 0.0]
    result.backward()
    for step in recording.steps:
        assert step.gradient == step.node.grad
        assert step.value == step.node.data
    check_sums(recording)


@settings(max_examples=50)
@given(programs(), st.sampled_from([((3,), (2, 3)), ((), (2,)), ((2, 1), (1, 3)), ((2, 2), (2, 2))]))
def test_gradients_of_tensors_are_those_of_a_walk(
    program: list[tuple[int, int, int]], shapes: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    random = np.random.default_rng(0)
    x, y = (Tensor(random.normal(size=shape), requires_grad=True) for shape in shapes)
    results: list[Any] = [x, y]
    ran = run(lambda: computed(program, results).sum(), ())
    recording = record(ran, {})
    assert x.grad is None
    assert y.grad is None
    inner = [t for t in results if any(step.node is t._node for step in recording.steps)]
    for t, g in zip(inner, gradients(ran.result, inner, retain_graph=True), strict=True):
        np.testing.assert_array_equal(gradient_of(recording, t._node), g.numpy())
    for t in inner:
        (step,) = [step for step in recording.steps if step.node is t._node]
        np.testing.assert_array_equal(step.value, t.numpy())
    check_sums(recording)
    ran.result.backward()  # the graph was not freed
    assert any(leaf.grad is not None for leaf in (x, y))


def test_each_edge_has_its_own_contribution() -> None:
    a = Value(3.0)
    assert [edge.contribution for edge in played(a * a).edges] == [3.0, 3.0]
    x = tensor([3.0, 4.0], requires_grad=True)
    recording = played((x * x).sum())
    assert [(edge.source, edge.target, edge.index) for edge in recording.edges] == [(1, 2, 0), (0, 1, 0), (0, 1, 1)]
    np.testing.assert_array_equal(recording.edges[1].contribution, [3.0, 4.0])


def test_every_kind_of_operation_has_contributions() -> None:
    class Scaled(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, factor: float) -> Any:
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx: Any, *g: Any) -> Any:
            return g[0] * ctx.factor, None

    scale = general(lambda x, k: x * k, lambda g, k: g * k, name="scale")
    x = Tensor(np.diag([1.0, 2.0, 4.0]), requires_grad=True)

    def function(x: Any) -> Any:
        values, vectors = np.linalg.eigh(x @ x.T)
        joined = np.concatenate([Scaled.apply(x, 3.0), vectors, scale(x, 2.0), autograd.checkpoint(np.tanh, x)])
        return (joined * np.where(joined > 0.5, joined, 1.0)).sum() + values.max()

    ran = run(function, (x,))
    recording = record(ran, {"x": x})
    (expected,) = gradients(ran.result, x, retain_graph=True)
    np.testing.assert_array_equal(gradient_of(recording, x._node), expected.numpy())
    assert all(step.known for step in recording.steps)
    with saved_tensors_hooks(lambda array: array.tolist(), np.asarray):
        packed = (np.exp(x) * x).sum()
    assert packed._node is not None
    nodes = ancestors([packed._node])
    before = [(node.op, node.kept) for node in nodes]
    shown = gradient_of(played(packed), x._node)
    np.testing.assert_array_equal(shown, gradients(packed, x, retain_graph=True)[0].numpy())
    assert all(node.op is op and node.kept is kept for node, (op, kept) in zip(nodes, before, strict=True))


def test_a_complex_gradient_is_shown_as_grad_has_it() -> None:
    z = tensor([1.0 + 2.0j], requires_grad=True)
    loss = (z * (3.0 - 1.0j)).real.sum()
    recording = played(loss)
    loss.backward()
    assert z.grad is not None
    np.testing.assert_array_equal(gradient_of(recording, z._node), z.grad.numpy())


def test_hooks_are_called_and_nothing_is_retained() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 3.0
    y.retain_grad()
    y.register_hook(lambda g: g * 10.0)
    recording = played(y.sum())
    assert y.grad is None
    np.testing.assert_array_equal(gradient_of(recording, x._node), [30.0, 30.0])
    assert [step.hooked for step in recording.steps] == [False, True, False]


def test_a_zero_stays_zero_against_nan() -> None:
    x = tensor([-1.0, 4.0], requires_grad=True)
    with np.errstate(invalid="ignore"):
        loss = np.where(np.array([False, True]), np.sqrt(x), 0.0).sum()
    np.testing.assert_array_equal(gradient_of(played(loss), x._node), [0.0, 0.25])


def test_a_zero_ends_the_way_in_a_graph_of_values() -> None:
    x = Value(0.0)
    recording = played(x.sqrt() * 0.0)
    assert [step.gradient for step in recording.steps] == [0.0, 0.0, 1.0]


def test_a_graph_shows_what_it_kept_and_a_function_everything() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)

    def function(x: Any) -> Any:
        return np.tanh(x + 1.0).sum(axis=0)

    names = [step.known for step in played(function(x)).steps]
    assert names == ["now", "", "kept", "kept"]
    recording = record(run(function, (x,)), {})
    assert [step.known for step in recording.steps] == ["now", "recorded", "recorded", "recorded"]
    assert recording.steps[1].constants == {1: 1.0}
    assert recording.steps[3].arguments["axis"] == 0


def test_kept_values_are_the_values() -> None:
    x, y = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 5.0], requires_grad=True)
    a, b = x + 1.0, y - 1.0
    product = a * b
    recording = played(np.exp(product).sum())
    for t in (a, b):
        (step,) = [step for step in recording.steps if step.node is t._node]
        np.testing.assert_array_equal(step.value, t.numpy())
        assert step.known == "kept"


# Errors


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    x = tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match="nothing to play"):
        player(tensor([1.0]), file)
    with pytest.raises(TypeError, match="player takes a Tensor, a Value or a function, not int"):
        player(3, file)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="player takes a Tensor or a Value, not ndarray"):
        player(lambda: np.ones(2), file)  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="leave the inputs out"):
        player(x.sum(), file, x)
    with pytest.raises(TypeError, match=r"params\['w'\]"):
        player(x.sum(), file, params={"w": 3})
    with pytest.raises(GraphError, match="needs one element"):
        player(x * 2.0, file)
    loss = (x * x).sum()
    with no_grad():
        x *= 2.0
    with pytest.raises(GraphError, match=r"test_player\.py"):  # the line that wrote to what is needed
        player(loss, file)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(GraphError, match="retain_graph=True"):
        player(loss, file)
    assert not file.exists()


def test_a_result_of_several_elements_takes_a_gradient(tmp_path: Path) -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    data = data_of(player(x * x, tmp_path / "page.html", gradient=[1.0, 10.0]))
    assert data["steps"][0]["gradient"]["all"] == [2.0, 40.0]


# The page


def loss_of(x: Any, w: Any) -> Any:
    return (np.tanh(x @ w) ** 2).sum()


def test_the_page_has_values_gradients_rules_and_lines(tmp_path: Path) -> None:
    x, w = np.ones((2, 3)), tensor(np.full((3, 20), 0.1), requires_grad=True)
    file = player(loss_of, tmp_path / "page.html", x, w)
    data = data_of(file)
    leaf, product, tanh = data["steps"][:3]
    assert (leaf["name"], leaf["type"], leaf["kind"]) == ("w", "(3, 20) float64", "leaf")
    assert [step["op"] for step in data["steps"]] == ["leaf", "matmul", "tanh", "power", "sum"]
    assert tanh["line"] == "return (np.tanh(x @ w) ** 2).sum()"
    assert tanh["where"].startswith("test_player.py:")
    assert data["rules"][tanh["rules"][0]] == "lambda g, out: g - g * out * out"
    assert product["rules"][0] == -1  # of a constant
    assert len(leaf["gradient"]["map"]["rows"][0]) == 16
    assert leaf["gradient"]["map"]["blocks"]
    assert str(tmp_path) not in file.read_text("utf-8")


def test_contributions_are_described_where_there_are_several(tmp_path: Path) -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    data = data_of(player((x * 3.0 + x).sum(), tmp_path / "page.html"))
    described = [edge["contribution"]["all"] for edge in data["edges"] if edge["from"] == 0]
    assert described == [[1.0, 1.0], [3.0, 3.0]]
    assert not any("contribution" in edge for edge in data["edges"] if edge["from"] != 0)


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path) -> None:
    def write(name: str) -> bytes:
        x, w = np.ones((2, 3)), tensor(np.full((3, 20), 0.1), requires_grad=True)
        return player(loss_of, tmp_path / name, x, w).read_bytes()

    assert write("a.html") == write("b.html")


def test_text_is_escaped(tmp_path: Path) -> None:
    name = "</script><script>alert(1)</script>&\u2028'\"{{DATA}}"
    x = Value(2.0)
    file = player(x * 3.0, tmp_path / "page.html", params={name: x})
    text = file.read_text("utf-8")
    assert "alert(1)</script>" not in text
    assert data_of(file)["steps"][0]["name"] == name

    def function() -> Any:
        return x * 3.0

    function.__name__ = "<b>&"
    text = player(function, tmp_path / "page.html").read_text("utf-8")
    assert "<title>Backpropagation of &lt;b&gt;&amp;</title>" in text


def test_the_page_refers_to_nothing_and_allows_nothing(tmp_path: Path) -> None:
    x = Value(2.0)
    text = player(x * x, tmp_path / "page.html").read_text("utf-8")

    class Reader(html.parser.HTMLParser):
        inside = ""
        policy = ""
        texts: dict[str, str] = {}  # noqa: RUF012 - of one reader

        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            assert not {"src", "href", "style", "onclick", "onload"} & set(given)
            self.inside = tag if given.get("type") is None else "data"
            if given.get("http-equiv") == "Content-Security-Policy":
                self.policy = given["content"] or ""

        def handle_data(self, data: str) -> None:
            self.texts[self.inside] = self.texts.get(self.inside, "") + data
            self.inside = ""

    reader = Reader()
    reader.feed(text)
    assert reader.policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        code = base64.b64encode(hashlib.sha256(reader.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{code}'" in reader.policy
    assert "http:" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https:" not in text


def test_numbers_that_json_has_not_are_words(tmp_path: Path) -> None:
    x = tensor([np.nan, np.inf, 1.0], requires_grad=True)
    data = data_of(player((x * 2.0).sum(), tmp_path / "page.html"))
    assert data["steps"][0]["value"]["all"] == ["nan", "inf", 1.0]
    assert data["steps"][0]["value"]["map"]["rows"][0][:2] == "!!"
    assert data["steps"][-1]["value"]["number"] == "nan"


def test_huge_numbers_raise_no_warning(tmp_path: Path) -> None:
    x = Tensor(np.full(40, 1e308), requires_grad=True)
    data = data_of(player(x * 1.0 - x * 0.5, tmp_path / "page.html", gradient=np.full(40, -1.7e308)))
    assert data["steps"][0]["value"]["mean"] == "inf"
    w = tensor(1.0, requires_grad=True)
    data = data_of(player(w * 1.0 + w * 1.0, tmp_path / "page.html", gradient=1.5e308))
    assert [edge["sum"] for edge in data["edges"] if edge["from"] == 0] == ["1.5e+308", "inf"]


def test_the_source_of_rules() -> None:
    def rule(g: Any, y: Any) -> Any:
        return g * y

    op = general(lambda x, y: x * y, rule, (lambda g, x: g * x), name="product").operation  # type: ignore[attr-defined]
    assert rules_of(op, 2) == ["def rule(g: Any, y: Any) -> Any:\n    return g * y", "lambda g, x: g * x"]
    made = eval("lambda g, x: g * x")
    assert rules_of(general(lambda x: x * x / 2, made, name="half").operation, 1) == ["lambda g, x: ..."]  # type: ignore[attr-defined]


# Size


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


# Layout


@settings(max_examples=50)
@given(programs())
def test_layers_go_down_and_boxes_stay_apart(program: list[tuple[int, int, int]]) -> None:
    recording = played(computed(program, [Value(0.5), Value(-1.25)]))
    edges = [(edge.source, edge.target) for edge in recording.edges]
    found = layouts.in_layers(len(recording.steps), edges)
    assert all(found.boxes[target][1] - found.boxes[source][1] >= layouts.HEIGHT for source, target in edges)
    for i, (x, y) in enumerate(found.boxes):
        for other_x, other_y in found.boxes[:i]:
            assert abs(x - other_x) >= layouts.WIDTH or abs(y - other_y) >= layouts.HEIGHT
    for (source, target), curve in zip(edges, found.curves, strict=True):
        assert curve[0][1] == pytest.approx(found.boxes[source][1] + layouts.HEIGHT / 2)
        assert curve[-1][1] == pytest.approx(found.boxes[target][1] - layouts.HEIGHT / 2)


def test_without_the_program_dot_there_are_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = [(0, 2), (1, 2), (2, 3), (2, 3)]
    monkeypatch.setenv("PATH", "")
    assert layouts.lay_out(4, edges, [""] * 4) == layouts.in_layers(4, edges)


@pytest.mark.parametrize(
    "lay_out", [layouts.in_layers, lambda count, edges: layouts.lay_out(count, edges, [""] * count)]
)
def test_two_edges_between_two_boxes_are_two_curves(lay_out: Callable[..., layouts.Layout]) -> None:
    first, second = lay_out(2, [(0, 1), (0, 1)]).curves
    assert first != second


def test_one_box_is_a_layout() -> None:
    assert layouts.in_layers(1, []).boxes == [(layouts.WIDTH / 2, layouts.HEIGHT / 2)]
    (box,) = layouts.lay_out(1, [], [""]).boxes
    assert box == pytest.approx((layouts.WIDTH / 2, layouts.HEIGHT / 2), abs=10)


# Package


def test_importing_autograd_loads_no_player() -> None:
    code = "import autograd, sys; print([m for m in sys.modules if 'player' in m or m in ('graphviz', 'json')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_wheel_has_the_page(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="builds the wheel: pip install hatchling")
    root = Path(autograd.__file__).parents[1]
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = {name.rpartition("/")[2] for name in zipfile.ZipFile(wheel).namelist() if "visualize/player/" in name}
    assert {"page.html", "player.css", "player.js", "play.py"} <= names
