"""Sequential and chained schedules: made of others, one after the other or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from .._optimizer import Optimizer
from ._base import LRScheduler
from ._plateau import ReduceLROnPlateau


class _Combined(LRScheduler):
    """Schedulers of the same optimizer."""

    _not_saved = frozenset({"optimizer", "_schedulers"})

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler]) -> None:
        self._schedulers = list(schedulers)
        for i, scheduler in enumerate(self._schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(f"scheduler {i} of {type(self).__name__} is a {type(scheduler).__name__}")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise TypeError(
                    f"scheduler {i} of {type(self).__name__} is a ReduceLROnPlateau, which needs a metric in each "
                    f"step: step it by itself"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(f"scheduler {i} of {type(self).__name__} is of another optimizer")
        super().__init__(optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state to save, with the states of all schedulers."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        states = state_dict.get("_schedulers", ())
        if len(states) != len(self._schedulers):
            raise ValueError(
                f"the state does not fit {type(self).__name__}: it is of {len(states)} schedulers, this one has "
                f"{len(self._schedulers)}"
            )
        super().load_state_dict(state_dict)
        for scheduler, state in zip(self._schedulers, states, strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_Combined):
    """Schedules one after the other, each from its own beginning.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    schedulers
        Schedulers of that optimizer. Each starts from the rates that the optimizer had when the first was made.
    milestones
        The epochs at which the second, the third, ... begin.

    Examples
    --------
    >>> import nn
    >>> from nn.optim.lr_scheduler import ExponentialLR, LinearLR, SequentialLR
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> warm_up = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warm_up, ExponentialLR(optimizer, gamma=0.5)], milestones=[2])
    >>> rates = []
    >>> for _ in range(5):
    ...     rates.append(scheduler.get_last_lr()[0])
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        self._milestones = list(milestones)
        if len(schedulers) != len(self._milestones) + 1:
            raise ValueError(
                f"SequentialLR needs a milestone between each two schedulers: {len(schedulers)} schedulers do not go "
                f"with {len(self._milestones)} milestones"
            )
        if any(one >= two for one, two in pairwise([0, *self._milestones])):
            raise ValueError(f"milestones should be above 0 and grow, not {self._milestones}")
        super().__init__(optimizer, schedulers)

    def _advance(self) -> None:
        """Count one step and let the scheduler whose turn it is set the rates."""
        self.last_epoch += 1
        scheduler = self._schedulers[bisect_right(self._milestones, self.last_epoch)]
        if self.last_epoch in (0, *self._milestones):
            scheduler._begin()
        else:
            scheduler._advance()
        self._note_rates()


class ChainedScheduler(_Combined):
    """Schedules that all change the rates in each step, so that their factors multiply.

    Parameters
    ----------
    schedulers
        Schedulers of the same optimizer, made one after the other.
    optimizer
        That optimizer; by default the one of the first scheduler.

    Examples
    --------
    >>> import nn
    >>> from nn.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0)
    >>> held_back = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler = ChainedScheduler([held_back, ExponentialLR(optimizer, gamma=0.5)])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates.append(scheduler.get_last_lr()[0])
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler needs at least one scheduler")
        super().__init__(schedulers[0].optimizer if optimizer is None else optimizer, schedulers)

    def _advance(self) -> None:
        """Count one step and let all schedulers change the rates; at first they have already done so."""
        self.last_epoch += 1
        for scheduler in self._schedulers if self.last_epoch else ():
            scheduler._advance()
        self._note_rates()

    def _begin(self) -> None:
        """Restart all schedules."""
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr
        self.last_epoch = 0
        for scheduler in self._schedulers:
            scheduler.last_epoch = -1
            scheduler._advance()
        self._note_rates()
