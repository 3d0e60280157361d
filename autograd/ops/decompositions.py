"""Matrix decompositions: Cholesky, eigenvalues, singular values, QR.

All work on stacks of matrices, real and complex. Their derivatives have this in common:

* A Hermitian matrix is read from one triangle, as in NumPy, but the gradient is that of the function of its Hermitian
  part: it is Hermitian, so that a step along it stays among Hermitian matrices.
* Eigenvectors of Hermitian matrices and singular vectors are determined up to signs, or phases if they are complex.
  A result that depends on these phases has no derivative; a warning says so.
* Where eigenvalues or singular values are equal to within rounding, so that any rotation of their vectors would do as
  well, the infinite terms 1 / (w_j - w_i) are left out, and the values share their gradients evenly. First derivatives
  are then right for everything that is invariant to such rotations: symmetric functions of the values, projections on
  all the tied vectors together, the polar factor ``u @ vh``; for a greatest or least value they are the subgradient of
  least norm. A result that singles out one of the tied vectors has no derivative. A function of tied values and vectors
  together, such as ``v @ diag(f(w)) @ v.T``, cannot be recognized from the gradients of the two: the part f'(w) of its
  derivative among tied vectors is missing, with a warning, and so it is from second derivatives of ``f(w).sum()``.
  Values can be kept apart by adding a small multiple of ``diag(arange(n))``.

The derivations follow M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), with the complex cases derived anew. Each rule is one matrix W, the gradient with respect to
the matrix in the bases of the decomposition, transformed back to the original ones.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from ..arrays.door import anywhere, innermost_level, unrecorded, whole
from ..errors import UnsupportedError
from ..later import load
from ..primitives.declare import composed, general
from ..source.source_info import warn
from ..tensors.tensor import Tensor, any_live, unwrap
from ..tensors.types import ArrayOrTensor
from .linalg_common import adjoint, conj, gaps, half_lower, hermitian_part, masked_reciprocal, on_diagonal, share_ties


def _skew_part(x: Any) -> Any:
    """Return half of the difference between each matrix and its conjugate transpose."""
    return (x - adjoint(x)) * 0.5


def _warn_of_phases(turned: Any, *gradients: Any) -> None:
    """Warn if complex vectors have gradients that would change with their phases, which are arbitrary."""
    if turned.dtype.kind == "c":
        by_phase = abs(whole(np.linalg.diagonal(unwrap(turned))).imag).max(initial=0)
        greatest = max(abs(whole(unwrap(g))).max(initial=0) for g in gradients)
        if by_phase > np.sqrt(np.finfo(turned.dtype).eps) * greatest:
            warn(
                "the result depends on the phases of complex vectors, which are arbitrary, and so has no derivative: "
                "use quantities that do not depend on them, such as absolute values or projections v @ v.mT.conj()",
                RuntimeWarning,
            )


def _shared(g: Any, w: Any, *of_vectors: Any) -> Any:
    """Share the gradient of equal values; warn if vectors have one too, since a part may then be missing."""
    shared = share_ties(g, w)
    if shared is not g:
        given = unwrap(g)
        changed = abs(unwrap(shared) - given).max(-1, initial=0) > 1e-6 * abs(given).max(-1, initial=0)
        used = sum(abs(unwrap(part)).max((-2, -1), initial=0) for part in of_vectors)
        if anywhere(changed & (used > 0)):
            warn(
                "eigenvalues or singular values are equal, and the result depends on each of them and its vector, not "
                "on them all alike: its gradient lacks a part. Keep them apart, by adding a small multiple of "
                "diag(arange(n)) to the matrix",
                RuntimeWarning,
            )
    return shared


# Cholesky

# From how many rows on two triangular systems take less time than an inverse and two products.
_LARGE = 64


def cholesky_rule(g: ArrayOrTensor, out: ArrayOrTensor, upper: bool) -> Any:
    """Return the gradient (I. Murray, "Differentiation of the Cholesky decomposition", 2016)."""
    if upper:
        g, out = adjoint(g), adjoint(out)
    product = out.mT @ g
    traces = (level := innermost_level(g, out)) is not None and level.of_pattern  # which knows NumPy's functions alone
    systems = None if out.shape[-1] < _LARGE or traces else _triangular_systems()
    if systems and not isinstance(product, Tensor):
        return systems.stacked(systems.congruence, (out, product), (2, 2))
    middle = hermitian_part(half_lower(product))
    if systems:
        half = systems.triangular(out.mT, middle, False, False, False)
        return systems.triangular(out.mT, adjoint(half), False, False, False)
    inverse = np.linalg.inv(out)
    return inverse.mT @ middle @ conj(inverse)


@functools.cache
def _triangular_systems() -> Any:
    """Return the module of SciPy's solutions of systems of triangular matrices; None where SciPy is not installed."""
    return unrecorded(load)("triangular systems") if find_spec("scipy") else None


cholesky = general(np.linalg.cholesky, cholesky_rule, forward=lambda a, upper=False: np.linalg.cholesky(a, upper=upper))


# Eigenvalues of Hermitian matrices: a = v diag(w) v^H


def eigh_rule(g: tuple[ArrayOrTensor, ...], out: tuple[ArrayOrTensor, ...]) -> Any:
    """Return the gradient of eigenvalues and eigenvectors."""
    (gw, gv), (w, v) = g, out
    turned = v.mT @ gv
    _warn_of_phases(turned, gv)
    rotation = masked_reciprocal(gaps(w), w) * turned
    return conj(v) @ hermitian_part(on_diagonal(_shared(gw, w, gv)) + rotation) @ v.mT


def eigvalsh_rule(g: ArrayOrTensor, a: Any, UPLO: Literal["L", "U"]) -> Any:
    """Return the gradient of eigenvalues alone."""
    w, v = np.linalg.eigh(a, UPLO)
    return (conj(v) * share_ties(g, w)[..., None, :]) @ v.mT


eigh = general(np.linalg.eigh, eigh_rule, forward=lambda a, UPLO="L": np.linalg.eigh(a, UPLO), outputs=True)
eigvalsh = general(np.linalg.eigvalsh, eigvalsh_rule, forward=lambda a, UPLO="L": np.linalg.eigvalsh(a, UPLO))


# Eigenvalues of general square matrices: a v = v diag(w), each column of v with length 1 and a real largest component


def _eig_rule(g: Any, out: Any) -> Any:
    (gw, gv), (w, v) = g, out
    if v.dtype.kind == "c" and v.size:
        gv = gv - 1j * _held_phases(gv, v)
    seen = v.mT @ gv
    lengths = (v * gv).sum(-2).real  # changes of the length of a column of v are removed
    rotation = masked_reciprocal(gaps(w), w) * (seen - (v.mT @ conj(v)) * lengths[..., None, :])
    return _from_basis(v, (on_diagonal(_shared(gw, w, gv)) + rotation) @ v.mT)


def _held_phases(gv: Any, v: Any) -> Any:
    """Return the part to subtract from the gradient of complex eigenvectors, where LAPACK made one component real.

    Among equally large components, this is the one without an imaginary part.
    """
    values = unwrap(v)
    rank = abs(values) * np.where(np.equal(values.imag, 0), 2, 1)
    held = np.arange(v.shape[-1])[:, None] == rank.argmax(-2)[..., None, :]
    return np.where(held, (v * gv).sum(-2, keepdims=True).imag / np.where(held, v, 1), 0)


def _eigvals_rule(g: Any, a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return _from_basis(v, share_ties(g, w)[..., None] * v.mT)


def _from_basis(v: Any, seen: Any) -> Any:
    try:
        return np.linalg.solve(v.mT, seen)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "the eigenvectors are not independent, and so eigenvalues have no derivative; for Hermitian matrices, "
            "numpy.linalg.eigh and eigvalsh always find independent ones"
        ) from None


eig = general(np.linalg.eig, _eig_rule, forward=lambda a: np.linalg.eig(a), outputs=True)
eigvals = general(np.linalg.eigvals, _eigvals_rule, forward=lambda a: np.linalg.eigvals(a))


# Singular values: a = u diag(s) vh


def svd_rule(g: tuple[ArrayOrTensor, ...], out: tuple[ArrayOrTensor, ...]) -> Any:
    """Return the gradient.

    Where u or vh is square and the matrix is not, the extra vectors rotate only against the first ones, and so add to
    their gradient. The gradient of the first vectors has a part within their span, in which u and vh rotate together
    or against each other, and a part orthogonal to it.
    """
    (gu, gs, gvh), (u, s, vh) = g, out
    k = s.shape[-1]
    u, u_more, gu, gu_more = u[..., :k], u[..., k:], gu[..., :k], gu[..., k:]
    vh, vh_more, gvh, gvh_more = vh[..., :k, :], vh[..., k:, :], gvh[..., :k, :], gvh[..., k:, :]
    if u_more.shape[-1]:
        gu = gu - conj(u_more) @ (adjoint(gu_more) @ conj(u))
    if vh_more.shape[-2]:
        gvh = gvh - (conj(vh) @ adjoint(gvh_more)) @ conj(vh_more)
    by_u, by_v = u.mT @ gu, gvh @ vh.mT
    turned_u, turned_v = _skew_part(by_u), -_skew_part(by_v)
    together, against = turned_u + turned_v, turned_u - turned_v
    _warn_of_phases(together, gu, gvh)
    within = (
        on_diagonal(_shared(gs, s, gu, gvh))
        + masked_reciprocal(gaps(s), s) * together
        + masked_reciprocal(s[..., None, :] + s[..., :, None], s) * against
    )
    found = conj(u) @ within @ conj(vh)
    inverse = masked_reciprocal(s, s)
    if u.shape[-2] > k:
        found = found + ((gu - conj(u) @ by_u) * inverse[..., None, :]) @ conj(vh)
    if vh.shape[-1] > k:
        found = found + conj(u) @ (inverse[..., :, None] * (gvh - by_v @ conj(vh)))
    return found


def svdvals_rule(g: ArrayOrTensor, a: ArrayOrTensor) -> Any:
    """Return the gradient of singular values alone."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return conj(u) @ (share_ties(g, s)[..., :, None] * conj(vh))


_svd = general(lambda a, full_matrices: np.linalg.svd(a, full_matrices), svd_rule, name="svd", outputs=True)
svdvals = general(np.linalg.svdvals, svdvals_rule, forward=lambda a: np.linalg.svd(a, compute_uv=False))


@composed(np.linalg.svd, method=False)
def svd(a: ArrayOrTensor, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Return u, s and vh such that the matrices are ``u @ diag(s) @ vh``, or s alone; derivatives: see above."""
    if not hermitian:
        return _svd(a, full_matrices) if compute_uv else svdvals(a)
    if not compute_uv:
        return np.sort(abs(eigvalsh(a)))[..., ::-1]
    w, u = eigh(a)
    order = np.argsort(abs(unwrap(w)))[..., ::-1]
    w, u = np.take_along_axis(w, order, -1), np.take_along_axis(u, order[..., None, :], -1)
    signs = np.copysign(1, unwrap(w))
    return type(np.linalg.svd(np.zeros((0, 0))))(u, w * signs, adjoint(u * signs[..., None, :]))


# Orthogonal and triangular: a = q r


def _qr_rule(g: Any, out: Any) -> Any:
    """Return the gradient (S. F. Walter & L. Lehmann, "Algorithmic differentiation of linear algebra functions", 2010).

    The columns of a wide matrix beyond the square part are q times those of r. The columns of q beyond those of a tall
    matrix rotate only against the first ones.
    """
    (gq, gr), (q, r) = g, out
    m, n = q.shape[-2], r.shape[-1]
    if m >= n:
        return _qr_of_tall(gq, gr[..., :n, :], q, r[..., :n, :])
    beyond = q @ r[..., m:]
    first = _qr_of_tall(gq + conj(beyond) @ adjoint(gr[..., m:]), gr[..., :m], q, r[..., :m])
    return np.concatenate([first, conj(q) @ gr[..., m:]], -1)


def _qr_of_tall(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """Return the gradient for as many columns as r has rows; nan where they are dependent and it is not 0."""
    n = r.shape[-1]
    q, q_more, gq, gq_more = q[..., :n], q[..., n:], gq[..., :n], gq[..., n:]
    if q_more.shape[-1]:
        gq = gq - conj(q_more) @ (adjoint(gq_more) @ conj(q))
    turned = q.mT @ gq - np.triu(gr) @ r.mT
    seen = gq + conj(q) @ (half_lower(turned - adjoint(turned)) - turned)
    diagonal, lengths = abs(np.linalg.diagonal(unwrap(r))), np.linalg.norm(unwrap(r), axis=-2)
    dependent = (diagonal <= 10 * n * np.finfo(r.dtype).eps * lengths).any(-1)[..., None, None]
    if not anywhere(dependent):
        return np.linalg.solve(r, seen.mT).mT
    found = np.linalg.solve(np.where(dependent, np.eye(n, dtype=r.dtype), r), seen.mT).mT
    return np.where(dependent & np.not_equal(unwrap(found), 0), np.nan, found)


_qr = general(lambda a, mode: np.linalg.qr(a, mode), _qr_rule, name="qr", outputs=True)


@composed(np.linalg.qr, method=False)
def qr(a: ArrayOrTensor, mode: Literal["reduced", "complete", "r", "raw"] = "reduced") -> Any:
    """Return q and r such that the matrices are ``q @ r``; their first min(m, n) columns must be independent.

    Mode "r" returns r alone. The reflections that mode "raw" returns have no derivative here.
    """
    if mode in ("reduced", "complete"):
        return _qr(a, mode)
    if mode == "r":
        return _qr(a, "reduced")[1]
    result: Any = np.linalg.qr(unwrap(a), mode)
    if any_live(a):
        raise UnsupportedError(
            f"numpy.linalg.qr(mode={mode!r}) has no derivative here: the modes 'reduced', 'complete' and 'r' have"
        )
    return tuple(map(Tensor, result)) if isinstance(result, tuple) else Tensor(result)
