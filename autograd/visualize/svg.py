"""SVG: write a picture laid out by this package, in the look of `style`, without any external program."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import hypot

from .layered import INSET, Direction, Layout, Point, lay_out
from .picture import Edge, Picture, by_frame
from .satellites import beside_of
from .shapes import LINE, outline, size_of, text_at, text_in
from .style import EDGE, FONT, GRAPH, INK, LOOP, box_look, box_text, colour_of, frame_look, frame_title, plain
from .text_width import width_of

_MARGIN = 6.0  # around everything
_TITLE = float(GRAPH["fontsize"])
_LOOP_WEIGHT = 0.1  # whether a loop is straight matters little
_HEAD, _HALF = 6.0, 2.2  # length of an arrow's head, and half its width


def to_svg(picture: Picture, rankdir: Direction) -> str:
    """Return the text of a picture; equal pictures give equal text."""
    looks = [box_look(box) for box in picture.boxes]
    titles = [frame_title(frame, picture.frames) for frame in picture.frames]
    within = [box.frame for box in picture.boxes]
    layout = lay_out(
        [size_of(look, box_text(box)) for box, look in zip(picture.boxes, looks, strict=True)],
        picture.edges + picture.loops,
        within,
        [frame.parent for frame in picture.frames],
        [(width_of(title, _TITLE), _TITLE * LINE if title else 0.0) for title in titles],
        beside=beside_of([box.kind for box in picture.boxes], picture.edges + picture.loops, within),
        weights=[1.0 if picture.boxes[source].satellite else 8.0 for source, _ in picture.edges]
        + [_LOOP_WEIGHT] * len(picture.loops),
        direction=rankdir,
    )
    remark = plain("; ".join(picture.remarks))
    long = width_of(remark, _TITLE)
    width = max(layout.width, long) + 2 * _MARGIN
    wide = max((width_of(mark.text, _TITLE) + _TITLE for mark in picture.legend), default=0.0)
    width = max(width, wide * len(picture.legend) + 2 * _MARGIN)
    below = layout.height + 2 * _MARGIN
    height = below + (2 * _TITLE if picture.legend else 0) + (2 * _TITLE if remark else 0)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}pt" height="{height:.0f}pt" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{FONT}">',
            f'<rect width="100%" height="100%" fill="{GRAPH["bgcolor"]}"/>',
            f'<g transform="translate({(width - layout.width) / 2:.1f} {_MARGIN})">',
            *_frames(picture, titles, layout),
            *_edges(picture, layout, looks),
            *_boxes(picture, layout, looks),
            "</g>",
            *_legend(picture, (width - wide * len(picture.legend)) / 2, below, wide),
            *([_text(((width - long) / 2, height - 2 * _TITLE), remark)] if remark else []),
            "</svg>\n",
        ]
    )


def _legend(picture: Picture, left: float, top: float, wide: float) -> Iterator[str]:
    """Yield the colours of the user's numbers, from the smallest to the largest."""
    for index, mark in enumerate(picture.legend):
        x = left + index * wide
        yield f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{1.5 * _TITLE}" fill="{colour_of(mark)}"/>'
        corner = x + (wide - width_of(mark.text, _TITLE)) / 2, top + 0.15 * _TITLE
        yield text_at(corner, mark.text, _TITLE, INK)


def _frames(picture: Picture, titles: list[str], layout: Layout) -> Iterator[str]:
    """Yield the frames with their titles, outer ones first."""
    for depth, what, index in by_frame(picture):
        rectangle = layout.frames[index] if what == "open" else None
        if rectangle:
            look = frame_look(picture.frames[index], depth)
            left, top, width, height = rectangle
            dashed = ' stroke-dasharray="5 2"' if "dashed" in look["style"] else ""
            title = _text((left + layout.titles[index], top + INSET / 2), titles[index]) if titles[index] else ""
            yield (
                f'<g class="cluster"><title>{escape(titles[index])}</title><rect x="{left}" y="{top}" '
                f'width="{width}" height="{height}" rx="8" fill="{look.get("fillcolor", "none")}" '
                f'stroke="{look["color"]}"{dashed}/>{title}</g>'
            )


def _text(corner: Point, text: str) -> str:
    return text_at(corner, text, _TITLE, GRAPH["fontcolor"])


def _edges(picture: Picture, layout: Layout, looks: list[dict[str, str]]) -> Iterator[str]:
    """Yield the edges, below the boxes."""
    ends = picture.edges + picture.loops
    for index, (edge, curve) in enumerate(zip(ends, layout.curves, strict=True)):
        look = LOOP if index >= len(picture.edges) else EDGE
        dashed = ' stroke-dasharray="5 2"' if look is LOOP else ""
        line, head = _arrow(curve)
        yield (
            f'<g class="edge" stroke="{look["color"]}">'
            f'<path d="{_start(edge, layout, looks)}{line}" fill="none"{dashed}/>'
            f'<path d="{head}" fill="{look["color"]}"/></g>'
        )


def _start(edge: Edge, layout: Layout, looks: list[dict[str, str]]) -> str:
    """Return the beginning of a path: for a round shape, from its middle, as the shape is drawn on top."""
    if looks[edge[0]]["shape"] not in ("ellipse", "cylinder") or edge[0] == edge[1]:
        return "M"
    return "M{:.1f} {:.1f}L".format(*layout.boxes[edge[0]])


def _arrow(curve: list[Point]) -> tuple[str, str]:
    """Return two paths: a line that ends where its arrowhead begins, and the arrowhead."""
    (x, y), (near_x, near_y) = curve[-1], curve[-2]
    length = hypot(x - near_x, y - near_y) or 1.0
    dx, dy = (x - near_x) / length, (y - near_y) / length
    base_x, base_y = x - _HEAD * dx, y - _HEAD * dy
    points = [*curve[:-2], (near_x - _HEAD * dx, near_y - _HEAD * dy), (base_x, base_y)]
    line = f"{_pair(points[0])}C{' '.join(map(_pair, points[1:]))}"
    left, right = (base_x + _HALF * dy, base_y - _HALF * dx), (base_x - _HALF * dy, base_y + _HALF * dx)
    return line, f"M{_pair((x, y))}L{_pair(left)} {_pair(right)}z"


def _pair(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _boxes(picture: Picture, layout: Layout, looks: list[dict[str, str]]) -> Iterator[str]:
    """Yield the boxes with their text, and the line of the program as a tooltip."""
    for box, look, middle in zip(picture.boxes, looks, layout.boxes, strict=True):
        lines = box_text(box)
        tooltip = f"<title>{escape(plain(box.where))}</title>" if plain(box.where) else ""
        shape = "".join(outline(look, middle, size_of(look, lines)))
        yield f'<g class="node">{tooltip}{shape}{"".join(text_in(look, lines, middle))}</g>'
