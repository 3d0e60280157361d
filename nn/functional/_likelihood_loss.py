"""Negative log-likelihoods of events, distributions, counts and normal variables."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from autograd import ShapeError, Tensor, elementwise
from autograd.extend import anywhere, borrow, whole

from .._arguments import TensorLike, example
from ._activation import sigmoid
from ._kernels.loss_operands import Reduction, alike, check_positive, check_reduction, check_shape, reduced, weights_for
from ._kernels.operands import as_real, in_single

_SHORTEST = 1e-12  # the derivative of a logarithm does not grow for probabilities below this


@example(
    'F.binary_cross_entropy(np.array([0.5, 0.75, 0.0]), np.array([1, 1, 1]), reduction="none").round(4)',
    "array([  0.6931,   0.2877, 100.    ])",
)
@in_single
def binary_cross_entropy(
    input: TensorLike, target: TensorLike, weight: TensorLike | None = None, reduction: Reduction = "mean"
) -> Tensor:
    """Return ``-(y log p + (1 - y) log(1 - p))`` for probabilities p and targets y.

    As in PyTorch, logarithms are at least -100, so that a prediction that is certain and wrong costs 100; its
    derivative is that at a distance of 1e-12. `binary_cross_entropy_with_logits` needs no such bounds.

    Parameters
    ----------
    input
        Probabilities, from 0 to 1, as `sigmoid` gives them.
    target
        Of the same shape: 0 or 1, or any probability between. Gradients flow to it too.
    weight
        A factor for each element, of a shape that broadcasts to that of `input`.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``. The mean is divided by the number of elements.

    Raises
    ------
    ValueError
        If a probability or a target is not from 0 to 1.
    ShapeError
        If the shapes differ.
    """
    input, target = alike("binary_cross_entropy", input, target)
    check_probabilities("binary_cross_entropy", "input", input, "; for logits use binary_cross_entropy_with_logits")
    check_probabilities("binary_cross_entropy", "target", target)
    losses = _binary_cross_entropy(input, target)
    if weight is not None:
        losses = losses * weights_for("binary_cross_entropy", "weight", weight, input)
    return reduced(losses, reduction)


@example(
    'F.binary_cross_entropy_with_logits(np.array([0.0, 100.0]), np.array([1, 0]), reduction="none").round(4)',
    "array([  0.6931, 100.    ])",
)
@in_single
def binary_cross_entropy_with_logits(
    input: TensorLike,
    target: TensorLike,
    weight: TensorLike | None = None,
    reduction: Reduction = "mean",
    pos_weight: TensorLike | None = None,
) -> Tensor:
    """Return the binary cross-entropy of ``sigmoid(input)``, precise for logits of any size.

    For a logit x with target y it is ``max(x, 0) - x * y + log(1 + exp(-|x|))``.

    Parameters
    ----------
    input
        Logits, of any shape.
    target
        Of the same shape: 0 or 1, or any probability between. Gradients flow to it too.
    weight
        A factor for each element, of a shape that broadcasts to that of `input`.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``. The mean is divided by the number of elements.
    pos_weight
        A factor for ``y log(sigmoid(x))``, the term of the positive examples; it broadcasts as `weight` does.

    Raises
    ------
    ValueError
        If a target is not from 0 to 1.
    ShapeError
        If the shapes differ.
    """
    name = "binary_cross_entropy_with_logits"
    input, target = alike(name, input, target)
    check_probabilities(name, "target", target)
    if pos_weight is None:
        losses = with_logits(input, target)
    else:
        pos_weight = weights_for(name, "pos_weight", pos_weight, input)
        losses = (1 - target) * with_logits(input, 0) + pos_weight * target * with_logits(input, 1)
    if weight is not None:
        losses = losses * weights_for(name, "weight", weight, input)
    return reduced(losses, reduction)


@example(
    "p, q = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])",
    'float(F.kl_div(np.log(p), q, reduction="batchmean").round(4))',
    "0.6931",
)
@in_single
def kl_div(
    input: TensorLike,
    target: TensorLike,
    reduction: Literal["none", "mean", "sum", "batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """Return the terms of the Kullback-Leibler divergence of `input` from `target`: ``y * (log y - x)``.

    The divergence of a distribution is the sum of its terms. For rows of distributions, ``"batchmean"`` gives the mean
    divergence; ``"mean"``, the default as in PyTorch, divides by the number of terms.

    Parameters
    ----------
    input
        Log-probabilities, as `log_softmax` gives them.
    target
        Probabilities of the same shape, or with `log_target` their logarithms. Gradients flow to it too; where a
        probability is 0 the term is 0, whatever `input` is, and so are both gradients.
    reduction
        ``"batchmean"`` (the sum divided by the length of the first axis), ``"mean"``, ``"sum"`` or ``"none"``.
    log_target
        Whether `target` holds logarithms.

    Raises
    ------
    ValueError
        If a probability is negative.
    ShapeError
        If the shapes differ, or are ``()`` with ``"batchmean"``, which needs a first axis.

    References
    ----------
    Kullback and Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22 (1951).
    """
    if reduction != "batchmean":
        check_reduction(reduction)
    input, target = alike("kl_div", input, target)
    if reduction == "batchmean" and not input.ndim:
        raise ShapeError('kl_div with "batchmean" divides by the length of the first axis, but input has shape ()')
    values = borrow(target)
    if not log_target and anywhere(values < 0):
        raise ValueError(
            f"kl_div needs probabilities as targets, but the least is {whole(values).min()}: for their logarithms use "
            "log_target=True"
        )
    absent = values == (-math.inf if log_target else 0)
    if anywhere(absent):  # 0 log 0 is 0
        input, target = np.where(absent, 0, input), np.where(absent, 0 if log_target else 1, target)
    terms = np.exp(target) * (target - input) if log_target else target * (np.log(target) - input)
    if anywhere(absent):
        terms = np.where(absent, 0, terms)
    if reduction == "batchmean":
        return terms.sum() / max(input.shape[0], 1)
    return reduced(terms, reduction)


@example("float(F.poisson_nll_loss(np.log([2.0]), np.array([3])).round(4))", "-0.0794")
@in_single
def poisson_nll_loss(
    input: TensorLike,
    target: TensorLike,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return the negative log-likelihood of Poisson-distributed counts, up to a constant.

    For a count k it is ``exp(x) - k * x``, or ``x - k * log(x + eps)`` where `input` is the rate itself.

    Parameters
    ----------
    input
        The logarithms of the rates, or the rates without `log_input`.
    target
        Counts, of the same shape.
    log_input
        Whether `input` holds logarithms.
    full
        Whether to add ``log(k!)`` by Stirling's formula, ``k log k - k + log(2 pi k) / 2``, for counts above 1.
    eps
        Added to the rates, to keep the logarithm of a rate of 0 finite.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a count, or a rate, is negative.
    ShapeError
        If the shapes differ.
    """
    check_positive("poisson_nll_loss", "eps", eps, zero=True)
    input, target = alike("poisson_nll_loss", input, target)
    _check_least("poisson_nll_loss", "target", target, "counts are at least 0")
    if log_input:
        losses: Any = np.exp(input) - target * input
    else:
        _check_least("poisson_nll_loss", "input", input, "rates are; for their logarithms use log_input=True")
        losses = input - target * np.log(input + eps)
    if full:
        many = np.where(target > 1, target, 1)
        stirling = many * np.log(many) - many + 0.5 * np.log(2 * math.pi * many)
        losses = losses + np.where(target > 1, stirling, 0)
    return reduced(losses, reduction)


@example("float(F.gaussian_nll_loss(np.array([1.0]), np.array([3.0]), np.array([1.0])))", "2.0")
@in_single
def gaussian_nll_loss(
    input: TensorLike,
    target: TensorLike,
    var: TensorLike,
    full: bool = False,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return the negative log-likelihood of normal variables, given their means and variances.

    It is ``(log v + (x - y)**2 / v) / 2``.

    Parameters
    ----------
    input, target
        The means and the observations, of the same shape; or one of them has a single element, and as many axes, and
        broadcasts to the other.
    var
        The variances: of that shape, of that shape with one axis of length 1, of that shape without the last
        axis, or one number.
    full
        Whether to add the constant ``log(2 pi) / 2``.
    eps
        Smaller variances count as `eps`. Their gradient is that at `eps`, as in PyTorch, so that they can grow.
    reduction
        ``"mean"``, ``"sum"`` or ``"none"``.

    Raises
    ------
    ValueError
        If a variance is negative.
    ShapeError
        If shapes do not fit.

    References
    ----------
    Nix and Weigend, "Estimating the Mean and Variance of the Target Probability Distribution", ICNN 1994.
    """
    check_positive("gaussian_nll_loss", "eps", eps)
    input, target = _together("gaussian_nll_loss", input, target)
    var = _variances(as_real("gaussian_nll_loss", "var", var, input.dtype), input.shape)
    _check_least("gaussian_nll_loss", "var", var, "variances are at least 0")
    lifted = np.maximum(eps - (borrow(var)), 0)
    var = var + lifted.astype(var.dtype)
    difference = input - target
    losses = (np.log(var) + difference * difference / var) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _together(loss: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Return both as real numbers of one shape; one may have a single element, and as many axes, and broadcasts."""
    input = as_real(loss, "input", input)
    target = as_real(loss, "target", target, input.dtype)
    if input.ndim == target.ndim and input.size != target.size and 1 in (input.size, target.size):
        shape = target.shape if input.size == 1 else input.shape
        wide: Any = np.broadcast_to(input, shape), np.broadcast_to(target, shape)
        return wide
    check_shape(loss, input, target)
    return input, target


def _variances(var: Any, shape: tuple[int, ...]) -> Tensor:
    """Return variances in a shape that broadcasts to that of the means without ambiguity."""
    if var.shape in ((), shape):
        return var
    if var.shape == shape[:-1]:
        return var.reshape(*var.shape, 1)
    different = [a for a, b in zip(var.shape, shape, strict=False) if a != b]
    if var.ndim == len(shape) and different == [1]:
        return var
    raise ShapeError(
        f"gaussian_nll_loss has input of shape {shape} and var of shape {var.shape}: give var the shape of input, that "
        f"with one axis of length 1, {shape[:-1]}, or ()"
    )


def check_probabilities(loss: str, name: str, array: Tensor, remedy: str = "") -> None:
    """Raise unless all elements are from 0 to 1, which nan is not."""
    values = whole(borrow(array))
    if values.size and not (np.minimum.reduce(values, axis=None) >= 0 and np.maximum.reduce(values, axis=None) <= 1):
        place = tuple(map(int, np.argwhere(~((values >= 0) & (values <= 1)))[0]))
        raise ValueError(f"{loss} needs probabilities from 0 to 1, but {name}{list(place)} is {values[place]}{remedy}")


def _check_least(loss: str, name: str, array: Any, rule: str) -> None:
    """Raise if a number is negative."""
    values = whole(borrow(array))
    if (values < 0).any():
        raise ValueError(f"{loss} has {name} with the negative number {values.min()}, but {rule}")


def _log(x: Any) -> Any:
    """Return the logarithm, but at least -100."""
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(x), -100)


_binary_cross_entropy = elementwise(
    lambda x, y: (y - 1) * _log(1 - x) - y * _log(x),
    lambda g, x, y: g * ((1 - y) / np.maximum(1 - x, _SHORTEST) - y / np.maximum(x, _SHORTEST)),
    lambda g, x: g * (_log(1 - x) - _log(x)),
    name="binary_cross_entropy",
)


def _with_logits_forward(x: Any, y: Any) -> Any:
    losses = np.maximum(x, 0) - x * y
    losses += np.log1p(np.exp(-np.abs(x)))
    return losses


with_logits = elementwise(
    _with_logits_forward,
    lambda g, x, y: g * (sigmoid(x) - y),
    lambda g, x: -g * x,
    name="binary_cross_entropy_with_logits",
)
