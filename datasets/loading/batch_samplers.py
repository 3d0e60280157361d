"""Batch samplers: the rows of each batch, in the order of a sampler or by length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from datasets.errors import ArgumentError
from datasets.loading.checks import whole
from datasets.loading.dataset import Indices
from datasets.loading.samplers import Sampler, SeededSampler
from datasets.randomness import Seed


class BatchSampler:
    """The rows of each batch: those of a sampler, in parts.

    Parameters
    ----------
    sampler
        A `Sampler`, or any iterable of row numbers that can be iterated again and again.
    batch_size
        The rows of a batch.
    drop_last
        Leave out the last batch if it has fewer.

    Examples
    --------
    >>> from datasets import SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int] | Iterable[Sequence[int]], batch_size: int, drop_last: bool) -> None:
        self.sampler, self.batch_size = sampler, whole("BatchSampler", batch_size=batch_size)
        if not isinstance(drop_last, bool):
            raise ArgumentError(f"BatchSampler: drop_last={drop_last!r}. It is True or False.")
        self.drop_last = drop_last

    def __len__(self) -> int:
        rows = len(self.sampler) if isinstance(self.sampler, Sized) else None
        if rows is None:
            raise TypeError(f"a {type(self.sampler).__name__} has no length, so the number of batches is not known")
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        return (batch.tolist() for batch in self.arrays())

    def arrays(self) -> Iterator[Indices]:
        """Return the rows of each batch as an array; the order is drawn at once."""
        if isinstance(self.sampler, Sampler) and type(self.sampler).__iter__ is Sampler.__iter__:
            order = self.sampler.next_order()
            end = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            return (order[start : start + self.batch_size] for start in range(0, end, self.batch_size))
        return self._gathered(iter(self.sampler))

    def _gathered(self, rows: Iterator[int | Sequence[int]]) -> Iterator[Indices]:
        batch: list[int | Sequence[int]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == self.batch_size:
                yield np.array(batch)
                batch = []
        if batch and not self.drop_last:
            yield np.array(batch)

    def state_dict(self) -> Any:
        """Return the state of the sampler, or None where it has none."""
        return state_of(self.sampler)

    def load_state_dict(self, state: Any) -> None:
        """Load what `state_dict` returned."""
        load_state_of(self.sampler, state)


class BucketBatchSampler(SeededSampler):
    """Batches of rows of similar length, so that little of a padded batch is padding.

    In each epoch the rows are shuffled, and divided into buckets of many batches, in each of which they are sorted by
    length; then the batches are shuffled. Rows of one length stay in random order.

    Parameters
    ----------
    lengths
        The length of each row.
    batch_size
        The rows of a batch.
    drop_last
        Leave out the batches of fewer.
    shuffle
        Whether rows and batches come in random order; otherwise they are sorted from the longest to the shortest.
    bucket_size
        The number of batches of a bucket: more of them leave less padding, and fewer more chance.
    generator
        As in `RandomSampler`.

    Examples
    --------
    >>> lengths = [5, 1, 4, 2, 5, 1]
    >>> sampler = BucketBatchSampler(lengths, batch_size=2, generator=0)
    >>> sorted(sorted(lengths[row] for row in batch) for batch in sampler)
    [[1, 1], [2, 4], [5, 5]]
    """

    def __init__(
        self,
        lengths: ArrayLike,
        batch_size: int,
        drop_last: bool = False,
        shuffle: bool = True,
        bucket_size: int = 100,
        generator: Seed = None,
    ) -> None:
        super().__init__(generator)
        self.lengths, self.batch_size = np.asarray(lengths), whole("BucketBatchSampler", batch_size=batch_size)
        self.bucket_size = whole("BucketBatchSampler", bucket_size=bucket_size)
        self.drop_last, self.shuffle = drop_last, shuffle
        if self.lengths.ndim != 1 or self.lengths.dtype.kind not in "iuf":
            raise ArgumentError(
                f"BucketBatchSampler: lengths are {self.lengths.dtype} of shape {self.lengths.shape}. "
                "Give one number for each row."
            )

    def __len__(self) -> int:
        rows = len(self.lengths)
        return rows // self.batch_size if self.drop_last else -(-rows // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:  # type: ignore[override]  # of batches, not of rows
        return (batch.tolist() for batch in self.arrays())

    def arrays(self) -> Iterator[Indices]:
        """Return the rows of each batch of the next epoch as an array."""
        return iter(self._next_batches())

    def _next_batches(self) -> list[Indices]:
        generator = self._generator(self.epoch)
        self.epoch += 1
        rows = len(self.lengths)
        if not self.shuffle:
            return self._divided(np.argsort(-self.lengths, kind="stable"))
        order: Indices = generator.permutation(rows)
        bucket = self.batch_size * self.bucket_size
        batches: list[Indices] = []
        for start in range(0, rows, bucket):
            part = order[start : start + bucket]
            batches += self._divided(part[np.argsort(-self.lengths[part], kind="stable")])
        return [batches[place] for place in generator.permutation(len(batches))]

    def _divided(self, order: Indices) -> list[Indices]:
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        return [batch for batch in batches if len(batch) == self.batch_size or not self.drop_last]


def batches_of(batch_sampler: Iterable[Sequence[int]]) -> Iterator[Indices]:
    """Return the rows of each batch of the next epoch as an array; where it can be, the order is drawn at once."""
    arrays = getattr(batch_sampler, "arrays", None)
    return arrays() if arrays is not None else (np.asarray(batch, np.intp) for batch in iter(batch_sampler))


def state_of(sampler: object) -> Any:
    """Return the state of a sampler, or None where it has none."""
    return sampler.state_dict() if hasattr(sampler, "state_dict") else None


def load_state_of(sampler: object, state: Mapping[str, Any] | None) -> None:
    """Load what `state_of` returned; a sampler without a state is expected to give the same rows again."""
    if state is not None and hasattr(sampler, "load_state_dict"):
        sampler.load_state_dict(state)
