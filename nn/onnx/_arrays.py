"""ONNX translation of NumPy's operations, by the names under which they are recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._graph import Emit, Step
from ._indices import FIRST, LAST, cut, getitem, shapes


def node(kind: str, *parameters: str) -> Emit:
    """Return a translation to one node, whose inputs are arguments of the operation in the dtype of its result."""

    def emit(s: Step) -> str:
        of_truth = {"Mul": "And", "Min": "And", "Add": "Or", "Max": "Or"}.get(kind, kind)
        return s.add(of_truth if s.dtype == bool else kind, *(s.value(name, s.dtype) for name in parameters))

    return emit


def scaled(kind: str, factor: float) -> Emit:
    """Return a translation to one node, whose result is multiplied by a number."""
    return lambda s: s.add("Mul", s.add(kind, s.value("x", s.dtype)), s.number(factor))


def of_x(write: Callable[[Step, str], str]) -> Emit:
    """Return a translation that is given the argument x, in the dtype of the result."""
    return lambda s: write(s, s.value("x", s.dtype))


# Elementwise functions


def _expm1(s: Step) -> str:
    """Write exp(x) - 1 as 2 exp(x / 2) sinh(x / 2), which keeps the digits of small x."""
    half = s.add("Mul", s.value("x", s.dtype), s.number(0.5))
    return s.add("Mul", s.add("Mul", s.add("Exp", half), s.add("Sinh", half)), s.number(2))


def _round(s: Step) -> str:
    if s.static("decimals"):
        raise s.refuse("rounding to decimals")
    return s.add("Round", s.value("x", s.dtype))


def _log1p_of(s: Step, x: str) -> str:
    """Write log(1 + x) as 2 artanh(x / (2 + x)), which keeps the digits of small x."""
    return s.add("Mul", s.add("Atanh", s.add("Div", x, s.add("Add", x, s.number(2)))), s.number(2))


def _log1p(s: Step) -> str:
    """Choose the formula by the size of x: the one for small x loses all digits for large x."""
    x = s.value("x", s.dtype)
    plain = s.add("Log", s.add("Add", x, s.number(1)))
    small = s.add("Less", s.add("Abs", x), s.number(0.5))
    return s.add("Where", small, _log1p_of(s, s.add("Where", small, x, s.number(0))), plain)


def _logaddexp(s: Step) -> str:
    """Write log(exp(x) + exp(y)) as max(x, y) + log(1 + exp(-|x - y|))."""
    x, y = s.value("x", s.dtype), s.value("y", s.dtype)
    small = s.add("Exp", s.add("Neg", s.add("Abs", s.add("Sub", x, y))))
    return s.add("Add", s.add("Max", x, y), _log1p_of(s, small))


def _hypot(s: Step) -> str:
    x, y = s.value("x", s.dtype), s.value("y", s.dtype)
    return s.add("Sqrt", s.add("Add", s.add("Mul", x, x), s.add("Mul", y, y)))


def _remainder(s: Step) -> str:
    """Write the remainder, which has the sign of y, by that of the quotient that is cut off, which is exact."""
    x, y = s.value("x", s.dtype), s.value("y", s.dtype)
    if s.dtype.kind in "iu":
        return s.add("Mod", x, y)
    rest, zero = s.add("Mod", x, y, fmod=1), s.number(0)
    other = s.add("Less", s.add("Mul", s.add("Sign", rest), s.add("Sign", y)), zero)
    return s.add("Where", other, s.add("Add", rest, y), rest)


def _floor_divide(s: Step) -> str:
    """Write the quotient of what is left of x without the remainder: an integer, but for rounding."""
    left = s.add("Sub", s.value("x", s.dtype), _remainder(s))
    found = s.add("Div", left, s.value("y", s.dtype))
    return found if s.dtype.kind in "iu" else s.add("Round", found)


def clip(s: Step) -> str:
    """Write each bound that is given as a maximum or a minimum."""
    x = s.value("x", s.dtype)
    if s.has("low"):
        x = s.add("Max", x, s.value("low", s.dtype))
    return s.add("Min", x, s.value("high", s.dtype)) if s.has("high") else x


# Shapes


def _reshape(s: Step) -> str:
    if s.has("order") and s.static("order") != "C":
        raise s.refuse("only reshapes in the order of C have a form in ONNX")
    return s.reshaped(s.value("x"), shapes(s), (s.out[0].shape, s.out[1].shape))


def _broadcast_to(s: Step) -> str:
    wanted = [list(out.shape) for out in s.out]
    for i, (n, m) in enumerate(zip(*wanted, strict=True)):
        before = [shape[i - len(wanted[0]) :][:1] for shape in shapes(s)]
        if n != m and before == [(n,), (m,)]:
            wanted[0][i] = wanted[1][i] = 1  # which keeps that axis
    return s.add("Expand", s.value("x"), s.lengths(tuple(wanted[0]), tuple(wanted[1])))


def permuted(order: Callable[[Step, Any], Any]) -> Emit:
    """Return a translation to Transpose; NumPy finds the order by permuting an array whose lengths number its axes."""

    def emit(s: Step) -> str:
        axes = np.empty(range(2, 2 + len(shapes(s)[0])), bool)  # whose axes all have different lengths
        return s.add("Transpose", s.value("x"), perm=[n - 2 for n in order(s, axes).shape])

    return emit


def axes_of(s: Step, axis: int | Sequence[int] | None, ndim: int) -> list[int]:
    """Return the axes that an argument selects, as non-negative integers."""
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    return [int(a) % ndim for a in given]


def _flip(s: Step) -> str:
    x = s.value("x")
    for axis in axes_of(s, s.static("axis"), s.out[0].ndim):
        x = cut(s, x, axis, LAST, FIRST, -1)
    return x


def _roll(s: Step) -> str:
    shift, axis = s.static("shift"), s.static("axis")
    if axis is None:
        raise s.refuse("give roll an axis")
    x = s.value("x")
    pairs = zip(np.atleast_1d(shift).tolist(), axes_of(s, axis, s.out[0].ndim), strict=True)
    for number, along in pairs:
        length, other = (shape[along] for shape in shapes(s))
        if length != other and abs(number) > min(length, other):
            raise s.refuse("a roll of more than the length of a dynamic axis")
        places = number if length != other else number % length
        if places:
            x = s.add("Concat", cut(s, x, along, -places, LAST), cut(s, x, along, 0, -places), axis=along)
    return x


def _concatenate(s: Step) -> str:
    arrays = list(zip(*s.given("arrays"), strict=True))
    values = [s.value_of(pair, s.dtype) for pair in arrays]
    axis = s.static("axis")
    if axis is None:
        values, axis = [s.add("Reshape", value, s.graph.integers([-1])) for value in values], 0
    return s.add("Concat", *values, axis=axes_of(s, axis, s.out[0].ndim)[0])


def _stack(s: Step) -> str:
    axis = axes_of(s, s.static("axis"), s.out[0].ndim)[0]
    values = [s.value_of(pair, s.dtype) for pair in zip(*s.given("arrays"), strict=True)]
    return s.add("Concat", *(s.add("Unsqueeze", value, s.graph.integers([axis])) for value in values), axis=axis)


def _pad(s: Step) -> str:
    ndim = s.out[0].ndim
    widths = np.broadcast_to(np.asarray(s.static("pad_width")), (ndim, 2))
    fill = s.static("fill")
    if np.unique(fill).size > 1:
        raise s.refuse("only padding with one number has a form in ONNX")
    return s.add("Pad", s.value("array"), s.graph.integers(widths.T.reshape(-1).tolist()), s.number(fill.flat[0]))


# Reductions


def reduction(kind: str) -> Emit:
    """Return a translation to a reduction over axes."""

    def emit(s: Step) -> str:
        refuse_choices(s)
        return reduced(s, kind, s.value("x", s.dtype), s.static("axis"), bool(s.static("keepdims")))

    return emit


def refuse_choices(s: Step) -> None:
    """Raise if a reduction has the arguments `where` or `initial`."""
    if s.has("where") and s.static("where") is not True:
        raise s.refuse("where= has no form in ONNX: use numpy.where before the reduction")
    if s.has("initial") and s.static("initial") is not np._NoValue:
        raise s.refuse("initial= has no form in ONNX")


def reduced(s: Step, kind: str, x: str, axis: int | Sequence[int] | None, keepdims: bool) -> str:
    """Add the node of a reduction."""
    axes = axes_of(s, axis, len(shapes(s)[0]))
    if not axes:  # no axes, which ONNX would read as all axes
        return x if kind != "ReduceL1" and kind != "ReduceL2" else s.add("Abs", x)
    return s.add(kind, x, s.graph.integers(axes), keepdims=int(keepdims))


def _deviations(s: Step, root: bool) -> str:
    """Write the variance, or its square root, as the mean of the squared deviations from the mean."""
    refuse_choices(s)
    axis, ddof = s.static("axis"), s.static("ddof")
    x = s.value("x", s.dtype)
    away = s.add("Sub", x, reduced(s, "ReduceMean", x, axis, True))
    total = reduced(s, "ReduceMean", s.add("Mul", away, away), axis, bool(s.static("keepdims")))
    if ddof:
        counts = [math.prod(shape[a] for a in axes_of(s, axis, len(shape))) for shape in shapes(s)]
        if counts[0] != counts[1]:
            raise s.refuse("a variance with ddof over a dynamic axis")
        total = s.add("Mul", total, s.number(counts[0] / (counts[0] - ddof)))
    return s.add("Sqrt", total) if root else total


def _norm(s: Step) -> str:
    order, axis, keepdims = s.static("ord"), s.static("axis"), bool(s.static("keepdims"))
    x = s.value("x", s.dtype)
    vectors = axis is None or not isinstance(axis, tuple) or len(axis) == 1
    if order is None or (order == 2 and vectors) or order == "fro":
        return reduced(s, "ReduceL2", x, axis, keepdims)
    if vectors and order == 1:
        return reduced(s, "ReduceL1", x, axis, keepdims)
    if vectors and order in (math.inf, -math.inf):
        kind = "ReduceMax" if order > 0 else "ReduceMin"
        return reduced(s, kind, s.add("Abs", x), axis, keepdims)
    if not vectors or not isinstance(order, int | float) or not order:
        raise s.refuse(f"the norm of order {order!r} over axis {axis!r}")
    powers = s.add("Pow", s.add("Abs", x), s.number(order))
    return s.add("Pow", reduced(s, "ReduceSum", powers, axis, keepdims), s.number(1 / order))


def _cumsum(s: Step) -> str:
    x, axis = s.value("x", s.dtype), s.static("axis")
    if axis is None:
        x, axis = s.add("Reshape", x, s.graph.integers([-1])), 0
    return s.add("CumSum", x, s.graph.constant(np.array(axes_of(s, axis, s.out[0].ndim)[0], np.int64)))


# Products


def _vecdot(s: Step) -> str:
    x, y = s.value("x", s.dtype), s.value("y", s.dtype)
    return s.add("ReduceSum", s.add("Mul", x, y), s.graph.integers([-1]), keepdims=0)


def _einsum(s: Step) -> str:
    equation = f"{s.static('in_x')},{s.static('in_y')}->{s.static('output')}"
    return s.add("Einsum", s.value("x", s.dtype), s.value("y", s.dtype), equation=equation)


ARRAYS: dict[str, Emit] = {
    "absolute": node("Abs", "x"), "add": node("Add", "x", "y"), "arccos": node("Acos", "x"),
    "arccosh": node("Acosh", "x"), "arcsin": node("Asin", "x"), "arcsinh": node("Asinh", "x"),
    "arctan": node("Atan", "x"), "arctanh": node("Atanh", "x"), "astype": lambda s: s.cast(s.value("x"), s.dtype),
    "broadcast_to": _broadcast_to,
    "ceil": node("Ceil", "x"), "clip": clip, "concatenate": _concatenate, "copy": node("Identity", "x"),
    "cos": node("Cos", "x"),
    "cosh": node("Cosh", "x"), "cumsum": _cumsum, "divide": node("Div", "x", "y"),
    "einsum": _einsum, "exp": node("Exp", "x"),
    "exp2": of_x(lambda s, x: s.add("Pow", s.number(2), x)), "expand_dims": _reshape, "expm1": _expm1,
    "fabs": node("Abs", "x"), "flip": _flip, "floor": node("Floor", "x"),
    "floor_divide": _floor_divide, "getitem": getitem,
    "hypot": _hypot, "log": node("Log", "x"), "log10": scaled("Log", 1 / math.log(10)), "log1p": _log1p,
    "log2": scaled("Log", 1 / math.log(2)), "logaddexp": _logaddexp, "logsumexp": reduction("ReduceLogSumExp"),
    "matmul": node("MatMul", "x", "y"), "max": reduction("ReduceMax"), "maximum": node("Max", "x", "y"),
    "mean": reduction("ReduceMean"), "min": reduction("ReduceMin"), "minimum": node("Min", "x", "y"),
    "moveaxis": permuted(lambda s, x: np.moveaxis(x, s.static("source"), s.static("destination"))),
    "multiply": node("Mul", "x", "y"), "negative": node("Neg", "x"), "norm": _norm, "pad": _pad,
    "positive": node("Identity", "x"), "power": node("Pow", "x", "y"), "prod": reduction("ReduceProd"),
    "reciprocal": node("Reciprocal", "x"), "remainder": _remainder, "reshape": _reshape,
    "rint": node("Round", "x"), "roll": _roll, "round": _round, "sign": node("Sign", "x"),
    "sin": node("Sin", "x"), "sinh": node("Sinh", "x"), "sqrt": node("Sqrt", "x"),
    "square": of_x(lambda s, x: s.add("Mul", x, x)), "squeeze": _reshape, "stack": _stack,
    "std": lambda s: _deviations(s, True), "subtract": node("Sub", "x", "y"), "sum": reduction("ReduceSum"),
    "swapaxes": permuted(lambda s, x: x.swapaxes(s.static("axis1"), s.static("axis2"))), "tan": node("Tan", "x"),
    "tanh": node("Tanh", "x"),
    "trunc": of_x(lambda s, x: s.add("Mul", s.add("Sign", x), s.add("Floor", s.add("Abs", x)))),
    "transpose": permuted(lambda s, x: x.transpose(s.static("axes"))),
    "var": lambda s: _deviations(s, False), "vecdot": _vecdot,
    "where": lambda s: s.add("Where", s.value("condition", bool), s.value("x", s.dtype), s.value("y", s.dtype)),
}  # fmt: skip
