"""Half precision: sums, counts and squares are computed in single precision."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from .operands import ARRAYS, is_batched

P = ParamSpec("P")
R = TypeVar("R")

HALF = np.dtype(np.float16)


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
