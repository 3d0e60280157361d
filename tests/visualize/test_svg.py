"""Pictures written as SVG without any program: what is in them, where, and any text within them."""

import re
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given

import nn
import nn.scalar
from autograd import Value, draw_graph, tensor
from autograd.visualize.picture import Box, Frame, Picture
from autograd.visualize.style import ALARM, DEAD, KINDS, REPEAT
from autograd.visualize.svg import to_svg
from autograd.visualize.text_width import is_measured, width_of

from ..thorough import draws
from .test_draw_text import PICTURE, PICTURES, told

SPACE = "{http://www.w3.org/2000/svg}"


def groups(svg: str, kind: str) -> list[Any]:
    """Return the elements of a kind: node, edge or cluster."""
    return [group for group in ElementTree.fromstring(svg).iter(f"{SPACE}g") if group.get("class") == kind]


def text(element: Any) -> str:
    return told("".join("".join(part.itertext()) for part in element.iter(f"{SPACE}text")))


SMALL = """\
<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" width="55pt" height="104pt" viewBox="0 0 55.4 104.0" \
font-family="Helvetica,Arial,sans-serif">
<rect width="100%" height="100%" fill="white"/>
<g transform="translate(6.0 6.0)">
<g class="edge" stroke="#9ca3af"><path d="M21.7 11.3L21.7 22.7C21.7 31.4 21.7 34.0 21.7 42.7" \
fill="none"/><path d="M21.7 48.7L23.9 42.7 19.5 42.7z" fill="#9ca3af"/></g>
<g class="node"><ellipse cx="21.7" cy="11.3" rx="18.0" ry="11.3" fill="#dfeafa" stroke="#3b6fb5"/><text \
x="18.6" y="15.3" font-size="11" fill="#1f2937" font-weight="bold" textLength="6.1" \
lengthAdjust="spacingAndGlyphs" xml:space="preserve">x</text></g>
<g class="node"><title>a.py:1</title><rect x="0.0" y="48.8" width="43.4" height="23.3" rx="6.0" fill="white" \
stroke="#9ca3af"/><text x="10.1" y="64.4" font-size="11" fill="#1f2937" font-weight="bold" textLength="23.2" \
lengthAdjust="spacingAndGlyphs" xml:space="preserve">tanh</text></g>
</g>
<text x="16.0" y="93.6" font-size="10" fill="#4b5563" textLength="23.3" lengthAdjust="spacingAndGlyphs" \
xml:space="preserve">small</text>
</svg>
"""


def test_the_text_of_a_small_picture() -> None:
    picture = Picture([Box("leaf", "x", ()), Box("operation", "tanh", (), where="a.py:1")], [(0, 1)], remarks=["small"])
    assert to_svg(picture, "TB") == SMALL


def test_each_kind_has_its_look() -> None:
    for kind, look in KINDS.items():
        (node,) = groups(to_svg(Picture([Box(kind, "name", ("line",))]), "TB"), "node")
        drawn = {attribute for shape in node for attribute in shape.attrib.values()}
        shapes = {shape.tag.removeprefix(SPACE) for shape in node} - {"text"}
        expected = {"cylinder": {"path"}, "ellipse": {"ellipse"}, "plaintext": set()}
        expected |= {key: {"path"} for key in ("box3d", "octagon", "parallelogram")}
        assert shapes == expected.get(look.get("shape", "box"), {"rect"})
        assert {look[name] for name in ("color", "fillcolor") if name in look and kind != "constant"} <= drawn
        assert len([shape for shape in node if shape.tag == f"{SPACE}rect"]) == (
            int(look.get("peripheries", "1")) if "rect" in shapes else 0
        )
        assert ("5 2" in drawn) == ("dashed" in look.get("style", ""))
        assert text(node) == "nameline"


def test_what_is_wrong_is_marked() -> None:
    svg = to_svg(PICTURE, "TB")
    _, dead, alarm, folded, _ = groups(svg, "node")
    assert text(dead) == "wnogradient"
    assert DEAD["fillcolor"] in {shape.get("fill") for shape in dead}
    assert {(shape.get("fill"), shape.get("stroke-width")) for shape in alarm} >= {(ALARM["fillcolor"], "2.5")}
    assert ALARM["color"] in {shape.get("fill") for shape in alarm if shape.tag == f"{SPACE}text"}
    assert alarm.findtext(f"{SPACE}title") == "model.py:7"
    assert text(folded) == "tail×3Linear"
    loops = [edge for edge in groups(svg, "edge") if edge[0].get("stroke-dasharray")]
    assert [edge.get("stroke") for edge in loops] == [REPEAT["color"]]
    assert [frame.findtext(f"{SPACE}title") for frame in groups(svg, "cluster")] == ["net (Net)", "× 12"]
    assert "something was left out" in svg


@draws(60)
@given(PICTURES)
def test_any_text_is_written_as_it_is_and_stays_in_its_box(picture: Picture) -> None:
    svg = to_svg(picture, "TB")
    assert svg == to_svg(picture, "TB")
    nodes = groups(svg, "node")
    assert len(nodes) == len(picture.boxes)
    for node, box in zip(nodes, picture.boxes, strict=True):
        for line in (box.title, *box.lines):
            assert told(line) in text(node)
        for shape in node.iter(f"{SPACE}rect"):
            left = float(shape.get("x", "nan"))
            right = left + float(shape.get("width", "nan"))
            for part in node.iter(f"{SPACE}text"):
                length = part.get("textLength")
                assert float(part.get("x", "nan")) >= left
                assert length is None or float(part.get("x", "nan")) + float(length) <= right + 0.2
    assert len(groups(svg, "edge")) == len(picture.edges) + len(picture.loops)
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize("name", ["Helvetica", "Helvetica-Bold"])
def test_widths_are_those_of_the_font(name: str) -> None:
    metrics = Path(matplotlib.get_data_path(), "fonts", "pdfcorefonts", f"{name}.afm").read_text("ascii")
    found = {int(code): int(width) for code, width in re.findall(r"^C (\d+) ; WX (\d+) ;", metrics, re.M)}
    quote = int(re.findall(r"WX (\d+) ; N quotesingle ;", metrics)[0])  # which Unicode has in the place of another
    grave = int(re.findall(r"WX (\d+) ; N grave ;", metrics)[0])
    for code in range(32, 127):
        expected = {39: quote, 96: grave}.get(code, found[code])
        assert width_of(chr(code), 1000, bold=name.endswith("Bold")) == expected
    for sign, called in (("×", "multiply"), ("±", "plusminus"), ("−", "minus"), ("÷", "divide"), ("…", "ellipsis")):
        assert [width_of(sign, 1000)] == [float(width) for width in re.findall(rf"WX (\d+) ; N {called} ;", metrics)]


def test_widths_of_other_characters_are_generous() -> None:
    assert is_measured("a×b")
    assert not is_measured("é")
    assert width_of("漢", 10) >= 10
    assert width_of("e\u0301", 10) == width_of("e", 10)


def test_svg_is_written_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = draw_graph((Value(1.0) * 2).tanh())
    svg = picture.svg
    assert len(groups(svg, "node")) == 4
    picture.write(tmp_path / "a.svg")
    paths = [
        picture.render(tmp_path / "b", cleanup=True),
        picture.render("c", directory=tmp_path),
        picture.render(outfile=tmp_path / "d.svg"),
        picture.render(tmp_path / "e", format="svg"),
    ]
    assert [Path(path).name for path in paths] == ["b.svg", "c.svg", "d.svg", "e.svg"]
    assert {(tmp_path / f"{name}.svg").read_text("utf-8") for name in "abcde"} == {svg}
    assert not (tmp_path / "b").exists()
    assert (tmp_path / "c").read_text("utf-8") == picture.source
    assert picture.pipe() == picture.pipe(format="svg") == svg.encode()
    assert picture.pipe(encoding="utf-8") == svg
    assert picture._repr_mimebundle_() == {"image/svg+xml": svg}


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_modules_are_frames_around_their_boxes(rankdir: str) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 2)))
    svg = draw_graph(lambda: model(np.ones((4, 3), "f4")).sum(), model, rankdir=rankdir).svg
    titles = ["Sequential", "0 (Linear)", "1 (Sequential)", "0 (ReLU)", "1 (Linear)"]
    assert sorted(str(frame.findtext(f"{SPACE}title")) for frame in groups(svg, "cluster")) == sorted(titles)
    assert all(f">{title}</text>" in svg for title in titles)


def test_repeated_doubling_is_drawn_node_by_node() -> None:
    y = tensor([1.0], requires_grad=True)
    for _ in range(64):
        y = y + y
    svg = draw_graph(y.sum(), fold=False, max_nodes=None).svg
    assert len(groups(svg, "node")) == 66
    assert len(groups(svg, "edge")) == 129


@pytest.mark.thorough
def test_large_graphs_are_written_in_linear_time() -> None:
    y = x = tensor([1.0], requires_grad=True)
    for _ in range(20_000):
        y = y * x
    started = time.process_time()
    assert 1 < len(groups(draw_graph(y.sum()).svg, "node")) <= 400
    boxes = [Box("operation", "add", ("() float64",), frame=place // 10) for place in range(3_000)]
    edges = [(place, place + 1) for place in range(2_999)] + [(place // 2, place) for place in range(2, 3_000)]
    frames = [Frame(f"{place}", "Block", None) for place in range(300)]
    assert len(groups(to_svg(Picture(boxes, edges, frames), "TB"), "node")) == 3_000
    assert time.process_time() - started < 30  # a tenth of it here; quadratic steps would take an hour


@pytest.mark.thorough
def test_a_picture_too_large_for_the_program_is_laid_out_here(tmp_path: Path) -> None:
    """A pass of a small network of scalars, all boxes of which Graphviz lays out in minutes."""
    model = nn.scalar.MLP(2, [24, 24, 1])
    drawing = draw_graph(model([Value(0.5), Value(-1.0)]), fold=False, max_nodes=None)  # type: ignore[arg-type]  # one
    assert len(drawing.picture.boxes) > 1000
    drawing.write(tmp_path / "large.svg")
    assert (tmp_path / "large.svg").read_text("utf-8") == drawing.svg
