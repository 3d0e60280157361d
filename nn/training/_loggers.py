"""Loggers: the figures of each epoch in a CSV file, or as events for TensorBoard."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from autograd.extend import replacing

from ..distributed._processes import world
from ._callbacks import Callback
from ._state import Training


class CSVLogger(Callback):
    """Write the history to a CSV file, a row after each epoch, so that it can be read during the training.

    An existing file is replaced at the first epoch. A resumed training writes the epochs before the checkpoint too.

    Parameters
    ----------
    path
        The file; its folder is made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._begun = False

    def on_start(self, training: Training) -> None:
        """Make the folder."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._begun = False

    def on_epoch(self, training: Training) -> None:
        """Add the epoch, the first time after all epochs before it."""
        if world().rank:
            return
        if self._begun:
            with self.path.open("a", newline="") as stream:
                csv.writer(stream).writerow(_plain(training.history[-1]).values())
            return
        with replacing(self.path) as partial, partial.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(training.history[-1]))
            writer.writeheader()
            writer.writerows(map(_plain, training.history))
        self._begun = True


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return figures with lists in place of arrays, which are written in several lines."""
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}


class TensorBoard(Callback):
    """Write the figures of each epoch as scalars that TensorBoard shows: ``tensorboard --logdir FOLDER``.

    The number of the epoch is their step. A resumed training replaces the epochs after the checkpoint. It needs
    ``pip install tensorboard``.

    Parameters
    ----------
    folder
        Where the event files go; each training adds one.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._events = _import_events()
        self._writer: Any = None

    def on_epoch(self, training: Training) -> None:
        """Write the epoch."""
        if world().rank:
            return
        events, summaries, file_writer = self._events
        row = training.history[-1]
        if self._writer is None:
            self._writer = file_writer(str(self.folder))
            start = events.SessionLog(status=events.SessionLog.START)  # what has this step or a later one is void
            self._writer.add_event(events.Event(wall_time=time.time(), step=row["epoch"], session_log=start))
        numbers = {name: value for name, value in row.items() if name != "epoch" and np.ndim(value) == 0}
        values = [summaries.Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        summary = summaries.Summary(value=values)
        self._writer.add_event(events.Event(wall_time=time.time(), step=row["epoch"], summary=summary))
        self._writer.flush()

    def on_end(self, training: Training) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _import_events() -> tuple[Any, Any, Any]:
    try:
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError as error:
        raise ImportError("TensorBoard needs its package: pip install tensorboard") from error
    return event_pb2, summary_pb2, EventFileWriter
