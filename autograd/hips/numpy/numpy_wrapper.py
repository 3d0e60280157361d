"""NumPy's functions, as `autograd.numpy` has them."""

from .creation import array

__all__ = ["array"]
