"""Cyclic schedules, which also raise the rate: warm restarts, and the one-cycle policy."""

from __future__ import annotations

import math
from typing import Any

from ..._arguments import Size
from .._optimizer import Optimizer
from ._base import LRScheduler, for_each_group

__all__ = ["CosineAnnealingWarmRestarts", "OneCycleLR"]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lower the rate to `eta_min` along half a wave of the cosine, and start over from the top.

    The rate is ``eta_min + (base - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2``, where T_cur is the number of epochs
    since the last restart and T_i the number from there to the next.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    T_0
        The number of epochs until the first restart.
    T_mult
        The factor of that number at each restart.
    eta_min
        The least rate.
    last_epoch
        See `LRScheduler`.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> scheduler = nn.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(round(scheduler.get_last_lr()[0], 3))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: Size, T_mult: Size = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Compute the rate of each group."""
        part = self._part(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * part)) / 2 for base in self.base_lrs]

    def _part(self, epoch: int) -> float:
        """Return which part of the way to the next restart an epoch is at."""
        length = self.T_0
        if self.T_mult == 1:
            return epoch % length / length
        while epoch >= length:
            epoch, length = epoch - length, length * self.T_mult
        return epoch / length


class OneCycleLR(LRScheduler):
    """Raise the rate to `max_lr` and lower it to almost nothing, and momentum the other way.

    It is stepped after each batch. The rate goes from ``max_lr / div_factor`` up to `max_lr` and down to
    ``max_lr / div_factor / final_div_factor``; with `three_phase`, down to the first of these as long as it went up,
    and then on to the last. The rates that the optimizer had do not matter.

    Parameters
    ----------
    optimizer
        Whose rates, and momenta or first betas, are set.
    max_lr
        The highest rate, or one for each group.
    total_steps
        The number of batches in all; or else give `epochs` and `steps_per_epoch`, of which it is the product.
    pct_start
        The part of the steps in which the rate rises, from 0 to 1.
    anneal_strategy
        "cos" for half waves of the cosine, "linear" for straight lines.
    cycle_momentum
        Whether momentum goes from `max_momentum` down to `base_momentum` and up again.
    base_momentum, max_momentum
        The least and the highest momentum, or one for each group.
    div_factor, final_div_factor
        What the rates at the start and at the end are divided by.
    three_phase
        Whether the way down is as long as the way up, with a third phase after it.
    last_epoch
        See `LRScheduler`.

    Raises
    ------
    ValueError
        If an option is out of its range; and from `step` if it is called more than `total_steps` times.

    References
    ----------
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=0.1, momentum=0.9)
    >>> scheduler = nn.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=5, pct_start=0.6)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(round(scheduler.get_last_lr()[0], 3))
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.04, 0.52, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
        self.base_momentums = for_each_group("base_momentum", optimizer, base_momentum)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"pct_start should be from 0 to 1, not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy should be 'cos' or 'linear', not {anneal_strategy!r}")
        self._momentum = next((name for name in ("betas", "momentum") if name in optimizer.defaults), None)
        if cycle_momentum and self._momentum is None:
            raise ValueError(
                f"{type(optimizer).__name__} has neither momentum nor betas: give OneCycleLR cycle_momentum=False"
            )
        self.pct_start, self.anneal_strategy, self.cycle_momentum = pct_start, anneal_strategy, cycle_momentum
        self.div_factor, self.final_div_factor, self.three_phase = div_factor, final_div_factor, three_phase
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Compute the rate of each group, and set the momenta."""
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps and cannot take step {self.last_epoch}: give it the "
                f"number of batches of all epochs as total_steps"
            )
        level, end, part = self._phase()
        rates = []
        for i, group in enumerate(self.optimizer.param_groups):
            first = self.max_lrs[i] / self.div_factor
            heights = {"first": first, "top": self.max_lrs[i], "last": first / self.final_div_factor}
            rates.append(self._between(heights[level], heights[end], part))
            if self.cycle_momentum:
                low, high = self.base_momentums[i], self.max_momentums[i]
                momenta = {"first": high, "top": low, "last": high}
                self._set_momentum(group, self._between(momenta[level], momenta[end], part))
        return rates

    def _phase(self) -> tuple[str, str, float]:
        """Return the levels that the rate comes from and goes to, and which part of the way is done."""
        rise = self.pct_start * self.total_steps - 1
        phases = [(rise, "first", "top"), (self.total_steps - 1, "top", "last")]
        if self.three_phase:
            phases = [phases[0], (2 * rise, "top", "first"), (self.total_steps - 1, "first", "last")]
        start = 0.0
        for stop, level, end in phases:
            if self.last_epoch <= stop:
                return level, end, (self.last_epoch - start) / (stop - start) if stop > start else 1.0
            start = stop
        return *phases[-1][1:], 1.0

    def _between(self, start: float, end: float, part: float) -> float:
        """Return the value at a part of the way from one value to another."""
        if self.anneal_strategy == "linear":
            return start + (end - start) * part
        return end + (start - end) * (1 + math.cos(math.pi * part)) / 2

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self._momentum == "betas":
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR needs total_steps, or both epochs and steps_per_epoch")
    total = total_steps if total_steps is not None else (epochs or 0) * (steps_per_epoch or 0)
    if not isinstance(total, int) or total < 1:
        raise ValueError(f"the number of all steps should be a whole number from 1 on, not {total!r}")
    return total
