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
from .stability import OF_LOSSES, Finding

_NEVER_NEGATIVE = {
    "absolute", "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "norm",
    "square",
}  # fmt: skip
_LINEAR = {"divide", "getitem", "mean", "multiply", "negative", "reshape", "sum"}  # of one input, as in a mean


@contextmanager
def find_mistakes() -> Iterator[list[Finding]]:
    """List mistakes in the loss of a training that is computed within a ``with`` block.

    These are labels of shape ``(n,)`` that are broadcast against outputs of shape ``(n, 1)``; losses that are given
    what they are not meant for, such as the result of a softmax that they apply themselves, or one class alone; and a
    loss that is minus one that cannot be negative, so that a training makes it grow without bound.

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

    def note(self, node: Node, values: tuple[Any, ...], z: Any) -> None:
        """Look at an operation."""
        where = line_of(node) + within(node)
        if self._last is not None and self._last in (node.x, node.y):
            self._last, self.falling = None, []
        if (name := _negated(node, z)) is not None:
            remedy = "losses are minimised, so it falls without end: change its sign, or have the optimizer maximize"
            self._last, self.falling = node, [Finding(f"a loss below 0, minus '{name}'", where, remedy)]
        if (shapes := _broadcast(node, values, z)) is not None:
            form = f"'{operation_of(node).name}' combines shapes {shapes[0]} and {shapes[1]} into {z.shape}"
            remedy = "each output with each label. Reshape one of them, as in y.reshape(-1, 1)"
            self.found.append(Finding(form, where, remedy))
        self.found.extend(Finding(form, where, remedy) for form, applies, remedy in OF_LOSSES if applies(node))


def _broadcast(node: Node, values: tuple[Any, ...], z: Any) -> list[tuple[int, ...]] | None:
    """Return the shapes ``(n, 1)`` and ``(n,)`` of an output and labels, which are a constant, that give a square."""
    n = getattr(z, "shape", (0,))[0] if getattr(z, "ndim", 0) == 2 else 0
    if n < 2 or z.shape != (n, n) or (node.x is None) == (node.y is None):
        return None
    shapes = [value.shape for value in values if isinstance(value, np.ndarray)]
    return sorted(shapes, key=len, reverse=True) if sorted(shapes) == [(n,), (n, 1)] else None


def _negated(node: Node, z: Any) -> str | None:
    """Return what is never negative, if a number below 0 is a multiple of its mean and the like."""
    if np.size(z) != 1 or operation_of(node).name not in _LINEAR or not z < 0:
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
