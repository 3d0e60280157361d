"""CSV files with a label and features, read through pandas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datasets.sources.csv_faults import LARGEST_LABEL, find_fault
from datasets.sources.csv_layout import Layout, read_layout
from datasets.sources.files import opened

if TYPE_CHECKING:
    import pandas


def read_csv(
    path: str | os.PathLike[str], label: str | int = "label", *, scale: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    r"""Return the features and the labels of a CSV file, such as MNIST with a label and 784 pixels per line.

    The file is UTF-8, separated by commas, gzipped or not. Its first line is a header unless it holds
    only numbers; if `label` is a position, the first line's cell at that position decides. So a header of
    numbers is read as data: give such columns names.

    Parameters
    ----------
    path
        The file.
    label
        The name of the label column, or its position: 0 is the first, -1 the last. In a file without a
        header the default, ``"label"``, is the first column.
    scale
        A factor for the features: ``scale=1 / 255`` brings pixels from 0 to 255 into 0 to 1, as
        `load_mnist` gives them. By default they are left as they are.

    Returns
    -------
    features, labels
        float32 of shape (n, columns - 1), in the file's order without the label, and int64 of shape (n,).
        Blank lines are skipped; True and False are read as 1 and 0.

    Raises
    ------
    MissingFileError
        There is no such file.
    FormatError
        The file is empty, is not UTF-8 text, or is damaged gzip.
    ColumnError
        There is no such label column.
    CellError
        A row has more or fewer columns than the first; a feature is not a finite number; a label is not an
        integer.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "digits.csv"
    ...     _ = path.write_text("label,pixel0,pixel1\n7,0,255\n2,51,0\n")
    ...     features, labels = read_csv(path, scale=1 / 255)
    >>> features
    array([[0. , 1. ],
           [0.2, 0. ]], dtype=float32)
    >>> labels
    array([7, 2])
    """
    layout = read_layout(Path(path), label)
    try:
        features, numbers = _split(layout, _parse(layout))
    except ValueError as error:  # pandas names neither the line nor the column
        raise find_fault(layout, str(error)) from error
    if not _are_usable(features, numbers):
        raise find_fault(layout, "a row is wrong")
    if scale != 1.0:
        # in float64 the product rounds to the quotient: x * (1 / 255) is x / 255, as load_mnist divides
        np.multiply(features, scale, out=features, dtype=np.float64, casting="same_kind")
    return features, numbers.astype(np.int64)


def _parse(layout: Layout) -> pandas.DataFrame:
    import pandas  # imported here because it takes longer to load than the whole package

    dtypes: dict[int, Any] = dict.fromkeys(range(layout.width), np.float32)
    dtypes[layout.label] = np.float64
    # a header over several lines counts once for skiprows; an overflow gives inf, which is found later
    with opened(layout.path) as stream, np.errstate(over="ignore"):
        return pandas.read_csv(stream, header=None, skiprows=layout.header_line, dtype=dtypes, na_filter=False)


def _split(layout: Layout, frame: pandas.DataFrame) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    if frame.shape[1] != layout.width:
        raise ValueError("the rows are shorter than the header")
    features = frame.drop(columns=layout.label).to_numpy()
    # pandas stores by column and may return read-only memory
    return np.require(features, requirements=["C", "W"]), frame[layout.label].to_numpy()


def _are_usable(features: NDArray[np.float32], numbers: NDArray[np.float64]) -> bool:
    return (
        bool(np.isfinite(features).all())
        and bool((np.abs(numbers) <= LARGEST_LABEL).all())
        and bool((numbers == np.rint(numbers)).all())
    )
