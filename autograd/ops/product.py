"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import multilinear


def _by_right(g: Any, y: Any) -> Any:
    """Return the gradient of the left factor; the leading axes that were broadcast are summed by the engine."""
    if y.ndim == 1:
        return g[..., None] * y
    if g.ndim < y.ndim:  # the left factor is a vector
        return (y @ g[..., None])[..., 0]
    return g @ y.mT


def _by_left(g: Any, x: Any) -> Any:
    """Return the gradient of the right factor."""
    if x.ndim == 1:
        return x[:, None] * g[..., None, :] if g.ndim else x * g
    if g.ndim < x.ndim:  # the right factor is a vector
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g


matmul = multilinear(np.matmul, _by_right, _by_left)
