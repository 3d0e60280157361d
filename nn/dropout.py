"""Dropout as a layer."""

from __future__ import annotations

from typing import Any

from . import functional
from .module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """While training, set each element to 0 with probability `p` and divide the others by ``1 - p``.

    In evaluation, after ``model.eval()``, it does nothing. `nn.manual_seed` makes what is drawn repeat.

    Parameters
    ----------
    p
        From 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.Dropout(0.9).eval()(np.ones(3))
    array([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"the probability of dropout should be from 0 to 1, not {p}")
        self.p = p

    def forward(self, x: Any) -> Any:
        """Return an array of the shape of `x`."""
        return functional.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses."""
        return f"p={self.p}"
