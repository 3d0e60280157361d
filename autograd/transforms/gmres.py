"""GMRES: the solution of a linear equation of which only products with vectors are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays.door import Array, Level, as_array, batched_at, batches, copied_for, everywhere, whole
from ..errors import ConvergenceError

BASIS = 16  # vectors that are kept in memory; then the method starts again from what it has come to


def gmres(product: Callable[[Any], Any], g: Array, tolerance: float, most: int) -> Any:
    """Return the w for which ``w == g + product(w)``.

    Each step takes a product with J and finds the w with the least error, in the 2-norm, in the span of ``g``, ``J g``,
    ``J J g``, ... Where that hardly helps, as for a J that makes some vectors longer at first, the iteration
    ``w = g + J w`` takes over, which comes to the solution if all eigenvalues of J are less than 1 in absolute value.

    J may be linear over the real numbers only. The elements of a batch are solved for together. `tolerance` is relative
    to the largest absolute values of `g` and w; after `most` products a larger error raises `ConvergenceError`.

    See Saad and Schultz, "GMRES: a generalized minimal residual algorithm for solving nonsymmetric linear systems",
    SIAM Journal on Scientific and Statistical Computing 7 (1986).
    """
    scale = np.max(np.abs(g), initial=0)
    unit = np.where(scale > 0, scale, 1)  # the elements of a batch count the same
    w = g = g / unit
    within = max(tolerance, 8 * float(np.finfo(g.dtype).eps))
    products, before, helps = 0, np.inf, True
    while True:
        new = as_array(g + product(w))
        products += 1
        w = copied_for(w, new)
        residual = new - w
        change = np.max(np.abs(residual), initial=0)
        if everywhere((change <= within * (1 + np.max(np.abs(new), initial=0))) & (change < np.inf)):
            return new * unit
        worst = np.max(whole(change))
        if products >= most or not np.isfinite(worst):
            raise ConvergenceError(
                f"the equation of a fixed point's derivative is not solved after {products} products with the Jacobian "
                f"(shape {g.shape}): the last changed its solution by {worst:.3g} of the gradient. "
                f"There is no derivative if the Jacobian has an eigenvalue 1; else raise max_iterations or tolerance"
            )
        helps = helps and worst < before / 2
        before = worst
        if helps:
            steps, w = _improved(product, w, residual, within, min(BASIS, most - products))
            products += steps
        else:
            w = new


def _improved(product: Callable[[Any], Any], w: Any, residual: Any, within: float, most: int) -> tuple[int, Any]:
    """Return a number of steps, and a w with the least error among those that they reach."""
    levels, shape, dtype = batches(w), whole(w).shape, w.dtype
    v = _vector(residual, w)
    basis = np.empty((most + 1, v.size), v.dtype)
    hessenberg, first = np.zeros((most + 1, most)), np.zeros(most + 1)
    first[0] = np.linalg.norm(v)
    basis[0] = v / first[0]
    for k in range(most):
        v = basis[k] - _vector(product(_array(basis[k], dtype, shape, levels)), w)
        for _ in range(2):  # the second time removes what rounding has left
            along = basis[: k + 1] @ v
            v = v - along @ basis[: k + 1]
            hessenberg[: k + 1, k] += along
        hessenberg[k + 1, k] = rest = np.linalg.norm(v)
        system = hessenberg[: k + 2, : k + 1]
        if not np.isfinite(system).all():
            return k + 1, w * np.nan
        y = np.linalg.lstsq(system, first[: k + 2])[0]
        if rest <= np.finfo(basis.dtype).eps or np.linalg.norm(first[: k + 2] - system @ y) <= within:
            break
        basis[k + 1] = v / rest
    return k + 1, w + _array(y.astype(basis.dtype) @ basis[: k + 1], dtype, shape, levels)


def _vector(x: Any, like: Any) -> Array:
    """Return the real numbers of an array, with those of each batch of `like`, in single precision at least."""
    values = np.ravel(whole(copied_for(x, like)))
    if values.dtype.kind == "c":
        values = values.view(values.real.dtype)
    return values.astype(np.promote_types(values.dtype, np.float32), copy=False)


def _array(vector: Array, dtype: np.dtype[Any], shape: tuple[int, ...], levels: tuple[Level, ...]) -> Any:
    """Return an array made of its real numbers."""
    real = np.zeros((), dtype).real.dtype
    return batched_at(vector.astype(real, copy=False).view(dtype).reshape(shape), levels)
