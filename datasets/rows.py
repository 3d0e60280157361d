"""Minibatches of arrays with matching rows: the short way to a loader."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from datasets.errors import ArgumentError
from datasets.loading.checks import explained
from datasets.loading.dataset import TensorDataset
from datasets.loading.loader import DataLoader
from datasets.loading.samplers import Sampler
from datasets.randomness import Rng, Seed, drawn_with


class batches(DataLoader):  # noqa: N801 - lower case, as zip, range and enumerate are
    """Iterate over arrays in minibatches of rows; rows at the same position stay together.

    The short way to a `DataLoader` of a `TensorDataset`. Each iteration goes once through all rows, in a new order if
    they are shuffled. ``len()`` is the number of minibatches. Every minibatch is a fresh copy, so changing one changes
    neither the data nor another minibatch.

    Parameters
    ----------
    *arrays
        Arrays of n rows each, such as samples (n, features) and labels (n,).
    batch_size
        The rows of a minibatch, at least 1.
    shuffle
        Draw a new order for each iteration; False keeps the order of the rows.
    seed
        An int for the same sequence of orders each time, a Generator to draw them from, or None for new
        orders each time. If you call `batches` anew in each epoch, pass a Generator: an int would start
        the same sequence again.
    rng
        In place of `seed`: whatever ``numpy.random.default_rng`` takes.
    drop_last
        Leave out the last minibatch if it has fewer than `batch_size` rows.

    Yields
    ------
    minibatch
        A tuple with `batch_size` rows of each array. It is a tuple for one array too:
        ``for (x,) in batches(X, batch_size=32)``.

    Raises
    ------
    ArgumentError
        The arrays differ in their number of rows, or `batch_size` is below 1.

    Examples
    --------
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> epoch = batches(X, y, batch_size=2, seed=0)
    >>> len(epoch)
    3
    >>> for samples, labels in epoch:
    ...     print(samples.shape, bool((samples[:, 0] == 2 * labels).all()))
    (2, 2) True
    (2, 2) True
    (1, 2) True
    """

    @explained("It is batches(X, y, batch_size=32, shuffle=True, seed=None, drop_last=False)")
    def __init__(
        self,
        *arrays: ArrayLike,
        batch_size: int,
        shuffle: bool = True,
        seed: Seed = None,
        rng: Rng = None,
        drop_last: bool = False,
    ) -> None:
        dataset = TensorDataset(*arrays)
        batch_size = operator.index(batch_size)
        if batch_size < 1:
            raise ArgumentError(f"batches: batch_size={batch_size}. A minibatch has at least 1 row.")
        sampler = _Permutations(len(dataset), drawn_with(seed, rng)) if shuffle else None
        super().__init__(dataset, batch_size, sampler=sampler, drop_last=drop_last)

    def __iter__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        return super().__iter__()


class _Permutations(Sampler):
    """Orders that a generator draws one after the other: its state is that of the epochs to come."""

    def __init__(self, rows: int, generator: np.random.Generator) -> None:
        self._rows, self._generator = rows, generator

    def __len__(self) -> int:
        return self._rows

    def order(self, epoch: int) -> NDArray[np.intp]:
        return self._generator.permutation(self._rows)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "generator": self._generator.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self._generator.bit_generator.state = state["generator"]
