"""Margin losses as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction
from .loss import Loss

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class CosineEmbeddingLoss(Loss):
    """The angle of vectors that should be alike, or different: see `functional.cosine_embedding_loss`.

    Parameters
    ----------
    margin
        How large the margin is.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("margin", "reduction")

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: TensorLike, input2: TensorLike, target: TensorLike) -> Tensor:
        """Compare vectors ``(n, d)`` with vectors of the same shape, given targets ``(n,)`` that are 1 or -1."""
        loss: Tensor = functional.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )
        return loss


class HingeEmbeddingLoss(Loss):
    """Distances, of pairs that are alike or not: see `functional.hinge_embedding_loss`.

    Parameters
    ----------
    margin
        How large the margin is.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("margin", "reduction")

    def __init__(self, margin: float = 1.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare distances with targets of the same shape that are 1 or -1."""
        loss: Tensor = functional.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)
        return loss


class MarginRankingLoss(Loss):
    """What a score lacks of a margin above another: see `functional.margin_ranking_loss`.

    Parameters
    ----------
    margin
        How large the margin is.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("margin", "reduction")

    def __init__(self, margin: float = 0.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: TensorLike, input2: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores of the same shape, given targets that are 1 or -1."""
        loss: Tensor = functional.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )
        return loss


class MultiLabelMarginLoss(Loss):
    """What the scores of several classes lack of a margin above the others: see `functional.multilabel_margin_loss`.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores ``(n, classes)`` with class indices of the same shape, which -1 ends."""
        loss: Tensor = functional.multilabel_margin_loss(input, target, reduction=self.reduction)
        return loss


class MultiLabelSoftMarginLoss(Loss):
    """The cross-entropy with logits of rows that have several classes: see `functional.multilabel_soft_margin_loss`.

    Parameters
    ----------
    weight
        A factor for each class, of shape ``(classes,)``.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def __init__(self, weight: Weights | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)

    weight: Any

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare logits ``(..., classes)`` with targets from 0 to 1 of the same shape."""
        loss: Tensor = functional.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )
        return loss


class MultiMarginLoss(Loss):
    """What the score of the right class lacks of a margin above each other: see `functional.multi_margin_loss`.

    Parameters
    ----------
    p
        1 or 2, the power of what is lacking.
    margin
        How large the margin is.
    weight
        A factor for each class, of shape ``(classes,)``.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("p", "margin", "reduction")

    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Weights | None = None, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.p, self.margin = p, margin

    weight: Any

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores ``(n, classes)`` with class indices ``(n,)``."""
        loss: Tensor = functional.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction
        )
        return loss


class SoftMarginLoss(Loss):
    """``log(1 + exp(-y * x))``: see `functional.soft_margin_loss`.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare scores with targets of the same shape that are 1 or -1."""
        loss: Tensor = functional.soft_margin_loss(input, target, reduction=self.reduction)
        return loss


class TripletMarginLoss(Loss):
    """By how much a vector is not nearer to one that is alike than to another: see `functional.triplet_margin_loss`.

    Parameters
    ----------
    margin
        How large the margin is.
    p
        The order of the norm.
    eps
        What is added to differences.
    swap
        Whether the distance of the positive from the negative counts where it is less.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("margin", "p", "eps", "swap", "reduction")

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: TensorLike, positive: TensorLike, negative: TensorLike) -> Tensor:
        """Compare vectors ``(..., d)`` of the same shape."""
        loss: Tensor = functional.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
        return loss


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with a distance of your own: see `functional.triplet_margin_with_distance_loss`.

    Parameters
    ----------
    distance_function
        Takes two arrays of vectors; `functional.pairwise_distance` by default.
    margin
        How large the margin is.
    swap
        Whether the distance of the positive from the negative counts where it is less.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

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
        loss: Tensor = functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
        return loss
