"""Losses of class labels, and of sequences of them, as modules."""

from __future__ import annotations

from typing import Any, ClassVar

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction, check_reduction
from ..module import Module

__all__ = ["CTCLoss", "CrossEntropyLoss", "Loss", "NLLLoss"]


class Loss(Module):
    """What losses share: a reduction.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options: ClassVar[tuple[str, ...]] = ("reduction",)

    def __init__(self, reduction: Reduction = "mean") -> None:
        super().__init__()
        check_reduction(reduction)
        self.reduction: Reduction = reduction


class NLLLoss(Loss):
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

    def __init__(self, weight: Weights | None = None, ignore_index: int = -100, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    _shown_options: ClassVar[tuple[str, ...]] = ("ignore_index", "reduction")
    weight: Any

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare log-probabilities ``(n, classes, ...)`` with class indices ``(n, ...)``."""
        loss: Tensor = functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)
        return loss


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
        weight: Weights | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing should be from 0 to 1, not {label_smoothing}")
        self.label_smoothing = label_smoothing

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare logits ``(n, classes, ...)`` with class indices ``(n, ...)`` or with probabilities of their shape."""
        loss: Tensor = functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
        return loss

    _shown_options = ("ignore_index", "reduction", "label_smoothing")


class CTCLoss(Loss):
    """The connectionist temporal classification of sequences: see `functional.ctc_loss`.

    Parameters
    ----------
    blank
        The class of blanks.
    reduction
        ``"mean"``, which divides each loss by the number of its labels first, ``"sum"`` or ``"none"``.
    zero_infinity
        Whether an infinite loss, of a target that is too long for its input, counts as 0.
    """

    _shown_options = ("blank", "reduction", "zero_infinity")

    def __init__(self, blank: int = 0, reduction: Reduction = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: TensorLike, targets: TensorLike, input_lengths: TensorLike, target_lengths: TensorLike
    ) -> Tensor:
        """Compare log-probabilities ``(steps, n, classes)`` with labels ``(n, longest)`` of these lengths."""
        loss: Tensor = functional.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
        return loss
