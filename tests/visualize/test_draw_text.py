"""The languages that drawings are written in: the same bytes each time, and any text within them."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, draw_graph, tensor
from autograd.visualize.dot import to_digraph
from autograd.visualize.picture import SATELLITES, Box, Frame, Picture
from autograd.visualize.style import ALARM, KINDS, plain

from ..thorough import draws

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's program dot")

PICTURE = Picture(
    [
        Box("leaf", "x", ("(3,) float32",)),
        Box("parameter", "w", (), frame=0, dead=True),
        Box("operation", "dot", ("data nan",), frame=1, alarm=True, where="model.py:7"),
        Box("module", "tail", ("Linear",), frame=0, times=3),
        Box("result", "sum", ()),
    ],
    [(0, 2), (1, 2), (2, 3), (3, 4)],
    [Frame("net", "Net", None), Frame("", "", 0, 12)],
    [(2, 2)],
    ["something was left out"],
)

DOT = """\
\tn0 [label=<<b>x</b><br/><font point-size="9" color="#4b5563">(3,) float32</font>> color="#3b6fb5" \
fillcolor="#dfeafa" margin="0.02,0.02" shape=ellipse style=filled]
\tsubgraph cluster_0 {
\tcolor="#cbd5e1" fillcolor="#f6f8fb" label="net (Net)" labeljust=l margin=10 style="rounded,filled" tooltip="net (Net)"
\tn1 [label=<<b>w</b><br/><font point-size="9" color="#4b5563">no gradient</font>> color="#9ca3af" \
fillcolor="#e5e7eb" fontcolor="#4b5563" penwidth=0.6 shape=cylinder style="filled,dashed"]
\tsubgraph cluster_1 {
\tcolor="#7c3aed" label="× 12" labeljust=l margin=10 style="rounded,dashed" tooltip="× 12"
\tn2 [label=<<b>dot</b><br/><font point-size="9" color="#a61616">data nan</font>> color="#a61616" \
fillcolor="#fbd5cf" penwidth=2.5 tooltip="model.py:7"]
\t}
\tn3 [label=<<b>tail</b><font color="#7c3aed"><b> × 3</b></font><br/>\
<font point-size="9" color="#4b5563">Linear</font>> color="#6b5ca5" fillcolor="#e7e3f4" margin="0.14,0.11" \
shape=box3d style=filled]
\t}
\tn4 [label=<<b>sum</b>> color="#b7791f" fillcolor="#fdf0cd" peripheries=2 style=filled]
\tn0 -> n2
\tn1 -> n2
\tn2 -> n3 [weight=8]
\tn3 -> n4 [weight=8]
\tn2 -> n2 [color="#7c3aed" constraint=false style=dashed]
}
"""

MERMAID = """\
flowchart LR
    n0(["x<br/>(3,) float32"]):::leaf
    subgraph f0 ["net (Net)"]
        n1[("w<br/>no gradient")]:::dead
        subgraph f1 ["× 12"]
            n2("dot<br/>data nan"):::alarm
        end
        n3[/"tail × 3<br/>Linear"/]:::module
    end
    n4[["sum"]]:::result
    n0 --> n2
    n1 --> n2
    n2 --> n3
    n3 --> n4
    n2 -.-> n2
    classDef leaf fill:#dfeafa,stroke:#3b6fb5
    classDef result fill:#fdf0cd,stroke:#b7791f
    classDef module fill:#e7e3f4,stroke:#6b5ca5
    classDef alarm fill:#fbd5cf,stroke:#a61616,stroke-width:2.5
    classDef dead fill:#e5e7eb,stroke:#9ca3af,stroke-width:0.6
    %% something was left out
"""


def test_the_text_in_the_dot_language() -> None:
    head, body = to_digraph(PICTURE, "TB", "svg").source.split("\tn0", 1)
    assert "\tn0" + body == DOT
    assert "rankdir=TB" in head
    assert 'label="something was left out"' in head


def test_the_text_in_mermaid() -> None:
    assert to_digraph(PICTURE, "LR", "svg").mermaid == MERMAID


@pytest.mark.parametrize("rankdir", ["LR", "RL", "TB", "BT"])
def test_the_direction(rankdir: str) -> None:
    picture = draw_graph(Value(1.0) + 1, rankdir=rankdir)
    assert f"rankdir={rankdir}" in picture.source
    assert picture.mermaid.startswith(f"flowchart {rankdir}\n")


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as the contrast of text is defined by."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_kinds_differ_in_shape_and_not_in_colour_alone() -> None:
    def shape(look: dict[str, str]) -> tuple[str | None, ...]:
        return look.get("shape", "box"), look.get("peripheries"), "dashed" if look.get("style") == "dashed" else None

    assert len({shape(look) for look in KINDS.values()}) == len(KINDS)
    fills = [look["fillcolor"] for look in KINDS.values() if "fillcolor" in look]
    assert len(set(fills)) == len(fills)
    for look in (*KINDS.values(), ALARM):  # text is read on its background, in grey too
        ink = luminance(look.get("fontcolor", "#1f2937"))
        assert (luminance(look.get("fillcolor", "#ffffff")) + 0.05) / (ink + 0.05) > 4
    assert "penwidth" in ALARM


TEXT = st.text(max_size=20) | st.sampled_from(
    [
        '"',
        "\\",
        "\\N",
        "a\nb",
        "<b>",
        "</table>",
        "&amp;",
        "<>",
        "\x00",
        "\ud800",
        "é×∂",
        "end",
        "]]",
        '"]',
        "%%",
        "#35;",
    ]
)
BOXES = st.builds(
    Box,
    st.sampled_from(sorted(KINDS)),
    TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
    where=TEXT,
    alarm=st.booleans(),
    dead=st.booleans(),
    frame=st.sampled_from([None, 0, 1]),
    times=st.integers(1, 3),
)
PICTURES = st.builds(
    lambda boxes, names: Picture(
        boxes,
        [(i, i + 1) for i in range(len(boxes) - 1)],
        [Frame(names[0], names[1], None), Frame(names[2], names[3], 0)],
        [(0, 0)],
        names[4:],
    ),
    st.lists(BOXES, min_size=1, max_size=4),
    st.lists(TEXT, min_size=5, max_size=6),
)


def told(text: str) -> str:
    """Return what is read of a text, blanks apart, which SVG has in several forms."""
    return re.sub(r"\s", "", plain(text).replace("\xa0", ""))


@needs_dot
@draws(25)
@given(PICTURES)
def test_any_text_is_drawn_as_it_is(picture: Picture) -> None:
    svg = to_digraph(picture, "TB", "svg").pipe(engine="dot")
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    nodes = {
        str(group.findtext(f"{space}title")): "".join(
            told("".join(part.itertext())) for part in group.iter(f"{space}text")
        )
        for group in root.iter(f"{space}g")
        if group.get("class") == "node"
    }
    assert sorted(nodes) == sorted(f"n{i}" for i in range(len(picture.boxes)))
    for place, box in enumerate(picture.boxes):
        for text in (box.title, *box.lines):
            assert told(text) in nodes[f"n{place}"]


@needs_dot
def test_what_dot_would_make_more_of_is_drawn_as_it_is() -> None:
    for text in ("\\N", "a\\", "]]", "<>", "x\x00y", "<b>&lt;"):
        picture = Picture(
            [Box("operation", text, (text,), where=text)], frames=[Frame(text, text, None)], remarks=[text]
        )
        svg = ElementTree.fromstring(to_digraph(picture, "TB", "svg").pipe(engine="dot"))
        assert [told("".join(part.itertext())) for part in svg.iter("{http://www.w3.org/2000/svg}text")] == [
            told(text)
        ] * 3


@draws(50)
@given(PICTURES)
def test_any_text_stays_within_its_quotes_in_mermaid(picture: Picture) -> None:
    text = to_digraph(picture, "TB", "svg").mermaid
    lines = text.splitlines()
    labels = [line.split('"') for line in lines if '"' in line and "%%" not in line]
    assert all(len(parts) == 3 for parts in labels)
    for _, label, _ in labels:
        assert not set(re.sub(r"<br/>|#\d+;", "", label)) & set('<>"\\`&[]{}|;')
    places = re.findall(r"^ *n(\d+)\W.*:::\w+$", text, re.M)
    assert sorted(map(int, places)) == list(range(len(picture.boxes)))
    assert sum(line.strip().startswith("subgraph ") for line in lines) == sum(line.strip() == "end" for line in lines)


PROGRAMS = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60)


@draws(30)
@given(PROGRAMS)
def test_every_node_is_written_once(program: list[tuple[int, int, int]]) -> None:
    values: list[Any] = [tensor([0.5, 0.1], requires_grad=True), tensor(2.0, requires_grad=True)]
    for kind, back, further in program:
        a, b = values[-min(back, len(values))], values[-min(further, len(values))]
        values.append([a + b, a * b, np.sin(a)][kind])
    for fold in (False, True):
        picture = draw_graph(values[-1].sum(), fold=fold)
        places = [int(place) for place in re.findall(r"^\tn(\d+) \[", picture.source, re.M)]
        assert sorted(places) == list(range(len(places)))
        edges = {int(end) for edge in re.findall(r"^\tn(\d+) -> n(\d+)", picture.source, re.M) for end in edge}
        assert edges == set(places)
        assert picture.mermaid.count(":::") == len(places)
        if not fold:
            assert len(places) == len(ancestors_of(values[-1])) + 1


def ancestors_of(x: Any) -> set[Any]:
    """Return the nodes that a result was made of, found in another way than drawings find them."""
    found: set[Any] = set()
    pending = [x._node]
    while pending:
        node = pending.pop()
        if node is not None and node not in found:
            found.add(node)
            pending += node.op.inputs(node)
    return found


def test_satellites_are_what_is_no_operation() -> None:
    assert {kind for kind in KINDS if Box(kind, "", ()).satellite} == set(SATELLITES)


def test_text_is_written_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = draw_graph(Value(1.0) + 1)
    for name, text in (("a.gv", picture.source), ("a.dot", picture.source), ("a.mmd", picture.mermaid)):
        picture.write(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8") == text
    with pytest.raises(RuntimeError, match="apt install graphviz"):
        picture.write(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_a_picture_is_told_in_text_without_its_address() -> None:
    assert repr(draw_graph(Value(1.0) + 1)) == repr(draw_graph(Value(2.0) + 1)) == "<Digraph, 5 lines>"


@needs_dot
def test_images_are_written_by_their_suffix(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    picture = draw_graph(lambda: model(np.ones((4, 3), "f4")).sum(), model, show=["values", "gradients", "rules"])
    for name, start in (("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG"), ("a.pdf", b"%PDF")):
        picture.write(str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(start)
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg.count('class="cluster"') == 3
    assert picture._repr_mimebundle_()["image/svg+xml"].count('class="cluster"') == 3


def test_other_suffixes_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in one of \.svg, \.png, \.pdf, \.gv, .*; not in '\.txt'"):
        draw_graph(Value(1.0) + 1).write(tmp_path / "a.txt")


@needs_dot
def test_all_options_together_are_drawn() -> None:
    x = tensor(np.linspace(-1, 1, 6).reshape(2, 3), requires_grad=True)
    model = nn.Sequential(nn.Linear(3, 3, dtype=np.float64), nn.Tanh())
    for depth in (None, 0, 1):
        picture = draw_graph(
            lambda: (model(x) * x).sum(),
            model,
            depth=depth,
            fold=True,
            max_nodes=6,
            show=["values", "gradients", "kept", "times", "rules"],
            rankdir="RL",
        )
        assert subprocess.run(["dot", "-Tsvg"], input=picture.source.encode(), capture_output=True).returncode == 0
