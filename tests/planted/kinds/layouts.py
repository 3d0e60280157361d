"""Errors that show only for some memory layouts of inputs and cotangents, or for some values of cotangents."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..planting import At, Right
from ..subjects import Array, Subject
from .kind import Example, changed, kind, typical, where


def reversed_memory(array: Array) -> Array:
    back = (slice(None, None, -1),) * array.ndim
    return np.array(array[back])[back]


def strided(array: Array) -> Array:
    wide = np.full((*array.shape, 2), 7, array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def read_only(array: Array) -> Array:
    array = np.array(array)
    array.flags.writeable = False
    return array


def _is_array(x: Any) -> bool:
    return type(x) is np.ndarray


def _given(subject: Subject, index: int) -> bool:
    """Tell whether the operation is given the input as it lies in memory."""
    return subject.declared is not None and not subject.prepared


@kind(needs=("x",), fits=_given, example=changed(strided))
def strided_input(right: Right, at: At) -> Any:
    """Wrong where x is not contiguous."""
    odd = _is_array(at.x) and not at.x.flags.c_contiguous and not at.x.flags.f_contiguous
    return right() * 2.0 if odd else right()


def _reads(subject: Subject, index: int) -> bool:
    """Tell whether the rule reads the input."""
    if not _given(subject, index) or subject.variadic:
        return False
    assert subject.declared is not None
    return subject.declared.parameters[index] in subject.declared.needs[index]


@kind(needs=("x",), fits=_reads, example=changed(np.asfortranarray))
def reads_the_base(right: Right, at: At) -> Any:
    """The rule reads x in the order in which it lies in memory."""
    if not _is_array(at.x) or at.x.flags.c_contiguous:
        return right()
    return right(x=np.ravel(at.x, order="K").reshape(at.x.shape))


@kind(needs=("x",), fits=_given, example=changed(np.asfortranarray))
def fortran_input(right: Right, at: At) -> Any:
    """Wrong where x is in Fortran order."""
    fortran = _is_array(at.x) and at.x.flags.f_contiguous and not at.x.flags.c_contiguous
    return right() * 2.0 if fortran else right()


@kind(needs=("x",), fits=_given, example=changed(reversed_memory))
def negative_strides_of_input(right: Right, at: At) -> Any:
    """Wrong where a stride of x is negative."""
    return right() * 2.0 if _is_array(at.x) and min(at.x.strides, default=0) < 0 else right()


@kind(needs=("x",), fits=_given, example=changed(read_only))
def read_only_input(right: Right, at: At) -> Any:
    """Wrong where x is read-only."""
    return right() * 2.0 if _is_array(at.x) and not at.x.flags.writeable else right()


def _with_cotangent(change: Callable[[Array], Array]) -> Callable[[Subject, int], Example]:
    return lambda subject, index: replace(typical(subject, index), cotangent=change)


@kind(example=_with_cotangent(strided))
def strided_cotangent(right: Right, at: At) -> Any:
    """Wrong where the cotangent is not contiguous."""
    odd = _is_array(at.g) and not at.g.flags.c_contiguous and not at.g.flags.f_contiguous
    return right() * 2.0 if odd else right()


@kind(example=_with_cotangent(lambda g: np.array(g, order="F")))
def fortran_cotangent(right: Right, at: At) -> Any:
    """Reads a cotangent in Fortran order as if it were in C order."""
    if not _is_array(at.g) or at.g.flags.c_contiguous or not at.g.flags.f_contiguous:
        return right()
    return right(g=np.ravel(at.g, order="K").reshape(at.g.shape))


@kind(example=_with_cotangent(reversed_memory))
def negative_strides_of_cotangent(right: Right, at: At) -> Any:
    """Wrong where a stride of the cotangent is negative."""
    return right() * 2.0 if _is_array(at.g) and min(at.g.strides, default=0) < 0 else right()


def _broadcast(g: Array) -> Array:
    return np.broadcast_to(np.asarray(0.7, g.dtype), g.shape)


@kind(example=_with_cotangent(_broadcast))
def broadcast_cotangent(right: Right, at: At) -> Any:
    """Wrong where the cotangent is one number for all elements, as that of a sum."""
    return right() * 2.0 if _is_array(at.g) and at.g.size > 1 and not any(at.g.strides) else right()


@kind(example=_with_cotangent(read_only))
def read_only_cotangent(right: Right, at: At) -> Any:
    """Wrong where the cotangent is read-only."""
    return right() * 2.0 if _is_array(at.g) and not at.g.flags.writeable else right()


@kind()
def negative_cotangent(right: Right, at: At) -> Any:
    """Wrong where the cotangent is negative."""
    return right(g=where(np.less(np.real(at.g), 0), at.g))


def _with_a_zero(g: Array) -> Array:
    g = np.array(g)
    g.flat[:1] = 0
    return g


@kind(example=_with_cotangent(_with_a_zero))
def zero_cotangent(right: Right, at: At) -> Any:
    """Where the cotangent is 0 the gradient is not."""
    return right(g=np.where(np.equal(at.g, 0), at.g + 0.5, at.g))


@kind(example=_with_cotangent(lambda g: g * 100))
def large_cotangent(right: Right, at: At) -> Any:
    """Cotangents over 10 are clipped."""
    return right(g=np.where(np.greater(np.abs(at.g), 10), at.g * (10 / (np.abs(at.g) + 1e-300)), at.g))


@kind(example=_with_cotangent(lambda g: g * 1e-9))
def small_cotangent(right: Right, at: At) -> Any:
    """Cotangents under 1e-6 are lost."""
    return right(g=where(np.less(np.abs(at.g), 1e-6), at.g, 0.0))


@kind()
def not_linear(right: Right, at: At) -> Any:
    """The gradient grows with the square of the cotangent."""
    return right(g=at.g * np.abs(at.g))


@kind()
def cotangent_in_single(right: Right, at: At) -> Any:
    """The cotangent is rounded to single precision."""
    return right(g=at.g.astype(np.float32).astype(at.g.dtype)) if at.g.dtype == np.float64 else right()
