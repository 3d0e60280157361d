"""pandas tables as arrays, where NumPy would turn their columns into objects. pandas is not imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DtypeError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["is_table", "numbers_of_table"]


def is_table(x: ArrayLike) -> bool:
    """Tell whether something is a DataFrame or a Series."""
    return hasattr(x, "to_numpy") and hasattr(x, "isna") and hasattr(x, "dtypes")


def numbers_of_table(table: Any) -> np.ndarray[Any, Any] | None:
    """Return the numbers of a DataFrame or Series; None for anything else.

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
