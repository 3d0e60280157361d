"""What notebooks show of a tensor: its values, a heat map, and what it is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import numpy as np

from .heat_map import MOST, block_means, heat_map, largest

_FEW = 12  # elements; numbers alone say more of so few than colours do
_FACETS = 3, 6  # rows and columns of matrices of an array of more than two axes
_FACET = 16  # rows and columns of each
_BORDER = "border: 1px solid #8888; display: inline-flex"
_LINES, _COLUMNS = 16, 160  # of text


def html_of(array: Any, role: str, text: Callable[[], str]) -> str | None:
    """Return the text of a tensor with heat maps of its values, in at most some thousand bytes; None for few values.

    Of three axes, the first matrices are shown; of more, a table of them, whose columns are along the last axis before
    the matrix. All are on one scale. Batched and traced arrays have no picture.
    `role` is the place of the tensor in a graph, in words.
    """
    if type(array) is not np.ndarray or array.size <= _FEW:
        return None
    places = _places(array.shape[:-2])
    tables = [block_means(array[place], _FACET if place else MOST) for place in places]
    top = max(map(largest, tables))
    words = ", ".join(filter(None, (f"shape {array.shape}", str(array.dtype), role)))
    pictures = "".join(map(partial(_figure, words, top), places, tables))
    more = math.prod(array.shape[:-2]) - len(places)
    told = [escape(words), _scale(tables, top, array.dtype.kind)]
    told += ["means of blocks"] if tables[0].size < array[places[0]].size else []
    told += [f"{more:,} more matrices"] if more else []
    columns = sum(place[:-1] == places[0][:-1] for place in places)
    return (
        f'<div style="display: grid; grid-template-columns: repeat({columns}, max-content); gap: 4px; '
        f'image-rendering: pixelated">{pictures}</div>'
        f'<small>{"; ".join(told)}</small><pre style="font-family: monospace">{_shortened(text())}</pre>'
    )


def _figure(words: str, top: float, place: tuple[int, ...], table: np.ndarray[Any, Any]) -> str:
    """Return the picture of a matrix, with its indices below."""
    label = f"[{', '.join(map(str, place))}]" if place else ""
    picture = heat_map(table, f"{label} {words}".strip(), top)
    caption = f"<figcaption><small>{label}</small></figcaption>" if label else ""
    return f'<figure style="margin: 0"><span style="{_BORDER}">{picture}</span>{caption}</figure>'


def _places(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the indices of the matrices that are shown, row by row."""
    if not shape:
        return [()]
    rows, columns = _FACETS
    outer = [*itertools.islice(np.ndindex(*shape[:-1]), rows if len(shape) > 1 else 1)]
    return [(*row, column) for row in outer for column in range(min(shape[-1], columns))]


def _scale(tables: list[np.ndarray[Any, Any]], top: float, kind: str) -> str:
    """Say what the colours mean."""
    if kind == "b":
        return "orange is True"
    least = f"{-top:.3g} (blue)" if any((table < 0).any() for table in tables) else "0 (clear)"
    odd = "" if all(np.isfinite(table).all() for table in tables) else ", nan or infinite (pink)"
    return f"{'absolute values, ' if kind == 'c' else ''}{least} to {top:.3g} (orange){odd}"


def _shortened(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > _LINES:
        half = _LINES // 2
        lines = [*lines[:half], "...", *lines[-half:]]
    return escape("\n".join(line if len(line) <= _COLUMNS else line[: _COLUMNS - 3] + "..." for line in lines))
