"""Cross-entropy and the negative log-likelihood of class labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, general
from autograd.extend import ARRAY_TYPES, anywhere, borrow

from .._arguments import TensorLike, example
from ._activation import log_softmax, softmax
from ._kernels.class_labels import as_rows, class_weights, labelled_entries, labelled_places, memory_order, read_labels
from ._kernels.loss_operands import Reduction, check_reduction
from ._kernels.operands import HALF, Saved, as_operand, as_real, in_single


def _labelled_forward(logits: Any, labels: Any, scale: Any, total: bool, saved: Saved) -> Any:
    """Return scale * (log sum exp(logits) - logits[label]) for each row, or the sum over the rows.

    The exponentials, their sums, and the positions in memory of the labelled ones, are left in `saved` for the
    derivative; of a batch of `vmap`, the labels.
    """
    if type(logits) not in ARRAY_TYPES or type(labels) not in ARRAY_TYPES:
        saved[:] = [labels]
        losses = -labelled_entries(log_softmax(logits, 1), labels)
        losses = np.where(scale == 0, 0, losses * scale)
        return losses.sum() if total else losses
    e = np.array(logits, order=memory_order(logits.shape[1]))
    np.subtract(e, np.maximum.reduce(e, 1, keepdims=True), e)
    places = labelled_places(labels, e)
    labelled = e.ravel("K")[places]
    np.exp(e, e)
    mass = np.add.reduce(e, 1, keepdims=True)
    saved[:] = e, mass, places
    losses = np.log(mass).reshape(-1)
    losses -= labelled
    if type(scale) in ARRAY_TYPES:
        losses *= scale
        losses[scale == 0] = 0  # ignored rows may hold anything, even nan
        return np.add.reduce(losses) if total else losses
    return (np.add.reduce(losses) if total else losses) * scale


def _labelled_rule(g: Any, logits: Any, scale: Any, saved: Saved) -> Any:
    """Return (softmax(logits) - one_hot(label)) * g * scale for each row."""
    g = g * scale
    if g.ndim:
        g = g[:, None]
    if isinstance(g, Tensor):
        return (softmax(logits, 1) - _one_hot(logits, saved)) * g
    is_array = isinstance(g, np.ndarray | np.generic)
    if len(saved) == 1 or not is_array:  # in a batch of vmap
        return np.where(g == 0, 0, (softmax(logits, 1) - _one_hot(logits, saved)) * g)
    e, mass, places = saved
    p = e / mass
    p.ravel("K")[places] -= 1  # a view in either order
    p *= g
    if g.ndim:
        p[g[:, 0] == 0] = 0
    return p


def _one_hot(logits: Any, saved: Saved) -> Any:
    """Return 1 at the labels that the forward pass left, and 0 elsewhere."""
    if len(saved) == 1:
        return (saved[0][:, None] == np.arange(logits.shape[1])).astype(logits.dtype)
    e, _, places = saved
    one_hot = np.zeros_like(e)
    one_hot.ravel("K")[places] = 1
    return one_hot


_labelled_cross_entropy = general(_labelled_forward, _labelled_rule, name="cross_entropy")


def cross_entropy(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Return the cross-entropy between the softmax of `input` and the target classes.

    For a row of logits z with label y it is ``log(sum(exp(z))) - z[y]``, computed without overflow for logits of any
    size.

    Parameters
    ----------
    input
        Logits, that is, unnormalised log-probabilities: shape ``(n, classes)``, ``(classes,)`` or
        ``(n, classes, ...)``.
    target
        Class indices: integers, in the shape of `input` without the axis of classes. Or class probabilities: real
        numbers, in the shape of `input`.
    weight
        A weight for each class, of shape ``(classes,)``.
    ignore_index
        Rows with this label do not count, whatever their logits. With probabilities there are no labels to ignore.
    reduction
        ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each row. With class indices the mean is divided by the
        sum of the weights of the rows, and is 0, with zero gradient, if all rows are ignored; with probabilities it is
        divided by the number of rows.
    label_smoothing
        The part of each target, from 0 to 1, that is spread evenly over all classes.

    Returns
    -------
    Tensor
        One element, or for ``"none"`` the shape of the class indices.

    Raises
    ------
    IndexError
        If a label is not the index of a class; the message names the row, the label and the number of classes.
    ShapeError, DtypeError
        If shapes or dtypes do not fit.

    References
    ----------
    Label smoothing: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> import nn.functional as F
    >>> logits = np.array([[2.0, 0.0], [0.0, 1000.0]])
    >>> F.cross_entropy(logits, np.array([1, 0]), reduction="none").round(4)
    array([   2.1269, 1000.    ])
    >>> float(F.cross_entropy(logits, np.array([1, 0])).round(4))
    501.0635
    """
    check_reduction(reduction)
    scores: Any = input
    if type(scores) not in ARRAY_TYPES or scores.dtype.kind != "f":
        scores = as_real("cross_entropy", "input", scores)
    classes: Any = target
    if type(classes) not in ARRAY_TYPES:
        classes = as_operand("cross_entropy", "target", classes)
    if scores.dtype is HALF or classes.dtype is HALF:
        return in_single(cross_entropy)(scores, classes, weight, ignore_index, reduction, label_smoothing)
    shape = scores.shape
    if weight is not None:
        weight = class_weights(weight, shape)
    if classes.dtype.kind == "f" and classes.shape == shape:
        if ignore_index >= 0:
            raise ValueError(
                f"ignore_index={ignore_index} is a label, but target holds probabilities: rows to ignore have "
                f"probabilities of 0"
            )
        return _soft_cross_entropy(scores, classes, weight, reduction, label_smoothing)
    if isinstance(classes, Tensor):
        classes = classes.data
    labels, weights, total = read_labels(classes, shape, weight, ignore_index)
    logits = scores if len(shape) == 2 else as_rows(scores)
    if label_smoothing:
        _check_smoothing(label_smoothing)
        spread = _smoothed(labels, weights, weight, logits, label_smoothing)
        spread = np.where((classes.reshape(-1) == ignore_index)[:, None], spread.dtype.type(0), spread)
        undefined = ~np.any(weights) & np.any(spread)  # all rows that count have classes of weight 0: there is no mean
        if anywhere(undefined):
            total = np.where(undefined, 0.0, total)
        return _reduced(_dense_losses(logits, spread), total, reduction, classes.shape)
    if weight is None and reduction == "mean" and not isinstance(weights, int):  # the same bits as without ignored rows
        losses = _labelled_cross_entropy(logits, labels, weights.astype(logits.dtype), True, Saved())
        share = 1 / total
        return losses * (share if type(share) is float else share.astype(logits.dtype))
    scale = weights / total if reduction == "mean" else weights
    if not isinstance(scale, int | float):
        scale = scale.astype(logits.dtype)
    losses = _labelled_cross_entropy(logits, labels, scale, reduction != "none", Saved())
    return losses.reshape(classes.shape) if reduction == "none" else losses


@example("float(F.nll_loss(np.log([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 0])).round(4))", "1.0397")
@in_single
def nll_loss(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return the negative log-likelihood: minus the entry of `input` at the label of each row.

    Parameters
    ----------
    input
        Log-probabilities, as `log_softmax` gives them: shape ``(n, classes)``, ``(classes,)`` or ``(n, classes, ...)``.
    target, weight, ignore_index, reduction
        As for `cross_entropy`, which equals this on the `log_softmax` of its input; class indices only.
    """
    check_reduction(reduction)
    input = as_real("nll_loss", "input", input)
    target = borrow(as_operand("nll_loss", "target", target))
    if weight is not None:
        weight = class_weights(weight, input.shape)
    labels, weights, total = read_labels(target, input.shape, weight, ignore_index)
    rows = as_rows(input)
    losses = -labelled_entries(rows, labels)
    if not isinstance(weights, int):
        losses = np.where(weights == 0, 0, losses) * weights.astype(rows.dtype)
    return _reduced(losses, total, reduction, target.shape)


def _check_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing should be from 0 to 1, not {label_smoothing}")


def _soft_cross_entropy(logits: Any, target: Any, weight: Any, reduction: Reduction, label_smoothing: float) -> Any:
    """Return the cross-entropy with probabilities as targets, to which gradients flow too."""
    _check_smoothing(label_smoothing)
    rows, shape = as_rows(logits), logits.shape[:1] + logits.shape[2:] if logits.ndim > 1 else ()
    spread = as_rows(target)
    if label_smoothing:
        spread = spread * (1 - label_smoothing) + label_smoothing / rows.shape[1]
    if weight is not None:
        spread = spread * weight.astype(rows.dtype)
    return _reduced(_dense_losses(rows, spread), max(rows.shape[0], 1), reduction, shape)


def _smoothed(labels: Any, weights: Any, weight: Any, logits: Any, label_smoothing: float) -> Any:
    """Return the targets for smoothed labels, a part of each of which is spread over all classes.

    A class of weight 0 adds nothing itself, but its rows add their part for the other classes.
    """
    n, classes = logits.shape
    spread = np.full((n, classes), label_smoothing / classes)
    if weight is not None:
        spread = spread * weight
    labelled = labels[:, None] == np.arange(classes)
    of_rows = weights if isinstance(weights, int) else weights[:, None]
    spread = spread + np.where(labelled, (1 - label_smoothing) * of_rows, 0)
    return spread.astype(logits.dtype)


def _dense_losses(logits: Any, spread: Any) -> Any:
    """Return -sum(spread * log_softmax(logits)) for each row."""
    log_p: Any = log_softmax(logits, 1)
    if not isinstance(spread, Tensor):
        log_p = np.where(spread == 0, 0, log_p)  # 0 log 0 is 0
    return -(log_p * spread).sum(axis=1)


def _reduced(losses: Any, total: Any, reduction: Reduction, shape: tuple[int, ...]) -> Any:
    if reduction == "none":
        return losses.reshape(shape)
    if not isinstance(total, int | float):
        total = total.astype(losses.dtype)
    return losses.sum() / total if reduction == "mean" else losses.sum()
