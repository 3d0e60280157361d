"""ONNX translation of NumPy's calls on values that have no derivative, such as comparisons and integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.extend import TracedCall, TracedOperation

from ._arrays import ARRAYS, axes_of, permuted, reduced, refuse_choices
from ._graph import Emit, Pair, Step
from ._indices import shapes

_NAMES = {  # of what has another name or form than the operation
    "absolute": "absolute", "add.reduce": "sum", "multiply.reduce": "prod", "maximum.reduce": "max",
    "minimum.reduce": "min", "logical_and.reduce": "all", "logical_or.reduce": "any", "asarray": "astype",
    "array": "astype", "asanyarray": "astype", "ascontiguousarray": "astype", "ravel": "reshape", "flatten": "reshape",
    "bitwise_invert": "invert", "dot": "matmul", "amax": "max", "amin": "min", "item": "reshape",
}  # fmt: skip
_BINARY, _REDUCTION = "x y", "x axis dtype keepdims initial where"
# The names of arguments by their places; all others of NumPy's functions are x and y.
_ARGUMENTS = {
    "sum": _REDUCTION, "prod": _REDUCTION, "mean": "x axis dtype keepdims where",
    "max": "x axis keepdims initial where",
    "min": "x axis keepdims initial where", "any": "x axis keepdims where", "all": "x axis keepdims where",
    "argmax": "x axis keepdims", "argmin": "x axis keepdims", "count_nonzero": "x axis", "cumsum": "x axis",
    "std": "x axis dtype ddof keepdims where", "var": "x axis dtype ddof keepdims where", "where": "condition x y",
    "astype": "x dtype order", "copy": "x order", "getitem": "x key", "take": "x indices axis", "clip": "x low high",
    "take_along_axis": "x indices axis", "concatenate": "arrays axis", "stack": "arrays axis", "flip": "x axis",
    "roll": "x shift axis", "swapaxes": "x axis1 axis2", "moveaxis": "x source destination", "round": "x decimals",
    "tri": "n m k", "tril": "x k", "triu": "x k", "arange": "start stop step", "broadcast_to": "x shape",
    "expand_dims": "x axis", "squeeze": "x axis", "reshape": "x", "transpose": "x",
}  # fmt: skip
_KEYWORDS = {"a": "x", "m": "x", "condition": "condition", "min": "low", "max": "high", "a_min": "low", "a_max": "high"}


def as_operation(call: TracedCall) -> TracedOperation:
    """Return a call with the names that the operation of the same function has for its arguments."""
    name = _NAMES.get(call.name, call.name)
    if name == "where" and len(call.arguments) == 1:
        return TracedCall("nonzero", call.arguments, call.outputs, call.where)
    if name not in CALLS:
        return call
    names = _ARGUMENTS.get(name, _BINARY).split()
    given: dict[str, Any] = {}
    for key, value in call.arguments.items():
        if value is not np._NoValue and value is not None:
            place = int(key) if key.isdigit() else -1
            given[_KEYWORDS.get(key, key) if place < 0 else names[place] if place < len(names) else key] = value
    rest = [value for key, value in call.arguments.items() if key != "0"]
    if call.name.endswith(".reduce"):
        given.setdefault("axis", 0 if "axis" not in call.arguments else None)
    if name == "transpose":
        given["axes"] = rest[0] if len(rest) == 1 else tuple(rest) or None
    elif name == "reshape":
        given["order"] = next((value for value in rest if isinstance(value, str)), "C")
    elif name != "astype" and (more := given.keys() - {*names, "dtype", "order", "casting"}):
        name = f"{name} with {', '.join(sorted(more))}"
    elif call.name == "dot" and not {np.ndim(x) for x in given.values()} <= {1, 2}:
        name = "dot"
    return TracedCall(name, given, call.outputs, call.where)


def _common(s: Step) -> np.dtype[Any]:
    """Return the dtype in which x and y are compared."""
    found = np.result_type(s.given("x")[0], s.given("y")[0])
    return np.dtype(np.int64) if found.kind == "b" or (found.kind in "iu" and found.itemsize < 4) else found


def _compared(kind: str, negated: bool = False) -> Emit:
    def emit(s: Step) -> str:
        found = s.add(kind, s.value("x", _common(s)), s.value("y", _common(s)))
        return s.add("Not", found) if negated else found

    return emit


def _logical(kind: str) -> Emit:
    return lambda s: s.add(kind, *(s.value(name, bool) for name in ("x", "y") if s.has(name)))


def _bitwise(kind: str) -> Emit:
    """Return a translation of logic on booleans, and on the bits of integers."""
    return lambda s: s.add(
        kind if s.dtype == bool else f"Bitwise{kind}", *(s.value(name, s.dtype) for name in ("x", "y") if s.has(name))
    )


def _of_truth(kind: str) -> Emit:
    """Return a translation of a reduction of truth values, as one of 0 and 1."""

    def emit(s: Step) -> str:
        refuse_choices(s)
        truth = s.cast(s.value("x", bool), np.int32)
        return s.cast(reduced(s, kind, truth, s.static("axis"), bool(s.static("keepdims"))), s.dtype)

    return emit


def _place(kind: str) -> Emit:
    """Return a translation of the place of an extreme value, the first of several."""

    def emit(s: Step) -> str:
        given = s.given("x")[0].dtype
        x = s.value("x", np.float64 if given.kind == "i" else np.int32 if given.kind in "bu" else None)
        axis, keepdims = s.static("axis"), bool(s.static("keepdims"))
        if axis is not None:
            return s.add(kind, x, axis=axes_of(s, axis, len(shapes(s)[0]))[0], keepdims=int(keepdims))
        if keepdims:
            raise s.refuse("keepdims without an axis")
        return s.add(kind, s.add("Reshape", x, s.graph.integers([-1])), axis=0, keepdims=0)

    return emit


def _take(s: Step) -> str:
    x, axis = s.value("x"), s.static("axis")
    if axis is None:
        x, axis = s.add("Reshape", x, s.graph.integers([-1])), 0
    return s.add("Gather", x, s.value("indices", np.int64), axis=axes_of(s, axis, len(shapes(s)[0]))[0])


def _take_along_axis(s: Step) -> str:
    axis = s.static("axis")
    if axis is None:
        raise s.refuse("take_along_axis without an axis")
    return s.add(
        "GatherElements", s.value("x"), s.value("indices", np.int64), axis=axes_of(s, axis, len(shapes(s)[0]))[0]
    )


def _like(s: Step) -> str:
    """Write zeros or ones in the shape of a value: no value is read."""
    return s.value_of(s.out, s.dtype, "a constant")


def _range(s: Step, length: Pair) -> str:
    """Return the name of the integers below a length."""
    size = s.add("Squeeze", s.lengths((length[0],), (length[1],)), s.graph.integers([0]))
    zero, one = (s.graph.constant(np.array(n, np.int64)) for n in (0, 1))
    return s.add("Range", zero, size, one)


def _arange(s: Step) -> str:
    bounds = [(one, other) for one, other in (s.given(name) for name in ("start", "stop", "step")) if one is not None]
    if len(bounds) > 1 and (bounds[0], *bounds[2:]) not in [((0, 0),), ((0, 0), (1, 1))]:
        raise s.refuse("a range of a dynamic length that does not begin with 0, or has steps")
    return s.cast(_range(s, s.out[0].shape + s.out[1].shape), s.dtype)


def _tri(s: Step) -> str:
    rows, columns = ((s.out[0].shape[i], s.out[1].shape[i]) for i in (0, 1))
    shift = s.graph.constant(np.array(s.static("k") or 0, np.int64))
    below = s.add("Add", s.add("Unsqueeze", _range(s, rows), s.graph.integers([1])), shift)
    return s.cast(s.add("GreaterOrEqual", below, _range(s, columns)), s.dtype)


def _triangle(upper: int) -> Emit:
    return lambda s: s.add("Trilu", s.value("x"), s.graph.constant(np.array(s.static("k") or 0, np.int64)), upper=upper)


CALLS: dict[str, Emit] = ARRAYS | {
    "T": permuted(lambda s, x: x.T), "mT": permuted(lambda s, x: x.mT),
    "all": _of_truth("ReduceMin"), "any": _of_truth("ReduceMax"), "arange": _arange, "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"), "bitwise_and": _bitwise("And"), "bitwise_or": _bitwise("Or"),
    "bitwise_xor": _bitwise("Xor"), "count_nonzero": _of_truth("ReduceSum"), "equal": _compared("Equal"),
    "full_like": _like, "greater": _compared("Greater"), "greater_equal": _compared("GreaterOrEqual"),
    "invert": _bitwise("Not"),
    "isfinite": lambda s: s.add("Not", s.add("Or", s.add("IsNaN", s.value("x")), s.add("IsInf", s.value("x")))),
    "isinf": lambda s: s.add("IsInf", s.value("x")), "isnan": lambda s: s.add("IsNaN", s.value("x")),
    "less": _compared("Less"), "less_equal": _compared("LessOrEqual"), "logical_and": _logical("And"),
    "logical_not": _logical("Not"), "logical_or": _logical("Or"), "logical_xor": _logical("Xor"),
    "not_equal": _compared("Equal", negated=True), "ones_like": _like, "take": _take,
    "take_along_axis": _take_along_axis, "tri": _tri, "tril": _triangle(0), "triu": _triangle(1), "zeros_like": _like,
}  # fmt: skip
