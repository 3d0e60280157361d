"""Margin losses: hinge, ranking, triplet and embedding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction
from .loss import Loss


class CosineEmbeddingLoss(Loss, function=functional.cosine_embedding_loss):
    """Cosine loss of vectors that should be similar or dissimilar: see `functional.cosine_embedding_loss`."""

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: TensorLike, input2: TensorLike, target: TensorLike) -> Tensor:
        """Compare vectors ``(n, d)`` with vectors of the same shape, given targets ``(n,)`` that are 1 or -1."""
        return functional.cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class HingeEmbeddingLoss(Loss, function=functional.hinge_embedding_loss):
    """Hinge loss of the distances of pairs that are similar or not: see `functional.hinge_embedding_loss`.

    Compare distances with targets of the same shape that are 1 or -1.
    """

    def __init__(self, margin: float = 1.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin


class MarginRankingLoss(Loss, function=functional.margin_ranking_loss):
    """Hinge loss of a score that should exceed another by a margin: see `functional.margin_ranking_loss`."""

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: TensorLike, input2: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores of the same shape, given targets that are 1 or -1."""
        return functional.margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class MultiLabelMarginLoss(Loss, function=functional.multilabel_margin_loss):
    """Hinge loss of scores, with several right classes per row: see `functional.multilabel_margin_loss`.

    Compare scores ``(n, classes)`` with class indices of the same shape, each row ended by -1.
    """


class MultiLabelSoftMarginLoss(Loss, function=functional.multilabel_soft_margin_loss):
    """Binary cross-entropy of logits, with several right classes per row: see `functional.multilabel_soft_margin_loss`.

    Compare logits ``(..., classes)`` with targets from 0 to 1 of the same shape.
    """

    _arguments = ("weight", "reduction")
    weight: Any

    def __init__(self, weight: Weights | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)


class MultiMarginLoss(Loss, function=functional.multi_margin_loss):
    """Hinge loss of scores, with one right class per row: see `functional.multi_margin_loss`.

    Compare scores ``(n, classes)`` with class indices ``(n,)``.
    """

    _shown_options = ("p", "margin", "reduction")
    _arguments = ("p", "margin", "weight", "reduction")
    weight: Any

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Weights | None = None, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.p, self.margin = p, margin


class SoftMarginLoss(Loss, function=functional.soft_margin_loss):
    """Logistic loss, ``log(1 + exp(-y * x))``: see `functional.soft_margin_loss`.

    Compare scores with targets of the same shape that are 1 or -1.
    """


class TripletMarginLoss(Loss, function=functional.triplet_margin_loss):
    """Triplet loss: positives should be nearer than negatives by a margin; see `functional.triplet_margin_loss`."""

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: TensorLike, positive: TensorLike, negative: TensorLike) -> Tensor:
        """Compare vectors ``(..., d)`` of the same shape."""
        options = (self.margin, self.p, self.eps, self.swap, self.reduction)
        return functional.triplet_margin_loss(anchor, positive, negative, *options)


class TripletMarginWithDistanceLoss(Loss, function=functional.triplet_margin_with_distance_loss):
    """`TripletMarginLoss` with a custom distance: see `functional.triplet_margin_with_distance_loss`."""

    _shown_options = ("margin", "swap", "reduction")

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        self.distance_function, self.margin, self.swap = distance_function, margin, swap

    def forward(self, anchor: TensorLike, positive: TensorLike, negative: TensorLike) -> Tensor:
        """Compare vectors of the same shape."""
        options: Any = {"margin": self.margin, "swap": self.swap, "reduction": self.reduction}
        compare = functional.triplet_margin_with_distance_loss
        return compare(anchor, positive, negative, distance_function=self.distance_function, **options)
