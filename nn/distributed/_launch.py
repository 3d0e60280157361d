"""Launchers of MPI: how a process knows that it is one of several, and that an error in one of them ends all."""

from __future__ import annotations

import atexit
import ctypes
import importlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ._launched import PROCESS, SIZES, launched

_LAUNCHERS = ("mpiexec", "mpirun", "orterun", "prterun", "srun")  # what the names of their processes begin with
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def launchers_terminal() -> int | None:
    """Return the width of the terminal that the launcher passes this process's standard error stream on to, if it does.

    It is known on Linux alone, and for processes on the launcher's machine.
    """
    process = os.getppid() if launched() > 1 else 0
    while process > 1:
        try:
            name, _, numbers = Path(f"/proc/{process}/stat").read_text().partition("(")[2].rpartition(")")
            if name.startswith(_LAUNCHERS):
                with Path(f"/proc/{process}/fd/2").open("rb", buffering=0) as stream:
                    return os.get_terminal_size(stream.fileno()).columns
            process = int(numbers.split()[1])
        except OSError:  # another system, somebody else's process, or no terminal
            return None
    return None


def message_passing() -> Any:
    """Return ``mpi4py.MPI``, which starts MPI when it is loaded for the first time."""
    count = launched()
    try:
        library: Any = importlib.import_module("mpi4py.MPI")
    except ImportError as error:
        raise ImportError(
            f"this is one of {count} processes that a launcher of MPI started, and they cannot talk to each other "
            f"without mpi4py: pip install mpi4py mpich"
        ) from error
    found = library.COMM_WORLD.Get_size()
    if found != count:
        raise RuntimeError(
            f"a launcher started {count} processes, but MPI knows of {found}: the launcher is not that of the MPI "
            f"library which mpi4py found. Use mpiexec of the same MPI "
            f"({library.Get_library_version().splitlines()[0]}), srun --mpi=pmi2 or pmix; processes that have nothing "
            f"to do with each other run without {' and '.join(name for name in SIZES if name in os.environ)} in their "
            f"environment"
        )
    return library


def start() -> None:
    """Start MPI where a launcher started several processes, and have an error that ends one of them end all."""
    if launched() < 2:
        return
    try:
        library = message_passing()
    except (ImportError, RuntimeError):
        return  # what wants to use it will raise
    os.environ[PROCESS] = str(os.getpid())
    sys.excepthook = _ending(library, sys.excepthook, lambda _kind, error, _trace: error)
    threading.excepthook = _ending(library, threading.excepthook, lambda args: args.exc_value)
    leaving.install()
    if not any(name in os.environ for name in _THREADS):
        limit_threads(_own_share_of_cores(library))


def end_job(error: BaseException) -> NoReturn:
    """Print the traceback of an error with the rank that it arose in, and end all processes.

    Ranks with the same error would all print it. A rank other than 0 waits a little, so that usually one does.
    """
    library = importlib.import_module("mpi4py.MPI")
    world = library.COMM_WORLD
    if world.rank:
        time.sleep(0.3 + min(0.05 * world.rank, 3.0))
    text = "".join(traceback.format_exception(error))
    _finish(library, f"rank {world.rank} of {world.size}: {text}", 130 if isinstance(error, KeyboardInterrupt) else 1)


def _finish(library: Any, text: str, code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()
    time.sleep(0.1)  # until the launcher has read it
    library.COMM_WORLD.Abort(code)
    os._exit(code)


def _ending(
    library: Any, previous: Callable[..., object], error_of: Callable[..., BaseException | None]
) -> Callable[..., None]:
    """Return a hook that ends the job, given the error that its arguments tell of."""
    own = os.getpid()

    def hook(*args: Any) -> None:
        error = error_of(*args)
        if os.getpid() != own or error is None or isinstance(error, SystemExit) or library.Is_finalized():
            previous(*args)
        else:
            end_job(error)

    return hook


class _Exit:
    """Notes the code that a rank ends with by `sys.exit`: where it never met the others, these learn of it here.

    A rank that ends by `os._exit` says so itself, because launchers then end the others at once, without a word.
    """

    def __init__(self) -> None:
        self.code: Any = None
        self.met = False  # whether the ranks have talked to each other
        self._process = os.getpid()

    def install(self) -> None:
        """Take the place of `sys.exit` and `os._exit`."""
        leave, leave_at_once = sys.exit, os._exit

        def exit(status: Any = None, /) -> NoReturn:
            self.code = status
            leave(status)

        def exit_at_once(status: int) -> NoReturn:
            library = importlib.import_module("mpi4py.MPI")
            if os.getpid() == self._process and not library.Is_finalized():
                world = library.COMM_WORLD
                sys.stderr.write(f"rank {world.rank} of {world.size} ended by os._exit({status})\n")
                sys.stderr.flush()
                time.sleep(0.1)  # until the launcher has read it
            leave_at_once(status)

        exit.__doc__, exit_at_once.__doc__ = leave.__doc__, leave_at_once.__doc__
        sys.exit, os._exit = exit, exit_at_once
        atexit.register(self._end)

    def _end(self) -> None:
        library = importlib.import_module("mpi4py.MPI")
        if self.code in (None, 0, False) or self.met or os.getpid() != self._process or library.Is_finalized():
            return
        rank, code = library.COMM_WORLD.rank, self.code if isinstance(self.code, int) else 1
        _finish(library, f"rank {rank} of {library.COMM_WORLD.size} ended with exit code {code}\n", code)


leaving = _Exit()


def _own_share_of_cores(library: Any) -> int:
    """Return how many of the cores that this process may use are its own, if it shares them with other ranks."""
    if not hasattr(os, "sched_getaffinity"):
        cores: set[int] = set(range(os.cpu_count() or 1))
    else:
        cores = os.sched_getaffinity(0)
    neighbours = library.COMM_WORLD.Split_type(library.COMM_TYPE_SHARED)
    sharing = sum(bool(cores & other) for other in neighbours.allgather(cores))
    neighbours.Free()
    return max(1, len(cores) // sharing)


def limit_threads(count: int) -> int | None:
    """Have NumPy's OpenBLAS use `count` threads; return how many it used before, or None if it was not found."""
    folder = Path(np.__file__).parent
    for path in [*folder.parent.glob("numpy.libs/*openblas*"), *folder.glob(".dylibs/*openblas*")]:
        library = ctypes.CDLL(str(path))
        for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
            if hasattr(library, name.format("set")):
                before = int(getattr(library, name.format("get"))())
                getattr(library, name.format("set"))(count)
                return before
    return None
