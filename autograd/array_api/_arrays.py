"""Conversions between the namespace and NumPy: tensors in, tensors out, all on one device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor, as_tensor
from autograd.inside import ArrayOrTensor, TensorLike

CPU = "cpu"


def as_array(x: ArrayOrTensor | np.generic) -> Any:
    """Return an array as a tensor: itself, or one that shares the memory of an ndarray.

    Its type is Any, because NumPy's annotations know nothing of tensors.

    Raises
    ------
    TypeError
        If `x` is not an array but, for example, a list or a Python number.
    """
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.ndarray | np.generic):
        return as_tensor(x)
    raise TypeError(f"the standard's functions take arrays here, not {type(x).__name__}: make one with asarray")


def wrapped(result: TensorLike) -> Tensor:
    """Return the result of a NumPy function as a tensor."""
    return result if isinstance(result, Tensor) else Tensor(result)


def constant(x: TensorLike | DTypeLike | None) -> Any:
    """Return the values of an array, for functions without a derivative."""
    return x.data if isinstance(x, Tensor) else x


def named(apply: Callable[..., Tensor], name: str, description: str) -> Callable[..., Tensor]:
    """Give a function that was made for one of NumPy's its name and documentation."""
    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = description
    return apply


def check_device(device: str | None) -> None:
    """Raise ValueError unless the device is None or the CPU, the only one."""
    if device is not None and device != CPU:
        raise ValueError(f"there is no device {device!r}: every array is on {CPU!r}")
