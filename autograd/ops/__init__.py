"""NumPy's functions, differentiated: one declaration each, in one module for each family."""

from . import elementwise, index, product, reduce, shape

__all__ = ["elementwise", "index", "product", "reduce", "shape"]
