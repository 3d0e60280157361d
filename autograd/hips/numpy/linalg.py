"""NumPy's functions of `numpy.linalg`, which accept tensors."""

from __future__ import annotations

from typing import Any

import numpy

from .creation import accepting_lists

__all__ = list(numpy.linalg.__all__)


def __getattr__(name: str) -> Any:
    value = getattr(numpy.linalg, name)
    if callable(value) and not isinstance(value, type | numpy.ufunc):
        value = globals()[name] = accepting_lists(value)
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
