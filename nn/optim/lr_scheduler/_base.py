"""LRScheduler, the base class: the epoch, the rates to start from, and the state to save."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakSet

from autograd.extend import done_outside, outside_types

from ..._arguments import check_constructor, document
from ..._warnings import warn
from .._kinds import kinds_of
from .._optimizer import Optimizer

T = TypeVar("T")
_EXAMPLE = """\
>>> import nn
>>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=1.0, momentum=0.9)
>>> scheduler = {}(optimizer, {})
>>> rates = []
>>> for _ in range({}):
...     rates.append(round(scheduler.get_last_lr()[0], 3))
...     optimizer.step()
...     scheduler.step()
>>> rates
{}"""


_made: WeakSet[LRScheduler] = WeakSet()


def schedulers_of(optimizer: object) -> list[LRScheduler]:
    """Return the schedulers that were made for an optimizer and are still there."""
    return [each for each in _made if getattr(each, "optimizer", None) is optimizer]


class LRScheduler:
    """Set the learning rates of an optimizer; the base class of all schedulers.

    A subclass defines `get_lr`, and sets its own attributes before it calls ``super().__init__(optimizer)``.

    Parameters
    ----------
    optimizer
        Whose groups' ``lr`` is set.
    last_epoch
        The index of the last complete epoch, for a training that is resumed with an optimizer whose state was loaded;
        -1 for a new one. It is simpler to make a new scheduler and call its `load_state_dict`.

    Attributes
    ----------
    base_lrs
        The rate that each group started from; groups have it as ``initial_lr``.
    last_epoch
        How many steps were taken.

    Examples
    --------
    >>> import nn
    >>> class Halved(nn.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = nn.optim.SGD([nn.Parameter([1.0])], lr=0.1)
    >>> scheduler = Halved(optimizer)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.05]
    """

    _not_saved = frozenset({"optimizer"})  # attributes that are not part of the state

    def __init_subclass__(cls, example: tuple[str, list[float]] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        check_constructor(cls)
        name, (arguments, rates) = f"{cls.__module__.partition('._')[0]}.{cls.__name__}", example or ("", [])
        document(cls, example=_EXAMPLE.format(name, arguments, len(rates), rates) if example else "")

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"group {i} of the optimizer has no initial_lr to go on from with last_epoch={last_epoch}: load "
                    f"the state of the optimizer first"
                )
        _made.add(self)
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._last_lr: list[float] = []
        self._advance()

    def get_lr(self) -> list[float]:
        """Compute the rate of each group after `last_epoch` steps; ``group["lr"]`` still has the rate before."""
        raise NotImplementedError

    def get_last_lr(self) -> list[float]:
        """Return the rates that were set last."""
        return list(self._last_lr)

    @done_outside
    def step(self) -> None:
        """Go on by one epoch, or by one batch, whichever the schedule counts."""
        of_user = not type(self.optimizer).step.__module__.startswith("nn.")  # it need not say that it was called
        if self.last_epoch == 0 and not self.optimizer.stepped and not of_user:
            warn(
                "scheduler.step() was called before optimizer.step(): the first rate of the schedule is never used. "
                "Call optimizer.step() first"
            )
        if len(self.optimizer.param_groups) != len(self.base_lrs):
            raise ValueError(
                f"the optimizer has {len(self.optimizer.param_groups)} groups of parameters, but {type(self).__name__} "
                f"was made for {len(self.base_lrs)}: make it after the last add_param_group"
            )
        self._advance()

    def _advance(self) -> None:
        """Count one step and set the rates."""
        self.last_epoch += 1
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._note_rates()

    def _note_rates(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _begin(self) -> None:
        """Restart the schedule, from the rates that it was made with."""
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr
        self.last_epoch = -1
        self._advance()

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state to save, without the optimizer, which has a state of its own."""
        kept = {name: copy.deepcopy(value) for name, value in vars(self).items() if name not in self._not_saved}
        return {"kind": type(self).__name__, **kept}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned; load the state of the optimizer as well, which has the rates.

        Raises
        ------
        ValueError
            If it is the state of another kind of scheduler, or of another number of groups of parameters.
        """
        own = type(self).__name__
        kind = state_dict.get("kind", own)  # PyTorch does not note it
        if kind != own:
            raise ValueError(f"the state is that of {kind}, and this is {own}: load it into one of the same kind")
        missing = [name for name in vars(self) if name not in state_dict and name != "optimizer"]
        if missing:
            raise ValueError(f"the state does not fit {own}: it has no {missing}")
        options = set().union(*kinds_of(LRScheduler).values())
        foreign = [name for name in state_dict if name.lstrip("_") in options and name not in vars(self)]
        if foreign:
            raise ValueError(f"the state does not fit {own}: it has {foreign}, as another kind of scheduler")
        counts = [len(rates) for rates in (state_dict["_last_lr"], self._last_lr)]
        if counts[0] != counts[1]:
            raise ValueError(f"the state is of {counts[0]} groups of parameters, this optimizer has {counts[1]}")
        vars(self).update({name: copy.deepcopy(state_dict[name]) for name in vars(self) if name not in self._not_saved})

    def __repr__(self) -> str:
        kept = {name: value for name, value in vars(self).items() if name[0] != "_" and name != "optimizer"}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in kept.items())})"


check_constructor(LRScheduler)


def for_each_group(name: str, optimizer: Optimizer, value: T | Sequence[T]) -> list[T]:
    """Return one value for each group of the optimizer: those given, or the one given for all."""
    count = len(optimizer.param_groups)
    values: list[Any] = list(value) if isinstance(value, list | tuple) else [value] * count
    if len(values) != count:
        raise ValueError(f"{name} has {len(values)} values, but the optimizer has {count} groups of parameters")
    return values


outside_types.append(LRScheduler)
