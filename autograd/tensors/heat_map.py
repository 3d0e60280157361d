"""Heat maps: an array as a small picture, blue where it is negative and orange where it is positive."""

from __future__ import annotations

import base64
import struct
import zlib
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
