"""NumPy's functions, differentiated: one declaration each, in one module for each family."""

from . import elementwise, product, reduce, shape

__all__ = ["elementwise", "product", "reduce", "shape"]
