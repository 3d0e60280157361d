"""Arithmetic on LLVM's values: how each operation is computed, in the one place that says so.

Values are bits (bools), floats and doubles. Additions and multiplications are rounded one by one, as in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .mathematics import FUNCTIONS

import llvmlite.ir  # isort: skip - mathematics.py has found numba
from numba.core import types  # isort: skip

ir: Any = llvmlite.ir
BIT, BYTE, INDEX = ir.IntType(1), ir.IntType(8), ir.IntType(64)
FLOATS: dict[str, tuple[Any, Any]] = {
    "float32": (ir.FloatType(), types.float32),
    "float64": (ir.DoubleType(), types.float64),
}
OWN = frozenset(name for name, _ in FUNCTIONS)
_COMPARED = frozenset((">", ">=", "<", "<=", "==", "!=", "isnan", "isfinite"))
_BY_BUILDER = {
    "add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv", "negative": "fneg",
    "and": "and_", "or": "or_", "xor": "xor", "not": "not_",
}  # fmt: skip
_BY_LLVM = {
    "sqrt": "llvm.sqrt", "absolute": "llvm.fabs", "maximum": "llvm.maximum", "minimum": "llvm.minimum",
    "copysign": "llvm.copysign",
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

    def constant(self, number: Any, dtype: Any) -> Any:
        """Return a number as one of a dtype."""
        if np.dtype(dtype) == np.bool_:
            return ir.Constant(BIT, int(bool(number)))
        with np.errstate(over="ignore"):
            rounded = float(np.dtype(dtype).type(number))
        return ir.Constant(FLOATS[np.dtype(dtype).name][0], rounded)

    def compute(self, operation: str, dtype: Any, operands: list[Any]) -> Any:
        """Return what an operation of `operations`, or ``"where"``, makes of its operands: a value of this dtype."""
        builder = self.builder
        if operation in _COMPARED:
            return self._compare(operation, *self._alike(operands))
        if operation == "where":
            condition, a, b = operands
            return builder.select(self.cast(condition, np.bool_), self.cast(a, dtype), self.cast(b, dtype))
        operands = [self.cast(x, dtype) for x in operands]
        if operation in _BY_BUILDER:
            return getattr(builder, _BY_BUILDER[operation])(*operands)
        if operation in _BY_LLVM:
            return self.call_llvm(_BY_LLVM[operation], *operands)
        (x,) = operands
        if operation == "copy":
            return x
        if operation == "square":
            return builder.fmul(x, x)
        if operation == "cube":
            return builder.fmul(builder.fmul(x, x), x)
        if operation == "reciprocal":
            return builder.fdiv(ir.Constant(x.type, 1.0), x)
        return self._call_own(operation, x)

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
        function = self.builder.module.declare_intrinsic(name, (kind,), ir.FunctionType(kind, [kind] * len(operands)))
        return self.builder.call(function, operands)

    def cast(self, x: Any, dtype: Any) -> Any:
        """Return a number as one of another dtype, as NumPy casts it."""
        if dtype == np.bool_:
            if x.type == BIT:
                return x
            return self.builder.fcmp_unordered("!=", x, ir.Constant(x.type, 0.0))
        wanted = FLOATS[np.dtype(dtype).name][0]
        if x.type == wanted:
            return x
        if x.type == BIT:
            return self.builder.uitofp(x, wanted)
        return self.builder.fpext(x, wanted) if wanted == ir.DoubleType() else self.builder.fptrunc(x, wanted)

    def read(self, x: Any) -> Any:
        """Return the value of what was loaded from memory, where a bool is a byte."""
        return self.builder.icmp_unsigned("!=", x, ir.Constant(BYTE, 0)) if x.type == BYTE else x

    def stored(self, x: Any) -> Any:
        """Return what is stored in memory for a value."""
        return self.builder.zext(x, BYTE) if x.type == BIT else x

    def _alike(self, operands: list[Any]) -> list[Any]:
        """Return operands of a comparison in the widest of their types."""
        kinds = [x.type for x in operands]
        widest = next((name for name in ("float64", "float32") if FLOATS[name][0] in kinds), "bool")
        return [self.cast(x, widest) for x in operands]

    def _compare(self, operation: str, a: Any, b: Any = None) -> Any:
        builder = self.builder
        if operation == "isnan":
            return builder.fcmp_unordered("uno", a, a)
        if operation == "isfinite":
            return builder.fcmp_ordered("<", self.call_llvm("llvm.fabs", a), ir.Constant(a.type, np.inf))
        if a.type == BIT:
            return builder.icmp_unsigned(operation, a, b)
        return (builder.fcmp_unordered if operation == "!=" else builder.fcmp_ordered)(operation, a, b)

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
