"""Activation layers."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from autograd import ShapeError, Tensor

from .. import functional
from .._arguments import Size, TensorLike, example
from ..functional._activation import rectify, which_axis
from ..functional._kernels.operands import as_operand
from ..module import Module
from ..parameter import Parameter
from ._applied import Applied, Elementwise


class ReLU(Elementwise, function=rectify):
    """Rectified linear unit: positive elements stay, the others become 0. The derivative at 0 is 0."""


class Tanh(Module):
    """The hyperbolic tangent of each element."""

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`."""
        return functional.tanh(as_operand("Tanh", "input", x))  # without this, a pandas table would call pandas' own


class Sigmoid(Applied, function=functional.sigmoid):
    """The sigmoid, ``1 / (1 + exp(-x))``, of each element."""


@example("nn.Softmax(dim=1)(np.zeros((1, 4)))", "array([[0.25, 0.25, 0.25, 0.25]])")
class Softmax(Applied, function=functional.softmax):
    """Softmax: probabilities along an axis, the exp of each element divided by the sum of all."""

    def __init__(self, axis: int | None = None, *, dim: int | None = None) -> None:
        super().__init__()
        self.axis = which_axis(axis, dim)


class LogSoftmax(Softmax, function=functional.log_softmax):
    """The logarithm of `Softmax`, precise even where a probability underflows to 0."""


class Softmin(Softmax, function=functional.softmin):
    """The `Softmax` of ``-x``: smaller elements get larger probabilities."""


@example("nn.Softmax2d()(np.zeros((5, 4, 8, 8)))[0, :, 0, 0]", "array([0.25, 0.25, 0.25, 0.25])")
class Softmax2d(Module):
    """`Softmax` over the channels of each pixel."""

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`: ``(n, channels, height, width)`` or ``(channels, height, width)``."""
        x = as_operand("Softmax2d", "input", x)
        if x.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d takes inputs of shape (n, channels, height, width), not {x.shape}")
        return functional.softmax(x, -3)


@example("nn.GELU()(np.array([-1.0, 0.0, 1.0])).round(4)", "array([-0.1587,  0.    ,  0.8413])")
class GELU(Applied, function=functional.gelu):
    """Gaussian error linear unit: each element times the probability that a standard normal variable is below it."""

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        self.approximate = approximate


class SiLU(Elementwise, function=functional.silu):
    """Sigmoid linear unit, also called swish: x times its sigmoid."""


class Mish(Elementwise, function=functional.mish):
    """Mish: x times tanh(softplus(x))."""


class ELU(Elementwise, function=functional.elu):
    """Exponential linear unit: positive elements stay, the others become alpha * (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha


class SELU(Elementwise, function=functional.selu):
    """Scaled `ELU`, with the two constants that preserve mean 0 and variance 1 from layer to layer."""


class CELU(ELU, function=functional.celu):
    """Continuously differentiable `ELU`: positive elements stay, the others become alpha * (exp(x / alpha) - 1)."""


class Softplus(Applied, function=functional.softplus):
    """Softplus, log(1 + exp(beta * x)) / beta: a smooth `ReLU`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold


class Softsign(Applied, function=functional.softsign):
    """Softsign: ``x / (1 + |x|)``."""


class Tanhshrink(Applied, function=functional.tanhshrink):
    """Tanhshrink: x - tanh(x)."""


class LogSigmoid(Applied, function=functional.logsigmoid):
    """The logarithm of the sigmoid of each element."""


@example("nn.GLU()(np.zeros((5, 6))).shape", "(5, 3)")
class GLU(Softmax, function=functional.glu):
    """Gated linear unit: the first half along an axis times the sigmoid of the second half."""


class ReLU6(Elementwise, function=functional.relu6):
    """`ReLU` capped at 6: clip each element to the range from 0 to 6. The derivative is 0 at both ends."""


@example("nn.Hardtanh(0, 2)(np.array([-1.0, 1.0, 3.0]))", "array([0., 1., 2.])")
class Hardtanh(Elementwise, function=functional.hardtanh):
    """Clip each element to a range; the derivative is 0 at the ends of the range and beyond."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.min_val, self.max_val = min_val, max_val


class LeakyReLU(Elementwise, function=functional.leaky_relu):
    """Leaky `ReLU`: positive elements stay, the others are multiplied by a slope."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope


@example("nn.PReLU(2)(np.float32([[-1, 4]]))", "Tensor([[-0.25,  4.  ]], dtype=float32, grad_fn=prelu)")
class PReLU(Applied, function=functional.prelu):
    """Parametric `ReLU`: positive elements stay, the others are multiplied by a learned slope.

    Parameters
    ----------
    num_parameters
        1 for a single slope, or the length of axis 1 for one slope per channel.
    init
        The initial slope.
    dtype
        The dtype of the parameter; float32 by default.

    Attributes
    ----------
    weight
        The slopes, shape ``(num_parameters,)``.
    """

    _shown_options = ("num_parameters",)
    _arguments = ("weight",)

    def __init__(self, num_parameters: Size = 1, init: float = 0.25, dtype: DTypeLike | None = None) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(np.full(num_parameters, init), dtype=dtype)


class RReLU(Elementwise, function=functional.rrelu):
    """Randomized `ReLU`: positive elements stay, the others are multiplied by slopes that are random in training."""

    _shown_options = ("lower", "upper")
    _arguments = ("lower", "upper", "training")

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper


class Hardsigmoid(Elementwise, function=functional.hardsigmoid):
    """Hard sigmoid: x / 6 + 1/2, clipped to the range from 0 to 1."""


class Hardswish(Elementwise, function=functional.hardswish):
    """Hard swish: x times its `Hardsigmoid`."""


class Hardshrink(Applied, function=functional.hardshrink):
    """Hard shrinkage: set elements from -lambd to lambd to 0; the others stay.

    Parameters
    ----------
    lambd
        The largest distance from 0 at which elements become 0.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd


class Softshrink(Applied, function=functional.softshrink):
    """Soft shrinkage: move each element towards 0 by lambd; those from -lambd to lambd become 0.

    Parameters
    ----------
    lambd
        The distance to move.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd


class Threshold(Elementwise, function=functional.threshold):
    """Threshold: elements above a threshold stay, the others become a constant."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value
