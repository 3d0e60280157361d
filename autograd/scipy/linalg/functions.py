"""Functions of matrices: inverses, determinants, exponential, logarithm, square root, and Sylvester's equation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import linalg

from autograd import Tensor, UnsupportedError, general
from autograd.extend import anywhere, everywhere
from autograd.inside import TensorLike, adjoint, det_rule, unbroadcast, unwrap

from ..common import is_single, lapack_operand, require_finite, stacked
from .systems import SHORT, Structure, solve, square, within

# Determinants and inverses

_det = general(lambda a: stacked(lambda a: np.asarray(linalg.det(a))[()], (a,), (2,)), det_rule, name="det")


def det(a: TensorLike, overwrite_a: bool = False, check_finite: bool = True) -> Tensor:
    """Return the determinants of matrices of shape (..., n, n); singular ones have the gradient of their cofactors.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    if is_single(a):
        return linalg.det(a, overwrite_a, check_finite)
    matrix = square("det", a)
    require_finite(check_finite, matrix)
    return _det(matrix)


def _inverse(a: Any, structure: str | None, lower: bool, check_finite: bool, overwrite_a: bool = False) -> Any:
    known = {} if structure is None else {"assume_a": structure, "lower": lower}
    return linalg.inv(a, overwrite_a, check_finite, **known)


_inv = general(
    lambda a, structure, lower, check_finite: stacked(_inverse, (a,), (2,), structure, lower, check_finite),
    lambda g, out, structure: within(-(out.mT @ g @ out.mT), structure),
    name="inv",
)


def inv(
    a: TensorLike,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: Structure | None = None,
    lower: bool = False,
) -> Tensor:
    """Return the inverses of matrices of shape (..., n, n), which may be said to have a structure, as in `solve`.

    Raises
    ------
    numpy.linalg.LinAlgError
        If a matrix is singular.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.inv(a)[0, 0])(np.array([[2.0, 0.0], [0.0, 1.0]]))
    array([[-0.25, -0.  ],
           [-0.  , -0.  ]])
    """
    structure = None if assume_a is None else SHORT.get(assume_a, assume_a)
    if is_single(a):
        return _inverse(a, structure, lower, check_finite, overwrite_a)
    return _inv(square("inv", a), structure, lower, check_finite)


# Power series. The derivative of f at a, applied to e, is a block of f at the matrix [[a, e], [0, a]] (R. Mathias, "A
# chain rule for matrix functions and applications", 1996), which therefore serves derivatives of any order.


def _along(function: Any, a: Any, e: Any) -> Any:
    """Return the derivative of a function of matrices along `e`, whose scale does not matter: it is linear in it."""
    scale = abs(unwrap(e)).max((-2, -1), keepdims=True, initial=0)
    scale = np.where(np.isfinite(scale) & (scale > 0), scale, 1)
    n = a.shape[-1]
    e = e / scale
    a = a + np.zeros(e.shape, a.dtype)
    top = np.concatenate([a, e], -1)
    bottom = np.concatenate([np.zeros(e.shape, a.dtype), a], -1)
    return function(np.concatenate([top, bottom], -2))[..., :n, n:] * scale


# Forward mode has rules of its own: on the tape the block is no linear function of `e`, whose transpose would do.
_expm: Any = general(
    lambda A: stacked(linalg.expm, (A,), (2,), native=0),
    lambda g, A: _along(_expm, A.mT, g),
    jvp=(lambda t, A: _along(_expm, A, t),),
    name="expm",
)


def expm(A: TensorLike) -> Tensor:
    """Return the exponentials of matrices of shape (..., n, n).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.expm(a)[0, 1])(np.array([[0.0, 1.0], [0.0, 0.0]]))
    array([[0.5       , 1.        ],
           [0.16666667, 0.5       ]])
    """
    return linalg.expm(A) if is_single(A) else _expm(square("expm", A))


def _require_regular(a: Any, what: str) -> None:
    values = np.linalg.svdvals(unwrap(a))
    if values.shape[-1] and anywhere(values[..., -1] <= values[..., 0] * np.finfo(values.dtype).eps * a.shape[-1]):
        raise np.linalg.LinAlgError(f"the {what} of a singular matrix has no derivative")


def _logm_along(A: Any, out: Any, e: Any) -> Any:
    if A.dtype.kind != "c" and out.dtype.kind == "c":
        raise UnsupportedError(
            "the logarithm of a real matrix with negative eigenvalues has no derivative here, since it jumps there "
            "among complex matrices: take that of a complex matrix, or of a matrix whose eigenvalues are not negative"
        )
    _require_regular(A, "logarithm")
    return _along(_logm, A, e)


def _logarithm(a: Any) -> Any:
    """Return SciPy's logarithm, which estimates norms with numbers that it draws from NumPy's global generator."""
    if not a.size:
        return a.copy()  # a program takes a result that is its argument for one that was written to
    state = np.random.get_state()
    try:
        np.random.seed(0)
        return linalg.logm(a)
    finally:
        np.random.set_state(state)


_logm: Any = general(
    lambda A: stacked(_logarithm, (A,), (2,)),
    lambda g, out, A: _logm_along(A.mT, out, g),
    jvp=(lambda t, out, A: _logm_along(A, out, t),),
    name="logm",
)


def _refuse_estimates(name: str, disp: bool | None) -> None:
    if disp is not None and not disp:
        raise UnsupportedError(f"{name}(disp=False) also returns an estimate of its error, for arrays alone: omit it")


def logm(A: TensorLike, disp: bool | None = None) -> Tensor:
    """Return the logarithms of matrices of shape (..., n, n), complex where eigenvalues of a real one are negative.

    There it has no derivative, nor where a matrix is singular. `disp` is what SciPy is given, which will remove it.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.logm(a)[0, 1])(np.array([[2.0, 0.0], [0.0, 2.0]]))
    array([[0. , 0.5],
           [0. , 0. ]])
    """
    if is_single(A):
        return linalg.logm(A) if disp is None else linalg.logm(A, disp)
    _refuse_estimates("logm", disp)
    return _logm(square("logm", A))


def _sqrtm_rule(g: Any, out: Any) -> Any:
    _require_regular(out, "square root")
    return solve_sylvester(out.mT, out.mT, g)


def _root(a: Any) -> Any:
    found = linalg.sqrtm(a)
    return found.astype(np.complex128) if found.dtype.itemsize > 16 else found  # of SciPy before 1.16


_sqrtm = general(lambda A: stacked(_root, (A,), (2,)), _sqrtm_rule, name="sqrtm")


def sqrtm(A: TensorLike, disp: bool | None = None, blocksize: int | None = None) -> Tensor:
    """Return the square roots of matrices of shape (..., n, n), complex where eigenvalues of a real one are negative.

    Parameters
    ----------
    A
        The matrices.
    disp, blocksize
        What SciPy is given, which will remove them.

    Raises
    ------
    DerivativeError
        In a backward pass, if a matrix is singular.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.sqrtm(a)[0, 1])(np.array([[4.0, 0.0], [0.0, 1.0]])).round(4)
    array([[0.    , 0.3333],
           [0.    , 0.    ]])
    """
    given = {name: value for name, value in (("disp", disp), ("blocksize", blocksize)) if value is not None}
    if is_single(A):
        return linalg.sqrtm(A, **given)
    _refuse_estimates("sqrtm", disp)
    return _sqrtm(square("sqrtm", A))


# Sylvester's and Lyapunov's equations


def _sylvester_back(g: Any, a: Any, b: Any) -> Any:
    found = _sylvester(a.mT, b.mT, g)
    left, right, given, x = map(unwrap, (a, b, g, found))
    wrong = abs(left.mT @ x + x @ right.mT - given).max((-2, -1), initial=0)
    if not everywhere(wrong <= 1e-3 * abs(given).max((-2, -1), initial=0)):
        raise np.linalg.LinAlgError(
            "an eigenvalue of a is one of -b, so that Sylvester's (or Lyapunov's) equation has no single solution, and "
            "that has no derivative"
        )
    return found


_sylvester: Any = general(
    lambda a, b, q: stacked(linalg.solve_sylvester, (a, b, q), (2, 2, 2)),
    lambda g, out, a, b, a_shape: unbroadcast(-(_sylvester_back(g, a, b) @ out.mT), a_shape),
    lambda g, out, a, b, b_shape: unbroadcast(-(out.mT @ _sylvester_back(g, a, b)), b_shape),
    lambda g, a, b, q_shape: unbroadcast(_sylvester_back(g, a, b), q_shape),
    name="solve_sylvester",
)


def solve_sylvester(a: TensorLike, b: TensorLike, q: TensorLike) -> Tensor:
    """Solve ``a @ x + x @ b == q`` for matrices of shapes (..., m, m), (..., n, n) and (..., m, n).

    Where an eigenvalue of `a` is that of ``-b``, there is no single solution; SciPy returns a very large one, whose
    derivative is refused in a backward pass.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.solve_sylvester(a, [[1.0]], [[2.0]])[0, 0])(np.array([[3.0]]))
    array([[-0.125]])
    """
    if is_single(a, b, q):
        return linalg.solve_sylvester(a, b, q)
    return _sylvester(square("solve_sylvester", a), square("solve_sylvester", b), lapack_operand(q))


def solve_continuous_lyapunov(a: TensorLike, q: TensorLike) -> Tensor:
    """Solve ``a @ x + x @ a^H == q`` for matrices of shape (..., n, n).

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.solve_continuous_lyapunov(a, [[2.0]])[0, 0])(np.array([[1.0]]))
    array([[-1.]])
    """
    if is_single(a, q):
        return linalg.solve_continuous_lyapunov(a, q)
    matrix = square("solve_continuous_lyapunov", a)
    return solve_sylvester(matrix, adjoint(matrix), q)


def solve_discrete_lyapunov(
    a: TensorLike, q: TensorLike, method: Literal["direct", "bilinear"] | None = None
) -> Tensor:
    """Solve ``a @ x @ a^H - x + q == 0`` for matrices of shape (n, n).

    Parameters
    ----------
    a, q
        The matrices.
    method
        As in SciPy: "direct", by default below n = 10, solves a system of n² equations; "bilinear" the continuous
        equation of a transformed matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import grad
    >>> from autograd.scipy import linalg
    >>> grad(lambda a: linalg.solve_discrete_lyapunov(a, [[3.0]])[0, 0])(np.array([[0.5]])).round(3)
    array([[5.333]])
    """
    if is_single(a, q):
        return linalg.solve_discrete_lyapunov(a, q, method)
    matrix, sides = square("solve_discrete_lyapunov", a), square("solve_discrete_lyapunov", q)
    n = matrix.shape[-1]
    method = method or ("bilinear" if n >= 10 else "direct")
    if method not in ("direct", "bilinear"):
        raise ValueError(f"solve_discrete_lyapunov takes the methods 'direct' and 'bilinear', not {method!r}")
    if method == "direct":
        found: Any = solve(np.eye(n * n) - np.kron(matrix, np.conjugate(matrix)), sides.reshape(-1))
        return found.reshape(n, n)
    one, turned = np.eye(n, dtype=matrix.dtype), adjoint(matrix)
    back: Any = np.linalg.inv(turned + one)
    front: Any = np.linalg.inv(matrix + one)
    return solve_continuous_lyapunov(adjoint((turned - one) @ back), -2 * (front @ sides @ back))
