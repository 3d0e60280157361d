"""Tables as arrays: files and DataFrames through pandas, Arrow and Polars tables through their own protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ArgumentError, CellError, ColumnError, FormatError, MissingFileError
from datasets.sources.arrow import ArrowTable, arrow_columns

if TYPE_CHECKING:
    import pandas


def read_table(
    table: str | os.PathLike[str] | pandas.DataFrame | ArrowTable, label: str, columns: Sequence[str] | None = None
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    """Return the features and the labels of a table: a file, or a DataFrame of pandas, Polars or Arrow.

    Parameters
    ----------
    table
        A Parquet or CSV file, which pandas reads, by the end of its name (``.parquet``, ``.csv``, ``.csv.gz``); a
        DataFrame of pandas; or what has the Arrow PyCapsule interface, such as tables of pyarrow, Polars and DuckDB.
    label
        The name of the column of labels.
    columns
        The names of the columns of features; by default all others.

    Returns
    -------
    features, labels
        float32 of shape (n, columns), and an array of shape (n,): int64 where the column holds integers or bools,
        otherwise float32.

    Raises
    ------
    MissingFileError, FormatError
        There is no such file, or it is damaged.
    ColumnError
        There is no such column, or it does not hold numbers.
    CellError
        A value is missing, or infinite; or a label is an integer from 2**63 on.
    ImportError
        A Parquet file needs pyarrow, which the extra ``parquet`` installs.

    Notes
    -----
    `read_csv` names the line of a fault, and reads files without a header.

    Examples
    --------
    >>> import pandas
    >>> table = pandas.DataFrame({"age": [30, 41], "income": [1.5, 2.0], "bought": [0, 1]})
    >>> features, labels = read_table(table, label="bought", columns=["income", "age"])
    >>> features
    array([[ 1.5, 30. ],
           [ 2. , 41. ]], dtype=float32)
    >>> labels
    array([0, 1])
    """
    if isinstance(columns, str):
        raise ArgumentError(f"read_table: columns={columns!r} is one text. Give a list of names.")
    source = f"{os.fspath(table)}: " if isinstance(table, str | os.PathLike) else ""
    values: Any = _read_file(Path(table)) if isinstance(table, str | os.PathLike) else table
    if type(values).__module__.partition(".")[0] == "pandas":
        found = _pandas_columns(values, source, label, columns)
    elif hasattr(values, "__arrow_c_stream__"):
        wanted = None if columns is None else [*columns, label]
        found = arrow_columns(values, wanted)
    else:
        raise ArgumentError(f"read_table: a {type(table).__name__} is no table. Pass a file or a DataFrame.")
    if label not in found:
        raise ColumnError(f"{source}no column {label!r}: there are {', '.join(map(repr, found))}. Pass one as label=.")
    names = [name for name in found if name != label] if columns is None else list(columns)
    if not names:
        raise ColumnError(f"{source}there is no column besides the label {label!r}, so there are no features.")
    features = np.empty((len(found[label]), len(names)), np.float32)
    for place, name in enumerate(names):
        with np.errstate(over="ignore"):  # becomes infinite, which is found below
            features[:, place] = found[name]
        _check_finite(features[:, place], source, name)
    if found[label].dtype == np.uint64 and (found[label] > np.iinfo(np.int64).max).any():
        raise CellError(
            f"{source}column {label!r}: {found[label].max()} is no int64, as labels are. Number the classes from 0, as "
            "pandas.factorize does."
        )
    labels = found[label].astype(np.int64 if found[label].dtype.kind in "iub" else np.float32)
    _check_finite(labels, source, label)
    return features, labels


def _read_file(path: Path) -> pandas.DataFrame:
    import pandas  # imported here because it takes longer to load than the whole package

    if not path.is_file():
        raise MissingFileError(f"{path}: no such file. Relative paths start at {Path.cwd()}.")
    try:
        if path.name.lower().endswith(".parquet"):
            return pandas.read_parquet(path)
        if path.name.lower().endswith((".csv", ".csv.gz")):
            return pandas.read_csv(path)
    except ImportError as error:
        raise ImportError("read_table() reads Parquet with pyarrow, the extra parquet: pip install pyarrow") from error
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for damaged bytes
        raise FormatError(f"{path}: {str(error).strip()}. Check the file, or make it again.") from error
    raise ArgumentError(f"{path}: the format is not known: the name ends neither in .parquet nor in .csv or .csv.gz.")


def _pandas_columns(
    frame: pandas.DataFrame, source: str, label: str, columns: Sequence[str] | None
) -> dict[str, NDArray[Any]]:
    names = list(frame.columns) if columns is None else [*columns, label]
    found = {}
    for name in names:
        if list(frame.columns).count(name) != 1:
            count = list(frame.columns).count(name)
            shown = ", ".join(map(repr, frame.columns[:8]))
            raise ColumnError(f"{source}{count} columns are named {name!r}. There are {shown}. Name one of them.")
        column: Any = frame[name]
        if column.dtype.kind not in "iufb":
            raise ColumnError(
                f"{source}column {name!r} ({column.dtype}) does not hold numbers. Leave it out by columns=, or encode "
                "it as numbers, as pandas.factorize does."
            )
        missing = np.flatnonzero(column.isna().to_numpy())
        if len(missing):
            raise CellError(
                f"{source}column {name!r}: the value of row {missing[0]} is missing ({len(missing)} of {len(frame)} "
                "are). Fill them in, or drop these rows by .dropna()."
            )
        found[name] = column.to_numpy()
    return found


def _check_finite(values: NDArray[Any], source: str, name: str) -> None:
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise CellError(
            f"{source}column {name!r}: the value of row {wrong[0]} is no finite float32. Correct it, or drop the row."
        )
