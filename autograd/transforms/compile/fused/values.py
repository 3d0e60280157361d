"""Values: single numbers that a loop computes, each of them once, and NumPy's elementwise functions on arrays of them.

An array here is one of *value numbers*, int64, of the shape of the array that it stands for: the position of each of
its elements in the list of all values. NumPy's own functions index, reshape and stack such arrays as they do real ones.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..floats import TracedFloat
from ..loops.loop import Unsuitable
from ..program import Traced, Variable
from ..types import Array, Operand

DOUBLE, SINGLE, BOOL, INTEGER = map(np.dtype, (np.float64, np.float32, np.bool_, np.int64))
DTYPES = frozenset((DOUBLE, SINGLE, BOOL, INTEGER))
BUILT = 20_000  # values at most, also such that nothing needs

OPERATORS: dict[Callable[..., Any], np.ufunc] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply, operator.truediv: np.true_divide,
    operator.floordiv: np.floor_divide, operator.mod: np.remainder, operator.pow: np.power, pow: np.power,
    operator.neg: np.negative, operator.pos: np.positive, operator.abs: np.absolute, abs: np.absolute,
    operator.and_: np.bitwise_and, operator.or_: np.bitwise_or, operator.xor: np.bitwise_xor,
    operator.invert: np.invert, operator.lt: np.less, operator.le: np.less_equal, operator.gt: np.greater,
    operator.ge: np.greater_equal, operator.eq: np.equal, operator.ne: np.not_equal,
}  # fmt: skip
# What rows of calls are fused of: of floats, to floats of the same dtype and to bools; of bools, to bools.
ARITHMETIC: dict[np.ufunc, str] = {
    np.add: "add", np.subtract: "subtract", np.multiply: "multiply", np.true_divide: "divide",
    np.negative: "negative", np.positive: "copy", np.absolute: "absolute", np.fabs: "absolute", np.square: "square",
    np.reciprocal: "reciprocal", np.sqrt: "sqrt", np.maximum: "maximum", np.minimum: "minimum",
    np.copysign: "copysign", np.exp: "exp", np.expm1: "expm1", np.log: "log", np.log1p: "log1p", np.tanh: "tanh",
    np.cosh: "cosh",
}  # fmt: skip
COMPARISONS: dict[np.ufunc, str] = {
    np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==", np.not_equal: "!=",
    np.isnan: "isnan", np.isfinite: "isfinite",
}  # fmt: skip
LOGIC: dict[np.ufunc, str] = {
    np.logical_and: "and", np.bitwise_and: "and", np.logical_or: "or", np.bitwise_or: "or", np.logical_xor: "xor",
    np.bitwise_xor: "xor", np.logical_not: "not", np.invert: "not",
}  # fmt: skip
# of floats, by one instruction or function; of integers where `_INTEGERS` has them
_FLOATS: dict[np.ufunc, str] = {
    **ARITHMETIC, np.conjugate: "copy", np.fmax: "fmax", np.fmin: "fmin", np.sin: "sin", np.cos: "cos", np.tan: "tan",
    np.sinh: "sinh", np.arcsin: "asin", np.arccos: "acos", np.arctan: "atan", np.arcsinh: "asinh", np.arccosh: "acosh",
    np.arctanh: "atanh", np.arctan2: "atan2", np.hypot: "hypot", np.exp2: "exp2", np.log2: "log2", np.log10: "log10",
    np.cbrt: "cbrt", np.floor: "floor", np.ceil: "ceil", np.trunc: "trunc", np.rint: "rint", np.power: "power",
    np.float_power: "power", np.sign: "sign", np.heaviside: "heaviside", np.logaddexp: "logaddexp",
    np.remainder: "remainder", np.floor_divide: "floor_divide", np.isinf: "isinf", np.signbit: "signbit",
}  # fmt: skip
_INTEGERS = frozenset((
    "add", "subtract", "multiply", "negative", "copy", "absolute", "maximum", "minimum", "square", "sign", "floor",
    "ceil", "trunc", "remainder", "floor_divide", ">", ">=", "<", "<=", "==", "!=",
))  # fmt: skip
FILLS: dict[Any, Any] = {
    np.zeros: 0, np.zeros_like: 0, np.ones: 1, np.ones_like: 1, np.empty: None, np.empty_like: None,
}  # fmt: skip
CLIPS = frozenset((np.clip, np.ndarray.clip))
_OF_TRUTH = frozenset((np.logical_and, np.logical_or, np.logical_xor, np.logical_not))
_OF_BOOLS = {"add": "or", "maximum": "or", "multiply": "and", "minimum": "and", "absolute": "copy", "==": "==",
             "!=": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<=", "copy": "copy"}  # fmt: skip
_NAMES: dict[np.ufunc, str] = {**_FLOATS, **COMPARISONS, **LOGIC}
_TO_BOOL = frozenset((*COMPARISONS.values(), "isinf", "signbit"))


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function in messages."""
    return str(getattr(function, "__qualname__", None) or getattr(function, "__name__", function))


def dtype_of(x: Operand) -> np.dtype[Any]:
    """Return the dtype of an operand, as an array."""
    kind = kind_of(x)
    return kind if isinstance(kind, np.dtype) else np.dtype(kind)


def shape_of(x: Variable) -> tuple[int, ...]:
    """Return the shape of a variable."""
    return np.shape(x.value)


def kind_of(x: Operand) -> np.dtype[Any] | type[float]:
    """Return the dtype of an operand, or of a number that takes that of others the type of Python."""
    if type(x) is int or type(x) is float:
        return type(x)
    if isinstance(x, TracedFloat):
        return float
    if type(x) is bool:
        return BOOL
    if isinstance(x, Traced | np.generic | np.ndarray):
        return x.dtype
    raise Unsuitable(f"it computes with a {type(x).__name__}")


class Values:
    """The values of a loop.

    Attributes
    ----------
    operations
        For each value the name of its operation, and the operands: other values; of a ``"load"`` and a ``"state"`` see
        `elements.Elements`, of a ``"number"`` the number.
    dtypes
        Of each value.
    """

    def __init__(self) -> None:
        self.operations: list[tuple[Any, ...]] = []
        self.dtypes: list[np.dtype[Any]] = []
        self.known: dict[Any, int] = {}
        self.number(0, DOUBLE)  # number 0: what NumPy fills with zeros is right by itself

    def needs(self, v: int) -> list[int]:
        """Return the values that a value is computed from."""
        name, *operands = self.operations[v]
        return [] if name in ("load", "number", "state") else operands[-1:] if name == "gather" else operands

    def value(self, name: str, dtype: np.dtype[Any], *operands: Any, known_as: str | None = None) -> int:
        """Return the result of an operation, which is the known one if it was there before."""
        key = (name, dtype, *operands) if known_as is None else (name, dtype, known_as)
        found = self.known.get(key)
        if found is None:
            if len(self.operations) >= BUILT:
                raise Unsuitable(f"it has more than {BUILT:,} operations on single numbers")
            found = self.known[key] = len(self.operations)
            self.operations.append((name, *operands))
            self.dtypes.append(dtype)
        return found

    def number(self, number: complex | np.generic, dtype: np.dtype[Any]) -> int:
        """Return a constant."""
        if not isinstance(number, bool | int | float | np.bool_ | np.integer | np.floating):
            raise Unsuitable(f"it computes with {number!r}")
        with np.errstate(over="ignore"):
            number = dtype.type(number).item()
        return self.value("number", dtype, number, known_as=repr(number))  # 0.0 is not -0.0

    def numbers(self, array: ArrayLike, dtype: np.dtype[Any]) -> Array:
        """Return an array of constants."""
        return mapped(lambda x: self.number(x, dtype), np.asarray(array))

    def constant(self, v: int) -> Any:
        """Return the number that a value always is, or None."""
        name, *operands = self.operations[v]
        return operands[0] if name == "number" else None

    # Elementwise

    def ufunc(self, function: np.ufunc, operands: list[Array], kinds: list[np.dtype[Any] | type[float]]) -> Array:
        """Return what a ufunc gives for arrays of dtypes, or Python's types of numbers."""
        name = _NAMES.get(function)
        if name is None:
            raise Unsuitable(f"it calls numpy.{function.__name__}")
        if all(kind in (int, float) for kind in kinds):
            kinds = [np.dtype(kind) for kind in kinds]
        *_, loop, made = function.resolve_dtypes((*kinds, None))
        if function in _OF_TRUTH:
            loop = BOOL
        if loop not in DTYPES or made not in DTYPES:
            raise Unsuitable(f"it calls numpy.{function.__name__} of dtype {loop}")
        if loop == BOOL and function not in LOGIC:
            name = _OF_BOOLS.get(name, "")
        if not name or (loop == INTEGER and function not in LOGIC and name not in _INTEGERS):
            raise Unsuitable(f"it calls numpy.{function.__name__} of dtype {loop}")
        return self.each(name, loop, *operands)

    def each(self, name: str, dtype: np.dtype[Any], *operands: Array) -> Array:
        """Return the results of an operation whose operands, broadcast, are first cast to a dtype."""
        arrays: Sequence[Array] = [self.cast(x, dtype) for x in operands]
        if any(x.shape != arrays[0].shape for x in arrays):
            arrays = np.broadcast_arrays(*arrays)
        made = [self.one(name, dtype, *several) for several in zip(*(x.flat for x in arrays), strict=True)]
        return np.array(made, np.int64).reshape(arrays[0].shape)

    def cast(self, ids: Array, dtype: np.dtype[Any]) -> Array:
        """Return values as those of another dtype."""
        if all(self.dtypes[v] == dtype for v in ids.flat):
            return ids
        return mapped(lambda v: self.cast_one(int(v), dtype), ids)

    def cast_one(self, v: int, dtype: np.dtype[Any]) -> int:
        """Return a value as one of another dtype."""
        if self.dtypes[v] == dtype:
            return v
        number = self.constant(v)
        return self.value("cast", dtype, v) if number is None else self.number(number, dtype)

    def where(self, condition: Array, a: Array, b: Array, dtype: np.dtype[Any]) -> Array:
        """Return values of `a` where a condition holds, else of `b`."""
        condition, a, b = np.broadcast_arrays(self.cast(condition, BOOL), self.cast(a, dtype), self.cast(b, dtype))
        made = [self.choice(*several) for several in zip(condition.flat, a.flat, b.flat, strict=True)]
        return np.array(made, np.int64).reshape(condition.shape)

    def choice(self, condition: int, a: int, b: int) -> int:
        """Return `a` if a condition holds, else `b`."""
        known = self.constant(condition)
        if known is not None or a == b:
            return int(a if known or a == b else b)
        return self.value("where", self.dtypes[a], int(condition), int(a), int(b))

    def one(self, name: str, dtype: np.dtype[Any], *operands: int) -> int:
        """Return the result of an operation on values of one dtype."""
        v = [int(x) for x in operands]
        write = _WRITTEN.get(name)
        if write is not None:
            return int(write(self, dtype, *v))
        return self.value(name, BOOL if name in _TO_BOOL else dtype, *v)


def mapped(function: Callable[[Any], int], x: Array) -> Array:
    """Return an array of the values that a function gives for each element."""
    return np.array([function(v) for v in x.flat], np.int64).reshape(x.shape)


# What is written in other operations: functions of `Values`, the dtype and the operands.


def _power(values: Values, dtype: Any, x: int, y: int) -> int:
    """Write squares and cubes as products."""
    exponent = values.constant(y)
    if exponent == 2 or exponent == 3:
        square = values.one("multiply", dtype, x, x)
        return square if exponent == 2 else values.one("multiply", dtype, square, x)
    return values.value("pow", dtype, x, y)


def _extreme(name: str, values: Values, dtype: Any, x: int, y: int) -> int:
    """Return the larger or smaller number, which a nan is not."""
    first = values.one("or", BOOL, values.one(name, dtype, x, y), values.one("isnan", dtype, y))
    return values.choice(first, x, y)


def _by_sign(values: Values, dtype: Any, x: int, at_zero: int | None = None, below: int = 0) -> int:
    """Return 1 for a positive number, and others for 0 and for a negative one; nan stays."""
    zero, one, less = (values.number(number, dtype) for number in (0, 1, below))
    found = values.choice(values.one("==", dtype, x, zero), zero if at_zero is None else at_zero, x)
    found = values.choice(values.one("<", dtype, x, zero), less, found)
    return values.choice(values.one(">", dtype, x, zero), one, found)


def _logaddexp(values: Values, dtype: Any, x: int, y: int) -> int:
    """Return log(e**x + e**y), which is of equal ones their sum with log(2), infinite ones among them."""
    zero = values.number(0, dtype)
    difference = values.one("subtract", dtype, x, y)
    lower = values.one("negative", dtype, values.one("absolute", dtype, difference))
    rest = values.one("log1p", dtype, values.one("exp", dtype, lower))
    found = values.one("add", dtype, values.choice(values.one(">", dtype, difference, zero), x, y), rest)
    found = values.choice(values.one("isnan", dtype, difference), difference, found)
    twice = values.one("add", dtype, x, values.number(np.log(2), dtype))
    return values.choice(values.one("==", dtype, x, y), twice, found)


def _remainder(values: Values, dtype: Any, x: int, y: int) -> int:
    """Return what is left after a division that is rounded down, with the sign of the divisor, also of zero."""
    if dtype == INTEGER:
        return values.value("remainder", dtype, x, y)
    zero = values.number(0, dtype)
    rest = values.value("fmod", dtype, x, y)
    other = values.one("xor", BOOL, values.one("<", dtype, y, zero), values.one("<", dtype, rest, zero))
    moved = values.choice(other, values.one("add", dtype, rest, y), rest)
    signed = values.choice(values.one("==", dtype, rest, zero), values.one("copysign", dtype, zero, y), moved)
    return values.choice(values.one("==", dtype, y, zero), rest, signed)


def _floor_divide(values: Values, dtype: Any, x: int, y: int) -> int:
    """Return the quotient, rounded down, which is exact where the remainder is."""
    if dtype == INTEGER:
        return values.value("floor_divide", dtype, x, y)
    zero, one = values.number(0, dtype), values.number(1, dtype)
    rest, quotient = values.value("fmod", dtype, x, y), values.one("divide", dtype, x, y)
    found = values.one("divide", dtype, values.one("subtract", dtype, x, rest), y)
    other = values.one("xor", BOOL, values.one("<", dtype, y, zero), values.one("<", dtype, rest, zero))
    other = values.one("and", BOOL, other, values.one("!=", dtype, rest, zero))
    found = values.choice(other, values.one("subtract", dtype, found, one), found)
    floor = values.one("floor", dtype, found)
    over = values.one(">", dtype, values.one("subtract", dtype, found, floor), values.number(0.5, dtype))
    floor = values.choice(over, values.one("add", dtype, floor, one), floor)
    signed = values.one("copysign", dtype, zero, quotient)
    floor = values.choice(values.one("==", dtype, found, zero), signed, floor)
    return values.choice(values.one("==", dtype, y, zero), quotient, floor)


_WRITTEN: dict[str, Callable[..., int]] = {
    "copy": lambda values, dtype, x: x,
    "square": lambda values, dtype, x: values.one("multiply", dtype, x, x),
    "reciprocal": lambda values, dtype, x: values.one("divide", dtype, values.number(1, dtype), x),
    "isinf": lambda values, dtype, x: values.one(
        "==", dtype, values.one("absolute", dtype, x), values.number(np.inf, dtype)
    ),
    "signbit": lambda values, dtype, x: values.one(
        "<", dtype, values.one("copysign", dtype, values.number(1, dtype), x), values.number(0, dtype)
    ),
    "fmax": partial(_extreme, ">="), "fmin": partial(_extreme, "<="), "power": _power,
    "sign": partial(_by_sign, below=-1), "heaviside": _by_sign, "logaddexp": _logaddexp, "remainder": _remainder,
    "floor_divide": _floor_divide,
}  # fmt: skip
