"""How the operations of layers are written in ONNX, by the names that they are recorded under."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._arrays import axes_of, node, shapes
from ._graph import Emit, Step

__all__ = ["LAYERS"]


def _linear(s: Step) -> str:
    x, bias = s.value("x", s.dtype), [s.value("bias", s.dtype)] if s.has("bias") else []
    if len(shapes(s)[0]) == 2:
        return s.add("Gemm", x, s.value("weight", s.dtype), *bias, transB=1)
    product = s.add("MatMul", x, _transposed(s, "weight"))
    return s.add("Add", product, *bias) if bias else product


def _transposed(s: Step, name: str) -> str:
    """Return the transpose of a matrix, as a constant if the matrix is one."""
    pair = s.given(name)
    if s.graph.name_of(pair) is None:
        return s.value_of((pair[0].T, pair[1].T), s.dtype, name)
    return s.add("Transpose", s.value(name, s.dtype), perm=[1, 0])


def _sliding(windows: Any) -> dict[str, list[int]]:
    """Return the attributes of windows that slide: how long, how far apart, and how much padding they need."""
    after = [
        max((count - 1) * stride + reach - size - before, 0)
        for count, stride, reach, size, before in zip(
            windows.count, windows.stride, windows.reach, windows.size, windows.padding, strict=True
        )
    ]
    return {
        "kernel_shape": list(windows.kernel),
        "strides": list(windows.stride),
        "dilations": list(windows.dilation),
        "pads": [*windows.padding, *after],
    }


def _convolution(s: Step) -> str:
    inputs = [s.value(name, s.dtype) for name in ("x", "weight", "bias") if s.has(name)]
    return s.add("Conv", *inputs, group=s.static("groups"), **_sliding(s.static("windows")))


def _transposed_convolution(s: Step) -> str:
    inputs = [s.value(name, s.dtype) for name in ("y", "weight", "bias") if s.has(name)]
    windows = s.static("windows")
    beyond = [
        (count - 1) * stride + reach - size - before
        for count, stride, reach, size, before in zip(
            windows.count, windows.stride, windows.reach, windows.size, windows.padding, strict=True
        )
    ]
    attributes = _sliding(windows)
    attributes["output_padding"] = [max(-n, 0) for n in beyond]
    return s.add("ConvTranspose", *inputs, group=s.static("groups"), **attributes)


def _max_pool(s: Step) -> str:
    return s.add("MaxPool", s.value("x"), **_sliding(s.static("windows")))


def _sum_windows(s: Step) -> str:
    windows = s.static("windows")
    means = s.add("AveragePool", s.value("x", s.dtype), count_include_pad=1, **_sliding(windows))
    return s.add("Mul", means, s.number(math.prod(windows.kernel)))


def _standardize(s: Step) -> str:
    x, axes, centered = s.value("x", s.dtype), axes_of(s, s.static("axes"), s.out[0].ndim), s.static("centered")
    eps = s.static("eps")
    last = sorted(axes) == list(range(s.out[0].ndim - len(axes), s.out[0].ndim))
    shape = s.out[0].shape[-len(axes) :]
    if centered and last and all(not s.has(name) or shapes(s, name) == (shape, shape) for name in ("weight", "bias")):
        weight = s.value("weight", s.dtype) if s.has("weight") else s.graph.constant(np.ones(shape, s.dtype))
        bias = [s.value("bias", s.dtype)] if s.has("bias") else []
        return s.add("LayerNormalization", x, weight, *bias, axis=-len(axes), epsilon=float(eps))
    over = s.graph.integers(axes)
    if centered:
        x = s.add("Sub", x, s.add("ReduceMean", x, over, keepdims=1))
    variance = s.add("ReduceMean", s.add("Mul", x, x), over, keepdims=1)
    x = s.add("Div", x, s.add("Sqrt", s.add("Add", variance, s.number(eps))))
    if s.has("weight"):
        x = s.add("Mul", x, s.value("weight", s.dtype))
    return s.add("Add", x, s.value("bias", s.dtype)) if s.has("bias") else x


def _normal_cdf(s: Step) -> str:
    erf = s.add("Erf", s.add("Mul", s.value("x", s.dtype), s.number(math.sqrt(0.5))))
    return s.add("Mul", s.add("Add", erf, s.number(1)), s.number(0.5))


def _gelu(approximate: str) -> Emit:
    return lambda s: s.add("Gelu", s.value("x", s.dtype), approximate=approximate)


def _softmax(kind: str) -> Emit:
    return lambda s: s.add(kind, s.value("x", s.dtype), axis=axes_of(s, s.static("axis"), s.out[0].ndim)[0])


def _weights(s: Step, scores: str) -> str:
    """Return the softmax of scores, 0 in a row that is masked as a whole."""
    if not s.has("mask"):
        return s.add("Softmax", scores, axis=-1)
    pair = s.given("mask")
    if pair[0].dtype == bool:
        scores = s.add("Where", s.value("mask", bool), scores, s.number(-math.inf))
        mask, least = s.value("mask", s.dtype), s.number(0)
    else:
        mask, least = s.value("mask", s.dtype), s.number(-math.inf)
        scores = s.add("Add", scores, mask)
    weights = s.add("Softmax", scores, axis=-1)
    if s.graph.name_of(pair) is None and (pair[0] if pair[0].dtype == bool else pair[0] > -math.inf).any(-1).all():
        return weights
    seen = s.add("Greater", s.add("ReduceMax", mask, s.graph.integers([-1]), keepdims=1), least)
    return s.add("Where", seen, weights, s.number(0))


def _attention_weights(s: Step) -> str:
    return _weights(s, s.value("scores", s.dtype))


def _attention(s: Step) -> str:
    query, key, value = (s.value(name, s.dtype) for name in ("query", "key", "value"))
    axes = list(range(len(shapes(s, "key")[0])))
    axes[-2:] = axes[:-3:-1]
    query = s.add("Mul", query, s.number(s.static("scale")))
    weights = _weights(s, s.add("MatMul", query, s.add("Transpose", key, perm=axes)))
    return s.add("MatMul", weights, value)


LAYERS: dict[str, Emit] = {
    "attention": _attention,
    "attention_weights": _attention_weights,
    "convolution": _convolution,
    "gelu": _gelu("none"),
    "gelu_tanh": _gelu("tanh"),
    "linear": _linear,
    "log_softmax": _softmax("LogSoftmax"),
    "max_pool": _max_pool,
    "normal_cdf": _normal_cdf,
    "relu": node("Relu", "x"),
    "sigmoid": node("Sigmoid", "x"),
    "softmax": _softmax("Softmax"),
    "standardize": _standardize,
    "sum_windows": _sum_windows,
    "transposed_convolution": _transposed_convolution,
}
