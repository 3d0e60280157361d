"""Parameters and values of distributions: conversion, broadcasting, and checks of their constraints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import borrow, everywhere, whole

from .._arguments import TensorLike
from ..functional._kernels.operands import as_operand, as_real

if TYPE_CHECKING:
    from .constraints import Constraint

WEAK = (bool, int, float, list, tuple)  # they take the dtype of what is beside them


def as_parameters(owner: str, values: dict[str, TensorLike]) -> dict[str, Any]:
    """Return parameters as arrays or tensors of one floating-point dtype.

    Python's numbers and lists take the dtype of the others; alone they are float32, as parameters of layers are. Arrays
    of integers become float64 where no other has a floating-point dtype.
    """
    arrays: dict[str, Any] = {
        name: as_operand(owner, name, value) for name, value in values.items() if not isinstance(value, WEAK)
    }
    found = {name: as_real(owner, name, value) for name, value in arrays.items()}
    floating = {value.dtype for value in arrays.values() if value.dtype.kind == "f"}
    dtype = np.result_type(*(floating or {value.dtype for value in found.values()} or {np.dtype(np.float32)}))
    for name, value in values.items():
        real = found[name] if name in found else as_real(owner, name, value, dtype)
        found[name] = real if real.dtype == dtype else real.astype(dtype)
    return {name: found[name] for name in values}


def broadcast_batches(owner: str, values: dict[str, Any], event_dims: dict[str, int]) -> tuple[int, ...]:
    """Broadcast parameters against each other, but for the axes at the end of each that belong to one event.

    The values of the dictionary are replaced; the shape is returned.
    """
    for name, value in values.items():
        if value.ndim < event_dims[name]:
            kind = "vector" if event_dims[name] == 1 else "matrix"
            raise ShapeError(f"{owner}: {name} should be a {kind} or a stack of them, not of shape {value.shape}")
    batches = {name: value.shape[: value.ndim - event_dims[name]] for name, value in values.items()}
    try:
        shape = np.broadcast_shapes(*batches.values())
    except ValueError:
        shapes = " and ".join(f"{name} of shape {value.shape}" for name, value in values.items())
        raise ShapeError(f"{owner}: {shapes} do not broadcast against each other") from None
    for name, value in values.items():
        if batches[name] != shape:
            values[name] = np.broadcast_to(value, shape + value.shape[value.ndim - event_dims[name] :])
    return shape


def check(owner: str, name: str, value: TensorLike, constraint: Constraint) -> None:
    """Raise if values break a constraint, with the first of them and its place."""
    array: Any = borrow(value)
    ok: Any = constraint.check(array)
    if everywhere(ok):
        return
    held = np.asarray(whole(ok))
    values = np.asarray(whole(array))
    event = values.shape[values.ndim - constraint.event_dim :] if constraint.event_dim else ()
    values = np.broadcast_to(values, held.shape + event)
    place = tuple(map(int, np.argwhere(~held)[0]))
    where = f"{name}{list(place)}" if place else name
    found = np.array2string(values[place], precision=6, separator=", ", threshold=12).replace("\n", "")
    remedy = "" if name == "value" else constraint.remedy  # which is about parameters
    count = f" ({int((~held).sum())} of {held.size} are not)" if held.size > 1 else ""
    raise ValueError(f"{owner}: {name} should be {constraint.described}, but {where} is {found}{count}{remedy}")


def shape_of(sample_shape: int | Sequence[int]) -> tuple[int, ...]:
    """Return the shape of samples as a tuple; one number stands for one axis."""
    given: Any = sample_shape
    if hasattr(given, "__index__") and not isinstance(given, bool):
        given = (given,)
    try:
        shape = tuple(n.__index__() for n in given)
    except (TypeError, AttributeError):
        raise TypeError(f"sample_shape should be a tuple of integers, not {sample_shape!r}") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"sample_shape should be of integers of 0 or more, not {sample_shape!r}")
    return shape


def logs_of(probs: Tensor) -> tuple[Any, Any]:
    """Return logarithms of probabilities and of what they lack of 1; for those of 0, of the least positive numbers."""
    info = np.finfo(probs.dtype)
    return (
        np.log(np.where(probs > 0, probs, info.smallest_subnormal)),
        np.log1p(-np.where(probs < 1, probs, 1 - info.epsneg)),
    )
