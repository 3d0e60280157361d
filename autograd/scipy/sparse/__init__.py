"""Sparse matrices and tensors: products, and systems of equations, with gradients of both operands.

A sparse matrix of SciPy is a constant. If its elements are a tensor, `csr_array` and the like make a `SparseArray`,
whose elements have a gradient, and stand where they were put. ``a @ x`` and ``x @ a`` work for SciPy's matrices and
tensors; the first such product loads this module.
"""

from autograd.extend import set_module

from . import linalg, operators  # noqa: F401 - the latter installs them
from .arrays import SparseArray, matmul
from .making import coo_array, csc_array, csr_array, diags_array

__all__ = ["SparseArray", "coo_array", "csc_array", "csr_array", "diags_array", "linalg", "matmul"]

set_module(__name__, *(globals()[name] for name in __all__))
