"""Threads that make batches ahead: NumPy and files let them run beside the training."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from datasets.errors import WorkerError
from datasets.loading.dataset import Indices

Task = tuple[int, Indices, int]  # its number, the rows, and the epoch


class Failure:
    """An error in place of a batch."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def started(number: int, worker_init_fn: Callable[[int], object] | None) -> None:
    """Call what a worker is to begin with, or raise what names it."""
    if worker_init_fn is not None:
        try:
            worker_init_fn(number)
        except Exception as error:
            raise WorkerError(f"worker_init_fn({number}) failed: {type(error).__name__}: {error}") from error


class Threads:
    """Threads that take tasks and give batches, in the order in which they are ready.

    Parameters
    ----------
    make
        Makes the batch of a task, given its rows and the epoch.
    count
        The number of threads.
    worker_init_fn
        Called in each thread with its number.
    timeout
        The most seconds to wait for a batch; 0 to wait forever.
    """

    def __init__(
        self,
        make: Callable[[Indices, int], Any],
        count: int,
        worker_init_fn: Callable[[int], object] | None,
        timeout: float,
    ) -> None:
        self._make, self._timeout = make, timeout
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(number, worker_init_fn), name=f"loader-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task) -> None:
        """Have a thread make the batch of a task."""
        self._tasks.put(task)

    def next(self) -> tuple[int, Any]:
        """Return the number of the next task that is done, and its batch."""
        try:
            return self._results.get(timeout=self._timeout or None)
        except queue.Empty:
            raise WorkerError(
                f"no batch came from {len(self._threads)} worker threads in timeout={self._timeout} seconds. "
                "Look at what makes a row so slow, or pass a longer timeout, or 0 for none."
            ) from None

    def close(self) -> None:
        """Have the threads end after the batches that they are making; nobody waits for these."""
        try:
            while True:
                self._tasks.get_nowait()
        except queue.Empty:
            for _ in self._threads:
                self._tasks.put(None)

    def _work(self, number: int, worker_init_fn: Callable[[int], object] | None) -> None:
        failure = None
        try:
            started(number, worker_init_fn)
        except WorkerError as error:
            failure = Failure(error)
        while (task := self._tasks.get()) is not None:
            self._results.put((task[0], failure or self._made(task)))

    def _made(self, task: Task) -> Any:
        try:
            return self._make(task[1], task[2])
        except BaseException as error:  # noqa: BLE001  # is raised where the batch is asked for
            return Failure(error)
