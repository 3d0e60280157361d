"""Linear algebra on the matrices in the last two axes: an extension of the standard, and the products in its core."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor
from autograd.inside import ArrayOrTensor, TensorLike

from ._arrays import as_array, constant, named, wrapped

numpy: Any = np  # NumPy's annotations do not accept axis=None

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals",
    "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip


def _each(result: Any, wrap: Callable[[Any], Tensor] = wrapped) -> Any:
    """Return a named tuple of results as one of tensors."""
    return type(result)(*map(wrap, result))


def _of_matrices(function: Callable[..., Any], what: str) -> Callable[[ArrayOrTensor], Tensor]:
    """Make the standard's function of matrices from NumPy's."""

    def apply(x: ArrayOrTensor, /) -> Tensor:
        return wrapped(function(as_array(x)))

    return named(apply, function.__name__, f"Return {what}.")


det = _of_matrices(np.linalg.det, "the determinants")
eigvalsh = _of_matrices(np.linalg.eigvalsh, "the eigenvalues of symmetric or Hermitian matrices")
inv = _of_matrices(np.linalg.inv, "the inverses")
matrix_transpose = _of_matrices(np.matrix_transpose, "the matrices in the last two axes, transposed")
svdvals = _of_matrices(np.linalg.svdvals, "the singular values in descending order")


def cholesky(x: ArrayOrTensor, /, *, upper: bool = False) -> Tensor:
    """Return the lower triangle L with positive diagonal and x = L Lᴴ, or its conjugate transpose."""
    lower = np.linalg.cholesky(as_array(x))
    return wrapped(np.conjugate(np.matrix_transpose(lower)) if upper else lower)


def cross(x1: ArrayOrTensor, x2: ArrayOrTensor, /, *, axis: int = -1) -> Tensor:
    """Return the cross products of the vectors of three elements along `axis`."""
    return wrapped(np.linalg.cross(as_array(x1), as_array(x2), axis=axis))


def diagonal(x: ArrayOrTensor, /, *, offset: int = 0) -> Tensor:
    """Return the diagonals; a positive `offset` takes those above the main one."""
    return wrapped(np.linalg.diagonal(as_array(x), offset=offset))


def eig(x: ArrayOrTensor, /) -> Any:
    """Return the complex eigenvalues and eigenvectors of matrices."""
    return _each(np.linalg.eig(as_array(x)), _complex)


def _complex(x: Any) -> Tensor:
    """Return a result as a complex tensor; NumPy's is real where all eigenvalues of a real matrix are."""
    return wrapped(x.astype(np.result_type(x.dtype, np.complex64)))


def eigh(x: ArrayOrTensor, /) -> Any:
    """Return the eigenvalues and eigenvectors of symmetric or Hermitian matrices."""
    return _each(np.linalg.eigh(as_array(x)))


def eigvals(x: ArrayOrTensor, /) -> Tensor:
    """Return the complex eigenvalues of matrices."""
    return _complex(np.linalg.eigvals(as_array(x)))


def matrix_norm(x: ArrayOrTensor, /, *, keepdims: bool = False, ord: float | Literal["fro", "nuc"] = "fro") -> Tensor:
    """Return the norms of the matrices."""
    return wrapped(np.linalg.matrix_norm(as_array(x), keepdims=keepdims, ord=ord))


def matrix_power(x: ArrayOrTensor, n: int, /) -> Tensor:
    """Return the `n`-th power of each matrix; a power of its inverse if `n` is negative."""
    return wrapped(np.linalg.matrix_power(as_array(x), n))


def matrix_rank(x: ArrayOrTensor, /, *, rtol: TensorLike | None = None) -> Tensor:
    """Count the singular values greater than `rtol` times the largest."""
    return Tensor(np.linalg.matrix_rank(constant(as_array(x)), rtol=constant(rtol)))


def outer(x1: ArrayOrTensor, x2: ArrayOrTensor, /) -> Tensor:
    """Return the outer product of two vectors."""
    return wrapped(np.linalg.outer(as_array(x1), as_array(x2)))


def pinv(x: ArrayOrTensor, /, *, rtol: TensorLike | None = None) -> Tensor:
    """Return the pseudo-inverses; singular values up to `rtol` times the largest count as 0."""
    x = as_array(x)
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return wrapped(np.linalg.pinv(x, rtol=constant(rtol)))


def qr(x: ArrayOrTensor, /, *, mode: Literal["reduced", "complete"] = "reduced") -> Any:
    """Return orthonormal columns Q and an upper triangle R with x = Q R."""
    return _each(np.linalg.qr(as_array(x), mode))


def slogdet(x: ArrayOrTensor, /) -> Any:
    """Return the signs of the determinants and the logarithms of their absolute values."""
    return _each(np.linalg.slogdet(as_array(x)))


def solve(x1: ArrayOrTensor, x2: ArrayOrTensor, /) -> Tensor:
    """Solve ``x1 @ x = x2`` for x: a vector if `x2` has one axis, else matrices."""
    return wrapped(np.linalg.solve(as_array(x1), as_array(x2)))


def svd(x: ArrayOrTensor, /, *, full_matrices: bool = True) -> Any:
    """Return orthonormal columns U, singular values S and orthonormal rows Vh, with x = U S Vh."""
    return _each(np.linalg.svd(as_array(x), full_matrices))


def trace(x: ArrayOrTensor, /, *, offset: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """Return the traces: the sums of the diagonals."""
    return wrapped(np.sum(np.linalg.diagonal(as_array(x), offset=offset), -1, dtype))


def vector_norm(
    x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, ord: float = 2
) -> Tensor:
    """Return the norms of the vectors formed by the elements along some axes, or all."""
    return wrapped(numpy.linalg.vector_norm(as_array(x), axis=axis, keepdims=keepdims, ord=ord))


# Products, which are in the namespace itself too


def matmul(x1: TensorLike, x2: TensorLike, /) -> Tensor:
    """Return the products of matrices, or of matrices and a vector."""
    return wrapped(np.matmul(x1, x2))


def tensordot(
    x1: ArrayOrTensor, x2: ArrayOrTensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Tensor:
    """Sum the products of elements over axes of both: the last and the first `axes`, or those that it lists."""
    return wrapped(np.tensordot(as_array(x1), as_array(x2), axes))


def vecdot(x1: ArrayOrTensor, x2: ArrayOrTensor, /, *, axis: int = -1) -> Tensor:
    """Return the dot products of the vectors along `axis`, conjugating the first."""
    # The operation takes the last axis.
    return wrapped(np.vecdot(*[np.moveaxis(as_array(x), axis, -1) for x in (x1, x2)]))
