"""Gradients of recorded tensors: `gradients` is called like `torch.autograd.grad`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from ..errors import GraphError, ShapeError
from ..graph.backward import pull_back
from ..graph.detachment import reason
from ..graph.grad_mode import enable_grad
from ..graph.node import Node, ancestors, leading_to
from ..tensors.tensor import LIFT, Tensor, conjugated
from .pytree import flatten
from .recording import owned_gradient

if TYPE_CHECKING:
    from ..tensors.tensor import TensorLike

__all__ = ["gradients"]


@overload
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    allow_unused: Literal[True],
) -> tuple[Tensor | None, ...]: ...
@overload
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: Literal[False] = False,
) -> tuple[Tensor, ...]: ...
def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: TensorLike | Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of `outputs` with respect to `inputs`, without touching any ``.grad``.

    Parameters
    ----------
    outputs
        The tensors to differentiate; if there are several, their gradients are summed.
    inputs
        Leaves or intermediate results to differentiate with respect to.
    grad_outputs
        A gradient for each output, of its shape; not needed for outputs of one element.
    retain_graph
        Keep the graph for another walk. By default as `create_graph`.
    create_graph
        Record the derivatives, so that they can be differentiated.
    allow_unused
        Return None for an input that no output depends on, instead of raising.

    Returns
    -------
    tuple of Tensor
        One for each input, of its shape and dtype; None for an unused one.

    Raises
    ------
    GraphError
        If an output is not recorded, an input is unused, or the graph was freed.

    Examples
    --------
    >>> from autograd import gradients, tensor
    >>> x = tensor(2.0, requires_grad=True)
    >>> (first,) = gradients(x**3, x, create_graph=True)
    >>> gradients(first, x)
    (Tensor(12.),)
    """
    outputs, inputs = _tensors("outputs", outputs), _tensors("inputs", inputs)
    given = [None] * len(outputs) if grad_outputs is None else flatten(grad_outputs)[0]
    if len(given) != len(outputs):
        raise ShapeError(f"{len(given)} grad_outputs for {len(outputs)} outputs")
    seeds: dict[Node, Any] = {}
    seed: Any = None
    for y, g in zip(outputs, given, strict=True):
        if y._node is None:
            raise GraphError(f"an output does not require a gradient: {reason(y._cut)}")
        seed = conjugated(g) if create_graph and isinstance(g, Tensor) else y._seed(g)
        seed = seed if isinstance(seed, Tensor) or not create_graph else Tensor(seed)
        seeds[y._node] = seeds[y._node] + seed if y._node in seeds else seed
    wanted = [x._node for x in inputs]
    targets = [node for node in wanted if node is not None]
    order = leading_to(targets, ancestors(seeds))
    retain = create_graph if retain_graph is None else retain_graph
    lift = LIFT if create_graph else None
    with enable_grad():
        found = pull_back(seeds, order, targets, partial=True, lift=lift, free=not retain)
    del seeds, seed, given, grad_outputs
    results: list[Tensor | None] = []
    for place, node in enumerate(wanted):
        if node is None or node not in found:
            if not allow_unused:
                shape = inputs[place].shape
                raise GraphError(f"no output depends on input {place}, of shape {shape}: allow_unused=True gives None")
            results.append(None)
        else:
            gradient = owned_gradient(node, found)
            results.append(gradient if isinstance(gradient, Tensor) else Tensor(gradient))
    return tuple(results)


def _tensors(name: str, given: Any) -> list[Tensor]:
    """Return what `gradients` was given as a list of tensors."""
    found = list(given) if isinstance(given, Iterable) and not isinstance(given, Tensor) else [given]
    for x in found:
        if not isinstance(x, Tensor):
            raise TypeError(f"gradients() takes tensors as {name}, not {type(x).__name__}: for functions, use grad()")
    return found
