"""What a parametrization computes its tensor from: the inverse, checks, and new values of parameters and buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import DtypeError, ShapeError, Tensor, no_grad
from autograd.extend import borrow, lend, mark_written

from .._arguments import TensorLike
from ..module import Module
from ..parameter import Parameter


def inverted(modules: Sequence[Module], value: TensorLike, needed: bool = False) -> Any:
    """Return what the first of the parametrizations computes `value` from, a tensor or a list of several.

    One without an inverse passes it on, unless inverses are needed.
    """
    with no_grad():
        for module in reversed(modules):
            inverse: Any = getattr(module, "right_inverse", None)
            if inverse is not None:
                try:
                    value = inverse(value)
                except NotImplementedError:
                    if needed:
                        raise
    found = list(value) if isinstance(value, list | tuple) else value
    for each in listed(found):
        if not isinstance(each, Tensor | np.ndarray):
            raise TypeError(f"right_inverse() should return a tensor, or several, not {type(each).__name__}")
    return found


def listed(found: object) -> list[Any]:
    """Return what `inverted` returned as a list."""
    return found if isinstance(found, list) else [found]


def check_result(what: str, parametrization: Module, originals: Sequence[Any], value: Any) -> None:
    """Raise if the parametrization of a tensor gives something of another kind, shape or dtype than the tensor has."""
    name = type(parametrization).__name__
    found = parametrization(*originals)
    if not isinstance(found, Tensor) and (isinstance(value, Tensor) or not isinstance(found, np.ndarray)):
        raise TypeError(f"the parametrization {name} of {what} should return a tensor, not {type(found).__name__}")
    for quality, error in (("shape", ShapeError), ("dtype", DtypeError)):
        before, after = getattr(value, quality), getattr(found, quality)
        if before != after:
            raise error(
                f"the parametrization {name} changes the {quality} of {what} from {before} to {after}: it may do so if "
                f"it is registered with unsafe=True"
            )


def set_values(own: Any, value: TensorLike) -> None:
    """Give a parameter or buffer new values, in its own memory if that has their shape."""
    memory, values = borrow(own), np.asarray(borrow(value))
    if values is memory:
        return
    if values.dtype != memory.dtype:
        raise DtypeError(f"right_inverse() gave values of {values.dtype} for an original of {memory.dtype}")
    if values.shape == memory.shape:
        np.copyto(memory, values)
        mark_written(memory)
    elif isinstance(own, Tensor):
        own.data = own_values = np.array(values)
        if own.requires_grad:
            lend(own, own_values)  # no other reference to it exists
    else:
        raise ShapeError(f"right_inverse() gave values of shape {values.shape} for a buffer of shape {memory.shape}")


def like(own: object, value: TensorLike) -> Any:
    """Return a new parameter with these values where `own` is one, or an array where it is a buffer."""
    values = np.asarray(borrow(value))
    return Parameter(values, own.requires_grad, values.dtype) if isinstance(own, Parameter) else np.array(values)
