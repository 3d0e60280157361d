"""Batch normalization over the rows of all ranks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd import DerivativeError, Tensor
from autograd.extend import evaluated_again

from .._arguments import TensorLike, example
from ..functional._kernels.standardize import Moments
from ..functional._norm import batch_norm_with
from ..module import Module
from ..modules.batchnorm import BatchNorm1d, BatchNorm2d
from ..modules.norm import check_channels
from ._blocks import lockstep
from ._collectives import add_up, all_reduce
from ._processes import world

_for_nothing: ContextVar[bool] = ContextVar("_for_nothing", default=False)


@contextmanager
def counting_for_nothing() -> Iterator[None]:
    """Compute with rows that are in no mean: a rank without rows has to compute too, for the others wait for it."""
    token = _for_nothing.set(True)
    try:
        yield
    finally:
        _for_nothing.reset(token)


class SharedMoments(Moments):
    """The mean and the variance of the rows of all ranks."""

    def __init__(self) -> None:
        self._count: float | None = None
        self._for_nothing = _for_nothing.get()

    def total(self, sums: Any) -> Any:
        """Return the sums over all ranks, or over all blocks."""
        running = lockstep()
        if world().size == 1 and running is None:
            return sums
        if isinstance(sums, Tensor):
            if running is not None:
                raise DerivativeError("with reproducible=True there are no higher derivatives of SyncBatchNorm")
            return all_reduce(sums * 0 if self._for_nothing else sums)
        wide = np.zeros(sums.size) if self._for_nothing else sums.astype(np.float64).reshape(-1)
        if running is None:
            add_up(wide, "SyncBatchNorm")
        else:
            wide = running[0].total(running[1], wide)
        return wide.astype(sums.dtype).reshape(sums.shape)

    def count(self, own: int) -> Any:
        """Return the number of elements of all ranks."""
        if self._count is None:
            self._count = int(self.total(np.array([float(own)]))[0])
        return self._count


class SyncBatchNorm(BatchNorm1d):
    """`BatchNorm1d` and `BatchNorm2d` over the rows of all ranks: mean and variance are those of the whole batch.

    All ranks have to call it, the same number of times, and go through the backward pass; those of fewer rows count
    less. With one process it is batch normalization as ever. `convert_sync_batchnorm` puts it in the place of the
    others.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As for `BatchNorm1d`.

    Attributes
    ----------
    weight, bias, running_mean, running_var, num_batches_tracked
        As for `BatchNorm1d`, so that their states are exchangeable.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.distributed.SyncBatchNorm(1)(np.float32([[1], [3]])).data.round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    dimensions: tuple[int, ...] = (2, 3, 4, 5)

    def forward(self, x: TensorLike) -> Tensor:
        if not self.training and self.running_mean is not None:
            return super().forward(x)
        x = self._checked(x)
        check_channels(self, x, 1, self.num_features)
        if _for_nothing.get():  # what arrives from the means of others is no gradient of these rows
            x = x.detach() + x * 0
        running = lockstep()
        moving = self.training and self.track_running_stats and (running is None or running[1] == 0)
        moving = moving and not evaluated_again()
        mean, variance = (self.running_mean, self.running_var) if moving else (None, None)
        momentum = self._momentum() if moving else 0.0
        out = batch_norm_with(SharedMoments(), x, mean, variance, self.weight, self.bias, True, momentum, self.eps)
        if moving:
            self.num_batches_tracked[...] += 1
        return out

    @classmethod
    def convert_sync_batchnorm(cls, module: Module) -> Module:
        """Do what `nn.distributed.convert_sync_batchnorm` does, under PyTorch's name."""
        return convert_sync_batchnorm(module)


@example(
    "nn.distributed.convert_sync_batchnorm(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))[1]",
    "SyncBatchNorm(4, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
)
def convert_sync_batchnorm(module: Module) -> Module:
    """Put a `SyncBatchNorm` in the place of each `BatchNorm1d` and `BatchNorm2d` of a model.

    The parameters and running statistics stay the same objects, so an optimizer that has them keeps them.

    Parameters
    ----------
    module
        The model, which is changed.

    Returns
    -------
    Module
        The model, or, if it is itself a batch normalization, what takes its place.

    Raises
    ------
    TypeError
        If it has a layer of a class that derives from one of the two: what that does would be lost.
    """
    if not isinstance(module, Module):
        raise TypeError(f"convert_sync_batchnorm() takes an nn.Module, not {type(module).__name__}")
    made: dict[int, Module] = {}
    for path, inner in module.named_modules():
        if type(inner) in (BatchNorm1d, BatchNorm2d):
            same: Any = object.__new__(SyncBatchNorm)
            same.__dict__.update(inner.__dict__)
            made[id(inner)] = same
        elif isinstance(inner, BatchNorm1d) and not isinstance(inner, SyncBatchNorm):
            raise TypeError(
                f"{path or 'the module'} is a {type(inner).__name__}, which derives from BatchNorm: have it derive "
                f"from nn.distributed.SyncBatchNorm"
            )
    for inner in list(module.modules()):
        for name, value in list(inner.__dict__.items()):
            inner.__dict__[name] = _replaced(value, made)
    return made.get(id(module), module)


def _replaced(value: Any, made: dict[int, Module]) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_replaced(item, made) for item in value)
    if type(value) is dict:
        return {key: _replaced(item, made) for key, item in value.items()}
    return made.get(id(value), value)
