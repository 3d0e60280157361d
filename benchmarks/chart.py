"""A chart of times as an SVG: a panel for each task, a bar for each engine, as long as its median time."""

import statistics
from collections.abc import Iterator
from html import escape

from autograd.visualize.style import INK

__all__ = ["drawn", "time_text"]

Times = dict[str, list[float]]
FONT = 'font-family="Helvetica,Arial,sans-serif"'
MUTED, OURS, OTHERS = "#6b7280", ("#cdeadb", "#2f855a"), ("#e5e7eb", "#9ca3af")
UNITS = (("s", 0.9995), ("ms", 0.9995e-3), ("µs", 1e-6))
COLUMNS, WIDTH, ROW, GAP, LABEL, BAR = 3, 320, 19, 26, 110, 140  # pixels


def drawn(panels: dict[str, Times], ours: frozenset[str]) -> str:
    """Return the text of the chart.

    Parameters
    ----------
    panels
        For each title the seconds of each engine, once for each round.
    ours
        The engines to stand out.
    """
    texts: list[str] = []
    top = 8
    titles = list(panels)
    for start in range(0, len(titles), COLUMNS):
        row = titles[start : start + COLUMNS]
        for column, title in enumerate(row):
            texts += _panel(title, panels[title], ours, 12 + column * WIDTH, top)
        top += GAP + ROW * max(len(panels[title]) for title in row) + 18
    width = 12 + min(COLUMNS, len(titles)) * WIDTH
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}" viewBox="0 0 {width} {top}" {FONT}>'
    return "\n".join([head, f'<rect width="{width}" height="{top}" fill="white"/>', *texts, "</svg>", ""])


def _panel(title: str, times: Times, ours: frozenset[str], left: int, top: int) -> Iterator[str]:
    medians = {name: statistics.median(values) for name, values in times.items()}
    longest = max(medians.values())
    yield _text(left, top + 15, title, size=13, weight="bold")
    for i, (name, seconds) in enumerate(sorted(medians.items(), key=lambda item: item[1])):
        y, length = top + GAP + i * ROW, max(2.0, BAR * seconds / longest)
        fill, edge = OURS if name in ours else OTHERS
        yield _text(left + LABEL - 6, y + 12, name, anchor="end", weight="bold" if name in ours else "normal")
        yield (
            f'<rect x="{left + LABEL}" y="{y + 1}" width="{length:.1f}" height="{ROW - 4}" rx="2" '
            f'fill="{fill}" stroke="{edge}"/>'
        )
        yield _text(left + LABEL + length + 5, y + 12, time_text(seconds), colour=MUTED)


def _text(
    x: float, y: float, text: str, size: int = 11, anchor: str = "start", weight: str = "normal", colour: str = INK
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="{colour}">{escape(text)}</text>'
    )


def time_text(seconds: float) -> str:
    """Return a time with its unit."""
    unit, size = next((each for each in UNITS if seconds >= each[1]), UNITS[-1])
    return f"{seconds / round(size, 6):.3g} {unit}"
