"""Heat maps: an array as a small picture, blue where it is negative and orange where it is positive."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

__all__ = ["heat_map"]

_MOST = 32  # rows and columns; larger arrays are averaged in blocks
_NEGATIVE, _POSITIVE, _ODD = (0, 114, 178), (213, 94, 0), (204, 121, 167)  # Okabe and Ito's colours
_LONGEST = 160  # pixels of its longer side on the screen


def heat_map(array: np.ndarray[Any, Any], words: str, top: float | None = None) -> str:
    """Return a heat map as an HTML element of a few hundred bytes, for light and dark pages; empty without numbers.

    Zero is transparent, and colours are strongest at `top`. Elements that are nan or infinite are pink, whatever else
    is in their block. An array of more than two axes is shown as rows along its last axis.

    Parameters
    ----------
    array
        Numbers; of complex ones the absolute values are shown.
    words
        What it shows, for those who cannot see it.
    top
        The largest absolute value of the scale; by default that of the array.

    Examples
    --------
    >>> heat_map(np.eye(3), "unit matrix").startswith('<img width="48" height="48" alt="unit matrix"')
    True
    """
    if not array.size or array.dtype.kind not in "biufc":
        return ""
    table = _table(np.abs(array) if array.dtype.kind == "c" else array)
    odd = ~np.isfinite(table)
    values = np.where(odd, 0.0, table)
    top = float(np.abs(values).max()) if top is None else top
    with np.errstate(over="ignore", under="ignore"):
        strength = np.clip(np.abs(values) / (top or 1.0), 0, 1)
    pixels = np.empty((*table.shape, 4), np.uint8)
    pixels[..., :3] = np.where((values < 0)[..., None], _NEGATIVE, _POSITIVE)
    pixels[..., 3] = np.rint(255 * strength)
    pixels[odd] = (*_ODD, 255)
    height, width = table.shape
    scale = max(1, min(16, _LONGEST // max(height, width)))
    content = base64.b64encode(_png(pixels)).decode()
    alt = words.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return (
        f'<img width="{scale * width}" height="{scale * height}" alt="{alt}" class="heat" '
        f'src="data:image/png;base64,{content}">'
    )


def _table(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return at most 32 rows and columns, in each the mean of its block; not finite where one in the block is not."""
    table = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    with np.errstate(all="ignore"):
        for axis in (0, 1):
            count = table.shape[axis]
            if count > _MOST:
                edges = np.linspace(0, count, _MOST + 1).astype(int)
                sums = np.add.reduceat(table, edges[:-1], axis=axis, dtype=np.float64)
                widths = np.diff(edges)
                table = sums / (widths[:, None] if axis == 0 else widths)
        return table.astype(np.float64)


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
