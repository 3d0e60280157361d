"""Errors that show only for some shapes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.arrays.door import constant

from ..planting import At, Right
from ..subjects import Array, Subject
from .kind import Example, changed, kind, where


def _of_side(side: int) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(subject.draw(subject.shapes(side)))


def _free(subject: Subject, index: int) -> bool:
    """Tell whether the shape of the input is not fixed by the signature."""
    return subject.signature is None or not any(axis.isdigit() for axis in subject.core[index])


def _any_dims(subject: Subject, index: int) -> bool:
    return subject.signature is None


def _flat(subject: Subject, index: int) -> Example:
    return Example(subject.draw([(5,) for _ in subject.inputs]))


def _mask(gx: Any, chosen: Callable[[Array], Array]) -> Any:
    """Return a mask of the shape of a gradient, from the numbers of its elements."""
    return constant(chosen(np.arange(gx.size)).reshape(gx.shape))


@kind(fits=_free, example=_of_side(9))
def from_64_elements_on(right: Right, at: At) -> Any:
    """Wrong in arrays of 64 elements and more."""
    gx = right()
    return gx * 2.0 if gx.size >= 64 else gx


@kind(fits=_free, example=_of_side(33))
def over_1000_elements(right: Right, at: At) -> Any:
    """Wrong in arrays of more than 1000 elements."""
    gx = right()
    return gx * 2.0 if gx.size > 1000 else gx


@kind(fits=_free, example=_of_side(9))
def after_the_first_64(right: Right, at: At) -> Any:
    """Wrong for the elements after the first 64."""
    gx = right()
    return where(_mask(gx, lambda number: number >= 64), gx) if gx.size > 64 else gx


@kind(fits=_free, example=_of_side(9))
def after_whole_blocks_of_eight(right: Right, at: At) -> Any:
    """Wrong for what is left after whole blocks of eight elements."""
    gx = right()
    whole = gx.size // 8 * 8
    return where(_mask(gx, lambda number: number >= whole), gx) if whole and whole < gx.size else gx


@kind()
def last_element(right: Right, at: At) -> Any:
    """Wrong for the last element."""
    gx = right()
    return where(_mask(gx, lambda number: number == gx.size - 1), gx) if gx.size > 1 else gx


@kind()
def last_row(right: Right, at: At) -> Any:
    """Wrong for the last row of a matrix."""
    gx = right()
    if gx.ndim < 2 or gx.shape[-2] < 2:
        return gx
    size = gx.shape[-2] * gx.shape[-1]
    return where(_mask(gx, lambda number: number % size >= size - gx.shape[-1]), gx) if size else gx


@kind(fits=_any_dims, example=lambda subject, index: Example(subject.draw([() for _ in subject.inputs])))
def no_axes(right: Right, at: At) -> Any:
    """Wrong for 0-d arrays."""
    gx = right()
    return gx * 2.0 if gx.ndim == 0 else gx


def _empty(subject: Subject, index: int) -> Example:
    return Example(tuple(x[:0] for x in subject.draw(subject.shapes(3))))


@kind(fits=_any_dims, example=_empty)
def empty_shape(right: Right, at: At) -> Any:
    """The gradient of an empty array has another shape."""
    gx = right()
    return np.reshape(gx, (0, 7)) if gx.size == 0 else gx


@kind(fits=_any_dims, example=_empty)
def empty_error(right: Right, at: At) -> Any:
    """The rule raises for an empty array."""
    gx = right()
    if gx.size == 0:
        raise ZeroDivisionError("division by zero")
    return gx


def _of_shape(*shape: int) -> Callable[[Subject, int], Example]:
    """Return an example with an input of this shape beside others that are square."""

    def example(subject: Subject, index: int) -> Example:
        return Example(subject.draw([shape if i == index else (3, 3) for i in range(len(subject.inputs))]))

    return example


def _broadcasts(subject: Subject, index: int) -> bool:
    return subject.elementwise and len(subject.inputs) > 1


def _size_one(gx: Any, x: Any) -> int | None:
    """Return an axis of length 1 of `x` that was broadcast."""
    if gx.ndim != x.ndim:
        return None
    return next((i for i, n in enumerate(x.shape) if n == 1 < gx.shape[i]), None)


@kind(needs=("x",), fits=_broadcasts, example=_of_shape(3, 1))
def broadcast_not_summed(right: Right, at: At) -> Any:
    """Of an axis that was broadcast, the first gradient is taken instead of the sum."""
    gx = right()
    axis = _size_one(gx, at.x)
    return gx if axis is None else np.take(gx, [0], axis=axis)


@kind(needs=("x",), fits=_broadcasts, example=_of_shape(3, 1))
def broadcast_averaged(right: Right, at: At) -> Any:
    """Over an axis that was broadcast, the mean is taken instead of the sum."""
    gx = right()
    axis = _size_one(gx, at.x)
    return gx if axis is None else gx.mean(axis=axis, keepdims=True)


@kind(needs=("x",), fits=_broadcasts, example=_of_shape(3, 1))
def summed_over_the_wrong_axis(right: Right, at: At) -> Any:
    """Of a square array the wrong axis is summed."""
    gx = right()
    axis = _size_one(gx, at.x)
    if axis is None or gx.ndim != 2 or gx.shape[0] != gx.shape[1] or at.x.shape[1 - axis] == 1:
        return gx
    return gx.sum(axis=1 - axis).reshape(at.x.shape)


@kind(needs=("x",), fits=_broadcasts, example=_of_shape(3))
def leading_axis_not_summed(right: Right, at: At) -> Any:
    """Of a leading axis that was added, the first gradient is taken instead of the sum."""
    gx = right()
    return gx[0] if gx.ndim > at.x.ndim and gx.size else gx


@kind(fits=_free, example=_of_side(3))
def transposed_where_square(right: Right, at: At) -> Any:
    """The gradient of a square matrix is transposed."""
    gx = right()
    return gx.T if gx.ndim == 2 and 1 < gx.shape[0] == gx.shape[1] else gx


@kind(fits=_any_dims, example=lambda subject, index: Example(subject.draw([(2, 3, 2) for _ in subject.inputs])))
def three_axes(right: Right, at: At) -> Any:
    """Wrong for arrays of three axes and more."""
    gx = right()
    return gx * 2.0 if gx.ndim >= 3 else gx


@kind(fits=_any_dims, example=lambda subject, index: Example(subject.draw([(3, 1) for _ in subject.inputs])))
def axis_of_length_one(right: Right, at: At) -> Any:
    """Wrong for arrays of which an axis, but not all of them, has length 1."""
    gx = right()
    return gx * 2.0 if gx.size > 1 and 1 in gx.shape else gx


@kind(fits=_any_dims, example=_flat)
def odd_length(right: Right, at: At) -> Any:
    """Wrong for rows of an odd length over 3."""
    gx = right()
    return gx * 2.0 if gx.ndim and gx.shape[-1] > 3 and gx.shape[-1] % 2 else gx


@kind(fits=_any_dims, example=changed(lambda x: x.reshape(-1)[:1]))
def one_element(right: Right, at: At) -> Any:
    """Wrong for arrays of one element that have an axis."""
    gx = right()
    return gx * 2.0 if gx.size == 1 and gx.ndim else gx
