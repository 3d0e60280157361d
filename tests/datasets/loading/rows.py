"""Datasets for the tests of loaders, in a module of their own: processes that are spawned import them."""

import os
import signal
import time
from typing import Any

import numpy as np

import nn
from datasets import Dataset


class OneByOne(Dataset[Any]):
    """Answers one index at a time: what it returns for an array is no batch."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: Any) -> Any:
        return np.arange(3.0).sum() + np.sum(index), {"index": int(index)}


class Faulty(OneByOne):
    """Fails at one row, in one of several ways."""

    source = "photos"

    def __init__(self, rows: int, at: int, how: str) -> None:
        super().__init__(rows)
        self.at, self.how = at, how

    def __getitem__(self, index: Any) -> Any:
        if int(index) != self.at:
            return np.full(2, index)
        if self.how == "raise":
            raise OSError("the disk is gone")
        if self.how == "ragged":
            return np.zeros(3)
        if self.how == "sleep":
            time.sleep(3)
        if self.how == "exit":
            os._exit(3)
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return np.full(2, index)


def process_number(rows: list[Any]) -> int:
    """Return the process that makes a batch."""
    return os.getpid()


def layers_draw(rows: list[Any]) -> tuple[float, int]:
    """Return a number of the generator that layers draw from, and the process that drew it."""
    return float(nn.random.default_generator().random()), os.getpid()


def global_draw(rows: list[Any]) -> tuple[float, int]:
    """Return a number of NumPy's global generator, and the process that drew it."""
    return float(np.random.random()), os.getpid()


def fail(number: int) -> None:
    """Fail when a worker starts."""
    raise OSError(f"no disk for worker {number}")
