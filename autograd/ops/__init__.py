"""Differentiable NumPy functions: one declaration each, one module per family.

The families that many programs never use are loaded when one of their functions, or of their methods of tensors, is
first called. With all of them, `import autograd` would take more than twice as long after NumPy.
"""

import numpy as np

from ..calculus import RULES
from ..later import homes, lazy_names
from ..tensors import dispatch
from ..tensors.tensor import Tensor
from . import elementwise, index, reduce, shape

# Those that programs use more often come first.
dispatch.further[:] = [
    "product", "join", "variance", "norm", "cumulative", "sort", "linalg", "decompositions", "complex", "setitem",
    "differences", "rearrange", "einsum", "piecewise", "quantiles", "nan", "statistics", "pad", "signal", "bessel",
    "polynomial", "histogram", "fft", "further_elementwise", "ufunc_methods", "emath",
]  # fmt: skip
homes.update((family, f"{__name__}.{family}") for family in dispatch.further)
__all__ = ["elementwise", "index", "reduce", "shape"]
__all__ += dispatch.further

# The methods of tensors that these families have.
_METHODS = {
    "product": ("__matmul__", "__rmatmul__", "dot", "matmul", "matvec", "vecdot", "vecmat"),
    "join": ("repeat",),
    "variance": ("std", "var"),
    "norm": ("norm",),
    "cumulative": ("cumprod", "cumsum", "prod"),
    "sort": ("argpartition", "argsort", "nonzero", "searchsorted"),
    "complex": ("angle", "imag", "real"),
    "setitem": (
        "__iadd__", "__iand__", "__ifloordiv__", "__ilshift__", "__imatmul__", "__imod__", "__imul__", "__ior__",
        "__ipow__", "__irshift__", "__isub__", "__itruediv__", "__ixor__", "__setitem__", "fill", "put", "sort",
    ),
    "bessel": ("i0", "sinc"),
    "further_elementwise": (
        "__divmod__", "__floordiv__", "__mod__", "__rdivmod__", "__rfloordiv__", "__rmod__", "divmod", "fix", "ldexp",
        *(each.__name__ for each in RULES if each not in elementwise.FREQUENT),
    ),
}  # fmt: skip

for _family, _names in _METHODS.items():
    for _name in _names:
        if _name in ("matvec", "vecmat") and not hasattr(np, _name):  # since NumPy 2.2
            continue
        setattr(Tensor, _name, dispatch.DeclaredLater(_name, _family))


lazy_names(globals(), modules=__all__)
