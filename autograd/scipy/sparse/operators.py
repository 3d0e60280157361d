"""The operator @ between SciPy's sparse matrices and tensors, which the first such product loads.

SciPy converts what it does not know to an ndarray. If that is an object for NumPy, it leaves the product to the other
operand: so do tensors, and arrays within `vmap`, say where its operators ask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.sparse import coo_array, csr_array, dia_array, dok_array, issparse

from autograd import Tensor
from autograd.inside import Batched, gives_way

from .arrays import SparseArray, matmul

Operator = Callable[[Any, Any], Any]


def _before(operate: Operator) -> Operator:
    def product(x: Any, a: Any) -> Any:
        return matmul(x, a) if isinstance(a, SparseArray) or issparse(a) else operate(x, a)

    return product


def _after(operate: Operator) -> Operator:
    def product(x: Any, a: Any) -> Any:
        return matmul(a, x) if issparse(a) else operate(x, a)

    return product


for _kind in (Tensor, Batched):
    setattr(_kind, "__matmul__", _before(_kind.__matmul__))  # noqa: B010 - for mypy
    setattr(_kind, "__rmatmul__", _after(_kind.__rmatmul__))  # noqa: B010
for _home in {home for kind in (csr_array, coo_array, dok_array, dia_array) for home in kind.__mro__}:
    for _name in ("_matmul_dispatch", "_rmatmul_dispatch", "_mul_dispatch", "_rmul_dispatch"):
        if _name in vars(_home):
            gives_way.add(vars(_home)[_name].__code__)
