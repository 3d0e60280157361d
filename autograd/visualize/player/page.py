"""The page of the player: what it shows of each step, edge and module, as data for its script."""

from __future__ import annotations

import html
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograd import Value
from autograd.inside import LEAF, line_of, operation_of, source_of, text_at

from ..given_arrays import memory_of
from ..given_numbers import GivenNumbers
from ..module_frames import Framing, name_within, settled
from ..node_info import title_of, type_of
from ..page import html_page, read
from ..picture import Frame, Kind, Mark
from ..rule_source import sources_of
from .layout import HEIGHT, WIDTH, depths
from .numbers import LEVELS, described, size_of
from .playback import Edge, Playback

# The parts of the page's script, which are joined into one function in this order.
SCRIPTS = ("graph", "words", "picture", "shares", "modules", "time", "view", "details", "search", "controls")


def page_of(
    played: Playback,
    title: str,
    modules: Mapping[str, Any] | None = None,
    depth: int | None = None,
    numbers: GivenNumbers | None = None,
    remarks: Sequence[str] = (),
) -> str:
    """Return the text of a page that plays the steps of a graph; equal ones give the same text.

    Frames are named after `modules`; with `depth`, that many levels of them are open at first, else as many as fit.
    What `numbers` are of has marks. `remarks` stand beside the graph.
    """
    numbers = numbers or GivenNumbers({}, {}, {})
    data = _data(played, title, modules or {}, numbers) | ({} if depth is None else {"depth": depth})
    data["remarks"] += remarks
    body = read(__package__, "page.html", HEADING=html.escape(title.removeprefix("Backpropagation of ")))
    script = "\n".join(read(__package__, f"{name}.js") for name in SCRIPTS)
    return html_page(title, body, read(__package__, "page.css"), script, data)


def _data(played: Playback, title: str, modules: Mapping[str, Any], numbers: GivenNumbers) -> dict[str, Any]:
    steps, edges = played.steps, [(edge.source, edge.target) for edge in played.edges]
    feeds = list({feed[:2]: feed for feed in reversed(played.feeds)}.values())[::-1]  # one for each pair of ends
    lines = edges + [feed[:2] for feed in feeds]
    framing = Framing(modules, numbers=numbers)
    within = [None if step.folded or step.node is None else framing.frame_of(step.node) for step in steps]
    if played.failure is not None:
        within[-1] = framing.frame_of_calls(played.failure.calls)
    leaves = [index for index, step in enumerate(steps) if step.node is not None and step.node.op is LEAF]
    parameters = [index for index in leaves if steps[index].name and not steps[index].given]
    for index, frame in settled(parameters, lines, within, framing.frames).items():
        within[index] = frame
    uses = [0] * len(steps)
    for source, _ in edges:
        uses[source] += 1
    rules: dict[str, int] = {}
    boxes = [_box(index, played, rules) for index in range(len(steps))]
    for box, step in zip(boxes, steps, strict=True):
        box |= _marked(numbers.of_array(memory_of(step.value)) if step.node is None else numbers.of(step.node))
    for box, frame in zip(boxes, within, strict=True):
        if frame is not None:
            box |= {"frame": frame, "name": name_within(box["name"], frame, framing.frames), "path": box["name"]}
    frames = list(_frames(framing.frames))
    kinds: list[Kind] = ["parameter" if index in parameters else box["kind"] for index, box in enumerate(boxes)]
    titles = [" · ".join(filter(None, (frame["name"], frame["what"]))) for frame in frames]
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "frames": frames,
        "steps": boxes,
        "edges": list(_edges(played, uses)),
        "feeds": [{"from": source, "to": target, "input": index} for source, target, index in feeds],
        "layouts": depths(kinds, within, lines, framing.frames, titles),
        "rules": list(rules),
        "levels": LEVELS,
        "failed": played.failure is not None,
        "legend": list(numbers.legend()),
        "remarks": list(numbers.remarks()),
    }


def _marked(mark: Mark | None) -> dict[str, Any]:
    return {"mark": mark} if mark else {}


def _frames(frames: list[Frame]) -> Iterator[dict[str, Any]]:
    """Yield the description of each frame; the calls of a module that is called several times are counted."""
    calls = Counter((frame.path, frame.what) for frame in frames)
    seen: Counter[tuple[str, str]] = Counter()
    for frame in frames:
        name = name_within(frame.path, frame.parent, frames) or frame.what.removeprefix("module ")
        seen[frame.path, frame.what] += 1
        call = f" #{seen[frame.path, frame.what]}" if calls[frame.path, frame.what] > 1 else ""
        what = frame.what if frame.path else ""
        yield {"name": name + call, "what": what, "path": frame.path + call, "parent": frame.parent} | _marked(
            frame.mark
        )


def _box(index: int, played: Playback, rules: dict[str, int]) -> dict[str, Any]:
    step = played.steps[index]
    box: dict[str, Any] = {"name": step.name}
    if step.folded:
        return box | {"kind": "folded", "op": f"{step.folded:,} operations in one"}
    if step.failure is not None:
        failure = step.failure
        where = {"where": os.path.basename(failure.where), "line": failure.line}
        return (
            box
            | {"kind": "failed", "op": "failed", "type": type(failure.error).__name__, "error": failure.text}
            | where
        )
    if step.node is None:
        form = f"{step.value.shape} {step.value.dtype}"
        return box | {"kind": "input", "op": "input", "type": form, "value": described(step.value), "known": step.known}
    node, op = step.node, operation_of(step.node)
    leaf = node.op is LEAF
    box["kind"] = "leaf" if leaf else "result" if index == len(played.steps) - 1 else "operation"
    box["op"] = "leaf" if leaf else title_of(op, node)
    box["type"] = "number" if isinstance(node, Value) else ", ".join(type_of(node))
    box["value"], box["known"], box["gradient"] = described(step.value), step.known, described(step.gradient)
    if step.gradient is not None:
        box["size"] = size_of(step.gradient)
    if not leaf:
        inputs = op.inputs(node)
        box["inputs"] = [described(step.constants.get(i)) if x is None else "" for i, x in enumerate(inputs)]
        box["arguments"] = {name: described(value) for name, value in step.arguments.items()}
        texts = sources_of(op, len(inputs))
        box["rules"] = [
            -1 if x is None else rules.setdefault(t, len(rules)) for x, t in zip(inputs, texts, strict=True)
        ]
    if step.line is not None:
        box["where"], box["line"] = os.path.basename(line_of(step.line)), text_at(*source_of(step.line))
    if step.hooked:
        box["hooked"] = True
    return box


def _edges(played: Playback, uses: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the edges, each with the gradient of its source as accumulated so far."""
    sums: dict[int, Any] = {}
    for edge in played.edges:
        held = sums.get(edge.source)
        added = sums[edge.source] = edge.contribution if held is None else _sum(held, edge)
        details: dict[str, Any] = {
            "from": edge.source,
            "to": edge.target,
            "input": edge.index,
            "size": size_of(edge.contribution),
            "sum": size_of(added),
        }
        if uses[edge.source] > 1:  # else it is the whole gradient
            details["contribution"] = described(edge.contribution)
        yield details


def _sum(held: Any, edge: Edge) -> Any:
    if not isinstance(held, tuple):
        return held + edge.contribution
    pairs = zip(held, edge.contribution, strict=True)
    return tuple(b if a is None else a if b is None else a + b for a, b in pairs)
