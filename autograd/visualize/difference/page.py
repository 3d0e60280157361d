"""The page of a difference: what it says without a script, and the nodes as data for its script."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from autograd.inside import heat_map

from ..number_format import readable_bytes, readable_seconds, summarize
from ..page import html_page, read
from .comparison import ComparedNode, Tolerance
from .recorded_run import Array, Entry, RecordedRun, Result
from .surroundings import drawn


class Comparison(NamedTuple):
    """What the page says of two runs; `name` is that of the second one."""

    name: str
    verdict: str
    runs: tuple[RecordedRun, RecordedRun]
    nodes: Sequence[ComparedNode]
    first: ComparedNode | None
    remarks: Sequence[str]


def page_of(title: str, verdict: str, comparisons: Sequence[Comparison], tolerance: Tolerance) -> str:
    """Return the text of the page; equal runs give equal text, but for the times."""
    body = read(
        __package__,
        "page.html",
        TITLE=escape(title),
        STATE="same" if all(each.first is None for each in comparisons) else "differs",
        VERDICT=escape(_capital(verdict)),
        TOLERANCE=f"rtol={tolerance.rtol:g}, atol={tolerance.atol:g}",
        SUMMARY=_summary(comparisons) if len(comparisons) > 1 else "",
        COMPARISONS="\n".join(_comparison(each, len(comparisons) > 1) for each in comparisons),
    )
    style, script = read(__package__, "page.css"), read(__package__, "page.js")
    return html_page(title, body, style, script, {"runs": [_data(each) for each in comparisons]})


def _data(compared: Comparison) -> dict[str, object]:
    rows, nodes = _Rows(), list(compared.nodes)
    return {
        "name": compared.name,
        "first": -1 if compared.first is None else nodes.index(compared.first),
        "rows": [rows.row(node) for node in nodes],
        "texts": list(rows.texts),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# What stands in the page without a script


def _summary(comparisons: Sequence[Comparison]) -> str:
    """Return a table of several runs, from which the script chooses one."""
    rows = "".join(
        f'<tr><th scope="row"><button data-run="{index}" aria-pressed="false">'
        f"{escape(each.name)}</button></th><td>{'=' if each.first is None else '≠'} {escape(each.verdict)}</td></tr>"
        for index, each in enumerate(comparisons)
    )
    return f'<section><h2>Runs, each compared with run a</h2><table class="runs">{rows}</table></section>'


def _comparison(compared: Comparison, named: bool) -> str:
    first = "" if compared.first is None else _first(compared.first, compared.nodes, compared.name)
    heading = f"<h2>Run a and run {escape(compared.name)}</h2>" if named else ""
    totals = f"<section><h2>Both runs</h2>{_totals(compared.name, compared.runs)}</section>"
    return f'<div class="comparison">{heading}{first}{totals}{_remarks(compared.remarks)}</div>'


def _first(node: ComparedNode, nodes: Sequence[ComparedNode], name: str) -> str:
    """Return what the first difference is, with pictures of its arrays and of the graph around it."""
    kinds = "".join(f'<span class="kind">{kind}</span>' for kind in node.kinds)
    where = f'<p class="muted">in {escape(node.only.module)}</p>' if node.only.module else ""
    details = "".join(f"<li>{escape(_capital(text))}</li>" for text in node.details())
    sides = "".join(_side(letter, entry) for letter, entry in (("a", node.a), (name, node.b)))
    around = drawn(nodes, list(nodes).index(node))
    return (
        f'<section class="first"><h2>First difference</h2><h3>{escape(node.title)} {kinds}</h3>{where}'
        f'<ul>{details}</ul><div class="sides">{sides}</div>{"".join(_maps(node))}</section>'
        f'<section><h2>The graph around it</h2><p class="legend"><span class="key a">only in a</span>'
        f'<span class="key b">only in b</span><span class="key differs">differs</span>'
        f'<span class="key follows">perhaps only a consequence</span></p><div class="wide">{around}</div></section>'
    )


def _side(name: str, entry: Entry | None) -> str:
    name = escape(name)
    if entry is None:
        return f'<div><h4>Run {name}</h4><p class="muted">has no such node</p></div>'
    where = f"<p>{escape(_where(entry))}</p>" if entry.where else '<p class="muted">its line was not noted</p>'
    line = f"<pre>{escape(entry.line)}</pre>" if entry.line else ""
    return f"<div><h4>Run {name}</h4><p>{escape(entry.title)}, {escape(_form(entry))}</p>{where}{line}</div>"


def _form(entry: Entry) -> str:
    return " and ".join([f"{shape} {dtype}" for shape, dtype in zip(entry.shapes, entry.dtypes, strict=True)])


def _where(entry: Entry) -> str:
    """Return file name and line number, without the directory, as others than the author read the page."""
    path = entry.where.removeprefix("after ")
    return entry.where[: len(entry.where) - len(path)] + os.path.basename(path)


def _maps(node: ComparedNode) -> Iterator[str]:
    """Yield heat maps of what deviates: of both arrays with one scale, and of their difference with its own."""
    if node.a is None or node.b is None:
        return
    for name, deviation, a, b in (
        ("value", node.value, node.a.value, node.b.value),
        ("gradient", node.gradient, node.a.gradient, node.b.gradient),
    ):
        if deviation is None or not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.size < 2:
            continue
        with np.errstate(all="ignore"):
            apart = np.abs(np.subtract(a, b, dtype=np.result_type(a, b, np.float32)))
            top = max((float(np.abs(each[np.isfinite(each)]).max(initial=0)) for each in (a, b)), default=0.0)
        pictures = (
            (f"{name} in a", heat_map(a, f"{name} in a", top)),
            (f"{name} in b", heat_map(b, f"{name} in b", top)),
            ("|a − b|", heat_map(apart, f"deviation of the {name}")),
        )
        yield (
            '<div class="maps">'
            + "".join(f"<figure>{picture}<figcaption>{words}</figcaption></figure>" for words, picture in pictures)
            + "</div>"
        )


def _totals(second: str, runs: tuple[RecordedRun, RecordedRun]) -> str:
    """Return a table with the sums of both runs."""
    rows = []
    for words, name, written in (
        ("kept for backward", "kept", readable_bytes),
        ("forward", "forward", readable_seconds),
        ("backward", "backward", readable_seconds),
    ):
        sums = [_sum(run, name) for run in runs]
        cells = [("not measured" if total is None else written(total)) for total in sums]
        rows.append(f'<tr><th scope="row">{words}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    counts = "".join(f"<td>{len(run.entries):,}</td>" for run in runs)
    head = f'<tr><td></td><th scope="col">a</th><th scope="col">{escape(second)}</th></tr>'
    return f'<table class="totals">{head}<tr><th scope="row">nodes</th>{counts}</tr>{"".join(rows)}</table>'


def _sum(run: RecordedRun, name: str) -> int | None:
    """Return the sum of bytes or seconds over a run; None if it was not measured."""
    if name == "kept" and any(entry.freed for entry in run.entries):
        return None
    known = [each for entry in run.entries if (each := getattr(entry, name)) is not None]
    return sum(known) if known else None


def _remarks(remarks: Sequence[str]) -> str:
    if not remarks:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in remarks)
    return f'<section class="remarks"><h2>Not compared</h2><ul>{items}</ul></section>'


# What the script shows


class _Rows:
    """The nodes as rows of numbers and of indices into a list of texts, as most texts occur often."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {"": 0}
        self.latest: dict[str, tuple[Result, int]] = {}  # values and gradients with their texts

    def text(self, words: str) -> int:
        return self.texts.setdefault(words, len(self.texts))

    def row(self, node: ComparedNode) -> list[object]:
        """Return title, kinds, whether it follows, the two sides, deviations and arguments."""
        row: list[object] = [self.text(node.title), self.text(", ".join(node.kinds)), int(node.follows)]
        row += [self.side(node.a), self.side(node.b)]
        if node.kinds:
            deviations = ["" if deviation is None else str(deviation) for deviation in (node.value, node.gradient)]
            row += [self.text(words) for words in (*deviations, "; ".join(node.arguments))]
        return row

    def side(self, entry: Entry | None) -> list[int] | None:
        """Return what is known of one run; the last text is of both times together."""
        if entry is None:
            return None
        times = [seconds for seconds in (entry.forward, entry.backward) if seconds is not None]
        costs = ["", "", ""]  # a leaf takes no time, and keeps nothing
        if entry.kept or times:
            costs = [readable_bytes(entry.kept), *map(_time, (entry.forward, entry.backward))]
        return [
            self.text(entry.title),
            self.text(_form(entry)),
            self.brief("value", entry.value),
            self.brief("gradient", entry.gradient),
            *(self.text(words) for words in (*costs, _where(entry), entry.line, entry.module)),
            self.text(readable_seconds(sum(times)) if times else ""),
        ]

    def brief(self, name: str, result: Result) -> int:
        """Return the text of a result; one that is the same as that of the other run needs no second look."""
        known, text = self.latest.get(name, (None, 0))
        if not _is(known, result):
            text = self.text(_brief(result))
            self.latest[name] = result, text
        return text


def _time(seconds: float | None) -> str:
    return "not measured" if seconds is None else readable_seconds(seconds)


def _is(a: Result, b: Result) -> bool:
    """Tell whether two small arrays are the same in every bit."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.nbytes > 1 << 16:
        return False
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _brief(result: Result) -> str:
    """Return a number as it is, and the mean and range of an array; nothing if it is not known."""
    if result is None:
        return ""
    if isinstance(result, tuple):
        return "; ".join(_brief(part) for part in result)
    return _brief_array(result)


def _brief_array(array: Array) -> str:
    if array.size == 1 or array.dtype.kind not in "biuf" or not array.size:
        return summarize(array).text
    low, high = np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)
    if not (low > -np.inf and high < np.inf):  # also for nan
        return summarize(array).text
    if low == high:
        return f"all {low:.3g}"
    mean = float(np.add.reduce(array, axis=None, dtype=np.float64)) / array.size
    return f"{low:.3g} to {high:.3g}, mean {mean:.3g}"
