"""Activations as layers, to put into a `Sequential`."""

from __future__ import annotations

from typing import Any

from autograd import ShapeError

from . import functional
from ._elementwise import Elementwise
from .functional._activation import rectify, which_axis
from .functional._arrays import as_operand
from .module import Module

__all__ = ["LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Tanh"]


class ReLU(Elementwise):
    """Positive elements as they are, 0 for the others; the derivative at 0 is 0.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return rectify(x)


class Tanh(Module):
    """The hyperbolic tangent of each element."""

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.tanh(as_operand("Tanh", "input", x))  # which for a table of pandas is pandas' own


class Sigmoid(Module):
    """``1 / (1 + exp(-x))`` of each element."""

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.sigmoid(x)


class Softmax(Module):
    """Probabilities along an axis: exp of each element over the sum of all.

    Parameters
    ----------
    axis, dim
        The axis, by NumPy's or PyTorch's name; the last by default.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Softmax(dim=1)(np.zeros((1, 4)))
    array([[0.25, 0.25, 0.25, 0.25]])
    """

    _shown_options = ("axis",)

    def __init__(self, axis: int | None = None, *, dim: int | None = None) -> None:
        super().__init__()
        self.axis = which_axis(axis, dim)

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.softmax(x, self.axis)


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, precise also where a probability is too small for a number.

    Parameters
    ----------
    axis, dim
        The axis, by NumPy's or PyTorch's name; the last by default.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.log_softmax(x, self.axis)


class Softmin(Softmax):
    """The `Softmax` of minus x: probabilities that are larger for smaller elements.

    Parameters
    ----------
    axis, dim
        The axis, by NumPy's or PyTorch's name; the last by default.
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.softmin(x, self.axis)


class Softmax2d(Module):
    """Probabilities of the channels of each pixel.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Softmax2d()(np.zeros((5, 4, 8, 8)))[0, :, 0, 0]
    array([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`: ``(n, channels, height, width)`` or ``(channels, height, width)``."""
        x = as_operand("Softmax2d", "input", x)
        if x.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d takes inputs of shape (n, channels, height, width), not {x.shape}")
        return functional.softmax(x, -3)
