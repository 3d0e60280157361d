"""Operands of losses: real numbers of one shape, checks of options, and the reduction of the result."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import borrow, whole

from ..._arguments import TensorLike, is_number
from .operands import as_real

Reduction = Literal["none", "mean", "sum"]
_REDUCTIONS = ("mean", "sum", "none")


def check_reduction(reduction: str) -> None:
    """Raise unless `reduction` is one of the three that losses have."""
    if not isinstance(reduction, str) or reduction not in _REDUCTIONS:
        raise ValueError(f'reduction should be "mean", "sum" or "none", not {reduction!r}')


def reduced(losses: Any, reduction: str) -> Tensor:
    """Return the losses, their sum or their mean, which is 0 where there are none."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" and losses.size else losses.sum()


def alike(
    loss: str, input: TensorLike, target: TensorLike, names: tuple[str, str] = ("input", "target")
) -> tuple[Tensor, Tensor]:
    """Return both as real numbers, of one shape: ``(n, 1)`` and ``(n,)`` would broadcast to n x n numbers."""
    input = as_real(loss, names[0], input)
    target = as_real(loss, names[1], target, input.dtype)
    check_shape(loss, input, target, names)
    return input, target


def check_shape(loss: str, input: Tensor, target: Tensor, names: tuple[str, str] = ("input", "target")) -> None:
    """Raise unless both have the same shape."""
    if input.shape == target.shape:
        return
    remedy = "give both the same shape"
    if input.size == target.size:
        remedy = f"use {names[0]}.reshape({target.shape}) or {names[1]}.reshape({input.shape})"
    raise ShapeError(
        f"{loss} has {names[0]} of shape {input.shape} and {names[1]} of shape {target.shape}, which would be "
        f"broadcast against each other: {remedy}"
    )


def weights_for(loss: str, name: str, weight: TensorLike, input: Tensor) -> Tensor:
    """Return weights in the dtype of `input`, to whose shape they must broadcast."""
    weight = as_real(loss, name, weight, input.dtype)
    try:
        fits = np.broadcast_shapes(weight.shape, input.shape) == input.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{loss} has {name} of shape {weight.shape}, which does not broadcast to the shape {input.shape} of input"
        )
    return weight if weight.dtype == input.dtype else weight.astype(input.dtype)


def check_signs(loss: str, target: Tensor) -> None:
    """Raise unless each element of `target` is 1 or -1."""
    values = whole(borrow(target))
    odd = (values != 1) & (values != -1)
    if odd.any():
        place = tuple(map(int, np.argwhere(odd)[0]))
        remedy = "; for labels 0 and 1 use 2 * target - 1" if ((values == 0) | (values == 1)).all() else ""
        raise ValueError(f"{loss} needs targets that are 1 or -1, but target{list(place)} is {values[place]}{remedy}")


def check_positive(loss: str, name: str, value: float, zero: bool = False) -> None:
    """Raise unless an option is a positive number, or 0 if `zero`."""
    if not is_number(value):
        raise TypeError(f"{loss} needs {name} as a number, not {type(value).__name__}")
    if not (value >= 0 if zero else value > 0):
        raise ValueError(f"{loss} needs {name} {'of at least' if zero else 'above'} 0, not {value}")
