"""Linear and bilinear layers, and the identity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import Tensor

from .. import functional, init
from .._arguments import Size, TensorLike, example
from ..module import Module
from ..parameter import Parameter


class Linear(Module):
    """Linear layer: map the last axis to another length, ``x @ weight.T + bias``.

    Parameters
    ----------
    in_features, out_features
        The length of the last axis of the input and of the output.
    bias
        Whether to add a trained bias.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(out_features, in_features)``, drawn uniformly from ±1 / sqrt(in_features), as is the bias.
    bias
        Shape ``(out_features,)``, or None.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> layer = nn.Linear(784, 10)
    >>> layer
    Linear(in_features=784, out_features=10, bias=True)
    >>> layer(np.zeros((32, 784), np.float32)).shape
    (32, 10)
    """

    _shown_options = ("in_features", "out_features", "bias")
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: Size, out_features: Size, bias: bool = True, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        # The memory holds the transpose: the product of the forward pass, the largest of all, is then a third
        # faster for small batches, and gradients take equally long.
        self.weight = Parameter(np.zeros((in_features, out_features), np.float32).T, dtype=dtype)
        self.bias = Parameter(np.zeros(out_features, np.float32), dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for the parameters from the generator that `nn.manual_seed` seeds."""
        init.draw_within(self.in_features, self.weight, self.bias)

    def forward(self, x: TensorLike) -> Tensor:
        """Map inputs of shape ``(..., in_features)`` to shape ``(..., out_features)``."""
        return functional.linear(x, self.weight, self.bias)


@example("nn.Bilinear(3, 4, 2)(np.zeros((5, 3), np.float32), np.zeros((5, 4), np.float32)).shape", "(5, 2)")
class Bilinear(Module):
    """Bilinear layer: map two inputs to products of both, ``x1 @ weight[o] @ x2 + bias[o]`` for each output o.

    Parameters
    ----------
    in1_features, in2_features, out_features
        The length of the last axis of both inputs, and of the output.
    bias
        Whether to add a trained bias.
    dtype
        The dtype of the parameters; float32 by default.

    Attributes
    ----------
    weight
        Shape ``(out_features, in1_features, in2_features)``, drawn uniformly from ±1 / sqrt(in1_features), as
        is the bias.
    bias
        Shape ``(out_features,)``, or None.
    """

    _shown_options = ("in1_features", "in2_features", "out_features", "bias")
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: Size,
        in2_features: Size,
        out_features: Size,
        bias: bool = True,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = Parameter(np.zeros((out_features, in1_features, in2_features), np.float32), dtype=dtype)
        self.bias = Parameter(np.zeros(out_features, np.float32), dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for the parameters from the generator that `nn.manual_seed` seeds."""
        init.draw_within(self.in1_features, self.weight, self.bias)

    def forward(self, input1: TensorLike, input2: TensorLike) -> Tensor:
        """Map ``(..., in1_features)`` and ``(..., in2_features)`` to ``(..., out_features)``."""
        return functional.bilinear(input1, input2, self.weight, self.bias)


class Identity(Module):
    """Return the input unchanged: a placeholder for a layer that is left out. Arguments are accepted and ignored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, x: TensorLike) -> Tensor:
        """Return `x` itself."""
        same: Any = x
        return same
