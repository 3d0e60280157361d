"""Systems of equations: `solve` for each structure, triangular and banded ones, those of factors, Sylvester's."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import linalg

from autograd import ShapeError, Tensor, general
from autograd.inside import TensorLike, conj, hermitian_part, operand, unbroadcast

from ..common import is_single, lapack_operand, stacked

Structure: TypeAlias = Literal[
    "general", "gen", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular", "symmetric", "sym",
    "hermitian", "her", "positive definite", "pos",
]  # fmt: skip
Trans: TypeAlias = Literal[0, 1, 2, "N", "T", "C"]

SHORT = {"general": "gen", "symmetric": "sym", "hermitian": "her", "positive definite": "pos"}
_TRANSPOSED = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}


def within(g: Any, structure: str | None) -> Any:
    """Return the part of a gradient that lies among the matrices of a structure; they are read from one triangle."""
    if structure in ("her", "pos"):
        return hermitian_part(g)
    if structure == "sym":
        return (g + g.mT) * 0.5
    if structure in _TRANSPOSED:
        return np.triu(g) if structure == "upper triangular" else np.tril(g)
    if structure == "diagonal":
        return g * np.eye(g.shape[-1], dtype=g.dtype)
    if structure == "tridiagonal":
        return np.triu(np.tril(g, 1), -1)
    return g


# Any structure


def _solved(a: Any, b: Any, structure: str | None, lower: bool, check_finite: bool) -> Any:
    known = {} if structure is None else {"assume_a": structure}
    return linalg.solve(a, b, lower=lower, check_finite=check_finite, **known)


def _back(g: Any, a: Any, structure: str | None, lower: bool) -> Any:
    """Solve the transposed system: of a matrix that is read from one triangle, that triangle is then the other one."""
    return _solve(a.mT, g, _TRANSPOSED.get(structure or "", structure), not lower, False)


_solve: Any = general(
    lambda a, b, structure, lower, check_finite: stacked(_solved, (a, b), (2, 2), structure, lower, check_finite),
    lambda g, out, a, a_shape, structure, lower: within(
        unbroadcast(-(_back(g, a, structure, lower) @ out.mT), a_shape), structure
    ),
    lambda g, a, structure, lower, b_shape: unbroadcast(_back(g, a, structure, lower), b_shape),
    name="solve",
)


def square(name: str, a: TensorLike) -> Any:
    """Return a matrix or a stack of them as tensor or array; raise if it is not square."""
    matrix = lapack_operand(a)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ShapeError(f"{name} takes a square matrix or a stack of them, not an array of shape {matrix.shape}")
    return matrix


def matrix_and_sides(name: str, a: TensorLike, b: TensorLike) -> tuple[Any, Any, bool]:
    """Return a square matrix, the right-hand sides as the columns of another, and whether there is one alone."""
    matrix, sides = square(name, a), lapack_operand(b)
    vector = sides.ndim == 1
    if not sides.ndim or sides.shape[-1 if vector else -2] != matrix.shape[-1]:
        raise ShapeError(
            f"{name}: a right-hand side of shape {sides.shape} does not fit a matrix of shape {matrix.shape}: it has "
            f"as many rows, and a single one is a vector of shape ({matrix.shape[-1]},)"
        )
    return matrix, sides[:, None] if vector else sides, vector


def solve(
    a: TensorLike,
    b: TensorLike,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Structure | None = None,
    transposed: bool = False,
) -> Tensor:
    """Solve ``a @ x == b``, as `scipy.linalg.solve` does for the structure that `a` is said to have.

    Parameters
    ----------
    a
        Matrices, of shape (..., n, n). Of a symmetric, Hermitian or positive definite one, one triangle is read; its
        gradient is symmetric or Hermitian, and that of any other structure lies within it too.
    b
        One right-hand side of shape (n,), or k of them as the columns of a matrix (..., n, k).
    lower
        Whether the lower triangle is read instead of the upper one.
    overwrite_a, overwrite_b
        What is given to SciPy with arrays; tensors are not written to.
    check_finite
        Raise if there are infinite numbers or nan.
    assume_a
        The structure of `a`, by default what SciPy finds.
    transposed
        Solve ``a.T @ x == b``.

    Returns
    -------
    Tensor
        The solution, of the shape of `b`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> linalg.solve(a, [2.0, 2.0], assume_a="pos").sum().backward()
    >>> a.grad
    Tensor([[-0.5  , -0.25 ],
            [-0.25 , -0.125]])
    """
    structure = None if assume_a is None else SHORT.get(assume_a, assume_a)
    if is_single(a, b):
        known = {} if structure is None else {"assume_a": structure}
        return linalg.solve(a, b, lower, overwrite_a, overwrite_b, check_finite, transposed=transposed, **known)
    matrix, sides, vector = matrix_and_sides("solve", a, b)
    if transposed:
        matrix, lower, structure = matrix.mT, not lower, _TRANSPOSED.get(structure or "", structure)
    x: Any = _solve(matrix, sides, structure, lower, check_finite)
    return x[..., 0] if vector else x


# Triangular


def _solved_triangular(a: Any, b: Any, lower: bool, unit: bool, check_finite: bool) -> Any:
    if not b.size:  # which SciPy before 1.14 refuses
        return np.zeros(b.shape, np.result_type(a, b))
    return linalg.solve_triangular(a, b, lower=lower, unit_diagonal=unit, check_finite=check_finite)


def _triangle(g: Any, lower: bool, unit: bool) -> Any:
    return np.tril(g, -unit) if lower else np.triu(g, unit)


triangular: Any = general(
    lambda a, b, lower, unit, check_finite: stacked(_solved_triangular, (a, b), (2, 2), lower, unit, check_finite),
    lambda g, out, a, a_shape, lower, unit: _triangle(
        unbroadcast(-(triangular(a.mT, g, not lower, unit, False) @ out.mT), a_shape), lower, unit
    ),
    lambda g, a, lower, unit, b_shape: unbroadcast(triangular(a.mT, g, not lower, unit, False), b_shape),
    name="solve_triangular",
)


def congruence(factor: np.ndarray[Any, Any], product: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return ``inv(l).mT @ h @ conj(inv(l))`` of a lower triangle l, where h has half the lower triangle of `product`.

    As h is Hermitian, it is half of two triangular systems: LAPACK's, which has the rows in the opposite order.
    """
    turned, half = (np.asfortranarray(x.mT[::-1, ::-1]) for x in (factor, conj(np.tril(product))))
    (reduce,) = linalg.get_lapack_funcs(("hegst" if half.dtype.kind == "c" else "sygst",), (half, turned))
    half = reduce(half, turned, lower=1, overwrite_a=1)[0][::-1, ::-1]
    half.flat[:: len(half) + 1] *= 0.5
    return hermitian_part(half)


def solve_triangular(
    a: TensorLike,
    b: TensorLike,
    trans: Trans = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Solve ``a @ x == b`` for triangular matrices, as `scipy.linalg.solve_triangular` does.

    Parameters
    ----------
    a
        Matrices of shape (..., n, n), of which one triangle is read; the gradient of the rest is 0.
    b
        One right-hand side of shape (n,), or matrices (..., n, k).
    trans
        Solve ``a.T @ x == b`` (1 or "T"), or the same with the conjugate of ``a.T`` (2 or "C").
    lower
        Whether the lower triangle is read.
    unit_diagonal
        Take the diagonal for 1, whatever it is.
    overwrite_b, check_finite
        As in `solve`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If an element of the diagonal is 0.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> a = tensor([[2.0, 7.0], [1.0, 4.0]], requires_grad=True)
    >>> linalg.solve_triangular(a, [2.0, 5.0], lower=True).sum().backward()
    >>> a.grad
    Tensor([[-0.375,  0.   ],
            [-0.25 , -0.25 ]])
    """
    if is_single(a, b):
        return linalg.solve_triangular(a, b, trans, lower, unit_diagonal, overwrite_b, check_finite)
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f"solve_triangular takes trans as 0, 1, 2, 'N', 'T' or 'C', not {trans!r}")
    matrix, sides, vector = matrix_and_sides("solve_triangular", a, b)
    if trans not in (0, "N"):
        matrix, lower = matrix.mT if trans in (1, "T") else conj(matrix.mT), not lower
    x: Any = triangular(matrix, sides, lower, unit_diagonal, check_finite)
    return x[..., 0] if vector else x


# Banded: the element (i, j) of a matrix stands in row u + i - j of column j of `ab`.


def _places(lower: int, upper: int, n: int) -> tuple[Any, Any]:
    """Return the row of the matrix in which each element of `ab` stands, and whether there is one."""
    rows = np.arange(-upper, lower + 1)[:, None] + np.arange(n)
    inside = (rows >= 0) & (rows < n)
    return np.where(inside, rows, 0), inside


def _transposed_bands(ab: Any, lower: int, upper: int) -> Any:
    """Return the transposed matrix in the same form; its bands are in the opposite order, each shifted by its place."""
    n = ab.shape[-1]
    rows, inside = _places(upper, lower, n)
    bands = np.arange(lower + upper, -1, -1)[:, None]
    return np.where(inside, ab[..., bands, rows], 0)


def _banded_sides(g: Any, ab: Any, lower: int, upper: int) -> Any:
    return _banded(_transposed_bands(operand(ab), lower, upper), g, upper, lower, False)


def _banded_rule(g: Any, out: Any, ab: Any, ab_shape: Any, lower: int, upper: int) -> Any:
    found = _banded_sides(g, ab, lower, upper)
    rows, inside = _places(lower, upper, ab_shape[-1])
    products = (found[..., rows, :] * out[..., None, :, :]).sum(-1)
    return unbroadcast(np.where(inside, -products, 0), ab_shape)


_banded: Any = general(
    lambda ab, b, lower, upper, check_finite: stacked(
        lambda ab, b: linalg.solve_banded((lower, upper), ab, b, check_finite=check_finite), (ab, b), (2, 2)
    ),
    _banded_rule,
    lambda g, ab, b_shape, lower, upper: unbroadcast(_banded_sides(g, ab, lower, upper), b_shape),
    name="solve_banded",
)


def solve_banded(
    l_and_u: tuple[int, int],
    ab: TensorLike,
    b: TensorLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Solve ``a @ x == b`` for a matrix of a few diagonals, as `scipy.linalg.solve_banded` does.

    Parameters
    ----------
    l_and_u
        How many diagonals there are below and above the main one.
    ab
        The diagonals, of shape (..., l + u + 1, n): ``ab[u + i - j, j]`` is ``a[i, j]``. What stands in the corners
        belongs to no element of the matrix, and its gradient is 0.
    b
        One right-hand side of shape (n,), or matrices (..., n, k).
    overwrite_ab, overwrite_b, check_finite
        As in `solve`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is singular.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.scipy import linalg
    >>> ab = tensor([[0.0, 1.0], [2.0, 2.0], [1.0, 0.0]], requires_grad=True)
    >>> linalg.solve_banded((1, 1), ab, [3.0, 3.0]).sum().backward()
    >>> ab.grad.data.round(3)
    array([[ 0.   , -0.333],
           [-0.333, -0.333],
           [-0.333,  0.   ]])
    """
    if is_single(ab, b):
        return linalg.solve_banded(l_and_u, ab, b, overwrite_ab, overwrite_b, check_finite)
    bands, sides = lapack_operand(ab), lapack_operand(b)
    lower, upper = map(int, l_and_u)
    vector, count = sides.ndim == 1, lower + upper + 1
    rows = sides.shape[-1 if vector else -2] if sides.ndim else None
    if bands.ndim < 2 or bands.shape[-2] != count or rows != bands.shape[-1]:
        raise ShapeError(
            f"solve_banded takes l + u + 1 = {count} diagonals in a matrix (..., {count}, n), "
            f"and right-hand sides of n rows, not shapes {bands.shape} and {sides.shape}"
        )
    x: Any = _banded(bands, sides[:, None] if vector else sides, lower, upper, check_finite)
    return x[..., 0] if vector else x
