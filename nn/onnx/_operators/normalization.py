"""Operators that normalize, dropout, and the losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor
from autograd.extend import as_array, borrow

from ... import functional
from .._program import Node, Run
from .common import Operator, integers, number


def _batch_normalization(n: Node, run: Run, x: Any, scale: Any, bias: Any, mean: Any, variance: Any) -> Any:
    """Normalize by the running statistics, or, in training mode, by those of the batch, and move the running ones."""
    if not run.training:
        if isinstance(mean, Tensor) or isinstance(variance, Tensor):
            factor, shape = scale / np.sqrt(variance + n["epsilon"]), (-1,) + (1,) * (x.ndim - 2)
            out = (x - mean.reshape(shape)) * factor.reshape(shape) + bias.reshape(shape)
        else:
            out = functional.batch_norm(x, mean, variance, scale, bias, eps=n["epsilon"])
        return out, mean, variance
    kept, own = n["momentum"], n.inputs[3] in run.own and n.inputs[4] in run.own
    old: list[Any] = [borrow(mean), borrow(variance)] if own else [None, None]
    out = functional.batch_norm(x, old[0], old[1], scale, bias, True, 1 - kept, n["epsilon"])
    if len(n.outputs) == 1:
        return out
    axes = (0, *range(2, x.ndim))
    moved = (kept * mean + (1 - kept) * np.mean(x, axes), kept * variance + (1 - kept) * np.var(x, axes))
    return out, *((mean, variance) if own else moved)


def _dropout(n: Node, run: Run, x: Any, ratio: Any = None, training_mode: Any = None) -> Any:
    """Drop elements in training mode, or where an input says so; the seed counts for the latter."""
    rate = 0.5 if ratio is None and n["ratio"] is None else n["ratio"] if ratio is None else number(ratio)
    told = training_mode is not None and bool(number(training_mode))
    if rate == 0 or not (run.training or told):
        return x, np.ones(x.shape, bool)
    if run.training or n["seed"] is None:
        kept = as_array(borrow(functional.dropout(np.ones(x.shape, x.dtype), rate, training=True))) != 0
    else:
        kept = np.random.RandomState(n["seed"]).uniform(size=x.shape) >= rate
    return x * kept * (1 / (1 - rate)), kept


def _layer_normalization(n: Node, x: Any, scale: Any, bias: Any = None) -> Any:
    axis = n["axis"] % x.ndim
    shape, axes = x.shape[axis:], tuple(range(axis, x.ndim))
    if scale.shape == shape and (bias is None or bias.shape == shape):
        out = functional.layer_norm(x, shape, scale, bias, n["epsilon"])
    else:
        out = functional.layer_norm(x, shape, eps=n["epsilon"]) * scale
        out = out if bias is None else out + bias
    if len(n.outputs) == 1:
        return out
    deviation = np.sqrt(np.var(x, axes, keepdims=True) + n["epsilon"])
    return out, np.mean(x, axes, keepdims=True), 1 / deviation


def _rms_normalization(n: Node, x: Any, scale: Any) -> Any:
    shape = x.shape[n["axis"] % x.ndim :]
    if scale.shape == shape:
        return functional.rms_norm(x, shape, scale, n["epsilon"])
    return functional.rms_norm(x, shape, eps=n["epsilon"]) * scale


def _group_normalization(n: Node, x: Any, scale: Any, bias: Any) -> Any:
    """Normalize groups of channels; before opset 21, scale and bias are for each group."""
    groups = n["num_groups"]
    if n.version < 21:
        each = x.shape[1] // groups
        scale, bias = scale.repeat(each), bias.repeat(each)
    return functional.group_norm(x, groups, scale, bias, n["epsilon"])


def _mean_variance_normalization(n: Node, x: Any) -> Any:
    axes = integers(n["axes"]) if n["axes"] is not None else (0, 2, 3)
    centred = x - np.mean(x, axes, keepdims=True)
    return centred / (np.sqrt(np.mean(centred * centred, axes, keepdims=True)) + 1e-9)


def _local_response(n: Node, x: Any) -> Any:
    """Divide by a power of the sum of squares over neighbouring channels."""
    size, channels = n["size"], x.shape[1]
    before = (size - 1) // 2
    squares = np.pad(x * x, [(0, 0), (before, size - 1 - before), *[(0, 0)] * (x.ndim - 2)])
    total = squares[:, :channels]
    for start in range(1, size):
        total = total + squares[:, start : start + channels]
    return x / (n["bias"] + n["alpha"] / size * total) ** n["beta"]


# Losses


def _negative_log_likelihood(n: Node, logs: Any, labels: Any, weight: Any = None) -> Any:
    given = as_array(borrow(labels))
    ignored = given == n["ignore_index"] if n["ignore_index"] is not None else np.zeros(given.shape, bool)
    classes = np.where(ignored, 0, given)
    picked = -np.take_along_axis(logs, np.expand_dims(classes, 1), 1)
    weights = np.ones(given.shape, logs.dtype) if weight is None else np.take(weight, classes)
    weights = np.where(ignored, 0, weights)
    losses = np.squeeze(picked, 1) * weights
    if n["reduction"] == "none":
        return losses
    return np.sum(losses) if n["reduction"] == "sum" else np.sum(losses) / np.sum(weights)


def _softmax_cross_entropy(n: Node, scores: Any, labels: Any, weight: Any = None) -> Any:
    logs = functional.log_softmax(scores, axis=1)
    loss = _negative_log_likelihood(n, logs, labels, weight)
    return (loss, logs) if len(n.outputs) > 1 else loss


NORMALIZATION: dict[str, Operator] = {
    "GroupNormalization": _group_normalization,
    "InstanceNormalization": lambda n, x, scale, bias: functional.instance_norm(
        x, weight=scale, bias=bias, eps=n["epsilon"]
    ),
    "LRN": _local_response,
    "LayerNormalization": _layer_normalization,
    "MeanVarianceNormalization": _mean_variance_normalization,
    "NegativeLogLikelihoodLoss": _negative_log_likelihood,
    "RMSNormalization": _rms_normalization,
    "SoftmaxCrossEntropyLoss": _softmax_cross_entropy,
}
WITH_RUN: dict[str, Operator] = {"BatchNormalization": _batch_normalization, "Dropout": _dropout}
