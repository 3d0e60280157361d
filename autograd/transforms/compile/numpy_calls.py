"""NumPy's calls: what a recorder has to know of NumPy's functions, such as which of them write to an argument."""

from __future__ import annotations

import inspect
import operator
from functools import cache
from typing import Any

import numpy as np

from ...arrays.traced import Traced, flat_setitem
from .program import traced_in
from .types import ArrayArgument, NumPyFunction

ndarray = np.ndarray

# Functions that write to their first argument.
WRITERS = frozenset((
    operator.setitem, flat_setitem, np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis,
    ndarray.fill, ndarray.sort, ndarray.partition, ndarray.put,
))  # fmt: skip


# What gives the same bits wherever operands and results lie: of others, such as exp, NumPy has a loop for contiguous
# arrays apart, and one for the rest.
ROUNDED = frozenset((
    np.add, np.subtract, np.multiply, np.true_divide, np.square, np.sqrt, np.reciprocal, np.negative, np.positive,
    np.absolute, np.fabs, np.sign, np.copysign, np.maximum, np.minimum, np.fmax, np.fmin, np.greater, np.greater_equal,
    np.less, np.less_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_not, np.bitwise_and,
    np.bitwise_or, np.bitwise_xor, np.invert, np.floor, np.ceil, np.trunc, np.rint,
))  # fmt: skip


# Functions that ask for shapes, dtypes and memory, which are the same whenever the program runs.
QUESTIONS = frozenset((
    np.shape, np.ndim, np.size, np.result_type, np.may_share_memory, np.shares_memory, np.can_cast, np.common_type,
    np.min_scalar_type, np.iscomplexobj, np.isrealobj, np.broadcast_shapes,
))  # fmt: skip


# Functions whose results have shapes or dtypes that depend on values; indexing by a mask is another.
_LAYOUTS = frozenset((
    np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.unique_all, np.unique_counts, np.unique_inverse,
    np.unique_values, np.intersect1d, np.union1d, np.setdiff1d, np.setxor1d, np.compress, np.extract, np.repeat,
    np.delete, np.insert, np.trim_zeros, np.bincount, np.histogram_bin_edges, np.histogram, np.histogram2d, np.roots,
    np.ix_, ndarray.nonzero, ndarray.compress, ndarray.repeat, np.split, np.array_split, np.argpartition, np.tile,
    np.pad, np.poly, np.polymul, np.polydiv, np.real_if_close, np.linalg.eig, np.linalg.eigvals, np.linalg.lstsq,
    np.emath.sqrt, np.emath.log, np.emath.log2, np.emath.log10, np.emath.logn, np.emath.power, np.emath.arccos,
    np.emath.arcsin, np.emath.arctanh,
))  # fmt: skip


def layout_depends(function: NumPyFunction, args: tuple[ArrayArgument, ...]) -> bool:
    """Tell whether the shape or dtype of a result may depend on values."""
    if function is operator.getitem:
        return any(x.dtype.kind == "b" for x in traced_in(args[1:]))
    return function in _LAYOUTS or (function is np.where and len(args) == 1)


def is_scalar(x: ArrayArgument) -> bool:
    """Tell whether something is a traced NumPy scalar."""
    return isinstance(x, Traced) and not isinstance(x.value, ndarray)


def is_basic(key: Any) -> bool:
    """Tell whether an index has only slices, numbers and the like, which give a view."""
    parts = key if type(key) is tuple else (key,)
    return all(type(part) in (int, type(None), type(Ellipsis)) or _is_slice(part) for part in parts)


def _is_slice(x: Any) -> bool:
    return type(x) is slice and all(type(part) in (int, bool, type(None)) for part in (x.start, x.stop, x.step))


def applied(function: NumPyFunction, args: tuple[ArrayArgument, ...], kwargs: dict[str, ArrayArgument]) -> Any:
    """Call a function; a method of ndarrays also on a scalar."""
    if getattr(function, "__objclass__", None) is ndarray and not isinstance(args[0], ndarray):
        return getattr(args[0], function.__name__)(*args[1:], **kwargs)
    return function(*args, **kwargs)


MAY_RETURN_ITS_ARGUMENT = frozenset((
    "array", "asanyarray", "asarray", "asarray_chkfinite", "ascontiguousarray", "asfortranarray", "astype",
    "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "conj", "conjugate", "diff", "matrix_power",
    "polyder", "polyint", "positive", "real", "require", "squeeze",
))  # fmt: skip


# Options by which a function computes within the memory of its argument.
OVERWRITING = (("overwrite_input", True), ("inplace", True), ("overwrite_x", True), ("overwrite_a", True))


# Of methods written in C, which do not tell their parameters; the array itself is the first.
_POSITIONS_OF_OUT = {
    "dot": 2, "sum": 3, "mean": 3, "prod": 3, "max": 2, "min": 2, "any": 2, "all": 2, "argmax": 2, "argmin": 2,
    "cumsum": 3, "cumprod": 3, "std": 3, "var": 3, "clip": 3, "take": 3, "choose": 2, "compress": 3, "trace": 5,
    "round": 2, "reduce": 3, "accumulate": 3, "reduceat": 4,
}  # fmt: skip


@cache
def position_of_out(function: NumPyFunction) -> int:
    """Return the position of the argument `out`; a large number if there is none."""
    if getattr(function, "__objclass__", None) is ndarray or isinstance(getattr(function, "__self__", None), np.ufunc):
        return _POSITIONS_OF_OUT.get(function.__name__, 99)
    if function in (np.dot, np.concatenate):
        return 2
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return 99
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in by_position]
    return names.index("out") if "out" in names else 99


# What follows `out` in the same methods; where they are not named, keepdims, initial and where do.
_AFTER_OUT = {
    "std": ("ddof", "keepdims", "where"), "var": ("ddof", "keepdims", "where"), "mean": ("keepdims", "where"),
    "any": ("keepdims", "where"), "all": ("keepdims", "where"), "take": ("mode",), "choose": ("mode",),
}  # fmt: skip


def names_after_out(function: NumPyFunction) -> tuple[str, ...]:
    """Return the names of the parameters that follow `out`."""
    if getattr(function, "__objclass__", None) is ndarray or isinstance(getattr(function, "__self__", None), np.ufunc):
        return _AFTER_OUT.get(function.__name__, ("keepdims", "initial", "where"))
    names = list(inspect.signature(function).parameters) if function not in (np.dot, np.concatenate) else []
    return tuple(names[names.index("out") + 1 :]) if names else ("dtype", "casting")
