"""Base class of activations and dropout, with PyTorch's `inplace`."""

from __future__ import annotations

from ..module import Module

__all__ = ["Elementwise"]


class Elementwise(Module):
    """A layer whose results have the shape of its input.

    Parameters
    ----------
    inplace
        Makes no difference: results are new arrays, and the input does not change.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace
