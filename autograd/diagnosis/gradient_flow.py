"""Gradient flow: where a gradient comes from, and where it vanishes on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays.door import walks, whole
from ..graph.backward import Wanted
from ..graph.node import Gradients, MultiNode, Node, ancestors, leading_to
from ..graph.saved_tensors import operation_of, unpacked
from ..primitives.multi_output import Output
from ..tensors.tensor import Tensor, TensorLike
from .nodes import place_of, root_of

Array = np.ndarray[Any, Any]
DEAD = {"relu", "maximum", "clip"}  # their result is at the bound where no gradient passes
BOUNDED = {"tanh": 1.0, "sigmoid": 0.5, "expit": 0.5}  # the input is scaled by this before tanh; each keeps its input
SATURATED = 0.99  # as a fraction of the way from the middle of the range to its end


@dataclass
class Step:
    """One operation that the gradient passes on its way from the result to the input.

    Attributes
    ----------
    operation, where
        Its name, and the line that recorded it, or one before it.
    norm
        The Euclidean norm of the gradient of its result.
    zeros
        The fraction of that gradient that is exactly zero, from 0 to 1.
    shares
        For each operation that used the result: its name, and its share of the gradient, as the norm of its
        contribution over the sum of these norms.
    remarks
        Possible problems here.
    """

    operation: str
    where: str
    norm: float
    zeros: float
    shares: list[tuple[str, float]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.operation:16} |g| {self.norm:.3g}"]
        if self.zeros:
            parts.append(f"{self.zeros:.0%} zeros")
        if len(self.shares) > 1:
            parts.append("from " + ", ".join(f"{name} {share:.0%}" for name, share in self.shares))
        parts += self.remarks
        return ", ".join(parts) + (f"  ({self.where})" if self.where else "")


@dataclass(frozen=True)
class Explanation:
    """The path of a gradient, from the result to the input; `str` shows a line for each step."""

    reaches: bool
    steps: tuple[Step, ...]

    @property
    def remarks(self) -> list[str]:
        """Possible problems, step by step."""
        return [f"{step.operation}: {remark}" for step in self.steps for remark in step.remarks]

    def __str__(self) -> str:
        if not self.reaches:
            return (
                "the result does not depend on this input: it was not used, or a detach(), a no_grad(), .data or a "
                "function without a derivative lies between"
            )
        return "\n".join(map(str, self.steps))


def explain(result: Tensor, x: Tensor, gradient: TensorLike | None = None) -> Explanation:
    """Follow the gradient of `result` back to `x`, and say where it shrinks, cancels or dies.

    The graph is walked once and stays as it is. Remarks point out units that are zero for every row of a batch (dead),
    units at the ends of the range of tanh or sigmoid (saturated), contributions that cancel, gradients that are zero
    altogether, and nan and inf.

    Parameters
    ----------
    result
        A recorded tensor, such as a loss.
    x
        A leaf or an intermediate result.
    gradient
        The gradient of `result`; may be left out if `result` has one element.

    Returns
    -------
    Explanation
        Whether the gradient reaches `x`, and its steps, from the result to `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd import explain, tensor
    >>> x = tensor([1.0, 10.0, -2.0], requires_grad=True)
    >>> print(explain((np.tanh(x) - np.tanh(x)).sum(), x).remarks)
    ['tanh: 1 of 3 elements saturated', 'tanh: 1 of 3 elements saturated', 'leaf: 3 of 3 elements cancel']
    """
    root = root_of(result, "explain")
    if not isinstance(x, Tensor):
        raise TypeError(f"explain() follows a gradient back to a tensor, not to {type(x).__name__}")
    node = x._node
    order = [] if node is None else leading_to([node], ancestors([root]))
    if root not in order or node is None:
        return Explanation(False, ())
    arrived: dict[Node, list[tuple[Node | None, Any]]] = {each: [] for each in order}
    arrived[root].append((None, result._seed(gradient)))
    return Explanation(True, tuple(_walk(order, node, arrived)))


@walks
def _walk(order: list[Node], last: Node, arrived: dict[Node, list[tuple[Node | None, Any]]]) -> list[Step]:
    """Walk back to the last node, and note each on the way."""
    steps = []
    with np.errstate(all="ignore"):
        for each in reversed(order):
            g = _total(each, arrived[each])
            if not isinstance(g, list):
                steps.append(_step(each, whole(g), [(by, whole(part)) for by, part in arrived[each]]))
            if each is last:
                break
            for source, gx in _contributions(each, g, arrived):
                arrived[source].append((each, gx))
    return steps


def _contributions(node: Node, g: Any, wanted: Collection[Node]) -> Iterator[tuple[Node, Any]]:
    """Yield the contribution of `g` to each input of a node that lies on the path."""
    sources = {x for x in operation_of(node).inputs(node) if x is not None and x in wanted}
    gradients: Gradients = Wanted(dict.fromkeys(sources))
    unpacked(node).pull(node, g, gradients)
    for source in sources:
        if gradients[source] is not None:
            yield source, gradients[source]


def _total(node: Node, arrived: list[tuple[Node | None, Any]]) -> Any:
    """Return the sum of the contributions; for an operation with several outputs, a list with one for each."""
    parts = [g for _, g in arrived]
    if isinstance(node, MultiNode):
        total: list[Any] = [None] * len(node.dtypes)
        for part in parts:
            for i, g in enumerate(part):
                total[i] = g if total[i] is None else total[i] if g is None else total[i] + g
        return total
    return sum(parts[1:], parts[0])


def _step(node: Node, g: Array, arrived: list[tuple[Node | None, Any]]) -> Step:
    op = operation_of(node)
    name = operation_of(node.x).name if isinstance(op, Output) and node.x is not None else op.name
    step = Step(name, place_of(node), float(np.linalg.norm(g)), float(np.mean(g == 0)) if g.size else 0.0)
    lengths = [float(np.linalg.norm(part)) for _, part in arrived]
    if len(arrived) > 1:
        length = sum(lengths) or 1.0
        step.shares = [
            ("" if by is None else operation_of(by).name, n / length)
            for (by, _), n in zip(arrived, lengths, strict=True)
        ]
    step.remarks = list(_remarks(node, name, g, [part for _, part in arrived]))
    return step


def _remarks(node: Node, name: str, g: Array, parts: list[Array]) -> Iterator[str]:
    bad = g.size - int(np.count_nonzero(np.isfinite(g)))
    if bad:
        yield f"nan or inf in {bad} of {g.size} elements"
    elif g.size and not g.any() and not any(part.any() for part in parts):
        yield "the gradient is zero altogether"
    if len(parts) > 1 and not bad:
        size = np.sum([np.abs(part) for part in parts], axis=0)
        lost = int(np.count_nonzero((size > 0) & (np.abs(g) <= 1e-6 * size)))
        if lost:
            yield f"{lost} of {g.size} elements cancel"
    kept = whole(node.kept) if getattr(node.kept, "shape", None) == node.shape else None
    if kept is not None and name in DEAD:
        units = kept.reshape(-1, kept.shape[-1]) if kept.ndim else kept.reshape(1, 1)
        dead = int(np.count_nonzero(~units.any(axis=0)))
        if dead:
            yield f"{dead} of {units.shape[1]} units dead"
    if kept is not None and name in BOUNDED and kept.size:
        saturated = int(np.count_nonzero(np.abs(np.tanh(kept * BOUNDED[name])) > SATURATED))
        if saturated:
            yield f"{saturated} of {kept.size} elements saturated"
