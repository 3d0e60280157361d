"""The schedule that goes with averages of weights."""

from __future__ import annotations

import math

from ._optimizer import Optimizer
from .lr_scheduler import LRScheduler
from .lr_scheduler._base import for_each_group

__all__ = ["SWALR"]


class SWALR(LRScheduler):
    """Move the rate to a constant one, with which the weights then wander through values that are worth averaging.

    After t of `anneal_epochs` steps the rate is ``(1 - a) * base + a * swa_lr`` with ``a = (1 - cos(pi * t /
    anneal_epochs)) / 2``, or ``a = t / anneal_epochs``. Where others change the rate as well, what is left of the way
    to `swa_lr` becomes shorter in the same proportion.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    swa_lr
        The constant rate, or one for each group.
    anneal_epochs
        The number of epochs until it is reached; with 0 it is the rate from the first step on.
    anneal_strategy
        ``"cos"`` or ``"linear"``.
    last_epoch
        See `LRScheduler`.

    References
    ----------
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.

    Examples
    --------
    >>> import nn
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> scheduler = nn.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(scheduler.get_last_lr()[0])
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.75, 0.5, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy should be 'cos' or 'linear', not {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs should be a whole number from 0 on, not {anneal_epochs!r}")
        self.swa_lrs = for_each_group("swa_lr", optimizer, swa_lr)
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """Compute the rate of each group."""
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self.last_epoch > 0 and not self._last_lr:  # a training that is continued: the optimizer has the rate
            return rates
        now, before = self._left(self.last_epoch), self._left(self.last_epoch - 1)
        return [
            swa_lr + (lr - swa_lr) * (now / before if before else 0.0)
            for lr, swa_lr in zip(rates, self.swa_lrs, strict=True)
        ]

    def _left(self, epoch: int) -> float:
        """Return how much of the way is left after a number of steps."""
        if self.anneal_epochs == 0:
            return 0.0
        part = min(max(epoch, 0) / self.anneal_epochs, 1.0)
        return 1 - part if self.anneal_strategy == "linear" else (1 + math.cos(math.pi * part)) / 2
