"""Programs of which one rank ends otherwise than the others: ``python -m tests.distributed.endings NAME``."""

import os
import sys
import threading

from nn import distributed

RANK = distributed.rank()


def fault() -> None:
    """Raise, within a thread too."""
    distributed.barrier()
    if RANK == 1:
        raise ValueError("rank 1 has a fault")
    distributed.barrier()


def fault_of_all() -> None:
    """Raise on all ranks, before they have met."""
    raise ValueError("all have a fault")


def fault_in_thread() -> None:
    """Raise in a thread of one rank."""
    distributed.barrier()
    if RANK == 1:
        threading.Thread(target=fault_of_all).start()
    distributed.barrier()
    distributed.barrier()


def leave() -> None:
    """Leave while the other one waits."""
    distributed.barrier()
    if RANK == 1:
        sys.exit(0)
    distributed.barrier()


def leave_early() -> None:
    """Leave with an exit code before the ranks have met."""
    if RANK == 1:
        sys.exit(3)
    distributed.barrier()


def exit_at_once() -> None:
    """End without what Python does at its end."""
    distributed.barrier()
    if RANK == 1:
        os._exit(3)
    distributed.barrier()


def wait_at_the_end() -> None:
    """Leave with an exit code while the other one has something left to do, but waits for nobody."""
    distributed.barrier()
    if RANK == 0:
        threading.Event().wait(1.5)
        print("done")
    sys.exit(4)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
