"""Indexing functions: elements by their indices."""

from __future__ import annotations

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor

from ._arrays import as_array, constant, wrapped


def take(x: ArrayOrTensor, indices: ArrayOrTensor, /, *, axis: int | None = None) -> Tensor:
    """Return the elements at `indices` along `axis`, which may be left out only for a vector."""
    x = as_array(x)
    if axis is None and x.ndim != 1:
        raise ValueError(f"take() needs an axis for an array of shape {x.shape}: give axis=")
    return wrapped(np.take(x, constant(indices), axis))


def take_along_axis(x: ArrayOrTensor, indices: ArrayOrTensor, /, *, axis: int = -1) -> Tensor:
    """Return the elements at `indices` along `axis`; `indices` has as many axes as `x`."""
    return wrapped(np.take_along_axis(as_array(x), constant(indices), axis))
