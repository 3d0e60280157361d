"""Weights of rows in the loss: of each row, and of all rows of a class."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from autograd import ShapeError
from autograd.extend import borrow

from ._data import Batch, Rows, Source
from ._types import Loss

Array = np.ndarray[Any, Any]
ClassWeight: TypeAlias = Mapping[int, float] | ArrayLike | Literal["balanced"]


class WeightedLoss:
    """A loss in which each row has its weight: that of the row, times that of its class.

    It is the sum of weights times losses, divided by the number of rows where the loss is a mean.

    Parameters
    ----------
    loss
        As given to `fit`.
    by_class
        The weight of each class, or None; those behind the end have 1.
    """

    def __init__(self, loss: Loss, by_class: Array | None) -> None:
        self._each, self._by_class = row_losses(loss), by_class
        self._summed = getattr(loss, "reduction", "mean") == "sum"

    def weights(self, batch: Batch) -> Array:
        """Return the weight of each row of a batch."""
        if self._by_class is None:
            return np.asarray(batch.weight)
        labels = labels_in(np.asarray(borrow(batch.target)))
        rest = np.ones(max(0, int(labels.max(initial=0)) + 1 - len(self._by_class)))
        found: Array = np.concatenate([self._by_class, rest])[labels]
        return found if batch.weight is None else found * batch.weight

    def __call__(self, output: Any, target: Any, weight: Array) -> Any:
        """Return the loss of a batch."""
        losses = self._each(output, target)
        if np.ndim(losses) == 0 or losses.shape[0] != weight.shape[0]:
            raise ShapeError(f"the loss of each row has shape {losses.shape}, for {weight.shape[0]} weights")
        if losses.ndim > 1:
            losses = losses.reshape(losses.shape[0], -1)
            losses = losses.sum(axis=1) if self._summed else losses.mean(axis=1)
        total = (losses * weight.astype(losses.dtype)).sum()
        return total if self._summed else total / weight.shape[0]


def class_weights(given: ClassWeight, source: Source) -> Array:
    """Return the weight of each class, from a dict, a list, or the number of rows that each has."""
    if isinstance(given, str):
        if given != "balanced" or not isinstance(source, Rows):
            raise ValueError(f'class_weight={given!r}: give a dict, a list, or, where data are arrays, "balanced"')
        labels = labels_in(source.arrays[-1])
        counts = np.bincount(labels)
        shares = counts * np.count_nonzero(counts)
        balanced: Array = np.divide(len(labels), shares, out=np.zeros(len(counts)), where=counts > 0)
        return balanced
    if isinstance(given, Mapping):
        wrong = [key for key in given if not isinstance(key, int | np.integer) or key < 0]
        if wrong or not given:
            raise ValueError(f"class_weight has the classes {list(given)}: give a weight for each number of a class")
        weights = np.ones(max(given) + 1)
        for key, value in given.items():
            weights[key] = value
        if isinstance(source, Rows):
            absent = sorted(set(given) - set(np.unique(labels_in(source.arrays[-1])).tolist()))
            if absent:
                raise ValueError(f"class_weight has weights for the classes {absent}, of which the data have no row")
    else:
        weights = np.asarray(given, np.float64)
        if weights.ndim != 1:
            raise ValueError(f"class_weight has shape {weights.shape}: give one number for each class")
    check_weights("class_weight", weights)
    return weights


def labels_in(target: Array) -> Array:
    """Return the class of each row, or raise where the target says none."""
    if target.ndim == 2 and target.shape[1] > 1 and (target >= 0).all() and np.allclose(target.sum(axis=1), 1):
        largest: Array = target.argmax(axis=1)
        return largest
    labels = target.reshape(-1) if target.ndim == 2 and target.shape[1] == 1 else target
    if labels.ndim != 1 or (labels.dtype.kind == "f" and (labels != np.rint(labels)).any()) or (labels < 0).any():
        raise ValueError(
            f"class_weight needs the class of each row, but the target is {target.dtype} of shape {target.shape}: pass "
            f"sample_weight, a weight for each row"
        )
    return labels.astype(np.intp)


def check_weights(name: str, weights: Array) -> None:
    """Raise unless weights are numbers of at least 0, and not all 0."""
    if weights.dtype.kind not in "fiub" or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError(f"{name} should be finite numbers, none below 0, and not all 0")


def row_losses(loss: Loss) -> Callable[..., Any]:
    """Return a function that gives the loss of each row, or raise where there is none."""
    if hasattr(loss, "reduction"):
        each: Any = copy.copy(loss)
        each.reduction = "none"
        return each  # type: ignore[no-any-return]  # callable, as the loss is
    try:
        takes = "reduction" in inspect.signature(loss).parameters
    except (TypeError, ValueError):
        takes = False
    if not takes:
        raise TypeError(
            f"class_weight and sample_weight need the loss of each row, but {getattr(loss, '__name__', loss)!r} has no "
            f'reduction: pass a module such as nn.CrossEntropyLoss(), or a function that takes reduction="none"'
        )
    function: Any = loss
    return functools.partial(function, reduction="none")
