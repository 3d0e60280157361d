"""What scikit-learn's checks say of text and dates in NumPy's words, with the column and the remedy."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import numpy as np

_DATES = (datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)


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
