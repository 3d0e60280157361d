"""Running metrics: counts over all batches of an epoch, from which figures follow that are no means of batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd import ShapeError

__all__ = ["AUC", "F1", "R2", "ConfusionMatrix", "Metric", "Precision", "Recall", "TopK"]

Array = NDArray[Any]
Average = Literal["binary", "micro", "macro", "weighted"]


class Metric:
    """What `fit` measures over the batches of an epoch together; a subclass defines `reset`, `update` and `compute`.

    Attributes
    ----------
    name
        Of the column in the history.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> class Largest(nn.training.Metric):
    ...     name = "largest_error"
    ...     def reset(self):
    ...         self.value = 0.0
    ...     def update(self, output, target):
    ...         self.value = max(self.value, float(np.abs(output - target).max()))
    ...     def compute(self):
    ...         return self.value
    >>> data = np.arange(4.0)[:, None], np.zeros((4, 1))
    >>> nn.evaluate(nn.Identity(), data, nn.MSELoss(), Largest(), batch_size=2)
    {'loss': 3.5, 'largest_error': 3.0}
    """

    name: str = ""

    def __init__(self) -> None:
        options = set(self.__dict__)
        self.reset()
        self._measured = [name for name in self.__dict__ if name not in options]

    def reset(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} should define reset()")

    def update(self, output: Array, target: Array) -> None:
        """Take in a batch."""
        raise NotImplementedError(f"{type(self).__name__} should define update(output, target)")

    def compute(self) -> float | Array:
        """Return the figure over all batches so far."""
        raise NotImplementedError(f"{type(self).__name__} should define compute()")

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint needs: the attributes that `reset` makes, unless a subclass says otherwise."""
        return {name: getattr(self, name) for name in self._measured}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.__dict__.update(state)


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
        """Forget all batches."""
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
        self,
        average: Average | None = "binary",
        threshold: float | None = None,
        zero_division: float = 0.0,
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


class TopK(Metric):
    """Top-k accuracy: the share of rows whose class is among the k of the largest scores.

    Parameters
    ----------
    k
        How many scores count. Of equal ones the first come first, as in `accuracy`, which is that of k = 1.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import TopK
    >>> top = TopK(2)
    >>> top.update(np.array([[0.1, 0.2, 0.7], [0.5, 0.3, 0.2]]), np.array([1, 2]))
    >>> top.compute()
    0.5
    """

    def __init__(self, k: int = 5) -> None:
        if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
            raise ValueError(f"k should be a whole number of at least 1, not {k!r}")
        self.k, self.name = int(k), f"top_{k}_accuracy"
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self.right = self.rows = 0

    def update(self, output: Array, target: Array) -> None:
        """Count a batch: scores of shape ``(n, classes, ...)``, labels of shape ``(n, ...)``."""
        if output.ndim < 2 or target.shape != output.shape[:1] + output.shape[2:]:
            raise ShapeError(f"TopK of an output of shape {output.shape} and labels of shape {target.shape}")
        classes = output.shape[1]
        scores = np.moveaxis(output, 1, -1).reshape(-1, classes)
        labels = labels_of("TopK", target.ravel(), classes)
        own = np.take_along_axis(scores, labels[:, None], axis=1)
        before = (scores > own) | ((scores == own) & (np.arange(classes) < labels[:, None]))
        self.right += int(((before.sum(axis=1) < self.k) & ~np.isnan(own[:, 0])).sum())
        self.rows += len(labels)

    def compute(self) -> float | Array:
        """Return the share."""
        return self.right / self.rows if self.rows else 0.0


class AUC(Metric):
    """Area under the receiver operating characteristic: how probably a row of class 1 has a higher score than another.

    It keeps all scores and labels of the epoch, so that it is exact.

    Parameters
    ----------
    from_logits
        Whether scores of three or more classes are logits, of which it takes the softmax. Each class is then compared
        with all others, and the mean over the classes is the figure.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import AUC
    >>> auc = AUC()
    >>> auc.update(np.array([0.1, 0.4]), np.array([0, 0]))
    >>> auc.update(np.array([0.35, 0.8]), np.array([1, 1]))
    >>> auc.compute()
    0.75
    """

    name = "auc"

    def __init__(self, from_logits: bool = True) -> None:
        self.from_logits = from_logits
        super().__init__()

    def reset(self) -> None:
        """Forget all batches."""
        self.scores: list[Array] = []
        self.labels: list[Array] = []

    def update(self, output: Array, target: Array) -> None:
        """Keep a batch: scores ``(n,)``, ``(n, 1)`` or ``(n, classes)``, and labels ``(n,)`` or ``(n, 1)``."""
        scores = output.reshape(len(output), -1) if output.ndim < 2 else output
        if scores.ndim != 2 or target.size != len(scores):
            raise ShapeError(f"AUC of an output of shape {output.shape} and labels of shape {target.shape}")
        labels = labels_of("AUC", target.ravel(), max(scores.shape[1], 2))
        if scores.shape[1] == 2:
            scores = scores[:, 1:] - scores[:, :1]
        elif scores.shape[1] > 2 and self.from_logits:
            powers = np.exp(scores - scores.max(axis=1, keepdims=True), dtype=np.float64)
            scores = powers / powers.sum(axis=1, keepdims=True)
        self.scores.append(np.array(scores, np.float64))
        self.labels.append(labels)

    def compute(self) -> float | Array:
        """Return the area; nan where one of the classes has no row."""
        if not self.scores:
            return float("nan")
        scores, labels = np.concatenate(self.scores), np.concatenate(self.labels)
        if scores.shape[1] == 1:
            return _area(scores[:, 0], labels == 1)
        return float(np.mean([_area(scores[:, c], labels == c) for c in range(scores.shape[1])]))


def _area(scores: Array, positive: Array) -> float:
    """Return the share of pairs of a positive and another row that are in order; equal ones count half."""
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros or np.isnan(scores).any():
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # of equal scores the mean
    return float((ranks[place][positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


class R2(Metric):
    """R²: the share of the variance of the target that the output explains, 1 at best; the mean over columns.

    Examples
    --------
    >>> import numpy as np
    >>> from nn.training import R2
    >>> r2 = R2()
    >>> r2.update(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    >>> r2.update(np.array([3.0]), np.array([3.0]))
    >>> round(r2.compute(), 4)
    0.8846
    """

    name = "r2"

    def reset(self) -> None:
        """Forget all batches."""
        self.rows, self.mean, self.squares, self.errors = 0, np.zeros(0), np.zeros(0), np.zeros(0)

    def update(self, output: Array, target: Array) -> None:
        """Take in a batch of outputs and targets of one shape, ``(n,)`` or ``(n, columns)``."""
        if output.shape != target.shape or not output.ndim:
            raise ShapeError(f"R2 of shapes {output.shape} and {target.shape}, which would be broadcast: reshape one")
        y = np.asarray(target, np.float64).reshape(len(target), -1)
        errors = np.square(np.asarray(output, np.float64).reshape(y.shape) - y).sum(axis=0)
        if not len(y):
            return
        mean = y.mean(axis=0)
        squares = np.square(y - mean).sum(axis=0)
        if not self.rows:
            self.rows, self.mean, self.squares, self.errors = len(y), mean, squares, errors
            return
        # Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979
        both, away = self.rows + len(y), mean - self.mean
        self.squares = self.squares + squares + away**2 * (self.rows * len(y) / both)
        self.mean = self.mean + away * (len(y) / both)
        self.errors, self.rows = self.errors + errors, both

    def compute(self) -> float | Array:
        """Return the share; of a constant target 1 where the output is that constant, otherwise 0."""
        if self.rows < 2:
            return float("nan")
        constant = self.squares == 0
        lost = np.divide(self.errors, self.squares, out=(self.errors > 0).astype(float), where=~constant)
        return float(np.mean(1 - lost))


def labels_of(name: str, target: Array, classes: int) -> Array:
    """Return labels as integers, or raise unless they are those of the classes."""
    labels = target.astype(np.int64)
    if (labels != target).any() or (len(labels) and not 0 <= labels.min() <= labels.max() < classes):
        raise ValueError(f"{name} has labels that are not classes from 0 to {classes - 1}, such as {target.max()}")
    return labels
