"""What notebooks show of a tensor: its values, what it is, and a heat map, blue if negative and orange if positive."""

from __future__ import annotations

import base64
import itertools
import math
import struct
import zlib
from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import numpy as np

MOST = 32  # rows and columns; larger arrays are averaged in blocks
_NEGATIVE, _POSITIVE, _ODD = (0, 114, 178), (213, 94, 0), (204, 121, 167)  # Okabe and Ito's colours
_LONGEST, _SHORTEST = 160, 12  # pixels of its sides on the screen


def heat_map(array: np.ndarray[Any, Any], words: str, top: float | None = None) -> str:
    """Return a heat map as an HTML element of a few hundred bytes, for light and dark pages; empty without numbers.

    It shows the `block_means`. Zero is transparent, and colours are strongest at `top`, by default the largest absolute
    value. A block with nan or an infinity is pink. `words` say what it shows, for those who cannot see it.

    Examples
    --------
    >>> heat_map(np.eye(3), "unit matrix").startswith('<img width="48" height="48" alt="unit matrix"')
    True
    """
    if not array.size or array.dtype.kind not in "biufc":
        return ""
    table = block_means(array)
    odd = ~np.isfinite(table)
    values = np.where(odd, 0.0, table)
    top = largest(table) if top is None else top
    with np.errstate(over="ignore", under="ignore"):
        strength = np.clip(np.abs(values) / (top or 1.0), 0, 1)
    pixels = np.empty((*table.shape, 4), np.uint8)
    pixels[..., :3] = np.where((values < 0)[..., None], _NEGATIVE, _POSITIVE)
    pixels[..., 3] = np.rint(255 * strength)
    pixels[odd] = (*_ODD, 255)
    sides = [count * max(1, min(16, _LONGEST // count)) for count in table.shape]  # so that few columns are no strip
    content = base64.b64encode(_png(pixels)).decode()
    return (
        f'<img width="{max(_SHORTEST, sides[1])}" height="{max(_SHORTEST, sides[0])}" alt="{escape(words)}" '
        f'class="heat" src="data:image/png;base64,{content}">'
    )


def block_means(array: np.ndarray[Any, Any], most: int = MOST) -> np.ndarray[Any, Any]:
    """Return an array as a matrix of at most `most` rows and columns of float64, in each element the mean of a block.

    Rows are along the last axis; complex numbers become absolute values.
    """
    table = np.abs(array) if array.dtype.kind == "c" else array
    table = table.reshape(-1, table.shape[-1]) if table.ndim else table.reshape(1, 1)
    with np.errstate(all="ignore"):
        for axis in (0, 1):
            count = table.shape[axis]
            if count > most:
                edges = np.linspace(0, count, most + 1).astype(int)
                sums = np.add.reduceat(table, edges[:-1], axis=axis, dtype=np.float64)
                widths = np.diff(edges)
                table = sums / (widths[:, None] if axis == 0 else widths)
        return table.astype(np.float64)


def largest(table: np.ndarray[Any, Any]) -> float:
    """Return the largest absolute value that is finite; 0 if there is none."""
    return float(np.abs(table[np.isfinite(table)]).max(initial=0))


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    """Return pixels of shape ``(height, width, 4)`` as PNG."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # the first byte says that a row is not filtered
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


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
