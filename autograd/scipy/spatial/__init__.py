"""Distances between points, as `scipy.spatial` computes them, differentiated."""

from ..common import differentiates
from . import distance

__all__ = ["distance"]


__getattr__ = differentiates(__name__, __all__)
