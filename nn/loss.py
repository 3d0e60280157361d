"""Losses as modules, which hold their options."""

from __future__ import annotations

from typing import Any

from autograd import Tensor

from . import functional
from .functional._loss import Reduction, check_reduction
from .module import Module

__all__ = ["CrossEntropyLoss", "MSELoss", "NLLLoss"]


class MSELoss(Module):
    """The mean squared difference: see `functional.mse_loss`.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        check_reduction(reduction)
        self.reduction: Reduction = reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        """Compare predictions with targets of the same shape."""
        loss: Tensor = functional.mse_loss(input, target, self.reduction)
        return loss

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses."""
        return f"reduction={self.reduction!r}"


class NLLLoss(Module):
    """The negative log-likelihood of classes, given log-probabilities: see `functional.nll_loss`.

    Parameters
    ----------
    weight
        A weight for each class, of shape ``(classes,)``.
    ignore_index
        Rows with this label do not count.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: Reduction = "mean") -> None:
        super().__init__()
        check_reduction(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction

    weight: Any
    reduction: Reduction

    def forward(self, input: Any, target: Any) -> Tensor:
        """Compare log-probabilities ``(n, classes, ...)`` with class indices ``(n, ...)``."""
        loss: Tensor = functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)
        return loss

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses."""
        return f"ignore_index={self.ignore_index}, reduction={self.reduction!r}"


class CrossEntropyLoss(NLLLoss):
    """The cross-entropy of classes, given logits: see `functional.cross_entropy`.

    Parameters
    ----------
    weight, ignore_index, reduction
        As for `NLLLoss`.
    label_smoothing
        How much of each target, from 0 to 1, is spread evenly over all classes.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.CrossEntropyLoss(reduction="none")(np.array([[1000.0, -1000.0]]), np.array([1]))
    array([2000.])
    """

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing should be from 0 to 1, not {label_smoothing}")
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Tensor:
        """Compare logits ``(n, classes, ...)`` with class indices ``(n, ...)`` or with probabilities of their shape."""
        loss: Tensor = functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
        return loss

    def extra_repr(self) -> str:
        """Return what `repr` shows between the parentheses."""
        return f"{super().extra_repr()}, label_smoothing={self.label_smoothing}"
