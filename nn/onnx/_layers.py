"""ONNX translation of layers' operations, by the names under which they are recorded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._arrays import axes_of, clip, node, of_x
from ._graph import Emit, Step
from ._indices import shapes


def _linear(s: Step) -> str:
    x, bias = s.value("x", s.dtype), [s.value("bias", s.dtype)] if s.has("bias") else []
    if len(shapes(s)[0]) == 2:
        return s.add("Gemm", x, s.value("weight", s.dtype), *bias, transB=1)
    product = s.add("MatMul", x, _transposed(s, "weight"))
    return s.add("Add", product, *bias) if bias else product


def _transposed(s: Step, name: str) -> str:
    """Return the transpose of a matrix; of a constant it is a constant too."""
    pair = s.given(name)
    if s.graph.name_of(pair) is None:
        return s.value_of((pair[0].T, pair[1].T), s.dtype, name)
    return s.add("Transpose", s.value(name, s.dtype), perm=[1, 0])


def _beyond(windows: Any) -> list[int]:
    """Return by how much the last window exceeds the end of each axis."""
    return [
        (count - 1) * stride + dilation * (kernel - 1) + 1 - size - before
        for size, kernel, stride, dilation, before, count in zip(*windows, strict=True)
    ]


def _sliding(windows: Any) -> dict[str, list[int]]:
    """Return the attributes of sliding windows: kernel shape, strides, dilations and padding."""
    return {
        "kernel_shape": list(windows.kernel),
        "strides": list(windows.stride),
        "dilations": list(windows.dilation),
        "pads": [*windows.padding, *(max(n, 0) for n in _beyond(windows))],
    }


def _convolution(s: Step) -> str:
    inputs = [s.value(name, s.dtype) for name in ("x", "weight", "bias") if s.has(name)]
    return s.add("Conv", *inputs, group=s.static("groups"), **_sliding(s.static("windows")))


def _spread(s: Step, inputs: list[str], windows: Any, groups: int) -> str:
    """Add a transposed convolution."""
    extra = [max(-n, 0) for n in _beyond(windows)]
    return s.add("ConvTranspose", *inputs, group=groups, output_padding=extra, **_sliding(windows))


def _transposed_convolution(s: Step) -> str:
    inputs = [s.value(name, s.dtype) for name in ("y", "weight", "bias") if s.has(name)]
    return _spread(s, inputs, s.static("windows"), s.static("groups"))


def _each_place(s: Step, channels: int, kernel: tuple[int, ...]) -> str:
    """Return the weights of a convolution that copies each position of a window to a separate channel."""
    places = math.prod(kernel)
    return s.graph.constant(np.tile(np.eye(places, dtype=s.dtype), (channels, 1)).reshape(-1, 1, *kernel))


def _extract_windows(s: Step) -> str:
    windows, (one, other) = s.static("windows"), shapes(s)
    flat = s.add("Conv", s.value("x"), _each_place(s, one[1], windows.kernel), group=one[1], **_sliding(windows))
    count = one[1] * math.prod(windows.kernel)
    before = [(n, count, *windows.counts) for n in (one[0], other[0])]
    return s.reshaped(flat, (before[0], before[1]), (s.out[0].shape, s.out[1].shape))


def _overlay_windows(s: Step) -> str:
    windows, (one, other) = s.static("windows"), shapes(s, next(iter(s.traced[0].arguments)))
    count = one[1] * math.prod(windows.kernel)
    after = [(n, count, *windows.counts) for n in (one[0], other[0])]
    flat = s.reshaped(s.value(next(iter(s.traced[0].arguments))), (one, other), (after[0], after[1]))
    return _spread(s, [flat, _each_place(s, one[1], windows.kernel)], windows, one[1])


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


# Activations


def _normal_cdf(s: Step) -> str:
    erf = s.add("Erf", s.add("Mul", s.value("x", s.dtype), s.number(math.sqrt(0.5))))
    return s.add("Mul", s.add("Add", erf, s.number(1)), s.number(0.5))


def _leaky_relu(s: Step) -> str:
    slope = s.static("slope")
    if np.ndim(slope):
        raise s.refuse("slopes that are drawn are for training")
    return s.add("LeakyRelu", s.value("x", s.dtype), alpha=float(slope))


def _elu(s: Step) -> str:
    x, alpha, width = s.value("x", s.dtype), float(s.static("alpha")), s.static("width")
    if width == 1:
        return s.add("Elu", x, alpha=alpha)
    below = s.add("Elu", s.add("Div", s.add("Min", x, s.number(0)), s.number(width)), alpha=alpha)
    return s.add("Add", s.add("Relu", x), below)


def _softplus(s: Step) -> str:
    x, beta, threshold = s.value("x", s.dtype), s.static("beta"), s.static("threshold")
    scaled = x if beta == 1 else s.add("Mul", x, s.number(beta))
    soft = s.add("Softplus", scaled)
    soft = soft if beta == 1 else s.add("Div", soft, s.number(beta))
    if threshold >= 20:  # the difference is below single precision
        return soft
    return s.add("Where", s.add("Greater", scaled, s.number(threshold)), x, soft)


def _hardshrink(s: Step) -> str:
    x, limit = s.value("x", s.dtype), s.static("lambd")
    # two comparisons, because the limit may be negative, where nothing becomes 0
    within = s.add("And", s.add("GreaterOrEqual", x, s.number(-limit)), s.add("LessOrEqual", x, s.number(limit)))
    return s.add("Where", within, s.number(0), x)


def _threshold(s: Step) -> str:
    x = s.value("x", s.dtype)
    below = s.add("LessOrEqual", x, s.number(s.static("threshold")))
    return s.add("Where", below, s.number(s.static("value")), x)


def _resample(s: Step) -> str:
    """Sum weighted elements along an axis, according to the plan."""
    x, plan, axis = s.value("x", s.dtype), s.static("plan"), s.static("axis")
    parts = []
    for places, weights in zip(plan.places, plan.weights, strict=True):
        part = s.add("Gather", x, s.graph.constant(places, np.int64), axis=axis)
        if weights is not None:
            along = weights.reshape((-1,) + (1,) * (s.out[0].ndim - axis - 1))
            part = s.add("Mul", part, s.graph.constant(along, s.dtype))
        parts.append(part)
    return parts[0] if len(parts) == 1 else s.add("Sum", *parts)


def _softmax(kind: str) -> Emit:
    return lambda s: s.add(kind, s.value("x", s.dtype), axis=axes_of(s, s.static("axis"), s.out[0].ndim)[0])


def _weights(s: Step, scores: str) -> str:
    """Return the softmax of scores; a fully masked row becomes 0."""
    if not s.has("mask"):
        return s.add("Softmax", scores, axis=-1)
    pair = s.given("mask")
    of_bools = pair[0].dtype == bool
    if of_bools:
        scores = s.add("Where", s.value("mask", bool), scores, s.number(-math.inf))
    else:
        scores = s.add("Add", scores, s.value("mask", s.dtype))
    weights = s.add("Softmax", scores, axis=-1)
    if s.graph.name_of(pair) is None and (pair[0] if of_bools else pair[0] > -math.inf).any(-1).all():
        return weights
    most = s.add("ReduceMax", s.value("mask", s.dtype), s.graph.integers([-1]), keepdims=1)
    seen = s.add("Greater", most, s.number(0 if of_bools else -math.inf))
    return s.add("Where", seen, weights, s.number(0))


def _attention(s: Step) -> str:
    query, key, value = (s.value(name, s.dtype) for name in ("query", "key", "value"))
    axes = list(range(len(shapes(s, "key")[0])))
    axes[-2:] = axes[:-3:-1]
    query = s.add("Mul", query, s.number(s.static("scale")))
    weights = _weights(s, s.add("MatMul", query, s.add("Transpose", key, perm=axes)))
    return s.add("MatMul", weights, value)


LAYERS: dict[str, Emit] = {
    "attention": _attention,
    "attention_weights": lambda s: _weights(s, s.value("scores", s.dtype)),
    "convolution": _convolution,
    "elu": _elu,
    "extract_windows": _extract_windows,
    "gelu": of_x(lambda s, x: s.add("Gelu", x, approximate="none")),
    "gelu_tanh": of_x(lambda s, x: s.add("Gelu", x, approximate="tanh")),
    "hardshrink": _hardshrink,
    "hardtanh": clip,
    "leaky_relu": _leaky_relu,
    "linear": _linear,
    "log_softmax": _softmax("LogSoftmax"),
    "logsigmoid": of_x(lambda s, x: s.add("Neg", s.add("Softplus", s.add("Neg", x)))),
    "max_pool": lambda s: s.add("MaxPool", s.value("x"), **_sliding(s.static("windows"))),
    "mish": of_x(lambda s, x: s.add("Mul", x, s.add("Tanh", s.add("Softplus", x)))),
    "normal_cdf": _normal_cdf,
    "overlay_windows": _overlay_windows,
    "prelu": node("PRelu", "x", "weight"),
    "relu": node("Relu", "x"),
    "resample": _resample,
    "scale_gradient": node("Identity", "x"),
    "sigmoid": node("Sigmoid", "x"),
    "silu": of_x(lambda s, x: s.add("Mul", x, s.add("Sigmoid", x))),
    "softmax": _softmax("Softmax"),
    "softplus": _softplus,
    "softsign": node("Softsign", "x"),
    "standardize": _standardize,
    "sum_windows": _sum_windows,
    "tanhshrink": of_x(lambda s, x: s.add("Sub", x, s.add("Tanh", x))),
    "threshold": _threshold,
    "transposed_convolution": _transposed_convolution,
}
