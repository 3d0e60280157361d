"""The loop: epochs, steps, and what is known of them at any time."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from ..module import Module
from ..utils import clip_grad_norm_
from ._callbacks import Callback
from ._data import Batch, Source, checksum
from ._divergence import divergence
from ._evaluation import is_summed, mean_over
from ._interruption import Interruption
from ._metrics import Metric, Totals
from ._progress import Progress
from ._sentinels import Look, Sentinels, changes_with_mode, total

__all__ = ["ScheduleUnit", "Training", "needs_value"]

ScheduleUnit = Literal["epoch", "step"]

BETWEEN_LOOKS = 50  # steps
FIRST_LOOKS = 10  # steps at the beginning, each of which is looked at
_MESSAGE = "\nCtrl-C: the training ends after this step. Press it again to stop at once.\n"


class Training:
    """A training on its way, as callbacks see it.

    Attributes
    ----------
    model, loss, optimizer, scheduler, epochs
        As given to `fit`.
    evaluated
        What is validated, and kept as the best: the model, or its average where a callback makes one.
    epoch
        How many epochs are complete.
    batch
        How many batches of the next epoch are behind.
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

    def __init__(
        self,
        model: Module,
        source: Source,
        loss: Any,
        optimizer: Any,
        *,
        epochs: int,
        validation: Source | None,
        metrics: Mapping[str, Metric],
        scheduler: Any,
        scheduler_every: ScheduleUnit,
        callbacks: Sequence[Callback],
        accumulate: int,
        clip_norm: float | None,
        sentinels: bool,
        progress: Progress,
    ) -> None:
        self.model, self.loss, self.optimizer, self.scheduler, self.epochs = model, loss, optimizer, scheduler, epochs
        self.evaluated = model
        self.epoch = self.batch = self.step = 0
        self.history: list[dict[str, Any]] = []
        self.interrupted, self.error = False, None
        self.stopped: str | None = None
        self.callbacks = sorted(callbacks, key=lambda callback: callback.last)
        self.source, self.accumulate = source, accumulate
        self._validation, self._metrics = validation, metrics
        self._scheduler_every, self.clip_norm = scheduler_every, clip_norm
        self._monitors = needs_value(scheduler)
        self.progress = progress
        self.sentinels = Sentinels(model, optimizer, loss)
        self._checks = sentinels
        self._named: list[tuple[str, Any]] = []
        # the batch that was trained with last, and which it was: the epoch, and how many batches of it were behind then
        self._last: Batch | None = None
        self._place = (0, 0)
        self._known: int | None = None  # its checksum, from a checkpoint, until it is found again
        self._begin_sums()

    error: BaseException | None

    def _begin_sums(self) -> None:
        self.totals = Totals(self._metrics, is_summed(self.loss))
        self.norms, self.ratios, self.elapsed = list[float](), list[float](), 0.0

    def stop(self, reason: str) -> None:
        """End the training after this step, or this epoch where it is asked for after one."""
        self.stopped = reason

    def run(self) -> None:
        """Go through the epochs, until the last or until something ends the training."""
        with Interruption(_MESSAGE) as self._interruption:
            try:
                self._call("on_start")
                while self.epoch < self.epochs and not self.stopped:
                    self._run_epoch()
                if self._checks:
                    self.sentinels.finish()
                self.optimizer.zero_grad()  # else a loop of one's own would add to the gradients of the last step
            except BaseException as error:
                self.error = error
                raise
            finally:
                self.progress.finish(None)
                self._call("on_end")

    def _call(self, method: str) -> None:
        for callback in self.callbacks:
            getattr(callback, method)(self)

    # An epoch

    def _run_epoch(self) -> None:
        self._start = time.perf_counter() - self.elapsed
        self._call("on_epoch_start")
        self._prepare()
        self.progress.start(self.epoch + 1, self.source.size, self.batch)
        batches = self._batches()
        groups = zip(batches) if self.accumulate == 1 else _grouped(batches, self.accumulate)
        for group in groups:
            self._step(group)
            self.interrupted = self._interruption.requested
            for callback in self.callbacks:
                callback.on_step(self)
            if self.progress.bar is not None:
                self.progress.update(len(group), self.totals.means())
            if self.interrupted or self.stopped:
                break
        if not self.totals.rows:
            raise ValueError(
                "there is not one batch to train with: is the data empty, or an iterator that was used up?"
            )
        self._end_epoch()

    def _prepare(self) -> None:
        """Put the model into training mode and look for its parameters: callbacks may have changed both."""
        if not self.model.training:
            modal = next(changes_with_mode(self.model), None)
            if modal is not None and self._checks:
                self.sentinels.warn_once(
                    "mode",
                    f"the model was in evaluation mode, in which {modal[0]} is not what it is in training: fit puts it "
                    f"into training mode. Call model.train() after model.eval()",
                )
            self.model.train()
        self._named = self.sentinels.named()
        if self._checks:
            self.sentinels.check_optimizer()

    def _batches(self) -> Iterator[Batch]:
        """Return the batches of this epoch that are to come; where a checkpoint was loaded, find the place first."""
        if self._known is None:
            return self.source.epoch(self.epoch)
        number, behind = self._place
        batches = self.source.epoch(number, behind - 1)
        self._last = next(batches, None)
        if self._last is None or checksum(self._last) != self._known:
            raise ValueError(
                f"batch {behind} of epoch {number + 1} is not the one that it was before the checkpoint: the data, or "
                f"their order, are others. Pass the same data; for an iterable, one that is made anew with a fixed "
                f"seed, such as datasets.batches(X, y, batch_size=32, seed=0)"
            )
        self._known = None
        return batches if number == self.epoch else self.source.epoch(self.epoch)

    def _end_epoch(self) -> None:
        partial = self.interrupted or bool(self.stopped)
        row: dict[str, Any] = {"epoch": self.epoch + 1, **self.totals.means()}
        if self._validation is not None:
            row |= mean_over(self._validation, self.epoch, self.evaluated, self.loss, self._metrics, "val_")
        row["lr"] = float(self.optimizer.param_groups[0]["lr"])
        row["gradient_norm"] = _mean(self.norms)
        row["update_ratio"] = _mean(self.ratios)
        row["steps"] = self.step
        row["seconds"] = time.perf_counter() - self._start
        self.history.append(row)
        if not partial:
            self._schedule(row)
            self.epoch, self.batch = self.epoch + 1, 0
            self._begin_sums()
        self._call("on_epoch")
        self.progress.finish(row)
        if self._interruption.requested:
            self.stop("Ctrl-C")

    def _schedule(self, row: dict[str, Any]) -> None:
        if self.scheduler is None or self._scheduler_every != "epoch":
            return
        if self._monitors:
            self.scheduler.step(row.get("val_loss", row["loss"]))
        else:
            self.scheduler.step()

    # A step

    def _step(self, group: Sequence[Batch]) -> None:
        self.optimizer.zero_grad()
        looking = self.step < FIRST_LOOKS or self.batch // self.accumulate % BETWEEN_LOOKS == 0
        if len(group) == 1:
            self._add_gradient(group[0], 1.0, looking)
        else:
            rows = sum(batch.rows for batch in group)
            for batch in group:
                self._add_gradient(batch, 1.0 if self.totals.summed else batch.rows / rows, looking)
        look = Look(self._named) if looking else None
        if self.clip_norm is not None:
            clip_grad_norm_(self._optimized(), self.clip_norm)
        self.optimizer.step()
        if look is not None:
            self._record(look)
        self.step += 1
        self.batch += len(group)
        self._last, self._place = group[-1], (self.epoch, self.batch)
        if self.scheduler is not None and self._scheduler_every == "step":
            self.scheduler.step()

    def _optimized(self) -> list[Any]:
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def _add_gradient(self, batch: Batch, share: float, looking: bool) -> None:
        """Add the gradient of a batch to those of the step; the mean over all its batches weighs each by its rows."""
        output = self.model(*batch.inputs)
        loss = self.loss(output, batch.target)
        if looking:
            self._check_loss(loss)
        value = loss.item()
        if not math.isfinite(value):
            where = f"epoch {self.epoch + 1}, batch {self.batch + 1} (step {self.step + 1})"
            raise divergence(value, loss, batch, where, self._named)
        if share == 1:
            loss.backward()
        else:
            (loss * share).backward()
        self.totals.add(value, output, batch.target, batch.rows)
        if looking and self._checks:
            self.sentinels.check_output(output, batch.target)
            self.sentinels.check_dtype(batch.inputs, output)

    def _check_loss(self, loss: Any) -> None:
        if getattr(loss, "size", 0) != 1 or not getattr(loss, "requires_grad", False):
            kind = f"{type(loss).__name__} of shape {getattr(loss, 'shape', None)}"
            remedy = "it should be a Tensor of one element that depends on the parameters"
            if getattr(loss, "size", 0) > 1:
                remedy = 'it should be one number, as with reduction="mean"'
            elif not self._named:
                remedy = "no parameter of the model requires a gradient"
            raise TypeError(f"the loss is a {kind}: {remedy}")

    def _record(self, look: Look) -> None:
        sizes = look.finish()
        self.norms.append(total([size.gradient or 0.0 for size in sizes.values()]))
        weight = total([size.weight for size in sizes.values()])
        self.ratios.append(total([size.update for size in sizes.values()]) / weight if weight else math.nan)
        if self._checks:
            self.sentinels.check_sizes(sizes)

    # What a checkpoint holds

    def state_dict(self) -> dict[str, Any]:
        """Return where the training is: its place in the data, its sums and figures."""
        assert self._last is not None
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "place": [*self._place, checksum(self._last)],
            "rows": self.totals.rows,
            "sums": self.totals.sums,
            "norms": self.norms,
            "ratios": self.ratios,
            "elapsed": time.perf_counter() - self._start if self.batch else 0.0,
            "history": self.history,
            "stopped": self.stopped,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where `state_dict` was asked for."""
        if set(state["sums"]) != set(self.totals.sums):
            raise ValueError(f"the checkpoint has the metrics {list(state['sums'])}, not {list(self.totals.sums)}")
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        number, behind, self._known = state["place"]
        self._place = (number, behind)
        self.totals.rows, self.totals.sums = state["rows"], state["sums"]
        self.norms, self.ratios, self.elapsed = state["norms"], state["ratios"], state["elapsed"]
        self.history, self.stopped = state["history"], state["stopped"]


def _grouped(batches: Iterator[Batch], size: int) -> Iterator[list[Batch]]:
    """Yield lists of `size` batches; the last may be shorter."""
    while group := list(islice(batches, size)):
        yield group


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def needs_value(scheduler: Any) -> bool:
    """Tell whether a scheduler's step() wants a figure to judge by, as ReduceLROnPlateau's does."""
    if scheduler is None:
        return False
    parameters = inspect.signature(scheduler.step).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(parameter.default is parameter.empty and parameter.kind in plain for parameter in parameters)
