"""Blocks of rows: what is added up over them does not depend on the ranks that compute them.

BLAS rounds a product of other shapes otherwise, and a sum in another order is another one. So a batch is divided into
blocks of a fixed size, each block is computed by itself, and what they give is added up along a binary tree over the
blocks. Which rank computes which blocks makes no difference, to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

import numpy as np

from ._collectives import gather_rows
from ._processes import world

Array = np.ndarray[Any, Any]
T = TypeVar("T")

BLOCK = 32  # rows


def share_of(count: int, rank: int, size: int) -> range:
    """Return which of `count` rows or blocks are those of a rank: neighbours, as many for each as for the others."""
    each, more = divmod(count, size)
    start = rank * each + min(rank, more)
    return range(start, start + each + (rank < more))


def blocks_of(rows: int) -> list[slice]:
    """Return the blocks of a batch; the last may be smaller."""
    return [slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK)]


class TreeSum:
    """Adds up arrays, one for each block and in their order, along a binary tree.

    A node of level k is the sum over the 2**k blocks from a multiple of that on. A sum over some of the blocks is a
    list of the largest nodes that it is complete for.

    Parameters
    ----------
    count
        The number of blocks.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self.nodes: list[tuple[int, int, Any]] = []  # level, number in the level, sum

    def add(self, level: int, number: int, array: Array | None) -> None:
        """Add a node; an array is written to where it is the left one of two."""
        while True:
            if number % 2 and self.nodes and self.nodes[-1][:2] == (level, number - 1):
                left = self.nodes.pop()[2]
                array = left if array is None else np.add(left, array, left)
            elif number == 0 and 1 << level >= self._count:
                break  # the root
            elif number % 2 or (number + 1) << level < self._count:
                break  # the other one of the two is still to come, or is of another rank
            level, number = level + 1, number // 2
        self.nodes.append((level, number, array))


def _nodes_of(count: int, blocks: Iterable[int]) -> list[tuple[int, int, Any]]:
    """Return the nodes of some blocks without their sums."""
    tree = TreeSum(count)
    for number in blocks:
        tree.add(0, number, None)
    return tree.nodes


def total_over_blocks(own: TreeSum, count: int, length: int, dtype: np.dtype[Any]) -> Array:
    """Return the sum over all blocks, from the sums over those of each rank.

    Each rank adds up a part of the elements for all of them.
    """
    ranks = world()
    if ranks.size == 1:
        ((_, _, total),) = own.nodes
        return np.asarray(total)
    parts = [share_of(length, rank, ranks.size) for rank in range(ranks.size)]
    shapes = [_nodes_of(count, share_of(count, rank, ranks.size)) for rank in range(ranks.size)]
    sent = [array[part.start : part.stop] for part in parts for _, _, array in own.nodes]
    out = np.concatenate(sent) if sent else np.empty(0, dtype)
    mine = parts[ranks.rank]
    arrived = np.empty(sum(map(len, shapes)) * len(mine), dtype)
    width = np.dtype(dtype).itemsize
    request = ranks.comm.Ialltoallv(
        (out.view(np.uint8), ([len(own.nodes) * len(part) * width for part in parts], None)),
        (arrived.view(np.uint8), ([len(nodes) * len(mine) * width for nodes in shapes], None)),
    )
    ranks.wait(request, "the sum of gradients")
    tree = TreeSum(count)
    pieces = iter(arrived.reshape(-1, len(mine)) if len(mine) else arrived.reshape(sum(map(len, shapes)), 0))
    for nodes in shapes:
        for level, number, _ in nodes:
            tree.add(level, number, next(pieces))
    ((_, _, piece),) = tree.nodes
    total = np.empty(length, dtype)
    counts = [len(part) * width for part in parts]
    ranks.wait(
        ranks.comm.Iallgatherv(np.ascontiguousarray(piece).view(np.uint8), (total.view(np.uint8), (counts, None))),
        "the sum of gradients",
    )
    return total


# Blocks that need each other's sums on the way, as batch normalization does


class _Stopped(BaseException):
    """Another block has failed."""


class Lockstep:
    """Computes the blocks of a rank in threads, of which one at a time runs, until it needs a sum over all blocks.

    Parameters
    ----------
    count
        How many of the blocks are those of this rank.
    ghost
        Whether it has none, and computes one of another rank, which counts for nothing, to take part in the sums.
    """

    def __init__(self, count: int, ghost: bool = False) -> None:
        self._ghost = ghost
        self._turns = [threading.Semaphore(0) for _ in range(count)]
        self._done = threading.Semaphore(0)
        self._given: list[Array | None] = [None] * count
        self._finished = [False] * count
        self._sums: Array | None = None
        self._rounds = 0
        self._error: BaseException | None = None

    def run(self, work: Callable[[int], T]) -> list[T]:
        """Return what `work` returns for each block of this rank."""
        count = len(self._turns)
        results: list[Any] = [None] * count

        def begin(number: int) -> None:
            self._turns[number].acquire()
            _running.set((self, number))
            try:
                with suppress(_Stopped):
                    results[number] = work(number) if self._error is None else None
            except BaseException as error:  # noqa: BLE001  # which is raised where the threads were started
                self._error = self._error or error
            self._finished[number] = True
            if not self._give_turn(number):
                self._done.release()

        threads = [threading.Thread(target=copy_context().run, args=(begin, number)) for number in range(count)]
        for thread in threads:
            thread.start()
        self._turns[0].release()
        self._done.acquire()
        for thread in threads:
            thread.join()
        if self._error is not None:
            raise self._error
        return results

    def total(self, number: int, array: Array) -> Array:
        """Return the sum of what all blocks give, in their order; `number` is that of the block which calls it."""
        count, rounds = len(self._turns), self._rounds
        self._given[number] = array
        if number + 1 == count:
            self._exchange()
        self._give_turn(number)
        self._turns[number].acquire()
        if self._rounds == rounds and self._error is None:
            self._error = RuntimeError(_UNLIKE)
        if self._error is not None:
            raise _Stopped
        assert self._sums is not None
        return self._sums

    def _give_turn(self, number: int) -> bool:
        """Let the next block run that is not finished, which may be the same one; return whether there is one."""
        count = len(self._turns)
        for following in range(number + 1, number + count + 1):
            if not self._finished[following % count]:
                self._turns[following % count].release()
                return True
        return False

    def _exchange(self) -> None:
        self._rounds += 1
        if self._error is None:
            try:
                rows = np.stack(_alike(self._given))
                found = gather_rows(rows[:0] if self._ghost else rows)
                self._sums = np.add.reduce(found, axis=0)
            except BaseException as error:  # noqa: BLE001  # for all blocks
                self._error = error
        self._given = [None] * len(self._given)


def _alike(given: list[Array | None]) -> list[Array]:
    """Return what all blocks gave, or raise where they gave different things."""
    arrays = [array for array in given if array is not None]
    if len(arrays) < len(given) or len({array.shape for array in arrays}) > 1:
        raise RuntimeError(_UNLIKE)
    return arrays


_UNLIKE = "blocks of one batch do not compute the same layers, which reproducible=True needs"
_running: ContextVar[tuple[Lockstep, int] | None] = ContextVar("_running", default=None)


def lockstep() -> tuple[Lockstep, int] | None:
    """Return the blocks that are being computed, and the number of that which asks, or None."""
    return _running.get()
