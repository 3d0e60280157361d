"""Operators along axes: sums, products, extremes, norms, softmax; and products of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from ... import functional
from .._program import Node
from .common import Operator, axes_of, number


def _reduction(function: Callable[..., Any]) -> Operator:
    """Return the operator of a function that takes axes and `keepdims`."""

    def compute(n: Node, x: Any, axes: Any = None) -> Any:
        along = axes_of(n, axes, x.ndim)
        if not along:
            if n["noop_with_empty_axes"]:
                return function(x[None], axis=(0,), keepdims=False)
            along = tuple(range(x.ndim))
        return function(x, axis=along, keepdims=n["keepdims"] != 0)

    return compute


def _sum(x: Any, **options: Any) -> Any:
    return np.sum(x, dtype=x.dtype, **options)


def _extreme(function: Callable[..., Any], empty: float) -> Callable[..., Any]:
    def compute(x: Any, **options: Any) -> Any:
        if x.dtype == bool:
            return (np.all if empty > 0 else np.any)(x, **options)
        return function(x, **options) if x.size else function(x, initial=empty, **options)

    return compute


def _logsumexp(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    most = np.max(as_array(borrow(x)), axis, keepdims=True, initial=-np.inf)
    most = np.where(np.isfinite(most), most, 0)
    total = np.log(np.sum(np.exp(x - most), axis=axis, keepdims=True)) + most
    return total if keepdims else np.squeeze(total, axis)


def _of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with integers converted to floats, and its results back, for logarithms and roots."""

    def compute(x: Any, **options: Any) -> Any:
        return function(x.astype(x.dtype if x.dtype.kind == "f" else np.float64), **options).astype(x.dtype)

    return compute


def _cumulative(function: Callable[..., Any], empty: float) -> Operator:
    def compute(n: Node, x: Any, axis: Any) -> Any:
        along = number(axis) % x.ndim
        if n["reverse"]:
            x = np.flip(x, along)
        if n["exclusive"]:
            before: tuple[Any, ...] = (slice(None),) * along
            shape = (*x.shape[:along], 1, *x.shape[along + 1 :])
            x = np.concatenate([np.full(shape, empty, x.dtype), x[*before, slice(-1)]], along)
        out = function(x, along).astype(x.dtype)
        return np.flip(out, along) if n["reverse"] else out

    return compute


def _softmax(function: Callable[..., Any]) -> Operator:
    """Return the operator of a kind of softmax; before opset 13, all axes from the given one count as one.

    Where all is masked, it is nan without a warning: files choose something else there afterwards.
    """

    def compute(n: Node, x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            if n.version >= 13:
                return function(x, axis=n["axis"])
            flat = x.reshape(math.prod(x.shape[: n["axis"]]), -1)
            return function(flat, axis=1).reshape(x.shape)

    return compute


def _lp_normalization(n: Node, x: Any) -> Any:
    axis = n["axis"]
    norm = np.linalg.vector_norm(x, axis=axis, keepdims=True, ord=n["p"])
    zero = norm == 0
    return np.where(zero, 0, x / np.where(zero, 1, norm))


# Products of matrices


def _gemm(n: Node, a: Any, b: Any, c: Any = None) -> Any:
    if n["transB"] and not n["transA"] and n["alpha"] == 1 and n["beta"] == 1 and c is not None and c.ndim == 1:
        return functional.linear(a, b, c) if c.shape[0] == b.shape[0] else a @ b.T + c
    product = (a.T if n["transA"] else a) @ (b.T if n["transB"] else b)
    product = product if n["alpha"] == 1 else n["alpha"] * product
    return product if c is None else product + (c if n["beta"] == 1 else n["beta"] * c)


REDUCTIONS: dict[str, Operator] = {
    "CumProd": _cumulative(np.cumprod, 1),
    "CumSum": _cumulative(np.cumsum, 0),
    "Det": lambda n, x: np.linalg.det(x),
    "Einsum": lambda n, *inputs: np.einsum(n["equation"], *inputs),
    "Gemm": _gemm,
    "LogSoftmax": _softmax(functional.log_softmax),
    "LpNormalization": _lp_normalization,
    "MatMul": lambda n, a, b: np.matmul(a, b),
    "ReduceL1": _reduction(lambda x, **options: _sum(np.abs(x), **options)),
    "ReduceL2": _reduction(
        _of_floats(lambda x, axis, keepdims: np.linalg.vector_norm(x, axis=axis, keepdims=keepdims))
    ),
    "ReduceLogSum": _reduction(_of_floats(lambda x, **options: np.log(np.sum(x, **options)))),
    "ReduceLogSumExp": _reduction(_of_floats(_logsumexp)),
    "ReduceMax": _reduction(_extreme(np.max, -math.inf)),
    "ReduceMean": _reduction(lambda x, **options: x.mean(**options).astype(x.dtype)),
    "ReduceMin": _reduction(_extreme(np.min, math.inf)),
    "ReduceProd": _reduction(lambda x, **options: np.prod(x, **options).astype(x.dtype)),
    "ReduceSum": _reduction(_sum),
    "ReduceSumSquare": _reduction(lambda x, **options: _sum(x * x, **options)),
    "Softmax": _softmax(functional.softmax),
}
