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


# Recurrent layers


def _sequence(kind: str, gates: list[int], states: int, **attributes: Any) -> Emit:
    """Return a translation of a recurrent layer; `gates` lists our index of each gate in ONNX's order.

    The arguments of the operation are ``(reverse, x, states..., weight_ih, weight_hh)``, and two biases if it has them.
    """

    def emit(s: Step) -> tuple[str, ...]:
        names = list(s.traced[0].arguments)
        reverse, x, given, parameters = names[0], names[1], names[2 : 2 + states], names[2 + states :]
        weights = [_reordered(s, name, gates) for name in parameters]
        inputs = [s.value(x, s.dtype), *map(s.graph.constant, (w[None] for w in weights[:2]))]
        inputs += [s.graph.constant(np.concatenate(weights[2:])[None]) if weights[2:] else "", ""]
        first = s.graph.integers([0])
        inputs += [s.add("Unsqueeze", s.value(name, s.dtype), first) for name in given]
        direction = "reverse" if s.static(reverse) else "forward"
        hidden = len(weights[1]) // len(gates)
        found = s.graph.add_several(kind, 1 + states, *inputs, hidden_size=hidden, direction=direction, **attributes)
        squeezed = [s.add("Squeeze", last, first) for last in found[1:]]
        return (s.add("Squeeze", found[0], s.graph.integers([1])), *squeezed)

    return emit


def _reordered(s: Step, name: str, gates: list[int]) -> Any:
    """Return a constant weight or bias with its gates in ONNX's order."""
    if s.graph.name_of(s.given(name)) is not None:
        raise s.refuse("the weights of a recurrent layer have to be constants")
    weight = np.asarray(s.static(name), s.dtype)
    return weight.reshape(len(gates), -1, *weight.shape[1:])[gates].reshape(weight.shape)


LAYERS: dict[str, Emit] = {
    "_GRU": _sequence("GRU", [1, 0, 2], 1, linear_before_reset=1),
    "_LSTM": _sequence("LSTM", [0, 3, 1, 2], 2),
    "_ReLURNN": _sequence("RNN", [0], 1, activations=["Relu"]),
    "_TanhRNN": _sequence("RNN", [0], 1, activations=["Tanh"]),
    "attention": _attention,
    "attention_weights": lambda s: _weights(s, s.value("scores", s.dtype)),
    "convolution": _convolution, "elu": _elu, "extract_windows": _extract_windows,
    "gelu": of_x(lambda s, x: s.add("Gelu", x, approximate="none")),
    "gelu_tanh": of_x(lambda s, x: s.add("Gelu", x, approximate="tanh")),
    "hardshrink": _hardshrink, "hardswish": node("HardSwish", "x"), "hardtanh": clip, "leaky_relu": _leaky_relu,
    "linear": _linear,
    "log_softmax": _softmax("LogSoftmax"),
    "logsigmoid": of_x(lambda s, x: s.add("Neg", s.add("Softplus", s.add("Neg", x)))),
    "max_pool": lambda s: s.add("MaxPool", s.value("x"), **_sliding(s.static("windows"))),
    "mish": of_x(lambda s, x: s.add("Mul", x, s.add("Tanh", s.add("Softplus", x)))),
    "normal_cdf": _normal_cdf, "overlay_windows": _overlay_windows, "prelu": node("PRelu", "x", "weight"),
    "relu": node("Relu", "x"), "resample": _resample, "scale_gradient": node("Identity", "x"),
    "sigmoid": node("Sigmoid", "x"),
    "silu": of_x(lambda s, x: s.add("Mul", x, s.add("Sigmoid", x))),
    "softmax": _softmax("Softmax"), "softplus": _softplus, "softsign": node("Softsign", "x"),
    "standardize": _standardize, "sum_windows": _sum_windows,
    "tanhshrink": of_x(lambda s, x: s.add("Sub", x, s.add("Tanh", x))),
    "threshold": _threshold, "transposed_convolution": _transposed_convolution,
}  # fmt: skip
