"""Progress of an epoch: which of its batches were handed out, and how to find that place again."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from datasets.errors import ArgumentError
from datasets.loading.dataset import Indices


class Progress:
    """How far an epoch is.

    Attributes
    ----------
    place
        The number of batches from the first on that were handed out.
    ahead
        The numbers of those behind them that were handed out too.
    last
        The rows of the batch before `place`.
    """

    def __init__(self, epoch: int, sampler: Any) -> None:
        self.epoch, self.sampler = epoch, sampler
        self.place, self.last = 0, np.zeros(0, np.intp)
        self.ahead: dict[int, Indices] = {}  # the rows of each
        self.before: set[int] = set()  # those that were handed out before the state was taken

    def note(self, number: int, rows: Indices) -> None:
        """Note that a batch is handed out."""
        if number != self.place:
            self.ahead[number] = rows
            return
        self.place, self.last = number + 1, rows
        while self.place in self.ahead:
            self.last = self.ahead.pop(self.place)
            self.place += 1

    def state(self) -> dict[str, Any]:
        """Return the place, the rows of batches ahead, and a checksum of the rows before the place."""
        ahead = [(number, rows.tolist()) for number, rows in sorted(self.ahead.items())]
        return {"place": self.place, "ahead": ahead, "checksum": zlib.crc32(self.last.tobytes())}

    def resume(self, state: Mapping[str, Any], numbered: Iterator[tuple[int, Indices]]) -> None:
        """Pass the batches that were handed out before."""
        while self.place < state["place"]:
            _, rows = next(numbered, (0, None))
            if rows is None:
                raise ArgumentError(
                    f"the epoch has {self.place} batches, but {state['place']} of it were handed out before. "
                    "Load the state into a loader with the same dataset, batch_size and sampler."
                )
            self.place, self.last = self.place + 1, rows
        if state["checksum"] not in (None, zlib.crc32(self.last.tobytes())):
            raise ArgumentError(
                f"batch {self.place} of epoch {self.epoch}, before the place of the state, has other rows than it "
                "had. Load it into a loader with the same dataset, batch_size and sampler; a sampler of your own "
                "needs a fixed seed, or state_dict() and load_state_dict()."
            )
        self.ahead = {number: np.array(rows, np.intp) for number, rows in state["ahead"]}
        self.before = set(self.ahead)
