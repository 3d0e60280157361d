"""Embedding lookup and one-hot encoding."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import BatchError, DtypeError, ShapeError, Tensor, extend, general, vjp
from autograd.extend import ARRAY_TYPES, as_array, borrow, innermost, mark_written, whole

from .._arguments import Array, TensorLike, example
from ._kernels.operands import as_operand

# The identity, with a gradient that is not its derivative: that of each row is multiplied by a factor.
_scale_gradient = general(lambda x, factors: x.copy(), lambda g, factors: g * factors[..., None], name="scale_gradient")


def _look_up_rule(g: Any, table_shape: Any, places: Any, level: Any) -> Any:
    """Add each gradient to its row: of the table that an element has, or of the one that all elements shared."""
    if not level.active:
        g, places = extend.leave_batch(g, level), extend.leave_batch(places, level)
    return vjp(lambda table: rows_at(table, places), np.zeros(table_shape, g.dtype))[1](g)[0]


# The rows of a table that the elements of a batch share, at indices of their own.
_look_up = general(lambda table, places, level: rows_at(table, places), _look_up_rule, name="look_up")


@example(
    "F.embedding(np.array([2, 0]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))",
    "array([[4., 5.],\n       [0., 1.]])",
)
def embedding(
    input: TensorLike,
    weight: TensorLike,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Tensor:
    """Look up the rows of a table at the indices in `input`.

    Parameters
    ----------
    input
        Integers from 0 to ``rows - 1``, of any shape.
    weight
        The table, of shape ``(rows, features)``.
    padding_idx
        The index of a row that gets no gradient, whatever its values.
    max_norm
        If given, looked-up rows with a larger norm are first rescaled to it, in place, in the table.
    norm_type
        The order of the norm that `max_norm` bounds.
    scale_grad_by_freq
        Whether to divide the gradient of each row by how often it occurs in `input`.

    Returns
    -------
    Tensor
        Shape ``(*input.shape, features)``.

    Raises
    ------
    IndexError
        If an index is out of range; the message names it and its position in `input`.
    DtypeError
        If `input` does not hold integers.
    """
    weight = as_operand("embedding", "weight", weight)
    if weight.ndim != 2:
        raise ShapeError(f"embedding needs a weight of shape (rows, features), not {weight.shape}")
    rows = weight.shape[0]
    index = read_indices("embedding", as_operand("embedding", "input", input), rows, f"there are {rows} rows")
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise ValueError(f"padding_idx should be from {-rows} to {rows - 1}, the rows of weight, not {padding_idx}")
        padding_idx %= rows
    if max_norm is not None:
        _shorten(weight, index, max_norm, norm_type)
    level = innermost(index)
    shared = level is not None and innermost(weight) is not level
    out = _look_up(weight, index, level) if shared else rows_at(weight, index)
    if padding_idx is None and not scale_grad_by_freq:
        return out
    factors: Any = np.ones((), out.dtype)
    if scale_grad_by_freq:
        factors = (1 / rows_at(np.bincount(index.reshape(-1), minlength=rows), index)).astype(out.dtype)
    if padding_idx is not None:
        factors = np.where(index == padding_idx, factors.dtype.type(0), factors)
    return _scale_gradient(out, factors)


@example("F.one_hot(np.array([1, 0]), 3)", "array([[0, 1, 0],\n       [1, 0, 0]])")
def one_hot(tensor: TensorLike, num_classes: int = -1) -> Array:
    """Return the one-hot encoding of class indices: a row for each, with 1 at the class and 0 elsewhere.

    Parameters
    ----------
    tensor
        Integers from 0 to ``num_classes - 1``, of any shape.
    num_classes
        The length of a row; by default one more than the largest index.

    Returns
    -------
    ndarray
        Integers, of shape ``(*tensor.shape, num_classes)``.

    Raises
    ------
    IndexError
        If an index is out of range; the message names it and its position.
    """
    index = borrow(as_operand("one_hot", "tensor", tensor))
    if num_classes == -1:
        if not index.size:
            raise ValueError("one_hot needs num_classes if there are no indices")
        if innermost(index) is not None:
            raise BatchError(
                "one_hot needs num_classes within vmap: by default it is one more than the largest index, and each "
                "element of the batch has its own"
            )
        num_classes = max(int(index.max()), 0) + 1
    elif num_classes < 1:
        raise ValueError(f"one_hot needs at least one class, not num_classes={num_classes}")
    index = read_indices("one_hot", index, num_classes, f"there are {num_classes} rows")
    return (index[..., None] == np.arange(num_classes)).astype(np.int64)


def rows_at(table: Any, index: Any) -> Any:
    """Return ``table[index]``, also where each element of a batch has an index of its own."""
    if type(table) in ARRAY_TYPES and type(index) not in ARRAY_TYPES:
        return borrow(Tensor(table)[index])
    return table[index]


def read_indices(name: str, values: TensorLike, count: int, counted: str) -> Array:
    """Return indices as an array of integers, all from 0 to ``count - 1``, or raise and say what is `counted`."""
    index = as_array(borrow(values))
    if index.dtype.kind not in "iu":
        if index.size:
            raise DtypeError(f"{name} needs integers for indices, but was given dtype {index.dtype}: use astype(int)")
        index = index.astype(np.intp)
    wrong = whole((index < 0) | (index >= count))
    if wrong.any():
        index, place = whole(index), tuple(map(int, np.argwhere(wrong)[0]))
        raise IndexError(
            f"{name} was given the index {index[place]} at {place}, but {counted}: indices are from 0 to {count - 1} "
            f"({wrong.sum()} of {index.size} are not)"
        )
    return index.astype(np.intp, copy=False)


def _shorten(weight: Any, index: Array, max_norm: float, norm_type: float) -> None:
    """Rescale those of the rows at some indices of a table that exceed `max_norm` to that norm, in place."""
    if innermost(weight, index) is not None:
        raise BatchError(
            "embedding with max_norm rescales rows of its table in place, which elements of a batch cannot do for "
            "each other: rescale the table before vmap, and leave max_norm out"
        )
    table, rows = borrow(weight), np.unique(index)
    norms = np.linalg.norm(table[rows], norm_type, 1)
    long = norms > max_norm
    if long.any():
        table[rows[long]] *= (max_norm / norms[long])[:, None].astype(table.dtype)
        mark_written(table)
