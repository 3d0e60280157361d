"""SVG: write a picture laid out by this package, in the look of `style`, without any external program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import hypot

from .layered import INSET, Direction, Layout, Point, lay_out
from .picture import Edge, Picture, beside_of, by_frame
from .style import EDGE, FONT, GRAPH, INK, LOOP, Run, box_look, box_text, colour_of, frame_look, frame_title, plain
from .text_width import is_measured, width_of

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


# The sizes and outlines of boxes, and their text.


LINE = 1.2  # the height of a line of text, for a font of size 1
_BASELINE = 0.8  # distance of the baseline from the top of the line
_INCH = 72.0
_ROUND, _DEEP, _RING, _LID = 6.0, 4.0, 4.0, 4.0  # radius of corners, depth of a block, space of a double border, a lid
_SLANT = 9.0  # how far a parallelogram leans
_CUT = 8.0  # the corners of an octagon
# The width and height that the border of a shape needs beyond a rectangle.
_BORDERS = {
    "cylinder": (0.0, 2 * _LID), "box3d": (_DEEP, _DEEP), "parallelogram": (_SLANT, 0.0), "octagon": (_CUT, _CUT),
}  # fmt: skip
_ROOT_2 = 1.4143  # an ellipse is larger than its inner rectangle by this factor


def size_of(look: dict[str, str], lines: Sequence[Sequence[Run]]) -> Point:
    """Return the width and the height of a box, whose look has all attributes of `NODE`."""
    font = float(look["fontsize"])
    width = max((sum(width_of(*_measure(run, font)) for run in line) for line in lines), default=0.0)
    height = sum(_size(line, font) * LINE for line in lines)
    aside, above = (float(margin) * _INCH for margin in look["margin"].split(","))
    width, height = width + 2 * aside, height + 2 * above
    if look["shape"] == "ellipse":
        width, height = width * _ROOT_2, height * _ROOT_2
    rings = 2 * _RING * (int(look.get("peripheries", "1")) - 1)
    wide, high = _BORDERS.get(look["shape"], (rings, rings))
    return (
        round(max(width, float(look["width"]) * _INCH) + wide, 1),
        round(max(height, float(look["height"]) * _INCH) + high, 1),
    )


def outline(look: dict[str, str], middle: Point, size: Point) -> Iterator[str]:
    """Yield the outline of a box, which is drawn around its text."""
    shape, style = look["shape"], look["style"].split(",")
    if shape == "plaintext":
        return
    paint = f'fill="{look["fillcolor"]}" stroke="{look["color"]}"'
    if "penwidth" in look:
        paint += f' stroke-width="{look["penwidth"]}"'
    if "dashed" in style:
        paint += ' stroke-dasharray="5 2"'
    (x, y), (width, height) = middle, size
    left, top = x - width / 2, y - height / 2
    if shape == "ellipse":
        yield f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{width / 2:.1f}" ry="{height / 2:.1f}" {paint}/>'
    elif shape == "cylinder":
        lid, high = f"a{width / 2:.1f} {_LID} 0 0", height - 2 * _LID
        yield f'<path d="M{left:.1f} {top + _LID:.1f}{lid} 1 {width:.1f} 0v{high:.1f}{lid} 1 {-width:.1f} 0z" {paint}/>'
        yield f'<path d="M{left:.1f} {top + _LID:.1f}{lid} 0 {width:.1f} 0" {paint}/>'
    elif shape == "parallelogram":
        along = f"h{width - _SLANT:.1f}l{-_SLANT} {height:.1f}h{_SLANT - width:.1f}z"
        yield f'<path d="M{left + _SLANT:.1f} {top:.1f}{along}" {paint}/>'
    elif shape == "octagon":
        cut, wide, high = _CUT, width - 2 * _CUT, height - 2 * _CUT
        around = f"l{cut} {cut}v{high:.1f}l{-cut} {cut}h{-wide:.1f}l{-cut} {-cut}v{-high:.1f}z"
        yield f'<path d="M{left + cut:.1f} {top:.1f}h{wide:.1f}{around}" {paint}/>'
    elif shape == "box3d":
        wide, high, edge = width - _DEEP, height - _DEEP, f"l{_DEEP} {-_DEEP}"
        back = f"l{-_DEEP} {_DEEP}h{-wide:.1f}z"
        yield f'<path d="M{left:.1f} {top + _DEEP:.1f}{edge}h{wide:.1f}v{high:.1f}{back}" {paint}/>'
        yield f'<path d="M{left:.1f} {top + _DEEP:.1f}h{wide:.1f}v{high:.1f}m0 {-high:.1f}{edge}" {paint}/>'
    else:
        corner = f' rx="{_ROUND}"' if "rounded" in style else ""
        for ring in range(int(look.get("peripheries", "1"))):
            inset = _RING * ring
            yield (
                f'<rect x="{left + inset:.1f}" y="{top + inset:.1f}" width="{width - 2 * inset:.1f}" '
                f'height="{height - 2 * inset:.1f}"{corner} {paint}/>'
            )


def text_in(look: dict[str, str], lines: Sequence[Sequence[Run]], middle: Point) -> Iterator[str]:
    """Yield the lines of text in a box."""
    font = float(look["fontsize"])
    top = middle[1] - sum(_size(line, font) * LINE for line in lines) / 2
    if look["shape"] == "box3d":  # the front of a block is lower and further left than the whole
        middle, top = (middle[0] - _DEEP / 2, middle[1]), top + _DEEP / 2
    elif look["shape"] == "cylinder":
        top += _LID / 2
    for line in lines:
        widths = [width_of(*_measure(run, font)) for run in line]
        at = middle[0] - sum(widths) / 2
        for run, width in zip(line, widths, strict=True):
            size = _measure(run, font)[1]
            yield text_at((at, top), run.text, size, run.colour or look["fontcolor"], run.bold)
            at += width
        top += _size(line, font) * LINE


def text_at(corner: Point, text: str, size: float, colour: str, bold: bool = False) -> str:
    """Return a line of text with its upper left corner at `corner`; other fonts are stretched to Helvetica's width."""
    width = width_of(text, size, bold)
    fitted = f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"' if is_measured(text) and width else ""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{corner[0]:.1f}" y="{corner[1] + size * LINE * _BASELINE:.1f}" font-size="{size:g}" '
        f'fill="{colour}"{weight}{fitted} xml:space="preserve">{escape(text)}</text>'
    )


def _measure(run: Run, font: float) -> tuple[str, float, bool]:
    return run.text, float(run.size or font), run.bold


def _size(line: Sequence[Run], font: float) -> float:
    return max(float(run.size or font) for run in line)
