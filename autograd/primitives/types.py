"""Types of declarations, for type checkers: the declared function, its rules, and the resulting operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Protocol, TypeAlias, TypeVar, overload

from numpy.typing import ArrayLike

from ..tensors.tensor import Tensor

Input: TypeAlias = ArrayLike | Tensor | Sequence[ArrayLike | Tensor]
ArrayFunction: TypeAlias = Callable[..., ArrayLike]
ArraysFunction: TypeAlias = Callable[..., tuple[ArrayLike, ...]]
GradientRule: TypeAlias = Callable[..., ArrayLike | Tensor | None]  # its parameters say what it is given
TangentRule: TypeAlias = Callable[..., Any]  # of several outputs it returns a tuple


class Scalar(Protocol):
    """A number in a graph, such as a `Value`."""

    data: float
    grad: float


S = TypeVar("S", bound=Scalar)


class Operation(Protocol):
    """A declared operation: it maps a tensor to a tensor, a `Value` to a `Value`, and ndarrays alone to an ndarray."""

    @property
    def __name__(self) -> str: ...
    @overload
    def __call__(self, x: Input, /, *others: Any, **arguments: Any) -> Tensor: ...
    @overload
    def __call__(self, x: S, /, *others: Any, **arguments: Any) -> S: ...


OperationOfSeveralOutputs: TypeAlias = Callable[Concatenate[Input, ...], Any]  # a tuple, possibly a named tuple
