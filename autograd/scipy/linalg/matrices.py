"""Matrices made of others: block-diagonal ones, and those with constant diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from autograd import ShapeError, Tensor
from autograd.inside import TensorLike, conj, operand

from ..common import float_operand, is_plain, is_single


def block_diag(*arrs: TensorLike) -> Tensor:
    """Return a matrix with the given ones along its diagonal, and zeros elsewhere.

    Parameters
    ----------
    *arrs
        Matrices of shape (..., m, n), whose leading axes broadcast; a vector is a row, a number a matrix of one.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> linalg.block_diag(tensor([[1.0, 2.0]]), 3.0)
    Tensor([[1., 2., 0.],
            [0., 0., 3.]])
    """
    if is_single(*arrs):
        return linalg.block_diag(*arrs)
    blocks = [np.atleast_2d(operand(a) if is_plain(a) else float_operand(a)) for a in arrs]
    stack = np.broadcast_shapes(*[a.shape[:-2] for a in blocks])
    width, dtype = sum(a.shape[-1] for a in blocks), np.result_type(*[a.dtype for a in blocks])
    rows, before = [], 0
    for a in blocks:
        m, n = a.shape[-2:]
        left, right = (np.zeros((*stack, m, k), dtype) for k in (before, width - before - n))
        rows.append(np.concatenate([left, np.broadcast_to(a, (*stack, m, n)), right], -1))
        before += n
    found: Any = np.concatenate(rows, -2)
    return found


def toeplitz(c: TensorLike, r: TensorLike | None = None) -> Tensor:
    """Return the matrix with the first column `c` and the first row `r`, whose diagonals are constant.

    Parameters
    ----------
    c
        The first column, of shape (..., m).
    r
        The first row, of shape (..., n), whose first element is not read; by default the conjugate of `c`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda c: linalg.toeplitz(c).sum())(np.array([1.0, 2.0, 3.0]))
    array([3., 4., 2.])
    """
    if is_plain(c, r) and np.ndim(c) < 2:
        return linalg.toeplitz(c, r)
    first: Any = np.atleast_1d(float_operand(c))
    row: Any = conj(first) if r is None else np.atleast_1d(float_operand(r))
    if first.shape[:-1] != row.shape[:-1]:
        raise ShapeError(f"toeplitz takes a column and a row for each matrix, not shapes {first.shape}, {row.shape}")
    m, n = first.shape[-1], row.shape[-1]
    values: Any = np.concatenate([first[..., ::-1], row[..., 1:]], -1)
    return values[..., m - 1 - np.arange(m)[:, None] + np.arange(n)]
