"""Class labels: what they mean for a loss, and every way in which they can be wrong."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd import DtypeError, ShapeError

__all__ = ["Labels", "class_weights", "read_labels"]

Array = np.ndarray[Any, Any]


class Labels(NamedTuple):
    """The labels of n rows of scores.

    Attributes
    ----------
    labels
        The class of each row, shape ``(n,)``; 0 where the row is ignored.
    weights
        The weight of each row, shape ``(n,)``, 0 where it is ignored; or 1 for all rows.
    total
        The sum of the weights, or 1 where that is 0, to divide by.
    """

    labels: Array
    weights: Array | int
    total: float


def read_labels(target: Array, shape: tuple[int, ...], weight: Array | None, ignore_index: int) -> Labels:
    """Check the class indices `target` of scores of a shape ``(n, classes, ...)``, and weigh their rows."""
    classes = shape[1] if len(shape) > 1 else shape[0]
    _check_form(target, shape)
    labels = target.reshape(-1).astype(np.intp, copy=False)
    # one reduction finds labels beyond both ends, as negative ones become huge
    odd = labels.size and np.maximum.reduce(labels.view(np.uintp)) >= classes
    if not odd and weight is None and not 0 <= ignore_index < classes:
        return Labels(labels, 1, labels.size or 1)
    ignored = labels == ignore_index
    if odd:
        _check_range(labels, ignored, target.shape, classes, ignore_index)
    labels = np.where(ignored, 0, labels)
    weights = np.ones(labels.shape) if weight is None else weight[labels]
    weights[ignored] = 0
    return Labels(labels, weights, float(weights.sum()) or 1.0)


def class_weights(weight: Any, classes: int) -> Array | None:
    """Return the weights of classes as an array, or None if there are none."""
    if weight is None:
        return None
    array = np.asarray(getattr(weight, "data", weight), dtype=np.float64)
    if array.shape != (classes,):
        raise ShapeError(
            f"weight has shape {array.shape}, but there are {classes} classes: it needs one number for each"
        )
    return array


def _check_form(target: Array, shape: tuple[int, ...]) -> None:
    if target.dtype.kind not in "iu":
        raise DtypeError(
            f"class indices should be integers, but target has dtype {target.dtype} and shape {target.shape}: use "
            f"target.astype(int), or for probabilities of the classes an array of the shape of input, {shape}"
        )
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if target.shape == expected:
        return
    remedy = f"class indices for it have shape {expected}"
    if target.shape == shape:
        remedy += "; for one-hot rows use target.argmax(axis=1), for probabilities target.astype(float)"
    elif target.shape == (*expected, 1):
        remedy += "; use target.squeeze(-1)"
    raise ShapeError(f"input has shape {shape} and target has shape {target.shape}: {remedy}")


def _check_range(labels: Array, ignored: Array, shape: tuple[int, ...], classes: int, ignore_index: int) -> None:
    wrong = ((labels < 0) | (labels >= classes)) & ~ignored
    if wrong.any():
        row = int(wrong.argmax())
        place = row if len(shape) == 1 else tuple(map(int, np.unravel_index(row, shape)))
        raise IndexError(
            f"target has the label {labels[row]} in row {place}, but there are {classes} classes: labels are from 0 to "
            f"{classes - 1}, or {ignore_index} for rows to ignore ({wrong.sum()} of {labels.size} are not)"
        )
