"""Operands of functions: conversion to arrays or tensors, and to dtypes to compute in; and what a forward saves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from autograd import DtypeError, Tensor, as_tensor
from autograd.extend import ARRAY_TYPES, as_array, borrow, innermost, overwrite

from ..._arguments import TensorLike

P = ParamSpec("P")
R = TypeVar("R")
HALF = np.dtype(np.float16)
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
        reason = "call it, as in model(X), for its output" if callable(value) else error
        raise DtypeError(
            f"{function} needs {name} as an array or tensor of numbers, not {type(value).__name__}: {reason}"
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


def as_real(function: str, name: str, value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Return `value` as an array or tensor of real numbers.

    Integers, bools and values that are not arrays are converted to `dtype`, so that they do not promote other operands.
    """
    if isinstance(value, Tensor):
        pass
    elif isinstance(value, ARRAYS):
        value = borrow(value)  # unless it is masked
    else:
        value = as_operand(function, name, value)
        if value.dtype.kind == "f" and dtype is not None:
            return value.astype(dtype)
    kind = value.dtype.kind
    if kind == "f":
        return value
    if kind in "iub":
        return value.astype(np.float64 if dtype is None else dtype)
    raise not_real(function, name, value)


def is_batched(value: Any) -> bool:
    """Tell whether a value is an array, or a tensor of one, that has other numbers for each element of a batch."""
    return innermost(value) is not None


def floating(x: TensorLike) -> Tensor:
    """Return an array of floating-point numbers: integers and bools as float64, as NumPy's means are.

    In integer dtypes a minus could wrap around, and fractions would be cut off.
    """
    array: Any = x if type(x) in ARRAY_TYPES else as_array(x)
    return array if array.dtype.kind in "fc" else array.astype(np.float64)


def real_floating(function: str, x: TensorLike) -> Tensor:
    """Return an array of floating-point numbers that are real, or raise.

    Complex numbers have no order: NumPy compares their real parts first, so that a formula with a maximum gives numbers
    for them that mean nothing, as does one with an absolute value in place of x or -x.
    """
    array: Any = x if type(x) in ARRAY_TYPES else as_array(x)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind == "c":
        raise not_real(function, "input", array)
    return floating(array)


def not_real(function: str, name: str, value: Tensor) -> DtypeError:
    """Return the error for an argument that does not hold real numbers."""
    remedy = ": use .real and .imag, or np.abs" if value.dtype.kind == "c" else ""
    return DtypeError(
        f"{function} computes with real numbers, but {name} has dtype {value.dtype} and shape {value.shape}{remedy}"
    )


def overwritten(input: TensorLike, out: Tensor, inplace: bool) -> Tensor:
    """Return a result, in the memory of the input if that is asked for."""
    return overwrite(input, out) if inplace else out


def in_single(function: Callable[P, R]) -> Callable[P, R]:
    """Let `function` compute in single precision if one of its arguments is in half precision.

    Half precision overflows above 65504: in a count of elements, a sum of 300 squares of 15, a square of 256. The
    result is in half precision, unless another argument has a wider one.
    """

    @functools.wraps(function)
    def apply(*args: P.args, **kwargs: P.kwargs) -> R:
        for value in (*args, *kwargs.values()):
            if getattr(value, "dtype", None) is HALF:
                break
        else:
            return function(*args, **kwargs)
        wide: Any = [_single(value) for value in args]
        named: Any = {name: _single(value) for name, value in kwargs.items()}
        result: Any = function(*wide, **named)
        given: Any = [value for value in (*args, *kwargs.values()) if isinstance(value, ARRAYS) or is_batched(value)]
        dtypes = {value.dtype.char for value in given if not isinstance(value, np.generic)}
        return result if dtypes & set("fd") else result.astype(np.float16)

    return apply


def _single(value: Any) -> Any:
    """Convert an array or tensor in half precision to single precision; return anything else unchanged."""
    if getattr(value, "dtype", None) == HALF and (isinstance(value, ARRAYS) or is_batched(value)):
        return value.astype(np.float32)
    return value


class Saved(list[Any]):
    """A list to which a forward saves what its rules need, made anew for each call.

    A node copies a list that it is given, and what is in it. This one belongs to nobody else, and is kept as it is.
    """
