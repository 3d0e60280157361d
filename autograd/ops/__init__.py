"""NumPy's functions, differentiated: one declaration each, in one module for each family."""

from . import accumulate, einsum, elementwise, index, inplace, join, norm, product, reduce, shape

__all__ = ["accumulate", "einsum", "elementwise", "index", "inplace", "join", "norm", "product", "reduce", "shape"]
