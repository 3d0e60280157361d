"""Class labels of losses: checks of their dtype, shape and range, ignored rows, class weights, and labelled scores."""

from __future__ import annotations

from typing import Any, Literal, NoReturn

import numpy as np

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import ARRAY_TYPES, as_array, borrow, cached_arrays, whole

from ..._arguments import Array, TensorLike
from .operands import not_real


def read_labels(
    target: Array, shape: tuple[int, ...], weight: Array | None, ignore_index: int | None
) -> tuple[Array, Array | int, Any]:
    """Check the class indices `target` for scores of shape ``(n, classes, ...)``, and weight their rows.

    Rows with the label `ignore_index` do not count; with None all rows do.

    Returns
    -------
    labels
        The class of each of n rows, shape ``(n,)``; 0 where the row is ignored.
    weights
        The weight of each row, shape ``(n,)``, 0 where it is ignored; or 1 for all rows.
    total
        The sum of the weights, or 1 where that is 0, to divide by.
    """
    classes = _count_classes(shape)
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if target.dtype.kind not in "iu" or target.shape != expected:
        _refuse_form(target, shape, expected)
    labels = target.reshape(-1) if len(expected) != 1 else target
    if labels.dtype != np.intp:
        labels = labels.astype(np.intp)
    # one reduction finds labels beyond both ends, as negative ones become huge
    array = whole(labels)
    odd = array.size and np.maximum.reduce(array.view(np.uintp), None) >= classes
    # what compile records with weights or ignored labels serves all labels: whether some are odd is not asked, but seen
    unweighted = weight is None and (ignore_index is None or not 0 <= ignore_index < classes)
    if unweighted and not (getattr(odd, "value", odd) or odd):
        return labels, 1, labels.size or 1
    ignored = np.zeros_like(labels, bool) if ignore_index is None else labels == ignore_index
    if type(array) is not np.ndarray or odd:
        _check_range(labels, ignored, target.shape, classes, ignore_index)
    labels = np.where(ignored, 0, labels)
    weights = np.where(ignored, 0.0, 1.0 if weight is None else np.take_along_axis(weight, labels, 0))
    total = weights.sum()
    if type(total) is np.float64:
        return labels, weights, float(total) or 1.0
    return labels, weights, np.where(total == 0, 1.0, total)


def class_weights(weight: TensorLike, shape: tuple[int, ...]) -> Array:
    """Return the weights of classes as an array, for scores of shape ``(n, classes, ...)``."""
    classes = _count_classes(shape)
    array = as_array(borrow(weight))
    if array.dtype.kind == "c":
        raise not_real("a loss", "weight", array)
    array = array.astype(np.float64, copy=False)
    if array.shape != (classes,):
        raise ShapeError(
            f"weight has shape {array.shape}, but there are {classes} classes: it needs one number for each"
        )
    return array


def _count_classes(shape: tuple[int, ...]) -> int:
    if not shape:
        raise ShapeError("input has shape (), but should have (n, classes), (classes,) or (n, classes, ...)")
    return shape[1] if len(shape) > 1 else shape[0]


def _refuse_form(target: Array, shape: tuple[int, ...], expected: tuple[int, ...]) -> NoReturn:
    """Raise the error for labels that are not integers, or not of the expected shape."""
    if target.dtype.kind not in "iu":
        classes = target.shape[-1:]
        if target.ndim == len(shape) == 2 and classes != shape[1:] and target.size and (target.sum(1) == 1).all():
            raise ShapeError(
                f"the target has probabilities of {classes[0]} classes, shape {target.shape}, but the input has "
                f"{shape[1]} scores, shape {shape}: a last layer of {classes[0]} outputs gives as many"
            )
        if target.dtype.kind == "f" and target.ndim == 2 and target.shape[1:] != (1,):
            raise DtypeError(
                f"class indices should be integers, but target has dtype {target.dtype} and shape {target.shape}, as "
                f"scores and inputs have, for an input of shape {shape}: are they swapped? It is loss(output, target), "
                f"and X_train, X_test, y_train, y_test = datasets.train_test_split(X, y)"
            )
        raise DtypeError(
            f"class indices should be integers, but target has dtype {target.dtype} and shape {target.shape}: use "
            f"target.astype(int), or for probabilities of the classes an array of the shape of input, {shape}"
        )
    remedy = f"class indices for it have shape {expected}"
    if target.shape == shape:
        remedy += "; for one-hot rows use target.argmax(axis=1), for probabilities target.astype(float)"
    elif target.shape == (*expected, 1):
        remedy += "; use target.squeeze(-1)"
    elif target.shape == shape[:-1]:
        remedy += "; classes are axis 1: if they are the last one, use input.swapaxes(1, -1)"
    raise ShapeError(f"input has shape {shape} and target has shape {target.shape}: {remedy}")


def _check_range(labels: Array, ignored: Array, shape: tuple[int, ...], classes: int, ignore_index: int | None) -> None:
    wrong = whole(((labels < 0) | (labels >= classes)) & ~ignored)
    if wrong.any():
        row, labels = int(wrong.argmax()), whole(labels).reshape(-1)
        shape = wrong.shape[:-1] + shape  # with the axes of batches
        place = row if len(shape) == 1 else tuple(map(int, np.unravel_index(row, shape)))
        remedy = "" if ignore_index is None else f", or {ignore_index} for rows to ignore"
        raise IndexError(
            f"target has the label {labels[row]} in row {place}, but there are {classes} classes: labels are from 0 to "
            f"{classes - 1}{remedy} ({wrong.sum()} of {labels.size} are not)"
        )


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
