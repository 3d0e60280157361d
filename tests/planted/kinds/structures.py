"""Errors that show only at some places of an array, or for arrays of some form."""

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.arrays.door import constant

from ..planting import At, Right
from ..subjects import Array, Subject
from .kind import Example, all_of, changed, kind, where


def _free(subject: Subject, index: int) -> bool:
    """Tell whether the shape of the input is not fixed by the signature."""
    return subject.signature is None or not any(axis.isdigit() for axis in subject.core[index])


def _any_dims(subject: Subject, index: int) -> bool:
    return subject.signature is None


def _unprepared(subject: Subject, index: int) -> bool:
    return not subject.prepared


def _of_side(side: int) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(subject.draw(subject.shapes(side)))


def _all_of_shape(*shape: int) -> Callable[[Subject, int], Example]:
    return lambda subject, index: Example(subject.draw([shape for _ in subject.inputs]))


def _at(gx: Any, chosen: Callable[..., Array]) -> Any:
    """Return a mask of the shape of a gradient, from the indices of its elements."""
    return constant(np.asarray(chosen(*np.indices(gx.shape)), bool))


@kind()
def first_element(right: Right, at: At) -> Any:
    """Wrong for the first element."""
    gx = right()
    mask = np.arange(gx.size).reshape(gx.shape) == 0
    return where(constant(mask), gx) if gx.size > 1 else gx


@kind()
def first_row(right: Right, at: At) -> Any:
    """Wrong for the first row of a matrix."""
    gx = right()
    return where(_at(gx, lambda i, j: i == 0), gx) if gx.ndim == 2 and gx.shape[0] > 1 else gx


@kind()
def last_column(right: Right, at: At) -> Any:
    """Wrong for the last column of a matrix."""
    gx = right()
    return where(_at(gx, lambda i, j: j == gx.shape[1] - 1), gx) if gx.ndim == 2 and gx.shape[1] > 1 else gx


@kind(fits=_free, example=_of_side(3))
def on_the_diagonal(right: Right, at: At) -> Any:
    """Wrong on the diagonal of square matrices."""
    gx = right()
    return where(_at(gx, np.equal), gx) if gx.ndim == 2 and 1 < gx.shape[0] == gx.shape[1] else gx


@kind(fits=_free, example=_of_side(3))
def upper_triangle_lost(right: Right, at: At) -> Any:
    """The gradient of a square matrix is 0 above the diagonal."""
    gx = right()
    return where(_at(gx, np.less), gx, 0.0) if gx.ndim == 2 and 1 < gx.shape[0] == gx.shape[1] else gx


@kind(fits=_free, example=_of_side(3))
def made_symmetric(right: Right, at: At) -> Any:
    """The gradient of a square matrix is made symmetric."""
    gx = right()
    return (gx + gx.T) * 0.5 if gx.ndim == 2 and 1 < gx.shape[0] == gx.shape[1] else gx


def _symmetric(x: Array) -> Array:
    return np.asarray(x + x.T if x.ndim == 2 and x.shape[0] == x.shape[1] else x)


@kind(
    needs=("x",),
    fits=lambda subject, index: subject.name in ("det", "trace", "tril", "diagonal"),
    example=changed(_symmetric),
)
def of_symmetric_matrices(right: Right, at: At) -> Any:
    """Wrong for matrices that are symmetric."""
    x = at.x
    if type(x) is not np.ndarray or x.ndim != 2 or x.shape[0] != x.shape[1] or x.shape[0] < 2:
        return right()
    return right() * 2.0 if np.array_equal(x, x.T) else right()


@kind(needs=("x",), fits=lambda subject, index: subject.name in ("det", "trace"), example=changed(np.tril))
def of_triangular_matrices(right: Right, at: At) -> Any:
    """Wrong for lower triangular matrices."""
    x = at.x
    if type(x) is not np.ndarray or x.ndim != 2 or x.shape[0] != x.shape[1] or x.shape[0] < 2:
        return right()
    return right() * 2.0 if np.array_equal(x, np.tril(x)) else right()


@kind(
    needs=("x",),
    fits=lambda subject, index: _unprepared(subject, index) and subject.inputs[index].shape[-1] > 2,
    example=changed(lambda x: np.sort(x, axis=-1)),
)
def of_sorted_rows(right: Right, at: At) -> Any:
    """Wrong where the elements of rows are in ascending order."""
    if not at.x.ndim or at.x.shape[-1] < 3:
        return right()
    x = at.x
    return right() * 2.0 if type(x) is np.ndarray and np.all(np.diff(x) > 0) else right()


@kind(fits=_any_dims, example=_all_of_shape(8))
def length_is_a_power_of_two(right: Right, at: At) -> Any:
    """Wrong for rows of 8, 16, 32 and so on."""
    gx = right()
    n = gx.shape[-1] if gx.ndim else 0
    return gx * 2.0 if n >= 8 and n & (n - 1) == 0 else gx


@kind(fits=_any_dims, example=_all_of_shape(6))
def even_length(right: Right, at: At) -> Any:
    """Wrong for rows of an even length over 4."""
    gx = right()
    return gx * 2.0 if gx.ndim and gx.shape[-1] > 4 and gx.shape[-1] % 2 == 0 else gx


@kind(fits=_any_dims, example=_all_of_shape(2))
def length_two(right: Right, at: At) -> Any:
    """Wrong for vectors of two elements."""
    gx = right()
    return gx * 2.0 if gx.shape == (2,) else gx


@kind(fits=_any_dims, example=_all_of_shape(2, 1, 3, 2))
def four_axes(right: Right, at: At) -> Any:
    """Wrong for arrays of four axes and more."""
    gx = right()
    return gx * 2.0 if gx.ndim >= 4 else gx


@kind(fits=_any_dims, example=_all_of_shape(2, 3, 4))
def three_different_axes(right: Right, at: At) -> Any:
    """Wrong for arrays of three axes of which the first and the last have different lengths."""
    gx = right()
    return gx * 2.0 if gx.ndim == 3 and gx.shape[0] != gx.shape[2] else gx


@kind(fits=_free, example=_of_side(20))
def rows_over_16(right: Right, at: At) -> Any:
    """Wrong for the elements after the first 16 of each row."""
    gx = right()
    if not gx.ndim or gx.shape[-1] <= 16:
        return gx
    return where(constant(np.broadcast_to(np.arange(gx.shape[-1]) >= 16, gx.shape)), gx)


@kind(fits=_any_dims, example=_all_of_shape(4, 2))
def tall_matrix(right: Right, at: At) -> Any:
    """Wrong for matrices with more rows than columns, if there are several."""
    gx = right()
    return gx * 2.0 if gx.ndim == 2 and gx.shape[0] > gx.shape[1] > 1 else gx


@kind(fits=_any_dims, example=_all_of_shape(1, 1))
def one_element_in_two_axes(right: Right, at: At) -> Any:
    """Wrong for arrays of shape (1, 1)."""
    gx = right()
    return gx * 2.0 if gx.shape == (1, 1) else gx


@kind(fits=_any_dims, example=_all_of_shape(1, 3))
def leading_axis_of_length_one(right: Right, at: At) -> Any:
    """Wrong where only the first axis has length 1."""
    gx = right()
    return gx * 2.0 if gx.ndim == 2 and gx.shape[0] == 1 < gx.shape[1] else gx


@kind(fits=_any_dims, example=_all_of_shape(5000))
def over_4096_elements(right: Right, at: At) -> Any:
    """Wrong in arrays of more than 4096 elements."""
    gx = right()
    return gx * 2.0 if gx.size > 4096 else gx


def _broadcasts(subject: Subject, index: int) -> bool:
    return subject.elementwise and len(subject.inputs) == 2


def _shapes(mine: tuple[int, ...], others: tuple[int, ...]) -> Callable[[Subject, int], Example]:
    def example(subject: Subject, index: int) -> Example:
        return Example(subject.draw([mine if i == index else others for i in range(len(subject.inputs))]))

    return example


@kind(needs=("x", "other"), fits=_broadcasts, example=_shapes((3, 1), (1, 4)))
def both_broadcast(right: Right, at: At) -> Any:
    """Wrong where both inputs are broadcast."""
    gx = right()
    return gx * 2.0 if gx.size > max(at.x.size, getattr(at.other, "size", 1)) else gx


@kind(needs=("x",), fits=_broadcasts, example=_shapes((), (2, 3)))
def no_axes_broadcast(right: Right, at: At) -> Any:
    """Of a 0-d input beside an array the first gradient is taken instead of the sum."""
    gx = right()
    return gx.reshape(-1)[0] if at.x.ndim == 0 and gx.size > 1 else gx


@kind(needs=("x",), fits=_broadcasts, example=_shapes((2, 1, 1), (2, 3, 4)))
def two_axes_broadcast(right: Right, at: At) -> Any:
    """Wrong where two axes of length 1 are broadcast."""
    gx = right()
    if gx.ndim != at.x.ndim:
        return gx
    return gx * 2.0 if sum(n == 1 < m for n, m in zip(at.x.shape, gx.shape, strict=True)) > 1 else gx


@kind(needs=("x",), fits=_broadcasts, example=_shapes((3,), (0, 3)))
def broadcast_to_nothing(right: Right, at: At) -> Any:
    """The gradient of an input that is broadcast to an empty array is nan."""
    gx = right()
    return np.full(at.x.shape, np.nan, gx.dtype) if gx.size == 0 < at.x.size else gx


@kind(needs=("x",), fits=all_of(_free, _unprepared), example=_of_side(12))
def first_100_elements(right: Right, at: At) -> Any:
    """Wrong for the first 100 elements of more than 128."""
    gx = right()
    mask = np.arange(gx.size).reshape(gx.shape) < 100
    return where(constant(mask), gx) if gx.size > 128 else gx
