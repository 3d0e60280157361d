"""Distances between points, as `scipy.spatial` computes them, differentiated."""

from typing import Any

from . import distance

__all__ = ["distance"]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"autograd.scipy.spatial has no {name!r}: it differentiates {', '.join(__all__)}. SciPy's own is "
        f"scipy.spatial.{name}, of arrays"
    )
