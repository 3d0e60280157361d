"""Shared memory in slots: made by the parent, which is the one to give it back, and written to by its workers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import WorkerError

_FOLDER = "/dev/shm"  # where Linux has shared memory, of which a container may have little
_SPARE = 1.25


class Slots:
    """Blocks of shared memory, each large enough for the batches that went through it so far."""

    def __init__(self, count: int) -> None:
        self._blocks: list[SharedMemory | None] = [None] * count

    def name(self, slot: int) -> str | None:
        """Return the name of the block in a slot, by which a worker finds it."""
        block = self._blocks[slot]
        return None if block is None else block.name

    def grow(self, slot: int, size: int) -> None:
        """Have a slot take batches of this size."""
        block = self._blocks[slot]
        if size and (block is None or block.size < size):
            self._release(slot)
            self._blocks[slot] = _allocated(int(size * _SPARE))

    def read(self, slot: int, sizes: Sequence[int]) -> list[NDArray[np.uint8]]:
        """Return copies of the arrays in a slot."""
        block = self._blocks[slot]
        if block is None:
            return [np.zeros(0, np.uint8) for _ in sizes]
        ends = np.cumsum(sizes).tolist()
        memory = _bytes_of(block)
        found = [memory[end - size : end].copy() for size, end in zip(sizes, ends, strict=True)]
        del memory  # else the block could not be closed
        return found

    def close(self) -> None:
        """Give all memory back."""
        for slot in range(len(self._blocks)):
            self._release(slot)

    def _release(self, slot: int) -> None:
        block, self._blocks[slot] = self._blocks[slot], None
        if block is not None:
            block.close()
            block.unlink()


def _bytes_of(block: SharedMemory) -> NDArray[np.uint8]:
    assert block.buf is not None
    return np.frombuffer(block.buf, np.uint8)


def _allocated(size: int) -> SharedMemory:
    """Return a block whose memory is there: one that is only promised kills who writes to it."""
    try:
        block = SharedMemory(create=True, size=size)
    except OSError as error:
        raise _full(size, error) from error
    path = os.path.join(_FOLDER, block.name.lstrip("/"))
    try:
        if os.path.exists(path):
            number = os.open(path, os.O_RDWR)
            try:
                os.posix_fallocate(number, 0, size)
            finally:
                os.close(number)
    except OSError as error:
        block.close()
        block.unlink()
        raise _full(size, error) from error
    return block


def _full(size: int, error: OSError) -> WorkerError:
    free = ""
    if os.path.isdir(_FOLDER):
        figures = os.statvfs(_FOLDER)
        free = f", {figures.f_bavail * figures.f_frsize / 1e6:.0f} MB are free"
    return WorkerError(
        f"the shared memory is full ({error.strerror}): a batch takes {size / 1e6:.0f} MB{free}. Use a smaller "
        "batch_size, prefetch_factor or num_workers, or threads (multiprocessing_context=None), or give more, as by "
        "docker run --shm-size=8g."
    )


def write(arrays: Sequence[NDArray[Any]], known: dict[int, SharedMemory], slot: int, name: str | None) -> bool:
    """Write arrays to the block of a slot one after the other, in a worker; return whether it was large enough."""
    size = sum(map(len, arrays))
    if size == 0:
        return True
    if name is None:
        return False
    if slot not in known or known[slot].name != name:
        if slot in known:
            known.pop(slot).close()
        known[slot] = SharedMemory(name)
    block = known[slot]
    if block.size < size:
        return False
    memory, start = _bytes_of(block), 0
    for array in arrays:
        memory[start : start + len(array)] = array
        start += len(array)
    return True
