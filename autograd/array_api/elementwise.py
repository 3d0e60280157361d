"""Elementwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant, named, wrapped


def _unary(function: Callable[..., Any], name: str = "") -> Callable[[ArrayOrTensor], Tensor]:
    """Make the standard's function of one array from NumPy's."""

    def apply(x: ArrayOrTensor, /) -> Tensor:
        return wrapped(function(as_array(x)))

    return named(apply, name or function.__name__, f"Compute `numpy.{function.__name__}` of each element.")


def _binary(function: Callable[..., Any], name: str = "") -> Callable[[TensorLike, TensorLike], Tensor]:
    """Make the standard's function of two arrays, or of an array and a Python number, from NumPy's."""

    def apply(x1: ArrayOrTensor, x2: ArrayOrTensor, /) -> Tensor:
        return wrapped(function(x1, x2))

    return named(apply, name or function.__name__, f"Compute `numpy.{function.__name__}` of each element.")


abs, conj = _unary(np.absolute, "abs"), _unary(np.conjugate, "conj")
real, imag, sign, signbit = _unary(np.real), _unary(np.imag), _unary(np.sign), _unary(np.signbit)
negative, positive, reciprocal = map(_unary, (np.negative, np.positive, np.reciprocal))
exp, log, log1p, log2, log10 = map(_unary, (np.exp, np.log, np.log1p, np.log2, np.log10))
sqrt, square = map(_unary, (np.sqrt, np.square))
sin, cos, tan = map(_unary, (np.sin, np.cos, np.tan))
asin, acos, atan = _unary(np.arcsin, "asin"), _unary(np.arccos, "acos"), _unary(np.arctan, "atan")
sinh, cosh, tanh = map(_unary, (np.sinh, np.cosh, np.tanh))
asinh, acosh, atanh = _unary(np.arcsinh, "asinh"), _unary(np.arccosh, "acosh"), _unary(np.arctanh, "atanh")
ceil, floor, round, trunc = _unary(np.ceil), _unary(np.floor), _unary(np.round), _unary(np.trunc)
isfinite, isinf, isnan = map(_unary, (np.isfinite, np.isinf, np.isnan))
bitwise_invert, logical_not = _unary(np.invert, "bitwise_invert"), _unary(np.logical_not)

add, subtract, multiply, divide = map(_binary, (np.add, np.subtract, np.multiply, np.divide))
floor_divide, remainder, pow = _binary(np.floor_divide), _binary(np.remainder), _binary(np.power, "pow")
atan2, hypot, logaddexp = _binary(np.arctan2, "atan2"), _binary(np.hypot), _binary(np.logaddexp)
copysign, nextafter = map(_binary, (np.copysign, np.nextafter))
equal, not_equal, less, less_equal = map(_binary, (np.equal, np.not_equal, np.less, np.less_equal))
greater, greater_equal, maximum, minimum = map(_binary, (np.greater, np.greater_equal, np.maximum, np.minimum))
bitwise_and, bitwise_or, bitwise_xor = map(_binary, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
logical_and, logical_or, logical_xor = map(_binary, (np.logical_and, np.logical_or, np.logical_xor))
bitwise_left_shift = _binary(np.left_shift, "bitwise_left_shift")
bitwise_right_shift = _binary(np.right_shift, "bitwise_right_shift")


def expm1(x: ArrayOrTensor, /) -> Tensor:
    """Compute `numpy.expm1` of each element; of infinite complex numbers as C99 does, where NumPy gives nan."""
    array = as_array(x)
    if array.dtype.kind != "c":
        return wrapped(np.expm1(array))
    return wrapped(np.where(np.isfinite(array.data.real), np.expm1(array), np.exp(array) - 1))


def clip(x: ArrayOrTensor, /, min: TensorLike | None = None, max: TensorLike | None = None) -> Tensor:
    """Limit each element from below and above, either of which may be None; the dtype stays that of `x`."""
    x = as_array(x)
    if min is None and max is None:
        return wrapped(np.copy(x))
    return wrapped(np.clip(x, _bound(min, x.dtype), _bound(max, x.dtype)))


def _bound(bound: TensorLike | None, dtype: np.dtype[Any]) -> Any:
    """Return a bound in the dtype of the array it limits; NumPy would widen the result instead."""
    if getattr(bound, "dtype", dtype) == dtype:
        return bound
    return bound.astype(dtype) if isinstance(bound, Tensor) else np.asarray(constant(bound), dtype)
