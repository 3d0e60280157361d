"""Mermaid: write a picture in the language that many Markdown viewers draw."""

from __future__ import annotations

from .picture import Box, Kind, Picture, by_frame
from .style import ALARM, DEAD, KINDS, frame_title, plain

_SHAPES: dict[Kind, tuple[str, str]] = {
    "parameter": ("[(", ")]"), "leaf": ("([", "])"), "input": ("[\\", "\\]"), "constant": ("[", "]"),
    "operation": ("(", ")"), "result": ("[[", "]]"), "module": ("[/", "/]"), "omitted": ("[", "]"),
    "failed": ("{{", "}}"),
}  # fmt: skip
_STYLED = ("fillcolor", "color", "penwidth")


def to_mermaid(picture: Picture, rankdir: str) -> str:
    """Return the text; boxes are numbered in their order, so equal pictures give equal text."""
    lines = [f"flowchart {rankdir}"]
    for indent, what, index in by_frame(picture):
        space = "    " * (indent + 1)
        if what == "box":
            box = picture.boxes[index]
            opening, closing = _SHAPES[box.kind]
            lines.append(f'{space}n{index}{opening}"{_label(box)}"{closing}:::{_class(box)}')
        elif what == "open":
            title = frame_title(picture.frames[index], picture.frames)
            lines.append(f'{space}subgraph f{index} ["{_escaped(title)}"]')
        else:
            lines.append(f"{space}end")
    lines += [f"    n{source} --> n{target}" for source, target in picture.edges]
    lines += [f"    n{source} -.-> n{target}" for source, target in picture.loops]
    used = {_class(box) for box in picture.boxes}
    lines += [f"    classDef {name} {style}" for name, style in _CLASSES.items() if name in used]
    lines += [f"    %% {plain(remark)}" for remark in picture.remarks]
    return "\n".join(lines) + "\n"


def _css(attributes: dict[str, str]) -> str:
    names = {"fillcolor": "fill", "color": "stroke", "penwidth": "stroke-width"}
    return ",".join(f"{names[key]}:{value}" for key, value in attributes.items() if key in names)


_CLASSES = {
    kind: _css({"fillcolor": "#ffffff", "color": "#9ca3af", **{k: v for k, v in look.items() if k in _STYLED}})
    for kind, look in KINDS.items()
} | {"alarm": _css(ALARM), "dead": _css(DEAD)}


def _class(box: Box) -> str:
    return "alarm" if box.alarm else "dead" if box.dead else box.kind


def _label(box: Box) -> str:
    title = _escaped(box.title) + (f" × {box.times:,}" if box.times > 1 else "")
    parts = [
        title,
        box.mark.text if box.mark else "",
        *map(_escaped, box.lines),
        *(["no gradient"] if box.dead else []),
    ]
    return "<br/>".join(part for part in parts if part) or " "


def _escaped(text: str) -> str:
    """Escape, as numeric entities, characters that Mermaid or the Markdown in its labels would interpret."""
    return "".join(c if c.isalnum() or c in " .,()=+-/:±…×∂" else f"#{ord(c)};" for c in plain(text))
