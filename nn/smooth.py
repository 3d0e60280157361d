"""Smooth activations, as layers."""

from __future__ import annotations

from typing import Any, Literal

from . import functional
from ._elementwise import Elementwise
from .activation import Softmax
from .module import Module

__all__ = ["CELU", "ELU", "GELU", "GLU", "SELU", "LogSigmoid", "Mish", "SiLU", "Softplus", "Softsign", "Tanhshrink"]


class GELU(Module):
    """Each element times the probability that a standard normal variable is less than it.

    Parameters
    ----------
    approximate
        ``"tanh"`` for a form that is faster and differs by up to 5e-4.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.GELU()(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """

    _shown_options = ("approximate",)

    def __init__(self, approximate: Literal["none", "tanh"] = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.gelu(x, self.approximate)


class SiLU(Elementwise):
    """x times its sigmoid, also called swish.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.silu(x)


class Mish(Elementwise):
    """x times tanh(softplus(x)).

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.mish(x)


class ELU(Elementwise):
    """Positive elements as they are, and alpha * (exp(x) - 1) for the others.

    Parameters
    ----------
    alpha
        Minus the value at minus infinity.
    inplace
        Makes no difference: results are new arrays.
    """

    _shown_options = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.elu(x, self.alpha)


class SELU(Elementwise):
    """`ELU` with the two constants that keep mean 0 and variance 1 from layer to layer.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.selu(x)


class CELU(Elementwise):
    """Positive elements as they are, and alpha * (exp(x / alpha) - 1) for the others.

    Parameters
    ----------
    alpha
        Minus the value at minus infinity.
    inplace
        Makes no difference: results are new arrays.
    """

    _shown_options = ("alpha",)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.celu(x, self.alpha)


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, a smooth `ReLU`.

    Parameters
    ----------
    beta
        How sharply it turns.
    threshold
        Where ``beta * x`` is above it, the result is x itself, as in PyTorch; ``math.inf`` gives all digits.
    """

    _shown_options = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.softplus(x, self.beta, self.threshold)


class Softsign(Module):
    """``x / (1 + |x|)``."""

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.softsign(x)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.tanhshrink(x)


class LogSigmoid(Module):
    """The logarithm of the sigmoid of each element."""

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.logsigmoid(x)


class GLU(Softmax):
    """The first half along an axis times the sigmoid of the second half.

    Parameters
    ----------
    axis, dim
        The axis, by NumPy's or PyTorch's name; the last by default.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.GLU()(np.zeros((5, 6))).shape
    (5, 3)
    """

    def forward(self, x: Any) -> Any:
        """Return an array of half the size of `x`."""
        return functional.glu(x, self.axis)
