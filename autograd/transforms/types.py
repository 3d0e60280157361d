"""Types of transforms, for type checkers: the functions that they take and return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

from numpy.typing import ArrayLike

from ..tensors.tensor import Tensor

Aux = TypeVar("Aux")
Tree = TypeVar("Tree")  # a pytree: an array, or dicts, lists, tuples and dataclasses of arrays
NumberFunction: TypeAlias = Callable[..., ArrayLike | Tensor]
NumberAndAux: TypeAlias = Callable[..., tuple[ArrayLike | Tensor, Aux]]
SparseFormat: TypeAlias = Literal["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]


class Gradient(Protocol):
    """The gradient by the first argument, built like that. By a number or a tensor it is one or the other."""

    @overload
    def __call__(self, x: Tensor | float, /, *args: Any, **kwargs: Any) -> Any: ...
    @overload
    def __call__(self, x: Tree, /, *args: Any, **kwargs: Any) -> Tree: ...


class ValueAndGradient(Protocol):
    """The value, and the gradient by the first argument, which is built like that."""

    @overload
    def __call__(self, x: Tensor | float, /, *args: Any, **kwargs: Any) -> tuple[Any, Any]: ...
    @overload
    def __call__(self, x: Tree, /, *args: Any, **kwargs: Any) -> tuple[Any, Tree]: ...
