"""Utility functions: `all`, `any` and `diff`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.inside import ArrayOrTensor

from ._arrays import as_array, constant, wrapped

numpy: Any = np  # NumPy's annotations accept only literal flags


def all(x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """Tell whether every element is true."""
    return Tensor(numpy.all(constant(as_array(x)), axis, keepdims=keepdims))


def any(x: ArrayOrTensor, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
    """Tell whether some element is true."""
    return Tensor(numpy.any(constant(as_array(x)), axis, keepdims=keepdims))


def diff(
    x: ArrayOrTensor,
    /,
    *,
    axis: int = -1,
    n: int = 1,
    prepend: ArrayOrTensor | None = None,
    append: ArrayOrTensor | None = None,
) -> Tensor:
    """Take differences of neighbours along `axis`, `n` times, after joining `prepend` and `append` to `x`."""
    parts = [as_array(part) for part in (prepend, x, append) if part is not None]
    joined = np.concatenate(parts, axis) if n and len(parts) > 1 else as_array(x)
    return wrapped(np.diff(joined, n, axis))
