"""What functions of arrays are given: an array or a tensor, or what makes an array of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import DtypeError, Tensor

__all__ = ["as_operand"]

_ARRAYS = (np.ndarray, Tensor, np.generic)  # made once: every call asks for it


def as_operand(function: str, name: str, value: Any) -> Any:
    """Return `value` if it is a tensor or an array, else an array of the numbers that it holds."""
    if isinstance(value, _ARRAYS):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{function} needs {name} as an array or tensor, which a {type(value).__name__} with rows of different "
            f"lengths cannot become"
        ) from None
    if array.dtype.kind not in "biufc":
        raise DtypeError(f"{function} needs {name} as an array or tensor of numbers, not {type(value).__name__}")
    return array
