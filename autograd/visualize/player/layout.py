"""Layout of the page's boxes, which are all of one size, with room for what is written on edges."""

from __future__ import annotations

from collections.abc import Sequence

from .. import layered
from ..layered import Edges
from ..picture import Frame, Kind
from ..satellites import beside_of
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
