"""DataParallel: a model that each rank computes for rows of its own, with gradients that are those of all rows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import numpy as np

from autograd import Tensor, general, is_grad_enabled, tree_map

from ..module import Module
from ._collectives import begin_to_add_up
from ._gradients import add_up_gradients, equalize, own_buffers, spread_buffers
from ._processes import world


class DataParallel(Module):
    """Train a model on several ranks, each with rows of its own, in a loop of your own; `nn.fit` needs no wrapper.

    It is PyTorch's ``DistributedDataParallel``. When it is made, all ranks are given the parameters and buffers of
    rank 0. After each ``backward()`` the gradients are the means over the rows of all ranks, each weighted by how many
    it had (the first axis of the first argument), so all take the same step. All ranks have to call it and
    ``backward()`` as often as the others. Parameters that a rank did not use count as zeros there.

    Parameters
    ----------
    module
        The model. Its loss should be a mean over rows. Running statistics of ``BatchNorm`` are those of rank 0: see
        `convert_sync_batchnorm`.

    Attributes
    ----------
    module
        The model itself, to save and evaluate.

    Raises
    ------
    ValueError
        If the ranks have models of other names, shapes or dtypes; the first that differs is named.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> model = nn.distributed.DataParallel(nn.Linear(3, 1))
    >>> optimizer = nn.optim.SGD(model.parameters(), lr=0.1)
    >>> rank, size = nn.distributed.rank(), nn.distributed.world_size()
    >>> X, y = np.ones((8, 3), np.float32)[rank::size], np.zeros((8, 1), np.float32)[rank::size]
    >>> nn.MSELoss()(model(X), y).backward()
    >>> optimizer.step()
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        if not isinstance(module, Module):
            raise TypeError(f"DataParallel() takes an nn.Module, not {type(module).__name__}")
        self.module = module
        self._reducing = True
        self._calls = 0
        self._weight: _Weight | None = None  # of the last call
        self._parts = _Parts(module)
        equalize(module)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the model returns."""
        if world().size == 1 or not is_grad_enabled():
            return self.module(*args, **kwargs)
        if self._calls < 10 or self._calls % 50 == 0:
            self._parts.check(self.module)
        self._calls += 1
        if self.module.training:
            spread_buffers(self._parts.buffers)
        if self._weight is not None:
            self._weight.value()  # its memory is needed until then
        first = next((x for x in (*args, *kwargs.values()) if np.shape(x)), None)
        self._weight = _Weight(1 if first is None else len(first))
        return self._watched(self.module(*args, **kwargs), self._weight)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Leave gradients within a ``with`` block those of each rank; the next step outside adds up all of them.

        For gradients that are accumulated over several batches: forward and backward of all but the last are in it.
        """
        before, self._reducing = self._reducing, False
        try:
            yield
        finally:
            self._reducing = before

    def _watched(self, output: Any, weight: _Weight) -> Any:
        """Return the output through an operation that weights its gradient, and depends on a new leaf.

        The gradient of that arrives when those of all parameters have: they do in the order in which leaves were made.
        """
        last = Tensor(np.zeros(()), requires_grad=True)
        if self._reducing:
            own = ref(self)
            last.register_post_accumulate_grad_hook(lambda _: _reduce(own()))
            _recent.append(last)
        return tree_map(
            lambda x: _attached(x, last, weight) if isinstance(x, Tensor) and x.requires_grad else x, output
        )

    def _reduce(self) -> None:
        parameters = [parameter for parameter in self._parts.parameters if parameter.requires_grad]
        add_up_gradients(parameters, np.zeros(len(parameters)), 1 / world().size)


# The leaves of the last calls: one that nobody holds is given no gradient, and a graph does not hold its leaves.
_recent: deque[Tensor] = deque(maxlen=64)


def _reduce(model: DataParallel | None) -> None:
    if model is not None:
        model._reduce()


class _Weight:
    """The rows of this rank beside the mean over all ranks, which arrives while the forward pass goes on."""

    def __init__(self, rows: int) -> None:
        self._rows, self._total = rows, np.array([float(rows)])
        self._wait = begin_to_add_up(self._total, "DataParallel")

    def value(self) -> float:
        """Return the weight, once all ranks have said how many rows they have."""
        self._wait()
        return float(self._rows * world().size / self._total[0])


def _weighted(g: Any, weight: _Weight) -> Any:
    factor = weight.value()
    return g if factor == 1 else g * factor


_attached = general(lambda x, last, weight: x, _weighted, lambda g: np.zeros(()), name="data_parallel")


class _Parts:
    """The parameters of a module, and the buffers that each rank moves by itself, which take long to look for."""

    def __init__(self, module: Module) -> None:
        self.parameters, self.buffers = list(module.parameters()), own_buffers(module)

    def check(self, module: Module) -> None:
        """Raise if the module has others by now."""
        if [id(parameter) for parameter in self.parameters] != [id(parameter) for parameter in module.parameters()]:
            raise ValueError(
                "the model has other parameters than when DataParallel() was given it, whose gradients would not be "
                "added up: make a new one, DataParallel(model), after such a change"
            )
