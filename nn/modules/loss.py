"""Classification losses: cross-entropy, negative log-likelihood, and CTC for sequences of labels."""

from __future__ import annotations

from typing import Any, ClassVar

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction, check_reduction
from ..module import Module

__all__ = ["CTCLoss", "CrossEntropyLoss", "Loss", "NLLLoss"]


class Loss(Module):
    """Base class of losses: a reduction.

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
    """Negative log-likelihood of class labels, given log-probabilities: see `functional.nll_loss`.

    Parameters
    ----------
    weight
        A weight for each class, of shape ``(classes,)``.
    ignore_index
        The label of rows to ignore.
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
    """Cross-entropy of class labels, given logits: see `functional.cross_entropy`.

    Parameters
    ----------
    weight, ignore_index, reduction
        As for `NLLLoss`.
    label_smoothing
        The share of each target, from 0 to 1, to spread evenly over all classes.

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
        """Compare logits ``(n, classes, ...)`` with class indices ``(n, ...)`` or probabilities of the same shape."""
        loss: Tensor = functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )
        return loss

    _shown_options = ("ignore_index", "reduction", "label_smoothing")


class CTCLoss(Loss):
    """Connectionist temporal classification (CTC) loss of sequences: see `functional.ctc_loss`.

    Parameters
    ----------
    blank
        The class index of the blank.
    reduction
        ``"mean"``, which divides each loss by the number of its labels first, ``"sum"`` or ``"none"``.
    zero_infinity
        Whether to replace an infinite loss, of a target too long for its input, by 0.
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
