"""What arguments have to be, said where they are handed over and by their names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import DtypeError

__all__ = ["check_argnums", "check_callable", "check_number", "check_numeric", "described"]


def check_callable(name: str, value: Any) -> None:
    """Raise unless the argument `name` can be called."""
    if not callable(value):
        raise TypeError(f"{name} should be a function, not {described(value)}")


def check_number(name: str, value: Any, positive: bool = False) -> None:
    """Raise unless the argument `name` is a finite real number of at least 0, or above it."""
    if not isinstance(value, int | float | np.integer | np.floating) or isinstance(value, np.timedelta64):
        raise TypeError(f"{name} should be a number, not {described(value)}")
    if not 0 <= value < math.inf or (positive and value == 0):
        raise ValueError(f"{name} should be a finite number {'above' if positive else 'of at least'} 0, not {value!r}")


def check_argnums(argnums: Any) -> None:
    """Raise unless `argnums` is the place of an argument, or several."""
    places = argnums if isinstance(argnums, tuple | list) else (argnums,)
    if not all(isinstance(place, int) and not isinstance(place, bool) for place in places):
        raise TypeError(
            f"argnums should be the place of an argument, as in argnums=0, or a tuple of places, not "
            f"{described(argnums)}"
        )


def check_numeric(what: str, dtype: np.dtype[Any]) -> None:
    """Raise unless a dtype is of numbers, so that nothing else is cast to them in silence."""
    if dtype.kind not in "biufc":
        raise DtypeError(f"{what} should hold numbers, not dtype {dtype}")


def described(value: Any) -> str:
    """Return the type of a value and what of its text fits into a message."""
    words = repr(value)
    if value is None:
        return words
    return f"{type(value).__name__} {words if len(words) < 60 else words[:57] + '...'}"
