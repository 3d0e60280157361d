"""NumPy's functions, differentiated: one declaration each, in one module for each family."""

from . import accumulate, elementwise, index, join, norm, product, reduce, shape

__all__ = ["accumulate", "elementwise", "index", "join", "norm", "product", "reduce", "shape"]
