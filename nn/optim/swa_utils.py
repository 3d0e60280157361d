"""Stochastic weight averaging: the mean of a model's weights or their moving average, and a schedule for it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from autograd import Tensor, no_grad
from autograd.extend import borrow, done_outside, mark_written, missing

from .._arguments import example
from .._blocks import modes_kept
from ..module import Module
from ..modules.batchnorm import BatchNorm1d
from ._optimizer import Optimizer
from .lr_scheduler import LRScheduler
from .lr_scheduler._base import for_each_group

__all__ = ["SWALR", "AveragedModel", "get_ema_multi_avg_fn", "get_swa_multi_avg_fn", "update_bn"]

Array = np.ndarray[Any, Any]
MultiAverage = Callable[[list[Array], list[Array], int], None]


@example(
    "average = np.array([1.0])",
    "nn.optim.swa_utils.get_ema_multi_avg_fn(0.75)([average], [np.array([2.0])], 3)",
    "average",
    "array([1.25])",
)
def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """Return a function for `AveragedModel` that keeps a moving average: ``decay * average + (1 - decay) * new``."""
    if not 0 <= decay <= 1:
        raise ValueError(f"decay should be from 0 to 1, not {decay}")
    return lambda averages, values, count: _approach(averages, values, 1 - decay)


def get_swa_multi_avg_fn() -> MultiAverage:
    """Return a function for `AveragedModel` that keeps the mean of all values; `AveragedModel` does so by default."""
    return lambda averages, values, count: _approach(averages, values, 1 / (count + 1))


def _approach(averages: list[Array], values: list[Array], part: float) -> None:
    """Move each average towards a value, by a part of the way."""
    for average, value in zip(averages, values, strict=True):
        difference = np.subtract(value, average)
        if part < 0.5:
            average += difference * part
        else:  # from the nearer end, so that a part of 1 arrives exactly
            np.subtract(value, difference * (1 - part), average)


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those that the model had during its training.

    Parameters
    ----------
    model
        The model, which is copied.
    avg_fn
        Computes the next average, ``avg_fn(average, value, count)``, from an average, a value of the model (both
        ndarrays) and the number of values that the average is of.
    multi_avg_fn
        The same for all parameters at once: ``multi_avg_fn(averages, values, count)`` gets lists of ndarrays and
        changes the averages in place. By default the mean of all values is kept: see `get_swa_multi_avg_fn`.
    use_buffers
        Whether buffers, such as running means, are averaged too; otherwise, and if they are not of floating-point
        numbers, they are those of the model.

    Attributes
    ----------
    module
        The copy.
    n_averaged
        A buffer: how many values the averages are of.

    References
    ----------
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.Linear(1, 1)
    >>> averaged = nn.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    Parameter([[1.]], dtype=float32, requires_grad=True)
    Parameter([[2.]], dtype=float32, requires_grad=True)
    Parameter([[6.]], dtype=float32, requires_grad=True)
    >>> averaged.module.weight
    Parameter([[3.]], dtype=float32, requires_grad=True)
    """

    module: Any  # of the type of the model
    n_averaged: Any

    def __init__(
        self,
        model: Module,
        avg_fn: Callable[[Array, Array, int], Any] | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("give AveragedModel either avg_fn or multi_avg_fn, not both")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", np.zeros((), np.int64))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute what the copy does."""
        return self.module(*args, **kwargs)

    @done_outside
    def update_parameters(self, model: Module) -> None:
        """Take the present values of a model's parameters into the averages.

        Raises
        ------
        ValueError
            If the model has other parameters than the one that was copied.
        """
        averages, values = dict(_arrays(self.module, self.use_buffers)), dict(_arrays(model, self.use_buffers))
        shapes, own = ({name: array.shape for name, array in arrays.items()} for arrays in (values, averages))
        if shapes != own:
            raise ValueError(f"the model has parameters of shapes {shapes}, the one that was copied has {own}")
        count = int(self.n_averaged)
        self._average(list(averages.values()), list(values.values()), count)
        for average in averages.values():
            mark_written(average)
        for module, other in zip(self.module.modules(), model.modules(), strict=True):
            for name, value in other.named_buffers(recurse=False):
                if not (self.use_buffers and _is_averaged(value)):
                    _copy_buffer(module, name, value)
        self.n_averaged[...] = count + 1

    def _average(self, averages: list[Array], values: list[Array], count: int) -> None:
        if count == 0:
            for average, value in zip(averages, values, strict=True):
                average[...] = value
        elif self.avg_fn is not None:
            for average, value in zip(averages, values, strict=True):
                average[...] = self.avg_fn(average, value, count)
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averages, values, count)


def _arrays(model: Module, with_buffers: bool) -> Iterator[tuple[str, Array]]:
    """Yield what is averaged of a model, by its name."""
    for name, parameter in model.named_parameters():
        yield name, borrow(parameter)
    for name, buffer in model.named_buffers() if with_buffers else ():
        if _is_averaged(buffer):
            yield name, borrow(buffer)


def _copy_buffer(module: Module, name: str, value: Any) -> None:
    """Copy the values of a buffer into another, in its own memory where they fit."""
    memory, new = borrow(getattr(module, name)), borrow(value)
    if isinstance(memory, np.ndarray) and (memory.shape, memory.dtype) == (np.shape(new), getattr(new, "dtype", None)):
        np.copyto(memory, new)
        mark_written(memory)
    else:
        setattr(module, name, copy.deepcopy(value))


def _is_averaged(buffer: Any) -> bool:
    return isinstance(buffer, np.ndarray | Tensor) and buffer.dtype.kind == "f"


@example(
    "model = nn.Sequential(nn.BatchNorm1d(1))",
    "nn.optim.swa_utils.update_bn([np.float32([[1], [3]]), np.float32([[5], [7]])], model)",
    "model[0].running_mean",
    "array([4.], dtype=float32)",
)
def update_bn(loader: Iterable[Any], model: Module) -> None:
    """Recompute the running statistics of batch normalization, as the means over all batches of a loader.

    Averaged weights do not match statistics that were measured before: call this after the last
    `AveragedModel.update_parameters`.

    Parameters
    ----------
    loader
        Yields batches, or tuples or lists whose first member is a batch.
    model
        The model; it has the same mode, training or evaluation, afterwards.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, BatchNorm1d)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    try:
        with modes_kept(model), no_grad():
            model.train()
            for batch in loader:
                model(batch[0] if isinstance(batch, tuple | list) else batch)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


class SWALR(LRScheduler, example=("swa_lr=0.5, anneal_epochs=2, anneal_strategy='linear'", [1.0, 0.75, 0.5, 0.5])):
    """Move the rate to a constant, with which the weights then move among values that are worth averaging.

    After t of `anneal_epochs` steps the rate is ``(1 - a) * base + a * swa_lr`` with ``a = (1 - cos(pi * t /
    anneal_epochs)) / 2``, or ``a = t / anneal_epochs``. Where others change the rate as well, what is left of the way
    to `swa_lr` becomes shorter in the same proportion.

    Parameters
    ----------
    optimizer, last_epoch
        As for `LRScheduler`.
    swa_lr
        The constant rate, or one for each group.
    anneal_epochs
        The number of epochs until it is reached; with 0 it is the rate from the first step on.
    anneal_strategy
        ``"cos"`` or ``"linear"``.

    References
    ----------
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs should be a whole number from 0 on, not {anneal_epochs!r}")
        self.swa_lrs = for_each_group("swa_lr", optimizer, swa_lr)
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self.last_epoch > 0 and not self._last_lr:  # a resumed training: the optimizer has the rate
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


if not TYPE_CHECKING:  # with it, type checkers would take any name for one that there is
    __getattr__ = missing.lookup(__name__)
