"""Workers: the same batches from threads and processes, and whatever goes wrong in them, named and without a hang."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from datasets import ConcatDataset, DataLoader, Dataset, RowError, Subset, TensorDataset, WorkerError
from datasets.loading import shared_memory

from .rows import Faulty, OneByOne, fail, global_draw, layers_draw, process_number

X, Y = np.arange(46.0).reshape(23, 2), np.arange(23)
# Python warns of forking beside threads, which NumPy has, from 3.12 on.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

THREADS: dict[str, Any] = {"num_workers": 2}
PROCESSES: dict[str, Any] = {"num_workers": 2, "multiprocessing_context": "forkserver"}
FORKED: dict[str, Any] = {"num_workers": 2, "multiprocessing_context": "fork"}


def plain(batch: Any) -> Any:
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    return tuple(map(plain, batch)) if isinstance(batch, tuple) else batch.tolist()


@pytest.mark.parametrize("workers", [THREADS, PROCESSES])
@pytest.mark.parametrize("dataset", [TensorDataset(X, Y), OneByOne(23)])
def test_workers_make_the_same_batches(workers: dict[str, Any], dataset: Any) -> None:
    here = DataLoader(dataset, 4, shuffle=True, generator=3)
    there = DataLoader(dataset, 4, shuffle=True, generator=3, persistent_workers=True, **workers)
    for _ in range(2):
        assert [plain(batch) for batch in there] == [plain(batch) for batch in here]
    for batch in there:
        part = batch[0]
        part[:] = 0  # fresh memory, which can be written to
        break


def test_processes_hand_over_batches_that_grow_and_shrink() -> None:
    sizes = [1, 50, 3, 700, 2, 2, 900, 0, 5]
    rows = [np.full(size, size, np.float32) for size in sizes]
    loader = DataLoader(rows, batch_sampler=[[i] for i in range(9)], num_workers=1, multiprocessing_context="fork")
    for _ in range(2):
        assert [batch.tolist() for batch in loader] == [[[size] * size] for size in sizes]


def test_persistent_processes_stay_and_have_random_numbers_of_their_own() -> None:
    kept = DataLoader(X, 4, collate_fn=process_number, persistent_workers=True, **FORKED)
    assert set(kept) == set(kept)
    assert os.getpid() not in set(kept)
    nn.manual_seed(0)
    for draw in (global_draw, layers_draw):
        loader = DataLoader(X, 1, collate_fn=draw, generator=0, **FORKED)
        drawn = [number for _ in range(2) for number, _ in loader]
        assert len(set(drawn)) == 2 * 23


@pytest.mark.parametrize("workers", [{}, THREADS, FORKED])
def test_a_row_that_fails_is_named_after_the_batches_before_it(workers: dict[str, Any]) -> None:
    dataset: Dataset[Any] = ConcatDataset([Subset(Faulty(10, 7, "raise"), range(1, 10)), Faulty(5, -1, "raise")])
    loader = iter(DataLoader(dataset, 3, **workers))
    assert [next(loader).tolist()[0][0] for _ in range(2)] == [1, 4]
    started = time.perf_counter()
    with pytest.raises(RowError) as caught:
        next(loader)
    assert time.perf_counter() - started < 5
    assert str(caught.value) == (
        "row 6 of ConcatDataset, which is row 6 of Subset, which is row 7 of Faulty (photos), could not be loaded: "
        "OSError: the disk is gone"
    )
    if workers is FORKED:
        assert "in worker process" in caught.value.__notes__[0]
    with pytest.raises(StopIteration):
        next(loader)


@pytest.mark.parametrize("workers", [{}, THREADS, FORKED])
def test_ragged_rows_are_named(workers: dict[str, Any]) -> None:
    with pytest.raises(RowError, match=r"rows 3, 4, 5 of Faulty \(photos\): row 1 of the batch has shape \(3,\)"):
        list(DataLoader(Faulty(10, 4, "ragged"), 3, **workers))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "worker process [01] ended with exit code 3, where it made the batch of rows 3, 4, 5"),
        ("kill", r"ended by SIGKILL, where it made the batch of rows 3, 4, 5. Its memory may have run out"),
    ],
)
def test_a_process_that_dies_is_named(how: str, message: str) -> None:
    started = time.perf_counter()
    with pytest.raises(WorkerError, match=message):
        list(DataLoader(Faulty(10, 4, how), 3, **FORKED))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("workers", [THREADS, FORKED])
def test_a_batch_that_does_not_come_in_time(workers: dict[str, Any]) -> None:
    with pytest.raises(WorkerError, match=r"no batch came from 2 worker .* in timeout=0.2 seconds"):
        list(DataLoader(Faulty(10, 4, "sleep"), 3, timeout=0.2, **workers))


@pytest.mark.parametrize("workers", [THREADS, FORKED])
def test_workers_begin_with_a_function(workers: dict[str, Any]) -> None:
    with pytest.raises(WorkerError, match=r"worker_init_fn\([01]\) failed: OSError: no disk for worker [01]"):
        list(DataLoader(X, 3, worker_init_fn=fail, **workers))


def test_threads_are_numbered_and_end() -> None:
    numbers: list[int] = []
    before = set(threading.enumerate())
    loader = DataLoader(X, 3, num_workers=3, worker_init_fn=numbers.append)
    for _ in loader:
        break
    deadline = time.perf_counter() + 5
    while set(threading.enumerate()) - before:
        assert time.perf_counter() < deadline
        time.sleep(0.01)
    assert sorted(numbers) == [0, 1, 2]


def test_so_many_batches_are_made_ahead() -> None:
    made: list[int] = []

    class Noting(OneByOne):
        def __getitem__(self, index: Any) -> Any:
            made.append(int(index))
            return index

    batches = iter(DataLoader(Noting(20), 1, num_workers=2, prefetch_factor=3))
    next(batches)
    deadline = time.perf_counter() + 5
    while len(set(made)) < 6:
        assert time.perf_counter() < deadline
        time.sleep(0.01)
    time.sleep(0.05)
    assert set(made) == set(range(6))  # the next is given to a worker when the next is asked for


def test_batches_come_as_they_are_ready_where_order_does_not_matter() -> None:
    release = threading.Event()

    class Slow(OneByOne):
        def __getitem__(self, index: Any) -> Any:
            if index == 0:
                release.wait(5)
            return index

    loader = DataLoader(Slow(6), 1, num_workers=2, in_order=False)
    batches = iter(loader)
    first = next(batches).tolist()
    assert first != [0]
    state = loader.state_dict()
    assert state["place"] == 0
    release.set()
    rest = [batch.tolist() for batch in batches]
    assert sorted([first, *rest]) == [[i] for i in range(6)]
    for _ in range(2):  # the second time from the state of the resumed loader
        other = DataLoader(Slow(6), 1)
        other.load_state_dict(state)
        resumed = iter(other)
        state = other.state_dict()
        assert [batch.tolist() for batch in resumed] == sorted(rest)


def test_a_full_shared_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*arguments: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    if not os.path.isdir("/dev/shm"):
        pytest.skip("the system has no such folder")
    blocks = set(os.listdir("/dev/shm"))
    with pytest.raises(WorkerError, match=r"the shared memory is full \(No space.*batch takes 1 MB.*--shm-size"):
        list(DataLoader(np.zeros((40, 100_000)), 1, **FORKED))
    assert set(os.listdir("/dev/shm")) <= blocks  # nothing is left
    monkeypatch.undo()
    shared_memory._allocated(100).unlink()


def test_a_batch_that_cannot_be_pickled() -> None:
    with pytest.raises(WorkerError, match="a batch cannot be pickled"):
        list(DataLoader(X, 3, collate_fn=lambda rows: threading.Lock(), **FORKED))
