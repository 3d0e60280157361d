"""Lambda schedules: functions of the epoch."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._optimizer import Optimizer
from ._base import LRScheduler, for_each_group

Functions = Callable[[int], float] | Sequence[Callable[[int], float]]


class LambdaLR(LRScheduler, example=("lambda epoch: 1 / (1 + epoch)", [1.0, 0.5, 0.333])):
    """Set the rate to the initial rate times a function of the epoch.

    Changes that other schedulers made to the rate are lost.

    Parameters
    ----------
    lr_lambda
        Computes the factor from the epoch; or one such function for each group.
    """

    _not_saved = frozenset({"optimizer", "lr_lambdas"})

    def __init__(self, optimizer: Optimizer, lr_lambda: Functions, last_epoch: int = -1) -> None:
        self.lr_lambdas: list[Callable[[int], float]] = for_each_group("lr_lambda", optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * function(self.last_epoch) for base, function in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state to save; of functions that are objects their attributes, of others nothing."""
        kept = [
            None if isinstance(function, types.FunctionType) else dict(getattr(function, "__dict__", {}))
            for function in self.lr_lambdas
        ]
        return {**super().state_dict(), "lr_lambdas": kept}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned; functions stay, except for the attributes of those that are objects."""
        super().load_state_dict(state_dict)
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes:
                vars(function).update(attributes)


class MultiplicativeLR(LambdaLR, example=("lambda epoch: 0.5", [1.0, 0.5, 0.25])):
    """Multiply the rate in each epoch by a function of the epoch.

    Parameters
    ----------
    lr_lambda
        Computes the factor of an epoch, from 1 on; or one such function for each group.
    """

    def get_lr(self) -> list[float]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if not self._last_lr or self.last_epoch == 0:
            return rates
        return [lr * function(self.last_epoch) for lr, function in zip(rates, self.lr_lambdas, strict=True)]
