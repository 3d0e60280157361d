"""Numbers and arrays as plain data that a page can show: exact if there are few, else statistics and a small map."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from autograd.inside import block_means, largest

_FEW = 16  # elements that are shown one by one
_MOST = 16  # rows and columns of a map
LEVELS = "".join(map(chr, [*range(97, 123), *range(65, 91), *range(48, 58)]))[:61]  # the middle one is 0


def described(value: Any) -> Any:
    """Return a result, a gradient or a constant as data for the page; None if it is not known.

    A single number becomes a number, or its name if it is not finite; a tuple becomes a list of descriptions; anything
    else that is not an array becomes its `repr`.
    """
    if isinstance(value, tuple | list) and any(isinstance(part, np.ndarray) for part in value):
        return {"parts": [described(part) for part in value]}
    if not isinstance(value, np.ndarray | np.generic | bool | int | float | complex):
        return None if value is None else _words(value)
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        return _words(value)
    if array.size == 1:
        return {"number": _plain(array.item()), "shape": list(array.shape)}
    found: dict[str, Any] = {"shape": list(array.shape)}
    if 0 < array.size <= _FEW:
        found["all"] = _nested(array)
    if array.size:
        found |= _statistics(array)
        found["map"] = _map(array)
    return found


def size_of(value: Any) -> Any:
    """Return one number for a result or a gradient: itself if it is one, else its Euclidean norm."""
    if isinstance(value, tuple | list):
        return _plain(math.hypot(*(float(np.linalg.norm(np.asarray(part))) for part in value if part is not None)))
    array = np.asarray(value)
    return _plain(array.item() if array.size == 1 else float(np.linalg.norm(array.astype(_wide(array)))))


def _wide(array: np.ndarray[Any, Any]) -> type:
    return complex if array.dtype.kind == "c" else float


def _plain(number: Any) -> Any:
    """Return a number that JSON can hold, or the name of nan, an infinity or a complex number."""
    if isinstance(number, complex):
        return str(number).strip("()")
    return number if math.isfinite(number) and abs(number) < 2**53 else str(number)


def _nested(array: np.ndarray[Any, Any]) -> Any:
    # Elements are converted flat and then reshaped, because tolist() alone would leave nan in the result.
    plain = np.empty(array.size, object)
    plain[:] = [_plain(number) for number in array.ravel().tolist()]
    return plain.reshape(array.shape).tolist()


def _statistics(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    values: np.ndarray[Any, Any] = array.astype(_wide(array), copy=False).ravel()
    finite = values[np.isfinite(values)]
    found: dict[str, Any] = {"length": _plain(float(np.linalg.norm(finite))), "odd": int(values.size - finite.size)}
    if array.dtype.kind != "c" and finite.size:
        found |= {"min": _plain(float(finite.min())), "max": _plain(float(finite.max()))}
        found["mean"] = _plain(float(finite.mean()))
        found["zeros"] = int(values.size - np.count_nonzero(values))
    return found


def _map(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return the array as rows of letters, from the most negative to the most positive; ``!`` is not finite."""
    table = block_means(array, _MOST)
    finite = np.isfinite(table)
    top = largest(table)
    middle = len(LEVELS) // 2
    levels = np.rint(np.where(finite, table, 0.0) / (top or 1.0) * middle).astype(int) + middle
    rows = [
        "".join(LEVELS[level] if good else "!" for level, good in zip(*row, strict=True))
        for row in zip(levels.tolist(), finite.tolist(), strict=True)
    ]
    return {"rows": rows, "top": _plain(top), "blocks": table.size < array.size}


def _words(value: object) -> dict[str, str]:
    """Return the `repr` of an object, but for its place in memory: the same graph gives the same page."""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
    return {"text": text if len(text) <= 120 else text[:117] + "..."}
