"""Channel shuffle: a layer that only changes the order of channels."""

from __future__ import annotations

from .. import functional
from .._arguments import Size
from ._applied import Applied


class ChannelShuffle(Applied, function=functional.channel_shuffle):
    """Shuffle channels, so that a convolution in groups sees all groups of the one before.

    Inputs have the shape ``(n, channels, *spatial)``.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.ChannelShuffle(2)(np.arange(4.0).reshape(1, 4, 1)).ravel()
    array([0., 2., 1., 3.])
    """

    def __init__(self, groups: Size) -> None:
        super().__init__()
        self.groups = groups
