"""Parameters: the tensors that a module trains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import Tensor, tensor
from autograd.extend import borrow, lend

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that becomes a parameter of the `Module` that it is assigned to.

    It is a class of its own, not just any tensor that requires a gradient, so that a module can tell what it is meant
    to train from what it only holds. Operations on it give plain tensors.

    Parameters
    ----------
    data
        The values, which are copied: optimizers change a parameter in place.
    requires_grad
        Whether `backward` computes a gradient for it; a frozen parameter does without.
    dtype
        The type of the elements; float32 by default, whatever `data` has.

    Examples
    --------
    >>> from nn import Parameter
    >>> Parameter([1, 2])
    Parameter([1., 2.], dtype=float32, requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike | Tensor, requires_grad: bool = True, dtype: DTypeLike | None = None) -> None:
        # numpy.array keeps the memory order of what it copies, and layers choose that order for speed
        own = np.array(borrow(data), dtype=np.float32 if dtype is None else dtype)
        super().__init__(own, requires_grad)
        if requires_grad:
            lend(self, own)  # nobody else has it

    def __repr__(self) -> str:
        body = np.array2string(borrow(self), separator=", ", prefix="Parameter(")
        dtype = "" if self.dtype == np.float64 else f", dtype={self.dtype}"
        return f"Parameter({body}{dtype}, requires_grad={self.requires_grad})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameter, (borrow(self), self.requires_grad, self.dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copied = memo[id(self)] = Parameter(borrow(self), self.requires_grad, self.dtype)
        if self.grad is not None:
            copied.grad = tensor(self.grad)
        return copied
