"""The page as a file: what it has in it, what it refuses, and that it comes with the package."""

import base64
import hashlib
import html.parser
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import GraphError, Tensor, Value, general, no_grad, player, tensor
from autograd.visualize.player.page import SCRIPTS

from .reading import data_of


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
        player(x.sum(), file, params={"w": 3})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="depth counts levels of modules"):
        player(x.sum(), file, depth=-1)
    with pytest.raises(GraphError, match="needs one element"):
        player(x * 2.0, file)
    loss = (x * x).sum()
    with no_grad():
        x *= 2.0
    with pytest.raises(GraphError, match=r"test_page\.py"):  # the line that wrote to what is needed
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
    given, leaf, product, tanh = data["steps"][:4]
    assert (given["name"], given["type"], given["kind"]) == ("x", "(2, 3) float64", "input")
    assert (leaf["name"], leaf["type"], leaf["kind"]) == ("w", "(3, 20) float64", "leaf")
    assert [step["op"] for step in data["steps"]] == ["input", "leaf", "matmul", "tanh", "power", "sum"]
    assert tanh["line"] == "return (np.tanh(x @ w) ** 2).sum()"
    assert tanh["where"].startswith("test_page.py:")
    assert data["rules"][tanh["rules"][0]].startswith("def _tanh_rule(g: Any, x: Any) -> Any:")
    assert product["rules"][0] == -1  # of a constant
    assert len(leaf["gradient"]["map"]["rows"][0]) == 16
    assert leaf["gradient"]["map"]["blocks"]
    assert str(tmp_path) not in file.read_text("utf-8")


def test_values_have_lines_too(tmp_path: Path) -> None:
    def function(x: Value) -> Value:
        y = x * 3.0
        return (y + x.tanh()).sin()

    data = data_of(player(function, tmp_path / "page.html", Value(2.0)))
    second = "return (y + x.tanh()).sin()"
    assert [step.get("line") for step in data["steps"]] == [None, "y = x * 3.0", second, second, second]
    assert data["steps"][1]["where"].startswith("test_page.py:")


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


def test_what_operations_are_given_has_no_place_in_memory(tmp_path: Path) -> None:
    class Moments:
        pass

    given = [Moments(), Moments(), np.array([Moments()]), np.array([Moments()])]  # all alive, at other places
    scaled = general(lambda x, by: 2.0 * x, lambda g: 2.0 * g, name="scaled")
    x = tensor([1.0, 2.0], requires_grad=True)
    pages = [player(lambda by=by: scaled(x, by).sum(), tmp_path / "page.html").read_text("utf-8") for by in given]
    assert "Moments object" in pages[0]
    assert pages[0] == pages[1]
    assert pages[2] == pages[3]


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
    names = {name.partition("visualize/")[2] for name in zipfile.ZipFile(wheel).namelist()}
    own = ("web/page.html", "web/page.css", *(f"web/{name}.js" for name in SCRIPTS), "play.py")
    assert {"page/web/page.css", "page/web/page.js", *(f"player/{name}" for name in own)} <= names
