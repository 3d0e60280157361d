"""Vectors divided by their lengths, also where squares of their elements overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.extend import anywhere, borrow


def shrunk(x: Any, axis: Any) -> Any:
    """Divide vectors by the greatest of their elements, unless that is infinite, or small."""
    greatest = np.max(np.abs(borrow(x)), axis=axis, keepdims=True, initial=0)
    return x / np.where((greatest > 1) & np.isfinite(greatest), greatest, 1)


def divided_by_length(x: Any, p: float, axis: Any, eps: float) -> Any:
    """Divide vectors by their p-norms, or by eps where that is larger; zeros stay zeros, with a finite gradient."""
    norm: Any = np.linalg.norm if isinstance(axis, int) else np.linalg.vector_norm
    length = norm(x, axis=axis, keepdims=True, ord=p)
    if anywhere(np.isinf(borrow(length))):
        x = shrunk(x, axis)
        length = norm(x, axis=axis, keepdims=True, ord=p)
    return x / np.maximum(length, eps)
