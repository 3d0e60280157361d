"""The families of functions that many programs never use: loaded for a function that no other family declares.

None of them has methods of tensors. They take a fifth of the time that `import autograd` would take with them.
"""

from . import (
    decompositions,
    differences,
    einsum,
    emath,
    fft,
    histogram,
    linalg,
    pad,
    piecewise,
    polynomial,
    quantiles,
    rearrange,
    statistics,
)

__all__ = [
    "decompositions",
    "differences",
    "einsum",
    "emath",
    "fft",
    "histogram",
    "linalg",
    "pad",
    "piecewise",
    "polynomial",
    "quantiles",
    "rearrange",
    "statistics",
]
