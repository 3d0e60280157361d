"""NumPy's calls: what a recorder has to know of NumPy's functions, such as which of them write to an argument."""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import numpy as np

from ...arrays.traced import Traced, flat_setitem
from ...tensors import dispatch
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


# What is written in C and does not tell its parameters.
_OF_UFUNCS: dict[str, tuple[str, ...]] = {
    "reduce": ("array", "axis", "dtype", "out", "keepdims", "initial", "where"),
    "accumulate": ("array", "axis", "dtype", "out"),
    "reduceat": ("array", "indices", "axis", "dtype", "out"),
}
_IN_C: dict[Any, tuple[str, ...]] = {
    np.dot: ("a", "b", "out"), np.concatenate: ("arrays", "axis", "out", "dtype", "casting"),
}  # fmt: skip


@cache
def out_and_after(function: Any) -> tuple[int, tuple[str, ...]]:
    """Do as `dispatch.out_and_after`; a method of ndarrays takes by position what NumPy's function does."""
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return dispatch.out_and_after(function, _OF_UFUNCS.get(function.__name__, ()))
    if getattr(function, "__objclass__", None) is ndarray:
        function = getattr(np, function.__name__, function)
    return dispatch.out_and_after(function, _IN_C.get(function))
