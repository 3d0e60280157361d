"""Datasets as plain NumPy arrays: MNIST, IDX folders, CSV files, toy problems and minibatches.

This package does not depend on the autograd engine: its arrays go into any NumPy code. pandas is loaded when
`read_csv` is first called.

>>> from datasets import batches, make_moons, train_test_split
>>> X, y = make_moons(200, seed=0)
>>> X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25)
>>> [len(labels) for _, labels in batches(X_train, y_train, batch_size=64, seed=0)]
[64, 64, 22]
"""

import os as _os

if _os.path.exists(_os.path.join(__path__[0], "arrow_dataset.py")):
    raise ImportError(
        f"two packages named datasets are installed in one folder, {__path__[0]}: plaingrad's and Hugging Face's. "
        f"Their files are mixed. Remove both, pip uninstall -y datasets plaingrad, and install them in two environments"
    )

import datasets.transforms  # noqa: F401 - for programs that import datasets alone
from datasets.errors import (
    ArgumentError, CellError, ColumnError, DataError, FormatError, MissingFileError, RowError, RowIndexError,
    TruncatedError, WorkerError,
)  # fmt: skip
from datasets.loading.batch_samplers import BatchSampler, BucketBatchSampler
from datasets.loading.collate import default_collate
from datasets.loading.dataset import ConcatDataset, Dataset, Subset, TensorDataset
from datasets.loading.loader import DataLoader
from datasets.loading.samplers import (
    DistributedSampler, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler,
)  # fmt: skip
from datasets.rows import batches
from datasets.sources.arrays import open_array
from datasets.sources.csv_files import read_csv
from datasets.sources.downloads import download
from datasets.sources.idx import load_idx, load_mnist, read_idx
from datasets.sources.images import ImageFolder
from datasets.sources.tables import read_table
from datasets.split import random_split, train_test_split
from datasets.toys import make_blobs, make_circles, make_moons, make_spirals

__all__ = [
    "ArgumentError", "BatchSampler", "BucketBatchSampler", "CellError", "ColumnError", "ConcatDataset", "DataError",
    "DataLoader", "Dataset", "DistributedSampler", "FormatError", "ImageFolder", "MissingFileError", "RandomSampler",
    "RowError", "RowIndexError", "Sampler", "SequentialSampler", "Subset", "SubsetRandomSampler", "TensorDataset",
    "TruncatedError", "WeightedRandomSampler", "WorkerError", "batches", "default_collate", "download", "load_idx",
    "load_mnist", "make_blobs", "make_circles", "make_moons", "make_spirals", "open_array", "random_split", "read_csv",
    "read_idx", "read_table", "train_test_split",
]  # fmt: skip
