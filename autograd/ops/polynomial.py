"""Polynomials, given by their coefficients, highest power first: values, arithmetic, roots, and fits to data."""

from __future__ import annotations

import operator
from typing import Any, Literal

import numpy as np

from ..arrays.door import agreed, anywhere, as_array, batches, everywhere
from ..errors import ShapeError
from ..primitives.declare import composed, general
from ..source.source_info import warn
from ..tensors.tensor import Tensor, TensorLike, unwrap
from ..tensors.types import ArrayOrTensor
from .index import scatter
from .join import concatenate
from .shape import atleast_1d, operand


@composed(np.vander, method=False)
def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Any:
    """Return the Vandermonde matrix of `x`: its `N` columns, by default ``len(x)``, are powers, the highest first."""
    x = operand(x)
    if x.ndim != 1:
        raise ValueError(f"powers are taken of a sequence, but the shape is {x.shape}")
    powers = np.arange(x.size if N is None else operator.index(N))
    return np.power(x.astype(np.promote_types(x.dtype, int))[:, None], powers if increasing else powers[::-1])


@composed(np.polyval, method=False)
def polyval(p: TensorLike, x: TensorLike) -> Any:
    """Evaluate the polynomial `p` at `x`, by Horner's rule."""
    p = operand(p)
    if isinstance(x, np.poly1d):
        y: Any = np.zeros(1)
        for coefficient in p:
            y = polyadd(polymul(y, x), coefficient)
        return y
    x = operand(x)
    y = np.zeros_like(unwrap(x))
    for coefficient in p:
        y = y * x + coefficient
    return y


# Arithmetic


def _as_long(a1: TensorLike, a2: TensorLike) -> tuple[ArrayOrTensor, ArrayOrTensor]:
    """Return both with equally many coefficients: zeros are put before the shorter one."""
    p, q = atleast_1d(operand(a1), operand(a2))
    zeros = np.zeros(abs(len(p) - len(q)), (p if len(p) < len(q) else q).dtype)
    if len(p) < len(q):
        return concatenate([zeros, p]), q
    return p, concatenate([zeros, q]) if zeros.size else q


@composed(np.polyadd, method=False)
def polyadd(a1: TensorLike, a2: TensorLike) -> Any:
    """Add two polynomials."""
    a1, a2 = _as_long(a1, a2)
    return a1 + a2


@composed(np.polysub, method=False)
def polysub(a1: TensorLike, a2: TensorLike) -> Any:
    """Subtract two polynomials."""
    a1, a2 = _as_long(a1, a2)
    return a1 - a2


def _leading_zeros(p: Any) -> int:
    """Return how many coefficients precede the first nonzero one; if all are 0, how many precede the last."""
    present = unwrap(p) != 0
    present[-1] = True
    return agreed(present.argmax(), "leading zeros of a polynomial")


@composed(np.polymul, method=False)
def polymul(a1: TensorLike, a2: TensorLike) -> Any:
    """Multiply two polynomials; their leading zeros have gradients, but do not appear in the result."""
    p, q = atleast_1d(operand(a1), operand(a2))
    return np.convolve(p, q)[_leading_zeros(p) + _leading_zeros(q) :]


@composed(np.polydiv, method=False)
def polydiv(u: TensorLike, v: TensorLike) -> tuple[Any, Any]:
    """Divide two polynomials: return the quotient, and the remainder without leading zeros."""
    p, q = atleast_1d(operand(u), operand(v))
    if p.ndim != 1 or q.ndim != 1 or not p.size or not q.size:
        raise ShapeError(f"polydiv takes two sequences of coefficients, but the shapes are {p.shape} and {q.shape}")
    p, q = p + 0.0, q + 0.0
    dtype = np.result_type(p.dtype, q.dtype)
    rest, scale = p.astype(dtype), 1.0 / q[0]
    quotient = []
    for k in range(len(p) - len(q) + 1):
        quotient.append(scale * rest[k])
        rest = rest - scatter(quotient[-1] * q, slice(k, k + len(q)), rest.shape)
    negligible = np.isclose(unwrap(rest), 0, rtol=1e-14)
    leading = np.where(negligible.all(), len(rest) - 1, np.argmin(negligible))
    start = min(len(rest) - 1, agreed(leading, "leading zeros of a remainder"))
    return np.stack(quotient) if quotient else Tensor(np.zeros(1, dtype)), rest[start:]


def _order(m: Any) -> int:
    if int(m) < 0:
        raise ValueError(f"a polynomial is differentiated or integrated 0 times or more, not {m}")
    return int(m)


@composed(np.polyder, method=False)
def polyder(p: TensorLike, m: int = 1) -> Any:
    """Return the coefficients of the derivative of order `m`."""
    p = operand(p)
    for _ in range(_order(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@composed(np.polyint, method=False)
def polyint(p: TensorLike, m: int = 1, k: TensorLike | None = None) -> Any:
    """Return the coefficients of the integral of order `m`, with the constants `k` in order of integration."""
    p, m = operand(p), _order(m)
    constants = atleast_1d(operand(np.zeros(m) if k is None else k))
    if len(constants) == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if len(constants) < m:
        raise ValueError(f"{m} integrations need one constant, or one each, not {len(constants)}")
    for i in range(m):
        p = concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


# Roots


def _sequence(p: Any) -> Any:
    """Return `p` as an array or tensor; NumPy also passes lists in which some numbers are tensors."""
    return np.stack(p) if isinstance(p, list | tuple) else operand(p)


def _roots_rule(g: Any, out: Any, p: Any) -> Any:
    """Differentiate p(root) = 0: a root moves by the change of p there, divided by minus the slope of p.

    A multiple root has no derivative: its gradient is infinite or nan.
    """
    return -(g / np.polyval(np.polyder(p), out)) @ vander(out, len(p))


def _roots_of(p: Any) -> Any:
    """Return the roots as NumPy does, but for each element of a batch: the eigenvalues of the companion matrix."""
    if not batches(p) or p.level.of_pattern:
        return np.roots(p)
    present = p != 0
    leading = agreed(present.argmax(), "leading zeros of a polynomial")
    trailing = agreed(present[::-1].argmax(), "roots at 0")
    p = p[leading : len(p) - trailing]
    p = p if p.dtype.kind in "fc" else p.astype(float)
    n = len(p) - 1
    if n < 1 or not anywhere(present):
        found = p[:0].real.astype(float)
    else:
        found = np.linalg.eigvals(np.concatenate([-p[None, 1:] / p[0], np.eye(n, dtype=p.dtype)[:-1]]))
    return np.concatenate([found, np.zeros(trailing, found.dtype)])


_roots = general(_roots_of, _roots_rule, name="roots")


@composed(np.roots, method=False)
def roots(p: TensorLike) -> Any:
    """Return the roots of the polynomial, as real numbers if none is complex."""
    return _roots(_sequence(p))


def _characteristic_rule(g: Any, out: Any, a: Any) -> Any:
    """Return the gradient by the adjugate of t - a, whose coefficients are polynomials in `a`.

    Each is computed from the previous one (Gantmacher 1959, The Theory of Matrices, vol. 1, ch. IV, section 4), so that
    multiple eigenvalues do no harm.
    """
    one = np.eye(a.shape[0], dtype=a.dtype)
    coefficient: Any = one
    total = -g[1] * one
    for k in range(1, a.shape[0]):
        coefficient = a @ coefficient + out[k] * one
        total = total - g[k + 1] * coefficient.mT
    return total


def _characteristic(a: Any) -> Any:
    return poly(np.linalg.eigvals(a)) if batches(a) else np.poly(a)


characteristic_polynomial = general(_characteristic, _characteristic_rule, name="characteristic_polynomial")


@composed(np.poly, method=False)
def poly(seq_of_zeros: TensorLike) -> Any:
    """Return the polynomial with the given roots, or the characteristic polynomial of a matrix."""
    zeros = _sequence(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        return characteristic_polynomial(zeros)
    if zeros.ndim != 1:
        raise ValueError(f"roots are a sequence or a square matrix that is not empty, but the shape is {zeros.shape}")
    if not zeros.size:
        return 1.0
    zeros = zeros.astype(np.mintypecode(zeros.dtype.char))
    one = np.ones(1, zeros.dtype)
    p: Any = one
    for k in range(zeros.size):
        p = np.convolve(p, concatenate([one, -zeros[k : k + 1]]))
    values = as_array(unwrap(zeros), complex)
    in_pairs = everywhere(np.sort(values) == np.sort(np.conjugate(values)))
    return p.real if p.dtype.kind == "c" and in_pairs else p


# Fits


def _fitted_data(
    x: TensorLike, y: TensorLike, deg: int, w: TensorLike | None
) -> tuple[ArrayOrTensor, ArrayOrTensor, ArrayOrTensor | None]:
    """Return the data as floating-point numbers and the weights as a column; raise if they are invalid."""
    x, y = operand(x) + 0.0, operand(y) + 0.0
    if deg < 0:
        raise ValueError(f"the degree of a polynomial is 0 or more, not {deg}")
    if x.ndim != 1 or not x.size or y.ndim not in (1, 2) or y.shape[0] != x.size:
        raise TypeError(
            f"a fit takes a sequence that is not empty, and for each number in it one or a row of values, but the "
            f"shapes are {x.shape} and {y.shape}"
        )
    if w is None:
        return x, y, None
    w = operand(w) + 0.0
    if w.shape != x.shape:
        raise TypeError(f"each of {x.size} points has one weight, but the shape of the weights is {w.shape}")
    return x, y, w[:, None]


@composed(np.polyfit, method=False)
def polyfit(
    x: TensorLike,
    y: TensorLike,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: TensorLike | None = None,
    cov: bool | Literal["unscaled"] = False,
) -> Any:
    """Fit a polynomial of degree `deg` to the values `y` at `x` by least squares, and return its coefficients.

    With `full` also return the residuals, the rank, the singular values and `rcond`, with `cov` the covariance matrix.
    """
    x, y, w = _fitted_data(x, y, deg, w)
    terms = int(deg) + 1
    if rcond is None:
        rcond = x.size * np.finfo(x.dtype).eps
    matrix = vander(x, terms)
    if w is not None:
        matrix, y = matrix * w, y * (w if y.ndim == 2 else w[:, 0])
    scale = np.sqrt((matrix * matrix).sum(0))
    matrix = matrix / scale
    c, residuals, rank, s = np.linalg.lstsq(matrix, y, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if anywhere(unwrap(rank) != terms):
        warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning)
    return (c, _covariance(matrix, scale, residuals, y.ndim, cov)) if cov else c


def _covariance(matrix: Any, scale: Any, residuals: Any, ndim: int, cov: Any) -> Any:
    """Return the covariance of the coefficients, one matrix for each column of the data."""
    points, terms = matrix.shape
    covariance = np.linalg.inv(matrix.T @ matrix) / np.outer(scale, scale)
    if cov == "unscaled":
        return covariance if ndim == 1 else covariance[:, :, None]
    if points <= terms:
        raise ValueError(f"{points} points do not tell the covariance of {terms} coefficients: more are needed")
    return (covariance if ndim == 1 else covariance[:, :, None]) * (residuals / (points - terms))
