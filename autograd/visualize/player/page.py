"""Writing the page: its data, and one file of HTML that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from ...graph import LEAF
from ...lines import line_of
from ...value import Value
from .layout import HEIGHT, WIDTH, Layout, lay_out
from .numbers import LEVELS, described, size_of
from .record import Edge, Recording, Step, inside
from .rules import rules_of, text_of_line

__all__ = ["page_of"]


def page_of(recording: Recording, title: str) -> str:
    """Return the text of a page that plays a recording; the same recording gives the same text."""
    parts = {name: files(__package__).joinpath(f"player.{name}").read_text("utf-8") for name in ("css", "js")}
    page = files(__package__).joinpath("page.html").read_text("utf-8")
    data = json.dumps(_data(recording, title), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":  # so that no text in it can end the element that it stands in
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    wanted = {
        "TITLE": html.escape(title),
        "STYLE_HASH": _hash(parts["css"]),
        "SCRIPT_HASH": _hash(parts["js"]),
        "STYLE": parts["css"],
        "SCRIPT": parts["js"],
        "DATA": data,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: wanted[place[1]], page)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data(recording: Recording, title: str) -> dict[str, Any]:
    steps, edges = recording.steps, recording.edges
    groups = [_group(step) for step in steps]
    layout = lay_out(len(steps), [(edge.source, edge.target) for edge in edges], groups)
    names = list(dict.fromkeys(group for group in groups if group))
    uses = [0] * len(steps)
    for edge in edges:
        uses[edge.source] += 1
    rules: dict[str, int] = {}
    boxes = [_box(place, recording, layout, rules, names) for place in range(len(steps))]
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "groups": names,
        "steps": boxes,
        "edges": list(_edges(recording, layout, uses)),
        "rules": list(rules),
        "levels": LEVELS,
    }


def _group(step: Step) -> str:
    return "" if step.folded else getattr(step.node, "scope", "")


def _box(place: int, recording: Recording, layout: Layout, rules: dict[str, int], groups: list[str]) -> dict[str, Any]:
    step = recording.steps[place]
    box: dict[str, Any] = {"name": step.name, "x": layout.boxes[place][0], "y": layout.boxes[place][1]}
    if step.folded:
        return box | {"kind": "folded", "op": f"{step.folded:,} steps in one"}
    node, op = step.node, inside(step.node)
    leaf = node.op is LEAF
    box["kind"] = "leaf" if leaf else "result" if place == len(recording.steps) - 1 else "operation"
    box["op"] = "leaf" if leaf else op.name
    box["type"] = _type(node)
    box["value"], box["known"], box["gradient"] = described(step.value), step.known, described(step.gradient)
    if step.gradient is not None:
        box["size"] = size_of(step.gradient)
    if not leaf:
        inputs = op.inputs(node)
        box["inputs"] = [described(step.constants.get(i)) if x is None else "" for i, x in enumerate(inputs)]
        box["arguments"] = {name: described(value) for name, value in step.arguments.items()}
        texts = rules_of(op, len(inputs))
        box["rules"] = [
            -1 if x is None else rules.setdefault(t, len(rules)) for x, t in zip(inputs, texts, strict=True)
        ]
    if hasattr(node, "code"):
        box["where"], box["line"] = text_of_line(line_of(node))
    if _group(step):
        box["group"] = groups.index(step.node.scope)
    if step.hooked:
        box["hooked"] = True
    return box


def _type(node: Any) -> str:
    if isinstance(node, Value):
        return "number"
    if isinstance(node.dtype, tuple):
        return ", ".join(f"{shape} {dtype}" for shape, dtype in zip(node.shape, node.dtype, strict=True))
    return f"{node.shape} {node.dtype}"


def _edges(recording: Recording, layout: Layout, uses: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the edges, each with what the gradient of its source has become after it."""
    sums: dict[int, Any] = {}
    for edge, curve in zip(recording.edges, layout.curves, strict=True):
        held = sums.get(edge.source)
        added = sums[edge.source] = edge.contribution if held is None else _sum(held, edge)
        told: dict[str, Any] = {
            "from": edge.source,
            "to": edge.target,
            "input": edge.index,
            "size": size_of(edge.contribution),
            "sum": size_of(added),
            "curve": [number for point in curve for number in point],
        }
        if uses[edge.source] > 1:  # else it is the whole gradient
            told["contribution"] = described(edge.contribution)
        yield told


def _sum(held: Any, edge: Edge) -> Any:
    if not isinstance(held, tuple):
        return held + edge.contribution
    pairs = zip(held, edge.contribution, strict=True)
    return tuple(b if a is None else a if b is None else a + b for a, b in pairs)
