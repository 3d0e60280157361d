"""`jax.lax`: loops, branches, slices and convolutions."""

from __future__ import annotations

import builtins
import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, SupportsInt

import numpy as np
from numpy.typing import DTypeLike
from scipy import special

import autograd
from autograd.extend import borrow
from nn import functional

from ..._arguments import TensorLike
from ._array import Tree, arrays, forwarded, names_of, of_arrays, plain
from .numpy import asarray
from .tree_util import tree_map

Function = Callable[..., object]
Sizes = Sequence[int]


def scan(
    f: Function, init: Tree, xs: Tree | None = None, length: int | None = None, reverse: bool = False, unroll: int = 1
) -> Any:
    """Return the last state of a loop, and what its steps return, stacked."""
    return arrays(autograd.scan(of_arrays(f), plain(init), plain(xs), length, reverse=reverse))


def map(f: Function, xs: Tree) -> Any:
    """Return what a function makes of each row, stacked."""
    return scan(lambda state, x: (state, f(x)), 0.0, xs)[1]


def fori_loop(
    lower: SupportsInt, upper: SupportsInt, body_fun: Function, init_val: Tree, unroll: int | bool | None = None
) -> Any:
    """Return the state after ``body_fun(i, state)`` for each i from `lower` up to `upper`."""
    return scan(lambda state, i: (body_fun(i, state), None), init_val, np.arange(int(lower), int(upper)))[0]


def while_loop(cond_fun: Function, body_fun: Function, init_val: Tree) -> Any:
    """Return the state after as many steps as the condition holds; it has derivatives."""
    return arrays(autograd.while_loop(of_arrays(cond_fun), of_arrays(body_fun), plain(init_val)))


def cond(pred: TensorLike, true_fun: Function, false_fun: Function, *operands: Tree) -> Any:
    """Return what one of two functions returns; within `vmap` and `jit` both are called, and their results selected."""
    return switch(asarray(pred).astype(int), [false_fun, true_fun], *operands)


def switch(index: TensorLike, branches: Sequence[Function], *operands: Tree) -> Any:
    """Return what one of several functions returns, the nearest where the index is beyond them."""
    place, given = np.clip(asarray(index), 0, len(branches) - 1), arrays(plain(operands))
    if type(borrow(place)) is np.ndarray:
        return branches[int(place)](*given)
    results = [branch(*given) for branch in branches]
    return tree_map(lambda *cases: select_n(place, *cases), *results)


def select_n(which: TensorLike, *cases: TensorLike) -> Any:
    """Return elements of several arrays, by the number of the array, or False and True."""
    found = asarray(cases[0])
    for i, case in enumerate(cases[1:], 1):
        found = np.where(asarray(which) == i, case, found)
    return found


def stop_gradient(x: TensorLike) -> Any:
    """Return a pytree without the derivatives of its leaves."""
    return arrays(
        autograd.tree_map(lambda each: each.detach() if isinstance(each, autograd.Tensor) else each, plain(x))
    )


def _places(start: Any, length: int, size: int) -> Any:
    """Return the indices of a slice that is moved to where it fits; its start may count from the end."""
    start = asarray(start)
    return np.clip(start + length * (start < 0), 0, length - size) + np.arange(size)


def dynamic_slice(operand: TensorLike, start_indices: Sequence[TensorLike], slice_sizes: Sizes) -> Any:
    """Return a slice of each axis, moved to where it fits."""
    operand = asarray(operand)
    for axis, (start, size) in enumerate(zip(start_indices, slice_sizes, strict=True)):
        operand = dynamic_slice_in_dim(operand, start, size, axis)
    return operand


def dynamic_slice_in_dim(operand: TensorLike, start_index: TensorLike, slice_size: int, axis: int = 0) -> Any:
    """Return a slice of one axis, moved to where it fits."""
    return np.take(asarray(operand), _places(start_index, np.shape(operand)[axis], slice_size), axis)


def dynamic_index_in_dim(operand: TensorLike, index: TensorLike, axis: int = 0, keepdims: bool = True) -> Any:
    """Return one row of an axis, the nearest where the index is beyond them."""
    row = dynamic_slice_in_dim(operand, index, 1, axis)
    return row if keepdims else np.squeeze(row, axis)


def dynamic_update_slice(operand: TensorLike, update: TensorLike, start_indices: Sequence[TensorLike]) -> Any:
    """Return a copy with other values in a slice of each axis, moved to where it fits."""
    sizes = zip(start_indices, np.shape(operand), np.shape(update), strict=True)
    return asarray(operand).at[np.ix_(*(_places(*each) for each in sizes))].set(update)


def dynamic_update_slice_in_dim(operand: TensorLike, update: TensorLike, start_index: TensorLike, axis: int) -> Any:
    """Return a copy with other values in a slice of one axis, moved to where it fits."""
    starts: list[TensorLike] = [start_index if i == axis % np.ndim(operand) else 0 for i in range(np.ndim(operand))]
    return dynamic_update_slice(operand, update, starts)


def _padded(padding: Any, sizes: Any, strides: Any, spans: Any) -> list[tuple[int, int]]:
    """Return how much is added around each axis."""
    if not isinstance(padding, str):
        return [*padding]
    if padding.upper() not in ("SAME", "VALID"):
        raise NotImplementedError(f"padding={padding!r}: give SAME, VALID or pairs of numbers")
    more = [max((-(-n // by) - 1) * by + span - n, 0) for n, by, span in zip(sizes, strides, spans, strict=True)]
    return [(each // 2, each - each // 2) if padding.upper() == "SAME" else (0, 0) for each in more]


def conv_general_dilated(
    lhs: TensorLike, rhs: TensorLike, window_strides: Sizes, padding: str | Sequence[tuple[int, int]],
    lhs_dilation: Sizes | None = None, rhs_dilation: Sizes | None = None,
    dimension_numbers: tuple[str, str, str] | None = None, feature_group_count: int = 1,
) -> Any:  # fmt: skip
    """Return a convolution with the axes in their places, and as many zeros around as `padding` says."""
    if lhs_dilation and max(lhs_dilation) > 1:
        raise NotImplementedError(f"lhs_dilation={lhs_dilation}: here it is nn.functional.conv_transpose")
    count, own = len(window_strides), "NC" + "DHW"[-len(window_strides) :]
    theirs, kernel, out = dimension_numbers or (own, own.replace("NC", "OI"), own)
    x = np.transpose(asarray(lhs), [theirs.index(axis) for axis in own])
    w = np.transpose(asarray(rhs), [kernel.index(axis) for axis in own.replace("NC", "OI")])
    dilation = rhs_dilation or (1,) * count
    spans = [(n - 1) * by + 1 for n, by in zip(w.shape[2:], dilation, strict=True)]
    x = np.pad(x, [(0, 0), (0, 0), *_padded(padding, x.shape[2:], window_strides, spans)])
    convolve = forwarded(functional, f"conv{count}d")
    y = convolve(x, w, stride=tuple(window_strides), dilation=tuple(dilation), groups=feature_group_count)
    return np.transpose(y, [own.index(axis) for axis in out])


conv = conv_with_general_padding = conv_general_dilated


def reduce_window(
    operand: TensorLike,
    init_value: TensorLike,
    computation: Function,
    window_dimensions: Sizes,
    window_strides: Sizes,
    padding: str | Sequence[tuple[int, int]],
) -> Any:
    """Return what a function of two, such as `max` or `add`, makes of windows, and of the first value around them."""
    x = asarray(operand)
    pads = _padded(padding, x.shape, window_strides, window_dimensions)
    x = np.pad(x, pads, constant_values=init_value)
    counts = [n - span + 1 for n, span in zip(x.shape, window_dimensions, strict=True)]
    parts: list[object] = [
        x[tuple(builtins.slice(i, i + n, by) for i, n, by in zip(start, counts, window_strides, strict=True))]
        for start in itertools.product(*(range(span) for span in window_dimensions))
    ]
    return functools.reduce(computation, parts)


def top_k(operand: TensorLike, k: int) -> tuple[Any, Any]:
    """Return the largest elements of the last axis, and where they are."""
    order = np.argsort(-asarray(operand), axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(asarray(operand), order, -1), order


def clamp(min: TensorLike, x: TensorLike, max: TensorLike) -> Any:
    """Return the nearest numbers between two others."""
    return np.clip(asarray(x), min, max)


def slice(operand: TensorLike, start_indices: Sizes, limit_indices: Sizes, strides: Sizes | None = None) -> Any:
    """Return a slice of each axis."""
    steps = strides or (1,) * len(start_indices)
    return asarray(operand)[tuple(builtins.map(builtins.slice, start_indices, limit_indices, steps))]


def rsqrt(x: TensorLike) -> Any:
    """Return 1 / sqrt(x)."""
    return 1 / np.sqrt(asarray(x))


def convert_element_type(operand: TensorLike, new_dtype: DTypeLike) -> Any:
    """Return an array of another dtype."""
    return asarray(operand).astype(new_dtype)


# Names of NumPy's functions, and of SciPy's special ones.
_NUMPY = {
    "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "max": "maximum", "min": "minimum",
    "pow": "power", "integer_pow": "power", "batch_matmul": "matmul", "rem": "fmod", "rev": "flip", "select": "where",
} | {
    name: name
    for name in (
        "abs", "acos", "add", "asin", "atan", "atan2", "ceil", "concatenate", "conj", "cos", "cosh", "cumsum", "dot",
        "exp", "expand_dims", "expm1", "floor", "full", "imag", "log", "log1p", "real", "reshape", "round", "sign",
        "sin", "sinh", "sort", "sqrt", "square", "squeeze", "tan", "tanh", "transpose",
    )
}  # fmt: skip
_SPECIAL = {
    "logistic": "expit", "erf": "erf", "erfc": "erfc", "erf_inv": "erfinv", "lgamma": "gammaln", "digamma": "digamma",
}  # fmt: skip
_AXIS = "np.sum, np.mean or np.max over the batch, after vmap"
_names = names_of(
    None,
    __name__,
    {**dict.fromkeys(("psum", "pmean", "pmax", "axis_index"), _AXIS), "associative_scan": "scan(), or np.cumsum"},
)


def __getattr__(name: str) -> Any:
    if name in _SPECIAL:
        return forwarded(special, _SPECIAL[name])
    return forwarded(np, _NUMPY[name]) if name in _NUMPY else _names(name)
