"""How a picture looks: colours, shapes, fonts and labels, as Graphviz attributes.

Each kind has a shape and a colour of its own, and the colours differ in lightness too, so that they can be told apart
in grey and by eyes that do not tell red from green.
"""

from __future__ import annotations

import re
from html import escape

from .picture import Box, Frame, Kind

__all__ = ["ALARM", "DEAD", "EDGE", "FRAME", "GRAPH", "LOOP", "NODE", "box_attributes", "frame_title", "plain"]

_FONT = "Helvetica,Arial,sans-serif"
_INK, _MUTED = "#1f2937", "#6b7280"

GRAPH = {
    "bgcolor": "white",
    "nodesep": "0.25",
    "ranksep": "0.35",
    "ordering": "in",
    "fontname": _FONT,
    "fontsize": "10",
    "fontcolor": _MUTED,
}
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
LOOP = {"style": "dashed", "color": "#7c3aed", "constraint": "false"}
FRAME = {"style": "rounded,filled", "color": "#cbd5e1", "labeljust": "l", "margin": "10"}
REPEAT = {"style": "rounded,dashed", "color": "#7c3aed", "labeljust": "l", "margin": "10"}
SHADES = ("#f6f8fb", "#ecf0f6")  # of frames within frames, in turn

# What differs from an operation: the shape, the fill and the border of each other kind.
KINDS: dict[Kind, dict[str, str]] = {
    "parameter": {"shape": "cylinder", "style": "filled", "fillcolor": "#cdeadb", "color": "#2f855a"},
    "leaf": {"shape": "ellipse", "style": "filled", "fillcolor": "#dfeafa", "color": "#3b6fb5", "margin": "0.02,0.02"},
    "constant": {
        "shape": "plaintext",
        "style": "",
        "fontcolor": _MUTED,
        "fontsize": "10",
        "margin": "0.04,0.02",
        "width": "0",
    },
    "operation": {},
    "result": {"style": "filled", "fillcolor": "#fdf0cd", "color": "#b7791f", "peripheries": "2"},
    "module": {"shape": "box3d", "style": "filled", "fillcolor": "#e7e3f4", "color": "#6b5ca5", "margin": "0.14,0.11"},
    "omitted": {"shape": "box", "style": "dashed", "color": _MUTED, "fontcolor": _MUTED},
}
ALARM = {"fillcolor": "#fbd5cf", "color": "#c81e1e", "penwidth": "2.5"}
DEAD = {"fillcolor": "#e5e7eb", "color": "#9ca3af", "fontcolor": _MUTED, "penwidth": "0.6"}

# What XML or a text file cannot hold: control characters, halves of surrogate pairs, and two that are no characters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """Return `text` on one line, with what cannot be written replaced."""
    return " ".join(_UNWRITABLE.sub("\ufffd", text).split())


def box_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box that differ from `NODE`, its label among them."""
    attributes = {"label": _label(box), **KINDS[box.kind]}
    if box.dead:
        attributes |= DEAD | {"style": (attributes.get("style", "rounded,filled") + ",dashed").lstrip(",")}
    if box.alarm:
        attributes |= ALARM
    return attributes


def frame_title(frame: Frame) -> str:
    """Return what stands above a frame."""
    name = f"{frame.path} ({frame.what})" if frame.path else frame.what
    return plain(f"{name} × {frame.times:,}".strip() if frame.times > 1 else name)


def _label(box: Box) -> str:
    """Write the title in bold, except on constants, and the lines below it smaller."""
    title = _markup(box.title)
    if title and box.kind not in ("constant", "omitted"):
        title = f"<b>{title}</b>"
    if box.times > 1:
        title += f'<font color="#7c3aed"><b> × {box.times:,}</b></font>'
    parts = [title] if title else []
    parts += [
        f'<font point-size="9" color="{"#c81e1e" if _is_alarming(line) else _MUTED}">{_markup(line)}</font>'
        for line in box.lines
        if plain(line)
    ]
    if box.dead:
        parts.append(f'<font point-size="9" color="{_MUTED}">no gradient</font>')
    return f"<{'<br/>'.join(parts)}>" if parts else ""


def _markup(text: str) -> str:
    r"""Escape markup, and what ``dot`` makes more of: ``\N`` is the name of the box, and ``]]`` is a syntax error."""
    return escape(plain(text)).replace("\\", "\\\\").replace("]", "&#93;")


def _is_alarming(line: str) -> bool:
    """Tell whether a line is of numbers, and nan or inf is among them."""
    return bool(re.match(r"(data|grad) ", line) and re.search(r"\b(nan|inf)\b", line))
