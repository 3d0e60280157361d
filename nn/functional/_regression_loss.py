"""Regression losses: the distance of predictions from targets of the same shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, elementwise

from .._arguments import TensorLike, example
from ._kernels.loss_operands import Reduction, alike, check_positive, check_shape, reduced
from ._kernels.operands import as_real, in_single


@example("float(F.mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))", "2.0")
@in_single
def mse_loss(
    input: TensorLike, target: TensorLike, reduction: Reduction = "mean", weight: TensorLike | None = None
) -> Tensor:
    """Return the mean squared error of two arrays; or the sum of the squared differences, or each of them.

    Parameters
    ----------
    input, target
        Of the same shape; gradients flow to both.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``. The mean of no elements is 0.
    weight
        A factor for each element, of the shape of `input`; the mean is then divided by the sum of the weights.

    Raises
    ------
    ShapeError
        If the shapes differ: shapes ``(n, 1)`` and ``(n,)`` would broadcast to n x n differences.
    """
    input, target = alike("mse_loss", input, target)
    difference = input - target
    return _averaged("mse_loss", difference * difference, weight, reduction)


@example("float(F.l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))", "1.0")
@in_single
def l1_loss(
    input: TensorLike, target: TensorLike, reduction: Reduction = "mean", weight: TensorLike | None = None
) -> Tensor:
    """Return the mean absolute error of two arrays; or the sum of the absolute differences, or each of them.

    Parameters
    ----------
    input, target, reduction, weight
        As for `mse_loss`. Where both are equal, the derivative is 0.
    """
    input, target = alike("l1_loss", input, target)
    return _averaged("l1_loss", abs(input - target), weight, reduction)


@example(
    'F.huber_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none")', "array([0.125, 2.5  ])", like=mse_loss
)
@in_single
def huber_loss(
    input: TensorLike,
    target: TensorLike,
    reduction: Reduction = "mean",
    delta: float = 1.0,
    weight: TensorLike | None = None,
) -> Tensor:
    """Return the Huber loss: half the squared difference below `delta`, and a line of slope `delta` beyond.

    For a difference d it is ``d**2 / 2`` if ``|d| < delta``, else ``delta * (|d| - delta / 2)``.

    Parameters
    ----------
    delta
        Where the parabola becomes a line: a positive number.
    weight
        A factor for each element, of the shape of `input`; the mean is divided by the number of elements, as in
        PyTorch.

    References
    ----------
    Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964).
    """
    check_positive("huber_loss", "delta", delta)
    input, target = alike("huber_loss", input, target)
    losses = _huber(input, target, delta)
    return reduced(losses if weight is None else losses * _fitting("huber_loss", weight, losses), reduction)


@example(
    'F.smooth_l1_loss(np.array([0.5, 3.0]), np.array([0.0, 0.0]), reduction="none", beta=0.5)',
    "array([0.25, 2.75])",
    like=mse_loss,
)
@in_single
def smooth_l1_loss(input: TensorLike, target: TensorLike, reduction: Reduction = "mean", beta: float = 1.0) -> Tensor:
    """Return the smooth L1 loss: absolute differences with a parabola instead of the kink; `huber_loss` over `beta`.

    For a difference d it is ``d**2 / (2 * beta)`` if ``|d| < beta``, else ``|d| - beta / 2``.

    Parameters
    ----------
    beta
        How wide the parabola is. With 0 this is `l1_loss`.

    References
    ----------
    Girshick, "Fast R-CNN", ICCV 2015.
    """
    check_positive("smooth_l1_loss", "beta", beta, zero=True)
    if beta == 0:
        return l1_loss(input, target, reduction)
    input, target = alike("smooth_l1_loss", input, target)
    return reduced(_huber(input, target, beta) / beta, reduction)


def _huber_forward(x: Any, y: Any, delta: float) -> Any:
    difference = x - y
    within = np.clip(difference, -delta, delta)
    return within * (difference - within / 2)


_huber = elementwise(
    _huber_forward,
    lambda g, x, y, delta: g * np.clip(x - y, -delta, delta),
    lambda g, x, y, delta: g * np.clip(y - x, -delta, delta),
    name="huber_loss",
)


def _averaged(loss: str, losses: Any, weight: Any, reduction: Reduction) -> Any:
    """Reduce losses; the mean of weighted ones is divided by the sum of the weights, or by 1 where that is 0."""
    if weight is None:
        return reduced(losses, reduction)
    weight = _fitting(loss, weight, losses)
    if reduction != "mean":
        return reduced(losses * weight, reduction)
    total = weight.sum()
    return (losses * weight).sum() / (total if total != 0 else 1)


def _fitting(loss: str, weight: Any, losses: Any) -> Any:
    """Return a weight for each of the losses, in their dtype."""
    weight = as_real(loss, "weight", weight, losses.dtype)
    check_shape(loss, losses, weight, ("input", "weight"))
    return weight.astype(losses.dtype)
