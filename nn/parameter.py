"""Parameter: a tensor that a module trains."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import Tensor, tensor
from autograd.extend import borrow, lend, pickled, same_tensor

watchers: WeakSet[Any] = WeakSet()  # their `parameter_made` is called when a parameter is made


class Parameter(Tensor):
    """A tensor that becomes a parameter of the `Module` that it is assigned to.

    It has its own class, so that a module can tell the tensors that it trains from other tensors that require a
    gradient. Operations on it give plain tensors.

    Parameters
    ----------
    data
        The values, which are copied, because optimizers change a parameter in place.
    requires_grad
        Whether `backward` computes a gradient for it; False for a frozen parameter.
    dtype
        The dtype; float32 by default, whatever the dtype of `data`.

    Examples
    --------
    >>> from nn import Parameter
    >>> Parameter([1, 2])
    Parameter([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike | Tensor, requires_grad: bool = True, dtype: DTypeLike | None = None) -> None:
        # numpy.array keeps the memory order of its argument, and layers choose that order for speed
        own = np.array(borrow(data), dtype=np.float32 if dtype is None else dtype)
        super().__init__(own, requires_grad)
        if requires_grad:
            lend(self, own)  # no other reference to it exists
        if watchers:
            for watcher in list(watchers):
                watcher.parameter_made()

    def __repr__(self) -> str:
        body = np.array2string(borrow(self), separator=", ", prefix="Parameter(")
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        return f"Parameter({body}{dtype}, requires_grad={self.requires_grad})"

    def __reduce__(self) -> tuple[Any, ...]:
        return pickled(Parameter, borrow(self), self.requires_grad, self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copied = memo[id(self)] = Parameter(borrow(self), self.requires_grad, self.dtype)
        if self.grad is not None:
            copied.grad = tensor(self.grad)
        return copied


def standing_in(value: Any) -> Parameter:
    """Return a tensor or an array as a parameter, with the same memory and place in the graph."""
    return value if isinstance(value, Parameter) else same_tensor(value, Parameter)
