"""Cholesky factors, and the systems that they solve."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from autograd import Tensor, general
from autograd.inside import TensorLike, cholesky_rule

from ..common import is_single, stacked
from .systems import Trans, solve_triangular, square

# Cholesky

_cholesky = general(
    lambda a, lower, check_finite: stacked(
        lambda a: linalg.cholesky(a, lower=lower, check_finite=check_finite), (a,), (2,)
    ),
    lambda g, out, lower: cholesky_rule(g, out, not lower),
    name="cholesky",
)


def cholesky(a: TensorLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Tensor:
    """Factor positive definite matrices: return u with ``a == u^H @ u``, or l with ``a == l @ l^H``.

    Parameters
    ----------
    a
        Matrices of shape (..., n, n), of which the triangle of the result is read; its gradient is Hermitian.
    lower
        Return the lower factor, where `numpy.linalg.cholesky` has ``upper=True`` for the other one.
    overwrite_a, check_finite
        As in `solve`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is not positive definite.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[4.0, 2.0], [2.0, 5.0]], requires_grad=True)
    >>> linalg.cholesky(a)[1, 1].backward()
    >>> a.grad
    Tensor([[ 0.0625, -0.125 ],
            [-0.125 ,  0.25  ]])
    """
    if is_single(a):
        return linalg.cholesky(a, lower, overwrite_a, check_finite)
    return _cholesky(square("cholesky", a), lower, check_finite)


def cho_factor(
    a: TensorLike, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> tuple[Tensor, bool]:
    """Factor positive definite matrices for `cho_solve`: return the factor and `lower`.

    The factor is one triangle, as `cholesky` returns it; the other holds what `a` holds there, as in SciPy.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[4.0, 2.0], [2.0, 5.0]], requires_grad=True)
    >>> linalg.cho_solve(linalg.cho_factor(a), [4.0, 2.0])[0].backward()
    >>> a.grad.data.round(4)
    array([[-0.3125,  0.0625],
           [ 0.0625,  0.    ]])
    """
    if is_single(a):
        return linalg.cho_factor(a, lower, overwrite_a, check_finite)
    matrix = square("cho_factor", a)
    kept = np.tri(matrix.shape[-1], k=0 if lower else -1, dtype=bool) == lower
    factor: Any = np.where(kept, _cholesky(matrix, lower, check_finite), matrix)
    return factor, lower


def cho_solve(
    c_and_lower: tuple[TensorLike, bool], b: TensorLike, overwrite_b: bool = False, check_finite: bool = True
) -> Tensor:
    """Solve ``a @ x == b`` for the factor that `cho_factor` found of `a`.

    Parameters
    ----------
    c_and_lower
        What `cho_factor` returned: a factor of shape (..., n, n), and whether it is the lower one.
    b
        One right-hand side of shape (n,), or matrices (..., n, k).
    overwrite_b, check_finite
        As in `solve`.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> b = tensor([4.0, 2.0], requires_grad=True)
    >>> linalg.cho_solve(linalg.cho_factor([[4.0, 2.0], [2.0, 5.0]]), b)[0].backward()
    >>> b.grad
    Tensor([ 0.3125, -0.125 ])
    """
    c, lower = c_and_lower
    if is_single(c, b):
        return linalg.cho_solve(c_and_lower, b, overwrite_b, check_finite)
    first: Trans = 0 if lower else 2
    y = solve_triangular(c, b, first, lower, check_finite=check_finite)
    return solve_triangular(c, y, 2 if lower else 0, lower, check_finite=check_finite)
