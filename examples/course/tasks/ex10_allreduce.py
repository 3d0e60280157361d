"""Exercise 10: an allreduce.

Several processes train one model, each on its own part of the batch. The gradient of the whole
batch is the sum of theirs, and all of them need it: this is an allreduce. If one process collected
and sent everything, it would wait for `size` arrays while the others idle. In a ring, each process,
called by its rank, sends to the one on its right, rank + 1, and receives from the one on its left,
rank - 1, all at the same time; the last one's right neighbour is rank 0.

Cut the array into as many pieces as there are ranks. In the first round, each rank sends one of its
pieces, and adds what it receives to its own piece of the same place. If rank r begins with piece r,
it receives piece (r - 1) of its neighbour; with its own added, this piece holds two summands, and is
the one to send in the next round. After size - 1 rounds each rank has one piece that holds the whole
sum. In size - 1 further rounds these finished pieces go round once, and each rank puts them in the
place of its own.

Each rank has then sent 2 (size - 1) / size arrays: hardly two, however many ranks there are.

The ranks here are generators. `received = yield piece` sends a piece to the right neighbour, waits,
and receives what the left neighbour sent in the same round. All ranks have to take part in each
round, so all yield equally often. What is sent is an array like any other: the receiver gets the
very same one, so nobody may write into it afterwards.

Given:     array, of one axis, of any length, which stays as it is; rank, from 0 on; size, the
           number of ranks, at least 1. np.array_split cuts into pieces, also where they cannot be
           equally long; np.concatenate joins them.
Asked for: the sum of the arrays of all ranks, in each rank, with 2 (size - 1) rounds in which
           single pieces are sent.
The real:  nn/distributed/_collectives.py, which leaves the rounds to MPI.
"""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def allreduce(array: Array, rank: int, size: int) -> Generator[Array, Array, Array]:
    """Yield pieces for the right neighbour, receive those of the left one; return the sum over all ranks."""
    raise NotImplementedError("your turn")
    yield array  # makes this a generator; take it away when you have a yield of your own
