"""Operands of functions: conversion to arrays or tensors, and to floating-point dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import DtypeError, Tensor, as_tensor
from autograd.extend import ARRAY_TYPES, as_array, borrow, innermost

if TYPE_CHECKING:
    from ..._arguments import TensorLike

__all__ = ["ARRAYS", "as_floating", "as_operand", "floating", "is_batched"]

ARRAYS = (np.ndarray, Tensor, np.generic)  # made once: every call asks for it


def as_operand(function: str, name: str, value: TensorLike) -> Tensor:
    """Return `value` if it is a tensor or an array, else an array of the numbers that it holds."""
    array: Any = value
    if isinstance(value, ARRAYS):
        return (
            array if type(value) in ARRAY_TYPES or isinstance(value, Tensor) else borrow(array)
        )  # unless it is masked
    try:
        array = borrow(as_tensor(value))
    except ValueError:
        raise ValueError(
            f"{function} needs {name} as an array or tensor, which a {type(value).__name__} with rows of different "
            f"lengths cannot become"
        ) from None
    except DtypeError as error:
        raise DtypeError(
            f"{function} needs {name} as an array or tensor of numbers, not {type(value).__name__}: {error}"
        ) from None
    return array


def as_floating(function: str, name: str, value: TensorLike, *beside: TensorLike | None) -> Tensor:
    """Return `value` as an array or tensor of floating-point numbers.

    Integers and bools are promoted by NumPy's rules together with the parameters of a layer, or to float64 where there
    are none.
    """
    value = as_operand(function, name, value)
    if value.dtype.kind not in "iub":
        return value
    others: list[Any] = [other for other in beside if isinstance(other, ARRAYS) or is_batched(other)]
    dtype = np.result_type(value.dtype, *[other.dtype for other in others])
    return value.astype(dtype if dtype.kind == "f" else np.float64)


def is_batched(value: Any) -> bool:
    """Tell whether a value is an array, or a tensor of one, that has other numbers for each element of a batch."""
    return innermost(value) is not None


def floating(x: TensorLike) -> Tensor:
    """Return an array of floating-point numbers: integers and bools as float64, as NumPy's means are.

    In integer dtypes a minus could wrap around, and fractions would be cut off.
    """
    array: Any = x if type(x) in ARRAY_TYPES else as_array(x)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)
