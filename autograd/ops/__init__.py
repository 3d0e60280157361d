"""Differentiable NumPy functions: one declaration each, one module per family.

The families in `further` are loaded when one of their functions is first called.
"""

import importlib
import typing

from ..tensors import dispatch
from . import (
    bessel,
    complex,
    cumulative,
    elementwise,
    index,
    join,
    norm,
    product,
    reduce,
    setitem,
    shape,
    sort,
    undifferentiated,
    variance,
)

__all__ = [
    "bessel",
    "complex",
    "cumulative",
    "decompositions",
    "differences",
    "einsum",
    "elementwise",
    "emath",
    "fft",
    "histogram",
    "index",
    "join",
    "linalg",
    "nan",
    "norm",
    "pad",
    "piecewise",
    "polynomial",
    "product",
    "quantiles",
    "rearrange",
    "reduce",
    "setitem",
    "shape",
    "signal",
    "sort",
    "statistics",
    "ufunc_methods",
    "variance",
]

dispatch.call_undifferentiated = undifferentiated.call_undifferentiated


def __getattr__(name: str) -> typing.Any:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
