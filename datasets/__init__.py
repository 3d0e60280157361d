"""Datasets as plain NumPy arrays: MNIST, IDX folders, CSV files, toy problems and minibatches.

This package does not depend on the autograd engine: its arrays go into any NumPy code. pandas is loaded when
`read_csv` is first called.

>>> from datasets import batches, make_moons, train_test_split
>>> X, y = make_moons(200, seed=0)
>>> X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25)
>>> [len(labels) for _, labels in batches(X_train, y_train, batch_size=64, seed=0)]
[64, 64, 22]
"""

from datasets.errors import (
    ArgumentError,
    CellError,
    ColumnError,
    DataError,
    FormatError,
    MissingFileError,
    TruncatedError,
)
from datasets.idx import load_idx, load_mnist, read_idx
from datasets.rows import batches, train_test_split
from datasets.tables import read_csv
from datasets.toys import make_blobs, make_circles, make_moons, make_spirals

__all__ = [
    "ArgumentError",
    "CellError",
    "ColumnError",
    "DataError",
    "FormatError",
    "MissingFileError",
    "TruncatedError",
    "batches",
    "load_idx",
    "load_mnist",
    "make_blobs",
    "make_circles",
    "make_moons",
    "make_spirals",
    "read_csv",
    "read_idx",
    "train_test_split",
]
