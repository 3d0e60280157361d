"""Tensor states: what is known of a tensor that shows a traced array while a function runs, and what changes it.

Tensors are shared with other threads, which must not meet traced arrays. So while a function is recorded, the tensors
that it uses are of a subclass whose array and gradient are what the recorder says to the context that records, and the
tensor's own to everybody else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ...arrays.door import concrete, recorder
from ...arrays.traced import Traced
from ...tensors.tensor import Tensor, constant_tensor
from .memory import address_of, array_at, owner_of
from .program import Memory
from .types import Array

_class: Any = vars(object)["__class__"]


class TensorState:
    """A tensor that shows a traced array while a function runs.

    Attributes
    ----------
    shown
        The array and the gradient, as ``"_array"`` and ``"_grad"``, that the tensor shows to the recording context.
    """

    def __init__(self, tensor: Tensor, fetch: Any, is_argument: bool) -> None:
        self.tensor, self.fetch, self.node, self.is_argument = tensor, fetch, tensor._node, is_argument
        self.kind: Any = type(tensor)
        self.shown: dict[str, Any] = {"_array": None}  # until it is taken
        self.had_gradient = getattr(tensor, "_grad", None) is not None
        # Of an argument, each call may have another one: its gradient goes to memory of its own.
        self.argument_buffer = getattr(tensor._node, "buffer", None) if is_argument else None
        self.begins = True  # until the first call on real arrays, or the end
        self.traced: Any = None
        self.gradient: Any = None
        self.traced_gradient: Any = None
        self.first_gradient: Any = None
        self.first_array: Any = tensor._array
        self.first_buffer: Any = None if is_argument else getattr(tensor._node, "buffer", None)
        self.replaced = False  # whether the function gives it another array
        self.shares = False  # whether its first gradient lies in memory that something else holds
        self.set_aside: Memory | None = None  # what the buffer for its gradient is part of
        if not issubclass(self.kind, _Watched):  # or a recorder around this one has it
            _class.__set__(tensor, _watched(self.kind))  # type: ignore[arg-type]  # classes are hashable

    def let_go(self) -> int:
        """Hold the memory set aside for the gradient no more, so that it is claimed: the gradient is cleared.

        The tensor shows others the same numbers, in another array. Returns the identity of the first, or 0.
        """
        buffer, gradient = getattr(self.node, "buffer", None), self.gradient
        if buffer is None or gradient is None or gradient._array is not buffer.array:
            return 0
        array = alone(gradient._array)
        self.first_gradient.value, self.gradient = array, tensor_like(gradient, array)
        vars(Tensor)["_grad"].__set__(self.tensor, self.gradient)
        return id(buffer.array)

    def is_other(self, then: dict[str, Any]) -> bool:
        """Tell whether the tensor has another array, or a new gradient, than when it showed what is given."""
        gradient = self.shown.get("_grad")
        return self.shown["_array"] is not then["_array"] or (
            gradient is not None and gradient is not then.get("_grad")
        )

    def release(self) -> None:
        """Give the tensor its own class again."""
        if not issubclass(self.kind, _Watched):
            _class.__set__(self.tensor, self.kind)


class _Watched:
    """The mark of classes of tensors that a recorder watches."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Do nothing: a program's own class of tensors has no new subclass to see to."""


@cache
def _watched(kind: Any) -> Any:
    """Return the subclass of a class of tensors that shows what the recorder says."""
    shown = {"__class__": property(lambda x: kind), "_array": _shown("_array"), "_grad": _shown("_grad")}
    own = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind)(kind.__name__, (_Watched, kind), own | shown)


def _shown(name: str) -> property:
    """Return a property that shows an attribute to the context that records, and the tensor's own to all others."""
    slot: Any = vars(Tensor)[name]

    def shown_by(x: Tensor) -> Any:
        records: Any = recorder.get()
        state = None if records is None or not records.shows() else records.tensors.get(id(x))
        return None if state is None else state.shown

    def read(x: Tensor) -> Any:
        shown = shown_by(x)
        if shown is None:
            return slot.__get__(x)
        if name not in shown:
            raise AttributeError(name)  # as a slot without a value
        return shown[name]

    def write(x: Tensor, value: Any) -> None:
        shown = shown_by(x)
        if shown is None:
            slot.__set__(x, value)
        else:
            shown[name] = value

    return property(read, write)


def tensor_like(tensor: Tensor, array: Array | Traced) -> Tensor:
    """Return a tensor of an array with the node of another."""
    made = constant_tensor(array)  # type: ignore[arg-type]  # traced for a while
    made._node = tensor._node
    return made


def holds_traced(x: Any) -> bool:
    """Tell whether something is a tensor of a traced array."""
    return isinstance(x, Tensor) and type(concrete(x._array)) is not type(x._array)


def set_array(tensor: Tensor, array: Array) -> None:
    """Let a tensor have another array."""
    tensor._array = array


def set_gradient(tensor: Tensor, array: Array) -> None:
    """Let a tensor have a gradient."""
    tensor._grad = constant_tensor(array)


def set_gradient_in_buffer(tensor: Tensor) -> None:
    """Let a tensor have the gradient that was written to the memory set aside for it."""
    node: Any = tensor._node
    set_gradient(tensor, node.buffer.array)


def clear_gradient(tensor: Tensor) -> None:
    """Take the gradient from a tensor."""
    tensor._grad = None


def give_back(tensors: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> None:
    """Let tensors have the gradients that were taken from them."""
    for tensor, gradient in zip(tensors, gradients, strict=True):
        tensor._grad = gradient


def _references() -> int:
    alone = object()
    return sys.getrefcount(alone)


ALONE = _references()  # to an object that a variable of a function holds, and nothing else


def alone(array: Array) -> Any:
    """Return an array at the same place of memory, that has no reference to the one given."""
    return array_at(owner_of(array), address_of(array), array.shape, array.dtype, array.strides)


def set_aside_for(fetch: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function of the leaves of the arguments that returns the memory for the gradient of a tensor.

    Who holds the buffer's array itself keeps it from being claimed.
    """

    def memory(leaves: Any) -> Any:
        return alone(fetch(leaves)._node.buffer.array)

    return memory


HARMLESS = frozenset((clear_gradient, set_gradient, set_gradient_in_buffer))
