"""Tables of pandas and Polars as arrays of numbers, and those of xarray, which hold tensors. None is imported here."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from ..arrays.door import ArrayLike, table_readers
from ..errors import DtypeError
from ..source.source_info import warn


def is_table(x: ArrayLike) -> bool:
    """Tell whether something is a DataFrame or a Series of pandas."""
    return hasattr(x, "to_numpy") and hasattr(x, "isna") and hasattr(x, "dtypes")


def is_polars(x: object) -> bool:
    """Tell whether something is a DataFrame or a Series of Polars: it cannot be one where that was never imported."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(x, (polars.DataFrame, polars.Series))


def is_index(x: object) -> bool:
    """Tell whether something is an Index of pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(x, pandas.Index)


def is_of_table(x: Any) -> bool:
    """Tell whether something is a table, a column or an Index of pandas or Polars: none of them holds tensors."""
    return is_table(x) or is_index(x) or is_polars(x)


def holds_tensors(copying: FrameType | None) -> bool:
    """Tell whether a library whose tables hold tensors called `copy.deepcopy`, on what it computes with."""
    caller = copying and copying.f_back
    return caller is not None and str(caller.f_globals.get("__name__")).startswith("xarray.")


def without_polars(x: Any) -> Any:
    """Return the numbers of a table of Polars, and anything else as it is.

    NumPy makes nan of values that are missing, and Polars takes part in few of its functions.

    Raises
    ------
    DtypeError
        If a column does not hold numbers, or a value is missing.
    """
    if not is_polars(x):
        return x
    what, columns = f"a {type(x).__name__} of Polars", x.get_columns() if hasattr(x, "get_columns") else [x]
    for column in columns:
        if column.null_count():
            raise DtypeError(
                f"{column.null_count()} values of {column.name!r} are missing in {what}: fill them in with "
                f".fill_null(), or drop them with .drop_nulls()"
            )
        dtype = column.dtype
        if not (dtype.is_numeric() or dtype.is_nested() or str(dtype) == "Boolean"):
            raise DtypeError(
                f"{column.name!r} ({dtype}) of {what} is not of numbers: leave it out, or encode it as numbers"
            )
    return x.to_numpy()


def warn_of_labels(x: Any) -> None:
    """Warn if the elements of a table of pandas have integers for labels, which a tensor takes for positions."""
    if not is_table(x):
        return
    labels = x.index if x.ndim == 1 else x.columns  # those by which x[...] selects
    if labels.dtype.kind in "iu" and not (x.ndim == 1 and np.array_equal(labels, range(len(labels)))):
        where = "an element by its position" if x.ndim == 1 else "a row"
        warn(
            f"the function is given a tensor in place of this {type(x).__name__}: x[{labels[0]}] is then {where}, and "
            f"not what has the label {labels[0]}. Pass x.to_numpy() to say so"
        )


def numbers_of_table(table: Any) -> np.ndarray[Any, Any] | None:
    """Return the numbers of a DataFrame or Series of pandas; None for anything else.

    NumPy turns columns that may have missing values, such as those of dtype "Int64" or Arrow's, into objects.

    Raises
    ------
    DtypeError
        If a column does not hold numbers, or a value is missing.
    """
    if not is_table(table):
        return None
    what = type(table).__name__
    columns = {table.name: table.dtype} if table.ndim == 1 else dict(table.dtypes)
    dtypes = [getattr(dtype, "numpy_dtype", dtype) for dtype in columns.values()]
    odd = [f"{name!r} ({dtype})" for name, dtype in columns.items() if getattr(dtype, "kind", "O") not in "biufc"]
    if odd and columns.keys() == {None}:
        raise DtypeError(f"a {what} of dtype {table.dtype} is not of numbers: encode it as numbers")
    if odd:
        raise DtypeError(f"{', '.join(odd)} of a {what} is not of numbers: leave it out, or encode it as numbers")
    if table.isna().to_numpy().any():
        raise DtypeError(f"values are missing in a {what}: fill them in with .fillna(), or drop them with .dropna()")
    numbers: np.ndarray[Any, Any] = table.to_numpy(dtype=np.result_type(*dtypes))
    return numbers


def _numbers(x: Any) -> np.ndarray[Any, Any] | None:
    if is_table(x):
        return numbers_of_table(x)
    return np.asarray(without_polars(x)) if is_of_table(x) else None  # an Index has one dtype


table_readers.append(_numbers)
