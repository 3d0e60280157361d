"""Eigenvalues of Hermitian matrices, singular values, and norms."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from scipy import linalg

from autograd import Tensor, general
from autograd.inside import (
    Axis,
    NormOrder,
    TensorLike,
    adjoint,
    conj,
    eigh_rule,
    eigvalsh_rule,
    hermitian_part,
    on_diagonal,
    svd_rule,
    svdvals_rule,
    unwrap,
)

from ..common import is_plain, is_single, lapack_operand, require_finite, stacked
from .factors import cholesky
from .systems import square, triangular

Driver = Literal["ev", "evd", "evr", "evx", "gv", "gvd", "gvx"]


# Eigenvalues


def _by_scipy(a: Any, values_only: bool, lower: bool, driver: Driver | None, check_finite: bool) -> Any:
    return linalg.eigh(a, lower=lower, driver=driver, check_finite=check_finite, eigvals_only=values_only)


_eigh = general(
    lambda a, lower, driver, check_finite: stacked(_by_scipy, (a,), (2,), False, lower, driver, check_finite),
    eigh_rule,
    name="eigh",
    outputs=True,
)
_eigvalsh = general(
    lambda a, lower, driver, check_finite: stacked(_by_scipy, (a,), (2,), True, lower, driver, check_finite),
    lambda g, a, lower: eigvalsh_rule(g, a, "L" if lower else "U"),
    name="eigvalsh",
)


def _mirrored(a: Any, lower: bool) -> Any:
    """Return the Hermitian matrices that one triangle describes."""
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    return strict + adjoint(strict) + on_diagonal(np.linalg.diagonal(a).real.astype(a.dtype))


# One triangle is read, but the gradient is Hermitian: a step along it stays among Hermitian matrices.
_hermitian = general(_mirrored, lambda g: hermitian_part(g), name="hermitian")


def _of_standard(a: Any, b: Any, lower: bool, kind: int, check_finite: bool) -> tuple[Any, Any, bool]:
    """Return the matrix whose eigenvalues are those of a pair, the factor of b, and whether it multiplies vectors."""
    a = _hermitian(a, lower)
    factor = cholesky(b, lower, check_finite=check_finite)
    factor = factor if lower else adjoint(factor)
    if kind == 1:
        half = triangular(factor, a, True, False, check_finite)
        return adjoint(triangular(factor, adjoint(half), True, False, False)), factor, False
    return adjoint(factor) @ a @ factor, factor, kind == 3


def _chosen(w: Any, by_index: Any, by_value: Any) -> Any:
    """Return the positions of the eigenvalues that are asked for, or None for all."""
    if by_index is not None:
        if by_value is not None:
            raise ValueError("eigh takes subset_by_index or subset_by_value, not both")
        first, last = by_index
        if not 0 <= first <= last < w.shape[-1]:
            raise ValueError(f"subset_by_index takes the first and the last position of {w.shape[-1]}, not {by_index}")
        return slice(int(first), int(last) + 1)
    if by_value is None:
        return None
    low, high = by_value
    if not low < high:
        raise ValueError(f"subset_by_value takes a lower and a greater limit, not {by_value}")
    if w.ndim > 1:
        raise ValueError("subset_by_value takes one matrix: how many eigenvalues it chooses differs among several")
    found = np.flatnonzero((unwrap(w) > low) & (unwrap(w) <= high))
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 0)


def eigh(
    a: TensorLike,
    b: TensorLike | None = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: Literal[1, 2, 3] = 1,
    check_finite: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    subset_by_value: tuple[float, float] | None = None,
    driver: Driver | None = None,
) -> Any:
    """Return eigenvalues in ascending order, and eigenvectors, of Hermitian matrices or of pairs of them.

    Parameters
    ----------
    a
        Matrices of shape (..., n, n), of which one triangle is read; the gradient is Hermitian.
    b
        Positive definite matrices of the same shape, for ``a @ v == b @ v * w`` and what `type` says.
    lower
        Whether the lower triangles are read.
    eigvals_only
        Return the eigenvalues alone. They are differentiable also where some are equal.
    type
        1: ``a @ v == b @ v * w``; 2: ``a @ b @ v == v * w``; 3: ``b @ a @ v == v * w``.
    overwrite_a, overwrite_b, check_finite
        As in `solve`.
    subset_by_index, subset_by_value
        The first and the last position of the eigenvalues to return, or the limits between which they lie; all are
        computed, since the derivatives of some vectors depend on the others.
    driver
        The routine of LAPACK, where SciPy is given `a` alone.

    Returns
    -------
    tuple
        (..., n) eigenvalues, and (..., n, n) eigenvectors as columns, whose signs (or phases, if they are complex) are
        arbitrary: a result that depends on them has no derivative.

    Raises
    ------
    numpy.linalg.LinAlgError
        If `b` is not positive definite.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> b = tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True)
    >>> w = linalg.eigh([[2.0, 0.0], [0.0, 2.0]], b, eigvals_only=True)
    >>> w.sum().backward()
    >>> b.grad
    Tensor([[-2. ,  0. ],
            [ 0. , -0.5]])
    """
    if is_single(a, b):
        return linalg.eigh(
            a, b, lower=lower, eigvals_only=eigvals_only, overwrite_a=overwrite_a, overwrite_b=overwrite_b, type=type,
            check_finite=check_finite, subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver,
        )  # fmt: skip
    matrix, factor, multiplies = square("eigh", a), None, False
    if type not in (1, 2, 3):
        raise ValueError(f"eigh takes type as 1, 2 or 3, not {type!r}")
    if b is not None:
        matrix, factor, multiplies = _of_standard(matrix, square("eigh", b), lower, type, check_finite)
        lower, driver = True, None
    w: Any = _eigvalsh(matrix, lower, driver, check_finite) if eigvals_only else None
    v: Any = None
    if not eigvals_only:
        w, v = _eigh(matrix, lower, driver, check_finite)
    chosen = _chosen(w, subset_by_index, subset_by_value)
    if v is not None and factor is not None:
        v = factor @ v if multiplies else triangular(conj(factor.mT), v, False, False, False)
    if chosen is not None:
        w, v = w[..., chosen], v if v is None else v[..., chosen]
    return w if eigvals_only else (w, v)


def eigvalsh(
    a: TensorLike,
    b: TensorLike | None = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: Literal[1, 2, 3] = 1,
    check_finite: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    subset_by_value: tuple[float, float] | None = None,
    driver: Driver | None = None,
) -> Tensor:
    """Return the eigenvalues of Hermitian matrices in ascending order; the parameters are those of `eigh`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.eigvalsh(a)[-1])(np.array([[2.0, 0.0], [0.0, 3.0]]))
    array([[0., 0.],
           [0., 1.]])
    """
    return eigh(
        a, b, lower=lower, eigvals_only=True, overwrite_a=overwrite_a, overwrite_b=overwrite_b, type=type,
        check_finite=check_finite, subset_by_index=subset_by_index, subset_by_value=subset_by_value, driver=driver,
    )  # fmt: skip


# Singular values


def _factored(a: Any, full_matrices: bool, driver: str, check_finite: bool) -> Any:
    return linalg.svd(a, full_matrices, check_finite=check_finite, lapack_driver=driver)


def _singular(a: Any, driver: str, check_finite: bool) -> Any:
    return linalg.svd(a, compute_uv=False, check_finite=check_finite, lapack_driver=driver)


_svd = general(
    lambda a, full_matrices, driver, check_finite: stacked(_factored, (a,), (2,), full_matrices, driver, check_finite),
    svd_rule,
    name="svd",
    outputs=True,
)
_svdvals = general(
    lambda a, driver, check_finite: stacked(_singular, (a,), (2,), driver, check_finite), svdvals_rule, name="svdvals"
)


@overload
def svd(
    a: TensorLike,
    full_matrices: bool = True,
    compute_uv: Literal[True] = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: Literal["gesdd", "gesvd"] = "gesdd",
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def svd(
    a: TensorLike,
    full_matrices: bool = True,
    *,
    compute_uv: Literal[False],
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: Literal["gesdd", "gesvd"] = "gesdd",
) -> Tensor: ...
def svd(
    a: TensorLike,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: Literal["gesdd", "gesvd"] = "gesdd",
) -> tuple[Tensor, Tensor, Tensor] | Tensor:
    """Return u, s and vh with ``a == u @ diag(s) @ vh``, of matrices of shape (..., m, n), or s alone.

    The derivatives, also where singular values are equal, are those of `numpy.linalg.svd`.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[0.0, 2.0], [1.0, 0.0]], requires_grad=True)
    >>> u, s, vh = linalg.svd(a, full_matrices=False)
    >>> s[0].backward()
    >>> a.grad
    Tensor([[0., 1.],
            [0., 0.]])
    """
    if is_single(a):
        return linalg.svd(a, full_matrices, compute_uv, overwrite_a, check_finite, lapack_driver)
    a = lapack_operand(a)
    return (
        _svd(a, full_matrices, lapack_driver, check_finite) if compute_uv else _svdvals(a, lapack_driver, check_finite)
    )


def svdvals(a: TensorLike, overwrite_a: bool = False, check_finite: bool = True) -> Tensor:
    """Return the singular values of matrices of shape (..., m, n), the greatest first.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.svdvals(a)[0])(np.array([[0.0, 2.0], [1.0, 0.0]]))
    array([[0., 1.],
           [0., 0.]])
    """
    return svd(a, compute_uv=False, overwrite_a=overwrite_a, check_finite=check_finite)


def norm(
    a: TensorLike, ord: NormOrder = None, axis: Axis = None, keepdims: bool = False, check_finite: bool = True
) -> Tensor:
    """Return the norm of vectors or matrices along `axis`, with the parameters and gradients of `numpy.linalg.norm`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(linalg.norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    if is_plain(a):
        return linalg.norm(a, ord, axis, keepdims, check_finite)
    x = lapack_operand(a)
    require_finite(check_finite, x)
    return np.linalg.norm(x, ord, axis, keepdims)
