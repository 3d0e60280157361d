"""Rows of an array at the indices of another one: ``x.take(key, 0)`` takes a quarter of the time of ``x[key]``."""

from __future__ import annotations

from typing import Any

import numpy as np

_INDICES = frozenset("bhilq")  # `take` refuses those without a sign


def are_rows(x: Any, key: Any) -> bool:
    """Tell whether ``x[key]`` are rows that ``x.take(key, 0)`` gives to the bit and in the same order of memory."""
    return (
        type(key) is np.ndarray
        and type(x) is np.ndarray
        and x.ndim > 1
        and key.dtype.char in _INDICES
        and x.flags.c_contiguous
        and key.flags.c_contiguous
        and len(x) > 0  # of nothing, the errors differ
    )
