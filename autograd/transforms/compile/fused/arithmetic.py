"""Arithmetic on LLVM's values: how each operation is computed, in the one place that says so.

Values are bits (bools), floats, doubles, integers of 64 bits, and vectors of these. Additions and multiplications are
rounded one by one, as in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .mathematics import FUNCTIONS

import llvmlite.ir  # isort: skip - mathematics.py has found numba
import numba.core.cgutils  # isort: skip
from numba.core import types  # isort: skip

ir: Any = llvmlite.ir
cgutils: Any = numba.core.cgutils
BIT, BYTE, INDEX, _LANE = ir.IntType(1), ir.IntType(8), ir.IntType(64), ir.IntType(32)
FLOATS: dict[str, tuple[Any, Any]] = {
    "float32": (ir.FloatType(), types.float32),
    "float64": (ir.DoubleType(), types.float64),
}
KINDS: dict[str, Any] = {"bool": BIT, "int64": INDEX, **{name: kind for name, (kind, _) in FLOATS.items()}}
OWN = frozenset(name for name, _ in FUNCTIONS)
_COMPARED = frozenset((">", ">=", "<", "<=", "==", "!="))
_BY_BUILDER = {
    "add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "negative": "fneg", "fmod": "frem",
    "and": "and_", "or": "or_", "xor": "xor", "not": "not_",
}  # fmt: skip
_OF_INTEGERS = {"add": "add", "subtract": "sub", "multiply": "mul", "negative": "neg"}
_BY_LLVM = {
    "sqrt": "llvm.sqrt", "absolute": "llvm.fabs", "copysign": "llvm.copysign", "floor": "llvm.floor",
    "ceil": "llvm.ceil", "trunc": "llvm.trunc", "rint": "llvm.nearbyint",
}  # fmt: skip
# by the C library
_BY_LIBRARY = {
    "sin": "llvm.sin", "cos": "llvm.cos", "power": "llvm.pow", "exp2": "llvm.exp2", "log2": "llvm.log2",
    "log10": "llvm.log10",
}  # fmt: skip


class Arithmetic:
    """Writes the instructions of operations where `builder` stands.

    Attributes
    ----------
    context, builder
        numba's context, and the builder of LLVM's instructions.
    inlines
        Whether the code of functions such as exp becomes part of the loop that calls them.
    """

    def __init__(self, context: Any, builder: Any, *, inlines: bool = True) -> None:
        self.context, self.builder, self.inlines = context, builder, inlines

    def constant(self, number: Any, dtype: Any, width: int = 1) -> Any:
        """Return a number as one of a dtype, or a vector of them."""
        with np.errstate(over="ignore"):
            rounded = np.dtype(dtype).type(number).item()
        kind = KINDS[np.dtype(dtype).name]
        found = ir.Constant(kind, int(rounded) if kind == BIT else rounded)
        return found if width == 1 else ir.Constant(ir.VectorType(kind, width), [found] * width)

    def compute(self, operation: str, dtype: Any, operands: list[Any]) -> Any:
        """Return what an operation makes of its operands: a value of this dtype."""
        builder = self.builder
        if operation in _COMPARED or operation in ("isnan", "isfinite"):
            return self._compare(operation, *self._alike(operands))
        if operation == "where":
            condition, a, b = operands
            return builder.select(self.cast(condition, np.bool_), self.cast(a, dtype), self.cast(b, dtype))
        x, *rest = operands = [self.cast(x, dtype) for x in operands]
        if operation in ("copy", "cast"):
            return x
        if operation in ("maximum", "minimum"):
            return self._extreme(operation, x, *rest)
        if _element(x) == INDEX:
            return self._of_integers(operation, operands)
        if operation in _BY_BUILDER:
            return getattr(builder, _BY_BUILDER[operation])(*operands)
        if operation in _BY_LLVM:
            return self.call_llvm(_BY_LLVM[operation], *operands)
        if operation == "square":
            return builder.fmul(x, x)
        if operation == "cube":
            return builder.fmul(builder.fmul(x, x), x)
        if operation == "reciprocal":
            return builder.fdiv(self._like(x, 1.0), x)
        parts = zip(*map(self.apart, operands), strict=True)
        return self.together([self._call(operation, list(lane)) for lane in parts])

    def together(self, parts: list[Any]) -> Any:
        """Return a vector of values, or the only one."""
        if len(parts) == 1:
            return parts[0]
        vector: Any = ir.Constant(ir.VectorType(parts[0].type, len(parts)), ir.Undefined)
        for w, part in enumerate(parts):
            vector = self.builder.insert_element(vector, part, ir.Constant(_LANE, w))
        return vector

    def apart(self, x: Any) -> list[Any]:
        """Return the values of a vector, or the only one."""
        if not isinstance(x.type, ir.VectorType):
            return [x]
        return [self.builder.extract_element(x, ir.Constant(_LANE, w)) for w in range(x.type.count)]

    def compute_together(self, name: str, dtype: Any, operands: list[Any]) -> list[Any]:
        """Compute one of our functions for several elements, in a function that does so for all of them."""
        operands = [self.cast(x, dtype) for x in operands]
        builder, kind = self.builder, operands[0].type
        together = f"plaingrad_{name}_{kind.intrinsic_name}_{len(operands)}"
        function = builder.module.globals.get(together)
        if function is None:
            whole = ir.LiteralStructType([kind] * len(operands))
            function = ir.Function(builder.module, ir.FunctionType(whole, [kind] * len(operands)), together)
            function.linkage = "internal"
            function.attributes.add("noinline")
            self.builder = ir.IRBuilder(function.append_basic_block("entry"))
            results = ir.Constant(whole, ir.Undefined)
            for i, x in enumerate(function.args):
                results = self.builder.insert_value(results, self._call_own(name, x, ("alwaysinline",)), i)
            self.builder.ret(results)
            self.builder = builder
        found = builder.call(function, operands)
        return [builder.extract_value(found, i) for i in range(len(operands))]

    def call_llvm(self, name: str, *operands: Any) -> Any:
        """Call an intrinsic of LLVM, of operands and a result of one type."""
        kind = operands[0].type
        width = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
        full = f"{name}.{width}{_element(operands[0]).intrinsic_name}"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * len(operands)), full
        )
        return self.builder.call(function, operands)

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return a number as one of another dtype, as NumPy casts it."""
        builder, old, new = self.builder, _element(x), KINDS[np.dtype(dtype).name]
        if old == new:
            return x
        kind = ir.VectorType(new, x.type.count) if isinstance(x.type, ir.VectorType) else new
        if new == BIT:
            zero = self._like(x, 0)
            return builder.icmp_signed("!=", x, zero) if old == INDEX else builder.fcmp_unordered("!=", x, zero)
        if old == BIT:
            return builder.zext(x, kind) if new == INDEX else builder.uitofp(x, kind)
        if old == INDEX:
            return builder.sitofp(x, kind)
        if new == INDEX:
            return builder.fptosi(x, kind)
        return builder.fpext(x, kind) if new == ir.DoubleType() else builder.fptrunc(x, kind)

    def read(self, x: Any) -> Any:
        """Return the value of what was loaded from memory, where a bool is a byte."""
        return self.builder.icmp_unsigned("!=", x, ir.Constant(BYTE, 0)) if x.type == BYTE else x

    def stored(self, x: Any) -> Any:
        """Return what is stored in memory for a value."""
        return self.builder.zext(x, BYTE) if x.type == BIT else x

    def _like(self, x: Any, number: float) -> Any:
        """Return a number as a value of the type of another."""
        found = ir.Constant(_element(x), number)
        return ir.Constant(x.type, [found] * x.type.count) if isinstance(x.type, ir.VectorType) else found

    def _alike(self, operands: list[Any]) -> list[Any]:
        """Return operands of a comparison in the widest of their types."""
        kinds = [_element(x) for x in operands]
        widest = next(name for name in ("float64", "float32", "int64", "bool") if KINDS[name] in kinds)
        return [self.cast(x, widest) for x in operands]

    def _compare(self, operation: str, a: Any, b: Any = None) -> Any:
        builder = self.builder
        if operation == "isnan":
            return builder.fcmp_unordered("uno", a, a)
        if operation == "isfinite":
            return builder.fcmp_ordered("<", self.call_llvm("llvm.fabs", a), self._like(a, np.inf))
        if _element(a) == BIT:
            return builder.icmp_unsigned(operation, a, b)
        if _element(a) == INDEX:
            return builder.icmp_signed(operation, a, b)
        return (builder.fcmp_unordered if operation == "!=" else builder.fcmp_ordered)(operation, a, b)

    def _extreme(self, operation: str, a: Any, b: Any) -> Any:
        """Return the larger or the smaller; of equal ones the second, as NumPy does; nan if either is."""
        builder, first = self.builder, self._compare(">" if operation == "maximum" else "<", a, b)
        found = builder.select(first, a, b)
        return found if _element(a) in (BIT, INDEX) else builder.select(self._compare("isnan", a), a, found)

    def _of_integers(self, operation: str, operands: list[Any]) -> Any:
        x = operands[0]
        if operation == "absolute":
            return self.builder.select(self._compare("<", x, self._like(x, 0)), self.builder.neg(x), x)
        return getattr(self.builder, _OF_INTEGERS[operation])(*operands)

    def _call(self, operation: str, operands: list[Any]) -> Any:
        """Call a function of numbers: one of ours, or of the C library."""
        if operation in OWN:
            return self._call_own(operation, operands[0])
        if operation in _BY_LIBRARY:
            return self.call_llvm(_BY_LIBRARY[operation], *operands)
        kind = operands[0].type
        name = operation + ("f" if kind == ir.FloatType() else "")
        made = ir.FunctionType(kind, [kind] * len(operands))
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, made, name), operands)

    def _call_own(self, name: str, x: Any, attributes: tuple[str, ...] | None = None) -> Any:
        dtype = next(dtype for dtype, (kind, _) in FLOATS.items() if kind == x.type)
        function: Any = FUNCTIONS[name, np.dtype(dtype).type]
        kind = FLOATS[dtype][1]
        compiled = function.get_compile_result(kind(kind))
        self.context.active_code_library.add_linking_library(compiled.library)
        declared = self.context.declare_function(self.builder.module, compiled.fndesc)
        _, result = self.context.call_conv.call_function(
            self.builder, declared, kind, (kind,), (x,), attrs=attributes or (None if self.inlines else ("noinline",))
        )
        return result


def _element(x: Any) -> Any:
    """Return the type of a value, or of those of a vector."""
    return x.type.element if isinstance(x.type, ir.VectorType) else x.type
