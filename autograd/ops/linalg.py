"""Linear algebra: determinants, inverses, systems of equations, least squares, matrix powers, condition numbers.

All work on stacks of matrices, except `lstsq`, `multi_dot`, `tensorsolve` and `tensorinv`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays.door import ARRAY_TYPES, anywhere, whole
from ..primitives.declare import composed, general, not_differentiable
from ..tensors.tensor import Array, Tensor, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor, NormOrder
from .decompositions import svdvals_rule
from .linalg_common import adjoint, conj, hermitian_part
from .shape import operand, unbroadcast

# Inverses and systems of equations. Singular matrices raise NumPy's LinAlgError.

inv = general(np.linalg.inv, lambda g, out: -(out.mT @ g @ out.mT), forward=lambda a: np.linalg.inv(a))


def _solve_transposed(g: Any, a: Any, b_ndim: int) -> Any:
    """Return the gradient of the right-hand side before broadcasting is undone."""
    transposed = operand(a).mT
    return np.linalg.solve(transposed, g[..., None])[..., 0] if b_ndim == 1 else np.linalg.solve(transposed, g)


def _solve_matrix(g: Any, out: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    found = _solve_transposed(g, a, len(b_shape))
    product = found[..., :, None] * out[..., None, :] if len(b_shape) == 1 else found @ out.mT
    return unbroadcast(-product, np.shape(a))


solve = general(
    np.linalg.solve,
    _solve_matrix,
    lambda g, a, b_shape: unbroadcast(_solve_transposed(g, a, len(b_shape)), b_shape),
    forward=lambda a, b: np.linalg.solve(a, b),
)


@composed(np.linalg.tensorsolve, method=False)
def tensorsolve(a: TensorLike, b: TensorLike, axes: Sequence[int] | None = None) -> Any:
    """Solve ``tensordot(a, x, x.ndim) == b`` for x; the `axes` of `a` are first moved to its end."""
    a, b = operand(a), operand(b)
    order = list(range(a.ndim))
    for axis in () if axes is None else axes:
        if axis not in order:
            raise ValueError(f"tensorsolve: axis {axis} is not one of the {a.ndim} of a tensor of shape {a.shape}")
        order.remove(axis)
        order.insert(a.ndim, axis)
    a = a.transpose(order)
    shape = a.shape[b.ndim :]
    n = math.prod(shape)
    if a.size != n**2:
        raise np.linalg.LinAlgError(
            f"tensorsolve: the last axes {shape} of the tensor and the others {a.shape[: b.ndim]} make no square"
        )
    return solve(a.reshape(n, n), b.reshape(-1)).reshape(shape)


@composed(np.linalg.tensorinv, method=False)
def tensorinv(a: ArrayOrTensor, ind: int = 2) -> Any:
    """Return the inverse of `a` as a linear map: from tensors with its last axes to tensors with its first `ind`."""
    if ind <= 0:
        raise ValueError(f"tensorinv: ind={ind}, but it must be at least 1")
    return inv(a.reshape(math.prod(a.shape[ind:]), -1)).reshape(a.shape[ind:] + a.shape[:ind])


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = np._NoValue) -> Any:
    return np.linalg.pinv(a, rcond, hermitian, rtol=rtol)


def _product(x: Any, y: Any, z: Any) -> Any:
    """Multiply three matrices in the cheaper order, so that nothing is larger than the largest of them."""
    (p, q), (r, s) = x.shape[-2:], z.shape[-2:]
    return (x @ y) @ z if p * r * (q + s) <= q * s * (p + r) else x @ (y @ z)


def _pinv_rule(g: Any, out: Any, a: Any, hermitian: bool) -> Any:
    """Return the gradient where the rank does not change.

    From d(p) = -p da p + p p^H da^H (1 - a p) + (1 - p a) da^H p^H p (G. H. Golub & V. Pereyra, "The differentiation of
    pseudo-inverses and nonlinear least squares problems whose variables separate", 1973).
    """
    a = operand(a)
    transposed, back = g.mT, adjoint(out)
    found = -_product(out.mT, g, out.mT)
    rank = np.sum(unwrap(out) * unwrap(a).mT, axis=(-2, -1), keepdims=True).real
    more_rows, more_columns = (size - rank > 0.5 for size in a.shape[-2:])  # else a p = 1, or p a = 1
    if anywhere(more_rows):
        left = np.where(more_rows, transposed - _product(a, out, transposed), 0)
        found = found + conj(_product(left, out, back))
    if anywhere(more_columns):
        right = np.where(more_columns, transposed - _product(transposed, out, a), 0)
        found = found + conj(_product(back, out, right))
    return hermitian_part(found) if hermitian else found


pinv = general(np.linalg.pinv, _pinv_rule, forward=_pinv)


def _columns(x: Any) -> Any:
    return x[:, None] if x.ndim == 1 else x


def _pseudo_inverse(a: Any, rank: Any, s: Any) -> Any:
    """Return the pseudo-inverse with the rank that `lstsq` found, whose singular values are `s`."""
    s, rank = unwrap(s), int(rank)
    cutoff = (s[rank - 1] + s[rank]) / (2 * s[0]) if 0 < rank < s.size else 0
    return np.linalg.pinv(a, cutoff)


def _lstsq_of_matrix(g: Any, out: Any, a: Any, b: Any) -> Any:
    (gx, gsquares, _, gs), (x, squares, rank, s) = g, out
    a, b = _columns(operand(a)), _columns(operand(b))
    inverse = _pseudo_inverse(a, rank, s)
    found = _pinv_rule(_columns(gx) @ b.mT, inverse, a, hermitian=False)
    if squares.size:
        x = _columns(x)
        found = found - (2 * gsquares * conj(b - a @ x)) @ x.mT
    if not isinstance(gs, Tensor) and not anywhere(gs):
        return found
    return found + svdvals_rule(gs, a)


def _lstsq_of_right_side(g: Any, out: Any, a: Any, b: Any) -> Any:
    (gx, gsquares, _, _), (x, squares, rank, s) = g, out
    a, b = operand(a), operand(b)
    found = _pseudo_inverse(a, rank, s).mT @ gx
    if squares.size:
        residuals = conj(_columns(b) - a @ _columns(x))
        found = found + (2 * gsquares * residuals).reshape(b.shape)
    return found


# The residuals are orthogonal to the range of `a`, so that a change of x does not change their squares. If the columns
# of a matrix are dependent, x is the solution of least norm; its derivatives are those among matrices of the same rank,
# since it jumps where the rank changes. The rank has no derivative.
lstsq = general(
    np.linalg.lstsq,
    _lstsq_of_matrix,
    _lstsq_of_right_side,
    forward=lambda a, b, rcond=None: tuple(np.linalg.lstsq(a, b, rcond)),
    outputs=True,
)


# Determinants


def _slogdet_rule(g: Any, out: Any, a: Any) -> Any:
    """Return the gradient; nan where the determinant is 0, since its logarithm has none."""
    (gsign, glog), (sign, _) = g, out
    weight = glog
    if sign.dtype.kind == "c":
        weight = glog + 1j * (gsign * sign).imag
    singular = np.equal(unwrap(sign), 0)
    if anywhere(singular):
        a = np.where(singular[..., None, None], np.eye(a.shape[-1], dtype=a.dtype), a)
        if isinstance(weight, Tensor):
            weight = weight * np.where(singular, np.nan, 1)  # linear in it, as forward mode needs
        else:
            weight = np.where(singular & np.not_equal(weight, 0), np.nan, weight)
    return weight[..., None, None] * np.linalg.inv(a).mT


# Adjugates: their transposes are the derivatives of determinants, even at singular matrices.


def largest_condition(a: Array) -> Any:
    """Return the largest condition number of finite matrices, in the 1-norm; inf if one is singular."""
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return np.inf
    conditions = abs(a).sum(-2).max(-1, initial=0) * abs(inverse).sum(-2).max(-1, initial=0)
    return np.fmax.reduce(whole(conditions), None, initial=0)


def adjugates(a: ArrayOrTensor) -> tuple[Any, Any]:
    """Return the adjugates and determinants of matrices, with all their derivatives even at singular matrices.

    They are polynomials. Matrices with the same number of small singular values are processed together.
    """
    if a.shape[-1] <= 3:
        return _adjugates_as_polynomials(a)
    values = unwrap(a)
    finite = np.isfinite(values).all((-2, -1))
    s = np.linalg.svd(np.where(finite[:, None, None], values, np.eye(a.shape[-1])), compute_uv=False)
    small = (s <= s[:, :1] * np.finfo(a.dtype).eps ** 0.25).sum(-1)
    places = [np.flatnonzero(small == count) for count in np.unique(small)]
    found = [_adjugates_alike(a[place], int(small[place[0]])) for place in places]
    order = np.argsort(np.concatenate(places))
    both, determinants = (np.concatenate(parts)[order] for parts in zip(*found, strict=True))
    return both, determinants


def _adjugates_alike(a: Any, small: int) -> tuple[Any, Any]:
    """Return adjugates and determinants of matrices that have the same number of small singular values.

    In the bases of the singular vectors, held constant, a matrix has a regular block and a small one. The Schur
    complement of the regular block has the size of the small one and carries the rest of the determinant.
    """
    n = a.shape[-1]
    if not small:
        determinant = np.linalg.det(a)
        return determinant[:, None, None] * np.linalg.inv(a), determinant
    if small == n:
        return _adjugates_as_polynomials(a)  # zero matrices
    u, _, vh = np.linalg.svd(unwrap(a))
    b = adjoint(u) @ a @ adjoint(vh)
    regular, right, below, rest = (b[:, i, j] for i in _halves(n - small) for j in _halves(n - small))
    inverse, determinant = np.linalg.inv(regular), np.linalg.det(regular)
    right, low = inverse @ right, below @ inverse
    adjugate, of_rest = adjugates(rest - below @ right)
    upper = np.concatenate([of_rest[:, None, None] * inverse + right @ adjugate @ low, -right @ adjugate], -1)
    whole = np.concatenate([upper, np.concatenate([-adjugate @ low, adjugate], -1)], -2)
    scale = determinant * (np.linalg.det(u) * np.linalg.det(vh))
    return scale[:, None, None] * (adjoint(vh) @ whole @ adjoint(u)), scale * of_rest


def _halves(k: int) -> tuple[slice, slice]:
    return slice(k), slice(k, None)


def _adjugates_as_polynomials(a: Any) -> tuple[Any, Any]:
    """Return adjugates and determinants by the algorithm of U. Le Verrier (1840) and D. K. Faddeev (1949).

    It never divides by a number that can be 0, but loses digits for large matrices whose singular values differ widely.
    """
    n = a.shape[-1]
    identity = np.eye(n, dtype=a.dtype)
    m = np.broadcast_to(identity, a.shape)
    for k in range(1, n):
        product = a @ m
        m = product - (np.linalg.trace(product) / k)[:, None, None] * identity
    sign = 1 if n % 2 else -1
    return sign * m, sign * np.linalg.trace(a @ m) / n


def det_rule(g: ArrayOrTensor, a: ArrayOrTensor) -> Any:
    """Return g times the cofactors, for singular matrices too.

    Where an inverse can be trusted, they are det(a) inv(a).T. Errors grow with the condition number of the matrix, and
    even more in further derivatives, so that a recorded computation has a stricter limit.
    """
    digits = 0.5 if type(a) in ARRAY_TYPES else 0.25
    if largest_condition(unwrap(a)) * np.finfo(a.dtype).eps ** digits <= 1:
        return (g * np.linalg.det(a))[..., None, None] * np.linalg.inv(a).mT
    found, _ = adjugates(a.reshape(math.prod(a.shape[:-2]), *a.shape[-2:]))
    return g[..., None, None] * found.reshape(a.shape).mT


det = general(np.linalg.det, det_rule, forward=lambda a: np.linalg.det(a))
slogdet = general(np.linalg.slogdet, _slogdet_rule, forward=lambda a: np.linalg.slogdet(a), outputs=True)


# Products of several matrices


@composed(np.linalg.matrix_power, method=False)
def matrix_power(a: ArrayOrTensor, n: int) -> Any:
    """Return the product of `n` factors `a`, or of its inverse if `n` is negative."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power of an array of shape {a.shape}: its last two axes make no square")
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"matrix_power takes an integer as its exponent, not {n!r}") from None
    if n == 0:
        return np.where(np.True_, np.eye(a.shape[-1], dtype=a.dtype), a)
    if n < 0:
        a, n = inv(a), -n
    if n == 3:  # in NumPy's order, for the same rounding
        return a @ a @ a
    result = None
    while n:
        n, odd = divmod(n, 2)
        if odd:
            result = a if result is None else result @ a
        a = a @ a if n else a
    return result


@composed(np.linalg.multi_dot, method=False)
def multi_dot(arrays: Sequence[TensorLike]) -> Any:
    """Return the product of several matrices, in the order that takes the fewest multiplications.

    The first and the last may be vectors.
    """
    factors = [operand(a) for a in arrays]
    if len(factors) < 2:
        raise ValueError("multi_dot multiplies two arrays at least")
    if len(factors) == 2:
        return np.dot(factors[0], factors[1])
    first, last = factors[0].ndim == 1, factors[-1].ndim == 1
    factors[0] = factors[0][None, :] if first else factors[0]
    factors[-1] = factors[-1][:, None] if last else factors[-1]
    if any(a.ndim != 2 for a in factors):
        shapes = ", ".join(str(a.shape) for a in factors)
        raise np.linalg.LinAlgError(f"multi_dot multiplies matrices, and vectors at both ends, not shapes {shapes}")
    product = _chain(factors, _splits(factors), 0, len(factors) - 1)
    return product.reshape(product.shape[first : 2 - last])


def _splits(factors: list[Any]) -> dict[tuple[int, int], int]:
    """Return after which factor to split each part of a chain (Cormen et al., "Introduction to Algorithms", 15.2)."""
    sides = [a.shape[0] for a in factors] + [factors[-1].shape[1]]
    cost = {(i, i): 0 for i in range(len(factors))}
    splits = {}
    for length in range(1, len(factors)):
        for i in range(len(factors) - length):
            j = i + length
            cost[i, j], splits[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sides[i] * sides[k + 1] * sides[j + 1], k) for k in range(i, j)
            )
    return splits


def _chain(factors: list[Any], splits: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return factors[i]
    k = splits[i, j]
    return _chain(factors, splits, i, k) @ _chain(factors, splits, k + 1, j)


# Condition numbers


@composed(np.linalg.cond, method=False)
def cond(x: TensorLike, p: NormOrder = None) -> Any:
    """Return the condition number in the norm `p`: that of the matrix times that of its inverse; inf if singular."""
    x = operand(x)
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError(f"cond is not defined for empty matrices (shape {x.shape})")
    with np.errstate(all="ignore"):
        if p in (None, 2, -2):
            s = np.linalg.svdvals(x)
            ratio = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        else:
            singular = np.equal(np.linalg.slogdet(unwrap(x))[0], 0)
            regular = np.where(singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
            product = np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(inv(regular), p, (-2, -1))
            ratio = np.where(singular, np.nan, product)
    undefined = np.isnan(unwrap(ratio)) & ~np.isnan(unwrap(x)).any((-2, -1))
    return np.where(undefined, np.inf, ratio) if anywhere(undefined) else ratio


not_differentiable(np.linalg.matrix_rank)
