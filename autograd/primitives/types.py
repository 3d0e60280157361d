"""Types of declarations, for type checkers: what is declared, its rules, and the operation that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Protocol, TypeAlias, TypeVar, overload

from numpy.typing import ArrayLike

from ..tensors.tensor import Tensor

__all__ = ["ArrayFunction", "ArraysFunction", "GradientRule", "Operation", "OperationOfSeveralOutputs"]

Input: TypeAlias = ArrayLike | Tensor | Sequence[ArrayLike | Tensor]
ArrayFunction: TypeAlias = Callable[..., ArrayLike]
ArraysFunction: TypeAlias = Callable[..., tuple[ArrayLike, ...]]
GradientRule: TypeAlias = Callable[..., ArrayLike | Tensor | None]  # its parameters name what it is given


class Scalar(Protocol):
    """A number in a graph, as `Value` is one."""

    data: float
    grad: float


S = TypeVar("S", bound=Scalar)


class Operation(Protocol):
    """A declared operation: of a tensor it gives a tensor, of a `Value` one of those; of ndarrays alone, an ndarray."""

    @property
    def __name__(self) -> str: ...
    @overload
    def __call__(self, x: Input, /, *others: Any, **arguments: Any) -> Tensor: ...
    @overload
    def __call__(self, x: S, /, *others: Any, **arguments: Any) -> S: ...


OperationOfSeveralOutputs: TypeAlias = Callable[Concatenate[Input, ...], Any]  # a tuple, which may be a named one
