"""Losses of class labels, sequences of labels, differences, probabilities and counts; `margin_loss` has others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from autograd import Tensor

from .. import functional
from .._arguments import Share, TensorLike, Weights, example
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


@example('nn.CrossEntropyLoss(reduction="none")(np.array([[1000.0, -1000.0]]), np.array([1]))', "array([2000.])")
class CrossEntropyLoss(NLLLoss, function=functional.cross_entropy):
    """Cross-entropy of class labels, given logits: see `functional.cross_entropy`.

    Compare logits ``(n, classes, ...)`` with class indices ``(n, ...)`` or probabilities of the same shape.
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


class BCELoss(Loss, function=functional.binary_cross_entropy):
    """Binary cross-entropy, given probabilities: see `functional.binary_cross_entropy`.

    Compare probabilities with targets from 0 to 1 of the same shape.
    """

    _arguments = ("weight", "reduction")
    weight: Any

    def __init__(self, weight: Weights | None = None, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", weight)


@example('nn.BCEWithLogitsLoss(reduction="none")(np.array([1000.0]), np.array([0]))', "array([1000.])")
class BCEWithLogitsLoss(Loss, function=functional.binary_cross_entropy_with_logits):
    """Binary cross-entropy, given logits: see `functional.binary_cross_entropy_with_logits`.

    Compare logits with targets from 0 to 1 of the same shape.
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
