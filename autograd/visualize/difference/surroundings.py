"""Surroundings of a difference: a picture of the nodes around it, of both runs in one."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..layered import Layout, Point, lay_out
from ..text_width import width_of
from .comparison import ComparedNode

_MOST = 28  # boxes
_FAR = 3  # edges from the difference
_FONT, _LINE, _PAD = 12.0, 15.0, 8.0
_MARGIN = 6.0
_LONGEST = 26  # characters in a box
_SIDES = {(True, True): "both", (True, False): "a", (False, True): "b"}


def drawn(nodes: Sequence[ComparedNode], around: int) -> str:
    """Return a picture of the nodes near one of them as SVG, whose colours a style sheet sets."""
    shown = _near(nodes, around)
    indices = {row: index for index, row in enumerate(shown)}
    edges = {
        (indices[source], indices[row]): _SIDES[source in nodes[row].sources[0], source in nodes[row].sources[1]]
        for row in shown
        for source in nodes[row].inputs
        if source in indices
    }
    texts = [_lines(nodes[row]) for row in shown]
    sizes = [_size(nodes[row], lines) for row, lines in zip(shown, texts, strict=True)]
    layout = lay_out(sizes, list(edges), below=30.0)
    boxes = "".join(
        _box(nodes[row], _look(nodes[row], row == around), lines, middle, size)
        for row, lines, middle, size in zip(shown, texts, layout.boxes, sizes, strict=True)
    )
    return _svg(layout, list(edges.values()), boxes)


def _size(node: ComparedNode, lines: list[str]) -> tuple[float, float]:
    """Return width and height of a box; those of leaves have round ends."""
    height = len(lines) * _LINE + _PAD
    ends = height if node.only.is_leaf else 2 * _PAD
    return max(64.0, max(width_of(line, _FONT, bold=True) for line in lines) + ends), height


def _near(nodes: Sequence[ComparedNode], around: int) -> list[int]:
    """Return the nodes nearest to one, in order; other uses of a leaf, such as a shared weight, are not near."""
    users: dict[int, list[int]] = {}
    for row, node in enumerate(nodes):
        for source in node.inputs:
            users.setdefault(source, []).append(row)
    found = {around: None}
    newest = [around]
    for _ in range(_FAR):
        beside = [source for row in newest for source in nodes[row].inputs]
        beside += [
            user for row in newest if row == around or not nodes[row].only.is_leaf for user in users.get(row, ())
        ]
        newest = [row for row in dict.fromkeys(beside) if row not in found][: max(0, _MOST - len(found))]
        found |= dict.fromkeys(newest)
    return sorted(found)


def _lines(node: ComparedNode) -> list[str]:
    lines = [_short(node.title)]
    shape = node.only.shapes[0] if len(node.only.shapes) == 1 else None
    lines.append(_short(f"{shape} {node.only.dtypes[0]}" if shape is not None else f"{len(node.only.shapes)} results"))
    if node.kinds:
        lines.append(_short(", ".join(node.kinds)))
    return lines


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _look(node: ComparedNode, first: bool) -> str:
    """Return the classes of a box."""
    state = "same" if not node.kinds else "a" if node.b is None else "b" if node.a is None else "differs"
    return f"{state}{' follows' if node.follows else ''}{' first' if first else ''}"


def _box(node: ComparedNode, look: str, lines: list[str], middle: Point, size: Point) -> str:
    """Return a box, which tells all about its node where a pointer rests on it."""
    (x, y), (width, height) = middle, size
    left, top = x - width / 2, y - height / 2
    radius = height / 2 if node.only.is_leaf else 5.0
    texts = "".join(
        f'<text x="{x:.1f}" y="{top + _PAD / 2 + _LINE * (index + 0.8):.1f}" class="line{index}">{escape(line)}</text>'
        for index, line in enumerate(lines)
    )
    where = [f"in {node.only.module}"] if node.only.module else []
    tooltip = "\n".join([node.title, *where, ", ".join(node.kinds) or "no difference", *node.details()])
    return (
        f'<g class="box {look}"><title>{escape(tooltip)}</title><rect x="{left:.1f}" y="{top:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}"/>{texts}</g>'
    )


def _svg(layout: Layout, sides: list[str], boxes: str) -> str:
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    parts = [
        f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="{-_MARGIN} {-_MARGIN} {width:.1f} {height:.1f}" '
        'role="img" aria-label="The graph around the first difference"><defs><marker id="head" viewBox="0 0 8 8" '
        'refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 1L7 4L0 7z"/></marker></defs>'
    ]
    for curve, side in zip(layout.curves, sides, strict=True):
        points = [f"{x:.1f} {y:.1f}" for x, y in curve]
        parts.append(f'<path class="edge {side}" d="M{points[0]}C{" ".join(points[1:])}" marker-end="url(#head)"/>')
    return "".join([*parts, boxes, "</svg>"])
