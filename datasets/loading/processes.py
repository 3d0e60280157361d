"""Worker processes that make batches ahead, and hand them over in shared memory."""

from __future__ import annotations

import multiprocessing
import pickle
import random
import signal
import sys
import time
import traceback
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing import connection, resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from datasets.errors import WorkerError
from datasets.loading.fetch import some
from datasets.loading.shared_memory import Slots, write
from datasets.loading.threads import Failure, Task, started


class Processes:
    """Processes that take tasks and give batches, in the order in which they are ready.

    A batch is pickled, and its arrays are copied through shared memory; the first of a slot, and those that outgrow it,
    go through a pipe.

    Parameters
    ----------
    make
        Makes the batch of a task, given its rows and the epoch; it is pickled, unless the processes are forked.
    count
        The number of processes.
    worker_init_fn
        Called in each process with its number.
    timeout
        The most seconds to wait for a batch; 0 to wait forever.
    ahead
        The number of tasks that a process is given at once.
    context
        How processes are started: ``"spawn"``, ``"forkserver"`` or ``"fork"``.
    seed
        For NumPy's, Python's and nn's global generators in the processes, each of which gets its own.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        count: int,
        worker_init_fn: Callable[[int], object] | None,
        timeout: float,
        ahead: int,
        context: Any,
        seed: int,
    ) -> None:
        self._timeout = timeout
        start: Any = multiprocessing.get_context(context) if isinstance(context, str) else context
        self._workers: list[_Worker] = []
        # one that the workers share: with one of its own, each would give back blocks that it had only opened
        resource_tracker.ensure_running()
        self._end = weakref.finalize(self, _end, self._workers)  # which a program that ends calls too
        try:
            for number in range(count):
                self._workers.append(_Worker(start, number, (make, worker_init_fn, seed), ahead))
        except BaseException:
            self.close()
            raise

    def submit(self, task: Task) -> None:
        """Have the process with the fewest tasks make the batch of a task."""
        min(self._workers, key=lambda worker: len(worker.tasks)).submit(task)

    def next(self) -> tuple[int, Any]:
        """Return the number of the next task that is done, and its batch."""
        end = time.monotonic() + self._timeout if self._timeout else None
        while True:
            waiting = {worker.pipe: worker for worker in self._workers if worker.tasks}
            watched = [*waiting, *(worker.process.sentinel for worker in waiting.values())]
            left = None if end is None else max(end - time.monotonic(), 0)
            ready = connection.wait(watched, left)
            for pipe in ready:
                if pipe in waiting:
                    return waiting[pipe].receive()
            if ready:
                raise next(worker for worker in waiting.values() if worker.process.sentinel in ready).death()
            raise WorkerError(
                f"no batch came from {len(self._workers)} worker processes in timeout={self._timeout} seconds. "
                "Look at what makes a row so slow, or pass a longer timeout, or 0 for none."
            )

    def close(self) -> None:
        """End the processes, whatever they are doing, and give the shared memory back."""
        self._end()


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
        worker.process.terminate()
    for worker in workers:
        worker.process.join()
        worker.slots.close()


class _Worker:
    """A process as its parent sees it."""

    def __init__(self, context: Any, number: int, arguments: tuple[Any, ...], ahead: int) -> None:
        self.number, self.tasks, self.slots = number, dict[int, Any](), Slots(ahead)
        self._free = deque(range(ahead))
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other, number, *arguments), daemon=True)
        self.process.start()
        other.close()

    def submit(self, task: Task) -> None:
        slot = self._free.popleft()
        self.tasks[task[0]] = (slot, task[1])
        try:
            self.pipe.send((*task, slot, self.slots.name(slot)))
        except OSError:
            raise self.death() from None

    def receive(self) -> tuple[int, Any]:
        try:
            number, pickled, sizes, through_pipe = self.pipe.recv()
            buffers: list[Any] = [self.pipe.recv_bytes() for _ in sizes] if through_pipe else []
        except (EOFError, OSError):
            raise self.death() from None
        slot, _ = self.tasks.pop(number)
        if through_pipe:
            buffers = [np.frombuffer(buffer, np.uint8).copy() for buffer in buffers]  # bytes cannot be written to
            self.slots.grow(slot, sum(sizes))
        else:
            buffers = self.slots.read(slot, sizes)
        self._free.append(slot)
        return number, pickle.loads(pickled, buffers=buffers)

    def death(self) -> WorkerError:
        """Return the error for a process that is no more."""
        self.process.join(timeout=5)
        code = self.process.exitcode
        how = f"with exit code {code}" if code is None or code >= 0 else f"by {signal.Signals(-code).name}"
        remedy = "Look at its output above."
        if code == -signal.SIGKILL:
            remedy = "Its memory may have run out: use fewer workers, or threads (multiprocessing_context=None)."
        elif code == -getattr(signal, "SIGBUS", 0):
            remedy = "The shared memory may be full: use a smaller batch_size, prefetch_factor or num_workers."
        elif code == 1:
            remedy = (
                "If its output says that it could not be started, protect the program's main part by "
                "if __name__ == '__main__':, and define the dataset in a module."
            )
        rows = next((f", where it made the batch of rows {some(task[1])}" for task in self.tasks.values()), "")
        return WorkerError(f"worker process {self.number} ended {how}{rows}. {remedy}")


def _work(pipe: Any, number: int, make: Any, worker_init_fn: Any, seed: int) -> None:
    """Do tasks until the pipe is closed, or the parent is no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    random.seed(seed + number)
    np.random.seed((seed + number) % 2**32)
    if (of_nn := sys.modules.get("nn.random")) is not None:  # forked, it would draw in each what the parent draws
        of_nn.manual_seed(seed + number)
    failure: Failure | None = None
    try:
        started(number, worker_init_fn)
    except WorkerError as error:
        failure = Failure(error)
    parent, memory = multiprocessing.parent_process(), dict[int, SharedMemory]()
    assert parent is not None
    while pipe in connection.wait([pipe, parent.sentinel]):
        try:
            task, rows, epoch, slot, name = pipe.recv()
        except (EOFError, OSError):
            return
        buffers: list[pickle.PickleBuffer] = []
        batch = failure or _made(make, rows, epoch, number)
        try:
            pickled = pickle.dumps(batch, protocol=5, buffer_callback=buffers.append)
        except Exception as error:  # noqa: BLE001  # is raised in the parent
            buffers, pickled = [], pickle.dumps(Failure(WorkerError(f"a batch cannot be pickled: {error}")))
        arrays = [np.frombuffer(buffer.raw(), np.uint8) for buffer in buffers]
        sizes = [len(array) for array in arrays]
        in_memory = write(arrays, memory, slot, name)
        pipe.send((task, pickled, sizes, not in_memory))
        if not in_memory:
            for array in arrays:
                pipe.send_bytes(array)


def _made(make: Any, rows: Any, epoch: int, number: int) -> Any:
    try:
        return make(rows, epoch)
    except Exception as error:  # noqa: BLE001  # is raised in the parent
        error.add_note(f"in worker process {number}:\n{traceback.format_exc()}")
        return Failure(error)
