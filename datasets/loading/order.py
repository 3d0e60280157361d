"""Order of batches that workers make: so many tasks are given ahead, and the batches put back into their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from datasets.loading.dataset import Indices
from datasets.loading.threads import Failure, Task, Threads

if TYPE_CHECKING:
    from datasets.loading.processes import Processes


def made_ahead(
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
