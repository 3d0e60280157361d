"""Numbers in registers: what loops compute with, in Python's operators, which write LLVM's instructions.

A function of such numbers writes the code for one number, or for several side by side in a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .loops import load_llvm

load_llvm("a fused loop")
from llvmlite import ir  # noqa: E402 - the line above has said how to install it

BIT, BYTE, INDEX = ir.IntType(1), ir.IntType(8), ir.IntType(64)
_FLOATS = (ir.FloatType(), ir.DoubleType())
_LANE = ir.IntType(32)


def _of_two(floats: str, integers: str, *, swapped: bool = False) -> Callable[[Number, Number | float], Number]:
    """Return a method that writes the instruction of one of these names."""

    def write(self: Number, other: Number | float) -> Number:
        name = floats if parts_of(self.value.type)[0] in _FLOATS else integers
        operands = (self.like(other), self.value) if swapped else (self.value, self.like(other))
        return Number(self.builder, getattr(self.builder, name)(*operands))

    return write


class Number:
    """A number in a register, or several side by side.

    Attributes
    ----------
    builder
        What writes the instructions.
    value
        The register.
    """

    __slots__ = ("builder", "value")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self.builder, self.value = builder, value

    def like(self, x: Number | float) -> ir.Value:
        """Return the register of an operand; of a constant as many as there are of this number."""
        if isinstance(x, Number):
            return x.value
        kind, (element, width) = self.value.type, parts_of(self.value.type)
        x = float(x) if element in _FLOATS else int(x)
        return ir.Constant(kind, x if width == 1 else [ir.Constant(element, x)] * width)

    __add__, __sub__, __rsub__ = _of_two("fadd", "add"), _of_two("fsub", "sub"), _of_two("fsub", "sub", swapped=True)
    __mul__, __truediv__ = _of_two("fmul", "mul"), _of_two("fdiv", "sdiv")
    __rtruediv__ = _of_two("fdiv", "sdiv", swapped=True)
    __and__, __xor__, __lshift__, __rshift__ = (_of_two("", name) for name in ("and_", "xor", "shl", "ashr"))

    def __neg__(self) -> Number:
        return Number(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Number:
        return called("fabs", self)

    def compared(self, how: str, other: Number | float, *, unordered: bool = False) -> Number:
        """Return whether the number compares so with another; if one is nan, only if that is asked for."""
        compare = self.builder.icmp_signed
        if parts_of(self.value.type)[0] in _FLOATS:
            compare = self.builder.fcmp_unordered if unordered else self.builder.fcmp_ordered
        return Number(self.builder, compare(how, self.value, self.like(other)))

    def __lt__(self, other: Number | float) -> Number:
        return self.compared("<", other)

    def __gt__(self, other: Number | float) -> Number:
        return self.compared(">", other)

    def equals(self, other: Number | float) -> Number:
        """Return whether the number is another one."""
        return self.compared("==", other)

    def as_bits(self) -> Number:
        """Return the bits of a float, as an integer of its size."""
        return self._reinterpreted(ir.IntType(32 if parts_of(self.value.type)[0] == _FLOATS[0] else 64))

    def as_float(self) -> Number:
        """Return the float that has these bits."""
        return self._reinterpreted(_FLOATS[parts_of(self.value.type)[0].width == 64])

    def _reinterpreted(self, element: ir.Type) -> Number:
        return Number(self.builder, self.builder.bitcast(self.value, several(element, parts_of(self.value.type)[1])))


def parts_of(kind: ir.Type) -> tuple[ir.Type, int]:
    """Return the type of one number in a register, and how many there are."""
    return (kind.element, kind.count) if isinstance(kind, ir.VectorType) else (kind, 1)


def several(element: ir.Type, width: int) -> ir.Type:
    """Return the type of a register with so many numbers."""
    return element if width == 1 else ir.VectorType(element, width)


def apart(builder: ir.IRBuilder, x: ir.Value) -> list[ir.Value]:
    """Return the numbers of a vector, or the only one."""
    width = parts_of(x.type)[1]
    return [x] if width == 1 else [builder.extract_element(x, ir.Constant(_LANE, w)) for w in range(width)]


def together(builder: ir.IRBuilder, parts: Sequence[ir.Value]) -> ir.Value:
    """Return a vector of numbers, or the only one."""
    if len(parts) == 1:
        return parts[0]
    vector: ir.Value = ir.Constant(several(parts[0].type, len(parts)), ir.Undefined)
    for w, part in enumerate(parts):
        vector = builder.insert_element(vector, part, ir.Constant(_LANE, w))
    return vector


def called(name: str, x: Number, *others: Number | float) -> Number:
    """Return what an intrinsic of LLVM makes of numbers of one type."""
    kind, (element, width) = x.value.type, parts_of(x.value.type)
    name = f"llvm.{name}.{'' if width == 1 else f'v{width}'}{element.intrinsic_name}"
    operands = [x.value, *map(x.like, others)]
    return Number(x.builder, x.builder.call(_declared(x.builder.module, name, kind, len(operands)), operands))


def _declared(module: ir.Module, name: str, kind: ir.Type, count: int) -> Any:
    """Return a function of numbers of one type, which is not of this module."""
    return module.globals.get(name) or ir.Function(module, ir.FunctionType(kind, [kind] * count), name)


def multiply_add(a: Number, b: Number | float, c: Number | float) -> Number:
    """Return a * b + c, rounded once where the processor can do so, and twice elsewhere."""
    return called("fmuladd", a, b, c)


def copysign(size: Number, sign: Number) -> Number:
    """Return a number with the sign of another."""
    return called("copysign", size, sign)


def where(condition: Number, a: Number | float, b: Number | float) -> Number:
    """Return `a` if the condition holds, else `b`, without a jump: both were computed."""
    x = next(number for number in (a, b) if isinstance(number, Number))
    return Number(x.builder, x.builder.select(condition.value, x.like(a), x.like(b)))


def chosen(condition: Number, like: Number, a: float, b: float) -> Number:
    """Return one of two constants, of the type of a number."""
    return Number(like.builder, like.builder.select(condition.value, like.like(a), like.like(b)))


def polynomial(*coefficients: float) -> Callable[[Number], Number]:
    """Return a function that computes the polynomial with these coefficients, from the lowest on."""

    def horner(x: Number) -> Number:
        *rest, last = coefficients
        value = multiply_add(x, last, rest.pop())
        for coefficient in reversed(rest):
            value = multiply_add(value, x, coefficient)
        return value

    return horner


def extended(x: Number, function: Callable[[Number], tuple[Number, ...]]) -> tuple[Number, ...]:
    """Return what a function of doubles gives for singles, rounded."""
    width = parts_of(x.value.type)[1]
    double = Number(x.builder, x.builder.fpext(x.value, several(_FLOATS[1], width)))
    return tuple(Number(x.builder, x.builder.fptrunc(y.value, x.value.type)) for y in function(double))


def from_library(name: str, x: Number, *others: Number) -> Number:
    """Return what a function of the C library gives, called for one number after the other."""
    builder, element = x.builder, parts_of(x.value.type)[0]
    name += "f" if element == _FLOATS[0] else ""
    function = _declared(builder.module, name, element, 1 + len(others))
    operands = zip(*(apart(builder, y.value) for y in (x, *others)), strict=True)
    return Number(builder, together(builder, [builder.call(function, list(numbers)) for numbers in operands]))


def seldom(
    condition: Number, found: tuple[Number, ...], function: Callable[[], tuple[Number, ...]]
) -> tuple[Number, ...]:
    """Return what was found, or where a condition holds what a function gives, which is computed only if it does."""
    builder, width = condition.builder, parts_of(condition.value.type)[1]
    anywhere = condition.value
    if width > 1:
        bits = ir.IntType(width)
        anywhere = builder.icmp_unsigned("!=", builder.bitcast(anywhere, bits), ir.Constant(bits, 0))
    places = [variable(builder, x.value) for x in found]
    with builder.if_then(anywhere, likely=False):
        for place, x, other in zip(places, found, function(), strict=True):
            builder.store(where(condition, other, x).value, place)
    return tuple(Number(builder, builder.load(place)) for place in places)


def in_function(name: str, count: int, function: Callable[..., tuple[Number, ...]], x: Number) -> tuple[Number, ...]:
    """Return the `count` results of a function, whose instructions are a function of their own, called here."""
    builder, module, kind = x.builder, x.builder.module, x.value.type
    element, width = parts_of(kind)
    name = f"plaingrad_{name}_{element.intrinsic_name}_{width}"
    own = module.globals.get(name)
    if own is None:
        own = ir.Function(module, ir.FunctionType(ir.LiteralStructType([kind] * count), [kind]), name)
        own.linkage = "internal"
        own.attributes.add("noinline")
        inner = ir.IRBuilder(own.append_basic_block("entry"))
        results: Any = ir.Constant(own.ftype.return_type, ir.Undefined)
        for i, y in enumerate(function(Number(inner, own.args[0]))):
            results = inner.insert_value(results, y.value, i)
        inner.ret(results)
    found = builder.call(own, [x.value])
    return tuple(Number(builder, builder.extract_value(found, i)) for i in range(count))


def variable(builder: ir.IRBuilder, first: ir.Value) -> Any:
    """Return a place in memory for a number, with the first one in it."""
    with builder.goto_entry_block():
        place = builder.alloca(first.type)
    builder.store(first, place)
    return place
