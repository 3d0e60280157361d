"""Samplers: the order in which the rows of a dataset are visited, known for each epoch from a seed and its number."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from datasets.errors import ArgumentError
from datasets.loading.checks import drawn_seed, whole
from datasets.loading.dataset import Indices
from datasets.randomness import Seed


class Sampler:
    """Base class of samplers: a subclass defines `order`, or, as in PyTorch, ``__iter__`` alone.

    Each iteration is another epoch. With `order` a `DataLoader` finds any place of any epoch again.

    Attributes
    ----------
    epoch
        The number of the next epoch, from 0 on.

    Examples
    --------
    >>> class Backwards(Sampler):
    ...     def __init__(self, rows):
    ...         self.rows = rows
    ...     def order(self, epoch):
    ...         return np.arange(self.rows)[::-1]
    ...     def __len__(self):
    ...         return self.rows
    >>> list(Backwards(3))
    [2, 1, 0]
    """

    epoch = 0

    def order(self, epoch: int) -> Indices:
        """Return the rows of an epoch in their order."""
        raise NotImplementedError(f"{type(self).__name__} should define order(epoch), or __iter__()")

    def __iter__(self) -> Iterator[int]:
        return iter(self.next_order().tolist())

    def next_order(self) -> Indices:
        """Return the rows of the next epoch in their order, and go on to the one after it."""
        order = self.order(self.epoch)
        self.epoch += 1
        return order

    def set_epoch(self, epoch: int) -> None:
        """Have the next iteration be that of an epoch."""
        self.epoch = operator.index(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return what the orders of the epochs to come follow from."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.epoch = state["epoch"]


class SequentialSampler(Sampler):
    """The rows in their own order.

    Parameters
    ----------
    data_source
        The dataset.

    Examples
    --------
    >>> list(SequentialSampler(["a", "b", "c"]))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def order(self, epoch: int) -> Indices:
        """Return all rows."""
        return np.arange(len(self.data_source))


class SeededSampler(Sampler):
    """Base class of samplers that draw the order of an epoch from a seed and the number of the epoch."""

    def __init__(self, seed: Seed) -> None:
        self.seed = drawn_seed(seed)

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, epoch))

    def state_dict(self) -> dict[str, Any]:
        """Return the seed and the number of the next epoch."""
        return {"seed": self.seed, "epoch": self.epoch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.seed, self.epoch = state["seed"], state["epoch"]


class RandomSampler(SeededSampler):
    """The rows in a new random order in each epoch, or rows drawn with replacement.

    Parameters
    ----------
    data_source
        The dataset.
    replacement
        Whether a row may be drawn again.
    num_samples
        The number of rows of an epoch; all by default. Without replacement a larger one takes several orders, one
        after the other.
    generator
        An int, which is the seed, a Generator to draw the seed from, or None for another each time.

    Examples
    --------
    >>> sampler = RandomSampler(range(5), generator=0)
    >>> first, second = list(sampler), list(sampler)
    >>> sorted(first) == sorted(second) == [0, 1, 2, 3, 4], first == second
    (True, False)
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator: Seed = None
    ) -> None:
        super().__init__(generator)
        if not isinstance(replacement, bool):
            raise ArgumentError(f"RandomSampler: replacement={replacement!r}. It is True or False.")
        self.data_source, self.replacement = data_source, replacement
        self._num_samples = None if num_samples is None else whole("RandomSampler", num_samples=num_samples)

    @property
    def num_samples(self) -> int:
        """The number of rows of an epoch."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __len__(self) -> int:
        return self.num_samples

    def order(self, epoch: int) -> Indices:
        rows, count, generator = len(self.data_source), self.num_samples, self._generator(epoch)
        if rows == 0:
            return np.zeros(0, np.intp)
        if self.replacement:
            return generator.integers(rows, size=count)
        if count <= rows:
            return generator.permutation(rows)[:count]
        orders = [generator.permutation(rows) for _ in range(-(-count // rows))]
        return np.concatenate(orders)[:count]


class SubsetRandomSampler(RandomSampler):
    """The rows of a list of numbers, in a new random order in each epoch; `generator` as in `RandomSampler`."""

    def __init__(self, indices: Sequence[int], generator: Seed = None) -> None:
        super().__init__([operator.index(row) for row in indices], generator=generator)

    def order(self, epoch: int) -> Indices:
        return np.asarray(self.data_source, np.intp)[super().order(epoch)]


class WeightedRandomSampler(SeededSampler):
    """Rows drawn with given probabilities, as for classes of which one is rare.

    Parameters
    ----------
    weights
        A number for each row, not negative; the probabilities are in proportion to them.
    num_samples
        The number of rows of an epoch.
    replacement
        Whether a row may be drawn again.
    generator
        As in `RandomSampler`.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    >>> sampler = WeightedRandomSampler(1 / np.bincount(labels)[labels], 1000, generator=0)
    >>> bool(abs(labels[list(sampler)].mean() - 0.5) < 0.05)
    True
    """

    def __init__(self, weights: ArrayLike, num_samples: int, replacement: bool = True, generator: Seed = None) -> None:
        super().__init__(generator)
        if not isinstance(replacement, bool):
            raise ArgumentError(f"WeightedRandomSampler: replacement={replacement!r}. It is True or False.")
        self.weights = np.asarray(weights, np.float64)
        self.num_samples = whole("WeightedRandomSampler", num_samples=num_samples)
        self.replacement = replacement
        if self.weights.ndim != 1 or not (self.weights >= 0).all() or not 0 < self.weights.sum() < np.inf:
            raise ArgumentError(
                f"WeightedRandomSampler: weights of shape {self.weights.shape} have to be finite numbers, none "
                "negative and not all 0, one for each row."
            )
        if not replacement and np.count_nonzero(self.weights) < num_samples:
            raise ArgumentError(
                f"WeightedRandomSampler: num_samples={num_samples}, but {np.count_nonzero(self.weights)} rows have a "
                "weight above 0. Draw fewer, or with replacement=True."
            )

    def __len__(self) -> int:
        return self.num_samples

    def order(self, epoch: int) -> Indices:
        shares, generator = self.weights / self.weights.sum(), self._generator(epoch)
        return generator.choice(len(shares), self.num_samples, self.replacement, shares)


class DistributedSampler(SeededSampler):
    """The rows of one of several processes: all share an order, of which each takes every n-th row.

    Where the rows cannot be divided evenly, the first of the order are repeated at its end. Unlike in PyTorch each
    iteration goes on to the next epoch, so that a forgotten `set_epoch` does not repeat the first order.

    Parameters
    ----------
    dataset
        The dataset.
    num_replicas
        The number of processes.
    rank
        The number of this process, from 0 on.
    shuffle
        Whether to draw a new order in each epoch.
    seed
        The same in all processes.
    drop_last
        Leave out the last rows instead of repeating the first.

    Examples
    --------
    >>> [list(DistributedSampler(range(5), num_replicas=2, rank=rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self, dataset: Sized, num_replicas: int, rank: int, shuffle: bool = True, seed: int = 0, drop_last: bool = False
    ) -> None:
        if not isinstance(seed, int | np.integer):
            raise ArgumentError(f"DistributedSampler: seed={seed!r}. All processes need the same whole number.")
        super().__init__(int(seed))
        whole("DistributedSampler", num_replicas=num_replicas)
        if not isinstance(rank, int | np.integer) or not 0 <= rank < num_replicas:
            raise ArgumentError(f"DistributedSampler: rank={rank!r}. Processes are 0 to {num_replicas - 1}.")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.drop_last = shuffle, drop_last

    @property
    def num_samples(self) -> int:
        """The number of rows of this process in an epoch."""
        rows = len(self.dataset)
        return rows // self.num_replicas if self.drop_last else -(-rows // self.num_replicas)

    @property
    def total_size(self) -> int:
        """The number of rows of all processes in an epoch."""
        return self.num_samples * self.num_replicas

    def __len__(self) -> int:
        return self.num_samples

    def order(self, epoch: int) -> Indices:
        """Return the rows of this process in an epoch."""
        rows = len(self.dataset)
        order: Indices = self._generator(epoch).permutation(rows) if self.shuffle else np.arange(rows)
        if rows:
            order = np.resize(order, self.total_size)
        return order[self.rank : self.total_size : self.num_replicas]
