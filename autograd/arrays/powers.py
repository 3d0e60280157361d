"""What NumPy's operator ``**`` computes: for some exponents a square, a root or a reciprocal, not a power."""

from __future__ import annotations

from typing import Any

import numpy as np


class _Asked(np.ndarray[Any, Any]):
    """An array that answers to an operator with the ufunc that computes it, and what that is given."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return ufunc, inputs


def power_call(x: Any, y: Any) -> tuple[np.ufunc, tuple[Any, ...]]:
    """Return the ufunc that computes ``x ** y`` for an array, and what it is given.

    NumPy itself is asked, since which exponents have functions of their own changes with its version. Other digits come
    from them: the square of a complex number is not its power of 2.
    """
    if type(y) is not int and type(y) is not float:
        return np.power, (x, y)
    ufunc, inputs = _Asked(1, x.dtype) ** y
    return ufunc, (x, *inputs[1:])
