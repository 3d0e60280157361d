"""What operators have in common: their form, and how they read axes and other integers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autograd import Tensor, UnsupportedError, is_grad_enabled
from autograd.extend import borrow

from ..._arguments import TensorLike
from .._program import Node, Value

Array = np.ndarray[Any, Any]
Operator = Callable[
    ..., Any
]  # takes the node and its inputs, arrays or tensors; returns the output, or a tuple of them


def is_floating(x: Value) -> bool:
    """Tell whether an array holds floating-point numbers."""
    return bool(x.dtype.kind == "f")


def integers(value: TensorLike) -> tuple[int, ...]:
    """Return an attribute or a vector as a tuple of integers; a tuple is one already."""
    if isinstance(value, tuple):
        return value
    return tuple(int(item) for item in np.asarray(borrow(value)).reshape(-1))


def number(value: TensorLike) -> Any:
    """Return the one element of an array as Python's number."""
    return floats(value)[0]


def floats(value: TensorLike) -> tuple[Any, ...]:
    """Return an attribute or a vector that is a setting of an operator as a tuple of numbers."""
    if isinstance(value, Tensor) and value.requires_grad and is_grad_enabled():
        raise UnsupportedError(
            "a tensor that requires a gradient is a setting of an operator, which has no derivative: detach() it"
        )
    return read(value)


def read(value: TensorLike) -> tuple[Any, ...]:
    """Return an array as a tuple of numbers, without a derivative."""
    array = np.asarray(borrow(value)).reshape(-1)
    if array.dtype.kind != "f":
        return tuple(item.item() for item in array)
    bits = integers(array.view(f"i{array.itemsize}"))  # integers, as `compile` guards no other values
    whole, floating = {2: ("h", "e"), 4: ("i", "f"), 8: ("q", "d")}[array.itemsize]
    return struct.unpack(f"{len(bits)}{floating}", struct.pack(f"{len(bits)}{whole}", *bits))


def axes_of(n: Node, given: TensorLike | None, ndim: int) -> tuple[int, ...] | None:
    """Return the axes that a node names, in an input or an attribute, counted from 0; None if it names none."""
    axes = n["axes"] if given is None else given
    return None if axes is None else tuple(axis % ndim if ndim else 0 for axis in integers(axes))


def shape_of(x: Value) -> Array:
    """Return the shape of an array as an array."""
    return np.array(x.shape, np.int64)


def refuse_derivatives(n: Node, inputs: Iterable[Any]) -> None:
    """Raise if a gradient with respect to an input of a node without a derivative is wanted."""
    if is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        raise UnsupportedError(
            f"{n} has no derivative here, and one of its inputs requires a gradient: compute within no_grad(), or "
            f"freeze the parameters before it with requires_grad_(False)"
        )


def without_derivative(compute: Operator) -> Operator:
    """Return an operator that raises where its derivative is wanted."""

    def refusing(n: Node, *inputs: Any) -> Any:
        refuse_derivatives(n, inputs)
        return compute(n, *inputs)

    return refusing
