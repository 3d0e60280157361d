"""Learning-rate schedules: when `fit` lets a scheduler take its step, and what it is given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._types import Scheduler

if TYPE_CHECKING:
    from ..optim import Optimizer

ScheduleUnit = Literal["epoch", "step"]


class Schedule:
    """A scheduler, or None, and whether it counts epochs or steps."""

    def __init__(self, scheduler: Any, unit: ScheduleUnit) -> None:
        self._scheduler, self._unit = scheduler, None if scheduler is None else unit
        self._takes_figure = _takes_figure(scheduler)

    def after_step(self) -> None:
        """Let the scheduler count a step of the optimizer."""
        if self._unit == "step":
            self._scheduler.step()

    def after_epoch(self, row: Mapping[str, Any]) -> None:
        """Let the scheduler count an epoch; one that takes a figure is given the validation loss, or the loss."""
        if self._unit == "epoch":
            self._scheduler.step(*([row.get("val_loss", row["loss"])] if self._takes_figure else []))


def check_scheduler(scheduler: Scheduler | None, unit: str, optimizer: Optimizer) -> None:
    """Raise if a scheduler is of another optimizer, or counts what it cannot."""
    if unit not in ("epoch", "step"):
        raise ValueError(f'scheduler_every should be "epoch" or "step", not {unit!r}')
    if scheduler is not None and not hasattr(scheduler, "step"):
        raise TypeError(
            f"scheduler is one such as nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs), not {scheduler!r}"
        )
    if scheduler is not None and getattr(scheduler, "optimizer", optimizer) is not optimizer:
        raise ValueError("the scheduler was made for another optimizer: it would change nothing here")
    if unit == "step" and _takes_figure(scheduler):
        raise ValueError(f"{type(scheduler).__name__}.step() wants a figure: there is one after an epoch, not a step")


def _takes_figure(scheduler: Any) -> bool:
    """Tell whether a scheduler's step() takes a figure to judge by, as ReduceLROnPlateau's does."""
    if scheduler is None:
        return False
    parameters = inspect.signature(scheduler.step).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return any(parameter.default is parameter.empty and parameter.kind in plain for parameter in parameters)
