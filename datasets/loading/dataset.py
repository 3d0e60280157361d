"""Map-style datasets: rows by index, one at a time or as many as an array of indices asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import ArgumentError, RowIndexError
from datasets.loading.mapped import MappedFile

Row = TypeVar("Row", covariant=True)
Indices: TypeAlias = NDArray[np.intp]


@runtime_checkable
class MapStyle(Protocol[Row]):
    """What has a length and rows by index: a `Dataset`, a list, an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Row: ...


class Dataset(Generic[Row]):
    """Rows by index: a subclass defines ``__len__`` and ``__getitem__``.

    A `DataLoader` asks ``dataset[indices]`` for a whole batch, with an array of indices, if `__getitem__` answers such
    an array as it answers its rows one by one: that is tried with the first batch and some of the later ones.
    Otherwise it takes row by row and stacks them. With ``__getitems__(indices)``, which returns a list of rows, it
    calls that.

    Examples
    --------
    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 5
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> from datasets import DataLoader
    >>> for batch in DataLoader(Squares(), batch_size=2):
    ...     print(batch)
    (array([0, 1]), array([0, 1]))
    (array([2, 3]), array([4, 9]))
    (array([4]), array([16]))
    """

    def __len__(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError(f"{type(self).__name__} should define __len__(), the number of its rows")

    def __getitem__(self, index: Any) -> Any:
        """Return a row."""
        raise NotImplementedError(f"{type(self).__name__} should define __getitem__(index), which returns a row")

    def __add__(self, other: MapStyle[Any]) -> ConcatDataset[Any]:
        """Return the rows of both, one after the other."""
        return ConcatDataset([self, other])

    def take(self, indices: Indices, epoch: int) -> Any:
        """Return a whole batch as it is in an epoch, or `NotImplemented` where rows come one by one."""
        return NotImplemented


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Arrays whose rows belong together, such as samples and labels.

    Arrays that a file is mapped to, as by ``np.load(path, mmap_mode="r")``, stay in the file: rows are read when they
    are asked for, and nothing else is in memory.

    Parameters
    ----------
    *tensors
        Arrays of n rows each.

    Raises
    ------
    ArgumentError
        The arrays differ in their number of rows.

    Examples
    --------
    >>> dataset = TensorDataset(np.arange(6.0).reshape(3, 2), np.array([7, 8, 9]))
    >>> len(dataset), dataset[1]
    (3, (array([2., 3.]), np.int64(8)))
    >>> dataset[np.array([2, 0])][1]
    array([9, 7])
    """

    def __init__(self, *tensors: ArrayLike) -> None:
        given = aligned(tensors)
        self._files = {place: MappedFile(array) for place, array in enumerate(given) if isinstance(array, np.memmap)}
        # for an array that is not C-contiguous, ndarray.take would copy all of it for each minibatch
        self.tensors = tuple(
            self._files[place].values if place in self._files else np.ascontiguousarray(array)
            for place, array in enumerate(given)
        )
        self._takes = self._takers()

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        try:
            return tuple(array[index] for array in self.tensors)
        except IndexError as error:
            raise RowIndexError(f"TensorDataset of {len(self)} rows: {error}. Rows are 0 to {len(self) - 1}.") from None

    def take(self, indices: Indices, epoch: int) -> tuple[NDArray[Any], ...]:
        """Return fresh arrays of these rows."""
        return tuple([take(indices, axis=0) for take in self._takes])

    def _takers(self) -> list[Callable[..., NDArray[Any]]]:
        return [self._files[i].take if i in self._files else array.take for i, array in enumerate(self.tensors)]

    def __getstate__(self) -> dict[str, Any]:
        # a mapped file is opened again by who reads the pickle
        in_memory = [None if place in self._files else array for place, array in enumerate(self.tensors)]
        return {"tensors": in_memory, "_files": self._files}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        tensors = enumerate(state["tensors"])
        self.tensors = tuple(self._files[place].values if array is None else array for place, array in tensors)
        self._takes = self._takers()

    def __repr__(self) -> str:
        return f"TensorDataset({', '.join(f'{array.dtype}{list(array.shape)}' for array in self.tensors)})"


class ArrayRows(Dataset[Any]):
    """The rows of one array, in memory or mapped, where `TensorDataset` has tuples of one."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._rows = TensorDataset(array)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index][0]

    def take(self, indices: Indices, epoch: int) -> NDArray[Any]:
        """Return a fresh array of these rows."""
        return self._rows.take(indices, epoch)[0]


class Subset(Dataset[Row]):
    """Some rows of a dataset.

    Parameters
    ----------
    dataset
        The dataset.
    indices
        The rows, in the order that they get.

    Examples
    --------
    >>> part = Subset(TensorDataset(np.arange(10) ** 2), [7, 3])
    >>> len(part), part[0]
    (2, (np.int64(49),))
    """

    def __init__(self, dataset: MapStyle[Row], indices: Sequence[int] | NDArray[Any]) -> None:
        self.dataset, self.indices = dataset, indices
        self._rows = np.asarray(indices, np.intp) if len(indices) else np.zeros(0, np.intp)
        if self._rows.ndim != 1:
            raise ArgumentError(f"Subset: indices have shape {self._rows.shape}. Give a list of row numbers.")

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        rows = self._rows[_checked(index, self)]
        return self.dataset[rows if rows.ndim else int(rows)]

    def take(self, indices: Indices, epoch: int) -> Any:
        """Return these rows of the dataset."""
        return _taken(self.dataset, self._rows[_checked(indices, self)], epoch)

    def locate(self, index: int) -> tuple[MapStyle[Row], int]:
        """Return the dataset that a row is from, and its index there."""
        return self.dataset, int(self._rows[index])


class ConcatDataset(Dataset[Row]):
    """The rows of several datasets, one after the other.

    Parameters
    ----------
    datasets
        At least one.

    Attributes
    ----------
    cumulative_sizes
        The number of rows up to the end of each.

    Examples
    --------
    >>> both = ConcatDataset([TensorDataset(np.arange(3)), TensorDataset(np.arange(10, 12))])
    >>> len(both), both[3], both.cumulative_sizes
    (5, (np.int64(10),), [3, 5])
    """

    def __init__(self, datasets: Sequence[MapStyle[Row]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ArgumentError("ConcatDataset: no datasets were given. Pass at least one, in a list.")
        self.cumulative_sizes: list[int] = np.cumsum([len(each) for each in self.datasets]).tolist()

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        if np.ndim(index) or isinstance(index, slice):
            batch = self.take(np.arange(len(self))[_checked(index, self)], 0)
            if batch is NotImplemented:
                raise TypeError("these datasets give one row at a time: ask for one, or use a DataLoader")
            return batch
        dataset, row = self.locate(index)
        return dataset[row]

    def locate(self, index: int) -> tuple[MapStyle[Row], int]:
        """Return the dataset that a row is from, and its index there."""
        _checked(index, self)
        row = index + len(self) if index < 0 else index
        place = int(np.searchsorted(self.cumulative_sizes, row, side="right"))
        return self.datasets[place], int(row) - ([0, *self.cumulative_sizes][place])

    def take(self, indices: Indices, epoch: int) -> Any:
        """Return these rows: the rows of each dataset at once, put into order."""
        rows = np.where(indices < 0, indices + len(self), _checked(indices, self))
        places = np.searchsorted(self.cumulative_sizes, rows, side="right")
        starts, found, order = [0, *self.cumulative_sizes], [], []
        for place in np.unique(places).tolist():
            mine = np.flatnonzero(places == place)
            part = _taken(self.datasets[place], rows[mine] - starts[place], epoch)
            if part is NotImplemented or not isinstance(part, tuple):
                return NotImplemented
            found.append(part)
            order.append(mine)
        if len(found) == 1:
            return found[0]
        if len({tuple((x.shape[1:], x.dtype) for x in part) for part in found}) > 1:
            return NotImplemented  # the collate function says what does not fit
        back = np.argsort(np.concatenate(order))
        return tuple(np.concatenate(parts).take(back, axis=0) for parts in zip(*found, strict=True))


def _taken(dataset: MapStyle[Any], rows: Indices, epoch: int) -> Any:
    return dataset.take(rows, epoch) if isinstance(dataset, Dataset) else NotImplemented


@overload
def _checked(index: Indices, dataset: MapStyle[Any]) -> Indices: ...
@overload
def _checked(index: Any, dataset: MapStyle[Any]) -> Any: ...
def _checked(index: Any, dataset: MapStyle[Any]) -> Any:
    """Return an index or an array of them, or raise if a row is not there."""
    rows = len(dataset)
    if isinstance(index, slice):
        return index
    wrong = np.asarray(index)
    if wrong.dtype.kind == "b" and wrong.ndim:
        return index
    wrong = wrong[(wrong < -rows) | (wrong >= rows)]
    if wrong.size:
        raise RowIndexError(
            f"{type(dataset).__name__} of {rows} rows has no row {wrong.flat[0]}. Rows are 0 to {rows - 1}."
        )
    return index


def aligned(arrays: Sequence[ArrayLike]) -> list[NDArray[Any]]:
    """Return the arguments as arrays, or raise unless all have the same number of rows."""
    if not arrays:
        raise ArgumentError("no arrays were given. Pass at least one, such as samples and labels.")
    found = [given if isinstance(given, np.memmap) else np.asarray(given) for given in arrays]
    for position, (given, array) in enumerate(zip(arrays, found, strict=True), 1):
        if isinstance(given, np.ndarray) and hasattr(given, "mask"):
            raise ArgumentError(
                f"array {position} of {len(found)} is masked, but its mask would be lost: fill it, as in "
                "array.filled(0), or select by array.mask"
            )
        if array.ndim == 0:
            raise ArgumentError(
                f"array {position} of {len(found)} is the single value {array}, which has no rows. "
                "Options such as batch_size and test_size are passed by name."
            )
    if len({len(array) for array in found}) > 1:
        shapes = ", ".join(str(array.shape) for array in found)
        raise ArgumentError(f"arrays of shapes {shapes} differ in their number of rows. Pass one row per sample.")
    return found
