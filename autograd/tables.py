"""Tables of pandas as arrays: those whose columns NumPy would make objects of. pandas is not imported here."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DtypeError

__all__ = ["numbers_of_table"]


def numbers_of_table(table: Any) -> np.ndarray[Any, Any] | None:
    """Return the numbers of a DataFrame or Series; None for what is neither, or holds anything else.

    Columns in which values may be missing, such as those of dtype "Int64" or Arrow's, are objects to NumPy.
    """
    if not hasattr(table, "to_numpy") or not hasattr(table, "isna") or not hasattr(table, "dtypes"):
        return None
    dtypes = [getattr(dtype, "numpy_dtype", dtype) for dtype in ([table.dtype] if table.ndim == 1 else table.dtypes)]
    if not dtypes or not all(isinstance(dtype, np.dtype) and dtype.kind in "biufc" for dtype in dtypes):
        return None
    if table.isna().to_numpy().any():
        raise DtypeError(
            f"values are missing in a {type(table).__name__}: fill them in with .fillna(), or drop them with .dropna()"
        )
    numbers: np.ndarray[Any, Any] = table.to_numpy(dtype=np.result_type(*dtypes))
    return numbers
