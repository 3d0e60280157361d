"""Layout of the page's boxes, which are all of one size, with room for what is written on edges; one for each depth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .. import layered
from ..collapse import closed, levels, merged
from ..layered import Edges
from ..picture import Frame, Kind, beside_of
from ..text_width import width_of

WIDTH, HEIGHT = 144, 56  # of a box, in pixels
_APART, _BELOW, _ASIDE = 28, 48, 66  # between boxes, between layers, and beside a box; a label is about 50 wide
_TITLE, _SIGN, _FONT = 26, 30, 11.5  # height of a title, width of the sign that closes a module, size of the font
_WIDER = 1.15  # than Helvetica may be the font of a page

Rectangle = tuple[float, float, float, float, float, float]


def lay_out(
    kinds: Sequence[Kind],
    edges: Edges,
    within: Sequence[int | None] = (),
    frames: Sequence[Frame] = (),
    titles: Sequence[str] = (),
) -> tuple[layered.Layout, dict[int, Rectangle]]:
    """Lay out boxes, each after those that it depends on, so that edges go down the page.

    Boxes of a frame stay together, with those of its inner frames; `within` has the innermost frame of each box. Inputs
    that only one operation uses stand beside it. The same graph gives the same layout.

    Returns
    -------
    layout, rectangles
        The second has left, top, right and bottom of each frame with a box, and left and width of its title.
    """
    within = list(within) or [None] * len(kinds)
    wide = [_SIGN + _WIDER * width_of(title, _FONT, bold=True) for title in titles] or [float(_SIGN)] * len(frames)
    layout = layered.lay_out(
        [(WIDTH, HEIGHT)] * len(kinds),
        edges,
        within,
        [frame.parent for frame in frames],
        [(width, float(_TITLE)) for width in wide],
        beside=beside_of(kinds, edges, within),
        weights=[8.0 if kinds[source] in ("operation", "result", "module") else 1.0 for source, _ in edges],
        apart=_APART,
        below=_BELOW,
        aside=_ASIDE,
    )
    rectangles: dict[int, Rectangle] = {}
    for index, rectangle in enumerate(layout.frames):
        if rectangle:
            left, top, width, height = rectangle
            right, bottom = round(left + width, 1), round(top + height, 1)
            rectangles[index] = left, top, right, bottom, round(layout.titles[index], 1), round(wide[index], 1)
    return layout, rectangles


# Layouts for each depth of collapse: at depth 1, modules within modules are one box each.


_MANY = 8  # with more uses of a leaf in one picture, its edges would push everything apart


def depths(
    kinds: Sequence[Kind], within: Sequence[int | None], edges: Edges, frames: list[Frame], titles: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return a layout for each depth from 0, where the outermost modules are one box each, up to the full depth.

    Parameters
    ----------
    kinds
        The kind of each step.
    within
        The index of the innermost frame of each step.
    edges
        The edges between steps.
    frames, titles
        The frames, each after the one around it, and their titles.

    Returns
    -------
    list
        Data for the page: ``steps`` and ``modules`` have those that are a box, as index, x and y; ``frames`` have
        index, left, top, right, bottom, and left and width of the title; ``lines`` tells for each edge which of
        ``curves`` it follows, or -1 if it lies within one box, or is left out of the layout because its leaf, such as
        the weight of a recurrent cell, has very many uses.
    """

    def at(depth: int) -> dict[str, Any]:
        whole = closed(frames, depth)
        into = [None if frame is None else whole[frame] for frame in within]
        last = {frame: step for step, frame in enumerate(into) if frame is not None}  # where the module ended
        shown = sorted([step for step, frame in enumerate(into) if frame is None] + list(last.values()))
        boxes = {step: box for box, step in enumerate(shown)}
        stands = [boxes[step if frame is None else last[frame]] for step, frame in enumerate(into)]
        around = [within[step] if (frame := into[step]) is None else frames[frame].parent for step in shown]
        inside = {step for step, frame in enumerate(into) if frame is not None}
        drawn, lines = _without_many(*merged(edges, stands, inside))
        seen: list[Kind] = [kinds[step] if into[step] is None else "module" for step in shown]
        layout, rectangles = lay_out(seen, drawn, around, frames, titles)
        return {
            "steps": [[step, *layout.boxes[box]] for step, box in boxes.items() if into[step] is None],
            "modules": [[frame, *layout.boxes[boxes[step]]] for frame, step in sorted(last.items())],
            "frames": [[frame, *rectangle] for frame, rectangle in sorted(rectangles.items())],
            "curves": [[number for point in curve for number in point] for curve in layout.curves],
            "lines": lines,
        }

    return [at(depth) for depth in range(max(levels(frames), default=-1) + 2)]


def _without_many(drawn: list[tuple[int, int]], lines: list[int]) -> tuple[list[tuple[int, int]], list[int]]:
    """Drop the edges of a leaf with very many uses except the first, which comes last in the backward pass."""
    used = {target for _, target in drawn}
    uses = Counter(source for source, _ in drawn)
    first = {source: number for number, (source, _) in enumerate(drawn)}
    kept = [
        number
        for number, (source, _) in enumerate(drawn)
        if source in used or uses[source] <= _MANY or first[source] == number
    ]
    moved = {number: new for new, number in enumerate(kept)}
    return [drawn[number] for number in kept], [moved.get(line, -1) for line in lines]
