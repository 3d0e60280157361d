"""Rows of training data and their weights, where a row twice is one of twice the weight; text in them is refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import column_or_1d

Array = NDArray[Any]
_DATES = (datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)


class WeightedRows(NamedTuple):
    """Inputs ``(n, features)``, targets ``(n,)`` or ``(n, outputs)``, and the weight of each row."""

    X: Array
    target: Array
    weight: Array

    def take(self, rows: Array) -> WeightedRows:
        """Return some of the rows."""
        return WeightedRows(self.X[rows], self.target[rows], self.weight[rows])

    def relative_weight(self) -> Array | None:
        """Return weights whose mean is 1, or None where all are equal."""
        if (self.weight == self.weight[0]).all():
            return None
        scaled: Array = self.weight * (len(self.weight) / self.weight.sum())
        return scaled


def distinct(X: Array, target: Array, weight: Array) -> WeightedRows:
    """Merge equal rows, whose weights are added, leave out those of weight 0, and sort them.

    So a training depends neither on the order of the rows nor on whether a weight of 2 is written as two rows.
    """
    used = weight > 0
    X, target, weight = X[used] + np.float32(0), target[used], weight[used]  # -0.0 + 0.0 is 0.0
    octets = [np.ascontiguousarray(part).view(np.uint8).reshape(len(part), -1) for part in (X, target)]
    joined = np.concatenate(octets, axis=1)
    keys = joined.view(np.dtype((np.void, joined.shape[1])))[:, 0]
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    return WeightedRows(X[first], target[first], np.bincount(place, weight))


def row_weights(sample_weight: ArrayLike | None, rows: int) -> Array:
    """Return a weight for each row, 1 where none are given."""
    if sample_weight is None:
        return np.ones(rows)
    given = np.asarray(sample_weight)
    weights: Array = column_or_1d(given if given.ndim else np.full(rows, given), dtype=np.float64)
    if len(weights) != rows:
        raise ValueError(f"sample_weight has {len(weights)} numbers for {rows} rows: give one for each")
    if not np.isfinite(weights).all() or (weights < 0).any():
        row = int(np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))[0])
        raise ValueError(f"sample_weight is {weights[row]} in row {row}: give finite numbers, none below 0")
    if not weights.any():
        raise ValueError("the sample_weight of all rows is zero: leave it out to weight all alike")
    return weights


# What scikit-learn's checks say in NumPy's words, with the column and the remedy


def refuse_columns(name: str, X: Any) -> None:
    """Raise if a column of a table holds text that is no number, or dates."""
    if hasattr(X, "toarray") or np.ndim(X) != 2:
        return
    columns = getattr(X, "columns", range(np.shape(X)[1]))
    for column, values in zip(columns, np.asarray(X, dtype=object).T, strict=True):
        found = _first(values)
        if found is not None:
            raise ValueError(
                f"{name}: column {column!r} of X holds {found}, where numbers are needed: encode it before, in a "
                f"pipeline with make_column_transformer((OneHotEncoder(), [{column!r}]), remainder=StandardScaler())"
            )


def refuse_targets(name: str, y: object) -> None:
    """Raise if targets hold text that is no number, or dates."""
    found = _first(np.asarray(y, dtype=object).ravel())
    if found is not None:
        raise ValueError(
            f"{name}: y holds {found}, where numbers are needed: for classes there is Classifier, and a column of "
            f"another kind becomes numbers with astype(float)"
        )


def _first(values: Iterable[Any]) -> str | None:
    """Describe the first value that is no number."""
    for value in values:
        if isinstance(value, _DATES):
            return f"dates or times, such as {value}"
        if isinstance(value, str | bytes):
            try:
                float(value)
            except ValueError:
                return f"text, such as {value!r}"
    return None
