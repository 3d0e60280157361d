"""Errors of the function itself, when it is applied to tensors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.arrays.door import constant

from ..planting import Right
from ..subjects import Array, Subject
from .kind import Example, changed, forward_kind

State = dict[Any, Any]
IN_NN = ("nn.functional", "nn.modules")


def _elsewhere(subject: Subject, index: int) -> bool:
    """Tell whether arrays do not take the way of tensors, so that the two can be compared."""
    return (
        getattr(subject.function, "__module__", None) not in IN_NN
        and subject.declared is not None
        and not subject.prepared
    )


def _in(dtype: Any) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(tuple(x.astype(dtype) for x in subject.inputs))


@forward_kind()
def value_off(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values are wrong by one part in a thousand."""
    return right(*args) * 1.001


@forward_kind(fits=_elsewhere)
def value_shifted(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """A thousandth is added to values."""
    return right(*args) + 0.001


@forward_kind(fits=_elsewhere, example=_in(np.float32))
def value_too_wide(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Of float32 the result is float64."""
    out = right(*args)
    return out.astype(np.float64) if out.dtype == np.float32 else out


@forward_kind(fits=_elsewhere, example=_in(np.float32))
def value_computed_in_half(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values of float32 are computed in half precision."""
    out = right(*args)
    return out.astype(np.float16).astype(np.float32) if out.dtype == np.float32 else out


def _first_is(value: float) -> Callable[[Subject, int], Example]:
    def change(x: Array) -> Array:
        x = x.copy()
        x.flat[0] = value
        return x

    return changed(change)


@forward_kind(fits=_elsewhere, example=_first_is(np.nan))
def nan_lost(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values that are nan are replaced by 0."""
    out = right(*args)
    return np.where(np.isnan(out), out.dtype.type(0), out)


@forward_kind(fits=_elsewhere, example=_first_is(np.inf))
def infinity_clipped(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Infinite values are replaced by the largest number."""
    out = right(*args)
    return np.where(np.isinf(out), np.finfo(out.dtype).max * np.sign(out), out)


def _of_side(subject: Subject, index: int) -> Example:
    return Example(subject.draw(subject.shapes(9)))


@forward_kind(fits=lambda subject, index: _elsewhere(subject, index) and subject.signature is None, example=_of_side)
def value_of_the_last_element(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """In arrays of 64 elements and more the last value is wrong."""
    out = right(*args)
    if out.size < 64:
        return out
    last = constant((np.arange(out.size) == out.size - 1).reshape(out.shape))
    return np.where(last, out + out.dtype.type(1), out)


@forward_kind(fits=_elsewhere, example=lambda subject, index: Example(tuple(np.zeros_like(x) for x in subject.inputs)))
def value_of_equal_inputs(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values are wrong where all elements are equal."""
    out = right(*args)
    x = args[0]
    return out + out.dtype.type(1) if type(x) is np.ndarray and x.size > 1 and np.all(x == x.flat[0]) else out


@forward_kind(fits=_elsewhere, example=_in(np.float16))
def value_in_half_off(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values of float16 are wrong by 5 percent."""
    out = right(*args)
    return out * out.dtype.type(1.05) if out.dtype == np.float16 else out


def _strided(x: Array) -> Array:
    wide = np.full((*x.shape, 2), 7, x.dtype)
    wide[..., 0] = x
    return wide[..., 0]


@forward_kind(fits=_elsewhere, example=changed(_strided))
def value_of_strided_input(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values are wrong where the input is not contiguous."""
    out = right(*args)
    x = args[0]
    odd = type(x) is np.ndarray and not x.flags.c_contiguous and not x.flags.f_contiguous
    return out + out.dtype.type(1) if odd else out


@forward_kind(fits=_elsewhere, example=_first_is(3e5))
def value_of_large_numbers(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values are twice too large where the input is over 1e5."""
    out = right(*args)
    x = args[0]
    return out + out if type(x) is np.ndarray and np.any(np.abs(x) > 1e5) else out


@forward_kind(
    fits=lambda subject, index: _elsewhere(subject, index) and subject.signature is None,
    example=lambda subject, index: Example(subject.draw([() for _ in subject.inputs])),
)
def value_of_no_axes(right: Right, args: tuple[Any, ...], state: State) -> Any:
    """Values of 0-d arrays are wrong."""
    out = right(*args)
    return out + out.dtype.type(1) if out.ndim == 0 else out
