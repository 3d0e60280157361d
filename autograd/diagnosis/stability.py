"""Numerical stability: expressions that lose digits or their gradient, and stable ones to use instead."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays.door import whole
from ..graph.node import FreedOperation, Node, ancestors
from ..graph.saved_tensors import operation_of
from ..graph.widening import widens
from ..primitives.primitive import OneInput
from ..tensors.tensor import Tensor
from .nodes import place_of, root_of


@dataclass(frozen=True)
class Finding:
    """An unstable expression that was found, where, and its stable replacement."""

    form: str
    where: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.form} ({self.where}): {self.remedy}" if self.where else f"{self.form}: {self.remedy}"


def lint(result: Tensor) -> list[Finding]:
    """Find numerically unstable expressions in the graph of `result`, and their stable replacements.

    It looks for log(softmax), log(sigmoid), log(1 + exp), log(sum(exp)), exp / sum(exp), a square root near zero, a
    variance as the mean of squares minus the square of the mean, a softmax or sigmoid before a loss of logits, and
    float32 values that meet float64 ones.

    Parameters
    ----------
    result
        A recorded tensor, such as a loss, before `backward` frees its graph.

    Returns
    -------
    list of Finding
        The findings in the order in which they were recorded; empty if nothing was found.

    Raises
    ------
    GraphError
        If there is no graph, or an earlier `backward` freed it.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import lint, tensor
    >>> x = tensor([0.5, 800.0], requires_grad=True)
    >>> with np.errstate(over="ignore"):
    ...     loss = np.log(1 + np.exp(x)).sum()
    >>> [finding.remedy for finding in lint(loss)]
    ['use np.logaddexp(0, x), which neither overflows nor loses small values']
    """
    found = []
    for node in ancestors([root_of(result, "lint")]):
        if isinstance(node.op, FreedOperation):
            node.op.refuse(node)
        for form, applies, remedy in _FORMS:
            if applies(node):
                found.append(Finding(form, place_of(node), remedy))
                break
    return found


def _is(node: Node | None, *names: str) -> bool:
    return node is not None and operation_of(node).name in names


def _of(node: Node, name: str, *inner: str) -> bool:
    """Tell whether a node is an operation applied to the result of another."""
    return _is(node, name) and _is(node.x, *inner)


def _log_of_one_and_exp(node: Node) -> bool:
    if _of(node, "log1p", "exp"):
        return True
    if not _of(node, "log", "add"):
        return False
    total: Any = node.x  # one of its two inputs is a number, which is not in the graph
    return None in (total.x, total.y) and _is(total.y if total.x is None else total.x, "exp")


def _normalised_exp(node: Node) -> bool:
    return _is(node, "divide") and _is(node.x, "exp") and _is(node.y, "sum") and node.y.x is node.x  # type: ignore[union-attr]  # it has one


def _small_root(node: Node) -> bool:
    kept = whole(node.kept)
    if not _is(node, "sqrt") or not isinstance(kept, np.ndarray) or not kept.size:
        return False
    return bool(np.min(kept) < 1e-4 * max(1.0, float(np.max(kept))))


def _variance_by_subtraction(node: Node) -> bool:
    if not (_is(node, "subtract") and _is(node.x, "mean", "sum")):
        return False
    of_squares, square = node.x, node.y
    squared = None if of_squares is None else _root(of_squares.x)
    mean = _root(square)
    return squared is not None and mean is not None and _is(mean, "mean", "sum") and mean.x is squared


def _widening(node: Node) -> bool:
    operation = operation_of(node)
    single = isinstance(operation, OneInput)  # which is told the dtype, as astype is
    return not single and any(x is not None and widens(node, x) for x in operation.inputs(node))


def _root(node: Node | None) -> Node | None:
    """Return the node that a square is taken of: ``x * x``, ``x**2`` or ``square(x)``."""
    if node is None or not (_is(node, "square", "power") or (_is(node, "multiply") and node.x is node.y)):
        return None
    return node.x


_SAME_VALUES = {"astype", "expand_dims", "getitem", "moveaxis", "reshape", "squeeze", "swapaxes", "transpose"}


def source_of(node: Node | None) -> Node | None:
    """Return the node that computed the values of a node, which may only have moved or picked some of them."""
    while _is(node, *_SAME_VALUES):
        node = node.x  # type: ignore[union-attr]  # it is a node
    return node


def _before(node: Node, inner: str, *losses: str) -> bool:
    """Tell whether an operation is applied to some or all values of the result of another."""
    return _is(node, *losses) and _is(source_of(node.x), *inner.split())


def _softmax_of_one(node: Node) -> bool:
    """Tell whether a loss is given a softmax over an axis of length 1, for which each result is 1."""
    at = source_of(node.x) if _is(node, "binary_cross_entropy", "subtract") else None
    return at is not None and _is(at, "softmax") and at.shape[-1] == 1 != math.prod(at.shape)


_Form = tuple[str, Callable[[Node], bool], str]

# Losses that are given what they are not meant for.
OF_LOSSES: list[_Form] = [
    (
        "labels in the place of outputs",
        lambda node: _is(node, "binary_cross_entropy", "binary_cross_entropy_with_logits") and node.x is None,
        "the first argument is a constant, the second depends on the parameters: it is loss(output, target)",
    ),
    (
        "ReLU before a loss of logits",
        lambda node: _before(node, "relu", "cross_entropy", "binary_cross_entropy_with_logits"),
        "logits below 0 are cut off, and such rows learn nothing: remove the ReLU at the end of the model",
    ),
    (
        "cross-entropy of one class",
        lambda node: _is(node, "cross_entropy") and node.x is not None and node.x.shape[1] == 1,
        "the loss of one class is always 0: use BCEWithLogitsLoss for one logit a row, MSELoss for a regression",
    ),
    (
        "softmax of one number",
        _softmax_of_one,
        "a softmax of one number a row is always 1, so that nothing is learned: use nn.Sigmoid() for the probability "
        "of one class, or leave it away for any number",
    ),
    (
        "softmax before cross-entropy",
        lambda node: _before(node, "softmax", "cross_entropy", "log_softmax"),
        "cross-entropy takes logits and applies softmax itself: learning is slow and never certain. Remove the softmax",
    ),
    (
        "sigmoid before a loss with logits",
        lambda node: _before(node, "sigmoid expit", "binary_cross_entropy_with_logits"),
        "BCEWithLogitsLoss takes logits and applies sigmoid itself. Remove the sigmoid, or use BCELoss",
    ),
]

_FORMS: list[_Form] = [
    *OF_LOSSES,
    (
        "log(softmax(x))",
        lambda node: (
            _of(node, "log", "softmax") or (_is(node, "log") and node.x is not None and _normalised_exp(node.x))
        ),
        "use log_softmax, which is finite where a probability is too small for a number",
    ),
    (
        "log(sigmoid(x))",
        lambda node: _of(node, "log", "sigmoid", "expit"),
        "use -np.logaddexp(0, -x), which is finite for any x",
    ),
    ("log(1 + exp(x))", _log_of_one_and_exp, "use np.logaddexp(0, x), which neither overflows nor loses small values"),
    (
        "log(sum(exp(x)))",
        lambda node: _of(node, "log", "sum") and _is(node.x.x, "exp"),  # type: ignore[union-attr]  # it has one
        "use autograd.logsumexp, which neither overflows nor underflows",
    ),
    ("exp(x) / sum(exp(x))", _normalised_exp, "use softmax, which takes the largest x away first"),
    (
        "sqrt near 0",
        _small_root,
        "its derivative 1 / (2 sqrt(x)) grows without bound there: use np.hypot or np.linalg.norm for a length, or add "
        "a small number under the root",
    ),
    (
        "mean(x**2) - mean(x)**2",
        _variance_by_subtraction,
        "use x.var(), which takes the mean away before squaring and so loses no digits",
    ),
    (
        "float32 with float64",
        _widening,
        "the result is float64, and takes twice the time: use .astype(np.float32) or np.zeros(shape, np.float32) for "
        "the float64 values, or model.double()",
    ),
]
