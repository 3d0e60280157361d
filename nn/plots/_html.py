"""HTML of a report: text, tables and pictures in one self-contained page."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._axes import COLOURS, INK, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = """
:root { --ground: #ffffff; --first: #0072b2; --second: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --first: #56b4e9; --second: #e69f00; } }
body { padding: 1.5rem; max-width: 75rem; font-size: 16px; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
h1, h2, p, .facts td { overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); gap: 1rem;
  align-items: start; }
.sheets { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.sheets figure { max-width: min(100%, 35rem); }
svg { display: block; width: 100%; height: auto; color: var(--ink); }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
svg text { font-family: "DejaVu Sans", Verdana, sans-serif; }
img { display: block; box-sizing: content-box; max-width: 100%; height: auto; border: 1px solid var(--line);
  border-radius: 4px; }
.wide { overflow: auto; max-height: 32rem; }
table { font-size: .85rem; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { position: sticky; top: 0; background: var(--ground); color: var(--muted); font-weight: 600; }
.model td:nth-child(-n+2), .model th:nth-child(-n+2), .facts td, .facts th { text-align: left; }
.facts td { white-space: pre-wrap; }
.facts th { position: static; }
.best td { font-weight: 700; }
pre { overflow: auto; font-size: .85rem; }
@media (max-width: 40rem) { body { padding: 1rem; } .sheets figure { overflow-x: auto; }
  .sheets img { max-width: 34rem; } }
@media print { .wide { max-height: none; } }
"""

# the colours of curves, and the CSS variables that replace them in light or dark mode
_THEME = {INK: "currentColor", COLOURS[0]: "var(--first)", COLOURS[1]: "var(--second)"}


def section(heading: str, parts: Sequence[str], kind: str) -> str:
    """Return a heading and its parts in a block of CSS class `kind`; an empty string if there are no parts."""
    if not parts:
        return ""
    return f'<section><h2>{html.escape(heading)}</h2><div class="{kind}">{"".join(parts)}</div></section>'


def table(rows: Sequence[Sequence[str]], kind: str, head: Sequence[str] = (), marked: int | None = None) -> str:
    """Return a table of texts; the row `marked` stands out. Without `head` the first cell of a row is its heading."""
    lines = ["<tr>" + "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head) + "</tr>"] if head else []
    for number, row in enumerate(rows):
        cells = [f"<td>{html.escape(cell)}</td>" for cell in row]
        if not head:
            cells[0] = f'<th scope="row">{html.escape(row[0])}</th>'
        lines.append(('<tr class="best">' if number == marked else "<tr>") + "".join(cells) + "</tr>")
    return f'<table class="{kind}">{"".join(lines)}</table>'


def curve(draw: Callable[[Axes], object], words: str, number: int) -> str:
    """Return curves as SVG in the colours of the page; `number` tells the pictures of a page apart."""
    stream = io.StringIO()
    # text stays text, and the ids of a picture are the same each time
    options = {"svg.fonttype": "none", "svg.hashsalt": "plot", "font.family": "sans-serif", "text.color": INK}
    with require("matplotlib").rc_context(options):
        figure = _figure(draw, 4.6, 3.0)
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", transparent=True, metadata=no_metadata)
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', svg, count=1)
    svg = re.sub(r"font-family: [^;\"]*;|<style.*?</style>", "", svg)  # the page defines them once
    svg = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>plot{number}-", svg)
    for colour, themed in _THEME.items():
        svg = svg.replace(colour, themed)
    return f'<figure role="img" aria-label="{html.escape(words)}">{svg}</figure>'


def picture(draw: Callable[[Axes], object], words: str, width: float, height: float) -> str:
    """Return a picture as PNG; sizes are in inches."""
    stream = io.BytesIO()
    figure = _figure(draw, width, height)
    figure.savefig(stream, format="png", dpi=144, metadata={"Software": None})
    content = base64.b64encode(stream.getvalue()).decode()
    size = f'width="{96 * width:.0f}" height="{96 * height:.0f}"'
    return f'<figure><img {size} alt="{html.escape(words)}" src="data:image/png;base64,{content}"></figure>'


def _figure(draw: Callable[..., Any], width: float, height: float) -> Figure:
    """Return a figure with one plot, without registering it in pyplot."""
    figure: Figure = require("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    draw(ax=figure.subplots())
    return figure
