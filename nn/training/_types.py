"""Types of what training takes: data, losses and schedulers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from autograd import Tensor

from .._arguments import TensorLike

Data: TypeAlias = tuple[TensorLike, ...] | Iterable[Sequence[TensorLike]]  # arrays of rows, or batches


class Loss(Protocol):
    """A function of the output of a model and the target; it returns one number."""

    def __call__(self, output: Any, target: Any, /) -> Tensor: ...


class Scheduler(Protocol):
    """What changes the learning rate; some are given a figure to judge by."""

    @property
    def step(self) -> Callable[..., object]: ...
