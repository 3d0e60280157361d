"""What loops need below arithmetic: the bits of floats, and multiplications with an addition in one instruction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar, cast

from .loops import load_numba

_numba: Any = load_numba("a fused loop")

from llvmlite import ir  # noqa: E402 - it comes with numba, of which the line above has said how to install it
from numba.core import types  # noqa: E402
from numba.core.typing.context import Context  # noqa: E402

F = TypeVar("F", bound=Callable[..., Any])
_OF_PROCESS = secrets.token_hex(8)


def inlined(function: F) -> F:
    """Make a function of numbers part of the loops that call it.

    A loop on disk holds a copy of what it calls, under names that numba makes from the qualified name and the order of
    compilation. Where two loops of different processes have a name in common, the linker takes the first function of
    that name for both: another one, if several functions have one qualified name. So each process has its own names.
    """
    function.__qualname__ += f"_{_OF_PROCESS}"
    return cast(F, _numba.njit(function, error_model="numpy"))


def intrinsic(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of types that tells how code is generated a function of numbers."""
    return cast(Callable[..., Any], _numba.extending.intrinsic(function))


def _reinterpreted(result: Any, x: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(result))

    return result(x), generate


@intrinsic
def as_bits(context: Context, x: types.Type) -> Any:
    """Return the bits of a float, as an integer of its size."""
    return _reinterpreted(types.int32 if x == types.float32 else types.int64, x)


@intrinsic
def as_float(context: Context, bits: types.Type) -> Any:
    """Return the float that has these bits."""
    return _reinterpreted(types.float32 if bits == types.int32 else types.float64, bits)


def _multiply_add(builder: Any, *operands: Any) -> Any:
    kind = operands[0].type
    function = builder.module.declare_intrinsic("llvm.fmuladd", (kind,), ir.FunctionType(kind, (kind, kind, kind)))
    return builder.call(function, operands)


@intrinsic
def multiply_add(context: Context, a: types.Type, b: types.Type, c: types.Type) -> Any:
    """Return a * b + c, rounded once where the processor can do so, and twice elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _multiply_add(builder, *args)

    return a(a, a, a), generate


@intrinsic
def where(context: Context, condition: types.Type, a: types.Type, b: types.Type) -> Any:
    """Return `a` if the condition holds, else `b`, without a jump: both were computed."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return a(types.boolean, a, a), generate


def polynomial(*coefficients: float) -> Callable[[Any], Any]:
    """Return a function that computes the polynomial with these coefficients, from the lowest on."""

    def horner(context: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            *rest, value = [context.get_constant(x, coefficient) for coefficient in coefficients]
            for coefficient in reversed(rest):
                value = _multiply_add(builder, value, args[0], coefficient)
            return value

        return x(x), generate

    return intrinsic(horner)
