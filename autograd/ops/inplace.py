"""Python's in-place operators: ``t += v`` and the like.

A result of recorded operations is never written to: the operator computes a new tensor, and Python binds the name to
it. What nothing has recorded, and a leaf while nothing is being recorded, is written in place: ``w -= rate * gradient``
within `no_grad` updates a parameter that other objects hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..declare import OPERATORS
from ..errors import GraphError
from ..graph import Leaf
from ..modes import recording
from ..tensor import Tensor, as_tensor, unwrap

_SYMBOLS: dict[np.ufunc, str] = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.floor_divide: "//", np.remainder: "%",
    np.power: "**", np.matmul: "@", np.bitwise_and: "&", np.bitwise_or: "|", np.bitwise_xor: "^",
    np.left_shift: "<<", np.right_shift: ">>",
}  # fmt: skip


def _in_place(ufunc: np.ufunc, symbol: str) -> Callable[[Tensor, Any], Any]:
    """Return the in-place form of the operator that `ufunc` computes."""

    def operate(x: Tensor, y: Any) -> Any:
        node = x._node
        if node is not None and type(node) is not Leaf:
            return as_tensor(ufunc(x, y))
        if recording():
            if node is not None:
                raise GraphError(
                    f"x {symbol}= y would change a leaf that requires a gradient without a trace in the graph: "
                    f"update it within no_grad(), or write to x.data; to compute with it, write x = x {symbol} y"
                )
            if isinstance(y, Tensor) and y._node is not None:
                return as_tensor(ufunc(x, y))
        ufunc(x._data, unwrap(y), out=x._data)
        return x

    return operate


for _ufunc, _symbol in _SYMBOLS.items():
    setattr(Tensor, f"__i{OPERATORS[_ufunc.__name__]}__", _in_place(_ufunc, _symbol))
