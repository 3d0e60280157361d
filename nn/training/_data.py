"""Minibatches from arrays, tables or any iterable of batches, and the position of a training in them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator, Sequence, Sized
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.extend import ARRAY_TYPES, borrow

from .._arguments import Array, TensorLike
from .._warnings import message
from ..utils.rnn import PackedSequence
from ._dataframes import check_same_rows, column_names, frame_to_array, from_polars, is_frame, is_table, remedy_for
from ._types import Data


class Batch(NamedTuple):
    """A minibatch: what the model is called with, what the loss compares it with, and the number of rows."""

    inputs: tuple[Any, ...]
    target: Any
    rows: int
    weight: Any = None  # of each row in the loss


class LazyBatch:
    """A minibatch of rows of arrays that are taken when they are asked for, and for one of several ranks in part."""

    def __init__(self, arrays: Sequence[Array], weights: Array | None, rows: Any, count: int) -> None:
        self._arrays, self._weights, self._rows, self.rows = arrays, weights, rows, count

    def take(self, part: slice) -> Batch:
        """Return some of the rows."""
        rows = self._rows[part]
        arrays = [array.take(rows, axis=0) for array in self._arrays]
        weight = None if self._weights is None else self._weights[rows]
        return Batch(tuple(arrays[:-1]), arrays[-1], len(arrays[0]), weight)

    @cached_property
    def _whole(self) -> Batch:
        return self.take(slice(None))

    inputs = property(lambda self: self._whole.inputs)
    target = property(lambda self: self._whole.target)
    weight = property(lambda self: self._whole.weight)


class Source(Protocol):
    """What gives the batches of epochs."""

    @property
    def size(self) -> int | None:
        """The number of batches of an epoch, where it is known."""

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch, counted from 0, without the first `skip`."""
        ...


class Rows:
    """Minibatches of the rows of arrays. The order in an epoch follows from the seed and the number of the epoch.

    So any position is found again without going through what came before. Without a seed the rows keep their order.
    """

    def __init__(self, arrays: Sequence[Array], batch_size: int, seed: int | None, weight: Array | None = None) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: a minibatch has at least 1 row")
        self.arrays, self.weight = [np.ascontiguousarray(array) for array in arrays], weight
        self.batch_size, self.seed, self.rows = batch_size, seed, len(arrays[0])
        self.size = -(-self.rows // batch_size)
        self.is_lazy = False  # whether batches are made for several ranks, each of which takes a part

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch, counted from 0, without the first `skip`."""
        order = None if self.seed is None else np.random.default_rng((self.seed, number)).permutation(self.rows)
        for start in range(skip * self.batch_size, self.rows, self.batch_size):
            part = slice(start, start + self.batch_size)
            if self.is_lazy:
                rows = np.arange(self.rows)[part] if order is None else order[part]
                yield cast(Batch, LazyBatch(self.arrays, self.weight, rows, len(rows)))
                continue
            arrays = [array[part] if order is None else array.take(order[part], axis=0) for array in self.arrays]
            weight = self.weight if self.weight is None else self.weight[part if order is None else order[part]]
            yield Batch(tuple(arrays[:-1]), arrays[-1], len(arrays[0]), weight)

    def split(self, fraction: float, batch_size: int) -> tuple[Rows, Rows]:
        """Return the rows without the last, and the last, which keep their order and have no weights."""
        first = math.floor(self.rows * (1 - fraction)) if 0 < fraction < 1 else 0
        if not 0 < first < self.rows:
            raise ValueError(
                f"validation_split={fraction} of {self.rows} rows leaves nothing to train with, or to validate with: "
                f"give a fraction above 0 and below 1"
            )
        weight = None if self.weight is None else self.weight[:first]
        train = Rows([array[:first] for array in self.arrays], self.batch_size, self.seed, weight)
        return train, Rows([array[first:] for array in self.arrays], batch_size, None)


class Batches:
    """The minibatches of an iterable that can be iterated again and again, each a tuple ``(*inputs, target)``."""

    def __init__(self, batches: Iterable[Any], dtype: Any) -> None:
        self._batches, self._dtype, self._begun = batches, dtype, 0
        self._resumes = _resumes(batches)
        self.loader_state: dict[str, Any] | None = None  # that of a loader, at the beginning of the last epoch
        self._is_to_load = False
        self.size = len(batches) if isinstance(batches, Sized) else None

    def epoch(self, number: int, skip: int = 0) -> Iterator[Batch]:
        """Return the batches of an epoch without the first `skip`, after those of epochs that were not asked for."""
        if self._resumes:
            return self._resumed(number, skip)
        while self._begun < number:
            self._begun += 1
            for _ in self._batches:
                pass
        self._begun += 1
        return (_batch(item, self._dtype) for item in islice(iter(self._batches), skip, None))

    @property
    def loader(self) -> Any:
        """The loader that gives the batches, or None where they come from something that does not resume."""
        return self._batches if self._resumes else None

    def _resumed(self, number: int, skip: int) -> Iterator[Batch]:
        """Return the batches of an epoch of a loader, which finds its place itself."""
        loader: Any = self._batches
        if self._is_to_load:
            loader.load_state_dict({**(self.loader_state or {}), "place": skip, "ahead": [], "checksum": None})
        else:
            while self._begun < number:
                iter(loader)  # draws the order of an epoch, which nobody asked for, and makes no batch
                self._begun += 1
        items = iter(loader)
        if not self._is_to_load:
            self.loader_state = loader.state_dict()
            items = islice(items, skip, None)  # as a file has it that was written before loaders had states
        self._is_to_load, self._begun = False, number + 1
        return (_batch(item, self._dtype) for item in items)

    def restore(self, loader_state: dict[str, Any]) -> None:
        """Have the next epoch be that of the state of a loader."""
        self.loader_state, self._is_to_load = loader_state, self._resumes


def _resumes(batches: Any) -> bool:
    """Tell whether something has a state from which it goes on with the same batches in the same order."""
    if not hasattr(batches, "state_dict") or not hasattr(batches, "load_state_dict"):
        return False
    return bool(getattr(batches, "in_order", True)) and "place" in batches.state_dict()


def source_of(data: Data, batch_size: int, seed: int | None, dtype: DTypeLike, columns: Sequence[Any] | None) -> Source:
    """Return the minibatches of `data`, which is a tuple of arrays, or an iterable of batches."""
    if isinstance(data, tuple) and (any(hasattr(part, "shape") for part in data) or all(map(_is_list, data))):
        return Rows(_arrays(data, dtype, columns), batch_size, seed)
    if isinstance(data, tuple) and len(data) == 2 and all(isinstance(part, tuple) for part in data):
        raise TypeError(message("train and test"))
    if isinstance(data, float):
        raise TypeError(message("fraction", value=data))
    if isinstance(data, np.ndarray | Tensor | str | dict) or is_frame(data) or not isinstance(data, Iterable):
        rows = hasattr(type(data), "__getitem__") and not (hasattr(data, "shape") or isinstance(data, str | dict))
        raise TypeError(message("data by rows" if rows else "data", kind=type(data).__name__))
    return Batches(data, dtype)


def _arrays(data: tuple[Any, ...], dtype: Any, columns: Sequence[Any] | None) -> list[Array]:
    kinds = ", ".join(type(part).__name__ for part in data)
    if len(data) < 2 or not all(hasattr(part, "shape") or _is_list(part) for part in data):
        raise TypeError(f"data is a tuple ({kinds}): give arrays or tables, inputs first and the target last, (X, y)")
    check_same_rows(data)
    arrays = [*_inputs(data[:-1], dtype, columns), read_array(data[-1], dtype, None, integers=True)]
    shapes = ", ".join(str(array.shape) for array in arrays)
    if not all(array.ndim for array in arrays) or len({len(array) for array in arrays}) > 1:
        raise ValueError(f"arrays of shapes {shapes} differ in their number of rows")
    if not len(arrays[0]):
        raise ValueError(f"arrays of shapes {shapes} have no rows")
    return arrays


def _is_list(value: Any) -> bool:
    """Tell whether a value is a list of numbers, or of such lists: rows, while a batch is a list of arrays."""
    return isinstance(value, list) and all(
        isinstance(item, int | float | np.generic) or _is_list(item) for item in value
    )


def inputs_of(X: TensorLike | tuple[TensorLike, ...], dtype: DTypeLike, columns: Sequence[Any] | None) -> list[Array]:
    """Return the arrays of `X`, which is one array or table, or a tuple of them."""
    parts = X if isinstance(X, tuple) else (X,)
    arrays = _inputs(parts, dtype, columns)
    if len({array.shape[:1] for array in arrays}) != 1 or not arrays[0].ndim:
        raise ValueError(
            f"X is of shapes {', '.join(str(array.shape) for array in arrays)}: give a row for each sample"
        )
    return arrays


def _inputs(parts: tuple[Any, ...], dtype: Any, columns: Sequence[Any] | None) -> list[Array]:
    """Return inputs as arrays; `columns` are those of the first."""
    return [read_array(part, dtype, None if i else columns) for i, part in enumerate(parts)]


def read_array(part: TensorLike, dtype: DTypeLike, columns: Sequence[Any] | None, integers: bool = False) -> Array:
    """Return an array, a tensor or a table as an array; what is floating-point gets the dtype of the model."""
    part = from_polars(part)
    if is_frame(part):
        return frame_to_array(part, dtype, columns if is_table(part) else None, integers)
    if isinstance(part, dict):
        raise TypeError("a dict has no rows: for one row give pandas.DataFrame([row]), with its columns in their order")
    array = np.asarray(borrow(part))
    if array.dtype.kind not in "biufc":
        remedy = remedy_for(array, "for labels that are text, np.unique(y, return_inverse=True)[1] numbers them")
        if hasattr(part, "toarray"):
            remedy = "give the numbers of a sparse matrix as X.toarray()"
        raise TypeError(f"an array of dtype {array.dtype} and shape {array.shape} is not of numbers: {remedy}")
    return array.astype(dtype, copy=False) if array.dtype.kind == "f" else array


def _batch(item: Any, dtype: Any) -> Batch:
    if not isinstance(item, tuple | list) or len(item) < 2:
        size = f" of {len(item)}" if isinstance(item, tuple | list) else ""
        raise TypeError(
            f"a batch is a {type(item).__name__}{size}, where a tuple (X, y) is expected, or (X1, X2, y) for a model "
            f"of two inputs; arrays that are to be divided into batches are given as a tuple, not a list: (X, y)"
        )
    parts = [_cast(part, dtype) for part in item[:-1]]
    rows = int(parts[0].batch_sizes[0]) if isinstance(parts[0], PackedSequence) else len(parts[0])
    return Batch(tuple(parts), _cast(item[-1], dtype, integers=True), rows)


def _cast(part: Any, dtype: Any, integers: bool = False) -> Any:
    if isinstance(part, Tensor) or (type(part) in ARRAY_TYPES and (part.dtype == dtype or part.dtype.kind in "iub")):
        return part
    if isinstance(part, PackedSequence):
        return part._replace(data=_cast(part.data, dtype))
    return read_array(part, dtype, None, integers)


class Position:
    """Where a training is in its data: which batch it took last, and how to find the next after a checkpoint.

    Parameters
    ----------
    source
        Where the batches come from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._last: Batch | None = None
        self._epoch, self._taken = 0, 0  # of the last batch, and how many of that epoch were taken with it
        self._expected: int | None = None  # the checksum of the last batch before a checkpoint, until it is found again

    def advance(self, last: Batch, epoch: int, taken: int) -> None:
        """Note which batch was taken last: with it, `taken` of the epoch are."""
        self._last, self._epoch, self._taken = last, epoch, taken

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Return the batches of the epoch that are to come; after a checkpoint, find the last before it first.

        Raises
        ------
        ValueError
            If the batch there is another than it was.
        """
        if self._expected is None:
            return self._source.epoch(epoch)
        batches = self._source.epoch(self._epoch, self._taken - 1)
        self._last = next(batches, None)
        if self._last is None or checksum_of(self._last) != self._expected:
            raise ValueError(
                f"batch {self._taken} of epoch {self._epoch + 1} is not the one that it was before the checkpoint: the "
                f"data, or their order, are others. Pass the same data; for an iterable, one that is made anew with a "
                f"fixed seed, such as datasets.batches(X, y, batch_size=32, seed=0)"
            )
        self._expected = None
        return batches if self._epoch == epoch else self._source.epoch(epoch)

    def state(self) -> list[Any]:
        """Return what a checkpoint needs: the epoch of the last batch, how many were taken, and so on."""
        assert self._last is not None
        loader = getattr(self._source, "loader_state", None)
        return [self._epoch, self._taken, checksum_of(self._last), *([] if loader is None else [loader])]

    def load_state(self, state: Sequence[Any]) -> None:
        """Take over what `state` returned."""
        self._epoch, self._taken, self._expected, *loader = state
        if loader and isinstance(self._source, Batches):
            self._source.restore(loader[0])


def checksum_of(batch: Batch) -> int:
    """Return a number that tells batches apart."""
    total = 0
    for part in (*batch.inputs, batch.target):
        array = np.asarray(borrow(part.data if isinstance(part, PackedSequence) else part))
        total = zlib.crc32(array.tobytes(), total)
    return total


def columns_of(data: Data) -> list[Any] | None:
    """Return the names of the columns of the inputs in `data`, or None where they have none."""
    first = from_polars(data[0] if isinstance(data, tuple) and data else data)
    return column_names(first) if is_table(first) else None
