"""Mistakes in the loss of a training: found in the operations that it records, as they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..graph.instrumentation import observe, observed
from ..graph.name_scope import within
from ..graph.node import Node
from ..graph.saved_tensors import operation_of
from ..source.source_info import line_of
from .stability import OF_LOSSES, Finding, source_of

_NEVER_NEGATIVE = {
    "absolute", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "norm",
    "square",
}  # fmt: skip
_LINEAR = {"divide", "getitem", "mean", "multiply", "negative", "reshape", "sum"}  # of one input, as in a mean
_RANGES = {"expit": (0, 1), "relu": (0, np.inf), "sigmoid": (0, 1), "tanh": (-1, 1)}


@contextmanager
def find_mistakes() -> Iterator[list[Finding]]:
    """List mistakes in the loss of a training that is computed within a ``with`` block.

    These are labels of shape ``(n,)`` that are broadcast against outputs of shape ``(n, 1)``; losses that are given
    what they are not meant for, such as the result of a softmax that they apply themselves, or one class alone; targets
    that the last activation of a model cannot reach; a softmax over the rows; and a loss without a minimum: minus one
    that cannot be negative, or a mean of differences that are not squared, so that a training lets it fall without end.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import tensor
    >>> from autograd.extend import find_mistakes
    >>> output, target = tensor(np.zeros((8, 1)), requires_grad=True), np.ones(8)
    >>> with find_mistakes() as found:
    ...     loss = ((output - target) ** 2).mean()
    >>> [finding.form for finding in found]
    ["'subtract' combines shapes (8, 1) and (8,) into (8, 8)"]
    """
    mistakes = _Mistakes()
    with observed(mistakes.note):
        yield mistakes.found
    mistakes.found.extend(mistakes.falling)


def look_for_mistakes() -> Callable[[], list[Finding]]:
    """Do as `find_mistakes`, from now on until the function that is returned is called, which returns the findings.

    Examples
    --------
    >>> from autograd import tensor
    >>> from autograd.extend import look_for_mistakes
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> end = look_for_mistakes()
    >>> loss = -(x**2).mean()
    >>> [finding.form for finding in end()]
    ["a loss below 0, minus 'power'"]
    """
    mistakes = _Mistakes()
    end = observe(mistakes.note)

    def ended() -> list[Finding]:
        end()
        return [*mistakes.found, *mistakes.falling]

    return ended


class _Mistakes:
    """What was found in the operations so far; `falling` is below 0, unless something else is computed with it."""

    def __init__(self) -> None:
        self.found: list[Finding] = []
        self.falling: list[Finding] = []
        self._last: Node | None = None  # that of `falling`
        self._first = 0  # the number of the first node

    def note(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        """Look at an operation."""
        where = line_of(node) + within(node)
        self._first = self._first or node.number
        if self._last is not None and self._last in (node.x, node.y):
            self._last, self.falling = None, []
        if (fall := _falling(node, z, self._first)) is not None:
            self._last, self.falling = node, [Finding(fall[0], where, fall[1])]
        if (shapes := _broadcast(node, values, z)) is not None:
            form = f"'{operation_of(node).name}' combines shapes {shapes[0]} and {shapes[1]} into {z.shape}"
            remedy = "each output with each label. Reshape one of them, as in y.reshape(-1, 1)"
            self.found.append(Finding(form, where, remedy))
        if (beyond := _out_of_reach(node, values, self._first)) is not None:
            remedy = "many of them are out of reach: remove this last activation, or scale the targets to its range"
            self.found.append(Finding(beyond, where, remedy))
        of_rows = operation_of(node).name == "log_softmax" and values[1] == 0
        if of_rows and len(node.shape) == 2 and node.shape[0] > 1 < node.shape[1] != node.shape[0]:
            remedy = "it compares the rows of a batch with each other, not the classes of a row: use dim=1"
            self.found.append(Finding("log_softmax over the rows", where, remedy))
        self.found.extend(Finding(form, where, remedy) for form, applies, remedy in OF_LOSSES if applies(node))


def _out_of_reach(node: Node, values: tuple[Any, ...], first: int) -> str | None:
    """Return what is wrong if the model ends with an activation whose range a quarter of the targets are out of."""
    live, target = (node.x, values[1:2]) if node.y is None else (node.y, values[:1])
    at = source_of(live)
    if operation_of(node).name not in ("huber_loss", "subtract") or None not in (node.x, node.y):
        return None
    name = None if at is None else operation_of(at).name
    if at is None or name not in _RANGES or at.number >= first or np.shape(target[0]) != node.shape:
        return None
    least, most = _RANGES[name]
    if np.size(target[0]) < 4 or np.mean((target[0] < least) | (target[0] > most)) < 0.25:
        return None
    low, high = np.min(target[0]), np.max(target[0])
    return f"'{name}' gives from {least} to {most}, and the targets are from {low:.4g} to {high:.4g}"


def _falling(node: Node, z: Any, first: int) -> tuple[str, str] | None:
    """Return what is wrong with a loss of one number that has no minimum, and the remedy."""
    if np.size(z) != 1:
        return None
    if (name := _negated(node, z)) is not None:
        remedy = "losses are minimised, so it falls without end: change its sign, or have the optimizer maximize"
        return f"a loss below 0, minus '{name}'", remedy
    if (kind := _sum_of(node, first)) is not None:
        remedy = "square them, or take abs(), before the mean"
        if kind != _DIFFERENCES:
            remedy = "take loss(output, target) in this order, cross_entropy of logits, or what has a minimum"
        return f"a mean of {kind}", f"it falls without end: {remedy}"
    if operation_of(node).name in ("absolute", "power", "square") and _sum_of(node.x, first) == _DIFFERENCES:
        return "a mean of differences before their square", "errors cancel each other: take the mean last"
    return None


_DIFFERENCES = "differences"


def _sum_of(at: Node | None, first: int) -> str | None:
    """Return what a number sums, each output with its target, if nothing on the way bends: it has no minimum."""
    subtracted = weighted = False
    while at is not None and at.number >= first and None in (at.x, at.y):
        name = operation_of(at).name
        live = at.x or at.y
        if (name not in _LINEAR and name != "subtract") or live is None:
            return None
        of_each = at.shape == live.shape != ()
        subtracted = subtracted or (of_each and name == "subtract")
        weighted = weighted or (of_each and name in ("multiply", "negative"))
        at = live
    if at is None or at.number >= first or not (subtracted or weighted):
        return None
    if not weighted:
        return _DIFFERENCES
    last = source_of(at)  # not a log_softmax
    return "outputs" if last is not None and operation_of(last).name in ("linear", "matmul") else None


def _broadcast(node: Node, values: tuple[Any, ...], z: Any) -> list[tuple[int, ...]] | None:
    """Return the shapes ``(n, 1)`` and ``(n,)`` of an output and labels, which are a constant, that give a square."""
    n = getattr(z, "shape", (0,))[0] if getattr(z, "ndim", 0) == 2 else 0
    if n < 2 or z.shape != (n, n) or (node.x is None) == (node.y is None):
        return None
    shapes = [value.shape for value in values if isinstance(value, np.ndarray)]
    return sorted(shapes, key=len, reverse=True) if sorted(shapes) == [(n,), (n, 1)] else None


def _negated(node: Node, z: Any) -> str | None:
    """Return what is never negative, if a number below 0 is a multiple of its mean and the like."""
    if operation_of(node).name not in _LINEAR or not z < 0:
        return None
    at: Node | None = node
    while at is not None:
        name: str = operation_of(at).name
        even = name == "power" and isinstance(at.kept, tuple) and np.ndim(at.kept[1]) == 0 and at.kept[1] % 2 == 0
        if name in _NEVER_NEGATIVE or even or (name == "multiply" and at.x is at.y):
            return name
        if name not in _LINEAR or None not in (at.x, at.y):
            return None
        at = at.x or at.y
    return None
