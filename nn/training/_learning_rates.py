"""Learning-rate finder: a short training whose learning rate grows until the loss does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from .._blocks import modes_kept
from ..module import Module
from ..random import redrawing, seed_of
from ._data import Batch, Batches, Source
from ._evaluation import check_loss, dtype_of, trained_columns
from ._fit import source_to_train
from ._types import Data, Loss

if TYPE_CHECKING:
    from ..optim import Optimizer

_SMOOTH = 0.9  # how much of the mean of the losses before is kept
_DIVERGED = 4  # the search ends where the smoothed loss is so many times its least


@dataclass(frozen=True)
class LearningRateSearch:
    """What `find_learning_rate` found; `nn.plots.learning_rate_search` draws it.

    Attributes
    ----------
    rates
        The learning rate of each step.
    losses
        The loss of the batch of each step, smoothed.
    suggestion
        A tenth of the rate at which the smoothed loss was least, where it still fell; nan if it never fell.
    """

    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    suggestion: float = math.nan


def find_learning_rate(
    model: Module,
    data: Data,
    loss: Loss,
    optimizer: Optimizer,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int | None = None,
    seed: int | None = None,
    rng: int | np.random.Generator | None = None,
) -> LearningRateSearch:
    """Find a learning rate: train with one that grows from step to step, until the loss grows.

    The model, the optimizer and the generator of `nn` are afterwards as they were before.

    Parameters
    ----------
    model, data, loss, optimizer, batch_size, seed, rng
        As for `fit`.
    lowest, highest
        The learning rates of the first and of the last step; between them each is the one before times a factor.
    steps
        How many steps to take at most; data are gone through as often as that needs.

    Raises
    ------
    ValueError
        If the loss is not finite in the first step, or the rates or steps are out of range.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", WACV 2017.

    Examples
    --------
    >>> import nn
    >>> from datasets import make_moons
    >>> _ = nn.manual_seed(0)
    >>> model = nn.MLP([2, 16, 2])
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> found = nn.training.find_learning_rate(model, make_moons(400), nn.CrossEntropyLoss(), optimizer)
    >>> 0.05 < found.suggestion < 2
    True
    """
    if not 0 < lowest < highest < math.inf:
        raise ValueError(f"lowest={lowest}, highest={highest}: rates are above 0, and the lowest is below the highest")
    if not isinstance(steps, int) or steps < 2:
        raise ValueError(f"steps should be a whole number of at least 2, not {steps!r}")
    check_loss(loss)
    with redrawing()():
        source = source_to_train(data, steps, batch_size, seed_of(seed, rng), dtype_of(model), trained_columns(model))
        kept = model.state_dict(), optimizer.state_dict()
        loader = source.loader if isinstance(source, Batches) else None
        place = None if loader is None else loader.state_dict()
        try:
            with modes_kept(model):
                model.train()
                rates = np.geomspace(lowest, highest, steps).tolist()
                return _search(model, loss, optimizer, rates, _batches(source))
        finally:
            optimizer.zero_grad()
            model.load_state_dict(kept[0])
            optimizer.load_state_dict(kept[1])
            if loader is not None:
                loader.load_state_dict(place)


def _batches(source: Source) -> Iterator[Batch]:
    for epoch in count():
        empty = True
        for batch in source.epoch(epoch):
            empty = False
            yield batch
        if empty:
            raise ValueError(
                "there is not one batch to train with: is the data empty, or an iterator that was used up?"
            )


def _search(
    model: Module, loss: Any, optimizer: Any, rates: list[float], batches: Iterator[Batch]
) -> LearningRateSearch:
    tried: list[float] = []
    losses: list[float] = []
    mean = 0.0
    for rate, batch in zip(rates, islice(batches, len(rates)), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        value = loss(model(*batch.inputs), batch.target)
        number = value.item()
        if not math.isfinite(number):
            if not losses:
                raise ValueError(f"the loss is {number} in the first step: look at the data, and at the weights")
            break
        mean = _SMOOTH * mean + (1 - _SMOOTH) * number
        tried.append(rate)
        losses.append(mean / (1 - _SMOOTH ** (len(losses) + 1)))
        if losses[-1] > _DIVERGED * abs(min(losses)) + abs(losses[0]):
            break
        value.backward()
        optimizer.step()
    least = int(np.argmin(losses))
    return LearningRateSearch(tried, losses, tried[least] / 10 if least else math.nan)
