"""Style: colours, shapes, fonts and labels, as Graphviz attributes.

Each kind has its own shape and colour, and the colours also differ in lightness, so that they can be told apart in
greyscale and by colour-blind readers.
"""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple

from .picture import Box, Frame, Kind, Mark, frames_around

FONT = "Helvetica,Arial,sans-serif"
INK, _MUTED = "#1f2937", "#4b5563"

GRAPH = {
    "bgcolor": "white", "nodesep": "0.25", "ranksep": "0.35", "ordering": "in", "fontname": FONT, "fontsize": "10",
    "fontcolor": _MUTED,
}  # fmt: skip
NODE = {
    "shape": "box", "style": "rounded,filled", "fillcolor": "white",
    "color": "#9ca3af",
    "fontcolor": INK, "fontname": FONT, "fontsize": "11", "margin": "0.14,0.07", "height": "0.3", "width": "0.5",
}  # fmt: skip
EDGE = {"color": "#9ca3af", "arrowsize": "0.6"}
LOOP = {"style": "dashed", "color": "#7c3aed", "constraint": "false"}
FRAME = {"style": "rounded,filled", "color": "#cbd5e1", "labeljust": "l", "margin": "10"}
REPEAT = {"style": "rounded,dashed", "color": "#7c3aed", "labeljust": "l", "margin": "10"}
SHADES = ("#f6f8fb", "#ecf0f6")  # of nested frames, alternating

# The shape, fill and border of each kind where they differ from an operation's.
KINDS: dict[Kind, dict[str, str]] = {
    "parameter": {"shape": "cylinder", "style": "filled", "fillcolor": "#cdeadb", "color": "#2f855a"},
    "leaf": {"shape": "ellipse", "style": "filled", "fillcolor": "#dfeafa", "color": "#3b6fb5", "margin": "0.02,0.02"},
    "input": {"shape": "parallelogram", "style": "filled", "fillcolor": "#d8eef0", "color": "#2c7a86"},
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
    "failed": {"shape": "octagon", "style": "filled"},
    "omitted": {"shape": "box", "style": "dashed", "color": _MUTED, "fontcolor": _MUTED},
}
ALARM = {"fillcolor": "#fbd5cf", "color": "#a61616", "penwidth": "2.5"}
DEAD = {"fillcolor": "#e5e7eb", "color": "#9ca3af", "fontcolor": _MUTED, "penwidth": "0.6"}

# Of the user's numbers: the colours of 1 and of -1, pale enough for text, and that of what is no number.
_HIGH, _LOW, _NEITHER = (249, 192, 138), (169, 209, 245), "#e5e7eb"

# Characters that XML or a text file cannot hold: control characters, lone surrogates, and two noncharacters.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """Return `text` on one line, with characters that cannot be written replaced."""
    return " ".join(_UNWRITABLE.sub("\ufffd", text).split())


class Run(NamedTuple):
    """A part of a line of text in a box; attributes that are None are those of the box."""

    text: str
    bold: bool = False
    size: str | None = None
    colour: str | None = None


def box_text(box: Box) -> list[list[Run]]:
    """Return the lines of a box: the title in bold, except on constants, and those below it smaller."""
    title = plain(box.title)
    lines = [[Run(title, bold=box.kind not in ("constant", "omitted"))]] if title else []
    if box.mark:
        lines.append([Run(box.mark.text, bold=True)])
    if box.times > 1:
        times = Run(f" × {box.times:,}", bold=True, colour=REPEAT["color"])
        lines = [[*lines[0], times]] if lines else [[times]]
    texts = [*filter(None, map(plain, box.lines)), *(["no gradient"] if box.dead else [])]
    lines += [[Run(text, size="9", colour=ALARM["color"] if _is_alarming(text) else _MUTED)] for text in texts]
    return lines


def frame_look(frame: Frame, depth: int) -> dict[str, str]:
    """Return the attributes of a frame within `depth` others."""
    if not frame.what:
        return REPEAT
    return FRAME | {"fillcolor": colour_of(frame.mark) if frame.mark else SHADES[depth % 2]}


def box_attributes(box: Box) -> dict[str, str]:
    """Return the attributes of a box that differ from `NODE`, its label among them."""
    attributes = {"label": _label(box), **KINDS[box.kind]}
    if box.dead:
        attributes |= DEAD | {"style": (attributes.get("style", "rounded,filled") + ",dashed").lstrip(",")}
    if box.alarm:
        attributes |= ALARM
    if box.mark:
        attributes |= {"fillcolor": colour_of(box.mark), "fontcolor": INK}
        attributes |= {"shape": "box", "style": "filled"} if box.kind == "constant" else {}
    return attributes


def box_look(box: Box) -> dict[str, str]:
    """Return all attributes of a box."""
    return NODE | box_attributes(box)


def colour_of(mark: Mark) -> str:
    """Return the colour of a mark: the more orange, the larger it is; blue below 0 if there are both signs."""
    if mark.level is None:
        return _NEITHER
    end = _HIGH if mark.level > 0 else _LOW
    return "#" + "".join(f"{round(255 + (part - 255) * abs(mark.level)):02x}" for part in end)


def frame_title(frame: Frame, frames: list[Frame]) -> str:
    """Return the title of a frame: the name of its module within the frame around it, and its class."""
    around = next(
        (frames[outer].path for outer in reversed(frames_around(frame.parent, frames)) if frames[outer].path), ""
    )
    path = frame.path.removeprefix(f"{around}.") if around else frame.path
    name = f"{path} ({frame.what})" if path else frame.what
    name += f": {frame.mark.text}" if frame.mark else ""
    return plain(f"{name} × {frame.times:,}".strip() if frame.times > 1 else name)


def _label(box: Box) -> str:
    """Write the text of a box in the markup of ``dot``."""
    label = "<br/>".join("".join(map(_markup, line)) for line in box_text(box))
    return f"<{label}>" if label else ""


def _markup(run: Run) -> str:
    r"""Escape markup, and sequences that ``dot`` interprets: ``\N`` is the name of the box, ``]]`` a syntax error."""
    text = escape(run.text).replace("\\", "\\\\").replace("]", "&#93;")
    if run.bold:
        text = f"<b>{text}</b>"
    look = {"point-size": run.size, "color": run.colour}
    given = "".join(f' {name}="{value}"' for name, value in look.items() if value)
    return f"<font{given}>{text}</font>" if given else text


def _is_alarming(line: str) -> bool:
    """Tell whether a line of numbers contains nan or inf."""
    return bool(re.match(r"(data|grad) ", line) and re.search(r"\b(nan|inf)\b", line))
