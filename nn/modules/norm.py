"""Layer, group and RMS normalization: of each sample on its own, with trained scales and shifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor

from .. import functional
from .._arguments import Size, TensorLike, example
from ..functional._kernels.operands import as_operand
from ..module import Module
from ..parameter import Parameter
from ._applied import Applied

Shape = int | Sequence[int]


class Affine(Module):
    """Base class with a trained `weight`, ones at first, and a trained `bias`, zeros at first; either may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def _make_parameters(self, shape: Shape, weight: bool, bias: bool, dtype: DTypeLike | None) -> None:
        self.weight = Parameter(np.ones(shape), dtype=dtype) if weight else None
        self.bias = Parameter(np.zeros(shape), dtype=dtype) if bias else None

    def reset_parameters(self) -> None:
        """Reset the weight to ones and the bias to zeros."""
        if self.weight is not None:
            self.weight.data[...] = 1
        if self.bias is not None:
            self.bias.data[...] = 0


@example(
    "nn.LayerNorm(2)(np.float32([[1, 3]]))", "Tensor([[-0.999995,  0.999995]], dtype=float32, grad_fn=standardize)"
)
class LayerNorm(Affine):
    """Normalize each sample to mean 0 and variance 1 over its last axes, then scale and shift it.

    Parameters
    ----------
    normalized_shape
        The lengths of the last axes; a number for one axis.
    eps
        Added to the variance.
    elementwise_affine
        Whether to train a weight and a bias.
    bias
        Whether there is a bias, if there is a weight.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight, bias
        Arrays of shape `normalized_shape`, or None; ones and zeros at first.
    """

    _shown_values = ("normalized_shape",)
    _shown_options = ("eps", "elementwise_affine", "bias")

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, elementwise_affine and bias, dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`, which is ``(..., *normalized_shape)``."""
        return functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)


@example(
    "nn.RMSNorm(2, elementwise_affine=False)(np.array([[1.0, -1.0], [5.0, 5.0]]))",
    "array([[ 1., -1.],\n       [ 1.,  1.]])",
)
class RMSNorm(Affine):
    """Divide each sample by its root mean square over the last axes, then scale it.

    Parameters
    ----------
    normalized_shape, dtype
        As for `LayerNorm`.
    eps
        Added to the mean square; by default the machine epsilon of the input's dtype.
    elementwise_affine
        Whether to train a weight.

    Attributes
    ----------
    weight
        Array of shape `normalized_shape`, or None; ones at first.
    """

    _shown_values = ("normalized_shape",)
    _shown_options = ("eps", "elementwise_affine")

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_tuple(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, False, dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`, which is ``(..., *normalized_shape)``."""
        return functional.rms_norm(x, self.normalized_shape, self.weight, self.eps)


@example("nn.GroupNorm(2, 4)(np.zeros((3, 4, 8, 8), np.float32)).shape", "(3, 4, 8, 8)")
class GroupNorm(Affine):
    """Normalize each group of channels of each sample to mean 0 and variance 1, then scale and shift each channel.

    Parameters
    ----------
    num_groups, num_channels
        The number of groups that the channels are divided into, and the number of channels.
    affine
        Whether to train a weight and a bias.
    eps, bias, dtype
        As for `LayerNorm`.

    Attributes
    ----------
    weight, bias
        Shape ``(num_channels,)``, or None; ones and zeros at first.
    """

    _shown_values = ("num_groups", "num_channels")
    _shown_options = ("eps", "affine", "bias")

    def __init__(
        self,
        num_groups: Size,
        num_channels: Size,
        eps: float = 1e-5,
        affine: bool = True,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"{num_channels} channels cannot be divided evenly into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_parameters(num_channels, affine, affine and bias, dtype)

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`, which is ``(n, num_channels, ...)``."""
        x = as_operand("GroupNorm", "input", x)
        check_channels(self, x, 1, self.num_channels)
        return functional.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


def _as_tuple(shape: Shape) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int | np.integer) else tuple(shape)


def check_channels(layer: Module, x: Tensor, axis: int, length: int) -> None:
    """Raise unless `x` has as many channels on `axis` as the layer."""
    if x.ndim <= axis or x.shape[axis] != length:
        raise ShapeError(
            f"{type(layer).__name__} of {length} channels needs them on axis {axis}, but the input has shape {x.shape}"
        )


@example(
    "nn.LocalResponseNorm(3, alpha=3.0, beta=1.0)(np.ones((1, 3, 1))).ravel().round(4)",
    "array([0.3333, 0.25  , 0.3333])",
)
class LocalResponseNorm(Applied, function=functional.local_response_norm):
    """Divide each element by a power of the sum of squares over neighbouring channels.

    Inputs have the shape ``(n, channels, *spatial)``. See `functional.local_response_norm`.
    """

    _shown_values = ("size",)
    _shown_options = ("alpha", "beta", "k")
    _arguments = (*_shown_values, *_shown_options)

    def __init__(self, size: Size, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
