"""Regression losses as modules."""

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
    """The mean squared difference: see `functional.mse_loss`.

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
    """The mean absolute difference: see `functional.l1_loss`.

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
    """Half the squared difference, and a line beyond `delta`: see `functional.huber_loss`.

    Parameters
    ----------
    delta
        Where the parabola becomes a line.
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
    """The absolute difference with a parabola for its kink: see `functional.smooth_l1_loss`.

    Parameters
    ----------
    beta
        How wide the parabola is; 0 for `L1Loss`.
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
