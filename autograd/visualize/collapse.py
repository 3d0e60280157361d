"""Collapse a picture: modules become one box each, and boxes far from the result are left out."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .layered import Edges
from .number_format import readable_bytes, time_lines
from .picture import Box, Edge, Frame, Picture


def check_depth(depth: int | None) -> None:
    """Raise ValueError if `depth` is negative; None stands for all levels."""
    if depth is not None and depth < 0:
        raise ValueError(f"depth counts levels of modules, so it is 0 or more, not {depth}")


def levels(frames: list[Frame]) -> list[int]:
    """Return the number of frames around each frame."""
    found: list[int] = []
    for frame in frames:  # outer frames come first
        found.append(0 if frame.parent is None else found[frame.parent] + 1)
    return found


def closed(frames: list[Frame], depth: int) -> list[int | None]:
    """Return for each frame the frame whose box it becomes part of at `depth`; None if it stays a frame."""
    found: list[int | None] = []
    for index, (frame, level) in enumerate(zip(frames, levels(frames), strict=True)):
        outer = None if frame.parent is None else found[frame.parent]
        found.append(index if level == depth else outer)
    return found


def collapsed(picture: Picture, depth: int) -> Picture:
    """Return the picture with `depth` levels of frames, and one box for each frame of the next level."""
    return _gathered(picture, closed(picture.frames, depth), _module)


def with_calls_as_boxes(picture: Picture) -> Picture:
    """Return the picture with one box for each call of a function."""
    return _gathered(picture, [index if frame.function else None for index, frame in enumerate(picture.frames)], _call)


def _gathered(picture: Picture, whole: list[int | None], box_of: Callable[[Frame, list[Box]], Box]) -> Picture:
    """Return the picture with one box for each frame that `whole` names; it has that of each frame, or None."""
    members: dict[int, list[int]] = {}
    for index, box in enumerate(picture.boxes):
        if box.frame is not None and (into := whole[box.frame]) is not None:
            members.setdefault(into, []).append(index)
    last = {indices[-1]: frame for frame, indices in members.items()}  # the box stands where the module ended
    inside = {index: frame for frame, indices in members.items() for index in indices}
    frames = [index for index, frame in enumerate(whole) if frame is None]
    moved = {index: new for new, index in enumerate(frames)}
    result = Picture(
        frames=[replace(picture.frames[index], parent=_moved(picture.frames[index].parent, moved)) for index in frames],
        remarks=list(picture.remarks),
        legend=picture.legend,
    )
    indices: dict[int, int] = {}
    boxes: dict[int, int] = {}
    for index, box in enumerate(picture.boxes):
        if index not in inside:
            indices[index] = result.add(replace(box, frame=_moved(box.frame, moved)))
        elif index in last:
            of = picture.frames[last[index]]
            parts = [picture.boxes[member] for member in members[last[index]]]
            boxes[last[index]] = result.add(replace(box_of(of, parts), frame=_moved(of.parent, moved)))
    indices |= {index: boxes[frame] for index, frame in inside.items()}
    result.edges, _ = merged(picture.edges, indices, inside)
    return result


def merged(
    edges: Edges, indices: Mapping[int, int] | Sequence[int], inside: Container[int]
) -> tuple[list[Edge], list[int]]:
    """Return the edges between new indices, merging those of merged boxes and dropping those within one.

    The second list has the index of the new edge of each, or -1 if it was dropped.
    """
    found: list[Edge] = []
    known: dict[Edge, int] = {}
    lines = []
    for source, target in edges:
        edge, of_merged = (indices[source], indices[target]), source in inside or target in inside
        if of_merged and edge[0] == edge[1]:
            lines.append(-1)
        elif of_merged and edge in known:
            lines.append(known[edge])
        else:
            known[edge] = len(found)
            lines.append(len(found))
            found.append(edge)
    return found, lines


def _moved(index: int | None, moved: dict[int, int]) -> int | None:
    return None if index is None else moved[index]


def _module(frame: Frame, parts: list[Box]) -> Box:
    """Return the box that stands for `parts`, which lie in one frame."""
    operations = [part for part in parts if not part.satellite]
    failed = [part for part in operations if part.kind == "failed"]
    parameters = sum(part.kind == "parameter" for part in parts)
    counts = [f"{len(operations):,} operation{'s' * (len(operations) != 1)}"]
    if parameters:
        counts.append(f"{parameters:,} parameter{'s' * (parameters != 1)}")
    form, (lines, costs) = operations[-1].form, _costs(operations)
    title = frame.path or frame.what
    return Box(
        "failed" if failed else "result" if any(part.kind == "result" for part in parts) else "module",
        f"✗ {title}" if failed else title,
        (*([frame.what] if frame.path else []), form, *counts, *lines, *(failed[0].lines if failed else ())),
        form=form,
        where=operations[0].where,
        alarm=any(part.alarm for part in parts),
        dead=all(part.dead for part in operations),
        mark=frame.mark,
        **costs,
    )


def _call(frame: Frame, parts: list[Box]) -> Box:
    """Return the box of a call of a function, which computed `parts`: the last of them has its result."""
    operations = [part for part in parts if not part.satellite]
    results = [part for part in operations if part.kind == "result"]
    result = results[-1] if results else operations[-1]
    title = f"✗ {frame.what}" if result.kind == "failed" else frame.what
    if len(operations) == 1:
        return replace(result, title=title)
    lines, costs = _costs(operations)
    return replace(
        result,
        title=title,
        lines=(*(line for line in result.lines if not line.startswith(("keeps ", "forward ", "backward "))), *lines),
        alarm=any(part.alarm for part in operations),
        dead=all(part.dead for part in operations),
        **costs,
    )


def _costs(parts: list[Box]) -> tuple[list[str], dict[str, Any]]:
    """Return the bytes and the seconds of several boxes together: as lines of text, and as attributes of a box."""
    kept = sum(part.kept for part in parts)
    forward, backward = (
        sum(known) if (known := [seconds for seconds in spent if seconds is not None]) else None
        for spent in zip(*((part.forward, part.backward) for part in parts), strict=True)
    )
    counted = any(line.startswith("keeps ") for part in parts for line in part.lines)
    lines = [f"keeps {readable_bytes(kept)}"] if counted else []
    return lines + time_lines(forward, backward), {"kept": kept, "forward": forward, "backward": backward}


def cut(picture: Picture, most: int) -> Picture:
    """Return the part of the picture that is nearest to its end, with one box for everything before."""
    if len(picture.boxes) <= most:
        return picture
    first = len(picture.boxes) - most + 1
    left = picture.boxes[:first]
    operations, leaves = sum(not box.satellite for box in left), sum(box.satellite for box in left)
    indices = {index: max(index - first + 1, 0) for index in range(len(picture.boxes))}
    omitted = Box(
        "omitted",
        f"{operations:,} operations, {leaves:,} leaves and constants left out",
        (),
        alarm=any(box.alarm for box in left),
    )
    return Picture(
        [omitted, *picture.boxes[first:]],
        merged(picture.edges, indices, range(first))[0],
        picture.frames,
        merged(picture.loops, indices, range(first))[0],
        [*picture.remarks, f"what is farthest from the result was left out: {first:,} of {len(picture.boxes):,} boxes"],
        picture.legend,
    )
