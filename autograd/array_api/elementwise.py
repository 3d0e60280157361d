"""Elementwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant, wrapped


def _unary(name: str, function: Callable[..., Any]) -> Callable[[ArrayOrTensor], Tensor]:
    """Make the standard's function of one array from NumPy's."""

    def apply(x: ArrayOrTensor, /) -> Tensor:
        return wrapped(function(as_array(x)))

    return _named(name, apply, function)


def _binary(name: str, function: Callable[..., Any]) -> Callable[[TensorLike, TensorLike], Tensor]:
    """Make the standard's function of two arrays, or of an array and a Python number, from NumPy's."""

    def apply(x1: ArrayOrTensor, x2: ArrayOrTensor, /) -> Tensor:
        return wrapped(function(x1, x2))

    return _named(name, apply, function)


def _named(name: str, apply: Callable[..., Tensor], function: Callable[..., Any]) -> Callable[..., Tensor]:
    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"Compute `numpy.{function.__name__}` of each element."
    return apply


abs = _unary("abs", np.absolute)
acos = _unary("acos", np.arccos)
acosh = _unary("acosh", np.arccosh)
asin = _unary("asin", np.arcsin)
asinh = _unary("asinh", np.arcsinh)
atan = _unary("atan", np.arctan)
atanh = _unary("atanh", np.arctanh)
bitwise_invert = _unary("bitwise_invert", np.invert)
ceil = _unary("ceil", np.ceil)
conj = _unary("conj", np.conjugate)
cos = _unary("cos", np.cos)
cosh = _unary("cosh", np.cosh)
exp = _unary("exp", np.exp)
floor = _unary("floor", np.floor)
imag = _unary("imag", np.imag)
isfinite = _unary("isfinite", np.isfinite)
isinf = _unary("isinf", np.isinf)
isnan = _unary("isnan", np.isnan)
log = _unary("log", np.log)
log1p = _unary("log1p", np.log1p)
log2 = _unary("log2", np.log2)
log10 = _unary("log10", np.log10)
logical_not = _unary("logical_not", np.logical_not)
negative = _unary("negative", np.negative)
positive = _unary("positive", np.positive)
real = _unary("real", np.real)
reciprocal = _unary("reciprocal", np.reciprocal)
round = _unary("round", np.round)
sign = _unary("sign", np.sign)
signbit = _unary("signbit", np.signbit)
sin = _unary("sin", np.sin)
sinh = _unary("sinh", np.sinh)
sqrt = _unary("sqrt", np.sqrt)
square = _unary("square", np.square)
tan = _unary("tan", np.tan)
tanh = _unary("tanh", np.tanh)
trunc = _unary("trunc", np.trunc)

add = _binary("add", np.add)
atan2 = _binary("atan2", np.arctan2)
bitwise_and = _binary("bitwise_and", np.bitwise_and)
bitwise_left_shift = _binary("bitwise_left_shift", np.left_shift)
bitwise_or = _binary("bitwise_or", np.bitwise_or)
bitwise_right_shift = _binary("bitwise_right_shift", np.right_shift)
bitwise_xor = _binary("bitwise_xor", np.bitwise_xor)
copysign = _binary("copysign", np.copysign)
divide = _binary("divide", np.divide)
equal = _binary("equal", np.equal)
floor_divide = _binary("floor_divide", np.floor_divide)
greater = _binary("greater", np.greater)
greater_equal = _binary("greater_equal", np.greater_equal)
hypot = _binary("hypot", np.hypot)
less = _binary("less", np.less)
less_equal = _binary("less_equal", np.less_equal)
logaddexp = _binary("logaddexp", np.logaddexp)
logical_and = _binary("logical_and", np.logical_and)
logical_or = _binary("logical_or", np.logical_or)
logical_xor = _binary("logical_xor", np.logical_xor)
maximum = _binary("maximum", np.maximum)
minimum = _binary("minimum", np.minimum)
multiply = _binary("multiply", np.multiply)
nextafter = _binary("nextafter", np.nextafter)
not_equal = _binary("not_equal", np.not_equal)
pow = _binary("pow", np.power)
remainder = _binary("remainder", np.remainder)
subtract = _binary("subtract", np.subtract)


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
