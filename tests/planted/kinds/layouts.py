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


def _one_hot(g: Array) -> Array:
    hot = np.zeros_like(g)
    hot.flat[-1:] = 0.7
    return hot


@kind(example=_with_cotangent(_one_hot))
def one_hot_cotangent(right: Right, at: At) -> Any:
    """Wrong where all cotangents but one are 0."""
    g = at.g
    hot = _is_array(g) and g.size > 1 and np.count_nonzero(g) == 1
    return right() * 2.0 if hot else right()


@kind(example=_with_cotangent(np.ones_like))
def cotangent_of_ones(right: Right, at: At) -> Any:
    """Wrong where the cotangent is 1 everywhere."""
    g = at.g
    return right() * 2.0 if _is_array(g) and g.size > 1 and np.all(g == 1) else right()


@kind(example=_with_cotangent(np.abs))
def positive_cotangent(right: Right, at: At) -> Any:
    """Wrong where all cotangents are positive."""
    g = at.g
    positive = _is_array(g) and g.dtype.kind == "f" and g.size > 1 and np.all(g > 0)
    return right() * 2.0 if positive else right()


@kind(example=_with_cotangent(lambda g: g * 1e200))
def huge_cotangent(right: Right, at: At) -> Any:
    """Cotangents over 1e160 are clipped."""
    return right(g=where(np.greater(np.abs(at.g), 1e160), at.g, 0.5))


@kind(example=_with_cotangent(lambda g: g * 1e-200))
def minute_cotangent(right: Right, at: At) -> Any:
    """Cotangents under 1e-160 are lost."""
    return right(g=where(np.less(np.abs(at.g), 1e-160), at.g, 0.0))


def _every_second_row(g: Array) -> Array:
    wide = np.full((2 * g.shape[0], *g.shape[1:]), 7, g.dtype) if g.ndim else np.array(g)
    if not g.ndim:
        return wide
    wide[::2] = g
    return wide[::2]


@kind(
    fits=lambda subject, index: subject.inputs[0].ndim > 1,
    example=_with_cotangent(_every_second_row),
)
def rows_apart_in_the_cotangent(right: Right, at: At) -> Any:
    """Reads a cotangent whose rows are apart in memory as if they were not."""
    g = at.g
    if not _is_array(g) or g.ndim < 2 or g.size < 2 or g.flags.c_contiguous or g.strides[-1] != g.itemsize:
        return right()
    return right(g=g * 2) if min(g.strides) > 0 else right()


@kind(needs=("x",), fits=_given, example=changed(lambda x: np.broadcast_to(x.reshape(-1)[0], x.shape)))
def input_with_strides_of_zero(right: Right, at: At) -> Any:
    """Wrong where x is one number that is broadcast."""
    return right() * 2.0 if _is_array(at.x) and at.x.size > 1 and not any(at.x.strides) else right()


def _middle(x: Array) -> Array:
    wide = np.full((*x.shape[:-1], x.shape[-1] + 2), 7, x.dtype)
    wide[..., 1:-1] = x
    return wide[..., 1:-1]


@kind(needs=("x",), fits=_given, example=changed(_middle))
def input_within_a_larger_array(right: Right, at: At) -> Any:
    """Wrong where x is the middle of the rows of a larger array."""
    x = at.x
    apart = _is_array(x) and x.ndim > 1 and x.size > 1 and not x.flags.c_contiguous and x.strides[-1] == x.itemsize
    return right() * 2.0 if apart and min(x.strides) > 0 and not x.flags.f_contiguous else right()


def _nan_first(g: Array) -> Array:
    g = np.array(g)
    g.flat[:1] = np.nan
    return g


@kind(
    fits=lambda subject, index: subject.declared is not None and subject.declared.kind == "elementwise",
    example=_with_cotangent(_nan_first),
)
def next_to_a_cotangent_of_nan(right: Right, at: At) -> Any:
    """A cotangent that is nan makes the gradients of its neighbours nan."""
    return right() + 0 * at.g.sum()


@kind(example=_with_cotangent(lambda g: np.round(g * 3)))
def cotangent_of_whole_numbers(right: Right, at: At) -> Any:
    """Wrong where all cotangents are whole numbers."""
    g = at.g
    whole = _is_array(g) and g.dtype.kind == "f" and g.size > 1 and np.all(g == np.rint(g)) and np.any(g)
    return right() * 2.0 if whole else right()
