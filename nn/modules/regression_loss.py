"""Regression losses: squared error, absolute error, Huber and smooth L1."""

from __future__ import annotations

from autograd import Tensor

from .. import functional
from .._arguments import TensorLike
from ..functional._kernels.loss_operands import Reduction
from .loss import Loss

__all__ = [
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "SmoothL1Loss",
]


class MSELoss(Loss):
    """Mean squared error: see `functional.mse_loss`.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare predictions with targets of the same shape."""
        loss: Tensor = functional.mse_loss(input, target, reduction=self.reduction)
        return loss


class L1Loss(Loss):
    """Mean absolute error: see `functional.l1_loss`.

    Parameters
    ----------
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare predictions with targets of the same shape."""
        loss: Tensor = functional.l1_loss(input, target, reduction=self.reduction)
        return loss


class HuberLoss(Loss):
    """Huber loss: half the squared difference up to `delta`, linear beyond it; see `functional.huber_loss`.

    Parameters
    ----------
    delta
        The difference at which the parabola becomes a line.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("delta", "reduction")

    def __init__(self, reduction: Reduction = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare predictions with targets of the same shape."""
        loss: Tensor = functional.huber_loss(input, target, delta=self.delta, reduction=self.reduction)
        return loss


class SmoothL1Loss(Loss):
    """Smooth L1 loss: the absolute difference, with a parabola instead of the kink; see `functional.smooth_l1_loss`.

    Parameters
    ----------
    beta
        The width of the parabola; 0 for `L1Loss`.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.
    """

    _shown_options = ("beta", "reduction")

    def __init__(self, reduction: Reduction = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: TensorLike, target: TensorLike) -> Tensor:
        """Compare predictions with targets of the same shape."""
        loss: Tensor = functional.smooth_l1_loss(input, target, beta=self.beta, reduction=self.reduction)
        return loss
