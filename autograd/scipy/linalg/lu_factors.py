"""LU factors, and the systems that they solve."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from scipy import linalg

from autograd import ShapeError, Tensor, as_tensor, general
from autograd.inside import TensorLike, conj, unwrap

from ..common import is_single, lapack_operand, stacked
from .systems import matrix_and_sides, triangular


def _order(swaps: Any) -> Any:
    """Return the order of rows, given the one that each was exchanged with."""
    order = np.arange(len(swaps))
    for i, j in enumerate(swaps):
        order[i], order[j] = order[j], order[i]
    return order


def _packed(a: Any, check_finite: bool) -> Any:
    """Return both factors in one matrix, the row that each was exchanged with, and the order of rows."""
    packed, swaps = linalg.lu_factor(a, check_finite=check_finite)
    m, k = len(a), min(a.shape)
    return packed, swaps, _order(np.concatenate([swaps, np.arange(k, m)]))


def _apart(a: Any, check_finite: bool) -> Any:
    """Return the same from the factors that `scipy.linalg.lu` finds, which says nothing of singular matrices."""
    order, lower, upper = linalg.lu(a, check_finite=check_finite, p_indices=True)
    k = lower.shape[1]
    packed = np.zeros(a.shape, lower.dtype)
    packed[:, :k] = np.tril(lower, -1)
    packed[:k] += upper
    return packed, order, np.argsort(order)


def _split(packed: Any) -> tuple[Any, Any]:
    """Return the factors l and u that stand in one matrix."""
    m, n = packed.shape[-2:]
    k = min(m, n)
    return np.tril(packed[..., :k], -1) + np.eye(m, k, dtype=packed.dtype), np.triu(packed[..., :k, :])


def _lu_rule(g: Any, out: Any) -> Any:
    """Return the gradient, for the rows in their new order and then in the old one.

    Of the square part it is l^-T (lower part of l^T gl + upper part of gu u^T) u^-T, and what is beyond it depends on
    the square part too: rows below are a u^-1, columns at the right l^-1 a.
    """
    g, (packed, _, order) = g[0], out
    lower, upper = _split(packed)
    k = min(packed.shape[-2:])
    gl, gu = np.tril(g[..., :k], -1), np.triu(g[..., :k, :])
    gl, below = gl[..., :k, :], gl[..., k:, :]
    gu, right = gu[..., :k], gu[..., k:]
    l1, u1 = lower[..., :k, :], upper[..., :k]
    if below.shape[-2]:
        below = triangular(u1, below.mT, False, False, False).mT
        gu = gu - lower[..., k:, :].mT @ below
    if right.shape[-1]:
        right = triangular(l1.mT, right, False, True, False)
        gl = gl - right @ upper[..., k:].mT
    inner = np.tril(l1.mT @ gl, -1) + np.triu(gu @ u1.mT)
    found = triangular(l1.mT, triangular(u1, inner.mT, False, False, False).mT, False, True, False)
    if right.shape[-1]:
        found = np.concatenate([found, right], -1)
    elif below.shape[-2]:
        found = np.concatenate([found, below], -2)
    return np.take_along_axis(found, np.argsort(order, -1)[..., None], -2)


_lu = general(
    lambda a, check_finite, pack: stacked(_packed if pack else _apart, (a,), (2,), check_finite),
    _lu_rule,
    name="lu",
    outputs=True,
)


def _matrices(name: str, a: TensorLike) -> Any:
    matrices = lapack_operand(a)
    if matrices.ndim < 2:
        raise ShapeError(f"{name} takes a matrix or a stack of them, not an array of shape {matrices.shape}")
    return matrices


def lu_factor(a: TensorLike, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Tensor, Tensor]:
    """Factor matrices for `lu_solve`: return l and u in one matrix, and the row that each row was exchanged with.

    Parameters
    ----------
    a
        Matrices of shape (..., m, n).
    overwrite_a, check_finite
        As in `solve`.

    Returns
    -------
    tuple
        The factors, of the shape of `a`: u, and below its diagonal l, whose own diagonal is 1; and (..., min(m, n))
        positions, which have no derivative. The factors have none where the first min(m, n) rows in the new order are
        dependent: a backward pass raises `DerivativeError`.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[1.0, 2.0], [4.0, 4.0]], requires_grad=True)
    >>> factors, positions = linalg.lu_factor(a)
    >>> factors[1, 1].backward()
    >>> a.grad
    Tensor([[-1.  ,  1.  ],
            [ 0.25, -0.25]])
    """
    if is_single(a):
        return linalg.lu_factor(a, overwrite_a, check_finite)
    packed, swaps, _ = _lu(_matrices("lu_factor", a), check_finite, True)
    return packed, swaps


def lu_solve(
    lu_and_piv: tuple[TensorLike, TensorLike],
    b: TensorLike,
    trans: Literal[0, 1, 2] = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Solve ``a @ x == b`` for the factors that `lu_factor` found of square matrices `a`.

    Parameters
    ----------
    lu_and_piv
        What `lu_factor` returned: the factors, of shape (..., n, n), and positions (..., n).
    b
        One right-hand side of shape (n,), or k of them as the columns of a matrix (..., n, k).
    trans
        Solve with the transposed matrix (1), or with its conjugate (2).
    overwrite_b, check_finite
        As in `solve`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> factors = linalg.lu_factor([[1.0, 2.0], [4.0, 4.0]])
    >>> grad(lambda b: linalg.lu_solve(factors, b).sum())(np.array([1.0, 2.0]))
    array([0.  , 0.25])
    """
    packed, swaps = lu_and_piv
    if is_single(packed, b):
        return linalg.lu_solve((unwrap(packed), unwrap(swaps)), b, trans, overwrite_b, check_finite)
    factors, sides, vector = matrix_and_sides("lu_solve", packed, b)
    if trans not in (0, 1, 2):
        raise ValueError(f"lu_solve takes trans as 0, 1 or 2, not {trans!r}")
    order = stacked(_order, (unwrap(swaps),), (1,))[..., None]
    stack = np.broadcast_shapes(factors.shape[:-2], sides.shape[:-2])
    order, sides = (np.broadcast_to(part, stack + part.shape[-2:]) for part in (order, sides))
    x: Any
    if trans == 0:
        moved = np.take_along_axis(sides, order, -2)
        x = triangular(factors, triangular(factors, moved, True, True, check_finite), False, False, check_finite)
    else:
        turned = factors.mT if trans == 1 else conj(factors.mT)
        x = triangular(turned, triangular(turned, sides, True, False, check_finite), False, True, check_finite)
        x = np.take_along_axis(x, np.argsort(order, -2), -2)
    return x[..., 0] if vector else x


@overload
def lu(
    a: TensorLike,
    permute_l: Literal[False] = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def lu(
    a: TensorLike,
    permute_l: Literal[True],
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Tensor, Tensor]: ...
def lu(
    a: TensorLike,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> tuple[Tensor, ...]:
    """Factor matrices: return p, l and u with ``a == p @ l @ u``, l being lower and u upper triangular.

    Parameters
    ----------
    a
        Matrices of shape (..., m, n).
    permute_l
        Return ``p @ l`` and u instead.
    overwrite_a, check_finite
        As in `solve`.
    p_indices
        Return p as the m positions with ``a == l[p] @ u``.

    Returns
    -------
    tuple
        The permutation, which has no derivative, and the factors (..., m, k) and (..., k, n) with k = min(m, n). They
        have no derivative where the first k rows in their new order are dependent: a backward pass raises
        `DerivativeError`.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[1.0, 2.0], [4.0, 4.0]], requires_grad=True)
    >>> p, l, u = linalg.lu(a)
    >>> l[1, 0].backward()
    >>> a.grad
    Tensor([[ 0.25  ,  0.    ],
            [-0.0625,  0.    ]])
    """
    if is_single(a):
        return linalg.lu(a, permute_l, overwrite_a, check_finite, p_indices)
    packed, back, _ = _lu(_matrices("lu", a), check_finite, False)
    lower, upper = _split(packed)
    back = unwrap(back)
    if permute_l:
        permuted: Any = np.take_along_axis(lower, back[..., None], -2)
        return permuted, upper
    if p_indices:
        return as_tensor(back), lower, upper
    return as_tensor((back[..., None] == np.arange(back.shape[-1])).astype(packed.dtype)), lower, upper
