"""Arithmetic on LLVM's values: how each operation is computed, in the one place that says so.

Values are bits (bools), 64-bit integers, floats and doubles, or vectors of them. Additions and multiplications are
rounded one by one, as in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .bits import BIT, BYTE, INDEX, Number, apart, called, from_library, in_function, parts_of, several, together
from .mathematics import SINES, WRITTEN

from llvmlite import ir  # isort: skip - mathematics.py has found it

_TYPES: dict[str, ir.Type] = {"bool": BIT, "int64": INDEX, "float32": ir.FloatType(), "float64": ir.DoubleType()}
_NAMES = {str(kind): name for name, kind in _TYPES.items()}
OWN = frozenset(name for name, _ in WRITTEN)
_COMPARED = frozenset((">", ">=", "<", "<=", "==", "!="))
_BY_BUILDER = {
    "add": ("fadd", "add"), "subtract": ("fsub", "sub"), "multiply": ("fmul", "mul"), "divide": ("fdiv", ""),
    "fmod": ("frem", ""), "and": ("", "and_"), "or": ("", "or_"), "xor": ("", "xor"), "not": ("", "not_"),
}  # fmt: skip
_BY_LLVM = {
    "sqrt": "sqrt", "absolute": "fabs", "copysign": "copysign", "floor": "floor", "ceil": "ceil", "trunc": "trunc",
    "rint": "nearbyint",
}  # fmt: skip
_LIBRARY = frozenset((
    "tan", "sinh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "hypot", "exp2", "log2", "log10", "cbrt",
    "pow",
))  # fmt: skip


def memory_of(dtype: DTypeLike) -> ir.Type:
    """Return the type of a number of a dtype in memory."""
    return BYTE if dtype == np.bool_ else _TYPES[np.dtype(dtype).name]


class Arithmetic:
    """Writes the instructions of operations where `builder` stands.

    Attributes
    ----------
    builder
        What writes LLVM's instructions.
    inlines
        Whether the code of functions such as exp becomes part of the loop that calls them.
    """

    def __init__(self, builder: ir.IRBuilder, *, inlines: bool = True) -> None:
        self.builder, self.inlines = builder, inlines

    def constant(self, number: complex | np.generic, dtype: DTypeLike, width: int = 1) -> ir.Value:
        """Return a number as one of a dtype, or as many of it side by side."""
        kind: np.dtype[Any] = np.dtype(dtype)
        with np.errstate(over="ignore"):
            rounded = kind.type(number).item()
        element = _TYPES[kind.name]
        rounded = int(rounded) if isinstance(element, ir.IntType) else rounded
        several_of = rounded if width == 1 else [ir.Constant(element, rounded)] * width
        return ir.Constant(several(element, width), several_of)

    def compute(self, operation: str, dtype: DTypeLike, operands: list[ir.Value]) -> ir.Value:
        """Return what an operation makes of its operands: a value of this dtype.

        It is one of `values`, or ``"where"``.
        """
        builder = self.builder
        if operation in _COMPARED or operation in ("isnan", "isfinite"):
            return self._compare(operation, *self._alike(operands))
        if operation == "where":
            condition, a, b = operands
            return builder.select(self.cast(condition, np.bool_), self.cast(a, dtype), self.cast(b, dtype))
        operands = [self.cast(x, dtype) for x in operands]
        x = operands[0]
        is_float = np.dtype(dtype).kind == "f"
        if operation in _BY_BUILDER:
            return getattr(builder, _BY_BUILDER[operation][not is_float])(*operands)
        if operation in ("maximum", "minimum"):
            return self._extreme(">" if operation == "maximum" else "<", *operands)
        if operation == "negative":
            return builder.fneg(x) if is_float else builder.neg(x)
        if operation in ("floor_divide", "remainder"):
            return self._divide_integers(operation, *operands)
        if operation == "absolute" and not is_float:
            return builder.select(builder.icmp_signed("<", x, ir.Constant(x.type, None)), builder.neg(x), x)
        if operation in _BY_LLVM:
            return called(_BY_LLVM[operation], *(Number(builder, x) for x in operands)).value
        if operation in _LIBRARY:
            return from_library(operation, *(Number(builder, x) for x in operands)).value
        return self._own(operation, x)[0]

    def compute_together(self, name: str, dtype: DTypeLike, operands: list[ir.Value]) -> list[ir.Value]:
        """Compute one of our functions for several elements side by side; of "sines" all sines, then all cosines."""
        x = together(self.builder, [self.cast(x, dtype) for x in operands])
        found = self._own(name, x)
        return [y for several in found for y in (apart(self.builder, several) if len(operands) > 1 else [several])]

    def cast(self, x: ir.Value, dtype: DTypeLike) -> ir.Value:
        """Return a number as one of another dtype, as NumPy casts it."""
        builder, (old, width) = self.builder, parts_of(x.type)
        element = _TYPES[np.dtype(dtype).name]
        kind = several(element, width)
        if x.type == kind:
            return x
        if element == BIT:
            zero = ir.Constant(x.type, None)
            return builder.icmp_signed("!=", x, zero) if old == INDEX else builder.fcmp_unordered("!=", x, zero)
        if old == BIT:
            return builder.zext(x, kind) if element == INDEX else builder.uitofp(x, kind)
        if old == INDEX:
            return builder.sitofp(x, kind)
        if element == INDEX:
            return builder.fptosi(x, kind)
        return builder.fpext(x, kind) if element == ir.DoubleType() else builder.fptrunc(x, kind)

    def read(self, x: ir.Value) -> ir.Value:
        """Return the value of what was loaded from memory, where a bool is a byte."""
        return self.builder.icmp_unsigned("!=", x, ir.Constant(x.type, None)) if parts_of(x.type)[0] == BYTE else x

    def stored(self, x: ir.Value) -> ir.Value:
        """Return what is stored in memory for a value."""
        element, width = parts_of(x.type)
        return self.builder.zext(x, several(BYTE, width)) if element == BIT else x

    def _alike(self, operands: list[ir.Value]) -> list[ir.Value]:
        """Return operands of a comparison in the widest of their types."""
        kinds = [_NAMES[str(parts_of(x.type)[0])] for x in operands]
        widest = next(name for name in ("float64", "float32", "int64", "bool") if name in kinds)
        return [self.cast(x, widest) for x in operands]

    def _compare(self, operation: str, a: ir.Value, b: ir.Value | None = None) -> ir.Value:
        builder, (element, _) = self.builder, parts_of(a.type)
        if operation == "isnan":
            return builder.fcmp_unordered("uno", a, a)
        if operation == "isfinite":
            return abs(Number(builder, a)).compared("<", np.inf).value
        if element == BIT:
            return builder.icmp_unsigned(operation, a, b)
        if element == INDEX:
            return builder.icmp_signed(operation, a, b)
        return (builder.fcmp_unordered if operation == "!=" else builder.fcmp_ordered)(operation, a, b)

    def _extreme(self, how: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return the larger or smaller number: the second of equal ones, and nan if either is."""
        builder, element = self.builder, parts_of(a.type)[0]
        if element == BIT:
            return (builder.or_ if how == ">" else builder.and_)(a, b)
        if element == INDEX:
            return builder.select(builder.icmp_signed(how, a, b), a, b)
        found = builder.select(builder.fcmp_ordered(how, a, b), a, b)
        return builder.select(builder.fcmp_unordered("uno", a, a), a, found)

    def _divide_integers(self, operation: str, a: ir.Value, b: ir.Value) -> ir.Value:
        """Return a quotient rounded down, or what is left: 0 where the divisor is 0, as NumPy's."""
        builder, zero = self.builder, ir.Constant(a.type, None)
        minus = Number(builder, a).like(-1)
        nothing, negated = builder.icmp_signed("==", b, zero), builder.icmp_signed("==", b, minus)
        divisor = builder.select(builder.or_(nothing, negated), Number(builder, a).like(1), b)
        quotient, rest = builder.sdiv(a, divisor), builder.srem(a, divisor)
        other = builder.icmp_signed("<", builder.xor(rest, divisor), zero)
        down = builder.and_(other, builder.icmp_signed("!=", rest, zero))
        if operation == "remainder":
            return builder.select(down, builder.add(rest, divisor), rest)
        found = builder.select(down, builder.add(quotient, minus), quotient)
        return builder.select(nothing, zero, builder.select(negated, builder.neg(a), found))

    def _own(self, name: str, x: ir.Value) -> list[ir.Value]:
        """Compute one of our functions, here or in a function of its own."""
        floating = np.dtype(_NAMES[str(parts_of(x.type)[0])]).type
        write = SINES[floating] if name == "sines" else lambda x: (WRITTEN[name, floating](x),)
        number, count = Number(self.builder, x), 2 if name == "sines" else 1
        return [y.value for y in (write(number) if self.inlines else in_function(name, count, write, number))]
