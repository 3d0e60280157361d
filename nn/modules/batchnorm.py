"""Batch and instance normalization, with running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor
from autograd.extend import borrow, evaluated_again

from .. import functional
from .._arguments import Size, TensorLike
from ..functional._kernels.operands import as_operand
from ._applied import ForAxes
from .norm import Affine, check_channels


class _Running(Affine, ForAxes):
    """Base class of layers that keep a running mean and variance of their training inputs."""

    _shown_values = ("num_features",)
    _shown_options = ("eps", "momentum", "affine", "bias", "track_running_stats")
    dimensions: tuple[int, ...]  # the allowed numbers of dimensions of an input
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: Size,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._make_parameters(num_features, affine, affine and bias, dtype)
        kind = np.float32 if dtype is None else dtype
        tracked = track_running_stats
        self.register_buffer("running_mean", np.zeros(num_features, kind) if tracked else None)
        self.register_buffer("running_var", np.ones(num_features, kind) if tracked else None)
        self.register_buffer("num_batches_tracked", np.zeros((), np.int64) if tracked else None)

    def reset_running_stats(self) -> None:
        """Reset the running statistics: mean 0, variance 1, no batches."""
        if self.track_running_stats:
            self.running_mean[...] = 0
            self.running_var[...] = 1
            self.num_batches_tracked[...] = 0

    def reset_parameters(self) -> None:
        """Reset weight, bias and running statistics to their initial values."""
        super().reset_parameters()
        self.reset_running_stats()

    def _checked(self, x: Any) -> Tensor:
        x = as_operand(type(self).__name__, "input", x)
        if x.ndim not in self.dimensions:
            raise ShapeError(
                f"{type(self).__name__} takes inputs of {' or '.join(map(str, self.dimensions))} dimensions, not of "
                f"shape {x.shape}"
            )
        return x


class BatchNorm1d(_Running):
    """Normalize each feature to mean 0 and variance 1 over the batch, then scale and shift it.

    During training the layer keeps a running mean and variance of the batches. In evaluation, after ``model.eval()``,
    it uses them, so that a prediction does not depend on the rest of its batch.

    Parameters
    ----------
    num_features
        The number of features, or channels: the length of axis 1.
    eps
        Added to the variance.
    momentum
        The weight of each new batch in the running statistics; None makes them the mean over all batches.
    affine
        Whether to train a weight and a bias.
    track_running_stats
        Whether to keep running statistics. Without them, evaluation uses the statistics of the batch too.
    dtype
        The dtype of the parameters and the running statistics; float32 by default.
    bias
        Whether there is a bias, if there is a weight.

    Attributes
    ----------
    weight, bias
        Shape ``(num_features,)``, or None; ones and zeros at first.
    running_mean, running_var
        Shape ``(num_features,)``, or None; zeros and ones at first. The variance is unbiased, divided by n - 1.
    num_batches_tracked
        The number of batches in the running statistics.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> layer = nn.BatchNorm1d(1)
    >>> layer(np.float32([[1], [3]])).data.round(3)
    array([[-1.],
           [ 1.]], dtype=float32)
    >>> layer.running_mean, layer.eval()(np.float32([[0.2]])).data
    (array([0.2], dtype=float32), array([[0.]], dtype=float32))
    """

    dimensions: tuple[int, ...] = (2, 3)

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`: ``(n, num_features)`` or ``(n, num_features, length)``."""
        x = self._checked(x)
        check_channels(self, x, 1, self.num_features)
        training = self.training or self.running_mean is None
        momentum = self._momentum()
        tracked = self.training and self.track_running_stats and not evaluated_again()
        out = functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training, momentum, self.eps
        )
        if tracked:
            self.num_batches_tracked[...] += 1
        return out

    def _momentum(self) -> Any:
        """Return the weight of the next batch in the running statistics."""
        if self.momentum is not None or not self.track_running_stats:
            return self.momentum or 0.0
        count = borrow(self.num_batches_tracked) + 1
        return 1 / (float(count) if type(count) is np.int64 else count)  # of a batch, or while it is recorded


class BatchNorm2d(BatchNorm1d, axes=2, example=("2", 4)):
    """`BatchNorm1d` for images: normalize each channel over the batch and all pixels.

    Inputs have the shape ``(n, num_features, height, width)``; parameters and attributes are those of `BatchNorm1d`.
    """

    dimensions = (4,)


class BatchNorm3d(BatchNorm1d, axes=3, example=("2", 4)):
    """`BatchNorm2d` for volumes, of shape ``(n, num_features, depth, height, width)``."""

    dimensions = (5,)


class InstanceNorm1d(_Running):
    """Normalize each channel of each sample to mean 0 and variance 1, then scale and shift it.

    Parameters
    ----------
    num_features, eps, dtype, bias
        As for `BatchNorm1d`.
    momentum
        The weight in the running statistics of each new batch, averaged over its samples.
    affine
        Whether to train a weight and a bias; off by default.
    track_running_stats
        Whether to keep running statistics during training and use them in evaluation; off by default.

    Attributes
    ----------
    weight, bias, running_mean, running_var, num_batches_tracked
        As for `BatchNorm1d`; as in PyTorch, batches are not counted.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.InstanceNorm1d(1)(np.array([[[1.0, 3.0]], [[5.0, 5.0]]])).round(3)
    array([[[-1.,  1.]],
    <BLANKLINE>
           [[ 0.,  0.]]])
    """

    dimensions: tuple[int, ...] = (2, 3)

    def __init__(
        self,
        num_features: Size,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias=bias)

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`: ``(n, num_features, length)``, or without ``n`` for one sample."""
        x = self._checked(x)
        single = x.ndim == self.dimensions[0]
        check_channels(self, x, 0 if single else 1, self.num_features)
        kept, use_input_stats = (self.running_mean, self.running_var), self.training or self.running_mean is None
        options: Any = (use_input_stats, self.momentum or 0.0, self.eps)
        out = functional.instance_norm(x[None] if single else x, *kept, self.weight, self.bias, *options)
        return out[0] if single else out


class InstanceNorm2d(InstanceNorm1d, axes=2, example=("2", 4)):
    """`InstanceNorm1d` for images: normalize each channel of each image over all pixels.

    Inputs have the shape ``(n, num_features, height, width)``, or ``(num_features, height, width)`` for one; parameters
    and attributes are those of `InstanceNorm1d`.
    """

    dimensions = (3, 4)


class InstanceNorm3d(InstanceNorm1d, axes=3, example=("2", 4)):
    """`InstanceNorm2d` for volumes, of shape ``(n, num_features, depth, height, width)``, or without n for one."""

    dimensions = (4, 5)
