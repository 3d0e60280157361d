"""The operators and methods of traced arrays, each of which notes what it computes.

They are installed when something is first compiled: `import autograd` would take longer with them.

Large arrays are temporaries that NumPy's operators write their result over if nothing else refers to them. The result
then lies in memory in the order of the temporary, where a ufunc would choose C order, and sums of it are added up in
that order. So a program has to write over the same operand.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy import ndarray

from ...arrays.batched import Batched
from ...arrays.standin import power_call
from ...arrays.traced import Traced, Variable
from ...graph.buffer_reuse import COUNTED, references
from ...later import load
from .program import MADE, Memory
from .types import Operand

_ones: Any = np.ones  # which is another one while a function is recorded
_LEAST = 1 << 18  # bytes, below which NumPy makes a new array
_EITHER = frozenset((np.add, np.multiply, np.bitwise_and, np.bitwise_or, np.bitwise_xor))
_LEFT = frozenset((np.subtract, np.true_divide, np.floor_divide, np.left_shift, np.right_shift))


def _overwritten(ufunc: np.ufunc, left: Operand, right: Operand) -> Any:
    """Return the operand, a traced array, that NumPy writes over; None if there is none, or it makes no difference."""
    if not isinstance(left, np.ndarray) or not isinstance(right, np.ndarray):
        return None
    if left.nbytes < _LEAST or left.shape != right.shape or left.strides == right.strides:
        return None
    for x in (left, right) if ufunc in _EITHER else (left,) if ufunc in _LEFT else ():
        if isinstance(x, Traced) and _is_temporary(x) and np.result_type(left.dtype, right.dtype) == x.dtype:
            return x
    return None


def _is_temporary(x: Traced) -> bool:
    """Tell whether nothing but an operator refers to an array, the notes of earlier calls aside."""
    counts = references(x), references(x.value)
    records: Any = x.records
    if type(records) is _Measure:
        records.found.append(counts)
        return False
    if x.memory.kind != MADE or x.memory.whole is not x or records.fuses or x.nbytes < _LEAST:
        return False
    limits = _limits()
    return counts[0] - records.mentions_of(x) <= limits[0] and counts[1] <= limits[1]


class _Measure:
    """Stands in for a recorder, and notes how many references there are to temporary operands."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int]] = []

    def made(self, order: str) -> Any:
        value = _ones((2, _LEAST // 8), order=order)
        memory = Memory(MADE, value)
        memory.whole = Traced(value, self, memory)  # type: ignore[arg-type]
        return memory.whole

    def call(self, function: Any, args: Any, kwargs: Any = None) -> None:
        """Do as a recorder does."""


@cache
def _limits() -> tuple[int, int]:
    """Return how many references there are to a temporary operand and its array; 0 where NumPy writes over none.

    From Python 3.14 on variables are not counted as operands, and cannot be told from temporaries.
    """
    plain, other = _ones((2, _LEAST // 8)), _ones((2, _LEAST // 8), order="F")
    if not COUNTED or sys.version_info >= (3, 14) or (plain * -other).strides == plain.strides:
        return 0, 0
    measure = _Measure()
    kept = measure.made("C")
    kept * measure.made("F")
    measure.made("F") * kept
    (_, of_right), (of_left, _) = measure.found[:2], measure.found[2:]
    return min(of_left[0], of_right[0]), min(of_left[1], of_right[1])


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
            out = _overwritten(ufunc, a, b)
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
