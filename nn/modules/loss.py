"""Classification losses: cross-entropy, negative log-likelihood, and CTC for sequences of labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from autograd import Tensor

from .. import functional
from .._arguments import Share, TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction, check_reduction
from ..module import Module
from ._applied import Applied, attributes


class Loss(Applied):
    """Base class of losses: a reduction, and by default a function of two arrays, ``input`` and ``target``.

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

    @staticmethod
    def _applying(function: Callable[..., Any], names: tuple[str, ...]) -> Any:
        options = attributes(*names)

        def forward(self: Module, input: TensorLike, target: TensorLike) -> Tensor:
            return function(input, target, *options(self))

        return forward


class NLLLoss(Loss, function=functional.nll_loss):
    """Negative log-likelihood of class labels, given log-probabilities: see `functional.nll_loss`.

    Compare log-probabilities ``(n, classes, ...)`` with class indices ``(n, ...)``.
    """

    _shown_options: ClassVar[tuple[str, ...]] = ("ignore_index", "reduction")
    _arguments: ClassVar[tuple[str, ...]] = ("weight", *_shown_options)
    weight: Any

    def __init__(self, weight: Weights | None = None, ignore_index: int = -100, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        if getattr(weight, "ndim", 1) > 1:
            raise TypeError("weight should be one number for each class")
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index


class CrossEntropyLoss(NLLLoss, function=functional.cross_entropy):
    """Cross-entropy of class labels, given logits: see `functional.cross_entropy`.

    Compare logits ``(n, classes, ...)`` with class indices ``(n, ...)`` or probabilities of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.CrossEntropyLoss(reduction="none")(np.array([[1000.0, -1000.0]]), np.array([1]))
    array([2000.])
    """

    _shown_options = ("ignore_index", "reduction", "label_smoothing")
    _arguments = ("weight", *_shown_options)

    def __init__(
        self,
        weight: Weights | None = None,
        ignore_index: int = -100,
        reduction: Reduction = "mean",
        label_smoothing: Share = 0.0,
    ) -> None:
        super().__init__(weight, ignore_index, reduction)
        self.label_smoothing = label_smoothing


class CTCLoss(Loss, function=functional.ctc_loss):
    """Connectionist temporal classification (CTC) loss of sequences: see `functional.ctc_loss`."""

    def __init__(self, blank: int = 0, reduction: Reduction = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(
        self, log_probs: TensorLike, targets: TensorLike, input_lengths: TensorLike, target_lengths: TensorLike
    ) -> Tensor:
        """Compare log-probabilities ``(steps, n, classes)`` with labels ``(n, longest)`` of these lengths."""
        return functional.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
