"""Decay schedules: the rate is multiplied by a factor that depends on the epoch alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from ..._arguments import Share, Size
from .._optimizer import Optimizer
from ._base import LRScheduler


class _FactorLR(LRScheduler):
    """Rates of ``eta_min + (base - eta_min) * ratio(epoch)``, also where others change the rates too."""

    eta_min: float = 0.0

    def ratio(self, epoch: int) -> float:
        """Return the factor of the initial rate after a number of steps."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        if self.last_epoch > 0 and not self._last_lr:  # a resumed training: the optimizer has the rate
            return [group["lr"] for group in self.optimizer.param_groups]
        before = self.ratio(self.last_epoch - 1) if self.last_epoch > 0 else 1.0
        now = self.ratio(self.last_epoch)
        pairs = zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        return [self._next(group["lr"], base, before, now) for group, base in pairs]

    def _next(self, lr: float, base: float, before: float, now: float) -> float:
        """Return the rate after `lr`: as the formula says, or changed in proportion where others have changed it."""
        least = self.eta_min
        if lr == least + (base - least) * before:
            return least + (base - least) * now
        if before == 0:
            return lr + (base - least) * now
        return least + (lr - least) * (now / before)


class StepLR(_FactorLR, example=("step_size=2, gamma=0.5", [1.0, 1.0, 0.5, 0.5, 0.25])):
    """Multiply the rate by `gamma` every `step_size` epochs.

    Parameters
    ----------
    step_size
        The number of epochs between two changes.
    gamma
        The factor.
    """

    def __init__(self, optimizer: Optimizer, step_size: Size, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return float(self.gamma ** (epoch // self.step_size))


class MultiStepLR(_FactorLR):
    """Multiply the rate by `gamma` at each of the milestones.

    Parameters
    ----------
    milestones
        The epochs at which it changes; twice at one that is given twice.
    gamma
        The factor.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        if any(epoch < 0 for epoch in self.milestones):
            raise ValueError(f"milestones should be 0 or more, not {sorted(self.milestones)}")
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return float(self.gamma ** sum(count for milestone, count in self.milestones.items() if milestone <= epoch))


class ExponentialLR(_FactorLR):
    """Multiply the rate by `gamma` in each epoch.

    Parameters
    ----------
    gamma
        The factor.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return float(self.gamma**epoch)


class ConstantLR(_FactorLR):
    """Multiply the rate by a factor for the first `total_iters` epochs.

    Parameters
    ----------
    factor
        From 0 to 1.
    total_iters
        The number of epochs after which the rate is the initial one.
    """

    def __init__(
        self, optimizer: Optimizer, factor: Share = 1 / 3, total_iters: Size = 5, last_epoch: int = -1
    ) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(_FactorLR, example=("start_factor=0.25, total_iters=3", [0.25, 0.5, 0.75, 1.0])):
    """Multiply the rate by a factor that changes evenly over the first `total_iters` epochs: a warm-up, or a decay.

    Parameters
    ----------
    start_factor
        The factor at first, above 0 and up to 1.
    end_factor
        The factor after `total_iters` epochs, from 0 to 1.
    total_iters
        The number of epochs after which it stays.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: Share = 1 / 3,
        end_factor: Share = 1.0,
        total_iters: Size = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        if start_factor == 0:
            raise ValueError("start_factor should be above 0: with a rate of 0 the first epoch changes nothing")
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        part = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * part


class PolynomialLR(_FactorLR):
    """Multiply the rate by ``(1 - epoch / total_iters)**power``, which is 0 from `total_iters` epochs on.

    Parameters
    ----------
    total_iters
        The number of epochs until the rate is 0.
    power
        1 for an even decay; with more it is faster at first.
    """

    def __init__(self, optimizer: Optimizer, total_iters: Size = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        if power < 0:
            raise ValueError(f"power should be 0 or more, not {power}")
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        return float((1 - min(epoch, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(_FactorLR, example=("T_max=2", [1.0, 0.5, 0.0])):
    """Lower the rate to `eta_min` along half a wave of the cosine, and raise it again in the same way.

    The rate is ``eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2``.

    Parameters
    ----------
    T_max
        The number of epochs of half a wave.
    eta_min
        The least rate.

    References
    ----------
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
    """

    def __init__(self, optimizer: Optimizer, T_max: Size, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def ratio(self, epoch: int) -> float:
        """Return the factor of the initial rate, above the least, after a number of steps."""
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2
