"""Vector spaces of arrays."""

from ..vector_spaces import VSpace

__all__ = ["ArrayVSpace", "ComplexArrayVSpace"]

ArrayVSpace = ComplexArrayVSpace = VSpace
