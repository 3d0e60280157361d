"""Multi-class and multi-label margin losses: a margin between the scores of a row's own classes and all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import DtypeError, ShapeError, Tensor, general
from autograd.extend import ARRAY_TYPES, borrow, whole

from .._arguments import TensorLike, example
from ._activation import relu
from ._kernels.class_labels import as_rows, class_weights, labelled_entries, labelled_places, memory_order, read_labels
from ._kernels.loss_operands import Reduction, alike, check_reduction, reduced
from ._kernels.operands import Saved, as_operand, as_real, in_single
from ._likelihood_loss import check_probabilities, with_logits


def _multi_margin_forward(
    scores: Any, labels: Any, margin: float, p: int, scale: Any, total: bool, saved: Saved
) -> Any:
    """Return scale * sum(relu(margin - scores[label] + scores) ** p) over the other classes, for each row or in all.

    The shortfalls, and the positions in memory of the labelled scores, are left in `saved` for the derivative.
    """
    if type(scores) not in ARRAY_TYPES or type(labels) not in ARRAY_TYPES:  # a batch of vmap
        shortfall = np.maximum(scores - labelled_entries(scores, labels)[:, None] + margin, 0)
        lack = np.where(_one_hot(scores, labels), 0, shortfall)
        saved[:] = lack, None
        losses = (lack**p).sum(axis=1)
        losses = losses * (scale if isinstance(scale, float | int) else scale.astype(losses.dtype))
        return losses.sum() if total else losses
    lack = np.array(scores, order=memory_order(scores.shape[1]))
    flat, places = lack.ravel("K"), labelled_places(labels, lack)  # a view in either order
    lack -= flat[places][:, None]  # before the margin is added, which large scores would absorb
    lack += margin
    np.maximum(lack, 0, out=lack)
    flat[places] = 0
    saved[:] = lack, places
    losses = np.add.reduce(lack if p == 1 else lack * lack, 1)
    if type(scale) in ARRAY_TYPES:
        losses *= scale
        return np.add.reduce(losses) if total else losses
    return (np.add.reduce(losses) if total else losses) * scale


def _multi_margin_rule(g: Any, scores: Any, labels: Any, margin: float, p: int, scale: Any, saved: Saved) -> Any:
    """Return the slope at each other score that is too near, and minus their sum at the labelled one."""
    lack, places = saved
    g = g * scale
    if g.ndim:
        g = g[:, None]
    if isinstance(g, Tensor) or isinstance(scores, Tensor) or places is None or type(g + lack) not in ARRAY_TYPES:
        return _recorded_slopes(g, scores, labels, margin, p, lack)
    slopes = np.sign(lack) * g if p == 1 else lack * (2 * g)
    if g.ndim:
        slopes[g[:, 0] == 0] = 0
    slopes.ravel("K")[places] = -np.add.reduce(slopes, 1)
    return slopes


def _recorded_slopes(g: Any, scores: Any, labels: Any, margin: float, p: int, lack: Any) -> Any:
    """Return the slopes by recorded operations, for derivatives of higher order."""
    labelled = _one_hot(scores, labels).astype(lack.dtype)
    slope = np.sign(lack)
    if p == 2:
        doubled = relu(scores - labelled_entries(scores, labels)[:, None] + margin) * (2 * slope)
        slope = np.where(np.equal(slope, 0), 0, doubled)
    slopes = slope * g
    return slopes - labelled * slopes.sum(axis=1, keepdims=True)


def _one_hot(scores: Any, labels: Any) -> Any:
    return labels[:, None] == np.arange(scores.shape[1])


_multi_margin = general(_multi_margin_forward, _multi_margin_rule, name="multi_margin_loss")


@example('F.multi_margin_loss(np.array([[0.5, 0.0, 2.0]]), np.array([0]), reduction="none").round(4)', "array([1.])")
@in_single
def multi_margin_loss(
    input: TensorLike,
    target: TensorLike,
    p: int = 1,
    margin: float = 1.0,
    weight: TensorLike | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return the multi-class hinge loss: by how much the right class falls short of a margin above each other score.

    For scores x of a row with label y it is the sum over all other classes i of ``max(0, margin - x[y] + x[i]) ** p``,
    divided by the number of classes.

    Parameters
    ----------
    input
        Scores, of shape ``(n, classes)`` or ``(classes,)``.
    target
        Class indices, of shape ``(n,)`` or ``()``.
    p
        1 or 2.
    margin
        How far above the others the score of the right class should be.
    weight
        A factor for the rows of each class, of shape ``(classes,)``. The mean is divided by the number of rows.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    IndexError
        If a label is not the index of a class.
    ShapeError, DtypeError
        If shapes or dtypes do not fit.

    References
    ----------
    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2 (2001).
    """
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss has p=1 or p=2, not {p!r}")
    input = as_real("multi_margin_loss", "input", input)
    target = borrow(as_operand("multi_margin_loss", "target", target))
    if input.ndim not in (1, 2):
        raise ShapeError(
            f"multi_margin_loss has input of shape {input.shape}, but should have (n, classes) or (classes,)"
        )
    weight = None if weight is None else class_weights(weight, input.shape)
    labels = read_labels(target, input.shape, None, None)[0]
    rows = as_rows(input)
    n, classes = rows.shape
    scale: Any = 1 / max(classes * (n if reduction == "mean" else 1), 1)
    if weight is not None:
        scale = (np.take_along_axis(weight, labels, 0) * scale).astype(rows.dtype)
    if reduction == "none":
        return _multi_margin(rows, labels, margin, p, scale, False, Saved()).reshape(target.shape)
    return _multi_margin(rows, labels, margin, p, scale, True, Saved())


@example(
    "float(F.multilabel_margin_loss(np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([[3, 0, -1, 1]])).round(4))", "0.85"
)
@in_single
def multilabel_margin_loss(input: TensorLike, target: TensorLike, reduction: Reduction = "mean") -> Tensor:
    """Return the multi-label hinge loss: by how much a row's classes fall short of a margin of 1 above all others.

    It is the sum over the classes y of the row and all others i of ``max(0, 1 - x[y] + x[i])``, divided by the number
    of classes.

    Parameters
    ----------
    input
        Scores, of shape ``(n, classes)`` or ``(classes,)``.
    target
        Class indices, integers of the same shape: those of a row come first in it, then -1.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    IndexError
        If a label is not the index of a class.
    ShapeError, DtypeError
        If shapes or dtypes do not fit.
    """
    input = as_real("multilabel_margin_loss", "input", input)
    target = borrow(as_operand("multilabel_margin_loss", "target", target))
    if target.dtype.kind not in "iu":
        raise DtypeError(f"multilabel_margin_loss needs class indices, integers, but target has dtype {target.dtype}")
    if input.ndim not in (1, 2) or target.shape != input.shape:
        raise ShapeError(
            f"multilabel_margin_loss has input of shape {input.shape} and target of shape {target.shape}: both should "
            "have (n, classes), or (classes,)"
        )
    rows, labels = input.reshape(-1, input.shape[-1]), target.reshape(-1, input.shape[-1])
    named = np.logical_and.accumulate(labels != -1, axis=1)
    wrong = whole(named & ((labels < 0) | (labels >= rows.shape[1])))
    if wrong.any():
        raise IndexError(
            f"multilabel_margin_loss has the label {whole(labels)[wrong][0]}, but there are {rows.shape[1]} classes: "
            f"labels are from 0 to {rows.shape[1] - 1}, then -1"
        )
    labels = np.where(named, labels, 0)
    right = np.zeros_like(labels, bool)
    np.logical_or.at(right, (np.arange(len(labels))[:, None], labels), named)
    pairs = named[:, :, None] & ~right[:, None, :]
    labelled: Any = np.take_along_axis(rows, labels, 1)
    margins: Any = np.where(pairs, relu(rows[:, None, :] - labelled[:, :, None] + 1), 0)
    losses = margins.sum(axis=(1, 2)) / max(rows.shape[1], 1)
    return reduced(losses.reshape(input.shape[:-1]), reduction)


@example(
    'F.multilabel_soft_margin_loss(np.zeros((2, 3)), np.ones((2, 3)), reduction="none").round(4)',
    "array([0.6931, 0.6931])",
)
@in_single
def multilabel_soft_margin_loss(
    input: TensorLike, target: TensorLike, weight: TensorLike | None = None, reduction: Reduction = "mean"
) -> Tensor:
    """Return the mean over the classes of the binary cross-entropy with logits, for rows that have several classes.

    Parameters
    ----------
    input
        Logits, of shape ``(..., classes)``.
    target
        1 for each class that a row has, else 0: of the same shape.
    weight
        A factor for each class, of shape ``(classes,)``.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``, over the rows.

    Raises
    ------
    ValueError
        If a target is not from 0 to 1.
    ShapeError
        If shapes do not fit.
    """
    name = "multilabel_soft_margin_loss"
    input, target = alike(name, input, target)
    if not input.ndim:
        raise ShapeError(f"{name} has input of shape (), but needs an axis of classes")
    check_probabilities(name, "target", target)
    losses = with_logits(input, target)
    if weight is not None:
        losses = losses * class_weights(weight, input.shape[-1:]).astype(input.dtype)
    return reduced(losses.sum(axis=-1) / max(input.shape[-1], 1), reduction)
