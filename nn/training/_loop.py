"""Training loop: epochs and steps, and what is checked and measured in some of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Any

import numpy as np

from autograd import extend

from .._warnings import message
from ..distributed._collectives import spread_object
from ..distributed._processes import world
from ..utils import clip_grad_norm_
from ._compiled import Compile, CompiledGradient, NotFinite
from ._data import Batch, Rows, Source
from ._divergence import divergence
from ._evaluation import mean_over
from ._interruption import Interruption
from ._ranks import Ranks
from ._schedule import Schedule
from ._sentinels import (
    LOOKED_AT,
    Sentinels,
    StepNorms,
    is_checked,
    mode_dependent_modules,
    total_norm,
    trainable_parameters,
)
from ._state import Training
from ._weights import WeightedLoss

_MESSAGE = "\nCtrl-C: the training ends after this step. Press it again to stop at once.\n"


class TrainingLoop:
    """Takes the steps of a training, and calls its callbacks between them.

    Parameters
    ----------
    training
        What is trained, and how far it is.
    schedule
        When the scheduler takes its step.
    validation
        Data that are evaluated after each epoch, or None.
    clip_norm
        The largest norm of all gradients together, or None.
    sentinels
        Whether to look for mistakes in some of the steps.
    compile
        Whether to compile the gradients of batches: see `fit`.
    weighted
        The loss where rows have weights, or None.
    reproducible
        Whether to compute gradients in blocks of rows.
    """

    def __init__(
        self,
        training: Training,
        schedule: Schedule,
        validation: Source | None,
        clip_norm: float | None,
        sentinels: bool,
        compile: Compile,
        reproducible: bool = False,
        weighted: WeightedLoss | None = None,
    ) -> None:
        self._weighted = weighted
        self.training, self._schedule, self._validation, self._clip_norm = training, schedule, validation, clip_norm
        shown = sentinels and world().rank == 0
        self._sentinels = Sentinels(training.model, training.optimizer, training.loss) if shown else None
        self._parameters: list[tuple[str, Any]] = []  # with their paths, as they are in this epoch
        alone = not reproducible and world().size == 1
        self.compiled = CompiledGradient(training, weighted, compile, alone)
        self._ranks: Ranks | None = None  # where several processes, or blocks, make the gradients
        if not alone:
            self._ranks = Ranks(training, self._add_gradient, self._loss_of, reproducible)

    def run(self) -> None:
        """Go through the epochs, until the last or until something ends the training."""
        training = self.training
        together = nullcontext() if self._ranks is None else self._ranks.ending_together()
        with together, Interruption(_MESSAGE if world().rank == 0 else "") as interruption:
            try:
                self._call("on_start")
                while training.epoch < training.epochs and not training.stopped:
                    self._run_epoch(interruption)
                    if self._ranks is not None:
                        self._ranks.agree_on_end(after_step=False)
                if self._sentinels is not None:
                    self._sentinels.finish()
                training.optimizer.zero_grad()  # else a loop of the user's own would add to the last step's
            except BaseException as error:
                training.error = error
                raise
            finally:
                training.progress.finish(None)
                self._call("on_end")

    def _call(self, method: str) -> None:
        for callback in self.training.callbacks:
            getattr(callback, method)(self.training)

    # An epoch

    def _run_epoch(self, interruption: Interruption) -> None:
        training = self.training
        training.sums.start_clock()
        self._call("on_epoch_start")
        self._prepare()
        training.progress.start(training.epoch + 1, training.source.size, training.batch)
        batches = training.position.batches(training.epoch)
        for group in iter(lambda: list(islice(batches, training.accumulate)), []):  # of which the last may be shorter
            training.interrupted = self._step(group, interruption)
            for callback in training.callbacks:
                callback.on_step(training)
            if training.progress.bar is not None:
                training.progress.update(len(group), training.sums.totals.quick_means())
            if self._ranks is not None:
                self._ranks.agree_on_end(after_step=True)
            if training.interrupted or training.stopped:
                break
        else:
            if self._ranks is not None:
                self._ranks.end_epoch()
        if not training.sums.totals.rows:
            raise ValueError(
                "there is not one batch to train with: is the data empty, or an iterator that was used up?"
            )
        self._end_epoch()
        if training.interrupted or (self._ranks is None and interruption.requested):
            training.stop("Ctrl-C")

    def _prepare(self) -> None:
        """Put the model into training mode and look for its parameters: callbacks may have changed both."""
        model = self.training.model
        if not model.training:
            dependent = next(mode_dependent_modules(model), None)
            if dependent is not None and self._sentinels is not None:
                self._sentinels.warn_once("mode of fit", path=dependent[0])
            model.train()
        self._parameters = trainable_parameters(model, self.training.loss)
        if self._ranks is not None:
            self._ranks.begin_epoch(self._parameters)
        if self._sentinels is not None:
            self._sentinels.check_optimizer()

    def _end_epoch(self) -> None:
        training = self.training
        row = spread_object(self._row())
        training.history.append(row)
        if not (training.interrupted or training.stopped):  # else a part of it is still to come
            self._schedule.after_epoch(row)
            training.epoch, training.batch = training.epoch + 1, 0
            training.begin_sums()
        self._call("on_epoch")
        training.progress.finish(row)

    def _row(self) -> dict[str, Any]:
        """Return the figures of the epoch."""
        training, sums = self.training, self.training.sums
        row: dict[str, Any] = {"epoch": training.epoch + 1, **sums.totals.means()}
        if self._validation is not None:
            model = training.evaluated
            row |= mean_over(
                self._validation, training.epoch, model, training.loss, training.metrics, "val_", shared=True
            )
        row["lr"] = float(training.optimizer.param_groups[0]["lr"])
        row["gradient_norm"] = _mean(sums.gradient_norms)
        row["update_ratio"] = _mean(sums.update_ratios)
        row["steps"] = training.step
        row["seconds"] = sums.seconds()
        return row

    # A step

    def _step(self, group: Sequence[Batch], interruption: Interruption) -> bool:
        """Take one step with the gradients of one batch or several; return whether Ctrl-C was pressed."""
        training = self.training
        training.optimizer.zero_grad()
        checked = is_checked(training.step, training.batch // training.accumulate)
        interrupted = None
        if self._ranks is not None:
            interrupted = self._ranks.add_gradients(group, checked, interruption.requested)
        elif len(group) == 1:
            self._add_gradient(group[0], 1.0, checked)
        else:
            rows = sum(batch.rows for batch in group)
            for batch in group:
                self._add_gradient(batch, 1.0 if training.sums.totals.summed else batch.rows / rows, checked)
        norms = StepNorms(self._parameters) if checked else None
        if self._clip_norm is not None:
            groups = training.optimizer.param_groups
            clip_grad_norm_([parameter for group in groups for parameter in group["params"]], self._clip_norm)
        training.optimizer.step()
        if norms is not None:
            self._record(norms)
        training.step += 1
        training.batch += len(group)
        training.position.advance(group[-1], training.epoch, training.batch)
        self._schedule.after_step()
        return interruption.requested if interrupted is None else interrupted

    def _add_gradient(self, batch: Batch, share: float, checked: bool) -> None:
        """Add the gradient of a batch to those of the step; a mean over several batches weights each by its rows."""
        training = self.training
        part = None if share == 1 else np.asarray(share)
        gradient = None if checked else self.compiled.of(batch, part)
        if gradient is not None:
            self._add_compiled(gradient, batch, part)
            return
        by_rows = self._sentinels is not None and training.step == 0 and isinstance(training.source, Rows)
        with self._sentinels.axes_noted() if self._sentinels is not None and by_rows else nullcontext():
            output = training.model(*batch.inputs)
        if checked and self._sentinels is not None:
            self._sentinels.check_call(batch.inputs, output)
        loss = self._loss_of(output, batch, checked)
        value = loss.item()
        if not (math.isfinite(value) if self._ranks is None else self._ranks.is_finite(value)):
            raise self._divergence(loss, batch)
        if share == 1:
            loss.backward()
        else:
            (loss * share).backward()
        training.sums.totals.add(value, output, batch.target, batch.rows)
        if checked and self._sentinels is not None:
            self._sentinels.check_output(output, batch.target)

    def _loss_of(self, output: Any, batch: Batch, checked: bool) -> Any:
        """Return the loss of a batch; `checked` says whether to raise unless it is one number."""
        weighted, sentinels = self._weighted, self._sentinels
        look = checked and sentinels is not None and self.training.step < LOOKED_AT
        with extend.find_mistakes() if look else nullcontext() as mistakes:
            if weighted is None:
                loss = self.training.loss(output, batch.target)
            else:
                loss = weighted(output, batch.target, weighted.weights(batch))
        if checked:
            self._check_loss(loss)
        if sentinels is not None and mistakes:
            sentinels.check_loss(mistakes)
        return loss

    def _add_compiled(self, gradient: Callable[..., Any], batch: Batch, share: Any) -> None:
        """Do what `_add_gradient` does in a step that is not checked, by the compiled function."""
        training = self.training
        try:
            weight = None if self._weighted is None else self._weighted.weights(batch)
            loss, output = gradient(share, weight, batch.target, *batch.inputs)
        except NotFinite as error:
            raise self._divergence(error.args[0], batch) from None
        training.sums.totals.add(loss.item(), output, batch.target, batch.rows)

    def _divergence(self, loss: Any, batch: Batch) -> Exception:
        """Return the error for a loss that is nan or infinite."""
        training = self.training
        where = f"epoch {training.epoch + 1}, batch {training.batch + 1} (step {training.step + 1})"
        walked = loss if self._ranks is None else None  # in a walk of one rank alone, SyncBatchNorm would wait
        return divergence(loss.item(), walked, batch, where, self._parameters)

    def _check_loss(self, loss: Any) -> None:
        if getattr(loss, "size", 0) != 1 or not getattr(loss, "requires_grad", False):
            kind = f"{type(loss).__name__} of shape {getattr(loss, 'shape', None)}"
            remedy = message("constant loss")
            if getattr(loss, "size", 0) > 1:
                remedy = 'it should be one number, as with reduction="mean"'
            elif loss is None:
                remedy = "is a return missing?"
            elif not self._parameters:
                remedy = "no parameter of the model requires a gradient"
            raise TypeError(f"the loss is a {kind}: {remedy}")

    def _record(self, step: StepNorms) -> None:
        """Note the norms of a step that was just taken."""
        norms, sums = step.finish(), self.training.sums
        sums.gradient_norms.append(total_norm([norm.gradient or 0.0 for norm in norms.values()]))
        weight = total_norm([norm.weight for norm in norms.values()])
        sums.update_ratios.append(total_norm([norm.update for norm in norms.values()]) / weight if weight else math.nan)
        if self._sentinels is not None:
            self._sentinels.check_norms(norms)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan
