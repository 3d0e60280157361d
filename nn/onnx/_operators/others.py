"""Operators for signals, random numbers, sequences, optional values and quantized numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.extend import as_array, borrow

from ...random import draw
from .._program import Node
from .common import Array, Operator, integers, number
from .shapes import dtype_like, dtype_of

# Signals: complex numbers are pairs along the last axis


def _complex(x: Any) -> Any:
    return x[..., 0] if x.shape[-1] == 1 else x[..., 0] + 1j * x[..., 1]


def _pairs(x: Any, dtype: np.dtype[Any]) -> Any:
    return np.stack([np.real(x), np.imag(x)], -1).astype(dtype)


def _dft(n: Node, x: Any, length: Any = None, axis: Any = None) -> Any:
    along = (n["axis"] if n.version < 20 else -2 if axis is None else number(axis)) % x.ndim
    signal, size = _complex(x), None if length is None else number(length)
    if n["inverse"]:
        if n["onesided"]:
            return np.fft.irfft(signal, size, along)[..., None].astype(x.dtype)
        return _pairs(np.fft.ifft(signal, size, along), x.dtype)
    real = n["onesided"] and x.shape[-1] == 1
    return _pairs((np.fft.rfft if real else np.fft.fft)(signal, size, along), x.dtype)


def _stft(n: Node, x: Any, step: Any, window: Any = None, length: Any = None) -> Any:
    size = number(length) if length is not None else x.shape[1] if window is None else len(window)
    starts = np.arange(0, x.shape[1] - size + 1, number(step))
    frames = x[:, starts[:, None] + np.arange(size)]  # (batch, frames, size, 1 or 2)
    signal = _complex(frames)
    signal = signal if window is None else signal * window
    real = n["onesided"] and x.shape[-1] == 1
    return _pairs((np.fft.rfft if real else np.fft.fft)(signal, axis=-1), x.dtype)


def _window(*coefficients: float) -> Operator:
    """Return the operator of a window, a sum of cosines."""

    def compute(n: Node, size: Any) -> Array:
        count = number(size)
        angle = 2 * np.pi * np.arange(count) / (count if n["periodic"] else max(count - 1, 1))
        terms = (c * np.cos(i * angle) for i, c in enumerate(coefficients))
        return np.asarray(sum(terms), dtype_of(n["output_datatype"]))

    return compute


def _mel_weights(n: Node, bins: Any, length: Any, rate: Any, low: Any, high: Any) -> Array:
    """Return triangles over frequencies whose corners are equally far apart in mels, at whole frequencies."""
    count, size = number(bins), number(length)
    edges = np.array([as_array(borrow(edge)).reshape(()) for edge in (low, high)])  # which whole frequencies decide
    ends = 2595 * np.log10(1 + edges / 700)
    mels = ends[0] + np.arange(count + 2) * ((ends[1] - ends[0]) / (count + 2))
    corners = (((size + 1) * (700 * (10 ** (mels / 2595) - 1))) // number(rate)).astype(int)
    out = np.zeros((size // 2 + 1, count))
    for i in range(count):
        left, centre, right = corners[i : i + 3]
        if centre == left:
            out[centre, i] = 1
        out[left : centre + 1, i] = np.linspace(0, 1, centre - left + 1) if centre > left else 1
        if right > centre:
            out[centre:right, i] = (right - np.arange(centre, right)) / (right - centre)
    return out.astype(dtype_of(n["output_datatype"]))


# Random numbers, all from the generator of `nn`: a seed in the file would give the same ones in each call


def _normal(n: Node, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return (n["mean"] + n["scale"] * draw(lambda rng, size: rng.standard_normal(size), shape)).astype(dtype)


def _uniform(n: Node, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    return (n["low"] + (n["high"] - n["low"]) * draw(_between, shape)).astype(dtype)


def _between(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.random(shape)


def _multinomial(n: Node, x: Any) -> Any:
    scores = as_array(borrow(x))
    chances = np.exp(scores - scores.max(1, keepdims=True))
    ends = np.cumsum(chances / chances.sum(1, keepdims=True), 1)
    drawn = draw(_between, (len(scores), n["sample_size"] or 1))
    return (drawn[:, :, None] > ends[:, None, :-1]).sum(-1).astype(dtype_of(n["dtype"] or 6))


# Sequences are lists, and a missing optional value is None


def _split_to_sequence(n: Node, x: Any, split: Any = None) -> list[Any]:
    axis = n["axis"]
    if split is None:
        parts = [np.take(x, [i], axis) for i in range(x.shape[axis])]
        return [np.squeeze(part, axis) for part in parts] if n["keepdims"] == 0 else parts
    size = x.shape[axis]
    ends = np.cumsum(integers(split)) if split.ndim else np.arange(number(split), size + number(split), number(split))
    return list(np.split(x, ends[:-1], axis))


def _spliced(sequence: list[Any], position: Any, removed: int, *new: Any) -> list[Any]:
    """Return a sequence with some elements replaced by others, from a position on; below 0, from so many at its end."""
    at, size = number(position), len(sequence)
    start = range(size if at < 0 else size + 1 - removed)[at]
    return [*sequence[:start], *new, *sequence[start + removed :]]


# Quantized numbers


def _along(parameter: Any, x: Any, n: Node) -> Any:
    """Return the scale or zero point of each element: of all, of an index along an axis, or of a block along it."""
    if parameter.ndim == 0 or parameter.size == 1:
        return parameter.reshape(())
    axis = n["axis"] % x.ndim
    if parameter.ndim == 1:
        return parameter.reshape((-1,) + (1,) * (x.ndim - axis - 1))
    return parameter.repeat(n["block_size"], axis)[(slice(None),) * axis + (slice(x.shape[axis]),)]


def _dequantize(n: Node, x: Any, scale: Any, zero: Any = None) -> Any:
    shifted = x.astype(scale.dtype) if zero is None else x.astype(scale.dtype) - _along(zero, x, n).astype(scale.dtype)
    return shifted * _along(scale, x, n)


OTHERS: dict[str, Operator] = {
    "Bernoulli": lambda n, x: (draw(_between, x.shape) < as_array(borrow(x))).astype(dtype_like(n, x)),
    "BlackmanWindow": _window(0.42, -0.5, 0.08),
    "ConcatFromSequence": lambda n, sequence: (np.stack if n["new_axis"] else np.concatenate)(sequence, axis=n["axis"]),
    "DFT": _dft, "DequantizeLinear": _dequantize, "HammingWindow": _window(25 / 46, -21 / 46),
    "HannWindow": _window(0.5, -0.5), "MelWeightMatrix": _mel_weights, "Multinomial": _multinomial,
    "Optional": lambda n, x=None: x,
    "OptionalGetElement": lambda n, x: x,
    "OptionalHasElement": lambda n, x=None: np.array(x is not None, bool),
    "RandomNormal": lambda n: _normal(n, n["shape"], dtype_of(n["dtype"])),
    "RandomNormalLike": lambda n, x: _normal(n, x.shape, dtype_like(n, x)),
    "RandomUniform": lambda n: _uniform(n, n["shape"], dtype_of(n["dtype"])),
    "RandomUniformLike": lambda n, x: _uniform(n, x.shape, dtype_like(n, x)),
    "STFT": _stft,
    "SequenceAt": lambda n, sequence, position: sequence[number(position)],
    "SequenceConstruct": lambda n, *inputs: list(inputs),
    "SequenceEmpty": lambda n: [],
    "SequenceErase": lambda n, sequence, position=None: _spliced(sequence, -1 if position is None else position, 1),
    "SequenceInsert": lambda n, sequence, x, position=None: _spliced(
        sequence, len(sequence) if position is None else position, 0, x
    ),
    "SequenceLength": lambda n, sequence: np.array(len(sequence), np.int64),
    "SplitToSequence": _split_to_sequence,
}  # fmt: skip
