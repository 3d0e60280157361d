"""Dropout layers."""

from __future__ import annotations

from .. import functional
from .._arguments import Share, example
from ._applied import Elementwise


@example("nn.Dropout(0.9).eval()(np.ones(3))", "array([1., 1., 1.])")
class Dropout(Elementwise, function=functional.dropout):
    """Dropout: during training, set each element to 0 with probability `p` and divide the others by ``1 - p``.

    In evaluation, after ``model.eval()``, it does nothing. `nn.manual_seed` makes the draws reproducible.
    """

    _shown_options = ("p",)
    _arguments = ("p", "training")

    def __init__(self, p: Share = 0.5, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.p = p


class Dropout1d(Dropout, function=functional.dropout1d):
    """`Dropout` of whole channels of sequences of shape ``(n, channels, length)``, or without n."""


class Dropout2d(Dropout, function=functional.dropout2d):
    """`Dropout` of whole channels of images of shape ``(n, channels, height, width)``, or without n."""


class Dropout3d(Dropout, function=functional.dropout3d):
    """`Dropout` of whole channels of volumes of shape ``(n, channels, depth, height, width)``, or without n."""


class AlphaDropout(Dropout, function=functional.alpha_dropout):
    """Dropout for `SELU`: it keeps mean 0 and variance 1, and sets dropped elements to the least value of `SELU`."""


class FeatureAlphaDropout(Dropout, function=functional.feature_alpha_dropout):
    """`AlphaDropout` of whole channels of inputs of shape ``(n, channels, ...)``."""
