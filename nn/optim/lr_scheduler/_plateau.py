"""ReduceLROnPlateau: lowers the rate when a metric stops improving."""

from __future__ import annotations

import math
from typing import Literal, SupportsFloat

from autograd.extend import done_outside

from .._optimizer import Optimizer
from ._base import LRScheduler, for_each_group


class ReduceLROnPlateau(LRScheduler):
    """Multiply the rate by a factor when a metric has stopped improving.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    mode
        "min" for a metric that should fall, such as a loss, "max" for one that should rise.
    factor
        What the rate is multiplied by, below 1.
    patience
        How many epochs may pass without a better metric; the next one lowers the rate.
    threshold
        By how much it must be better than the best.
    threshold_mode
        Whether `threshold` is a part of the best ("rel") or a difference from it ("abs").
    cooldown
        How many epochs are not counted after the rate was lowered.
    min_lr
        The least rate, or one for each group.
    eps
        The rate stays if it would fall by less.

    Examples
    --------
    >>> import nn
    >>> weight = nn.Parameter([1.0])
    >>> weight.grad = [0.0]  # in place of loss.backward()
    >>> optimizer = nn.optim.SGD([weight], lr=1.0)
    >>> scheduler = nn.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> rates = []
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     optimizer.step()
    ...     scheduler.step(loss)
    ...     rates.append(scheduler.get_last_lr()[0])
    >>> rates
    [1.0, 1.0, 1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not 0 <= factor < 1:
            raise ValueError(f"factor should be from 0 to below 1, not {factor}")
        self.min_lrs = for_each_group("min_lr", optimizer, min_lr)
        self.mode, self.factor, self.patience, self.cooldown = mode, factor, patience, cooldown
        self.threshold, self.threshold_mode, self.eps = threshold, threshold_mode, eps
        self.best = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = self.num_bad_epochs = 0
        self.optimizer, self.last_epoch = optimizer, 0
        self._note_rates()

    @done_outside
    def step(self, metrics: SupportsFloat) -> None:  # type: ignore[override]
        """Note the metric of an epoch, and lower the rate if it is due.

        Parameters
        ----------
        metrics
            A number, or a tensor or array of one element.
        """
        value = float(metrics)
        if len(self.optimizer.param_groups) != len(self.min_lrs):
            raise ValueError(
                f"the optimizer has {len(self.optimizer.param_groups)} groups of parameters, but ReduceLROnPlateau was "
                f"made for {len(self.min_lrs)}: make it after the last add_param_group"
            )
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self._is_better(value):
            self.best, self.num_bad_epochs = value, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            self._lower()
        self._note_rates()

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * value < sign * self.best * (1 - sign * self.threshold)
        return sign * value < sign * self.best - self.threshold

    def _lower(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
