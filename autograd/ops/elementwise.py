"""Elementwise functions: NumPy's ufuncs with the rules of `calculus`, and those with integer or boolean results.

Only the ufuncs that many programs use are declared here; `further_elementwise` declares the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays.select import select
from ..calculus import RULES, zero
from ..errors import DtypeError
from ..primitives.declare import add_methods, composed, elementwise, linear, not_differentiable
from ..primitives.primitive import Primitive
from ..primitives.unary_binary import binary
from ..tensors import dispatch
from ..tensors.dispatch import operations
from ..tensors.tensor import Tensor, TensorLike, unwrap
from ..tensors.types import Out

FREQUENT = (
    np.add, np.subtract, np.multiply, np.divide, np.power, np.negative, np.positive, np.absolute, np.square, np.sqrt,
    np.exp, np.log, np.log1p, np.sin, np.cos, np.tanh, np.sign, np.maximum, np.minimum,
)  # fmt: skip
for _function in FREQUENT:
    elementwise(_function, *RULES[_function])
_sign_of_real = operations[np.sign]


# Powers


def _raised(x: Any, y: Any) -> Any:
    return x**y if type(y) is int or type(y) is float else np.power(x, y)


# NumPy's operator is not its function: see `power_call`.
_operator = Primitive("elementwise", np.power, RULES[np.power])
_operator.computed = _raised
power = _operator.apply = binary(_operator)

not_differentiable(
    np.signbit, np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.less, np.less_equal, np.greater,
    np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift, np.gcd, np.lcm,
    np.bitwise_count,
    methods=True,
)  # fmt: skip


# Signs


def _sign(x: Any) -> Any:
    """Return the sign, which is ``x / |x|`` for complex numbers; for real numbers its derivative is 0."""
    if not isinstance(x, Tensor) or x.dtype.kind != "c":
        return _sign_of_real(x)
    size = np.absolute(x)
    usual = np.isfinite(unwrap(size)) & (unwrap(size) != 0)
    return np.where(usual, np.where(usual, x, 1) / np.where(usual, size, 1), np.sign(unwrap(x)))


operations[np.sign] = _sign


# Rounding


_round = elementwise(lambda x, decimals: np.round(x, decimals), zero, name="round")


@composed(np.round)
def round_(x: TensorLike, decimals: int = 0, out: Out = None) -> Any:
    """Round to `decimals` decimals, halves to the even digit; the derivative is 0."""
    return _round(x, decimals) if out is None else dispatch.call_undifferentiated(np.round, (x, decimals), {"out": out})


operations[np.around] = round_


def _rounded(x: Tensor, digits: int | None = None) -> Any:
    """Return ``round(x, digits)``, a tensor even without `digits`."""
    return _round(x, digits or 0)


# Other functions of each element


def _cast(
    x: Any, dtype: Any, copy: bool = True, device: str | None = None, order: Any = "K", casting: Any = "unsafe"
) -> Any:
    if device not in (None, "cpu"):
        raise ValueError(f"all tensors are on the device 'cpu', none on {device!r}")
    found = x.astype(dtype, order, casting, True, copy)
    if found.dtype.kind not in "biufc":
        raise DtypeError(f"a tensor holds numbers, not {found.dtype}: t.detach().numpy().astype(...) is an array")
    return found


# The gradient is cast back to the dtype of the input like every other.
astype = linear(np.astype, lambda g: g, forward=_cast)
conjugate = elementwise(np.conjugate, lambda g: np.conjugate(g))


# Choices

_select = elementwise(
    lambda x, y, condition: select(condition, x, y),
    lambda g, condition: select(condition, g, 0),
    lambda g, condition: select(condition, 0, g),
    name="where",
)


@composed(np.where, method=False)
def where(condition: TensorLike, *choices: TensorLike) -> Any:
    """Choose from `x` where `condition` holds, else from `y`; with the condition alone, return the indices."""
    condition = unwrap(condition)
    if len(choices) == 1:
        raise TypeError("'where' takes (condition, x, y), but was not given y: what to take where it does not hold")
    return _select(*choices, condition) if choices else np.where(condition)


def _within(x: Any, low: Any, high: Any) -> Any:
    """Tell where the bounds leave `x` unchanged, which includes the bounds themselves and nan."""
    under = False if low is None else np.less(x, low)
    return np.logical_not(under if high is None else _over(x, low, high) | under)


def _under(x: Any, low: Any, high: Any) -> Any:
    """Tell where the lower bound is the result."""
    return np.less(x, low) if high is None else np.less(x, low) & np.less(low, high)


def _over(x: Any, low: Any, high: Any) -> Any:
    """Tell where the upper bound is the result: also where the bounds meet or are crossed, as NumPy has it."""
    over = np.greater(x, high)
    return over if low is None else over | np.greater_equal(low, high)


_clip = elementwise(
    lambda x, low, high: np.clip(x, low, high),
    lambda g, x, low, high: select(_within(x, low, high), g, 0),
    lambda g, x, low, high: select(_under(x, low, high), g, 0),
    lambda g, x, low, high: select(_over(x, low, high), g, 0),
    name="clip",
)
_absent: Any = object()


@composed(np.clip, method=False)
def clip(
    x: TensorLike,
    a_min: TensorLike | None = _absent,
    a_max: TensorLike | None = _absent,
    *,
    min: TensorLike | None = _absent,
    max: TensorLike | None = _absent,
) -> Any:
    """Clip `x` to bounds; its gradient is 1 within and at them, outside the gradient goes to the bound."""
    if (a_min is not _absent or a_max is not _absent) and (min is not _absent or max is not _absent):
        raise ValueError("clip takes a_min and a_max, or min and max, not some of both")
    if (a_min is _absent) != (a_max is _absent):
        raise TypeError("clip takes a_min and a_max together: one of them may be None")
    bounds = [
        None if bound is _absent else bound for bound in ((min, max) if a_min is a_max is _absent else (a_min, a_max))
    ]
    return _clip(x, *bounds)


def _method_clip(x: Tensor, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return _clip(x, min, max) if out is None else np.clip(x, min, max, out=out)


def _method_astype(
    x: Tensor, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
) -> Any:
    return astype(x, dtype, copy, None, order, casting)


def _method_conjugate(x: Tensor) -> Any:
    """Return the complex conjugates of the elements; a real tensor itself, as NumPy's method does."""
    return conjugate(x) if x.dtype.kind == "c" else x


for _name, _method in {"__pow__": power, "__round__": _rounded, "__rpow__": lambda y, x: power(x, y)}.items():
    setattr(Tensor, _name, _method)
_methods: dict[str, Any] = {
    "astype": _method_astype,
    "clip": _method_clip,
    "conjugate": _method_conjugate,
    "conj": _method_conjugate,
    "sign": _sign,
}
add_methods(_methods)
