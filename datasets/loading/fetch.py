"""Fetching of batches: the rows of a dataset at some indices, at once where it can, and errors that name the row."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError, RowError, RowIndexError
from datasets.loading.collate import default_collate
from datasets.loading.dataset import ArrayRows, Dataset, Indices, MapStyle

_HERE = str(Path(__file__).parents[1])


class Fetcher:
    """Returns the batch of some rows.

    Parameters
    ----------
    dataset
        Where the rows are.
    collate_fn
        Makes a batch of a list of rows; None for the default, which needs no list where the dataset gives the batch.
    """

    def __init__(self, dataset: MapStyle[Any], collate_fn: Callable[[list[Any]], Any] | None) -> None:
        self._dataset = dataset = ArrayRows(dataset) if isinstance(dataset, np.ndarray) else dataset
        self._collate = collate_fn
        self._at_once: bool | None = None if collate_fn is None else False  # None until a first batch has shown it
        self._made = 0
        self._has_take = isinstance(dataset, Dataset) and type(dataset).take is not Dataset.take
        self._has_items = hasattr(dataset, "__getitems__")

    def __call__(self, indices: Indices, epoch: int) -> Any:
        """Return the batch of these rows in an epoch."""
        if self._has_take and self._collate is None:
            try:
                batch = self._dataset.take(indices, epoch)  # type: ignore[attr-defined]
            except Exception as error:
                raise self._fault(indices, epoch, error) from error
            if batch is not NotImplemented:
                return batch
        if self._has_items:
            return self._collated(self._several(indices), indices)
        self._made += len(indices) > 1  # a batch of one row shows nothing
        looks = len(indices) > 1 and self._made & (self._made - 1) == 0  # the first, the second, the fourth and so on
        if looks and self._at_once is not False:
            self._try_arrays(indices)
        if self._at_once:
            try:
                return self._dataset[indices]
            except Exception as error:
                raise self._fault(indices, epoch, error) from error
        rows = [self._row(int(index), epoch) for index in indices[:1]]
        kept = deepcopy(rows) if looks and self._collate is None else rows
        rows += [self._row(int(index), epoch) for index in indices[1:]]
        batch = self._collated(rows, indices)
        if kept is not rows and not _same(*(self._collated(each[:1], indices[:1]) for each in (kept, rows))):
            fault = f"row {indices[0]} of {_name(self._dataset)} has changed as row {indices[1]} was taken"
            raise RowError(f"{fault}: __getitem__ writes to one array for all rows. Return a copy of it.")
        return batch

    def single(self, rows: Indices, epoch: int) -> Any:
        """Return one row as it is, or what the dataset answers to an array of them, without making a batch of it."""
        index = rows[0]
        found = self._answer(index, epoch) if np.ndim(index) else self._row(int(index), epoch)
        return found if self._collate is None else self._collate(found)

    def _answer(self, indices: Indices, epoch: int) -> Any:
        try:
            batch = self._dataset.take(indices, epoch) if self._has_take else NotImplemented  # type: ignore[attr-defined]
            return self._dataset[indices] if batch is NotImplemented else batch
        except Exception as error:
            raise self._fault(indices, epoch, error) from error

    def _row(self, index: int, epoch: int) -> Any:
        try:
            if self._has_take:
                batch = self._dataset.take(np.array([index]), epoch)  # type: ignore[attr-defined]
                if batch is not NotImplemented:
                    return _first(batch)
            return self._dataset[index]
        except Exception as error:
            raise _failed(self._dataset, index, error) from error

    def _several(self, indices: Indices) -> list[Any]:
        try:
            rows: list[Any] = self._dataset.__getitems__(indices.tolist())  # type: ignore[attr-defined]
        except Exception as error:
            raise self._fault(indices, 0, error) from error
        if len(rows) != len(indices):
            raise RowError(
                f"{_name(self._dataset)}.__getitems__() returned {len(rows)} rows for {len(indices)} indices. "
                "Return one row for each."
            )
        return rows

    def _collated(self, rows: list[Any], indices: Indices) -> Any:
        try:
            return (self._collate or default_collate)(rows)
        except Exception as error:
            name = getattr(self._collate, "__name__", "collate_fn") if self._collate else "default_collate"
            raise RowError(f"{name}() of rows {some(indices)} of {_name(self._dataset)}: {_shown(error)}") from error

    def _try_arrays(self, indices: Indices) -> None:
        """Decide whether the dataset is asked for whole batches: in some batches rows may look alike by chance."""
        before, self._at_once = self._at_once, self._answers_arrays(indices)
        if before and not self._at_once:
            _warn(
                f"{_name(self._dataset)}[indices] is a batch for most arrays of indices, but not for {some(indices)}: "
                "rows are fetched one by one from now on. Have __getitem__ treat each row on its own, or take one "
                "index only"
            )

    def _answers_arrays(self, indices: Indices) -> bool:
        """Tell whether a dataset answers an array of indices as it answers them one by one."""
        try:
            batch = self._dataset[indices]
        except Exception:  # noqa: BLE001  # it is asked for one row, which any dataset has to answer
            return False
        try:
            return _same(batch, default_collate([self._dataset[int(index)] for index in indices]))
        except Exception:  # noqa: BLE001  # the row is fetched again, and named
            return False

    def _fault(self, indices: Indices, epoch: int, error: Exception) -> Exception:
        """Return the error of the first row that fails alone, or of them all."""
        for index in indices.tolist():
            try:
                self._row(index, epoch)
            except (RowError, RowIndexError) as found:
                return found
        return RowError(f"rows {some(indices)} of {_name(self._dataset)} could not be loaded: {_shown(error)}")


def _first(batch: Any) -> Any:
    if isinstance(batch, dict):
        return {key: _first(value) for key, value in batch.items()}
    return tuple(map(_first, batch)) if isinstance(batch, tuple) else batch[0]


def _failed(dataset: MapStyle[Any], index: int, error: Exception) -> DataError:
    """Return the error of a row, which names the dataset that it is from."""
    places, rows = [f"row {index} of {_name(dataset)}"], len(dataset)
    if not -rows <= index < rows:
        last = f"Rows are 0 to {rows - 1}" if rows else "It is empty"
        return RowIndexError(f"{places[0]}: there are {rows} rows. {last}; look at the sampler.")
    if isinstance(error, RowError | RowIndexError):
        return error
    while hasattr(dataset, "locate"):
        dataset, index = dataset.locate(index)
        places.append(f"row {index} of {_name(dataset)}")
    comma = "," if len(places) > 1 else ""
    return RowError(f"{', which is '.join(places)}{comma} could not be loaded: {_shown(error)}")


def _shown(error: Exception) -> str:
    return str(error) if isinstance(error, DataError) else f"{type(error).__name__}: {error}"


def _name(dataset: MapStyle[Any]) -> str:
    source = getattr(dataset, "source", None)
    return type(dataset).__name__ + (f" ({source})" if isinstance(source, str) else "")


def some(indices: Indices) -> str:
    """Return the beginning of many row numbers."""
    shown = ", ".join(map(str, indices[:5]))
    return shown + (f", ... ({len(indices)} rows)" if len(indices) > 5 else "")


def _same(one: Any, other: Any) -> bool:
    """Tell whether two batches are equal in structure, types and values."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, str | bytes):
        return bool(one == other)
    if isinstance(one, Sequence):
        return len(one) == len(other) and all(map(_same, one, other))
    parts = [(x.dtype, x.shape, x.tobytes()) for x in (one, other) if isinstance(x, np.ndarray)]
    return len(parts) == 2 and parts[0] == parts[1]


def _warn(message: str) -> None:
    """Warn, at the line outside of this package that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, RuntimeWarning, stacklevel=level)
