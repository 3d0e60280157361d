"""Bags of embeddings: sums, means and maxima of the rows that belong together."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import DtypeError, ShapeError, Tensor
from autograd.extend import as_array, borrow, innermost, whole

from .._arguments import TensorLike
from ._embedding import embedding, rows_at
from ._kernels.operands import HALF, as_operand, as_real

_MODES = ("sum", "mean", "max")


def embedding_bag(
    input: TensorLike,
    weight: TensorLike,
    offsets: TensorLike | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    per_sample_weights: TensorLike | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Return the sum, the mean or the maximum of rows of a table, for each bag of indices; 0 for empty bags.

    Parameters
    ----------
    input
        Integers from 0 to ``rows - 1``: of shape ``(bags, length)`` for bags of the same length, or all bags one after
        the other, of shape ``(indices,)``.
    weight
        The table, of shape ``(rows, features)``.
    offsets
        For an input of one axis: where each bag begins. The first begins at 0, and each after the one before.
    max_norm, norm_type, scale_grad_by_freq
        As for `embedding`; maxima are not scaled by frequency.
    mode
        ``"sum"``, ``"mean"`` or ``"max"``; equal maxima share the gradient evenly, as in ``max``. (PyTorch gives it to
        the first.)
    per_sample_weights
        For sums: a factor for each index, of the shape of the input.
    include_last_offset
        Whether the last of the offsets is the end of the last bag.
    padding_idx
        The index of a row that does not belong to the bags: it is skipped, does not count, and gets no gradient.

    Returns
    -------
    Tensor
        Shape ``(bags, features)``.

    Raises
    ------
    IndexError
        If an index is out of range; the message names it and its position.
    ShapeError
        If the shapes do not fit together, or offsets are missing or too many.
    ValueError, DtypeError
        If offsets are not in ascending order within the input, or an option is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> table = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    >>> F.embedding_bag(np.array([[0, 1], [2, 2]]), table)
    array([[1., 2.],
           [4., 5.]])
    >>> F.embedding_bag(np.array([0, 1, 2]), table, np.array([0, 0]), mode="sum")
    array([[0., 0.],
           [6., 9.]])
    """
    if mode not in _MODES:
        raise ValueError(f"embedding_bag: mode should be one of {', '.join(_MODES)}, not {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("embedding_bag: scale_grad_by_freq is for sums and means, not for maxima")
    if mode != "sum" and per_sample_weights is not None:
        raise ValueError(f'embedding_bag: per_sample_weights are for mode="sum", not for mode="{mode}"')
    index = as_operand("embedding_bag", "input", input)
    bounds = _bounds(index.shape, offsets, include_last_offset)
    rows = embedding(index, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    dtype = rows.dtype
    rows = rows.astype(np.float32) if dtype == HALF else rows
    if per_sample_weights is not None:
        factors = as_real("embedding_bag", "per_sample_weights", per_sample_weights, dtype)
        if factors.shape != index.shape:
            raise ShapeError(
                f"embedding_bag: per_sample_weights should have the shape of the input, {index.shape}, not "
                f"{factors.shape}"
            )
        rows, dtype = rows * factors[..., None], np.result_type(dtype, factors.dtype)
    counted = _counted(index, weight, padding_idx)
    if bounds is None:
        out = _combined(rows, counted, mode)
    elif mode == "max" or innermost(bounds) is not None:
        out = _combined(*_side_by_side(rows, counted, bounds), mode)
    else:
        out = _added_up(rows, counted, bounds, mode)
    return out.astype(dtype) if out.dtype != dtype else out


def _bounds(shape: tuple[int, ...], offsets: TensorLike | None, include_last: bool) -> Any:
    """Return where bags begin and, at last, end; None for bags of the same length."""
    if len(shape) == 2:
        if offsets is not None:
            raise ShapeError(f"embedding_bag: an input of shape {shape} has a bag in each row: leave out the offsets")
        return None
    if len(shape) != 1:
        raise ShapeError(f"embedding_bag: the input should have the shape (bags, length) or (indices,), not {shape}")
    if offsets is None:
        raise ShapeError(f"embedding_bag: an input of shape {shape} needs offsets, where the bags in it begin")
    bounds: Any = as_array(borrow(as_operand("embedding_bag", "offsets", offsets)))
    if bounds.ndim != 1 or (include_last and not len(bounds)):
        raise ShapeError(f"embedding_bag: the offsets should have the shape (bags,), not {bounds.shape}")
    if bounds.dtype.kind not in "iu" and bounds.size:
        raise DtypeError(f"embedding_bag needs integers for offsets, not dtype {bounds.dtype}: use astype(int)")
    bounds = bounds.astype(np.intp)
    if not include_last:
        bounds = np.concatenate([bounds, np.full_like(bounds, shape[0], shape=(1,))])
    if whole((bounds[:1] != 0).any() | (bounds[1:] < bounds[:-1]).any() | (bounds > shape[0]).any()).any():
        raise ValueError(
            f"embedding_bag: the offsets should begin with 0, not become smaller, and be at most {shape[0]}, the "
            f"length of the input, not {np.array2string(whole(bounds), threshold=20)}"
        )
    return bounds


def _counted(index: Any, weight: Any, padding_idx: int | None) -> Any:
    """Return which indices belong to bags: all but that of the padding; None for all."""
    if padding_idx is None:
        return None
    return as_array(borrow(index)) != padding_idx % weight.shape[0]


def _side_by_side(rows: Any, counted: Any, bounds: Any) -> tuple[Any, Any]:
    """Return the rows of each bag beside each other, as many as the longest bag has, and which of them it has."""
    lengths = bounds[1:] - bounds[:-1]
    longest = int(whole(lengths).max(initial=0))
    step = np.arange(longest)
    place = np.minimum(bounds[:-1, None] + step, max(rows.shape[0] - 1, 0))
    among = step < lengths[:, None]
    return rows_at(rows, place), among if counted is None else among & rows_at(counted, place)


def _combined(rows: Any, counted: Any, mode: str) -> Any:
    """Return the sum, mean or maximum over the middle axis of ``(bags, length, features)``, of what is counted."""
    length = rows.shape[1]
    if not length:
        return rows.sum(axis=1)
    if mode == "max":
        if counted is None:
            return rows.max(axis=1)
        highest = np.where(counted[..., None], rows, rows.dtype.type(-np.inf)).max(axis=1)
        return np.where(counted.any(axis=1)[:, None], highest, rows.dtype.type(0))
    if counted is not None:
        rows = np.where(counted[..., None], rows, rows.dtype.type(0))
    total = rows.sum(axis=1)
    if mode == "sum":
        return total
    if counted is None:
        return total / length
    return total / np.maximum(counted.sum(axis=1), 1).astype(total.dtype)[:, None]


def _added_up(rows: Any, counted: Any, bounds: Any, mode: str) -> Any:
    """Return the sum or mean of the rows of each bag, without laying them out beside each other."""
    lengths = bounds[1:] - bounds[:-1]
    if counted is not None:
        rows = np.where(counted[:, None], rows, rows.dtype.type(0))
    after = np.zeros_like(borrow(rows), shape=(1, rows.shape[1]))  # so that empty bags at the end begin somewhere
    total = np.add.reduceat(np.concatenate([rows, after]), bounds, axis=0)[:-1]
    total = np.where((lengths > 0)[:, None], total, total.dtype.type(0))
    if mode == "sum":
        return total
    if counted is not None:
        ones = np.concatenate([counted, np.zeros_like(counted, shape=(1,))]).astype(np.intp)
        lengths = np.where(lengths > 0, np.add.reduceat(ones, bounds)[:-1], 0)
    return total / np.maximum(lengths, 1).astype(total.dtype)[:, None]
