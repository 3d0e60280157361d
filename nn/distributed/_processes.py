"""Ranks: which of the processes this is, how they wait for each other, and what happens when one leaves."""

from __future__ import annotations

import atexit
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from ._launch import leaving, message_passing
from ._launched import launched

_SPIN = 5e-5  # seconds of waiting without a pause, which others on the same core could use
_PAUSE, _LONG_PAUSE = 2e-5, 1e-3  # the first and the longest; in between a quarter of the time waited
_LOOK = 0.5  # seconds of waiting between two looks for ranks that have left
_HERE = Path("/proc/self")  # on Linux
_GRACE = 1.0  # seconds in which what a rank began before it left may arrive


def _machine() -> int:
    """Return a number that processes share which see each other: of a machine, and of a container on it."""
    space = os.readlink(_HERE / "ns" / "pid") if _HERE.exists() else ""
    return crc32(f"{platform.node()} {space}".encode())


def _has_ended(process: int) -> bool:
    try:
        return (_HERE.parent / str(process) / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class World:
    """All ranks of a job, with a communicator of their own: messages of the program do not mix with these."""

    def __init__(self) -> None:
        self.size = launched()
        self.rank = 0
        self.library: Any = None
        if self.size > 1:
            self.library = message_passing()
            self.rank = int(self.library.COMM_WORLD.Get_rank())
        self._comm: Any = None
        self._farewell: Any = None  # another, for what ranks say when they leave
        self._process = os.getpid()

    @property
    def comm(self) -> Any:
        """The communicator; all ranks make it, when they need it for the first time."""
        if self._comm is None:
            if os.getpid() != self._process:
                raise RuntimeError("a process that a rank of MPI has forked is no rank: it cannot talk to the others")
            made, request = self.library.COMM_WORLD.Idup()
            self._farewell, other = self.library.COMM_WORLD.Idup()
            own = np.array([os.getpid(), _machine()])
            self._processes = np.empty((self.size, 2), own.dtype)
            while not (request.Test() and other.Test()):
                time.sleep(_LONG_PAUSE)
            request = made.Iallgather(own, self._processes)
            while not request.Test():
                time.sleep(_LONG_PAUSE)
            self._comm, leaving.met = made, True
            atexit.register(self._leave)
        return self._comm

    def wait(self, request: Any, what: str) -> None:
        """Wait until something that all ranks do together is done.

        Raises
        ------
        RuntimeError
            If a rank has left the program, or was killed on this machine, and so will never do it.
        """
        test = request.Test
        if test():
            return
        start = time.monotonic()
        look, left_at = start + _LOOK, None
        while not test():
            now = time.monotonic()
            if now - start > _SPIN:
                time.sleep(min(max(_PAUSE, (now - start) / 4), _LONG_PAUSE))
            if now < look:
                continue
            look = now + _LOOK / 5
            if left_at is None and (dead := self._dead()) is not None:
                raise RuntimeError(
                    f"rank {self.rank} waits in {what}, but rank {dead} has died: process {self._processes[dead, 0]} "
                    f"was killed, for example for want of memory, or ended within a library"
                )
            status = self.library.Status()
            if left_at is None and self._farewell.Iprobe(tag=_LEFT, status=status):
                left_at = now
            elif left_at is not None and now - left_at > _GRACE:
                self._farewell.Iprobe(tag=_LEFT, status=status)
                raise RuntimeError(
                    f"rank {self.rank} waits in {what}, but rank {status.Get_source()} has left the program: all ranks "
                    f"have to call the same functions in the same order"
                )

    def _dead(self) -> int | None:
        """Return a rank of this machine whose process is no more, on Linux: one that leaves waits for the others."""
        if not _HERE.exists():
            return None
        here = np.flatnonzero(self._processes[:, 1] == self._processes[self.rank, 1]).tolist()
        return next((other for other in here if _has_ended(self._processes[other, 0])), None)

    def _leave(self) -> None:
        """Tell the others that this rank is at its end, and wait for theirs."""
        if os.getpid() != self._process or self.library.Is_finalized():
            return
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        others = [other for other in range(self.size) if other != self.rank]
        sent = [self._farewell.Isend(b"", other, _LEFT) for other in others]
        heard, met = 0, self._farewell.Ibarrier()
        while heard < len(others) or not met.Test():
            if self._farewell.Iprobe(tag=_LEFT):
                self._farewell.Recv(bytearray(0), tag=_LEFT)
                heard += 1
            elif self._dead() is not None:  # the error was caught: nothing ends in order any more
                self.library.COMM_WORLD.Abort(1)
            else:
                time.sleep(0.002)
        self.library.Request.Waitall(sent)


_LEFT = 7
_world: World | None = None


def world() -> World:
    """Return the ranks of the job; without a launcher it is one."""
    global _world
    if _world is None:
        _world = World()
    return _world


def init() -> None:
    """Begin to work with the other ranks, before the first of the other functions would do that.

    All ranks call it. It compares nothing and costs little; a program that calls it early learns early if MPI does not
    work.

    Raises
    ------
    ImportError
        If a launcher started several processes, but mpi4py is missing.
    RuntimeError
        If the launcher is not that of the MPI library that mpi4py uses, so that each process would be alone.

    Examples
    --------
    >>> import nn
    >>> nn.distributed.init()
    >>> nn.distributed.world_size()
    1
    """
    barrier()


def rank() -> int:
    """Return the number of this process among the ranks, from 0 on; without mpiexec or the like it is 0.

    Examples
    --------
    >>> import nn
    >>> if nn.distributed.rank() == 0:
    ...     print("only once")
    only once
    """
    return world().rank


def world_size() -> int:
    """Return the number of ranks; without mpiexec or the like it is 1."""
    return world().size


def barrier() -> None:
    """Wait until all ranks have come here."""
    ranks = world()
    if ranks.size > 1:
        ranks.wait(ranks.comm.Ibarrier(), "barrier()")


def abort(code: int = 1) -> None:
    """End all ranks at once, with an exit code; without mpiexec or the like, end this process.

    An exception that ends a rank does so by itself, after its traceback.
    """
    if not isinstance(code, int) or not 0 <= code < 256:
        raise ValueError(f"abort() takes an exit code from 0 to 255, not {code!r}")
    sys.stdout.flush()
    sys.stderr.flush()
    ranks = world()
    if ranks.size > 1:
        ranks.library.COMM_WORLD.Abort(code)
    raise SystemExit(code)
