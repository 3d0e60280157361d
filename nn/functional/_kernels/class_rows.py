"""Rows of scores, one score for each class: their memory order, and the positions of the labelled scores."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from autograd import Tensor
from autograd.extend import ARRAY_TYPES, cached_arrays

Array = np.ndarray[Any, Any]


def as_rows(scores: Any) -> Tensor:
    """Return scores of shape (n, classes, ...) or (classes,) as rows of classes."""
    if scores.ndim == 2:
        return scores
    if scores.ndim == 1:
        return scores.reshape(1, -1)
    return np.moveaxis(scores, 1, -1).reshape(-1, scores.shape[1])


def memory_order(classes: int) -> Literal["C", "F"]:
    """Return the memory order for rows of classes: NumPy reduces short rows one at a time, several times slower."""
    return "F" if classes <= 64 else "C"


def labelled_places(labels: Array, rows: Array) -> Any:
    """Return the position in the memory of `rows` of each row's entry at its label."""
    n, classes = rows.shape
    if memory_order(classes) == "F":
        return labels * n + _row_starts(n, 1)
    return labels + _row_starts(n, classes)


def labelled_entries(rows: Any, labels: Any) -> Any:
    """Return each row's entry at its label."""
    if type(labels) in ARRAY_TYPES:
        return rows.reshape(-1)[labels + _row_starts(*rows.shape)]
    return np.take_along_axis(rows, labels[:, None], 1)[:, 0]


@cached_arrays(8)
def _row_starts(count: int, step: int) -> Any:
    """Return the first `count` multiples of `step`, from 0."""
    steps = np.arange(0, count * step, step)
    steps.flags.writeable = False
    return steps
