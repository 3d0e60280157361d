"""Conversions between the namespace and NumPy: tensors in, tensors out, all on the one device."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensors.tensor import Tensor, as_tensor

__all__ = ["CPU", "as_array", "check_device", "constant", "wrapped"]

CPU = "cpu"


def as_array(x: Any) -> Any:
    """Return an array as a tensor: itself, or one that shares the memory of an ndarray.

    To type checkers it is anything, for NumPy's annotations know nothing of tensors.

    Raises
    ------
    TypeError
        If `x` is no array, such as a list or a Python number.
    """
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.ndarray | np.generic):
        return as_tensor(x)
    raise TypeError(f"the standard's functions take arrays here, not {type(x).__name__}: make one with asarray")


def wrapped(result: Any) -> Tensor:
    """Return what a NumPy function gave as a tensor."""
    return result if isinstance(result, Tensor) else Tensor(result)


def constant(x: Any) -> Any:
    """Return the values of an array, for functions through which no derivative goes."""
    return x.data if isinstance(x, Tensor) else x


def check_device(device: Any) -> None:
    """Raise ValueError if a device is asked for that is not the processor, the only one that there is."""
    if device is not None and device != CPU:
        raise ValueError(f"there is no device {device!r}: every array is on {CPU!r}")
