"""Training state: the model, the epoch and step it is at, and the history, as callbacks and checkpoints see them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..module import Module
from ._data import Position, Source
from ._evaluation import is_summed
from ._metrics import Measure, Totals
from ._progress import Progress


class EpochSums:
    """What an epoch adds up for its row of the history: the loss and the metrics, norms of some steps, and its time."""

    def __init__(self, totals: Totals) -> None:
        self.totals = totals
        self.gradient_norms: list[float] = []
        self.update_ratios: list[float] = []
        self._seconds_before = 0.0  # a checkpoint
        self._start: float | None = None

    def start_clock(self) -> None:
        """Measure the time from now on."""
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Return how long the epoch has taken so far."""
        return self._seconds_before + (0.0 if self._start is None else time.perf_counter() - self._start)

    def state_dict(self) -> dict[str, Any]:
        """Return the sums."""
        return {
            "rows": self.totals.rows,
            "sums": self.totals.sums,
            "running": {name: metric.state_dict() for name, metric in self.totals.running.items()},
            "norms": self.gradient_norms,
            "ratios": self.update_ratios,
            "elapsed": self.seconds(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned."""
        saved, own = [*state["sums"], *state.get("running", ())], [*self.totals.sums, *self.totals.running]
        if set(saved) != set(own):
            raise ValueError(f"the checkpoint has the metrics {saved}, not {own}")
        for name, metric in self.totals.running.items():
            metric.load_state_dict(state["running"][name])
        self.totals.rows, self.totals.sums = state["rows"], state["sums"]
        self.gradient_norms, self.update_ratios = state["norms"], state["ratios"]
        self._seconds_before = state["elapsed"]


@dataclass(kw_only=True, eq=False, repr=False)
class Training:
    """A training in progress, as callbacks see it.

    Attributes
    ----------
    model, loss, optimizer, scheduler, epochs, metrics, accumulate
        As given to `fit`, the metrics by name.
    callbacks
        As given to `fit`, but those that are called last are last.
    source
        Where the batches come from.
    progress
        Shows how far it is.
    evaluated
        The model that is validated and saved as the best: `model`, or its average where a callback makes one.
    epoch
        How many epochs are complete.
    batch
        How many batches of the next epoch are done.
    step
        How many steps the optimizer took in all.
    history
        A dict of figures for each epoch.
    interrupted
        Whether Ctrl-C was pressed within the epoch.
    stopped
        Why the training ended before its last epoch, or None.
    error
        The exception that ended it, or None.
    """

    model: Module
    loss: Any
    optimizer: Any
    scheduler: Any
    epochs: int
    metrics: Mapping[str, Measure]
    accumulate: int
    callbacks: Sequence[Any]
    source: Source
    progress: Progress
    evaluated: Module = field(init=False)
    epoch: int = 0
    batch: int = 0
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    stopped: str | None = None
    error: BaseException | None = None
    draws: int = 0  # the seed of random numbers that depend on rows and steps alone
    position: Position = field(init=False)  # in the data
    sums: EpochSums = field(init=False)

    def __post_init__(self) -> None:
        self.evaluated = self.model
        self.callbacks = sorted(self.callbacks, key=lambda callback: callback.last)
        self.position = Position(self.source)
        self.begin_sums()

    def begin_sums(self) -> None:
        """Begin the sums of an epoch."""
        self.sums = EpochSums(Totals(self.metrics, is_summed(self.loss)))

    def stop(self, reason: str) -> None:
        """End the training after this step, or this epoch where it is asked for after one."""
        self.stopped = reason

    def state_dict(self) -> dict[str, Any]:
        """Return where the training is: its position in the data, its sums and its history."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "place": self.position.state(),
            **self.sums.state_dict(),
            "history": self.history,
            "stopped": self.stopped,
            "draws": self.draws,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from where `state_dict` was called."""
        self.sums.load_state_dict(state)
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        self.position.load_state(state["place"])
        self.history, self.stopped = state["history"], state["stopped"]
        self.draws = state.get("draws", self.draws)
