"""SVG shapes: the sizes and outlines of boxes, and their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from .layered import Point
from .style import Run
from .text_width import is_measured, width_of

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
