"""Metrics of scores and values over an epoch: top-k accuracy, the area under the ROC curve, and R²."""

from __future__ import annotations

import numpy as np

from autograd import ShapeError

from .._arguments import Size
from ._running_metrics import Array, Metric, labels_of


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

    def __init__(self, k: Size = 5) -> None:
        self.k, self.name = int(k), f"top_{k}_accuracy"
        super().__init__()

    def reset(self) -> None:
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
