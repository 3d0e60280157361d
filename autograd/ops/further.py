"""The families of functions that many programs never use: loaded for a function that no other family declares.

None of them has methods of tensors. With them, `import autograd` would take more than twice as long after NumPy.
"""

from . import (
    decompositions,
    differences,
    einsum,
    emath,
    fft,
    histogram,
    linalg,
    nan,
    pad,
    piecewise,
    polynomial,
    quantiles,
    rearrange,
    signal,
    statistics,
    ufunc_methods,
)

__all__ = [
    "decompositions",
    "differences",
    "einsum",
    "emath",
    "fft",
    "histogram",
    "linalg",
    "nan",
    "pad",
    "piecewise",
    "polynomial",
    "quantiles",
    "rearrange",
    "signal",
    "statistics",
    "ufunc_methods",
]
