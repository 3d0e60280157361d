"""What each operation that `nn` declares is: the same function, composed of the operations of `autograd`.

They are written as the formulas stand in books, with no thought of speed or of numbers that are very large.
"""

from typing import Any

import numpy as np
from scipy import special

from nn.functional._ctc_loss import _composed
from nn.functional._kernels.sliding_windows import Windows

from .calls import Array, Function

__all__ = ["COMPOSITIONS"]


def softmax(x: Any, axis: int) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def softplus(x: Any, beta: float, threshold: float) -> Any:
    return np.where(x * beta > threshold, x, np.log(1 + np.exp(x * beta)) / beta)


def hardtanh(x: Any, low: float, high: float) -> Any:
    return np.where(x <= low, low, np.where(x >= high, high, x))


def normal_cdf(x: Any) -> Any:
    return (1 + special.erf(x / np.sqrt(2))) / 2


def gelu_tanh(x: Any) -> Any:
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def huber(x: Any, y: Any, delta: float) -> Any:
    distance = np.abs(x - y)
    return np.where(distance <= delta, distance**2 / 2, delta * (distance - delta / 2))


def cross_entropy(logits: Any, labels: Any, scale: Any, total: bool, saved: Any) -> Any:
    losses = (np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]) * scale
    return losses.sum() if total else losses


def multi_margin(scores: Any, labels: Any, margin: float, p: int, scale: Any, total: bool, saved: Any) -> Any:
    rows = np.arange(len(labels))
    lack = margin - scores[rows, labels][:, None] + scores
    others = np.arange(scores.shape[1]) != labels[:, None]
    losses = np.where(others & (lack > 0), lack**p, 0).sum(axis=1) * scale
    return losses.sum() if total else losses


def standardize(x: Any, weight: Any, bias: Any, axes: Any, eps: float, centered: bool, moments: Any) -> Any:
    deviation = x - x.mean(axis=axes, keepdims=True) if centered else x
    out = deviation / np.sqrt((deviation**2).mean(axis=axes, keepdims=True) + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


def attention_weights(scores: Any, mask: Any) -> Any:
    """Return the softmax of the scores that the mask allows; 0 where it allows none."""
    allowed = np.ones(scores.shape[-2:], bool) if mask is None else mask if mask.dtype == bool else mask > -np.inf
    added = 0.0 if mask is None or mask.dtype == bool else np.where(allowed, mask, 0)
    e = np.where(allowed, np.exp(scores + added), 0)
    nothing = ~allowed.any(axis=-1, keepdims=True)
    return e / (e.sum(axis=-1, keepdims=True) + nothing)


def attention(query: Any, key: Any, value: Any, scale: float, mask: Any, saved: Any) -> Any:
    return attention_weights(query @ key.mT * scale, mask) @ value


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    return x @ weight.T if bias is None else x @ weight.T + bias


# Windows: for each axis, which of its places stand where in which window


def selections(windows: Windows) -> list[Array]:
    """Return, for each axis, 1 where a place is the k-th of a window: shape ``(size, kernel, count)``."""
    found = []
    for size, kernel, stride, dilation, padding, count in zip(*windows, strict=True):
        at = np.arange(kernel)[:, None] * dilation + np.arange(count) * stride - padding
        found.append((np.arange(size)[:, None, None] == at).astype(float))
    return found


def by_axes(one: str, two: str, windows: Windows, *operands: Any) -> Any:
    """Return the sum of products along one axis or two, with the selections of each behind the operands."""
    chosen = selections(windows)
    return np.einsum(one if len(chosen) == 1 else two, *operands, *chosen)


def extract(x: Any, windows: Windows) -> Any:
    return by_axes("ncs,ska->ncka", "ncst,ska,tlb->ncklab", windows, x)


def overlay(cols: Any, windows: Windows) -> Any:
    return by_axes("ncka,ska->ncs", "ncklab,ska,tlb->ncst", windows, cols)


def sum_windows(x: Any, windows: Windows) -> Any:
    return by_axes("ncs,ska->nca", "ncst,ska,tlb->ncab", windows, x)


def spread_windows(g: Any, windows: Windows) -> Any:
    return by_axes("nca,ska->ncs", "ncab,ska,tlb->ncst", windows, g)


def max_pool(x: Any, windows: Windows) -> Any:
    outside = extract(np.ones(x.shape), windows) == 0
    kernel = tuple(range(2, 2 + len(windows.size)))
    return np.where(outside, -1e9, extract(x, windows)).max(axis=kernel)


def grouped(x: Any, groups: int, axis: int = 1) -> Any:
    return x.reshape((*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]))


def joined(x: Any) -> Any:
    return x.reshape((x.shape[0], x.shape[1] * x.shape[2], *x.shape[3:]))


def with_bias(out: Any, bias: Any) -> Any:
    return out if bias is None else out + bias.reshape((-1, *[1] * (out.ndim - 2)))


def convolution(x: Any, weight: Any, bias: Any, windows: Windows, groups: int, saved: Any = ()) -> Any:
    form = "ngika,goik->ngoa" if len(windows.size) == 1 else "ngiklab,goikl->ngoab"
    out = np.einsum(form, grouped(extract(x, windows), groups), grouped(weight, groups, 0))
    return with_bias(joined(out), bias)


def transposed_convolution(y: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    form = "ngoa,goik->ngika" if len(windows.size) == 1 else "ngoab,goikl->ngiklab"
    cols = np.einsum(form, grouped(y, groups), grouped(weight, groups, 0))
    return with_bias(overlay(joined(cols), windows), bias)


def convolution_weights(x: Any, y: Any, windows: Windows, groups: int) -> Any:
    form = "ngika,ngoa->goik" if len(windows.size) == 1 else "ngiklab,ngoab->goikl"
    product = np.einsum(form, grouped(extract(x, windows), groups), grouped(y, groups))
    return product.reshape((product.shape[0] * product.shape[1], *product.shape[2:]))


def resampling(plan: Any) -> Array:
    """Return the matrix of a plan: new places by old ones."""
    matrix = np.zeros((len(plan.places[0]), plan.size))
    for places, weights in zip(plan.places, plan.weights, strict=True):
        np.add.at(matrix, (np.arange(len(places)), places), 1 if weights is None else weights)
    return matrix


def along(x: Any, matrix: Array, axis: int) -> Any:
    return np.moveaxis(np.moveaxis(x, axis, -1) @ matrix.T, -1, axis)


COMPOSITIONS: dict[str, Function] = {
    "attention": attention,
    "attention_weights": attention_weights,
    "binary_cross_entropy": lambda x, y: -(y * np.log(x) + (1 - y) * np.log(1 - x)),
    "binary_cross_entropy_with_logits": lambda x, y: np.log(1 + np.exp(x)) - x * y,
    "convolution": convolution,
    "convolution_weights": convolution_weights,
    "cross_entropy": cross_entropy,
    "ctc_loss": _composed,
    "elu": lambda x, alpha, width: np.where(x > 0, x, alpha * (np.exp(x / width) - 1)),
    "extract_windows": extract,
    "gelu": lambda x, saved: x * normal_cdf(x),
    "gelu_tanh": gelu_tanh,
    "hardshrink": lambda x, lambd: np.where(np.abs(x) <= lambd, 0, x),
    "hardtanh": hardtanh,
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "huber_loss": huber,
    "leaky_relu": lambda x, slope: np.where(x > 0, x, x * slope),
    "linear": linear,
    "log_softmax": lambda x, axis: x - np.log(np.exp(x).sum(axis=axis, keepdims=True)),
    "logsigmoid": lambda x: -np.log(1 + np.exp(-x)),
    "max_pool": max_pool,
    "mish": lambda x: x * np.tanh(np.log(1 + np.exp(x))),
    "multi_margin_loss": multi_margin,
    "normal_cdf": normal_cdf,
    "overlay_windows": overlay,
    "prelu": lambda x, weight: np.where(x > 0, x, x * weight),
    "relu": lambda x: np.where(x > 0, x, 0),
    "resample": lambda x, plan, axis: along(x, resampling(plan), axis),
    "resample_back": lambda g, plan, axis: along(g, resampling(plan).T, axis),
    "scale_gradient": lambda x, factors: x * factors[..., None],
    "bell": lambda x: np.exp(x) / (1 + np.exp(x)) ** 2,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softmax": softmax,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "spread_windows": spread_windows,
    "standardize": standardize,
    "sum_windows": sum_windows,
    "tanhshrink": lambda x: x - np.tanh(x),
    "threshold": lambda x, threshold, value: np.where(x <= threshold, value, x),
    "transposed_convolution": transposed_convolution,
}
