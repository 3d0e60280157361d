"""The operators and methods of traced arrays, each of which notes what it computes.

They are installed when something is first compiled: `import autograd` would take longer with them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from ...arrays.batched import Batched
from ...arrays.standin import power_call
from ...arrays.traced import Traced, Variable
from ...later import load
from .temporaries import overwritten


def _operator(ufunc: np.ufunc, of_numbers: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if hasattr(other, "_node") or type(other) is Batched:
            return NotImplemented  # a tensor, or an array of vmap, which answers
        a, b = (other, self) if swapped else (self, other)
        if hasattr(other, "tocsr"):  # a matrix of SciPy's
            return load("sparse products").matmul(a, b) if ufunc is np.matmul else NotImplemented
        arrays = isinstance(a, ndarray | list | tuple) or isinstance(b, ndarray | list | tuple)
        if arrays and (ufunc is not np.power or isinstance(b, ndarray)):
            speaks = hasattr(type(other), "__array_ufunc__")
            if speaks and not isinstance(other, ndarray | np.generic | Variable):
                return NotImplemented
            out = overwritten(ufunc, a, b)
            return self.records.call(ufunc, (a, b), None if out is None else {"out": out})
        return self.records.call(of_numbers, (a, b))

    return operate


def _in_place(ufunc: np.ufunc, of_numbers: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if hasattr(other, "_node") or type(other) is Batched:
            return NotImplemented
        if isinstance(self, np.generic):
            return self.records.call(of_numbers, (self, other))  # type: ignore[attr-defined]
        function, args = power_call(self, other) if ufunc is np.power else (ufunc, (self, other))
        return self.records.call(function, args, {"out": self})

    return operate


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}.items():  # fmt: skip
    _function = getattr(operator, f"{_name}_" if _name in ("and", "or") else _name)
    setattr(Traced, f"__{_name}__", _operator(_ufunc, _function, swapped=False))
    setattr(Traced, f"__r{_name}__", _operator(_ufunc, _function, swapped=True))
    setattr(Traced, f"__i{_name}__", _in_place(_ufunc, _function))
for _name, _ufunc in {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}.items():  # fmt: skip
    setattr(Traced, f"__{_name}__", _operator(_ufunc, getattr(operator, _name), swapped=False))


def _unary(ufunc: np.ufunc, of_number: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda self: self.records.call(of_number if isinstance(self, np.generic) else ufunc, (self,))


for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}.items():
    setattr(Traced, f"__{_name}__", _unary(_ufunc, getattr(operator, _name)))
setattr(Traced, "__divmod__", lambda self, other: (self // other, self % other))  # noqa: B010 - installed like the rest


def _method(name: str) -> Callable[..., Any]:
    function = getattr(ndarray, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.records.call(function, (self, *args), kwargs)

    method.__name__, method.__doc__ = name, f"Do as the method of ndarrays, and note it: see `numpy.ndarray.{name}`."
    return method


# All methods of ndarrays but those that Python's own questions are: item, tolist, tobytes, and what writes files.
for _name in (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "astype", "byteswap", "choose", "clip", "compress",
    "conj", "conjugate", "copy", "cumprod", "cumsum", "diagonal", "dot", "fill", "flatten", "max", "mean", "min",
    "nonzero", "partition", "prod", "put", "ravel", "repeat", "reshape", "round", "searchsorted", "sort", "squeeze",
    "std", "sum", "swapaxes", "take", "trace", "transpose", "var", "view",
):  # fmt: skip
    setattr(Traced, _name, _method(_name))
