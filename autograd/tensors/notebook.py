"""What notebooks show of a tensor: its values, a heat map, and what it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from .heat_map import block_means, heat_map, largest

_FEW = 12  # elements; numbers alone say more of so few than colours do
_SLICES = 6  # of an array of more than two axes
_BORDER = "border: 1px solid #8888; display: inline-flex"
_LINES, _COLUMNS = 16, 160  # of text


def html_of(array: Any, role: str, text: Callable[[], str]) -> str | None:
    """Return the text of a tensor with heat maps of its values, in at most some thousand bytes; None for few values.

    Of more than two axes, the first matrices are shown, all on one scale. Batched and traced arrays have no picture.
    `role` is the place of the tensor in a graph, in words.
    """
    if type(array) is not np.ndarray or array.size <= _FEW:
        return None
    matrices = array.reshape(-1, *array.shape[-2:])[:_SLICES] if array.ndim > 2 else array[None]
    tables = [block_means(matrix) for matrix in matrices]
    top = max(map(largest, tables))
    words = ", ".join(filter(None, (f"shape {array.shape}", str(array.dtype), role)))
    pictures = "".join(f'<span style="{_BORDER}">{heat_map(table, words, top)}</span>' for table in tables)
    more = math.prod(array.shape[:-2]) - len(tables) if array.ndim > 2 else 0
    told = [escape(words), _scale(tables, top, array.dtype.kind)]
    told += ["means of blocks"] if tables[0].size < matrices[0].size else []
    told += [f"{more:,} more matrices"] if more else []
    return (
        f'<div style="display: flex; flex-wrap: wrap; gap: 4px; image-rendering: pixelated">{pictures}</div>'
        f"<small>{'; '.join(told)}</small><pre>{_shortened(text())}</pre>"
    )


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
