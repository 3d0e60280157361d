"""Ranks: how a process knows that it is one, and how all end when one of them does."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

import nn
from nn.distributed import _launch, _processes
from nn.distributed._launched import SIZES, launched

from .launching import needs_mpi, run

ENDINGS = [
    ("fault", 1, "ValueError: rank 1 has a fault"),
    ("leave", 1, "rank 0 waits in barrier(), but rank 1 has left the program"),
    ("fault_of_all", 1, "ValueError: all have a fault"),
    ("fault_in_thread", 1, "ValueError: all have a fault"),
    ("leave_early", 3, "rank 1 of 2 ended with exit code 3"),
    ("exit_at_once", 3, "rank 1 of 2 ended by os._exit(3)"),
    ("wait_at_the_end", 4, ""),
]


@pytest.mark.one_in(3)
@pytest.mark.thorough
@needs_mpi
@pytest.mark.parametrize(("name", "code", "text"), ENDINGS)
def test_one_that_ends_ends_all_and_says_so_once(name: str, code: int, text: str) -> None:
    begin = time.monotonic()
    found, out, err = run(2, "-m", "tests.distributed.endings", name)
    assert found == code or (name == "exit_at_once" and found == 9), err  # if the launcher kills others before it looks
    if text:
        assert err.count(text) == 1, err
        assert err.count("Traceback") == (0 if name in ("leave_early", "exit_at_once") else 1), err
    else:
        assert out == "done\n"
    assert time.monotonic() - begin < 15  # of which most is the start of Python


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_rank_that_was_killed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        ranks = _processes.World()
        monkeypatch.setattr(ranks, "_processes", np.array([[os.getpid(), 1], [child.pid, 1]]), raising=False)
        assert ranks._dead() is None
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert ranks._dead() == 1  # which nobody has waited for yet
        child.wait()
        assert ranks._dead() == 1
        ranks._processes[1, 1] = 2  # another machine
        assert ranks._dead() is None


@pytest.mark.thorough
@needs_mpi
def test_ranks_exchange_arrays_and_gradients() -> None:
    code, out, err = run(2, "-m", "tests.distributed.together")
    assert code == 0, err
    assert out.count("is through") == 2


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 1),
        ({"PMI_RANK": "1", "PMI_SIZE": "4"}, 4),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, 2),
        ({"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, 1),  # a script of sbatch
        ({"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1"}, 1),  # one process, within an allocation for more
        ({"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "8"}, 8),
        ({"SLURM_STEP_NUM_TASKS": "2", "PMI_SIZE": "6"}, 6),  # mpiexec starts its helpers by srun, one on each node
        ({"PMI_SIZE": "4", "PLAINGRAD_MPI_PROCESS": "1"}, 1),  # a process that a rank has started
        ({"PMI_SIZE": "4", "PLAINGRAD_MPI_PROCESS": str(os.getpid())}, 4),
    ],
)
def test_the_launcher_says_how_many_there_are(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], count: int
) -> None:
    for name in (*SIZES, "PLAINGRAD_MPI_PROCESS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert launched() == count


def test_a_launcher_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setitem(__import__("sys").modules, "mpi4py.MPI", None)
    monkeypatch.setattr(_processes, "_world", None)
    with pytest.raises(ImportError, match=r"one of 2 processes.*pip install mpi4py mpich"):
        nn.distributed.rank()
    monkeypatch.setattr(_processes, "_world", None)


def test_one_process_is_all_ranks() -> None:
    nn.distributed.init()
    assert (nn.distributed.rank(), nn.distributed.world_size()) == (0, 1)
    for code in (-1, 256, 1.0, None):
        with pytest.raises(ValueError, match="exit code from 0 to 255"):
            nn.distributed.abort(code)  # type: ignore[arg-type]
    with pytest.raises(SystemExit, match="5"):
        nn.distributed.abort(5)


def test_threads_of_products_are_limited() -> None:
    before = _launch.limit_threads(1)
    if before is None:
        pytest.skip("NumPy has another BLAS than OpenBLAS")
    assert _launch.limit_threads(before) == 1
