"""Dropout layers."""

from __future__ import annotations

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike
from ._elementwise import Elementwise

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class Dropout(Elementwise):
    """Dropout: during training, set each element to 0 with probability `p` and divide the others by ``1 - p``.

    In evaluation, after ``model.eval()``, it does nothing. `nn.manual_seed` makes the draws reproducible.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    inplace
        Makes no difference: results are new arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Dropout(0.9).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    _shown_options = ("p",)

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not 0 <= p <= 1:
            raise ValueError(f"the probability of dropout should be from 0 to 1, not {p}")
        self.p = p

    def forward(self, x: TensorLike) -> Tensor:
        """Return an array of the shape of `x`."""
        return functional.dropout(x, self.p, self.training)


class Dropout1d(Dropout):
    """`Dropout` of whole channels of sequences of shape ``(n, channels, length)``, or without n.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    """

    def forward(self, x: TensorLike) -> Tensor:
        return functional.dropout1d(x, self.p, self.training)


class Dropout2d(Dropout):
    """`Dropout` of whole channels of images of shape ``(n, channels, height, width)``, or without n.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    """

    def forward(self, x: TensorLike) -> Tensor:
        return functional.dropout2d(x, self.p, self.training)


class Dropout3d(Dropout):
    """`Dropout` of whole channels of volumes of shape ``(n, channels, depth, height, width)``, or without n.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    """

    def forward(self, x: TensorLike) -> Tensor:
        return functional.dropout3d(x, self.p, self.training)


class AlphaDropout(Dropout):
    """Dropout for `SELU`: it keeps mean 0 and variance 1, and sets dropped elements to the least value of `SELU`.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    """

    def forward(self, x: TensorLike) -> Tensor:
        return functional.alpha_dropout(x, self.p, self.training)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels of inputs of shape ``(n, channels, ...)``.

    Parameters
    ----------
    p
        The probability, from 0 to 1.
    """

    def forward(self, x: TensorLike) -> Tensor:
        return functional.feature_alpha_dropout(x, self.p, self.training)
