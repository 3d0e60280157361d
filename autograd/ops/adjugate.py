"""Adjugate matrices: their transposes are the derivatives of determinants, even at singular matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays.door import whole
from ..tensors.tensor import Array, unwrap
from .linalg_common import adjoint

if TYPE_CHECKING:
    from ..tensors.types import ArrayOrTensor


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
