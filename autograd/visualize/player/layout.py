"""Layout of the page's boxes, which are all of one size, with room for what is written on edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import layered
from ..layered import Edges, Point
from ..picture import Frame, Kind
from ..satellites import beside_of
from ..text_width import width_of

WIDTH, HEIGHT = 144, 56  # of a box, in pixels
_APART, _BELOW, _ASIDE = 28, 48, 66  # between boxes, between layers, and beside a box; a label is about 50 wide
_TITLE, _SIGN, _FONT = 26, 30, 11.5  # height of a title, width of the sign that closes a module, size of the font
_WIDER = 1.15  # than Helvetica may be the font of a page

Rectangle = tuple[float, float, float, float, float, float]


@dataclass(slots=True)
class Layout:
    """Positions of boxes, edges and frames.

    Attributes
    ----------
    boxes
        The middle of each box.
    curves
        For each edge, the points of cubic Bézier curves, one after another.
    frames
        Left, top, right and bottom of each frame that has a box, and left and width of its title, by its index.
    """

    boxes: list[Point]
    curves: list[list[Point]]
    frames: dict[int, Rectangle]


def lay_out(
    kinds: Sequence[Kind],
    edges: Edges,
    within: Sequence[int | None] = (),
    frames: Sequence[Frame] = (),
    titles: Sequence[str] = (),
) -> Layout:
    """Lay out boxes, each after those that it depends on, so that edges go down the page.

    Boxes of a frame stay together, with those of its inner frames; `within` has the innermost frame of each box. Inputs
    that only one operation uses stand beside it. The same graph gives the same layout.
    """
    places: list[int | None] = list(within) or [None] * len(kinds)
    wide = [_SIGN + _WIDER * width_of(title, _FONT, bold=True) for title in titles] or [float(_SIGN)] * len(frames)
    found = layered.lay_out(
        [(WIDTH, HEIGHT)] * len(kinds),
        edges,
        places,
        [frame.parent for frame in frames],
        [(width, float(_TITLE)) for width in wide],
        beside=beside_of(kinds, edges, places),
        weights=[8.0 if kinds[source] in ("operation", "result", "module") else 1.0 for source, _ in edges],
        apart=_APART,
        below=_BELOW,
        aside=_ASIDE,
    )
    rectangles: dict[int, Rectangle] = {}
    for place, rectangle in enumerate(found.frames):
        if rectangle:
            left, top, width, height = rectangle
            right, bottom = round(left + width, 1), round(top + height, 1)
            rectangles[place] = left, top, right, bottom, round(found.titles[place], 1), round(wide[place], 1)
    return Layout(found.boxes, found.curves, rectangles)
