"""Hypergeometric functions, elliptic integrals and orthogonal polynomials, differentiable in the variable.

They are not differentiable in their parameters, such as the degree of a polynomial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import _ufuncs as special

from ...arrays.door import anywhere, as_array, constant
from ...primitives.declare import elementwise
from ...tensors.tensor import Tensor
from .common import of_last, where_defined

NEAR = 0.5  # where a series about 0 is better than a closed form that divides by it
FAR = 1e12


def _hyp1f1(a: Any, b: Any, x: Any) -> Any:
    """Return hyp1f1 of arrays, even for huge x, where the series that SciPy sums has so many terms that it never ends.

    It overflows there (DLMF 13.7.1), unless it is a polynomial, which SciPy computes differently. For hugely negative x
    it is 0 where it is a polynomial times exp(x): DLMF 13.2.39.
    """
    if isinstance(x, Tensor):
        return special.hyp1f1(a, b, x)
    x = as_array(x)
    if x.dtype.kind == "c" or not anywhere(np.abs(x) > FAR):
        return special.hyp1f1(a, b, x)
    far = (np.abs(x) > FAR) & (np.abs(x) > 1e3 * np.abs(a)) & (np.abs(x) > 1e3 * np.abs(b))
    far = far & np.where(x > 0, ~_ends(a), _ends(np.subtract(b, a)))
    sign = special.gammasgn(a) * special.gammasgn(b)
    overflow = np.where(np.equal(np.abs(sign), 1), sign, 1) * np.inf  # SciPy's value at the poles of b
    near = special.hyp1f1(a, b, np.where(far, x.dtype.type(0), x))
    return np.where(far, np.where(x > 0, overflow, 0), near).astype(near.dtype)


def _ends(a: Any) -> Any:
    """Tell whether the series with this first parameter ends, so that it is a polynomial."""
    return np.less_equal(a, 0) & np.equal(a, np.floor(a))


# DLMF 15.5.1, 13.3.15, 13.3.22 and 16.3.1. With the first parameter 0 they are 1, also where SciPy gives infinity.
of_last(special.hyp0f1, lambda g, x, a: g / a * special.hyp0f1(a + 1, x))
of_last(
    special.hyp1f1,
    lambda g, x, a, b: g * a / b * np.where(np.equal(a, -1), 1, _hyp1f1(a + 1, b + 1, x)),
    _hyp1f1,
)
of_last(special.hyp2f1, lambda g, x, a, b, c: g * a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, x))
of_last(special.hyperu, lambda g, x, a, b: -g * a * np.where(np.equal(a, -1), 1, special.hyperu(a + 1, b + 1, x)))


# Complete elliptic integrals of the parameter m: DLMF 19.4.1 and 19.4.2. Near 0, where those divide 0 by 0, they are
# hypergeometric functions: DLMF 19.5.1 and 19.5.2.


def _ellipk_slope(m: Any, rest: Any) -> Any:
    """Return the derivative of ellipk at `m`, where `rest` is 1 - m to all digits."""
    near = np.less(np.abs(m), NEAR)
    small, large, left = np.where(near, m, 0), np.where(near, NEAR, m), np.where(near, NEAR, rest)
    closed = (ellipem1(left) * 0.5 / left - special.ellipkm1(left) * 0.5) / large
    return np.where(near, special.hyp2f1(1.5, 1.5, 2, small) * (np.pi / 8), closed)


def _ellipe_slope(m: Any) -> Any:
    near = np.less(np.abs(m), NEAR)
    small, large = np.where(near, m, 0), np.where(near, NEAR, m)
    closed = (special.ellipe(large) - special.ellipk(large)) * 0.5 / large
    return np.where(near, special.hyp2f1(0.5, 1.5, 2, small) * (-np.pi / 8), closed)


# ellipe of 1 - x, whose derivative is right where that rounds to 1
ellipem1: Any = elementwise(
    lambda x: special.ellipe(1 - x),
    lambda g, x, out: g * ((special.ellipkm1(x) - out) * 0.5 / (1 - x)),
    name="ellipem1",
)
elementwise(special.ellipk, lambda g, x: g * _ellipk_slope(x, 1 - x))
elementwise(special.ellipkm1, lambda g, x: -g * _ellipk_slope(1 - x, x))
elementwise(special.ellipe, lambda g, x: g * _ellipe_slope(x))

# Incomplete ones, in the angle alone: DLMF 19.2.4 and 19.2.5
elementwise(
    special.ellipkinc,
    lambda g, x, m, out: where_defined(out, g / np.sqrt(1 - m * np.square(np.sin(x)))),
    forward=lambda x, m: special.ellipkinc(x, m),
)
elementwise(
    special.ellipeinc,
    lambda g, x, m, out: where_defined(out, g * np.sqrt(1 - m * np.square(np.sin(x)))),
    forward=lambda x, m: special.ellipeinc(x, m),
)


# Orthogonal polynomials: the derivative of each is one of its family, DLMF 18.9.15 to 18.9.26


def _below(a: Any) -> Any:
    """Return the degree below `a`, but not below 0: that term is multiplied by 0."""
    return constant(np.where(np.equal(a, 0), a, a - 1))


def _scale(a: Any, factor: Any) -> Any:
    """Return `factor`, but 0 for a constant."""
    return constant(np.where(np.equal(a, 0), 0, factor))


of_last(
    special.eval_jacobi,
    lambda g, x, a, b, c: g * _scale(a, (a + b + c + 1) * 0.5) * special.eval_jacobi(_below(a), b + 1, c + 1, x),
)
of_last(
    special.eval_legendre,
    lambda g, x, a: g * _scale(a, 1) * special.eval_gegenbauer(_below(a), 1.5, x),
)
of_last(
    special.eval_gegenbauer,
    lambda g, x, a, b: g * _scale(a, 2 * b) * special.eval_gegenbauer(_below(a), b + 1, x),
)
of_last(special.eval_chebyt, lambda g, x, a: g * a * special.eval_chebyu(_below(a), x))
of_last(special.eval_chebyu, lambda g, x, a: g * _scale(a, 2) * special.eval_gegenbauer(_below(a), 2.0, x))
of_last(
    special.eval_genlaguerre,
    lambda g, x, a, b: g * _scale(a, -1) * special.eval_genlaguerre(_below(a), b + 1, x),
)
of_last(special.eval_laguerre, lambda g, x, a: g * _scale(a, -1) * special.eval_genlaguerre(_below(a), 1.0, x))
of_last(special.eval_hermite, lambda g, x, a: g * 2 * a * special.eval_hermite(_below(a), x))
of_last(special.eval_hermitenorm, lambda g, x, a: g * a * special.eval_hermitenorm(_below(a), x))
