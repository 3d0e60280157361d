"""Collation: rows of any structure, stacked into a batch of the same structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datasets.errors import RowError


def default_collate(samples: Sequence[Any]) -> Any:
    """Return a batch of rows: arrays and numbers are stacked, and tuples, lists and dicts keep their structure.

    Parameters
    ----------
    samples
        Rows of one structure: arrays of one shape, numbers, texts, which become a list, or tuples, lists, named tuples
        or dicts of them.

    Raises
    ------
    RowError
        The rows do not fit together; it says which.

    Examples
    --------
    >>> default_collate([(np.array([1, 2]), "a"), (np.array([3, 4]), "b")])
    (array([[1, 2],
           [3, 4]]), ['a', 'b'])
    """
    if not len(samples):
        raise RowError("a batch of no rows has no structure. Give at least one row to each batch.")
    first = samples[0]
    if isinstance(first, str | bytes):
        return list(samples)
    if isinstance(first, Mapping):
        _check_alike(samples, Mapping, lambda sample: set(sample), "keys")
        return {key: default_collate([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        _check_alike(samples, (tuple, list), len, "number of parts")
        parts = [default_collate(part) for part in zip(*samples, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts if isinstance(first, list) else tuple(parts)
    arrays = [np.asarray(sample) for sample in samples]
    for place, array in enumerate(arrays):
        if array.dtype == object:
            raise RowError(
                f"row {place} of the batch holds a {type(samples[place]).__name__}, which no array is made of. "
                "Return arrays, numbers or texts, or pass collate_fn=."
            )
        if array.shape != arrays[0].shape:
            raise RowError(
                f"row {place} of the batch has shape {array.shape}, where row 0 has {arrays[0].shape}: rows of "
                "different lengths are no array. Pad them, as by collate_fn=nn.utils.rnn.pad_sequence, or crop them."
            )
    return np.stack(arrays)


def _check_alike(samples: Sequence[Any], kinds: Any, measure: Any, what: str) -> None:
    """Raise unless all rows are of a kind and measure the same."""
    for place, sample in enumerate(samples):
        if not isinstance(sample, kinds):
            raise RowError(
                f"row {place} of the batch is a {type(sample).__name__}, where row 0 is a {type(samples[0]).__name__}. "
                "Return the same structure for each row."
            )
        if measure(sample) != measure(samples[0]):
            raise RowError(
                f"row {place} of the batch has other {what} than row 0: {measure(sample)}, not {measure(samples[0])}. "
                "Return the same structure for each row."
            )
