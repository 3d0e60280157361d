"""Sparse systems of equations, differentiated by the implicit theorem: of ``a @ x == b`` follows that of x."""

from __future__ import annotations

from typing import Any

from scipy.sparse import issparse
from scipy.sparse import linalg as scipys

from autograd import ShapeError, Tensor, general
from autograd.inside import TensorLike, unbroadcast

from ..common import float_operand, is_plain, stacked
from .arrays import Pattern, SparseArray, as_sparse

__all__ = ["spsolve"]


def _solved(data: Any, b: Any, pattern: Pattern, permc_spec: str | None, use_umfpack: bool) -> Any:
    x = scipys.spsolve(pattern.filled(data).tocsc(), b, permc_spec, use_umfpack)
    return x.reshape(b.shape)


def _back(g: Any, data: Any, pattern: Pattern, permc_spec: str | None, use_umfpack: bool) -> Any:
    return _spsolve(data, g, pattern.transposed, permc_spec, use_umfpack)


def _spsolve_rule(g: Any, out: Any, data: Any, data_shape: Any, pattern: Any, permc_spec: Any, use_umfpack: Any) -> Any:
    found = _back(g, data, pattern, permc_spec, use_umfpack)
    return unbroadcast(-(found[..., pattern.row, :] * out[..., pattern.col, :]).sum(-1), data_shape)


_spsolve = general(
    lambda data, b, pattern, permc_spec, use_umfpack: stacked(
        _solved, (data, b), (1, 2), pattern, permc_spec, use_umfpack
    ),
    _spsolve_rule,
    lambda g, data, b_shape, pattern, permc_spec, use_umfpack: unbroadcast(
        _back(g, data, pattern, permc_spec, use_umfpack), b_shape
    ),
    name="spsolve",
)


def spsolve(A: Any, b: TensorLike, permc_spec: str | None = None, use_umfpack: bool = True) -> Tensor:
    """Solve ``A @ x == b`` for a sparse matrix.

    Parameters
    ----------
    A
        SciPy's sparse matrix, or a `SparseArray`, of shape (n, n). The elements of the latter have a gradient.
    b
        A vector (n,), or a matrix (n, k). A sparse one is taken where nothing is differentiated.
    permc_spec, use_umfpack
        As in `scipy.sparse.linalg.spsolve`.

    Returns
    -------
    Tensor
        The solution, of the shape of `b`, but a vector for a matrix of one column, as in SciPy; where `A` is singular,
        nan, with SciPy's warning.

    Raises
    ------
    TypeError
        If `A` is not sparse, or `b` is, and one of them has a tensor.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import sparse
    >>> data = tensor([2.0, 4.0], requires_grad=True)
    >>> a = sparse.diags_array([data])
    >>> sparse.linalg.spsolve(a, [1.0, 1.0]).sum().backward()
    >>> data.grad
    Tensor([-0.25  , -0.0625])
    """
    if not isinstance(A, SparseArray) and is_plain(b):
        return scipys.spsolve(A, b, permc_spec, use_umfpack)
    if issparse(b) or isinstance(b, SparseArray):
        raise TypeError("spsolve takes a dense right-hand side of a matrix of tensors: b.toarray()")
    a, sides = as_sparse(A), float_operand(b)
    if a.shape[0] != a.shape[1] or sides.ndim not in (1, 2) or sides.shape[0] != a.shape[0]:
        raise ShapeError(
            f"spsolve takes a square matrix, and a vector or matrix of as many rows, not shapes {a.shape} and "
            f"{sides.shape}"
        )
    sides = sides[:, None] if sides.ndim == 1 else sides
    x: Any = _spsolve(a.data, sides, a._pattern, permc_spec, use_umfpack)
    return x[:, 0] if x.shape[1] == 1 else x
