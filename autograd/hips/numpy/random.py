"""NumPy's random numbers: `numpy.random`."""

from __future__ import annotations

from typing import Any

import numpy

__all__ = list(numpy.random.__all__)


def __getattr__(name: str) -> Any:
    return getattr(numpy.random, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
