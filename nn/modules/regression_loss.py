"""Regression losses: squared error, absolute error, Huber and smooth L1."""

from __future__ import annotations

from .. import functional
from ..functional._kernels.loss_operands import Reduction
from .loss import Loss


class MSELoss(Loss, function=functional.mse_loss):
    """Mean squared error: see `functional.mse_loss`.

    Compare predictions with targets of the same shape.
    """


class L1Loss(Loss, function=functional.l1_loss):
    """Mean absolute error: see `functional.l1_loss`.

    Compare predictions with targets of the same shape.
    """


class HuberLoss(Loss, function=functional.huber_loss):
    """Huber loss: half the squared difference up to `delta`, linear beyond it; see `functional.huber_loss`.

    Compare predictions with targets of the same shape.
    """

    _shown_options = ("delta", "reduction")
    _arguments = ("reduction", "delta")

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta


class SmoothL1Loss(Loss, function=functional.smooth_l1_loss):
    """Smooth L1 loss: the absolute difference, with a parabola instead of the kink; see `functional.smooth_l1_loss`.

    Compare predictions with targets of the same shape.
    """

    _shown_options = ("beta", "reduction")
    _arguments = ("reduction", "beta")

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta
