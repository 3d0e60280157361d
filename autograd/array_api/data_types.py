"""Data types: limits, conversion and promotion of dtypes."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, check_device, constant, wrapped

numpy: Any = np  # NumPy's annotations accept neither tensors nor names of dtypes here

bool = np.dtype(np.bool_)
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
float32, float64 = np.dtype(np.float32), np.dtype(np.float64)
complex64, complex128 = np.dtype(np.complex64), np.dtype(np.complex128)


@dataclass(frozen=True)
class FloatLimits:
    """Limits of a real floating-point dtype, or of each part of a complex one, as Python numbers."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class IntegerLimits:
    """Limits of an integer dtype."""

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def cast(x: Tensor, dtype: DTypeLike, *, copy: builtins.bool) -> Tensor:
    """Return `x` in another dtype; integer and boolean dtypes stop derivatives."""
    target = np.dtype(dtype)
    if target == x.dtype and not copy:
        return wrapped(x)
    if target.kind in "fc":
        return wrapped(numpy.astype(x, target, copy=copy))
    return Tensor(x.data.astype(target, copy=copy))


def astype(x: ArrayOrTensor, dtype: DTypeLike, /, *, copy: builtins.bool = True, device: str | None = None) -> Tensor:
    """Return the elements in another dtype; `x` itself if it has that dtype and `copy` is false.

    Raises
    ------
    TypeError
        If complex numbers would become real, which loses their imaginary parts: take `real` or `abs` first.
    """
    check_device(device)
    array, target = as_array(x), np.dtype(dtype)
    if array.dtype.kind == "c" and target.kind not in "cb":
        raise TypeError(f"{array.dtype} numbers do not become {target} without a loss: take real(x), imag(x) or abs(x)")
    return cast(array, target, copy=copy)


def can_cast(from_: ArrayOrTensor | DTypeLike, to: DTypeLike, /) -> Any:
    """Tell whether one dtype, or that of an array, can be cast to another by promotion rules."""
    return np.can_cast(_dtype_of(from_), np.dtype(to))


def finfo(type: ArrayOrTensor | DTypeLike, /) -> FloatLimits:
    """Return the limits of a floating-point dtype, or of the dtype of an array."""
    found = np.finfo(_dtype_of(type))
    eps, most, least, smallest = map(float, (found.eps, found.max, found.min, found.smallest_normal))
    return FloatLimits(found.bits, eps, most, least, smallest, np.dtype(found.dtype))


def iinfo(type: ArrayOrTensor | DTypeLike, /) -> IntegerLimits:
    """Return the limits of an integer dtype, or of the dtype of an array."""
    found = np.iinfo(_dtype_of(type))
    return IntegerLimits(found.bits, int(found.max), int(found.min), np.dtype(found.dtype))


def isdtype(dtype: DTypeLike, kind: DTypeLike | tuple[DTypeLike, ...]) -> Any:
    """Tell whether a dtype is of a kind such as ``"real floating"``, equals another dtype, or fits one of several."""
    return numpy.isdtype(dtype, kind)


def result_type(*arrays_and_dtypes: TensorLike | DTypeLike) -> np.dtype[Any]:
    """Return the dtype to which arrays, dtypes and Python numbers are promoted together."""
    return np.result_type(*map(constant, arrays_and_dtypes))


def _dtype_of(type: ArrayOrTensor | DTypeLike) -> np.dtype[Any]:
    return np.dtype(type.dtype if isinstance(type, Tensor | np.ndarray) else type)
