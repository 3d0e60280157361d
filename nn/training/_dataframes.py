"""DataFrames as arrays: columns by name, and errors that name them. pandas and Polars are not imported here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import DTypeLike

if TYPE_CHECKING:
    import pandas  # that of Polars needs pyarrow

Array = np.ndarray[Any, Any]


def is_frame(value: object) -> TypeGuard[pandas.DataFrame | pandas.Series[Any]]:
    """Tell whether a value is a DataFrame or a Series: it cannot be one where pandas was never imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series)


def is_table(value: object) -> TypeGuard[pandas.DataFrame]:
    """Tell whether a value is a DataFrame."""
    return is_frame(value) and value.ndim == 2


def from_polars(value: Any) -> Any:
    """Return a table of Polars as one of pandas, column by column, and anything else as it is."""
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(value, (polars.DataFrame, polars.Series)):
        return value
    import pandas  # that of Polars needs pyarrow

    if isinstance(value, polars.Series):
        return pandas.Series(value.to_numpy(), name=value.name)
    return pandas.DataFrame({column.name: column.to_numpy() for column in value.get_columns()})


def column_names(frame: pandas.DataFrame) -> list[Any]:
    """Return the names of the columns; none may occur twice."""
    names = list(frame.columns)
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the DataFrame has several columns of the same name, {twice}: rename or drop some of them")
    return names


def frame_to_array(
    frame: pandas.DataFrame | pandas.Series[Any],
    dtype: DTypeLike,
    columns: Sequence[Any] | None = None,
    integers: bool = False,
) -> Array:
    """Return the values of a DataFrame ``(n, columns)`` or Series ``(n,)``.

    Parameters
    ----------
    frame
        All columns should be numbers, or true and false, without missing values.
    dtype
        What the values become.
    columns
        The names of the columns to take, in this order.
    integers
        Whether columns that are all integers stay so, as the labels of classes do.

    Raises
    ------
    ValueError, TypeError
        If columns are missing, or hold what is no number; it names them.
    """
    table: Any = frame.to_frame() if frame.ndim == 1 else frame  # type: ignore[operator]  # a Series has it
    names = column_names(table)
    if columns is not None:
        absent = [name for name in columns if name not in names]
        if absent:
            raise ValueError(f"the columns {absent} are missing: the model was trained with {list(columns)}")
        table, names = table[list(columns)], list(columns)
    _check_numbers(table, names)
    kinds = {table[name].dtype.kind for name in names}
    if integers and kinds <= {"i", "u", "b"} and not table.isna().to_numpy().any():
        values: Array = table.to_numpy(dtype=np.int64)
    else:
        values = table.to_numpy(dtype=dtype, na_value=np.nan)
        _check_present(values, table, names)
    return values[:, 0] if frame.ndim == 1 else values


def check_same_rows(frames: Sequence[object]) -> None:
    """Raise if tables have other row labels, or the same ones in another order: rows are paired by position."""
    labelled = [frame for frame in frames if is_frame(frame)]
    for other in labelled[1:]:
        first = labelled[0].index
        if len(first) == len(other.index) and not first.equals(other.index):
            place = int(np.argmax(np.asarray(first != other.index)))
            raise ValueError(
                f"the tables are not about the same rows: row {place} is {first[place]!r} in the first and "
                f"{other.index[place]!r} in another. Use y.loc[X.index], or .reset_index(drop=True) on both if their "
                f"order is right"
            )


def _check_numbers(table: Any, names: list[Any]) -> None:
    odd = [name for name in names if table[name].dtype.kind not in "biuf"]
    if odd:
        listed = ", ".join(f"{name!r} ({table[name].dtype})" for name in odd)
        remedy = (
            "leave them out, or encode them, categories for example with pandas.get_dummies(X) or, as labels of "
            "classes, pandas.factorize(y)[0]"
        )
        if all(table[name].dtype.kind in "OT" or table[name].dtype == "str" for name in odd):
            remedy = remedy_for(table[odd].to_numpy(dtype=object), remedy)
        raise TypeError(f"the columns {listed} are not numbers: {remedy}")


def remedy_for(array: Array, otherwise: str) -> str:
    """Return what makes numbers of an array of texts or objects; `otherwise`, of texts that are none."""
    if array.size and isinstance(array.flat[0], list | tuple | np.ndarray):
        return "each row is a list: make one array of them, as with np.stack(X) of a Series of lists"
    try:
        array.astype(float)
    except (TypeError, ValueError):
        return otherwise
    return "they are numbers all the same: convert them with X.astype(float)"


def _check_present(values: Array, table: Any, names: list[Any]) -> None:
    missing = np.isnan(values)
    if missing.any():
        column = int(missing.any(axis=0).argmax())
        row = int(missing[:, column].argmax())
        counts = {name: int(count) for name, count in zip(names, missing.sum(axis=0), strict=True) if count}
        raise ValueError(
            f"values are missing, by column: {counts}; the first in row {table.index[row]!r}. Fill them in, or drop "
            f"the rows with .dropna()"
        )
