"""How a picture looks: colours, fonts and labels, as Graphviz attributes."""

from __future__ import annotations

from html import escape

from .picture import Box, Kind

__all__ = ["EDGE", "GRAPH", "NODE", "box_attributes", "edge_attributes"]

_FONT = "Helvetica,Arial,sans-serif"
_INK, _MUTED = "#1f2937", "#6b7280"

GRAPH = {"bgcolor": "white", "nodesep": "0.25", "ranksep": "0.35", "ordering": "in", "fontname": _FONT}
NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fillcolor": "white",
    "color": "#9ca3af",
    "fontcolor": _INK,
    "fontname": _FONT,
    "fontsize": "11",
    "margin": "0.14,0.07",
    "height": "0.3",
    "width": "0.5",
}
EDGE = {"color": "#9ca3af", "arrowsize": "0.6"}

# What differs from an operation: the fill and the border of each other kind.
_KINDS: dict[Kind, dict[str, str]] = {
    "parameter": {"fillcolor": "#dcf2e3", "color": "#4a9a6a"},
    "leaf": {"fillcolor": "#dfeafa", "color": "#5b8bc9"},
    "constant": {
        "shape": "plaintext",
        "style": "",
        "fontcolor": _MUTED,
        "fontsize": "10",
        "margin": "0.04,0.02",
        "width": "0",
    },
    "operation": {},
    "result": {"fillcolor": "#fdf0cd", "color": "#c9973a"},
}


def box_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box that differ from `NODE`, its label among them."""
    return {"label": _label(box), **_KINDS[box.kind]}


def edge_attributes(source: Box) -> dict[str, str]:
    """Return the attributes of an edge from `source`: the way from operation to operation is drawn straight."""
    return {"weight": "8"} if source.kind == "operation" else {}


def _label(box: Box) -> str:
    """Write the title in bold, except on constants, and the lines below it smaller."""
    title = escape(box.title)
    parts = [title if box.kind == "constant" else f"<b>{title}</b>"] if title else []
    parts += [f'<font point-size="9" color="{_MUTED}">{escape(line)}</font>' for line in box.lines]
    return f"<{'<br/>'.join(parts)}>"
