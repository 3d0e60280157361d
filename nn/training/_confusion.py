"""The confusion matrix of an epoch, and what follows from it: precision, recall and F1."""

from __future__ import annotations

from typing import Literal

import numpy as np

from autograd import ShapeError

from ._running_metrics import Array, Metric, labels_of

Average = Literal["binary", "micro", "macro", "weighted"]


class ConfusionMatrix(Metric):
    """The confusion matrix: how many rows of each class, by row, were taken for each class, by column.

    Parameters
    ----------
    threshold
        For outputs of one score a row: class 1 is what is above it. 0 for logits, 0.5 for probabilities. With a score
        for each class the largest decides.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import ConfusionMatrix
    >>> matrix = ConfusionMatrix(threshold=0.5)
    >>> matrix.update(np.array([0.9, 0.2, 0.7]), np.array([1, 0, 0]))
    >>> matrix.compute()
    array([[1, 1],
           [0, 1]])
    """

    name = "confusion_matrix"

    def __init__(self, threshold: float | None = None) -> None:
        self.threshold = threshold
        super().__init__()

    def reset(self) -> None:
        self.counts = np.zeros((0, 0), np.int64)

    def update(self, output: Array, target: Array) -> None:
        """Count a batch: outputs ``(n, classes, ...)``, or ``(n,)`` or ``(n, 1)``, and labels ``(n, ...)``."""
        predicted, labels, classes = self._classes(np.asarray(output), np.asarray(target))
        if not self.counts.size:
            self.counts = np.zeros((classes, classes), np.int64)
        if len(self.counts) != classes:
            raise ShapeError(f"{type(self).__name__} of {len(self.counts)} classes is given {classes}")
        found = np.bincount(labels * classes + predicted, minlength=classes**2)
        self.counts = self.counts + found.reshape(classes, classes)

    def _classes(self, output: Array, target: Array) -> tuple[Array, Array, int]:
        """Return the predicted and the right class of each row, and the number of classes."""
        name = type(self).__name__
        if output.ndim < 2 or output.shape[1] == 1:
            if self.threshold is None:
                raise ShapeError(
                    f"{name} of one score a row, of shape {output.shape}, needs {name}(threshold=0) for logits, or "
                    f"{name}(threshold=0.5) for probabilities"
                )
            if output.size != target.size:
                raise ShapeError(f"{name} of an output of shape {output.shape} and labels of shape {target.shape}")
            return (output > self.threshold).astype(np.int64).ravel(), labels_of(name, target.ravel(), 2), 2
        classes = output.shape[1]
        if target.shape == output.shape and target.dtype.kind == "f":
            target = target.argmax(axis=1)
        if target.shape != output.shape[:1] + output.shape[2:]:
            raise ShapeError(f"{name} of an output of shape {output.shape} and labels of shape {target.shape}")
        return output.argmax(axis=1).ravel(), labels_of(name, target.ravel(), classes), classes

    def compute(self) -> float | Array:
        """Return the matrix."""
        return self.counts.copy()


class _OfClasses(ConfusionMatrix):
    """Base class of figures of each class, which follow from the confusion matrix, and of their averages."""

    def __init__(
        self, average: Average | None = "binary", threshold: float | None = None, zero_division: float = 0.0
    ) -> None:
        if average not in ("binary", "micro", "macro", "weighted", None):
            raise ValueError(f'average should be "binary", "micro", "macro", "weighted" or None, not {average!r}')
        self.average, self.zero_division = average, zero_division
        super().__init__(threshold)

    def _parts(self, right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return numerators and denominators, given how often each class was right, was predicted, and was there."""
        raise NotImplementedError

    def compute(self) -> float | Array:
        """Return the figure, or, without an average, that of each class."""
        right, predicted, actual = np.diag(self.counts), self.counts.sum(axis=0), self.counts.sum(axis=1)
        if self.average == "micro":
            right, predicted, actual = (part.sum(keepdims=True) for part in (right, predicted, actual))
        upper, lower = self._parts(right, predicted, actual)
        each: Array = np.divide(upper, lower, out=np.full(len(upper), float(self.zero_division)), where=lower != 0)
        if self.average is None:
            return each
        if self.average == "binary":
            if len(each) > 2:
                raise ValueError(
                    f'{len(each)} classes have no positive one: pass {type(self).__name__}(average="macro"), "micro" '
                    f'or "weighted", or None for each class'
                )
            return float(each[1]) if len(each) == 2 else float(self.zero_division)
        if self.average == "micro":
            return float(each[0]) if self.counts.size else float(self.zero_division)
        weights = actual if self.average == "weighted" else (actual + predicted > 0).astype(float)
        return float((each * weights).sum() / weights.sum()) if weights.sum() else float(self.zero_division)


class Precision(_OfClasses):
    """Precision: the share of the rows taken for a class that are of it.

    Parameters
    ----------
    average
        ``"binary"`` for that of class 1 of two; ``"macro"`` for the mean over the classes that occur, ``"weighted"``
        for that weighted by how often they do, ``"micro"`` for all rows together, None for that of each class.
    threshold
        As in `ConfusionMatrix`.
    zero_division
        What it is where no row was taken for the class.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import Precision
    >>> precision = Precision(threshold=0.0)
    >>> precision.update(np.array([2.0, -1.0, 3.0]), np.array([1, 1, 0]))
    >>> precision.update(np.array([1.0]), np.array([1]))
    >>> round(precision.compute(), 3)
    0.667
    """

    name = "precision"

    def _parts(self, right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        return right, predicted


class Recall(_OfClasses):
    """Recall: the share of the rows of a class that were taken for it; the parameters are those of `Precision`."""

    name = "recall"

    def _parts(self, right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        return right, actual


class F1(_OfClasses):
    """F1: the harmonic mean of precision and recall; the parameters are those of `Precision`."""

    name = "f1"

    def _parts(self, right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        return 2 * right, predicted + actual
