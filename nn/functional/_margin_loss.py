"""Margin losses: a margin between distances, or between two scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor
from autograd.extend import anywhere, borrow

from .._arguments import TensorLike, example
from ._activation import relu
from ._distance import pairwise_distance, shrunk
from ._kernels.loss_operands import Reduction, alike, check_positive, check_shape, check_signs, reduced
from ._kernels.operands import as_real, in_single
from ._likelihood_loss import with_logits

_TINY = 1e-12  # prevents a division by the length of a zero vector, as in PyTorch


@example(
    'F.hinge_embedding_loss(np.array([0.3, 0.3, 2.0]), np.array([1, -1, -1]), reduction="none")',
    "array([0.3, 0.7, 0. ])",
)
@in_single
def hinge_embedding_loss(
    input: TensorLike, target: TensorLike, margin: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Return the distances of similar pairs, and by how much those of other pairs fall short of a margin.

    It is ``x`` where the target is 1, and ``max(0, margin - x)`` where it is -1.

    Parameters
    ----------
    input
        Distances, of any shape.
    target
        1 or -1, of the same shape.
    margin
        How far apart dissimilar pairs should be.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a target is neither 1 nor -1.
    ShapeError
        If the shapes differ.
    """
    input, target = alike("hinge_embedding_loss", input, target)
    check_signs("hinge_embedding_loss", target)
    return reduced(np.where(target == 1, input, relu(margin - input)), reduction)


@example(
    'F.margin_ranking_loss(np.array([1.0, 1.0]), np.array([3.0, 3.0]), np.array([1, -1]), reduction="none")',
    "array([2., 0.])",
)
@in_single
def margin_ranking_loss(
    input1: TensorLike, input2: TensorLike, target: TensorLike, margin: float = 0.0, reduction: Reduction = "mean"
) -> Tensor:
    """Return ``max(0, -y * (x1 - x2) + margin)``: the first score should be the larger where y is 1, else the second.

    Parameters
    ----------
    input1, input2
        Scores, of the same shape.
    target
        1 or -1, of the same shape.
    margin
        By how much the scores should differ.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a target is neither 1 nor -1.
    ShapeError
        If the shapes differ.
    """
    name = "margin_ranking_loss"
    input1, input2 = alike(name, input1, input2, ("input1", "input2"))
    target = as_real(name, "target", target, input1.dtype)
    if target.size != 1:  # one sign may be that of all pairs
        check_shape(name, input1, target, ("input1", "target"))
    check_signs(name, target)
    return reduced(relu(target * (input2 - input1) + margin), reduction)


@example(
    'F.soft_margin_loss(np.array([0.0, -100.0]), np.array([1, 1]), reduction="none").round(4)',
    "array([  0.6931, 100.    ])",
)
@in_single
def soft_margin_loss(input: TensorLike, target: TensorLike, reduction: Reduction = "mean") -> Tensor:
    """Return ``log(1 + exp(-y * x))`` for scores x and targets y that are 1 or -1, without overflow.

    Parameters
    ----------
    input, target, reduction
        As for `hinge_embedding_loss`, of any shape.
    """
    input, target = alike("soft_margin_loss", input, target)
    check_signs("soft_margin_loss", target)
    return reduced(with_logits(-target * input, 0), reduction)


@example(
    'F.cosine_embedding_loss(np.eye(2), np.ones((2, 2)), np.array([1, -1]), reduction="none").round(4)',
    "array([0.2929, 0.7071])",
)
@in_single
def cosine_embedding_loss(
    input1: TensorLike, input2: TensorLike, target: TensorLike, margin: float = 0.0, reduction: Reduction = "mean"
) -> Tensor:
    """Return ``1 - cos`` for pairs of vectors that should be similar, and ``max(0, cos - margin)`` for others.

    Parameters
    ----------
    input1, input2
        Vectors, of shape ``(n, d)`` or ``(d,)``.
    target
        1 for vectors that should be similar, else -1: of shape ``(n,)`` or ``()``.
    margin
        The cosine, from -1 to 1, up to which vectors count as different.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a target is neither 1 nor -1.
    ShapeError
        If the shapes do not fit.
    """
    name = "cosine_embedding_loss"
    input1, input2 = alike(name, input1, input2, ("input1", "input2"))
    target = as_real(name, "target", target, input1.dtype)
    if input1.ndim not in (1, 2) or target.shape != input1.shape[:-1]:
        raise ShapeError(
            f"{name} has inputs of shape {input1.shape} and target of shape {target.shape}: inputs have shape (n, d) "
            "with targets (n,), or (d,) with a target ()"
        )
    check_signs(name, target)
    input1, input2 = (shrunk(x, -1) if anywhere(np.isinf(_squares(borrow(x)))) else x for x in (input1, input2))
    squares1, squares2 = _squares(input1), _squares(input2)
    cosine = (input1 * input2).sum(axis=-1) / (np.sqrt(squares1 + _TINY) * np.sqrt(squares2 + _TINY))
    return reduced(np.where(target == 1, 1 - cosine, relu(cosine - margin)), reduction)


@example("float(F.triplet_margin_loss(np.zeros((1, 2)), np.ones((1, 2)), np.full((1, 2), 2.0)).round(4))", "0.0")
@in_single
def triplet_margin_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return ``max(0, d(a, p) - d(a, n) + margin)``: an anchor should be nearer to its positive than to its negative.

    Parameters
    ----------
    anchor, positive, negative
        Vectors, of the same shape ``(..., d)``.
    margin
        By how much nearer: a positive number.
    p, eps
        The order of the norm and its offset, as for `pairwise_distance`.
    swap
        Whether to use the distance from positive to negative where it is less than that from anchor to negative.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ShapeError
        If the shapes differ.

    References
    ----------
    Balntas et al., "Learning Local Feature Descriptors with Triplets and Shallow Convolutional Neural Networks",
    BMVC 2016.
    """

    def distance(x: Any, y: Any) -> Any:
        return pairwise_distance(x, y, p, eps)

    return _triplet("triplet_margin_loss", distance, anchor, positive, negative, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return the loss of `triplet_margin_loss` with a custom distance.

    Parameters
    ----------
    anchor, positive, negative, margin, swap, reduction
        As for `triplet_margin_loss`.
    distance_function
        Takes two arrays of vectors and returns their distances, which are not negative; `pairwise_distance` by default.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> def apart(x, y):
    ...     return 1 - F.cosine_similarity(x, y)
    >>> F.triplet_margin_with_distance_loss(np.eye(2), np.eye(2), np.ones((2, 2)), distance_function=apart).round(4)
    np.float64(0.7071)
    """
    distance = pairwise_distance if distance_function is None else distance_function
    if not callable(distance):
        raise TypeError(f"distance_function should take two arrays and return distances, but is {distance!r}")
    name = "triplet_margin_with_distance_loss"
    return _triplet(name, distance, anchor, positive, negative, margin, swap, reduction)


def _squares(x: Any) -> Any:
    """Return the sums of squares of vectors."""
    return (x * x).sum(axis=-1)


def _triplet(
    name: str,
    distance: Callable[[Any, Any], Any],
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float,
    swap: bool,
    reduction: Reduction,
) -> Any:
    check_positive(name, "margin", margin)
    anchor, positive = alike(name, anchor, positive, ("anchor", "positive"))
    negative = as_real(name, "negative", negative, anchor.dtype)
    check_shape(name, anchor, negative, ("anchor", "negative"))
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = np.minimum(far, distance(positive, negative))
    return reduced(relu(near - far + margin), reduction)
