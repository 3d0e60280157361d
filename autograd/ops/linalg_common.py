"""Helpers shared by the rules of linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.door import everywhere
from ..tensors.tensor import unwrap
from ..tensors.types import ArrayOrTensor


def conj(x: ArrayOrTensor) -> Any:
    """Return the complex conjugate; real arrays as they are, without a copy."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def adjoint(x: ArrayOrTensor) -> Any:
    """Return the conjugate transposes of a stack of matrices."""
    return conj(x.mT)


def hermitian_part(x: ArrayOrTensor) -> Any:
    """Return the mean of each matrix and its conjugate transpose."""
    return (x + adjoint(x)) * 0.5


def half_lower(x: ArrayOrTensor) -> Any:
    """Return the lower triangles of matrices, with their diagonals halved."""
    mask = np.tri(*x.shape[-2:], dtype=np.finfo(x.dtype).dtype)
    np.fill_diagonal(mask, 0.5)
    return x * mask


def on_diagonal(x: ArrayOrTensor) -> Any:
    """Return the diagonal matrices with the vectors `x` on their diagonals."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


def negligible(values: ArrayOrTensor, scale: ArrayOrTensor) -> Any:
    """Tell which values are zero to within the rounding of a decomposition whose values are `scale`."""
    scale = abs(unwrap(scale))
    rounding = 10 * scale.shape[-1] * float(np.finfo(scale.dtype).eps)
    greatest = scale.max(-1, keepdims=True, initial=0)
    return abs(unwrap(values)) <= rounding * greatest.reshape(
        greatest.shape[:-1] + (1,) * (values.ndim - scale.ndim + 1)
    )


def masked_reciprocal(values: ArrayOrTensor, scale: ArrayOrTensor) -> Any:
    """Return 1 / `values`, and 0 where they are zero to within the rounding of `scale`."""
    mask = negligible(values, scale)
    return np.where(mask, 0, 1 / np.where(mask, 1, values))


def gaps(w: ArrayOrTensor) -> Any:
    """Return w_j - w_i for each pair."""
    return w[..., None, :] - w[..., :, None]


def share_ties(g: ArrayOrTensor, w: ArrayOrTensor) -> Any:
    """Return the gradient of `w`, shared evenly among values that are equal to within rounding."""
    tied = negligible(gaps(unwrap(w)), w)
    counts = tied.sum(-2, keepdims=True)
    if everywhere(counts <= 1):
        return g
    shares = (tied / np.maximum(counts, 1)).astype(np.finfo(w.dtype).dtype)
    return (shares @ g[..., None])[..., 0]
