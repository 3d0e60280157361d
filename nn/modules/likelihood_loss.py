"""Negative log-likelihood losses: binary cross-entropy, KL divergence, Gaussian and Poisson."""

from __future__ import annotations

from typing import Any, Literal

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike, Weights
from ..functional._kernels.loss_operands import Reduction, check_reduction
from ._applied import Applied
from .loss import Loss


class BCELoss(Loss, function=functional.binary_cross_entropy):
    """Binary cross-entropy, given probabilities: see `functional.binary_cross_entropy`.

    Compare probabilities with targets from 0 to 1 of the same shape.
    """

    _arguments = ("weight", "reduction")
    weight: Any

    def __init__(self, weight: Weights | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)


class BCEWithLogitsLoss(Loss, function=functional.binary_cross_entropy_with_logits):
    """Binary cross-entropy, given logits: see `functional.binary_cross_entropy_with_logits`.

    Compare logits with targets from 0 to 1 of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> import nn
    >>> nn.BCEWithLogitsLoss(reduction="none")(np.array([1000.0]), np.array([0]))
    array([1000.])
    """

    _arguments = ("weight", "reduction", "pos_weight")
    weight: Any
    pos_weight: Any

    def __init__(
        self, weight: Weights | None = None, reduction: Reduction = "mean", pos_weight: Weights | None = None
    ) -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)


class KLDivLoss(Applied, function=functional.kl_div):
    """Kullback-Leibler divergence of distributions: see `functional.kl_div`."""

    def __init__(
        self, reduction: Literal["none", "mean", "sum", "batchmean"] = "mean", log_target: bool = False
    ) -> None:
        super().__init__()
        if reduction != "batchmean":
            check_reduction(reduction)
        self.reduction, self.log_target = reduction, log_target

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare log-probabilities with probabilities of the same shape."""
        return functional.kl_div(input, target, self.reduction, self.log_target)


class GaussianNLLLoss(Loss, function=functional.gaussian_nll_loss):
    """Negative log-likelihood of normal variables: see `functional.gaussian_nll_loss`."""

    _shown_options = ("full", "eps", "reduction")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, input: TensorLike, target: TensorLike, var: TensorLike) -> Tensor:
        """Compare means with observations of the same shape, given variances."""
        return functional.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


class PoissonNLLLoss(Loss, function=functional.poisson_nll_loss):
    """Negative log-likelihood of Poisson counts: see `functional.poisson_nll_loss`.

    Compare rates, or their logarithms, with counts of the same shape.
    """

    def __init__(
        self, log_input: bool = True, full: bool = False, eps: float = 1e-8, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        self.log_input, self.full, self.eps = log_input, full, eps
