"""Pictures of Jacobians: by the graph, by differences, and what they differ by, as SVG or PNG.

A picture is a list of rectangles and lines of text, written as SVG here and drawn by matplotlib for PNG. Blue is
negative, red positive, zero white; the card is white too, so that it can be read on dark pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from autograd.extend import replacing

from ...visualize.style import FONT, INK, plain
from ...visualize.text_width import width_of
from ..comparisons.compare import Derivatives
from ..comparisons.point import Point, parts_each
from ..subjects.subject import Array

MOST_CELLS = 40  # along an axis; more elements are drawn in blocks
SIDES = ((4, 44.0), (8, 34.0), (16, 20.0), (24, 14.0), (MOST_CELLS, 9.0))  # the side of a cell, for so many
LABELLED = 24  # cells along an axis that are labelled one by one
SIZE, SMALL = 10.0, 8.0  # of fonts
MARGIN, GAP = 14.0, 30.0
GREY, LINE, ALARM = "#d1d5db", "#9ca3af", "#111827"
NEGATIVE, WHITE, POSITIVE = (33, 102, 172), (255, 255, 255), (178, 24, 43)
UNKNOWN, NOT_TOLD = "#9ca3af", "#e5e7eb"


@dataclass(frozen=True)
class Rectangle:
    """A rectangle, with a text that shows where the pointer rests on it."""

    x: float
    y: float
    width: float
    height: float
    fill: str = "none"
    stroke: str = "none"
    weight: float = 1.0
    tip: str = ""


@dataclass(frozen=True)
class Text:
    """A line of text: `anchor` says which end of its baseline is at the point, `turned` that it runs upwards."""

    x: float
    y: float
    text: str
    size: float = SIZE
    anchor: str = "start"
    colour: str = INK
    bold: bool = False
    turned: bool = False


@dataclass
class Drawing:
    """What is drawn, and the size of the card."""

    width: float
    height: float
    shapes: list[Rectangle | Text] = field(default_factory=list)

    def svg(self) -> str:
        """Return the text of an SVG picture."""
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" height="{self.height:.0f}" '
                f'viewBox="0 0 {self.width:.1f} {self.height:.1f}" font-family="{FONT}" role="img">',
                f'<rect width="{self.width:.1f}" height="{self.height:.1f}" rx="6" fill="white"/>',
                *map(_in_svg, self.shapes),
                "</svg>\n",
            ]
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an .svg or .png file."""
        form = Path(path).suffix.lower()
        if form not in (".svg", ".png"):
            raise ValueError(f"the picture is saved as .svg or .png, not as {os.fspath(path)!r}")
        if form == ".svg":
            with replacing(path) as partial:
                partial.write_text(self.svg(), encoding="utf-8")
            return
        figure = self._figure()
        with replacing(path) as partial:
            figure.savefig(partial, format="png", dpi=144, metadata={"Software": None})

    def _figure(self) -> Any:
        """Return the picture as a figure of matplotlib."""
        try:
            from matplotlib.figure import Figure
            from matplotlib.patches import Rectangle as Patch
        except ModuleNotFoundError as error:
            raise ImportError(
                "a picture in .png is drawn with matplotlib: pip install matplotlib, or save it as .svg"
            ) from error
        figure = Figure(figsize=(self.width / 72, self.height / 72), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        sides = {"start": "left", "middle": "center", "end": "right"}
        for shape in self.shapes:
            if isinstance(shape, Rectangle):
                look: dict[str, Any] = {"facecolor": shape.fill, "edgecolor": shape.stroke, "linewidth": shape.weight}
                axes.add_patch(Patch((shape.x, shape.y), shape.width, shape.height, **look))
            else:
                turned: dict[str, Any] = {"rotation": 90, "rotation_mode": "anchor"} if shape.turned else {}
                axes.text(
                    shape.x, shape.y, shape.text.replace("$", r"\$"), fontsize=0.9 * shape.size, color=shape.colour,
                    ha=sides[shape.anchor], va="baseline", weight="bold" if shape.bold else "normal", **turned,
                )  # fmt: skip
        return figure


def _in_svg(shape: Rectangle | Text) -> str:
    if isinstance(shape, Rectangle):
        stroke = f' stroke="{shape.stroke}" stroke-width="{shape.weight}"' if shape.stroke != "none" else ""
        tip = f"<title>{escape(shape.tip)}</title>" if shape.tip else ""
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}" '
            f'fill="{shape.fill}"{stroke}' + (f">{tip}</rect>" if tip else "/>")
        )
    turned = f' transform="rotate(-90 {shape.x:.1f} {shape.y:.1f})"' if shape.turned else ""
    bold = ' font-weight="bold"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size}" text-anchor="{shape.anchor}" '
        f'fill="{shape.colour}"{bold}{turned}>{escape(plain(shape.text))}</text>'
    )


@dataclass
class _Axis:
    """The cells along an axis: what each stands for, and where another input or output begins."""

    names: list[str]  # one for each cell
    groups: list[tuple[int, str]]  # the first cell of each, and its name
    ranges: list[slice]  # the elements of each cell


def draw(point: Point, found: Derivatives) -> Drawing:
    """Return the picture of both Jacobians and their difference."""
    subject = point.subject
    rows = _axis(point.values, [f"{subject.output_name} {k}" for k in range(len(point.values))])
    columns = _axis(point.arrays, subject.names)
    with np.errstate(invalid="ignore"):
        difference = np.where(found.wrong, found.analytic - found.numeric, np.where(found.told, 0.0, np.nan))
    numeric = np.where(found.told | found.wrong, found.numeric, np.nan)
    wrong = _blocks(np.where(found.wrong, 1.0, 0.0), rows, columns) > 0
    panels = [_blocks(each, rows, columns) for each in (found.analytic, numeric, difference)]
    limits = [_largest(panels[:2]), _largest(panels[:2]), _largest(panels[2:])]
    side = next(s for most, s in SIDES if max(len(rows.names), len(columns.names)) <= most)
    left = MARGIN + _longest(rows) + 8
    across, down = side * len(columns.names), side * len(rows.names)
    across = max(across, 100.0)  # for the title and the scale
    top = MARGIN + 3.2 * SIZE + _longest(columns) + 8
    drawing = Drawing(left + 3 * across + 2 * GAP + MARGIN, top + down + 3.6 * SIZE + MARGIN)
    count = f"{int(np.sum(found.wrong))} of {found.wrong.size} derivatives are wrong"
    untold = found.told.size - int(np.sum(found.told | found.wrong))
    title = count + (f", {untold} could not be told" if untold else "")
    if panels[0].shape != found.wrong.shape:
        title += "; each cell is the largest of a block"
    drawing.width = max(drawing.width, width_of(title, SIZE, bold=True) + 2 * MARGIN)
    drawing.shapes.append(Text(MARGIN, MARGIN + SIZE, title, bold=True))
    drawing.shapes += _row_labels(rows, left, top, side)
    for number, (name, panel) in enumerate(zip(("by the graph", "by differences", "difference"), panels, strict=True)):
        x = left + number * (across + GAP)
        drawing.shapes.append(Text(x, MARGIN + 2.7 * SIZE, name, bold=True))
        drawing.shapes += _column_labels(columns, x, top, side)
        drawing.shapes += _cells(panel, limits[number], wrong if number == 2 else None, (rows, columns), (x, top), side)
        drawing.shapes += _separators(rows, columns, x, top, side)
        drawing.shapes += _scale(limits[number], x, top + down + 1.4 * SIZE, min(across, 100.0))
    return drawing


def _axis(arrays: Sequence[Array], names: Sequence[str]) -> _Axis:
    """Return what the cells along an axis stand for: elements, or blocks of them where there are many."""
    total = sum(x.size * parts_each(x) for x in arrays)
    each = -(-total // MOST_CELLS) if total > MOST_CELLS else 1
    axis, start = _Axis([], [], []), 0
    if each > 1 and len(arrays) > 1:  # every input begins with a cell of its own
        each = -(-total // max(MOST_CELLS - len(arrays), len(arrays)))
    for x, name in zip(arrays, names, strict=True):
        size = x.size * parts_each(x)
        if size:
            axis.groups.append((len(axis.names), name if x.shape else ""))
        for first in range(0, size, each):
            last = min(first + each, size) - 1
            text = _element(x, first) if first == last else f"{_element(x, first)} to {_element(x, last)}"
            axis.names.append(text or name)
            axis.ranges.append(slice(start + first, start + last + 1))
        start += size
    return axis


def _element(x: Array, number: int) -> str:
    """Return the index of an element, or of its real or imaginary part."""
    element, part = divmod(number, parts_each(x))
    index = ", ".join(map(str, np.unravel_index(element, x.shape)))
    return index + ("" if parts_each(x) == 1 else (" imag" if part else " real"))


def _blocks(matrix: Array, rows: _Axis, columns: _Axis) -> Array:
    """Return the number of each cell: of a block, the largest; nan only where all of it is."""
    if len(rows.names) == matrix.shape[0] and len(columns.names) == matrix.shape[1]:
        return matrix
    return np.array([[_extreme(matrix[down, across]) for across in columns.ranges] for down in rows.ranges])


def _extreme(block: Array) -> float:
    known = block[~np.isnan(block)]
    return float(known[np.argmax(np.abs(known))]) if known.size else np.nan


def _largest(panels: Sequence[Array]) -> float:
    return max(float(np.max(np.abs(p), initial=0.0, where=np.isfinite(p))) for p in panels) or 1.0


def _longest(axis: _Axis) -> float:
    """Return the room that labels take."""
    names = axis.names if len(axis.names) <= LABELLED else []
    groups = [name for _, name in axis.groups]
    inner = max((width_of(name, SMALL) for name in names), default=0.0)
    return inner + (SIZE + 6 if any(groups) else 0.0)


def _row_labels(axis: _Axis, left: float, top: float, side: float) -> Iterator[Text]:
    shown = len(axis.names) <= LABELLED
    for k, name in enumerate(axis.names if shown else []):
        yield Text(left - 5, top + (k + 0.5) * side + 0.35 * SMALL, name, SMALL, "end")
    for (start, name), end in zip(axis.groups, _ends(axis), strict=True):
        if name:
            yield Text(MARGIN + SIZE, top + (start + end) / 2 * side, name, SIZE, "middle", turned=True)


def _column_labels(axis: _Axis, left: float, top: float, side: float) -> Iterator[Text]:
    shown = len(axis.names) <= LABELLED
    for k, name in enumerate(axis.names if shown else []):
        yield Text(left + (k + 0.5) * side + 0.35 * SMALL, top - 4, name, SMALL, turned=True)
    above = top - 9 - max((width_of(name, SMALL) for name in axis.names if shown), default=0.0)
    for (start, name), end in zip(axis.groups, _ends(axis), strict=True):
        room = (end - start) * side
        fits = width_of(name, SIZE) <= room or len(axis.groups) == 1
        if name:
            yield Text(left + start * side, above, name if fits else name.split()[-1])


def _ends(axis: _Axis) -> list[int]:
    return [start for start, _ in axis.groups[1:]] + [len(axis.names)]


def _cells(
    panel: Array, limit: float, wrong: Array | None, axes: tuple[_Axis, _Axis], corner: tuple[float, float], side: float
) -> Iterator[Rectangle | Text]:
    marked = []
    for (i, j), value in np.ndenumerate(panel):
        x, y = corner[0] + j * side, corner[1] + i * side
        tip = f"({axes[0].names[i]}), ({axes[1].names[j]}): {value:.8g}"
        cell = Rectangle(x, y, side, side, _colour(value, limit), GREY, 0.5, tip)
        yield cell
        if wrong is not None and wrong[i, j]:
            marked.append(Rectangle(x + 0.75, y + 0.75, side - 1.5, side - 1.5, "none", ALARM, 1.5))
        if side > 30:
            dark = np.isfinite(value) and abs(value) > 0.6 * limit
            text = f"{value:.3g}" if np.isfinite(value) else "nan" if wrong is None and not np.isinf(value) else "?"
            yield Text(x + side / 2, y + side / 2 + 0.35 * SMALL, text, SMALL, "middle", "white" if dark else INK)
    yield from marked


def _separators(rows: _Axis, columns: _Axis, x: float, y: float, side: float) -> Iterator[Rectangle]:
    """Yield a frame around each pair of an output and an input."""
    for (top, _), bottom in zip(rows.groups, _ends(rows), strict=True):
        for (left, _), right in zip(columns.groups, _ends(columns), strict=True):
            yield Rectangle(
                x + left * side, y + top * side, (right - left) * side, (bottom - top) * side, "none", LINE, 1.2
            )


def _scale(limit: float, x: float, y: float, width: float) -> Iterator[Rectangle | Text]:
    steps = 21
    for step in range(steps):
        value = limit * (2 * step / (steps - 1) - 1)
        yield Rectangle(x + step * width / steps, y, width / steps + 0.3, 8, _colour(value, limit))
    yield Rectangle(x, y, width, 8, "none", LINE, 0.5)
    for share, text, anchor in ((0.0, f"−{limit:.3g}", "start"), (0.5, "0", "middle"), (1.0, f"{limit:.3g}", "end")):
        yield Text(x + share * width, y + 8 + 1.2 * SMALL, text, SMALL, anchor)


def _colour(value: float, limit: float) -> str:
    """Return blue for negative numbers, red for positive ones, white for zero, and grey for what is no number."""
    if not np.isfinite(value):
        return NOT_TOLD if np.isnan(value) else UNKNOWN
    share = min(abs(value) / limit, 1.0) ** 0.8
    if 0 < share < 0.06:
        share = 0.06  # what is not zero shows
    end = POSITIVE if value > 0 else NEGATIVE
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(WHITE, end, strict=True))
