"""Cyclic schedules, which also raise the rate: warm restarts, triangles, and the one-cycle policy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from ..._arguments import Share, Size
from .._optimizer import Optimizer
from ._base import LRScheduler, for_each_group

_MODES = ["triangular", "triangular2", "exp_range"]


class CosineAnnealingWarmRestarts(LRScheduler, example=("T_0=2", [1.0, 0.5, 1.0, 0.5])):
    """Lower the rate to `eta_min` along half a wave of the cosine, and start over from the top.

    The rate is ``eta_min + (base - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2``, where T_cur is the number of epochs
    since the last restart and T_i the number from there to the next.

    Parameters
    ----------
    T_0
        The number of epochs until the first restart.
    T_mult
        The factor of that number at each restart.
    eta_min
        The least rate.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: Size, T_mult: Size = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
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


class CyclicLR(LRScheduler, example=("0.25, 0.75, step_size_up=2, step_size_down=1", [0.25, 0.5, 0.75, 0.25])):
    """Let the rate go up and down between two bounds along straight lines, and momentum the other way.

    It is stepped after each batch. The rate is ``base_lr + (max_lr - base_lr) * height * scale``: the height goes from
    0 to 1 in `step_size_up` steps and back in `step_size_down`, and the scale makes later cycles lower. The rates that
    the optimizer had do not matter.

    Parameters
    ----------
    optimizer
        Whose rates, and momenta or first betas, are set.
    base_lr, max_lr
        The least and the highest rate, or one for each group.
    step_size_up, step_size_down
        The number of batches of the way up, and of the way down; None for the same number.
    mode
        "triangular" for a scale of 1, "triangular2" for half of the last in each cycle, "exp_range" for ``gamma**i``
        after i steps.
    gamma
        The base of "exp_range".
    scale_fn, scale_mode
        Computes the scale instead of `mode`: from the number of the cycle, from 1 on, if `scale_mode` is "cycle", or
        from the number of steps, if it is "iterations". The state does not have the function.
    cycle_momentum
        Whether momentum goes from `max_momentum` down to `base_momentum` and up again.
    base_momentum, max_momentum
        The least and the highest momentum, or one for each group.

    Raises
    ------
    ValueError
        If an option is out of its range, or the optimizer has no momentum to cycle.

    References
    ----------
    Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017.
    """

    _not_saved = frozenset({"optimizer", "_scale_fn_custom"})

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: Size = 2000,
        step_size_down: Size | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[int], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if scale_fn is None and mode not in _MODES:
            raise ValueError(f"mode should be one of {_MODES}, not {mode!r}")
        _check_momentum("CyclicLR", optimizer, cycle_momentum)
        for group, low in zip(optimizer.param_groups, for_each_group("base_lr", optimizer, base_lr), strict=True):
            if last_epoch == -1 or "initial_lr" in group:
                group["initial_lr"] = low
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        self.base_momentums = for_each_group("base_momentum", optimizer, base_momentum)
        self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
        self.step_size_up, self.step_size_down = step_size_up, step_size_down or step_size_up
        self.mode, self.gamma, self.cycle_momentum = mode, gamma, cycle_momentum
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state to save, without the function of the scale."""
        return {**super().state_dict(), "_scale_fn_custom": None}

    def scale_fn(self, x: int) -> float:
        """Compute the scale from the number of the cycle, or from that of the steps, whichever `scale_mode` says."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        scales = {"triangular": 1.0, "triangular2": 0.5 ** (x - 1), "exp_range": self.gamma**x}
        return float(scales[self.mode])

    def get_lr(self) -> list[float]:
        """Compute the rate of each group, and set the momenta."""
        cycle, at = divmod(self.last_epoch, self.step_size_up + self.step_size_down)
        up, down = self.step_size_up, self.step_size_down
        height = at / up if at <= up else (up + down - at) / down
        height *= self.scale_fn(cycle + 1 if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for i, group in enumerate(self.optimizer.param_groups):
                high = self.max_momentums[i]
                _set_momentum(group, high - (high - self.base_momentums[i]) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


class OneCycleLR(LRScheduler, example=("max_lr=1.0, total_steps=5, pct_start=0.6", [0.04, 0.52, 1.0, 0.5, 0.0])):
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

    Raises
    ------
    ValueError
        If an option is out of its range; and from `step` if it is called more than `total_steps` times.

    References
    ----------
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: Share = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
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
        _check_momentum("OneCycleLR", optimizer, cycle_momentum)
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
                _set_momentum(group, self._between(momenta[level], momenta[end], part))
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


def _check_momentum(owner: str, optimizer: Optimizer, cycle_momentum: bool) -> None:
    """Raise if momentum should go up and down, and the optimizer has none."""
    if cycle_momentum and not {"betas", "momentum"} & {*optimizer.defaults}:
        raise ValueError(
            f"{type(optimizer).__name__} has neither momentum nor betas: give {owner} cycle_momentum=False"
        )


def _set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Set the momentum of a group, or its first beta."""
    if "betas" in group:
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
