"""Dropout of single elements or whole channels, and alpha dropout for `selu`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import numpy as np

from autograd import ShapeError, Tensor

from .._arguments import TensorLike, example, is_number
from ..random import draw, uniform
from ._kernels.operands import as_floating, as_operand, overwritten
from ._kernels.siblings import axes_of, sibling
from ._smooth_activation import SELU_ALPHA, SELU_SCALE

Generator: TypeAlias = "np.random.Generator | None"  # as text: NumPy loads it when it is first asked for
# Called, if it is set, when elements are dropped.
on_dropping: ContextVar[Callable[[], None] | None] = ContextVar("on_dropping", default=None)


@example("F.dropout(np.ones(6), p=0.5, generator=np.random.default_rng(0))", "array([2., 2., 2., 0., 0., 0.])")
def dropout(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Set each element to 0 with probability `p` and divide the others by ``1 - p``, which keeps the mean.

    Parameters
    ----------
    input
        Any shape.
    p
        The probability, from 0 to 1.
    training
        If False, `input` is returned unchanged.
    generator
        The random generator; by default the one that `nn.manual_seed` seeds.
    inplace
        Make the tensor `input` the result, too, for all that reads it later. An ndarray stays as it is.

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).
    """
    input = as_operand("dropout", "input", input)
    return overwritten(input, _dropped(input, input.shape, p, training, generator), inplace)


def dropout2d(
    input: TensorLike, p: float = 0.5, training: bool = True, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Drop whole channels of images: like `dropout`, but all pixels of a channel or none.

    Parameters
    ----------
    input
        Shape ``(n, channels, height, width)`` or ``(channels, height, width)``; or ``(n, channels)``, of which
        elements are dropped, as in PyTorch.
    p, training, inplace, generator
        As for `dropout`.

    References
    ----------
    Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> F.dropout2d(np.ones((4, 1, 2)), generator=np.random.default_rng(1)).reshape(4, 2)
    array([[0., 0.],
           [2., 2.],
           [2., 2.],
           [2., 2.]])
    """
    input = as_operand("dropout2d", "input", input)
    return overwritten(input, _dropped(input, _channels("dropout2d", input), p, training, generator), inplace)


dropout1d = sibling(dropout2d, "dropout1d", "p=0.25", 4)
dropout3d = sibling(dropout2d, "dropout3d", "p=0.25", 4)


@example(
    "F.alpha_dropout(np.zeros(4), 0.5, training=True, generator=np.random.default_rng(0)).round(4)",
    "array([ 0.7792,  0.7792,  0.7792, -0.7792])",
    like=dropout,
)
def alpha_dropout(
    input: TensorLike, p: float = 0.5, training: bool = False, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Set random elements to the minimum of `selu`, then scale and shift all to keep mean 0 and variance 1.

    References
    ----------
    Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017.
    """
    input = as_operand("alpha_dropout", "input", input)
    return overwritten(input, _alpha_dropped("alpha_dropout", input, input.shape, p, training, generator), inplace)


@example(
    "F.feature_alpha_dropout(np.zeros((1, 2, 2)), 0.5, training=True, generator=np.random.default_rng(1)).round(4)",
    "array([[[-0.7792, -0.7792],\n        [ 0.7792,  0.7792]]])",
)
def feature_alpha_dropout(
    input: TensorLike, p: float = 0.5, training: bool = False, inplace: bool = False, generator: Generator = None
) -> Tensor:
    """Drop whole channels by `alpha_dropout`: all elements of a channel are set to the minimum of `selu`, or none.

    Parameters
    ----------
    input
        Shape ``(n, channels, ...)``.
    p, training, inplace, generator
        As for `dropout`.
    """
    input = as_operand("feature_alpha_dropout", "input", input)
    if input.ndim < 2:
        raise ShapeError(f"feature_alpha_dropout takes inputs of shape (n, channels, ...), not {input.shape}")
    shape = (*input.shape[:2], *[1] * (input.ndim - 2))
    return overwritten(input, _alpha_dropped("feature_alpha_dropout", input, shape, p, training, generator), inplace)


def _alpha_dropped(name: str, x: Any, shape: tuple[int, ...], p: float, training: bool, generator: Generator) -> Any:
    """Drop elements of x by a random mask of `shape`, which broadcasts against x, as `alpha_dropout` does."""
    _check_probability(p)
    if not training or p == 0:
        return x
    least = -SELU_ALPHA * SELU_SCALE
    kept = _kept(shape, p, generator)
    x = as_floating(name, "input", x)
    if p == 1:
        return x * np.zeros(x.shape, x.dtype)
    scale = 1 / math.sqrt((1 - p) * (1 + p * least * least))
    factor, offset = kept * x.dtype.type(scale), np.where(kept, 0.0, least) * scale - scale * least * p
    return x * factor + offset.astype(x.dtype)


def _dropped(x: Any, shape: tuple[int, ...], p: float, training: bool, generator: Generator) -> Any:
    """Drop elements of x by a random mask of `shape`, which broadcasts against x."""
    _check_probability(p)
    if not training or p == 0:
        return x
    if (say := on_dropping.get()) is not None:
        say()
    x = as_floating("dropout", "input", x)
    if p == 1:
        return x * np.zeros(x.shape, x.dtype)
    return x * (_kept(shape, p, generator) * x.dtype.type(1 / (1 - p)))


def _kept(shape: tuple[int, ...], p: float, generator: Generator) -> Any:
    return draw(uniform, shape, generator) >= p


def _check_probability(p: float) -> None:
    if not is_number(p):
        raise TypeError(f"the probability of dropout should be a number, not {type(p).__name__}")
    if not 0 <= p <= 1:
        raise ValueError(f"the probability of dropout should be from 0 to 1, not {p}")


def _channels(name: str, x: Any) -> tuple[int, ...]:
    """Return a shape with one element for each channel of x; of a shape ``(n, channels)``, that is each element."""
    dimensions = axes_of(name)
    if x.ndim == 2 < dimensions + 1:
        return (*x.shape,)
    if x.ndim not in (dimensions + 1, dimensions + 2):
        raise ShapeError(
            f"{name} takes inputs of {dimensions + 2} dimensions, (n, channels, ...), or of {dimensions + 1} without "
            f"n, not of shape {x.shape}"
        )
    return (*x.shape[:-dimensions], *[1] * dimensions)
