"""`DataLoader`: batches of a dataset, made here or ahead in workers, from any place of any epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.errors import ArgumentError
from datasets.loading.batch_samplers import BatchSampler, batches_of, load_state_of, state_of
from datasets.loading.checks import check_dataset, check_exclusive, check_workers, drawn_seed, explained
from datasets.loading.dataset import Indices, MapStyle
from datasets.loading.fetch import Fetcher
from datasets.loading.progress import Progress
from datasets.loading.samplers import RandomSampler, SequentialSampler
from datasets.loading.threads import Failure, Task, Threads

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from datasets.loading.processes import Processes

PREFETCH = 2


class DataLoader:
    """Iterate over a dataset in batches, which may be made ahead in threads or processes, and resume anywhere.

    Each iteration is another epoch. The order of its rows follows from the seed and the number of the epoch alone, so
    that it is the same with any number of workers, and ``state_dict()`` is small: seed, epoch and place.

    Parameters
    ----------
    dataset
        What has rows by index: a `Dataset`, an array, a list. A whole batch is asked for at once, ``dataset[indices]``,
        where the dataset answers that, otherwise row by row: see `Dataset`.
    batch_size
        The rows of a batch; None gives row after row as they are, or what the dataset answers to each item of the
        sampler, which may be a list of rows.
    shuffle
        Whether to draw a new order in each epoch.
    sampler
        The order of the rows: a `Sampler`, or any iterable of row numbers.
    batch_sampler
        The rows of each batch: a `BatchSampler`, a `BucketBatchSampler`, or any iterable of lists of row numbers.
    num_workers
        How many workers make batches ahead; with 0 each is made when it is asked for.
    collate_fn
        Makes a batch of a list of rows; by default `default_collate`.
    pin_memory
        Accepted, and without effect: the memory of the CPU is the only one.
    drop_last
        Leave out the last batch if it has fewer rows.
    timeout
        The most seconds to wait for a batch of the workers; 0 to wait forever.
    worker_init_fn
        Called in each worker with its number when it starts.
    multiprocessing_context
        None has the workers be threads, ``"spawn"``, ``"forkserver"`` or ``"fork"`` processes, which hand batches over
        in shared memory. Threads start at once and share the dataset; they run beside each other as long as rows are
        read and computed by NumPy or files, and not by Python.
    generator
        An int, which is the seed, a Generator to draw the seed from, or None for another each time.
    prefetch_factor
        How many batches each worker makes ahead, 2 by default.
    persistent_workers
        Whether workers are kept from one epoch to the next.
    in_order
        Whether batches of workers come in order; otherwise each comes when it is ready.

    Attributes
    ----------
    epoch
        The number of the epoch that is in progress, or of the next, from 0 on.

    Raises
    ------
    ArgumentError
        Arguments that are out of range, or exclude each other.
    RowError, RowIndexError
        In an iteration: a row fails to load, or is not there; rows do not fit together.
    WorkerError
        In an iteration: a worker died, or does not answer, or the shared memory is full.

    Examples
    --------
    >>> from datasets import DataLoader, TensorDataset
    >>> X, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> loader = DataLoader(TensorDataset(X, y), batch_size=2, shuffle=True, generator=0)
    >>> for samples, labels in loader:
    ...     print(samples.shape, bool((samples[:, 0] == 2 * labels).all()))
    (2, 2) True
    (2, 2) True
    (1, 2) True

    Stop within an epoch, and go on in another process:

    >>> for samples, labels in loader:
    ...     state = loader.state_dict()
    ...     break
    >>> other = DataLoader(TensorDataset(X, y), batch_size=2, shuffle=True)
    >>> other.load_state_dict(state)
    >>> len(list(other)), other.epoch
    (2, 2)
    """

    @explained("It is DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True, generator=seed) of arrays")
    def __init__(
        self,
        dataset: MapStyle[Any],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | Iterable[Sequence[int]] | None = None,
        batch_sampler: Iterable[Sequence[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], object] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], object] | None = None,
        multiprocessing_context: str | BaseContext | None = None,
        generator: int | np.random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        in_order: bool = True,
    ) -> None:
        check_dataset(dataset)
        check_exclusive(batch_size, shuffle, sampler, batch_sampler, drop_last)
        check_workers(num_workers, timeout, multiprocessing_context, prefetch_factor, persistent_workers)
        self.dataset: MapStyle[Any] = dataset
        self.num_workers, self.collate_fn, self.drop_last, self.timeout = num_workers, collate_fn, drop_last, timeout
        self.worker_init_fn, self.multiprocessing_context = worker_init_fn, multiprocessing_context
        self.prefetch_factor = PREFETCH if prefetch_factor is None and num_workers else prefetch_factor
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.seed = drawn_seed(generator)
        if sampler is None:
            sampler = RandomSampler(dataset, generator=self.seed) if shuffle else SequentialSampler(dataset)
        self.sampler = sampler
        if batch_sampler is None:
            batch_sampler = BatchSampler(sampler, 1 if batch_size is None else batch_size, drop_last)
            self.batch_size = batch_size
        else:
            self.batch_size = None
        self.batch_sampler, self._single = batch_sampler, batch_size is None
        self._fetch = Fetcher(dataset, collate_fn)
        self._next_epoch = 0
        self._progress: Progress | None = None
        self._resumed: Mapping[str, Any] | None = None
        self._pool: Threads | Processes | None = None

    @property
    def epoch(self) -> int:
        """The number of the epoch that is in progress, or of the next."""
        return self._next_epoch if self._progress is None else self._progress.epoch

    def __len__(self) -> int:
        if not isinstance(self.batch_sampler, Sized):
            raise TypeError(f"a {type(self.batch_sampler).__name__} has no length: the number of batches is not known")
        return len(self.batch_sampler)

    def __iter__(self) -> Iterator[Any]:
        # drawn here, not at the first batch: only the order of the iter() calls decides which order each gets
        before, epoch = state_of(self.batch_sampler), self._next_epoch
        self._next_epoch += 1
        numbered: Iterator[tuple[int, Indices]] = enumerate(batches_of(self.batch_sampler))
        progress = Progress(epoch, before)
        if self._resumed is not None:
            progress.resume(self._resumed, numbered)
            self._resumed = None
        self._progress = progress
        return self._batches(progress, numbered)

    def _batches(self, progress: Progress, numbered: Iterator[tuple[int, Indices]]) -> Iterator[Any]:
        make = self._fetch.single if self._single else self._fetch
        if self.num_workers == 0:
            for number, rows in numbered:
                if number not in progress.before:
                    batch = make(rows, progress.epoch)
                    progress.note(number, rows)
                    yield batch
                    del batch  # else the next could not have its memory, which the caches still know
        else:
            pool = self._pool or self._started(make)
            self._pool = None
            complete = False
            try:
                tasks = ((number, rows, progress.epoch) for number, rows in numbered if number not in progress.before)
                limit = self.num_workers * (self.prefetch_factor or PREFETCH)
                for number, rows, batch in _made_ahead(pool, tasks, limit, self.in_order):
                    progress.note(number, rows)
                    yield batch
                complete = True
            finally:
                if complete and self.persistent_workers and self._pool is None:
                    self._pool = pool
                else:
                    pool.close()
        if self._progress is progress:
            self._progress = None

    def _started(self, make: Callable[[Indices, int], Any]) -> Threads | Processes:
        if self.multiprocessing_context is None:
            return Threads(make, self.num_workers, self.worker_init_fn, self.timeout)
        from datasets.loading.processes import Processes  # imported here because it takes longer than the package

        return Processes(
            make,
            self.num_workers,
            self.worker_init_fn,
            self.timeout,
            self.prefetch_factor or PREFETCH,
            self.multiprocessing_context,
            self.seed + 1_000_003 * self._next_epoch,
        )

    def __del__(self) -> None:
        if getattr(self, "_pool", None) is not None:
            self._pool.close()  # type: ignore[union-attr]

    def state_dict(self) -> dict[str, Any]:
        """Return the seed, the epoch and the place in it, with which another loader goes on.

        Taken while a batch is worked with, the state counts that batch as done. At the end of an epoch it is either
        behind the last batch of it, so that the next iteration has none, or, once the loop has ended, at the beginning
        of the next epoch.

        Returns
        -------
        dict
            Numbers, and what the sampler says.
        """
        if self._progress is None:
            resumed = {} if self._resumed is None else self._resumed
            beginning = {"place": 0, "ahead": [], "checksum": 0, "sampler": state_of(self.batch_sampler)}
            return {"seed": self.seed, "epoch": self._next_epoch, **beginning, **resumed}
        progress = self._progress
        return {"seed": self.seed, "epoch": progress.epoch, **progress.state(), "sampler": progress.sampler}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Have the next iteration go on where `state_dict` was called, with the rows that would have come.

        Raises
        ------
        ArgumentError
            What is given is no such state. If the next iteration finds other rows before its place, that raises it.
        """
        wanted = {"seed", "epoch", "place", "ahead", "checksum", "sampler"}
        if not isinstance(state, Mapping) or set(state) != wanted:
            raise ArgumentError(f"the state of a loader has {sorted(wanted)}. Pass what state_dict() returned.")
        self.seed, self._next_epoch = state["seed"], state["epoch"]
        load_state_of(self.batch_sampler, state["sampler"])
        self._progress, self._resumed = None, dict(state)


def _made_ahead(
    pool: Threads | Processes, tasks: Iterator[Task], limit: int, in_order: bool
) -> Iterator[tuple[int, Indices, Any]]:
    """Yield the number, the rows and the batch of each task, of which at most `limit` are given ahead."""
    given: dict[int, Indices] = {}  # in the order in which they are to come
    done: dict[int, Any] = {}
    while True:
        while len(given) < limit and (task := next(tasks, None)) is not None:
            given[task[0]] = task[1]
            pool.submit(task)
        if not given:
            return
        number = next(iter(given))
        while number not in done:
            ready, batch = pool.next()
            done[ready] = batch
            if not in_order:
                number = ready
        batch = done.pop(number)
        if isinstance(batch, Failure):
            raise batch.error
        yield number, given.pop(number), batch
